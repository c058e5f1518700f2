"""Every public estimator: the shared tests run over all of them."""

from sklearn.base import BaseEstimator
from skorch.callbacks import Callback

import sklearn_ae

ESTIMATORS = [
    public
    for public in (getattr(sklearn_ae, name) for name in sklearn_ae.__all__)
    if isinstance(public, type) and issubclass(public, BaseEstimator)
]


def is_variational(estimator):
    """Tell whether an estimator's codes are distributions."""
    return hasattr(estimator, "posterior")


class Watching(Callback):
    """A callback that changes nothing; where there is one, steps are skorch's own."""


def measure(noise, x, *, offset=None, scale=None):
    """Tell ``noise`` what the columns of the rows ``x`` are like."""
    noise.measure(
        mean=x.mean(0),
        variance=x.var(0, correction=0) * (x.amin(0) < x.amax(0)),
        low=x.amin(0),
        high=x.amax(0),
        offset=x.new_zeros(x.shape[1]) if offset is None else offset,
        scale=x.new_ones(x.shape[1]) if scale is None else scale,
    )
