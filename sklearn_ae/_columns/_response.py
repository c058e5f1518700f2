"""y: what codes are to predict, as columns of numbers and of classes."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import entropy

from ._levels import level_frequencies

__all__ = ["Response"]


@dataclass(frozen=True)
class Response:
    """y of all samples.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns)
        A number, or the index of a class; NaN where y is missing.
    n_levels : tuple of int
        Number of classes of each column; 0 for numbers.
    share : float
        Weight of y beside that of reconstructions, 1 less this.
    """

    values: np.ndarray
    n_levels: tuple[int, ...]
    share: float

    def take(self, rows: np.ndarray) -> "Response":
        """Return that of the samples at ``rows``."""
        return replace(self, values=self.values[rows])

    def scaled(self, weight: np.ndarray | None) -> "Response":
        """Return the same with numbers of mean 0 and variance 1."""
        values = self.values.copy()
        for j, n in enumerate(self.n_levels):
            if n:
                continue
            known = np.flatnonzero(~np.isnan(values[:, j]))
            share = None if weight is None else weight[known]
            x = values[known, j] - values[known[0], j]  # so that no mean costs digits
            # Around 1: squares of numbers of extreme size overflow or vanish.
            x = x / (np.abs(x).max() or 1.0)
            mean = np.average(x, weights=share)
            variance = np.average((x - mean) ** 2, weights=share)
            values[known, j] = (x - mean) / (np.sqrt(variance) or 1.0)
        return replace(self, values=values)

    def indicators(self, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers and indicators of classes, and which samples have any.

        (n_samples, n_numbers + n_classes), of scaled values. They have a mean of 0, and all
        of them a variance of 1 together; what is missing is at its mean.
        """
        parts = []
        for j, p in enumerate(self.frequencies(weight)):
            column = self.values[:, j, np.newaxis]
            if len(p):
                size = np.sqrt((p * (1 - p)).sum()) or 1.0
                column = ((column == np.arange(len(p))) - p) / size
            missing = np.isnan(self.values[:, j, np.newaxis])
            parts.append(np.where(missing, 0.0, column))
        known = np.flatnonzero(~np.isnan(self.values).all(axis=1))
        return np.hstack(parts) / np.sqrt(len(parts)), known

    def frequencies(self, weight: np.ndarray | None) -> list[np.ndarray]:
        """Return how often each class occurs, per column; empty for numbers."""
        return level_frequencies(self.values, self.n_levels, weight)

    def factors(self, weight: np.ndarray | None) -> list[float]:
        """Return what the losses of columns are multiplied by, of scaled values.

        The mean over all samples, with 0 where y is missing, is then 1 if the mean or the
        frequencies are predicted: samples with y stand for those without.
        """
        of_rows = np.ones(len(self.values)) if weight is None else weight
        factors = []
        for j, p in enumerate(self.frequencies(weight)):
            known = of_rows[~np.isnan(self.values[:, j])].sum() / of_rows.sum()
            cost = known * (entropy(p) if len(p) else 1.0)
            # Of one class alone, as few samples may have, nothing is to be learnt.
            factors.append(1 / (cost * len(self.n_levels)) if cost > 0 else 0.0)
        return factors
