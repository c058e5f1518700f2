"""Nodes and constants of what a fit computes: no torch, and no onnx yet.

The nodes are ONNX's by name. They are written from arrays, and not traced: what
traces a network may fix the number of rows that it saw.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["ELEMENT_TYPES", "End", "Graph", "Node"]

# ONNX's numbers of them, as the attribute of Cast has them; objects are strings.
ELEMENT_TYPES = {"float32": 1, "int64": 7, "object": 8, "bool": 9, "float64": 11}


class Node(NamedTuple):
    """One operation of ONNX, and the names of what it takes and gives.

    An attribute is a number, a list, or a Graph, which is the body of a loop.
    """

    kind: str
    inputs: list[str]
    output: str
    attributes: dict[str, Any]


class End(NamedTuple):
    """What a graph takes or gives: its name, its dtype, and its shape."""

    name: str
    dtype: str
    shape: Sequence[str | int]


class Graph:
    """Nodes in the order in which they are computed, and constants by name.

    Parameters
    ----------
    given : sequence of End
        What it takes. Nodes and constants get other names than these.
    around : Graph or None
        The graph in which this one is the body of a loop, and whose names it avoids.

    Examples
    --------
    >>> graph = Graph()
    >>> graph.add("Mul", "X", 2.0)
    'mul_0'
    >>> graph.constants
    {'constant_0': array(2., dtype=float32)}
    """

    def __init__(self, given: Sequence[End] = (), around: "Graph | None" = None) -> None:
        self.given, self.made = list(given), list[End]()
        self.nodes: list[Node] = []
        self.constants: dict[str, np.ndarray] = {}
        # Not the names that skl2onnx gives to the nodes around, either.
        self._prefix = "" if around is None else "in_loop_"
        self._taken: set[str] = set() if around is None else around._taken
        self._taken |= {end.name for end in given}

    def add(self, kind: str, *inputs: str | float | np.ndarray, **attributes: Any) -> str:
        """Append a node; return the name of its output.

        An input that is no name is a constant, in float32 unless it is an array.
        """
        names = [x if isinstance(x, str) else self._constant(x) for x in inputs]
        output = self.free(f"{self._prefix}{kind.lower()}_{len(self.nodes)}")
        self.nodes.append(Node(kind, names, output, attributes))
        return output

    def cast(self, x: str, dtype: str) -> str:
        """Append a conversion to ``dtype``."""
        return self.add("Cast", x, to=ELEMENT_TYPES[dtype])

    def columns(self, x: str, places: Sequence[int]) -> str:
        """Append a choice of columns, in this order."""
        return self.add("Gather", x, np.array(places, dtype=np.int64), axis=1)

    def make(self, x: str, end: End) -> None:
        """Let the output ``x`` of a node be what the graph gives, by the name of ``end``.

        No other node may take it.
        """
        (place,) = (i for i, node in enumerate(self.nodes) if node.output == x)
        self.nodes[place] = self.nodes[place]._replace(output=end.name)
        self.made.append(end)

    def free(self, name: str) -> str:
        """Return ``name``, with an underscore for each time it is taken; it then is."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def _constant(self, value: float | np.ndarray) -> str:
        name = self.free(f"{self._prefix}constant_{len(self.constants)}")
        # Of numbers: float64 would not go with the float32 of the other input.
        array = value if isinstance(value, np.ndarray) else np.float32(value)
        self.constants[name] = np.asarray(array)
        return name
