"""Derive all settings of one fit from the parameters and the data, or raise an error."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from ._columns import Scaler, Seen
from ._data_checks import (
    check_loss_domain,
    check_output_range,
    check_unchanged,
    refuse_long_codes,
    refuse_lost_digits,
    refuse_output,
    refuse_own_layers,
)
from ._objectives import Objective
from ._plan_tables import fit_scalers, measure_levels, plan_table
from ._training import (
    Recipe,
    check_callbacks,
    check_solver,
    pays_in_bfloat16,
    resolve_device,
)
from .nn import LOSSES, TableLayout

if TYPE_CHECKING:
    from ._fitted import Fitted

__all__ = ["PASSES_ORDERED", "Architecture", "Plan", "make_plan"]

# Linear skips, which for "mse" start at the linear optimum, use this fraction of the
# learning rate: at the full rate the first steps undo much of a start with many components.
_LINEAR_RATE = 0.1

# batch_size="auto": batches for an epoch to make progress, of sizes that are efficient.
_BATCHES, _FEWEST_ROWS, _MOST_ROWS, _BATCHES_ORDERED = 16, 16, 512, 2
# Rows in an epoch, by several passes over few of them. On 36 cases of 60 to 512 rows
# (few_rows.py) the unexplained variance was 0.773 of PCA's after one pass, 0.729 with 600
# rows, 0.705 with 1000 and 0.698 with 1500, in 1.1 and 1.7 s; 0.741 by batches of 4 to 8.
# Where columns outnumber rows passes won 0.006 of R² at most, in two to nine times as long.
_ROWS_PER_EPOCH, _FEWEST_TO_REPEAT = 1000, 50
# Ordered codes are codes of many sizes to learn: so many more passes, in larger batches.
PASSES_ORDERED = 3


@dataclass(frozen=True)
class Architecture:
    """What a network is built from; the fields are its keyword arguments.

    A warm start compares them with those of the last fit, one by one.
    """

    n_features: int
    n_components: int
    hidden_layer_sizes: tuple[int, ...]
    decoder_hidden_layer_sizes: tuple[int, ...]
    activation: str
    code_activation: str
    output_activation: str
    dropout: float
    linear_skip: bool
    encoder: Callable | None
    decoder: Callable | None
    table: TableLayout | None = None
    ordered: bool = False

    @property
    def is_linear(self) -> bool:
        """Whether the network consists of the linear skip alone."""
        sizes = self.hidden_layer_sizes + self.decoder_hidden_layer_sizes
        is_bent = {self.code_activation, self.output_activation} != {"identity"}
        return self.linear_skip and not (sizes or is_bent or self.has_own_layers)

    @property
    def has_own_layers(self) -> bool:
        """Whether user-supplied networks replace hidden layers."""
        return self.encoder is not None or self.decoder is not None

    @property
    def n_multiplications(self) -> int:
        """Number of multiplications to reconstruct one row."""
        # The two linear skips count even where there are none: this decides on threads and
        # precision, for which an estimate is enough.
        table, back = self.table, self.decoder_hidden_layer_sizes[::-1]
        n_in, n_out = (table.n_in, table.n_out) if table else 2 * (self.n_features,)
        total = (n_in + n_out) * self.n_components
        for n, sizes in ((n_in, self.hidden_layer_sizes), (n_out, back)):
            widths = (n, *sizes, self.n_components)
            total += sum(n_in * n_out for n_in, n_out in pairwise(widths))
        return total


@dataclass(frozen=True)
class Plan:
    """One fit, before it begins.

    Parameters
    ----------
    objective : Objective
    architecture : Architecture
    loss : str or callable
    sampler, device : str
        A key of DENSITIES; the recipe has the device that this one is resolved to.
    whiten : bool
    columns, output_columns : Scaler
        Scaling of the input and of the target.
    shares_units, target_is_input : bool
        Whether both are the same; whether the target is the input, in the same units.
    code_unit : ndarray of shape (n_components,)
        Size of one unit of each component in the user's units, before the start refines it.
    last_arrays : dict of ndarray or None
        Weights that a warm start continues from.
    starts_linear : bool
    is_closed_form : bool
        Whether the solution is linear and needs no training.
    costs, frequencies : tuple of ndarray, sequence of ndarray, or None
        Of the columns of a table; see measure_levels.
    validation_fraction : float
        Fraction of the rows that select the epoch; 0 for none.
    recipe : Recipe
    """

    objective: Objective
    architecture: Architecture
    loss: str | Callable
    sampler: str
    whiten: bool
    device: str
    columns: Scaler
    output_columns: Scaler
    shares_units: bool
    target_is_input: bool
    code_unit: np.ndarray
    last_arrays: dict[str, np.ndarray] | None
    starts_linear: bool
    is_closed_form: bool
    costs: tuple[np.ndarray, np.ndarray] | None
    frequencies: Sequence[np.ndarray] | None
    validation_fraction: float
    recipe: Recipe


def make_plan(
    settings: Any,
    objective: Objective,
    X: np.ndarray,
    X_clean: np.ndarray | None,
    last: "Fitted | None",
    *,
    n_levels: tuple[int, ...] = (),
    weight: np.ndarray | None = None,
    seen: tuple[Seen, ...] | None = None,
) -> Plan:
    """Return the plan that follows from ``settings``, or raise ValueError.

    Parameters
    ----------
    settings : object
        Has the parameters that all estimators share as attributes.
    objective : Objective
    X : ndarray of shape (n_samples, n_features)
    X_clean : ndarray of shape (n_samples, n_features) or None
        Target of the reconstruction. None uses ``X``.
    last : Fitted or None
        The fit that a warm start continues.
    n_levels : tuple of int
        See TableLayout; empty for complete numbers.
    weight : ndarray of shape (n_samples,) or None
    seen : tuple of Seen, or None
        What is known of the columns of a stream, of which ``X`` is a sample.
    """
    name, wanted = ("X", X) if X_clean is None else ("X_clean", X_clean)
    loss, scaling, rows = settings.loss, settings.scaling, (X, X_clean, (weight, seen))
    architecture = _plan_architecture(settings, X, last, n_levels, seen)
    if isinstance(loss, str) and LOSSES[loss].outputs:
        check_loss_domain(loss, wanted, name)
    output_activation = architecture.output_activation
    if output_activation != "identity":
        check_output_range(output_activation, wanted, name)
    is_closed_form = loss == "mse" and architecture.is_linear and not settings.target_weight
    if last is None:
        columns, output_columns, unit, levels = _fit_units(settings, architecture, *rows)
        shares_units = X_clean is None and output_activation == "identity"
        if not (is_closed_form or (columns.centres and output_columns.centres)):
            refuse_lost_digits(scaling, output_activation, columns, output_columns)
    else:
        check_unchanged(architecture, scaling, last)
        columns, output_columns = last.columns, last.output_columns
        shares_units, unit, levels = last.shares_units, last.code_unit, (None, None)
    starts_linear = architecture.linear_skip and last is None
    known = {"n_rows": len(X), "scalers": (columns, output_columns), "last": last}
    return Plan(
        objective=objective,
        architecture=architecture,
        loss=loss,
        columns=columns,
        output_columns=output_columns,
        shares_units=shares_units,
        target_is_input=shares_units and X_clean is None,
        code_unit=unit,
        last_arrays=None if last is None else last.arrays,
        starts_linear=starts_linear,
        is_closed_form=is_closed_form,
        frequencies=levels[0],
        costs=levels[1] if last is None else last.costs,
        validation_fraction=settings.early_stopping * settings.validation_fraction,
        sampler=settings.sampler,
        whiten=settings.whiten,
        device=settings.device,
        recipe=_as_recipe(settings, objective, architecture, starts_linear, **known),
    )


def _fit_units(
    settings, architecture: Architecture, X: np.ndarray, X_clean, known: tuple
) -> tuple[Scaler, Scaler, np.ndarray, tuple]:
    """Return the scaling of input and target, units of codes, and what levels cost."""
    weight, seen = known
    levels: Any = None, None
    table, kind = architecture.table, settings.scaling
    wanted = X if X_clean is None else X_clean
    if table is not None and table.categories:
        scalers = fit_scalers(table, kind, X, X_clean, weight)
        levels = measure_levels(table, settings.loss, wanted, scalers[1], weight)
        return *scalers, np.ones(architecture.n_components), levels
    seen = seen or (None,)
    columns = output_columns = Scaler(kind).fit(X, "X", weight, seen[0])
    output_activation = architecture.output_activation
    if output_activation != "identity":
        # A bounded output is in the units of the data, which it could not reach if they
        # were scaled. An output of one sign may be any multiple of them, but not centred.
        kind = None if output_activation in ("logistic", "tanh") else "magnitude"
    if X_clean is not None or output_activation != "identity":
        name = "X" if X_clean is None else "X_clean"
        output_columns = Scaler(kind).fit(wanted, name, weight, seen[-1])
    code_unit = np.ones(architecture.n_components)
    # Under "global" one factor applies to all columns, so codes can have the units of the
    # data, as PCA's have. Under "feature" there is no such factor.
    if settings.scaling == "global" and settings.code_activation == "identity":
        code_unit *= output_columns.scale_[0]
    if table is not None:
        levels = measure_levels(table, settings.loss, wanted, output_columns, weight)
    return columns, output_columns, code_unit, levels


def _as_recipe(settings, objective, architecture, starts_linear, *, n_rows, scalers, last):
    """Return how to train; ``scalers`` are those of the input and of the target."""
    solver, device = settings.solver, settings.device
    if not isinstance(solver, str):
        check_solver(solver)
    # The default is always valid, and needs no test allocation.
    device = device if device == "cpu" else resolve_device(device)
    has_own_layers = settings.encoder is not None or settings.decoder is not None
    # Only these were measured with several passes.
    may_repeat = settings.early_stopping and isinstance(solver, str) and not has_own_layers
    may_repeat &= architecture.n_features <= n_rows
    how = settings.batch_size, n_rows, may_repeat, architecture.ordered
    batch_size, n_passes = plan_batches(*how)
    # An optimizer class gets a single group of weights, since LBFGS accepts no more.
    slow = architecture.linear_skip and isinstance(solver, str) and settings.loss == "mse"
    work = architecture.n_multiplications
    bfloat16 = settings.precision == "bfloat16"
    # bfloat16 was not measured for user-supplied layers or distributions over codes.
    if settings.precision == "auto" and objective.trains_in_bfloat16 and not has_own_layers:
        # Means that are not subtracted use up the few digits of bfloat16.
        farthest = max(0.0 if scaler.centres else scaler.distance_ for scaler in scalers)
        bfloat16 = pays_in_bfloat16(device, batch_size, work, farthest)
    return Recipe(
        max_iter=settings.max_iter,
        batch_size=batch_size,
        n_passes=n_passes,
        solver=solver,
        learning_rate_init=settings.learning_rate_init,
        linear_rate=_LINEAR_RATE * settings.learning_rate_init if slow else None,
        learning_rate=settings.learning_rate,
        alpha=settings.alpha,
        loosens_start=starts_linear and _may_loosen(settings, objective, scalers),
        keeps_start=starts_linear or last is not None,
        guards_start=starts_linear,
        tol=settings.tol,
        n_iter_no_change=settings.n_iter_no_change,
        kl_warmup=objective.kl_warmup,
        bfloat16=bfloat16,
        n_multiplications=work * batch_size,
        device=device,
        callbacks=tuple(check_callbacks(settings.callbacks) if settings.callbacks else ()),
    )


def _may_loosen(settings, objective, scalers) -> bool:
    """Whether the start is PCA, in a configuration for which loosening was measured."""
    # The decoder mirrors the encoder unless it has sizes, so one entry may stand for both.
    sizes = [settings.hidden_layer_sizes]
    if settings.decoder_hidden_layer_sizes is not None:
        sizes.append(settings.decoder_hidden_layer_sizes)
    return (
        objective.starts_at_pca
        # Both halves have hidden layers to take over, and with weights drawn here: how
        # large a user-supplied network's output is at the start is not known.
        and min(map(np.size, sizes)) > 0
        and settings.encoder is None
        and settings.decoder is None
        and settings.code_activation == "identity"
        # Initial weights assume inputs of about unit size, which centring ensures.
        and all(scaler.centres for scaler in scalers)
        # A penalty shrinks the hidden layers to zero again, and a constant rate does not
        # converge closely enough to make up for what PCA had.
        and settings.alpha == 0
        and settings.learning_rate == "one_cycle"
        and settings.solver in ("adam", "adamw")
    )


def plan_batches(
    batch_size: int | str, n_rows: int, may_repeat: bool, ordered: bool = False
) -> tuple[int, int]:
    """Return rows in a batch, and passes over all rows in an epoch.

    A batch size of "auto" is the power of two that gives about 16 batches, and one pass; of
    50 to 500 rows, as many passes as come to at most 1000 rows.

    Examples
    --------
    >>> [plan_batches("auto", n_rows, True) for n_rows in (40, 80, 320, 500, 501, 2000)]
    [(16, 1), (16, 12), (16, 3), (32, 2), (32, 1), (128, 1)]
    """
    n_passes = PASSES_ORDERED if ordered else 1
    if not isinstance(batch_size, str):
        return int(batch_size), n_passes
    wanted = 2 ** round(math.log2(max(n_rows, 1) / _BATCHES))
    may_repeat = may_repeat and n_rows >= _FEWEST_TO_REPEAT
    n_passes *= max(1, _ROWS_PER_EPOCH // n_rows) if may_repeat else 1
    wanted = int(min(max(wanted, _FEWEST_ROWS), _MOST_ROWS))
    return wanted * (_BATCHES_ORDERED if ordered else 1), n_passes


def _plan_architecture(
    settings, X: np.ndarray, last: "Fitted | None", n_levels: tuple[int, ...], seen
) -> Architecture:
    table: TableLayout | None = None
    if n_levels:
        how = settings, X, n_levels, seen[0].hole_share if seen else 0.0
        table = last.architecture.table if last else plan_table(*how)
    if settings.ordered:
        refuse_own_layers(settings)
    encoder_sizes = _as_sizes("hidden_layer_sizes", settings.hidden_layer_sizes)
    decoder_sizes, own = encoder_sizes[::-1], settings.decoder_hidden_layer_sizes
    if own is not None:
        decoder_sizes = _as_sizes("decoder_hidden_layer_sizes", own)
    n_components, n_blocks = settings.n_components, table.n_blocks if table else X.shape[1]
    most = table.most_codes if table else n_blocks
    most = most if seen else min(len(X), most)
    if n_components is None:
        n_components = last.architecture.n_components if last else min(most, X.shape[1])
    elif n_components > most and last is None:  # a warm start may have fewer rows
        refuse_long_codes(n_components, most, X.shape, n_blocks if any(n_levels) else 0)
    return Architecture(
        n_features=X.shape[1],
        n_components=int(n_components),
        hidden_layer_sizes=encoder_sizes,
        decoder_hidden_layer_sizes=decoder_sizes,
        activation=settings.activation,
        code_activation=settings.code_activation,
        output_activation=_output_activation(settings.output_activation, settings.loss),
        dropout=settings.dropout,
        # PCA, at which training starts, has no more components than that.
        linear_skip=settings.init == "pca" and n_components <= n_blocks,
        encoder=settings.encoder,
        decoder=settings.decoder,
        table=table,
        ordered=settings.ordered,
    )


def _as_sizes(name: str, sizes) -> tuple[int, ...]:
    # dtype=object, so that ragged input gets the message below and not numpy's.
    wanted = tuple(np.atleast_1d(np.asarray(sizes, dtype=object)))
    is_count = [isinstance(n, Integral) and n is not True and int(n) >= 1 for n in wanted]
    if not all(is_count):
        raise ValueError(
            f"{name}={sizes!r} must hold integers of at least 1, one per hidden layer. Use "
            "() for no hidden layer."
        )
    return tuple(int(size) for size in wanted)


def _output_activation(output_activation: str, loss) -> str:
    outputs = LOSSES[loss].outputs if isinstance(loss, str) else ()
    if output_activation == "auto":
        return outputs[0] if outputs else "identity"
    if outputs and output_activation not in outputs:
        refuse_output(output_activation, loss)
    return output_activation
