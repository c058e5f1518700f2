"""What estimators write for other programs."""

from typing import TYPE_CHECKING, Literal

from sklearn.utils.validation import check_is_fitted

from ._fitted import Fitted

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["ExportMixin"]


class ExportMixin:
    """Methods that give a fit away."""

    _fitted: Fitted

    def to_onnx(
        self, part: Literal["encode", "decode", "reconstruct"] = "encode"
    ) -> "ModelProto":
        """Return a part of the fit as a model of ONNX, for runtimes without Python.

        The model takes and gives float32 in the units of ``fit``, any number of samples.
        It needs onnx, as the extra ``onnx`` has it. ``sklearn_ae.register_onnx`` is for
        pipelines.

        Parameters
        ----------
        part : {"encode", "decode", "reconstruct"}, default="encode"
            "encode": what ``transform`` computes, from "X" to "codes". "decode": what
            ``inverse_transform`` computes, from "codes" to "X_hat". "reconstruct": both,
            from "X" to "X_hat".

        Returns
        -------
        model : onnx.ModelProto
            ``onnx.save(model, path)`` writes it to a file.

        Raises
        ------
        NotFittedError
            The estimator is not fitted.
        ValueError
            ``part`` is invalid; or the fit cannot be written as ONNX: it has an
            ``encoder`` or ``decoder`` of your own, or had categories or missing cells.
        ImportError
            onnx is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_ae import AutoencoderTransformer
        >>> X = np.random.RandomState(0).normal(size=(100, 4))
        >>> model = AutoencoderTransformer(n_components=2, max_iter=2).fit(X).to_onnx()
        >>> [output.name for output in model.graph.output]
        ['codes']
        """
        from ._export import to_onnx

        check_is_fitted(self)
        return to_onnx(self._fitted, part, getattr(self, "feature_names_in_", None))
