"""Sparse tables of the user's, as the package reads them."""

from typing import Any

import numpy as np

from .._columns import SparseTable

__all__ = ["as_sparse_table"]


def as_sparse_table(matrix: Any, name: str) -> SparseTable:
    """Return ``matrix``, compressed rows, as a SparseTable; ValueError if it stores NaN.

    ``name`` is what it is called in the error.
    """
    missing = np.isnan(matrix.data)
    if missing.any():
        raise ValueError(
            f"{name} is sparse and stores {int(missing.sum())} missing cells (NaN); "
            "expected finite numbers, since holes are learnt of dense tables alone. Pass "
            f"{name}.toarray(), or fill them, with SimpleImputer."
        )
    return SparseTable(matrix)
