"""y as numbers and classes, for fits that codes are to predict it after."""

from typing import Any, NoReturn

import numpy as np

from .._columns import Response, distinct_cells, is_missing, kind_of, types_of

__all__ = ["read_response"]

# Whole numbers of more values are labels only where so many of those between occur too, and
# each value so many times, on average.
_MOST_LABELS, _SHARE_OF_LABELS, _FEWEST_OF_LABEL = 30, 0.75, 2
_KINDS = {"text", "flag", "number"}


class _NothingToLearn(ValueError):
    """A column of y has no two values."""


def read_response(y: Any, counts: np.ndarray, share: float) -> Response:
    """Return y as columns of numbers and of classes, or raise ValueError.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Text, booleans, categories and whole numbers are classes, as scikit-learn's
        ``type_of_target`` has it; other numbers are numbers. None and NaN are missing, and
        so is -1 among whole numbers of two classes or more beside it.
    counts : ndarray of bool of shape (n_samples,)
        Which samples have a weight.
    share : float
        The parameter target_weight.
    """
    if y is None:
        raise ValueError(
            f"target_weight={share:g} requires y to be passed, but the target y is None; "
            "expected a class or a number for each sample. Pass y to fit, or set "
            "target_weight=0, which ignores y."
        )
    table, n_rows = _as_columns(y), len(counts)
    if len(table) != n_rows:
        raise ValueError(
            f"y has {len(table)} values and X has {n_rows} rows; expected as many. Found "
            f"input variables with inconsistent numbers of samples: {[n_rows, len(table)]}."
            " Pass y of these samples, in their order."
        )
    found, faults = [], []
    for j in range(table.shape[1]):
        name = "y" if table.shape[1] == 1 else f"column {j} of y"
        try:
            found.append(_read_column(table[counts, j], name))
        except _NothingToLearn as fault:  # as a rare label has in a part of the samples
            faults.append(fault)
    if not found:
        raise faults[0]
    columns, n_levels = zip(*found, strict=True)
    return Response(np.column_stack(columns), n_levels, share)


def _as_columns(y: Any) -> np.ndarray:
    """Return y as an array, (n_samples, n_outputs), of numbers or of objects."""
    if hasattr(y, "toarray"):  # sparse, as labels of many kinds often are
        y = y.toarray()
    try:
        if hasattr(y, "iloc") and hasattr(y, "columns"):
            parts = [_as_cells(y.iloc[:, j]) for j in range(y.shape[1])]
            table = np.column_stack(parts) if parts else np.empty((len(y), 0))
        else:
            table = _as_cells(y)
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


def _as_cells(y: Any) -> np.ndarray:
    """Return an array of y, in which categories of numbers are no numbers."""
    cells = np.asarray(y)
    if getattr(getattr(y, "dtype", None), "name", "") == "category":
        listed = cells.astype(object).tolist()
        names = [None if is_missing(cell) else str(cell) for cell in listed]
        return np.array(names, dtype=object)
    if cells.dtype.kind == "U" and isinstance(y, (list, tuple)):
        return np.asarray(y, dtype=object)  # numbers beside text would become text
    return cells


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
        try:
            numbers = np.array([*map(float, found), np.nan])
        except OverflowError:
            _refuse(name, "holds numbers beyond 1e308", "numbers that are floats")
        return _read_numbers(numbers[place], name)
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
    labels = distinct
    if len(distinct) > 2 and distinct[0] == -1:
        labels = distinct[1:]  # -1 is no label, as in sklearn.semi_supervised
    if is_whole and len(labels) > _MOST_LABELS:
        has_gaps = len(labels) < _SHARE_OF_LABELS * (np.ptp(labels) + 1)
        is_whole = not (has_gaps or _are_ids(values, len(labels)))
    if not is_whole:
        if len(distinct) == 1:
            fault = f"is {distinct[0]:g} for all samples"
            _refuse(name, fault, "different values", _NothingToLearn)
        return values, 0
    place = np.searchsorted(labels, values).astype(np.float64)
    place[~np.isin(values, labels)] = -1
    return _as_classes(place, len(labels), name)


def _are_ids(values: np.ndarray, n_labels: int) -> bool:
    """Whether hardly two samples share a value."""
    return bool((~np.isnan(values)).sum() < _FEWEST_OF_LABEL * n_labels)


def _as_classes(values: np.ndarray, n: int, name: str) -> tuple[np.ndarray, int]:
    """Return indices of ``n`` classes, NaN where they are below 0, and ``n``."""
    values = np.where(values < 0, np.nan, values)
    found = np.unique(values[~np.isnan(values)])
    if len(found) == 0:
        expected = "a class or a number for some"
        _refuse(name, "is missing for all samples", expected, _NothingToLearn)
    if len(found) == 1:
        expected = "two classes or more, else nothing can be learnt"
        _refuse(name, "has one class", expected, _NothingToLearn)
    if len(found) > _MOST_LABELS and _are_ids(values, len(found)):
        _refuse(name, f"has {len(found)} classes", "classes that samples share")
    return values, n


def _refuse(
    name: str, fault: str, expected: str, kind: type[ValueError] = ValueError
) -> NoReturn:
    raise kind(
        f"{name} {fault}; expected {expected}, since target_weight is above 0. Correct y, "
        "or set target_weight=0, which ignores y."
    )
