"""BaseAutoencoder: the scikit-learn contract and the road X -> code -> X_hat."""

from abc import ABCMeta, abstractmethod
from contextlib import contextmanager
from copy import copy
from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from ._code_density import DENSITIES
from ._data_checks import check_loss_domain, check_result_range
from ._fit import Fit
from ._fitted import Fitted
from ._objectives import Objective
from ._plan import make_plan
from ._sklearn._callbacks import CALLBACKS, CallbackSupportMixin, EpochTasks, FitTask
from ._sklearn._html import DrawnNetworkMixin
from ._sklearn._validation import (
    Interval,
    StrOptions,
    fresh_random_state,
    validate_clean_rows,
    validate_codes,
    validate_count,
    validate_rows,
)
from ._sklearn._warnings import warn_user
from ._training import OPTIMIZERS, PRECISIONS, SCHEDULES, ProgressLines
from ._version import __version__
from .nn import ACTIVATIONS, LOSSES

__all__ = ["BaseAutoencoder"]

_ACTIVATIONS = set(ACTIVATIONS) - {"softplus"}  # which "auto" alone takes
_COUNT = Interval(Integral, 1, None, closed="left")


class BaseAutoencoder(
    DrawnNetworkMixin,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """What all autoencoders share.

    A final class lists its parameters and names its objective, in which all else differs.
    """

    _parameter_constraints: dict = {
        "n_components": [_COUNT, None],
        "hidden_layer_sizes": ["array-like", _COUNT],
        "decoder_hidden_layer_sizes": ["array-like", _COUNT, None],
        "activation": [StrOptions(_ACTIVATIONS)],
        "code_activation": [StrOptions(_ACTIVATIONS)],
        "output_activation": [StrOptions(_ACTIVATIONS | {"auto"})],
        "loss": [StrOptions(set(LOSSES)), callable],
        "init": [StrOptions({"pca", "random"})],
        "scaling": [StrOptions({"global", "feature"}), None],
        "sampler": [StrOptions(set(DENSITIES) - {"prior"})],
        "whiten": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions(set(OPTIMIZERS)), type],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "learning_rate": [StrOptions(set(SCHEDULES))],
        "batch_size": [StrOptions({"auto"}), _COUNT],
        "max_iter": [_COUNT],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [_COUNT],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "warm_start": ["boolean"],
        "encoder": [callable, None],
        "decoder": [callable, None],
        "device": [str],
        "precision": [StrOptions(set(PRECISIONS))],
        "callbacks": [list, tuple, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    @abstractmethod
    def fit(self, X, y=None):
        """Learn to encode and decode the rows of ``X``."""

    @abstractmethod
    def score(self, X, y=None):
        """Return the share of variance that reconstructions keep."""

    @abstractmethod
    def score_samples(self, X):
        """Return how normal each row is."""

    @abstractmethod
    def _make_objective(self, n_features: int, has_pairs: bool) -> Objective:
        """Return what the network is to learn.

        ``has_pairs`` is whether rows come with the clean rows that they should become.
        """

    # -- fitting -------------------------------------------------------------

    def _fit(self, X, y, X_clean):
        """Fit to rows that are their own target, or to noisy rows and clean ones."""
        is_watched = getattr(self, CALLBACKS, ())
        task = FitTask(self, X, y, X_clean) if is_watched else None
        with _all_or_nothing(self):
            last = self._fitted_to_continue() if self.warm_start else None
            X = validate_rows(self, X, reset=last is None)
            if X_clean is not None:
                X_clean = validate_clean_rows(self, X_clean, X)
            objective = self._make_objective(X.shape[1], X_clean is not None)
            settings = SimpleNamespace(**self.get_params(deep=False))
            plan = make_plan(settings, objective, X, X_clean, last)
            fit = Fit(plan, X, X_clean, fresh_random_state(self.random_state))
            watchers = [ProgressLines()] if self.verbose else []
            if task is not None:
                watchers.append(EpochTasks(task, lambda: self._snapshot(fit)))
            fitted = fit.run(watchers)
            attributes, complaint = _attributes(fitted)
            if complaint is not None:
                warn_user(complaint, ConvergenceWarning)
            vars(self).update(attributes)
            if task is not None:
                task.end()
        return self

    def _fitted_to_continue(self) -> Fitted | None:
        """Return what a warm start goes on from, or None: what is linear starts anew."""
        if not self.__sklearn_is_fitted__():
            return None
        last = self._fitted
        becomes_linear = last.architecture.is_linear and self.loss == "mse"
        return None if last.stays_linear or becomes_linear else last

    def _snapshot(self, fit) -> dict:
        """Return what the attributes would be if ``fit`` ended with the present epoch."""
        return vars(copy(self)) | _attributes(fit.snapshot())[0]

    # -- using ---------------------------------------------------------------

    def transform(self, X):
        """Return the codes of the rows of ``X``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns of ``fit``, in the same units.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components_)
            As float32 if ``X`` is, else as float64.
        """
        check_is_fitted(self)
        return self._fitted.encode(validate_rows(self, X, reset=False))

    def inverse_transform(self, codes):
        """Return the rows that ``codes`` stand for, in the user's units.

        Parameters
        ----------
        codes : array-like of shape (n_samples, n_components_)
            As ``transform`` gives them.

        Returns
        -------
        X_hat : ndarray of shape (n_samples, n_features)
            As float32 if ``codes`` are, else as float64.
        """
        check_is_fitted(self)
        return self._fitted.decode(validate_codes(self, codes))

    def reconstruct(self, X):
        """Return ``inverse_transform(transform(X))`` in one call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns of ``fit``, in the same units.

        Returns
        -------
        X_hat : ndarray of shape (n_samples, n_features)
            In the user's units.
        """
        check_is_fitted(self)
        return self._fitted.reconstruct(validate_rows(self, X, reset=False))

    def _r2(self, X, wanted):
        X_hat = self._fitted.reconstruct(X)
        # float64, around 1: the squares of data of extreme size overflow or vanish. By a
        # power of two no digit changes.
        unit = np.ldexp(1.0, int(np.frexp(np.abs(wanted).max())[1]) - 1)
        score = np.float64(np.nan)
        with np.errstate(over="ignore", invalid="ignore"):
            wanted, X_hat = (
                wanted.astype(np.float64) / unit,
                X_hat.astype(np.float64) / unit,
            )
            if np.isfinite(X_hat).all():
                score = r2_score(wanted, X_hat, multioutput="variance_weighted")
        if len(X) > 1:  # of one row scikit-learn says that it has no score
            check_result_range(np.asarray(score), [X], "X", has_own_parts=False)
        return score

    def _row_scores(self, X, wanted, name):
        check_loss_domain(self._fitted.loss, wanted, name)
        return -self._fitted.row_losses(X, wanted)

    def sample(self, n_samples=1, *, random_state=None):
        """Return new rows: codes that are drawn, decoded.

        They are what the codes stand for, as reconstructions are, without what codes leave
        out; see ``sampler``.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        random_state : int or RandomState instance, default=None
            Draws the codes. An int gives the same rows again; with None they are others
            in every call. Global random states are neither read nor changed.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features)
            In the user's units.

        Raises
        ------
        ValueError
            ``n_samples`` is no count, or ``random_state`` no seed.
        """
        check_is_fitted(self)
        validate_count("n_samples", n_samples)
        return self._fitted.draw(n_samples, fresh_random_state(random_state))

    @property
    def net_(self):
        """A skorch net in float32, for a look and for predictions in scaled units.

        It is a copy, made from the fitted arrays when it is asked for: weights that are
        changed in it, or loaded into it, change what it predicts and nothing else. Hooks
        on its layers see what the estimator does. It has no optimizer, history or data to
        train on, and refuses to.
        """
        check_is_fitted(self)
        return self._fitted.net()

    @property
    def _n_features_out(self):
        return self.n_components_

    # -- scikit-learn's protocols --------------------------------------------

    __metadata_request__inverse_transform = {"codes": UNUSED}  # they are no metadata

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_fitted")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __getstate__(self):
        return dict(super().__getstate__(), _sklearn_ae_version=__version__)

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_sklearn_ae_version", "unknown")
        if version != __version__:
            warn_user(
                f"This {type(self).__name__} was saved with sklearn_ae version {version} "
                f"and is loaded with version {__version__}; expected the same version. "
                "It may fail or give other results: fit it again, or install the version "
                "that saved it.",
                UserWarning,
            )
        super().__setstate__(state)


@contextmanager
def _all_or_nothing(estimator):
    """Put the attributes of ``estimator`` back if the block raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def _attributes(fitted: Fitted) -> tuple[dict, str | None]:
    """Return the attributes of an estimator that has fitted this, and a warning if any."""
    own, complaint = fitted.objective.report(fitted)
    attributes = {
        "_fitted": fitted,
        "n_components_": fitted.architecture.n_components,
        "n_samples_": fitted.n_samples,
        "explained_variance_": fitted.explained_variance,
        "mean_": fitted.columns.mean_,
        "scale_": fitted.columns.scale_,
        "n_iter_": fitted.n_iter,
        "best_iter_": fitted.best_iter,
        "loss_curve_": fitted.loss_curve,
        "validation_loss_curve_": fitted.validation_loss_curve,
        "validation_scores_": fitted.validation_scores,
    }
    return attributes | own, complaint
