"""Rows of memory maps: how many are best read together, and reading them ahead."""

import mmap
from typing import Any

import numpy as np

__all__ = ["fetch_rows", "read_rows", "rows_of_run"]

# So many bytes are read from a disk in hardly more time than one.
_BYTES_OF_RUN = 2**17

_FAR = 64  # rows between two, on average, from which on reading on does not pay


def rows_of_run(X: Any) -> int:
    """Return how many rows of a memory map are best read together; 1 of other tables.

    Examples
    --------
    >>> import numpy as np
    >>> rows_of_run(np.zeros((10, 4)))
    1
    """
    return 1 if _map_of(X) is None else max(1, _BYTES_OF_RUN // X.strides[0])


def fetch_rows(X: np.ndarray, first: int, stop: int) -> None:
    """Ask the system to read rows of a memory map, and no others, into its cache.

    Without this, a single row that is read has it read as much of the file as it is set
    to, megabytes for some disks, since it expects the next rows to follow.
    """
    found = _map_of(X)
    advice: int | None = getattr(mmap, "MADV_WILLNEED", None)  # None on Windows
    if found is None or advice is None:
        return
    whole, start = found
    first_byte = start + first * X.strides[0]
    page = first_byte - first_byte % mmap.PAGESIZE
    n_bytes = (stop - first) * X.strides[0] + first_byte - page
    whole.madvise(advice, page, n_bytes)


def read_rows(X: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return ``X[rows]`` of a memory map, read from the first of them to the last.

    Examples
    --------
    >>> import numpy as np
    >>> read_rows(np.array([[0], [1], [2]]), np.array([2, 0])).tolist()
    [[2], [0]]
    """
    order = np.argsort(rows, kind="stable")
    if len(rows) > 0 and np.ptp(rows) > _FAR * len(rows):
        for row in rows[order].tolist():
            fetch_rows(X, row, row + 1)
    result = np.empty((len(rows), X.shape[1]), X.dtype)
    result[order] = X[rows[order]]
    return result


def _map_of(X: Any) -> tuple[mmap.mmap, int] | None:
    """Return the map that rows lie in, one after the other, and where the first begins.

    Some columns of all of them are rows too; None for a table that lies column by column.
    """
    whole: Any = X
    if isinstance(X, np.ndarray) and (X.strides[1] != X.itemsize or X.strides[0] <= 0):
        return None
    while isinstance(whole, np.ndarray):
        file: Any = whole.base  # numpy's stub knows arrays alone
        if isinstance(whole, np.memmap) and isinstance(file, mmap.mmap):
            # numpy maps from a multiple of this on, before the first byte of the array.
            before = whole.offset % mmap.ALLOCATIONGRANULARITY
            return file, X.ctypes.data - whole.ctypes.data + before
        whole = whole.base
    return None
