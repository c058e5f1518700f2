"""Torch's optimizers, without torch's compiler.

The methods of torch's optimizers are wrapped, so that its compiler does not trace them.
The first call of the wrapper loads the compiler, which takes a second or two in every
process, and every call checks for it. Nothing is compiled here: these are the same methods
without their wrappers, found by the attribute that functools.wraps sets. This file can be
removed when torch no longer loads its compiler for an optimizer.
"""

import inspect
from collections.abc import Callable

import torch

__all__ = ["OPTIMIZERS", "Adam", "AdamW", "Sgd", "check_solver"]


class _Unwrapped(torch.optim.Optimizer):
    """First base class of an optimizer of torch, to replace the wrapped methods.

    ``bare_step`` is ``step`` without hooks, including global ones, and without profiling.
    It has to be called under no_grad.
    """

    bare_step: Callable

    def __init_subclass__(cls):
        super().__init_subclass__()
        cls.bare_step = inspect.unwrap(cls.step)
        # Callers of ``step``, such as AutogradStep, have gradients on, and an update in
        # place of a weight that requires them would raise.
        cls.step = torch.no_grad()(cls.bare_step)  # type: ignore[method-assign]

    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)


class Adam(_Unwrapped, torch.optim.Adam):
    """torch.optim.Adam."""


class AdamW(_Unwrapped, torch.optim.AdamW):
    """torch.optim.AdamW."""


class Sgd(_Unwrapped, torch.optim.SGD):
    """torch.optim.SGD."""


# Fused: one kernel per step and vector, since for small networks the number of kernels
# takes the time. AdamW's default of weight_decay is overwritten, since ``alpha`` sets it.
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
