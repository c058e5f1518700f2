"""A fit as plain numpy arrays, used without torch: nothing but numpy is imported here."""

from ._from_fitted import from_fitted
from ._numpy_autoencoder import NumpyAutoencoder

__all__ = ["NumpyAutoencoder", "from_fitted"]
