"""What is global in torch, borrowed and given back: device, threads, random state."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

__all__ = [
    "borrowed_globals",
    "limited_threads",
    "make_generator",
    "resolve_device",
    "usable_device",
]

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
        torch.empty(0, device=resolved).cpu()  # which "meta" cannot
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


@contextmanager
def borrowed_globals(n_multiplications: float, seed: int | None = None) -> Iterator[None]:
    """Borrow what is global in torch while a network is built and trained.

    Parameters
    ----------
    n_multiplications : float
        Work in one batch; see limited_threads.
    seed : int or None
        Lends the global random state, seeded, to code of the user's. None: there is none.
    """
    random_state = nullcontext() if seed is None else _borrowed_random_state(seed)
    with limited_threads(n_multiplications), _with_gradients(), random_state:
        yield


@contextmanager
def _with_gradients() -> Iterator[None]:
    """Compute gradients, also where the user has switched them off around a fit."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


class _ThreadLimit:
    """How many threads the user had set, while concurrent fits hold them to one."""

    lock = threading.Lock()
    n_holders = 0
    users_own = 1


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
    with _ThreadLimit.lock:
        if _ThreadLimit.n_holders == 0:
            _ThreadLimit.users_own = torch.get_num_threads()
        _ThreadLimit.n_holders += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _ThreadLimit.lock:
            _ThreadLimit.n_holders -= 1
            # Each Python thread has a setting of its own: each puts it back.
            torch.set_num_threads(_ThreadLimit.users_own)


_drawing = threading.RLock()


@contextmanager
def _borrowed_random_state(seed: int) -> Iterator[None]:
    """Seed torch's global generators for code that knows no other, and put them back.

    Only networks and losses of the user's need this. One fit at a time may
    have them, so that concurrent fits draw what sequential ones draw.
    """
    gpus = list(range(torch.cuda.device_count()))
    with _drawing, torch.random.fork_rng(devices=gpus):
        torch.manual_seed(seed)
        yield
