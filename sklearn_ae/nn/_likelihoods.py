"""How likely a row is, given its code: the losses, read as likelihoods.

Each loss declares which of these it is.

Minus the logarithm of each is the loss of the same name, summed over cells, in units of a
noise level that is learned where there is one, and what makes it a density. So the
weight of the reconstruction against the divergence of the codes follows from the data
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
    """The density of rows around what the decoder makes of a code.

    Parameters
    ----------
    loss : ReconstructionLoss
        Minus the log density of a cell, up to its normalisation and scale.

    Attributes
    ----------
    is_discrete : bool
        Whether values have a probability, which no change of units changes.
    """

    is_discrete = False

    def __init__(self, loss: "ReconstructionLoss"):
        super().__init__()
        self.loss = loss

    @abstractmethod
    def _log_density(self, loss, x_hat, x, log_scale):
        """Return the log density by ``loss``, which gives that of rows or their mean."""

    def rows(
        self, x_hat: torch.Tensor, x: torch.Tensor, log_scale: torch.Tensor
    ) -> torch.Tensor:
        """Return the log density of every row, (n_rows,): the sum over its cells.

        Parameters
        ----------
        x_hat, x : Tensor of shape (n_rows, n_features)
        log_scale : Tensor of shape ()
            Logarithm of the noise level, in the units of ``x``.
        """
        return self._log_density(self.loss.rows, x_hat, x, log_scale)

    def forward(
        self, x_hat: torch.Tensor, x: torch.Tensor, log_scale: torch.Tensor
    ) -> torch.Tensor:
        """Return the mean log density of the batch, a scalar."""
        return self._log_density(self.loss, x_hat, x, log_scale)


class NoiseLikelihood(Likelihood):
    """exp(-factor * loss(u)) / (scale * norm), of errors u in units of the noise level.

    Parameters
    ----------
    loss : ReconstructionLoss
    factor : float
        What the loss is multiplied by: 1/2 for squares, as in a normal density.
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
        per_unit = torch.exp(-log_scale)
        energy = self.factor * loss(x_hat * per_unit, x * per_unit)
        return -x.shape[1] * (energy + self.log_norm + log_scale)


class LossLikelihood(Likelihood):
    """exp(-loss), of which nothing more is known."""

    def _log_density(self, loss, x_hat, x, log_scale):
        return -x.shape[1] * loss(x_hat, x)


class Bernoulli(LossLikelihood):
    """Black or white; the binary cross-entropy is normalised as it is."""

    is_discrete = True


class Poisson(Likelihood):
    """Counts, x in units of ``unit`` of them, around a rate in the same units.

    Values between counts enter by the gamma function, as between factorials.
    """

    is_discrete = True

    def __init__(self, loss: "ReconstructionLoss", unit: float):
        super().__init__(loss)
        self.unit = unit

    def _log_density(self, loss, x_hat, x, log_scale):
        # The divergence holds x log x - x, where the density holds the log factorial.
        normal = -_stirling(x.clamp(min=0) * self.unit).sum(1)
        divergence = self.unit * x.shape[1] * loss(x_hat, x)
        return (normal if divergence.ndim else normal.mean()) - divergence


def _stirling(count: torch.Tensor) -> torch.Tensor:
    """Return log(count!) - count log(count) + count, to the last digit of large counts."""
    few = count.clamp(max=20)
    exact = torch.lgamma(few + 1) - torch.xlogy(few, few) + few
    many = count.clamp(min=20)
    series = torch.log(2 * math.pi * many) / 2 + 1 / (12 * many) - 1 / (360 * many**3)
    return torch.where(count < 20, exact, series)
