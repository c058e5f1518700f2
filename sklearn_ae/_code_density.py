"""Densities over codes, from which new codes are drawn.

One class per density. Arrays only, in the axes and units of the network's codes.
"""

from abc import ABC, abstractmethod

import numpy as np
from sklearn import config_context
from sklearn.utils import gen_batches

__all__ = [
    "DENSITIES",
    "CodeDensity",
    "DeferredDensity",
    "GaussianDensity",
    "MixtureDensity",
    "StandardNormalDensity",
]

# A mixture is fitted to at most this many codes, since its time grows with the number of
# codes. How much a subset loses was not measured.
_MOST_ROWS = 20_000
_SIZES = (1, 2, 4, 8, 16, 32)

_ROWS_PER_PASS = 4096  # codes centred at once: bounds the memory


class CodeDensity(ABC):
    """A density over codes."""

    @abstractmethod
    def fit(
        self,
        codes: np.ndarray,
        unit: np.ndarray,
        seed: int,
        weight: np.ndarray | None = None,
    ) -> "CodeDensity":
        """Estimate the density of ``codes``.

        Parameters
        ----------
        codes : ndarray of shape (n_samples, n_components)
        unit : ndarray of shape (n_components,)
            Size of one unit of each component in units of the rows, for densities that
            depend on distances.
        seed : int
        weight : ndarray of shape (n_samples,) or None
            Weight of each row.
        """

    @abstractmethod
    def draw(self, n_samples: int, random_state: np.random.RandomState) -> np.ndarray:
        """Return new codes, (n_samples, n_components)."""

    @abstractmethod
    def mapped(self, M: np.ndarray) -> "CodeDensity":
        """Return the density of ``codes @ M``, M of shape (n_components, n_mapped)."""


class StandardNormalDensity(CodeDensity):
    """The standard normal density N(0, I), whatever the codes are."""

    def fit(self, codes, unit, seed, weight=None):
        self.n_components_ = codes.shape[1]
        return self

    def draw(self, n_samples, random_state):
        return random_state.normal(size=(n_samples, self.n_components_))

    def mapped(self, M):
        density = GaussianDensity()
        density.mean_, density.covariance_ = np.zeros(M.shape[1]), M.T @ M
        return density


class GaussianDensity(CodeDensity):
    """One normal density, with the mean and the covariance of the codes."""

    def fit(self, codes, unit, seed, weight=None):
        self.mean_ = codes.mean(axis=0, dtype=np.float64)
        share = np.ones(len(codes))  # of which one is a row's on average
        if weight is not None:
            share = weight * (len(codes) / weight.sum())
            self.mean_ = share @ codes / len(codes)
        root = np.sqrt(share)[:, np.newaxis]
        # Divided by n and not n - 1, which would fail for a single code.
        together = np.zeros((codes.shape[1], codes.shape[1]))
        for rows in gen_batches(len(codes), _ROWS_PER_PASS):
            centred = (codes[rows] - self.mean_) * root[rows]
            together += centred.T @ centred
        self.covariance_ = together / len(codes)
        return self

    def draw(self, n_samples, random_state):
        # An eigendecomposition, since Cholesky's fails if a component is constant.
        values, vectors = np.linalg.eigh(self.covariance_)
        # Rounding can make zero eigenvalues slightly negative.
        root = vectors * np.sqrt(np.maximum(values, 0))
        normal = random_state.normal(size=(n_samples, len(self.mean_)))
        return self.mean_ + normal @ root.T

    def mapped(self, M):
        density = GaussianDensity()
        density.mean_, density.covariance_ = self.mean_ @ M, M.T @ self.covariance_ @ M
        return density


class MixtureDensity(CodeDensity):
    """A mixture of 1, 2, 4, 8, 16 or 32 normal densities.

    Their number is chosen by the Bayesian information criterion.
    """

    def fit(self, codes, unit, seed, weight=None):
        # Imported here, since few users need it and the import takes a tenth of a second.
        from sklearn.mixture import GaussianMixture

        if weight is not None:
            # scikit-learn's mixture takes no weights.
            codes = codes[_in_proportion(weight, np.random.RandomState(seed))]
        elif len(codes) > _MOST_ROWS:
            rows = np.random.RandomState(seed).permutation(len(codes))[:_MOST_ROWS]
            codes = codes[rows]
        # In units of the rows: k-means, which starts the mixture, compares distances.
        codes = codes * unit
        # All components are divided by the same number: with one each, components of small
        # variance would have the same weight in k-means and hide clusters in wide ones.
        offset, scale = codes.mean(axis=0), codes.std(axis=0).max()
        codes = (codes - offset) / (scale or 1.0)
        if len(codes) == 1:
            codes = np.repeat(codes, 2, axis=0)  # scikit-learn requires two samples
        # k-means cannot find more clusters than there are distinct codes.
        n_distinct = len(np.unique(codes, axis=0))
        mixtures = [
            GaussianMixture(size, max_iter=1000, random_state=seed)
            for size in _SIZES
            if size <= n_distinct
        ]
        # With array API dispatch, which a user may have enabled, k-means cannot start.
        with config_context(array_api_dispatch=False):
            best = min(mixtures, key=lambda mixture: mixture.fit(codes).bic(codes))
        self.weights_ = best.weights_
        self.means_ = (offset + scale * best.means_) / unit
        self.roots_ = scale / unit[:, np.newaxis] * np.linalg.cholesky(best.covariances_)
        return self

    def draw(self, n_samples, random_state):
        counts = random_state.multinomial(n_samples, self.weights_)
        codes = [
            mean + random_state.normal(size=(count, len(mean))) @ root.T
            for mean, root, count in zip(self.means_, self.roots_, counts, strict=True)
        ]
        # Shuffled, or any subset of the rows would come from few of the components.
        return random_state.permutation(np.concatenate(codes))

    def mapped(self, M):
        density = MixtureDensity()
        density.weights_, density.means_ = self.weights_, self.means_ @ M
        # Of M' root root' M; R' R of a QR decomposition is that.
        R = np.linalg.qr(np.swapaxes(M.T @ self.roots_, 1, 2), mode="r")
        density.roots_ = np.swapaxes(R, 1, 2)
        return density


class DeferredDensity(CodeDensity):
    """A density that is fitted when codes are first drawn from it.

    Parameters
    ----------
    density : CodeDensity
        Not fitted yet.
    """

    def __init__(self, density: CodeDensity):
        self.density = density

    def fit(self, codes, unit, seed, weight=None):
        self.todo: tuple | None = codes, unit, seed, weight
        return self

    def draw(self, n_samples, random_state):
        if self.todo is not None:
            self.density.fit(*self.todo)
            self.todo = None
        return self.density.draw(n_samples, random_state)

    def mapped(self, M):
        self.draw(1, np.random.RandomState(0))  # which fits it
        return self.density.mapped(M)


def _in_proportion(weight: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
    """Return indices of rows, each as often as its weight asks for, up to one time.

    Independent draws would repeat some rows by chance, and a mixture takes copies of a
    row for a cluster (systematic resampling: Carpenter et al., 1999).
    """
    size = min(len(weight), _MOST_ROWS)
    order = random_state.permutation(len(weight))
    ends = np.cumsum(weight[order])
    places = (np.arange(size) + random_state.uniform()) / size * ends[-1]
    return order[np.searchsorted(ends, places).clip(max=len(order) - 1)]


DENSITIES: dict[str, type[CodeDensity]] = {
    "prior": StandardNormalDensity,
    "gaussian": GaussianDensity,
    "gmm": MixtureDensity,
}
