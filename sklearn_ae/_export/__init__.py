"""Fits for programs that have no sklearn_ae."""

from ._onnx import to_onnx
from ._skl2onnx import register_onnx

__all__ = ["register_onnx", "to_onnx"]
