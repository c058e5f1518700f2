"""One training step, of two kinds: by autograd, or by gradients that are written out.

The second is for dense layers and takes half of the time: recording and traversing a graph
takes longer than the arithmetic of small layers, and so does updating many small weights.
Therefore all weights are in a few long vectors, each updated by a few kernels.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ..nn import BottleneckNetwork, DenseGradients, TrainingLoss
from ._optimizers import OPTIMIZERS
from ._precision import Bfloat16Gradients
from ._ranks import RANKS
from ._recipe import Recipe

__all__ = [
    "AutogradStep",
    "AveragedWeights",
    "DenseStep",
    "FlatWeights",
    "GradientClip",
    "Step",
    "copy_weights",
    "set_training",
]

# A gradient is clipped if it is this many times as long as usual, where the usual length is
# a mean over this many steps.
_CLIP_FACTOR = 2.0
_CLIP_STEPS = 20

# In numbers: every weight begins at a multiple of 64 bytes, a cache line, from which vector
# units read fastest.
_ALIGNMENT = 16


# The average of weights covers this many epochs, but at most this fraction of the steps
# so far: otherwise early averages would still contain much of the start.
_EPOCHS = 2
_SHARE_OF_STEPS = 0.25
# The average takes 32 points in its window: an update costs as much as a step.
_POINTS = 32


class Step(ABC):
    """Moves the weights of a network by the gradient of a batch.

    Attributes
    ----------
    optimizer : torch.optim.Optimizer
    weights : list of nn.Parameter
        The weights that the optimizer updates.
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
        """Update the weights; return the mean loss before that, a scalar without a graph.

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
        Called without arguments once gradients are computed.

    Attributes
    ----------
    outcome : Tensor or tuple
        Output of the network for the last batch.
    """

    def __init__(
        self,
        network: BottleneckNetwork,
        loss: TrainingLoss,
        recipe: Recipe,
        on_gradients: Callable[[], None] | None = None,
    ):
        self.network, self.loss = network, loss
        self.on_gradients, self.ranks = on_gradients, RANKS.get()
        named = dict(network.named_parameters())
        groups = [
            {"params": [named[name] for name in names], **options}
            for names, options in _groups(list(named), recipe)
        ]
        self.optimizer = _make_optimizer(groups, recipe)
        self.weights = [w for group in self.optimizer.param_groups for w in group["params"]]
        # Not for an optimizer class: LBFGS for one relies on exact gradients.
        self.clip = GradientClip(self.weights) if isinstance(recipe.solver, str) else None
        self.outcome: Any = None

    def __call__(self, x, target, weight, *, in_bfloat16):
        outcomes, losses = [], []

        def find_gradients():
            self.optimizer.zero_grad()
            # At every step, since evaluations and callbacks may have switched it off.
            set_training(self.network, self.loss, True)
            outcome = self._outcome(x, in_bfloat16)
            loss = self.loss(outcome, target, weight)
            loss.backward()
            if self.ranks is not None:
                loss = self.ranks.averaged(loss, self.weights)
            # Before callbacks, which then see the gradients that the optimizer uses.
            if self.clip is not None:
                self.clip.shorten()
            if self.on_gradients is not None:
                self.on_gradients()
            outcomes.append(outcome)
            losses.append(loss.detach())
            return loss

        # A closure, since LBFGS evaluates the loss several times per step. Reported is the
        # first loss, that of the weights before the step, as for all other optimizers.
        self.optimizer.step(find_gradients)
        self.outcome = outcomes[0]
        return losses[0]

    def _outcome(self, x, in_bfloat16):
        if not in_bfloat16:
            return self.network.outcome(x)
        with torch.autocast(x.device.type, torch.bfloat16):
            outcome = self.network.outcome(x)
        # Outside of autocast: losses are computed in float32.
        return _to_float32(outcome)


class DenseStep(Step):
    """For dense layers and an optimizer by name: gradients are written out.

    Parameters
    ----------
    network : Autoencoder
        Supported by DenseGradients. Its weights become views of long vectors.
    loss : ReconstructionLoss
    recipe : Recipe
    """

    def __init__(self, network, loss, recipe: Recipe):
        self.network, self.loss = network, loss
        groups = _groups([name for name, _ in network.named_parameters()], recipe)
        flat = FlatWeights(network, [names for names, _ in groups])
        self.weights, self.views = list(flat.vectors.values()), flat.views
        self.optimizer: Any = _make_optimizer(
            [
                {"params": [vector], **options}
                for vector, (_, options) in zip(self.weights, groups, strict=True)
            ],
            recipe,
        )
        self.clip, self.ranks = GradientClip(self.weights), RANKS.get()
        self.float32 = DenseGradients(network, loss, flat.weights, flat.gradients)
        self.bfloat16 = Bfloat16Gradients(network, loss, flat) if recipe.bfloat16 else None

    @torch.no_grad()
    def __call__(self, x, target, weight, *, in_bfloat16):
        set_training(self.network, self.loss, True)
        find = self.bfloat16 if in_bfloat16 and self.bfloat16 else self.float32
        loss = find(x, target, weight)
        if self.ranks is not None:
            loss = self.ranks.averaged(loss, self.weights)
        self.clip.shorten()
        self.optimizer.bare_step()  # without the wrappers; see _optimizers.py
        return loss


def set_training(network: nn.Module, loss: nn.Module, is_training: bool) -> None:
    """Switch between training and evaluation mode, if needed."""
    # Traversing the modules at every batch takes longer than a small layer.
    if network.training != is_training:
        network.train(is_training)
        loss.train(is_training)


def copy_weights(network: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of the weights, by name."""
    return {name: w.detach().clone() for name, w in network.state_dict().items()}


def _to_float32(outcome):
    """Return tensors, or tuples of tensors, as float32, in which losses are computed."""
    if isinstance(outcome, tuple):
        return tuple(map(_to_float32, outcome))
    return outcome.float()


def _make_optimizer(groups: list[dict], recipe: Recipe) -> torch.optim.Optimizer:
    solver = recipe.solver
    kind, options = OPTIMIZERS[solver] if isinstance(solver, str) else (solver, {})
    try:
        return kind(groups, lr=recipe.learning_rate_init, **options)
    except ValueError as error:
        if len(groups) == 1:
            raise
        raise ValueError(
            f"solver={kind.__name__} takes no groups of weights ({error}), and alpha="
            f"{recipe.alpha!r} is a penalty on one group; expected alpha=0 with it. Use "
            "alpha=0, or solver='adamw'."
        ) from error


def _groups(names: list[str], recipe: Recipe) -> list[tuple[list[str], dict]]:
    """Return groups of weights by name, each with the options of the optimizer."""
    patterns: list[tuple[str, dict]] = []
    if recipe.alpha > 0:
        # MLPRegressor's penalty, alpha / 2 |W|² per batch, on the weights of the hidden
        # layers. The linear part has no penalty, so that a large alpha leads to PCA and not
        # to zero.
        decay = {"weight_decay": recipe.alpha / recipe.batch_size}
        patterns.append(("*.layers.*weight", decay))
    # Only the skips have another rate. Weights that match no pattern, such as a noise
    # level, use the full one.
    if recipe.linear_rate is not None:
        patterns += [("*.layers.*", {}), ("*.skip.*", {"lr": recipe.linear_rate})]
    groups = []
    for pattern, options in patterns:
        members = [name for name in names if fnmatch(name, pattern)]
        # A head has no options either: it shares a vector, and the kernels of its update.
        members += [name for name in names if name.startswith("head.") and not options]
        if members:
            groups.append((members, options))
            # The first pattern wins: a weight may be in one group only.
            names = [name for name in names if name not in members]
    return [*groups, (names, {})] if names else groups


@dataclass
class GradientClip:
    """Clips gradients to twice their usual length.

    The gradient of a single outlier can undo many steps. The usual length depends on the
    loss and on the data, so that the limit is estimated from the gradients themselves,
    similar to AutoClip (Seetharaman et al., 2020).

    Parameters
    ----------
    weights : sequence of nn.Parameter
    n_steps : int
        Number of steps so far.
    usual : float
        Mean length of the gradients of recent steps.
    """

    weights: Sequence[nn.Parameter]
    n_steps: int = 0
    usual: float = 0.0

    def shorten(self) -> None:
        """Scale the gradients of the current step down, if they are too long."""
        # Of all weights together: clipped one by one, the direction would change.
        gradients = [w.grad for w in self.weights if w.grad is not None]
        norms = torch.stack([torch.linalg.vector_norm(g) for g in gradients])
        norm, limit = math.hypot(*norms.tolist()), _CLIP_FACTOR * self.usual
        self.n_steps += 1
        if self.n_steps > _CLIP_STEPS and 0 < limit < norm:
            for gradient in gradients:
                gradient.mul_(limit / norm).nan_to_num_(0.0)  # of infinite ones
            norm = limit  # an outlier counts as the limit, or it would raise the next one
        self.usual += (norm - self.usual) / min(self.n_steps, _CLIP_STEPS)


class FlatWeights:
    """Moves the weights of a module into long vectors; the module keeps views of them.

    Parameters
    ----------
    module : nn.Module
        All its weights are float32, on one device.
    groups : sequence of list of str
        Names of the weights that share a vector; every weight is in one group.

    Attributes
    ----------
    vectors : dict of str to nn.Parameter
        By the name of their first weight, each with its ``grad``.
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
            # The module computes with the memory that the optimizer updates, so that no
            # copies are needed.
            weight.data = self.weights[name]
            weight.grad = self.gradients[name]

    def views(self, vectors: Sequence[torch.Tensor | None]) -> dict[str, torch.Tensor]:
        """Return views of the weights in ``vectors``, which have the same lengths."""
        return {
            name: vector[start : start + shape.numel()].view(shape)
            for vector, places in zip(vectors, self._places, strict=True)
            if vector is not None
            for name, shape, start in places
        }


class AveragedWeights:
    """An exponential moving average of the weights, which is evaluated and kept.

    At a high learning rate weights oscillate around a minimum; their mean is closer to it,
    and with few rows it overfits later (Polyak and Juditsky, "Acceleration of stochastic
    approximation by averaging", 1992).

    Buffers, such as running statistics of user-supplied layers, are not averaged.

    Parameters
    ----------
    weights : list of nn.Parameter
        Weights to average, and the start of the average.
    n_batches : int
        Number of steps in an epoch.
    """

    def __init__(self, weights: list[nn.Parameter], n_batches: int):
        self.weights = [weight.detach() for weight in weights if weight.requires_grad]
        self.averages = [weight.clone() for weight in self.weights]
        self.longest = _EPOCHS * n_batches
        self.every = max(1, self.longest // _POINTS)
        self.n_steps = 0

    def update(self) -> None:
        """Count a step, and update the average if it is due."""
        self.n_steps += 1
        if self.n_steps % self.every:
            return
        n_back = min(self.longest, 1 + _SHARE_OF_STEPS * self.n_steps)
        # torch's multi-tensor form: a few kernels instead of one or more per weight.
        average = get_ema_multi_avg_fn(1 - min(self.every / n_back, 1))
        average(self.averages, self.weights, self.n_steps)

    def go_on(self, averages: list[torch.Tensor], n_steps: int) -> None:
        """Continue an average, from now on over a share of all steps so far."""
        for average, before in zip(self.averages, averages, strict=True):
            average.copy_(before)
        self.n_steps = n_steps
        self.longest = max(self.longest, int(_SHARE_OF_STEPS * n_steps))
        self.every = max(1, self.longest // _POINTS)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Replace the weights by their average while the block runs."""
        # Copied into the same tensors: DenseStep and the optimizer hold views of them.
        kept = [weight.clone() for weight in self.weights]
        for weight, average in zip(self.weights, self.averages, strict=True):
            weight.copy_(average)
        try:
            yield
        finally:
            for weight, before in zip(self.weights, kept, strict=True):
                weight.copy_(before)
