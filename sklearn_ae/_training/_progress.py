"""A line per epoch, for those who want to see how training goes."""

import time

from skorch.callbacks import Callback

__all__ = ["ProgressLines"]

_HEADINGS = ("epoch", "train loss", "valid loss", "valid R²", "seconds left")
_ROW = "{:>5}  {:>10}  {:>10}  {:>8}  {:>12}"


class ProgressLines(Callback):
    """Print losses, R² and the seconds that are left at most, epoch by epoch.

    Epoch 0 is the start. What is left is told by the mean epoch so far; training that
    makes no more progress ends sooner.
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.began_ = time.perf_counter()
        print(_ROW.format(*_HEADINGS))
        self._print(net, 0, "", "")

    def on_epoch_end(self, net, **kwargs):
        epoch = len(net.history)
        seconds = time.perf_counter() - self.began_
        left = seconds / epoch * net.n_epochs_left
        self._print(net, epoch, f"{net.history[-1, 'train_loss']:.4g}", f"{left:.1f}")

    def on_train_end(self, net, X=None, y=None, **kwargs):
        seconds = time.perf_counter() - self.began_
        print(f"Kept epoch {net.best_weights.best_epoch_}, after {seconds:.1f} seconds.")

    def _print(self, net, epoch, train_loss, left):
        valid_loss = valid_r2 = ""
        best = net.best_weights
        if best.chooses_:
            valid_loss, valid_r2 = f"{best.losses_[-1]:.4g}", f"{best.scores_[-1]:.4f}"
        print(_ROW.format(epoch, train_loss, valid_loss, valid_r2, left).rstrip())
