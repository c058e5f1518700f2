"""What the benchmarks of speed share: interleaved repeats, and ratios of medians."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

__all__ = ["interleaved", "on_threads", "seconds_of"]


def seconds_of(function: Callable) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def interleaved(contestants: dict[str, Callable], n_repeats: int) -> dict[str, float]:
    """Return each one's median seconds; a busy machine slows all alike.

    Each repeat begins with another one.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for turn in range(n_repeats):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            seconds[name].append(seconds_of(contestants[name]))
    return {name: statistics.median(values) for name, values in seconds.items()}


@contextmanager
def on_threads(n_threads: int) -> Iterator[None]:
    """Limit torch, and the linear algebra of numpy, to so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        with threadpool_limits(n_threads):
            yield
    finally:
        torch.set_num_threads(before)
