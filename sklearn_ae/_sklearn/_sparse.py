"""Sparse tables of the user's, as the package reads them."""

from typing import Any

import numpy as np

from .._columns import SparseTable

__all__ = ["as_sparse_table"]


def as_sparse_table(matrix: Any, X: Any, name: str) -> SparseTable:
    """Return ``matrix``, compressed rows of ``X``, as a SparseTable.

    ValueError if it stores NaN, or integers in several parts whose sum is none. ``name`` is
    what it is called in errors.
    """
    missing = np.isnan(matrix.data)
    if missing.any():
        raise ValueError(
            f"{name} is sparse and stores {int(missing.sum())} missing cells (NaN); "
            "expected finite numbers, since missing cells are learnt of dense tables "
            f"alone. Pass {name}.toarray(), or fill them, with SimpleImputer."
        )
    table = SparseTable(matrix)
    may_repeat = X.format in ("coo", "csr", "csc") and X.nnz > table.matrix.nnz
    if may_repeat and X.dtype.kind in "iu":
        total, found = (float(m.data.sum(dtype=float)) for m in (X, table.matrix))
        if not np.isclose(total, found, rtol=1e-9):
            raise ValueError(
                f"{name} is a sparse {type(X).__name__} with duplicate entries that add up "
                f"to numbers beyond {X.dtype}; expected sums within it. Pass "
                f"{name}.astype(float)."
            )
    return table
