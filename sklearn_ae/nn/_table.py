"""Tables of mixed columns: rows to what the first layer takes, and outputs to rows.

Rows of a table are (n_rows, n_columns): a number in the network's units, the index of a
level, or NaN where a cell is missing, a hole. The first layer takes *blocks*: the numbers,
then an indicator of every level, less its frequency. Columns of many levels are embedded
instead. The last layer gives the numbers, then a logit of every level.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from ._holes import FillHoles
from ._layers import FLOAT32

__all__ = ["TableInput", "TableLayout", "TableOutput"]

# Columns of more levels are embedded in so many numbers: an indicator of each would widen
# the first layer, and the closed form of the start, without end.
_MOST_INDICATORS, _WIDTH_OF_EMBEDDING = 100, 16

# Columns whose numbers of levels are within this factor are computed together.
_PADDING = 4


@dataclass(frozen=True)
class TableLayout:
    """Which columns a table has, as plain numbers.

    Parameters
    ----------
    n_levels : tuple of int
        Number of levels of each column; 0 for numbers.
    rank : int
        Rank of the normal density that holes are filled from; 0 if the rows of the fit
        have no holes.
    hole_share : float
        Share of the cells of the fit that are holes.

    Examples
    --------
    >>> layout = TableLayout((0, 3, 0, 2), rank=0)
    >>> layout.numbers, layout.categories, layout.n_in, layout.n_out
    ([0, 2], [1, 3], 7, 7)
    """

    n_levels: tuple[int, ...]
    rank: int
    hole_share: float = 0.0

    @cached_property
    def numbers(self) -> list[int]:
        """Columns of numbers."""
        return [j for j, n in enumerate(self.n_levels) if n == 0]

    @cached_property
    def categories(self) -> list[int]:
        """Columns of levels."""
        return [j for j, n in enumerate(self.n_levels) if n > 0]

    @cached_property
    def indicated(self) -> list[int]:
        """Columns whose levels have an indicator each."""
        return [j for j in self.categories if self.n_levels[j] <= _MOST_INDICATORS]

    @cached_property
    def embedded(self) -> list[int]:
        """Columns of many levels."""
        return [j for j in self.categories if self.n_levels[j] > _MOST_INDICATORS]

    @property
    def owners(self) -> list[int]:
        """Column that each of the blocks' numbers belongs to."""
        return self.numbers + [j for j in self.indicated for _ in range(self.n_levels[j])]

    @property
    def n_blocks(self) -> int:
        """Width of the blocks, which linear skips see."""
        return len(self.numbers) + sum(self.n_levels[j] for j in self.indicated)

    @property
    def most_codes(self) -> int:
        """Numbers of the blocks and the embeddings, which codes are to summarise."""
        return self.n_blocks + _WIDTH_OF_EMBEDDING * len(self.embedded)

    @property
    def n_in(self) -> int:
        """Width of what the first layer takes: blocks, a mask of holes, embeddings."""
        mask = len(self.n_levels) if self.rank else 0
        return self.most_codes + mask

    @property
    def n_out(self) -> int:
        """Width of what the last layer gives."""
        return len(self.numbers) + sum(self.n_levels)

    def logits(self) -> Iterator[tuple[int, slice]]:
        """Yield every column of levels, and where its logits are in an output."""
        start = len(self.numbers)
        for j in self.categories:
            yield j, slice(start, start + self.n_levels[j])
            start += self.n_levels[j]

    def groups(self) -> list[tuple[list[int], list[list[int]]]]:
        """Return columns of about as many levels together, and places of their logits.

        Places are padded to the same length by -1.
        """
        columns = sorted(self.logits(), key=lambda pair: self.n_levels[pair[0]])
        groups: list[tuple[list[int], list[list[int]]]] = []
        least = 0
        for j, part in columns:
            n = self.n_levels[j]
            if not groups or n > _PADDING * least:
                groups.append(([], []))
                least = n
            groups[-1][0].append(j)
            groups[-1][1].append(list(range(part.start, part.stop)))
        for _, places in groups:
            most = max(map(len, places))
            for line in places:
                line.extend([-1] * (most - len(line)))
        return groups


class TableInput(nn.Module):
    """From rows of a table to what the first layer takes; holes are filled.

    Parameters
    ----------
    layout : TableLayout
    generator : torch.Generator or None
        Draws the embeddings.

    Attributes
    ----------
    centre, size : Tensor of shape (n_blocks,)
        Subtracted from the blocks, and what they are divided by then.
    by_network : Tensor of shape (n_columns,)
        In which columns holes are imputed by reconstructions, and not as they are filled.
    """

    centre: torch.Tensor
    size: torch.Tensor
    by_network: torch.Tensor

    def __init__(self, layout: TableLayout, generator: torch.Generator | None):
        super().__init__()
        self.layout = layout
        self.register_buffer("centre", torch.zeros(layout.n_blocks, **FLOAT32))
        self.register_buffer("size", torch.ones(layout.n_blocks, **FLOAT32))
        if layout.rank:
            n_columns = len(layout.n_levels)
            flags = torch.ones(n_columns, dtype=torch.bool, device="cpu")
            self.register_buffer("by_network", flags)
        self.fill = None
        if layout.rank:
            self.fill = FillHoles(layout.n_blocks, layout.rank, layout.owners)
        self.embeddings = nn.ParameterList()
        for j in layout.embedded:
            table = torch.zeros((layout.n_levels[j], _WIDTH_OF_EMBEDDING), **FLOAT32)
            if generator is not None:
                table.normal_(generator=generator)
            self.embeddings.append(nn.Parameter(table))
        starts, start = [], len(layout.numbers)
        for j in layout.indicated:
            starts.append(start)
            start += layout.n_levels[j]
        # Not buffers: they follow from the layout, and need not be stored.
        self._starts = torch.tensor(starts, dtype=torch.int64, device="cpu")
        self._owners = torch.tensor(layout.owners, dtype=torch.int64, device="cpu")
        self._is_done = False

    @property
    def is_constant(self) -> bool:
        """Whether a row always becomes the same: nothing of this is learnt."""
        return len(self.embeddings) == 0

    @contextmanager
    def done(self) -> Iterator[None]:
        """Let rows pass while the block runs: they are what came out before."""
        self._is_done = True
        try:
            yield
        finally:
            self._is_done = False

    def spread(self, x: torch.Tensor) -> torch.Tensor:
        """Return the blocks of ``x``, (n_rows, n_blocks), NaN where cells are missing."""
        layout, n_numbers = self.layout, len(self.layout.numbers)
        blocks = x.new_zeros((x.shape[0], layout.n_blocks))
        blocks[:, :n_numbers] = x[:, layout.numbers]
        if layout.indicated:
            places = x[:, layout.indicated].nan_to_num_(0.0).long()
            blocks.scatter_(1, places.add_(self._starts.to(x.device)), 1.0)
            holes = x.isnan()
            if holes.any():
                blocks.masked_fill_(
                    holes.index_select(1, self._owners.to(x.device)), torch.nan
                )
        return blocks.sub_(self.centre).div_(self.size)

    def blocks(self, x: torch.Tensor) -> torch.Tensor:
        """Return the blocks of ``x``, (n_rows, n_blocks), with holes filled."""
        blocks = self.spread(x)
        # Without holes in the fit nothing is known but the mean, which is 0.
        return blocks.nan_to_num_(0.0) if self.fill is None else self.fill(blocks)

    def complete(self, x: torch.Tensor) -> torch.Tensor:
        """Return ``x`` with its holes as the blocks are filled; NaN in embedded columns."""
        blocks = self.blocks(x).mul_(self.size).add_(self.centre)
        rows, start = torch.full_like(x, torch.nan), len(self.layout.numbers)
        rows[:, self.layout.numbers] = blocks[:, :start]
        for j in self.layout.indicated:
            stop = start + self.layout.n_levels[j]
            rows[:, j] = blocks[:, start:stop].argmax(1).to(x.dtype)
            start = stop
        return rows

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self._is_done:
            return x
        parts = [self.blocks(x)]
        if self.fill is not None:
            parts.append(x.isnan().to(x.dtype))
        for j, table in zip(self.layout.embedded, self.embeddings, strict=True):
            level = x[:, j]
            known = ~level.isnan()
            row = table.index_select(0, level.nan_to_num(0.0).long())
            parts.append(row * known[:, None])
        return torch.cat(parts, 1) if len(parts) > 1 else parts[0]  # (n_rows, n_in)


class TableOutput(nn.Module):
    """From outputs to rows of a table: numbers, and the most likely level."""

    def __init__(self, layout: TableLayout):
        super().__init__()
        self.layout = layout

    def forward(self, output: torch.Tensor) -> torch.Tensor:
        rows = output.new_empty((output.shape[0], len(self.layout.n_levels)))
        rows[:, self.layout.numbers] = output[:, : len(self.layout.numbers)]
        for j, places in self.layout.logits():
            rows[:, j] = output[:, places].argmax(1).to(rows.dtype)
        return rows  # (n_rows, n_columns)
