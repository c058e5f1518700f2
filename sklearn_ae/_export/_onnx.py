"""A fit as a model of ONNX, which runtimes without Python can serve."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._fitted import Fitted
from .._numpy import from_fitted
from .._version import __version__
from ._graph import ELEMENT_TYPES, Graph, decoded, encoded

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["import_onnx", "refuse_what_onnx_lacks", "to_onnx"]

# Not the latest, which the runtimes of servers may not know yet: 17 is of 2022.
_OPSET, _IR_VERSION = 17, 8

# Each part by name: what comes in, what goes out.
_PARTS = {
    "encode": ("X", "codes"),
    "decode": ("codes", "X_hat"),
    "reconstruct": ("X", "X_hat"),
}
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


def to_onnx(fitted: Fitted, part: str, names: Any = None) -> "ModelProto":
    """Return ``part`` of ``fitted`` as a model of ONNX in float32.

    ``names`` are those of the columns in errors, or None. ValueError for what has no graph.
    """
    if not isinstance(part, str) or part not in _PARTS:
        raise ValueError(
            f"part={part!r} is none of a fit; expected 'encode', 'decode' or "
            "'reconstruct'. Pass part='encode' for what transform computes."
        )
    refuse_what_onnx_lacks(fitted, names)
    given, made = _PARTS[part]
    graph, result, fit = Graph(), given, from_fitted(fitted)
    if part != "decode":
        result = encoded(graph, fit, result)
    if part != "encode":
        result = decoded(graph, fit, result)
    # By the name that users ask for.
    graph.nodes[-1] = graph.nodes[-1]._replace(output=made)
    widths = {"X": fit.n_features_in_, "codes": fit.n_components_}
    widths["X_hat"] = widths["X"]
    return _model(graph, part, (given, widths[given]), (made, widths[made]))


def _model(graph: Graph, name: str, *ends: tuple[str, int]) -> "ModelProto":
    """Return the model of ``graph``, whose ends are the names and widths of in and out."""
    onnx = import_onnx()
    helper, number = onnx.helper, ELEMENT_TYPES["float32"]
    given, made = (
        [helper.make_tensor_value_info(end, number, ["n_samples", width])]
        for end, width in ends
    )
    nodes = [
        helper.make_node(
            node.kind, node.inputs, [node.output], node.output, **node.attributes
        )
        for node in graph.nodes
    ]
    constants = [
        onnx.numpy_helper.from_array(np.asarray(array), label)
        for label, array in graph.constants.items()
    ]
    return helper.make_model(
        helper.make_graph(nodes, name, given, made, constants),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="sklearn_ae",
        producer_version=__version__,
    )


def refuse_what_onnx_lacks(fitted: Fitted, names: Any = None) -> None:
    """Raise ValueError for networks of the user's, and for levels and missing cells."""
    made_of = fitted.architecture
    own = [half for half in ("encoder", "decoder") if getattr(made_of, half) is not None]
    if own:
        raise ValueError(
            f"{' and '.join(own)} of your own cannot be written as ONNX from arrays; "
            "expected encoder=None and decoder=None. Set hidden_layer_sizes instead, or "
            "export the torch module: torch.export.export takes net_.module_."
        )
    if made_of.table is None:
        return
    places = made_of.table.categories
    told = [repr(j if names is None else str(names[j])) for j in places[:_MOST_NAMED]]
    more = ", ..." if len(places) > _MOST_NAMED else ""
    what = (
        f"categories in the columns {', '.join(told)}{more}" if places else "missing cells"
    )
    raise ValueError(
        f"The fit had {what}, which cannot be written as ONNX; expected complete columns "
        "of numbers. Let steps of a Pipeline encode and impute first, as OneHotEncoder and "
        "SimpleImputer do, and convert it with skl2onnx; or save the estimator with joblib."
    )
