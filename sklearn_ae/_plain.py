"""What is fitted as plain values, and back: numbers, text, lists, arrays and known names.

So that a file needs no pickle. A value that JSON has no word for becomes a dictionary with
the key "$", which says what it is; classes are found in a table, and in no other way.
"""

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from ._code_density import (
    DeferredDensity,
    GaussianDensity,
    MixtureDensity,
    StandardNormalDensity,
)
from ._columns import Column, Scaler, Table
from ._fitted import Fitted
from ._objectives import Denoising, Reconstruction, Variational
from ._plain_frames import check_hashes, frame_part, plain_frame_part
from ._plan import Architecture
from .nn import TableLayout

__all__ = ["NotPlainError", "from_plain", "to_plain"]

_CLASSES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        Architecture,
        Column,
        Denoising,
        Fitted,
        GaussianDensity,
        MixtureDensity,
        Reconstruction,
        Scaler,
        StandardNormalDensity,
        Table,
        TableLayout,
        Variational,
    )
}
_TYPES: dict[str, type] = {kind.__name__: kind for kind in (bool, int, float, Decimal)}
# Kinds of dtypes, and bytes of a number: longdouble differs between machines.
_NUMBERS, _LARGEST = "biuf", 8
# Bytes of a cell by kind of dtype: pandas gives every label that many.
_WIDEST = {"S": 2**10, "V": 2**10, "U": 2**20}


class NotPlainError(ValueError):
    """A value is code, or of a class that has no plain form; ``args`` is the value."""


def to_plain(
    value: Any,
    keep: Callable[[np.ndarray], Any],
    other: Callable[[Any], Any] | None = None,
) -> Any:
    """Return ``value`` as what JSON has; NotPlainError for what has no such form.

    Parameters
    ----------
    value : object
    keep : callable
        Given an array of numbers or booleans, keeps it, and returns what stands for it.
    other : callable or None
        The same for what has no plain form. None: that is an error.

    Examples
    --------
    >>> to_plain((1, None, np.nan), keep=lambda array: array.tolist())
    {'$': 'tuple', 'items': [1, None, {'$': 'float', 'value': 'nan'}]}
    """
    form = _FORMS.get(type(value), _plain_object)
    return form(value, lambda part: to_plain(part, keep, other), keep, other)


def _plain_float(value: float, *how: Any) -> Any:
    return value if math.isfinite(value) else {"$": "float", "value": repr(value)}


def _plain_items(value: Any, plain: Callable, *how: Any) -> Any:
    items = [plain(part) for part in value]
    return items if type(value) is list else {"$": "tuple", "items": items}


def _plain_dict(value: dict, plain: Callable, *how: Any) -> Any:
    if not all(type(key) is str for key in value):
        raise NotPlainError(value)
    parts = {key: plain(part) for key, part in value.items()}
    return {"$": "dict", "items": parts}


_FORMS: dict[type, Callable] = {
    **dict.fromkeys((bool, int, str, type(None)), lambda value, *how: value),
    **dict.fromkeys((list, tuple), _plain_items),
    float: _plain_float,
    dict: _plain_dict,
    Decimal: lambda value, *how: {"$": "decimal", "value": str(value)},
}


def _plain_object(
    value: Any, plain: Callable, keep: Callable, other: Callable | None
) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return _plain_array(value, plain, keep)
    if isinstance(value, DeferredDensity):
        value.draw(1, np.random.RandomState(0))  # which fits it
        value = value.density
    name = type(value).__name__
    if _CLASSES.get(name) is type(value):
        parts = {name: plain(part) for name, part in _state_of(value).items()}
        return {"$": name, "state": parts}
    if isinstance(value, np.dtype):
        return {"$": "dtype", "name": value.str}
    if isinstance(value, type) and _TYPES.get(value.__name__) is value:
        return {"$": "type", "name": value.__name__}
    part = plain_frame_part(value)
    if part is not None:
        return {key: inner if key == "$" else plain(inner) for key, inner in part}
    if other is None:
        raise NotPlainError(value)
    return other(value)


def _plain_array(value: Any, plain: Callable, keep: Callable) -> Any:
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if isinstance(value, np.str_):
        return str(value)
    if array.dtype.kind == "O" and array.ndim == 1:
        return {"$": "objects", "items": [plain(x) for x in array.tolist()]}
    if array.dtype.kind == "U":
        if _pads(array.ravel().tolist()):
            return _plain_array(array.astype(object), plain, keep)
        return {"$": "texts", "items": array.tolist()}
    if array.dtype.kind not in _NUMBERS or array.dtype.itemsize > _LARGEST:
        raise NotPlainError(value)
    if isinstance(value, np.generic):
        number = plain(value.item())
        return {"$": "scalar", "dtype": array.dtype.str, "value": number}
    return keep(array)


def _state_of(value: Any) -> dict[str, Any]:
    """Return the attributes that say all of an object of a known class."""
    if is_dataclass(value):
        # Networks are built again.
        return {f.name: getattr(value, f.name) for f in fields(value) if f.init and f.repr}
    return vars(value)


def from_plain(
    plain: Any,
    take: Callable[[Any], np.ndarray],
    check: Callable[[type, dict[str, Any]], None] | None = None,
) -> Any:
    """Return the value that ``to_plain`` made ``plain`` of.

    Parameters
    ----------
    plain : object
        Lists, dictionaries, text, numbers, booleans and None.
    take : callable
        Given a dictionary whose "$" is "array", returns that array.
    check : callable or None
        Given a dataclass and its fields, raises an error if they are none.

    Raises
    ------
    KeyError, TypeError, ValueError
        ``plain`` was not made so.
    """

    def back(part: Any) -> Any:
        return from_plain(part, take, check)

    if isinstance(plain, list):
        return [*map(back, plain)]
    if not isinstance(plain, dict):
        return plain
    kind = plain["$"]
    if kind in _CLASSES:
        state = {name: back(part) for name, part in plain["state"].items()}
        return _with_state(_CLASSES[kind], state, check)
    if kind in _KINDS:
        return _KINDS[kind](plain, back, take)
    parts = {name: back(part) for name, part in plain.items() if name != "$"}
    return frame_part(kind, parts)


def _with_state(kind: type, state: dict[str, Any], check: Callable | None) -> Any:
    if is_dataclass(kind):
        if check is not None:
            check(kind, state)
        return kind(**state)
    value: Any = object.__new__(kind)
    vars(value).update(state)
    return value


def _objects(items: list) -> np.ndarray:
    check_hashes(items)
    array = np.empty(len(items), dtype=object)
    array[:] = items  # item by item: tuples would become a second dimension
    return array


def _scalar(plain: dict) -> np.generic:
    value, dtype = plain["value"], np.dtype(plain["dtype"])
    if dtype.kind not in _NUMBERS:  # others are as long as ``value`` says
        raise TypeError(f"no number has {dtype}")
    value = float(value["value"]) if isinstance(value, dict) else value
    return dtype.type(value)


def _texts(items: Any) -> np.ndarray:
    if _pads(np.array(items, dtype=object).ravel().tolist()):
        raise ValueError("a text is far longer than the others")
    return np.array(items, dtype=str)


def _pads(texts: list[str]) -> bool:
    """Return whether an array of such texts, all as wide as the longest, takes far more."""
    lengths = [*map(len, texts)]
    return len(texts) * max(lengths, default=0) > 2**16 + 64 * sum(lengths)


def _dtype(name: str) -> np.dtype:
    dtype = np.dtype(name)
    if dtype.itemsize > _WIDEST.get(dtype.kind, dtype.itemsize):
        raise ValueError(f"cells of {dtype.itemsize} bytes")
    return dtype


_KINDS: dict[str, Callable] = {
    "array": lambda plain, back, take: take(plain),
    "dict": lambda plain, back, take: {k: back(v) for k, v in plain["items"].items()},
    "tuple": lambda plain, back, take: tuple(map(back, plain["items"])),
    "objects": lambda plain, back, take: _objects([*map(back, plain["items"])]),
    "texts": lambda plain, back, take: _texts(plain["items"]),
    "float": lambda plain, back, take: float(plain["value"]),
    "scalar": lambda plain, back, take: _scalar(plain),
    "dtype": lambda plain, back, take: _dtype(plain["name"]),
    "decimal": lambda plain, back, take: Decimal(plain["value"]),
    "type": lambda plain, back, take: _TYPES[plain["name"]],
}
