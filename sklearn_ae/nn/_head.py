"""The head: y from codes by one linear layer, in training only.

Codes then keep what y needs, beside what reconstructions need. The layer is linear, so that
a linear model finds it in the codes, and it is left out of what is fitted: a classifier or
a regression stands behind the codes.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from ._losses import TrainingLoss, weighted_mean

__all__ = ["HeadLoss", "ResponseLoss"]

# Where epochs are compared a class has at least this probability, over all classes: a few
# samples whose class a network is sure of, and wrong, would outweigh what reconstructions
# gain. Of 5000 rows of MNIST, 8 components, 0.08 of R² was lost so, for 0.01 of accuracy.
_FLOOR = 0.1


class _Term(NamedTuple):
    """Columns of y, what their cells cost, the slopes of that, and how many classes."""

    columns: slice | list[int]
    cells: torch.Tensor
    slope: torch.Tensor
    n_classes: int


class ResponseLoss:
    """What it costs to predict y by an output of the head.

    Numbers are predicted by themselves, two classes by one logit, more by one each.

    Parameters
    ----------
    n_levels : sequence of int
        Number of classes of each column of y; 0 for numbers.
    factors : sequence of float
        What the loss of each column is multiplied by.
    is_complete : bool
        Whether all training rows have y. Else, and in all evaluations, NaN is missing.

    Attributes
    ----------
    n_out : int
        Width of the output: numbers first, then columns of two classes, then others.
    logits : list of (int, slice)
        Every column of more than two classes, and where its logits are.

    Examples
    --------
    >>> import torch
    >>> loss = ResponseLoss((0, 3), (1.0, 1.0), is_complete=True)
    >>> loss.n_out, loss.with_slope(torch.zeros(1, 4), torch.tensor([[1.0, 2.0]]), None)[1]
    (4, tensor([[-2.0000,  0.3333,  0.3333, -0.6667]]))
    """

    def __init__(
        self, n_levels: Sequence[int], factors: Sequence[float], is_complete: bool
    ):
        self.n_levels, self.is_complete = n_levels, is_complete
        self.numbers = [j for j, n in enumerate(n_levels) if n == 0]
        self.flags = [j for j, n in enumerate(n_levels) if n == 2]
        # Of these the loss is a function of one output.
        self.n_single = len(self.numbers) + len(self.flags)
        self.n_out = self.n_single + sum(n for n in n_levels if n > 2)
        self.factors = torch.tensor(factors, dtype=torch.float32, device="cpu")
        self.logits = [*self._places_of_logits()]
        self._of_batches: dict[int, torch.Tensor] = {}

    def _places_of_logits(self) -> Iterator[tuple[int, slice]]:
        start = self.n_single
        for j, n in enumerate(self.n_levels):
            if n > 2:
                yield j, slice(start, start + n)
                start += n

    def rows(
        self, output: torch.Tensor, y: torch.Tensor, floor: float = _FLOOR
    ) -> torch.Tensor:
        """Return the loss of every row, (n_rows,), with a floor of probabilities."""
        factors = self.factors.to(y) * ~y.isnan()
        total = torch.zeros_like(output[:, 0])
        for term in self._terms(output, y.nan_to_num(0.0)):
            cells = term.cells
            if term.n_classes and floor:
                chance = (1 - floor) * cells.neg().exp() + floor / term.n_classes
                cells = -chance.log()
            total = total + (cells * factors[:, term.columns]).sum(1)
        return total

    def with_slope(
        self, output: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean loss of training rows, and its gradient in ``output``."""
        n_rows = y.shape[0]
        factors = self._of_batches.get(n_rows)
        if factors is None:  # batches differ by one row at most
            factors = self._of_batches[n_rows] = self.factors.to(y)[None] / n_rows
        if not self.is_complete:
            factors = factors * ~y.isnan()
            y = y.nan_to_num(0.0)
        if weight is not None:
            factors = factors * weight[:, None]
        losses, slopes = [], []
        for term in self._terms(output, y):
            share = factors[:, term.columns]
            losses.append(term.cells.mul_(share).sum())
            slopes.append(term.slope.mul_(share))
        if len(slopes) == 1:
            return losses[0], slopes[0]
        return torch.stack(losses).sum(), torch.cat(slopes, 1)

    def _terms(self, output: torch.Tensor, y: torch.Tensor) -> Iterator[_Term]:
        """Yield what cells cost, in the order of the output; gradients pass ``cells``."""
        n_numbers = len(self.numbers)
        if self.numbers:
            error = output[:, :n_numbers] - y[:, self.numbers]
            yield _Term(self.numbers, error**2, 2 * error.detach(), 0)
        if self.flags:
            logit, wanted = output[:, n_numbers : self.n_single], y[:, self.flags]
            slope = logit.detach().sigmoid() - wanted
            yield _Term(self.flags, F.softplus(logit) - wanted * logit, slope, 2)
        for j, part in self.logits:
            column = slice(j, j + 1)
            level = y[:, column].long()
            log_p = output[:, part].log_softmax(1)
            slope = log_p.detach().exp()
            slope.scatter_(1, level, -1.0, reduce="add")
            yield _Term(column, -log_p.gather(1, level), slope, part.stop - part.start)


class HeadLoss(TrainingLoss):
    """A loss of rows, times a factor, and one of y.

    Targets are rows, then the columns of y. An outcome is (x_hat, outcome of the network
    without a head, output of the head).

    Parameters
    ----------
    of_rows : TrainingLoss
    factor : float
    of_response : ResponseLoss
    of_no_row : float
        ``of_response`` of an output that knows no row.
    """

    def __init__(
        self,
        of_rows: TrainingLoss,
        factor: float,
        of_response: ResponseLoss,
        of_no_row: float,
    ):
        super().__init__()
        self.of_rows, self.factor = of_rows, factor
        self.of_response, self.of_no_row = of_response, of_no_row
        self.n_responses = len(of_response.n_levels)

    def split(self, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what rows should become, and y."""
        return target[:, : -self.n_responses], target[:, -self.n_responses :]

    def rows(self, outcome, x):
        _, inner, output = outcome
        wanted, y = self.split(x)
        of_rows = self.of_rows.rows(inner, wanted)
        return self.factor * of_rows + self.of_response.rows(output, y)

    def cells(self, outcome, x):
        return self.of_rows.cells(outcome[1], self.split(x)[0])

    def forward(self, outcome, x, weight=None):
        _, inner, output = outcome
        wanted, y = self.split(x)
        of_response = weighted_mean(self.of_response.rows(output, y, 0.0), weight)
        return self.factor * self.of_rows(inner, wanted, weight) + of_response

    def of_mean(self, outcome, x):
        of_rows = self.of_rows.of_mean(outcome[1], self.split(x)[0])
        return self.factor * of_rows + self.of_no_row

    @property
    def warmth(self) -> Any:
        """That of a bound; see EvidenceLowerBound."""
        return self.of_rows.warmth

    @warmth.setter
    def warmth(self, warmth: Any) -> None:
        self.of_rows.warmth = warmth
