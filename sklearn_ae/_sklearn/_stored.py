"""Tables in files: memory maps, and arrays of h5py, zarr and dask."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["from_store"]

# Smaller ones are read at once, as numpy does: 32 MiB of float64.
_MOST_CELLS_AT_ONCE = 2**22


def from_store(X: Any, name: str) -> Any:
    """Return a large stored table as a memory map, and everything else as it is.

    An array of h5py, zarr or dask is copied some rows at a time, to a temporary file that
    goes with the map: files in chunks would be read anew for every batch of random rows.
    ``name`` is what ``X`` is called in errors.
    """
    if isinstance(X, np.memmap):
        _refuse_short_file(X, name)
    if not _is_stored(X) or X.shape[0] * X.shape[1] <= _MOST_CELLS_AT_ONCE:
        return X
    # The map holds the file open; the system frees it with the map, or with the process.
    with tempfile.TemporaryFile(prefix="sklearn_ae_") as file:
        rows: np.memmap = np.memmap(file, dtype=X.dtype, mode="w+", shape=tuple(X.shape))
    n_at_once = max(1, _MOST_CELLS_AT_ONCE // X.shape[1])
    for start in range(0, len(rows), n_at_once):
        part = slice(start, start + n_at_once)
        rows[part] = np.asarray(X[part])
    return rows


def _is_stored(X: Any) -> bool:
    """Return whether ``X`` is a table of numbers that is read by slices of its rows."""
    # All three libraries have chunks: of the file, or of the task.
    if isinstance(X, np.ndarray) or not hasattr(X, "chunks"):
        return False
    shape, dtype = getattr(X, "shape", ()), getattr(X, "dtype", None)
    # Of dask's some lengths may be unknown, which are NaN.
    has_rows = len(shape) == 2 and all(isinstance(n, int) for n in shape)
    return has_rows and isinstance(dtype, np.dtype) and dtype.kind in "fiub"


def _refuse_short_file(X: np.memmap, name: str) -> None:
    """Raise ValueError if the file of a memory map has become too short.

    To read beyond its end would end the process, without an error.
    """
    path = getattr(X, "filename", None)
    if path is None or not Path(path).is_file() or 0 in X.strides:
        return
    n_bytes, needed = Path(path).stat().st_size, X.offset + X.nbytes
    if n_bytes < needed:
        raise ValueError(
            f"{name} is a memory map of {path}, which has {n_bytes} bytes now; expected "
            f"{needed} or more, as when it was mapped. Write the file anew, then map it."
        )
