"""A sample of the rows of a stream, of bounded size."""

from dataclasses import dataclass

import numpy as np

__all__ = ["RowSample", "keys_of"]

_SIDES = np.uint64(2**32)  # values of the last bits
_FEWEST_TO_SPLIT = 4


@dataclass(frozen=True)
class RowSample:
    """Distinct rows of a stream, and the weight of all rows that each stands for.

    Every row has a key, a hash of its cells, and with it the same number u from 0 to 1
    whenever it comes. Rows of the largest weight / u are kept: those that come often for
    sure, others by chance, which nothing has to draw. (Priority sampling: Duffield, Lund
    and Thorup, "Priority sampling for estimation of arbitrary subset sums", 2007.)

    Parameters
    ----------
    max_rows : int
        Number of rows that are kept.
    rows : ndarray of shape (n_kept, n_columns)
        In the order of their keys, which is a random one.
    keys : ndarray of uint64 of shape (n_kept,)
    count : ndarray of shape (n_kept,)
        Sum of the weights with which each came, since it was kept.
    threshold : float
        Largest weight / u of a row that is not kept; 0 while all are.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 1.0], [2.0, 1.0], [0.0, 1.0]])
    >>> sample = RowSample.of(10, 2).after(X, np.ones(3))
    >>> len(sample.rows), float(sample.weight.sum())
    (2, 3.0)
    """

    max_rows: int
    rows: np.ndarray
    keys: np.ndarray
    count: np.ndarray
    threshold: float = 0.0

    @classmethod
    def of(cls, max_rows: int, n_columns: int) -> "RowSample":
        """Return that of no rows."""
        rows = np.zeros((0, n_columns), np.float32)
        return cls(max_rows, rows, np.zeros(0, np.uint64), np.zeros(0))

    @property
    def weight(self) -> np.ndarray:
        """Weight of each row and of those that it stands for, (n_kept,)."""
        return np.maximum(self.count, self.threshold)

    def after(self, rows: np.ndarray, weight: np.ndarray) -> "RowSample":
        """Return that of ``rows``, (n_rows, n_columns), with these weights too."""
        keys = np.concatenate([self.keys, keys_of(rows)])
        keys, first, place = np.unique(keys, return_index=True, return_inverse=True)
        count = np.bincount(place, np.concatenate([self.count, weight]))
        u = ((keys >> np.uint64(11)).astype(np.float64) + 1) / 2**53
        order = np.argsort(-count / u, kind="stable")
        left_out = (count / u)[order[self.max_rows :]]
        kept = np.sort(order[: self.max_rows])
        first = first[kept]
        is_new = first >= len(self.rows)
        joined = np.empty(
            (len(first), rows.shape[1]), np.result_type(self.rows, rows, np.float32)
        )
        joined[~is_new] = self.rows[first[~is_new]]
        joined[is_new] = rows[first[is_new] - len(self.rows)]
        threshold = max(self.threshold, left_out.max(initial=0.0))
        return RowSample(self.max_rows, joined, keys[kept], count[kept], float(threshold))

    def is_validation(self, keys: np.ndarray, share: float) -> np.ndarray:
        """Return which rows are for validation, the same ones whenever they come.

        By the last bits of their keys, since the first ones say which rows are sampled. Of
        a sample of four rows or more two at least are, and two are not, so that some rows
        of a small sample are no longer once it has grown.
        """
        last = np.sort(self.keys % _SIDES)
        if share == 0 or len(last) < _FEWEST_TO_SPLIT:
            return np.zeros(len(keys), dtype=bool)
        limit = np.clip(share * float(_SIDES), last[1] + 1, last[-2])
        return keys % _SIDES < limit


def keys_of(rows: np.ndarray) -> np.ndarray:
    """Return a hash of each row, of 64 bits, that depends on the values alone.

    Sums of products with odd factors, then the finaliser of SplitMix64. (Lemire and Kaser,
    "Strongly universal string hashing is fast", 2014; Steele, Lea and Flood, "Fast
    splittable pseudorandom number generators", 2014.)

    Examples
    --------
    >>> import numpy as np
    >>> keys = keys_of(np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]]))
    >>> bool(keys[0] == keys[2]), bool(keys[0] == keys[1])
    (True, False)
    """
    # Zero has no sign, NaN no other bits, and an integer is the same number as a float.
    values = np.ascontiguousarray(rows + 0.0, dtype=np.float64)
    bits = np.where(np.isnan(values), np.nan, values).view(np.uint64)
    key = np.random.RandomState(0).randint(2**63, size=bits.shape[1], dtype=np.int64)
    factors = 2 * key.astype(np.uint64) + np.uint64(1)
    hashed = (bits ^ (bits >> np.uint64(32))) @ factors
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        hashed = (hashed ^ (hashed >> np.uint64(shift))) * np.uint64(factor)
    return hashed
