"""The differences between the estimators: one file per objective."""

from ._denoising import Denoising
from ._objective import Objective, Start, StartProblem
from ._reconstruction import Reconstruction
from ._variational import Variational, bound, log_density, posterior

__all__ = [
    "Denoising",
    "Objective",
    "Reconstruction",
    "Start",
    "StartProblem",
    "Variational",
    "bound",
    "log_density",
    "posterior",
]
