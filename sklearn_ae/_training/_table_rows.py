"""Rows that stay in a table until they are drawn, where all need too much memory."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ..nn import Corruption
from ._user_code import user_code

__all__ = ["TableRows", "mean_row"]

_MOST_CELLS = 2**22  # that are read at once, 16 MiB
_RUNS_AHEAD = 16  # that the system is asked to read before the first is used


class TableRows:
    """Stands for a tensor of shape (n_rows, n_features): what it gives are tensors.

    Parameters
    ----------
    read : callable
        ``read(index)`` returns the rows of the table at an index as a tensor.
    index : ndarray of int of shape (n_rows,)
        Which of its rows, in which order.
    like : Tensor
        Has the dtype and the device of what is given.
    n_features : int
    first : int
        Place of the first row among those that are split.
    run : int
        How many rows, one after the other, are best read together.
    fetch : callable
        ``fetch(first, last)`` has the rows from one place of the table to another read
        ahead.
    corrupt : callable or None
        Applied to rows that are read, with the place of the first.

    Attributes
    ----------
    shape : tuple of int
    device : torch.device
    n_parts : int
        In how many parts all rows are read, to bound the memory.
    """

    def __init__(
        self,
        read: Callable[[np.ndarray], torch.Tensor],
        index: np.ndarray,
        like: torch.Tensor,
        n_features: int,
        *,
        first: int = 0,
        run: int = 1,
        fetch: Callable[[int, int], None] = lambda first, last: None,
        corrupt: Callable[[torch.Tensor, int], torch.Tensor] | None = None,
    ):
        self.read, self.index, self.like = read, index, like
        self.first, self.run, self.corrupt = first, run, corrupt
        self.fetch = fetch
        self.shape, self.device = (len(index), n_features), like.device
        n_parts = math.ceil(len(index) * n_features / _MOST_CELLS)
        self.n_parts = min(n_parts, len(index))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Any:
        """Return all rows for ``...``; for a slice what stands for these, unread."""
        if rows is not ...:
            first = self.first + range(len(self))[rows].start
            return self._of(self.index[rows], first, self.corrupt)
        read = self.read(self.index)
        return read if self.corrupt is None else self.corrupt(read, self.first)

    def index_select(self, dim: int, index: torch.Tensor) -> torch.Tensor:
        """Return the rows at ``index``, as a tensor does for ``dim`` 0."""
        return self.read(self.index[index.cpu().numpy()])

    def read_runs(self, starts: Sequence[int]) -> torch.Tensor:
        """Return the rows of the runs that begin at ``starts``, one run after the other."""
        ends = [min(start + self.run, len(self)) for start in starts]
        n_rows = sum(ends) - sum(starts)
        result = self.like.new_empty((n_rows, self.shape[1]))
        place, pairs = 0, [*zip(starts, ends, strict=True)]
        for first in range(0, len(pairs), _RUNS_AHEAD):
            ahead = pairs[first : first + _RUNS_AHEAD]
            for start, end in ahead:
                self.fetch(int(self.index[start]), int(self.index[end - 1]))
            for start, end in ahead:
                result[place : place + end - start] = self.read(self.index[start:end])
                place += end - start
        return result

    def tensor_split(self, n_parts: int) -> list["TableRows"]:
        """Return ``n_parts`` slices, unread."""
        places = np.array_split(np.arange(len(self)), n_parts)
        return [self[part[0] : part[-1] + 1] for part in places]

    def new_zeros(self, shape: tuple[int, ...]) -> torch.Tensor:
        """Return zeros of the dtype and on the device of the rows."""
        return self.like.new_zeros(shape)

    def corrupted(self, noise: Corruption, generator: torch.Generator) -> "TableRows":
        """Return the same with noise, the same one whenever a part is read."""
        seed = int(torch.randint(2**31, (), generator=generator))

        def corrupt(rows: torch.Tensor, first: int) -> torch.Tensor:
            drawn = torch.Generator(device="cpu").manual_seed(seed + first)
            with user_code.random_state:
                return noise(rows, drawn)

        return self._of(self.index, self.first, corrupt)

    def _of(self, index: np.ndarray, first: int, corrupt: Any) -> "TableRows":
        return TableRows(
            *(self.read, index, self.like, self.shape[1]),
            first=first,
            run=self.run,
            fetch=self.fetch,
            corrupt=corrupt,
        )


def mean_row(wanted: TableRows, weight: torch.Tensor | None) -> torch.Tensor:
    """Return the mean of all rows, (n_features,), whose weights are 1 on average."""
    total, start = wanted.new_zeros(wanted.shape[1:]), 0
    for part in wanted.tensor_split(wanted.n_parts):
        rows, end = part[...], start + len(part)
        total += rows.sum(0) if weight is None else weight[start:end] @ rows
        start = end
    return total / len(wanted)
