"""Where codes lie: a density over them, from which new ones are drawn.

One class per density. Arrays only, in the axes in which users see codes.
"""

from abc import ABC, abstractmethod

import numpy as np
from sklearn.mixture import GaussianMixture

__all__ = [
    "DENSITIES",
    "CodeDensity",
    "GaussianDensity",
    "MixtureDensity",
    "StandardNormalDensity",
]

# A mixture is fitted to so many codes at most.
_MOST_ROWS = 20_000


class CodeDensity(ABC):
    """A density over codes."""

    @abstractmethod
    def fit(self, codes: np.ndarray, axes: np.ndarray, seed: int) -> "CodeDensity":
        """Learn the density of the codes of training rows.

        Parameters
        ----------
        codes : ndarray of shape (n_samples, n_components)
        axes : ndarray of shape (n_components, n_components)
            From the network's own codes to these.
        seed : int
        """

    @abstractmethod
    def draw(self, n_samples: int, random_state: np.random.RandomState) -> np.ndarray:
        """Return new codes, (n_samples, n_components)."""


class StandardNormalDensity(CodeDensity):
    """N(0, I) in the network's own axes, whatever codes there are."""

    def fit(self, codes, axes, seed):
        self.axes_ = axes
        return self

    def draw(self, n_samples, random_state):
        return random_state.normal(size=(n_samples, len(self.axes_))) @ self.axes_


class GaussianDensity(CodeDensity):
    """One normal density, with the mean and the covariance of the codes."""

    def fit(self, codes, axes, seed):
        self.mean_ = codes.mean(axis=0, dtype=np.float64)
        centred = codes - self.mean_
        # A root of the covariance, which need not have an inverse.
        values, vectors = np.linalg.eigh(centred.T @ centred / len(codes))
        self.root_ = vectors * np.sqrt(np.maximum(values, 0))
        return self

    def draw(self, n_samples, random_state):
        normal = random_state.normal(size=(n_samples, len(self.mean_)))
        return self.mean_ + normal @ self.root_.T


class MixtureDensity(CodeDensity):
    """Several normal densities, as many as the Bayesian information criterion asks for.

    Their number is doubled from one on, while that improves the criterion.
    """

    most = 32

    def fit(self, codes, axes, seed):
        codes = codes.astype(np.float64)
        if len(codes) > _MOST_ROWS:
            rows = np.random.RandomState(seed).permutation(len(codes))[:_MOST_ROWS]
            codes = codes[rows]
        self.mean_, self.scale_ = codes.mean(axis=0), codes.std(axis=0)
        codes = (codes - self.mean_) / np.where(self.scale_ > 0, self.scale_, 1.0)
        if len(codes) == 1:
            codes = np.repeat(codes, 2, axis=0)  # which scikit-learn asks for
        n_distinct, n_mixed, best = len(np.unique(codes, axis=0)), 1, np.inf
        while n_mixed <= min(self.most, n_distinct):
            # With tol=0.01 in log likelihood per row the last digits are not waited for.
            mixture = GaussianMixture(n_mixed, tol=1e-2, max_iter=1000, random_state=seed)
            criterion = mixture.fit(codes).bic(codes)
            if criterion >= best:
                break
            self.mixture_, best, n_mixed = mixture, criterion, 2 * n_mixed
        return self

    def draw(self, n_samples, random_state):
        mixture = self.mixture_
        counts = random_state.multinomial(n_samples, mixture.weights_)
        which = random_state.permutation(np.repeat(np.arange(len(counts)), counts))
        normal = random_state.normal(size=(n_samples, len(self.mean_)))
        # precisions_cholesky_ is the inverse root of a covariance, transposed.
        roots = np.linalg.inv(mixture.precisions_cholesky_)
        codes = mixture.means_[which] + np.einsum("ni,nij->nj", normal, roots[which])
        return self.mean_ + codes * self.scale_


DENSITIES: dict[str, type[CodeDensity]] = {
    "prior": StandardNormalDensity,
    "gaussian": GaussianDensity,
    "gmm": MixtureDensity,
}
