"""A fitted estimator as one file of safetensors: arrays, and JSON in its header."""

import hashlib
import json
import os
import re
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._autoencoder import AutoencoderTransformer
from .._denoising import DenoisingAutoencoder
from .._numpy import check_is_file, replace_file
from .._plain import from_plain
from .._plain_types import check_fields
from .._sklearn._versioned import warn_of_version
from .._variational import VariationalAutoencoder
from .._version import __version__
from ._checks import OTHERS, check_sizes, check_use
from ._parameters import (
    parameter,
    plain_parameters,
    plain_part,
    plain_requests,
    set_requests,
)

__all__ = ["load", "save"]

_FORMAT = 1
_KEY = "sklearn_ae"  # of the JSON in the header
_ESTIMATORS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (AutoencoderTransformer, DenoisingAutoencoder, VariationalAutoencoder)
}
_DIGEST = "sha256"  # of what is in the file, so that damage is seen
_MOST_FORMATS, _MOST_TOLD = 1000, 300
_MOST_NESTED = 100  # dictionaries and lists in each other; ours are at most ten


def save(estimator: Any, path: str | os.PathLike) -> None:
    """Write a fitted estimator to ``path``; see ``BaseAutoencoder.save``."""
    check_is_fitted(estimator)
    kind = type(estimator)
    if _ESTIMATORS.get(kind.__name__) is not kind:
        raise ValueError(
            f"save of a {kind.__name__}, a class of your own; expected "
            f"{', '.join(_ESTIMATORS)}, which load knows. Use joblib.dump."
        )
    content = _content(estimator, _safetensors("save"))
    replace_file(path, lambda file: file.write(content))


def _content(estimator: Any, safetensors: Any) -> bytes:
    """Return what is to be in a file, or raise ValueError if load could not read it."""
    tensors: dict[str, np.ndarray] = {}
    kept: dict[int, tuple[str, np.ndarray]] = {}

    def keep(array: np.ndarray) -> dict[str, str]:
        # An array that two parts share is stored once. It is held, so that no other one
        # gets its id.
        name, _ = kept.setdefault(id(array), (f"array {len(kept)}", array))
        tensors[name] = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
        return {"$": "array", "name": name}

    others = {name: vars(estimator)[name] for name in OTHERS if name in vars(estimator)}
    header = {
        "format": _FORMAT,
        "version": __version__,
        "estimator": type(estimator).__name__,
        "parameters": plain_parameters(estimator, keep),
        "requests": plain_requests(estimator),
        "fitted": plain_part("what is fitted", estimator._fitted, keep),
        "others": plain_part("the table of the fit", others, keep),
    }
    text = json.dumps(header, allow_nan=False)
    try:
        _build(json.loads(text), lambda plain: tensors[plain["name"]])
    except Exception as error:
        raise ValueError(
            f"{type(estimator).__name__} cannot be saved, since load would fail "
            f"({_told(error)}); expected parameters that fit takes, and columns of numbers "
            "and text. Use joblib.dump, or fit again."
        ) from error
    about = {_KEY: text, _DIGEST: _digest(text, tensors)}
    return safetensors.numpy.save(tensors, about)


def load(path: str | os.PathLike) -> Any:
    """Return the estimator that ``save`` wrote to a file, fitted as it was.

    The file holds numbers and text, and loading it runs no code: a file from an untrusted
    source can at worst raise ValueError, or contain a useless estimator.

    Parameters
    ----------
    path : str or path-like
        A file that ``save`` of an estimator wrote.

    Returns
    -------
    estimator : AutoencoderTransformer, DenoisingAutoencoder or VariationalAutoencoder
        Its parameters, what was fitted, and the output of ``set_output``.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ImportError
        The package safetensors is not installed.
    ValueError
        The file was not written by ``save``, was changed, or is of a newer version.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import sklearn_ae
    >>> X = np.random.RandomState(0).rand(100, 4)
    >>> ae = sklearn_ae.AutoencoderTransformer(2, max_iter=2, random_state=0).fit(X)
    >>> path = tempfile.mkdtemp() + "/ae.safetensors"
    >>> ae.save(path)
    >>> bool((sklearn_ae.load(path).transform(X) == ae.transform(X)).all())
    True
    """
    safetensors = _safetensors("load")
    check_is_file(path)
    try:
        header, take = _read(path, safetensors)
    except Exception as error:  # damaged files fail in many places
        raise _no_file_of_ours(path, _told(error)) from error
    if header["format"] > _FORMAT:
        raise ValueError(
            f"{os.fsdecode(path)!r} has format {header['format']}, written by sklearn_ae "
            f"{header['version']}; expected at most {_FORMAT}, which version {__version__} "
            "reads. Install the version that wrote it, or a newer one."
        )
    try:
        estimator = _build(header, take)
    except Exception as error:  # as above
        raise _no_file_of_ours(path, _told(error)) from error
    warn_of_version(estimator, header["version"])
    return estimator


def _read(path: Any, safetensors: Any) -> tuple[dict[str, Any], Any]:
    """Return the JSON of a file, and a function that returns its arrays."""
    with safetensors.safe_open(os.fsdecode(path), framework="numpy") as file:
        about = file.metadata() or {}
        if _KEY not in about:
            raise ValueError(f"its header has no {_KEY!r}")
        text = about[_KEY]
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if about.get(_DIGEST) != _digest(text, tensors):
        raise ValueError("it was changed or damaged, by its checksum")
    header = json.loads(text)
    _check_nesting(header)
    if type(header["format"]) is not int or not 0 < header["format"] < _MOST_FORMATS:
        raise ValueError("its format is no number of ours")
    if not re.fullmatch(r"[\w.+-]{1,40}", header["version"]):
        raise ValueError("its version is none")
    return header, lambda plain: tensors[plain["name"]]


def _digest(text: str, tensors: dict[str, np.ndarray]) -> str:
    """Return a checksum of all that is in a file."""
    total = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        total.update(f"{name} {tensors[name].dtype.str} {tensors[name].shape}".encode())
        total.update(np.ascontiguousarray(tensors[name]).tobytes())
    return total.hexdigest()


def _check_nesting(plain: Any) -> None:
    """Raise ValueError for more lists and dictionaries in each other than a fit has."""
    level, depth = [plain], 0
    while level:
        depth += 1
        if depth > _MOST_NESTED:
            raise ValueError("its parts are nested too deeply")
        inner = [x for x in level if isinstance(x, list | dict)]
        level = [
            x for part in inner for x in (part.values() if isinstance(part, dict) else part)
        ]


def _build(header: dict[str, Any], take: Any) -> Any:
    parameters = {
        name: parameter(plain, take) for name, plain in header["parameters"].items()
    }
    estimator = _ESTIMATORS[header["estimator"]](**parameters)
    estimator._validate_params()
    fitted = from_plain(header["fitted"], take, check_fields)
    others = from_plain(header["others"], take, check_fields)
    check_sizes(fitted, others)
    vars(estimator).update(others)
    estimator = estimator._with(fitted)
    set_requests(estimator, header["requests"])
    check_use(estimator)
    return estimator


def _no_file_of_ours(path: Any, why: str) -> ValueError:
    return ValueError(
        f"{os.fsdecode(path)!r} cannot be loaded ({why}); expected a file that save of an "
        "estimator wrote, unchanged. Save it again from the fitted estimator; files of "
        "joblib and pickle are for joblib.load."
    )


def _told(error: Exception) -> str:
    """Return what an error says, but not all of what a file of a stranger says in it."""
    return f"{type(error).__name__}: {error}"[:_MOST_TOLD]


def _safetensors(what: str) -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            f"{what} needs the package safetensors, which is not installed; expected it "
            "beside sklearn_ae. Install it by python -m pip install safetensors, or use "
            "joblib."
        ) from error
    return safetensors
