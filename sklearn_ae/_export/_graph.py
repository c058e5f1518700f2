"""What a fit computes, as a graph of plain nodes: no torch, and no onnx yet.

The nodes are ONNX's by name. They are written from arrays, and not traced: what
traces a network may fix the number of rows that it saw.
"""

from typing import Any, NamedTuple

import numpy as np

from .._numpy import NumpyAutoencoder
from ._activations import LINK_INVERSES, activated

__all__ = ["ELEMENT_TYPES", "Graph", "Node", "decoded", "encoded"]

# ONNX's numbers of them, as the attribute of Cast has them.
ELEMENT_TYPES = {"float32": 1, "float64": 11}


class Node(NamedTuple):
    """One operation of ONNX, and the names of what it takes and gives."""

    kind: str
    inputs: list[str]
    output: str
    attributes: dict[str, int]


class Graph:
    """Nodes in the order in which they are computed, and constants by name.

    Examples
    --------
    >>> graph = Graph()
    >>> graph.add("Mul", "X", 2.0)
    'mul_0'
    >>> graph.constants
    {'constant_0': array(2., dtype=float32)}
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.constants: dict[str, np.ndarray] = {}

    def add(self, kind: str, *inputs: str | float | np.ndarray, **attributes: int) -> str:
        """Append a node; return the name of its output.

        An input that is no name is a constant, in float32 unless it is an array.
        """
        names = [x if isinstance(x, str) else self._constant(x) for x in inputs]
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(Node(kind, names, output, attributes))
        return output

    def cast(self, x: str, dtype: str) -> str:
        """Append a conversion to ``dtype``."""
        return self.add("Cast", x, to=ELEMENT_TYPES[dtype])

    def _constant(self, value: float | np.ndarray) -> str:
        name = f"constant_{len(self.constants)}"
        # Of numbers: float64 would not go with the float32 of the other input.
        array = value if isinstance(value, np.ndarray) else np.float32(value)
        self.constants[name] = np.asarray(array)
        return name


def encoded(graph: Graph, fit: NumpyAutoencoder, x: str, dtype: str = "float32") -> str:
    """Add what ``transform`` computes of ``x``, rows in ``dtype``; codes are float32."""
    x = _into_units(graph, fit.arrays[f"units_in.{dtype}"], x, dtype)
    ways = _ways(graph, fit, "encoder", x)
    code = activated(graph, fit.settings["code_activation"], _total(graph, ways))
    code = graph.add("MatMul", code, _float32(fit.arrays["axes.weight"]))
    return graph.add("Add", code, _float32(fit.arrays["axes.bias"]))


def decoded(graph: Graph, fit: NumpyAutoencoder, code: str) -> str:
    """Add what ``inverse_transform`` computes of ``code``; both are float32."""
    code = graph.add("Sub", code, _float32(fit.arrays["axes.bias"]))
    code = graph.add("MatMul", code, _float32(fit.arrays["axes.inverse_weight"]))
    ways = _ways(graph, fit, "decoder", code)
    spread, link = fit.arrays["decoder.spread"], fit.settings["output_activation"]
    if np.any(spread != 1):
        ways = [graph.add("Mul", way, _float32(spread)) for way in ways]
    if fit.settings["crosses_link"]:
        ways = [LINK_INVERSES[link](graph, ways[0]), *ways[1:]]
    x_hat = activated(graph, link, _total(graph, ways))
    return _out_of_units(graph, fit.arrays["units_out.float32"], x_hat)


def _ways(graph: Graph, fit: NumpyAutoencoder, half: str, x: str) -> list[str]:
    """Add the linear skip and the hidden layers of a half, those that there are."""
    sizes, ways = fit.settings[f"{half}_sizes"], []
    if fit.settings["linear_skip"]:
        ways.append(_dense(graph, fit, f"{half}.skip", x))
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


def _float32(array: Any) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float32)
