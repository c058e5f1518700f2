"""Tables in files: memory maps, and arrays of h5py, zarr and dask."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

__all__ = ["from_store"]

# Smaller ones are read at once, as numpy does: 32 MiB of float64.
_MOST_CELLS_AT_ONCE = 2**22


def from_store(X: Any, name: str, dtypes: Sequence[type]) -> Any:
    """Return a large stored table as a memory map, and everything else as it is.

    An array of h5py, zarr or dask is copied some rows at a time, to a temporary file that
    goes with the map: files in chunks would be read anew for every batch of random rows.
    So is a memory map of none of the ``dtypes``, in the first of them. ``name`` is what
    ``X`` is called in errors.
    """
    is_map = isinstance(X, np.memmap)
    if is_map:
        _refuse_short_file(X, name)
    if not (is_map or _is_stored(X)) or len(X.shape) != 2 or X.dtype.kind not in "fiub":
        return X
    is_read = X.dtype in dtypes
    if (is_map and is_read) or X.shape[0] * X.shape[1] <= _MOST_CELLS_AT_ONCE:
        return X
    dtype = X.dtype if is_read else np.dtype(dtypes[0])
    # The map holds the file open; the system frees it with the map, or with the process.
    with tempfile.TemporaryFile(prefix="sklearn_ae_") as file:
        try:
            _copy(X, name, file, dtype)
        except OSError as error:
            raise OSError(
                f"{name} could not be copied to the folder for temporary files, "
                f"{tempfile.gettempdir()} ({error}); expected {_n_bytes(X, dtype)} bytes "
                "of room there, and a file that can be read. Set tempfile.tempdir to a "
                "folder with more room."
            ) from error
        return np.memmap(file, dtype=dtype, mode="r", shape=tuple(X.shape))


def _copy(X: Any, name: str, file: Any, dtype: np.dtype) -> None:
    """Write the rows of ``X`` to ``file``, some at a time."""
    # Written, and not assigned to a map: on a full disk that ends the process.
    n_at_once = max(1, _MOST_CELLS_AT_ONCE // X.shape[1])
    for start in range(0, X.shape[0], n_at_once):
        rows = np.asarray(X[start : start + n_at_once])
        if rows.dtype != X.dtype:  # a task of dask says beforehand what it will give
            raise ValueError(
                f"{name} says that it is of dtype {X.dtype}, and gives rows of "
                f"{rows.dtype}; expected what it says. Pass {name}.astype({rows.dtype}) "
                "with the right meta, or compute it first."
            )
        file.write(np.ascontiguousarray(rows, dtype=dtype).data)
    file.flush()


def _n_bytes(X: Any, dtype: np.dtype) -> int:
    return X.shape[0] * X.shape[1] * dtype.itemsize


def _is_stored(X: Any) -> bool:
    """Return whether ``X`` is an array that is read by slices of its rows."""
    # All three libraries have chunks: of the file, or of the task.
    if not hasattr(X, "chunks"):
        return False
    shape, dtype = getattr(X, "shape", ()), getattr(X, "dtype", None)
    # Of dask's some lengths may be unknown, which are NaN.
    return all(isinstance(n, int) for n in shape) and isinstance(dtype, np.dtype)


def _refuse_short_file(X: np.memmap, name: str) -> None:
    """Raise ValueError if the file of a memory map has become too short.

    To read beyond its end would end the process, without an error.
    """
    path = getattr(X, "filename", None)
    if path is None or not Path(path).is_file():
        return
    whole = X
    while isinstance(whole.base, np.memmap):
        whole = whole.base
    # A slice has the offset of the whole, and not its own.
    needed = whole.offset + byte_bounds(X)[1] - byte_bounds(whole)[0]
    n_bytes = Path(path).stat().st_size
    if n_bytes < needed:
        raise ValueError(
            f"{name} is a memory map of {path}, which has {n_bytes} bytes now; expected "
            f"{needed} or more, as when it was mapped. Write the file anew, then map it."
        )
