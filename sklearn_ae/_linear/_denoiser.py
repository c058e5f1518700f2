"""The best linear denoiser of a given rank: where training starts if there is noise.

With B the regression from noisy to clean rows, the rows B x have principal axes V, and
codes V' B x with the way back V are the reduced-rank regression: no linear code of that
length comes closer to the clean rows (Izenman, "Reduced-rank regression for the
multivariate linear model", 1975). Without noise B is the identity and the answer is PCA.
"""

import numpy as np
from scipy.linalg import eigh

from ._code import LinearCode
from ._pca import fit_pca

__all__ = ["fit_linear_denoiser", "fit_wide_linear_denoiser"]

# Strengths of the ridge, as shares of the mean variance of a column. The first is against
# roundings only; another has to be worth a third of a per cent of the error.
_RIDGES = (1e-10, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 1e3)
_WORTH_A_RIDGE = 0.997
_FEWEST_ROWS_TO_COMPARE = 10
_RIDGE_OF_FEWER = 1.0

_MOST_AXES = 1000  # of wide rows so many principal axes are regressed


def fit_linear_denoiser(
    X: np.ndarray, target: np.ndarray, n_components: int, noise=None
) -> LinearCode:
    """Return the reduced-rank regression from noisy rows to ``target``.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Noisy rows, or those that ``noise`` is still to fall on.
    target : ndarray of shape (n_samples, n_features)
        What should come out.
    n_components : int
        Rank of the regression, at most n_features.
    noise : tuple of ndarray (keep, shift, variance), each (n_features,), or None
        What noise does to the mean and the variance of a cell, of which the exact
        expectation is taken. None: the noise is in X.
    """
    mean, target_mean = X.mean(axis=0), target.mean(axis=0)
    X, target = X - mean, target - target_mean
    moments = _second_moments(X, target, noise)
    covariance, together, _ = moments
    B = _Ridge(covariance, together).map_of(_best_ridge(X, target, noise))
    if noise is not None:
        keep, shift, _ = noise
        mean = keep * mean + shift
    first = len(B) - n_components
    variances, axes = eigh(B @ covariance @ B.T, subset_by_index=[first, len(B) - 1])
    spread, axes = np.sqrt(np.maximum(variances[::-1], 0)), axes[:, ::-1]
    return LinearCode.of(axes.T @ B, mean, spread, way_back=axes, target_mean=target_mean)


def fit_wide_linear_denoiser(
    X: np.ndarray, target: np.ndarray, n_components: int, seed: int
) -> LinearCode:
    """Return the same for noisy rows too wide for a covariance, on their principal axes.

    Components beyond the number of axes are left at zero.
    """
    axes = fit_pca(X, min(_MOST_AXES, *X.shape), seed).projection  # (n_axes, n_features)
    mean, target_mean = X.mean(axis=0), target.mean(axis=0)
    rank = min(n_components, len(axes))
    linear = fit_linear_denoiser((X - mean) @ axes.T, (target - target_mean) @ axes.T, rank)
    rest = n_components - rank
    return LinearCode(
        np.pad(linear.projection @ axes, ((0, rest), (0, 0))),
        mean,
        np.pad(linear.spread, (0, rest), mode="edge"),
        way_back=np.pad(axes.T @ linear.way_back, ((0, 0), (0, rest))),
        target_mean=target_mean,
    )


def _second_moments(X, target, noise):
    """Return cov(X), cov(X, target) and var(target) of centred rows, X with noise."""
    covariance, together = X.T @ X / len(X), X.T @ target / len(X)
    if noise is not None:
        keep, _, added = noise
        covariance = keep * covariance * keep[:, np.newaxis] + np.diag(added)
        together = keep[:, np.newaxis] * together
    return covariance, together, (target**2).mean(axis=0)


class _Ridge:
    """Regressions that few rows are drawn from towards cleaning column by column.

    A ridge draws the map, not towards zero, but towards that which cleans each column
    by the best factor of its own.

    Parameters
    ----------
    covariance, together : ndarray of shape (n_features, n_features)
        cov(X) and cov(X, target).
    """

    def __init__(self, covariance, together):
        own = np.diag(covariance)
        self.unit = own.mean() or 1.0
        varies = own > _RIDGES[0] * self.unit
        self.slopes = np.divide(
            np.diag(together), own, out=np.zeros_like(own), where=varies
        )
        self.variances, self.axes = eigh(covariance)
        self.left = self.axes.T @ (together - covariance * self.slopes)

    def map_of(self, ridge: float) -> np.ndarray:
        """Return the map B from X to the target, (n_features, n_features)."""
        damped = np.maximum(self.variances, 0) + ridge * self.unit
        return np.diag(self.slopes) + (self.axes / damped @ self.left).T


def _best_ridge(X, target, noise) -> float:
    """Return the strength of the ridge that errs least on every fifth row."""
    if len(X) < _FEWEST_ROWS_TO_COMPARE:
        return _RIDGE_OF_FEWER
    unseen = np.arange(len(X)) % 5 == 0
    covariance, together, _ = _second_moments(X[~unseen], target[~unseen], noise)
    regression = _Ridge(covariance, together)
    covariance, together, variance = _second_moments(X[unseen], target[unseen], noise)

    def error(ridge):  # E |target - B X|^2
        B = regression.map_of(ridge)
        return variance.sum() - 2 * (B.T * together).sum() + ((B @ covariance) * B).sum()

    errors = [error(ridge) for ridge in _RIDGES]
    best = int(np.argmin(errors))
    return _RIDGES[best if errors[best] < _WORTH_A_RIDGE * errors[0] else 0]
