"""Autoencoders for people who use scikit-learn."""

from ._autoencoder import AutoencoderTransformer
from ._denoising import DenoisingAutoencoder
from ._training import ConvergenceError
from ._variational import VariationalAutoencoder
from ._version import __version__

__all__ = [
    "AutoencoderTransformer",
    "ConvergenceError",
    "DenoisingAutoencoder",
    "VariationalAutoencoder",
    "__version__",
]
