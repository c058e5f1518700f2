"""Sparse tables: read as dense ones are, some rows at a time."""

from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

__all__ = ["Numbers", "SparseTable", "rows_at"]


class SparseTable:
    """Numbers most of which are 0 and not stored; slices and indices give dense rows.

    It has what is asked of an array of the same rows, and is never an array as a whole.

    Parameters
    ----------
    matrix : scipy sparse array or matrix of shape (n_samples, n_features)
        Compressed rows, of finite numbers. It is not changed.

    Attributes
    ----------
    matrix : scipy sparse array or matrix
        Without duplicates.
    shape : tuple of int
    dtype : dtype

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> table = SparseTable(csr_array([[0.0, 2.0], [0.0, 0.0], [1.0, 0.0]]))
    >>> table[1:]
    array([[0., 0.],
           [1., 0.]])
    >>> np.fmax.reduce(table)
    array([1., 2.])
    """

    def __init__(self, matrix: Any):
        if not matrix.has_canonical_format:
            matrix = matrix.copy()
            matrix.sum_duplicates()
        self.matrix = matrix
        self.shape, self.dtype = matrix.shape, matrix.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows) -> np.ndarray:
        """Return the rows at a slice or at an index as a dense array of its own."""
        return self.matrix[rows].toarray()

    def __array__(self, *args, **kwargs):
        raise TypeError("A sparse table is read by rows; expected a slice or an index.")

    def __array_ufunc__(self, ufunc, method: str, *inputs, axis=0, **kwargs):
        """Return the least or the largest values, for which arrays have ufuncs."""
        if method == "reduce" and ufunc in (np.fmin, np.fmax):
            return self.min(axis) if ufunc is np.fmin else self.max(axis)
        return NotImplemented

    def min(self, axis: int | None = None) -> Any:
        """Return the least value, or that of each column for an ``axis`` of 0."""
        least = self.matrix.min(axis=axis)
        return least if axis is None else np.asarray(least.todense()).ravel()

    def max(self, axis: int | None = None) -> Any:
        """Return the largest value, or that of each column for an ``axis`` of 0."""
        most = self.matrix.max(axis=axis)
        return most if axis is None else np.asarray(most.todense()).ravel()

    def statistics(self, weight: np.ndarray | None) -> StandardScaler:
        """Return means and variances of the columns, as a fitted scaler."""
        wide = self.matrix.astype(np.float64)  # as narrow as its input, it would round
        return StandardScaler(with_mean=False).fit(wide, sample_weight=weight)

    def deviations(self, mean: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the sum of absolute deviations from ``mean`` of each column.

        ``weight``, (n_samples,), counts rows as if they were repeated.
        """
        columns, n_columns = self.matrix.indices, self.shape[1]
        of_rows = np.ones(len(self)) if weight is None else weight
        of_cells = np.repeat(of_rows, np.diff(self.matrix.indptr))
        stored = np.abs(self.matrix.data - mean[columns]) * of_cells
        n_stored = np.bincount(columns, of_cells, n_columns)
        rest = (of_rows.sum() - n_stored).clip(0) * np.abs(mean)
        return np.bincount(columns, stored, n_columns) + rest

    def are_whole(self) -> np.ndarray:
        """Return which columns hold integers alone, (n_features,)."""
        data = self.matrix.data
        parts = np.bincount(self.matrix.indices, data != np.rint(data), self.shape[1])
        return parts == 0


Numbers = np.ndarray | SparseTable


def rows_at(X: Numbers, index: np.ndarray) -> Any:
    """Return the rows of ``X`` at ``index``, positions or a mask, sparse if ``X`` is."""
    if isinstance(X, SparseTable):
        return SparseTable(X.matrix[index])
    return X[index]
