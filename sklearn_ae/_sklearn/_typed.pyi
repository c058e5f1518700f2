from collections.abc import Callable
from typing import Any, Literal, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import *  # noqa: F403 - nothing, where scikit-learn has no types

__all__ = ["Transformer", "fits", "with_callbacks"]

# To mypy, whatever inherits from a class without types has every attribute there is. So it
# gets classes of the same names, and takes them if the line above brought none. Pyright
# reads scikit-learn's source instead. Only mypy takes MYPY for True.
MYPY = False
if MYPY:
    class BaseEstimator: ...
    class TransformerMixin: ...
    class ClassNamePrefixFeaturesOutMixin: ...

else:
    from sklearn.base import (
        BaseEstimator,
        ClassNamePrefixFeaturesOutMixin,
        TransformerMixin,
    )

_Method = TypeVar("_Method", bound=Callable[..., Any])

def fits(method: _Method) -> _Method: ...
def with_callbacks(method: _Method) -> _Method: ...

class Transformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def set_params(self, **params: Any) -> Self: ...
    def get_metadata_routing(self) -> Any: ...
    def fit_transform(
        self, X: ArrayLike, y: Any = None, **fit_params: Any
    ) -> NDArray[np.floating[Any]]: ...
    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = None
    ) -> Self: ...
    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]: ...
    def set_callbacks(self, *callbacks: Any) -> Self: ...  # scikit-learn 1.9 and later
    def __sklearn_tags__(self) -> Any: ...
    def __getstate__(self) -> dict[str, Any]: ...
    def __setstate__(self, state: dict[str, Any]) -> None: ...
