"""How the learning rate, and the weight of a divergence, move during training."""

import math
from abc import ABC, abstractmethod

import torch

__all__ = ["SCHEDULES", "Constant", "DivergenceWarmup", "OneCycle", "Schedule"]

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


class Schedule(ABC):
    """The rate of every step, and how many steps there are.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Whose rates are the highest that each group of weights is to have.
    max_iter, n_batches : int
        Epochs at most, and batches in each.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, max_iter: int, n_batches: int):
        self.optimizer = optimizer
        self.n_batches = n_batches
        self.n_steps = max_iter * n_batches
        self.step = 0
        self.peaks = [group["lr"] for group in optimizer.param_groups]
        self.climb = min(_CLIMB, _LONGEST_CLIMB / max_iter)
        self.landing: tuple[int, float] | None = None  # where a fall to the end began

    @property
    def progress(self) -> float:
        """Share of the steps that are done, the present one among them."""
        return self.step / self.n_steps

    @property
    def has_ended(self) -> bool:
        """Whether there are no more steps."""
        return self.step >= self.n_steps

    @property
    def n_epochs_left(self) -> int:
        """Epochs that are left at most."""
        return math.ceil((self.n_steps - self.step) / self.n_batches)

    @property
    @abstractmethod
    def is_climbing(self) -> bool:
        """Whether it is too early to expect progress."""

    @abstractmethod
    def move(self) -> None:
        """Set the rate of the next step."""

    @abstractmethod
    def end_within(self, n_epochs: int) -> None:
        """Come to an end, in ``n_epochs`` at most."""


class Constant(Schedule):
    """The same rate throughout; a schedule of the user's own may move it."""

    is_climbing = False

    def move(self):
        self.step += 1

    def end_within(self, n_epochs):
        self.n_steps = self.step


class OneCycle(Schedule):
    """A climb and a fall of the learning rate, in one cycle that may end early.

    Most of what a cycle gains comes with its fall. So a training that makes no
    more progress is not cut off but told to land: the rate falls to zero from
    where it is.
    """

    @property
    def is_climbing(self):
        return self.step < self.climb * self.n_steps + 0.5

    def move(self):
        if self.landing is None:
            share = one_cycle(self.step / self.n_steps, self.climb)
        else:
            begin, share = self.landing
            share *= fall((self.step - begin) / (self.n_steps - begin))
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * share
        self.step += 1

    def end_within(self, n_epochs):
        if self.landing is None:
            self.landing = self.step, one_cycle(self.progress, self.climb)
            self.n_steps = min(self.n_steps, self.step + n_epochs * self.n_batches)


SCHEDULES: dict[str, type[Schedule]] = {"one_cycle": OneCycle, "constant": Constant}


class DivergenceWarmup:
    """Raises the weight of the divergence from zero in the first epochs.

    Early in training codes hold little, and the divergence from the prior is saved fastest
    by holding nothing (Bowman et al., "Generating sentences from a continuous space",
    2016).

    Parameters
    ----------
    loss : EvidenceLowerBound
        Whose ``warmth`` moves.
    n_steps : int
        Of the rise; 0 for none.
    """

    def __init__(self, loss, n_steps: int):
        self.loss = loss
        self.n_steps = n_steps
        self.step = 0

    @property
    def is_rising(self) -> bool:
        return self.step < self.n_steps

    def move(self) -> None:
        if self.is_rising:
            self.step += 1
            self.loss.warmth = self.step / self.n_steps
