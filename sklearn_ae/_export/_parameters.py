"""Parameters of an estimator as plain values: those that are not code."""

from typing import Any

import numpy as np
import torch
from sklearn import config_context

from .._plain import NotPlainError, from_plain, to_plain
from .._sklearn._validation import warn_user

__all__ = ["parameter", "plain_parameters", "plain_part", "plain_requests", "set_requests"]

_METHODS = "fit", "partial_fit", "score"  # that ask for metadata
_LENGTH_OF_KEY = 624  # of the generator of a RandomState


def plain_part(name: str, value: Any, keep: Any) -> Any:
    """Return the plain form of ``value``, which errors call ``name``."""
    try:
        return to_plain(value, keep)
    except NotPlainError as error:
        raise ValueError(
            f"{name} holds {_short(error.args[0])}, which a file of save has no form for; "
            "expected dtypes and labels of numbers and text. Use joblib.dump, or convert "
            "the column before the fit."
        ) from error


def plain_parameters(estimator: Any, keep: Any) -> dict[str, Any]:
    """Return the parameters of an estimator, or raise ValueError for code."""
    parameters = {}
    for name, value in estimator.get_params(deep=False).items():
        try:
            parameters[name] = _plain_parameter(name, value, keep)
        except (NotPlainError, RecursionError) as error:
            raise ValueError(
                f"{name}={_short(value)} is code, or of a class that a file of "
                f"{type(estimator).__name__}.save has no form for; expected a name, a "
                "number, a list or an array. Use joblib.dump, or set another value before "
                "the fit."
            ) from error
    return parameters


def _plain_parameter(name: str, value: Any, keep: Any) -> Any:
    if name == "callbacks" and value:
        warn_user(
            f"callbacks={_short(value)} are code, and a file of save holds none; expected "
            "None. They are left out: set them again after load, before the next fit.",
            UserWarning,
        )
        return None
    if isinstance(value, np.random.RandomState):
        state = value.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            raise NotPlainError(value)
        rest = [state["state"]["pos"], state["has_gauss"], state["gauss"]]
        return {"$": "random state", "key": keep(state["state"]["key"]), "rest": rest}
    own_name = getattr(value, "__name__", "")
    if isinstance(value, type) and vars(torch.optim).get(own_name) is value:
        return {"$": "optimizer", "name": own_name}
    return to_plain(value, keep)


def parameter(plain: Any, take: Any) -> Any:
    """Return the parameter that was made ``plain``; any error if it was none."""
    kind = plain.get("$") if isinstance(plain, dict) else None
    if kind == "random state":
        key, (place, has_normal, normal) = take(plain["key"]), plain["rest"]
        # Not checked by numpy, which would read beyond the key.
        is_one = key.shape == (_LENGTH_OF_KEY,) and key.dtype == np.uint32
        is_one &= type(place) is int and 0 <= place <= _LENGTH_OF_KEY
        if not (is_one and has_normal in (0, 1) and isinstance(normal, int | float)):
            raise ValueError("the state of a generator is none")
        random_state = np.random.RandomState()
        random_state.set_state(("MT19937", key, place, int(has_normal), float(normal)))
        return random_state
    if kind == "optimizer":
        found = vars(torch.optim)[plain["name"]]
        if not (isinstance(found, type) and issubclass(found, torch.optim.Optimizer)):
            raise KeyError(plain["name"])
        return found
    return from_plain(plain, take)


def plain_requests(estimator: Any) -> dict[str, dict]:
    """Return which metadata the methods of an estimator were set to ask for."""
    requests = vars(estimator).get("_metadata_request")
    if requests is None:
        return {}
    return {name: dict(getattr(requests, name).requests) for name in _METHODS}


def set_requests(estimator: Any, requests: dict[str, dict]) -> None:
    """Let methods ask for metadata, by scikit-learn's setters, which check names."""
    with config_context(enable_metadata_routing=True):
        for name, asked in requests.items():
            if name not in _METHODS:
                raise KeyError(name)
            getattr(estimator, f"set_{name}_request")(**asked)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
