"""One step of training, in two kinds: by autograd, or by gradients that are written down.

The second serves dense layers, whose steps take half of the time for it: recording a graph
and walking it takes longer than small layers' arithmetic, and so do many small weights. So
all weights lie in a few long vectors, each updated by a few kernels.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import torch
from torch import nn

from ..nn import BottleneckNetwork, DenseGradients, TrainingLoss
from ._optimizers import OPTIMIZERS
from ._precision import Bfloat16Gradients
from ._recipe import Recipe

__all__ = [
    "AutogradStep",
    "DenseStep",
    "FlatWeights",
    "GradientClip",
    "Step",
    "set_training",
]

# A gradient so many times longer than usual is too long; that is a mean over so many steps.
_CLIP_FACTOR = 2.0
_CLIP_STEPS = 20

_ALIGNMENT = 16  # numbers, so that every weight begins where vector units read fastest


class Step(ABC):
    """Moves the weights of a network by the gradient of a batch.

    Attributes
    ----------
    optimizer : torch.optim.Optimizer
    weights : list of nn.Parameter
        What it moves.
    """

    optimizer: Any
    weights: list[nn.Parameter]

    @abstractmethod
    def __call__(
        self,
        x: torch.Tensor,
        target: torch.Tensor,
        weight: torch.Tensor | None,
        *,
        in_bfloat16: bool,
    ) -> torch.Tensor:
        """Take a step; return the mean loss before it, a scalar without a graph.

        Parameters
        ----------
        x, target : Tensor of shape (n_rows, n_features)
        weight : Tensor of shape (n_rows,) or None
        in_bfloat16 : bool
            Whether matrices are multiplied in bfloat16.
        """


class AutogradStep(Step):
    """For any network and optimizer.

    Parameters
    ----------
    network : BottleneckNetwork
    loss : TrainingLoss
    recipe : Recipe
    on_gradients : callable or None
        Called without arguments once gradients are there.

    Attributes
    ----------
    outcome : Tensor or tuple
        What the network made of the last batch.
    """

    def __init__(
        self,
        network: BottleneckNetwork,
        loss: TrainingLoss,
        recipe: Recipe,
        on_gradients: Callable[[], None] | None = None,
    ):
        self.network = network
        self.loss = loss
        self.on_gradients = on_gradients
        named = dict(network.named_parameters())
        groups = [
            {"params": [named[name] for name in names], **options}
            for names, options in _groups(list(named), recipe)
        ]
        self.optimizer = _make_optimizer(groups, recipe)
        self.weights = [w for group in self.optimizer.param_groups for w in group["params"]]
        # An optimizer given by the user may do as it likes with long gradients.
        self.clip = GradientClip(self.weights) if isinstance(recipe.solver, str) else None
        self.outcome: Any = None

    def __call__(self, x, target, weight, *, in_bfloat16):
        outcomes, losses = [], []

        def find_gradients():
            self.optimizer.zero_grad()
            set_training(self.network, self.loss, True)
            outcome = self._outcome(x, in_bfloat16)
            loss = self.loss(outcome, target, weight)
            loss.backward()
            if self.clip is not None:
                self.clip.shorten()
            if self.on_gradients is not None:
                self.on_gradients()
            outcomes.append(outcome)
            losses.append(loss.detach())
            return loss

        self.optimizer.step(find_gradients)  # some, as LBFGS, ask for several
        self.outcome = outcomes[0]
        return losses[0]

    def _outcome(self, x, in_bfloat16):
        if not in_bfloat16:
            return self.network.outcome(x)
        with torch.autocast(x.device.type, torch.bfloat16):
            outcome = self.network.outcome(x)
        return _to_float32(outcome)


class DenseStep(Step):
    """For dense layers and an optimizer by name: gradients are written down.

    Parameters
    ----------
    network : Autoencoder
        Which DenseGradients suits. Its weights become views of long vectors.
    loss : ReconstructionLoss
    recipe : Recipe
    """

    def __init__(self, network, loss, recipe: Recipe):
        self.network = network
        self.loss = loss
        groups = _groups([name for name, _ in network.named_parameters()], recipe)
        flat = FlatWeights(network, [names for names, _ in groups])
        self.weights = list(flat.vectors.values())
        self.optimizer: Any = _make_optimizer(
            [
                {"params": [vector], **options}
                for vector, (_, options) in zip(self.weights, groups, strict=True)
            ],
            recipe,
        )
        self.clip = GradientClip(self.weights)
        self.float32 = DenseGradients(network, loss, flat.weights, flat.gradients)
        self.bfloat16 = Bfloat16Gradients(network, loss, flat) if recipe.bfloat16 else None

    @torch.no_grad()
    def __call__(self, x, target, weight, *, in_bfloat16):
        set_training(self.network, self.loss, True)
        find = self.bfloat16 if in_bfloat16 and self.bfloat16 else self.float32
        loss = find(x, target, weight)
        self.clip.shorten()
        self.optimizer.bare_step()
        return loss


def set_training(network: nn.Module, loss: nn.Module, is_training: bool) -> None:
    """Switch between training and use, if that is a change."""
    # Walking the modules at every batch costs more than a small layer.
    if network.training != is_training:
        network.train(is_training)
        loss.train(is_training)


def _to_float32(outcome):
    """Return tensors, or tuples of tensors, in the numbers that losses are computed in."""
    if isinstance(outcome, tuple):
        return tuple(map(_to_float32, outcome))
    return outcome.float()


def _make_optimizer(groups: list[dict], recipe: Recipe) -> torch.optim.Optimizer:
    solver = recipe.solver
    kind, options = OPTIMIZERS[solver] if isinstance(solver, str) else (solver, {})
    return kind(groups, lr=recipe.learning_rate_init, **options)


def _groups(names: list[str], recipe: Recipe) -> list[tuple[list[str], dict]]:
    """Return which weights are trained together, and with which options."""
    patterns: list[tuple[str, dict]] = []
    if recipe.alpha > 0:
        # MLPRegressor's penalty, alpha / 2 |W|² per batch, on the hidden layers: the
        # linear part is free, so a large alpha leads to PCA and not to zero.
        decay = {"weight_decay": recipe.alpha / recipe.batch_size}
        patterns.append(("*.layers.*weight", decay))
    if recipe.linear_rate is not None:
        patterns += [("*.layers.*", {}), ("*.skip.*", {"lr": recipe.linear_rate})]
    groups = []
    for pattern, options in patterns:
        members = [name for name in names if fnmatch(name, pattern)]
        if members:
            groups.append((members, options))
            names = [name for name in names if name not in members]
    return [*groups, (names, {})] if names else groups


@dataclass
class GradientClip:
    """Shortens gradients of more than twice the usual length to that.

    One row far out makes a gradient that undoes many steps. What is usual depends on the
    loss and on the data, so the limit follows the gradients themselves, in the manner of
    AutoClip (Seetharaman et al., 2020).

    Parameters
    ----------
    weights : sequence of nn.Parameter
    n_steps : int
        Steps so far.
    usual : float
        Mean length of gradients over the last of them.
    """

    weights: Sequence[nn.Parameter]
    n_steps: int = 0
    usual: float = 0.0

    def shorten(self) -> None:
        """Shorten the gradients of the present step, if they are too long."""
        gradients = [w.grad for w in self.weights if w.grad is not None]
        norms = torch.stack([torch.linalg.vector_norm(g) for g in gradients])
        norm, limit = math.hypot(*norms.tolist()), _CLIP_FACTOR * self.usual
        self.n_steps += 1
        if self.n_steps > _CLIP_STEPS and 0 < limit < norm:
            for gradient in gradients:
                gradient.mul_(limit / norm)
            norm = limit
        self.usual += (norm - self.usual) / min(self.n_steps, _CLIP_STEPS)


class FlatWeights:
    """Moves the weights of a module into long vectors; the module keeps views of them.

    Parameters
    ----------
    module : nn.Module
        All its weights are float32, on one device.
    groups : sequence of list of str
        Names of the weights that share a vector; together, all of them.

    Attributes
    ----------
    vectors : dict of str to nn.Parameter
        By the name of the first weight in it, each with its ``grad``.
    weights, gradients : dict of str to Tensor
        By name, views of the vectors and of their ``grad``.
    """

    def __init__(self, module: nn.Module, groups: Sequence[list[str]]):
        weights = dict(module.named_parameters())
        self._places: list[list[tuple[str, torch.Size, int]]] = []
        for names in groups:
            places, start = [], 0
            for name in names:
                places.append((name, weights[name].shape, start))
                start += -(-weights[name].numel() // _ALIGNMENT) * _ALIGNMENT
            self._places.append(places)
        self.vectors: dict[str, nn.Parameter] = {}
        for places in self._places:
            name, shape, start = places[-1]
            vector = nn.Parameter(weights[name].new_zeros(start + shape.numel()))
            vector.grad = torch.zeros_like(vector)
            self.vectors[places[0][0]] = vector
        self.weights = self.views([v.detach() for v in self.vectors.values()])
        self.gradients = self.views([v.grad for v in self.vectors.values()])
        for name, weight in weights.items():
            self.weights[name].copy_(weight.detach())
            weight.data = self.weights[name]
            weight.grad = self.gradients[name]

    def views(self, vectors: Sequence[torch.Tensor | None]) -> dict[str, torch.Tensor]:
        """Return each weight's place in ``vectors``, which are as long as our own."""
        return {
            name: vector[start : start + shape.numel()].view(shape)
            for vector, places in zip(vectors, self._places, strict=True)
            if vector is not None
            for name, shape, start in places
        }
