"""In-memory batches: slices of one shuffled tensor, never row by row."""

import math
from collections.abc import Iterator

import torch
from skorch.dataset import Dataset

__all__ = ["ROWS_PER_PASS", "TensorBatches"]

ROWS_PER_PASS = 4096  # rows seen at once outside training: bounds the memory


class TensorBatches:
    """Iterate over (input, target) batches of two tensors that lie in memory.

    Fetching rows one by one, as torch's DataLoader does, takes longer than a
    small network's step. Here one gather shuffles an epoch, and batches are
    views of it.

    Parameters
    ----------
    dataset : skorch Dataset
        Its ``X`` and ``y`` are tensors of shape (n_rows, n_features).
    batch_size : int
        Most rows in a batch. Batches of an epoch differ by at most one row, so
        there is no small last one that would weigh as much as the others.
    generator : torch.Generator or None
        Shuffles the rows of every epoch. None leaves them in order.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        generator: torch.Generator | None = None,
    ):
        self.dataset = dataset
        self.batch_size = batch_size
        self.generator = generator

    def __len__(self) -> int:
        n_rows = len(self.dataset)
        n_batches = math.ceil(n_rows / self.batch_size)
        # Batch normalisation cannot train on one row.
        while n_batches > 1 and n_rows // n_batches == 1 < self.batch_size:
            n_batches -= 1
        return n_batches

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        x, target = self.dataset.X, self.dataset.y
        if self.generator is None:
            x_order, target_order = x, target
        else:
            order = torch.randperm(len(x), generator=self.generator, device="cpu")
            order = order.to(x.device)
            x_order = x[order]
            target_order = x_order if target is x else target[order]
        n_batches = len(self)
        yield from zip(
            x_order.tensor_split(n_batches),
            target_order.tensor_split(n_batches),
            strict=True,
        )
