"""Which weights training leaves, and when it ends: averages, best weights, divergence."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ..nn import BottleneckNetwork, Corruption, TrainingLoss
from ._recipe import Recipe
from ._schedule import Schedule
from ._steps import set_training
from ._user_code import user_code

if TYPE_CHECKING:
    from ._loop import Rows

__all__ = ["AveragedWeights", "BestWeights", "ConvergenceError", "JudgedRows"]

# The average of weights looks back over so many epochs, but not over more of the steps so
# far than this share: it leaves the start behind.
_EPOCHS = 2
_SHARE_OF_STEPS = 0.25
# It takes one point every so many steps, 32 within its window: to follow every step costs
# as much as a step of a wide network.
_POINTS = 32

# A loss this many times worse than the start, than that of the mean, and than one
# scaled unit is lost.
_HOPELESS = 1e3

# How many standard errors a gain over PCA has to be worth: so many, and by few rows, of
# which one may make the mean, so many more divided by the rows. On 240 splits of twelve
# sets with 80 to 300 training rows, held-out R² fell below PCA's by more than 0.005 three
# times, never by more than 0.02, at a mean gain of 0.028; with 1.645 by any rows, four
# times and once, at 0.024. On 180 splits with more rows neither ever fell below. Those were
# of three layers at a rate of 0.01, and the rule was chosen by them.
_N_STANDARD_ERRORS = 0.5
_N_MORE_BY_ONE_ROW = 12

_ROWS_OF_MEAN = 4096  # enough to know the loss of the mean by


class ConvergenceError(RuntimeError):
    """Training diverged: the loss became infinite, NaN, or far larger than at the start.

    ``fit`` raises it and leaves the estimator as it was before. The message names the
    epoch and the way out, mostly a smaller ``learning_rate_init``.
    """


class AveragedWeights:
    """An exponential moving average of weights in training, which is judged and kept.

    Steps of a high learning rate circle around a minimum; the mean of where they have been
    is closer to it, and on few rows it overfits later (Polyak and Juditsky, "Acceleration
    of stochastic approximation by averaging", 1992).

    Buffers, such as running statistics of the user's own layers, are those of the moment.

    Parameters
    ----------
    weights : list of nn.Parameter
        Where the average starts.
    n_batches : int
        Steps in an epoch.
    """

    def __init__(self, weights: list[nn.Parameter], n_batches: int):
        self.weights = [weight.detach() for weight in weights if weight.requires_grad]
        self.averages = [weight.clone() for weight in self.weights]
        self.longest = _EPOCHS * n_batches
        self.every = max(1, self.longest // _POINTS)
        self.n_steps = 0

    def update(self) -> None:
        """Count a step, and let the average follow the weights if it is time."""
        self.n_steps += 1
        if self.n_steps % self.every:
            return
        n_back = min(self.longest, 1 + _SHARE_OF_STEPS * self.n_steps)
        average = get_ema_multi_avg_fn(1 - min(self.every / n_back, 1))
        average(self.averages, self.weights, self.n_steps)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the average in the place of the weights while the block runs."""
        kept = [weight.clone() for weight in self.weights]
        for weight, average in zip(self.weights, self.averages, strict=True):
            weight.copy_(average)
        try:
            yield
        finally:
            for weight, before in zip(self.weights, kept, strict=True):
                weight.copy_(before)


class JudgedRows:
    """Rows by which a network is judged.

    Parameters
    ----------
    network : BottleneckNetwork
    loss : TrainingLoss
    noise : Corruption or None
        Falls on what goes in, and stays, so that epochs can be compared.
    generator : torch.Generator
        Draws it.
    column_weights : Tensor of shape (n_features,)
        What the squared error of each column counts in R², so that R² is in the user's
        units.
    rows : Rows
    """

    def __init__(
        self,
        network: BottleneckNetwork,
        loss: TrainingLoss,
        noise: Corruption | None,
        generator: torch.Generator,
        column_weights: torch.Tensor,
        *,
        rows: "Rows",
    ):
        self.network = network
        self.loss = loss
        self.x = rows.x
        if noise is not None:
            with user_code.random_state:
                self.x = noise(rows.x, generator)
        self.target = target = rows.x if rows.target is None else rows.target
        self.column_weights = column_weights
        self.variance = ((target - target.mean(0)) ** 2).sum(0) * column_weights

    @torch.no_grad()
    def judge(self) -> tuple[torch.Tensor, float]:
        """Return the loss of every row, (n_rows,), and R² of all."""
        set_training(self.network, self.loss, False)
        rows, error = [], torch.zeros_like(self.column_weights)
        n_parts = math.ceil(len(self.x) / _ROWS_OF_MEAN)
        parts = self.x.tensor_split(n_parts), self.target.tensor_split(n_parts)
        for x, target in zip(*parts, strict=True):
            with user_code.random_state:
                outcome = self.network.outcome(x)
                rows.append(self.loss.rows(outcome, target).cpu().double())
            x_hat = outcome[0] if isinstance(outcome, tuple) else outcome
            error += ((x_hat - target) ** 2).sum(0)
        # As in r2_score, a column that does not vary has no variance to explain.
        total, varies = float(self.variance.sum()), self.variance > 0
        unexplained = float((error * self.column_weights)[varies].sum())
        return torch.cat(rows), 1 - unexplained / total if total > 0 else 0.0

    @torch.no_grad()
    def loss_of_mean(self) -> float:
        """Return the loss of the mean in place of every row."""
        with user_code.random_state:
            outcome = self.network.outcome(self.x[:1])  # a bound has a noise level
            return float(self.loss.of_mean(outcome, self.target[:_ROWS_OF_MEAN]))


class BestWeights:
    """The best weights of all epochs, the start among them; and when to stop.

    Judged and kept are averages over the last steps; see AveragedWeights. Training ends
    after ``n_iter_no_change`` epochs that gained less than ``tol``, as a share of the
    loss at the start. Where ``guards_start``, an epoch has to beat the start beyond doubt.

    Parameters
    ----------
    network : BottleneckNetwork
    average : AveragedWeights
        Of ``network``.
    train, valid : JudgedRows
        Training rows, and those that choose the epoch; None: no rows do.
    recipe : Recipe

    Attributes
    ----------
    chooses_ : bool
        Whether there are rows to choose an epoch by.
    best_epoch_ : int
    losses_, scores_ : list of float
        Of the rows that judge, the start first.
    train_r2_ : float
        Of the start, on training rows.
    stops_ : bool
        Whether there is nothing more to gain.
    """

    def __init__(
        self,
        network: BottleneckNetwork,
        average: AveragedWeights,
        train: JudgedRows,
        valid: JudgedRows | None,
        recipe: Recipe,
    ):
        self.network = network
        self.average = average
        self.train, self.valid = train, valid
        self.recipe = recipe
        self.chooses_ = valid is not None
        self.best_epoch_, self.stops_ = 0, False

    def judge_start(self) -> None:
        """Take the start as epoch 0, the first candidate."""
        self.start_rows, r2 = (self.valid or self.train).judge()
        start_loss = float(self.start_rows.mean())
        self.train_loss, self.train_r2_ = start_loss, r2
        if self.chooses_:
            rows, self.train_r2_ = self.train.judge()
            self.train_loss = float(rows.mean())
        losses = abs(start_loss), abs(self.train_loss), self.train.loss_of_mean()
        self.ceiling = _HOPELESS * max(*losses, 1.0)
        self.best_rows, self.best_loss = self.start_rows, start_loss
        self.losses_, self.scores_ = [start_loss], [r2]
        self.start_weights = self.best_weights = copy_weights(self.network)
        self.patience_loss, self.patience_epoch = start_loss, 0
        # A loss that measures in units of its own noise can stay finite where R² is not.
        self._raise_if_diverged(start_loss if math.isfinite(r2) else math.inf, 0)

    def judge_epoch(
        self, epoch: int, train_loss: float, schedule: Schedule, *, is_early: bool
    ) -> None:
        """Judge the average of an epoch, and tell ``schedule`` to end if nothing is gained.

        ``is_early`` holds patience: progress is not expected yet.
        """
        self._raise_if_diverged(train_loss, epoch)
        if not self.chooses_:
            return
        loss, r2 = self._judge_average(epoch)
        self.losses_.append(loss)
        self.scores_.append(r2)
        has_progress = loss < self.patience_loss - self.recipe.tol * abs(self.losses_[0])
        if has_progress or is_early:
            self.patience_loss = min(loss, self.patience_loss)
            self.patience_epoch = epoch
        if epoch - self.patience_epoch >= self.recipe.n_iter_no_change:
            schedule.end_within(self.recipe.n_iter_no_change)
        self.stops_ = schedule.has_ended

    def finish(self, n_epochs: int) -> None:
        """Leave the network with the weights that won."""
        if not self.chooses_:
            # No row can choose between epochs: the last one, unless the start was better.
            self._judge_average(n_epochs)
        self.network.load_state_dict(self.best_weights)
        if self.chooses_ and self.recipe.guards_start and self._gain_is_in_doubt():
            self.best_epoch_ = 0
            self.network.load_state_dict(self.start_weights)

    def _judge_average(self, epoch: int) -> tuple[float, float]:
        """Return loss and R² of the average, and keep it if it is the best so far."""
        with self.average.in_place():
            rows, r2 = (self.valid or self.train).judge()
            loss = float(rows.mean())
            self._raise_if_diverged(loss, epoch)
            if loss < self.best_loss:
                self.best_loss, self.best_rows = loss, rows
                self.best_weights, self.best_epoch_ = copy_weights(self.network), epoch
        return loss, r2

    def _gain_is_in_doubt(self) -> bool:
        """Whether the gain over the start is in doubt by the rows that were seen.

        It is to exceed half a standard error of the mean difference of row losses on the
        validation rows, and more than that by few of them, and the training rows, which
        may hold outliers that those lack, must not have lost.
        """
        gain = self.start_rows - self.best_rows
        if len(gain) < 2 or self.train.judge()[0].mean() > self.train_loss:
            return True
        standard_error = float(gain.std()) / math.sqrt(len(gain))
        n_standard_errors = _N_STANDARD_ERRORS + _N_MORE_BY_ONE_ROW / len(gain)
        return float(gain.mean()) < n_standard_errors * standard_error

    def _raise_if_diverged(self, loss: float, epoch: int) -> None:
        if math.isfinite(loss) and loss <= self.ceiling:
            return
        if epoch == 0:
            raise ConvergenceError(
                f"The loss is {loss:.3g} before training, expected a finite number. Use "
                "scaling='global' or 'feature' for data of extreme size; a loss or network "
                "of your own has to be finite for a batch of one row too."
            )
        rate = self.recipe.learning_rate_init
        raise ConvergenceError(
            f"Training diverged in epoch {epoch} with learning_rate_init={rate!r}: the "
            f"loss is {loss:.3g}, expected less than {self.ceiling:.3g}; it was "
            f"{self.losses_[0]:.3g} at the start. Use a smaller learning_rate_init, or "
            "scaling='feature' if columns have very different ranges."
        )


def copy_weights(network: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of the weights, by name."""
    return {name: w.detach().clone() for name, w in network.state_dict().items()}
