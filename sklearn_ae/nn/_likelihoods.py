"""Likelihoods of a row given its code, one for each loss.

Each loss declares its likelihood.

Minus the logarithm of each is the loss summed over cells, in units of a learned noise level
if there is one, plus the normalisation of the density. Therefore the weight of the
reconstruction relative to the divergence of the codes follows from the data
(Rybkin, Daniilidis and Levine, "Simple and effective VAE training with calibrated
decoders", 2021).
"""

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from ._losses import ReconstructionLoss

__all__ = [
    "Bernoulli",
    "Likelihood",
    "LossLikelihood",
    "NoiseLikelihood",
    "Poisson",
]


class Likelihood(nn.Module, ABC):
    """The density of rows given the decoded code.

    Parameters
    ----------
    loss : ReconstructionLoss
        Minus the log density of a cell, up to its normalisation and scale.

    Attributes
    ----------
    is_discrete : bool
        Whether values have a probability, which does not depend on units.
    """

    is_discrete = False

    def __init__(self, loss: "ReconstructionLoss"):
        super().__init__()
        self.loss = loss

    @abstractmethod
    def rows(
        self, x_hat: torch.Tensor, x: torch.Tensor, log_scale: torch.Tensor
    ) -> torch.Tensor:
        """Return the log density of every row, (n_rows,): the sum over its cells.

        Parameters
        ----------
        x_hat : Tensor of shape (n_rows, n_out)
            Outputs of the network.
        x : Tensor of shape (n_rows, n_features)
        log_scale : Tensor of shape ()
            Logarithm of the noise level, in the units of ``x``.
        """

    @abstractmethod
    def cells(
        self, x_hat: torch.Tensor, x: torch.Tensor, log_scale: torch.Tensor
    ) -> torch.Tensor:
        """Return the log density of every cell, (n_rows, n_features)."""

    @abstractmethod
    def forward(
        self, x_hat: torch.Tensor, x: torch.Tensor, log_scale: torch.Tensor
    ) -> torch.Tensor:
        """Return the mean log density of the batch, a scalar."""

    @abstractmethod
    def shortfall(
        self, x_hat: torch.Tensor, x: torch.Tensor, log_scale: torch.Tensor
    ) -> torch.Tensor:
        """Return how far every cell is below the density of a perfect reconstruction."""


class NumberLikelihood(Likelihood):
    """The density of rows of numbers."""

    @abstractmethod
    def _log_density(self, loss, x_hat, x, log_scale):
        """Return the log density; ``loss`` returns a value per row, or their mean."""

    def rows(self, x_hat, x, log_scale):
        return self._log_density(self.loss.rows, x_hat, x, log_scale)

    def cells(self, x_hat, x, log_scale):
        def loss(x_hat, x):
            return self.loss.cells(x_hat.reshape(shape), x.reshape(shape)).flatten()

        # To a density a cell is a row of one column; a loss of the user's sees all columns.
        shape = x.shape
        alone = self._log_density(loss, x_hat.reshape(-1, 1), x.reshape(-1, 1), log_scale)
        return alone.reshape(shape)

    def forward(self, x_hat, x, log_scale):
        return self._log_density(self.loss, x_hat, x, log_scale)

    def shortfall(self, x_hat, x, log_scale):
        return self.cells(x, x, log_scale) - self.cells(x_hat, x, log_scale)


class NoiseLikelihood(NumberLikelihood):
    """exp(-factor * loss(u)) / (scale * norm), for errors u in units of the noise level.

    Parameters
    ----------
    loss : ReconstructionLoss
    factor : float
        Factor of the loss: 1/2 for squared errors, as in a normal density.
    norm : float
        The integral of exp(-factor * loss(u)) over u.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ae.nn import make_loss
    >>> gaussian = make_loss("mse").likelihood(unit=1.0)
    >>> gaussian.rows(torch.zeros(1, 1), torch.zeros(1, 1), torch.tensor(0.0))
    tensor([-0.9189])
    """

    def __init__(self, loss: "ReconstructionLoss", factor: float, norm: float):
        super().__init__(loss)
        self.factor = factor
        self.log_norm = math.log(norm)

    def _log_density(self, loss, x_hat, x, log_scale):
        # Both are scaled and not the error, since the loss takes x_hat and x; all losses
        # here depend on their difference alone.
        per_unit = torch.exp(-log_scale)
        energy = self.factor * loss(x_hat * per_unit, x * per_unit)
        return -x.shape[1] * (energy + self.log_norm + log_scale)


class LossLikelihood(NumberLikelihood):
    """exp(-loss), whose normalisation is not known."""

    def _log_density(self, loss, x_hat, x, log_scale):
        return -x.shape[1] * loss(x_hat, x)


class Bernoulli(LossLikelihood):
    """Binary values; the binary cross-entropy is already normalised."""

    is_discrete = True


class Poisson(NumberLikelihood):
    """Counts: x and its rate are given in units of ``unit`` counts.

    For values between counts the gamma function interpolates the factorial.
    """

    is_discrete = True

    def __init__(self, loss: "ReconstructionLoss", unit: float):
        super().__init__(loss)
        self.unit = unit

    def _log_density(self, loss, x_hat, x, log_scale):
        # The divergence has x log x - x where the density has the log factorial.
        normal = -_stirling(x.clamp(min=0) * self.unit).sum(1)
        divergence = self.unit * x.shape[1] * loss(x_hat, x)
        return (normal if divergence.ndim else normal.mean()) - divergence


def _stirling(count: torch.Tensor) -> torch.Tensor:
    """Return log(count!) - count log(count) + count, exact for large counts too."""
    # For large counts the terms are huge and nearly cancel; Stirling's series avoids that.
    # Each branch is clamped to its range, since torch.where passes gradients of both.
    few = count.clamp(max=20)
    exact = torch.lgamma(few + 1) - torch.xlogy(few, few) + few
    many = count.clamp(min=20)
    series = torch.log(2 * math.pi * many) / 2 + 1 / (12 * many) - 1 / (360 * many**3)
    return torch.where(count < 20, exact, series)
