"""Batches cover every row once, in slices, with their targets and weights."""

import pytest
import torch

from sklearn_ae._training._loop import Rows, batches, count_batches


@pytest.mark.parametrize(("n_rows", "batch_size"), [(100, 32), (65, 64), (3, 2), (1, 8)])
def test_every_row_once_and_no_batch_of_one(n_rows, batch_size):
    x = torch.arange(n_rows, dtype=torch.float32)[:, None]
    found = [x for x, _, _ in batches(Rows(x), batch_size, torch.Generator())]
    assert len(found) == count_batches(n_rows, batch_size)
    assert sorted(torch.cat(found).flatten().tolist()) == list(range(n_rows))
    assert n_rows == 1 or min(map(len, found)) > 1


def test_passes_are_shuffled_together_and_hold_every_row_as_often():
    x = torch.arange(30, dtype=torch.float32)[:, None]
    found = [part for part, _, _ in batches(Rows(x), 16, torch.Generator(), 4)]
    assert len(found) == count_batches(120, 16) == 8
    together = torch.cat(found).flatten()
    assert torch.bincount(together.long()).tolist() == [4] * 30
    assert len(set(together[:30].tolist())) < 30


def test_targets_and_weights_follow_their_rows():
    x = torch.arange(50, dtype=torch.float32)[:, None]
    rows = Rows(x, -x, x[:, 0] / 2)
    for batch, target, weight in batches(rows, 8, torch.Generator()):
        assert torch.equal(batch, -target)
        assert torch.equal(batch[:, 0] / 2, weight)


def test_without_targets_rows_are_their_own_and_without_weights_there_are_none():
    x = torch.arange(50, dtype=torch.float32)[:, None]
    for batch, target, weight in batches(Rows(x), 8, torch.Generator()):
        assert torch.equal(batch, target)
        assert weight is None


def test_order_changes_with_each_epoch_and_without_generator_never():
    x = torch.arange(50, dtype=torch.float32)[:, None]
    generator = torch.Generator()
    first, again = (next(batches(Rows(x), 50, generator))[0] for _ in range(2))
    assert not torch.equal(first, again)
    assert torch.equal(next(batches(Rows(x), 50, None))[0], x)
