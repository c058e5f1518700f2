"""What a fit computes, as a graph of plain nodes: no torch, and no onnx yet.

The nodes are ONNX's by name. They are written from the fitted arrays, and not traced: what
traces a network may fix the number of rows that it saw.
"""

from typing import Any, NamedTuple

import numpy as np

from .._columns import Scaler
from .._fitted import Fitted
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


def encoded(graph: Graph, fitted: Fitted, x: str, dtype: str = "float32") -> str:
    """Add what ``transform`` computes of ``x``, rows in ``dtype``; codes are float32."""
    arrays, made_of = fitted.arrays, fitted.architecture
    x = _into_units(graph, fitted.columns, x, dtype)
    # Of distributions over codes, the first half of the outputs are the means: the codes.
    widths = made_of.n_features, made_of.n_components
    ways = _ways(graph, fitted, "encoder", x, widths)
    code = activated(graph, made_of.code_activation, _total(graph, ways))
    code = graph.add("MatMul", code, _float32(arrays["axes.weight"]))
    return graph.add("Add", code, _float32(arrays["axes.bias"]))


def decoded(graph: Graph, fitted: Fitted, code: str) -> str:
    """Add what ``inverse_transform`` computes of ``code``; both are float32."""
    arrays, made_of = fitted.arrays, fitted.architecture
    code = graph.add("Sub", code, _float32(arrays["axes.bias"]))
    code = graph.add("MatMul", code, _float32(arrays["axes.inverse_weight"]))
    # Nested codes have marks of those that are missing, which are zeros here: without the
    # columns of the marks the first layer gives the same.
    widths = made_of.n_components, made_of.n_features
    ways = _ways(graph, fitted, "decoder", code, widths)
    spread = arrays.get("decoder.spread", np.ones(1))
    if np.any(spread != 1):
        ways = [graph.add("Mul", way, _float32(spread)) for way in ways]
    link = made_of.output_activation
    if crosses_link(fitted):
        ways = [LINK_INVERSES[link](graph, ways[0]), *ways[1:]]
    x_hat = activated(graph, link, _total(graph, ways))
    return _out_of_units(graph, fitted.output_columns, x_hat)


def crosses_link(fitted: Fitted) -> bool:
    """Return whether the decoder's skip passes through the inverse of the link."""
    has_inverse = fitted.architecture.output_activation in LINK_INVERSES
    flag = fitted.arrays.get("decoder.crosses_link_flag", True)
    return has_inverse and "decoder.skip.weight" in fitted.arrays and bool(flag)


def _ways(
    graph: Graph, fitted: Fitted, half: str, x: str, widths: tuple[int, int]
) -> list[str]:
    """Add the linear skip and the hidden layers of a half, those that there are."""
    arrays, ways = fitted.arrays, []
    n_in: int | None
    n_in, n_out = widths
    if f"{half}.skip.weight" in arrays:
        ways.append(_dense(graph, arrays, f"{half}.skip", x))
    layers = _layers(arrays, half)  # none of what stayed linear
    for layer in layers[:-1]:
        x = _dense(graph, arrays, layer, x, (n_in, None))
        x, n_in = activated(graph, fitted.architecture.activation, x), None
    for layer in layers[-1:]:
        ways.append(_dense(graph, arrays, layer, x, (n_in, n_out)))
    return ways


def _layers(arrays: dict[str, np.ndarray], half: str) -> list[str]:
    """Return the names of the dense layers of a half, first to last."""
    start, end = f"{half}.layers.", ".weight"
    names = [name for name in arrays if name.startswith(start) and name.endswith(end)]
    # By number, since "10" would come before "2".
    numbers = sorted(int(name.removeprefix(start).removesuffix(end)) for name in names)
    return [f"{start}{number}" for number in numbers]


def _dense(
    graph: Graph,
    arrays: dict[str, np.ndarray],
    layer: str,
    x: str,
    widths: tuple[int | None, int | None] = (None, None),
) -> str:
    """Add a dense layer, with its first inputs and outputs; None: with all of them."""
    n_in, n_out = widths
    weight, bias = arrays[f"{layer}.weight"][:n_out, :n_in], arrays[f"{layer}.bias"][:n_out]
    return graph.add("Gemm", x, _float32(weight), _float32(bias), transB=1)


def _total(graph: Graph, ways: list[str]) -> str:
    return ways[0] if len(ways) == 1 else graph.add("Add", *ways)


def _into_units(graph: Graph, columns: Scaler, x: str, dtype: str) -> str:
    *offsets, scale = columns.units(dtype)
    if scale.dtype != dtype:  # the range of float32 is too small
        x, dtype = graph.cast(x, "float64"), "float64"
    # One after the other: in float32 the sum of two offsets has the digits of one.
    for offset in offsets:
        x = graph.add("Sub", x, offset)
    x = graph.add("Div", x, scale)
    return x if dtype == "float32" else graph.cast(x, "float32")


def _out_of_units(graph: Graph, columns: Scaler, x: str) -> str:
    # Without a second offset, which is less than the last digit of the sum.
    offset, *_, scale = columns.units("float32")
    is_wide = scale.dtype == np.float64
    x = graph.cast(x, "float64") if is_wide else x
    x = graph.add("Add", graph.add("Mul", x, scale), offset)
    return graph.cast(x, "float32") if is_wide else x


def _float32(array: Any) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float32)
