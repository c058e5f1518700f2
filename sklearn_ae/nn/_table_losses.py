"""Losses of tables: errors of numbers, cross-entropies of levels, and none of holes."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from ._likelihoods import Likelihood
from ._losses import ReconstructionLoss, weighted_mean
from ._table import TableLayout

__all__ = ["LevelLosses", "TableLikelihood", "TableLoss"]


class LevelLosses(nn.Module):
    """Cross-entropies of columns of levels, in nats.

    Columns of about as many levels are computed together, padded to the same length.

    Parameters
    ----------
    layout : TableLayout
    floors : sequence of float, one per level of all columns
        Least probability of each level. The rest, up to 1, is shared out by the network.
    """

    log_floors: torch.Tensor

    def __init__(self, layout: TableLayout, floors: Sequence[float]):
        super().__init__()
        self.layout = layout
        least = torch.tensor(floors, dtype=torch.float64, device="cpu")
        self.register_buffer("log_floors", least.log().float())
        self._groups = []
        for columns, places in layout.groups():
            index = torch.tensor(places, dtype=torch.int64, device="cpu")
            padding = index < 0
            index.clamp_(min=0)
            first = index[:, 0] - len(layout.numbers)
            taken = least[(index - len(layout.numbers)).clamp_(min=0)]
            share = torch.log1p(-taken.masked_fill(padding, 0.0).sum(1)).float()
            is_padded = bool(padding.any())
            self._groups.append(
                (columns, index, padding if is_padded else None, first, share)
            )

    def forward(self, output: torch.Tensor, x: torch.Tensor, cells: torch.Tensor) -> None:
        """Write the cross-entropies to the columns of levels of ``cells``; holes give 0.

        Parameters
        ----------
        output : Tensor of shape (n_rows, n_out)
        x, cells : Tensor of shape (n_rows, n_columns)
        """
        for columns, index, padding, first, share in self._groups:
            places = index.to(output.device)
            logits = output.index_select(1, places.flatten())
            logits = logits.view(output.shape[0], *places.shape)
            if padding is not None:
                logits = logits.masked_fill(padding.to(output.device), -torch.inf)
            level = x[:, columns]
            holes = level.isnan()
            level = level.masked_fill(holes, 0.0).long()
            nats = F.cross_entropy(
                logits.flatten(0, 1), level.flatten(), reduction="none"
            ).view(level.shape)
            floor = self.log_floors.to(nats)[level + first.to(level.device)]
            nats = -torch.logaddexp(share.to(nats) - nats, floor)
            cells[:, columns] = nats.masked_fill(holes, 0.0)


class TableLoss(ReconstructionLoss):
    """The mean over the observed cells of a row, each column relative to its cost.

    Parameters
    ----------
    of_numbers : ReconstructionLoss
        Of columns of numbers.
    layout : TableLayout
    costs : sequence of float, one per column
        What predicting the mean, or the frequencies of the levels, costs: each loss is
        divided by it, so that no column drowns another. A column of cost 0 is constant.
    floors : sequence of float, one per level of all columns
        See LevelLosses.
    """

    factors: torch.Tensor

    def __init__(
        self,
        of_numbers: ReconstructionLoss,
        layout: TableLayout,
        costs: Sequence[float],
        floors: Sequence[float],
    ):
        super().__init__()
        self.of_numbers = of_numbers
        self.layout = layout
        self.of_levels = LevelLosses(layout, floors) if layout.categories else None
        factors = [1 / cost if cost > 0 else 1.0 for cost in costs]
        self.register_buffer("factors", torch.tensor(factors, device="cpu"))

    def cells(self, outcome, x):
        numbers, n_numbers = self.layout.numbers, len(self.layout.numbers)
        guess = outcome[:, :n_numbers]
        wanted = x if self.of_levels is None else x[:, numbers]
        # A hole is what was guessed, which costs nothing and has no slope.
        wanted = torch.where(wanted.isnan(), guess.detach(), wanted)
        cost = self.of_numbers.cells(guess, wanted)
        if self.of_levels is not None:
            cells = x.new_zeros(x.shape)
            cells[:, numbers] = cost
            self.of_levels(outcome, x, cells)
            cost = cells
        return cost * self.factors.to(cost)

    def squares(self, x_hat: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the error of every cell that scores are made of, (n_rows, n_columns).

        Of numbers it is squared, whatever the loss; cross-entropies of levels, 0 at holes.
        """
        numbers, n_numbers = self.layout.numbers, len(self.layout.numbers)
        errors = x.new_zeros(x.shape)
        errors[:, numbers] = (x_hat[:, :n_numbers] - x[:, numbers]).nan_to_num(0.0) ** 2
        if self.of_levels is not None:
            self.of_levels(x_hat, x, errors)
        return errors

    def rows(self, outcome, x):
        n_observed = (~x.isnan()).sum(1).clamp(min=1)
        return self.cells(outcome, x).sum(1) / n_observed

    def forward(self, outcome, x, weight=None):
        return weighted_mean(self.rows(outcome, x), weight)

    def with_slope(self, x_hat, x, weight=None):
        with torch.enable_grad():
            leaf = x_hat.detach().requires_grad_()
            mean = self(leaf, x, weight)
            (slope,) = torch.autograd.grad(mean, leaf)
        return mean.detach(), slope

    def of_mean(self, outcome, x):
        return self.rows(self.marginal(x).expand(x.shape[0], -1), x).mean()

    def marginal(self, x: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
        """Return the output for a network that knows no row of ``x``, (1, n_out).

        ``weight``, (n_rows,), is that of each row.
        """
        weight = x.new_ones(x.shape[0]) if weight is None else weight
        output = x.new_zeros((1, self.layout.n_out))
        n_numbers = len(self.layout.numbers)
        numbers = x[:, self.layout.numbers]
        seen = weight @ (~numbers.isnan()).to(x.dtype)
        output[0, :n_numbers] = weight @ numbers.nan_to_num(0.0) / seen.clamp(min=1e-9)
        for j, places in self.layout.logits():
            seen = ~x[:, j].isnan()
            counts = x[seen, j].long().bincount(weight[seen], self.layout.n_levels[j])
            output[0, places] = counts.to(x.dtype).clamp(min=1e-9).log()
        return output

    def likelihood(self, unit):
        return TableLikelihood(self, self.of_numbers.likelihood(unit))


class TableLikelihood(Likelihood):
    """The density of numbers times the probability of levels, of observed cells.

    Parameters
    ----------
    loss : TableLoss
    of_numbers : Likelihood
    """

    loss: TableLoss

    def __init__(self, loss: TableLoss, of_numbers: Likelihood):
        super().__init__(loss)
        self.of_numbers = of_numbers
        self.is_discrete = of_numbers.is_discrete

    def cells(self, x_hat, x, log_scale):
        layout = self.loss.layout
        guess = x_hat[:, : len(layout.numbers)]
        wanted = x[:, layout.numbers]
        holes = wanted.isnan()
        wanted = torch.where(holes, guess.detach(), wanted)
        density = self.of_numbers.cells(guess, wanted, log_scale).masked_fill(holes, 0.0)
        if self.loss.of_levels is None:
            return density
        cells = x.new_zeros(x.shape)
        self.loss.of_levels(x_hat, x, cells)
        cells = -cells
        cells[:, layout.numbers] = density
        return cells

    def rows(self, x_hat, x, log_scale):
        return self.cells(x_hat, x, log_scale).sum(1)

    def forward(self, x_hat, x, log_scale):
        return self.rows(x_hat, x, log_scale).mean()

    def shortfall(self, x_hat, x, log_scale):
        layout = self.loss.layout
        # Of levels the probability is at most 1, of which the logarithm is 0.
        best = x.new_zeros(x.shape)
        wanted = x[:, layout.numbers]
        holes = wanted.isnan()
        wanted = wanted.nan_to_num(0.0)
        best[:, layout.numbers] = self.of_numbers.cells(
            wanted, wanted, log_scale
        ).masked_fill(holes, 0.0)
        return best - self.cells(x_hat, x, log_scale)
