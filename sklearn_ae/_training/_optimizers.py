"""Torch's optimizers, without torch's compiler.

The methods of torch's optimizers are wrapped, so that its compiler leaves them alone.
With the first call the wrapper loads the compiler, for a second or two of every process,
and with every call it asks for it. Nothing is compiled here: these are the same methods
without their wrappers, found by what functools.wraps leaves. This file may go when torch
no longer loads its compiler for an optimizer.
"""

import inspect
from collections.abc import Callable

import torch

__all__ = ["OPTIMIZERS", "Adam", "AdamW", "Sgd", "check_solver"]


class _Unwrapped(torch.optim.Optimizer):
    """What an optimizer of torch inherits first to lose the wrappers.

    ``bare_step`` is ``step`` without hooks, global ones too, and without profiling, to be
    called under no_grad.
    """

    bare_step: Callable

    def __init_subclass__(cls):
        super().__init_subclass__()
        cls.bare_step = inspect.unwrap(cls.step)
        cls.step = torch.no_grad()(cls.bare_step)  # type: ignore[method-assign]

    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)


class Adam(_Unwrapped, torch.optim.Adam):
    """torch.optim.Adam."""


class AdamW(_Unwrapped, torch.optim.AdamW):
    """torch.optim.AdamW."""


class Sgd(_Unwrapped, torch.optim.SGD):
    """torch.optim.SGD."""


# Fused: one kernel per step and vector, which is what small networks need.
OPTIMIZERS: dict[str, tuple[type, dict]] = {
    "adam": (Adam, {"fused": True, "eps": 1e-16}),
    "adamw": (AdamW, {"fused": True, "eps": 1e-16, "weight_decay": 0.0}),
    "sgd": (Sgd, {"fused": True, "momentum": 0.9, "nesterov": True}),
}


def check_solver(solver: str | type) -> None:
    """Raise ValueError unless ``solver`` names an optimizer or is a class of them."""
    if not isinstance(solver, str) and not issubclass(solver, torch.optim.Optimizer):
        raise ValueError(
            f"solver={solver.__name__} is no optimizer, expected a subclass of "
            "torch.optim.Optimizer. Use solver='adam', or torch.optim.RMSprop for one."
        )
