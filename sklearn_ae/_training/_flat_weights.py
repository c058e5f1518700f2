"""The weights of a network as a few long vectors, so that a step is a few kernels.

Small layers spend more time between kernels than in them: one vector of all weights is
updated, averaged and measured in the time that one layer's weights take.
"""

from collections.abc import Sequence
from fnmatch import fnmatch

import torch
from torch import nn

__all__ = ["FlatWeights"]

_ALIGNMENT = 16  # numbers, so that every weight begins where vector units read fastest


class FlatWeights:
    """Moves the weights of a module into long vectors; the module keeps views of them.

    Parameters
    ----------
    module : nn.Module
        All its weights are float32, on one device.
    patterns : sequence of str
        Weights whose name matches the first go into one vector, of the rest those that
        match the second into another, and so on; what matches none, into the last.

    Attributes
    ----------
    vectors : dict of str to nn.Parameter
        By the name of a weight in it, each with its ``grad``.
    weights, gradients : dict of str to Tensor
        By name, views of the vectors and of their ``grad``.
    """

    def __init__(self, module: nn.Module, patterns: Sequence[str]):
        self._places: dict[str, list[tuple[str, torch.Size, int]]] = {}
        named = dict(module.named_parameters())
        for pattern in (*patterns, "*"):
            members = [name for name in named if fnmatch(name, pattern)]
            if members:
                self._places[members[0]] = _placed({n: named.pop(n) for n in members})
        weights = dict(module.named_parameters())
        self.vectors: dict[str, nn.Parameter] = {}
        slopes = []
        for first, places in self._places.items():
            name, shape, start = places[-1]
            vector = nn.Parameter(weights[name].new_zeros(start + shape.numel()))
            vector.grad = torch.zeros_like(vector)
            slopes.append(vector.grad)
            self.vectors[first] = vector
        self.weights = self.views([v.detach() for v in self.vectors.values()])
        self.gradients = self.views(slopes)
        for name, weight in weights.items():
            self.weights[name].copy_(weight.detach())
            weight.data = self.weights[name]
            weight.grad = self.gradients[name]

    def views(self, vectors: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return each weight's place in ``vectors``, which are as long as our own."""
        return {
            name: vector[start : start + shape.numel()].view(shape)
            for vector, places in zip(vectors, self._places.values(), strict=True)
            for name, shape, start in places
        }


def _placed(weights: dict[str, nn.Parameter]) -> list[tuple[str, torch.Size, int]]:
    """Return name, shape and first place of each weight in a vector of all."""
    places, start = [], 0
    for name, weight in weights.items():
        places.append((name, weight.shape, start))
        start += -(-weight.numel() // _ALIGNMENT) * _ALIGNMENT
    return places
