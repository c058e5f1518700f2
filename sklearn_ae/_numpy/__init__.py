"""A fit as plain numpy arrays, used without torch: nothing but numpy is imported here."""

from ._files import check_is_file, replace_file
from ._from_fitted import from_fitted
from ._layout import Layout
from ._numpy_autoencoder import NumpyAutoencoder

__all__ = ["Layout", "NumpyAutoencoder", "check_is_file", "from_fitted", "replace_file"]
