"""Rows of a file that memory may have no room for: every row once, and well mixed."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    VariationalAutoencoder,
)
from sklearn_ae._columns import _files
from sklearn_ae._columns import _scaler as scaler
from sklearn_ae._training import _file_batches, _loop
from sklearn_ae._training._file_batches import file_batches
from sklearn_ae._training._loop import Rows, batches
from sklearn_ae._training._table_rows import TableRows

N_ROWS, RUN = 1003, 8


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Runs and windows that a small table has many of."""
    monkeypatch.setattr(_file_batches, "_MOST_IN_WINDOW", 2 * 200)


def table(fetch=lambda first, last: None, index=None):
    """Rows (i, -i) of a table, as if they lay in a file."""
    numbers = torch.arange(2.0 * N_ROWS).reshape(-1, 2)

    def read(index):
        assert np.all(np.diff(index) > 0)  # from the first to the last
        return numbers[index]

    index = np.arange(N_ROWS) if index is None else index
    return TableRows(read, index, numbers, 2, run=RUN, fetch=fetch)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("n_passes", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 7, 64, 500, 2000])
def test_every_row_comes_once_in_a_pass_in_batches_as_of_memory(batch_size, n_passes):
    weight = torch.arange(1.0, N_ROWS + 1)
    rows = Rows(table(), target=table(), weight=weight)
    found = [*batches(rows, batch_size, generator(), n_passes)]
    held = Rows(torch.zeros(N_ROWS, 2))
    assert [len(x) for x, *_ in found] == [
        len(x) for x, *_ in batches(held, batch_size, generator(), n_passes)
    ]
    places = torch.cat([x[:, 0] for x, *_ in found]) / 2
    assert torch.bincount(places.long()).tolist() == [n_passes] * N_ROWS
    for x, target, weights in found:
        assert torch.equal(x, target)
        assert torch.equal(weights, x[:, 0] / 2 + 1)


def test_every_batch_has_rows_of_many_places_and_epochs_differ():
    orders = [
        torch.cat([x[:, 0] for x, *_ in file_batches(Rows(table()), 20, generator(seed))])
        for seed in (0, 0, 1)
    ]
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])
    for batch in orders[0].tensor_split(20):  # of 50 rows, in windows of 25 runs
        assert len(set((batch // (2 * RUN)).tolist())) > 12
        assert batch.max() - batch.min() > N_ROWS


def test_runs_are_asked_for_before_they_are_read_and_once():
    asked = []
    index = np.arange(2 * N_ROWS)[::2] % N_ROWS
    index = np.unique(index)[::2]  # as of training rows, between which others lie
    rows = Rows(table(lambda first, last: asked.append((first, last)), index))
    for _ in file_batches(rows, 9, generator()):
        pass
    n_turns = sum(second < first for first, second in pairwise(asked))
    assert n_turns <= 2  # between three windows; in each from the first to the last
    starts = range(0, len(index), RUN)
    assert sorted(asked) == [
        (index[start], index[min(start + RUN, len(index)) - 1]) for start in starts
    ]


def test_one_of_two_processes_takes_its_half():
    class Second:
        def shard(self, index):
            return index[len(index) // 2 :]

    whole = [*file_batches(Rows(table()), 11, generator())]
    half = [*file_batches(Rows(table()), 11, generator(), ranks=Second())]
    for (x, *_), (part, *_) in zip(whole, half, strict=True):
        assert torch.equal(part, x[len(x) // 2 :])


def by_class(tmp_path, monkeypatch):
    """Digits in a file, sorted by class, as if they were too many to be held."""
    X, y = load_digits(return_X_y=True)
    order = np.argsort(y, kind="stable")
    np.save(tmp_path / "digits.npy", X[order])
    monkeypatch.setattr(scaler, "_MOST_COPIED_CELLS", 0)
    monkeypatch.setattr(_files, "_BYTES_OF_RUN", 10 * 64 * 8)
    monkeypatch.setattr(_file_batches, "_MOST_IN_WINDOW", 400 * 64)
    return X[order], y[order], np.load(tmp_path / "digits.npy", mmap_mode="r")


CASES = {
    "plain": (AutoencoderTransformer, {}),
    "autograd": (AutoencoderTransformer, {"dropout": 0.05}),
    "all rows train": (AutoencoderTransformer, {"early_stopping": False}),
    "nested": (AutoencoderTransformer, {"ordered": True}),
    "y": (AutoencoderTransformer, {"target_weight": 0.25}),
    "noise": (DenoisingAutoencoder, {}),
    "distribution": (VariationalAutoencoder, {}),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_a_file_sorted_by_class_is_learnt_as_in_memory(
    name, is_weighted, tmp_path, monkeypatch
):
    kind, settings = CASES[name]
    X, y, map_of_X = by_class(tmp_path, monkeypatch)
    given = {"y": y if "target_weight" in settings else None}
    if is_weighted:
        given["sample_weight"] = np.where(np.arange(len(X)) % 3, 1.0, 2.0)
    ae = kind(4, max_iter=10, random_state=0, **settings)
    in_memory = ae.fit(X, **given).score(X)
    from_file = ae.fit(map_of_X, **given).score(X)
    assert abs(from_file - in_memory) < 0.03
    assert ae.best_iter_ > 0


def test_some_columns_of_a_file_are_read_in_runs_too(tmp_path, monkeypatch):
    X, _, map_of_X = by_class(tmp_path, monkeypatch)
    calls = []

    def watched(*arguments, **others):
        calls.append(arguments)
        return file_batches(*arguments, **others)

    monkeypatch.setattr(_loop, "file_batches", watched)
    ae = AutoencoderTransformer(4, max_iter=5, random_state=0)
    scores = [ae.fit(rows[:, :-8]).score(X[:, :-8]) for rows in (X, map_of_X)]
    assert abs(scores[0] - scores[1]) < 0.03
    assert len(calls) == 5  # an epoch each


def test_pairs_of_which_one_lies_in_a_file(tmp_path, monkeypatch):
    X, _, map_of_X = by_class(tmp_path, monkeypatch)
    noisy = X + np.random.RandomState(0).normal(size=X.shape)
    calls = []

    def watched(*arguments, **others):
        calls.append(arguments)
        return file_batches(*arguments, **others)

    monkeypatch.setattr(_loop, "file_batches", watched)
    ae = DenoisingAutoencoder(4, max_iter=5, random_state=0)
    scores = [ae.fit(noisy, X_clean=clean).score(X) for clean in (X, map_of_X)]
    assert abs(scores[0] - scores[1]) < 0.03
    assert len(calls) == 5  # an epoch each


def test_without_validation_rows_those_of_all_places_are_judged(tmp_path, monkeypatch):
    X, _, map_of_X = by_class(tmp_path, monkeypatch)
    monkeypatch.setattr(_loop, "_MOST_JUDGED", 100)
    judged = []
    before = _loop.JudgedRows

    def watched(*arguments, rows, **others):
        judged.append(rows.x[...])
        return before(*arguments, rows=rows, **others)

    monkeypatch.setattr(_loop, "JudgedRows", watched)
    settings = {"early_stopping": False, "scaling": None, "max_iter": 1}
    AutoencoderTransformer(2, **settings, random_state=0).fit(map_of_X)
    (rows,) = judged
    assert 90 < len(rows) <= 100
    places = [np.flatnonzero((row == X).all(axis=1))[0] for row in rows.numpy()]
    assert np.all(np.diff(places) > 0)
    assert max(np.diff(places)) < 40
    assert places[-1] > 1700


@pytest.mark.parametrize("kind", [DenoisingAutoencoder, VariationalAutoencoder])
def test_the_start_reads_the_file_in_its_order(kind, tmp_path, monkeypatch):
    *_, map_of_X = by_class(tmp_path, monkeypatch)
    monkeypatch.setattr(scaler, "_CELLS_PER_PASS", 100 * 64)
    read = []
    before = scaler.read_rows

    def watched(X, rows):
        read.append(rows)
        return before(X, rows)

    monkeypatch.setattr(scaler, "read_rows", watched)
    kind(2, max_iter=1, random_state=0).fit(map_of_X)
    parts = [rows for rows in read if len(rows) == 100]
    assert len(parts) >= 16  # of the training rows
    assert all(np.ptp(rows) < 150 for rows in parts)
