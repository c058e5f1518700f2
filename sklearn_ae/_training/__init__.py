"""The loop: a skorch net, its batches, its schedule and its end."""

from ._batches import ROWS_PER_PASS
from ._device import (
    borrowed_random_state,
    limited_threads,
    make_generator,
    with_gradients,
)
from ._loose_start import may_loosen
from ._optimizers import OPTIMIZERS
from ._precision import PRECISIONS
from ._recipe import make_training_net, rows_per_batch
from ._schedule import SCHEDULES
from ._stopping import ConvergenceError
from ._trainer import ReconstructionNet

__all__ = [
    "OPTIMIZERS",
    "PRECISIONS",
    "ROWS_PER_PASS",
    "SCHEDULES",
    "ConvergenceError",
    "ReconstructionNet",
    "borrowed_random_state",
    "limited_threads",
    "make_generator",
    "make_training_net",
    "may_loosen",
    "rows_per_batch",
    "with_gradients",
]
