"""Where the columns of a table are in what layers take, and in what they give."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

__all__ = ["Layout"]

# As in sklearn_ae.nn: columns of more levels are embedded in so many numbers.
_MOST_INDICATORS, _WIDTH_OF_EMBEDDING = 100, 16


class Layout:
    """Numbers, then an indicator of every level; embeddings of columns of many levels.

    What it holds does not grow with a width that settings only claim.

    Parameters
    ----------
    settings : dict
        See _format.

    Attributes
    ----------
    n_columns : int
    n_levels : dict of int
        Of each column of levels, by its position.

    Examples
    --------
    >>> layout = Layout({"n_features": 3, "rank": 2, "columns": ["int64", ["a", "b"], []]})
    >>> layout.numbers, layout.indicated, layout.n_blocks, layout.n_in
    ([0, 2], [1], 4, 7)
    """

    def __init__(self, settings: Mapping[str, Any]):
        self.n_columns: int = settings["n_features"]
        columns = settings.get("columns") or ()
        self.n_levels = {
            j: len(column)
            for j, column in enumerate(columns)
            if isinstance(column, list) and column
        }
        self._has_mask = bool(settings["rank"])
        self.n_numbers = self.n_columns - len(self.n_levels)

    @cached_property
    def numbers(self) -> list[int]:
        """Columns of numbers, those without any value among them."""
        return [j for j in range(self.n_columns) if j not in self.n_levels]

    @cached_property
    def indicated(self) -> list[int]:
        """Columns whose levels have an indicator each."""
        return [j for j, n in self.n_levels.items() if n <= _MOST_INDICATORS]

    @cached_property
    def embedded(self) -> list[int]:
        """Columns of many levels."""
        return [j for j, n in self.n_levels.items() if n > _MOST_INDICATORS]

    @property
    def owners(self) -> list[int]:
        """Column that each of the blocks' numbers belongs to."""
        return self.numbers + [j for j in self.indicated for _ in range(self.n_levels[j])]

    @property
    def n_blocks(self) -> int:
        """Width of numbers and indicators, which linear skips see."""
        return self.n_numbers + sum(self.n_levels[j] for j in self.indicated)

    @property
    def n_in(self) -> int:
        """Width of what the layers take: blocks, a mask of holes, embeddings."""
        mask = self.n_columns if self._has_mask else 0
        return self.n_blocks + mask + _WIDTH_OF_EMBEDDING * len(self.embedded)

    @property
    def n_out(self) -> int:
        """Width of what the layers give: numbers, and a logit of every level."""
        return self.n_numbers + sum(self.n_levels.values())

    @property
    def logits(self) -> list[tuple[int, slice]]:
        """Every column of levels, and where its logits are in what the layers give."""
        found, start = [], self.n_numbers
        for j, n in self.n_levels.items():
            found.append((j, slice(start, start + n)))
            start += n
        return found

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the arrays that only tables with levels have, by name."""
        if not self.n_levels:
            return {}
        units = dict.fromkeys(("table.centre", "table.size"), (self.n_blocks,))
        return units | {
            f"table.embeddings.{i}": (self.n_levels[j], _WIDTH_OF_EMBEDDING)
            for i, j in enumerate(self.embedded)
        }
