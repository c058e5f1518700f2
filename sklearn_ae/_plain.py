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
from ._plain_frames import frame_part, plain_frame_part
from ._plain_types import check_fields
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


class NotPlainError(ValueError):
    """A value is code, or of a class that has no plain form; ``args`` is the value."""


def to_plain(value: Any, keep: Callable[[np.ndarray], Any]) -> Any:
    """Return ``value`` as what JSON has; NotPlainError for what has no such form.

    Parameters
    ----------
    value : object
    keep : callable
        Given an array of numbers or booleans, keeps it, and returns what stands for it.

    Examples
    --------
    >>> to_plain((1, None, np.nan), keep=lambda array: array.tolist())
    {'$': 'tuple', 'items': [1, None, {'$': 'float', 'value': 'nan'}]}
    """
    return _FORMS.get(type(value), _plain_object)(value, keep)


def _plain_float(value: float, keep: Callable) -> Any:
    return value if math.isfinite(value) else {"$": "float", "value": repr(value)}


def _plain_items(value: Any, keep: Callable) -> Any:
    items = [to_plain(part, keep) for part in value]
    return items if type(value) is list else {"$": "tuple", "items": items}


def _plain_dict(value: dict, keep: Callable) -> Any:
    if not all(type(key) is str for key in value):
        raise NotPlainError(value)
    parts = {key: to_plain(part, keep) for key, part in value.items()}
    return {"$": "dict", "items": parts}


_FORMS: dict[type, Callable] = {
    **dict.fromkeys((bool, int, str, type(None)), lambda value, keep: value),
    **dict.fromkeys((list, tuple), _plain_items),
    float: _plain_float,
    dict: _plain_dict,
    Decimal: lambda value, keep: {"$": "decimal", "value": str(value)},
}


def _plain_object(value: Any, keep: Callable) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return _plain_array(value, keep)
    if isinstance(value, DeferredDensity):
        value.draw(1, np.random.RandomState(0))  # which fits it
        value = value.density
    name = type(value).__name__
    if _CLASSES.get(name) is type(value):
        parts = {name: to_plain(part, keep) for name, part in _state_of(value).items()}
        return {"$": name, "state": parts}
    if isinstance(value, np.dtype):
        return {"$": "dtype", "name": value.str}
    if isinstance(value, type) and _TYPES.get(value.__name__) is value:
        return {"$": "type", "name": value.__name__}
    part = plain_frame_part(value)
    if part is None:
        raise NotPlainError(value)
    return {key: inner if key == "$" else to_plain(inner, keep) for key, inner in part}


def _plain_array(value: Any, keep: Callable) -> Any:
    array = np.asarray(value)
    if array.dtype.kind == "O" and array.ndim == 1:
        return {"$": "objects", "items": [to_plain(x, keep) for x in array.tolist()]}
    if array.dtype.kind == "U":
        return {"$": "texts", "items": array.tolist()}
    if array.dtype.kind not in _NUMBERS or array.dtype.itemsize > _LARGEST:
        raise NotPlainError(value)
    if isinstance(value, np.generic):
        number = to_plain(value.item(), keep)
        return {"$": "scalar", "dtype": array.dtype.str, "value": number}
    return keep(array)


def _state_of(value: Any) -> dict[str, Any]:
    """Return the attributes that say all of an object of a known class."""
    if is_dataclass(value):
        # Networks are built again.
        return {f.name: getattr(value, f.name) for f in fields(value) if f.init and f.repr}
    return vars(value)


def from_plain(plain: Any, take: Callable[[Any], np.ndarray]) -> Any:
    """Return the value that ``to_plain`` made ``plain`` of.

    Parameters
    ----------
    plain : object
        Lists, dictionaries, text, numbers, booleans and None.
    take : callable
        Given a dictionary whose "$" is "array", returns that array.

    Raises
    ------
    KeyError, TypeError, ValueError
        ``plain`` was not made so.
    """
    if isinstance(plain, list):
        return [from_plain(part, take) for part in plain]
    if not isinstance(plain, dict):
        return plain
    kind = plain["$"]
    if kind in _CLASSES:
        state = {name: from_plain(part, take) for name, part in plain["state"].items()}
        return _with_state(_CLASSES[kind], state)
    if kind in _KINDS:
        return _KINDS[kind](plain, take)
    parts = {name: from_plain(part, take) for name, part in plain.items() if name != "$"}
    return frame_part(kind, parts)


def _with_state(kind: type, state: dict[str, Any]) -> Any:
    if is_dataclass(kind):
        check_fields(kind, state)
        return kind(**state)
    value: Any = object.__new__(kind)
    vars(value).update(state)
    return value


def _objects(items: list) -> np.ndarray:
    array = np.empty(len(items), dtype=object)
    array[:] = items  # item by item: tuples would become a second dimension
    return array


def _scalar(plain: dict) -> np.generic:
    value = plain["value"]
    value = float(value["value"]) if isinstance(value, dict) else value
    return np.dtype(plain["dtype"]).type(value)


def _items(plain: dict, take: Callable) -> list:
    return [from_plain(part, take) for part in plain["items"]]


def _dict(plain: dict, take: Callable) -> dict[str, Any]:
    return {name: from_plain(part, take) for name, part in plain["items"].items()}


_KINDS: dict[str, Callable[[dict, Callable], Any]] = {
    "array": lambda plain, take: take(plain),
    "dict": _dict,
    "tuple": lambda plain, take: tuple(_items(plain, take)),
    "objects": lambda plain, take: _objects(_items(plain, take)),
    "texts": lambda plain, take: np.array(plain["items"], dtype=str),
    "float": lambda plain, take: float(plain["value"]),
    "scalar": lambda plain, take: _scalar(plain),
    "dtype": lambda plain, take: np.dtype(plain["name"]),
    "decimal": lambda plain, take: Decimal(plain["value"]),
    "type": lambda plain, take: _TYPES[plain["name"]],
}
