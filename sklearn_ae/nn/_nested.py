"""Nested codes: the first components, any number of them, are a code too.

In training a decoder gets only the first components of a row, as many as are drawn for it,
and learns to do with those (nested dropout: Rippel, Gelbart and Adams, "Learning ordered
representations with nested dropout", 2014; lengths that are halved: Kusupati et al.,
"Matryoshka representation learning", 2022).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ._layers import FLOAT32

__all__ = ["NestedCode"]

# Shares of rows that keep all components, half of them, and a quarter. Others keep j of
# them in proportion to 1 / j: where all lengths were alike, one could keep less than PCA's;
# where all halvings were, a quarter of them kept up to 0.03 less of R².
_WHOLE, _HALF, _QUARTER = 0.5, 0.17, 0.2


class NestedCode(nn.Module):
    """Keeps the first components of each row, and marks the others as missing.

    Only in training, and within ``by_place``; elsewhere codes pass as they are.

    Parameters
    ----------
    n_components : int
    generator : torch.Generator or None
        Draws how many components a row keeps. None is for inference only.

    Examples
    --------
    >>> import torch
    >>> nested = NestedCode(2, torch.Generator().manual_seed(0))
    >>> nested(torch.ones(3, 2)).shape, nested.eval()(torch.ones(3, 2)).shape
    (torch.Size([3, 4]), torch.Size([3, 2]))
    """

    def __init__(self, n_components: int, generator: torch.Generator | None):
        super().__init__()
        self.generator = generator
        self.is_judged = False
        # An attribute and not a buffer: it follows from the number of components alone.
        self.chances = _chances(n_components)

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        if not (self.training or self.is_judged):
            return code
        missing = self.missing(code)
        return torch.cat([code.masked_fill(missing, 0.0), missing.to(code)], 1)

    def missing(self, code: torch.Tensor) -> torch.Tensor:
        """Return which components are not kept, (n_rows, n_components)."""
        n_rows, n_components = code.shape
        generator = self.generator
        if self.is_judged:  # the same at every evaluation
            generator = torch.Generator("cpu").manual_seed(0)
        # Every length has its share of every batch, so that batches are alike.
        place = torch.randperm(n_rows, generator=generator, device="cpu")
        shift = torch.rand(1, generator=generator, **FLOAT32)
        share = (place + shift) / n_rows
        last = torch.bucketize(share, self.chances[:-1].cumsum(0))
        column = torch.arange(n_components, device="cpu")
        return (column > last[:, None]).to(code.device)

    @contextmanager
    def by_place(self) -> Iterator[None]:
        """Let rows keep as many components as their place says while the block runs."""
        self.is_judged = True
        try:
            yield
        finally:
            self.is_judged = False


def _chances(n_components: int) -> torch.Tensor:
    """Return the share of rows that keep 1, 2, ... components, (n_components,)."""
    numbers = torch.arange(1, n_components + 1, dtype=torch.float64, device="cpu")
    chances = (1 - _WHOLE - _HALF - _QUARTER) / numbers / (1 / numbers).sum()
    lengths = n_components, n_components // 2, n_components // 4
    for length, share in zip(lengths, (_WHOLE, _HALF, _QUARTER), strict=True):
        if length:
            chances[length - 1] += share
    return chances / chances.sum()
