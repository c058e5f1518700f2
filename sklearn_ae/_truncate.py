"""A fit with fewer components than it was made with, without training."""

import re
from dataclasses import replace

import numpy as np

from ._fitted import Fitted

__all__ = ["truncated"]


def truncated(fitted: Fitted, n_components: int) -> Fitted:
    """Return ``fitted`` with the first components, the others at their mean or missing.

    For nested codes, and for linear results; of all others it raises ValueError.

    Parameters
    ----------
    fitted : Fitted
    n_components : int
        At most as many as there are.
    """
    _refuse_others(fitted, n_components)
    axes, back = fitted.arrays["axes.weight"], fitted.arrays["axes.inverse_weight"]
    first = axes[:, :n_components]
    # Components of the network that the first ones of the user are made of.
    places = np.flatnonzero((first != 0).any(axis=1))
    others = np.delete(back[:n_components], places, axis=1)
    # Others that move with the first are missing where codes are nested.
    if fitted.stays_linear and (len(places) > n_components or (others != 0).any()):
        fitted = _along_axes(fitted)
        axes, back, places = np.eye(len(axes)), np.eye(len(axes)), np.arange(n_components)
        first = axes[:, :n_components]
    arrays = dict(fitted.arrays)
    _cut_encoder(arrays, places)
    _cut_decoder(fitted, arrays, places)
    arrays["axes.weight"] = first[places]
    arrays["axes.inverse_weight"] = back[:n_components][:, places]
    arrays["axes.bias"] = arrays["axes.bias"][:n_components]
    choice = np.eye(len(axes))[:, places]
    return replace(
        fitted,
        architecture=replace(fitted.architecture, n_components=n_components),
        arrays=arrays,
        code_unit=fitted.code_unit[places],
        density=fitted.density.mapped(choice),
        code_variance=fitted.code_variance[places],
        code_mean=fitted.code_mean[places],
        axes_variance=fitted.axes_variance[:n_components].copy(),
        explained_ratio=fitted.explained_ratio[:n_components].copy(),
        n_parameters={name: arrays[name].size for name in fitted.n_parameters},
        _built={},
    )


def _refuse_others(fitted: Fitted, n_components: int) -> None:
    """Raise ValueError if the first components are no code."""
    architecture = fitted.architecture
    if "log_scale" in fitted.arrays:
        raise ValueError(
            f"truncate({n_components}) of a distribution over codes, whose noise level is "
            "that of all components; expected codes without one. Fit a "
            f"VariationalAutoencoder with n_components={n_components}, or use "
            "AutoencoderTransformer."
        )
    if architecture.has_own_layers or not (architecture.ordered or fitted.stays_linear):
        raise ValueError(
            f"truncate({n_components}) of {architecture.n_components} components that only "
            "go together; expected nested codes or a linear result. Fit with ordered=True, "
            "or as PCA with hidden_layer_sizes=() and loss='mse', or with "
            f"n_components={n_components}."
        )


def _along_axes(fitted: Fitted) -> Fitted:
    """Return a linear ``fitted`` whose network's codes are those that users see."""
    arrays = dict(fitted.arrays)
    axes, back = arrays["axes.weight"], arrays["axes.inverse_weight"]
    arrays["encoder.skip.weight"] = axes.T @ arrays["encoder.skip.weight"]
    arrays["encoder.skip.bias"] = arrays["encoder.skip.bias"] @ axes
    arrays["decoder.skip.weight"] = arrays["decoder.skip.weight"] @ back.T
    return replace(
        fitted,
        arrays=arrays,
        code_unit=np.ones_like(fitted.code_unit),
        density=fitted.density.mapped(axes),
        code_variance=fitted.axes_variance,
        code_mean=fitted.code_mean @ axes,
    )


def _cut_encoder(arrays: dict[str, np.ndarray], places: np.ndarray) -> None:
    """Let the encoder give the components at ``places`` alone."""
    numbers = [re.fullmatch(r"encoder\.layers\.(\d+)\.weight", name) for name in arrays]
    last = max((int(number[1]) for number in numbers if number), default=None)
    for layer in ("encoder.skip", f"encoder.layers.{last}"):
        if f"{layer}.weight" in arrays:
            for part in ("weight", "bias"):
                arrays[f"{layer}.{part}"] = arrays[f"{layer}.{part}"][places]


def _cut_decoder(fitted: Fitted, arrays: dict[str, np.ndarray], places) -> None:
    """Let the decoder take the components at ``places`` alone."""
    n_components = fitted.architecture.n_components
    left = np.setdiff1d(np.arange(n_components), places)
    if "decoder.layers.0.weight" in arrays:
        weight = arrays["decoder.layers.0.weight"]
        marks = weight[:, n_components:]
        absent = marks[:, left].sum(axis=1, dtype=np.float64)
        arrays["decoder.layers.0.bias"] = arrays["decoder.layers.0.bias"] + absent
        arrays["decoder.layers.0.weight"] = np.hstack([weight[:, places], marks[:, places]])
    if "decoder.skip.weight" in arrays:
        weight = arrays["decoder.skip.weight"]
        if fitted.stays_linear:  # else components that are missing are 0
            mean = weight[:, left] @ fitted.code_mean[left]
            arrays["decoder.skip.bias"] = arrays["decoder.skip.bias"] + mean
        arrays["decoder.skip.weight"] = weight[:, places]
