"""Pickles that know which version of the package made them."""

from sklearn.base import BaseEstimator

from .._version import __version__
from ._validation import warn_user

__all__ = ["VersionedMixin"]


class VersionedMixin(BaseEstimator):
    """Mixin of an estimator that warns when another version's pickle is loaded."""

    def __getstate__(self):
        return dict(super().__getstate__(), _sklearn_ae_version=__version__)

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_sklearn_ae_version", "unknown")
        if version != __version__:
            warn_user(
                f"This {type(self).__name__} was saved with sklearn_ae version {version} "
                f"and is loaded with version {__version__}; expected the same version. "
                "It may fail or give other results: fit it again, or install the version "
                "that saved it.",
                UserWarning,
            )
        super().__setstate__(state)
