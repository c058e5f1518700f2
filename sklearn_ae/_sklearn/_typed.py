"""What estimators take from scikit-learn, which ships no types; those are in _typed.pyi."""

from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)

from ._callbacks import CallbackSupportMixin, with_callbacks
from ._carried import CarriedCallbacksMixin
from ._validation import fits
from ._versioned import VersionedMixin

__all__ = ["Transformer", "fits", "with_callbacks"]


class Transformer(
    VersionedMixin,
    CarriedCallbacksMixin,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """A transformer of scikit-learn, with codes as columns of its output."""
