"""Activations and inverses of links as nodes; nn/_activations.py has them in torch."""

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._graph import Graph

__all__ = ["LINK_INVERSES", "activated"]

# As in nn/_activations.py, whose names are private to torch's side.
_MARGIN = 1e-3
_NEWTON_STEPS = 12


def activated(graph: "Graph", name: str, x: str) -> str:
    """Add the activation ``name`` of ``x``; return the name of its output."""
    return _ACTIVATIONS[name](graph, x)


def _silu(graph: "Graph", x: str) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x))


def _gelu(graph: "Graph", x: str) -> str:
    # Exact, as torch's default: ONNX has a node of its own only from opset 20 on.
    return graph.add("Mul", x, _normal_distribution(graph, x))


def _normal_distribution(graph: "Graph", x: str) -> str:
    erf = graph.add("Erf", graph.add("Mul", x, math.sqrt(0.5)))
    return graph.add("Mul", graph.add("Add", erf, 1.0), 0.5)


_ACTIVATIONS: dict[str, Callable[["Graph", str], str]] = {
    "identity": lambda graph, x: x,
    "relu": lambda graph, x: graph.add("Relu", x),
    "silu": _silu,
    "gelu": _gelu,
    "elu": lambda graph, x: graph.add("Elu", x),
    "tanh": lambda graph, x: graph.add("Tanh", x),
    "logistic": lambda graph, x: graph.add("Sigmoid", x),
    "softplus": lambda graph, x: graph.add("Softplus", x),
}


def _inverse_tanh(graph: "Graph", x: str) -> str:
    return graph.add("Atanh", graph.add("Clip", x, _MARGIN - 1, 1 - _MARGIN))


def _inverse_logistic(graph: "Graph", x: str) -> str:
    x = graph.add("Clip", x, _MARGIN, 1 - _MARGIN)
    return graph.add("Log", graph.add("Div", x, graph.add("Sub", 1.0, x)))


def _inverse_softplus(graph: "Graph", x: str) -> str:
    x = graph.add("Max", x, _MARGIN)
    # x + log(1 - exp(-x)). ONNX has no expm1, and the difference would lose digits for
    # small x; with t = tanh(x / 2) it is 2 t / (1 + t).
    t = graph.add("Tanh", graph.add("Mul", x, 0.5))
    share = graph.add("Div", graph.add("Add", t, t), graph.add("Add", t, 1.0))
    return graph.add("Add", x, graph.add("Log", share))


def _inverse_elu(graph: "Graph", x: str) -> str:
    # One of the two is 0: above 0 the logarithm, below 0 the relu.
    low = graph.add("Log", graph.add("Add", graph.add("Clip", x, _MARGIN - 1, 0.0), 1.0))
    return graph.add("Add", graph.add("Relu", x), low)


def _silu_slope(graph: "Graph", x: str) -> str:
    s = graph.add("Sigmoid", x)
    bend = graph.add("Mul", x, graph.add("Sub", 1.0, s))
    return graph.add("Mul", s, graph.add("Add", bend, 1.0))


def _gelu_slope(graph: "Graph", x: str) -> str:
    power = graph.add("Mul", graph.add("Mul", x, x), -0.5)
    density = graph.add("Mul", graph.add("Exp", power), 1 / math.sqrt(2 * math.pi))
    bend = graph.add("Mul", x, density)
    return graph.add("Add", _normal_distribution(graph, x), bend)


def _inverse_by_newton(
    activation: Callable, slope: Callable, end: tuple[float, float], graph: "Graph", x: str
) -> str:
    """Invert what increases from ``end``, an input and its value, on."""
    lowest, least = end
    x = graph.add("Max", x, least)
    point = graph.add("Add", x, 0.5)
    # Written out: a loop of ONNX would be a graph of its own, for a rare output.
    for _ in range(_NEWTON_STEPS + 1):
        wrong = graph.add("Sub", activation(graph, point), x)
        step = graph.add("Div", wrong, slope(graph, point))
        point = graph.add("Max", graph.add("Sub", point, step), lowest)
    return point


# Where the increasing branches begin: silu near -1.28, gelu near -0.75, a bit above.
_END_OF_SILU = -1.0, -1 / (1 + math.e)
_END_OF_GELU = -0.5, -0.25 * (1 + math.erf(-0.5 * math.sqrt(0.5)))

LINK_INVERSES: dict[str, Callable[["Graph", str], str]] = {
    "tanh": _inverse_tanh,
    "logistic": _inverse_logistic,
    "softplus": _inverse_softplus,
    "elu": _inverse_elu,
    "silu": partial(_inverse_by_newton, _silu, _silu_slope, _END_OF_SILU),
    "gelu": partial(_inverse_by_newton, _gelu, _gelu_slope, _END_OF_GELU),
}
