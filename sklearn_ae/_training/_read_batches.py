"""Batches of a table as the first layer takes them: holes filled, other cells hidden."""

import math
from collections.abc import Iterator

import torch

from ..nn import Corruption, TableInput
from ._loop import Rows, batches
from ._ranks import Ranks
from ._recipe import Recipe
from ._user_code import user_code

__all__ = ["ReadBatches"]

# Numbers that are read at once, 64 MiB.
_MOST_READ = 2**24


class ReadBatches:
    """Reads rows before they are drawn, many at a time, and keeps what the noise lets keep.

    To fill the holes of a row takes longer than a step of training with it.

    Parameters
    ----------
    rows : Rows
    table : TableInput
        Without anything to learn.
    noise : Corruption or None
    generator : torch.Generator
    recipe : Recipe
    ranks : Ranks or None
        Processes that share each batch.
    """

    def __init__(
        self,
        rows: Rows,
        table: TableInput,
        noise: Corruption | None,
        generator: torch.Generator,
        recipe: Recipe,
        *,
        ranks: Ranks | None = None,
    ):
        self.rows, self.table, self.noise = rows, table, noise
        self.generator, self.recipe, self.ranks = generator, recipe, ranks
        n_read = recipe.n_passes * len(rows.x)
        self.n_parts = math.ceil(n_read * table.layout.n_in / _MOST_READ)
        n_epochs = recipe.max_iter if noise is None else noise.n_epochs
        self.n_epochs = n_epochs if self.n_parts == 1 else 1
        self.kept: list[Rows] = []
        self.age = 0

    def __iter__(self) -> Iterator[tuple]:
        """Give (input of a step, target, weight) for all rows, in a new random order."""
        if self.age % self.n_epochs == 0:
            self.kept.clear()
        self.age += 1
        for part in self.kept or self._read():
            given = part, self.recipe.batch_size, self.generator
            yield from batches(*given, ranks=self.ranks)

    @torch.no_grad()
    def _read(self) -> Iterator[Rows]:
        n_rows, x = len(self.rows.x), self.rows.x
        n_read = self.recipe.n_passes * n_rows
        if self.n_parts > 1:
            order = torch.randperm(n_read, generator=self.generator, device="cpu")
        else:
            order = torch.arange(n_read, device="cpu")  # shuffled when it is drawn
        for index in (order % n_rows).to(x.device).tensor_split(self.n_parts):
            part = self.rows.take(index)
            noisy = part.x
            if self.noise is not None:
                with user_code.random_state:
                    noisy = self.noise(part.x, self.generator)
            part = part._replace(x=self.table(noisy), target=part.wanted)
            if self.n_epochs > 1:
                self.kept.append(part)
            yield part
