"""Weights averaged over the last steps, which is what is judged and kept.

Steps of a high learning rate circle around a minimum; the mean of where they have been
is closer to it, and on few rows it overfits later (Polyak and Juditsky, "Acceleration of
stochastic approximation by averaging", 1992).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

__all__ = ["AveragedWeights"]

# The average looks back over so many epochs, but not over more of the steps so far than
# this share: it leaves the start behind.
_EPOCHS = 2
_SHARE_OF_STEPS = 0.25
# The average takes one point every so many steps, 32 within its window: to follow every
# step costs as much as a step of a wide network.
_POINTS = 32


class AveragedWeights:
    """An exponential moving average of weights in training.

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
        weights = [weight.clone() for weight in self.weights]
        _copy(self.averages, self.weights)
        try:
            yield
        finally:
            _copy(weights, self.weights)


@torch.no_grad()
def _copy(source: list[torch.Tensor], target: list[torch.Tensor]) -> None:
    for new, old in zip(source, target, strict=True):
        old.copy_(new)
