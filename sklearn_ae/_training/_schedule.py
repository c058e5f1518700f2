"""Schedules of the learning rate, and of the weight of a divergence."""

import math
from abc import ABC, abstractmethod

import torch

__all__ = ["SCHEDULES", "Constant", "DivergenceWarmup", "OneCycle", "Ongoing", "Schedule"]

_CLIMB = 0.3  # fraction of the steps before the peak: the default of torch's OneCycleLR
# In epochs: progress is only expected after the peak, so that a longer rise would keep a
# fit of many epochs from ending early.
_LONGEST_CLIMB = 10
_FIRST = 0.04  # the first rate, as a fraction of the peak: torch's default of 1 / 25


def one_cycle(progress: float, climb: float = _CLIMB) -> float:
    """Return the fraction of the peak rate: a rise, then a decay to zero, along cosines.

    Smith and Topin, "Super-convergence: very fast training of neural networks
    using large learning rates" (2019).

    Parameters
    ----------
    progress : float in [0, 1]
        Fraction of all steps that are done.
    climb : float in [0, 1)
        Fraction of all steps before the peak; 0 for a decay alone.

    Examples
    --------
    >>> [round(one_cycle(progress), 3) for progress in (0.0, 0.3, 0.65, 1.0)]
    [0.04, 1.0, 0.5, 0.0]
    """
    part = progress / climb if progress < climb else (progress - climb) / (1 - climb)
    fall = (1 + math.cos(math.pi * part)) / 2
    return 1 - (1 - _FIRST) * fall if progress < climb else fall


_STEPS_OF_RISE = 20  # where the end is not known


class Schedule(ABC):
    """The learning rate of every step, and the number of steps.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Its learning rates are the maximum for each group of weights.
    max_iter, n_batches : int
        Maximum number of epochs, and number of batches in each.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, max_iter: int, n_batches: int):
        self.optimizer = optimizer
        self.n_batches = n_batches
        self.n_steps = max_iter * n_batches
        self.step = 0
        self.n_before = 0  # steps of earlier chunks of a stream
        self.peaks = [group["lr"] for group in optimizer.param_groups]
        self.climb = min(_CLIMB, _LONGEST_CLIMB / max_iter)
        self.landing: tuple[int, float] | None = None  # step and rate of a final decay

    @property
    def progress(self) -> float:
        """Fraction of the steps that are done, including the current one."""
        return self.step / self.n_steps

    @property
    def n_epochs_left(self) -> int:
        """Maximum number of epochs left."""
        return math.ceil((self.n_steps - self.step) / self.n_batches)

    @property
    @abstractmethod
    def is_climbing(self) -> bool:
        """Whether it is too early to expect progress."""

    @abstractmethod
    def move(self) -> None:
        """Set the learning rate of the next step."""

    @abstractmethod
    def end_within(self, n_epochs: int) -> None:
        """End within at most ``n_epochs``."""


class Constant(Schedule):
    """A constant learning rate, which a custom schedule in a callback may change."""

    is_climbing = False

    def move(self):
        self.step += 1  # the rate is left alone: a callback may have set it

    def end_within(self, n_epochs):
        self.n_steps = self.step


class OneCycle(Schedule):
    """A rise and a decay of the learning rate, in a cycle that may end early.

    Most of the gain of a cycle comes with its decay. Therefore a training without progress
    is not cut off: the rate decays to zero from its present value, in fewer epochs.
    """

    @property
    def is_climbing(self):
        # Half a step more, so that the epoch that reaches the peak counts as rising,
        # whatever the rounding of ``climb``.
        return self.step < self.climb * self.n_steps + 0.5

    def move(self):
        if self.landing is None:
            share = one_cycle(self.step / self.n_steps, self.climb)
        else:
            begin, share = self.landing
            share *= one_cycle((self.step - begin) / (self.n_steps - begin), climb=0.0)
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * share
        self.step += 1

    def end_within(self, n_epochs):
        # Only once: every further epoch without progress calls this again, and would delay
        # the end.
        if self.landing is None:
            self.landing = self.step, one_cycle(self.progress, self.climb)
            self.n_steps = min(self.n_steps, self.step + n_epochs * self.n_batches)


class Ongoing(Schedule):
    """A short rise to a constant rate: a cycle whose end is not known.

    Averages over a share of all steps stand in for a decay: on digits, in chunks of 60 and
    of 600 rows, a rate that fell with the root of the steps was behind, by 0.007 of R².
    """

    is_climbing = True

    def move(self):
        share = min(1.0, (self.n_before + self.step + 1) / _STEPS_OF_RISE)
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * share
        self.step += 1

    def end_within(self, n_epochs):
        """Go on: more rows will come."""


SCHEDULES: dict[str, type[Schedule]] = {"one_cycle": OneCycle, "constant": Constant}


class DivergenceWarmup:
    """Raises the weight of the divergence from zero in the first epochs.

    Early in training codes carry little information, and the fastest way to reduce the
    divergence from the prior is to carry none (Bowman et al., "Generating sentences from a
    continuous space", 2016).

    Parameters
    ----------
    loss : EvidenceLowerBound
        Its ``warmth`` is changed.
    n_steps : int
        Number of steps of the rise; 0 for none.
    """

    def __init__(self, loss, n_steps: int):
        self.loss = loss
        self.n_steps = n_steps
        self.step = 0

    @property
    def share(self) -> float:
        """How far the weight has risen, from 0 to 1."""
        return min(1.0, self.step / self.n_steps)

    @property
    def is_rising(self) -> bool:
        return self.step < self.n_steps

    def move(self) -> None:
        if self.is_rising:
            self.step += 1
            self.loss.warmth = self.step / self.n_steps
