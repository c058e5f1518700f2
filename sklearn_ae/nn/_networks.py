"""Encoder, decoder and the two as one network, built from layer sizes.

A linear skip runs in parallel to the hidden layers g and h, whose last layers start at
zero:

    encoder(x) = P x + p + g(x)        decoder(code) = P' code + p' + h(code)

is PCA when P and P' hold the projection and its transpose. Kramer, "Nonlinear principal
component analysis using autoassociative neural networks" (1991); "PCA-boosted autoencoders
for nonlinear dimensionality reduction in low data regimes" (2022).
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import reduce
from typing import Any, ClassVar

import torch
from torch import nn

from ._activations import ACTIVATIONS, LINK_INVERSES, output_link_inverse
from ._layers import FLOAT32, CodeAxes, Dense, Units, draw_weights, make_hidden_layers
from ._nested import NestedCode
from ._own_layers import Gate, NetworkFactory, make_own_layers
from ._table import TableInput, TableLayout, TableOutput

__all__ = ["Autoencoder", "BottleneckNetwork", "Decoder", "Encoder"]

# The slope of a link's inverse has no bound at the edge of its range. Where the mean of a
# column is closer to the edge, the slope of its skip is limited to this. On the 46 contests
# of benchmarks/bounded_outputs.py, when all starts were uncrossed, held-out losses were on
# average 0.042 below the best of PCA, mse and a random start, 0.015 above at worst; without
# the limit 0.040 and 0.023.
_STEEPEST = 10.0


class Encoder(nn.Module):
    """From rows to codes: code_activation(linear skip + hidden layers).

    Parameters
    ----------
    layers : nn.Module or None
        (n_rows, n_in) -> (n_rows, n_out). None: the skip alone.
    skip : Dense or None
        The linear shortcut. None: the layers alone.
    code_activation : str
        Activation of the code.
    table : TableInput or None
        What comes first in tables with levels or holes. The skip sees its blocks only.
    """

    def __init__(
        self,
        layers: nn.Module | None,
        skip: Dense | None,
        code_activation: str,
        table: TableInput | None,
    ):
        super().__init__()
        self.table = table
        self.layers = layers
        self.skip = skip
        self.activation = ACTIVATIONS[code_activation]()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        blocks = x
        if self.table is not None:
            x = self.table(x)
            blocks = x[:, : self.table.layout.n_blocks]
        ways = (self.skip, blocks), (self.layers, x)
        parts = [part(rows) for part, rows in ways if part is not None]
        return self.activation(reduce(torch.add, parts))  # (n_rows, n_out)


class Decoder(nn.Module):
    """From codes to rows: link(spread * linear skip + spread * hidden layers).

    The spread of each column, as a share of the widest, multiplies what is learnt: steps
    of training move all weights by about the same, which narrow columns would drown in.

    The link is the output activation. Where it has an inverse, the start is something else:

        link(link_inverse(linear skip) + hidden layers)

    Because of the inverse the skip works in the units of the output, so that the start is
    the PCA reconstruction clipped to the output's range, whatever the link is. The inverse
    is too steep at the edges to train through, so training tries ``uncross`` first.

    Parameters
    ----------
    layers : nn.Module or None
        (n_rows, n_in) -> (n_rows, n_out). None: the skip alone.
    skip : Dense or None
        The linear shortcut. None: the layers alone.
    output_activation : str
        The link.
    n_out : int
        Width of a row. Its spread is 1 until it is loaded.
    n_nested : int
        Number of components if any may be missing; the layers then take a mark for each
        missing one too, (n_rows, 2 n_nested). 0: none may be.

    Attributes
    ----------
    spread : Tensor of shape (n_out,)
        Always 1 where training uncrosses the link: before it, columns are about as wide.
    crosses_link : bool
        Whether the skip passes through the inverse of the link.
    """

    spread: torch.Tensor
    crosses_link_flag: torch.Tensor

    def __init__(
        self,
        layers: nn.Module | None,
        skip: Dense | None,
        output_activation: str,
        n_out: int,
        n_nested: int,
    ):
        super().__init__()
        self.n_nested = n_nested
        self.register_buffer("spread", torch.ones(n_out, **FLOAT32))
        self.layers = layers
        self.skip = skip
        self.output_activation = output_activation
        self.activation = ACTIVATIONS[output_activation]()
        self.crosses_link = skip is not None and output_activation in LINK_INVERSES
        if self.crosses_link:
            # Kept with the weights: the start, if it wins, has to be what it was. What
            # ``forward`` reads is a plain value, as torch.export asks for.
            flag = torch.ones((), dtype=torch.bool, device="cpu")
            self.register_buffer("crosses_link_flag", flag)
            self.register_load_state_dict_post_hook(_read_flag)

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        values = code
        if self.n_nested:
            values = code[:, : self.n_nested]
            # Without marks all are there.
            code = nn.functional.pad(code, (0, 2 * self.n_nested - code.shape[1]))
        ways = (self.skip, values), (self.layers, code)
        parts = [part(x) for part, x in ways if part is not None]
        return self.joined(parts)  # (n_rows, n_out)

    def joined(self, parts: list[torch.Tensor]) -> torch.Tensor:
        """Return x_hat, given the outputs of the skip, if there is one, and the layers."""
        # Layers may have been computed in bfloat16, whose three digits are too few where a
        # link or its inverse is steep.
        parts = [p.float() if p.dtype is torch.bfloat16 else p for p in parts]
        if self.output_activation == "identity":
            return reduce(torch.add, parts) * self.spread
        parts = [part * self.spread for part in parts]
        if self.crosses_link:
            linear = output_link_inverse(self.output_activation, parts[0])
            parts = [linear, *parts[1:]]
        return self.activation(reduce(torch.add, parts))

    def uncross(self, mean: torch.Tensor) -> None:
        """Let the skip be linear before the link, tangent to what it was.

        Parameters
        ----------
        mean : Tensor of shape (n_out,)
            Of what should come out, where the tangent touches.
        """
        skip: Any = self.skip
        mean = mean.detach().requires_grad_()
        point = output_link_inverse(self.output_activation, mean)
        (steepness,) = torch.autograd.grad(point.sum(), mean)
        steepness = steepness.clamp(max=_STEEPEST)
        skip.weight.data.mul_(steepness[:, None])
        skip.bias.data.sub_(mean.detach()).mul_(steepness).add_(point.detach())
        self.crosses_link = False
        self.crosses_link_flag.zero_()


def _read_flag(decoder: Decoder, incompatible_keys) -> None:
    """Follow the flag that was loaded, once weights are loaded."""
    decoder.crosses_link = bool(decoder.crosses_link_flag)


class BottleneckNetwork(nn.Module, ABC):
    """An encoder, a decoder, the axes of the code, and the scaling of rows.

    ``encoder``, ``decoder`` and ``outcome`` use the network's units and axes, as training
    does; all other methods take and return the user's.

    Parameters
    ----------
    n_features, n_components : int
        Width of a row and of its code.
    hidden_layer_sizes, decoder_hidden_layer_sizes : sequence of int
        Number of nodes in each hidden layer, from input to code and from code to output.
    activation, code_activation, output_activation : str
        Activations of the hidden layers, the code and the output.
    dropout : float
        Fraction of hidden values dropped in training.
    linear_skip : bool
        Whether each half has a linear shortcut in parallel to its layers.
    encoder, decoder : callable (n_in, n_out) -> nn.Module, or None
        User-supplied networks in place of the hidden layers.
    table : TableLayout or None
        Which columns are levels, or may have holes. None: all are complete numbers.
    ordered : bool
        Whether the first components, any number of them, are a code.
    generator : torch.Generator or None
        Draws weights and dropout masks. None builds a network of zeros, whose weights
        are loaded next.
    """

    outputs_per_component: ClassVar[int]  # by the layers of the encoder

    encoder: Any

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
        table: TableLayout | None = None,
        ordered: bool = False,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.n_components = n_components
        self.nested = NestedCode(n_components, generator) if ordered else None
        self.head: Dense | None = None  # in training only; see with_head

        def half(n_in, n_out, sizes, factory, *, n_copies=1, n_blocks=None):
            skip = Dense(n_blocks or n_in, n_out, **FLOAT32) if linear_skip else None
            n_out = n_copies * n_out
            if factory is not None:
                layers = make_own_layers(factory, n_in, n_out)
                return (Gate(layers) if linear_skip else layers), skip
            if linear_skip and not sizes:
                return None, skip
            sizes = (n_in, *sizes, n_out)
            return make_hidden_layers(
                sizes, activation, dropout, generator, zero_last=linear_skip
            ), skip

        n_in, n_blocks, n_out = n_features, n_features, n_features
        first, self.to_rows = None, None
        if table is not None:
            n_in, n_blocks, n_out = table.n_in, table.n_blocks, table.n_out
            first, self.to_rows = TableInput(table, generator), TableOutput(table)
        layers, skip = half(
            n_in,
            n_components,
            hidden_layer_sizes,
            encoder,
            n_copies=self.outputs_per_component,
            n_blocks=n_blocks,
        )
        self.encoder = self._make_encoder(
            layers, skip, code_activation, n_components, first
        )
        n_in = 2 * n_components if ordered else n_components
        layers, skip = half(
            n_in, n_out, decoder_hidden_layer_sizes, decoder, n_blocks=n_components
        )
        n_nested = n_components if ordered else 0
        self.decoder = Decoder(layers, skip, output_activation, n_out, n_nested)
        self.axes = CodeAxes(n_components)
        # The identity until training is over: training works on rows that are scaled once
        # in advance, and a second scaling would be wrong.
        zero, one = torch.zeros((), **FLOAT32), torch.ones((), **FLOAT32)
        self.units_in, self.units_out = Units(zero, one), Units(zero, one)

    @staticmethod
    @abstractmethod
    def _make_encoder(layers, skip, code_activation, n_components, table) -> nn.Module:
        """Return the encoder around ``layers`` and ``skip``."""

    @abstractmethod
    def outcome(self, x: torch.Tensor):
        """Return the input of the loss, for ``x`` in the network's units.

        x_hat, (n_rows, n_features), or a tuple that begins with it; with a head see
        ``with_head``.
        """

    def attach_head(self, n_out: int) -> None:
        """Let outcomes have an output of a head too, (n_rows, n_out), linear in codes."""
        like = next(self.parameters())
        self.head = Dense(self.n_components, n_out, **FLOAT32).to(like)

    def with_head(self, outcome: Any, code: torch.Tensor) -> tuple:
        """Return (x_hat, outcome, output of the head)."""
        assert self.head is not None
        x_hat = outcome[0] if isinstance(outcome, tuple) else outcome
        return x_hat, outcome, self.head(code[:, : self.n_components])

    def loosen(self, share: float, generator: torch.Generator) -> None:
        """Scale the linear skips by ``share``, and draw hidden layers of size 1 - share.

        For networks that have both, and codes without an activation.
        """
        encoder: Any = self.encoder
        decoder: Any = self.decoder
        for half in (encoder, decoder):
            half.skip.weight.data.mul_(share)
            draw_weights(half.layers[-1], generator, 1 - share)
        # Scaled with its weights, so that codes stay centred. The decoder's bias is the
        # mean of the rows, which the network should keep.
        encoder.skip.bias.data.mul_(share)

    def extra_repr(self) -> str:
        return f"{sum(weight.numel() for weight in self.parameters()):,} parameters"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the reconstruction of ``x``, (n_rows, n_features)."""
        output = self.decoder(self.encoder(self.units_in(x)))
        if self.to_rows is not None:
            output = self.to_rows(output)
        return self.units_out.inverse(output)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the codes of ``x``, (n_rows, n_components)."""
        return self.axes(self.encoder(self.units_in(x)))

    def decode(self, code: torch.Tensor) -> torch.Tensor:
        """Return the rows that ``code`` represents, (n_rows, n_features)."""
        output = self.decoder(self.axes.inverse(code))
        if self.to_rows is not None:
            output = self.to_rows(output)
        return self.units_out.inverse(output)

    def decode_slope(self, code: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
        """Return how fast the rows of ``code`` move if it moves in ``direction``."""
        return torch.autograd.functional.jvp(self.decode, code, direction)[1]

    def impute(self, x: torch.Tensor) -> torch.Tensor:
        """Return ``x`` with its holes filled, (n_rows, n_columns), for tables."""
        filled, table = self(x), self.encoder.table
        if table.fill is not None:
            by_density = self.units_in.inverse(table.complete(self.units_in(x)))
            filled = torch.where(table.by_network, filled, by_density)
        return torch.where(x.isnan(), filled, x)


class Autoencoder(BottleneckNetwork):
    """The plain autoencoder network: every row has one code.

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

    @staticmethod
    def _make_encoder(layers, skip, code_activation, n_components, table):
        return Encoder(layers, skip, code_activation, table)

    def outcome(self, x: torch.Tensor) -> Any:
        code = self.encoder(x)
        code = code if self.nested is None else self.nested(code)
        x_hat = self.decoder(code)
        return x_hat if self.head is None else self.with_head(x_hat, code)
