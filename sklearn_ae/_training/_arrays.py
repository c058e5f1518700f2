"""Where arrays become tensors, and tensors arrays."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from ..nn import BottleneckNetwork, Corruption, Units
from ._device import usable_device
from ._loop import Rows

__all__ = [
    "ROWS_PER_PASS",
    "by_chunk",
    "corrupt",
    "load_arrays",
    "measure_noise",
    "noise_moments",
    "prepare_for_use",
    "scale_rows",
    "to_arrays",
    "to_rows",
    "to_tensor",
]

ROWS_PER_PASS = 4096  # rows seen at once outside training: bounds the memory

# Seen at once where rows are scaled: copies in float64 stay in the cache.
_CELLS_PER_PASS = 2**19


def to_tensor(array: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    """Return a copy of ``array`` in the dtype of ``like``, on its device."""
    # torch.tensor copies: from_numpy would write through to the user's array, where
    # layers of the user's may write.
    if min(array.strides, default=0) < 0:  # which torch does not know
        array = np.ascontiguousarray(array)
    return torch.tensor(array, dtype=like.dtype, device=like.device)


def to_rows(
    network: BottleneckNetwork, x: np.ndarray, target: np.ndarray | None, index: np.ndarray
) -> Rows:
    """Return the rows at ``index`` in the dtype of ``network``, on its device."""
    like = next(network.parameters())
    if target is None:
        return Rows(to_tensor(x[index], like))
    return Rows(to_tensor(x[index], like), to_tensor(target[index], like))


@torch.no_grad()
def by_chunk(
    function: Callable[..., torch.Tensor], network: BottleneckNetwork, *arrays: np.ndarray
) -> np.ndarray:
    """Return what ``function`` makes of the rows of ``arrays``, some thousands at a time.

    ``function`` takes as many tensors as there are arrays, as ``network`` computes.
    """
    weight = next(network.parameters())
    n_rows = len(arrays[0])

    def part(start: int) -> np.ndarray:
        rows = slice(start, start + ROWS_PER_PASS)
        return function(*(to_tensor(array[rows], weight) for array in arrays)).cpu().numpy()

    first = part(0)
    if n_rows <= ROWS_PER_PASS:
        return first
    result = np.empty((n_rows, *first.shape[1:]), first.dtype)
    result[:ROWS_PER_PASS] = first
    for start in range(ROWS_PER_PASS, n_rows, ROWS_PER_PASS):
        result[start : start + ROWS_PER_PASS] = part(start)
    return result


def to_arrays(network: BottleneckNetwork) -> dict[str, np.ndarray]:
    """Return copies of the weights and of the axes of ``network`` by name, not its units."""
    return {
        name: weight.detach().clone().cpu().numpy()
        for name, weight in network.state_dict().items()
        if not name.startswith("units_")
    }


@torch.no_grad()
def load_arrays(
    network: BottleneckNetwork, arrays: dict[str, np.ndarray], dtype: str
) -> None:
    """Overwrite the weights that ``arrays`` names, and let ``network`` compute in ``dtype``.

    Apple's GPUs have no float64 and stay at float32.
    """
    device = next(network.parameters()).device
    network.to(torch.float32 if device.type == "mps" else getattr(torch, dtype))
    weights = network.state_dict()
    for name, array in arrays.items():
        weight = weights[name]
        weight.copy_(torch.tensor(array, dtype=weight.dtype, device="cpu"))


def prepare_for_use(
    network: BottleneckNetwork,
    arrays: dict[str, np.ndarray],
    units_in: Sequence[np.ndarray],
    units_out: Sequence[np.ndarray],
    dtype: str,
    device: str,
) -> None:
    """Let ``network`` be what was fitted, in ``dtype``, on ``device`` if that is possible.

    Units are offsets, one or two, and then a scale; see Scaler.units.
    """
    place = usable_device(device, dtype)
    load_arrays(network.to(place), arrays, dtype)
    _set_units(network.units_in, units_in, place)
    _set_units(network.units_out, units_out, place)
    network.eval()  # here: concurrent first calls might half switch it


def _set_units(units: Units, arrays: Sequence[np.ndarray], device: str) -> None:
    if torch.device(device).type == "mps":
        arrays = [array.astype(np.float32) for array in arrays]
    offset, *rest, scale = (torch.tensor(array, device=device) for array in arrays)
    units.set(offset, scale, *rest)


def scale_rows(units: Sequence[np.ndarray], X: np.ndarray, dtype: type) -> np.ndarray:
    """Return ``X``, (n_rows, n_features), in the network's units, computed in float64."""
    to_network = Units()
    _set_units(to_network, units, "cpu")
    scaled = np.empty(X.shape, dtype)
    n_rows = max(1, _CELLS_PER_PASS // X.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):  # reported as divergence
        for start in range(0, len(X), n_rows):
            rows = slice(start, start + n_rows)
            scaled[rows] = to_network(_to_float64(X[rows])).numpy()
    return scaled


# -- noise -----------------------------------------------------------------------


def measure_noise(
    noise: Corruption, X: np.ndarray, offset: np.ndarray, scale: np.ndarray
) -> None:
    """Let ``noise`` take its units from the columns of ``X``.

    In the user's units that is ``X * scale + offset``.
    """
    noise.measure(*map(_to_float64, (X, offset, scale)))


def noise_moments(noise: Corruption) -> tuple[np.ndarray, ...] | None:
    """Return what is known of noisy cells; see Corruption. None: nothing."""
    moments = noise.moments()
    return moments and tuple(moment.numpy() for moment in moments)


def corrupt(noise: Corruption, X: np.ndarray, generator: torch.Generator) -> np.ndarray:
    """Return a noisy copy of ``X`` in float64."""
    # In random order, as in training.
    order = torch.randperm(len(X), generator=generator, device="cpu")
    noisy = noise(_to_float64(X)[order], generator)
    return noisy[order.argsort()].numpy()


def _to_float64(array: np.ndarray) -> torch.Tensor:
    if min(array.strides, default=0) < 0:
        array = np.ascontiguousarray(array)
    return torch.tensor(array, dtype=torch.float64, device="cpu")
