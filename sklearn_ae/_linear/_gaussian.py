"""A Gaussian that fills holes, the missing cells of a table, by their conditional mean.

With covariance W W' + D the inverse is D^-1 - U U', so the holes M of a row follow from
its deviations y, zero at holes, as -P_MM^-1 (P y)_M, where P is the inverse. That is one
system of as many unknowns as the row has holes. Rows with more holes than W has columns
are solved for the factors of W instead (Tipping & Bishop, "Probabilistic principal
component analysis", 1999).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from .._columns import row_slices

__all__ = ["GaussianWithHoles", "HoleGroup", "groups_of_holes"]

# Rows are solved together with rows of up to this many times as many holes: a few unknowns
# more cost less than one more call.
_LIKE = 1.25
# Cells of the systems solved at once: 16 MiB in float64.
_CELLS_PER_SOLVE = 2**21
# Up to here the inverse covariance is held whole, 32 MiB in float64.
_MOST_COLUMNS_HELD = 2048


class HoleGroup(NamedTuple):
    """Rows with about as many holes.

    Parameters
    ----------
    rows : ndarray of int of shape (n_rows,)
    holes : ndarray of int of shape (n_rows, most_holes)
        Columns of the holes. A row with fewer of them has n_features, n_features + 1, ...
        at the end, each of which stands for a column that nothing depends on.
    """

    rows: np.ndarray
    holes: np.ndarray


@dataclass(frozen=True)
class GaussianWithHoles:
    """A normal distribution of rows, by which their holes are filled.

    The covariance is loadings @ loadings.T + diag(noise).

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
    loadings : ndarray of shape (n_features, rank)
    noise : ndarray of shape (n_features,)
        Variances. They may be 0 where the loadings are, as for a constant column.

    Examples
    --------
    >>> import numpy as np
    >>> equal = GaussianWithHoles(np.zeros(2), np.ones((2, 1)), np.full(2, 0.5))
    >>> equal.fill(np.array([[3.0, np.nan], [np.nan, np.nan]]))
    array([[3., 2.],
           [0., 0.]])
    """

    mean: np.ndarray
    loadings: np.ndarray
    noise: np.ndarray

    def fill(self, x: np.ndarray) -> np.ndarray:
        """Return ``x`` with each NaN replaced by its mean given the rest of the row.

        Parameters
        ----------
        x : ndarray of shape (n_samples, n_features)

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_features)
        """
        filled = np.array(x, dtype=np.float64, order="C")
        n_features, rank = self.loadings.shape
        solve = _Solver(self)
        for rows in row_slices(filled.shape):
            part = filled[rows]
            mask = np.isnan(part)
            if not mask.any():
                continue
            deviations = np.where(mask, 0.0, part - self.mean)
            for group in groups_of_holes(mask, rank):
                found = solve(deviations[group.rows], group.holes)
                at = group.holes < n_features
                row = np.broadcast_to(group.rows[:, np.newaxis], at.shape)[at]
                part[row, group.holes[at]] = (found + solve.mean[group.holes])[at]
        return filled


class _Solver:
    """Conditional means of holes, less the mean, for groups of rows."""

    def __init__(self, gaussian: GaussianWithHoles):
        W, noise = gaussian.loadings, np.asarray(gaussian.noise)
        n_features, self.rank = W.shape
        # A column without variance has no loadings: any noise leaves it at its mean.
        self.inverse = 1 / np.where(noise > 0, noise, 1.0)
        self.scaled = self.inverse[:, np.newaxis] * W  # D^-1 W
        self.inner = W.T @ self.scaled  # W' D^-1 W
        self.loadings = np.pad(W, ((0, n_features), (0, 0)))
        self.mean = np.pad(gaussian.mean, (0, n_features))
        self.precision = None
        if n_features <= _MOST_COLUMNS_HELD:
            factor = np.linalg.cholesky(np.eye(self.rank) + self.inner)
            U = solve_triangular(factor, self.scaled.T, lower=True).T
            self.precision = np.diag(self.inverse) - U @ U.T

    def __call__(self, deviations: np.ndarray, holes: np.ndarray) -> np.ndarray:
        """Return (n_rows, most_holes) of rows whose deviations are 0 at holes."""
        if self.precision is None or holes.shape[1] > self.rank:
            return self._by_factors(deviations, holes)
        n_features, most = len(self.inverse), holes.shape[1]
        # One column more for each that only makes a row as long as the others.
        P = np.eye(n_features + most)
        P[:n_features, :n_features] = self.precision
        together = np.pad(deviations @ self.precision, ((0, 0), (0, most)))
        wanted = np.take_along_axis(together, holes, axis=1)[:, :, np.newaxis]
        blocks = P[holes[:, :, np.newaxis], holes[:, np.newaxis]]
        return -np.linalg.solve(blocks, wanted)[:, :, 0]

    def _by_factors(self, deviations, holes):
        W = self.loadings[holes]  # (n_rows, most_holes, rank)
        scaled = np.pad(self.scaled, ((0, holes.shape[1]), (0, 0)))[holes]
        systems = np.eye(self.rank) + self.inner - W.transpose(0, 2, 1) @ scaled
        factors = np.linalg.solve(systems, (deviations @ self.scaled)[:, :, np.newaxis])
        return (W @ factors)[:, :, 0]


def groups_of_holes(mask: np.ndarray, rank: int = 0) -> Iterator[HoleGroup]:
    """Give the rows that have holes, in groups of rows with about as many.

    Parameters
    ----------
    mask : ndarray of bool of shape (n_rows, n_features)
        Where the holes are.
    rank : int
        Rows with more holes take rank times their number of cells, fewer the square.
    """
    n_features = mask.shape[1]
    counts = mask.sum(axis=1)
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    counts, start = counts[order], 0
    while start < len(order):
        most = int(_LIKE * counts[start]) + 1
        if counts[start] <= rank:
            most = min(most, rank)
        stop = int(np.searchsorted(counts, most, side="right"))
        cells = most * (min(most, rank) if rank else most)
        stop = min(stop, start + max(1, _CELLS_PER_SOLVE // cells))
        rows, number = order[start:stop], counts[start:stop]
        row, column = np.nonzero(mask[rows])
        place = np.arange(len(row)) - (np.cumsum(number) - number)[row]
        holes = np.tile(n_features + np.arange(number[-1]), (len(rows), 1))
        holes[row, place] = column
        yield HoleGroup(rows, holes)
        start = stop
