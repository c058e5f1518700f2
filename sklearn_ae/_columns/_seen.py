"""What is known of the columns of a stream, after every chunk."""

from copy import copy, deepcopy
from typing import Any, NamedTuple

import numpy as np
from sklearn.preprocessing import StandardScaler

from ._scaler import Scaler, row_slices

__all__ = ["Seen"]


class Seen(NamedTuple):
    """What is known of the columns of a stream, which is more than a sample of it shows.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 1.0], [2.0, 1.0]])
    >>> Seen.nothing(2).after(X, np.array([1.0, 3.0])).standard.mean_
    array([1.5, 1. ])
    """

    standard: StandardScaler
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def nothing(cls, n_columns: int) -> "Seen":
        """Return what is known before the first row."""
        missing = np.full(n_columns, np.nan)
        return cls(StandardScaler(), missing, missing)

    @classmethod
    def by(cls, scaler: Scaler, size: float) -> "Seen":
        """Return what a scaler knows of rows whose weights sum to ``size``."""
        standard, is_known = StandardScaler(), ~np.isnan(scaler.mean_)
        standard.mean_ = np.where(is_known, scaler.mean_, 0.0)
        standard.var_ = scaler.variance_
        standard.scale_ = np.sqrt(scaler.variance_)
        standard.n_samples_seen_ = np.where(is_known, size, 0.0)
        return cls(standard, scaler.low_, scaler.high_)

    @property
    def hole_share(self) -> float:
        """Share of the cells that were missing, at least above 0 where any was."""
        known = np.asarray(self.standard.n_samples_seen_)
        return float(1 - known.mean() / known.max()) if known.any() else 0.0

    def after(self, X: Any, weight: np.ndarray) -> "Seen":
        """Return what is known after the rows of ``X``, (n_rows, n_columns), too."""
        standard, low, high = deepcopy(self.standard), self.low, self.high
        with np.errstate(over="ignore", invalid="ignore"):
            for s in row_slices(X.shape):
                part, before = np.asarray(X[s], dtype=np.float64), copy(standard)
                standard.partial_fit(part, None, weight[s])
                _keep_unknown(standard, before, np.isnan(part).all(axis=0))
                low = np.fmin(low, np.fmin.reduce(part))
                high = np.fmax(high, np.fmax.reduce(part))
        return Seen(standard, low, high)


def _keep_unknown(standard: Any, before: Any, missing: Any) -> None:
    """Put back what was known of columns without any value in the last rows.

    StandardScaler loses it.
    """
    for name, nothing in (("mean_", 0.0), ("var_", 0.0), ("scale_", 1.0)):
        known = getattr(before, name, nothing)
        setattr(standard, name, np.where(missing, known, getattr(standard, name)))
