"""Selection of weights and end of training: evaluation, best weights, divergence."""

import math
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch

from ..nn import BottleneckNetwork, Corruption, TrainingLoss, table_loss
from ._ranks import RANKS
from ._recipe import ConvergenceError, Recipe
from ._schedule import Schedule
from ._steps import AveragedWeights, copy_weights, set_training
from ._table_rows import TableRows, mean_row
from ._user_code import user_code

if TYPE_CHECKING:
    from ._loop import Rows

__all__ = ["BestWeights", "ConvergenceError", "JudgedRows"]

# Training has diverged if the loss is this many times the largest of three: that of the
# start, which may be nearly perfect, that of the mean, and one scaled unit.
_HOPELESS = 1e3

# A gain over PCA has to exceed this many standard errors, plus the second number divided
# by the number of validation rows, since with few rows a single one can dominate the
# mean. On 240 splits of twelve data sets with 80 to 300 training rows, on which the rule
# was chosen, held-out R² was below PCA's by more than 0.005 three times and never by more
# than 0.02, at a mean gain of 0.028. On 180 splits with more rows it was never below.
_N_STANDARD_ERRORS = 0.5
_N_MORE_BY_ONE_ROW = 12

# Behind the start's loss, as a fraction, when patience ends: none of 14 fits came back.
_FAR = 0.05

# A loss has grown if by more than the first share; above the second one of the mean's it
# is that of a network that gives the same for all rows.
_ROUNDING, _DEAD = 1e-3, 0.98

_ODD = 0.01  # share of the weight of all rows that odd ones have at most

_ROWS_PER_PASS = 4096  # enough for an estimate of the loss of the mean, too
_MOST_READ = 2**24  # numbers of rows that are filled once for all evaluations, 64 MiB


class JudgedRows:
    """Rows on which a network is evaluated.

    Parameters
    ----------
    network : BottleneckNetwork
    loss : TrainingLoss
    noise : Corruption or None
        Added to the input once, so that epochs can be compared.
    generator : torch.Generator
        Draws the noise.
    column_weights : Tensor of shape (n_features,) or None
        Weight of the squared error of each column in R², so that R² is in the user's
        units. None: every column that varies has the same share, as in mixed tables.
    rows : Rows
    """

    def __init__(
        self,
        network: BottleneckNetwork,
        loss: TrainingLoss,
        noise: Corruption | None,
        generator: torch.Generator,
        column_weights: torch.Tensor | None,
        *,
        rows: "Rows",
    ):
        self.network, self.loss = network, loss
        self.x = rows.x
        self.target = rows.x if rows.target is None else rows.target
        # Some thousand rows at a time, which bounds the memory.
        self.in_table = isinstance(rows.x, TableRows)
        n_parts = math.ceil(len(rows.x) / _ROWS_PER_PASS)
        n_parts = rows.x.n_parts if self.in_table else n_parts
        if noise is not None:
            self.x = _with_noise(rows.x, noise, generator, n_parts)
        inputs = self.x.tensor_split(n_parts)
        # What is read for both is read once.
        targets = inputs if self.target is self.x else self.target.tensor_split(n_parts)
        # Columns of y are none of R².
        self.n_columns = self.target.shape[1] - loss.n_responses
        weights: Any = [None] * n_parts
        self.weight = rows.weight
        if self.weight is not None:
            # 1 on average, of the first rows of many too.
            self.weight = self.weight / self.weight.mean()
            weights = self.weight.tensor_split(n_parts)
        self.parts = [*zip(inputs, targets, weights, strict=True)]
        self.reading: Any = nullcontext
        self.cutting: Any = nullcontext
        if network.nested is not None:
            self.cutting = network.nested.by_place
        table = network.encoder.table
        is_read = table is not None and table.is_constant
        if is_read and len(self.x) * table.layout.n_in <= _MOST_READ:
            self.parts = [(table(x), *others) for x, *others in self.parts]
            self.reading = table.done
        self.of_table = None if network.to_rows is None else table_loss(loss)
        if self.in_table:
            mean = mean_row(self.target, self.weight)[: self.n_columns]
        elif self.of_table is not None:
            mean = self.of_table.marginal(self.target[:, : self.n_columns], self.weight)
        else:
            wanted, share = self.target[:, : self.n_columns], self.weight
            mean = wanted.mean(0) if share is None else share @ wanted / len(wanted)
        self.variance = torch.zeros_like(self.target[:1][...][0, : self.n_columns])
        for _, target, weight in self.parts:
            of_part = target[...][:, : self.n_columns]
            if self.of_table is None:
                squares = (of_part - mean) ** 2
            else:
                squares = self.of_table.squares(mean.expand(len(target), -1), of_part)
            self.variance += squares.sum(0) if weight is None else weight @ squares
        if column_weights is None:
            column_weights = torch.where(self.variance > 0, 1 / self.variance, 0.0)
        self.column_weights = column_weights
        self.variance *= column_weights

    @torch.no_grad()
    def judge(self) -> tuple[torch.Tensor, float]:
        """Return the loss of every row times its weight, (n_rows,), and R² of all."""
        set_training(self.network, self.loss, False)
        error = torch.zeros_like(self.column_weights)
        # float64, for a mean of many rows and the standard error of small differences. At
        # once for all: small tensors that stay, made between large ones that do not, would
        # leave gaps in memory that no large one fits into.
        losses = torch.empty(len(self.x), dtype=torch.float64, device="cpu")
        for rows, (given, aim, weight) in zip(
            losses.tensor_split(len(self.parts)), self.parts, strict=True
        ):
            x = given[...]
            target = x if aim is given else aim[...]
            with user_code.random_state, self.reading(), self.cutting():
                outcome = self.network.outcome(x)
                rows.copy_(self.loss.rows(outcome, target))
            x_hat = outcome[0] if isinstance(outcome, tuple) else outcome
            wanted = target[:, : self.n_columns]
            if self.of_table is None:
                squares = (x_hat - wanted) ** 2
            else:
                squares = self.of_table.squares(x_hat, wanted)
            error += squares.sum(0) if weight is None else weight @ squares
            if weight is not None:
                rows.mul_(weight.to(rows))
        # As in score, a column that does not vary has no variance to explain.
        total, varies = float(self.variance.sum()), self.variance > 0
        unexplained = float((error * self.column_weights)[varies].sum())
        return losses, 1 - unexplained / total if total > 0 else 0.0

    @torch.no_grad()
    def loss_of_mean(self) -> float:
        """Return the loss with the mean of the rows as every reconstruction."""
        with user_code.random_state:
            # A bound takes its noise level from an outcome; one row is enough for that.
            outcome = self.network.outcome(self.x[:1][...])
            n_rows = len(self.parts[0][1]) if self.in_table else _ROWS_PER_PASS
            return float(self.loss.of_mean(outcome, self.target[:n_rows][...]))


def _with_noise(x: Any, noise: Corruption, generator: torch.Generator, n_parts: int) -> Any:
    """Return rows with noise, which stay in their table if ``x`` does."""
    if isinstance(x, TableRows):
        return x.corrupted(noise, generator)
    noisy = torch.empty_like(x)
    with user_code.random_state:
        for part, rows in zip(
            noisy.tensor_split(n_parts), x.tensor_split(n_parts), strict=True
        ):
            part.copy_(noise(rows, generator))
    return noisy


def _mean_of_most(values: torch.Tensor, weight: torch.Tensor | None) -> float:
    """Return the mean of weighted values, without the least ones of a few odd rows.

    Where a network is in use. Odd are rows that have come at most half as often as others
    do: one of a late chunk says nothing of all that came in every pass.
    """
    weight = torch.ones_like(values) if weight is None else weight.to(values)
    order = values.argsort()
    values, weight = values[order], weight[order]
    rare = torch.where(weight <= weight.mean() / 2, weight, 0.0)
    is_odd = (rare > 0) & (rare.cumsum(0) <= _ODD * weight.sum())
    return float(values[~is_odd].sum() / weight[~is_odd].sum())


class BestWeights:
    """Keeps the best weights of all epochs, including the start, and decides when to stop.

    Averages over the last steps are evaluated and kept; see AveragedWeights. Training ends
    after ``n_iter_no_change`` epochs that gained less than ``tol``, as a fraction of the
    loss at the start. With ``guards_start`` an epoch replaces the start only if its gain
    exceeds a margin based on its standard error.

    Parameters
    ----------
    network : BottleneckNetwork
    average : AveragedWeights
        Average of the weights of ``network``.
    train, valid : JudgedRows
        Training rows, and validation rows or None.
    recipe : Recipe

    Attributes
    ----------
    chooses_ : bool
        Whether there are validation rows to select an epoch.
    best_epoch_ : int
    losses_, scores_ : list of float
        Loss and R² on the validation rows, the start first. Without validation rows,
        those of the start on the training rows.
    train_r2_ : float
        R² of the start on the training rows.
    stops_ : bool
        Whether training should end.
    complaint_ : str or None
        What a user should know of the weights that are kept.
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
        self.recipe, self.ranks = recipe, RANKS.get()
        self.chooses_ = valid is not None
        self.best_epoch_, self.stops_ = 0, False
        self.complaint_: str | None = None

    def judge_start(self) -> None:
        """Evaluate the start as epoch 0, the first candidate."""
        self.start_rows, r2 = (self.valid or self.train).judge()
        start_loss = float(self.start_rows.mean())
        self.train_loss, self.train_r2_ = start_loss, r2
        self.loss_of_all = start_loss
        if self.chooses_:
            rows, self.train_r2_ = self.train.judge()
            self.train_loss = float(rows.mean())
            self.loss_of_all = float(torch.cat([rows, self.start_rows]).mean())
        # Absolute values, since a bound can be negative.
        losses = abs(start_loss), abs(self.train_loss), self.train.loss_of_mean()
        self.ceiling = _HOPELESS * max(*losses, 1.0)
        self.best_rows, self.best_loss = self.start_rows, start_loss
        if not self.recipe.keeps_start or self.recipe.keeps_network:
            self.best_loss = math.inf  # a penalty, for one, keeps losses above a draw's
        self.losses_, self.scores_ = [start_loss], [r2]
        self.start_weights = self.best_weights = copy_weights(self.network)
        # In training, noise and dropout may keep losses above that of the start.
        self.patience_loss = start_loss if self.chooses_ else math.inf
        self.patience_epoch = 0
        # A likelihood divides errors by its noise level, so that its loss can be finite
        # where R² is not.
        self._raise_if_diverged(start_loss if math.isfinite(r2) else math.inf, 0)

    def judge_epoch(
        self, epoch: int, train_loss: float, schedule: Schedule, *, is_early: bool
    ) -> None:
        """Evaluate the average after an epoch; end ``schedule`` if there is no progress.

        With ``is_early`` progress is not expected yet, and the epoch is not counted.
        """
        # Also by the training loss: without validation rows there is no other.
        if not self.recipe.keeps_network:  # of a network in use an odd row may raise it
            self._raise_if_diverged(train_loss, epoch)
        loss = train_loss
        if self.chooses_:
            loss, r2 = self._judge_average(epoch)
            self.losses_.append(loss)
            self.scores_.append(r2)
        # Relative to the start's loss and not the present one, which near zero would count
        # ever smaller gains as progress.
        has_progress = loss < self.patience_loss - self.recipe.tol * abs(self.losses_[0])
        if has_progress or is_early:
            self.patience_loss = min(loss, self.patience_loss)
            self.patience_epoch = epoch
        is_hopeless = False
        if epoch - self.patience_epoch >= self.recipe.n_iter_no_change:
            schedule.end_within(self.recipe.n_iter_no_change)
            # No epoch has reached the start, and the decay of the rate, which ends a cycle,
            # gains less than what is missing. (A random start is no candidate: epoch 1 is.)
            stays = self.chooses_ and self.best_epoch_ == 0
            is_hopeless = stays and loss - self.best_loss > _FAR * abs(self.best_loss)
        self.stops_ = is_hopeless or schedule.step >= schedule.n_steps

    def finish(self, n_epochs: int) -> None:
        """Load the selected weights into the network."""
        if not self.chooses_:
            # Training rows cannot select an epoch, since later ones fit them better: the
            # last epoch is kept, unless the start has a lower loss.
            self._judge_average(n_epochs)
        self.network.load_state_dict(self.best_weights)
        is_lost = self.recipe.guards_start and self.chooses_
        if self.recipe.keeps_network:
            judged = self.valid or self.train
            gain = self.start_rows - self.best_rows
            is_lost = _mean_of_most(gain, judged.weight) < 0
        elif is_lost:
            is_lost = self._gain_is_in_doubt()
        if is_lost:
            self.best_epoch_ = 0
            self.network.load_state_dict(self.start_weights)
        elif not self.recipe.guards_start:
            self.complaint_ = self._complaint(n_epochs)

    def _complaint(self, n_epochs: int) -> str | None:
        """Return a warning if training from random weights failed and its loss is bounded.

        A linear start needs none: it is better than the mean, and nothing worse is kept.
        """
        # By training rows: a few validation rows can be odd ones.
        loss, of_mean = float(self.train.judge()[0].mean()), self.train.loss_of_mean()
        got_worse = loss - self.train_loss > _ROUNDING * abs(self.train_loss)
        # A step of Adam moves every weight by the rate. Where that is more than weights
        # are large, a network is left with units that are all saturated, or all zero.
        is_dead = self.recipe.learning_rate_init >= 1 and loss > _DEAD * of_mean
        if n_epochs == 0 or not (got_worse or is_dead):
            return None
        rate = self.recipe.learning_rate_init
        return (
            f"Training ended with a loss of {loss:.3g} and learning_rate_init={rate!r}; it "
            f"was {self.train_loss:.3g} at the start, and is {of_mean:.3g} for the mean in "
            "place of every row. Expected less than both. Use a smaller "
            "learning_rate_init, or init='pca'."
        )

    def _judge_average(self, epoch: int) -> tuple[float, float]:
        """Return loss and R² of the average, and keep its weights if they are the best."""
        with self.average.in_place():
            judged = self.valid or self.train
            rows, r2 = judged.judge()
            loss = float(rows.mean())
            if self.recipe.keeps_network:
                loss = -_mean_of_most(-rows, judged.weight)
            if self.ranks is not None:  # the same of all, who end with the same epoch
                loss = self.ranks.mean(loss)
            self._raise_if_diverged(loss, epoch)
            if loss < self.best_loss:
                self.best_loss, self.best_rows = loss, rows
                self.best_weights, self.best_epoch_ = copy_weights(self.network), epoch
        return loss, r2

    def _gain_is_in_doubt(self) -> bool:
        """Whether the gain over the start may be due to chance.

        The mean difference of row losses on the validation rows has to exceed half of its
        standard error, and more if these are few. The loss on the training rows, which may
        have outliers that validation rows lack, must not have increased.
        """
        # Row by row: differences vary far less than losses, which differ between rows.
        gain = self.start_rows - self.best_rows
        if len(gain) < 2 or self.train.judge()[0].mean() > self.train_loss:
            return True
        # What makes the mean of weighted rows uncertain is w (d - mean), which has no mean;
        # rows of equal weights would be as certain if there were so many of them.
        weight, n_alike = torch.ones_like(gain), float(len(gain))
        if self.valid is not None and self.valid.weight is not None:
            weight = self.valid.weight.to(gain)
            n_alike = len(gain) ** 2 / float((weight**2).sum())
        n_standard_errors = _N_STANDARD_ERRORS + _N_MORE_BY_ONE_ROW / n_alike
        spread = (gain - weight * gain.mean()).std()
        in_errors = math.sqrt(len(gain)) * gain.mean() / spread
        if in_errors >= n_standard_errors:
            return False
        # The loss of the start is known from all rows, training rows among them, which a
        # linear fit hardly overfits; then that of an epoch may be all that is in doubt.
        of_epoch = self.best_rows
        spread = (of_epoch - weight * of_epoch.mean()).std()
        margin = n_standard_errors * spread / math.sqrt(len(gain))
        return bool(in_errors < 1 or self.loss_of_all - of_epoch.mean() < margin)

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
