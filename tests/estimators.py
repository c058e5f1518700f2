"""Every public estimator: the shared tests run over all of them."""

from sklearn.base import BaseEstimator
from skorch.callbacks import Callback

import sklearn_ae

ESTIMATORS = [
    public
    for public in map(sklearn_ae.__dict__.get, sklearn_ae.__all__)
    if isinstance(public, type) and issubclass(public, BaseEstimator)
]


def is_variational(estimator):
    """Tell whether an estimator's codes are distributions."""
    return hasattr(estimator, "posterior")


class Watching(Callback):
    """A callback that changes nothing; where there is one, steps are skorch's own."""
