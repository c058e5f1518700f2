"""How the learning rate moves during training."""

import math

from skorch.callbacks import Callback

__all__ = ["SCHEDULES", "LearningRateSchedule"]

_WARM_UP = 0.3  # share of the steps that climb to the peak
_FIRST = 0.04  # where the climb begins, as a share of the peak


def one_cycle(progress: float) -> float:
    """Climb to the peak, then down to zero, both along a cosine.

    Smith and Topin, "Super-convergence: very fast training of neural networks
    using large learning rates" (2019).

    Parameters
    ----------
    progress : float in [0, 1]
        Share of all steps that are done.

    Returns
    -------
    float
        The learning rate as a share of ``learning_rate_init``.

    Examples
    --------
    >>> one_cycle(0.0), one_cycle(0.3), one_cycle(1.0)
    (0.04, 1.0, 0.0)
    """
    if progress < _WARM_UP:
        rise = (1 - math.cos(math.pi * progress / _WARM_UP)) / 2
        return _FIRST + (1 - _FIRST) * rise
    return (1 + math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP))) / 2


def constant(progress: float) -> float:
    """Stay at ``learning_rate_init``."""
    return 1.0


SCHEDULES = {"one_cycle": one_cycle, "constant": constant}


class LearningRateSchedule(Callback):
    """Set the optimizer's learning rate before every batch.

    Parameters
    ----------
    schedule : str
        A key of ``SCHEDULES``.
    """

    def __init__(self, schedule: str):
        self.schedule = schedule

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.step_ = 0
        self.n_steps_ = net.max_epochs * net.n_batches

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        if not training:
            return
        share = SCHEDULES[self.schedule](min(1.0, self.step_ / self.n_steps_))
        for group in net.optimizer_.param_groups:
            group["lr"] = net.lr * share
        self.step_ += 1
