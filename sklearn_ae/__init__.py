"""Autoencoders as scikit-learn estimators."""

from ._autoencoder import AutoencoderTransformer
from ._denoising import DenoisingAutoencoder
from ._displays import (
    CodeDisplay,
    CodePlaneDisplay,
    LoadingsDisplay,
    LossCurveDisplay,
    ReconstructionDisplay,
    ScreeDisplay,
)
from ._export._file import load
from ._export._skl2onnx import register_onnx
from ._sklearn._validation import DominantColumnWarning
from ._training import ConvergenceError, SharedTrainingError, shared_training
from ._variational import VariationalAutoencoder
from ._version import __version__

__all__ = [
    "AutoencoderTransformer",
    "CodeDisplay",
    "CodePlaneDisplay",
    "ConvergenceError",
    "DenoisingAutoencoder",
    "DominantColumnWarning",
    "LoadingsDisplay",
    "LossCurveDisplay",
    "ReconstructionDisplay",
    "ScreeDisplay",
    "SharedTrainingError",
    "VariationalAutoencoder",
    "__version__",
    "load",
    "register_onnx",
    "shared_training",
]
