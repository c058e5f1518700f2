"""Loss and gradients of dense layers by the chain rule, without autograd.

For small layers, recording and traversing a graph takes longer than the arithmetic. The
graph of an autoencoder of dense layers is known in advance, so it is written out here: the
forward pass and the backward pass of each step.

Rules for in-place operations: rows and targets are never overwritten. Every step has its
own output buffers, reused from the last batch, and keeps what its backward pass needs. In
the backward pass an activation or a mask overwrites the gradient that it is given, which
belongs to a dense layer after it. A dense layer does not overwrite its gradient, since
the skip in parallel is given the same one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from ._layers import Dropout, HiddenLayers
from ._losses import TrainingLoss
from ._nested import NestedCode
from ._networks import Autoencoder

__all__ = ["DenseGradients"]

Tensors = Mapping[str, torch.Tensor]

_aten = torch.ops.aten  # has "out" variants, which torch.nn.functional lacks

# For each activation: the forward function, called with (x, out=...); the backward
# function, called with the gradient of the output, which it overwrites by that of the
# input; the name of its other argument; and whether that is the input ("before") or the
# output ("after"). The constants are the defaults of torch's modules.
_ACTIVATIONS: dict[type, tuple[Callable, Callable, str, str]] = {
    nn.ReLU: (
        _aten.relu.out,
        partial(_aten.threshold_backward.grad_input, threshold=0),
        "self",
        "after",
    ),
    nn.SiLU: (_aten.silu.out, _aten.silu_backward.grad_input, "self", "before"),
    nn.GELU: (_aten.gelu.out, _aten.gelu_backward.grad_input, "self", "before"),
    nn.ELU: (
        _aten.elu.out,
        partial(
            _aten.elu_backward.grad_input,
            alpha=1,
            scale=1,
            input_scale=1,
            is_result=True,
        ),
        "self_or_result",
        "after",
    ),
    nn.Tanh: (torch.tanh, _aten.tanh_backward.grad_input, "output", "after"),
    nn.Sigmoid: (torch.sigmoid, _aten.sigmoid_backward.grad_input, "output", "after"),
}


class DenseGradients:
    """The loss of a batch, and its gradient with regard to every weight.

    Parameters
    ----------
    network : Autoencoder
        Of dense layers only; see ``suits``.
    loss : ReconstructionLoss, or HeadLoss of one
        Computed in float32.
    weights, gradients : mapping of str to Tensor
        By name, the weights to compute with and the tensors that the gradients are written
        to. Their dtype is that of all matrix products.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ae.nn import LOSSES
    >>> network = Autoencoder(
    ...     n_features=6, n_components=2, hidden_layer_sizes=(16,),
    ...     decoder_hidden_layer_sizes=(16,), generator=torch.Generator())
    >>> weights = {name: weight.data for name, weight in network.named_parameters()}
    >>> gradients = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    >>> find = DenseGradients(network, LOSSES["mse"](), weights, gradients)
    >>> x = torch.ones(5, 6)
    >>> find(x, x).item(), gradients["decoder.skip.bias"]
    (1.0, tensor([-0.3333, -0.3333, -0.3333, -0.3333, -0.3333, -0.3333]))
    """

    def __init__(
        self,
        network: Autoencoder,
        loss: TrainingLoss,
        weights: Tensors,
        gradients: Tensors,
    ):
        self.loss: Any = loss
        self.output = network.decoder
        self.dtype = next(iter(weights.values())).dtype
        self.encoder = _Half(network.encoder, "encoder.", weights, gradients)
        self.decoder = _Half(network.decoder, "decoder.", weights, gradients)
        self.code_activation = None
        if not isinstance(network.encoder.activation, nn.Identity):
            activation = network.encoder.activation
            self.code_activation = _Activation(activation, network.n_components)
        self.cut = None if network.nested is None else _Cut(network.nested)
        self.head = None
        if network.head is not None:
            self.head = _Dense("head.", weights, gradients)

    @staticmethod
    def suits(network: nn.Module) -> bool:
        """Return whether all layers of ``network`` are supported here."""
        # Not isinstance: a subclass may compute something else.
        if type(network) is not Autoencoder:
            return False
        table = network.encoder.table
        if table is not None and not table.is_constant:
            return False
        known = (nn.Linear, nn.Identity, Dropout, *_ACTIVATIONS)
        return all(
            half.layers is None
            or (
                isinstance(half.layers, HiddenLayers)
                and all(isinstance(layer, known) for layer in half.layers)
            )
            for half in (network.encoder, network.decoder)
        )

    @torch.no_grad()
    def __call__(
        self, x: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Overwrite the gradients by those of a batch; return its mean loss.

        ``x`` is what the first layer takes: of a table the output of its TableInput.
        ``weight``, (n_rows,), is that of the loss of each row; None for equal weights.
        """
        parts = self.encoder.forward(x.to(self.dtype))
        code = _sum(parts)
        if self.code_activation is not None:
            code = self.code_activation.forward(code)
        if self.cut is not None:
            code = self.cut.forward(code)
        parts = [part.float() for part in self.decoder.forward(code)]
        of_rows, spread = self.loss, self.output.spread
        if self.head is not None:
            of_rows = self.loss.of_rows
            target, y = self.loss.split(target)
        if isinstance(self.output.activation, nn.Identity):
            x_hat = _sum(parts).mul_(spread)
            loss, outer = of_rows.with_slope(x_hat, target, weight)
            if self.head is not None:
                outer.mul_(self.loss.factor)
            # The parts are summed before they are scaled: all have the same gradient.
            slopes = [outer.mul_(spread)] * len(parts)
        else:
            loss, slopes = self._through_link(of_rows, parts, target, weight)
        slope: Any = self.decoder.backward([part.to(self.dtype) for part in slopes])
        if self.head is not None:
            loss = self._add_head(loss, slope, code, y, weight)
        if self.cut is not None:
            slope = self.cut.backward(slope)
        if self.code_activation is not None:
            slope = self.code_activation.backward(slope)
        self.encoder.backward([slope] * len(self.encoder.ways), reaches_rows=True)
        return loss

    def _add_head(self, of_rows, slope, code, y, weight):
        """Return the loss of rows and of y, whose gradient is added to ``slope``."""
        head: Any = self.head
        output = head.forward(code).float()
        of_response, outer = self.loss.of_response.with_slope(output, y, weight)
        back = head.backward(outer.to(self.dtype))
        slope[:, : back.shape[1]].add_(back)
        return of_response.add_(of_rows, alpha=self.loss.factor)

    def _through_link(self, of_rows, parts, target, weight):
        """Return the loss, and its gradient with respect to the inputs of the link."""
        # By autograd, for these few operations on rows alone: every link has an inverse
        # whose gradient would have to be written out too.
        with torch.enable_grad():
            leaves = [part.detach().requires_grad_() for part in parts]
            loss = of_rows(self.output.joined(leaves), target, weight)
            factor = 1.0 if self.head is None else self.loss.factor
            slopes = torch.autograd.grad(factor * loss, leaves)
        return loss.detach(), slopes


def _sum(parts: list[torch.Tensor]) -> torch.Tensor:
    """Return the sum of one or two parts, written to the last, which may be wider."""
    if len(parts) == 2:
        parts[1][:, : parts[0].shape[1]].add_(parts[0])
    return parts[-1]


def _room(memory: dict[int, torch.Tensor], x: torch.Tensor, width: int) -> torch.Tensor:
    """Return a buffer for as many rows as ``x``, in the cache from the last batch.

    ``memory`` holds one buffer for each number of rows; batches differ by one at most.
    """
    n_rows = x.shape[0]  # several times faster than len(), at several calls per step
    if n_rows not in memory:
        memory[n_rows] = x.new_empty((n_rows, width))
    return memory[n_rows]


class _Step(ABC):
    """One step of a branch, which keeps what its backward pass needs."""

    @abstractmethod
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output of this step."""

    @abstractmethod
    def backward(self, slope: torch.Tensor) -> torch.Tensor:
        """Return the gradient of the input, given that of the output."""


class _Dense(_Step):
    """x W' + b."""

    def __init__(self, name: str, weights: Tensors, gradients: Tensors):
        self.weight, self.bias = weights[f"{name}weight"], weights[f"{name}bias"]
        self.weight_slope = gradients[f"{name}weight"]
        self.bias_slope = gradients[f"{name}bias"]
        self.transposed = self.weight.t()  # a view: the optimizer's updates show in it
        self.n_out, self.n_in = self.weight.shape
        self.outputs: dict[int, torch.Tensor] = {}
        self.slopes: dict[int, torch.Tensor] = {}

    def forward(self, x):
        # A skip beside the layers of a table sees the blocks, which come first.
        if x.shape[1] > self.n_in:
            x = x[:, : self.n_in]
        self.x = x
        out = _room(self.outputs, x, self.n_out)
        return torch.addmm(self.bias, x, self.transposed, out=out)

    def backward(self, slope, *, reaches_rows=False):
        # Written straight into the long vectors that the optimizer reads.
        torch.mm(slope.t(), self.x, out=self.weight_slope)
        torch.sum(slope, 0, out=self.bias_slope)
        if reaches_rows:
            # Rows have no weights to learn: this saves the widest product of the pass.
            return None
        return torch.mm(slope, self.weight, out=_room(self.slopes, slope, self.n_in))


class _Activation(_Step):
    """An activation between two dense layers; overwrites the gradient it is given."""

    def __init__(self, module, width: int):
        self.function, self.pullback, self.name, self.needs = _ACTIVATIONS[type(module)]
        self.width = width
        self.outputs: dict[int, torch.Tensor] = {}

    def forward(self, x):
        after = self.function(x, out=_room(self.outputs, x, self.width))
        self.kept = {self.name: x if self.needs == "before" else after}
        return after

    def backward(self, slope):
        return self.pullback(slope, **self.kept, grad_input=slope)


class _Mask(_Step):
    """Dropout: the gradient is multiplied by the same factors as the values."""

    def __init__(self, dropout: Dropout):
        self.dropout = dropout

    def forward(self, x):
        # Drawn from the same generator, in the same order, as under autograd: both kinds of
        # step give the same result.
        self.factors = self.dropout.factors(x)
        return x * self.factors

    def backward(self, slope):
        return slope.mul_(self.factors)


class _Cut(_Step):
    """Components that are kept, and marks of the others."""

    def __init__(self, nested: NestedCode):
        self.nested = nested

    def forward(self, x):
        out = self.nested(x)
        self.missing = out[:, x.shape[1] :].bool()
        return out

    def backward(self, slope):
        return slope[:, : self.missing.shape[1]].masked_fill(self.missing, 0.0)


class _Half:
    """The linear skip and the hidden layers of an encoder or a decoder, in parallel."""

    def __init__(self, half, name: str, weights: Tensors, gradients: Tensors):
        self.ways: list[list] = []  # the branches; each begins and ends with a _Dense
        if half.skip is not None:
            self.ways.append([_Dense(f"{name}skip.", weights, gradients)])
        layers: list[_Step] = []
        for index, module in enumerate(half.layers or ()):
            if isinstance(module, nn.Linear):
                layers.append(_Dense(f"{name}layers.{index}.", weights, gradients))
                width = module.out_features
            elif isinstance(module, Dropout):
                layers.append(_Mask(module))
            elif not isinstance(module, nn.Identity):
                layers.append(_Activation(module, width))
        if layers:
            self.ways.append(layers)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return the output of each branch for ``x``."""
        parts = []
        for way in self.ways:
            part = x
            for step in way:
                part = step.forward(part)
            parts.append(part)
        return parts

    def backward(
        self, slopes: list[torch.Tensor], *, reaches_rows: bool = False
    ) -> torch.Tensor | None:
        """Return the gradient of the input, given that of the output of each branch.

        If the input is rows, their gradient is not needed, and None is returned.
        """
        inner = []
        for way, last in zip(self.ways, slopes, strict=True):
            slope = last
            for step in way[:0:-1]:
                slope = step.backward(slope)
            inner.append(way[0].backward(slope, reaches_rows=reaches_rows))
        return None if reaches_rows else _sum(inner)
