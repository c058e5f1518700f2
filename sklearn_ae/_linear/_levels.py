"""Levels of a categorical column from linear codes: a multinomial regression."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from .._columns import log_frequencies

__all__ = ["regress_level"]

_MOST_ROWS, _MOST_STEPS = 2000, 25  # enough for so few weights
_ROUNDING = 1e-7


def regress_level(
    codes: np.ndarray,
    level: np.ndarray,
    frequencies: np.ndarray,
    seed: int,
    weight: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and biases of the logits of a column: the best ones linear in codes.

    By L-BFGS, with a penalty on the weights, that of LogisticRegression: codes may part
    the levels of few rows entirely, and their weights would grow without end.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_components)
    level : ndarray of shape (n_samples,)
        Indices of levels, NaN at holes.
    frequencies : ndarray of shape (n_levels,)
        Of the levels; logits start at their logarithm.
    seed : int
        Of the rows that are taken, if there are many.
    weight : ndarray of shape (n_samples,) or None
        Of each row.

    Returns
    -------
    weight : ndarray of shape (n_levels, n_components)
    bias : ndarray of shape (n_levels,)
    """
    rows = np.flatnonzero(~np.isnan(level))
    if len(rows) > _MOST_ROWS:
        rows = np.random.RandomState(seed).permutation(rows)[:_MOST_ROWS]
    n_levels, width = len(frequencies), codes.shape[1] + 1
    start = np.zeros((n_levels, width))
    start[:, -1] = log_frequencies(frequencies)
    if len(rows) == 0 or n_levels < 2:
        return start[:, :-1], start[:, -1]
    codes = codes[rows]
    mean, spread = codes.mean(axis=0), codes.std(axis=0)
    # Indicators sum to one: of as many components as indicators one is a rounding error.
    spread = np.where(spread > _ROUNDING * spread.max(), spread, 1.0)
    x = np.column_stack([(codes - mean) / spread, np.ones(len(rows))])
    wanted = np.eye(n_levels)[level[rows].astype(np.intp)]
    share = np.ones(len(rows)) if weight is None else weight[rows]
    found = _minimise(x, wanted, start, share / share.sum())
    scaled = found[:, :-1] / spread
    return scaled, found[:, -1] - scaled @ mean


def _minimise(x: np.ndarray, wanted: np.ndarray, start: np.ndarray, share) -> np.ndarray:
    """Return the weights, (n_levels, width), of the least cross-entropy."""
    penalty = 1 / len(x)

    def loss(flat):
        weight = flat.reshape(start.shape)
        log_p = log_softmax(x @ weight.T, axis=1)
        pull = penalty * weight
        pull[:, -1] = 0  # frequencies are not penalised
        value = -(share @ (log_p * wanted)).sum() + (pull * weight).sum() / 2
        slope = (np.exp(log_p) - wanted).T * share @ x + pull
        return value, slope.ravel()

    options = {"maxiter": _MOST_STEPS}
    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    return found.x.reshape(start.shape)
