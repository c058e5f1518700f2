"""What each column keeps, and which cell is to blame: scores with known answers."""

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS, is_variational
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_column_scores_weighted_by_variance_are_the_score(kind):
    X = load_wine().data
    fitted = kind(3, max_iter=3, random_state=0).fit(X[:120])
    rest = X[120:]
    scores = fitted.column_scores(rest)
    assert scores.shape == (13,)
    expected = fitted.score(rest)
    assert np.average(scores, weights=rest.var(0)) == pytest.approx(expected, abs=1e-9)


def test_column_scores_of_a_linear_network_are_those_of_pca(digits):
    X = digits[0]
    fitted = AutoencoderTransformer(5, hidden_layer_sizes=()).fit(X)
    pca = PCA(5, svd_solver="full").fit(X)  # "auto" draws from numpy's global generator
    X_hat = pca.inverse_transform(pca.transform(X))
    varies = X.std(0) > 0
    expected = r2_score(X, X_hat, multioutput="raw_values")
    np.testing.assert_allclose(fitted.column_scores(X)[varies], expected[varies], atol=1e-6)


def test_column_scores_of_pairs_are_those_of_the_clean_rows(digits):
    X = digits[0]
    noisy = X + np.random.RandomState(0).normal(size=X.shape)
    fitted = DenoisingAutoencoder(max_iter=3, random_state=0).fit(noisy, X_clean=X)
    varies = X.std(0) > 0
    expected = r2_score(X, fitted.denoise(noisy), multioutput="raw_values")
    scores = fitted.column_scores(noisy, X_clean=X)
    np.testing.assert_allclose(scores[varies], expected[varies], atol=1e-9)
    assert (fitted.column_scores(noisy)[varies] < scores[varies]).all()


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_constant_column_scores_1_and_a_single_row_nan(kind):
    X = np.column_stack([np.random.RandomState(0).normal(size=(60, 3)), np.full(60, 7.3)])
    fitted = kind(2, max_iter=2, random_state=0).fit(X)
    assert fitted.column_scores(X)[3] == 1
    with pytest.warns(UserWarning, match="less than two samples"):
        assert np.isnan(fitted.column_scores(X[:1])).all()


def test_scores_of_columns_far_from_zero_have_all_digits(bent):
    X = bent + 1e8
    fitted = AutoencoderTransformer(1, max_iter=3, random_state=0).fit(X)
    expected = r2_score(X, fitted.reconstruct(X), multioutput="raw_values")
    np.testing.assert_allclose(fitted.column_scores(X), expected, atol=1e-6)
    expected = np.average(expected, weights=X.var(axis=0))
    assert fitted.score(X) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("value", [0.0, 7.3])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_rows_that_are_equal_score_1_without_error_else_0(kind, value):
    X = np.full((20, 3), value)
    fitted = kind(1, max_iter=1, random_state=0).fit(X)
    for rows, expected in ((X, 1), (X + 1, 0)):
        X_hat = fitted.reconstruct(rows)
        assert r2_score(rows, X_hat, multioutput="variance_weighted") == expected
        assert fitted.score(rows) == expected
        assert (fitted.column_scores(rows) == expected).all()


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "bce", "kl", torch.nn.L1Loss()])
@pytest.mark.parametrize("kind", [AutoencoderTransformer, DenoisingAutoencoder])
def test_the_mean_of_cell_scores_is_the_score_of_a_row(kind, loss, digits):
    X = digits[0][:200] / 16
    fitted = kind(4, loss=loss, max_iter=2, random_state=0).fit(X)
    cells = fitted.cell_scores(X)
    assert cells.shape == X.shape
    np.testing.assert_allclose(cells.mean(1), fitted.score_samples(X), rtol=1e-9)


def test_cell_scores_are_squared_errors_in_scaled_units(digits):
    X = digits[0]
    for scaling in ("global", "feature", None):
        fitted = AutoencoderTransformer(4, scaling=scaling, max_iter=2, random_state=0).fit(
            X
        )
        expected = -(((X - fitted.reconstruct(X)) / fitted.scale_) ** 2)
        np.testing.assert_allclose(fitted.cell_scores(X), expected, atol=1e-9)


def test_cell_scores_against_clean_rows(digits):
    X = digits[0][:300]
    noisy = X + np.random.RandomState(0).normal(size=X.shape)
    fitted = DenoisingAutoencoder(8, max_iter=2, random_state=0).fit(noisy, X_clean=X)
    expected = fitted.score_samples(noisy, X_clean=X)
    np.testing.assert_allclose(fitted.cell_scores(noisy, X_clean=X).mean(1), expected)


def test_a_variational_cell_without_error_scores_0(digits):
    for loss, X in (("mse", digits[0][:300]), ("kl", 16 * digits[0][:300])):
        fitted = next(kind for kind in ESTIMATORS if is_variational(kind()))(
            4, loss=loss, max_iter=2, random_state=0
        ).fit(X)
        cells = fitted.cell_scores(X)
        assert cells.max() <= 1e-9
        if loss == "mse":
            error = (X - fitted.reconstruct(X)) ** 2
            ratio = cells[error > 1e-3] / error[error > 1e-3]
            np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)


def test_a_loss_that_is_no_mean_over_cells_has_no_cell_scores(digits):
    def largest(x_hat, x):
        return (x_hat - x).abs().amax(1).mean()

    X = digits[0][:100]
    fitted = AutoencoderTransformer(4, loss=largest, max_iter=1, random_state=0).fit(X)
    with pytest.raises(ValueError, match="mean over cells"):
        fitted.cell_scores(X)


def found(X, scores, usual, column):
    """Return how often the worst cell, beside what is usual, is the one that is wrong."""
    return (np.argmin(scores / usual, axis=1) == column).mean()


@pytest.mark.parametrize("scaling", ["global", "feature"])
@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
def test_the_cell_that_is_wrong_is_found_in_any_unit(load, scaling):
    rng = np.random.RandomState(0)
    X = load().data
    X = X[rng.permutation(len(X))]
    train, test = X[: len(X) // 2], X[len(X) // 2 :].copy()
    column = rng.randint(X.shape[1], size=len(test))
    test[np.arange(len(test)), column] += 10 * train.std(0)[column]
    fitted = AutoencoderTransformer(4, scaling=scaling, max_iter=10, random_state=0)
    fitted.fit(train)
    usual = -fitted.cell_scores(train).mean(0)
    share = found(test, fitted.cell_scores(test), usual, column)
    errors = (train - fitted.reconstruct(train)) ** 2
    plain = -((test - fitted.reconstruct(test)) ** 2)
    assert share >= found(test, plain, errors.mean(0), column) - 1e-9
    assert share > 0.7  # chance is 0.03 and 0.08
