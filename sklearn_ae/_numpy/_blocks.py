"""Rows of a table to what the layers take, and what they give to rows, in numpy.

Rows are (n_rows, n_columns): a number in the network's units, the index of a level, or NaN
where a cell is missing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ._holes import FillHoles
from ._layout import Layout

__all__ = ["TableInput", "TableOutput"]


class TableInput:
    """From rows to blocks, and to what the layers see; ``sklearn_ae.nn.TableInput``.

    Parameters
    ----------
    settings : dict
    arrays : dict of ndarray
    dtype : numpy dtype
        That of the rows.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        dtype: np.dtype,
    ):
        self._layout = layout = Layout(settings)
        self._fill = FillHoles(arrays) if settings["rank"] else None
        self._dtype = dtype
        if not layout.n_levels:
            return
        self._centre, self._size = (
            arrays[f"table.{name}"].astype(dtype) for name in ("centre", "size")
        )
        widths = [layout.n_numbers, *(layout.n_levels[j] for j in layout.indicated)]
        self._starts = np.cumsum(widths)[:-1]
        self._owners = np.array(layout.owners, dtype=np.intp)
        # The last line is of a missing level, whose index is -1.
        self._embeddings = [
            (j, np.pad(arrays[f"table.embeddings.{i}"].astype(dtype), ((0, 1), (0, 0))))
            for i, j in enumerate(layout.embedded)
        ]

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the blocks with holes filled, and what the layers see."""
        holes = np.isnan(x)
        blocks, is_hole, embedded = x, holes, []
        if self._layout.n_levels:
            is_hole = holes[:, self._owners]
            blocks = self._spread(x, holes)
            embedded = [
                table[np.where(holes[:, j], -1, x[:, j]).astype(np.intp)]
                for j, table in self._embeddings
            ]
        if self._fill is None:
            # Rows of the fit had no holes: nothing is known but the mean.
            blocks[is_hole] = 0
            seen = [blocks, *embedded]
        else:
            blocks = self._fill(blocks, is_hole)
            seen = [blocks, holes.astype(self._dtype), *embedded]
        return blocks, np.hstack(seen) if len(seen) > 1 else blocks

    def _spread(self, x: np.ndarray, holes: np.ndarray) -> np.ndarray:
        """Return numbers and indicators, (n_rows, n_blocks); of holes any value."""
        layout = self._layout
        blocks = np.zeros((len(x), layout.n_blocks), self._dtype)
        blocks[:, : layout.n_numbers] = x[:, layout.numbers]
        if layout.indicated:
            level = np.where(holes, 0, x)[:, layout.indicated].astype(np.intp)
            blocks[np.arange(len(x))[:, np.newaxis], level + self._starts] = 1
        blocks -= self._centre
        blocks /= self._size
        return blocks


class TableOutput:
    """From what the layers give to rows: numbers, and the most likely level."""

    def __init__(self, settings: Mapping[str, Any]):
        self._layout = layout = Layout(settings)
        self._logits, self._numbers = layout.logits, layout.numbers

    def __call__(self, output: np.ndarray) -> np.ndarray:
        """Return rows, (n_rows, n_columns), of what the layers give, (n_rows, n_out)."""
        rows = np.empty((len(output), self._layout.n_columns), output.dtype)
        rows[:, self._numbers] = output[:, : len(self._numbers)]
        for j, places in self._logits:
            rows[:, j] = output[:, places].argmax(axis=1)
        return rows
