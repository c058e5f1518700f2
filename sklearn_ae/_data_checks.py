"""Checks that raise for what a loss, an output, float32 or the memory cannot hold."""

import re
from collections.abc import Sequence

import numpy as np

from ._columns import Scaler
from .nn import LOSSES

__all__ = [
    "check_loss_domain",
    "check_output_range",
    "check_result_range",
    "check_unchanged",
    "check_units",
    "refuse_lack_of_memory",
    "refuse_long_codes",
    "refuse_lost_digits",
    "refuse_output",
    "refuse_own_layers",
]

# Range of each bounded output activation. silu, gelu and elu go slightly below zero, by
# amounts that depend on the unit of the output, so no bound of theirs is checked.
_RANGES = {
    "logistic": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "softplus": (0.0, np.inf),
}

_ROUNDING = 1e-6  # MinMaxScaler's results can exceed 1 by a rounding error

# Largest ratio of a column's mean to its standard deviation that training in float32
# tolerates: if the input is not centred, and if only the output is not centred.
_FARTHEST_MEAN_IN, _FARTHEST_MEAN_OUT = 1e3, 1e5

# What torch says of memory that it cannot have, in the words of each kind of device.
_NO_MEMORY = re.compile("alloc|out of memory", re.IGNORECASE)
_MOST_BYTES = 2**63  # more cannot even be asked for


def check_loss_domain(loss, X: np.ndarray, name: str = "X") -> None:
    """Raise ValueError if ``X`` has values outside the domain of ``loss``."""
    # Nothing is known of the domain of a callable.
    if isinstance(loss, str):
        cause = f"loss={loss!r}"
        _check_range(cause, LOSSES[loss].domain, X, name, "use loss='mse'")


def check_units(loss, X: np.ndarray, name: str) -> None:
    """Raise ValueError if ``X``, in use, seems to be in other units than those of ``loss``.

    Unlike in ``fit``, values beyond the domain occur, as those of a MinMaxScaler do: for
    the loss they are at its edge. Beyond it by half of its width they are refused.
    """
    if (
        isinstance(loss, str) and LOSSES[loss].outputs
    ):  # else any value may be in the domain
        low, high = LOSSES[loss].domain
        slack = (high - low) / 2
        if (
            np.fmin.reduce(X, None) <= low - slack
            or np.fmax.reduce(X, None) >= high + slack
        ):
            check_loss_domain(loss, X, name)


def check_output_range(output_activation: str, X: np.ndarray, name: str) -> None:
    """Raise ValueError if ``X`` has values that ``output_activation`` cannot return."""
    if output_activation in _RANGES:
        cause = f"output_activation={output_activation!r}"
        way_out = "use output_activation='auto'"
        _check_range(cause, _RANGES[output_activation], X, name, way_out)


def _check_range(
    cause: str, interval: tuple[float, float], X: np.ndarray, name: str, way_out: str
) -> None:
    low, high = interval
    if low == -np.inf and high == np.inf:
        return
    # A hole is in any range.
    least, most = (float(end.reduce(X, axis=None)) for end in (np.fmin, np.fmax))
    # Relative to the range, or to the data where the range has no upper bound: rounding
    # errors are proportional to the values that were computed.
    slack = _ROUNDING * (max(abs(least), abs(most)) if high == np.inf else high - low)
    if least < low - slack or most > high + slack:
        expected = f"values in [{low:g}, {high:g}]"
        raise ValueError(
            f"{name} has values from {least:.6g} to {most:.6g}; {cause} expected "
            f"{'non-negative values' if high == np.inf else expected}. Scale {name} first, "
            f"with MinMaxScaler(clip=True) for one, or {way_out}."
        )


def check_result_range(
    result: np.ndarray, given: Sequence[np.ndarray], name: str, *, has_own_parts: bool
) -> None:
    """Raise ValueError if ``result``, of what was ``given``, is not finite.

    ``has_own_parts`` is whether layers or a loss of the user's may be the cause.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(result.sum()) or np.isfinite(result).all():  # the first is cheap
            return
    dtype = result.dtype
    largest = max(abs(float(end)) for array in given for end in (array.min(), array.max()))
    way_out = f"Divide {name} by a unit of its own first, and fit again in that unit"
    if dtype == np.float32:
        way_out += f", or pass {name} as float64"
    if has_own_parts:
        way_out += "; layers or a loss of your own have to be finite too"
    raise ValueError(
        f"{name} has values up to {largest:.3g}, for which a result is no longer a finite "
        f"number in {dtype}. Expected values nearer to those of the fit, whose squares "
        f"stay below {np.finfo(dtype).max:.0e}. {way_out}."
    )


def refuse_lost_digits(
    scaling: str | None, output_activation: str, columns: Scaler, output_columns: Scaler
) -> None:
    """Raise ValueError if means that are not subtracted hide the variation of columns."""
    if scaling is None:
        distance = max(columns.distance_, output_columns.distance_)
        cause, farthest = "scaling=None", _FARTHEST_MEAN_IN
    else:
        distance, farthest = output_columns.distance_, _FARTHEST_MEAN_OUT
        cause = f"an output of {output_activation!r}"
    if distance <= farthest:
        return
    name = "X" if distance == columns.distance_ else "X_clean"
    raise ValueError(
        f"{name} has means {distance:.2g} standard deviations away from zero, "
        f"which {cause} does not subtract; expected at most {farthest:g}, since "
        "training in float32 would lose the digits that vary. Subtract the means "
        "first, or use scaling='global' with loss='mse'."
    )


def refuse_lack_of_memory(error: Exception, architecture, n_rows: int, batch_size: int):
    """Raise ValueError if ``error`` says that a fit needs more memory than there is.

    Parameters
    ----------
    error : Exception
    architecture : Architecture
        Nothing is raised for layers of the user's own, whose sizes are not known.
    n_rows, batch_size : int
    """
    n_weights = architecture.n_multiplications
    is_lack = isinstance(error, MemoryError) or _NO_MEMORY.search(str(error))
    if architecture.has_own_layers or not (is_lack or 4 * n_weights > _MOST_BYTES):
        return
    sizes, back = architecture.hidden_layer_sizes, architecture.decoder_hidden_layer_sizes
    n_features = architecture.n_features
    n_values = min(batch_size, n_rows) * sum((n_features, *sizes, *back))
    # Roughly what training holds: weights with gradients, the optimizer's state and copies
    # of the start and the best, 8 times by measurement; values with their gradients.
    held = {"layers": 8 * n_weights, "batch": 2 * n_values, "rows": n_rows * n_features}
    largest = max(held, key=lambda what: held[what])
    if largest == "layers":
        cause = f"hidden_layer_sizes={sizes}, and {back} in the decoder, asks for about "
        cause, way = f"{cause}{n_weights:.2g} weights of 4 bytes", "Use smaller layers"
    elif largest == "batch":
        cause = f"batch_size={batch_size} asks for about {n_values:.2g} values of 4 bytes"
        way = "Use a smaller batch_size"
    else:
        cause = f"X has {n_rows} rows of {n_features} numbers"
        way = "Fit a sample of the rows"
    raise ValueError(
        f"{cause}, several times over in training, which this machine has no memory for "
        f"({str(error).partition(chr(10))[0]}); expected fewer. {way}."
    ) from error


def refuse_own_layers(settings) -> None:
    """Raise ValueError for ordered codes of an encoder or a decoder of the user's."""
    for name in ("encoder", "decoder"):
        if getattr(settings, name) is not None:
            raise ValueError(
                f"ordered=True and {name}={getattr(settings, name)!r}; expected layers "
                "that know how many components there are, as only those built here do. Use "
                f"{name}=None, or ordered=False."
            )


def refuse_long_codes(n_components, most: int, shape, n_blocks: int) -> None:
    """Raise ValueError: codes are longer than ``most``, for a table of this shape."""
    blocks = f" of {n_blocks} numbers and levels" if n_blocks else ""
    raise ValueError(
        f"n_components={n_components!r} must be between 1 and min(n_samples, "
        f"n_features)={most}: X has {shape[0]} rows and {shape[1]} columns{blocks}. Use "
        f"a smaller n_components, or None to take {min(most, shape[1])}."
    )


def refuse_output(output_activation: str, loss: str) -> None:
    """Raise ValueError: the loss is not defined for all that the activation gives."""
    low, high = LOSSES[loss].domain
    raise ValueError(
        f"output_activation={output_activation!r} lets outputs leave [{low:g}, "
        f"{high:g}]; loss={loss!r} expected an output inside. Use output_activation='auto'."
    )


def check_unchanged(architecture, scaling, last, by: str = "warm_start=True") -> None:
    """Raise ValueError if another network than the last would be continued ``by``."""
    # Factories are compared by identity: two lambdas that look alike may build different
    # networks, whose weights would not fit.
    now, then = vars(architecture), vars(last.architecture)
    changed = [name for name in now if now[name] != then[name]]
    changed = ["init" if name == "linear_skip" else name for name in changed]
    table = architecture.table
    if table is not None and table.categories:
        scaling = scaling and "feature"
    if scaling != last.columns.kind:
        changed.append("scaling")
    if changed:
        raise ValueError(
            f"{by} found {', '.join(changed)} changed since the last fit; expected the "
            "network that it continues. Set the old values, or fit a clone to start anew."
        )
