"""A fit as plain numpy arrays, used without torch: nothing but numpy is imported here."""

from ._cells import MISSING, MOST_COLLISIONS, as_type, is_missing, kind_of, n_collisions
from ._files import check_is_file, replace_file
from ._from_fitted import from_fitted
from ._layout import Layout
from ._numpy_autoencoder import NumpyAutoencoder

__all__ = [
    "MISSING",
    "MOST_COLLISIONS",
    "Layout",
    "NumpyAutoencoder",
    "as_type",
    "check_is_file",
    "from_fitted",
    "is_missing",
    "kind_of",
    "n_collisions",
    "replace_file",
]
