"""Encoder, decoder and the two as one network, built from layer sizes."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import reduce
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import nn

from ._activations import activate_in_place, make_activation, output_link_inverse
from ._code_axes import CodeAxes
from ._linear_skip import Gate, LinearSkip, zeros

__all__ = [
    "Autoencoder",
    "BottleneckNetwork",
    "Decoder",
    "Dropout",
    "Encoder",
    "HiddenLayers",
    "make_hidden_layers",
]

NetworkFactory = Callable[[int, int], nn.Module]


class Dropout(nn.Module):
    """Dropout whose masks come from a generator of its own, not torch's global one.

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


class _UndrawnLinear(nn.Linear):
    """A linear layer that does not draw its weights from torch's global generator.

    torch.nn.utils.skip_init does the same, and loads torch's decompositions for it.
    """

    def reset_parameters(self):
        pass

    def _get_name(self):
        return "Linear"  # in what print shows, which is all the same to users


def _make_linear(
    n_in: int, n_out: int, generator: torch.Generator | None, *, zero: bool = False
) -> nn.Linear:
    """Return a float32 linear layer with weights from ``generator``, or zeros."""
    layer = _UndrawnLinear(n_in, n_out, device="cpu", dtype=torch.float32)
    with torch.no_grad():
        layer.bias.zero_()
        if zero or generator is None:
            layer.weight.zero_()
        else:
            _draw(layer.weight, generator)
    return layer


def _draw(weight: torch.Tensor, generator: torch.Generator, size: float = 1.0) -> None:
    """Overwrite ``weight``, (n_out, n_in), by random numbers, ``size`` times the usual."""
    # Uniform with variance 1 / (2 n_in): inputs of unit variance leave with half of it,
    # between torch's default and He et al. (2015).
    bound = size * math.sqrt(1.5 / weight.shape[1])
    drawn = torch.empty(weight.shape, dtype=weight.dtype, device="cpu")
    weight.copy_(drawn.uniform_(-bound, bound, generator=generator))


class HiddenLayers(nn.Sequential):
    """Linear layers with activations, and dropout if there is any, in between."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        is_watched = any(layer._forward_hooks or layer._forward_pre_hooks for layer in self)
        if torch.is_grad_enabled() or self.training or is_watched:
            return super().forward(x)
        for layer in self:
            is_linear = isinstance(layer, nn.Linear)
            x = layer(x) if is_linear else activate_in_place(layer, x)
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
        layers += [_make_linear(n_in, n_out, generator), make_activation(activation)]
        if dropout > 0:
            layers.append(Dropout(dropout, generator))
    layers.append(_make_linear(sizes[-2], sizes[-1], generator, zero=zero_last))
    return HiddenLayers(*layers)


def _make_own_layers(factory: NetworkFactory, n_in: int, n_out: int) -> nn.Module:
    """Return a copy of the user's network in float32, after a look at two rows of it."""
    if isinstance(factory, nn.Module):
        raise ValueError(
            f"An encoder or decoder of your own is a {type(factory).__name__}; expected a "
            "callable that builds one. Pass lambda n_in, n_out: ... that returns it."
        )
    with torch.device("cpu"):
        layers = deepcopy(factory(n_in, n_out))  # the factory may keep what it returned
    if not isinstance(layers, nn.Module):
        raise ValueError(
            f"An encoder or decoder of your own returned {type(layers).__name__} for "
            f"(n_in={n_in}, n_out={n_out}); expected a torch.nn.Module. Let the callable "
            "return the module that it builds."
        )
    layers.eval()
    for dtype in (torch.float64, torch.float32):  # trained in the latter, used in both
        layers.to(device="cpu", dtype=dtype)
        try:
            with torch.no_grad():
                out = layers(zeros(2, n_in).to(dtype))
        except RuntimeError as error:
            raise ValueError(
                f"An encoder or decoder of your own failed on two rows of {n_in} values of "
                f"{dtype}: {error}. Expected rows of shape (n_rows, {n_in}) to pass. Make "
                "tensors as x.new_zeros(...), and hold layers as attributes or in a "
                "ModuleList."
            ) from error
    shape = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
    if shape != (2, n_out):
        raise ValueError(
            f"An encoder or decoder of your own turned two rows of {n_in} values into "
            f"{shape}; expected a tensor of shape (2, {n_out}). End it with a layer of "
            "n_out values, after torch.nn.Flatten() for images."
        )
    layers.register_forward_pre_hook(_own_copy)
    return layers.train()


def _own_copy(layers: nn.Module, inputs: tuple[torch.Tensor]) -> torch.Tensor:
    """Return rows that layers of the user's own may overwrite: others see them too."""
    return inputs[0].clone()


class Encoder(nn.Module):
    """From rows to codes: code_activation(linear skip + hidden layers).

    Parameters
    ----------
    layers : nn.Module or None
        (n_rows, n_in) -> (n_rows, n_out). None: the skip alone.
    skip : LinearSkip or None
        The linear shortcut. None: the layers alone.
    code_activation : str
        What the code passes through.
    """

    def __init__(
        self, layers: nn.Module | None, skip: LinearSkip | None, code_activation: str
    ):
        super().__init__()
        self.layers = layers
        self.skip = skip
        self.activation = make_activation(code_activation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.activation(_sum(_parts(self, x)))  # (n_rows, n_out)


class Decoder(nn.Module):
    """From codes to rows: link(link_inverse(linear skip) + hidden layers).

    The link is the output activation. Its inverse lets the skip speak in the
    units of the output, so that the start is the PCA reconstruction clipped to
    the output's range, whatever the link bends.

    Parameters
    ----------
    layers : nn.Module or None
        (n_rows, n_in) -> (n_rows, n_out). None: the skip alone.
    skip : LinearSkip or None
        The linear shortcut. None: the layers alone.
    output_activation : str
        The link.
    """

    def __init__(
        self, layers: nn.Module | None, skip: LinearSkip | None, output_activation: str
    ):
        super().__init__()
        self.layers = layers
        self.skip = skip
        self.output_activation = output_activation
        self.activation = make_activation(output_activation)

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        return self.joined(_parts(self, code))  # (n_rows, n_out)

    def joined(self, parts: list[torch.Tensor]) -> torch.Tensor:
        """Return x_hat, given what the skip, if there is one, and the layers tell."""
        # Links are too steep for bfloat16, in which layers may have been computed.
        parts = [p.float() if p.dtype is torch.bfloat16 else p for p in parts]
        if self.skip is not None:
            linear = output_link_inverse(self.output_activation, parts[0])
            parts = [linear, *parts[1:]]
        return self.activation(_sum(parts))


def _parts(half: Encoder | Decoder, x: torch.Tensor) -> list[torch.Tensor]:
    """Return what the skip and the layers, as far as there are any, make of ``x``."""
    return [part(x) for part in (half.skip, half.layers) if part is not None]


def _sum(parts: list[torch.Tensor]) -> torch.Tensor:
    return reduce(torch.add, parts)


class BottleneckNetwork(nn.Module, ABC):
    """An encoder, a decoder, and the axes in which users see the code between them.

    Parameters
    ----------
    n_features, n_components : int
        Width of a row and of its code.
    hidden_layer_sizes, decoder_hidden_layer_sizes : sequence of int
        Nodes per hidden layer, from input to code and from code to output.
    activation, code_activation, output_activation : str
        After hidden layers, at the bottleneck, at the output.
    dropout : float
        Share of hidden values dropped in training.
    linear_skip : bool
        Whether a linear shortcut runs beside each half.
    encoder, decoder : callable (n_in, n_out) -> nn.Module, or None
        Networks that stand in place of the hidden layers.
    generator : torch.Generator or None
        Where weights and dropout masks are drawn. None builds an empty network
        whose weights are about to be loaded.
    """

    outputs_per_component: ClassVar[int]  # of the layers of the encoder

    def __init__(
        self,
        *,
        n_features: int,
        n_components: int,
        hidden_layer_sizes: Sequence[int],
        decoder_hidden_layer_sizes: Sequence[int],
        activation: str = "silu",
        code_activation: str = "identity",
        output_activation: str = "identity",
        dropout: float = 0.0,
        linear_skip: bool = True,
        encoder: NetworkFactory | None = None,
        decoder: NetworkFactory | None = None,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.n_components = n_components

        def half(n_in, n_out, sizes, factory, n_copies=1):
            skip = LinearSkip(n_in, n_out) if linear_skip else None
            n_out = n_copies * n_out
            if factory is not None:
                layers = _make_own_layers(factory, n_in, n_out)
                return (Gate(layers) if linear_skip else layers), skip
            if linear_skip and not sizes:
                return None, skip
            sizes = (n_in, *sizes, n_out)
            return make_hidden_layers(
                sizes, activation, dropout, generator, zero_last=linear_skip
            ), skip

        layers, skip = half(
            n_features,
            n_components,
            hidden_layer_sizes,
            encoder,
            self.outputs_per_component,
        )
        self.encoder = self._make_encoder(layers, skip, code_activation, n_components)
        layers, skip = half(n_components, n_features, decoder_hidden_layer_sizes, decoder)
        self.decoder = Decoder(layers, skip, output_activation)
        self.axes = CodeAxes(n_components)

    @staticmethod
    @abstractmethod
    def _make_encoder(layers, skip, code_activation, n_components) -> nn.Module:
        """Return the encoder around ``layers`` and ``skip``."""

    @property
    def can_loosen(self) -> bool:
        """Whether there is a way to leave the linear start before the first step."""
        return False

    def extra_repr(self) -> str:
        return f"{sum(weight.numel() for weight in self.parameters()):,} parameters"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the reconstruction of ``x``, (n_rows, n_features)."""
        return self.decoder(self.encoder(x))

    def outcome(self, x: torch.Tensor):
        """Return what the loss takes: x_hat, or a tuple that begins with it."""
        return self(x)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the codes of ``x`` in the user's axes, (n_rows, n_components)."""
        return self.axes(self.encoder(x))

    def decode(self, code: torch.Tensor) -> torch.Tensor:
        """Return the rows that ``code`` stands for, (n_rows, n_features)."""
        return self.decoder(self.axes.inverse(code))


class Autoencoder(BottleneckNetwork):
    """The plain one: every row has one code.

    Examples
    --------
    >>> import torch
    >>> network = Autoencoder(
    ...     n_features=6, n_components=2, hidden_layer_sizes=(16,),
    ...     decoder_hidden_layer_sizes=(16,), generator=torch.Generator())
    >>> x = torch.zeros(5, 6)
    >>> network.encode(x).shape, network(x).shape
    (torch.Size([5, 2]), torch.Size([5, 6]))
    """

    outputs_per_component = 1

    @property
    def can_loosen(self) -> bool:
        """Whether a straight code lies between hidden layers of ours, beside skips."""
        return isinstance(self.encoder.activation, nn.Identity) and all(
            half.skip is not None and isinstance(half.layers, HiddenLayers)
            for half in (self.encoder, self.decoder)
        )

    @torch.no_grad()
    def loosen(self, share: float, generator: torch.Generator) -> None:
        """Leave ``share`` of the linear skips, and start the hidden layers at the rest."""
        encoder: Any = self.encoder
        decoder: Any = self.decoder
        for half in (encoder, decoder):
            half.skip.weight.mul_(share)
            _draw(half.layers[-1].weight, generator, 1 - share)
        encoder.skip.bias.mul_(share)  # the decoder's is the mean

    @staticmethod
    def _make_encoder(layers, skip, code_activation, n_components):
        return Encoder(layers, skip, code_activation)
