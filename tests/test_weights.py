"""Weights of rows: a row of weight 2 counts as two equal rows, one of weight 0 as none."""

import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder
from sklearn_ae._code_density import GaussianDensity, MixtureDensity
from sklearn_ae._columns import Scaler, column_variance, row_slices
from sklearn_ae._linear import fit_linear_denoiser, fit_pca, fit_wide_linear_denoiser
from sklearn_ae._plan_tables import fit_scalers, measure_levels
from sklearn_ae._training._loop import Rows
from sklearn_ae._training._stopping import JudgedRows
from sklearn_ae.nn import Autoencoder, TableLayout, make_loss

FITTED = ["mean_", "scale_", "explained_variance_", "explained_variance_ratio_"]


@pytest.fixture
def weights(digit_rows):
    """600 integers from 0 to 4."""
    return np.random.RandomState(1).randint(0, 5, len(digit_rows))


def assert_equal_up_to_sign(first, second, atol):
    signs = np.sign((first * second).sum(axis=0))
    np.testing.assert_allclose(first, second * signs, atol=atol)


@pytest.mark.parametrize("dtype", ["float64", "uint8"])
def test_in_closed_form_it_is_pca_of_repeated_rows(digit_rows, weights, dtype):
    X = (16 * digit_rows).astype(dtype)
    linear = AutoencoderTransformer(5, hidden_layer_sizes=())
    linear.fit(X, sample_weight=weights)
    pca = PCA(5, svd_solver="full").fit(np.repeat(X, weights, axis=0).astype(float))
    assert_equal_up_to_sign(linear.transform(X), pca.transform(X.astype(float)), 1e-10)
    X_hat = pca.inverse_transform(pca.transform(X.astype(float)))
    np.testing.assert_allclose(linear.reconstruct(X), X_hat, atol=1e-10)
    np.testing.assert_allclose(linear.mean_, pca.mean_, atol=1e-10)
    for name in FITTED[2:]:
        np.testing.assert_allclose(getattr(linear, name), getattr(pca, name), rtol=1e-10)
    np.testing.assert_allclose(linear.code_variance_, pca.explained_variance_, rtol=1e-10)


@pytest.mark.parametrize("scaling", ["global", "feature", None])
def test_what_is_fitted_in_closed_form_is_that_of_repeated_rows(
    quiet, digit_rows, weights, scaling
):
    linear = quiet(5, hidden_layer_sizes=(), scaling=scaling, whiten=True)
    repeated = quiet(5, hidden_layer_sizes=(), scaling=scaling, whiten=True)
    linear.fit(digit_rows, sample_weight=weights)
    repeated.fit(np.repeat(digit_rows, weights, axis=0))
    for name in [*FITTED, "code_variance_"]:
        np.testing.assert_allclose(getattr(linear, name), getattr(repeated, name), 1e-7)
    codes = linear.transform(digit_rows), repeated.transform(digit_rows)
    assert_equal_up_to_sign(*codes, 1e-7)


@pytest.mark.parametrize("shape", [(300, 40), (2000, 130), (150, 1200)])
def test_every_solver_of_pca_takes_weights(shape):
    rng = np.random.RandomState(0)
    X = (
        rng.normal(size=(shape[0], 6))
        * 2.0 ** -np.arange(6)
        @ rng.normal(size=(6, shape[1]))
    )
    X += 0.01 * rng.normal(size=shape) + 3
    weight = rng.randint(1, 4, len(X))
    code = fit_pca(X, 4, 0, weight.astype(float))
    pca = PCA(4, svd_solver="full").fit(np.repeat(X, weight, axis=0))
    np.testing.assert_allclose(code.mean, pca.mean_)
    np.testing.assert_allclose(code.projection, pca.components_, atol=1e-6)
    variance = pca.explained_variance_ * (weight.sum() - 1) / weight.sum()
    np.testing.assert_allclose(code.variance, variance, rtol=1e-6)
    assert not code.is_exact
    assert fit_pca(X[:, :3], 3, 0, weight.astype(float)).is_exact


@pytest.mark.parametrize("kind", ["global", "feature", "magnitude", None])
def test_scaling_of_weighted_rows_is_that_of_repeated_ones(kind, digit_rows, weights):
    X = 3 - 2 * digit_rows
    weighted = Scaler(kind).fit(X, weight=weights.astype(float))
    repeated = Scaler(kind).fit(np.repeat(X, weights, axis=0))
    for name, value in vars(repeated).items():
        # A row of weight 0, which no fit is given, would be among the extremes.
        if isinstance(value, np.ndarray) and name not in ("low_", "high_"):
            np.testing.assert_allclose(getattr(weighted, name), value, atol=1e-12)
    parts = (X[rows] for rows in row_slices(X.shape))
    variance = column_variance(parts, weights.astype(float))
    np.testing.assert_allclose(variance, np.repeat(X, weights, axis=0).var(0), atol=1e-12)


@pytest.mark.parametrize("fit", [fit_linear_denoiser, fit_wide_linear_denoiser])
def test_a_denoiser_of_weighted_rows_is_that_of_repeated_ones(fit):
    rng = np.random.RandomState(0)
    clean = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 8)) + 1
    noisy = clean + 0.1 * rng.normal(size=clean.shape)
    weight = rng.randint(1, 4, 500)
    last = (0,) if fit is fit_wide_linear_denoiser else (None,)
    code = fit(noisy, clean, 2, *last, weight.astype(float))
    rows = np.repeat(np.arange(500), weight)
    expected = fit(noisy[rows], clean[rows], 2, *last)
    for name in ("mean", "target_mean", "variance"):
        np.testing.assert_allclose(getattr(code, name), getattr(expected, name), rtol=1e-6)
    maps = [one.way_back @ one.projection for one in (code, expected)]
    np.testing.assert_allclose(*maps, atol=1e-6)


def test_equal_weights_change_no_bit(quick, digit_rows):
    plain = quick(4, max_iter=2).fit(digit_rows).transform(digit_rows)
    for weight in ([7] * 600, 0.3):
        codes = (
            quick(4, max_iter=2).fit(digit_rows, sample_weight=weight).transform(digit_rows)
        )
        np.testing.assert_array_equal(codes, plain)


def test_rows_of_weight_zero_are_absent(quick, digit_rows):
    counts = np.arange(600) % 3 > 0
    some = quick(4, max_iter=2).fit(digit_rows, sample_weight=counts)
    expected = quick(4, max_iter=2).fit(digit_rows[counts])
    np.testing.assert_array_equal(
        some.transform(digit_rows), expected.transform(digit_rows)
    )
    assert some.n_samples_ == counts.sum()
    score = some.score(digit_rows, sample_weight=counts)
    assert score == expected.score(digit_rows[counts])


def test_score_is_the_weighted_r2(quick, digit_rows):
    fitted = quick(4, max_iter=2).fit(digit_rows)
    weight = np.random.RandomState(0).exponential(size=600)
    expected = r2_score(
        digit_rows,
        fitted.reconstruct(digit_rows),
        sample_weight=weight,
        multioutput="variance_weighted",
    )
    score = fitted.score(digit_rows, sample_weight=weight)
    assert score == pytest.approx(expected, abs=1e-12)
    assert score != pytest.approx(fitted.score(digit_rows), abs=1e-6)
    same = fitted.score(digit_rows, sample_weight=np.full(600, 2))
    assert same == fitted.score(digit_rows)


def test_pairs_have_weights_too(digit_rows, weights):
    noisy = digit_rows + 0.2 * np.random.RandomState(0).normal(size=digit_rows.shape)
    fitted = DenoisingAutoencoder(4, max_iter=3, hidden_layer_sizes=16, random_state=0)
    fitted.fit(noisy, X_clean=digit_rows, sample_weight=weights)
    expected = r2_score(
        digit_rows,
        fitted.denoise(noisy),
        sample_weight=weights,
        multioutput="variance_weighted",
    )
    score = fitted.score(noisy, X_clean=digit_rows, sample_weight=weights)
    assert score == pytest.approx(expected, abs=1e-12)
    assert fitted.explained_variance_ratio_.sum() == pytest.approx(score, abs=1e-4)


@pytest.mark.parametrize(("loss", "init"), [("mse", "pca"), ("huber", "random")])
def test_training_serves_the_rows_that_count(quick, bent, loss, init):
    other = bent * [1, -1, 1, -1] + [0, 9, 0, 0]  # the parabola, the other way up
    X, is_other = np.vstack([bent, other]), np.repeat([False, True], 200)
    scores = []
    for heavy in (False, True):
        weight = np.where(is_other == heavy, 1.0, 0.01)
        fitted = quick(1, max_iter=6, loss=loss, init=init)
        fitted.fit(X, sample_weight=weight)
        scores.append([fitted.score(X[is_other == which]) for which in (False, True)])
    assert scores[0][0] > scores[1][0]
    assert scores[1][1] > scores[0][1]


def test_what_is_told_of_codes_is_weighted(quick, digit_rows, weights):
    fitted = quick(3, max_iter=2).fit(digit_rows, sample_weight=weights)
    score = fitted.score(digit_rows, sample_weight=weights)
    assert fitted.explained_variance_ratio_.sum() == pytest.approx(score, abs=1e-4)
    repeated = np.repeat(digit_rows, weights, axis=0)
    variance = fitted.transform(repeated).var(axis=0, ddof=1)
    np.testing.assert_allclose(fitted.code_variance_, variance, rtol=1e-3)
    total = repeated.var(axis=0, ddof=1).sum()
    ratio = fitted.explained_variance_ratio_
    np.testing.assert_allclose(fitted.explained_variance_, ratio * total)


def test_densities_follow_the_weights():
    rng = np.random.RandomState(0)
    codes = np.vstack([rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + 20])
    weight = np.repeat([9.0, 1.0], 300)
    normal = GaussianDensity().fit(codes, np.ones(2), 0, weight)
    expected = np.cov(codes.T, aweights=weight, ddof=0)
    np.testing.assert_allclose(normal.covariance_, expected)
    np.testing.assert_allclose(normal.mean_, np.average(codes, axis=0, weights=weight))
    mixture = MixtureDensity().fit(codes, np.ones(2), 0, weight)
    drawn = mixture.draw(2000, np.random.RandomState(0))
    assert (drawn[:, 0] < 10).mean() == pytest.approx(0.9, abs=0.03)


def test_judged_rows_are_those_of_repeated_rows(digit_rows, weights):
    x, weight = torch.tensor(digit_rows).float(), torch.tensor(weights).float()
    sizes = {"hidden_layer_sizes": (8,), "decoder_hidden_layer_sizes": (8,)}
    network = Autoencoder(n_features=64, n_components=3, **sizes)
    how = network, make_loss("mse"), None, None, torch.ones(64)
    losses, r2 = JudgedRows(*how, rows=Rows(x, None, weight)).judge()
    repeated = x.repeat_interleave(torch.tensor(weights), 0)
    expected, expected_r2 = JudgedRows(*how, rows=Rows(repeated)).judge()
    assert float(losses.mean()) == pytest.approx(float(expected.mean()), rel=1e-6)
    assert r2 == pytest.approx(expected_r2, abs=1e-5)


@pytest.mark.parametrize("factor", [1e-300, 1e-3, 1e100, 1e307])
def test_weights_of_any_size_are_shares(digit_rows, factor):
    weight = 1 + np.random.RandomState(0).uniform(size=600)
    fits = [
        AutoencoderTransformer(3, max_iter=2, random_state=0).fit(X, sample_weight=w)
        for X, w in ((digit_rows, weight), (digit_rows, factor * weight))
    ]
    for name in FITTED:
        first, second = (getattr(fit, name) for fit in fits)
        np.testing.assert_allclose(first, second, rtol=3e-3)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.r_[-1.0, np.ones(599)], "1 negative values.+ at least 0.+Use 0"),
        (np.r_[1.0, np.nan, np.ones(598)], "NaN or infinite.+ nan at 1; expected.+Use"),
        (np.r_[np.inf, np.ones(599)], "NaN or infinite.+expected finite.+Use 0"),
        (np.ones(599), "599 values and X has 600 rows; expected a weight.+Pass"),
        (np.zeros(600), "zero for all 600 rows; expected a weight above 0.+Pass"),
        (np.ones((600, 1)), r"shape \(600, 1\); expected one dimension.+Pass"),
        (["heavy"] * 600, "no real numbers.+expected.+Convert"),
        (1j * np.ones(600), "no real numbers.+expected.+Convert"),
    ],
)
def test_weights_that_are_none_are_refused(quick, digit_rows, weight, message):
    fitted = quick(2, max_iter=1).fit(digit_rows)
    before = dict(vars(fitted))
    with pytest.raises(ValueError, match=message):
        fitted.fit(digit_rows, sample_weight=weight)
    assert vars(fitted) == before
    with pytest.raises(ValueError, match=message):
        fitted.score(digit_rows, sample_weight=weight)


def test_the_array_of_weights_stays_as_it_is(quick, digit_rows, weights):
    given = weights.astype(float)
    quick(2, max_iter=1).fit(digit_rows, sample_weight=given)
    np.testing.assert_array_equal(given, weights)


def test_fit_transform_passes_weights_on(quick, digit_rows, weights):
    codes = quick(2, max_iter=2).fit_transform(digit_rows, sample_weight=weights)
    expected = quick(2, max_iter=2).fit(digit_rows, sample_weight=weights)
    np.testing.assert_array_equal(codes, expected.transform(digit_rows))


def test_a_pipeline_routes_weights_to_fit_and_score(quick, digit_rows, weights):
    plain = quick(2, max_iter=2)
    Z = StandardScaler().fit_transform(digit_rows)
    expected = plain.fit(Z, sample_weight=weights).score(Z, sample_weight=weights)
    with config_context(enable_metadata_routing=True):
        last = quick(2, max_iter=2).set_fit_request(sample_weight=True)
        last.set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        piped = make_pipeline(scaler, last)
        piped.fit(digit_rows, sample_weight=weights)
        score = piped.score(digit_rows, sample_weight=weights)
    assert score == expected


@pytest.mark.parametrize("is_routed", [False, True])
def test_a_grid_search_splits_weights_with_the_rows(quick, digit_rows, weights, is_routed):
    search = {"param_grid": {"alpha": [0.0, 0.1]}, "cv": 2}
    digit_rows, weights = digit_rows[:200], weights[:200]
    with config_context(enable_metadata_routing=is_routed):
        estimator = quick(2, max_iter=1)
        if is_routed:
            estimator.set_fit_request(sample_weight=True)
            estimator.set_score_request(sample_weight=True)
        found = GridSearchCV(estimator, error_score="raise", **search)
        found.fit(digit_rows, sample_weight=weights)
    expected = quick(2, max_iter=1, alpha=found.best_params_["alpha"])
    expected.fit(digit_rows, sample_weight=weights)
    codes = found.best_estimator_.transform(digit_rows)
    np.testing.assert_array_equal(codes, expected.transform(digit_rows))


def test_weights_count_as_rows_in_what_levels_cost():
    random = np.random.RandomState(0)
    X = np.column_stack([random.randint(0, 3, 60), random.normal(size=60)]).astype(float)
    X[:5, 0], weight = np.nan, random.randint(0, 4, 60).astype(float)
    layout = TableLayout((3, 0), rank=0)
    found = []
    for rows, own in ((X, weight), (np.repeat(X, weight.astype(int), axis=0), None)):
        columns, _ = fit_scalers(layout, "feature", rows, None, own)
        frequencies, parts = measure_levels(layout, "mse", rows, columns, own)
        found.append(np.concatenate([*frequencies, *parts]))
    np.testing.assert_allclose(*found, rtol=1e-12)
