"""What becomes of skorch's callbacks where an estimator is cloned, copied or pickled.

A callback may hold what there is only one of: an open file, a connection, a trial of
Optuna. So clones and copies share it, and a pickle goes without the callback.
"""

import os
import pickle
from copy import copy
from types import FunctionType, ModuleType

from sklearn.base import BaseEstimator

from ._validation import warn_user

__all__ = ["CarriedCallbacksMixin"]


class CarriedCallbacksMixin(BaseEstimator):
    """Mixin of an estimator with skorch's callbacks."""

    def __sklearn_clone__(self):
        # scikit-learn would copy callbacks with all that they hold. There is no need: a fit
        # copies them before it runs them.
        bare = copy(self)
        bare.callbacks = None
        twin = BaseEstimator.__sklearn_clone__(bare)
        twin.callbacks = copy(self.callbacks)
        return twin

    def __getstate__(self):
        state = dict(super().__getstate__())
        if state.get("callbacks"):
            state["callbacks"] = _Carried(state["callbacks"])
        return state

    def __setstate__(self, state):
        carried = state.get("callbacks")
        if isinstance(carried, _Carried):  # a shallow copy of the estimator
            state = state | {"callbacks": carried.callbacks}
        super().__setstate__(state)


class _Carried:
    """Callbacks on the way into a copy or a pickle, where they arrive as what they were.

    Parameters
    ----------
    callbacks : list or tuple of skorch callbacks, or of (name, callback)
    """

    def __init__(self, callbacks):
        self.callbacks = callbacks

    def __deepcopy__(self, memo):
        from .._training._skorch_net import copied_callbacks

        return type(self.callbacks)(copied_callbacks(self.callbacks))

    def __reduce__(self):
        kept = []
        for entry in self.callbacks:
            fault = _why_no_pickle(entry)
            if fault is None:
                kept.append(entry)
                continue
            callback = entry[-1] if isinstance(entry, tuple) else entry
            warn_user(
                f"callbacks holds a {type(callback).__name__} that no pickle can hold "
                f"({fault}); expected nothing in it but data and code. It is left out: "
                "what is loaded, also by a worker of n_jobs, fits with the other callbacks "
                "alone. Set callbacks=None before if that is what you want.",
                UserWarning,
            )
        return type(self.callbacks), (kept,)


class _DataPickler(pickle.Pickler):
    """Pickles data, and takes code for granted, which cloudpickle stores too."""

    def persistent_id(self, part):
        return "code" if isinstance(part, (type, FunctionType, ModuleType)) else None


def _why_no_pickle(entry) -> Exception | None:
    """Return what forbids to pickle ``entry`` by any pickler, or None."""
    with open(os.devnull, "wb") as nowhere:
        try:
            _DataPickler(nowhere).dump(entry)
        except Exception as error:  # locks, queues and drivers have one each
            return error
    return None
