"""A linear code, and the weights that the linear skips have for it."""

from dataclasses import dataclass

import numpy as np

__all__ = [
    "NO_SPREAD",
    "LinearCode",
    "decoder_start",
    "encoder_start",
    "known_decoder_start",
]

# A direction whose spread is below this share of the widest is noise of rounding.
NO_SPREAD = 1e-7

# Where a code activation is close to the identity: codes of unit variance are
# multiplied by the first number, then moved so that their least is the second.
_PLACES = {
    "relu": (1.0, 0.0),
    "elu": (1.0, 0.0),
    "silu": (1.0, 3.0),
    "gelu": (1.0, 2.0),
    "tanh": (0.25, None),
    "logistic": (0.5, None),
}


@dataclass(frozen=True)
class LinearCode:
    """code = projection @ (x - mean), uncorrelated, the widest first.

    Parameters
    ----------
    projection : ndarray of shape (n_components, n_features)
    mean : ndarray of shape (n_features,)
    spread : ndarray of shape (n_components,)
        Standard deviation of each code, none of them 0.
    way_back : ndarray of shape (n_features, n_components) or None
        From codes to the target, if that is known.
    target_mean : ndarray of shape (n_features,) or None
    """

    projection: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    way_back: np.ndarray | None = None
    target_mean: np.ndarray | None = None

    @classmethod
    def of(cls, projection, mean, spread, **way_back) -> "LinearCode":
        """Return a code whose ``spread`` has no zeros, which are roundings, left."""
        widest = spread[0] if spread[0] > 0 else 1.0
        spread = np.where(spread > NO_SPREAD * widest, spread, widest)
        return cls(projection, mean, spread, **way_back)

    @property
    def unit(self) -> np.ndarray:
        """What one unit of the network's codes is worth, (n_components,).

        Half of a code's spread, in proportion to the widest, goes into the encoder and
        half into the decoder. With all of it in one of them, the first steps of
        training would harm narrow codes or be lost on them.
        """
        return np.sqrt(self.spread[0] * self.spread)


def encoder_start(
    linear: LinearCode, X: np.ndarray, code_activation: str
) -> dict[str, np.ndarray]:
    """Return the encoder's linear skip, the widest code of unit size, weights by name.

    Parameters
    ----------
    linear : LinearCode
    X : ndarray of shape (n_samples, n_features)
        What the network sees.
    code_activation : str
        What the code passes through; codes are moved to where it is straightest.
    """
    unit = linear.unit if code_activation == "identity" else linear.spread
    weight = linear.projection / unit[:, np.newaxis]
    bias = -weight @ linear.mean
    if code_activation != "identity":
        factor, least = _PLACES[code_activation]
        weight, bias = factor * weight, factor * bias
        if least is not None:
            bias = bias + least - (X @ weight.T + bias).min(axis=0)
    return {"encoder.skip.weight": weight, "encoder.skip.bias": bias}


def known_decoder_start(linear: LinearCode) -> dict[str, np.ndarray]:
    """Return the decoder's linear skip that belongs to ``linear``, weights by name."""
    weight = linear.way_back * linear.unit
    return {"decoder.skip.weight": weight, "decoder.skip.bias": linear.target_mean}


def decoder_start(
    code: np.ndarray, target: np.ndarray, shrinkage: np.ndarray | float = 1.0
) -> dict[str, np.ndarray]:
    """Return the decoder's linear skip as the best affine map, weights by name.

    Parameters
    ----------
    code : ndarray of shape (n_samples, n_components)
        As the encoder makes them.
    target : ndarray of shape (n_samples, n_features)
        What should come out. If it is what went in, least squares gives PCA's own
        way back.
    shrinkage : float or ndarray of shape (n_components,)
        What the weights are multiplied by.
    """
    code_mean = code.mean(axis=0, dtype=np.float64)
    target_mean = target.mean(axis=0, dtype=np.float64)
    centred = code - code_mean
    weight = np.linalg.lstsq(centred.T @ centred, centred.T @ (target - target_mean))[0].T
    weight = weight * shrinkage
    bias = target_mean - weight @ code_mean
    return {"decoder.skip.weight": weight, "decoder.skip.bias": bias}
