"""Validation of parameters and input by scikit-learn, and warnings about them."""

import sys
import warnings
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    Hidden,
    Interval,
    RealNotInt,
    StrOptions,
)
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _get_feature_names, check_array, validate_data

from .._columns import Table
from ._odd_categories import complaint_of_categories
from ._refusals import refuse
from ._sparse import as_sparse_table
from ._stored import from_store
from ._usual_rows import are_usual

__all__ = [
    "DOMINANT",
    "DominantColumnWarning",
    "Hidden",
    "Interval",
    "RealNotInt",
    "StrOptions",
    "all_or_nothing",
    "could_be_clean_rows",
    "fits",
    "fresh_random_state",
    "output_library",
    "read_table",
    "refuse_holes",
    "refuse_other_categories",
    "refuse_other_names",
    "validate_clean_rows",
    "validate_codes",
    "validate_rows",
    "warn_if_nothing_is_left_out",
    "warn_of_dominant_column",
    "warn_of_forgotten_rows",
    "warn_user",
]

# Parameters are validated once, in the public ``fit``: inside it the check is skipped.
fits = _fit_context(prefer_skip_nested_validation=True)

DOMINANT = 0.99  # fraction of all variance in one column that hides the others

# In standard deviations: means of the same rows differ by rounding errors alone.
_SAME_MEAN = 1e-6

_OURS_AND_THEIRS = ("sklearn_ae", "sklearn", "joblib", "cloudpickle", "pickle")

# Others are converted to the first. Integers stay what they are, and become floats some
# thousand rows at a time: as float64, a table of pixels would be eight times as large.
_FLOATS = [np.float64, np.float32]
_DTYPES = [*_FLOATS, np.bool_, np.uint8, np.int8, np.int16, np.int32, np.int64]
_ROWS = {"dtype": _DTYPES, "ensure_all_finite": "allow-nan", "accept_sparse": "csr"}


def validate_rows(estimator, X, *, reset: bool, learns: bool = False) -> np.ndarray:
    """Return ``X`` as a float array whose columns are those of the fit.

    Of a sparse one a SparseTable, which stands for an array.

    Parameters
    ----------
    estimator : BaseEstimator
        Its ``n_features_in_`` and ``feature_names_in_`` are set or compared.
    X : array-like or sparse of shape (n_samples, n_features)
    reset : bool
        Whether ``X`` defines the columns, as in ``fit``.
    learns : bool
        Whether ``X`` may be the first with missing cells.
    """
    # After a fit of a frame, scikit-learn warns of arrays.
    is_known = reset or estimator._table is not None
    if not is_known and are_usual(X, estimator.n_features_in_):
        return X
    if getattr(X, "requires_grad", False):
        _refuse_gradients("X")
    # The package works on numpy arrays and converts them to torch itself: with dispatch,
    # arrays of other libraries would be passed on unconverted. Sums of large values may
    # be no number, which is no fault.
    with config_context(array_api_dispatch=False), np.errstate(invalid="ignore"):
        if reset:
            chosen = estimator.categorical_features
            is_array = isinstance(X, np.ndarray) and X.dtype.kind in "fiub"
            is_plain = is_array and (chosen is None or isinstance(chosen, str))
            estimator._table = None if is_plain else _find_table(chosen, X)
        if estimator._table is not None and estimator._table.has_levels:
            validate_data(estimator, X, reset=reset, skip_check_array=True)
            rows = estimator._table.read(X)
            if reset and (told := complaint_of_categories(estimator._table, rows)):
                warn_user(told, UserWarning)
            return rows
        try:
            rows = from_store(X, "X", _DTYPES)
            rows = validate_data(estimator, rows, reset=reset, **_ROWS)
        except Exception as error:  # libraries of DataFrames have their own
            refuse(X, "X", error)
            raise
        is_sparse = hasattr(rows, "tocsr")
        if is_sparse:
            rows = as_sparse_table(rows, X, "X")
    if not (reset or learns):
        if estimator._fitted.architecture.table is None:
            refuse_holes(rows, "X")
        elif is_sparse:  # after a fit with holes, which are filled in dense rows
            return rows[:]
    return rows


def refuse_holes(rows: np.ndarray, name: str) -> None:
    """Raise ValueError for missing cells if the samples of the fit had none."""
    if np.isnan(rows.min()):
        raise ValueError(
            f"{name} has missing cells (NaN), and the samples of the fit had none; "
            "expected complete samples, since nothing was learnt of missing cells. Fit on "
            "samples some of whose cells are missing, or fill them, with IterativeImputer."
        )


def refuse_other_categories(estimator, table: Table, by: str = "warm_start=True") -> None:
    """Raise ValueError if other columns of categories are asked for ``by``."""
    now, then = estimator.categorical_features, table.categorical_features
    if not np.array_equal(np.asarray(now, dtype=object), np.asarray(then, dtype=object)):
        raise ValueError(
            f"{by} found categorical_features changed since the last fit, from {then!r} to "
            f"{now!r}; expected the columns that it continues with. Set the old value, or "
            "fit a clone to start anew."
        )


def _find_table(categorical, X) -> Table | None:
    """Return what is known of the columns of a frame, None for arrays of numbers."""
    if hasattr(X, "collect"):
        return None  # lazy: it has no rows yet, and is refused
    if Table.is_plain(X, categorical) and not hasattr(X, "columns"):
        return None
    return Table(categorical).fit(X)


def output_library(estimator) -> str:
    """Return "pandas" or "polars" if ``set_output`` asks for one, else "default"."""
    return _get_output_config("transform", estimator)["dense"]


def read_table(estimator, X, name: str) -> tuple[Any, np.ndarray | None]:
    """Return ``X`` as an array or a SparseTable, and the names of its columns, if any.

    ``name`` is the name of ``X`` in error messages.
    """
    if getattr(X, "requires_grad", False):
        _refuse_gradients(name)
    # Before check_array, which drops the names.
    with config_context(array_api_dispatch=False), np.errstate(invalid="ignore"):
        table = estimator._table
        if table is not None and table.has_levels:
            return table.read(X, name), _get_feature_names(X)
        try:
            names = _get_feature_names(X)
            rows = check_array(from_store(X, name, _DTYPES), input_name=name, **_ROWS)
        except Exception as error:
            refuse(X, name, error)
            raise
        if hasattr(rows, "tocsr"):
            rows = as_sparse_table(rows, X, name)
        return rows, names


def refuse_other_names(estimator, names, name: str, name_of_X: str) -> None:
    """Raise ValueError if columns have other ``names`` than those of the fit."""
    seen = getattr(estimator, "feature_names_in_", None)
    if names is not None and seen is not None and list(names) != list(seen):
        raise ValueError(
            f"{name} has columns {list(names)} and {name_of_X} has columns {list(seen)}; "
            f"expected the same names in the same order. Pass {name}[{name_of_X}.columns]."
        )


def validate_clean_rows(
    estimator, X_clean, X: np.ndarray, name: str = "X_clean", name_of_X: str = "X"
) -> np.ndarray:
    """Return ``X_clean`` as a float array that pairs with ``X`` row by row.

    Parameters
    ----------
    estimator : BaseEstimator
        It has seen the columns of ``X``.
    X_clean : array-like of shape (n_samples, n_features)
    X : ndarray of shape (n_samples, n_features)
        The noisy rows, validated.
    name, name_of_X : str
        Names of both in error messages.
    """
    X_clean, names = read_table(estimator, X_clean, name)
    if X_clean.shape != X.shape:
        raise ValueError(
            f"{name} has shape {X_clean.shape} and {name_of_X} has shape {X.shape}; "
            f"expected the same, since row i of {name} is what row i of {name_of_X} should "
            "become. Pass the clean rows in the order of the noisy ones."
        )
    refuse_other_names(estimator, names, name, name_of_X)
    return X_clean


def could_be_clean_rows(y, X) -> bool:
    """Return whether ``y`` is a table of floats of the shape of ``X``, with other values.

    One column alone may be the target of a regressor further on.
    """
    wanted = _as_numbers(y)
    if wanted is None or wanted.dtype.kind != "f":
        return False
    # X may be a file that no memory holds: its shape comes first.
    shape = tuple(getattr(X, "shape", wanted.shape))
    if wanted.ndim != 2 or wanted.shape[1] < 2 or wanted.shape != shape:
        return False
    rows = _as_numbers(X)
    # fit(X, X), as in other libraries, asks for what is done anyway.
    return (
        rows is not None and wanted.shape == rows.shape and not np.array_equal(wanted, rows)
    )


def _as_numbers(table) -> np.ndarray | None:
    """Return an array of ``table``, None for what is none."""
    try:
        if hasattr(table, "toarray"):
            table = table.toarray()
        elif hasattr(table, "detach"):
            table = table.detach().cpu()
        return np.asarray(table)
    except Exception:  # y may be of any type, and X is refused elsewhere
        return None


def validate_codes(estimator, codes) -> np.ndarray:
    """Return ``codes`` as a float array of shape (n_samples, n_components_)."""
    if are_usual(codes, estimator.n_components_):
        return codes
    if getattr(codes, "requires_grad", False):
        _refuse_gradients("codes")
    with config_context(array_api_dispatch=False), np.errstate(invalid="ignore"):
        try:
            rows = from_store(codes, "codes", _DTYPES)
            codes = check_array(rows, dtype=_DTYPES, input_name="codes")
        except Exception as error:
            refuse(codes, "codes", error)
            raise
    if codes.shape[1] != estimator.n_components_:
        raise ValueError(
            f"The codes have {codes.shape[1]} columns, expected "
            f"n_components_={estimator.n_components_} of this fitted "
            f"{type(estimator).__name__}. Pass what its transform returns."
        )
    return codes


def fresh_random_state(random_state) -> np.random.RandomState:
    """Return a RandomState; a new one for None, since the global one is the user's."""
    if isinstance(random_state, np.random.RandomState):
        return random_state
    is_seed = isinstance(random_state, Integral) and 0 <= int(random_state) < 2**32
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


class DominantColumnWarning(UserWarning):
    """One column has so much more variance than the others that it dominates the fit.

    ``fit`` raises it where a column holds more than 99 % of the total variance and
    ``scaling`` weighs columns by their variance. A subclass of UserWarning.

    See Also
    --------
    sklearn_ae.AutoencoderTransformer.column_scores : What each column keeps.

    Examples
    --------
    Where the widest column is the one that matters:

    >>> import warnings
    >>> from sklearn_ae import DominantColumnWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", DominantColumnWarning)
    """


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn as if from the first caller outside of our code, scikit-learn and picklers."""
    # ``stacklevel`` needs a fixed depth, which differs between a fit, a pipeline and a grid
    # search.
    frame = sys._getframe(1)
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in _OURS_AND_THEIRS:
            break
        frame = frame.f_back
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        frame.f_globals.get("__name__"),
        # The caller's registry: with it "once per location" holds for the user's line.
        frame.f_globals.setdefault("__warningregistry__", {}),
    )


def warn_of_dominant_column(estimator, plan) -> None:
    """Warn if the feature of largest variance hides others, which do not count alike."""
    variance = plan.output_columns.variance_
    is_bounded = plan.architecture.output_activation != "identity"  # and not scaled
    if plan.columns.kind == "feature" or is_bounded or (variance > 0).sum() < 2:
        return
    column = int(variance.argmax())
    names = getattr(estimator, "feature_names_in_", None)
    name = column if names is None else repr(str(names[column]))
    warn_user(
        f"Column {name} holds {100 * variance[column] / variance.sum():.6g} % of the "
        f"variance of all {len(variance)} columns, and with scaling={estimator.scaling!r} "
        f"columns count by their variance; expected {100 * DOMINANT:g} % at most, since "
        "score and codes then say next to nothing of the other columns. Use "
        "scaling='feature'; column_scores(X) shows what each column keeps.",
        DominantColumnWarning,
    )


def warn_of_forgotten_rows(estimator, plan) -> None:
    """Warn if a warm start starts anew from other rows than those of the last fit."""
    last = getattr(estimator, "_fitted", None)
    if last is None:
        return
    now, then = plan.columns, last.columns
    if now.mean_.shape == then.mean_.shape:
        # The same rows in another order or dtype differ by roundings.
        slack = _SAME_MEAN * np.sqrt(now.variance_)
        if np.all(np.abs(now.mean_ - then.mean_) <= slack):
            return
    warn_user(
        f"warm_start=True found a last fit, of {last.n_samples} rows, that it cannot "
        "continue: its answer is linear, or this one will be. Expected the same rows "
        "again, since the earlier ones are forgotten. Fit on all rows at once, or "
        "set warm_start=False if only the new ones should count.",
        UserWarning,
    )


def warn_if_nothing_is_left_out(fitted, is_own_target: bool) -> None:
    """Warn if the errors that rows are ranked by are roundings."""
    n_components, n_features = fitted.architecture.n_components, len(fitted.columns.mean_)
    table = fitted.architecture.table
    if table is not None and table.categories:
        return  # a column of levels is more than one number
    if is_own_target and fitted.objective.starts_at_pca and n_components >= n_features:
        warn_user(
            f"n_components={n_components} for {n_features} columns leaves nothing out: "
            "samples unlike the training samples are reconstructed as well as others, and "
            "scores rank them by rounding errors. Expected a code shorter than a row. Set "
            f"n_components to less than {n_features} and fit again.",
            UserWarning,
        )


@contextmanager
def all_or_nothing(estimator):
    """Restore the attributes of ``estimator`` if the block raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:  # KeyboardInterrupt too: Ctrl-C must not leave half a fit
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
