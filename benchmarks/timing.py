"""What the benchmarks of speed share: interleaved repeats, and ratios of medians."""

import statistics
import time
from collections.abc import Callable

import torch
from threadpoolctl import threadpool_limits

__all__ = ["interleaved", "on_threads", "seconds_of"]


def seconds_of(function: Callable) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def interleaved(contestants: dict[str, Callable], n_repeats: int) -> dict[str, float]:
    """Return each one's median seconds; a busy machine slows all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(n_repeats):
        for name, function in contestants.items():
            seconds[name].append(seconds_of(function))
    return {name: statistics.median(values) for name, values in seconds.items()}


def on_threads(n_threads: int):
    """Limit torch, and the linear algebra of numpy, to so many threads."""
    torch.set_num_threads(n_threads)
    return threadpool_limits(n_threads)
