"""Means and second moments of rows that are read some thousands at a time."""

import numpy as np

__all__ = ["Moments"]


class Moments:
    """Means and second moments of rows x and of what belongs to each, its target.

    Sums begin at the mean of the first rows: from zero, columns that are far from it would
    lose the digits that vary.

    Attributes
    ----------
    n_rows : int
    size : float
        Sum of the weights of the rows; their number where none has a weight.
    mean : ndarray of shape (n_in,)
    target_mean : ndarray of shape (n_out,)

    Examples
    --------
    >>> import numpy as np
    >>> moments = Moments()
    >>> moments.add(np.array([[1.0], [2.0]]))
    >>> moments.add(np.array([[3.0], [6.0]]))
    >>> moments.mean, moments.about(moments.mean)[0]
    (array([3.]), array([[3.5]]))
    """

    def __init__(self):
        self.n_rows, self.size = 0, 0.0

    def add(
        self,
        x: np.ndarray,
        target: np.ndarray | None = None,
        weight: np.ndarray | None = None,
    ) -> None:
        """Add rows, (n_rows, n_in), and their targets, (n_rows, n_out).

        None: rows are their own targets, which then holds for all that are added.
        ``weight``, (n_rows,), counts rows as if they were repeated.
        """
        if len(x) == 0:
            return
        if self.n_rows == 0:
            self._origin = x.mean(axis=0)
            self._target_origin = self._origin if target is None else target.mean(axis=0)
            self._x = self._target = self._xx = self._together = self._squares = 0.0
        self.n_rows += len(x)
        self.size += len(x) if weight is None else weight.sum()
        x = x - self._origin
        target = x if target is None else target - self._target_origin
        weighted, weighted_target = x, target
        if weight is not None:
            weighted = weight[:, np.newaxis] * x
            weighted_target = weight[:, np.newaxis] * target
        xx = weighted.T @ x
        self._x = self._x + weighted.sum(axis=0)
        self._target = self._target + weighted_target.sum(axis=0)
        self._xx = self._xx + xx
        self._together = self._together + (xx if target is x else weighted.T @ target)
        self._squares = self._squares + (weighted_target * target).sum(axis=0)

    @property
    def mean(self) -> np.ndarray:
        return self._origin + self._x / self.size

    @property
    def target_mean(self) -> np.ndarray:
        return self._target_origin + self._target / self.size

    def about(
        self, mean: np.ndarray, target_mean: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the means of x x', of x target' and of target², less ``mean`` each.

        Their shapes are (n_in, n_in), (n_in, n_out) and (n_out,). ``target_mean`` is None
        if rows are their own targets.
        """
        n = self.size
        to_mean = mean - self._origin
        to_target_mean = to_mean
        if target_mean is not None:
            to_target_mean = target_mean - self._target_origin
        # E (x - a)(y - b)' = E x y' - E x b' - a E y' + a b'
        x, target = self._x / n, self._target / n
        covariance = self._xx / n - np.outer(x, to_mean) - np.outer(to_mean, x - to_mean)
        together = self._together / n - np.outer(x, to_target_mean)
        together -= np.outer(to_mean, target - to_target_mean)
        variance = self._squares / n - (2 * target - to_target_mean) * to_target_mean
        return covariance, together, variance
