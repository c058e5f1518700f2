"""From an estimator's parameters to a net that is ready to train."""

import math
from copy import deepcopy

import torch
from skorch.callbacks import Callback

from ._device import resolve_device
from ._schedule import OneCycle
from ._stopping import BestWeights
from ._trainer import ReconstructionNet

__all__ = ["OPTIMIZERS", "make_training_net", "rows_per_batch"]

# Fused: one kernel per step for all weights, which is what small networks need.
OPTIMIZERS: dict[str, tuple[type, dict]] = {
    "adam": (torch.optim.Adam, {"fused": True}),
    "adamw": (torch.optim.AdamW, {"fused": True, "weight_decay": 0.0}),
    "sgd": (torch.optim.SGD, {"fused": True, "momentum": 0.9, "nesterov": True}),
}

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


def _copied_callbacks(callbacks) -> list:
    """Return copies of the user's callbacks, since skorch changes those that it runs."""
    for callback in callbacks or ():
        bare = callback[-1] if isinstance(callback, tuple) else callback
        if not isinstance(bare, Callback):
            raise ValueError(
                f"callbacks holds {callback!r}, expected instances of "
                "skorch.callbacks.Callback. Use skorch.callbacks.EpochScoring(...) for one."
            )
    try:
        return deepcopy(list(callbacks or ()))
    except TypeError as error:
        raise ValueError(
            f"callbacks={callbacks!r} cannot be copied ({error}), expected callbacks that "
            "hold no open file, lock or connection. Let them open it in on_train_begin."
        ) from error


def make_training_net(
    estimator, network, loss, generator, *, n_rows, starts_at_pca
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
    generator : torch.Generator
        Shuffles the rows.
    n_rows : int
        Rows to train on, validation rows among them.
    starts_at_pca : bool
        Whether the weights that training starts from will be those of PCA.
    """
    batch_size = rows_per_batch(estimator.batch_size, n_rows)
    optimizer, options = _optimizer(estimator.solver)
    options = {f"optimizer__{name}": value for name, value in options.items()}
    if estimator.alpha > 0:
        # MLPRegressor's penalty, alpha / 2 |W|² per batch, on the hidden layers: the
        # linear part is free, so a large alpha leads to PCA and not to zero.
        decay = {"weight_decay": estimator.alpha / batch_size}
        options["optimizer__param_groups"] = [("*layers.*weight", decay)]
    schedule = OneCycle() if estimator.learning_rate == "one_cycle" else None
    return ReconstructionNet(
        network,
        loss,
        best_weights=BestWeights(
            estimator.tol, estimator.n_iter_no_change, starts_at_pca, schedule
        ),
        schedule=schedule,
        optimizer=optimizer,
        lr=estimator.learning_rate_init,
        max_epochs=estimator.max_iter,
        batch_size=batch_size,
        iterator_train__generator=generator,
        callbacks=_copied_callbacks(estimator.callbacks),
        verbose=int(estimator.verbose),
        device=resolve_device(estimator.device),
        **options,
    ).initialize()
