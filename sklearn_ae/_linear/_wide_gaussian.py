"""A Gaussian of few factors for tables with too many columns for a covariance.

Holes are filled, the principal axes of the filled rows are found, shrunk by the noise, and
fill the holes again (Josse & Husson, "Handling missing values in exploratory multivariate
data analysis methods", 2012). The number of axes is chosen by the error on hidden cells.
"""

import numpy as np
from scipy.linalg import eigh

from ._gaussian import GaussianWithHoles

__all__ = ["fit_wide_gaussian"]

_RANKS = (2, 6, 16, 32, 64)
_STEPS, _LAST_STEPS = 3, 8
_HIDDEN = 0.1
_MOST_ROWS, _MOST_CELLS = 1000, 2**20
_LEAST = 1e-3  # of a column's variance is noise at least


def fit_wide_gaussian(x, weight, random) -> GaussianWithHoles:
    """Return a Gaussian of at most 64 factors.

    Parameters
    ----------
    x : ndarray of shape (n_samples, n_features)
        NaN at holes. Each column varies.
    weight : ndarray of shape (n_samples,)
    random : RandomState
        For the rows that are drawn and the cells that are hidden.
    """
    most = min(_MOST_ROWS, max(100, _MOST_CELLS // x.shape[1]))
    if len(x) > most:
        index = random.choice(len(x), most, replace=False)
        x, weight = x[index], weight[index]
    weight = weight / weight.sum()
    mask = np.isnan(x)
    share = weight @ ~mask
    share = np.where(share > 0, share, 1.0)
    centre = weight @ np.where(mask, 0.0, x) / share
    variance = weight @ np.where(mask, 0.0, x - centre) ** 2 / share
    # In a part of the rows a column may be constant but for rounding.
    unit = np.sqrt(np.where(variance > 1e-20 * (1 + centre**2), variance, 1.0))
    y = np.where(mask, 0.0, (x - centre) / unit)
    hidden = (random.uniform(size=x.shape) < _HIDDEN) & ~mask
    filled, least = np.where(hidden, 0.0, y), np.inf
    ranks: list[int] = []
    for rank in (r for r in _RANKS if r <= max(2, min(x.shape) // 2)):
        for _ in range(_STEPS):
            filled, *_ = _step(filled, mask | hidden, weight, rank)
        error = (weight @ np.where(hidden, filled - y, 0.0) ** 2).sum()
        if error > least:
            break
        least, ranks = error, [*ranks, rank]
    for rank in ranks:
        for _ in range(_STEPS if rank < ranks[-1] else _LAST_STEPS):
            y, mean, loadings, noise = _step(y, mask, weight, rank)
    return GaussianWithHoles(
        centre + mean * unit, loadings * unit[:, np.newaxis], noise * unit**2
    )


def _step(filled, mask, weight, rank):
    """Return rows filled by their shrunk principal axes; mean, loadings and noise."""
    mean = weight @ filled
    y = filled - mean
    total = weight @ y**2
    variances, axes = _axes(np.sqrt(weight)[:, np.newaxis] * y, rank)
    rest = max(min(y.shape) - rank, 1)
    kept = np.maximum(variances - (total.sum() - variances.sum()) / rest, 0.0)
    fitted = (y @ axes) * (kept / variances) @ axes.T
    loadings = axes * np.sqrt(kept)
    noise = total - (loadings**2).sum(axis=1)
    noise = np.maximum(noise, _LEAST * np.where(total > 1e-12, total, 1.0))
    return np.where(mask, fitted + mean, filled), mean, loadings, noise


def _axes(y, rank):
    """Return the largest eigenvalues of y' y, above 0, and their axes."""
    n_rows, n_features = y.shape
    inner = y @ y.T if n_rows < n_features else y.T @ y
    last = len(inner) - 1
    rank = min(rank, len(inner))
    variances, axes = eigh(inner, subset_by_index=[last + 1 - rank, last])
    variances = np.maximum(variances, 1e-12 * max(variances[-1], 1e-300))
    if n_rows < n_features:
        axes = y.T @ (axes / np.sqrt(variances))
    return variances, axes
