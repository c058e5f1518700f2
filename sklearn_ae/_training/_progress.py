"""A printed line per epoch that reports the progress of training."""

import time

from ._loop import Watcher

__all__ = ["ProgressLines"]

_HEADINGS = ("epoch", "train loss", "valid loss", "valid R²", "seconds left")
_ROW = "{:>5}  {:>10}  {:>10}  {:>8}  {:>12}"


class ProgressLines(Watcher):
    """Print losses, R² and the maximum number of seconds left after every epoch.

    Epoch 0 is the start. The time left is estimated from the mean time of an epoch so far;
    training without further progress ends sooner.
    """

    def begin(self, training):
        self.began = time.perf_counter()
        print(_ROW.format(*_HEADINGS))
        self._print(training, "", "")

    def begin_epoch(self, training):
        pass

    def end_epoch(self, training):
        seconds = time.perf_counter() - self.began
        left = seconds / len(training.losses) * training.schedule.n_epochs_left
        self._print(training, f"{training.losses[-1]:.4g}", f"{left:.1f}")

    def end(self, training):
        seconds = time.perf_counter() - self.began
        print(f"Kept epoch {training.best.best_epoch_}, after {seconds:.1f} seconds.")

    def _print(self, training, train_loss, left):
        valid_loss = valid_r2 = ""
        best = training.best
        if best.chooses_:
            valid_loss, valid_r2 = f"{best.losses_[-1]:.4g}", f"{best.scores_[-1]:.4f}"
        epoch = len(training.losses)
        print(_ROW.format(epoch, train_loss, valid_loss, valid_r2, left).rstrip())
