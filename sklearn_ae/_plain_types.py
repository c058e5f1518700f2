"""Whether a value is of the type that an annotation of ours says."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

__all__ = ["check_fields", "is_of"]

_NUMBERS = "biuf"  # kinds of dtypes
_SCALARS: dict[Any, tuple[type, ...]] = {
    bool: (bool, np.bool_),
    int: (int, np.integer),
    str: (str,),
    NoneType: (NoneType,),
}


def check_fields(kind: type, values: dict[str, Any]) -> None:
    """Raise TypeError unless values are of the types of the fields of a dataclass."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        if field.name in values and not is_of(values[field.name], hints[field.name]):
            found = type(values[field.name]).__name__
            raise TypeError(f"{kind.__name__}.{field.name} is of type {found}")


def is_of(value: Any, hint: Any) -> bool:
    """Return whether ``value`` is of the type ``hint``, and no code.

    An array is one of numbers, or of objects; a float may be any real number.

    Examples
    --------
    >>> is_of((1, 2), tuple[int, ...]), is_of([1, "a"], list[int]), is_of(1, float | None)
    (True, False, True)
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(is_of(value, one) for one in inner)
    if origin is dict:
        return type(value) is dict and all(is_of(part, inner[1]) for part in value.values())
    if origin in (list, tuple, Sequence):
        kinds = (list, tuple) if origin is Sequence else (origin,)
        if origin is tuple and inner[-1] is not Ellipsis:
            return type(value) is tuple and [*map(is_of, value, inner)] == [True] * len(
                inner
            )
        return type(value) in kinds and all(is_of(part, inner[0]) for part in value)
    return _is_plain(value, hint)


def _is_plain(value: Any, hint: Any) -> bool:
    if hint is Any:
        return True
    if hint is np.ndarray:
        is_one = isinstance(value, np.ndarray | np.generic)
        return is_one and value.dtype.kind in _NUMBERS + "O"
    if hint in _SCALARS:
        return isinstance(value, _SCALARS[hint]) and (
            hint is bool or type(value) is not bool
        )
    if hint is float:
        return isinstance(value, (int, float, np.number)) and type(value) is not bool
    # Code is never loaded.
    return hint is not Callable and isinstance(hint, type) and isinstance(value, hint)
