"""Batches cover every row once, in slices."""

import pytest
import torch
from skorch.dataset import Dataset

from sklearn_ae._training._batches import TensorBatches


@pytest.mark.parametrize(("n_rows", "batch_size"), [(100, 32), (65, 64), (3, 2), (1, 8)])
def test_every_row_once_and_no_batch_of_one(n_rows, batch_size):
    x = torch.arange(n_rows, dtype=torch.float32)[:, None]
    batches = TensorBatches(Dataset(x, x), batch_size, torch.Generator())
    found = [batch for batch, _ in batches]
    assert len(found) == len(batches)
    assert sorted(torch.cat(found).flatten().tolist()) == list(range(n_rows))
    assert n_rows == 1 or min(map(len, found)) > 1


def test_targets_follow_their_rows():
    x = torch.arange(50, dtype=torch.float32)[:, None]
    for batch, target in TensorBatches(Dataset(x, -x), 8, torch.Generator()):
        assert torch.equal(batch, -target)


def test_order_changes_with_each_epoch_and_without_generator_never():
    x = torch.arange(50, dtype=torch.float32)[:, None]
    shuffled = TensorBatches(Dataset(x, x), 50, torch.Generator())
    assert not torch.equal(next(iter(shuffled))[0], next(iter(shuffled))[0])
    (straight,) = TensorBatches(Dataset(x, x), 50)
    assert torch.equal(straight[0], x)
