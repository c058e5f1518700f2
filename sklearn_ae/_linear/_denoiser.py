"""The best linear denoiser of a given rank: the start of training if there is noise.

Let B be the regression from noisy to clean rows and V the principal axes of the rows B x.
The codes V' B x, decoded by V, are the reduced-rank regression: no linear code of that
length has a smaller squared error on the clean rows (Izenman, "Reduced-rank regression
for the multivariate linear model", 1975). Without noise B is the identity, and the result
is PCA.

With few rows B is shrunk towards one factor per column: the ridge shrinks it not to zero,
but to the diagonal matrix of the best factor for each column by itself.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, solve

from .._columns import row_slices
from ._moments import Moments
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
    X, target, n_components: int, noise=None, weight: np.ndarray | None = None
) -> LinearCode:
    """Return the reduced-rank regression from noisy rows to ``target``.

    Parameters
    ----------
    X : rows of shape (n_samples, n_features)
        Noisy rows, or clean rows for which ``noise`` is given.
    target : rows of shape (n_samples, n_features) or None
        Clean rows. None: they are ``X``.
    n_components : int
        Rank of the regression, at most n_features.
    noise : tuple of ndarray (keep, shift, variance), each (n_features,), or None
        Effect of the noise on the mean and the variance of a cell, from which the exact
        expectation is computed. None: the noise is in X.
    weight : ndarray of shape (n_samples,) or None
        Weight of each row.
    """
    slices = row_slices(X.shape)
    split = _split(
        (X[s], None if target is None else target[s], None if weight is None else weight[s])
        for s in slices
    )
    mean = split.mean
    if noise is not None:
        split = split._replace(moments=[_with_noise(m, noise) for m in split.moments])
        # Codes are centred at the mean of noisy rows, which masking for one moves.
        keep, shift, _ = noise
        mean = keep * mean + shift
    B, covariance = _regression(split, has_own_slopes=True)
    first = len(B) - n_components
    # Only the leading axes are needed, and eigh is faster for a range of them.
    variances, axes = eigh(B @ covariance @ B.T, subset_by_index=[first, len(B) - 1])
    spread, axes = np.sqrt(np.maximum(variances[::-1], 0)), axes[:, ::-1]
    way_back = {"way_back": axes, "target_mean": split.target_mean}
    return LinearCode.of(axes.T @ B, mean, spread, **way_back)


def fit_wide_linear_denoiser(
    X, target, n_components: int, seed: int, weight: np.ndarray | None = None
) -> LinearCode:
    """Return an approximation for noisy rows with too many columns for a covariance.

    The residual of a column's own factor is regressed on the leading principal axes of X.
    Components beyond the number of rows are zero.
    """
    slices = list(row_slices(X.shape))
    share = np.full(X.shape[0], 1 / X.shape[0]) if weight is None else weight / weight.sum()
    mean = sum(share[rows] @ X[rows] for rows in slices)
    target_mean = sum(share[rows] @ target[rows] for rows in slices)

    def centred(rows):
        return X[rows] - mean, target[rows] - target_mean

    variance = together = 0.0
    for rows in slices:
        x, wanted = centred(rows)
        variance = variance + share[rows] @ (x * x)
        together = together + share[rows] @ (x * wanted)
    slopes = _slopes(variance, together)
    axes = fit_pca(
        X, min(_MOST_AXES, *X.shape), seed, weight
    ).projection  # (n_axes, n_features)
    split = _split(
        (x @ axes.T, wanted - x * slopes, None if weight is None else weight[rows])
        for rows, (x, wanted) in zip(slices, map(centred, slices), strict=True)
    )
    B, _ = _regression(split, has_own_slopes=False)  # (n_features, n_axes)
    cleaned = np.empty(X.shape)
    for rows in slices:
        x, _ = centred(rows)
        cleaned[rows] = x * slopes + (x @ axes.T) @ B.T
    # PCA returns no more components than rows. The remaining ones have zero weights and a
    # spread above zero, since codes are divided by it.
    rank = min(n_components, *X.shape)
    code = fit_pca(cleaned, rank, seed, weight)
    V, rest = code.projection, n_components - rank  # (rank, n_features)
    return LinearCode(
        np.pad(V * slopes + (V @ B) @ axes, ((0, rest), (0, 0))),
        mean,
        np.pad(code.variance, (0, rest)),
        np.pad(code.spread, (0, rest), mode="edge"),
        way_back=np.pad(V.T, ((0, 0), (0, rest))),
        target_mean=target_mean,
    )


class _Split(NamedTuple):
    """Second moments of every fifth row and of the others, around the means of all.

    Parameters
    ----------
    n_rows : int
    sizes : sequence of float
        Sum of the weights of the rows in each part. A part without rows is left out.
    mean, target_mean : ndarray
        Of all rows.
    moments : sequence of (ndarray, ndarray, ndarray)
        Of each part, cov(x), cov(x, target) and var(target).
    """

    n_rows: int
    sizes: Sequence[float]
    mean: np.ndarray
    target_mean: np.ndarray
    moments: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]


def _split(
    pairs: Iterable[tuple[np.ndarray, np.ndarray | None, np.ndarray | None]],
) -> _Split:
    """Return the moments of (x, target, weight), given some thousand rows at a time."""
    parts, start = [Moments(), Moments()], 0
    for pair in pairs:
        is_fifth = np.arange(start, start + len(pair[0])) % 5 == 0
        for part, rows in zip(parts, (is_fifth, ~is_fifth), strict=True):
            others = (None if array is None else array[rows] for array in pair[1:])
            part.add(pair[0][rows], *others)
        start += len(pair[0])
    parts = [part for part in parts if part.n_rows]
    sizes = [part.size for part in parts]
    mean = _pooled([part.mean for part in parts], sizes)
    target_mean = _pooled([part.target_mean for part in parts], sizes)
    moments = [part.about(mean, target_mean) for part in parts]
    return _Split(start, sizes, mean, target_mean, moments)


def _pooled(parts: Sequence[np.ndarray], sizes: Sequence[float]) -> np.ndarray:
    """Return the mean over all rows, of means over parts of them."""
    return np.average(parts, axis=0, weights=sizes)


def _with_noise(moments, noise):
    """Return the moments of noisy rows, given those of clean ones."""
    # Noise is independent between cells, so it scales covariances and adds to variances.
    covariance, together, variance = moments
    keep, _, added = noise
    covariance = keep * covariance * keep[:, np.newaxis] + np.diag(added)
    return covariance, keep[:, np.newaxis] * together, variance


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


def _regression(split: _Split, *, has_own_slopes: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the map from x to the target, (n_out, n_in), and cov(x), of all rows."""
    # The strength is chosen on a part of the rows, the map then estimated from all.
    ridge = _best_ridge(split, has_own_slopes)
    covariances, togethers, _ = zip(*split.moments, strict=True)
    covariance = _pooled(covariances, split.sizes)
    together = _pooled(togethers, split.sizes)
    of_all = _Ridge(covariance, together, has_own_slopes=has_own_slopes)
    return of_all.map_of(ridge), covariance


def _best_ridge(split: _Split, has_own_slopes: bool) -> float:
    """Return the strength of the ridge with the smallest error on every fifth row."""
    if split.n_rows < _FEWEST_ROWS_TO_COMPARE:
        return _RIDGE_OF_FEWER
    # A single split: the matrices are large, and five folds would take five times as long.
    (covariance, together, variance), seen = split.moments
    regression = _Ridge(*seen[:2], has_own_slopes=has_own_slopes)

    def error(B):  # E |target - B x|^2
        explained = 2 * (B.T * together).sum() - ((B @ covariance) * B).sum()
        return variance.sum() - explained

    errors = [error(regression.map_of(ridge)) for ridge in _RIDGES]
    best = int(np.argmin(errors))
    return _RIDGES[best if errors[best] < _WORTH_A_RIDGE * errors[0] else 0]
