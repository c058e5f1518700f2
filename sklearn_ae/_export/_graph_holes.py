"""Missing cells filled by their mean under a normal density, as nodes.

With the covariance W W' + D and the observed cells o of a row, whose deviations from the
mean are y, the factors of the row solve

    (I + sum over o of w w' / d) f = sum over o of w y / d

and W f are the deviations of the cells that are missing. ONNX solves no systems, so it is
done by Gauss-Jordan elimination, in a loop. The matrix is positive definite: no pivoting
is needed.
"""

import numpy as np

from .._numpy import NumpyAutoencoder
from ._graph import End, Graph

__all__ = ["filled"]

# Of w w' / d of all columns, which a runtime holds: 256 MiB.
_MOST_SQUARES = 2**25


def filled(graph: Graph, fit: NumpyAutoencoder, blocks: str, is_hole: str) -> str:
    """Add what fills the holes of ``blocks``, (n_rows, n_blocks) in float32.

    ValueError for tables that are too wide.
    """
    # float32 lacks the digits of columns that nearly depend on each other.
    mean, W, noise = (
        fit.arrays[f"fill.{name}"].astype(np.float64)
        for name in ("mean", "loadings", "noise")
    )
    n_blocks, rank = W.shape
    _refuse_wide(n_blocks, rank)
    # A column without variance has no loadings: any noise leaves it at its mean.
    scaled = W / np.where(noise > 0, noise, 1.0)[:, np.newaxis]
    y = graph.add("Sub", graph.cast(blocks, "float64"), mean)
    y = graph.add("Where", is_hole, np.zeros(()), y)
    # Only rows with holes are solved for.
    n_holes = graph.cast(is_hole, "float32")
    n_holes = graph.add("ReduceSum", n_holes, np.array([1]), keepdims=0)
    rows = graph.add("NonZero", n_holes)
    rows = graph.add("Reshape", rows, np.array([-1]))
    known = graph.cast(graph.add("Not", graph.add("Gather", is_hole, rows)), "float64")
    # Multiplied when the model is loaded: the file stays small.
    squares = graph.add("Mul", W[:, :, np.newaxis], scaled[:, np.newaxis])
    squares = graph.add("Reshape", squares, np.array([n_blocks, rank**2]))
    systems = graph.add("MatMul", known, squares)
    systems = graph.add("Reshape", systems, np.array([-1, rank, rank]))
    systems = graph.add("Add", systems, np.eye(rank))
    right = graph.add("MatMul", graph.add("Gather", y, rows), scaled)
    right = graph.add("Unsqueeze", right, np.array([2]))
    both = graph.add("Concat", systems, right, axis=2)
    any_row = graph.add("Greater", graph.add("Size", rows), np.array(0))
    solved = graph.add(
        "Loop", np.array(rank), any_row, both, body=_elimination(graph, rank)
    )
    factors = graph.add("Gather", solved, np.array(rank), axis=2)
    found = graph.add("MatMul", factors, np.ascontiguousarray(W.T))
    places = graph.add("Unsqueeze", rows, np.array([1]))
    found = graph.add("ScatterND", y, places, graph.add("Add", found, mean))
    return graph.add("Where", is_hole, graph.cast(found, "float32"), blocks)


def _elimination(graph: Graph, rank: int) -> Graph:
    """Return a step of Gauss-Jordan: column ``step`` becomes one of the identity."""
    shape: list[str | int] = ["n_holed", rank, rank + 1]
    names = "step", "goes_on", "systems", "goes_on_too", "systems_after"
    step, goes_on, systems, goes_on_too, after = (graph.free(f"in_loop_{n}") for n in names)
    body = Graph(
        [
            End(step, "int64", []),
            End(goes_on, "bool", []),
            End(systems, "float64", shape),
        ],
        around=graph,
    )
    place = body.add("Reshape", step, np.array([1]))
    row = body.add("Gather", systems, place, axis=1)
    column = body.add("Gather", systems, place, axis=2)
    pivot = body.add("Gather", row, place, axis=2)
    wanted = body.add("Gather", np.eye(rank), place, axis=1)
    share = body.add("Div", body.add("Sub", column, wanted), pivot)
    less = body.add("Sub", systems, body.add("Mul", share, row))
    body.make(body.add("Identity", goes_on), End(goes_on_too, "bool", []))
    body.make(less, End(after, "float64", shape))
    return body


def _refuse_wide(n_blocks: int, rank: int) -> None:
    if n_blocks * rank**2 > _MOST_SQUARES:
        most = _MOST_SQUARES // rank**2
        raise ValueError(
            f"The fit had missing cells, and {n_blocks} numbers and indicators; expected "
            f"{most} at most, since a model that fills more takes too much memory. Let "
            "SimpleImputer fill them in a Pipeline, and fit again; or serve to_numpy()."
        )
