"""Activations by name, and their inverses as links, in numpy.

They are those of ``sklearn_ae.nn``. An activation may overwrite its input, and may
overflow in a branch that is not taken.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

__all__ = ["ACTIVATIONS", "LINK_INVERSES"]

Function = Callable[[np.ndarray], np.ndarray]

# The same distances and numbers of steps as in sklearn_ae.nn: results have to be the same.
_MARGIN, _NEWTON_STEPS = 1e-3, 12
_LINEAR_FROM = 20.0  # where torch's softplus becomes the identity

# Quotients of polynomials, highest power first, from the library Cephes of S. L. Moshier:
# of erf(x) / x up to 1, and of erfc(x) exp(x²) above. Right to the last digits of float64.
_ERF = (
    (
        *(9.60497373987051638749e0, 9.00260197203842689217e1),
        *(2.23200534594684319226e3, 7.00332514112805075473e3),
        5.55923013010394962768e4,
    ),
    (
        *(1.0, 3.35617141647503099647e1, 5.21357949780152679795e2),
        *(4.59432382970980127987e3, 2.26290000613890934246e4),
        4.92673942608635921086e4,
    ),
)
_ERFC = (
    (
        *(2.46196981473530512524e-10, 5.64189564831068821977e-1),
        *(7.46321056442269912687e0, 4.86371970985681366614e1),
        *(1.96520832956077098242e2, 5.26445194995477358631e2),
        *(9.34528527171957607540e2, 1.02755188689515710272e3),
        5.57535335369399327526e2,
    ),
    (
        *(1.0, 1.32281951154744992508e1, 8.67072140885989742329e1),
        *(3.54937778887819891062e2, 9.75708501743205489753e2),
        *(1.82390916687909736289e3, 2.24633760818710981792e3),
        *(1.65666309194161350182e3, 5.57535340817727675546e2),
    ),
)


def _logistic(x: np.ndarray) -> np.ndarray:
    # In place: new arrays would cost more than the sums of small layers.
    np.exp(np.negative(x, out=x), out=x)
    x += 1
    return np.divide(1, x, out=x)


def _silu(x: np.ndarray) -> np.ndarray:
    below = np.negative(x)
    np.exp(below, out=below)
    below += 1
    return np.divide(x, below, out=x)


def _quotient(parts: Sequence[Sequence[float]], x: np.ndarray) -> np.ndarray:
    above, below = (_polynomial(part, x) for part in parts)
    return np.divide(above, below, out=above)


def _polynomial(coefficients: Sequence[float], x: np.ndarray) -> np.ndarray:
    # In place, as everything here that runs per value of wide layers.
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += coefficient
    return total


def _erf(x: np.ndarray) -> np.ndarray:
    """Return the error function of ``x``, which numpy has not."""
    # From 6 on it is 1 to all digits; the powers of larger values could overflow.
    size = np.minimum(np.abs(x), 6)
    square = size * size
    near = size * _quotient(_ERF, square)
    far = 1 - np.exp(-square) * _quotient(_ERFC, size)
    return np.copysign(np.where(size < 1, near, far), x)


def _normal_share(x: np.ndarray) -> np.ndarray:
    """Return the share of a standard normal density that lies below ``x``."""
    return (1 + _erf(x * math.sqrt(0.5))) / 2


def _gelu(x: np.ndarray) -> np.ndarray:
    return np.multiply(x, _normal_share(x), out=x)


def _elu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(x))


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.where(x > _LINEAR_FROM, x, np.log1p(np.exp(x)))


ACTIVATIONS: dict[str, Function] = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0, out=x),
    "silu": _silu,
    "gelu": _gelu,
    "elu": _elu,
    "tanh": lambda x: np.tanh(x, out=x),
    "logistic": _logistic,
    "softplus": _softplus,
}


def _inverse_logistic(x: np.ndarray) -> np.ndarray:
    x = x.clip(_MARGIN, 1 - _MARGIN)
    return np.log(x / (1 - x))


def _inverse_softplus(x: np.ndarray) -> np.ndarray:
    x = np.maximum(x, _MARGIN)
    # log(exp(x) - 1) would overflow for large x; this form does not.
    return x + np.log(-np.expm1(-x))


def _inverse_elu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.log1p(x.clip(_MARGIN - 1, 0)))


def _silu_slope(x: np.ndarray) -> np.ndarray:
    s = _logistic(x.copy())
    return s * (1 + x * (1 - s))


def _gelu_slope(x: np.ndarray) -> np.ndarray:
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return _normal_share(x) + x * density


def _inverse_by_newton(name: str, slope: Function, lowest: float, x: np.ndarray):
    """Invert an activation that increases from ``lowest`` on, as sklearn_ae.nn does."""

    def activation(point: np.ndarray) -> np.ndarray:
        return ACTIVATIONS[name](point.copy())

    wanted = np.maximum(x, activation(np.full(1, lowest, x.dtype)))
    point = wanted + 0.5
    for _ in range(_NEWTON_STEPS):
        point = np.maximum(point - (activation(point) - wanted) / slope(point), lowest)
    return point + (wanted - activation(point)) / slope(point)


LINK_INVERSES: dict[str, Function] = {
    "tanh": lambda x: np.arctanh(x.clip(_MARGIN - 1, 1 - _MARGIN)),
    "logistic": _inverse_logistic,
    "softplus": _inverse_softplus,
    "elu": _inverse_elu,
    "silu": partial(_inverse_by_newton, "silu", _silu_slope, -1.0),
    "gelu": partial(_inverse_by_newton, "gelu", _gelu_slope, -0.5),
}
