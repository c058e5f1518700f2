"""Converters for skl2onnx, so that a pipeline becomes one model of ONNX."""

from typing import Any

from .._autoencoder import AutoencoderTransformer
from .._denoising import DenoisingAutoencoder
from .._numpy import from_fitted
from .._variational import VariationalAutoencoder
from ._graph import ELEMENT_TYPES, Graph
from ._graph_road import encoded
from ._onnx import attributes_of, refuse_categories, refuse_own_layers

__all__ = ["register_onnx"]


def register_onnx() -> None:
    """Let skl2onnx convert pipelines with the estimators of this package.

    Call it once, before ``skl2onnx.to_onnx`` or ``skl2onnx.convert_sklearn``. In a
    pipeline an estimator is converted as its ``transform``, so that the output is its
    codes. Missing cells of its input are NaN. A fit with categories is refused there, since
    the input of a step is one tensor.

    Raises
    ------
    ImportError
        skl2onnx is not installed.

    See Also
    --------
    AutoencoderTransformer.to_onnx : An estimator alone, which needs no skl2onnx.

    Examples
    --------
    >>> import sklearn_ae
    >>> sklearn_ae.register_onnx()
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise ImportError(
            f"Pipelines are converted by skl2onnx, which cannot be imported ({error}); "
            "expected skl2onnx 1.17 or later. Install it: python -m pip install skl2onnx."
        ) from error
    for kind in (AutoencoderTransformer, DenoisingAutoencoder, VariationalAutoencoder):
        name = f"SklearnAe{kind.__name__}"
        update_registered_converter(kind, name, _set_shape, _convert)


def _set_shape(operator: Any) -> None:
    """Tell skl2onnx the type and the shape of the codes."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    given = operator.inputs[0].type
    # As transform: float64 if the rows have it. Integers become float32, as skl2onnx has
    # it everywhere.
    kind = DoubleTensorType if isinstance(given, DoubleTensorType) else FloatTensorType
    shape = [operator.inputs[0].get_first_dimension(), operator.raw_operator.n_components_]
    operator.outputs[0].type = kind(shape)


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of ``transform``."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    estimator, given = operator.raw_operator, operator.inputs[0]
    fitted = estimator._fitted
    refuse_own_layers(fitted)
    refuse_categories(fitted, getattr(estimator, "feature_names_in_", None))
    graph, x = Graph(), given.onnx_name
    dtype = "float32" if isinstance(given.type, FloatTensorType) else "float64"
    is_wide = isinstance(given.type, DoubleTensorType)
    if dtype == "float64" and not is_wide:  # integers, which float32 might round
        x = graph.cast(x, dtype)
    codes = encoded(graph, from_fitted(fitted), [x], dtype)
    if is_wide:
        codes = graph.cast(codes, dtype)
    # Another autoencoder in the pipeline has the same names.
    names = {codes: operator.outputs[0].full_name}
    for name in (*graph.constants, *(node.output for node in graph.nodes)):
        names.setdefault(name, scope.get_unique_variable_name(name))
    for name, array in graph.constants.items():
        number = ELEMENT_TYPES[str(array.dtype)]
        container.add_initializer(names[name], number, array.shape, array.ravel())
    for node in graph.nodes:
        container.add_node(
            node.kind,
            [names.get(name, name) for name in node.inputs],
            names[node.output],
            name=scope.get_unique_operator_name(node.kind),
            **attributes_of(node),
        )
