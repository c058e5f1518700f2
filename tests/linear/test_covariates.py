"""Principal covariates regression: between PCA and the regression of y."""

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

from sklearn_ae._columns import Response, ScaledRows, Scaler
from sklearn_ae._linear import fit_pca, regress_number, turn_towards, width_to_turn


def numbers(share):
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    return X, Response(y[:, np.newaxis], (0,), share).scaled(None)


def classes(share):
    X, y = load_wine(return_X_y=True)
    return StandardScaler().fit_transform(X), Response(y[:, np.newaxis] * 1.0, (3,), share)


def turned(X, response, n_components, weight=None):
    wide = fit_pca(X, width_to_turn(n_components, X.shape), 0, weight)
    rows = ScaledRows(X, Scaler(None).fit(X), None, weight)
    return turn_towards(wide, rows, response, n_components, 0)


def lost(X, response, codes):
    """Return what is left of X and of y by least squares from codes, and their sum."""
    y = response.indicators(None)[0]
    left = [
        ((rows - LinearRegression().fit(codes, rows).predict(codes)) ** 2).sum()
        / ((rows - rows.mean(0)) ** 2).sum()
        for rows in (X, y)
    ]
    return left, (1 - response.share) * left[0] + response.share * left[1]


@pytest.mark.parametrize("case", [numbers, classes])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_of_the_weighted_sum_nothing_linear_leaves_less(case, size):
    X, response = case(0.5)
    code = turned(X, response, size)
    codes = (X - code.mean) @ code.projection.T
    least = lost(X, response, codes)[1]
    wanted = response.indicators(None)[0]
    others = PCA(size).fit_transform(X), PLSRegression(size).fit(X, wanted).transform(X)
    # The regression is a ridge, least squares is not: equal up to a little.
    assert all(least <= lost(X, response, other)[1] + 2e-3 for other in others)
    assert least < lost(X, response, others[0])[1] - 0.005


@pytest.mark.parametrize("case", [numbers, classes])
def test_a_weight_near_zero_gives_pca_and_one_near_one_the_regression(case):
    X, response = case(1e-9)
    code = turned(X, response, 3)
    np.testing.assert_allclose(
        np.abs(code.projection), np.abs(PCA(3).fit(X).components_), atol=1e-5
    )
    X, response = case(1 - 1e-9)
    n = 1 if case is numbers else 2
    left = lost(X, response, (X - X.mean(0)) @ turned(X, response, n).projection.T)[0]
    assert left[1] == pytest.approx(lost(X, response, X)[0][1], abs=0.01)


def test_codes_are_uncorrelated_and_as_long_as_what_they_stand_for():
    X, response = classes(0.3)
    code = turned(X, response, 4)
    codes = (X - code.mean) @ code.projection.T
    np.testing.assert_allclose(
        np.cov(codes.T, bias=True), np.diag(code.variance), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.norm(code.way_back, axis=0), 1)
    assert np.all(np.diff(code.variance) <= 0)
    by_least_squares = LinearRegression().fit(codes, X).coef_
    np.testing.assert_allclose(code.way_back, by_least_squares, atol=1e-9)


def test_weights_of_rows_are_repeats():
    X, response = classes(0.3)
    weight = np.random.RandomState(0).randint(1, 4, len(X))
    places = np.repeat(np.arange(len(X)), weight)
    once = turned(X, response, 2, weight.astype(float))
    often = turned(X[places], response.take(places), 2)
    # Leave-one-out leaves one repeat of several out, and may choose another ridge.
    np.testing.assert_allclose(np.abs(once.projection), np.abs(often.projection), atol=0.1)
    plain, alike = turned(X, response, 2), turned(X, response, 2, np.full(len(X), 3.0))
    np.testing.assert_allclose(
        np.abs(plain.projection), np.abs(alike.projection), atol=1e-6
    )


def test_without_y_or_room_the_code_stays():
    X, response = classes(0.3)
    none = Response(np.full((len(X), 1), np.nan), (3,), 0.3)
    pca = PCA(3).fit(X).components_
    np.testing.assert_allclose(
        np.abs(turned(X, none, 3).projection), np.abs(pca), atol=1e-9
    )
    all_of_it = turned(X, response, 13)
    np.testing.assert_allclose(
        np.abs(all_of_it.projection), np.abs(PCA(13).fit(X).components_), atol=1e-9
    )
    X, y = load_breast_cancer(return_X_y=True)
    X = np.outer(X[:, 0], np.ones(4))  # of rank one
    response = Response(y[:, np.newaxis] * 1.0, (2,), 0.3)
    assert turned(X, response, 2).projection.shape == (2, 4)


def test_a_number_is_regressed_on_codes_of_any_size():
    X, y = load_diabetes(return_X_y=True)
    codes = PCA(4, whiten=True).fit_transform(X)
    expected = LinearRegression().fit(codes, y).predict(codes)
    codes = codes * [1e3, 1, 1, 1e-3]  # whose sizes are not to matter
    coefficients, constant = regress_number(codes, y, None)
    np.testing.assert_allclose(codes @ coefficients + constant, expected, atol=0.5)
    # What is missing does not count, and weights are repeats.
    some = np.where(np.arange(len(y)) % 3, y, np.nan)
    weight = np.arange(len(y)) % 4 + 1.0
    places = np.repeat(np.arange(len(y)), weight.astype(int))
    once = regress_number(codes, some, weight)
    often = regress_number(codes[places], some[places], None)
    np.testing.assert_allclose(once[0], often[0], rtol=1e-8)
    assert once[1] == pytest.approx(often[1])


def test_of_a_number_that_no_sample_has_nothing_is_known():
    coefficients, constant = regress_number(np.ones((3, 2)), np.full(3, np.nan), None)
    assert not coefficients.any()
    assert constant == 0
