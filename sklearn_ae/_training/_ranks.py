"""Training by several processes at once: each takes its rows of every batch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import distributed

__all__ = ["RANKS", "Ranks", "SharedTrainingError", "shared_training"]


class SharedTrainingError(RuntimeError):
    """Processes that share a training have different rows or settings, or one failed."""


class Ranks:
    """The processes of torch's default group, which share the rows of each batch.

    Every process has all rows and all weights, and does the same: what differs are the
    rows that its gradients are of, and these are averaged before the step.

    Attributes
    ----------
    rank, n_ranks : int
    """

    def __init__(self):
        self.rank, self.n_ranks = distributed.get_rank(), distributed.get_world_size()

    def shard(self, index: torch.Tensor) -> torch.Tensor:
        """Return the part of a batch's rows that this process takes.

        All have as many, so that their random numbers stay in step: of a batch up to
        ``n_ranks - 1`` rows are left out, others in every epoch.
        """
        n_each = len(index) // self.n_ranks
        if n_each == 0:  # fewer rows than processes: all take them all
            return index
        return index[self.rank * n_each : (self.rank + 1) * n_each]

    def average(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace tensors by their means over all processes."""
        try:
            for tensor in tensors:
                distributed.all_reduce(tensor)
                tensor.div_(self.n_ranks)
        except RuntimeError as error:
            raise SharedTrainingError(
                f"Process {self.rank} of {self.n_ranks} lost the others while gradients "
                f"were averaged: {str(error).splitlines()[0]} Expected all processes to "
                "go on to the end of fit. Look at the first error of another process."
            ) from error

    def averaged(self, loss: torch.Tensor, weights: Sequence[Any]) -> torch.Tensor:
        """Average gradients; return the mean loss too, by which LBFGS decides."""
        loss = loss.detach().clone()
        self.average([loss, *(w.grad for w in weights if w.grad is not None)])
        return loss

    def mean(self, number: float) -> float:
        """Return the mean of a number over all processes."""
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        value = torch.full((), float(number), dtype=torch.float64, device=device)
        self.average([value])
        return float(value)

    def check_close(self, name: str, number: float) -> None:
        """Raise SharedTrainingError unless a number is that of all, but for roundings."""
        mean = self.mean(number)
        apart = self.mean(abs(number - mean))
        if apart > _ROUNDING * max(abs(mean), _ROUNDING):
            self.check_same(**{name: number})

    def check_same(self, **known: object) -> None:
        """Raise SharedTrainingError unless all processes know the same."""
        of_all: list[dict] = [{}] * self.n_ranks
        distributed.all_gather_object(of_all, known)
        for name, value in known.items():
            values = [of_one[name] for of_one in of_all]
            if values.count(value) < len(values):
                raise SharedTrainingError(
                    f"{name} differs between the {self.n_ranks} processes that share "
                    f"this training: {values}. Expected the same rows, in the same order, "
                    "the same parameters and an integer random_state in all of them. Load "
                    "the same X in every process, and set random_state=0."
                )


_ROUNDING = 1e-3  # of machines that compute in other orders

RANKS: ContextVar[Ranks | None] = ContextVar("RANKS", default=None)


@contextmanager
def shared_training() -> Iterator[None]:
    """Let the processes of torch's default process group share each fit in the block.

    Every process calls the same ``fit`` with the same ``X``, parameters and
    ``random_state``. Each computes the gradients of its part of every batch; their means
    update the weights, so that all processes end with the same result. It is that of one
    process with the same batches, except for rounding and for at most ``n - 1`` rows of
    each batch. Every process does everything else by itself, including the linear start and
    the choice of the epoch. This pays off where a step takes longer than an exchange of all
    weights: for wide layers, and for large ``batch_size``.

    Start the group before, by ``torch.distributed.init_process_group`` or by
    ``accelerate.PartialState(cpu=True)``, in a script that ``torchrun`` or ``accelerate
    launch`` runs. If a process fails, the others end with an error too. Callbacks run in
    every process; one that stops training by an exception has to do so in all.

    Raises
    ------
    SharedTrainingError
        There is no group, or, in ``fit``, a process has other rows or parameters, or is
        lost.

    Examples
    --------
    A group of one process, for which nothing changes:

    >>> import torch.distributed
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_ae import AutoencoderTransformer, shared_training
    >>> X, _ = load_iris(return_X_y=True)
    >>> store = torch.distributed.HashStore()
    >>> torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    >>> with shared_training():
    ...     ae = AutoencoderTransformer(2, max_iter=5, random_state=0).fit(X)
    >>> torch.distributed.destroy_process_group()
    >>> ae.transform(X).shape
    (150, 2)
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        raise SharedTrainingError(
            "shared_training() is called without a process group of torch; expected one "
            "that is initialised. Call torch.distributed.init_process_group('gloo') "
            "before, in a script that torchrun starts."
        )
    token = RANKS.set(Ranks())
    try:
        yield
    finally:
        RANKS.reset(token)
