"""Validation of input; the only file that imports private names of scikit-learn."""

from numbers import Integral

import numpy as np
from sklearn import config_context
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _get_feature_names, check_array, validate_data

__all__ = [
    "Interval",
    "StrOptions",
    "fits",
    "fresh_random_state",
    "validate_clean_rows",
    "validate_codes",
    "validate_count",
    "validate_rows",
]

# Parameters are validated once, in the public ``fit``: inside it the check is skipped.
fits = _fit_context(prefer_skip_nested_validation=True)

_DTYPES = [np.float64, np.float32]  # other dtypes are converted to the first


def validate_rows(estimator, X, *, reset: bool) -> np.ndarray:
    """Return ``X`` as a float array whose columns are those of the fit.

    Parameters
    ----------
    estimator : BaseEstimator
        Its ``n_features_in_`` and ``feature_names_in_`` are set or compared.
    X : array-like of shape (n_samples, n_features)
    reset : bool
        Whether ``X`` defines the columns, as in ``fit``.
    """
    if getattr(X, "requires_grad", False):
        _refuse_gradients("X")
    # The package works on numpy arrays and converts them to torch itself: with dispatch,
    # arrays of other libraries would be passed on unconverted. Sums of large values may
    # be no number, which is no fault.
    with config_context(array_api_dispatch=False), np.errstate(invalid="ignore"):
        return validate_data(estimator, X, reset=reset, dtype=_DTYPES)


def validate_clean_rows(estimator, X_clean, X: np.ndarray) -> np.ndarray:
    """Return ``X_clean`` as a float array that pairs with ``X`` row by row.

    Parameters
    ----------
    estimator : BaseEstimator
        It has seen the columns of ``X``.
    X_clean : array-like of shape (n_samples, n_features)
    X : ndarray of shape (n_samples, n_features)
        The noisy rows, validated.
    """
    if getattr(X_clean, "requires_grad", False):
        _refuse_gradients("X_clean")
    # Before check_array, which drops the names.
    names = _get_feature_names(X_clean)
    with config_context(array_api_dispatch=False), np.errstate(invalid="ignore"):
        X_clean = check_array(X_clean, dtype=_DTYPES, input_name="X_clean")
    if X_clean.shape != X.shape:
        raise ValueError(
            f"X_clean has shape {X_clean.shape} and X has shape {X.shape}; expected the "
            "same, since row i of X_clean is what row i of X should become. Pass the clean "
            "rows in the order of the noisy ones."
        )
    seen = getattr(estimator, "feature_names_in_", None)
    if names is not None and seen is not None and list(names) != list(seen):
        raise ValueError(
            f"X_clean has columns {list(names)} and X has columns {list(seen)}; expected "
            "the same names in the same order. Pass X_clean[X.columns]."
        )
    return X_clean


def validate_codes(estimator, codes) -> np.ndarray:
    """Return ``codes`` as a float array of shape (n_samples, n_components_)."""
    if getattr(codes, "requires_grad", False):
        _refuse_gradients("codes")
    with config_context(array_api_dispatch=False), np.errstate(invalid="ignore"):
        codes = check_array(codes, dtype=_DTYPES, input_name="codes")
    if codes.shape[1] != estimator.n_components_:
        raise ValueError(
            f"The codes have {codes.shape[1]} columns, expected "
            f"n_components_={estimator.n_components_} of this fitted "
            f"{type(estimator).__name__}. Pass what its transform returns."
        )
    return codes


def validate_count(name: str, count) -> None:
    """Raise ValueError unless ``count`` is an integer of at least 1."""
    if not isinstance(count, Integral) or isinstance(count, bool) or count < 1:
        raise ValueError(
            f"{name}={count!r} must be an integer of at least 1. Pass {name}=1 for one."
        )


def fresh_random_state(random_state) -> np.random.RandomState:
    """Return a RandomState; a new one for None, since the global one is the user's."""
    if isinstance(random_state, np.random.RandomState):
        return random_state
    is_seed = isinstance(random_state, Integral) and 0 <= random_state < 2**32
    if random_state is not None and not is_seed:
        raise ValueError(
            f"random_state={random_state!r} must be None, an integer from 0 to "
            f"{2**32 - 1}, or a numpy.random.RandomState. Pass random_state=0 for one."
        )
    return np.random.RandomState(random_state)


def _refuse_gradients(name: str) -> None:
    raise ValueError(
        f"{name} is a torch tensor that requires grad; expected data without a graph, "
        f"since the gradient would end here in silence. Pass {name}.detach()."
    )
