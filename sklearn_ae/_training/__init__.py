"""The loop: a skorch net, its batches, its schedule and its end."""

from ._device import (
    borrowed_random_state,
    limited_threads,
    make_generator,
    resolve_device,
)
from ._schedule import SCHEDULES, LearningRateSchedule
from ._stopping import BestWeights, ConvergenceError
from ._trainer import OPTIMIZERS, ReconstructionNet

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "BestWeights",
    "ConvergenceError",
    "LearningRateSchedule",
    "ReconstructionNet",
    "borrowed_random_state",
    "limited_threads",
    "make_generator",
    "resolve_device",
]
