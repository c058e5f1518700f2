"""Probabilistic PCA: the start of a variational autoencoder, and its linear optimum.

x = W z + mean + noise, with z ~ N(0, I) and noise ~ N(0, variance I). With the leading
axes U of the data and the variances L along them, the likelihood is largest at

    variance = mean of the variances left out      W = U sqrt(L - variance)

(Tipping and Bishop, "Probabilistic principal component analysis", 1999), and the
evidence lower bound of a linear network is tight there (Lucas et al., "Don't blame the
ELBO!", 2019): z given x has mean sqrt(L - variance) / L * U' x and variance variance / L.

With a weight beta of the divergence, beta * variance replaces the variance everywhere but
in the noise itself: with q components in use, a residual variance of r in d columns, and
s = beta * variance, the bound is largest at s = beta r / (d - beta q).
"""

from typing import NamedTuple

import numpy as np

from .._columns import column_variance, row_slices
from ._pca import fit_pca

__all__ = ["ProbabilisticCode", "fit_probabilistic_pca"]

# Smallest noise variance, as a fraction of the mean variance of a column: below it is
# rounding error, and zero would make the likelihood infinite.
_LEAST_NOISE = 1e-6

# beta = 0 would give posteriors without any width, whose logarithm is infinite; above the
# largest, no component is in use and nothing changes any more.
_LEAST_BETA, _MOST_BETA = 1e-6, 1e12

# With as many components as columns no variance is left for the noise. With beta < 1 the
# optimum is at the floor. With beta = 1 every noise below the smallest variance is equally
# likely: this fraction of it is used.
_FREE_NOISE = 0.01
_EQUAL = 1e-9


class ProbabilisticCode(NamedTuple):
    """The posterior and the decoder of probabilistic PCA.

    Parameters
    ----------
    projection : ndarray of shape (n_components, n_features)
        Map to the mean of z.
    mean : ndarray of shape (n_features,)
    spread : ndarray of shape (n_components,)
        Standard deviation of that mean over the rows.
    std : ndarray of shape (n_components,)
        Standard deviation of z given a row, the same for every row.
    shrinkage : ndarray of shape (n_components,)
        Fraction of a direction's variance that z explains: W is the least-squares map
        from the means of z, multiplied by this.
    noise_variance : float
    """

    projection: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    std: np.ndarray
    shrinkage: np.ndarray
    noise_variance: float


def fit_probabilistic_pca(
    X, n_components: int, beta: float, seed: int, weight: np.ndarray | None = None
) -> ProbabilisticCode:
    """Return the optimal linear code of that length for the weight ``beta``.

    Parameters
    ----------
    X : rows of shape (n_samples, n_features)
    n_components : int
    beta : float
    seed : int
        Seed of a randomised solver for very wide data.
    weight : ndarray of shape (n_samples,) or None
        Weight of each row.
    """
    pca = fit_pca(X, min(n_components, *X.shape), seed, weight)
    # Components beyond the number of rows have no variance to represent: they stay at the
    # prior.
    idle = n_components - len(pca.variance)
    axes = np.pad(pca.projection, [(0, idle), (0, 0)])
    variances = np.pad(pca.variance, (0, idle))
    beta = min(max(beta, _LEAST_BETA), _MOST_BETA)
    # From the data and not the sum of ``variances``, which lacks those left out.
    parts = (X[rows] for rows in row_slices(X.shape))
    total = float(column_variance(parts, weight).sum())
    floor = max(_LEAST_NOISE * total / X.shape[1], np.finfo(float).tiny)
    s = _noise_times_beta(variances, total, X.shape[1], beta, floor)
    explained = np.maximum(variances - s, 0)
    scale = np.sqrt(explained) / np.maximum(variances, s)
    return ProbabilisticCode(
        projection=scale[:, np.newaxis] * axes,
        mean=pca.mean,
        spread=scale * np.sqrt(variances),
        std=np.sqrt(s / np.maximum(variances, s)),
        shrinkage=explained / np.maximum(variances, s),
        noise_variance=s / beta,
    )


def _noise_times_beta(variances, total, n_features, beta, floor) -> float:
    """Return beta times the noise variance at which the bound is largest.

    Minus the derivative of the bound, n_features - beta * sum(min(1, variances / s)), has
    a single zero, since it increases with s. It is found by using one more component as
    long as the variance of that component exceeds the noise.
    """
    rest, s = total, beta * max(total / n_features, floor)
    for n_used, variance in enumerate(variances[: n_features - 1], 1):
        if variance <= s:
            break
        rest = max(rest - variance, 0.0)
        s = beta * max(rest / (n_features - beta * n_used), floor)
    if len(variances) == n_features and beta <= 1 and variances[-1] >= (1 - _EQUAL) * s:
        free = _FREE_NOISE * variances[-1] if beta == 1 else 0.0
        s = max(free, beta * floor)
    return float(s)
