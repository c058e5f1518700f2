"""Settings and arrays of a fit, in the form that needs no torch."""

import re
from typing import Any

import numpy as np

from ._format import FORMAT
from ._functions import LINK_INVERSES
from ._layout import Layout
from ._numpy_autoencoder import NumpyAutoencoder
from ._table import DTYPES

__all__ = ["from_fitted"]


def from_fitted(
    fitted: Any, feature_names: Any = None, table: Any = None
) -> NumpyAutoencoder:
    """Return what is ``fitted`` as numpy arrays, or raise ValueError.

    Parameters
    ----------
    fitted : Fitted
    feature_names : array-like of str, or None
        Names of the columns, if the fit has any.
    table : Table or None
        What the columns are, if the fit has asked.
    """
    network = fitted.architecture
    _refuse_own_layers(network)
    n_components = network.n_components
    # A copy: whoever changes it changes no estimator.
    arrays = {name: np.array(array) for name, array in fitted.arrays.items()}
    given = {"encoder": _layers(arrays, "encoder"), "decoder": _layers(arrays, "decoder")}
    if given["encoder"]:
        # Of a distribution over codes the means, which come before the log deviations.
        given["encoder"][-1] = [part[:n_components] for part in given["encoder"][-1]]
    if given["decoder"]:
        # Nested codes have a mark per component for what is missing: here nothing is.
        weight, bias = given["decoder"][0]
        given["decoder"][0] = [weight[:, :n_components], bias]
    kept = {
        name: arrays[name] for name in ("axes.weight", "axes.inverse_weight", "axes.bias")
    }
    kept["decoder.spread"] = arrays["decoder.spread"]
    settings = _settings(network, given, arrays.get("decoder.crosses_link_flag", True))
    if feature_names is not None:
        settings["feature_names"] = [str(name) for name in feature_names]
    if table is not None and table.has_levels:
        settings["columns"] = _columns(table)
        if feature_names is None:
            settings["feature_names"] = _numbers(table.names)
    kept |= {name: arrays[f"encoder.{name}"] for name in Layout(settings).shapes}
    fill = "encoder.table.fill."
    kept |= {f"fill.{n[len(fill) :]}": arrays[n] for n in arrays if n.startswith(fill)}
    for half, layers in given.items():
        named = {str(i): layer for i, layer in enumerate(layers)}
        if network.linear_skip:
            named["skip"] = [arrays[f"{half}.skip.{part}"] for part in ("weight", "bias")]
        for place, (weight, bias) in named.items():
            kept |= {f"{half}.{place}.weight": weight, f"{half}.{place}.bias": bias}
    for dtype in ("float32", "float64"):
        kept[f"units_in.{dtype}"] = np.stack(fitted.columns.units(dtype))
        kept[f"units_out.{dtype}"] = np.stack(fitted.output_columns.units(dtype))
    return NumpyAutoencoder(settings, kept)


def _layers(arrays: dict[str, np.ndarray], half: str) -> list[list[np.ndarray]]:
    """Return weights and biases of the layers, from the first to the last."""
    # Activations and dropout between them have numbers too, so that some are left out.
    found = [re.fullmatch(rf"{half}\.layers\.(\d+)\.weight", name) for name in arrays]
    numbers = sorted(int(number[1]) for number in found if number)
    parts = "weight", "bias"
    return [[arrays[f"{half}.layers.{i}.{part}"] for part in parts] for i in numbers]


def _settings(network: Any, given: dict[str, list], flag: Any) -> dict[str, Any]:
    # What stayed linear has no layers in its arrays, whatever the parameters ask for.
    sizes: dict[str, Any] = {
        f"{half}_sizes": [len(bias) for _, bias in layers[:-1]] if layers else None
        for half, layers in given.items()
    }
    has_inverse = network.linear_skip and network.output_activation in LINK_INVERSES
    return {
        **sizes,
        "format": FORMAT,
        "n_features": int(network.n_features),
        "n_components": int(network.n_components),
        "linear_skip": bool(network.linear_skip),
        "activation": network.activation,
        "code_activation": network.code_activation,
        "output_activation": network.output_activation,
        "crosses_link": bool(has_inverse and flag),
        "rank": None if network.table is None else int(network.table.rank),
        "feature_names": None,
    }


def _refuse_own_layers(network: Any) -> None:
    """Raise ValueError for an encoder or a decoder of the user's."""
    for name in ("encoder", "decoder"):
        own = getattr(network, name)
        if own is not None:
            raise ValueError(
                f"{name}={own!r} is a network of your own; expected {name}=None, since "
                "only layers built here are known in numpy. Use torch.export.export of "
                f"net_.module_, or fit with {name}=None and hidden_layer_sizes."
            )


def _columns(table: Any) -> list[str | list]:
    """Return the levels of each column, or the dtype that its numbers are rounded to."""
    columns: list[str | list] = []
    for j, (levels, dtype) in enumerate(
        zip(table.levels, table.number_dtypes(), strict=True)
    ):
        if levels is not None:
            columns.append([_plain(level, table, j) for level in levels])
        else:
            columns.append(dtype.name if dtype.name in DTYPES else "float64")
    return columns


def _numbers(names: list | None) -> list[int] | None:
    """Return names of columns as integers, None if they are something else."""
    are_integers = all(
        isinstance(name, int | np.integer) and not isinstance(name, bool)
        for name in names or [None]
    )
    return [*map(int, names)] if names and are_integers else None


def _plain(level: Any, table: Any, j: int) -> Any:
    """Return a level as Python's text, boolean or number, or raise ValueError."""
    value = level.item() if isinstance(level, np.generic) else level
    for plain in (bool, int, float):
        if type(value) is plain:
            return value
    if isinstance(value, str):
        return str(value)
    name = j if table.names is None else repr(table.names[j])
    raise ValueError(
        f"The column {name} of the fit has levels of type {type(level).__name__}, such as "
        f"{level!r}; expected text, booleans, integers or floats, since others need the "
        "library that they are from. Turn the column into text with .astype(str), and fit "
        "again; or serve the estimator."
    )
