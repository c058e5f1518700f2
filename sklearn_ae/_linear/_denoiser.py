"""The best linear denoiser of a given rank: the start of training if there is noise.

Let B be the regression from noisy to clean rows and V the principal axes of the rows B x.
The codes V' B x, decoded by V, are the reduced-rank regression: no linear code of that
length has a smaller squared error on the clean rows (Izenman, "Reduced-rank regression
for the multivariate linear model", 1975). Without noise B is the identity, and the result
is PCA.

With few rows B is shrunk towards one factor per column: the ridge shrinks it not to zero,
but to the diagonal matrix of the best factor for each column by itself.
"""

import numpy as np
from scipy.linalg import eigh, solve

from ._pca import LinearCode, fit_pca

__all__ = ["fit_linear_denoiser", "fit_wide_linear_denoiser"]

# Strengths of the ridge, as fractions of the mean variance of a column. A ridge is used
# only if it reduces the error on every fifth row by at least 0.3 %: a smaller gain may be
# chance, and without a ridge the result is the textbook solution.
_RIDGES = (0.0, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 1e3)
_WORTH_A_RIDGE = 0.997
# With fewer rows, every fifth of them is two rows at most: too few to estimate an error.
_FEWEST_ROWS_TO_COMPARE = 10
_RIDGE_OF_FEWER = 1.0

# Added to the diagonal as a fraction of each column's own variance: duplicate columns make
# the covariance singular, and this makes it positive definite.
_ROUNDING = 1e-10
# A variance below this fraction of the mean variance is a rounding error: that is a
# standard deviation of 1e-12 times the typical one.
_CONSTANT = 1e-24

_MOST_AXES = 500  # for wide rows: bounds the regression to 500 x 500 matrices


def fit_linear_denoiser(
    X: np.ndarray, target: np.ndarray, n_components: int, noise=None
) -> LinearCode:
    """Return the reduced-rank regression from noisy rows to ``target``.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Noisy rows, or clean rows for which ``noise`` is given.
    target : ndarray of shape (n_samples, n_features)
        Clean rows.
    n_components : int
        Rank of the regression, at most n_features.
    noise : tuple of ndarray (keep, shift, variance), each (n_features,), or None
        Effect of the noise on the mean and the variance of a cell, from which the exact
        expectation is computed. None: the noise is in X.
    """
    mean, target_mean = X.mean(axis=0), target.mean(axis=0)
    X, target = X - mean, target - target_mean

    def fit(rows):
        return _Ridge(
            *_second_moments(X[rows], target[rows], noise)[:2], has_own_slopes=True
        )

    def error_on(rows):
        covariance, together, variance = _second_moments(X[rows], target[rows], noise)

        def error(B):  # E |target - B X|^2
            explained = 2 * (B.T * together).sum() - ((B @ covariance) * B).sum()
            return variance.sum() - explained

        return error

    # The strength is chosen on a part of the rows, the map then estimated from all.
    regression = fit(slice(None))
    B = regression.map_of(_best_ridge(fit, error_on, len(X)))
    if noise is not None:
        # Codes are centred at the mean of noisy rows, which masking for one moves.
        keep, shift, _ = noise
        mean = keep * mean + shift
    first = len(B) - n_components
    explained = B @ regression.covariance @ B.T
    # Only the leading axes are needed, and eigh is faster for a range of them.
    variances, axes = eigh(explained, subset_by_index=[first, len(B) - 1])
    spread, axes = np.sqrt(np.maximum(variances[::-1], 0)), axes[:, ::-1]
    return LinearCode.of(axes.T @ B, mean, spread, way_back=axes, target_mean=target_mean)


def fit_wide_linear_denoiser(
    X: np.ndarray, target: np.ndarray, n_components: int, seed: int
) -> LinearCode:
    """Return an approximation for noisy rows with too many columns for a covariance.

    The residual of a column's own factor is regressed on the leading principal axes of X.
    Components beyond the number of rows are zero.
    """
    mean, target_mean = X.mean(axis=0), target.mean(axis=0)
    X, target = X - mean, target - target_mean
    slopes = _slopes((X**2).mean(axis=0), (X * target).mean(axis=0))
    left = target - X * slopes
    axes = fit_pca(X, min(_MOST_AXES, *X.shape), seed).projection  # (n_axes, n_features)
    codes = X @ axes.T

    def fit(rows):
        return _Ridge(
            *_second_moments(codes[rows], left[rows], None)[:2], has_own_slopes=False
        )

    def error_on(rows):
        return lambda B: ((left[rows] - codes[rows] @ B.T) ** 2).sum()

    B = fit(slice(None)).map_of(_best_ridge(fit, error_on, len(X)))  # (n_features, n_axes)
    # PCA returns no more components than rows. The remaining ones have zero weights and a
    # spread above zero, since codes are divided by it.
    rank = min(n_components, *X.shape)
    cleaned = fit_pca(X * slopes + codes @ B.T, rank, seed)
    V, rest = cleaned.projection, n_components - rank  # (rank, n_features)
    return LinearCode(
        np.pad(V * slopes + (V @ B) @ axes, ((0, rest), (0, 0))),
        mean,
        np.pad(cleaned.spread, (0, rest), mode="edge"),
        way_back=np.pad(V.T, ((0, 0), (0, rest))),
        target_mean=target_mean,
    )


def _second_moments(X, target, noise):
    """Return cov(X), cov(X, target) and var(target) of centred rows, X with noise."""
    # Noise is independent between cells, so it scales covariances and adds to variances.
    covariance, together = X.T @ X / len(X), X.T @ target / len(X)
    if noise is not None:
        keep, _, added = noise
        covariance = keep * covariance * keep[:, np.newaxis] + np.diag(added)
        together = keep[:, np.newaxis] * together
    return covariance, together, (target**2).mean(axis=0)


def _slopes(variance, together):
    """Return the least-squares factor from each column to its target, 0 if constant."""
    varies = variance > _CONSTANT * variance.mean()
    return np.divide(together, variance, out=np.zeros_like(variance), where=varies)


class _Ridge:
    """Ridge regressions on X for any strength of the ridge.

    Parameters
    ----------
    covariance, together : ndarray of shape (n_in, n_in) and (n_in, n_out)
        cov(X) and cov(X, target).
    has_own_slopes : bool
        Whether maps are shrunk towards each column's own factor, or to zero.
    """

    def __init__(self, covariance, together, *, has_own_slopes):
        self.covariance = covariance
        own = np.diag(covariance)
        self.towards: float | np.ndarray = 0.0
        self.left = together
        if has_own_slopes:
            slopes = _slopes(own, np.diag(together))
            self.towards, self.left = np.diag(slopes), together - covariance * slopes
        self.unit = own.mean()
        self.rounding = _ROUNDING * np.where(own > _CONSTANT * self.unit, own, 1.0)

    def map_of(self, ridge: float) -> np.ndarray:
        """Return the map B from X to the target, (n_out, n_in)."""
        damped = self.covariance + np.diag(ridge * self.unit + self.rounding)
        # Scaled to a unit diagonal, so that columns of small variance are solved as
        # accurately as those of large variance.
        scale = np.sqrt(np.diag(damped))[:, np.newaxis]
        shrunk = solve(damped / scale / scale.T, self.left / scale, assume_a="pos")
        return (self.towards + shrunk / scale).T


def _best_ridge(fit, error_on, n_rows) -> float:
    """Return the strength of the ridge with the smallest error on every fifth row."""
    if n_rows < _FEWEST_ROWS_TO_COMPARE:
        return _RIDGE_OF_FEWER
    # A single split: the matrices are large, and five folds would take five times as long.
    unseen = np.arange(n_rows) % 5 == 0
    regression, error = fit(~unseen), error_on(unseen)
    errors = [error(regression.map_of(ridge)) for ridge in _RIDGES]
    best = int(np.argmin(errors))
    return _RIDGES[best if errors[best] < _WORTH_A_RIDGE * errors[0] else 0]
