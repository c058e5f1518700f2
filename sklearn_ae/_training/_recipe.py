"""The settings of a training, as plain values, and its failure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ConvergenceError", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """All parameters that training depends on.

    Parameters
    ----------
    max_iter : int
        Maximum number of epochs.
    batch_size : int
        Maximum number of rows in a batch.
    n_passes : int
        Number of passes over the rows in an epoch.
    solver : str or torch optimizer class
        A key of OPTIMIZERS, or a user-supplied class.
    learning_rate_init : float
        Maximum learning rate.
    linear_rate : float or None
        Maximum learning rate of the linear skips; None uses that of all weights.
    learning_rate : str
        A key of SCHEDULES.
    alpha : float
        Strength of the L2 penalty on hidden layers, as in MLPRegressor.
    loosens_start : bool
        Whether training may move away from the start before the first step.
    keeps_start : bool
        Whether the start is a candidate: the best linear network, or that of the last
        fit. Random weights are none.
    guards_start : bool
        Whether the start is the best linear network, which an epoch replaces only if its
        gain exceeds a margin; see BestWeights.
    tol : float
        Smallest decrease of the loss that counts as progress, as a fraction of the loss
        at the start.
    n_iter_no_change : int
        Number of epochs without progress after which training ends.
    kl_warmup : int
        Number of epochs over which the weight of a divergence rises.
    bfloat16 : bool
        Whether matrices are multiplied in bfloat16, in all but the last steps.
    n_multiplications : float
        Number of multiplications in one batch.
    device : str
        Device of the training, as torch names it.
    callbacks : sequence of skorch callbacks, or of (name, callback)
        The user's callbacks, called at every step.
    goes_on : bool
        Whether more rows will come, on which training continues.
    keeps_network : bool
        Whether the network is in use, and is left only for a start that is better for rows
        at large, without the odd ones.
    """

    max_iter: int
    batch_size: int
    n_passes: int
    solver: str | type
    learning_rate_init: float
    linear_rate: float | None
    learning_rate: str
    alpha: float
    loosens_start: bool
    keeps_start: bool
    guards_start: bool
    tol: float
    n_iter_no_change: int
    kl_warmup: int
    bfloat16: bool
    n_multiplications: float
    device: str
    callbacks: Sequence[Any] = ()
    goes_on: bool = False
    keeps_network: bool = False


def check_callbacks(callbacks):
    """Return ``callbacks`` if they are skorch's, possibly with names; else ValueError."""
    from ._skorch_net import Callback

    for entry in callbacks:
        callback = entry[-1] if isinstance(entry, tuple) else entry
        if not isinstance(callback, Callback):
            raise ValueError(
                f"callbacks holds {entry!r}, expected instances of "
                "skorch.callbacks.Callback. Use skorch.callbacks.EpochScoring(...) for one."
            )
        own = vars(callback)
        has_files = any(key.startswith("f_") and type(own[key]) is str for key in own)
        if has_files and own.get("dirname") == "":  # skorch's default for checkpoints
            name = type(callback).__name__
            raise ValueError(
                f"callbacks holds {name}(dirname=''), which would write its files to the "
                "current folder, where other fits write theirs; expected a folder. Use "
                f"{name}(dirname='checkpoints'), or dirname='.' for the current one."
            )
    return callbacks


class ConvergenceError(RuntimeError):
    """Training diverged: the loss became infinite, NaN, or far larger than at the start.

    ``fit`` raises it and leaves the estimator unchanged. The message gives the epoch and a
    remedy, usually a smaller ``learning_rate_init``.
    """
