"""Plots of a fitted estimator, in the form of scikit-learn's displays."""

from ._code_plane import CodePlaneDisplay
from ._codes import CodeDisplay
from ._loss_curve import LossCurveDisplay
from ._reconstruction import ReconstructionDisplay

__all__ = [
    "CodeDisplay",
    "CodePlaneDisplay",
    "LossCurveDisplay",
    "ReconstructionDisplay",
]
