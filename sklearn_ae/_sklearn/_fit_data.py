"""What ``fit`` and ``score`` take beside X: weights of rows, and own validation rows."""

from typing import Any

import numpy as np

from .._columns import SparseTable, rows_at
from ._response import read_response
from ._validation import read_table, refuse_holes, refuse_other_names, validate_clean_rows

__all__ = ["chunk_rows", "validate_fit_data", "weighted_rows"]

# Weights are used up to this mean: beyond it n and n - 1 are the same number, and squares
# of rows times weights could overflow.
_LARGEST_MEAN = 1e12

_LARGEST_OF_CHUNK = 1e50  # squares of sums stay numbers


def validate_fit_data(estimator, X: Any, X_clean, y, *given):
    """Return X and X_clean with the rows that count, what belongs to them, validation rows.

    Parameters
    ----------
    estimator : BaseEstimator
        It has seen the columns of ``X``.
    X : ndarray or SparseTable of shape (n_samples, n_features)
        Validated.
    X_clean : array-like of shape (n_samples, n_features) or None
    y : object
        Read if ``target_weight`` is above 0.
    *given : array-like or None
        ``sample_weight``, ``X_val`` and ``X_clean_val``, as in ``fit``.

    Returns
    -------
    X, X_clean : ndarray or SparseTable, and the same or None
        Without rows of weight zero.
    weight : ndarray of shape (n_samples,) or None
        None: all rows have the same weight.
    beside : dict
        "own_rows": validation rows and their targets, (ndarray, ndarray or None), or None;
        "response": y as codes are to predict it, or None if it is ignored.
    """
    sample_weight, X_val, X_clean_val = given
    if X_clean is not None:
        X_clean = validate_clean_rows(estimator, X_clean, X)
        if isinstance(X, SparseTable) != isinstance(X_clean, SparseTable):
            X, X_clean = X[:], X_clean[:]  # both dense, as one of them is
    own_rows = None
    if X_val is not None or X_clean_val is not None:
        has_pairs = X_clean is not None
        _refuse_half_pairs(X_val is not None, X_clean_val is not None, has_pairs)
        own_rows = _own_rows(estimator, X, X_val, X_clean_val)
    kept, response = weighted_rows(sample_weight, X, X_clean), None
    if estimator.target_weight:
        counts = np.ones(len(X), dtype=bool)
        if len(kept[0]) < len(X):
            counts = np.asarray(sample_weight, dtype=float) > 0
        response = read_response(y, counts, estimator.target_weight)
    return *kept, {"own_rows": own_rows, "response": response}


def weighted_rows(
    sample_weight, X: Any, X_clean: Any
) -> tuple[Any, Any, np.ndarray | None]:
    """Return the rows that have a weight, and their weights; None if these are equal.

    A weight counts a row as if it were repeated. Where weights are below 1 on average,
    they are made 1 on average: there cannot be fewer rows than there are.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), float or None
    X, X_clean : ndarray or SparseTable of shape (n_samples, n_features)
        The second one may be None.
    """
    if sample_weight is None:
        return X, X_clean, None
    weight = _as_weights(sample_weight, len(X))
    counts = weight > 0
    _refuse_no_weight(counts)
    if not counts.all():
        is_own_target = X_clean is X
        X, weight = rows_at(X, counts), weight[counts]
        if X_clean is not None:
            X_clean = X if is_own_target else rows_at(X_clean, counts)
    if weight.min() == weight.max():
        return X, X_clean, None
    shares = weight / weight.max()  # a sum of weights may overflow
    mean = weight.max() * shares.mean()
    if not 1 <= mean <= _LARGEST_MEAN:
        weight = shares / shares.mean() * np.clip(mean, 1, _LARGEST_MEAN)
    return X, X_clean, weight


def chunk_rows(sample_weight, X: Any, X_clean: Any):
    """Return the rows that have a weight, and the weights as they are, or None.

    Other chunks may have others: weights are compared across all of them.
    """
    if sample_weight is None:
        return X, X_clean, None
    weight = _as_weights(sample_weight, len(X))
    counts = weight > 0
    _refuse_no_weight(counts)
    least, largest = weight[counts].min(), weight.max()
    if least < 1 / _LARGEST_OF_CHUNK or largest > _LARGEST_OF_CHUNK:
        raise ValueError(
            f"sample_weight has values from {least:.3g} to {largest:.3g}; expected at most "
            f"{_LARGEST_OF_CHUNK:g} and at least its inverse, since they are added up over "
            "chunks. Divide the weights of all chunks by the same number."
        )
    if not counts.all():
        X, weight = rows_at(X, counts), weight[counts]
        X_clean = None if X_clean is None else rows_at(X_clean, counts)
    return X, X_clean, weight


def _refuse_no_weight(counts: np.ndarray) -> None:
    if not counts.any():
        raise ValueError(
            f"sample_weight is zero for all {len(counts)} rows; expected a weight above 0 "
            "for one row at least, since rows of weight 0 are left out. Pass "
            "sample_weight=None if all rows count the same."
        )


def _as_weights(sample_weight, n_rows: int) -> np.ndarray:
    """Return weights as an array of float64, (n_rows,), or raise ValueError."""
    try:
        given = np.asarray(sample_weight)
        if given.dtype.kind not in "biufO":
            raise ValueError(f"dtype {given.dtype}")
        weight = given.astype(np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"sample_weight holds values that are no real numbers ({error}); expected a "
            "number of at least 0 for each row. Convert them with float() first."
        ) from error
    if weight.ndim == 0:  # as scikit-learn's own estimators take it
        weight = np.full(n_rows, weight)
    if weight.ndim > 1:
        raise ValueError(
            f"sample_weight has shape {weight.shape}; expected one dimension, a weight for "
            f"each of {n_rows} rows: Sample weights must be 1D array or scalar. Pass one "
            "column, or sample_weight.ravel()."
        )
    if len(weight) != n_rows:
        raise ValueError(
            f"sample_weight has {len(weight)} values and X has {n_rows} rows; expected a "
            "weight for each row. Pass the weights of these rows, in their order."
        )
    for fault, is_wrong in (
        ("values that are NaN or infinite", ~np.isfinite(weight)),
        ("negative values", weight < 0),
    ):
        if is_wrong.any():
            row = int(is_wrong.argmax())
            raise ValueError(
                f"sample_weight has {int(is_wrong.sum())} {fault}, the first of them "
                f"{weight[row]:g} at {row}; expected finite numbers of at least 0. Use 0 "
                "for rows that should not count."
            )
    return weight


def _refuse_half_pairs(has_val: bool, has_clean_val: bool, has_clean: bool) -> None:
    """Raise ValueError unless training and validation rows are of one kind."""
    if not has_val:
        raise ValueError(
            "X_clean_val is given without X_val; expected the noisy rows that it belongs "
            "to. Pass both, or neither."
        )
    if has_clean and not has_clean_val:
        raise ValueError(
            "X_clean is given, and X_val without X_clean_val; expected pairs of noisy and "
            "clean rows for validation as for training. Pass X_clean_val, with a row for "
            "each row of X_val."
        )
    if has_clean_val and not has_clean:
        raise ValueError(
            "X_clean_val is given without X_clean; expected clean rows in X and X_val, to "
            "which noise is added, or pairs in both. Pass X_clean too, or the clean "
            "validation rows as X_val."
        )


def _own_rows(estimator, X: Any, X_val, X_clean_val):
    """Return the validation rows and their targets or None, as arrays of floats."""
    if not estimator.early_stopping:
        raise ValueError(
            "X_val is given and early_stopping=False, which selects no epoch and would "
            "ignore it; expected validation rows for early_stopping=True only. Set "
            "early_stopping=True, or leave X_val out."
        )
    rows, names = read_table(estimator, X_val, "X_val")
    n_features = X.shape[1]
    if rows.shape[1] != n_features:
        raise ValueError(
            f"X_val has {rows.shape[1]} columns and X has {n_features}; expected the same "
            "columns in the same order. Pass validation rows of the table that X is from."
        )
    refuse_other_names(estimator, names, "X_val", "X")
    if np.isnan(np.fmax.reduce(rows, axis=None)):
        raise ValueError(
            "X_val has no cell that is not missing (NaN); expected some values to select "
            "an epoch by. Look at what made X_val, or leave it out."
        )
    has_levels = estimator._table is not None and estimator._table.has_levels
    if not (has_levels or np.isnan(X.min())):
        refuse_holes(rows, "X_val")
    if X_clean_val is None:
        return rows, None
    clean = validate_clean_rows(estimator, X_clean_val, rows, "X_clean_val", "X_val")
    if not has_levels:
        refuse_holes(clean, "X_clean_val")
    return rows, clean
