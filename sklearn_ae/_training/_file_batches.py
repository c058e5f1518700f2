"""Batches of rows in a file that memory may have no room for."""

import math
from collections.abc import Iterator
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import torch

from ._ranks import Ranks
from ._table_rows import TableRows

if TYPE_CHECKING:
    from ._loop import Rows

__all__ = ["file_batches"]

_MOST_IN_WINDOW = 2**23  # cells that are shuffled together, 32 MiB in float32


def file_batches(
    rows: "Rows",
    n_batches: int,
    generator: torch.Generator,
    *,
    n_passes: int = 1,
    ranks: Ranks | None = None,
) -> Iterator[tuple]:
    """Yield (x, target, weight), as ``batches`` does; the file is read once in each pass.

    Rows that are drawn one by one from all of a file that memory has no room for make the
    system read megabytes for each. So runs of rows are drawn, some hundred of them are read
    into a window, and rows are drawn from it: every batch has rows from hundreds of places
    of the file. (As the shuffle buffers of tf.data and WebDataset, over interleaved parts.)
    """
    size, n_larger = divmod(n_passes * len(rows.x), n_batches)
    sizes = chain(repeat(size + 1, n_larger), repeat(size, n_batches - n_larger))
    size, left = next(sizes), None
    for _ in range(n_passes):
        for window in _windows(rows, generator):
            if left is not None:  # too few for a batch
                window = _joined(left, window)  # noqa: PLW2901
            order = torch.randperm(len(window.x), generator=generator, device="cpu")
            order, start = order.to(window.x.device), 0
            while 0 < size <= len(order) - start:
                index = order[start : start + size]
                yield window.batch(index if ranks is None else ranks.shard(index))
                start, size = start + size, next(sizes, 0)
            left = window.take(order[start:])


def _windows(rows: "Rows", generator: torch.Generator) -> Iterator["Rows"]:
    """Yield the rows of random runs, read into memory; every row is in one window."""
    table: TableRows = rows.x
    n_rows, n_cells = len(table), len(table) * table.shape[1]
    n_runs = math.ceil(n_rows / table.run)
    runs = torch.randperm(n_runs, generator=generator, device="cpu")
    for some in runs.tensor_split(math.ceil(n_cells / _MOST_IN_WINDOW)):
        starts = (some.sort().values * table.run).tolist()
        weight: Any = rows.weight
        if weight is not None:
            weight = torch.cat([weight[start : start + table.run] for start in starts])
        target = None if rows.target is None else rows.target.read_runs(starts)
        yield rows._replace(x=table.read_runs(starts), target=target, weight=weight)


def _joined(first: "Rows", second: "Rows") -> "Rows":
    pairs: Any = zip(first, second, strict=True)
    return type(first)(*(None if a is None else torch.cat([a, b]) for a, b in pairs))
