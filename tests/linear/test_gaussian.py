"""A Gaussian of rows with holes has the answers of textbooks where they are known."""

import numpy as np
import pytest

from sklearn_ae._columns import ScaledRows, Scaler
from sklearn_ae._linear import GaussianWithHoles, fit_gaussian

RNG = np.random.RandomState(0)
MIX = RNG.normal(size=(5, 5)) / 2
X = RNG.normal(size=(1000, 5)) @ MIX


def with_holes(x, share, seed=0):
    return np.where(np.random.RandomState(seed).uniform(size=x.shape) < share, np.nan, x)


def covariance_of(gaussian):
    return gaussian.loadings @ gaussian.loadings.T + np.diag(gaussian.noise)


def by_formula(gaussian, x):
    """Return the conditional mean by the covariance of the observed cells, row by row."""
    S, filled = covariance_of(gaussian), x.copy()
    for row in filled:
        m = np.isnan(row)
        known = np.linalg.solve(S[np.ix_(~m, ~m)], (row - gaussian.mean)[~m])
        row[m] = gaussian.mean[m] + S[np.ix_(m, ~m)] @ known
    return filled


@pytest.mark.parametrize("rank", [2, 8])  # rows solved for factors, and for holes
def test_holes_are_filled_by_the_conditional_mean(rank):
    loadings = RNG.normal(size=(9, rank))
    gaussian = GaussianWithHoles(RNG.normal(size=9), loadings, RNG.uniform(0.1, 1, 9))
    x = with_holes(RNG.normal(size=(60, 9)), 0.4)
    x[0] = np.nan
    x[1] = 1.0
    filled = gaussian.fill(x)
    np.testing.assert_allclose(filled, by_formula(gaussian, x), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(filled[0], gaussian.mean)
    np.testing.assert_array_equal(filled[~np.isnan(x)], x[~np.isnan(x)])


def test_of_complete_rows_it_has_their_mean_and_covariance():
    gaussian = fit_gaussian(X)
    np.testing.assert_allclose(gaussian.mean, X.mean(0), atol=1e-6)
    S = np.cov(X.T, bias=True)
    np.testing.assert_allclose(covariance_of(gaussian), S, atol=2e-3 * S.max())


def test_holes_that_depend_on_other_cells_do_not_bias_it():
    x = RNG.normal(size=(3000, 2))
    x[:, 1] = 0.8 * x[:, 0] + 0.6 * x[:, 1]
    x[x[:, 0] > 0, 1] = np.nan  # the mean of the others is -0.64
    gaussian = fit_gaussian(x)
    assert abs(gaussian.mean[1]) < 0.1
    rows = np.array([[-1.0, np.nan], [2.0, np.nan]])
    np.testing.assert_allclose(gaussian.fill(rows)[:, 1], [-0.8, 1.6], atol=0.12)


def test_it_comes_close_to_the_truth_and_beats_column_means():
    truth = GaussianWithHoles(np.zeros(5), MIX.T, np.full(5, 1e-9))
    x = with_holes(X, 0.3)
    hidden = np.isnan(x)
    found = fit_gaussian(x).fill(x)
    least = np.sqrt(((truth.fill(x) - X)[hidden] ** 2).mean())
    assert np.sqrt(((found - X)[hidden] ** 2).mean()) < 1.05 * least
    assert least < 0.8 * np.sqrt((X[hidden] ** 2).mean())


def test_a_weight_of_two_is_the_row_twice():
    x = with_holes(X[:400], 0.1)
    weight = RNG.randint(0, 3, 400)
    once = fit_gaussian(x, weight)
    twice = fit_gaussian(np.repeat(x, weight, axis=0))
    np.testing.assert_allclose(once.mean, twice.mean, atol=0.01)
    np.testing.assert_allclose(covariance_of(once), covariance_of(twice), atol=0.02)


def test_columns_and_rows_without_cells_and_constant_columns():
    x = with_holes(X, 0.2)
    x[:, 1], x[:, 3], x[7] = np.nan, 2.5, np.nan
    gaussian = fit_gaussian(x)
    assert gaussian.mean[1] == 0
    assert gaussian.mean[3] == 2.5
    assert (covariance_of(gaussian)[[1, 3]] == 0).all()
    filled = gaussian.fill(x)
    assert (filled[:, 1] == 0).all()
    np.testing.assert_array_equal(filled[7], gaussian.mean)


def test_columns_that_nearly_follow_from_others_are_filled_closely():
    x = np.column_stack([X, X.sum(1) + 0.01 * RNG.normal(size=len(X))])
    hidden = with_holes(x[:, 5:], 0.3)
    gaussian = fit_gaussian(np.column_stack([X, hidden]))
    filled = gaussian.fill(np.column_stack([X, hidden]))
    assert np.abs(filled - x)[:, 5].max() < 0.05


def test_a_category_in_columns_of_its_own_is_filled_as_a_whole():
    level = np.argmax(X[:, :3] + 0.1 * RNG.normal(size=(1000, 3)), axis=1)
    block = np.eye(3)[level]
    block -= block.mean(0)
    block[::4] = np.nan
    x = np.column_stack([X, block])
    filled = fit_gaussian(x).fill(x)[:, 5:]
    np.testing.assert_allclose(filled.sum(1), 0, atol=0.02)
    assert (filled.argmax(1) == level)[::4].mean() > 0.75


@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (8, 4), (12, 700), (30, 110)])
def test_small_and_wide_tables_are_filled(shape):
    x = with_holes(RNG.normal(size=shape), 0.3)
    gaussian = fit_gaussian(x)
    filled = gaussian.fill(x)
    assert np.isfinite(filled).all()
    assert np.abs(filled).max() < 5
    assert (gaussian.noise >= 0).all()


@pytest.mark.parametrize("n_constant", [5, 45])
def test_constant_columns_of_a_wide_table_do_not_raise_its_rank(n_constant):
    x = RNG.normal(size=(300, 105))
    x[:, :n_constant] = 1.0
    assert fit_gaussian(with_holes(x, 0.01)).loadings.shape[1] <= 64


def test_factors_of_a_wide_table_are_found():
    codes, axes = RNG.normal(size=(150, 3)), RNG.normal(size=(3, 610)) / np.sqrt(3)
    clean = codes @ axes
    x = with_holes(clean + 0.1 * RNG.normal(size=clean.shape), 0.3)
    found = fit_gaussian(x).fill(x)
    assert np.abs(found - clean)[np.isnan(x)].mean() < 0.15


def test_rows_that_are_scaled_when_read_give_the_same():
    scaler = Scaler("feature").fit(10 + 3 * X)
    rows = ScaledRows(10 + 3 * X, scaler)
    one, other = fit_gaussian(rows, seed=1), fit_gaussian(rows[:], seed=1)
    for field in ("mean", "loadings", "noise"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def test_float32_holds_its_numbers():
    gaussian = fit_gaussian(with_holes(X, 0.2))
    for numbers in (gaussian.mean, gaussian.loadings, gaussian.noise):
        np.testing.assert_array_equal(numbers, numbers.astype(np.float32))
