"""The loop: a skorch net, its batches, its schedule and its end."""

from ._device import borrowed_random_state, limited_threads, make_generator
from ._recipe import OPTIMIZERS, make_training_net, rows_per_batch
from ._schedule import SCHEDULES
from ._stopping import ConvergenceError
from ._trainer import ReconstructionNet

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "ConvergenceError",
    "ReconstructionNet",
    "borrowed_random_state",
    "limited_threads",
    "make_generator",
    "make_training_net",
    "rows_per_batch",
]
