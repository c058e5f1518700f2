"""partial_fit of all estimators: a chunk is checked, and the stream goes on with it."""

from abc import ABC, abstractmethod
from types import SimpleNamespace
from typing import Any, Self

from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import gen_batches

from ._columns import Table
from ._fitted import Fitted
from ._objectives import Objective
from ._sizes import TO_BE_FOUND
from ._sklearn._counts import COUNTS, refuse_booleans
from ._sklearn._fit_data import chunk_rows
from ._sklearn._validation import (
    all_or_nothing,
    fresh_random_state,
    refuse_other_categories,
    validate_clean_rows,
    validate_rows,
    warn_user,
)
from ._stream import NewRows, Stream
from ._training import ProgressLines

__all__ = ["StreamingMixin"]

_CELLS_AT_ONCE = 2**24  # of a chunk; larger ones are passed over in parts, in their order


class StreamingMixin(ABC):
    """What ``partial_fit`` of an estimator calls."""

    n_components: Any
    target_weight: float
    verbose: int
    _fitted: Fitted
    _table: Table | None
    _stream: Stream | None

    @abstractmethod
    def _make_objective(self, n_features: int, has_pairs: bool) -> Objective: ...

    @abstractmethod
    def _levels_of(self, X: Any, X_clean: Any) -> tuple[int, ...]: ...

    @abstractmethod
    def _with(self, fitted: Fitted) -> Self: ...

    def _partial_fit(self, X, y, X_clean, sample_weight) -> Self:
        """Pass once over own targets, or over pairs."""
        with all_or_nothing(self):
            last: Fitted | None = getattr(self, "_fitted", None)
            X = validate_rows(self, X, reset=last is None, learns=True)
            own: Any = self
            own._validate_params()  # scikit-learn checks those of the first chunk alone
            _refuse_parameters(self)
            if last is not None and self._table is not None:
                refuse_other_categories(self, self._table, "partial_fit")
            if X_clean is not None:
                X_clean = validate_clean_rows(self, X_clean, X)
            X, X_clean, weight = chunk_rows(sample_weight, X, X_clean)
            n_levels = self._levels_of(X, X_clean)
            objective = self._make_objective(X.shape[1], X_clean is not None)
            settings = SimpleNamespace(**own.get_params(deep=False))
            stream = getattr(self, "_stream", None)
            if stream is None:
                stream = _new_stream(self, last, X.shape[1], X_clean is not None)
            _refuse_other_pairs(stream.has_pairs, X_clean is not None)
            if settings.n_components is None:
                known = stream.fitted and stream.fitted.architecture.n_components
                settings.n_components = known or min(X.shape)
            watchers = [ProgressLines()] if self.verbose else []
            for s in gen_batches(len(X), max(1, _CELLS_AT_ONCE // X.shape[1])):
                rows = X[s], None if X_clean is None else X_clean[s]
                chunk = NewRows(*rows, None if weight is None else weight[s], n_levels)
                stream = stream.after(settings, objective, chunk, watchers)
            fitted: Any = stream.fitted
            complaint = fitted.complaint or objective.report(fitted)[1]
            if complaint is not None:
                warn_user(complaint, ConvergenceWarning)  # before: it may raise
            vars(self).update(vars(self._with(fitted)) | {"_stream": stream})
        return self


def _new_stream(estimator, last: Fitted | None, n_features: int, has_pairs: bool) -> Stream:
    """Return the stream before its first chunk, which may follow a fit."""
    seed = fresh_random_state(estimator.random_state).randint(2**31 - 1)
    if last is None:
        return Stream.of(n_features, has_pairs, seed)
    made_of = last.architecture
    if made_of.output_activation == "identity":
        # Of one table, rows and targets share their units.
        _refuse_other_pairs(not last.shares_units, has_pairs)
    return Stream.after_fit(last, has_pairs, seed)


def _refuse_other_pairs(had_pairs: bool, has_pairs: bool) -> None:
    """Raise ValueError unless a chunk has clean rows if all others had."""
    if has_pairs != had_pairs:
        given, before = ("with", "without") if has_pairs else ("without", "with")
        raise ValueError(
            f"partial_fit is called {given} X_clean, and was called {before} it; expected "
            "pairs in all chunks or in none. Pass the same again, or fit a clone to start "
            "anew."
        )


def _refuse_parameters(estimator) -> None:
    """Raise ValueError for what needs all rows at once."""
    counts = [getattr(estimator, name, None) for name in COUNTS]
    if bool in map(type, counts):
        refuse_booleans(estimator)
    if isinstance(estimator.n_components, TO_BE_FOUND):
        raise ValueError(
            f"n_components={estimator.n_components!r} is found by fits to all samples, and "
            "partial_fit sees them in chunks; expected an integer or None. Pass the number "
            "that fit finds for some of the samples: its n_components_."
        )
    if estimator.target_weight:
        raise ValueError(
            f"target_weight={estimator.target_weight!r} needs y of all samples, and "
            "partial_fit sees them in chunks; expected target_weight=0. Set it to 0, or "
            "call fit on as many samples as memory holds."
        )
