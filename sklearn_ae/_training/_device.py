"""What is global in torch, borrowed and given back: device, threads, random state."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

__all__ = ["borrowed_random_state", "limited_threads", "make_generator", "resolve_device"]

# Below this many multiplications per batch a second thread costs more than it brings.
_WORTH_A_THREAD = 5e7


def resolve_device(device: str) -> str:
    """Return the name of the torch device that ``device`` names.

    Parameters
    ----------
    device : str
        "auto" takes an accelerator if there is one.

    Raises
    ------
    ValueError
        The name means nothing to torch, or this machine has no such device.
    """
    if device == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return "cpu" if accelerator is None else str(accelerator)
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device={str(device)!r} cannot be used: {str(error).splitlines()[0]} "
            "Expected a device of this machine that this build of torch supports. "
            "Use device='cpu', or device='auto' to take an accelerator where there is one."
        ) from error
    return str(resolved)


def usable_device(device: str, dtype: str) -> str:
    """Return ``device`` for a fitted network, or the CPU where it cannot serve.

    A fit made on a GPU is used on a machine without one; Apple's GPUs have no
    float64.
    """
    try:
        resolved = resolve_device(device)
    except ValueError:
        return "cpu"
    return "cpu" if resolved.startswith("mps") and dtype == "float64" else resolved


def make_generator(seed: int) -> torch.Generator:
    """Return a CPU generator of our own, so that torch's global one stays untouched."""
    return torch.Generator(device="cpu").manual_seed(seed)


class _Borrowed:
    """Something global that concurrent fits change together.

    The first to come keeps the user's value, the last to go puts it back.

    Parameters
    ----------
    read, write : callable
        Get and set the global value.
    per_thread : bool
        Whether each Python thread has a value of its own to put back.
    """

    def __init__(self, read: Callable, write: Callable, *, per_thread: bool):
        self.read = read
        self.write = write
        self.per_thread = per_thread
        self.lock = threading.Lock()
        self.n_users = 0
        self.kept: Any = None

    @contextmanager
    def changed_by(self, change: Callable, value: Any) -> Iterator[None]:
        with self.lock:
            if self.n_users == 0:
                self.kept = self.read()
            self.n_users += 1
            change(value)
        try:
            yield
        finally:
            with self.lock:
                self.n_users -= 1
                if self.per_thread or self.n_users == 0:
                    self.write(self.kept)


_threads = _Borrowed(torch.get_num_threads, torch.set_num_threads, per_thread=True)
_random_state = _Borrowed(torch.get_rng_state, torch.set_rng_state, per_thread=False)


def limited_threads(n_multiplications: float) -> AbstractContextManager[None]:
    """Run small networks on one thread, and put the user's setting back.

    Parameters
    ----------
    n_multiplications : float
        Work in one batch. The number of threads is only ever lowered.
    """
    if n_multiplications >= _WORTH_A_THREAD:
        return nullcontext()
    return _threads.changed_by(torch.set_num_threads, 1)


def borrowed_random_state(seed: int) -> AbstractContextManager[None]:
    """Seed torch's global generator for code that knows no other, and put it back.

    Only networks and losses of the user's own need this. While two such fits
    run in threads of one process they share the generator: the user's state is
    put back all the same, but the draws depend on who comes first.
    """
    return _random_state.changed_by(torch.default_generator.manual_seed, seed)
