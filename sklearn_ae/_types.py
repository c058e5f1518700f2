"""Types of parameters and results: names of choices, and what users may pass instead."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from .nn import NetworkFactory

__all__ = [
    "Activation",
    "Array",
    "Callbacks",
    "Floats",
    "Init",
    "Loss",
    "NetworkFactory",
    "Noise",
    "NoiseLevel",
    "NoiseUnit",
    "Precision",
    "RandomState",
    "Sampler",
    "Scaling",
    "Schedule",
    "Size",
    "Sizes",
    "Solver",
]


class Array(Protocol):
    """What numpy takes for an array: an ndarray, a Series, a tensor."""

    def __array__(self) -> NDArray[Any]: ...


# The names are those of the dictionaries that hold what they stand for, such as LOSSES. A
# type checker reads text alone, so they are written out here; a test compares the two.
Activation = Literal["relu", "silu", "gelu", "elu", "tanh", "logistic", "identity"]
Init = Literal["pca", "random"]
Loss = (
    Literal["mse", "mae", "huber", "bce", "kl"]
    | Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
)
Noise = (
    Literal["gaussian", "masking", "salt_pepper", "swap"]
    | Callable[[torch.Tensor, torch.Generator], torch.Tensor]
)
NoiseUnit = Literal["scaled", "data"]
Precision = Literal["auto", "float32", "bfloat16"]
Sampler = Literal["gaussian", "gmm"]
Scaling = Literal["global", "feature"]
Schedule = Literal["one_cycle", "constant"]
Solver = Literal["adam", "adamw", "sgd"] | type[torch.optim.Optimizer]

Callbacks = list[Any] | tuple[Any, ...]  # of skorch, which ships no types
CategoricalFeatures = (
    Literal["from_dtype"] | Sequence[str] | Sequence[int] | Sequence[bool] | Array
)
NoiseLevel = float | Sequence[float] | Array | Literal["auto"]
RandomState = int | np.random.RandomState | None
Size = int | float | Literal["mle"] | None
Sizes = int | Sequence[int] | Array

Floats = NDArray[np.floating[Any]]
