"""y as numbers and classes, for fits that codes are to predict it after."""

from typing import Any, NoReturn

import numpy as np

from .._columns import Response, distinct_cells, kind_of, types_of

__all__ = ["read_response"]

# Whole numbers of more values than this, with gaps between them, are no labels.
_MOST_LABELS = 30
_KINDS = {"text", "flag", "number"}


def read_response(y: Any, n_rows: int, share: float) -> Response:
    """Return y as columns of numbers and of classes, or raise ValueError.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Text, booleans, categories and whole numbers are classes, as scikit-learn's
        ``type_of_target`` has it; other numbers are numbers. None and NaN are missing, and
        so is -1 among whole numbers of two classes or more beside it.
    n_rows : int
        Number of samples.
    share : float
        The parameter target_weight.
    """
    if y is None:
        raise ValueError(
            f"target_weight={share:g} requires y to be passed, but the target y is None; "
            "expected a class or a number for each sample. Pass y to fit, or set "
            "target_weight=0, which ignores y."
        )
    table = _as_columns(y)
    if len(table) != n_rows:
        raise ValueError(
            f"y has {len(table)} values and X has {n_rows} rows; expected as many. Found "
            f"input variables with inconsistent numbers of samples: {[n_rows, len(table)]}."
            " Pass y of these samples, in their order."
        )
    columns, n_levels = [], []
    for j in range(table.shape[1]):
        name = "y" if table.shape[1] == 1 else f"column {j} of y"
        values, n = _read_column(table[:, j], name)
        columns.append(values)
        n_levels.append(n)
    return Response(np.column_stack(columns), tuple(n_levels), share)


def _as_columns(y: Any) -> np.ndarray:
    """Return y as an array, (n_samples, n_outputs), of numbers or of objects."""
    if hasattr(y, "toarray"):  # sparse, as labels of many kinds often are
        y = y.toarray()
    try:
        table = np.asarray(y)
        if table.dtype.kind == "U" and isinstance(y, (list, tuple)):
            table = np.asarray(y, dtype=object)  # which numbers beside text stay numbers in
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"y cannot be read as an array ({error}); expected a class or a number for "
            "each sample, or as many for every one. Pass a list or an array of them."
        ) from error
    if table.ndim == 1:
        table = table[:, np.newaxis]
    if table.ndim != 2 or table.shape[1] == 0:
        raise ValueError(
            f"y has shape {table.shape}; expected (n_samples,), or (n_samples, n_outputs) "
            "for several. Pass y.ravel(), or a column for each output."
        )
    return table


def _read_column(cells: np.ndarray, name: str) -> tuple[np.ndarray, int]:
    """Return numbers or indices of classes, NaN where missing, and how many classes."""
    if cells.dtype.kind == "b":
        return _as_classes(cells.astype(np.float64), 2, name)
    if cells.dtype.kind in "iuf":
        return _read_numbers(cells.astype(np.float64), name)
    listed = cells.tolist()
    kinds = {kind_of(kind) for kind in types_of(listed)}
    if len(kinds) > 1 or not kinds <= _KINDS:
        what = " and ".join(sorted(kinds))
        _refuse(name, f"holds {what}", "texts, booleans or numbers, one kind of them")
    found, place = distinct_cells(listed)
    if kinds == {"number"}:
        return _read_numbers(np.array([*map(float, found), np.nan])[place], name)
    # Sorted, so that codes do not depend on the order of the samples.
    rank = np.full(len(found) + 1, -1.0)
    rank[sorted(range(len(found)), key=found.__getitem__)] = np.arange(len(found))
    return _as_classes(rank[place], len(found), name)


def _read_numbers(values: np.ndarray, name: str) -> tuple[np.ndarray, int]:
    """Return numbers, NaN where missing, or what whole ones are as classes."""
    distinct = np.unique(values[~np.isnan(values)])
    if np.isinf(distinct).any():
        _refuse(name, "holds infinity", "finite numbers")
    is_whole = bool((distinct == np.rint(distinct)).all())
    has_gaps = len(distinct) > 1 and np.ptp(distinct) >= len(distinct)
    if not is_whole or (len(distinct) > _MOST_LABELS and has_gaps):
        if len(distinct) == 1:
            _refuse(name, f"is {distinct[0]:g} for all samples", "different values")
        return values, 0
    if len(distinct) > 2 and distinct[0] == -1:
        distinct = distinct[1:]  # no label, as in sklearn.semi_supervised
    place = np.full(len(values), -1.0)
    for index, value in enumerate(distinct):
        place[values == value] = index
    return _as_classes(place, len(distinct), name)


def _as_classes(values: np.ndarray, n: int, name: str) -> tuple[np.ndarray, int]:
    """Return indices of ``n`` classes, NaN where they are below 0, and ``n``."""
    values = np.where(values < 0, np.nan, values)
    found = np.unique(values[~np.isnan(values)])
    if len(found) == 0:
        _refuse(name, "is missing for all samples", "a class or a number for some")
    if len(found) == 1:
        _refuse(name, "has one class", "two classes or more, else nothing can be learnt")
    return values, n


def _refuse(name: str, fault: str, expected: str) -> NoReturn:
    raise ValueError(
        f"{name} {fault}; expected {expected}, since target_weight is above 0. Correct y, "
        "or set target_weight=0, which ignores y."
    )
