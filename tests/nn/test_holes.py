"""Holes in a batch are filled as the fitted Gaussian fills them, and nothing else is."""

import copy
import pickle

import numpy as np
import pytest
import torch

from sklearn_ae._linear import GaussianWithHoles
from sklearn_ae.nn import FillHoles

NAN = float("nan")


def loaded(n_features, rank, seed=0):
    """Return a module and the Gaussian that it holds, one column without variance."""
    random = np.random.RandomState(seed)
    loadings = random.normal(size=(n_features, rank)).astype(np.float32)
    noise = random.uniform(0.01, 1, n_features).astype(np.float32)
    loadings[2], noise[2] = 0, 0
    mean = random.normal(size=n_features).astype(np.float32)
    gaussian = GaussianWithHoles(*(a.astype(float) for a in (mean, loadings, noise)))
    fill = FillHoles(n_features, rank)
    named = {"mean": mean, "loadings": loadings, "noise": noise}
    fill.load_state_dict({name: torch.from_numpy(a) for name, a in named.items()})
    return fill, gaussian


def rows(n_features, share=0.3):
    x = np.random.RandomState(1).normal(size=(70, n_features))
    x[np.random.RandomState(2).uniform(size=x.shape) < share] = np.nan
    x[0], x[1] = np.nan, 0.5
    return x


# Solved for holes, for factors, and for factors of more columns than a covariance has.
@pytest.mark.parametrize(("n_features", "rank"), [(12, 11), (12, 2), (2100, 3)])
def test_it_fills_as_the_gaussian_does(n_features, rank):
    fill, gaussian = loaded(n_features, rank)
    x = rows(n_features)
    found = fill(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, gaussian.fill(x), rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(found[0], gaussian.mean)


@pytest.mark.parametrize("rank", [11, 2])
def test_features_of_an_owner_are_missing_together(rank):
    fill, gaussian = loaded(12, rank)
    owners = [0, 1, 2, 3, 4, 5, 5, 5, 1, 1, 7, 7]
    owned = FillHoles(12, rank, owners)
    owned.load_state_dict(fill.state_dict())
    x = np.where(np.isnan(rows(12))[:, owners], np.nan, rows(12, share=0.0))
    x[0] = np.nan
    np.testing.assert_allclose(owned(torch.from_numpy(x)), gaussian.fill(x), atol=1e-6)


@pytest.mark.parametrize("held", [0, 2**22])
def test_wide_rows_hold_no_products_of_loadings(held, monkeypatch):
    monkeypatch.setattr("sklearn_ae.nn._holes._MOST_SQUARES_HELD", held)
    fill, gaussian = loaded(12, 2)
    x = rows(12)
    np.testing.assert_allclose(fill(torch.from_numpy(x)), gaussian.fill(x), atol=1e-6)
    assert (fill._last[1].squares is None) == (held == 0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_observed_cells_and_dtype_are_untouched(dtype):
    fill, _ = loaded(12, 3)
    x = torch.from_numpy(rows(12)).to(dtype)
    before = x.clone()
    found = fill(x)
    assert found.dtype == dtype
    assert torch.equal(found[~x.isnan()], x[~x.isnan()])
    assert found.isfinite().all()
    assert torch.equal(x.isnan(), before.isnan())


def test_a_row_is_filled_the_same_in_any_batch():
    fill, _ = loaded(12, 11)
    x = torch.from_numpy(rows(12))
    together = fill(x)
    alone = torch.cat([fill(x[i : i + 7]) for i in range(0, 70, 7)])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-9)


def test_without_holes_the_rows_are_returned():
    x = torch.ones(3, 2)
    assert FillHoles(2, 1)(x) is x
    assert FillHoles(2, 1)(x[:0]).shape == (0, 2)


def test_two_columns_follow_their_regression():
    fill = FillHoles(2, 1)
    fill.mean.copy_(torch.tensor([1.0, 10.0]))
    fill.loadings.copy_(torch.tensor([[2.0], [3.0]]))  # variances 5 and 10, covariance 6
    found = fill(torch.tensor([[2.0, NAN], [NAN, 20.0]]))
    np.testing.assert_allclose(found, [[2.0, 11.2], [7.0, 20.0]], rtol=1e-6)


def test_a_new_module_fills_with_zeros_and_trains_nothing():
    fill = FillHoles(3, 2)
    assert not list(fill.parameters())
    x = torch.tensor([[1.0, NAN, NAN]], requires_grad=True)
    found = fill(x)
    assert found.tolist() == [[1.0, 0.0, 0.0]]
    assert not found.requires_grad


def test_it_follows_its_buffers_and_is_copied_without_what_they_imply():
    fill = FillHoles(2, 1)
    x = torch.tensor([[3.0, NAN]])
    assert fill(x)[0, 1] == 0
    fill.loadings.fill_(1.0)
    assert fill(x)[0, 1] == 1.5
    other = copy.deepcopy(fill)
    assert other(x)[0, 1] == 1.5
    fill.load_state_dict({**other.state_dict(), "mean": torch.tensor([1.0, 0.0])})
    assert fill(x)[0, 1] == 1.0
    assert fill.double()(x)[0, 1] == 1.0
    assert other(x)[0, 1] == 1.5
    assert len(pickle.dumps(fill)) == len(pickle.dumps(copy.deepcopy(fill)))


def test_many_rows_are_solved_in_parts(monkeypatch):
    fill, gaussian = loaded(12, 11)
    monkeypatch.setattr("sklearn_ae.nn._holes._CELLS_PER_SOLVE", 100)
    x = rows(12)
    found = fill(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, gaussian.fill(x), rtol=1e-6, atol=1e-6)
