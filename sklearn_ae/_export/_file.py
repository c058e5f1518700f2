"""A fitted estimator as one file of safetensors: arrays, and JSON in its header."""

import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from .._autoencoder import AutoencoderTransformer
from .._denoising import DenoisingAutoencoder
from .._plain import NotPlainError, from_plain, to_plain
from .._plain_types import check_fields
from .._sklearn._validation import warn_user
from .._sklearn._versioned import warn_of_version
from .._variational import VariationalAutoencoder
from .._version import __version__
from ._checks import OTHERS, check_sizes, check_use

__all__ = ["load", "save"]

_FORMAT = 1
_KEY = "sklearn_ae"  # of the JSON in the header
_ESTIMATORS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (AutoencoderTransformer, DenoisingAutoencoder, VariationalAutoencoder)
}
_LEAVES = str, int, float, type(None)
_MOST_NESTED = 100  # dictionaries and lists in each other; ours are at most ten


def save(estimator: Any, path: str | os.PathLike) -> None:
    """Write a fitted estimator to ``path``; see ``BaseAutoencoder.save``."""
    check_is_fitted(estimator)
    safetensors = _safetensors("save")
    tensors: dict[str, np.ndarray] = {}
    names: dict[int, str] = {}

    def keep(array: np.ndarray) -> dict[str, str]:
        # An array that two parts share is stored once.
        name = names.setdefault(id(array), f"array {len(names)}")
        tensors[name] = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
        return {"$": "array", "name": name}

    own = vars(estimator)
    others = {name: own[name] for name in OTHERS if name in own}
    header = {
        "format": _FORMAT,
        "version": __version__,
        "estimator": type(estimator).__name__,
        "parameters": _plain_parameters(estimator, keep),
        "fitted": _plain("what is fitted", estimator._fitted, keep),
        "others": _plain("the table of the fit", others, keep),
    }
    text = json.dumps(header, allow_nan=False)
    _replace(Path(path), safetensors.numpy.save(tensors, {_KEY: text}))


def load(path: str | os.PathLike) -> Any:
    """Return the estimator that ``save`` wrote to a file, fitted as it was.

    The file holds numbers and text, and loading it runs nothing that is in it: a file from
    a stranger can at worst raise ValueError, or hold an estimator that is of no use.

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
    path = Path(path)
    # A pipe or a device would be read without end.
    if not stat.S_ISREG(path.stat().st_mode):
        raise _no_file_of_ours(path, "it is no regular file")
    try:
        header, take = _read(path, safetensors)
    except ValueError:
        raise
    except Exception as error:  # damaged files fail in many places
        raise _no_file_of_ours(path, f"{type(error).__name__}: {error}") from error
    if header["format"] > _FORMAT:
        raise ValueError(
            f"{str(path)!r} has format {header['format']}, written by sklearn_ae "
            f"{header['version']}; expected at most {_FORMAT}, which version {__version__} "
            "reads. Install the version that wrote it, or a newer one."
        )
    try:
        estimator = _estimator(header, take)
    except Exception as error:  # as above
        raise _no_file_of_ours(path, f"{type(error).__name__}: {error}") from error
    warn_of_version(estimator, header["version"])
    return estimator


def _plain(name: str, value: Any, keep: Any) -> Any:
    try:
        return to_plain(value, keep)
    except NotPlainError as error:
        found = error.args[0]
        raise ValueError(
            f"{name} holds {found!r}, which a file of save has no form for; expected "
            "dtypes and labels of numbers and text. Use joblib.dump, or convert the "
            "column before the fit."
        ) from error


def _plain_parameters(estimator: Any, keep: Any) -> dict[str, Any]:
    parameters = {}
    for name, value in estimator.get_params(deep=False).items():
        try:
            parameters[name] = _plain_parameter(name, value, keep)
        except NotPlainError as error:
            raise ValueError(
                f"{name}={value!r} is code, or holds some, and a file of "
                f"{type(estimator).__name__}.save holds none; expected a name, a number or "
                "an array. Use joblib.dump, or set another value before the fit."
            ) from error
    return parameters


def _plain_parameter(name: str, value: Any, keep: Any) -> Any:
    if name == "callbacks" and value:
        warn_user(
            f"callbacks={value!r} are code, and a file of save holds none; expected None. "
            "They are left out: set them again after load, before the next fit.",
            UserWarning,
        )
        return None
    if isinstance(value, np.random.RandomState):
        kind, key, *rest = value.get_state(legacy=True)
        return {"$": "random state", "kind": kind, "key": keep(key), "rest": rest}
    own_name = getattr(value, "__name__", "")
    if isinstance(value, type) and vars(torch.optim).get(own_name) is value:
        return {"$": "optimizer", "name": own_name}
    return to_plain(value, keep)


def _parameter(plain: Any, take: Any) -> Any:
    kind = plain.get("$") if isinstance(plain, dict) else None
    if kind == "random state":
        random_state = np.random.RandomState()
        random_state.set_state((plain["kind"], take(plain["key"]), *plain["rest"]))
        return random_state
    if kind == "optimizer":
        found = vars(torch.optim)[plain["name"]]
        if not (isinstance(found, type) and issubclass(found, torch.optim.Optimizer)):
            raise KeyError(plain["name"])
        return found
    return from_plain(plain, take)


def _read(path: Path, safetensors: Any) -> tuple[dict[str, Any], Any]:
    """Return the JSON of a file, and a function that returns its arrays."""
    with safetensors.safe_open(path, framework="numpy") as file:
        text = (file.metadata() or {}).get(_KEY)
        if text is None:
            raise _no_file_of_ours(path, f"its header has no {_KEY!r}")
        header = json.loads(text)
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    _check_nesting(header)
    if type(header["format"]) is not int or header["format"] < 1:
        raise _no_file_of_ours(path, f"its format is {header['format']!r}")
    if type(header["version"]) is not str:
        raise _no_file_of_ours(path, f"its version is {header['version']!r}")
    return header, lambda plain: tensors[plain["name"]]


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


def _estimator(header: dict[str, Any], take: Any) -> Any:
    parameters = {
        name: _parameter(plain, take) for name, plain in header["parameters"].items()
    }
    estimator = _ESTIMATORS[header["estimator"]](**parameters)
    estimator._validate_params()
    fitted = from_plain(header["fitted"], take, check_fields)
    others = from_plain(header["others"], take, check_fields)
    check_sizes(fitted, others)
    vars(estimator).update(others)
    estimator = estimator._with(fitted)
    check_use(estimator)
    return estimator


def _no_file_of_ours(path: Path, why: str) -> ValueError:
    return ValueError(
        f"{str(path)!r} cannot be loaded ({why}); expected a file that save of an "
        "estimator wrote, unchanged. Save it again from the fitted estimator; files of "
        "joblib and pickle are for joblib.load."
    )


def _replace(path: Path, content: bytes) -> None:
    """Write a file at once: what was there stays until all of the new one is on disk."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:  # Ctrl-C too
        beside.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the new name is on disk too, once the folder is
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


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
