"""What a fit computes, as nodes: the road X -> code -> X_hat."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._numpy import NumpyAutoencoder
from ._activations import LINK_INVERSES, activated
from ._graph import Graph
from ._graph_table import columns_in, columns_out

__all__ = ["decoded", "encoded"]


def encoded(
    graph: Graph, fit: NumpyAutoencoder, given: Sequence[str], dtype: str = "float32"
) -> str:
    """Add what ``transform`` computes of ``given``; codes are float32.

    Of numbers ``given`` is one name, of rows in ``dtype``; of tables with levels a name
    per column.
    """
    ways = _ways(graph, fit, "encoder", *columns_in(graph, fit, given, dtype))
    code = activated(graph, fit.settings["code_activation"], _total(graph, ways))
    code = graph.add("MatMul", code, _float32(fit.arrays["axes.weight"]))
    return graph.add("Add", code, _float32(fit.arrays["axes.bias"]))


def decoded(graph: Graph, fit: NumpyAutoencoder, code: str) -> list[str]:
    """Add what ``inverse_transform`` computes of ``code``, in float32.

    Return one name, or of tables with levels a name per column.
    """
    code = graph.add("Sub", code, _float32(fit.arrays["axes.bias"]))
    code = graph.add("MatMul", code, _float32(fit.arrays["axes.inverse_weight"]))
    ways = _ways(graph, fit, "decoder", code, code)
    spread, link = fit.arrays["decoder.spread"], fit.settings["output_activation"]
    if np.any(spread != 1):
        ways = [graph.add("Mul", way, _float32(spread)) for way in ways]
    if fit.settings["crosses_link"]:
        ways = [LINK_INVERSES[link](graph, ways[0]), *ways[1:]]
    return columns_out(graph, fit, activated(graph, link, _total(graph, ways)))


def _ways(graph: Graph, fit: NumpyAutoencoder, half: str, blocks: str, x: str) -> list[str]:
    """Add the linear skip of ``blocks`` and the hidden layers of ``x``, if any."""
    sizes, ways = fit.settings[f"{half}_sizes"], []
    if fit.settings["linear_skip"]:
        ways.append(_dense(graph, fit, f"{half}.skip", blocks))
    if sizes is not None:
        for i in range(len(sizes)):
            x = _dense(graph, fit, f"{half}.{i}", x)
            x = activated(graph, fit.settings["activation"], x)
        ways.append(_dense(graph, fit, f"{half}.{len(sizes)}", x))
    return ways


def _dense(graph: Graph, fit: NumpyAutoencoder, layer: str, x: str) -> str:
    weight, bias = fit.arrays[f"{layer}.weight"], fit.arrays[f"{layer}.bias"]
    return graph.add("Gemm", x, _float32(weight), _float32(bias), transB=1)


def _total(graph: Graph, ways: list[str]) -> str:
    return ways[0] if len(ways) == 1 else graph.add("Add", *ways)


def _float32(array: Any) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float32)
