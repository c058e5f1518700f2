"""The evidence lower bound: the training loss of a variational network, and its scores.

    log p(x) >= E_q log p(x | z) - KL(q(z | x) || p(z))

Importance weights make the bound tighter: the logarithm of the mean of p(x, z) / q(z | x)
over draws of z converges to log p(x) with their number (Burda, Grosse and Salakhutdinov,
"Importance weighted autoencoders", 2016).
"""

import math

import torch

from ._head import HeadLoss
from ._likelihoods import Likelihood
from ._losses import TrainingLoss, weighted_mean
from ._table_losses import TableLoss
from ._variational import VariationalNetwork, divergence_from_prior, normal_like

__all__ = ["EvidenceLowerBound", "table_loss"]


class EvidenceLowerBound(TrainingLoss):
    """Minus the bound per cell, in nats, for rows in scaled units.

    Parameters
    ----------
    likelihood : Likelihood
    beta : float
        Weight of the divergence (Higgins et al., "beta-VAE", 2017); 1 is the bound.

    Attributes
    ----------
    warmth : float
        Fraction of ``beta`` that is used in the current training step.
    """

    def __init__(self, likelihood: Likelihood, beta: float = 1.0):
        super().__init__()
        self.likelihood = likelihood
        self.beta = beta
        self.warmth = 1.0

    def rows(self, outcome, x):
        _, drawn, divergence, log_scale = outcome
        densities = [self.likelihood.rows(x_hat, x, log_scale) for x_hat in drawn]
        return (self.beta * divergence - sum(densities) / len(drawn)) / x.shape[1]

    def cells(self, outcome, x):
        # What no reconstruction could change is taken off: it would hide errors.
        x_hat, _, _, log_scale = outcome
        return self.likelihood.shortfall(x_hat, x, log_scale)

    def forward(self, outcome, x, weight=None):
        _, drawn, divergence, log_scale = outcome
        # Epochs are compared under the full weight, or the first ones would look best.
        beta = self.beta * self.warmth if self.training else self.beta
        if weight is not None:
            densities = [self.likelihood.rows(x_hat, x, log_scale) for x_hat in drawn]
            rows = beta * divergence - sum(densities) / len(drawn)
            return weighted_mean(rows, weight) / x.shape[1]
        densities = [self.likelihood(x_hat, x, log_scale) for x_hat in drawn]
        return (beta * divergence.mean() - sum(densities) / len(drawn)) / x.shape[1]

    def of_mean(self, outcome, x):
        # The noise level and divergence of the network stay, so that this is on the scale
        # of its losses.
        x_hat, _, divergence, log_scale = outcome
        loss = self.likelihood.loss
        if isinstance(loss, TableLoss):
            of_mean = loss.marginal(x).expand(x.shape[0], -1)
        else:
            of_mean = x.mean(0).expand_as(x)
        return self((x_hat, (of_mean,), divergence, log_scale), x)

    def bound(
        self, network: VariationalNetwork, x: torch.Tensor, target: torch.Tensor
    ) -> torch.Tensor:
        """Return the bound of every row in nats, (n_rows,), the same in every call."""
        mean, log_std = network.encoder.posterior(x)
        std, total = log_std.exp(), torch.zeros_like(mean[:, 0])
        # One point at a time: all at once would multiply the memory by their number.
        for point in network.points.to(mean):
            x_hat = network.decoder(mean + std * point)
            total += self.likelihood.rows(x_hat, target, network.noise_level)
        return total / len(network.points) - divergence_from_prior(mean, log_std)

    def log_density(
        self,
        network: VariationalNetwork,
        x: torch.Tensor,
        target: torch.Tensor,
        n_draws: int,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """Return the importance-weighted estimate of log p of every row, (n_rows,)."""
        mean, log_std = network.encoder.posterior(x)
        std, total = log_std.exp(), torch.full_like(mean[:, 0], -math.inf)
        for _ in range(n_draws):
            normal = normal_like(mean, generator)
            code = mean + std * normal
            log_weight = self.likelihood.rows(
                network.decoder(code), target, network.noise_level
            )
            # log p(z) - log q(z | x): their normalising constants cancel.
            log_weight += (normal**2 / 2 - code**2 / 2 + log_std).sum(1)
            # Summed as logarithms: the densities themselves underflow.
            total = torch.logaddexp(total, log_weight)
        return total - math.log(n_draws)


def table_loss(loss: TrainingLoss) -> TableLoss:
    """Return the loss of a table that ``loss`` is, or is the bound of."""
    inner: TrainingLoss = loss.of_rows if isinstance(loss, HeadLoss) else loss
    inner = inner.likelihood.loss if isinstance(inner, EvidenceLowerBound) else inner
    assert isinstance(inner, TableLoss)
    return inner
