"""Columns to what the layers take, and what they give to columns, as nodes.

Tables of numbers are one input and one output, (n_samples, n_features). Where there are
levels, every column is an input and an output, (n_samples, 1).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._numpy import Layout, NumpyAutoencoder
from ._graph import Graph
from ._graph_holes import filled

__all__ = ["columns_in", "columns_out", "dtype_of"]

Pair = tuple[str, str]


def columns_in(
    graph: Graph, fit: NumpyAutoencoder, given: Sequence[str], dtype: str
) -> Pair:
    """Add what the first layers take; return blocks for the skip, and what layers see."""
    layout = Layout(fit.settings)
    units = fit.arrays[f"units_in.{dtype}"]
    if layout.n_levels:
        return _mixed_in(graph, fit, layout, given)
    blocks = _into_units(graph, units, given[0], dtype)
    if fit.settings["rank"] is None:
        return blocks, blocks
    holes = graph.add("IsNaN", blocks)
    return _completed(graph, fit, blocks, (holes, holes), [])


def columns_out(graph: Graph, fit: NumpyAutoencoder, output: str) -> list[str]:
    """Add columns in the user's units; return one name, or a name per column of levels."""
    layout, units = Layout(fit.settings), fit.arrays["units_out.float32"]
    if not layout.n_levels:
        x_hat = _out_of_units(graph, units, output)
        return [_rounded(graph, fit, x_hat, range(layout.n_columns))]
    found = {}
    if layout.numbers:
        numbers = graph.columns(output, range(layout.n_numbers))
        numbers = _out_of_units(graph, units[:, layout.numbers], numbers)
        numbers = _rounded(graph, fit, numbers, layout.numbers)
        found = {j: graph.columns(numbers, [i]) for i, j in enumerate(layout.numbers)}
    for j, places in layout.logits:
        logits = graph.columns(output, range(places.start, places.stop))
        likeliest = graph.add("ArgMax", logits, axis=1, keepdims=1)
        levels = fit.settings["columns"][j]
        known = np.array(levels, dtype=dtype_of(levels))
        found[j] = graph.add("Gather", known, likeliest)
    return [found[j] for j in range(layout.n_columns)]


def dtype_of(column: str | list) -> str | None:
    """Return the dtype that ONNX has a column in; None for levels that it has not."""
    if isinstance(column, str):
        return "float32"
    types = set(map(type, column))
    if types == {str}:
        return "object"
    if types == {bool}:
        return "bool"
    if types == {int}:
        limits = np.iinfo(np.int64)
        return "int64" if limits.min <= min(column) <= max(column) <= limits.max else None
    largest = float(np.finfo(np.float32).max)
    if types <= {int, float} and all(abs(level) <= largest for level in column):
        single = np.array(column, dtype=np.float32)
        return "float32" if len(np.unique(single)) == len(column) else None
    return None


def _mixed_in(
    graph: Graph, fit: NumpyAutoencoder, layout: Layout, given: Sequence[str]
) -> Pair:
    """Add what ``columns_in`` does, of columns that are given one by one."""
    blocks, embedded, holes = [], [], {}
    if layout.numbers:
        numbers = graph.add("Concat", *(given[j] for j in layout.numbers), axis=1)
        units = fit.arrays["units_in.float32"][:, layout.numbers]
        blocks.append(_into_units(graph, units, numbers, "float32"))
        are_holes = graph.add("IsNaN", blocks[0])
        holes = {j: graph.columns(are_holes, [i]) for i, j in enumerate(layout.numbers)}
    for j, n in layout.n_levels.items():
        place = _places(graph, fit.settings["columns"][j], given[j])
        holes[j] = graph.add("Less", place, np.array(0))
        if j in layout.indicated:
            is_level = graph.add("Equal", place, np.arange(n))
            blocks.append(graph.cast(is_level, "float32"))
        else:
            table = fit.arrays[f"table.embeddings.{layout.embedded.index(j)}"]
            # Its last line, at -1, is of a missing level.
            table = np.pad(_float32(table), ((0, 1), (0, 0)))
            line = graph.add("Gather", table, graph.add("Reshape", place, np.array([-1])))
            embedded.append(line)
    every = graph.add("Concat", *(holes[j] for j in range(layout.n_columns)), axis=1)
    if not blocks:
        # Without blocks there is no skip, and nothing to fill.
        mask = [graph.cast(every, "float32")] if fit.settings["rank"] else []
        seen = graph.add("Concat", *mask, *embedded, axis=1)
        return seen, seen
    whole = graph.add("Concat", *blocks, axis=1)
    whole = graph.add("Sub", whole, _float32(fit.arrays["table.centre"]))
    whole = graph.add("Div", whole, _float32(fit.arrays["table.size"]))
    is_hole = graph.columns(every, layout.owners)
    return _completed(graph, fit, whole, (is_hole, every), embedded)


def _places(graph: Graph, levels: list, x: str) -> str:
    """Add the index of each cell among its levels, -1 where it is none."""
    dtype = dtype_of(levels)
    if dtype == "bool":
        x = graph.cast(x, "int64")
    kind = {"object": "strings", "float32": "floats"}.get(str(dtype), "int64s")
    keys: dict[str, Any] = {f"keys_{kind}": levels, "values_int64s": [*range(len(levels))]}
    if kind != "strings":
        number = float if kind == "floats" else int
        keys[f"keys_{kind}"] = [number(level) for level in levels]
    return graph.add("LabelEncoder", x, **keys, default_int64=-1)


def _completed(
    graph: Graph, fit: NumpyAutoencoder, blocks: str, holes: Pair, embedded: list[str]
) -> Pair:
    """Add what fills the holes; ``holes`` are those of the blocks, and of the columns."""
    is_hole, of_columns = holes
    if not fit.settings["rank"]:
        # Rows of the fit had no holes: nothing is known but the mean.
        blocks = graph.add("Where", is_hole, 0.0, blocks)
        seen = [blocks, *embedded]
    else:
        blocks = filled(graph, fit, blocks, is_hole)
        seen = [blocks, graph.cast(of_columns, "float32"), *embedded]
    return blocks, graph.add("Concat", *seen, axis=1) if len(seen) > 1 else blocks


def _into_units(graph: Graph, units: np.ndarray, x: str, dtype: str) -> str:
    *offsets, scale = units
    if scale.dtype != dtype:  # the range of float32 is too small
        x, dtype = graph.cast(x, "float64"), "float64"
    # One after the other: in float32 the sum of two offsets has the digits of one.
    for offset in offsets:
        x = graph.add("Sub", x, offset)
    x = graph.add("Div", x, scale)
    return x if dtype == "float32" else graph.cast(x, "float32")


def _out_of_units(graph: Graph, units: np.ndarray, x: str) -> str:
    # Without a second offset, which is less than the last digit of the sum.
    offset, *_, scale = units
    is_wide = scale.dtype == np.float64
    x = graph.cast(x, "float64") if is_wide else x
    x = graph.add("Add", graph.add("Mul", x, scale), offset)
    return graph.cast(x, "float32") if is_wide else x


def _rounded(graph: Graph, fit: NumpyAutoencoder, x: str, columns: Sequence[int]) -> str:
    """Add the rounding and the range of columns of integers and booleans, if any."""
    given = fit.settings.get("columns")
    dtypes = [np.dtype(given[j] if given and given[j] else "f8") for j in columns]
    is_whole = np.array([dtype.kind in "iub" for dtype in dtypes])
    if not is_whole.any():
        return x
    ends = [_ends(dtype) for dtype in dtypes]
    low, high = (_float32([end[i] for end in ends]) for i in (0, 1))
    x = graph.add("Where", is_whole, graph.add("Round", x), x)
    return graph.add("Min", graph.add("Max", x, low), high)


def _ends(dtype: np.dtype) -> tuple[float, float]:
    if dtype.kind == "b":
        return 0.0, 1.0
    if dtype.kind == "f":
        return -np.inf, np.inf
    return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)


def _float32(array: Any) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float32)
