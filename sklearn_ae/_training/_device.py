"""What is global in torch, borrowed and given back: device, threads, random state."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["borrowed_random_state", "limited_threads", "make_generator", "resolve_device"]

# Below this many multiplications per batch a second thread costs more than it brings.
_WORTH_A_THREAD = 5e7


def resolve_device(device: str | torch.device) -> torch.device:
    """Return the torch device that ``device`` names.

    Parameters
    ----------
    device : str or torch.device
        "auto" takes an accelerator if there is one.

    Raises
    ------
    ValueError
        The name means nothing to torch, or this machine has no such device.
    """
    if device == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator or torch.device("cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device={str(device)!r} cannot be used: {str(error).splitlines()[0]} "
            "Expected a device of this machine that this build of torch supports. "
            "Use device='cpu', or device='auto' to take an accelerator where there is one."
        ) from error
    return resolved


def usable_device(device: str, dtype: str) -> torch.device:
    """Return ``device`` for a fitted network, or the CPU where it cannot serve.

    A fit made on a GPU is used on a machine without one; Apple's GPUs have no
    float64.
    """
    try:
        resolved = resolve_device(device)
    except ValueError:
        return torch.device("cpu")
    if resolved.type == "mps" and dtype == "float64":
        return torch.device("cpu")
    return resolved


def make_generator(seed: int) -> torch.Generator:
    """Return a CPU generator of our own, so that torch's global one stays untouched."""
    return torch.Generator(device="cpu").manual_seed(seed)


class _Borrowed:
    """Something global that concurrent fits change together.

    The first to come keeps the user's value and the last to go puts it back.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.n_users = 0
        self.kept = None


_threads = _Borrowed()
_random_state = _Borrowed()


@contextmanager
def limited_threads(n_multiplications: float) -> Iterator[None]:
    """Run small networks on one thread, and put the user's setting back.

    Parameters
    ----------
    n_multiplications : float
        Work in one batch. The number of threads is only ever lowered.
    """
    if n_multiplications >= _WORTH_A_THREAD:
        yield
        return
    with _threads.lock:
        if _threads.n_users == 0:
            _threads.kept = torch.get_num_threads()
        _threads.n_users += 1
        kept = _threads.kept
        if kept > 1:
            torch.set_num_threads(1)
    try:
        yield
    finally:
        with _threads.lock:
            _threads.n_users -= 1
            if kept > 1:
                # Each Python thread has a setting of its own: each puts its own back.
                torch.set_num_threads(kept)


@contextmanager
def borrowed_random_state(seed: int) -> Iterator[None]:
    """Seed torch's global generator for code that knows no other, and put it back.

    Only networks and losses of the user's own need this. While two such fits
    run in threads of one process they share the generator: neither the user's
    state nor the fits are disturbed, but the draws depend on who comes first.
    """
    with _random_state.lock:
        if _random_state.n_users == 0:
            _random_state.kept = torch.get_rng_state()
        _random_state.n_users += 1
        torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        with _random_state.lock:
            _random_state.n_users -= 1
            if _random_state.n_users == 0:
                torch.set_rng_state(_random_state.kept)
