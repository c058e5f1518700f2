"""The training loop: rows in memory, their batches, and what happens to each in order."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any, NamedTuple

import torch

from ..nn import (
    UNCROSSED,
    BottleneckNetwork,
    Corruption,
    DenseGradients,
    TrainingLoss,
)
from ._file_batches import file_batches
from ._precision import REFINED
from ._ranks import RANKS, Ranks
from ._recipe import Recipe
from ._schedule import SCHEDULES, DivergenceWarmup, OneCycle, Ongoing
from ._state import TrainingState
from ._steps import AutogradStep, AveragedWeights, DenseStep
from ._stopping import BestWeights, JudgedRows
from ._table_rows import TableRows, mean_row
from ._user_code import user_code

__all__ = ["Rows", "StopTraining", "Training", "Watcher", "batches", "count_batches"]

# Training rows that are evaluated before and after training if there are no validation
# rows. All rows would take a third of an epoch each time, and the mean of this many hardly
# differs from theirs.
_MOST_JUDGED = 8192

# A linear start may lose this share of its loss for a decoder that is linear before the
# link. On 68 fits to rows of benchmarks/bounded_outputs.py, with short and long codes and
# with noise, held-out losses were 0.95 of those by the link's inverse where it lost less
# (geometric mean, 1.12 at worst), and 1.09 where it lost more (2.16 at worst).
_MOST_LOST = 0.2


class StopTraining(Exception):
    """Raised by watchers to end the loop at once."""


class Rows(NamedTuple):
    """Rows in the memory of the device that computes with them, or read when drawn.

    Parameters
    ----------
    x : Tensor or TableRows of shape (n_rows, n_features)
    target : Tensor or TableRows of shape (n_rows, n_features), or None
        Target of the reconstruction. None uses the rows themselves.
    weight : Tensor of shape (n_rows,) or None
        Weight of the loss of each row, 1 on average. None: all have the same weight.
    """

    x: Any
    target: Any = None
    weight: torch.Tensor | None = None

    def take(self, index) -> "Rows":
        """Return the rows at ``index``, in the order of ``index``."""
        x, *others = self
        return Rows(x[index], *(None if o is None else o[index] for o in others))

    def batch(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, Any]:
        """Return (x, target, weight) of the rows at ``index``, read if they are not."""
        # index_select takes less than half of the time of an index in brackets.
        x = self.x.index_select(0, index)
        target = x if self.target is None else self.target.index_select(0, index)
        return x, target, None if self.weight is None else self.weight[index]

    @property
    def wanted(self) -> Any:
        """Target of the reconstruction, (n_rows, n_features)."""
        return self.x if self.target is None else self.target


def count_batches(n_rows: int, batch_size: int) -> int:
    """Return the number of batches for ``n_rows``."""
    n_batches = math.ceil(n_rows / batch_size)
    # Batch normalisation in user-supplied layers cannot train on a batch of one row.
    while n_batches > 1 and n_rows // n_batches == 1 < batch_size:
        n_batches -= 1
    return n_batches


def _is_in_file(rows: Rows) -> bool:
    return isinstance(rows.x, TableRows) and rows.x.run > 1


def batches(
    rows: Rows,
    batch_size: int,
    generator: torch.Generator | None,
    n_passes: int = 1,
    ranks: Ranks | None = None,
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]]:
    """Yield (x, target, weight): rows in random order, never single ones.

    Fetching rows one by one, as torch's DataLoader does, takes longer than a training step
    of a small network. Here a batch is one gather; one gather for all of an epoch would
    hold the table a second time. Batches differ by at most one row, so that the last is not
    a small one with the same weight as the others. ``generator`` shuffles the rows, those
    of several passes together; None keeps their order. ``ranks`` are the processes that
    share each batch, of which this one takes its part.
    """
    n_rows = len(rows.x)
    if generator is not None and _is_in_file(rows):
        n_batches = count_batches(n_passes * n_rows, batch_size)
        yield from file_batches(rows, n_batches, generator, n_passes=n_passes, ranks=ranks)
        return
    # On the CPU, as the generator is, so that a seed gives the same on a GPU.
    if generator is None:
        order = torch.arange(n_passes * n_rows, device="cpu")
    else:
        order = torch.randperm(n_passes * n_rows, generator=generator, device="cpu")
    order = (order % n_rows).to(rows.x.device)
    for index in order.tensor_split(count_batches(len(order), batch_size)):
        index = index if ranks is None else ranks.shard(index)  # noqa: PLW2901
        yield rows.batch(index)


class Watcher(ABC):
    """Observes a training and changes nothing but its end: any may raise StopTraining."""

    @abstractmethod
    def begin(self, training: "Training") -> None:
        """Observe the start, after its evaluation."""

    @abstractmethod
    def begin_epoch(self, training: "Training") -> None:
        """Observe the beginning of an epoch."""

    @abstractmethod
    def end_epoch(self, training: "Training") -> None:
        """Observe an epoch after its evaluation; may set ``training.stops``."""

    @abstractmethod
    def end(self, training: "Training") -> None:
        """Observe the network with the weights that are kept."""


class Training:
    """Trains a network in float32 from its present weights, and loads the best ones.

    Parameters
    ----------
    network : BottleneckNetwork
    loss : TrainingLoss
    train, valid : Rows
        Training rows, in random order or in that of a file, and validation rows or None.
    column_weights : Tensor of shape (n_features,) or None
        See JudgedRows.
    noise : Corruption or None
        Noise on the input.
    generator : torch.Generator
        Shuffles rows and draws noise.
    recipe : Recipe
    state : TrainingState or None
        What is continued after the start has been evaluated. None: nothing.

    Attributes
    ----------
    losses : list of float
        Training loss of each epoch.
    state : TrainingState or None
        After ``run``, if the recipe is to go on: where it would continue.
    stops : bool
        Set by a watcher to make the current epoch the last.
    """

    def __init__(
        self,
        network: BottleneckNetwork,
        loss: TrainingLoss,
        train: Rows,
        valid: Rows | None,
        *,
        column_weights: torch.Tensor | None,
        noise: Corruption | None,
        generator: torch.Generator,
        recipe: Recipe,
        state: TrainingState | None = None,
    ):
        self.network, self.loss, self.recipe = network, loss, recipe
        self.state, self.ranks = state, RANKS.get()
        self.train, self.noise, self.generator = train, noise, generator
        self.hooks: Any = None
        if recipe.callbacks:
            # Imported here, since that module imports this one.
            from ._skorch_net import CallbackHooks

            self.hooks = CallbackHooks(self, recipe.callbacks)
        self.step = self._make_step()
        self.read: Any = None
        self.reading: Any = nullcontext
        table = network.encoder.table
        # Callbacks see batches as they are.
        if table is not None and table.is_constant and self.hooks is None:
            # Imported here, since that module imports this one.
            from ._read_batches import ReadBatches

            self.read = ReadBatches(
                train, table, noise, generator, recipe, ranks=self.ranks
            )
            self.reading = table.done
        n_batches = count_batches(recipe.n_passes * len(train.x), recipe.batch_size)
        schedule = SCHEDULES[recipe.learning_rate]
        if recipe.goes_on and schedule is OneCycle:
            schedule = Ongoing
        self.schedule = schedule(self.step.optimizer, recipe.max_iter, n_batches)
        self.warmup = None
        if recipe.kl_warmup:
            self.warmup = DivergenceWarmup(loss, recipe.kl_warmup * n_batches)
        self.average = AveragedWeights(self.step.weights, n_batches)
        judged = partial(JudgedRows, network, loss, noise, generator, column_weights)
        self.valid = None if valid is None else judged(rows=valid)
        # With validation rows, which may lack rare outliers, all training rows are judged
        # too. Without, the first of them are: they are in random order, but in a file.
        if valid is None:
            step = math.ceil(len(train.x) / _MOST_JUDGED)
            some = slice(None, None, step) if _is_in_file(train) else slice(_MOST_JUDGED)
            train = train.take(some)
        self.judged = judged(rows=train)
        self.best = BestWeights(network, self.average, self.judged, self.valid, recipe)
        self.losses: list[float] = []
        self.stops = False

    def _make_step(self) -> Any:
        """Return the kind of step: callbacks, which see gradients, need autograd's."""
        network, loss, recipe = self.network, self.loss, self.recipe
        if self.hooks is not None:
            return AutogradStep(network, loss, recipe, self.hooks.on_gradients)
        # An optimizer class may depend on the shapes of the weights. The optimizers by name
        # treat every number alike, so that long vectors give the same result.
        if isinstance(recipe.solver, str) and DenseGradients.suits(network):
            return DenseStep(network, loss, recipe)
        return AutogradStep(network, loss, recipe)

    def run(self, watchers: Sequence[Watcher]) -> None:
        """Train to the end, and load the best weights into the network."""
        watchers = [*watchers, self.hooks] if self.hooks is not None else watchers
        # Before loosening: the linear start itself is the candidate to beat.
        self.best.judge_start()
        if self.ranks is not None:
            self._check_ranks(self.ranks)
        if self.state is not None:
            self._go_on(self.state)
        elif (
            self.recipe.guards_start and self.network.decoder.output_activation in UNCROSSED
        ):
            self._uncross_start()
        if self.recipe.loosens_start and self.state is None:
            self._loosen_start()
        with suppress(StopTraining):
            for watcher in watchers:
                watcher.begin(self)
            for epoch in range(1, self.recipe.max_iter + 1):
                for watcher in watchers:
                    watcher.begin_epoch(self)
                self.losses.append(self._run_epoch())
                rises = self.warmup is not None and self.warmup.is_rising
                early = self.schedule.is_climbing or rises
                self.best.judge_epoch(epoch, self.losses[-1], self.schedule, is_early=early)
                for watcher in watchers:
                    watcher.end_epoch(self)
                # After all watchers, so that each of them sees the last epoch.
                stops = self.stops or self.best.stops_
                if stops if self.ranks is None else self.ranks.mean(stops) > 0:
                    break
        if self.recipe.goes_on:  # before other weights are chosen
            present = self.network, self.step, self.average, self.warmup
            self.state = TrainingState.of(*present)
        # Also after StopTraining: a training that was stopped keeps its best epoch.
        self.best.finish(len(self.losses))
        with suppress(StopTraining):
            for watcher in watchers:
                watcher.end(self)
        # These hold the rows, and a callback may keep its net, and with it this object.
        self.hooks = self.step = self.read = self.reading = None

    def _check_ranks(self, ranks: Ranks) -> None:
        """Raise SharedTrainingError unless all processes begin with the same."""
        recipe = {**vars(self.recipe), "callbacks": len(self.recipe.callbacks)}
        state = tuple(self.generator.get_state().tolist())
        ranks.check_same(
            rows=tuple(self.train.x.shape),
            parameters=repr(recipe),
            random_numbers=hash(state),
        )
        ranks.check_close("the loss before training", self.best.losses_[0])

    def _go_on(self, state: TrainingState) -> None:
        """Continue where the last chunk of a stream ended."""
        state.load(self.network, self.step, self.average)
        self.schedule.n_before = state.n_steps
        if self.warmup is not None:
            # In batches of this chunk, which may be longer or shorter than the last.
            self.warmup.step = round(state.warmth * self.warmup.n_steps)

    def _run_epoch(self) -> float:
        """Train on all batches, in a new random order; return the mean loss."""
        recipe, hooks = self.recipe, self.hooks
        # Summed on the device: reading the loss of every batch would make a GPU wait.
        total, n_rows = self.train.x.new_zeros(()), 0
        source = self.train, recipe.batch_size, self.generator, recipe.n_passes, self.ranks
        of_epoch = batches(*source) if self.noise is None else self._noisy_batches()
        of_epoch = self.read or of_epoch  # a table that is read in advance
        for noisy, target, weight in of_epoch:
            # Before the step, which uses the new rate; the first one is not at the peak.
            self.schedule.move()
            if self.warmup is not None:
                self.warmup.move()
            if hooks is not None:
                hooks.begin_batch(noisy, target)
            # The last steps are at a low rate, for which bfloat16 may have too few digits.
            in_bfloat16 = recipe.bfloat16 and self.schedule.progress <= 1 - REFINED
            with user_code.random_state, self.reading():
                loss = self.step(noisy, target, weight, in_bfloat16=in_bfloat16)
            self.average.update()
            if hooks is not None:
                hooks.end_batch(loss, self.step.outcome)
            total += loss * len(target)
            n_rows += len(target)
        total /= n_rows
        if self.ranks is not None:
            # What own layers count of their rows, and what decides on the end.
            counts = [b for b in self.network.buffers() if b.is_floating_point()]
            self.ranks.average([total, *counts])
        return total.item()

    def _noisy_batches(self) -> Iterator[tuple]:
        """Yield (input of a step, target, weight) for all rows, in a new random order."""
        recipe = self.recipe
        source = self.train, recipe.batch_size, self.generator, recipe.n_passes, self.ranks
        for x, target, weight in batches(*source):
            noisy = x
            if self.noise is not None:
                with user_code.random_state:
                    noisy = self.noise(x, self.generator)
            yield noisy, target, weight

    def _uncross_start(self) -> None:
        """Let the linear part of the decoder be linear before the link, if it hardly loses.

        Where a code keeps most of a row, its tangent at the mean is too far from the start.
        """
        weight, wanted = self.train.weight, self.train.wanted
        if isinstance(wanted, TableRows):
            mean = mean_row(wanted, weight)
        else:
            mean = wanted.mean(0) if weight is None else weight @ wanted / len(wanted)
        mean = mean[: len(mean) - self.loss.n_responses]
        self.network.decoder.uncross(mean)
        loss, before = float(self.judged.judge()[0].mean()), self.best.train_loss
        if not loss - before < _MOST_LOST * abs(before):
            self.network.load_state_dict(self.best.start_weights)

    def _loosen_start(self) -> None:
        """Move away from a linear start, the more the less variance it explains.

        Hidden layers that start at zero in parallel to PCA tend to follow its axes. That is
        desired where PCA explains most of the variance, but with two components of fifty
        columns it leads to a poor local optimum. Therefore the linear part is multiplied by
        the fraction of the variance that it explains, and the hidden layers are drawn with
        the rest of their usual size. PCA itself has been evaluated before, and stays a
        candidate.

        Adam moves a weight by about the learning rate per step. If the rates of all steps
        add up to less than 1, training could not reach another optimum, and the start is
        loosened less.
        """
        unexplained = 1 - min(max(self.best.train_r2_, 0.0), 1.0)
        # The mean learning rate of a cycle is half of its peak.
        way = self.recipe.learning_rate_init * self.schedule.n_steps / 2
        if self.recipe.goes_on:  # for more steps than anyone knows
            way = 1.0
        self.network.loosen(1 - unexplained * min(way, 1.0), self.generator)
