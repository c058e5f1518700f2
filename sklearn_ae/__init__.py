"""Autoencoders for people who use scikit-learn."""

from ._autoencoder import AutoencoderTransformer
from ._training import ConvergenceError
from ._version import __version__

__all__ = ["AutoencoderTransformer", "ConvergenceError", "__version__"]
