"""Dtypes, labels and missing cells of pandas and polars as plain values, and back."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ._numpy import MOST_COLLISIONS, n_collisions

__all__ = ["check_hashes", "frame_part", "plain_frame_part"]

_POLARS = (
    *("Int8", "Int16", "Int32", "Int64", "Int128", "UInt8", "UInt16", "UInt32", "UInt64"),
    *("Float32", "Float64", "Boolean", "String", "Categorical", "Null", "Object"),
)

_MOST_LABELS = 2**20  # a range takes no room, and what is made of it may


def plain_frame_part(value: Any) -> list[tuple[str, Any]] | None:
    """Return names and parts, the first of which is "$", or None for anything else.

    The parts have plain forms of their own.

    Examples
    --------
    >>> import pandas as pd
    >>> plain_frame_part(pd.Int64Dtype())
    [('$', 'pandas dtype'), ('name', 'Int64')]
    """
    library = type(value).__module__.split(".")[0]
    if library == "pandas":
        return _plain_pandas(value)
    # Dtypes of polars may be classes.
    base = getattr(value, "__module__", "").split(".")[0]
    return _plain_polars(value) if "polars" in (library, base) else None


def _plain_pandas(value: Any) -> list[tuple[str, Any]] | None:
    import pandas as pd

    found: list[tuple[str, Any]] | None = None
    if value is pd.NA or value is pd.NaT:
        found = [("$", "pandas missing"), ("name", "NA" if value is pd.NA else "NaT")]
    elif isinstance(value, pd.MultiIndex):
        codes = ("codes", [x.tolist() for x in value.codes])
        names = ("names", list(value.names))
        found = [("$", "pandas levels"), ("levels", list(value.levels)), codes, names]
    elif isinstance(value, pd.RangeIndex):
        ends = (value.start, value.stop, value.step)
        found = [("$", "pandas range"), ("ends", ends), ("name", value.name)]
    elif isinstance(value, pd.Index):
        parts = ("dtype", value.dtype), ("name", value.name)
        found = [("$", "pandas labels"), ("items", value.tolist()), *parts]
    elif isinstance(value, pd.CategoricalDtype):
        ordered = ("ordered", value.ordered)
        found = [("$", "pandas categories"), ("labels", value.categories), ordered]
    elif isinstance(value, pd.StringDtype):
        storage, missing = ("storage", value.storage), ("missing", value.na_value)
        found = [("$", "pandas text"), storage, missing]
    elif isinstance(value, pd.ArrowDtype) and str(value) == "string[pyarrow]":
        found = [("$", "pandas Arrow text")]  # that name is of a StringDtype
    elif isinstance(value, pd.api.extensions.ExtensionDtype) and _is_named(value):
        found = [("$", "pandas dtype"), ("name", str(value))]
    return found


def _is_named(dtype: Any) -> bool:
    """Return whether the name of a dtype of pandas says all of it."""
    import pandas as pd

    try:
        return bool(pd.api.types.pandas_dtype(str(dtype)) == dtype)
    except (NotImplementedError, TypeError, ValueError):
        return False


def _plain_polars(value: Any) -> list[tuple[str, Any]] | None:
    import polars as pl

    if isinstance(value, pl.Enum):
        return [("$", "polars Enum"), ("items", value.categories.to_list())]
    if isinstance(value, pl.Decimal):
        digits = ("precision", value.precision), ("scale", value.scale)
        return [("$", "polars Decimal"), *digits]
    name = str(value.base_type())
    if name in _POLARS and getattr(pl, name)() == value:
        return [("$", "polars dtype"), ("name", name)]
    return None


def frame_part(kind: str, parts: dict[str, Any]) -> Any:
    """Return the value that ``plain_frame_part`` made plain; KeyError for no such kind."""
    if kind.startswith("pandas"):
        import pandas

        return _PANDAS[kind](pandas, **parts)
    import polars

    return _POLARS_PARTS[kind](polars, **parts)


def check_hashes(items: list) -> None:
    """Raise ValueError for many values that differ and have the same hash."""
    if (n := n_collisions(items)) > MOST_COLLISIONS:
        raise ValueError(f"{n} values have the hash of another")


def _polars_dtype(pl: Any, name: str) -> Any:
    if name not in _POLARS:
        raise KeyError(name)
    # As a frame has it: an instance.
    return getattr(pl, name)()


def _pandas_range(pd: Any, ends: tuple, name: Any) -> Any:
    labels = pd.RangeIndex(*ends, name=name)
    if len(labels) > _MOST_LABELS:
        raise ValueError(f"{len(labels)} labels")
    return labels


def _pandas_labels(pd: Any, items: Any, dtype: Any, name: Any) -> Any:
    if type(items) is not list:  # a range of labels would take room here
        raise TypeError(f"labels are {type(items).__name__}")
    if isinstance(dtype, str):  # of which nobody has seen how wide its cells are
        raise TypeError(f"the dtype of labels is the text {dtype!r}")
    check_hashes(items)
    return pd.Index(items, dtype=dtype, name=name)


def _pandas_dtype(pd: Any, name: str) -> Any:
    dtype = pd.api.types.pandas_dtype(name)
    # Those of numpy have a form of their own, which bounds the width of a cell.
    if not isinstance(dtype, pd.api.extensions.ExtensionDtype):
        raise TypeError(f"{name!r} is no dtype of pandas")
    return dtype


def _pandas_arrow_text(pd: Any) -> Any:
    import pyarrow

    return pd.ArrowDtype(pyarrow.string())


def _pandas_text(pd: Any, storage: str, missing: Any) -> Any:
    if missing is pd.NA:
        return pd.StringDtype(storage)
    try:
        return pd.StringDtype(storage, missing)
    except TypeError:  # before pandas 3 such columns were of objects
        return np.dtype(object)


_PANDAS: dict[str, Callable] = {
    "pandas missing": lambda pd, name: {"NA": pd.NA, "NaT": pd.NaT}[name],
    "pandas levels": lambda pd, **parts: pd.MultiIndex(**parts),
    "pandas range": _pandas_range,
    "pandas labels": _pandas_labels,
    "pandas categories": lambda pd, labels, ordered: pd.CategoricalDtype(labels, ordered),
    "pandas text": _pandas_text,
    "pandas Arrow text": _pandas_arrow_text,
    "pandas dtype": _pandas_dtype,
}
_POLARS_PARTS: dict[str, Callable] = {
    "polars Enum": lambda pl, items: pl.Enum(items),
    "polars Decimal": lambda pl, precision, scale: pl.Decimal(precision, scale),
    "polars dtype": _polars_dtype,
}
