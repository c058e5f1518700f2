"""Errors for tables that scikit-learn, numpy or a DataFrame library cannot convert."""

import numpy as np

__all__ = ["refuse"]

_MOST_NAMED = 5  # columns in a message

_MISSING = "NAType", "NaTType"  # of pandas


def refuse(X, name: str, error: Exception) -> None:
    """Raise a better error for ``X``, which ``error`` refuses, if there is one."""
    better = _better_error(X, name, error)
    if better is not None:
        raise better from error


def _better_error(X, name: str, error: Exception) -> Exception | None:
    if type(X).__name__ == "LazyFrame":
        return ValueError(
            f"{name} is a LazyFrame, whose rows are not there yet; expected a table in "
            f"memory. Pass {name}.collect()."
        )
    if hasattr(X, "tocsr"):
        if "dense data is required" not in str(error):
            return None  # of values, of which scikit-learn says enough
        return TypeError(
            f"{name} is a sparse {type(X).__name__} of shape {X.shape}, but dense data is "
            f"required. Pass {name}.toarray()."
        )
    if hasattr(X, "columns"):
        return _error_of_frame(X, name)
    if hasattr(X, "shape"):
        return _error_of_array(X, name, error)
    return _error_of_container(X, name, error)


def _error_of_array(X, name: str, error: Exception) -> Exception | None:
    if len(X.shape) > 2:
        return ValueError(
            f"{name} has shape {tuple(X.shape)}; expected two dimensions, a row per sample "
            f"and a column per feature. Reshape it: {name}.reshape(len({name}), -1)."
        )
    if "could not convert string" in str(error):
        return ValueError(
            f"{name} holds text ({error}); expected numbers. Encode text first, with "
            "OneHotEncoder or OrdinalEncoder for one."
        )
    return None


def _error_of_container(X, name: str, error: Exception) -> Exception | None:
    if isinstance(X, dict):
        return ValueError(
            f"{name} is a dict; expected a table, a row per sample and a column per "
            f"feature. Pass pandas.DataFrame({name}), or numpy.column_stack of its values."
        )
    if not isinstance(X, (list, tuple)):
        return None
    lengths = {len(row) for row in X if hasattr(row, "__len__")}
    if len(lengths) > 1 and not any(isinstance(row, str) for row in X):
        return ValueError(
            f"{name} has rows of {min(lengths)} to {max(lengths)} values; expected as many "
            "in every row, one per feature. Fill up the short ones, or leave them out."
        )
    try:
        return _error_of_array(np.asarray(X), name, error)
    except ValueError:  # ragged further inside
        return None


def _error_of_frame(X, name: str) -> Exception | None:
    names = list(X.columns)
    twice = sorted({str(column) for column in names if names.count(column) > 1})
    if twice:
        return ValueError(
            f"{name} has several columns called {', '.join(map(repr, twice))}; expected a "
            f"name of its own for each. Rename them, or pass {name}.to_numpy()."
        )
    if not all(isinstance(column, str) for column in names):
        return None  # scikit-learn tells what to do
    texts = [repr(column) for column in names if not _holds_numbers(X[column])]
    if not texts:
        return None
    more = f" and {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else ""
    return ValueError(
        f"{name} has columns that hold no numbers: {', '.join(texts[:_MOST_NAMED])}{more}; "
        "expected numbers in all. Encode them first, in a ColumnTransformer with "
        "OneHotEncoder for one, or leave them out."
    )


def _holds_numbers(column) -> bool:
    """Return whether float() takes all values but the missing ones, which are told of."""
    values = np.asarray(column)
    if values.dtype != object:
        return values.dtype.kind in "biuf"
    try:
        for value in values:
            if value is not None and type(value).__name__ not in _MISSING:
                float(value)
    except (TypeError, ValueError):
        return False
    return True
