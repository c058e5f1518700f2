"""Scaling of numeric columns: what to subtract from each and to divide it by."""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import diags_array
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

from ._files import fetch_rows, read_rows, rows_of_run
from ._sparse import Numbers, SparseTable

if TYPE_CHECKING:
    from ._seen import Seen

__all__ = ["SPREAD_OF_CONSTANT", "ScaledRows", "Scaler", "column_variance", "row_slices"]

# Products and quotients of larger units could leave the range of float32, which ends
# at 3.4e38.
_SAFE_IN_FLOAT32 = 1e30

# The spread of a column is divided by, and float32 ends at 1e-38; a constant column has a
# spread in which no rounding of the start is large.
_LEAST_SPREAD = 1e-30
SPREAD_OF_CONSTANT = 1e-15

# The standard deviation is 1.25 mean deviations of a normal column, and more than this many
# of columns with outliers or rare values. Of raw gas sensor data, 8 components, a column
# became worse than its mean with the standard deviation, and none with this limit. It holds
# for columns below the second number of the widest: in standardised tables, of rare pixels
# for one, it cost up to 0.06 of R².
_HEAVY, _NARROW = 3.0, 0.1

_NO_WEIGHT = 1e-100  # less than any row has

# What a map is for indices of levels.
_LEVELS_STAY = {"mean_": 0.0, "offset_": 0.0, "scale_": 1.0, "variance_": 0.0}
_LEVELS_STAY |= {"spread_": 1.0, "deviation_": 0.0, "low_": np.nan, "high_": np.nan}

# Cells converted at once: 4 MiB in float64, which stay in the cache and bound the memory.
_CELLS_PER_PASS = 2**19

# Tables of more cells are read batch by batch: in float32, a copy of sparse ones would have
# 64 MiB, of arrays 512 MiB, which train a little faster from a copy.
_MOST_DENSE_CELLS, _MOST_COPIED_CELLS = 2**24, 2**27


def row_slices(shape: tuple[int, ...]) -> Iterator[slice]:
    """Return slices that cover the rows of a table, each of some megabytes in float64."""
    return gen_batches(shape[0], max(1, _CELLS_PER_PASS // max(1, shape[1])))


def column_variance(
    parts: np.ndarray | Iterable[np.ndarray], weight: np.ndarray | None = None
) -> np.ndarray:
    """Return the variance of each column, in float64, of rows that come part by part.

    Of an array too, whose parts bound the memory. ``weight``, (n_samples,), is that of each
    row of all parts.
    """
    n_rows, origin, total, squares = 0, None, 0.0, 0.0
    if isinstance(parts, np.ndarray):
        parts = np.array_split(parts, 1 + parts.size // (8 * _CELLS_PER_PASS))
    for x in parts:
        if origin is None:  # near the mean: from zero, columns far away would lose digits
            origin = x.mean(axis=0, dtype=np.float64)
        step = x - origin
        weighted = step
        if weight is not None:
            weighted = weight[n_rows : n_rows + len(x), np.newaxis] * step
        n_rows += len(x)
        total = total + weighted.sum(axis=0)
        squares = squares + (weighted * step).sum(axis=0)
    size = n_rows if weight is None else weight.sum()
    return np.maximum(squares / size - (total / size) ** 2, 0)


class Scaler:
    """Estimates an affine map per column, X_scaled = (X - offset_) / scale_.

    The map is applied by the network, in its modules ``units_in`` and ``units_out``.

    Parameters
    ----------
    kind : {"global", "feature", "magnitude"} or None
        "global" centres each column and divides all of them by the same number, the
        root of their mean variance: ratios of distances, which PCA depends on, stay
        the same. "feature" centres each column and divides it by its standard
        deviation. "magnitude" divides by the mean absolute value without centring, so
        that data of one sign keep it. None leaves the data as they are.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Mean of each column, float64.
    offset_ : ndarray of shape (n_features,)
        What is subtracted from each column: its mean, or zero.
    scale_ : ndarray of shape (n_features,)
        What each column is divided by; 1 where a column is constant.
    spread_ : ndarray of shape (n_features,)
        Standard deviation of each column after scaling, as a fraction of the widest; of
        the narrow ones and the widest at most three mean absolute deviations.
    varies_ : bool
        Whether any column varies.
    variance_ : ndarray of shape (n_features,)
        Variance of each column, float64; 0 where a column is constant.
    distance_ : float
        Largest absolute mean of a column, in typical standard deviations.
    deviation_ : ndarray of shape (n_features,)
        Mean absolute deviation of each column.
    low_, high_ : ndarray of shape (n_features,)
        Least and largest value of each column; NaN for a column of holes.
    is_whole_ : ndarray of bool of shape (n_features,)
        Whether a column holds integers alone.
    centres : bool
        Whether means are subtracted.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 10.0], [2.0, 30.0]])
    >>> Scaler("feature").fit(X).units("float64")
    [array([ 1., 20.]), array([ 1., 10.])]
    """

    def __init__(self, kind: str | None):
        self.kind = kind
        self.centres = kind in ("global", "feature")

    def fit(
        self,
        X: Any,
        name: str = "X",
        weight: np.ndarray | None = None,
        seen: "Seen | None" = None,
    ) -> "Scaler":
        """Estimate the map from the rows of ``X``, (n_samples, n_features).

        An array or a SparseTable. NaN is a hole, which counts in nothing; a column of holes
        alone stays one. ``name`` is the name of ``X`` in error messages; ``weight``,
        (n_samples,), counts rows as if they were repeated. With ``seen``, ``X`` is a sample
        of the rows that were seen, and stands for those in what they do not say.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # the error below says more
            slices = [] if isinstance(X, SparseTable) else list(row_slices(X.shape))
            standard = StandardScaler() if slices else X.statistics(weight)
            for s in slices if seen is None else ():
                standard.partial_fit(X[s], None, None if weight is None else weight[s])
            ends: Any = np.fmin.reduce(X), np.fmax.reduce(X)
            standard, self.low_, self.high_ = seen or (standard, *ends)
            self.varies_ = bool((self.low_ < self.high_).any())
        variance = standard.var_[is_known := ~np.isnan(self.low_)]
        is_in_range = np.isfinite(variance).all() and self.varies_ <= variance.any()
        if not (is_known.any() and is_in_range):
            _refuse_range(X, variance, name)
        self.mean_ = np.where(is_known, standard.mean_, np.nan)
        # Of a constant column the variance is a rounding, which for means of 1e8 is large.
        constant = (standard.scale_ == 1) & (standard.var_ < 0.5)
        self.variance_ = np.where(constant | ~is_known, 0, standard.var_)
        spread, far = np.sqrt(variance.mean()), np.fmax.reduce(np.abs(self.mean_))
        self.distance_ = far / spread if spread > 0 else 0.0
        self.offset_, self.scale_ = np.where(is_known, 0, np.nan), np.ones(is_known.shape)
        if self.kind == "feature":
            self.offset_, self.scale_ = self.mean_, np.where(is_known, standard.scale_, 1.0)
        elif self.kind == "global":
            self.offset_ = self.mean_
            self.scale_ *= np.sqrt(self.variance_.mean()) or 1.0
        elif self.kind == "magnitude":
            self.scale_ *= _mean_size(X, weight) or 1.0
        self.is_whole_ = is_known.copy() if slices else X.are_whole()
        deviation = 0.0 if slices else X.deviations(self.mean_, weight)
        for rows in slices:
            part = X[rows]
            self.is_whole_ &= ((part == np.rint(part)) | np.isnan(part)).all(axis=0)
            part = np.nan_to_num(np.abs(X[rows] - self.mean_), copy=False, nan=0.0)
            deviation += part.sum(axis=0) if weight is None else weight[rows] @ part
        self.deviation_ = deviation / np.maximum(standard.n_samples_seen_, _NO_WEIGHT)
        std = np.sqrt(self.variance_) / self.scale_
        usual = np.minimum(std, _HEAVY * self.deviation_ / self.scale_)
        most = usual.max() or 1.0
        spread = (np.where(std < _NARROW * most, usual, std) / most).clip(_LEAST_SPREAD, 1)
        self.spread_ = np.where(self.variance_ > 0, spread, SPREAD_OF_CONSTANT)
        return self

    def in_units_of(self, other: "Scaler") -> "Scaler":
        """Return the statistics of this one, with the map of another."""
        both = copy(self)
        both.offset_, both.scale_ = other.offset_, other.scale_
        both.spread_ = other.spread_
        return both

    def open_to_more(self) -> "Scaler":
        """Return this map for rows to come, in which constant columns may vary."""
        other = copy(self)
        other.spread_ = np.where(self.variance_ > 0, self.spread_, 1.0)
        return other

    def beside_levels(self, n_levels: Sequence[int]) -> "Scaler":
        """Return this map, of the columns of numbers, for all columns of a table.

        ``n_levels`` has the number of levels of each column, 0 for numbers. Indices of
        levels stay as they are.
        """
        numbers = np.flatnonzero(np.array(n_levels) == 0)
        wide = copy(self)
        for name, value in _LEVELS_STAY.items():
            values = np.full(len(n_levels), value)
            values[numbers] = getattr(self, name)
            setattr(wide, name, values)
        wide.varies_, wide.is_whole_ = True, np.zeros(len(n_levels), dtype=bool)
        wide.is_whole_[numbers] = self.is_whole_
        return wide

    def known(self, n_levels: Sequence[int] | None) -> dict[str, np.ndarray]:
        """Return what noise has to know of the columns, by name; see Corruption.

        ``n_levels`` has the number of levels of each column of a table, 0 for numbers.
        """
        offset, scale = self.offset_, self.scale_
        known = {
            "mean": (self.mean_ - offset) / scale,
            "variance": self.variance_ / scale**2,
            "low": (self.low_ - offset) / scale,
            "high": (self.high_ - offset) / scale,
            "offset": offset,
            "scale": scale,
        }
        if n_levels is not None:
            known["is_level"] = np.array(n_levels) > 0
        return known

    def units(self, dtype: str) -> list[np.ndarray]:
        """Return the offsets to subtract, then the scale to divide by, in ``dtype``.

        In float32 there may be two offsets, which together have the digits of one in
        float64. If the range of float32 is too small, the result is float64.
        """
        offset, scale = self.offset_, self.scale_
        sizes = np.fmax.reduce(np.abs(offset)), scale.max(), 1 / scale.min()
        if dtype == "float64" or max(sizes) > _SAFE_IN_FLOAT32:
            return [offset, scale]
        first = offset.astype(np.float32)
        # For means far larger than the spread, a float32 offset would be wrong by many
        # spreads; the second offset has the digits that the first lacks.
        rest = (offset - first).astype(np.float32)
        offsets = [first, rest] if np.any(np.abs(rest) > 1e-7 * scale) else [first]
        return [*offsets, scale.astype(np.float32)]


class ScaledRows:
    """Rows of a table in units of the network, which are computed when they are read.

    So that nothing has to hold the scaled table in float64. As an array has, it has a shape
    and gives the rows at a slice or at an index.

    Parameters
    ----------
    X : ndarray or SparseTable of shape (n_samples, n_features)
    scaler : Scaler
    index : ndarray of int or None
        Which rows of ``X``, in which order. None: all of them.
    weight : ndarray of shape (len(X),) or None
        Weight of each row of ``X``.

    Attributes
    ----------
    shape : tuple of int
    weight : ndarray of shape (n_samples,) or None
        Weight of each row that is given. None: all have the same weight.
    is_sparse : bool
    is_large : bool
        Whether they are too many to be held as dense rows of float32.
    run : int
        How many rows, one after the other, are best read together: 1 in memory, and more
        in a memory map, whose file may not fit into memory.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0, 10], [2, 30]], dtype=np.uint8)
    >>> ScaledRows(X, Scaler("feature").fit(X))[:1]
    array([[-1., -1.]])
    """

    def __init__(
        self,
        X: Numbers,
        scaler: Scaler,
        index: np.ndarray | None = None,
        weight: np.ndarray | None = None,
    ):
        self.X: Any = X
        self.scaler, self.index = scaler, index
        self.weight = weight if weight is None or index is None else weight[index]
        self.shape = X.shape if index is None else (len(index), X.shape[1])
        self.is_sparse = isinstance(X, SparseTable)
        most = _MOST_DENSE_CELLS if self.is_sparse else _MOST_COPIED_CELLS
        self.is_large = X.shape[0] * X.shape[1] > most
        self.run = rows_of_run(X)

    def __getitem__(self, rows) -> np.ndarray:
        """Return (X - offset_) / scale_ of ``rows``, in float64."""
        rows = rows if self.index is None else self.index[rows]
        in_file = self.run > 1 and isinstance(rows, np.ndarray)
        x: Any = read_rows(self.X, rows) if in_file else self.X[rows]
        # Of a sparse table these are dense rows of their own already.
        x = np.array(x, np.float64, order="C", copy=None if self.is_sparse else True)
        with np.errstate(over="ignore", invalid="ignore"):  # training tells of divergence
            x -= self.scaler.offset_
            x /= self.scaler.scale_
        return x

    def fetch(self, first: int, last: int) -> None:
        """Have rows of ``X``, from the first to the last, read from their file ahead."""
        fetch_rows(self.X, first, last + 1)

    def take(self, index: np.ndarray) -> "ScaledRows":
        """Return the rows at ``index``, in this order."""
        other = copy(self)
        other.index = index if self.index is None else self.index[index]
        other.weight = None if self.weight is None else self.weight[index]
        other.shape = len(index), self.shape[1]
        return other

    def uncentred(self) -> tuple[Any, np.ndarray]:
        """Return all rows of a sparse table, sparse, and what each has too much.

        Columns without zeros are centred, which fills nothing: they may be so far from zero
        that products of uncentred ones had no digits of what varies.
        """
        assert isinstance(self.X, SparseTable)
        rows = self.X.matrix if self.index is None else self.X.matrix[self.index]
        rows, (n_rows, n_columns) = rows.astype(np.float64), self.shape
        is_full = np.bincount(rows.indices, minlength=n_columns) == n_rows
        moved = np.where(is_full, self.scaler.mean_, 0.0)
        rows.data -= moved[rows.indices]
        scale = self.scaler.scale_
        return rows @ diags_array(1 / scale), (self.scaler.offset_ - moved) / scale


def _mean_size(X: Numbers, weight: np.ndarray | None) -> float:
    """Return the mean absolute value of the observed cells."""
    total, n_cells = 0.0, 0.0
    if isinstance(X, SparseTable):
        size = len(X) if weight is None else weight.sum()
        sums = X.deviations(np.zeros(X.shape[1]), weight)
        return float(sums.sum() / (size * X.shape[1]))
    for rows in row_slices(X.shape):
        part = np.abs(X[rows], dtype=np.float64)
        of_rows = np.ones(len(part)) if weight is None else weight[rows]
        total += (of_rows @ np.nan_to_num(part, nan=0.0)).sum()
        n_cells += (of_rows @ ~np.isnan(part)).sum()
    return total / max(n_cells, 1)


def _refuse_range(X: Numbers, variance: np.ndarray, name: str) -> None:
    """Raise ValueError for values whose variance is out of range, or for none."""
    if not len(variance):
        raise ValueError(
            f"{name} has no cell that is not missing (NaN); expected some values to learn "
            f"from. Look at what made {name}, or pass columns that have values."
        )
    if not np.isfinite(variance).all():
        largest = max(abs(end.reduce(X, axis=None)) for end in (np.fmin, np.fmax))
        raise ValueError(
            f"{name} has values up to {largest:.3g}, whose variance is no "
            "longer a finite number. Expected values below about 1e150. Divide the "
            "columns by a unit of their own first."
        )
    widest = np.nanmax(np.fmax.reduce(X) - np.fmin.reduce(X))
    raise ValueError(
        f"{name} has columns that vary by {widest:.3g} at most, "
        "whose variance is no longer above zero. Expected differences above about "
        "1e-150. Multiply the columns by a unit of their own first."
    )
