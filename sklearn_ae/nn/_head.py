"""The head: y from codes by one linear layer, in training only.

Codes then keep what y needs, beside what reconstructions need. The layer is linear, so that
a linear model finds it in the codes, and it is left out of what is fitted: a classifier or
a regression stands behind the codes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from ._losses import TrainingLoss, weighted_mean

__all__ = ["HeadLoss", "ResponseLoss"]


class ResponseLoss:
    """What it costs to predict y by an output of the head, relative to knowing no row.

    Numbers are predicted by themselves, two classes by one logit, more by one each.

    Parameters
    ----------
    n_levels : sequence of int
        Number of classes of each column of y; 0 for numbers, of unit variance.
    factors : sequence of float
        What the loss of each column is multiplied by.
    is_complete : bool
        Whether all rows of the training have y. Elsewhere NaN is a missing cell.

    Attributes
    ----------
    n_out : int
        Width of the output: numbers first, then columns of two classes, then others.
    """

    def __init__(
        self, n_levels: Sequence[int], factors: Sequence[float], is_complete: bool
    ):
        self.n_levels, self.is_complete = n_levels, is_complete
        self.numbers = [j for j, n in enumerate(n_levels) if n == 0]
        self.flags = [j for j, n in enumerate(n_levels) if n == 2]
        # Of both the loss is a function of one output.
        self.n_single = len(self.numbers) + len(self.flags)
        self.n_out = self.n_single + sum(n for n in n_levels if n > 2)
        self.factors = torch.tensor(factors, dtype=torch.float32, device="cpu")

    def logits(self) -> Iterator[tuple[int, slice]]:
        """Yield every column of more than two classes, and where its logits are."""
        start = self.n_single
        for j, n in enumerate(self.n_levels):
            if n > 2:
                yield j, slice(start, start + n)
                start += n

    def rows(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the loss of every row, (n_rows,)."""
        return self._cells(output, y)[0]

    def with_slope(
        self, output: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean loss, and its gradient with respect to ``output``."""
        rows, slope = self._cells(output, y)
        if weight is not None:
            slope *= weight[:, None]
        return weighted_mean(rows, weight), slope.div_(len(y))

    def _cells(self, output, y) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss of every row, and the gradient of their sum, (n_rows, n_out)."""
        known, factors = None, self.factors.to(y)
        if not self.is_complete or y.isnan().any():
            known = ~y.isnan()
            y = y.nan_to_num(0.0)
        rows, slopes, n_numbers = 0.0, [], len(self.numbers)
        for columns, part in (
            (self.numbers, slice(0, n_numbers)),
            (self.flags, slice(n_numbers, self.n_single)),
        ):
            if not columns:
                continue
            wanted, given = y[:, columns], output[:, part]
            share = factors[columns] if known is None else factors[columns] * known[:, columns]
            if part.start == 0 and self.numbers:
                error = given - wanted
                cells, slope = error**2, 2 * error
            else:
                cells = F.softplus(given) - wanted * given
                slope = given.sigmoid() - wanted
            rows = rows + (cells * share).sum(1)
            slopes.append(slope * share)
        for j, part in self.logits():
            level = y[:, j, None].long()
            log_p = output[:, part].log_softmax(1)
            share = factors[j] if known is None else factors[j] * known[:, j, None]
            rows = rows - (log_p.gather(1, level) * share).sum(1)
            ones = torch.full_like(level, -1, dtype=log_p.dtype)
            slopes.append(log_p.exp().scatter_add_(1, level, ones).mul_(share))
        return rows, slopes[0] if len(slopes) == 1 else torch.cat(slopes, 1)


class HeadLoss(TrainingLoss):
    """A loss of rows and one of y, which weigh 1 - share and share.

    Targets are rows, then the columns of y. An outcome is (x_hat, outcome of the network
    without a head, output of the head).

    Parameters
    ----------
    of_rows : TrainingLoss
    unit : float
        What ``of_rows`` is divided by.
    of_response : ResponseLoss
    share : float
    """

    def __init__(
        self, of_rows: TrainingLoss, unit: float, of_response: ResponseLoss, share: float
    ):
        super().__init__()
        self.of_rows, self.of_response = of_rows, of_response
        self.factor, self.share = (1 - share) / unit, share
        self.n_responses = len(of_response.n_levels)

    def split(self, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what rows should become, and y."""
        return target[:, : -self.n_responses], target[:, -self.n_responses :]

    def joined(self, of_rows: Any, of_response: Any) -> Any:
        """Return the loss that two losses make, of rows or of batches."""
        return self.factor * of_rows + self.share * of_response

    def rows(self, outcome, x):
        _, inner, output = outcome
        wanted, y = self.split(x)
        return self.joined(self.of_rows.rows(inner, wanted), self.of_response.rows(output, y))

    def cells(self, outcome, x):
        return self.of_rows.cells(outcome[1], self.split(x)[0])

    def forward(self, outcome, x, weight=None):
        _, inner, output = outcome
        wanted, y = self.split(x)
        of_response = weighted_mean(self.of_response.rows(output, y), weight)
        return self.joined(self.of_rows(inner, wanted, weight), of_response)

    def of_mean(self, outcome, x):
        # What knows no row costs as much in y as the factors say.
        return self.joined(self.of_rows.of_mean(outcome[1], self.split(x)[0]), 1.0)

    @property
    def warmth(self) -> float:
        """That of a bound; see EvidenceLowerBound."""
        return self.of_rows.warmth

    @warmth.setter
    def warmth(self, warmth: float) -> None:
        self.of_rows.warmth = warmth
