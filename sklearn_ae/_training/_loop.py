"""The loop: rows in memory, their batches, and what happens to each of them in order."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import torch

from ..nn import BottleneckNetwork, Corruption, DenseGradients, TrainingLoss
from ._precision import REFINED
from ._recipe import Recipe
from ._schedule import SCHEDULES, DivergenceWarmup
from ._steps import AutogradStep, DenseStep
from ._stopping import AveragedWeights, BestWeights, JudgedRows

__all__ = ["Rows", "StopTraining", "Training", "Watcher", "batches", "count_batches"]

# Training rows that are judged before and after training where none validate. All of many
# would take a third of an epoch each time, and of so many the mean hardly differs.
_MOST_JUDGED = 8192


class StopTraining(Exception):
    """Ends the loop at once; raised by watchers."""


class Rows(NamedTuple):
    """Rows in memory, where they are computed with.

    Parameters
    ----------
    x : Tensor of shape (n_rows, n_features)
    target : Tensor of shape (n_rows, n_features) or None
        What should come out. None: the rows themselves.
    weight : Tensor of shape (n_rows,) or None
        What the loss of each row counts, 1 on average. None: all the same.
    """

    x: torch.Tensor
    target: torch.Tensor | None = None
    weight: torch.Tensor | None = None

    def take(self, index) -> "Rows":
        """Return the rows at ``index``, in its order."""
        x, *others = self
        return Rows(x[index], *(None if o is None else o[index] for o in others))

    @property
    def wanted(self) -> torch.Tensor:
        """What should come out, (n_rows, n_features)."""
        return self.x if self.target is None else self.target


def count_batches(n_rows: int, batch_size: int) -> int:
    """Return how many batches ``n_rows`` make."""
    n_batches = math.ceil(n_rows / batch_size)
    # Batch normalisation cannot train on one row.
    while n_batches > 1 and n_rows // n_batches == 1 < batch_size:
        n_batches -= 1
    return n_batches


def batches(
    rows: Rows, batch_size: int, generator: torch.Generator | None
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]]:
    """Yield (x, target, weight): slices of one shuffled tensor, never row by row.

    Fetching rows one by one, as torch's DataLoader does, takes longer than a small
    network's step. Here one gather shuffles an epoch, and batches are views of it. They
    differ by at most one row, so that no small last one weighs as much as the others.
    ``generator`` shuffles the rows; None leaves them in order.
    """
    if generator is not None:
        order = torch.randperm(len(rows.x), generator=generator, device="cpu")
        order = order.to(rows.x.device)
        x, *others = rows
        rows = Rows(x[order], *(None if o is None else o[order] for o in others))
    n_batches = count_batches(len(rows.x), batch_size)
    parts = [
        [None] * n_batches if part is None else part.tensor_split(n_batches)
        for part in rows
    ]
    for x, target, weight in zip(*parts, strict=True):
        yield x, x if target is None else target, weight


class Watcher(ABC):
    """Follows a training and changes nothing but its end: any may raise StopTraining."""

    @abstractmethod
    def begin(self, training: "Training") -> None:
        """See the start, which has been judged."""

    @abstractmethod
    def begin_epoch(self, training: "Training") -> None:
        """See an epoch begin."""

    @abstractmethod
    def end_epoch(self, training: "Training") -> None:
        """See an epoch that has been judged; ``training.stops`` may be set."""

    @abstractmethod
    def end(self, training: "Training") -> None:
        """See the network with the weights that are kept."""


class Training:
    """Trains a network in float32 from the weights that it has; leaves it with the best.

    Parameters
    ----------
    network : BottleneckNetwork
    loss : TrainingLoss
    train, valid : Rows
        To train on, in random order, and to choose the epoch by; None: no rows do.
    column_weights : Tensor of shape (n_features,)
        See JudgedRows.
    noise : Corruption or None
        What falls on rows that go in.
    generator : torch.Generator
        Shuffles rows and draws noise.
    recipe : Recipe

    Attributes
    ----------
    losses : list of float
        Training loss of each epoch.
    stops : bool
        Set by a watcher that has seen enough; the epoch is then the last.
    """

    def __init__(
        self,
        network: BottleneckNetwork,
        loss: TrainingLoss,
        train: Rows,
        valid: Rows | None,
        *,
        column_weights: torch.Tensor,
        noise: Corruption | None,
        generator: torch.Generator,
        recipe: Recipe,
    ):
        self.network, self.loss, self.recipe = network, loss, recipe
        self.train, self.noise, self.generator = train, noise, generator
        self.hooks: Any = None
        if recipe.callbacks:
            from ._skorch_net import CallbackHooks

            self.hooks = CallbackHooks(self, recipe.callbacks)
        self.step = self._make_step()
        n_batches = count_batches(len(train.x), recipe.batch_size)
        schedule = SCHEDULES[recipe.learning_rate]
        self.schedule = schedule(self.step.optimizer, recipe.max_iter, n_batches)
        self.warmup = None
        if recipe.kl_warmup:
            self.warmup = DivergenceWarmup(loss, recipe.kl_warmup * n_batches)
        self.average = AveragedWeights(self.step.weights, n_batches)
        judged = partial(JudgedRows, network, loss, noise, generator, column_weights)
        self.valid = None if valid is None else judged(rows=valid)
        # Beside validation rows, which lack rare outliers, all training rows are judged.
        # They are in random order: the first are as good as any.
        first = None if valid is not None else _MOST_JUDGED
        self.judged = judged(rows=train if first is None else train.take(slice(first)))
        self.best = BestWeights(network, self.average, self.judged, self.valid, recipe)
        self.losses: list[float] = []
        self.stops = False

    def _make_step(self) -> Any:
        """Return the kind of step: a user who looks into steps sees autograd's."""
        network, loss, recipe = self.network, self.loss, self.recipe
        if self.hooks is not None:
            return AutogradStep(network, loss, recipe, self.hooks.on_gradients)
        if isinstance(recipe.solver, str) and DenseGradients.suits(network):
            return DenseStep(network, loss, recipe)
        return AutogradStep(network, loss, recipe)

    def run(self, watchers: Sequence[Watcher]) -> None:
        """Train to the end, and leave the network with the best weights."""
        watchers = [*watchers, self.hooks] if self.hooks is not None else watchers
        self.best.judge_start()
        if self.network.decoder.crosses_link:
            self.network.decoder.uncross(self.train.wanted.mean(0))
        if self.recipe.loosens_start:
            self._loosen_start()
        with suppress(StopTraining):
            for watcher in watchers:
                watcher.begin(self)
            for epoch in range(1, self.recipe.max_iter + 1):
                for watcher in watchers:
                    watcher.begin_epoch(self)
                self.losses.append(self._run_epoch())
                is_early = self.schedule.is_climbing or (
                    self.warmup is not None and self.warmup.is_rising
                )
                self.best.judge_epoch(
                    epoch, self.losses[-1], self.schedule, is_early=is_early
                )
                for watcher in watchers:
                    watcher.end_epoch(self)
                if self.stops or self.best.stops_:
                    break
        self.best.finish(len(self.losses))
        with suppress(StopTraining):
            for watcher in watchers:
                watcher.end(self)
        # It holds the rows, and is held by what the net of callbacks shows of it.
        self.hooks = self.step = None

    def _run_epoch(self) -> float:
        """Take a step by every batch of rows in a new order; return their mean loss."""
        recipe, hooks = self.recipe, self.hooks
        total = torch.zeros((), device=self.train.x.device)
        for x, target, weight in batches(self.train, recipe.batch_size, self.generator):
            noisy = x if self.noise is None else self.noise(x, self.generator)
            self.schedule.move()
            if self.warmup is not None:
                self.warmup.move()
            if hooks is not None:
                hooks.begin_batch(noisy, target)
            in_bfloat16 = recipe.bfloat16 and self.schedule.progress <= 1 - REFINED
            loss = self.step(noisy, target, weight, in_bfloat16=in_bfloat16)
            self.average.update()
            if hooks is not None:
                hooks.end_batch(loss, self.step.outcome)
            total += loss * len(x)
        return total.item() / len(self.train.x)

    def _loosen_start(self) -> None:
        """Leave a linear start that explains little, by what it leaves unexplained.

        Hidden layers that start at nothing beside PCA follow its axes. Where PCA explains
        most of the variance, that is what they are to do; with two components of fifty
        columns it is a trap. So the linear part starts at the share of the variance that it
        explains, and the hidden layers at the rest. PCA itself has been judged by then, and
        stays a candidate.

        Adam moves a weight by about the rate in a step. A training whose rates do not even
        add up to 1 could not come to an end elsewhere, and its start is loosened less.
        """
        unexplained = 1 - min(max(self.best.train_r2_, 0.0), 1.0)
        # The mean of a cycle is half of its peak.
        way = self.recipe.learning_rate_init * self.schedule.n_steps / 2
        self.network.loosen(1 - unexplained * min(way, 1.0), self.generator)
