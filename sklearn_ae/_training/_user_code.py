"""What code of the user's draws from: a random state of ours, lent for one call at a time.

Layers, losses and noises of the user's know torch's global generators alone, and these are
the process's. So every call of such code has them to itself while it runs, in a state that
goes on where the fit's last call left it; then they are as they were. Concurrent fits draw
what sequential ones draw, and none waits for another to end.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

__all__ = ["LentRandomState", "called_outside", "hooks_of", "share_hooks", "user_code"]

_HOOKS = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
)


class _UserCode(threading.local):
    """What this thread's calls of the user's code run in.

    Attributes
    ----------
    random_state : context manager
        A LentRandomState during fits and uses with parts of the user's.
    """

    random_state: AbstractContextManager[Any] = nullcontext()


user_code = _UserCode()

# A call of the user's may lead to another one: reentrant.
_lending = threading.RLock()
if hasattr(os, "register_at_fork"):  # Windows has no forks
    # The child has no other thread, which could end a call and give back what it was lent.
    os.register_at_fork(
        before=_lending.acquire,
        after_in_parent=_lending.release,
        after_in_child=_lending.release,
    )


class LentRandomState:
    """Puts torch's global generators in a state of ours while a ``with`` block runs.

    Blocks go on where the last one ended. They may be nested.

    Parameters
    ----------
    seed : int
        Of the first block.

    Examples
    --------
    >>> lent, before = LentRandomState(0), torch.get_rng_state()
    >>> with lent:
    ...     first = torch.rand(())
    >>> with lent:
    ...     second = torch.rand(())
    >>> bool(first == second), torch.equal(before, torch.get_rng_state())
    (False, True)
    """

    def __init__(self, seed: int):
        self._generators = _global_generators()
        self._ours = [
            torch.Generator(device=generator.device).manual_seed(seed).get_state()
            for generator in self._generators
        ]
        self._depth = 0

    def __enter__(self) -> None:
        _lending.acquire()
        if self._depth == 0:
            self._users = _swapped(self._generators, self._ours)
        self._depth += 1

    def __exit__(self, *error) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._ours = _swapped(self._generators, self._users)
        _lending.release()


@contextmanager
def called_outside() -> Iterator[None]:
    """Give back what this thread was lent while the block runs: callbacks may wait."""
    random_state = user_code.random_state
    random_state.__exit__(None, None, None)
    try:
        yield
    finally:
        random_state.__enter__()


def _swapped(generators, states) -> list[torch.Tensor]:
    """Put generators in other states, and return those that they were in."""
    before = [generator.get_state() for generator in generators]
    for generator, state in zip(generators, states, strict=True):
        generator.set_state(state)
    return before


def _global_generators() -> list[torch.Generator]:
    """Return the generators that code of the user's may draw from or seed."""
    generators = [torch.default_generator]
    for accelerator in (torch.cuda, torch.xpu):
        if accelerator.is_initialized():  # else nothing is drawn there
            generators += accelerator.default_generators
    if torch.backends.mps.is_available():
        generators.append(torch.mps._get_default_mps_generator())
    return generators


def hooks_of(network: nn.Module) -> dict[str, dict[str, Any]]:
    """Return the hooks of each part of ``network`` by its name."""
    return {
        name: {kind: vars(part)[kind] for kind in _HOOKS}
        for name, part in network.named_modules()
    }


def share_hooks(network: nn.Module, hooks: dict[str, dict[str, Any]]) -> None:
    """Let the parts of ``network`` call ``hooks``, also those that are still to come."""
    for name, part in network.named_modules():
        vars(part).update(hooks.get(name, {}))
