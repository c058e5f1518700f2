"""Activation functions by name, and the links that let a linear part pass through one."""

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["ACTIVATIONS", "LINK_INVERSES", "output_link_inverse"]

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

# How close to the edge of its range a linear part is clipped before the link
# is inverted: small enough to leave the PCA reconstruction as it is, large
# enough that the gradient of the link does not vanish there.
_MARGIN = 1e-3


def _inverse_softplus(x: torch.Tensor) -> torch.Tensor:
    x = x.clamp(min=_MARGIN)
    return x + torch.log(-torch.expm1(-x))


def _inverse_elu(x: torch.Tensor) -> torch.Tensor:
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
    """Invert an activation that rises from ``lowest`` on and is close to relu."""
    x = x.clamp(min=activation(x.new_tensor(lowest)).item())
    wanted = x.detach()
    point = wanted + 0.5
    for _ in range(_NEWTON_STEPS):
        point = (point - (activation(point) - wanted) / slope(point)).clamp(min=lowest)
    # One more step, through which gradients pass: d point / d x = 1 / slope.
    return point + (x - activation(point)) / slope(point)


_NEWTON_STEPS = 12

# relu needs no inverse: it clips the linear part itself. silu and gelu turn at about
# -1.28 and -0.75, so their branch above that is taken.
LINK_INVERSES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": lambda x: torch.atanh(x.clamp(_MARGIN - 1, 1 - _MARGIN)),
    "logistic": lambda x: torch.logit(x, eps=_MARGIN),
    "softplus": _inverse_softplus,
    "elu": _inverse_elu,
    "silu": partial(_inverse_by_newton, F.silu, _silu_slope, -1.0),
    "gelu": partial(_inverse_by_newton, F.gelu, _gelu_slope, -0.5),
}


def output_link_inverse(name: str, x: torch.Tensor) -> torch.Tensor:
    """Return u such that activation(u) is x, clipped to the activation's range.

    Parameters
    ----------
    name : str
        A key of ``ACTIVATIONS``.
    x : Tensor of any shape
        Wanted outputs.

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
