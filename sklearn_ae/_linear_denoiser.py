"""The best linear denoiser of a given rank: where training starts if there is noise.

With B the regression from noisy to clean rows, the rows B x have principal axes V, and
codes V' B x with the way back V are the reduced-rank regression: no linear code of that
length comes closer to the clean rows (Izenman, "Reduced-rank regression for the
multivariate linear model", 1975). Without noise B is the identity and the answer is PCA.
"""

import numpy as np
from scipy.linalg import eigh, solve

from ._linear_start import LinearCode

__all__ = ["fit_linear_denoiser"]

# A variance below this share of the mean is noise of rounding.
_NO_VARIANCE = 1e-10

# How far covariances are drawn towards zero, if at all.
_SHRINKAGES = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
_FEWEST_ROWS_TO_COMPARE = 10

# Strengths of the ridge that are tried, as shares of the mean variance of a column.
_RIDGES = np.geomspace(1e-7, 1e3, 41)


def fit_linear_denoiser(
    X: np.ndarray, target: np.ndarray, n_components: int, moments=None
) -> LinearCode:
    """Return the reduced-rank regression from noisy rows to ``target``.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Noisy rows; with ``moments``, the rows that noise is still to fall on.
    target : ndarray of shape (n_samples, n_features)
        What should come out.
    n_components : int
        Rank of the regression, at most n_features.
    moments : tuple of ndarray (keep, shift, variance), each (n_features,), or None
        What the noise does to the mean and the variance of a cell. None: the noise is
        in X.
    """
    mean, target_mean = X.mean(axis=0), target.mean(axis=0)
    seen = _second_moments(X - mean, target - target_mean)
    if moments is None:
        B = _ridge_regression(*seen, len(X))
        covariance = seen[0]
    else:
        mean = moments[0] * mean + moments[1]
        shrinkage = _best_shrinkage(X - X.mean(axis=0), target - target_mean, moments)
        covariance, together = _with_noise(*_shrunk(*seen[:2], shrinkage), moments)
        B = _regression(covariance, together)
    explained = B @ covariance @ B.T
    last = len(explained) - 1
    variances, axes = eigh(explained, subset_by_index=[last - n_components + 1, last])
    axes, spread = axes[:, ::-1], np.sqrt(np.maximum(variances[::-1], 0))
    return LinearCode.of(axes.T @ B, mean, spread, way_back=axes, target_mean=target_mean)


def _second_moments(X, target):
    """Return cov(X), cov(X, target) and var(target) of centred rows."""
    return X.T @ X / len(X), X.T @ target / len(X), (target**2).mean(axis=0)


def _with_noise(covariance, together, moments):
    """Return cov(X) and cov(X, target) after noise has fallen on X."""
    keep, _, added = moments
    noisy = keep * covariance * keep[:, np.newaxis] + np.diag(added)
    return noisy, keep[:, np.newaxis] * together


def _shrunk(covariance, together, shrinkage):
    """Return both matrices drawn towards columns that know nothing of each other."""
    return tuple(
        (1 - shrinkage) * matrix + shrinkage * np.diag(np.diag(matrix))
        for matrix in (covariance, together)
    )


def _best_shrinkage(X, target, moments) -> float:
    """Return how far to shrink, by the error to expect on every fifth row.

    The expectation over the noise is exact. Shrinking has to be worth a third of a per
    cent: with rows enough the answer is the plain regression.
    """
    if len(X) < _FEWEST_ROWS_TO_COMPARE:
        return 0.0
    held_out = np.arange(len(X)) % 5 == 0
    seen = _second_moments(X[~held_out], target[~held_out])
    *unseen, variance = _second_moments(X[held_out], target[held_out])
    covariance, together = _with_noise(*unseen, moments)

    def expected_error(shrinkage):
        B = _regression(*_with_noise(*_shrunk(*seen[:2], shrinkage), moments))
        return variance.sum() - 2 * (B.T * together).sum() + ((B @ covariance) * B).sum()

    errors = [expected_error(shrinkage) for shrinkage in _SHRINKAGES]
    best = int(np.argmin(errors))
    return _SHRINKAGES[best] if errors[best] < 0.997 * errors[0] else 0.0


def _regression(covariance, together):
    """Return the least squares map, (n_features, n_features)."""
    jitter = _NO_VARIANCE * np.diag(covariance).mean() or 1.0
    solvable = covariance + jitter * np.eye(len(covariance))
    return solve(solvable, together, assume_a="pos").T


def _ridge_regression(covariance, together, variance, n_rows):
    """Return a regression that few rows are drawn from towards column by column.

    A ridge draws the map, not towards zero, but towards that which cleans each column
    by the best factor of its own. Its strength is that of the least generalised
    cross-validation error (Golub, Heath and Wahba, 1979).
    """
    own = np.diag(covariance)
    slopes = np.divide(np.diag(together), own, out=np.zeros_like(own), where=own > 0)
    # What is left to explain after that: its covariance with X, its variance.
    left = together - covariance * slopes
    left_variance = variance - 2 * slopes * np.diag(together) + slopes**2 * own
    values, vectors = eigh(covariance)
    values = np.maximum(values, 0)
    share = ((vectors.T @ left) ** 2).sum(axis=1)  # (n_features,)
    best = np.inf
    for ridge in _RIDGES * values.mean():
        damped = values + ridge
        error = left_variance.sum() - (share * (values + 2 * ridge) / damped**2).sum()
        freedom = 1 - (1 + (values / damped).sum()) / n_rows
        error = max(error, 0) / freedom**2 if freedom > 0 else np.inf
        if error < best:
            best, chosen = error, damped
    if best == np.inf or values.mean() == 0:
        return np.diag(slopes)
    return np.diag(slopes) + (vectors / chosen @ (vectors.T @ left)).T
