"""A Gaussian of few factors for tables with too many columns for a covariance.

Holes are filled, the principal axes of the filled rows are found, shrunk by the noise, and
fill the holes again (Josse & Husson, "Handling missing values in exploratory multivariate
data analysis methods", 2012). The number of axes is chosen by the error on hidden cells.
"""

import numpy as np

from ._gaussian import GaussianWithHoles

__all__ = ["fit_wide_gaussian"]

_RANKS = (1, 2, 4, 8, 16, 32, 64)
_STEPS, _LAST_STEPS = 4, 10
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
    centre = weight @ np.where(mask, 0.0, x) / np.where(share > 0, share, 1.0)
    unit = np.sqrt(
        weight @ np.where(mask, 0.0, x - centre) ** 2 / np.where(share > 0, share, 1.0)
    )
    unit = np.where(unit > 0, unit, 1.0)
    y = np.where(mask, 0.0, (x - centre) / unit)
    hidden = (random.uniform(size=x.shape) < _HIDDEN) & ~mask
    ranks = [rank for rank in _RANKS if rank <= min(x.shape) // 2] or [1]
    errors, filled = [], np.where(hidden, 0.0, y)
    for rank in ranks:
        for _ in range(_STEPS):
            filled, *_ = _step(filled, mask | hidden, weight, rank)
        errors.append((weight @ np.where(hidden, filled - y, 0.0) ** 2).sum())
    chosen = int(np.argmin(errors))
    for rank in ranks[: chosen + 1]:
        for _ in range(_STEPS if rank < ranks[chosen] else _LAST_STEPS):
            y, mean, loadings, noise = _step(y, mask, weight, rank)
    return GaussianWithHoles(
        centre + mean * unit, loadings * unit[:, np.newaxis], noise * unit**2
    )


def _step(filled, mask, weight, rank):
    """Return rows filled by their shrunk principal axes; mean, loadings and noise."""
    mean = weight @ filled
    y = filled - mean
    root = np.sqrt(weight)[:, np.newaxis]
    variances, codes = np.linalg.eigh((root * y) @ (root * y).T)
    variances, codes = np.maximum(variances, 0.0), codes[:, -rank:]
    top = variances[-rank:]
    noise = variances[:-rank].sum() / max(min(y.shape[1], len(y)) - rank, 1)
    axes = (root * y).T @ codes / np.sqrt(np.maximum(top, 1e-300))  # (n_features, rank)
    kept = np.maximum(top - noise, 0.0)
    fitted = (y @ axes) * (kept / np.maximum(top, 1e-300)) @ axes.T
    loadings = axes * np.sqrt(kept)
    total = weight @ y**2
    left = np.maximum(total - (loadings**2).sum(axis=1), _LEAST * np.maximum(total, 1e-12))
    return np.where(mask, fitted + mean, filled), mean, loadings, left
