"""Training: the loop, its steps and policies, and conversion of arrays to tensors.

``_skorch_net`` is imported where it is used: few fits need skorch, whose import takes time.
"""

from ._devices import resolve_device
from ._loop import Rows, StopTraining, Training, Watcher, count_batches
from ._optimizers import OPTIMIZERS, check_solver
from ._progress import ProgressLines
from ._ranks import SharedTrainingError, shared_training
from ._recipe import Recipe, check_callbacks
from ._schedule import SCHEDULES
from ._state import TrainingState
from ._steps import set_training
from ._stopping import ConvergenceError
from ._tensors import (
    CELLS_PER_PASS,
    ROWS_PER_PASS,
    borrowed_globals,
    by_chunk,
    corrupt,
    freeze,
    load_arrays,
    make_generator,
    measure_noise,
    noise_moments,
    pays_in_bfloat16,
    prepare_for_use,
    thaw,
    to_arrays,
    to_rows,
    to_tensor,
)
from ._user_code import hooks_of, share_hooks, user_code

__all__ = [
    "CELLS_PER_PASS",
    "OPTIMIZERS",
    "ROWS_PER_PASS",
    "SCHEDULES",
    "ConvergenceError",
    "ProgressLines",
    "Recipe",
    "Rows",
    "SharedTrainingError",
    "StopTraining",
    "Training",
    "TrainingState",
    "Watcher",
    "borrowed_globals",
    "by_chunk",
    "check_callbacks",
    "check_solver",
    "corrupt",
    "count_batches",
    "freeze",
    "hooks_of",
    "load_arrays",
    "make_generator",
    "measure_noise",
    "noise_moments",
    "pays_in_bfloat16",
    "prepare_for_use",
    "resolve_device",
    "set_training",
    "share_hooks",
    "shared_training",
    "thaw",
    "to_arrays",
    "to_rows",
    "to_tensor",
    "user_code",
]
