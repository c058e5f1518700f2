"""The layers of a network: dense layers, dropout, scaling of rows, axes of codes.

torch's layers draw from its global generator, which belongs to the user and must not be
changed; therefore these have generators passed in.
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


# Activations that may overwrite their input, which saves a third of the time of wide layers
# where no gradients are needed. F.gelu has no in-place form.
_IN_PLACE: dict[type, Callable[[torch.Tensor], torch.Tensor]] = {
    nn.ReLU: torch.relu_,
    nn.SiLU: partial(F.silu, inplace=True),
    nn.ELU: partial(F.elu, inplace=True),
    nn.Tanh: torch.tanh_,
    nn.Sigmoid: torch.sigmoid_,
}


class Dense(nn.Linear):
    """A linear layer that is initialised to zeros, in the given dtype.

    A linear skip is given its start later, and a last hidden layer of zeros leaves the
    start to the skip.

    Examples
    --------
    >>> import torch
    >>> Dense(3, 2)(torch.ones(4, 3)).abs().sum().item()
    0.0
    """

    def reset_parameters(self):
        # torch calls this in the constructor; its version draws from the global generator.
        self.weight.data.zero_()
        self.bias.data.zero_()

    def _get_name(self):
        return "Linear"  # so that a printed network shows torch's familiar names


def draw_weights(layer: nn.Linear, generator: torch.Generator, size: float = 1.0) -> None:
    """Overwrite the weights of ``layer`` by random numbers, ``size`` times as usual."""
    # Uniform with variance 1 / (2 n_in): inputs of unit variance leave with half of it,
    # between torch's default, 1 / (3 n_in), and that of He et al. (2015), 2 / n_in.
    bound = size * math.sqrt(1.5 / layer.in_features)
    weight = layer.weight.data
    # On the CPU, as the generator is: a seed then gives the same weights on every device.
    drawn = torch.empty(weight.shape, dtype=weight.dtype, device="cpu")
    weight.copy_(drawn.uniform_(-bound, bound, generator=generator))


class Dropout(nn.Module):
    """Dropout with masks from a given generator instead of torch's global one.

    Parameters
    ----------
    p : float in [0, 1)
        Probability that a value is set to zero in training.
    generator : torch.Generator or None
        Draws the masks. None is for inference only.
    """

    def __init__(self, p: float, generator: torch.Generator | None):
        super().__init__()
        self.p = p
        self.generator = generator

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.factors(x) if self.training else x

    def factors(self, x: torch.Tensor) -> torch.Tensor:
        """Return the factors of the values ``x``: zero, or 1 / (1 - p)."""
        # Drawn on the CPU, as the generator is, so that a seed gives the same on a GPU.
        kept = torch.empty(x.shape, dtype=x.dtype, device="cpu")
        kept.bernoulli_(1 - self.p, generator=self.generator)
        # Divided in training, so that the network is used without a correction.
        return kept.to(x.device) / (1 - self.p)


class HiddenLayers(nn.Sequential):
    """Linear layers with activations, and dropout if any, in between."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # A user's hook may keep a layer's output, which an in-place activation would then
        # overwrite.
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
        Activation after every layer but the last.
    dropout : float
        Fraction of hidden values dropped in training.
    generator : torch.Generator or None
        Draws the weights. None leaves them at zero, to be loaded.
    zero_last : bool
        Whether the last layer starts at zero, which leaves the start to a linear skip in
        parallel.

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

    A part of the network, so that the module alone takes and returns the user's units.

    Parameters
    ----------
    offset, scale : Tensor of shape (n_features,) or ()
        float64 if the range of float32 is too small; the output has the dtype of the input.
    rest : Tensor of shape (n_features,) or None
        In float32, the digits of the offset that ``offset`` cannot hold.

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
        x = torch.sub(x, self.offset)  # a new tensor, which may be overwritten below
        # One after the other: the sum of both would be rounded to the digits of one.
        if self.rest is not None:
            x = x.sub_(self.rest)
        return x.div_(self.scale)  # (n_rows, n_features)

    def inverse(self, x: torch.Tensor) -> torch.Tensor:
        # Without the rest: it is less than the last digit of the offset, to which the sum
        # is rounded in any case.
        return torch.addcmul(self.offset, x, self.scale).to(x.dtype)


class CodeAxes(nn.Module):
    """code_shown = code @ weight + bias, and back. Starts as the identity.

    For the network all rotations of the code are equivalent. Users need a unique result:
    uncorrelated components in order of decreasing variance, with fixed signs.

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
        # Stored and not computed: whitening divides by variances that may be nearly zero,
        # and a numerical inverse would not be exact.
        self.register_buffer("inverse_weight", identity.clone())
        self.register_buffer("bias", identity[0] * 0)

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        return code @ self.weight + self.bias  # (n_rows, n_components)

    def inverse(self, code: torch.Tensor) -> torch.Tensor:
        return (code - self.bias) @ self.inverse_weight  # (n_rows, n_components)
