"""The road X -> code -> X_hat in one dtype, as products and sums of numpy."""

from collections.abc import Mapping
from functools import reduce
from operator import iadd
from typing import Any

import numpy as np

from ._blocks import TableInput, TableOutput
from ._functions import ACTIVATIONS, LINK_INVERSES
from ._layout import Layout

__all__ = ["Road"]

Layer = tuple[np.ndarray, np.ndarray]


class Road:
    """What a fitted network computes, its arrays in one dtype.

    The order of all operations is that of ``sklearn_ae.nn``, so that both round alike.

    Parameters
    ----------
    settings : dict
        See _format.
    arrays : dict of ndarray
        Of the names and shapes that _format expects for these settings.
    dtype : {"float32", "float64"}
    """

    def __init__(
        self, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray], dtype: str
    ):
        # Units keep their own dtype: the range of float32 may be too small for them.
        self._units_in = list(arrays[f"units_in.{dtype}"])
        offset, *_, scale = arrays[f"units_out.{dtype}"]
        self._units_out = offset, scale
        # Once and not per call; for small networks a cast takes as long as a product.
        cast = {name: array.astype(dtype) for name, array in arrays.items()}
        hidden = ACTIVATIONS[settings["activation"]]
        self._encoder = _Half(cast, "encoder", settings["encoder_sizes"], hidden)
        self._decoder = _Half(cast, "decoder", settings["decoder_sizes"], hidden)
        self._bend_code = ACTIVATIONS[settings["code_activation"]]
        link = settings["output_activation"]
        self._is_linear, self._link = link == "identity", ACTIVATIONS[link]
        self._inverse = LINK_INVERSES[link] if settings["crosses_link"] else None
        self._spread = cast["decoder.spread"]
        self._table = self._to_columns = None
        if settings["rank"] is not None:
            self._table = TableInput(settings, arrays, np.dtype(dtype))
        if Layout(settings).n_levels:
            self._to_columns = TableOutput(settings)
        self._axes = cast["axes.weight"], cast["axes.bias"], cast["axes.inverse_weight"]
        self._dtype = np.dtype(dtype)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return the codes of rows, (n_rows, n_components)."""
        weight, bias, _ = self._axes
        code = self._to_code(x) @ weight
        code += bias
        return code

    def decode(self, code: np.ndarray) -> np.ndarray:
        """Return the rows of codes, (n_rows, n_features)."""
        _, bias, inverse_weight = self._axes
        return self._to_rows((code - bias) @ inverse_weight)

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Return the reconstructions of rows, (n_rows, n_features)."""
        # Not by way of the axes: whitening may divide by variances near zero.
        return self._to_rows(self._to_code(x))

    def _to_code(self, x: np.ndarray) -> np.ndarray:
        *offsets, scale = self._units_in
        x = x - offsets[0]  # a new array: X is the user's
        for rest in offsets[1:]:
            x -= rest
        x /= scale
        x = x.astype(self._dtype, copy=False)
        ways = (x, x) if self._table is None else self._table(x)
        return self._bend_code(reduce(iadd, self._encoder(*ways)))

    def _to_rows(self, code: np.ndarray) -> np.ndarray:
        parts = self._decoder(code, code)
        if self._is_linear:
            output = reduce(iadd, parts)
            output *= self._spread
        else:
            parts = [part * self._spread for part in parts]
            if self._inverse is not None:
                parts[0] = self._inverse(parts[0])
            output = self._link(reduce(iadd, parts))
        if self._to_columns is not None:
            output = self._to_columns(output)
        offset, scale = self._units_out
        output = output * scale
        output += offset
        return output.astype(self._dtype, copy=False)


class _Half:
    """An encoder or a decoder: a linear skip, layers, or both in parallel."""

    def __init__(
        self, arrays: Mapping[str, np.ndarray], name: str, sizes: list[int] | None, bend
    ):
        def layer(place: str) -> Layer:
            weight = arrays[f"{name}.{place}.weight"]
            return np.ascontiguousarray(weight.T), arrays[f"{name}.{place}.bias"]

        self.skip = layer("skip") if f"{name}.skip.weight" in arrays else None
        self.layers = (
            [] if sizes is None else [layer(str(i)) for i in range(len(sizes) + 1)]
        )
        self.bend = bend

    def __call__(self, blocks: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
        """Return what the skip makes of ``blocks``, and the layers of ``x``, if any."""
        parts = [] if self.skip is None else [_dense(blocks, self.skip)]
        if self.layers:
            for layer in self.layers[:-1]:
                x = self.bend(_dense(x, layer))
            parts.append(_dense(x, self.layers[-1]))
        return parts


def _dense(x: np.ndarray, layer: Layer) -> np.ndarray:
    weight, bias = layer
    x = x @ weight
    x += bias
    return x
