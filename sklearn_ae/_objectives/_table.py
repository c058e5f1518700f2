"""The linear start of a table: that of its blocks, and regressions of its levels."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .._columns import ScaledRows, log_frequencies
from .._linear import regress_level
from .._training import by_chunk, load_arrays
from ..nn import BottleneckNetwork
from ._objective import Start, StartProblem

if TYPE_CHECKING:
    from ._objective import Objective

__all__ = ["BlockRows", "start_of_table"]


class BlockRows:
    """Blocks of the rows of a table, which are computed when they are read.

    Parameters
    ----------
    network : BottleneckNetwork
        In float64.
    function : callable
        From rows, (n_rows, n_columns), to blocks, (n_rows, n_blocks).
    x : ScaledRows or ndarray of shape (n_samples, n_columns)
    """

    is_large = False  # as no table with levels or holes is

    def __init__(
        self, network: BottleneckNetwork, function: Callable, x: ScaledRows | np.ndarray
    ):
        self.network, self.function, self.x = network, function, x
        self.shape = x.shape[0], len(self[:1][0])
        self.weight = getattr(x, "weight", None)

    def __getitem__(self, rows) -> np.ndarray:
        return by_chunk(self.function, self.network, self.x[rows])


def start_of_table(
    objective: "Objective", problem: StartProblem, frequencies: Sequence[np.ndarray]
) -> Start:
    """Return the start that ``objective`` finds for the blocks, with logits of levels.

    Parameters
    ----------
    objective : Objective
    problem : StartProblem
        Of the rows of the table.
    frequencies : sequence of ndarray, one per column
        Frequencies of the levels; empty for numbers.
    """
    network, encoder = problem.network, problem.network.encoder
    load_arrays(network, {}, "float64")
    table = encoder.table
    layout = table.layout

    def blocks(rows):
        return BlockRows(network, table.blocks, rows)

    noisy = cache(lambda: blocks(problem.draw_noisy(problem.x)))
    of_blocks = replace(
        problem,
        x=blocks(problem.x),
        target=None if problem.target is None else blocks(problem.target),
        draw_noisy=lambda x: noisy(),  # of the rows of which x are the blocks
        moments=None,
        relative_scale=problem.relative_scale[layout.owners],
    )
    # To a linear start blocks are rows of numbers. The hidden layers, which add nothing
    # yet, ask for a mask and embeddings too.
    layers, encoder.layers, encoder.table = encoder.layers, None, None
    try:
        start = objective.linear_start(of_blocks)
        load_arrays(network, _of_encoder(start.weights), "float64")
        codes = by_chunk(encoder, network, noisy())
    finally:
        encoder.layers, encoder.table = layers, table
    if "encoder.log_std" in start.weights:
        normal = np.random.RandomState(problem.seed).normal(size=codes.shape)
        codes = codes + np.exp(start.weights["encoder.log_std"]) * normal
    _add_logits(start.weights, layout, codes, problem, frequencies)
    return start._replace(is_exact=False)


def _add_logits(weights, layout, codes, problem: StartProblem, frequencies) -> None:
    """Replace the decoder's way to indicators by logits, regressed on ``codes``."""
    n_numbers, shape = len(layout.numbers), (layout.n_out, codes.shape[1])
    weight, bias = np.zeros(shape), np.zeros(layout.n_out)
    weight[:n_numbers] = weights["decoder.skip.weight"][:n_numbers]
    bias[:n_numbers] = weights["decoder.skip.bias"][:n_numbers]
    for j, places in layout.logits():
        # Of many levels, which have no blocks, the start knows the frequencies.
        bias[places] = log_frequencies(frequencies[j])
        if j in layout.indicated:
            weight[places], bias[places] = regress_level(
                codes,
                problem.wanted[:][:, j],
                frequencies[j],
                problem.seed,
                problem.x.weight,
            )
    weights["decoder.skip.weight"], weights["decoder.skip.bias"] = weight, bias


def _of_encoder(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: w for name, w in weights.items() if name.startswith("encoder.")}
