"""Missing cells filled by their mean under a normal density, given the rest of a row."""

from collections.abc import Mapping

import numpy as np

__all__ = ["FillHoles"]

# Of wider tables the inverse covariance is not held; as in sklearn_ae.nn.
_MOST_COLUMNS_HELD = 2048
_CELLS_PER_SOLVE = 2**20  # of the systems solved at once: 8 MiB


class FillHoles:
    """Replaces NaN in rows; ``sklearn_ae.nn.FillHoles`` in numpy.

    Parameters
    ----------
    arrays : dict of ndarray
        ``fill.mean`` and ``fill.noise``, (n_features,), and ``fill.loadings``,
        (n_features, rank): the covariance is loadings @ loadings.T + diag(noise).
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        # float32 lacks the digits of columns that nearly depend on each other.
        names = ("mean", "loadings", "noise")
        self._mean, W, noise = (arrays[f"fill.{name}"].astype(np.float64) for name in names)
        self._n_features, self._rank = W.shape
        # A column without variance has no loadings: any noise leaves it at its mean.
        inverse = 1 / np.where(noise > 0, noise, 1.0)
        self._loadings, self._scaled = W, inverse[:, np.newaxis] * W
        self._inner = np.eye(self._rank) + W.T @ self._scaled
        self._precision = None
        if self._n_features <= _MOST_COLUMNS_HELD:
            U = np.linalg.solve(np.linalg.cholesky(self._inner), self._scaled.T)
            self._precision = np.diag(inverse) - U.T @ U

    def __call__(self, x: np.ndarray, holes: np.ndarray) -> np.ndarray:
        """Return ``x`` with its ``holes`` filled, both (n_rows, n_features)."""
        filled, counts = x.copy(), holes.sum(axis=1)
        # Rows with as many holes are solved together.
        for count in np.unique(counts[counts > 0]):
            rows = np.flatnonzero(counts == count)
            n_cells = rows.size * count * max(count, self._rank)
            for part in np.array_split(rows, 1 + n_cells // _CELLS_PER_SOLVE):
                columns = holes[part].nonzero()[1].reshape(-1, count)
                y = np.where(holes[part], 0.0, x[part] - self._mean)
                found = self._solve(y, columns)
                filled[part[:, np.newaxis], columns] = self._mean[columns] + found
        return filled

    def _solve(self, y: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return what the holes at ``columns`` of each row are beyond the mean."""
        if self._precision is None or columns.shape[1] > self._rank:
            return self._by_factors(y, columns)
        # -P_MM^-1 (P y)_M, where P is the inverse covariance.
        blocks = self._precision[columns[:, :, np.newaxis], columns[:, np.newaxis]]
        right = -np.take_along_axis(y @ self._precision, columns, axis=1)
        return _solved(blocks, right)

    def _by_factors(self, y: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Solve for the factors, of which the loadings give the holes."""
        lost = self._loadings[columns].swapaxes(1, 2) @ self._scaled[columns]
        factors = _solved(self._inner - lost, y @ self._scaled)
        return np.take_along_axis(factors @ self._loadings.T, columns, axis=1)


def _solved(systems: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.linalg.solve(systems, right[:, :, np.newaxis])[:, :, 0]
