"""Devices: which one a name stands for, and what to use where it is missing."""

import torch

__all__ = ["resolve_device", "usable_device"]


def resolve_device(device: str) -> str:
    """Return the name of the torch device that ``device`` names.

    Parameters
    ----------
    device : str
        "auto" uses an accelerator if there is one.

    Raises
    ------
    ValueError
        torch does not know the name, or this machine has no such device.
    """
    if device == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return "cpu" if accelerator is None else str(accelerator)
    try:
        resolved = torch.device(device)
        # A device of a valid name need not exist, and "meta" has no data to copy back.
        torch.empty(0, device=resolved).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device={str(device)!r} cannot be used: {str(error).splitlines()[0]} "
            "Expected a device of this machine that this build of torch supports. "
            "Use device='cpu', or device='auto' to take an accelerator where there is one."
        ) from error
    return str(resolved)


def usable_device(device: str, dtype: str) -> str:
    """Return ``device`` for a fitted network, or the CPU if it cannot be used.

    A network fitted on a GPU may be used on a machine without one, and Apple's GPUs have
    no float64.
    """
    try:
        resolved = resolve_device(device)
    except ValueError:
        return "cpu"
    return "cpu" if resolved.startswith("mps") and dtype == "float64" else resolved
