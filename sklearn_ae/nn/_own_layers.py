"""User-supplied networks in place of the hidden layers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import nn

__all__ = ["Gate", "NetworkFactory", "make_own_layers", "refuse_single_rows"]

NetworkFactory = Callable[[int, int], nn.Module]


class Gate(nn.Module):
    """A user-supplied network multiplied by a learned factor that starts at zero.

    The package's hidden layers start at zero because their last layer does. Nothing is
    known of the user's network, so its output is multiplied by a factor that training
    moves away from zero (ReZero: Bachlechner et al., 2021).
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network
        self.factor = nn.Parameter(torch.zeros((), dtype=torch.float32, device="cpu"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.factor * self.network(x)


def make_own_layers(factory: NetworkFactory, n_in: int, n_out: int) -> nn.Module:
    """Return a copy of the user's network in float32, tried on two rows first."""
    if isinstance(factory, nn.Module):
        raise ValueError(
            f"An encoder or decoder of your own is a {type(factory).__name__}; expected a "
            "callable that builds one. Pass lambda n_in, n_out: ... that returns it."
        )
    with _usual_defaults():
        layers = deepcopy(factory(n_in, n_out))  # the factory may keep what it returned
    if not isinstance(layers, nn.Module):
        raise ValueError(
            f"An encoder or decoder of your own returned {type(layers).__name__} for "
            f"(n_in={n_in}, n_out={n_out}); expected a torch.nn.Module. Let the callable "
            "return the module that it builds."
        )
    for dtype in (torch.float64, torch.float32):  # trained in the latter, used in both
        layers.eval().to(device="cpu", dtype=dtype)
        rows = torch.zeros((2, n_in), dtype=dtype, device="cpu")
        try:
            with torch.no_grad():
                out = layers(rows)
        except RuntimeError as error:
            raise ValueError(
                f"An encoder or decoder of your own failed on two rows of {n_in} values of "
                f"{dtype}: {error}. Expected rows of shape (n_rows, {n_in}) to pass. Make "
                "tensors as x.new_zeros(...), and hold layers as attributes or in a "
                "ModuleList."
            ) from error
    shape = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
    if shape != (2, n_out):
        raise ValueError(
            f"An encoder or decoder of your own turned two rows of {n_in} values into "
            f"{shape}; expected a tensor of shape (2, {n_out}). End it with a layer of "
            "n_out values, after torch.nn.Flatten() for images."
        )
    layers.register_forward_pre_hook(_own_copy)
    return layers.train()


def refuse_single_rows(network: nn.Module, n_rows: int) -> None:
    """Raise ValueError if batches of one row, of ``n_rows``, meet batch normalisation."""
    kinds = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d
    found = [type(m).__name__ for m in network.modules() if isinstance(m, kinds)]
    if found:
        raise ValueError(
            f"An encoder or decoder of your own has a {found[0]}, and training has batches "
            f"of one row, of {n_rows} in all; expected at least two rows in each. Fit more "
            "rows, set batch_size to 2 or more, or use torch.nn.LayerNorm."
        )


@contextmanager
def _usual_defaults() -> Iterator[None]:
    """Build on the CPU and in float32: a seed draws the same under any user's defaults."""
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(default)


def _own_copy(layers: nn.Module, inputs: tuple[torch.Tensor]) -> torch.Tensor:
    """Return a copy of the rows, which user-supplied layers may overwrite.

    The linear skip sees the same rows, and outside training they may be the user's array.
    """
    return inputs[0].clone()
