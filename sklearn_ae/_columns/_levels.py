"""Statistics of tables with columns of levels, or with holes."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import entropy

from ._scaler import Scaler

__all__ = [
    "block_units",
    "column_costs",
    "column_totals",
    "fit_scaler",
    "level_floors",
    "level_frequencies",
    "log_frequencies",
]

# What predicting the mean costs, from a column's variance and mean absolute deviation; of
# "huber" the squared part, in which most cells of scaled columns lie.
_COSTS = {
    "mse": lambda variance, deviation: variance,
    "mae": lambda variance, deviation: deviation,
    "huber": lambda variance, deviation: variance / 2,
}

# One held-out row outweighs the rest where a network is sure of a level that it has seen in
# few cells, and wrong: as many cells as the first count for the frequencies. It also does
# where one cell differs from all others of its column: as many as the second should.
_CELLS_OF_FREQUENCIES, _FEWEST_THAT_DIFFER = 2, 10
_RARE = 1e-6  # frequency of a level that the fit has not seen


def fit_scaler(
    kind: str | None,
    X: np.ndarray,
    name: str,
    n_levels: Sequence[int],
    weight: np.ndarray | None = None,
) -> Scaler:
    """Return the scaling of ``X``, of which some columns are indices of levels."""
    numbers = np.flatnonzero(np.array(n_levels) == 0)
    scaler = Scaler(kind)
    if len(numbers):
        scaler.fit(X[:, numbers], name, weight)
    else:
        scaler.fit(np.zeros((1, 1)))  # of no column: what is said of all holds
    return scaler.beside_levels(n_levels)


def level_frequencies(
    X: np.ndarray, n_levels: Sequence[int], weight: np.ndarray | None = None
) -> list[np.ndarray]:
    """Return how often each level occurs among the observed cells of its column.

    One array per column, empty for numbers.
    """
    frequencies = []
    for j, n in enumerate(n_levels):
        seen = ~np.isnan(X[:, j]) if n else np.zeros(len(X), dtype=bool)
        level = X[seen, j].astype(np.intp)
        weights = None if weight is None else weight[seen]
        counts = np.bincount(level, weights, minlength=n)[:n]
        frequencies.append(counts / max(1, counts.sum()))
    return frequencies


def log_frequencies(frequencies: np.ndarray) -> np.ndarray:
    """Return logarithms of frequencies, finite for levels that the fit has not seen."""
    return np.log(np.maximum(frequencies, _RARE))


def level_floors(frequencies: Sequence[np.ndarray], n_cells: np.ndarray) -> np.ndarray:
    """Return the least probability of every level, (n_levels of all columns,).

    It is the frequency of the level times a share, which is larger where the column has
    fewer observed cells, and at most a half. ``n_cells``, (n_columns,), counts these.
    """
    floors = [np.empty(0)]
    for p, n in zip(frequencies, n_cells, strict=True):
        if len(p):
            share = _CELLS_OF_FREQUENCIES / (n + 2 * _CELLS_OF_FREQUENCIES)
            known = np.exp(log_frequencies(p))
            floors.append(share * known / known.sum())
    return np.concatenate(floors)


def block_units(
    frequencies: Sequence[np.ndarray], indicated: Sequence[int], n_numbers: int
) -> dict[str, np.ndarray]:
    """Return what is subtracted from the blocks, and what they are divided by.

    A number is scaled already. Indicators of a column have a variance of 1 together: each
    column then counts the same in PCA, whatever its number of levels. (Factor analysis of
    mixed data, Pagès 2004, divides by the root of each frequency instead: a column then
    counts by its number of levels, and rare levels most.)
    """
    centre, size = [np.zeros(n_numbers)], [np.ones(n_numbers)]
    for j in indicated:
        p = frequencies[j]
        centre.append(p)
        size.append(np.full(len(p), np.sqrt((p * (1 - p)).sum()) or 1.0))
    return {"centre": np.concatenate(centre), "size": np.concatenate(size)}


def column_costs(
    loss: str, scaler: Scaler, frequencies: Sequence[np.ndarray], n_cells: np.ndarray
) -> np.ndarray:
    """Return the loss of each column if its mean, or its frequencies, are predicted.

    A column of levels costs at least what one does in which ten of the ``n_cells`` hold
    another level than all others; nothing where all hold the same.
    """
    scale = scaler.scale_
    costs = _COSTS[loss](scaler.variance_ / scale**2, scaler.deviation_ / scale)
    for j, p in enumerate(frequencies):
        if len(p):
            share = min(0.5, _FEWEST_THAT_DIFFER / max(1, n_cells[j]))
            nats = entropy(p)
            least = entropy([share, 1 - share]) if nats > 0 else 0.0
            costs[j] = max(nats, least)
    return costs


def column_totals(
    X: np.ndarray, n_levels: Sequence[int], weight: np.ndarray | None = None
) -> np.ndarray:
    """Return what there is to explain of each column of the rows ``X``, (n_columns,).

    Of numbers the squares around their mean; of levels their number times the entropy of
    their frequencies. Holes count in nothing.
    """
    totals = np.zeros(X.shape[1])
    weight = np.ones(len(X)) if weight is None else weight
    frequencies = level_frequencies(X, n_levels, weight)
    for j, n in enumerate(n_levels):
        seen = ~np.isnan(X[:, j])
        x, w = X[seen, j].astype(np.float64), weight[seen]
        if not len(x) or x.min() == x.max():
            continue
        if n:
            totals[j] = w.sum() * entropy(frequencies[j])
        else:
            totals[j] = w @ (x - np.average(x, weights=w)) ** 2
    return totals
