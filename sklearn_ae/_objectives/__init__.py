"""The differences between the estimators: one file per objective."""

from ._denoising import Denoising
from ._objective import Objective, Start, StartProblem
from ._reconstruction import Reconstruction
from ._table import BlockRows, start_of_table
from ._variational import (
    Variational,
    bound,
    covariance,
    log_density,
    noise_variance,
    posterior,
)

__all__ = [
    "BlockRows",
    "Denoising",
    "Objective",
    "Reconstruction",
    "Start",
    "StartProblem",
    "Variational",
    "bound",
    "covariance",
    "log_density",
    "noise_variance",
    "posterior",
    "start_of_table",
]
