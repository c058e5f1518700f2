"""BaseAutoencoder: the scikit-learn API and the pipeline X -> code -> X_hat."""

from abc import abstractmethod
from copy import copy
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from ._columns import Table, keep_digits, put_back_cells
from ._data_checks import check_units
from ._exporting import ExportMixin
from ._fit import Fit
from ._fitted import Fitted
from ._loadings import LoadingsMixin
from ._objectives import Objective
from ._plan import make_plan
from ._scores import score
from ._sizes import TO_BE_FOUND, SizeSearch
from ._sklearn._callbacks import CALLBACKS, EpochTasks, FitTask
from ._sklearn._counts import COUNTS, refuse_booleans, validate_count
from ._sklearn._fit_data import validate_fit_data, weighted_rows
from ._sklearn._html import DrawnNetworkMixin
from ._sklearn._parameters import CONSTRAINTS
from ._sklearn._typed import Transformer
from ._sklearn._validation import (
    DOMINANT,
    all_or_nothing,
    fresh_random_state,
    output_library,
    refuse_other_categories,
    validate_codes,
    validate_rows,
    warn_if_nothing_is_left_out,
    warn_of_dominant_column,
    warn_of_forgotten_rows,
    warn_user,
)
from ._streaming import StreamingMixin
from ._training import ProgressLines, Watcher
from ._types import Floats, Loss, RandomState, Size

if TYPE_CHECKING:
    from ._training._skorch_net import ReconstructionNet

__all__ = ["BaseAutoencoder"]


class BaseAutoencoder(
    LoadingsMixin, StreamingMixin, ExportMixin, DrawnNetworkMixin, Transformer
):
    """Base class of all autoencoders.

    A subclass lists its parameters; all other differences are in its objective.
    """

    # Parameters that are read here.
    loss: Loss
    n_components: Size
    random_state: RandomState
    target_weight: float
    categorical_features: Any
    verbose: int
    warm_start: bool

    n_components_: int
    n_samples_: int
    n_iter_: int
    best_iter_: int
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    code_variance_: Floats
    explained_variance_: Floats
    explained_variance_ratio_: Floats
    mean_: Floats
    scale_: Floats
    _fitted: Fitted
    _table: Table | None

    _parameter_constraints: dict = CONSTRAINTS

    @abstractmethod
    def fit(
        self,
        X: ArrayLike,
        y: Any = None,
        *,
        sample_weight: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the encoder and the decoder to ``X``."""

    @abstractmethod
    def score(
        self, X: ArrayLike, y: Any = None, *, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the fraction of variance that reconstructions explain."""

    @abstractmethod
    def column_scores(self, X: ArrayLike) -> Floats:
        """Return the share of its variance that each column keeps."""

    @abstractmethod
    def score_samples(self, X: ArrayLike) -> Floats:
        """Return how similar each sample is to the training samples."""

    @abstractmethod
    def cell_scores(self, X: ArrayLike) -> Floats:
        """Return how normal each cell is, given its row."""

    @abstractmethod
    def _make_objective(self, n_features: int, has_pairs: bool) -> Objective:
        """Return what the network has to learn, from pairs with clean samples or not."""

    # -- fitting -------------------------------------------------------------

    def _fit(self, X, y, X_clean, *given) -> Self:
        """Fit to own targets, or to pairs; ``given`` are weights, X_val and X_clean_val."""
        # No task without callbacks: scikit-learn has its context from version 1.9 on.
        is_watched = getattr(self, CALLBACKS, ())
        task = FitTask(self, X, y, X_clean, given[0]) if is_watched else None
        with all_or_nothing(self):
            last = self._fitted_to_continue() if self.warm_start else None
            X = validate_rows(self, X, reset=last is None)
            weight, beside = None, {}
            if self.target_weight or any(part is not None for part in (X_clean, *given)):
                X, X_clean, weight, beside = validate_fit_data(self, X, X_clean, y, *given)
            counts = [getattr(self, name, None) for name in COUNTS]
            if bool in map(type, counts):
                refuse_booleans(self)
            # The least value of a table is NaN if any cell is.
            is_plain = self._table is None and X_clean is None and not np.isnan(X.min())
            n_levels = () if is_plain else self._levels_of(X, X_clean)
            objective = self._make_objective(X.shape[1], X_clean is not None)
            # Plain settings: nothing below reads or changes the estimator.
            settings = SimpleNamespace(**self.get_params(deep=False))
            how: Any = {"n_levels": n_levels, "weight": weight}
            rows = objective, X, X_clean
            if isinstance(self.n_components, TO_BE_FOUND):
                self._find_size(settings, last, *rows, **beside, **how)
            plan = make_plan(settings, *rows, last, **how)
            if self.warm_start and last is None:
                warn_of_forgotten_rows(self, plan)
            variance = plan.output_columns.variance_  # of what should come out
            if variance.max() > DOMINANT * variance.sum() and last is None:
                warn_of_dominant_column(self, plan)
            random_state = fresh_random_state(settings.random_state)
            fit = Fit(plan, X, X_clean, random_state, weight=weight, **beside)
            watchers: list[Watcher] = [ProgressLines()] if self.verbose else []
            if task is not None:
                watchers.append(EpochTasks(task, lambda: self._snapshot(fit)))
            fitted = fit.run(watchers)
            attributes, complaint = _attributes(fitted)
            if complaint is not None:
                warn_user(complaint, ConvergenceWarning)  # before attributes: it may raise
            vars(self).update(attributes)
            if task is not None:
                task.end()
        return self

    def _find_size(self, settings, last: Fitted | None, *rows, **how) -> None:
        """Set the number of components; a warm start has as many as before."""
        if last is not None:
            settings.n_components = last.architecture.n_components
            return
        settings.random_state = fresh_random_state(self.random_state)
        search = SizeSearch(settings, *rows, **how)
        settings.n_components = search.find()
        if search.complaint_ is not None:
            warn_user(search.complaint_, UserWarning)

    def _levels_of(self, X: np.ndarray, X_clean: np.ndarray | None) -> tuple[int, ...]:
        """Return the number of levels of each column; nothing for complete numbers."""
        if self._table is not None and any(self._table.n_levels):
            return self._table.n_levels
        tables = (X,) if X_clean is None else (X, X_clean)
        has_holes = any(np.isnan(table.min()) for table in tables)
        return (0,) * X.shape[1] if has_holes else ()

    def _give(self, rows: np.ndarray, like: Any = None, table: Table | None = None) -> Any:
        """Return ``rows`` as the user has tables: a frame for mixed columns, or if asked.

        ``like`` is what the rows were made from, whose index they keep. ``table`` is that
        of the fit, unless it is given.
        """
        table = table or self._table
        if table is None:
            return rows
        library: str | None = output_library(self)
        if library == "default":
            if not table.has_levels:
                return rows
            library = None
        return table.write(rows, library, getattr(like, "index", None))

    def _fitted_to_continue(self) -> Fitted | None:
        """Return what a warm start continues from; None if a fit is linear or missing."""
        if not self.__sklearn_is_fitted__():
            return None
        last = self._fitted
        # A linear network under "mse" is solved in closed form, and a kept linear start is
        # computed from the new samples: neither has weights worth continuing from.
        becomes_linear = last.architecture.is_linear and self.loss == "mse"
        becomes_linear = becomes_linear and not self.target_weight
        if last.stays_linear or becomes_linear:
            return None
        if self._table is not None:
            refuse_other_categories(self, self._table)
        return last

    def _snapshot(self, fit) -> dict:
        """Return what the attributes would be if ``fit`` ended with the current epoch."""
        return vars(self._with(fit.snapshot()))

    def _with(self, fitted: Fitted) -> Self:
        """Return a copy with another fit, and its own of what set_output writes to."""
        other = copy(self)
        own = {name: copy(x) for name, x in vars(self).items() if isinstance(x, dict)}
        vars(other).update(own | _attributes(fitted)[0])
        return other

    # -- using ---------------------------------------------------------------

    def transform(self, X: ArrayLike) -> Floats:
        """Return the codes of the samples in ``X``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples with the features seen in ``fit``, in the same units.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components_)
            Has dtype float32 if ``X`` has, otherwise float64.
        """
        check_is_fitted(self)
        return self._fitted.encode(validate_rows(self, X, reset=False))

    def inverse_transform(self, codes: ArrayLike) -> Floats:
        """Return the samples that ``codes`` represent.

        Parameters
        ----------
        codes : array-like of shape (n_samples, n_components_)
            As returned by ``transform``.

        Returns
        -------
        X_hat : ndarray or DataFrame of shape (n_samples, n_features)
            In the units of the training samples. Has dtype float32 if ``codes`` has,
            otherwise float64.
        """
        check_is_fitted(self)
        return self._give(self._fitted.decode(validate_codes(self, codes)), codes)

    def reconstruct(self, X: ArrayLike) -> Floats:
        """Return ``inverse_transform(transform(X))`` in one call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples with the features seen in ``fit``, in the same units.

        Returns
        -------
        X_hat : ndarray or DataFrame of shape (n_samples, n_features)
            Reconstructions, in the same units.
        """
        check_is_fitted(self)
        return self._give(self._fitted.reconstruct(validate_rows(self, X, reset=False)), X)

    def impute(self, X: ArrayLike) -> Any:
        """Return ``X`` with its missing cells filled; all other cells stay as they are.

        A cell is filled from the other cells of its row: by the normal density that was
        fitted to the observed cells, or by the reconstruction in columns where that was
        closer to cells hidden from validation samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples with the features seen in ``fit``, some cells missing.

        Returns
        -------
        X_filled : ndarray or DataFrame of shape (n_samples, n_features)
            As ``X``, filled with values between the minimum and the maximum of ``fit``. A
            column without any value in ``fit`` stays missing.
        """
        check_is_fitted(self)
        rows = self._fitted.impute(validate_rows(self, X, reset=False))
        table = self._table
        if table is not None and table.has_levels:
            table, rows = put_back_cells(table, rows, X)
        return keep_digits(self._give(rows, X, table), X)

    def _r2(self, X, wanted, sample_weight):
        X, wanted, weight = weighted_rows(sample_weight, X, wanted)
        return score(self._fitted, X, wanted, weight)

    def _row_scores(self, X, wanted, name, losses=Fitted.row_losses):
        check_units(self._fitted.loss, wanted, name)
        warn_if_nothing_is_left_out(self._fitted, X is wanted)
        of_each = losses(self._fitted, X, wanted)
        return np.negative(of_each, out=of_each)  # of cells, they are of the size of X

    def _cell_scores(self, X, wanted, name):
        return self._row_scores(X, wanted, name, Fitted.cell_losses)

    def sample(self, n_samples: int = 1, *, random_state: RandomState = None) -> Floats:
        """Generate new samples by drawing codes and decoding them.

        Like reconstructions, they lack the part of the data that codes do not represent.
        A feature with integers in ``fit`` gets integers within the range that it had.
        ``sampler`` sets the density of the codes.

        Parameters
        ----------
        n_samples : int, default=1
            Number of samples to generate.
        random_state : int or RandomState instance, default=None
            Controls the drawn codes. An int gives the same samples again; with None they
            differ between calls. Global random states are neither read nor changed.

        Returns
        -------
        X_new : ndarray or DataFrame of shape (n_samples, n_features)
            Generated samples, in the units of the training samples.

        Raises
        ------
        ValueError
            ``n_samples`` is not a positive integer, or ``random_state`` is invalid.
        """
        check_is_fitted(self)
        validate_count("n_samples", n_samples)
        rows = self._fitted.draw(n_samples, fresh_random_state(random_state))
        return self._give(rows)

    @property
    def net_(self) -> "ReconstructionNet":
        """A skorch net in float32, for inspection and predictions in scaled units.

        It is a copy, built from the fitted arrays when first accessed: weights that are
        changed in it, or loaded into it, change its own predictions and nothing else. Hooks
        on its layers see the calls of the estimator. It has no optimizer, history or data
        to train on.
        """
        check_is_fitted(self)
        return self._fitted.net()

    # -- scikit-learn's protocols --------------------------------------------

    @property
    def _n_features_out(self):
        return self.n_components_

    # scikit-learn would otherwise route an argument that is not called X as metadata.
    __metadata_request__inverse_transform = {"codes": UNUSED}

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_fitted")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.sparse = True
        tags.target_tags.required = bool(self.target_weight)
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _attributes(fitted: Fitted) -> tuple[dict, str | None]:
    """Return the attributes of an estimator for ``fitted``, and a warning or None."""
    own, complaint = fitted.objective.report(fitted)
    size, ratio = fitted.size, fitted.explained_ratio
    # Of all columns together, as PCA has it.
    variance = fitted.output_columns.variance_.sum() * size / max(1, size - 1)
    same = "best_iter", "loss_curve", "n_iter", "validation_loss_curve", "validation_scores"
    attributes = {
        "_fitted": fitted,
        "_stream": None,
        "n_components_": fitted.architecture.n_components,
        "n_samples_": fitted.n_samples,
        "code_variance_": fitted.axes_variance,
        "explained_variance_": ratio * variance,
        "explained_variance_ratio_": ratio,
        "mean_": fitted.columns.mean_,
        "scale_": fitted.columns.scale_,
    }
    attributes |= {f"{name}_": getattr(fitted, name) for name in same}
    return attributes | own, fitted.complaint or complaint
