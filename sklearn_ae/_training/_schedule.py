"""How the learning rate moves during training."""

import math

from skorch.callbacks import Callback

__all__ = ["SCHEDULES", "OneCycle"]

# "constant" needs no callback of ours, and leaves room for one of the user's.
SCHEDULES = ("one_cycle", "constant")

_CLIMB = 0.3  # share of the steps that climb to the peak
_LONGEST_CLIMB = 10  # epochs
_FIRST = 0.04  # where the climb begins, as a share of the peak


def one_cycle(progress: float, climb: float = _CLIMB) -> float:
    """Return the share of the peak rate: a climb, then a fall to zero, along cosines.

    Smith and Topin, "Super-convergence: very fast training of neural networks
    using large learning rates" (2019).

    Parameters
    ----------
    progress : float in [0, 1]
        Share of all steps that are done.
    climb : float in (0, 1)
        Share of all steps that climb.

    Examples
    --------
    >>> [round(one_cycle(progress), 3) for progress in (0.0, 0.3, 0.65, 1.0)]
    [0.04, 1.0, 0.5, 0.0]
    """
    if progress < climb:
        return 1 - (1 - _FIRST) * fall(progress / climb)
    return fall((progress - climb) / (1 - climb))


def fall(progress: float) -> float:
    """Return the share of a rate on its way to zero along a cosine."""
    return (1 + math.cos(math.pi * progress)) / 2


class OneCycle(Callback):
    """Set the learning rate before every batch, in one cycle that may end early.

    Most of what a cycle gains comes with its fall. So a training that makes no
    more progress is not cut off but told to land: the rate falls to zero from
    where it is.
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.step_, self.n_steps_ = 0, net.max_epochs * net.n_batches
        self.climb_ = min(_CLIMB, _LONGEST_CLIMB / net.max_epochs)
        for group in net.optimizer_.param_groups:
            group["initial_lr"] = group["lr"]
        self.landing_ = None  # the step and the share of the peak where it began

    def land(self, n_steps: int) -> None:
        """Bring the rate to zero in ``n_steps``, or sooner if the cycle ends before."""
        if self.landing_ is None:
            self.landing_ = self.step_, self._share()
            self.n_steps_ = min(self.n_steps_, self.step_ + n_steps)

    def _share(self) -> float:
        return one_cycle(self.progress, self.climb_)

    @property
    def progress(self) -> float:
        """Share of the steps that are done."""
        return self.step_ / self.n_steps_

    @property
    def is_climbing(self) -> bool:
        return self.step_ < self.climb_ * self.n_steps_ + 0.5

    @property
    def has_landed(self) -> bool:
        return self.step_ >= self.n_steps_

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        if not training:
            return
        if self.landing_ is None:
            share = self._share()
        else:
            begin, share = self.landing_
            share *= fall((self.step_ - begin) / (self.n_steps_ - begin))
        for group in net.optimizer_.param_groups:
            group["lr"] = group["initial_lr"] * share
        self.step_ += 1
