"""Losses of a reconstruction: one class per loss.

Every loss is a mean over the cells of a batch, not a sum over features, so
that learning rates and penalties mean the same for 5 columns and for 500.

A loss also declares the values that it is defined for, the output activations that stay
among them, and the likelihood of which it is minus the logarithm. To add a loss, write its
class and add a line to ``LOSSES``.
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


_SLACK = 1e-3  # a rounding in float32; what is no mean over cells is farther away


class TrainingLoss(nn.Module, ABC):
    """What training minimises, computed from the ``outcome`` of a network.

    An outcome is x_hat, (n_rows, n_features), or a tuple that begins with it.

    Attributes
    ----------
    n_responses : int
        Number of columns of y, which are the last ones of a target; see HeadLoss.
    """

    n_responses = 0

    @abstractmethod
    def rows(self, outcome: Any, x: torch.Tensor) -> torch.Tensor:
        """Return the loss of every row, (n_rows,): the mean over its cells."""

    @abstractmethod
    def cells(self, outcome: Any, x: torch.Tensor) -> torch.Tensor:
        """Return what every cell of the reconstruction costs, (n_rows, n_features)."""

    @abstractmethod
    def forward(
        self, outcome: Any, x: torch.Tensor, weight: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the mean loss of the batch, a scalar.

        ``weight``, (n_rows,), multiplies the loss of each row; its mean over all rows is 1.
        None: all rows have the same weight.
        """

    @abstractmethod
    def of_mean(self, outcome: Any, x: torch.Tensor) -> torch.Tensor:
        """Return the mean loss with the mean of ``x`` as x_hat, a scalar."""


class ReconstructionLoss(TrainingLoss):
    """A loss that depends on x_hat alone.

    Attributes
    ----------
    domain : tuple of float
        Smallest and largest value that it is defined for.
    outputs : tuple of str
        Output activations that stay in the domain, the default first. Empty if all do.
    """

    domain: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    outputs: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def with_slope(
        self, x_hat: torch.Tensor, x: torch.Tensor, weight: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean loss, and its gradient with respect to ``x_hat``.

        ``x_hat`` may be overwritten.
        """

    @abstractmethod
    def likelihood(self, unit: float) -> Likelihood:
        """Return the likelihood of which this loss is minus the logarithm.

        ``unit`` is the size of one unit of ``x`` in the user's units, for losses of counts.
        """


class NumberLoss(ReconstructionLoss):
    """A loss of rows of numbers."""

    def of_mean(self, outcome, x):
        return self.rows(x.mean(0).expand_as(x), x).mean()


class CellLoss(NumberLoss):
    """A loss that is a mean over cells: subclasses have ``cells`` and ``likelihood``."""

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
    # The caller has switched gradients off; this graph reaches from the loss to x_hat only.
    with torch.enable_grad():
        leaf = x_hat.detach().requires_grad_()
        mean = loss(leaf, x, weight)
        (slope,) = torch.autograd.grad(mean, leaf)
    return mean.detach(), slope


class MeanSquaredError(NumberLoss):
    """(x - x_hat)^2: the loss of PCA; large errors have the most weight.

    Written out instead of a CellLoss, since the default has to be fast.
    """

    def cells(self, outcome, x):
        return F.mse_loss(outcome, x, reduction="none")

    def rows(self, outcome, x):
        return F.mse_loss(outcome, x, reduction="none").mean(1)

    def forward(self, outcome, x, weight=None):
        if weight is not None:
            return weighted_mean(self.rows(outcome, x), weight)
        return F.mse_loss(outcome, x)  # the same mean in one kernel

    def with_slope(self, x_hat, x, weight=None):
        # In place and as a dot product: one temporary fewer per step, which for small
        # layers is a noticeable part of the time.
        error = x_hat.sub_(x)
        weighted = error if weight is None else error * weight[:, None]
        cells = error.flatten()
        loss = torch.dot(cells, weighted.flatten()) / cells.numel()
        return loss, weighted.mul_(2 / cells.numel())

    def likelihood(self, unit):
        # exp(-u^2 / 2) / sqrt(2 pi): the normal density.
        return NoiseLikelihood(self, 0.5, math.sqrt(2 * math.pi))


class MeanAbsoluteError(CellLoss):
    """|x - x_hat|: estimates the median; outliers have linear influence."""

    def cells(self, x_hat, x):
        return F.l1_loss(x_hat, x, reduction="none")

    def likelihood(self, unit):
        return NoiseLikelihood(self, 1.0, 2.0)  # Laplace: exp(-|u|) integrates to 2


class Huber(CellLoss):
    """Squared up to an error of 1 in scaled units, absolute beyond it (Huber, 1964)."""

    def cells(self, x_hat, x):
        return F.huber_loss(x_hat, x, reduction="none")

    def likelihood(self, unit):
        # A normal density up to 1 and exponential tails beyond, Huber's least favourable
        # density; the norm is the sum of the integrals of the two parts.
        middle = math.sqrt(2 * math.pi) * math.erf(math.sqrt(0.5))
        return NoiseLikelihood(self, 1.0, middle + 2 * math.exp(-0.5))


class BinaryCrossEntropy(CellLoss):
    """-x log(x_hat) - (1 - x) log(1 - x_hat), for x and x_hat in [0, 1]."""

    domain = (0.0, 1.0)
    outputs = ("logistic",)

    def cells(self, x_hat, x):
        # In training outside of [0, 1] by a rounding at most, in use by more: the loss is
        # not defined there, and far from it would fall without end.
        x = x.clamp(0, 1)
        try:
            return F.binary_cross_entropy(x_hat.clamp(0, 1), x, reduction="none")
        except RuntimeError:
            # torch refuses NaN, which here is a training that has diverged.
            if not x_hat.isnan().any():
                raise
            return x_hat * math.nan

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
        # A softplus underflows to 0, where the logarithm and its gradient are infinite.
        x_hat = x_hat.clamp(min=torch.finfo(x_hat.dtype).tiny)
        x = x.clamp(min=0)  # below 0 xlogy would give NaN
        return torch.xlogy(x, x) - torch.xlogy(x, x_hat) - x + x_hat

    def likelihood(self, unit):
        return Poisson(self, unit)


class UserLoss(NumberLoss):
    """A user-supplied torch loss: ``loss(x_hat, x) -> Tensor``.

    Parameters
    ----------
    loss : callable
        An instance such as ``torch.nn.SmoothL1Loss(beta=0.1)``, or a function.
    """

    def __init__(self, loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]):
        super().__init__()
        self.loss = deepcopy(loss)  # it is moved and switched, and belongs to the user
        if isinstance(self.loss, nn.Module):
            # Trained, a loss with weights would minimise itself instead of errors.
            self.loss.requires_grad_(False)

    def rows(self, outcome, x):
        # A callable may return the mean of a batch only, so each row is a batch of one.
        pairs = zip(outcome.split(1), x.split(1), strict=True)
        return torch.stack([self(row_hat, row) for row_hat, row in pairs])

    def cells(self, outcome, x):
        # Likewise a batch of one row and one column; honest only if rows are their mean.
        try:
            alone = self.rows(outcome.reshape(-1, 1), x.reshape(-1, 1)).reshape(x.shape)
        except (IndexError, RuntimeError) as error:  # it asks for all columns
            raise ValueError(self._lacks_cells()) from error
        mean, rows = alone.mean(1), self.rows(outcome, x)
        slack = _SLACK * rows.abs().max() if len(rows) else 0.0
        if not torch.allclose(mean, rows, rtol=_SLACK, atol=float(slack), equal_nan=True):
            raise ValueError(self._lacks_cells())
        return alone

    def _lacks_cells(self) -> str:
        return (
            f"loss={self.loss!r} is not the mean of what it gives for single cells, so "
            "the loss of a cell is unknown; expected a loss that is a mean over cells, "
            "such as torch.nn.SmoothL1Loss(). Use a loss by name, or compare X with "
            "reconstruct(X) by a measure of your own."
        )

    def forward(self, outcome, x, weight=None):
        if weight is not None:
            return weighted_mean(self.rows(outcome, x), weight)
        loss = self.loss(outcome, x)
        if not isinstance(loss, torch.Tensor):
            raise ValueError(
                f"loss={self.loss!r} returned {type(loss).__name__}, expected a tensor "
                "that gradients pass through. Compute it by torch functions of x_hat and x."
            )
        is_cut = (
            outcome.requires_grad and torch.is_grad_enabled() and not loss.requires_grad
        )
        if is_cut or not loss.is_floating_point():
            kind = "one without a gradient" if is_cut else f"one of {loss.dtype}"
            raise ValueError(
                f"loss={self.loss!r} returned a tensor, {kind}; expected real numbers that "
                "depend on x_hat. Leave out detach(), item(), comparisons and roundings, "
                "and take abs() of what is complex."
            )
        return loss.mean()  # reduction="none" is allowed; a scalar is its own mean

    def with_slope(self, x_hat, x, weight=None):
        return _slope_by_autograd(self, x_hat, x, weight)

    def likelihood(self, unit):
        return LossLikelihood(self)


LOSSES: dict[str, type[ReconstructionLoss]] = {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "huber": Huber,
    "bce": BinaryCrossEntropy,
    "kl": KullbackLeibler,
}


def make_loss(loss: str | Callable, table=None, costs=()) -> ReconstructionLoss:
    """Return the loss called ``loss``, or a user-supplied one with the same interface.

    ``table``, a TableLayout, and ``costs``, the costs and floors of a
    TableLoss, are for tables.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[0.0, 2.0], [1.0, 1.0]])
    >>> make_loss("mse").rows(torch.zeros(2, 2), x)
    tensor([2., 1.])
    """
    if table is not None:
        from ._table_losses import TableLoss  # which imports this module

        return TableLoss(make_loss(loss), table, *costs)
    if isinstance(loss, str):
        return LOSSES[loss]()
    if isinstance(loss, type):
        raise ValueError(
            f"loss={loss.__name__} is a class, expected an instance or a function "
            f"(x_hat, x) -> tensor. Write loss={loss.__name__}()."
        )
    return UserLoss(loss)
