"""What partial_fit knows of all chunks so far, and what it makes of the next one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ._chunk import Chunk
from ._columns import RowSample, Scaler, Seen, keys_of
from ._data_checks import check_loss_domain, check_output_range, check_unchanged
from ._fit import Fit
from ._fitted import Fitted
from ._linear import RunningPca
from ._objectives import Objective
from ._plan import PASSES_ORDERED, Plan, make_plan
from ._training import TrainingState, Watcher, freeze

__all__ = ["NewRows", "Stream"]

# Of the rows so far, so many are kept: some to train on again beside the next chunk, so
# that what earlier chunks taught is not lost, the others to validate.
_MOST_ROWS, _MOST_CELLS, _FEWEST_KEPT = 4096, 2**20, 100

# PCA of fewer rows is no start for a training that lasts.
_FEWEST_ROWS, _FEWEST_PER_CODE = 50, 5

_FEWEST_AGAIN = 16  # rows of the sample that are trained on beside a chunk

# Mean squared distance between rows in the units of the training and in those of all rows
# so far, as a share of their variance, at which training begins anew.
_MOVED = 0.25

# Rows that are generated after a fit, in place of those that it had.
_MOST_GENERATED = 1000


class NewRows(NamedTuple):
    """A chunk: rows, clean rows or None, weights or None, levels as in TableLayout."""

    X: np.ndarray
    X_clean: np.ndarray | None
    weight: np.ndarray | None
    n_levels: tuple[int, ...]

    @property
    def pair(self) -> tuple[np.ndarray, ...]:
        """The rows, and the clean ones if there are any."""
        return (self.X,) if self.X_clean is None else (self.X, self.X_clean)

    @property
    def joined(self) -> np.ndarray:
        """The same side by side."""
        return self.X if self.X_clean is None else np.hstack(self.pair)


@dataclass(frozen=True)
class Stream:
    """All chunks so far.

    Parameters
    ----------
    sample : RowSample
        Of the rows, each with its clean row beside it if there are pairs.
    seen : tuple of Seen
        Statistics of the rows, and of the clean ones if there are pairs.
    seed : int
    n_rows : int
    size : float
        Sum of the weights of all rows.
    pca : RunningPca or None
        Of all rows; None if the start is something else.
    plan : Plan or None
        Of the present training.
    state : TrainingState or None
        Where it continues, in arrays.
    code_unit : ndarray, float or None
        Of the start of the present training; see Start.
    size_at_start : float
        ``size`` when the present training began.
    follows_fit : bool
        Whether training goes on from a fit, of which there is no linear start.
    fitted : Fitted or None
        What is in use after the last chunk, or after a fit before the first.
    """

    sample: RowSample
    seen: tuple[Seen, ...]
    seed: int
    n_rows: int = 0
    size: float = 0.0
    pca: RunningPca | None = None
    plan: Plan | None = None
    state: TrainingState | None = None
    code_unit: np.ndarray | float | None = None
    size_at_start: float = 0.0
    follows_fit: bool = False
    fitted: Fitted | None = None

    @classmethod
    def of(cls, n_features: int, has_pairs: bool, seed: int) -> "Stream":
        """Return a stream before its first row."""
        width = n_features * (1 + has_pairs)
        most = max(min(_MOST_ROWS, _MOST_CELLS // width), _FEWEST_KEPT)
        seen = (Seen.nothing(n_features),) * (1 + has_pairs)
        return cls(RowSample.of(most, width), seen, seed)

    @classmethod
    def after_fit(cls, fitted: Fitted, has_pairs: bool, seed: int) -> "Stream":
        """Return the stream after a fit, as if its rows were those that it generates."""
        one = cls.of(len(fitted.columns.mean_), has_pairs, seed)
        n_rows = min(fitted.n_samples, _MOST_GENERATED, one.sample.max_rows)
        rows = fitted.draw(n_rows, np.random.RandomState(seed))
        weight = np.full(n_rows, fitted.size / n_rows)
        maps = (fitted.columns, fitted.output_columns)[: 1 + has_pairs]
        return replace(
            one,
            sample=one.sample.after(np.hstack([rows] * len(maps)), weight),
            seen=tuple(Seen.by(columns, fitted.size) for columns in maps),
            n_rows=fitted.n_samples,
            size=fitted.size,
            size_at_start=fitted.size,
            pca=_pca_of(fitted),
            state=_state_of(fitted),
            follows_fit=not fitted.stays_linear,
            fitted=fitted,
        )

    @property
    def has_pairs(self) -> bool:
        """Whether clean rows belong to the rows."""
        return len(self.seen) > 1

    def after(
        self,
        settings: Any,
        objective: Objective,
        chunk: NewRows,
        watchers: Sequence[Watcher] = (),
    ) -> "Stream":
        """Return the stream after one pass over a chunk; ``settings`` as for make_plan."""
        weight = np.ones(len(chunk.X)) if chunk.weight is None else chunk.weight
        seen = zip(self.seen, chunk.pair, strict=True)
        one = replace(
            self,
            sample=self.sample.after(chunk.joined, weight),
            seen=tuple(known.after(x, weight) for known, x in seen),
            n_rows=self.n_rows + len(chunk.X),
            size=self.size + weight.sum(),
        )
        one = one._planned(settings, objective, chunk.n_levels)
        one._check_range(chunk)
        if one.pca is not None and one.plan is not None:
            scale = one.plan.columns.scale_
            one = replace(one, pca=one.pca.after(chunk.X, chunk.weight, scale))
        return one._trained(self, chunk, watchers)

    def _check_range(self, chunk: NewRows) -> None:
        """Raise ValueError for rows that the loss or the output has no place for."""
        assert self.plan is not None
        wanted, name = chunk.pair[-1], "X_clean" if self.has_pairs else "X"
        check_loss_domain(self.plan.loss, wanted, name)
        check_output_range(self.plan.architecture.output_activation, wanted, name)

    def _pairs(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return rows, and the clean ones beside them or None."""
        rows, *clean = np.split(rows, len(self.seen), axis=1)
        return rows, clean[0] if clean else None

    @property
    def _weight(self) -> np.ndarray:
        """Weight of each row of the sample, which stands for all rows."""
        return self.sample.weight * (self.size / self.sample.weight.sum())

    @property
    def _weight_of_rows(self) -> np.ndarray | None:
        """The same, as often as there are rows at least; None if all are equal."""
        if np.ptp(self.sample.weight) == 0:
            return None
        return self._weight * max(1.0, self.n_rows / self.size)

    def _planned(self, settings, objective: Objective, n_levels: tuple) -> "Stream":
        """Return this stream with the plan of the next pass."""
        plan, fitted = self._plan_of_all(settings, objective, n_levels), self.fitted
        made_of = plan.architecture
        if fitted is None:
            pca = None
            if objective.starts_at_pca and made_of.linear_skip and made_of.table is None:
                pca = RunningPca.of(made_of.n_components, made_of.n_features)
            return replace(self, plan=plan, pca=pca)
        last: Any = self.plan or fitted
        # Twice as many rows as at its beginning, so that most of the work is never lost.
        anew = fitted.stays_linear and self.size >= 2 * self.size_at_start
        anew = anew and _have_moved(last.columns, plan.columns)
        # A column that had no value at all has no units.
        anew |= bool(np.isnan(last.columns.offset_[~np.isnan(plan.columns.offset_)]).any())
        if self.state is None or anew:
            pca = self.pca if made_of.table is None else None
            how: Any = {"state": None, "follows_fit": False}
            return replace(self, plan=plan, pca=pca, **how)
        plan = replace(
            plan,
            columns=plan.columns.in_units_of(last.columns),
            output_columns=plan.output_columns.in_units_of(last.output_columns),
            code_unit=last.code_unit,
        )
        is_new = made_of.table != fitted.architecture.table  # the first missing cells
        if not is_new:
            frequencies = getattr(last, "frequencies", None)
            plan = replace(plan, costs=last.costs, frequencies=frequencies)
        if self.follows_fit:
            plan = _after_a_fit(plan, None if is_new else fitted)
        keeps = plan.recipe.keeps_start and not fitted.stays_linear
        plan = replace(plan, recipe=replace(plan.recipe, keeps_network=keeps))
        if is_new:
            return replace(self, plan=plan, pca=None)
        return replace(self, plan=plan)

    def _plan_of_all(self, settings, objective: Objective, n_levels: tuple) -> Plan:
        """Return the plan of one pass, in units of all rows so far."""
        fitted, table = self.fitted, None
        if fitted is not None:
            table = fitted.architecture.table
            n_levels = n_levels if table is None else table.n_levels
        how: Any = {"n_levels": n_levels, "weight": self._weight, "seen": self.seen}
        plan = make_plan(settings, objective, *self._pairs(self.sample.rows), None, **how)
        now: Any = plan.architecture.table
        if table is not None and (table.rank or not now.rank):
            # Its share of missing cells is that of the rows that it was drawn for.
            plan = replace(plan, architecture=replace(plan.architecture, table=table))
        if fitted is not None:
            then = replace(plan.architecture, table=table)
            check_unchanged(then, settings.scaling, fitted, "partial_fit")
        n_passes = PASSES_ORDERED if settings.ordered else 1
        return replace(
            plan,
            recipe=replace(plan.recipe, max_iter=1, n_passes=n_passes, goes_on=True),
            output_columns=plan.output_columns.open_to_more(),
        )

    # -- the pass --------------------------------------------------------------

    def _trained(self, before: "Stream", new: NewRows, watchers) -> "Stream":
        """Return this stream with what is fitted after a pass over the chunk."""
        assert self.plan is not None
        plan, share = self.plan, self.plan.validation_fraction
        learnt = self._is_trained_on(new.joined, share)
        again = self._replayed(before.sample, max(learnt.sum(), _FEWEST_AGAIN), share)
        rows, weight = np.concatenate([new.joined[learnt], again]), new.weight
        if weight is not None:
            weight = weight[learnt] / (weight[learnt].mean() if learnt.any() else 1.0)
            weight = np.concatenate([weight, np.ones(len(again))])
        is_valid = self.sample.is_validation(self.sample.keys, share)
        pca = None
        if self.pca is not None:
            pca = self.pca.code(plan.columns.offset_, plan.columns.scale_)
        X, X_clean = self._pairs(rows)
        chunk = Chunk(
            X=X,
            X_clean=X_clean,
            weight=weight,
            is_valid=is_valid,
            seeds=(self.seed, self.n_rows % 2**32),
            pca=pca,
            state=self.state,
            code_unit=self.code_unit,
            waits=self._waits(len(rows)),
        )
        random_state = np.random.RandomState(self.seed)
        given: Any = (plan, *self._pairs(self.sample.rows), random_state)
        fit = Fit(*given, weight=self._weight_of_rows, chunk=chunk)
        fitted = _with_totals(fit.run(watchers), self)
        if fit.training is None:
            return replace(self, fitted=fitted)
        one = replace(self, state=freeze(fit.training.state), fitted=fitted)
        if self.state is not None:
            return one
        unit = None if fit.start is None else fit.start.code_unit
        return replace(one, size_at_start=self.size, code_unit=unit)

    def _waits(self, n_rows: int) -> bool:
        """Whether rows are too few for a linear start that lasts."""
        assert self.plan is not None
        made_of = self.plan.architecture
        least = max(_FEWEST_ROWS, _FEWEST_PER_CODE * made_of.n_components)
        return n_rows == 0 or (self.plan.starts_linear and self.n_rows < least)

    def _is_trained_on(self, rows: np.ndarray, share: float) -> np.ndarray:
        """Return which rows of a chunk are trained on.

        All that are not for validation; and rows that come more than once, of which a
        table may have so few kinds that a part of them would be most of the rows.
        """
        keys = keys_of(rows)
        _, place, count = np.unique(keys, return_inverse=True, return_counts=True)
        return (count[place] > 1) | ~self.sample.is_validation(keys, share)

    def _replayed(self, sample: RowSample, n_rows: int, share: float) -> np.ndarray:
        """Return rows of the sample before the chunk, to train on again."""
        own = np.flatnonzero(~self.sample.is_validation(sample.keys, share))
        if not len(own):
            return sample.rows[own]
        weight = sample.weight[own]
        draw = np.random.RandomState([self.seed, self.n_rows % 2**32])
        return sample.rows[draw.choice(own, n_rows, p=weight / weight.sum())]


def _after_a_fit(plan: Plan, fitted: Fitted | None) -> Plan:
    """Return a plan whose start is the network in use, and no linear one.

    None: it has other inputs by now, and there is no start to fall back on.
    """
    how: Any = {"loosens_start": False, "guards_start": False}
    how["keeps_start"] = fitted is not None
    return replace(
        plan,
        recipe=replace(plan.recipe, **how),
        last_arrays=None if fitted is None else fitted.arrays,
        starts_linear=False,
    )


def _have_moved(then: Scaler, now: Scaler) -> bool:
    """Whether rows are elsewhere in the units of a training than in those of all rows."""
    std = np.sqrt(now.variance_)
    apart = ((now.offset_ - then.offset_) / then.scale_) ** 2
    apart = apart + (std / then.scale_ - std / now.scale_) ** 2
    return bool(np.nanmean(apart) > _MOVED * np.nanmean((std / now.scale_) ** 2))


def _with_totals(fitted: Fitted, stream: Stream) -> Fitted:
    """Return what is fitted, with what is said of a fit said of all chunks."""
    last, losses = stream.fitted, list(fitted.loss_curve)
    curves: Any = fitted.validation_loss_curve, fitted.validation_scores
    if last is not None:
        losses = last.loss_curve + losses
        before: Any = last.validation_loss_curve, last.validation_scores
        curves = [
            old if new is None else (old or new[:1]) + new[1:]
            for old, new in zip(before, curves, strict=True)
        ]
    return replace(
        fitted,
        n_samples=stream.n_rows,
        # Where weights are below 1 there are not fewer rows than there are.
        size=max(stream.size, float(stream.n_rows)),
        n_iter=max(1, len(losses)),
        best_iter=0 if fitted.best_iter == 0 else len(losses),
        loss_curve=losses,
        validation_loss_curve=curves[0],
        validation_scores=curves[1],
    )


def _state_of(fitted: Fitted) -> TrainingState | None:
    """Return where training ended, if it has not ended at its start."""
    if fitted.stays_linear:
        return None
    arrays = fitted.arrays.items()
    weights: Any = {name: w for name, w in arrays if not name.startswith("axes.")}
    return TrainingState(weights=weights, averages=weights, warmth=1.0)


def _pca_of(fitted: Fitted) -> RunningPca | None:
    """Return the PCA that a fit ended with, if it did."""
    made_of, arrays = fitted.architecture, fitted.arrays
    if not (fitted.is_pca and fitted.shares_units and made_of.table is None):
        return None
    back = arrays["decoder.skip.weight"] * arrays["decoder.spread"][:, np.newaxis]
    components = arrays["axes.inverse_weight"] @ back.T * fitted.columns.scale_
    variance = np.ones(1) if fitted.whitens else fitted.axes_variance
    rows = components * np.sqrt(variance * max(fitted.size - 1, 0))[:, np.newaxis]
    return RunningPca(
        n_components=made_of.n_components,
        mean=fitted.columns.mean_,
        rows=rows,
        size=fitted.size,
        scatter=fitted.columns.variance_ * fitted.size,
    )
