"""A fit as a model of ONNX, which runtimes without Python can serve."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._columns import Table
from .._fitted import Fitted
from .._numpy import Layout, NumpyAutoencoder, from_fitted
from .._version import __version__
from ._graph import ELEMENT_TYPES, End, Graph, Node
from ._graph_road import decoded, encoded
from ._graph_table import dtype_of

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = [
    "attributes_of",
    "domain_of",
    "import_onnx",
    "model_of",
    "refuse_categories",
    "refuse_own_layers",
    "to_onnx",
]

# Not the latest, which the runtimes of servers may not know yet: 17 is of 2022.
_OPSET, _IR_VERSION = 17, 8
_DOMAIN_OF_LEVELS, _OPSET_OF_LEVELS = "ai.onnx.ml", 3

_PARTS = "encode", "decode", "reconstruct"
_MOST_NAMED = 5  # columns in a message


def import_onnx() -> Any:
    """Return onnx; raise an error that says how to install it."""
    # Not at the top of the file: onnx is an optional dependency.
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            f"to_onnx writes with onnx, which cannot be imported ({error}); expected onnx "
            "1.16 or later. Install it: python -m pip install onnx."
        ) from error
    return onnx


def to_onnx(
    fitted: Fitted, part: str, names: Any = None, table: Table | None = None
) -> "ModelProto":
    """Return ``part`` of ``fitted`` as a model of ONNX in float32.

    ``names`` are those of the columns, or None; ``table`` is what they are, if the fit has
    asked. ValueError for what has no graph.
    """
    if not isinstance(part, str) or part not in _PARTS:
        raise ValueError(
            f"part={part!r} is none of a fit; expected 'encode', 'decode' or "
            "'reconstruct'. Pass part='encode' for what transform computes."
        )
    refuse_own_layers(fitted)
    fit = from_fitted(fitted, names, table)
    given, made = _ends(fit, part)
    graph = Graph(given)
    x = [end.name for end in given]
    if part != "decode":
        x = [encoded(graph, fit, x)]
    if part != "encode":
        x = decoded(graph, fit, x[0])
    for name, end in zip(x, made, strict=True):
        graph.make(name, end)
    return model_of(graph, part)


def _ends(fit: NumpyAutoencoder, part: str) -> tuple[list[End], list[End]]:
    """Return what the model takes and what it gives."""
    width, n_codes = fit.n_features_in_, fit.n_components_
    codes = [End("codes", "float32", ["n_samples", n_codes])]
    given, made = ([End(x, "float32", ["n_samples", width])] for x in ("X", "X_hat"))
    if Layout(fit.settings).n_levels:
        # Columns may be called "a" and "a_hat", or "codes".
        free = Graph().free
        columns = _columns(fit)
        given = [end._replace(name=free(end.name)) for end in columns]
        codes = [codes[0]._replace(name=free("codes"))]
        made = [end._replace(name=free(f"{end.name}_hat")) for end in columns]
    return (codes if part == "decode" else given), (codes if part == "encode" else made)


def _columns(fit: NumpyAutoencoder) -> list[End]:
    """Return the columns of a table with levels, or raise ValueError."""
    columns = fit.settings["columns"]
    names = fit.settings["feature_names"] or [""] * len(columns)
    # Integers are no names in ONNX, and an empty name stands for nothing.
    names = [
        name if name and isinstance(name, str) else f"x{j}" for j, name in enumerate(names)
    ]
    dtypes = [dtype_of(column) for column in columns]
    wrong = [repr(name) for name, dtype in zip(names, dtypes, strict=True) if not dtype]
    if wrong:
        raise ValueError(
            f"The columns {_some(wrong)} of the fit have levels of more than one type, or "
            "numbers that ONNX cannot distinguish; expected text alone, booleans alone, or "
            "integers of 64 bits or floats of 32. Turn these columns into text with "
            ".astype(str), and fit again; or serve to_numpy()."
        )
    return [
        End(name, str(dtype), ["n_samples", 1])
        for name, dtype in zip(names, dtypes, strict=True)
    ]


def _some(names: list[str]) -> str:
    more = ", ..." if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def model_of(graph: Graph, name: str) -> "ModelProto":
    """Return a model that computes ``graph``."""
    onnx = import_onnx()
    helper = onnx.helper
    domains = [helper.make_opsetid("", _OPSET)]
    if any(domain_of(node) for node in graph.nodes):
        domains.append(helper.make_opsetid(_DOMAIN_OF_LEVELS, _OPSET_OF_LEVELS))
    return helper.make_model(
        graph_of(graph, name),
        opset_imports=domains,
        ir_version=_IR_VERSION,
        producer_name="sklearn_ae",
        producer_version=__version__,
    )


def graph_of(graph: Graph, name: str) -> Any:
    """Return ``graph`` as onnx has it; the body of a loop is one too."""
    onnx = import_onnx()
    helper = onnx.helper
    given, made = (
        [
            helper.make_tensor_value_info(end.name, ELEMENT_TYPES[end.dtype], end.shape)
            for end in ends
        ]
        for ends in (graph.given, graph.made)
    )
    nodes = [
        helper.make_node(
            node.kind,
            node.inputs,
            [node.output],
            node.output,
            domain=domain_of(node),
            **attributes_of(node),
        )
        for node in graph.nodes
    ]
    constants = [
        onnx.numpy_helper.from_array(np.asarray(array), label)
        for label, array in graph.constants.items()
    ]
    return helper.make_graph(nodes, name, given, made, constants)


def domain_of(node: Node) -> str:
    """Return where ONNX defines the node."""
    return _DOMAIN_OF_LEVELS if node.kind == "LabelEncoder" else ""


def attributes_of(node: Node) -> dict[str, Any]:
    """Return the attributes of a node, bodies of loops as onnx has them."""
    return {
        name: graph_of(value, node.output) if isinstance(value, Graph) else value
        for name, value in node.attributes.items()
    }


def refuse_own_layers(fitted: Fitted) -> None:
    """Raise ValueError for networks of the user's."""
    made_of = fitted.architecture
    own = [half for half in ("encoder", "decoder") if getattr(made_of, half) is not None]
    if own:
        raise ValueError(
            f"{' and '.join(own)} of your own cannot be written as ONNX from arrays; "
            "expected encoder=None and decoder=None. Set hidden_layer_sizes instead, or "
            "export the torch module: torch.export.export takes net_.module_."
        )


def refuse_categories(fitted: Fitted, names: Any = None) -> None:
    """Raise ValueError for columns of levels, which a step of a pipeline cannot take."""
    table = fitted.architecture.table
    places = table.categories if table else []
    if places:
        told = _some([repr(j if names is None else str(names[j])) for j in places])
        raise ValueError(
            f"The fit had categories in the columns {told}, and a step of a pipeline is "
            "given one tensor; expected columns of numbers. Let steps before encode them, "
            "as OneHotEncoder does; or convert the estimator alone, with its to_onnx."
        )
