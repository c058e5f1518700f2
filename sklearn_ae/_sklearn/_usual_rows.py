"""Rows that need no checks by scikit-learn, which take longer than encoding a few."""

from typing import Any

import numpy as np

__all__ = ["are_usual"]


def are_usual(X: Any, n_columns: int) -> bool:
    """Return whether ``X`` is an array of finite floats, of one row or more.

    Each check of scikit-learn would pass it, and give it back as it is.
    """
    # An array of a subclass may do anything; other byte orders are converted.
    if type(X) is not np.ndarray or X.dtype not in (np.float32, np.float64):
        return False
    if X.shape[1:] != (n_columns,) or len(X) == 0:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(X.sum()))
