"""Torch for the rest of the package: arrays as tensors, and global settings.

Global settings of torch are changed temporarily and restored: the number of threads, the
gradient mode, autocast, and the random state that user-supplied code draws from.
"""

import os
import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch

from ..nn import BottleneckNetwork, Corruption, Units
from ._devices import usable_device
from ._loop import Rows
from ._state import TrainingState
from ._table_rows import TableRows
from ._user_code import LentRandomState, user_code

__all__ = [
    "CELLS_PER_PASS",
    "ROWS_PER_PASS",
    "borrowed_globals",
    "by_chunk",
    "corrupt",
    "freeze",
    "limited_threads",
    "load_arrays",
    "make_generator",
    "measure_noise",
    "noise_moments",
    "pays_in_bfloat16",
    "prepare_for_use",
    "thaw",
    "to_arrays",
    "to_rows",
    "to_tensor",
]

# Processed at once outside training, which bounds the memory.
ROWS_PER_PASS = 4096
CELLS_PER_PASS = 2**22  # 32 MiB in float64

_FLOAT64 = torch.empty(0, dtype=torch.float64, device="cpu")

# Below this many multiplications per batch a second thread costs more time than it saves.
_WORTH_A_THREAD = 5e7

# With fewer multiplications per batch, or fewer rows in it, converting weights and rows to
# bfloat16 and back takes the time that faster products save (benchmarks/crossings.py).
_WORTH_TILES, _WORTH_VECTORS = 1e8, 3e7
_FEWEST_ROWS = 64
# If the mean of a column of the scaled rows is more than this many of its standard
# deviations from zero, too many of the three digits of bfloat16 represent the mean.
_FARTHEST_MEAN = 4.0

# Where torch.autocast may be in force around a call of ours.
_NARROWED = "cpu", "cuda", "xpu", "mps"


# -- arrays and tensors ------------------------------------------------------------


def to_tensor(
    array: np.ndarray, like: torch.Tensor, *, is_read_only: bool = False
) -> torch.Tensor:
    """Return ``array`` in the dtype of ``like``, on its device.

    It is a copy, so that nothing writes to the user's array. With ``is_read_only`` the
    tensor may share the memory of the array, where torch supports that.
    """
    if min(array.strides, default=0) < 0:  # torch does not support negative strides
        array = np.ascontiguousarray(array)
    # torch warns if a tensor shares the memory of an array that is not writeable.
    if is_read_only and array.flags.writeable:
        return torch.from_numpy(array).to(like)
    return torch.tensor(array, dtype=like.dtype, device=like.device)


@torch.no_grad()
def to_rows(
    network: BottleneckNetwork,
    x: Any,
    target: Any,
    train: np.ndarray,
    valid: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    stay_in_table: bool = False,
) -> tuple[Rows, Rows | None]:
    """Return the rows at ``train``, and those at ``valid`` if there are any.

    They are in the dtype of ``network``, on its device. ``x`` and ``target``, which may be
    None, give arrays for slices, as ScaledRows does. All rows are read once, from first to
    last, some thousand at a time. With ``stay_in_table`` they are read whenever they are
    needed. ``weight``, (n_samples,), becomes 1 on average in both.
    """
    like = next(network.parameters())
    given, parts = (x,) if target is None else (x, target), list[Any]()
    if stay_in_table:
        run = max(rows.run for rows in given)
        if run > 1:  # a file, which is read from its first row to its last
            small = np.min_scalar_type(x.shape[0])  # half the memory, up to 2**32 rows
            train, valid = np.sort(train.astype(small)), np.sort(valid.astype(small))
        for rows in given:
            read, width = partial(_read_rows, rows, like), rows.shape[1]
            how = {"run": run, "fetch": rows.fetch}
            parts.append([TableRows(read, i, like, width, **how) for i in (train, valid)])
    else:
        place = torch.tensor(np.argsort(np.concatenate([train, valid])), device=like.device)
        for rows in given:
            tensor = like.new_empty(rows.shape)
            for start in range(0, len(place), ROWS_PER_PASS):
                part = slice(start, start + ROWS_PER_PASS)
                tensor.index_copy_(0, place[part], torch.from_numpy(rows[part]).to(like))
            parts.append(tensor.tensor_split([len(train)]))
    first, rest = (Rows(*rows) for rows in zip(*parts, strict=True))
    if weight is not None:
        shares = [weight[i] * (len(i) / (weight[i].sum() or 1.0)) for i in (train, valid)]
        first, rest = (
            rows._replace(weight=to_tensor(share, like))
            for rows, share in zip((first, rest), shares, strict=True)
        )
    return first, rest if len(valid) else None


def _read_rows(rows: Any, like: torch.Tensor, index: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(rows[index]).to(like)


@torch.no_grad()
def by_chunk(
    function: Callable[..., torch.Tensor], network: BottleneckNetwork, *arrays: Any
) -> np.ndarray:
    """Return ``function`` of the rows of ``arrays``, computed for some thousands at a time.

    ``arrays`` may also be what has a shape and gives arrays for slices, as ScaledRows.
    ``function`` takes one tensor per array, in the dtype and on the device of ``network``.
    It must not write to them, since they may share memory with the arrays.
    """
    weight = next(network.parameters())
    n_rows, result = arrays[0].shape[0], np.empty(0)
    n_at_once = max(1, min(ROWS_PER_PASS, CELLS_PER_PASS // max(1, *arrays[0].shape[1:])))
    # One pass even without rows, so that an empty result has the right shape and dtype.
    for start in range(0, max(n_rows, 1), n_at_once):
        rows = slice(start, start + n_at_once)
        parts = (to_tensor(array[rows], weight, is_read_only=True) for array in arrays)
        with user_code.random_state:
            part = function(*parts)
        made = part.cpu().numpy()
        if n_rows <= n_at_once:
            return made  # the usual case, without a copy
        if start == 0:
            result = np.empty((n_rows, *made.shape[1:]), made.dtype)
        result[rows] = made
    return result


def to_arrays(network: BottleneckNetwork) -> dict[str, np.ndarray]:
    """Return copies of what is fitted of ``network``, by name: no units, and no head."""
    # Units are kept as scalers in float64, from which each dtype gets its own.
    return {
        name: weight.detach().clone().cpu().numpy()
        for name, weight in network.state_dict().items()
        if not name.startswith(("units_", "head."))
    }


@torch.no_grad()
def load_arrays(
    network: BottleneckNetwork, arrays: dict[str, np.ndarray], dtype: str
) -> None:
    """Load ``arrays`` into the weights of these names, and switch ``network`` to ``dtype``.

    Apple's GPUs have no float64 and stay at float32.
    """
    device = next(network.parameters()).device
    network.to(torch.float32 if device.type == "mps" else getattr(torch, dtype))
    weights = {name: torch.tensor(array, device="cpu") for name, array in arrays.items()}
    unknown = network.load_state_dict(weights, strict=False).unexpected_keys
    assert not unknown, unknown  # else what was fitted would be left out in silence


def prepare_for_use(
    network: BottleneckNetwork,
    arrays: dict[str, np.ndarray],
    units_in: Sequence[np.ndarray],
    units_out: Sequence[np.ndarray],
    *,
    dtype: str,
    device: str,
) -> None:
    """Load what was fitted into ``network``, in ``dtype``, on ``device`` if possible.

    Units are one or two offsets, then a scale; see Scaler.units.
    """
    place = usable_device(device, dtype)
    load_arrays(network.to(place), arrays, dtype)
    network.units_in = _make_units(units_in, place)
    network.units_out = _make_units(units_out, place)
    # Here and not at the first use: of concurrent first calls, one might see a network that
    # is half in training mode.
    network.eval()


def _make_units(arrays: Sequence[np.ndarray], device: str) -> Units:
    if torch.device(device).type == "mps":  # Apple's GPUs have no float64
        arrays = [array.astype(np.float32) for array in arrays]
    offset, *rest, scale = (torch.tensor(array, device=device) for array in arrays)
    return Units(offset, scale, *rest)


def freeze(state: Any) -> Any:
    """Return ``state`` with arrays in place of all tensors within, at any depth."""
    return _each(state, torch.Tensor, lambda t: t.detach().cpu().numpy().copy())


def thaw(state: Any, like: torch.Tensor) -> Any:
    """Return ``state`` with tensors in place of arrays, on the device of ``like``."""
    return _each(state, np.ndarray, lambda a: torch.tensor(a, device=like.device))


def _each(state: Any, kind: type, function: Callable) -> Any:
    if isinstance(state, kind):
        return function(state)
    if isinstance(state, dict):
        return {key: _each(part, kind, function) for key, part in state.items()}
    if isinstance(state, list):
        return [_each(part, kind, function) for part in state]
    if isinstance(state, TrainingState):
        return TrainingState(**_each(vars(state), kind, function))
    return state


# -- noise -----------------------------------------------------------------------


def measure_noise(noise: Corruption, columns: Mapping[str, np.ndarray]) -> None:
    """Determine the units of ``noise`` from what is known of the columns, by name."""
    noise.measure(**{name: torch.from_numpy(array) for name, array in columns.items()})


def noise_moments(noise: Corruption) -> tuple[np.ndarray, ...] | None:
    """Return the moments of noisy cells, or None if not known; see Corruption."""
    moments = noise.moments()
    return moments and tuple(moment.numpy() for moment in moments)


def corrupt(noise: Corruption, X: Any, generator: torch.Generator) -> np.ndarray:
    """Return a noisy copy of ``X`` in float64."""
    noisy: np.ndarray = np.empty(X.shape)
    # In random order, as in training, which SwapNoise depends on; but every row stays in
    # its place, since rows are paired with their targets.
    order = torch.randperm(len(noisy), generator=generator, device="cpu").numpy()
    for start in range(0, len(noisy), ROWS_PER_PASS):
        rows = order[start : start + ROWS_PER_PASS]
        with user_code.random_state:
            noisy[rows] = noise(to_tensor(X[rows], _FLOAT64), generator).numpy()
    return noisy


# -- global settings -----------------------------------------------------


def make_generator(seed: int) -> torch.Generator:
    """Return a separate CPU generator, so that torch's global one does not change."""
    return torch.Generator(device="cpu").manual_seed(seed)


@contextmanager
def borrowed_globals(n_multiplications: float, seed: int | None = None) -> Iterator[None]:
    """Set torch's global settings while a network is built, trained or used; restore them.

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
    """Run small networks on one thread, and restore the setting of this Python thread.

    Parameters
    ----------
    n_multiplications : float
        Work in one batch. The number of threads is only ever lowered.
    """
    if n_multiplications >= _WORTH_A_THREAD:
        if torch.get_num_threads() > 1:
            _has_pool.set()
        yield
        return
    # Under the lock: a new thread takes the number of the moment.
    with _setting_threads:
        users_own = torch.get_num_threads()
    try:
        if users_own > 1:
            _set_own_threads(1)
        yield
    finally:
        if torch.get_num_threads() != users_own:
            _set_own_threads(users_own)


_setting_threads = threading.Lock()
_has_pool = threading.Event()  # set once a network has run on several threads


def _leave_pool() -> None:
    """In a child, run on one thread: it has none of the pool, and would wait for them."""
    _setting_threads.release()
    if _has_pool.is_set():
        torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(
        before=_setting_threads.acquire,
        after_in_parent=_setting_threads.release,
        after_in_child=_leave_pool,
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
    """Return whether training in bfloat16 is faster on this machine, and as accurate.

    Parameters
    ----------
    device : str
        Device of the training. Only the CPU was measured.
    n_rows : int
        Number of rows in a batch.
    n_multiplications : float
        Number of multiplications for one row.
    farthest_mean : float
        Largest mean of a column of the scaled rows, in standard deviations.
    """
    if device != "cpu" or n_rows < _FEWEST_ROWS or farthest_mean > _FARTHEST_MEAN:
        return False
    if not hasattr(torch.cpu, "get_capabilities"):  # older than torch 2.11
        return False
    cpu, work = torch.cpu.get_capabilities(), n_rows * n_multiplications
    if cpu.get("amx_bf16"):
        return work >= _WORTH_TILES
    # By vectors: on Intel's, without tiles, products took 1.6 times as long as in float32.
    is_fast = cpu.get("avx512_bf16") and "AMD" in cpu.get("cpu_name", "")
    return bool(is_fast) and work >= _WORTH_VECTORS
