"""PCA of rows that come in chunks, with memory for the components alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import svd
from sklearn.utils import gen_batches
from sklearn.utils.extmath import svd_flip

from ._pca import LinearCode

__all__ = ["RunningPca"]

_CELLS_AT_ONCE = 2**20  # of rows that one decomposition takes, 8 MiB in float64
_LEFT_OUT = 1e-14  # share of the variance, in float64, that is a rounding


@dataclass(frozen=True)
class RunningPca:
    """The principal components of all rows so far.

    As scikit-learn's IncrementalPCA, for rows with weights, and for any number of rows at
    first: until there are as many as components, all are kept. (Ross, Lim, Lin and Yang,
    "Incremental learning for robust visual tracking", 2008.)

    Parameters
    ----------
    n_components : int
    mean : ndarray of shape (n_features,)
        Of all rows so far.
    rows : ndarray of shape (n_kept, n_features)
        Components times their singular values, in the units of the rows: they have the
        scatter of all rows, but for what components leave out. At most ``n_components``.
    size : float
        Sum of the weights of all rows.
    scatter : ndarray of shape (n_features,)
        Weighted sum of the squares of each column, around its mean.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]])
    >>> scale = np.ones(2)
    >>> pca = RunningPca.of(1, 2).after(X[:1], None, scale).after(X[1:], None, scale)
    >>> pca.mean, pca.code(scale, scale).projection
    (array([2., 1.]), array([[1., 0.]]))
    """

    n_components: int
    mean: np.ndarray
    rows: np.ndarray
    size: float
    scatter: np.ndarray

    @classmethod
    def of(cls, n_components: int, n_features: int) -> "RunningPca":
        """Return that of no rows."""
        nothing = np.zeros(n_features)
        return cls(n_components, nothing, np.zeros((0, n_features)), 0.0, nothing)

    def after(self, X: Any, weight: np.ndarray | None, scale: np.ndarray) -> "RunningPca":
        """Return that of the rows of ``X``, (n_rows, n_features), too.

        ``weight`` is that of each row; ``scale``, (n_features,), is what columns are
        divided by before their variance counts.
        """
        one: RunningPca = self
        n_at_once = max(self.n_components, _CELLS_AT_ONCE // X.shape[1], 1)
        for part in gen_batches(X.shape[0], n_at_once, min_batch_size=self.n_components):
            rows = np.asarray(X[part], dtype=np.float64)
            of_rows = np.ones(len(rows)) if weight is None else weight[part]
            one = one._with(rows, of_rows, scale)
        return one

    def _with(self, X, weight, scale) -> "RunningPca":
        size = weight.sum()
        total, mean = self.size + size, weight @ X / size
        centred = (X - mean) * np.sqrt(weight)[:, np.newaxis]
        # Both groups are centred at their own means, and so is their difference missing.
        apart = np.sqrt(self.size * size / total) * (self.mean - mean)
        scatter = self.scatter + (centred**2).sum(axis=0) + apart**2
        rows = np.vstack([self.rows, centred, apart]) / scale
        _, spread, axes = svd(rows, full_matrices=False, check_finite=False)
        rows = (spread[:, np.newaxis] * axes)[: self.n_components] * scale
        mean = self.mean + (mean - self.mean) * (size / total)
        return RunningPca(self.n_components, mean, rows, total, scatter)

    def code(self, offset: np.ndarray, scale: np.ndarray) -> LinearCode:
        """Return the components as a code of rows in the units (x - offset) / scale."""
        rows, shape = self.rows / scale, (self.n_components, len(self.mean))
        _, spread, axes = svd(rows, full_matrices=False, check_finite=False)
        _, axes = svd_flip(None, axes, u_based_decision=False)
        # Of fewer rows than components, the last ones are nothing.
        missing = [(0, self.n_components - len(axes))]
        axes, spread = np.pad(axes, [*missing, (0, 0)]), np.pad(spread, missing)
        assert axes.shape == shape
        left_out = (self.scatter / scale**2).sum() - (spread**2).sum()
        is_exact = not left_out > _LEFT_OUT * (spread**2).sum()
        mean, spread = (self.mean - offset) / scale, spread / np.sqrt(self.size)
        way_back: Any = {"way_back": axes.T, "target_mean": mean}
        return LinearCode.of(axes, mean, spread, **way_back, is_exact=is_exact)
