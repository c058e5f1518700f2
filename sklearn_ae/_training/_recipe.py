"""From an estimator's parameters to a net that is ready to train."""

import math
from contextlib import suppress
from copy import copy, deepcopy
from pickle import PicklingError

import torch
from skorch.callbacks import Callback

from ..nn import DenseGradients, EvidenceLowerBound
from ._clipping import GradientClip
from ._device import resolve_device
from ._loose_start import LooseStart
from ._optimizers import OPTIMIZERS
from ._precision import pays_in_bfloat16
from ._progress import ProgressLines
from ._schedule import OneCycle
from ._stopping import BestWeights
from ._trainer import ReconstructionNet
from ._warmup import DivergenceWarmup

__all__ = ["make_training_net", "rows_per_batch"]

# Linear skips, which for mse start at the best that they can be, learn at this share of
# the rate: at the full one the first steps undo much of a start with many components.
_LINEAR_RATE = 0.1

# batch_size="auto": enough batches for one epoch to count, of a size that a small
# network handles in one go.
_BATCHES = 16
_FEWEST_ROWS, _MOST_ROWS = 16, 512


def rows_per_batch(batch_size: int | str, n_rows: int) -> int:
    """Return the batch size; "auto" is the power of two that gives about 16 batches.

    Examples
    --------
    >>> rows_per_batch("auto", 100), rows_per_batch("auto", 2000), rows_per_batch(50, 10)
    (16, 128, 50)
    """
    if not isinstance(batch_size, str):
        return int(batch_size)
    wanted = 2 ** round(math.log2(max(n_rows, 1) / _BATCHES))
    return int(min(max(wanted, _FEWEST_ROWS), _MOST_ROWS))


def _optimizer(solver: str | type) -> tuple[type, dict]:
    if isinstance(solver, str):
        return OPTIMIZERS[solver]
    if not issubclass(solver, torch.optim.Optimizer):
        raise ValueError(
            f"solver={solver.__name__} is no optimizer, expected a subclass of "
            "torch.optim.Optimizer. Use solver='adam', or torch.optim.RMSprop for one."
        )
    return solver, {}


def _parameter_groups(estimator, batch_size: int) -> list[tuple[str, dict]]:
    """Return which weights are trained otherwise than the rest, by pattern of name."""
    groups = []
    if estimator.alpha > 0:
        # MLPRegressor's penalty, alpha / 2 |W|² per batch, on the hidden layers: the
        # linear part is free, so a large alpha leads to PCA and not to zero.
        groups.append(("*.layers.*weight", {"weight_decay": estimator.alpha / batch_size}))
    names = isinstance(estimator.solver, str) and isinstance(estimator.loss, str)
    if estimator.init == "pca" and names and estimator.loss == "mse":
        # An optimizer of the user's own gets one group, for LBFGS knows no others.
        rate = _LINEAR_RATE * estimator.learning_rate_init
        groups += [("*.layers.*", {}), ("*.skip.*", {"lr": rate})]
    return groups


def _copied_callbacks(callbacks) -> list:
    """Return copies of the user's callbacks, since skorch changes those that it runs."""
    for callback in callbacks or ():
        bare = callback[-1] if isinstance(callback, tuple) else callback
        if not isinstance(bare, Callback):
            raise ValueError(
                f"callbacks holds {callback!r}, expected instances of "
                "skorch.callbacks.Callback. Use skorch.callbacks.EpochScoring(...) for one."
            )
    memo: dict = {}
    return [
        (*entry[:-1], _twin(entry[-1], memo))
        if isinstance(entry, tuple)
        else _twin(entry, memo)
        for entry in callbacks or ()
    ]


def _twin(callback: Callback, memo: dict) -> Callback:
    """Return a copy that shares what cannot be copied: open files, locks, connections.

    ``memo`` is deepcopy's: what callbacks have in common, their copies have too.
    """
    twin = memo[id(callback)] = copy(callback)
    for name, value in vars(callback).items():
        with suppress(TypeError, PicklingError):
            setattr(twin, name, deepcopy(value, memo))
    return twin


def make_training_net(
    estimator,
    network,
    loss,
    corruption,
    generator,
    *,
    n_rows,
    starts_linear,
    may_loosen,
    n_multiplications,
    farthest_mean,
    epoch_tasks,
) -> ReconstructionNet:
    """Return an initialised net that trains as the parameters of ``estimator`` say.

    Parameters
    ----------
    estimator : BaseAutoencoder
        Whose training parameters are read.
    network : nn.Module
        What is trained.
    loss : ReconstructionLoss
        What is minimised.
    corruption : Corruption or None
        What falls on the rows that go in.
    generator : torch.Generator
        Shuffles the rows and draws the noise.
    n_rows : int
        Rows to train on, validation rows among them.
    starts_linear : bool
        Whether training starts from the best linear weights.
    may_loosen : bool
        Whether it may leave them before the first step; see LooseStart.
    n_multiplications : int
        For one row.
    farthest_mean : float
        Of a column as the network sees it, in standard deviations from zero.
    epoch_tasks : Callback or None
        Is told when an epoch begins and ends.
    """
    batch_size = rows_per_batch(estimator.batch_size, n_rows)
    device = resolve_device(estimator.device)
    bfloat16 = estimator.precision == "bfloat16"
    # Of layers of the user's own, and of distributions, nothing was measured.
    if estimator.precision == "auto" and DenseGradients.suits(network):
        bfloat16 = pays_in_bfloat16(device, batch_size, n_multiplications, farthest_mean)
    optimizer, options = _optimizer(estimator.solver)
    options = {f"optimizer__{name}": value for name, value in options.items()}
    options["optimizer__param_groups"] = _parameter_groups(estimator, batch_size)
    schedule = OneCycle() if estimator.learning_rate == "one_cycle" else None
    warmup = None
    if isinstance(loss, EvidenceLowerBound):
        warmup = DivergenceWarmup(estimator.beta, estimator.kl_warmup)
    watchers = [ProgressLines()] if estimator.verbose else []
    watchers += [] if epoch_tasks is None else [epoch_tasks]
    return ReconstructionNet(
        network,
        loss,
        best_weights=BestWeights(
            estimator.tol, estimator.n_iter_no_change, starts_linear, schedule
        ),
        loose_start=LooseStart() if may_loosen and network.can_loosen else None,
        schedule=schedule,
        clip=GradientClip() if isinstance(estimator.solver, str) else None,
        warmup=warmup,
        watchers=watchers,
        optimizer=optimizer,
        lr=estimator.learning_rate_init,
        max_epochs=estimator.max_iter,
        batch_size=batch_size,
        corruption=corruption,
        generator=generator,
        bfloat16=bfloat16,
        callbacks=_copied_callbacks(estimator.callbacks),
        verbose=0,  # skorch's own lines
        device=device,
        **options,
    ).initialize()
