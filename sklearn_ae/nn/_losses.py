"""How wrong a reconstruction is: one class per loss.

Every loss is a mean over the cells of a batch, not a sum over features, so
that learning rates and penalties mean the same for 5 columns and for 500.

A loss declares what else follows from it: the values that it can measure, the outputs that
stay among them, and the likelihood that it is minus the logarithm of. To add one, write its
class and its line in ``LOSSES``.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import deepcopy
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import nn

from ._likelihoods import (
    Bernoulli,
    Likelihood,
    LossLikelihood,
    NoiseLikelihood,
    Poisson,
)

__all__ = [
    "LOSSES",
    "BinaryCrossEntropy",
    "CellLoss",
    "Huber",
    "KullbackLeibler",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "ReconstructionLoss",
    "TrainingLoss",
    "UserLoss",
    "make_loss",
    "weighted_mean",
]


class TrainingLoss(nn.Module, ABC):
    """What training minimises, given what a network makes of rows.

    That is its ``outcome``: x_hat, (n_rows, n_features), or a tuple that begins with it.
    """

    @abstractmethod
    def rows(self, outcome: Any, x: torch.Tensor) -> torch.Tensor:
        """Return the loss of every row, (n_rows,): the mean over its cells."""

    @abstractmethod
    def forward(
        self, outcome: Any, x: torch.Tensor, weight: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the mean loss of the batch, a scalar.

        ``weight``, (n_rows,), multiplies the loss of each row; its mean over all rows is 1.
        None: all rows count the same.
        """

    @abstractmethod
    def of_mean(self, outcome: Any, x: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of the mean of ``x`` in place of x_hat, a scalar."""


class ReconstructionLoss(TrainingLoss):
    """A loss of x_hat alone.

    Attributes
    ----------
    domain : tuple of float
        Least and largest value that it can measure.
    outputs : tuple of str
        Output activations that stay in the domain, the usual one first; none: any does.
    """

    domain: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    outputs: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def with_slope(
        self, x_hat: torch.Tensor, x: torch.Tensor, weight: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean loss, and its gradient with regard to ``x_hat``.

        ``x_hat`` may be overwritten.
        """

    @abstractmethod
    def likelihood(self, unit: float) -> Likelihood:
        """Return the likelihood that this loss is minus the logarithm of.

        ``unit`` is what one unit of ``x`` is worth to the user, for losses of counts.
        """

    def of_mean(self, outcome, x):
        return self.rows(x.mean(0).expand_as(x), x).mean()


class CellLoss(ReconstructionLoss):
    """A loss that is a mean over cells: a final class has ``cells`` and ``likelihood``."""

    @abstractmethod
    def cells(self, x_hat: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the loss of every cell, (n_rows, n_features)."""

    def rows(self, outcome, x):
        return self.cells(outcome, x).mean(1)

    def forward(self, outcome, x, weight=None):
        return weighted_mean(self.rows(outcome, x), weight)

    def with_slope(self, x_hat, x, weight=None):
        return _slope_by_autograd(self, x_hat, x, weight)


def weighted_mean(rows: torch.Tensor, weight: torch.Tensor | None) -> torch.Tensor:
    """Return the mean of ``rows``, each multiplied by its weight if there are weights."""
    return rows.mean() if weight is None else (rows * weight).mean()


def _slope_by_autograd(loss, x_hat, x, weight):
    with torch.enable_grad():
        leaf = x_hat.detach().requires_grad_()
        mean = loss(leaf, x, weight)
        (slope,) = torch.autograd.grad(mean, leaf)
    return mean.detach(), slope


class MeanSquaredError(ReconstructionLoss):
    """(x - x_hat)^2: the loss of PCA; large errors count most.

    Written out in place of a CellLoss, since the default has to be fast.
    """

    def rows(self, outcome, x):
        return F.mse_loss(outcome, x, reduction="none").mean(1)

    def forward(self, outcome, x, weight=None):
        if weight is not None:
            return weighted_mean(self.rows(outcome, x), weight)
        return F.mse_loss(outcome, x)  # the same mean in one kernel

    def with_slope(self, x_hat, x, weight=None):
        error = x_hat.sub_(x)
        weighted = error if weight is None else error * weight[:, None]
        cells = error.flatten()
        loss = torch.dot(cells, weighted.flatten()) / cells.numel()
        return loss, weighted.mul_(2 / cells.numel())

    def likelihood(self, unit):
        return NoiseLikelihood(self, 0.5, math.sqrt(2 * math.pi))


class MeanAbsoluteError(CellLoss):
    """|x - x_hat|: aims at the median; outliers weigh no more than their distance."""

    def cells(self, x_hat, x):
        return F.l1_loss(x_hat, x, reduction="none")

    def likelihood(self, unit):
        return NoiseLikelihood(self, 1.0, 2.0)  # Laplace


class Huber(CellLoss):
    """Squared up to an error of 1 in scaled units, absolute beyond it (Huber, 1964)."""

    def cells(self, x_hat, x):
        return F.huber_loss(x_hat, x, reduction="none")

    def likelihood(self, unit):
        # A normal density up to 1, exponential tails beyond: Huber's least favourable one.
        middle = math.sqrt(2 * math.pi) * math.erf(math.sqrt(0.5))
        return NoiseLikelihood(self, 1.0, middle + 2 * math.exp(-0.5))


class BinaryCrossEntropy(CellLoss):
    """-x log(x_hat) - (1 - x) log(1 - x_hat), for x and x_hat in [0, 1]."""

    domain = (0.0, 1.0)
    outputs = ("logistic",)

    def cells(self, x_hat, x):
        x = x.clamp(0, 1)  # beyond it by a rounding at most
        return F.binary_cross_entropy(x_hat, x, reduction="none")

    def likelihood(self, unit):
        return Bernoulli(self)


class KullbackLeibler(CellLoss):
    """x log(x / x_hat) - x + x_hat, for x >= 0 and x_hat > 0.

    The generalised Kullback-Leibler divergence, which NMF calls
    ``beta_loss="kullback-leibler"``; a Poisson likelihood up to a constant.
    """

    domain = (0.0, math.inf)
    outputs = ("softplus", "logistic")

    def cells(self, x_hat, x):
        x_hat = x_hat.clamp(min=torch.finfo(x_hat.dtype).tiny)
        x = x.clamp(min=0)  # below it by a rounding at most
        return torch.xlogy(x, x) - torch.xlogy(x, x_hat) - x + x_hat

    def likelihood(self, unit):
        return Poisson(self, unit)


class UserLoss(ReconstructionLoss):
    """A torch loss given by the user: ``loss(x_hat, x) -> Tensor``.

    Parameters
    ----------
    loss : callable
        An instance such as ``torch.nn.SmoothL1Loss(beta=0.1)``, or a function.
    """

    def __init__(self, loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]):
        super().__init__()
        self.loss = deepcopy(loss)
        if isinstance(self.loss, nn.Module):
            self.loss.requires_grad_(False)  # trained, it would make itself small

    def rows(self, outcome, x):
        # Nothing is known of the loss but its value for a batch: a row is a batch of one.
        pairs = zip(outcome.split(1), x.split(1), strict=True)
        return torch.stack([self(row_hat, row) for row_hat, row in pairs])

    def forward(self, outcome, x, weight=None):
        if weight is not None:
            return weighted_mean(self.rows(outcome, x), weight)
        loss = self.loss(outcome, x)
        if not isinstance(loss, torch.Tensor):
            raise ValueError(
                f"loss={self.loss!r} returned {type(loss).__name__}, expected a tensor "
                "that gradients pass through. Compute it by torch functions of x_hat and x."
            )
        return loss.mean()  # of a scalar, itself

    def with_slope(self, x_hat, x, weight=None):
        return _slope_by_autograd(self, x_hat, x, weight)

    def likelihood(self, unit):
        return LossLikelihood(self)


LOSSES: dict[str, Callable[[], ReconstructionLoss]] = {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "huber": Huber,
    "bce": BinaryCrossEntropy,
    "kl": KullbackLeibler,
}


def make_loss(loss: str | Callable) -> ReconstructionLoss:
    """Return the loss called ``loss``, or the user's own in our form.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[0.0, 2.0], [1.0, 1.0]])
    >>> make_loss("mse").rows(torch.zeros(2, 2), x)
    tensor([2., 1.])
    """
    if isinstance(loss, str):
        return LOSSES[loss]()
    if isinstance(loss, type):
        raise ValueError(
            f"loss={loss.__name__} is a class, expected an instance or a function "
            f"(x_hat, x) -> tensor. Write loss={loss.__name__}()."
        )
    return UserLoss(loss)
