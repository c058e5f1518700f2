"""Torch as the rest of the package sees it: arrays as tensors, devices, what is global.

What is global in torch is borrowed and given back: threads, gradients, autocast, and the
random state that code of the user's draws from.
"""

import os
import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

import numpy as np
import torch

from ..nn import BottleneckNetwork, Corruption, Units
from ._loop import Rows
from ._user_code import LentRandomState, user_code

__all__ = [
    "ROWS_PER_PASS",
    "borrowed_globals",
    "by_chunk",
    "corrupt",
    "limited_threads",
    "load_arrays",
    "make_generator",
    "measure_noise",
    "noise_moments",
    "pays_in_bfloat16",
    "prepare_for_use",
    "resolve_device",
    "scale_rows",
    "to_arrays",
    "to_rows",
    "to_tensor",
]

ROWS_PER_PASS = 4096  # rows seen at once outside training: bounds the memory

_FLOAT64 = torch.empty(0, dtype=torch.float64, device="cpu")

# Seen at once where rows are scaled: copies in float64 stay in the cache.
_CELLS_PER_PASS = 2**19

# Below this many multiplications per batch a second thread costs more than it brings.
_WORTH_A_THREAD = 5e7

# To turn weights and rows into bfloat16 and back costs what the faster products save, with
# fewer multiplications per batch or with fewer rows in it (benchmarks/crossings.py).
_WORTH_BFLOAT16 = 1e8
_FEWEST_ROWS = 64
# A column whose mean, in its own standard deviations, is farther from zero in what the
# network sees loses too many of its three digits to the mean.
_FARTHEST_MEAN = 4.0

# Where torch.autocast may be in force around a call of ours.
_NARROWED = "cpu", "cuda", "xpu", "mps"


# -- arrays and tensors ------------------------------------------------------------


def to_tensor(
    array: np.ndarray, like: torch.Tensor, *, is_read_only: bool = False
) -> torch.Tensor:
    """Return ``array`` in the dtype of ``like``, on its device.

    It is a copy, so that nothing writes through to the user's array. Who only reads may
    have the array itself, if torch takes it.
    """
    if min(array.strides, default=0) < 0:  # which torch does not know
        array = np.ascontiguousarray(array)
    if is_read_only and array.flags.writeable:  # of others torch warns
        return torch.from_numpy(array).to(like)
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

    ``function`` takes as many tensors as there are arrays, as ``network`` computes. It
    must not write to them: they may be the arrays.
    """
    weight = next(network.parameters())
    n_rows, result = len(arrays[0]), np.empty(0)
    for start in range(0, max(n_rows, 1), ROWS_PER_PASS):
        rows = slice(start, start + ROWS_PER_PASS)
        parts = (to_tensor(array[rows], weight, is_read_only=True) for array in arrays)
        with user_code.random_state:
            part = function(*parts)
        made = part.cpu().numpy()
        if n_rows <= ROWS_PER_PASS:
            return made
        if start == 0:
            result = np.empty((n_rows, *made.shape[1:]), made.dtype)
        result[rows] = made
    return result


def to_arrays(network: BottleneckNetwork) -> dict[str, np.ndarray]:
    """Return copies of the weights and axes of ``network`` by name, not of its units."""
    return {
        name: weight.detach().clone().cpu().numpy()
        for name, weight in network.state_dict().items()
        if not name.startswith("units_")
    }


@torch.no_grad()
def load_arrays(
    network: BottleneckNetwork, arrays: dict[str, np.ndarray], dtype: str
) -> None:
    """Overwrite the weights that ``arrays`` names, and compute in ``dtype`` from now on.

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
    *,
    dtype: str,
    device: str,
) -> None:
    """Let ``network`` be what was fitted, in ``dtype``, on ``device`` if that is possible.

    Units are offsets, one or two, and then a scale; see Scaler.units.
    """
    place = usable_device(device, dtype)
    load_arrays(network.to(place), arrays, dtype)
    network.units_in = _make_units(units_in, place)
    network.units_out = _make_units(units_out, place)
    network.eval()  # here: concurrent first calls might half switch it


def _make_units(arrays: Sequence[np.ndarray], device: str) -> Units:
    if torch.device(device).type == "mps":
        arrays = [array.astype(np.float32) for array in arrays]
    offset, *rest, scale = (torch.tensor(array, device=device) for array in arrays)
    return Units(offset, scale, *rest)


def scale_rows(
    X: np.ndarray, offset: np.ndarray, scale: np.ndarray, dtype: type
) -> np.ndarray:
    """Return (X - offset) / scale, (n_rows, n_features), computed in float64."""
    to_network = Units(*(torch.tensor(unit, device="cpu") for unit in (offset, scale)))
    scaled: np.ndarray = np.empty(X.shape, dtype)
    n_rows = max(1, _CELLS_PER_PASS // X.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):  # reported as divergence
        for start in range(0, len(X), n_rows):
            rows = slice(start, start + n_rows)
            x = torch.tensor(
                np.ascontiguousarray(X[rows]), dtype=torch.float64, device="cpu"
            )
            scaled[rows] = to_network(x).numpy()
    return scaled


# -- noise -----------------------------------------------------------------------


def measure_noise(
    noise: Corruption, X: np.ndarray, offset: np.ndarray, scale: np.ndarray
) -> None:
    """Let ``noise`` take its units from the columns of ``X``.

    In the user's units that is ``X * scale + offset``.
    """
    noise.measure(*(to_tensor(array, _FLOAT64) for array in (X, offset, scale)))


def noise_moments(noise: Corruption) -> tuple[np.ndarray, ...] | None:
    """Return what is known of noisy cells; see Corruption. None: nothing."""
    moments = noise.moments()
    return moments and tuple(moment.numpy() for moment in moments)


def corrupt(noise: Corruption, X: np.ndarray, generator: torch.Generator) -> np.ndarray:
    """Return a noisy copy of ``X`` in float64."""
    # In random order, as in training.
    order = torch.randperm(len(X), generator=generator, device="cpu")
    with user_code.random_state:
        noisy = noise(to_tensor(X, _FLOAT64)[order], generator)
    return noisy[order.argsort()].numpy()


# -- devices and what is global ------------------------------------------------------


def resolve_device(device: str) -> str:
    """Return the name of the torch device that ``device`` names.

    Parameters
    ----------
    device : str
        "auto" takes an accelerator if there is one.

    Raises
    ------
    ValueError
        The name means nothing to torch, or this machine has no such device.
    """
    if device == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return "cpu" if accelerator is None else str(accelerator)
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved).cpu()  # which "meta" cannot
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device={str(device)!r} cannot be used: {str(error).splitlines()[0]} "
            "Expected a device of this machine that this build of torch supports. "
            "Use device='cpu', or device='auto' to take an accelerator where there is one."
        ) from error
    return str(resolved)


def usable_device(device: str, dtype: str) -> str:
    """Return ``device`` for a fitted network, or the CPU where it cannot serve.

    A fit made on a GPU is used on a machine without one; Apple's GPUs have no
    float64.
    """
    try:
        resolved = resolve_device(device)
    except ValueError:
        return "cpu"
    return "cpu" if resolved.startswith("mps") and dtype == "float64" else resolved


def make_generator(seed: int) -> torch.Generator:
    """Return a CPU generator of our own, so that torch's global one stays untouched."""
    return torch.Generator(device="cpu").manual_seed(seed)


@contextmanager
def borrowed_globals(n_multiplications: float, seed: int | None = None) -> Iterator[None]:
    """Borrow what is global in torch while a network is built, trained or used.

    Parameters
    ----------
    n_multiplications : float
        Work in one batch; see limited_threads.
    seed : int or None
        Of what code of the user's draws from; see LentRandomState. None: there is none.
    """
    before = user_code.random_state
    user_code.random_state = nullcontext() if seed is None else LentRandomState(seed)
    # Gradients also where the user has switched them off around a fit, and no numbers but
    # ours where the user has asked for narrower ones.
    gradients = torch.inference_mode(False), torch.enable_grad()
    narrowed = [kind for kind in _NARROWED if torch.is_autocast_enabled(kind)]
    for kind in narrowed:
        torch.set_autocast_enabled(kind, False)
    try:
        with limited_threads(n_multiplications), gradients[0], gradients[1]:
            yield
    finally:
        for kind in narrowed:
            torch.set_autocast_enabled(kind, True)
        user_code.random_state = before


@contextmanager
def limited_threads(n_multiplications: float) -> Iterator[None]:
    """Run small networks on one thread, and put this thread's own setting back.

    Parameters
    ----------
    n_multiplications : float
        Work in one batch. The number of threads is only ever lowered.
    """
    if n_multiplications >= _WORTH_A_THREAD:
        yield
        return
    with _setting_threads:  # a new thread takes the number of the moment
        users_own = torch.get_num_threads()
    try:
        if users_own > 1:
            _set_own_threads(1)
        yield
    finally:
        if torch.get_num_threads() != users_own:
            _set_own_threads(users_own)


_setting_threads = threading.Lock()
if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(
        before=_setting_threads.acquire,
        after_in_parent=_setting_threads.release,
        after_in_child=_setting_threads.release,
    )


def _set_own_threads(n_threads: int) -> None:
    """Set how many threads torch has for this Python thread, and for no other.

    torch's setter also tells what Python threads begin with that have not met torch yet.
    Such a one reads that before, and sets it again.
    """
    is_read, is_set, is_done = (threading.Lock() for _ in range(3))
    for step in (is_read, is_set, is_done):
        step.acquire()

    def keep() -> None:
        of_new_threads = torch.get_num_threads()
        is_read.release()
        is_set.acquire()
        torch.set_num_threads(of_new_threads)
        is_done.release()

    with _setting_threads:
        start_new_thread(keep, ())
        try:
            is_read.acquire()
            torch.set_num_threads(n_threads)
        finally:
            is_set.release()
        is_done.acquire()


def pays_in_bfloat16(
    device: str, n_rows: int, n_multiplications: float, farthest_mean: float
) -> bool:
    """Tell whether this machine trains faster in bfloat16, and as well.

    Parameters
    ----------
    device : str
        Where. Of others than the CPU nothing was measured.
    n_rows : int
        In a batch.
    n_multiplications : float
        For one row.
    farthest_mean : float
        Of what the network sees, in standard deviations.
    """
    is_too_little = n_rows < _FEWEST_ROWS or n_rows * n_multiplications < _WORTH_BFLOAT16
    if device != "cpu" or is_too_little or farthest_mean > _FARTHEST_MEAN:
        return False
    if not hasattr(torch.cpu, "get_capabilities"):  # older than torch 2.11
        return False
    # Without tiles, products in bfloat16 took 1.6 times as long as in float32.
    return bool(torch.cpu.get_capabilities().get("amx_bf16"))
