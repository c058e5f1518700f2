"""How a network is to be trained, in plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """What training needs to know of the wishes for it.

    Parameters
    ----------
    max_iter : int
        Most epochs.
    batch_size : int
        Most rows in a batch.
    n_passes : int
        How often an epoch passes over the rows.
    solver : str or torch optimizer class
        A key of OPTIMIZERS, or a class given by the user.
    learning_rate_init : float
        Highest rate.
    linear_rate : float or None
        Rate of the linear skips; None: that of all weights.
    learning_rate : str
        A key of SCHEDULES.
    alpha : float
        Strength of the L2 penalty on hidden layers, as in MLPRegressor.
    loosens_start : bool
        Whether the start may be left before the first step, where the network allows it.
    guards_start : bool
        Whether the start is the best linear answer, which an epoch has to beat beyond
        doubt; see BestWeights.
    tol : float
        Least fall of the loss that counts as progress, as a share of the start's.
    n_iter_no_change : int
        Epochs without progress after which training ends.
    kl_warmup : int
        Epochs in which the weight of a divergence rises.
    bfloat16 : bool
        Whether matrices are multiplied in bfloat16, in all but the last steps.
    n_multiplications : float
        Work in one batch.
    device : str
        Where, as torch names it.
    callbacks : sequence of skorch callbacks, or of (name, callback)
        The user's, which follow every step.
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
    guards_start: bool
    tol: float
    n_iter_no_change: int
    kl_warmup: int
    bfloat16: bool
    n_multiplications: float
    device: str
    callbacks: Sequence[Any] = ()
