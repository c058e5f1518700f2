"""Rows that stay in their table are what a tensor of all of them would be."""

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS, measure

import sklearn_ae._columns._scaler as scaler
import sklearn_ae._training._table_rows as table_rows
from sklearn_ae._training._table_rows import TableRows, mean_row
from sklearn_ae.nn import NOISES


@pytest.fixture
def both():
    """Rows that stay in a table, and the tensor of the same."""
    X = torch.randn(23, 4, generator=torch.Generator().manual_seed(0))
    index = np.random.RandomState(0).permutation(23)[:17]
    return TableRows(lambda i: X[i], index, X, 4), X[index]


def test_they_give_what_a_tensor_gives(both):
    rows, tensor = both
    assert len(rows) == 17
    assert tuple(rows.shape) == tuple(tensor.shape)
    assert torch.equal(rows[...], tensor)
    assert torch.equal(rows[3:9][...], tensor[3:9])
    assert torch.equal(rows[3:9][2:4][...], tensor[5:7])
    index = torch.tensor([4, 0, 4])
    assert torch.equal(rows.index_select(0, index), tensor.index_select(0, index))
    for n_parts in (1, 2, 5):
        parts, wanted = rows.tensor_split(n_parts), tensor.tensor_split(n_parts)
        assert all(torch.equal(a[...], b) for a, b in zip(parts, wanted, strict=True))


def test_means(both, monkeypatch):
    rows, tensor = both
    weight = torch.rand(17, generator=torch.Generator().manual_seed(1))
    weight /= weight.mean()
    for most in (2**22, 12):
        monkeypatch.setattr(table_rows, "_MOST_CELLS", most)
        rows = TableRows(rows.read, rows.index, rows.like, 4)
        assert rows.n_parts == (1 if most > 100 else 6)
        torch.testing.assert_close(mean_row(rows, None), tensor.mean(0))
        torch.testing.assert_close(mean_row(rows, weight), weight @ tensor / 17)


def test_there_are_no_more_parts_than_rows(monkeypatch):
    monkeypatch.setattr(table_rows, "_MOST_CELLS", 2)
    X = torch.zeros(3, 8)
    rows = TableRows(lambda i: X[i], np.arange(3), X, 8)
    assert [len(part) for part in rows.tensor_split(rows.n_parts)] == [1, 1, 1]


def test_noise_is_the_same_for_a_part_and_another_for_others():
    X = torch.ones(12, 4)
    noise = NOISES["gaussian"](0.5)
    measure(noise, torch.randn(50, 4, generator=torch.Generator().manual_seed(0)))
    rows = TableRows(lambda i: X[i], np.arange(12), X, 4)
    noisy = rows.corrupted(noise, torch.Generator().manual_seed(0))
    first, second = noisy.tensor_split(2)
    assert torch.equal(first[...], first[...])
    assert not torch.equal(first[...], X[:6])
    assert not torch.equal(first[...], second[...])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_of_large_arrays_too_fits_are_the_same(kind, digit_rows, order, monkeypatch):
    params = {"hidden_layer_sizes": (16,), "max_iter": 3, "random_state": 0}
    if "noise" in kind._parameter_constraints:
        params["noise_level"] = 0.0  # else validation rows get other noise
    X = np.asarray(digit_rows, order=order)
    copied = kind(2, **params).fit(X)
    monkeypatch.setattr(scaler, "_MOST_COPIED_CELLS", 0)
    np.testing.assert_allclose(
        kind(2, **params).fit(X).transform(X), copied.transform(X), atol=1e-7
    )


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_large_tables_with_holes_are_read_in_advance(kind, digit_rows, monkeypatch):
    params = {"hidden_layer_sizes": (16,), "max_iter": 2, "random_state": 0}
    X = digit_rows.copy()
    X[::5, 20] = np.nan
    wanted = kind(2, **params).fit(X, X_val=X[:50]).transform(X)
    monkeypatch.setattr(scaler, "_MOST_COPIED_CELLS", 0)
    found = kind(2, **params).fit(X, X_val=X[:50]).transform(X)
    np.testing.assert_array_equal(found, wanted)
