"""Autoencoders as scikit-learn estimators."""

from typing import TYPE_CHECKING

from ._version import __version__

__all__ = [
    "AutoencoderTransformer",
    "CodeDisplay",
    "CodePlaneDisplay",
    "ConvergenceError",
    "DenoisingAutoencoder",
    "DominantColumnWarning",
    "LoadingsDisplay",
    "LossCurveDisplay",
    "NumpyAutoencoder",
    "ReconstructionDisplay",
    "ScreeDisplay",
    "SharedTrainingError",
    "VariationalAutoencoder",
    "__version__",
    "load",
    "register_onnx",
    "shared_training",
]

if TYPE_CHECKING:
    from ._autoencoder import AutoencoderTransformer
    from ._denoising import DenoisingAutoencoder
    from ._displays import (
        CodeDisplay,
        CodePlaneDisplay,
        LoadingsDisplay,
        LossCurveDisplay,
        ReconstructionDisplay,
        ScreeDisplay,
    )
    from ._export._file import load
    from ._export._skl2onnx import register_onnx
    from ._numpy import NumpyAutoencoder
    from ._sklearn._validation import DominantColumnWarning
    from ._training import ConvergenceError, SharedTrainingError, shared_training
    from ._variational import VariationalAutoencoder
else:
    # Imported at their first use, so that NumpyAutoencoder needs no torch. Type checkers
    # read the branch above: of a __getattr__ they would take every name for known.
    _HOMES = {
        "AutoencoderTransformer": "._autoencoder",
        "ConvergenceError": "._training",
        "DenoisingAutoencoder": "._denoising",
        "DominantColumnWarning": "._sklearn._validation",
        "NumpyAutoencoder": "._numpy",
        "SharedTrainingError": "._training",
        "VariationalAutoencoder": "._variational",
        "load": "._export._file",
        "register_onnx": "._export._skl2onnx",
        "shared_training": "._training",
        **{name: "._displays" for name in __all__ if name.endswith("Display")},
    }

    from threading import RLock as _RLock

    _importing = _RLock()

    def __getattr__(name):
        from importlib import import_module

        if name != "nn" and name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # One thread after the other: of two that import parts of a circle each may meet
        # what the other has half imported.
        with _importing:
            if name == "nn":  # as if it had been imported with the package
                return import_module(".nn", __name__)
            value = getattr(import_module(_HOMES[name], __name__), name)
            return globals().setdefault(name, value)

    def __dir__():
        return sorted({*__all__, "nn", *(n for n in globals() if n.startswith("__"))})
