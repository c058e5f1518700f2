"""How wrong a reconstruction is: one class per loss.

Every loss is a mean over the cells of a batch, not a sum over features, so
that learning rates and penalties mean the same for 5 columns and for 500.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import nn

__all__ = [
    "LOSSES",
    "BinaryCrossEntropy",
    "Huber",
    "KullbackLeibler",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "ReconstructionLoss",
    "UserLoss",
    "make_loss",
]


class ReconstructionLoss(nn.Module, ABC):
    """A loss that can be told row by row, or as one mean over a batch."""

    @abstractmethod
    def rows(self, x_hat: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the loss of every row, (n_rows,): the mean over its cells."""

    def forward(self, x_hat: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of the batch, a scalar."""
        return self.rows(x_hat, x).mean()

    def with_slope(
        self, x_hat: torch.Tensor, x: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean loss, and its gradient with regard to ``x_hat``.

        ``x_hat`` may be overwritten.
        """
        with torch.enable_grad():
            leaf = x_hat.detach().requires_grad_()
            loss = self(leaf, x)
            (slope,) = torch.autograd.grad(loss, leaf)
        return loss.detach(), slope

    def of_mean(self, x_hat: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of telling the mean in place of ``x_hat``, a scalar."""
        return self(x.mean(0).expand_as(x), x)


class MeanSquaredError(ReconstructionLoss):
    """(x - x_hat)^2: the loss of PCA; large errors count most."""

    def rows(self, x_hat, x):
        return F.mse_loss(x_hat, x, reduction="none").mean(1)

    def forward(self, x_hat, x):
        return F.mse_loss(x_hat, x)  # the same mean in one kernel

    def with_slope(self, x_hat, x):
        error = x_hat.sub_(x)
        cells = error.flatten()
        loss = torch.dot(cells, cells) / cells.numel()
        return loss, error.mul_(2 / cells.numel())


class MeanAbsoluteError(ReconstructionLoss):
    """|x - x_hat|: aims at the median; outliers weigh no more than their distance."""

    def rows(self, x_hat, x):
        return F.l1_loss(x_hat, x, reduction="none").mean(1)


class Huber(ReconstructionLoss):
    """Squared up to an error of 1 in scaled units, absolute beyond it (Huber, 1964)."""

    def rows(self, x_hat, x):
        return F.huber_loss(x_hat, x, reduction="none").mean(1)


class BinaryCrossEntropy(ReconstructionLoss):
    """-x log(x_hat) - (1 - x) log(1 - x_hat), for x and x_hat in [0, 1]."""

    def rows(self, x_hat, x):
        x = x.clamp(0, 1)  # beyond it by a rounding at most
        return F.binary_cross_entropy(x_hat, x, reduction="none").mean(1)


class KullbackLeibler(ReconstructionLoss):
    """x log(x / x_hat) - x + x_hat, for x >= 0 and x_hat > 0.

    The generalised Kullback-Leibler divergence, which NMF calls
    ``beta_loss="kullback-leibler"``; a Poisson likelihood up to a constant.
    """

    def rows(self, x_hat, x):
        x_hat = x_hat.clamp(min=torch.finfo(x_hat.dtype).tiny)
        x = x.clamp(min=0)  # below it by a rounding at most
        return (torch.xlogy(x, x) - torch.xlogy(x, x_hat) - x + x_hat).mean(1)


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
            self.loss.requires_grad_(False)  # a yardstick that learns would shrink itself

    def rows(self, x_hat, x):
        # Nothing is known of the loss but its value for a batch: a row is a batch of one.
        pairs = zip(x_hat.split(1), x.split(1), strict=True)
        return torch.stack([self(row_hat, row) for row_hat, row in pairs])

    def forward(self, x_hat, x):
        loss = self.loss(x_hat, x)
        if not isinstance(loss, torch.Tensor):
            raise ValueError(
                f"loss={self.loss!r} returned {type(loss).__name__}, expected a tensor "
                "that gradients pass through. Compute it by torch functions of x_hat and x."
            )
        return loss.mean()  # of a scalar, itself


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
