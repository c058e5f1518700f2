"""When training ends, and which weights it leaves: early stop, best weights, divergence."""

import math

import torch
from skorch.callbacks import Callback

from ._averaging import AveragedWeights
from ._batches import ROWS_PER_PASS, TensorBatches

__all__ = ["BestWeights", "ConvergenceError"]

# A loss this many times worse than the start, than telling the mean, and than one
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


class ConvergenceError(RuntimeError):
    """Training diverged: the loss left the finite numbers, or all reason.

    ``fit`` raises it and leaves the estimator as it was before. The message tells the
    epoch and the way out, mostly a smaller ``learning_rate_init``.
    """


class BestWeights(Callback):
    """Keep the best weights of all epochs, the start among them, and stop in time.

    Judged and kept are averages over the last steps; see AveragedWeights.

    Parameters
    ----------
    tol : float
        Least improvement of the validation loss, as a share of the loss at the
        start, that counts as progress.
    n_iter_no_change : int
        Epochs without progress after which training stops.
    starts_linear : bool
        Whether the start is the best linear answer, PCA for one, which training has to
        beat beyond doubt; see _gain_is_in_doubt.
    schedule : OneCycle or None
        Brought to its end when there is no progress; None: training stops at once.
    """

    def __init__(self, tol, n_iter_no_change, starts_linear, schedule):
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.starts_linear = starts_linear
        self.schedule = schedule
        self.best_epoch_, self.chooses_ = 0, False  # as of a net that is not trained

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Take the start as epoch 0, the first candidate."""
        self.train_, valid = net.judged_train_, net.datasets_[1]
        self.chooses_ = valid is not None
        self.judging_ = valid if self.chooses_ else self.train_
        self.variance_ = column_variance(net, self.judging_)
        self.start_rows_, r2 = self._rows_and_r2(net)
        self.train_r2_ = r2
        self.start_loss_ = self.best_loss_ = self.patience_loss_ = float(
            self.start_rows_.mean()
        )
        self.train_loss_ = self.start_loss_
        if self.chooses_:
            rows, error = judge(net, self.train_)
            self.train_loss_ = float(rows.mean())
            self.train_r2_ = explained(error, column_variance(net, self.train_))
        losses = (
            abs(self.start_loss_),
            abs(self.train_loss_),
            constant_loss(net, self.train_),
        )
        self.ceiling_ = _HOPELESS * max(*losses, 1.0)
        self.best_rows_, self.scores_ = self.start_rows_, [r2]
        self.losses_ = [self.start_loss_]
        self.start_weights_ = self.best_weights_ = net.copy_weights()
        self.average_ = AveragedWeights(net.trained_weights, net.n_batches)
        self.best_epoch_ = self.patience_epoch_ = 0
        self.stop_ = False
        # A loss that measures in units of its own noise can stay finite where R² is not.
        self._raise_if_diverged(net, self.start_loss_ if math.isfinite(r2) else math.inf, 0)

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        if training:
            self.average_.update()

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        epoch = len(net.history)
        self._raise_if_diverged(net, net.history[-1, "train_loss"], epoch)
        if not self.chooses_:
            return
        with self.average_.in_place():
            loss, r2 = self._judge(net, epoch)
        self.scores_.append(r2)
        self.losses_.append(loss)
        net.history.record("valid_loss", loss)
        net.history.record("valid_loss_best", self.best_epoch_ == epoch)
        net.history.record("valid_r2", r2)
        has_progress = loss < self.patience_loss_ - self.tol * abs(self.start_loss_)
        is_climbing = self.schedule is not None and self.schedule.is_climbing
        is_rising = net.warmup is not None and net.warmup.is_rising
        if has_progress or is_climbing or is_rising:
            self.patience_loss_ = min(loss, self.patience_loss_)
            self.patience_epoch_ = epoch
        self._end_in_time(net, epoch)

    def _end_in_time(self, net, epoch):
        if self.schedule is not None and self.schedule.has_landed:
            self.stop_ = True
        elif epoch - self.patience_epoch_ >= self.n_iter_no_change:
            if self.schedule is None:
                self.stop_ = True
            else:
                self.schedule.land(self.n_iter_no_change * net.n_batches)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Leave the network with the weights that won."""
        if not self.chooses_:
            # No row can choose between epochs: the last one, unless the start was better.
            with self.average_.in_place():
                self._judge(net, len(net.history))
        net.module_.load_state_dict(self.best_weights_)
        if self.chooses_ and self.starts_linear and self._gain_is_in_doubt(net):
            self.best_epoch_ = 0
            net.module_.load_state_dict(self.start_weights_)

    def _rows_and_r2(self, net):
        rows, error = judge(net, self.judging_)
        return rows, explained(error, self.variance_)

    def _judge(self, net, epoch):
        rows, r2 = self._rows_and_r2(net)
        loss = float(rows.mean())
        self._raise_if_diverged(net, loss, epoch)
        if loss < self.best_loss_:
            self.best_loss_, self.best_rows_ = loss, rows
            self.best_weights_, self.best_epoch_ = net.copy_weights(), epoch
        return loss, r2

    def _gain_is_in_doubt(self, net) -> bool:
        """Whether the gain over the start is in doubt by the rows that were seen.

        It is to exceed half a standard error of the mean difference of row losses on the
        validation rows, and more than that by few of them, and the training rows, which
        may hold outliers that those lack, must not have lost.
        """
        gain = self.start_rows_ - self.best_rows_
        if len(gain) < 2 or judge(net, self.train_)[0].mean() > self.train_loss_:
            return True
        standard_error = float(gain.std()) / math.sqrt(len(gain))
        n_standard_errors = _N_STANDARD_ERRORS + _N_MORE_BY_ONE_ROW / len(gain)
        return float(gain.mean()) < n_standard_errors * standard_error

    def _raise_if_diverged(self, net, loss, epoch):
        if math.isfinite(loss) and loss <= self.ceiling_:
            return
        if epoch == 0:
            raise ConvergenceError(
                f"The loss is {loss:.3g} before training, expected a finite number. Use "
                "scaling='global' or 'feature' for data of extreme size; a loss or network "
                "of your own has to be finite for a batch of one row too."
            )
        raise ConvergenceError(
            f"Training diverged in epoch {epoch} with learning_rate_init={net.lr!r}: the "
            f"loss is {loss:.3g}, expected less than {self.ceiling_:.3g}; it was "
            f"{self.start_loss_:.3g} at the start. Use a smaller learning_rate_init, or "
            "scaling='feature' if columns have very different ranges."
        )


@torch.no_grad()
def judge(net, dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the loss of every row, (n_rows,), and the squared error of every column.

    The latter is a sum over rows, (n_features,), in the user's units but for a factor.
    """
    net._set_training(False)
    rows, error = [], torch.zeros_like(net.cell_weights_)
    for x, target in TensorBatches(dataset, ROWS_PER_PASS):
        output = net.infer(x)
        rows.append(net.criterion_.rows(output, target).cpu().double())
        x_hat = output[0] if isinstance(output, tuple) else output
        error += ((x_hat - target) ** 2).sum(0)
    return torch.cat(rows), error * net.cell_weights_


def explained(error: torch.Tensor, variance: torch.Tensor) -> float:
    """Return R², given what ``judge`` tells as error and ``column_variance``."""
    # As in r2_score, a column that does not vary has no variance to explain.
    total = float(variance.sum())
    return 1 - float(error[variance > 0].sum()) / total if total > 0 else 0.0


def column_variance(net, dataset) -> torch.Tensor:
    """Return what ``judge`` would tell as error of a network that tells the mean."""
    centred = dataset.y - dataset.y.mean(0)
    return (centred**2).sum(0) * net.cell_weights_


@torch.no_grad()
def constant_loss(net, dataset) -> float:
    """Return the loss of telling the mean for every row."""
    outcome = net.infer(dataset.X[:1])  # of which a bound needs the noise level
    return float(net.criterion_.of_mean(outcome, dataset.y[:ROWS_PER_PASS]))
