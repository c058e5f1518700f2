"""Arrays only: linear solutions in closed form, for the start of training and for axes.

And a Gaussian of tables with holes, fitted by expectation maximisation.
"""

from ._covariates import regress_number, turn_towards, width_to_turn
from ._denoiser import fit_linear_denoiser, fit_wide_linear_denoiser
from ._gaussian import GaussianWithHoles
from ._gaussian_fit import fit_gaussian
from ._levels import regress_level
from ._pca import LinearCode, code_axes, decoder_start, fit_pca
from ._probabilistic import fit_probabilistic_pca
from ._running_pca import RunningPca

__all__ = [
    "GaussianWithHoles",
    "LinearCode",
    "RunningPca",
    "code_axes",
    "decoder_start",
    "fit_gaussian",
    "fit_linear_denoiser",
    "fit_pca",
    "fit_probabilistic_pca",
    "fit_wide_linear_denoiser",
    "regress_level",
    "regress_number",
    "turn_towards",
    "width_to_turn",
]
