"""Pickles that know which version of the package made them."""

from sklearn.base import BaseEstimator

from .._version import __version__
from ._validation import warn_user

__all__ = ["VersionedMixin", "warn_of_version"]


class VersionedMixin(BaseEstimator):
    """Mixin of an estimator that warns when another version's pickle is loaded."""

    def __getstate__(self):
        return dict(super().__getstate__(), _sklearn_ae_version=__version__)

    def __setstate__(self, state):
        state = dict(state)
        warn_of_version(self, state.pop("_sklearn_ae_version", "unknown"))
        super().__setstate__(state)


def warn_of_version(estimator: BaseEstimator, version: str) -> None:
    """Warn if another version of the package saved an estimator."""
    if version != __version__:
        warn_user(
            f"This {type(estimator).__name__} was saved with sklearn_ae version {version} "
            f"and is loaded with version {__version__}; expected the same version. "
            "It may fail or give other results: fit it again, or install the version "
            "that saved it.",
            UserWarning,
        )
