"""Activation functions by name, and their inverses as links of a linear part."""

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["ACTIVATIONS", "LINK_INVERSES", "UNCROSSED", "output_link_inverse"]

# The names are MLPRegressor's where it has one ("logistic", not "sigmoid").
ACTIVATIONS = {
    "identity": nn.Identity,
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "logistic": nn.Sigmoid,
    "softplus": nn.Softplus,
}

# Distance from the bounds of the range to which a linear part is clipped before the link is
# inverted: small enough that the PCA reconstruction hardly changes, large enough that the
# gradient of the link does not vanish there.
_MARGIN = 1e-3


def _inverse_softplus(x: torch.Tensor) -> torch.Tensor:
    x = x.clamp(min=_MARGIN)
    # log(exp(x) - 1) would overflow for large x; this form does not.
    return x + torch.log(-torch.expm1(-x))


def _inverse_elu(x: torch.Tensor) -> torch.Tensor:
    # Clamped in the branch that is not taken too: its NaN would spoil the gradient.
    return torch.where(x > 0, x, torch.log1p(x.clamp(min=_MARGIN - 1, max=0)))


def _silu_slope(x: torch.Tensor) -> torch.Tensor:
    s = torch.sigmoid(x)
    return s * (1 + x * (1 - s))


def _gelu_slope(x: torch.Tensor) -> torch.Tensor:
    density = torch.exp(-x.square() / 2) / math.sqrt(2 * math.pi)
    return torch.special.ndtr(x) + x * density


def _inverse_by_newton(
    activation: Callable, slope: Callable, lowest: float, x: torch.Tensor
) -> torch.Tensor:
    """Invert an activation that increases from ``lowest`` on and is close to relu."""
    x = x.clamp(min=activation(x.new_tensor(lowest)).item())
    # Without gradients: the graph would have nodes for every iteration. The first guess is
    # half a unit above, since for positive values these activations are below the identity.
    wanted = x.detach()
    point = wanted + 0.5
    for _ in range(_NEWTON_STEPS):
        point = (point - (activation(point) - wanted) / slope(point)).clamp(min=lowest)
    # One more step with gradients, which gives the derivative of an inverse: 1 / slope.
    return point + (x - activation(point)) / slope(point)


# Newton's method about doubles the correct digits with every step; this many suffice near
# ``lowest`` too, where the slope is small.
_NEWTON_STEPS = 12

# relu needs no inverse: it clips the linear part itself. silu and gelu have a minimum at
# about -1.28 and -0.75, so the increasing branch above it is inverted.
LINK_INVERSES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": lambda x: torch.atanh(x.clamp(_MARGIN - 1, 1 - _MARGIN)),
    "logistic": lambda x: torch.logit(x.clamp(_MARGIN, 1 - _MARGIN)),
    "softplus": _inverse_softplus,
    "elu": _inverse_elu,
    "silu": partial(_inverse_by_newton, F.silu, _silu_slope, -1.0),
    "gelu": partial(_inverse_by_newton, F.gelu, _gelu_slope, -0.5),
}


# Links through whose inverse a network is not trained, since it is too steep at the edges.
# Outputs by the others are rare, and were not measured.
UNCROSSED = ("logistic", "tanh", "softplus")


def output_link_inverse(name: str, x: torch.Tensor) -> torch.Tensor:
    """Return u such that activation(u) is x, clipped to the activation's range.

    Parameters
    ----------
    name : str
        A key of ``ACTIVATIONS``.
    x : Tensor of any shape
        Values of the activation.

    Returns
    -------
    Tensor of the same shape
        For "identity" and "relu", ``x`` itself.

    Examples
    --------
    >>> import torch
    >>> wanted = torch.tensor([0.25, 0.5, 2.0])
    >>> torch.sigmoid(output_link_inverse("logistic", wanted))
    tensor([0.2500, 0.5000, 0.9990])
    """
    inverse = LINK_INVERSES.get(name)
    return x if inverse is None else inverse(x)
