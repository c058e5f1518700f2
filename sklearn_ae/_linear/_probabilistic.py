"""Probabilistic PCA: where a variational autoencoder starts, and its linear optimum.

x = W z + mean + noise, with z ~ N(0, I) and noise ~ N(0, variance I). With the leading
axes U of the data and the variances L along them, the likelihood is largest at

    variance = mean of the variances left out      W = U sqrt(L - variance)

(Tipping and Bishop, "Probabilistic principal component analysis", 1999), and the
evidence lower bound of a linear network is tight there (Lucas et al., "Don't blame the
ELBO!", 2019): z given x has mean sqrt(L - variance) / L * U' x and variance variance / L.

A weight beta of the divergence puts beta * variance in the place of the variance in all
but the noise itself: with q components in use, a rest of r variance in d columns,
and s = beta * variance, the bound is largest at s = beta r / (d - beta q).
"""

from typing import NamedTuple

import numpy as np

from ._pca import solve_pca

__all__ = ["ProbabilisticCode", "fit_probabilistic_pca"]

# Shares of the mean variance of a column: noise below is rounding.
_LEAST_NOISE = 1e-6

# With none at all codes would have no noise; with more no component is in use.
_LEAST_BETA, _MOST_BETA = 1e-6, 1e12

# As many components as columns leave nothing for the noise: with beta < 1 it goes to its
# floor, and with beta = 1 all below the least variance are as likely: this share is taken.
_FREE_NOISE = 0.01
_EQUAL = 1e-9


class ProbabilisticCode(NamedTuple):
    """The posterior and the way back of probabilistic PCA.

    Parameters
    ----------
    projection : ndarray of shape (n_components, n_features)
        To the mean of z.
    mean : ndarray of shape (n_features,)
    spread : ndarray of shape (n_components,)
        Standard deviation of that mean over the rows.
    std : ndarray of shape (n_components,)
        Of z given a row, the same for every row.
    shrinkage : ndarray of shape (n_components,)
        Share of a direction's variance that z explains: W is that of least squares on the
        means of z, times this.
    noise_variance : float
    """

    projection: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    std: np.ndarray
    shrinkage: np.ndarray
    noise_variance: float


def fit_probabilistic_pca(
    X: np.ndarray, n_components: int, beta: float, seed: int
) -> ProbabilisticCode:
    """Return the best linear code of that length under a weight ``beta``.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    n_components : int
    beta : float
    seed : int
        Of a randomised solver for very wide data.
    """
    pca = solve_pca(X, min(n_components, *X.shape), seed)
    # More components than rows have nothing to tell.
    idle = n_components - len(pca.components_)
    axes = np.pad(pca.components_, [(0, idle), (0, 0)])
    variances = np.pad(pca.singular_values_**2 / pca.n_samples_, (0, idle))
    beta = min(max(beta, _LEAST_BETA), _MOST_BETA)
    total = float(np.var(X, axis=0, dtype=np.float64).sum())
    floor = max(_LEAST_NOISE * total / X.shape[1], np.finfo(float).tiny)
    s = _noise_times_beta(variances, total, X.shape[1], beta, floor)
    explained = np.maximum(variances - s, 0)
    scale = np.sqrt(explained) / np.maximum(variances, s)
    return ProbabilisticCode(
        projection=scale[:, np.newaxis] * axes,
        mean=pca.mean_,
        spread=scale * np.sqrt(variances),
        std=np.sqrt(s / np.maximum(variances, s)),
        shrinkage=explained / np.maximum(variances, s),
        noise_variance=s / beta,
    )


def _noise_times_beta(variances, total, n_features, beta, floor) -> float:
    """Return beta times the noise variance where the bound is largest.

    Its slope, n_features - beta * sum(min(1, variances / s)), rises with s: it has one
    zero, found by using one component more as long as its variance is beyond the noise.
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
