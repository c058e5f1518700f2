"""Plots of a fitted estimator, in the form of scikit-learn's displays."""

from ._code_plane import CodePlaneDisplay
from ._codes import CodeDisplay
from ._loadings import LoadingsDisplay
from ._loss_curve import LossCurveDisplay
from ._reconstruction import ReconstructionDisplay
from ._scree import ScreeDisplay

__all__ = [
    "CodeDisplay",
    "CodePlaneDisplay",
    "LoadingsDisplay",
    "LossCurveDisplay",
    "ReconstructionDisplay",
    "ScreeDisplay",
]
