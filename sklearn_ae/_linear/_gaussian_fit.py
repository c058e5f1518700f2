"""Fits a Gaussian to the observed cells of a table by expectation maximisation (EM).

A step takes the mean of each hole, and the covariance of the holes of a row, given the
rest of the row, then the mean and the covariance of rows completed like that (Little &
Rubin, "Statistical analysis with missing data"). The correlations are shrunk towards
none: how far is chosen by the error on cells hidden in rows that were left out.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

from ._gaussian import GaussianWithHoles, HoleGroup, groups_of_holes
from ._wide_gaussian import fit_wide_gaussian

__all__ = ["fit_gaussian"]

# The correlations R become (R + s I) / (1 + s). EM runs through the first strengths in
# turn, each from where the last one ended; the others are for the last use of the result.
_STRENGTHS_OF_EM = (0.1, 0.01, 1e-5)
_STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-5)
# Least eigenvalue of the correlations: float64 then leaves 8 digits of 60 columns, and a
# column that others tell to 99.999 % is still told.
_LEAST = 1e-5
# A weaker shrinkage is chosen only if it is better by more than this fraction of the error.
_WORTH_IT = 5e-4

# EM ends when holes move by less than this, in standard deviations, or after so many steps.
_STILL = 2e-3
# Where they are cheap, more of the last: as many as make this many multiplications.
_STEPS, _LAST_STEPS, _MORE_STEPS, _CHEAP = 4, 8, 50, 4e8

_MOST_ROWS, _FEWEST_ROWS = 3000, 200
_MOST_CELLS = 2**21
# Multiplications in a step of EM, about 400 ms on one core, and columns of a covariance.
_AFFORDABLE = 6e8
_MOST_COLUMNS = 600
# Of tables of up to 100 columns the result is exact, since the least eigenvalue is noise.
_MOST_COLUMNS_EXACT, _RANK_OF_MORE = 100, 64

# Every fifth row is left out, and a fifth of its cells hidden, then another fifth. Of small
# tables each row is left out once.
_FOLDS, _PARTS, _FEW_CELLS = 5, 2, 20_000
_FEWEST_TRIED, _CELLS_TRIED = (
    50,
    40_000,
)  # rows, and cells of rows, of which some are hidden
_LEAST_SPREAD = 0.5  # of a column's variance in all rows, in part of them


class _Rows(NamedTuple):
    """Rows of EM: cells with 0 at holes, where the holes are, weights that sum to one.

    No variance is taken to be below ``least``: where a column varies only in rows that
    were left out, its cells there would otherwise be infinitely far from the mean.
    """

    x: np.ndarray
    mask: np.ndarray
    weight: np.ndarray
    groups: list[HoleGroup]
    least: np.ndarray | float

    @classmethod
    def of(cls, x, weight, least=0.0):
        mask = np.isnan(x)
        groups = list(groups_of_holes(mask))
        return cls(np.where(mask, 0.0, x), mask, weight / weight.sum(), groups, least)

    def state(self, mean, covariance):
        """Return a state with the least variances."""
        own = np.diag_indices_from(covariance)
        covariance[own] = np.maximum(covariance[own], self.least)
        return _State(mean, covariance)


class _State(NamedTuple):
    """What EM knows: mean and covariance, not shrunk."""

    mean: np.ndarray
    covariance: np.ndarray


def fit_gaussian(x, weight: np.ndarray | None = None, seed: int = 0) -> GaussianWithHoles:
    """Return the Gaussian of the observed cells, regularised as hidden cells advise.

    Parameters
    ----------
    x : rows of shape (n_samples, n_features)
        Roughly centred and of unit size, NaN at holes. At most some thousand of the rows,
        drawn at random, are used.
    weight : ndarray of shape (n_samples,) or None
        A row of weight 2 counts as the row twice. None: all are 1.
    seed : int
        Of the rows that are drawn and the cells that are hidden.

    Returns
    -------
    GaussianWithHoles
        In numbers that float32 has too. Columns without two different cells have no
        variance, and mean 0 if they have no cell. Its rank is at most ``n_features - 1``,
        and 64 of more than 100 columns, however many of them vary in the rows drawn.
    """
    random = np.random.RandomState(seed)
    rows, weight = _drawn(x, weight, random)
    mask = np.isnan(rows)
    total = weight @ ~mask
    mean = weight @ np.where(mask, 0.0, rows) / np.where(total > 0, total, 1.0)
    spread = weight @ np.where(mask, 0.0, rows - mean) ** 2
    # Rounding gives a constant column a variance of about 1e-32 of its square.
    varies = spread > 1e-24 * (1 + mean**2) * total
    n_features = len(mean)
    loadings, noise = np.zeros((n_features, 1)), np.zeros(n_features)
    if varies.any():
        is_exact = n_features <= _MOST_COLUMNS_EXACT
        most = n_features - 1 if is_exact else _RANK_OF_MORE
        part = _fit(rows[:, varies], weight, random, most)
        loadings = np.zeros((n_features, part.loadings.shape[1]))
        mean[varies], loadings[varies], noise[varies] = part.mean, part.loadings, part.noise
    # What float32 has no room for says nothing of others, and is filled by its mean.
    is_far = noise > np.finfo(np.float32).max
    loadings[is_far], noise[is_far] = 0.0, np.finfo(np.float32).max
    in_float32 = (a.astype(np.float32).astype(float) for a in (mean, loadings, noise))
    return GaussianWithHoles(*in_float32)


def _drawn(x, weight, random) -> tuple[np.ndarray, np.ndarray]:
    """Return some thousand rows that have a cell and a weight, and their weights."""
    n_rows = x.shape[0]
    weight = np.ones(n_rows) if weight is None else np.asarray(weight, dtype=float)
    index = np.flatnonzero(weight > 0)
    most = min(_MOST_ROWS, max(_FEWEST_ROWS, _MOST_CELLS // x.shape[1]))
    if len(index) > most:
        index = np.sort(random.choice(index, most, replace=False))
    rows, weight = np.asarray(x[index], dtype=float), weight[index]
    known = ~np.isnan(rows).all(axis=1)
    return rows[known], weight[known]


def _fit(x, weight, random, most: int) -> GaussianWithHoles:
    """Return the Gaussian, of rank ``most`` at most, of columns that vary."""
    n_features = x.shape[1]
    n_rows = int(_AFFORDABLE / _work(np.isnan(x)))
    if n_features > _MOST_COLUMNS or n_rows < min(len(x), 2 * n_features):
        return fit_wide_gaussian(x, weight, random)
    unit = np.sqrt(np.diag(_start(_Rows.of(x, weight)).covariance))
    if n_rows < len(x):
        index = random.choice(len(x), n_rows, replace=False)
        x, weight = x[index], weight[index]
    # Rows with the same holes come together, so that their systems are inverted once.
    order = np.lexsort(np.packbits(np.isnan(x), axis=1).T)
    x, weight = x[order], weight[order]
    rows = _Rows.of(x, weight, _LEAST_SPREAD * unit**2)
    if len(x) < 2 * _FOLDS:
        state, em_strength, strength = _start(rows), _STRENGTHS_OF_EM[0], _STRENGTHS[0]
    else:
        state, em_strength, strength = _chosen(x, weight, unit, random)
    affordable = min(_MORE_STEPS, int(_CHEAP / _work(rows.mask) / len(x)))
    state = _em(rows, state, em_strength, max(_LAST_STEPS, affordable))
    return _as_gaussian(state, strength, most)


def _work(mask) -> float:
    """Return multiplications of a step of EM for a row, counted as small systems cost."""
    holes = mask.sum(axis=1).astype(float)
    _, first = np.unique(np.packbits(mask, axis=1), axis=0, return_index=True)
    inverted = 2.7 * (holes[first] ** 3).sum() / len(holes)
    return inverted + 40 * (holes**2).mean() + mask.shape[1] ** 2 / 2


def _start(rows: _Rows) -> _State:
    """Return means and variances of the observed cells, and shrunk covariances."""
    known = ~rows.mask
    share = np.maximum(rows.weight @ known, np.finfo(float).tiny)
    mean = rows.weight @ rows.x / share
    y = np.where(known, rows.x - mean, 0.0)
    # Divided by the geometric mean of the shares, it stays a covariance.
    y *= np.sqrt(rows.weight)[:, np.newaxis] / np.sqrt(share)
    return rows.state(mean, y.T @ y)


def _em(rows: _Rows, state: _State, strength: float, n_steps: int) -> _State:
    """Return the state after some steps of EM."""
    unit = np.sqrt(np.diag(state.covariance))
    last = None
    for _ in range(n_steps):
        y = np.where(rows.mask, 0.0, rows.x - state.mean)
        inverse = _precision(state.covariance, strength)
        filled, rest = _completed(rows, y, inverse, with_rest=True)
        move = rows.weight @ filled
        weighted = filled * rows.weight[:, np.newaxis]
        covariance = weighted.T @ filled + rest - np.outer(move, move)
        state = rows.state(state.mean + move, covariance)
        if not rows.groups:
            break
        filled += state.mean - move
        if last is not None:
            moved = ((filled - last) / unit)[rows.mask]
            if np.sqrt((moved**2).mean()) < _STILL:
                break
        last = filled
    return state


def _completed(rows: _Rows, y, inverse, *, with_rest: bool):
    """Return deviations with holes filled, and the mean covariance of the holes.

    The latter is left out, and 0, unless it is asked for.
    """
    n_features = y.shape[1]
    most = max((g.holes.shape[1] for g in rows.groups), default=0)
    size = n_features + most  # one more for each column that only makes rows as long
    P = np.eye(size)
    P[:n_features, :n_features] = inverse
    together = np.pad(y @ inverse, ((0, 0), (0, most)))
    rest = np.zeros(size * size)
    filled = np.pad(y, ((0, 0), (0, most)))
    for index, holes in rows.groups:
        wanted = -together[index[:, np.newaxis], holes][:, :, np.newaxis]
        if with_rest:
            is_first = np.append(True, (holes[1:] != holes[:-1]).any(axis=1))
            which, first = np.cumsum(is_first) - 1, np.flatnonzero(is_first)
            at = holes[first, :, np.newaxis] * size + holes[first, np.newaxis]
            covariance = np.linalg.inv(P.take(at))
            found = covariance[which] @ wanted
            weight = np.add.reduceat(rows.weight[index], first)
            covariance *= weight[:, np.newaxis, np.newaxis]
            rest += np.bincount(at.ravel(), covariance.ravel(), minlength=size * size)
        else:
            at = holes[:, :, np.newaxis] * size + holes[:, np.newaxis]
            found = np.linalg.solve(P.take(at), wanted)
        filled[index[:, np.newaxis], holes] = found[:, :, 0]
    rest = rest.reshape(size, size)[:n_features, :n_features]
    return filled[:, :n_features], rest


def _correlations(covariance):
    """Return standard deviations and correlations."""
    unit = np.sqrt(np.maximum(np.diag(covariance), np.finfo(float).tiny))
    return unit, covariance / unit / unit[:, np.newaxis]


def _precision(covariance, strength):
    """Return the inverse of the shrunk covariance."""
    unit, R = _correlations(covariance)
    strength = max(strength, _LEAST)
    R[np.diag_indices_from(R)] += strength
    inverse = cho_solve(cho_factor(R, lower=True), np.eye(len(R))) * (1 + strength)
    return inverse / unit / unit[:, np.newaxis]


def _chosen(x, weight, unit, random) -> tuple[_State, float, float]:
    """Return a state of EM, its strength, and that of its use: those that find best."""
    fold = random.permutation(len(x)) % _FOLDS
    parts = []
    for left_out in range(_FOLDS if x.size < _FEW_CELLS else 1):
        seen, tried = fold != left_out, fold == left_out
        rows = _Rows.of(x[seen], weight[seen], _LEAST_SPREAD * unit**2)
        parts.append((rows, list(_hidden(x[tried], weight[tried], random))))
    states = [_start(rows) for rows, _ in parts]
    best, least = (states[0], _STRENGTHS_OF_EM[0], _STRENGTHS[0]), np.inf
    for em_strength in _STRENGTHS_OF_EM:
        errors = np.zeros(len(_STRENGTHS))
        for i, (rows, hidden) in enumerate(parts):
            states[i] = _em(rows, states[i], em_strength, _STEPS)
            errors += _errors(hidden, states[i], unit)
        if errors.min() >= least * (1 - _WORTH_IT):
            break
        least = errors.min()
        # In order of decreasing strength, so that of equals the strongest is taken.
        strength = _STRENGTHS[int(np.argmax(errors <= least * (1 + _WORTH_IT)))]
        best = states[0], em_strength, strength
    return best


def _hidden(x, weight, random):
    """Give copies of rows with other cells hidden: what is left, and what is hidden.

    A fifth of the cells is hidden at a time, and columns with the same holes together.
    """
    most = max(_FEWEST_TRIED, _CELLS_TRIED // x.shape[1])
    if len(x) > most:
        index = random.choice(len(x), most, replace=False)
        x, weight = x[index], weight[index]
    together = np.arange(x.shape[1])
    _, first, which = np.unique(np.isnan(x), axis=1, return_index=True, return_inverse=True)
    together = np.where(np.isnan(x).any(axis=0), first[which.ravel()], together)
    part = random.randint(_FOLDS, size=x.shape)[:, together]
    for number in range(_PARTS):
        hidden = (part == number) & ~np.isnan(x)
        rows = _Rows.of(np.where(hidden, np.nan, x), weight)
        yield rows, np.where(hidden, x, np.nan)


def _errors(hidden, state: _State, unit) -> np.ndarray:
    """Return the squared error on hidden cells for each strength."""
    inverses = [_precision(state.covariance, strength) for strength in _STRENGTHS]
    errors = np.zeros(len(_STRENGTHS))
    for rows, cells in hidden:
        y = np.where(rows.mask, 0.0, rows.x - state.mean)
        wanted = (cells - state.mean) / unit
        for i, inverse in enumerate(inverses):
            filled, _ = _completed(rows, y, inverse, with_rest=False)
            errors[i] += rows.weight @ np.nansum((filled / unit - wanted) ** 2, axis=1)
    return errors


def _as_gaussian(state: _State, strength: float, most: int) -> GaussianWithHoles:
    """Return the shrunk covariance as loadings and noise."""
    unit, R = _correlations(state.covariance)
    n_features = len(R)
    R[np.diag_indices_from(R)] += strength
    R /= 1 + strength
    if n_features <= most + 1:
        variances, axes = eigh(R)
        noise = np.full(n_features, max(variances[0], _LEAST))
        loadings = axes[:, 1:] * np.sqrt(np.maximum(variances[1:] - noise[0], 0.0))
        loadings = loadings if n_features > 1 else np.zeros((1, 1))
    else:
        loadings, noise = _factors(R)
    return GaussianWithHoles(state.mean, loadings * unit[:, np.newaxis], noise * unit**2)


def _factors(R):
    """Return loadings and noise of a factor analysis, by principal axes."""
    n_features = len(R)
    noise = np.full(n_features, 0.5)
    for _ in range(5):
        root = np.sqrt(noise)
        first = n_features - _RANK_OF_MORE
        found = eigh(R / root / root[:, None], subset_by_index=[first, n_features - 1])
        loadings = found[1] * np.sqrt(np.maximum(found[0] - 1, 0.0)) * root[:, np.newaxis]
        noise = np.maximum(1 - (loadings**2).sum(axis=1), 1e-3)
    return loadings, noise
