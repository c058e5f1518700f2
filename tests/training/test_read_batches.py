"""Rows of a table are read before training, and other cells hidden anew in time."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sklearn_ae import AutoencoderTransformer
from sklearn_ae._training._loop import Rows
from sklearn_ae._training._read_batches import ReadBatches
from sklearn_ae.nn import NOISES, HiddenCells, TableLayout
from sklearn_ae.nn._holes import FillHoles
from sklearn_ae.nn._table import TableInput

N_ROWS = 40


def reader(noise=None, n_passes=1):
    """Return batches of rows whose first number counts them."""
    count = torch.arange(float(N_ROWS))
    x = torch.stack([count, torch.ones(N_ROWS), torch.ones(N_ROWS)], 1)
    zeros, ones = torch.zeros(3), torch.ones(3)
    known = {"mean": zeros, "variance": ones, "low": zeros, "high": ones}
    for part in (noise, getattr(noise, "noise", None)):
        if part is not None:
            part.measure(**known, offset=zeros, scale=ones)
    recipe = SimpleNamespace(max_iter=9, batch_size=8, n_passes=n_passes)
    table = TableInput(TableLayout((0, 0, 0), rank=1), None)
    rows = Rows(x, weight=count + 1)
    return ReadBatches(rows, table, noise, torch.Generator().manual_seed(0), recipe)


def epoch(batches):
    """Return the numbers of an epoch's rows, and masks in the order of the numbers."""
    read, target, weight = (torch.cat(part) for part in zip(*batches, strict=True))
    mask, number = read[:, 3:].bool(), target[:, 0]
    assert torch.equal(weight, number + 1)
    seen = torch.where(mask[:, 0], 0.0, number)  # 0 is the mean, which fills holes
    assert torch.equal(read[:, 0], seen)
    return number.tolist(), mask[number.argsort(stable=True)]


@pytest.mark.parametrize("n_passes", [1, 3])
def test_every_row_once_a_pass_in_a_new_order(n_passes):
    batches = reader(HiddenCells(None, 0.2), n_passes)
    orders = [epoch(batches)[0] for _ in range(3)]
    for order in orders:
        assert sorted(order) == sorted([*range(N_ROWS)] * n_passes)
    assert orders[0] != orders[1]


def test_cells_are_hidden_anew_after_four_epochs():
    batches = reader(HiddenCells(None, 0.2))
    masks = [epoch(batches)[1] for _ in range(6)]
    same = [torch.equal(masks[0], mask) for mask in masks]
    assert same == [True] * 4 + [False] * 2
    assert torch.equal(masks[4], masks[5])
    assert masks[0].any()


def test_passes_of_an_epoch_hide_other_cells():
    mask = epoch(reader(HiddenCells(None, 0.2), n_passes=2))[1]
    assert not torch.equal(mask[::2], mask[1::2])


def test_other_noise_is_drawn_in_every_epoch():
    batches = reader(HiddenCells(NOISES["masking"](0.2), 0.2))
    first, again = (torch.cat([x for x, _, _ in batches]) for _ in range(2))
    assert first[:, 3:].sum() != again[:, 3:].sum()


def test_without_noise_rows_are_read_once(monkeypatch):
    batches, n_calls = reader(), []
    table = batches.table
    batches.table = lambda x: n_calls.append(len(x)) or table(x)
    for _ in range(5):
        assert not epoch(batches)[1].any()
    assert n_calls == [N_ROWS]


def test_of_many_rows_none_are_kept(monkeypatch):
    monkeypatch.setattr("sklearn_ae._training._read_batches._MOST_READ", 80)
    batches = reader(HiddenCells(None, 0.2))
    orders, masks = zip(*(epoch(batches) for _ in range(2)), strict=True)
    assert [sorted(order) for order in orders] == [[*range(N_ROWS)]] * 2
    assert not torch.equal(*masks)
    assert batches.kept == []


def test_holes_are_filled_once_for_all_evaluations(quick, digits, monkeypatch):
    X = np.where(
        np.random.RandomState(0).uniform(size=(200, 64)) < 0.1, np.nan, digits[0][:200]
    )
    n_calls, forward = [], FillHoles.forward

    def counted(fill, x):
        n_calls.append(len(x))
        return forward(fill, x)

    monkeypatch.setattr(FillHoles, "forward", counted)
    calls, scores = [], []
    for most in (2**24, 0):
        monkeypatch.setattr("sklearn_ae._training._stopping._MOST_READ", most)
        n_calls.clear()
        fitted = quick(4, max_iter=8).fit(X)
        calls.append(len(n_calls))
        scores.append(fitted.validation_scores_)
    # Two parts of the rows at the start, and one after each epoch, instead of once each.
    assert calls[1] - calls[0] >= 8
    np.testing.assert_allclose(*scores, rtol=1e-5)


def test_embeddings_are_read_at_every_evaluation(monkeypatch):
    pandas = pytest.importorskip("pandas")
    rng = np.random.RandomState(0)
    names = np.array([f"level {i}" for i in range(120)])
    table = pandas.DataFrame({"a": rng.normal(size=600), "b": np.tile(names, 5)})
    settings = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
    scores = []
    for most in (2**24, 0):
        monkeypatch.setattr("sklearn_ae._training._stopping._MOST_READ", most)
        fitted = AutoencoderTransformer(2, **settings).fit(table)
        scores.append(fitted.validation_scores_)
    np.testing.assert_array_equal(*scores)


def test_callbacks_see_batches_as_they_are(quick, digits):
    X = digits[0][:60].copy()
    X[::5, 20] = np.nan
    widths = []

    class Widths(Callback):
        def on_batch_begin(self, net, batch=None, training=None, **kwargs):
            widths.append(batch[0].shape[1])

    quick(2, max_iter=1, callbacks=[Widths()]).fit(X)
    assert set(widths) == {64}
