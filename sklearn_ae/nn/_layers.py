"""The layers of a network: dense ones and dropout; units of rows and axes of codes outside.

torch's own layers draw from its global generator, which is the user's.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from ._activations import ACTIVATIONS

__all__ = [
    "FLOAT32",
    "CodeAxes",
    "Dense",
    "Dropout",
    "HiddenLayers",
    "Units",
    "draw_weights",
    "make_hidden_layers",
]

FLOAT32: dict[str, Any] = {
    "dtype": torch.float32,
    "device": "cpu",
}  # whatever the user's defaults are


# Activations that may overwrite what goes in, which saves a third of the time of wide
# layers where no gradients are wanted.
_IN_PLACE: dict[type, Callable[[torch.Tensor], torch.Tensor]] = {
    nn.ReLU: torch.relu_,
    nn.SiLU: partial(F.silu, inplace=True),
    nn.ELU: partial(F.elu, inplace=True),
    nn.Tanh: torch.tanh_,
    nn.Sigmoid: torch.sigmoid_,
}


class Dense(nn.Linear):
    """A linear layer that is born as zeros, in the dtype that it is asked for.

    A linear skip then waits for its start, and a last hidden layer leaves it to the skip.

    Examples
    --------
    >>> import torch
    >>> Dense(3, 2)(torch.ones(4, 3)).abs().sum().item()
    0.0
    """

    def reset_parameters(self):
        self.weight.data.zero_()
        self.bias.data.zero_()

    def _get_name(self):
        return "Linear"  # for users it is torch's


def draw_weights(layer: nn.Linear, generator: torch.Generator, size: float = 1.0) -> None:
    """Overwrite the weights of ``layer`` by random numbers, ``size`` times the usual."""
    # Uniform with variance 1 / (2 n_in): inputs of unit variance leave with half of it,
    # between torch's default and He et al. (2015).
    bound = size * math.sqrt(1.5 / layer.in_features)
    weight = layer.weight.data
    drawn = torch.empty(weight.shape, dtype=weight.dtype, device="cpu")
    weight.copy_(drawn.uniform_(-bound, bound, generator=generator))


class Dropout(nn.Module):
    """Dropout whose masks come from a generator that is passed in, not torch's global one.

    Parameters
    ----------
    p : float in [0, 1)
        Probability that a value is set to zero in training.
    generator : torch.Generator or None
        Where the masks are drawn. None is for inference only.
    """

    def __init__(self, p: float, generator: torch.Generator | None):
        super().__init__()
        self.p = p
        self.generator = generator

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.factors(x) if self.training else x

    def factors(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the values ``x`` are multiplied by: zero, or a little more than 1."""
        # Drawn where the generator lives, so that a seed means the same on a GPU.
        kept = torch.empty(x.shape, dtype=x.dtype, device="cpu")
        kept.bernoulli_(1 - self.p, generator=self.generator)
        return kept.to(x.device) / (1 - self.p)


class HiddenLayers(nn.Sequential):
    """Linear layers with activations, and dropout if there is any, in between."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        is_watched = any(layer._forward_hooks or layer._forward_pre_hooks for layer in self)
        if torch.is_grad_enabled() or self.training or is_watched:
            return super().forward(x)
        for layer in self:
            x = _IN_PLACE.get(type(layer), layer)(x)
        return x


def make_hidden_layers(
    sizes: Sequence[int],
    activation: str,
    dropout: float,
    generator: torch.Generator | None,
    *,
    zero_last: bool,
) -> HiddenLayers:
    """Return linear layers from ``sizes[0]`` to ``sizes[-1]``, activated in between.

    Parameters
    ----------
    sizes : sequence of int, at least two
        Width of the input, of every hidden layer, and of the output.
    activation : str
        What follows every layer but the last.
    dropout : float
        Share of hidden values dropped in training.
    generator : torch.Generator or None
        Where the weights are drawn. None leaves them at zero, to be loaded.
    zero_last : bool
        Whether the last layer starts at zero, which leaves the start to a
        linear skip beside it.

    Returns
    -------
    HiddenLayers
        (n_rows, sizes[0]) -> (n_rows, sizes[-1])
    """
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes[:-1]):
        layers += [Dense(n_in, n_out, **FLOAT32), ACTIVATIONS[activation]()]
        if dropout > 0:
            layers.append(Dropout(dropout, generator))
    layers.append(Dense(sizes[-2], sizes[-1], **FLOAT32))
    if generator is not None:
        for layer in layers[:-1] if zero_last else layers:
            if isinstance(layer, Dense):
                draw_weights(layer, generator)
    return HiddenLayers(*layers)


class Units(nn.Module):
    """From the user's units to the network's, (x - offset) / scale, and back.

    A part of the network, so that the module alone takes and gives what users do.

    Parameters
    ----------
    offset, scale : Tensor of shape (n_features,) or ()
        float64 where float32 is too narrow; what comes out has the dtype of what goes in.
    rest : Tensor of shape (n_features,) or None
        In float32, the digits that ``offset`` has no room for.

    Examples
    --------
    >>> import torch
    >>> units = Units(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0]))
    >>> units(torch.tensor([[3.0, 6.0]]))
    tensor([[1., 1.]])
    """

    offset: torch.Tensor
    rest: torch.Tensor | None
    scale: torch.Tensor

    def __init__(
        self, offset: torch.Tensor, scale: torch.Tensor, rest: torch.Tensor | None = None
    ):
        super().__init__()
        self.register_buffer("offset", offset)
        self.register_buffer("scale", scale)
        self.register_buffer("rest", rest)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.scale.dtype != x.dtype:
            return ((x - self.offset) / self.scale).to(x.dtype)
        x = torch.sub(x, self.offset)  # memory of its own, which may be overwritten
        if self.rest is not None:
            x = x.sub_(self.rest)
        return x.div_(self.scale)  # (n_rows, n_features)

    def inverse(self, x: torch.Tensor) -> torch.Tensor:
        # The rest is less than the last digit of the offset.
        return torch.addcmul(self.offset, x, self.scale).to(x.dtype)


class CodeAxes(nn.Module):
    """code_shown = code @ weight + bias, and back. Starts as the identity.

    Any rotation of the code is as good to the network as any other. Users want one
    answer: decorrelated codes, the widest first, with a fixed sign.

    Parameters
    ----------
    n_components : int
        Length of the code.

    Examples
    --------
    >>> import torch
    >>> axes = CodeAxes(2)
    >>> code = torch.tensor([[1.0, 2.0]])
    >>> axes.inverse(axes(code))
    tensor([[1., 2.]])
    """

    weight: torch.Tensor
    inverse_weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, n_components: int):
        super().__init__()
        identity = torch.eye(n_components, dtype=torch.float32, device="cpu")
        self.register_buffer("weight", identity)
        self.register_buffer("inverse_weight", identity.clone())
        self.register_buffer("bias", identity[0] * 0)

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        return code @ self.weight + self.bias  # (n_rows, n_components)

    def inverse(self, code: torch.Tensor) -> torch.Tensor:
        return (code - self.bias) @ self.inverse_weight  # (n_rows, n_components)
