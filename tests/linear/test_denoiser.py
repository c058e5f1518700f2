"""Without hidden layers the answer is known: the best linear denoiser, in closed form."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from sklearn_ae import DenoisingAutoencoder
from sklearn_ae._linear import _denoiser
from sklearn_ae._linear._denoiser import fit_wide_linear_denoiser


@pytest.fixture
def rows():
    """4000 correlated rows of six columns of different spread and place."""
    rng = np.random.RandomState(0)
    mix = rng.normal(size=(6, 6)) * np.linspace(0.2, 2, 6)
    return rng.normal(size=(4000, 6)) @ mix + np.arange(6)


def linear(n_components=None, **params):
    return DenoisingAutoencoder(n_components, hidden_layer_sizes=(), **params)


def scaled_unit(X):
    """Return what one unit of the network is worth: the same for all columns."""
    return np.sqrt(X.var(0).mean())


def mse(X_hat, X):
    return ((X_hat - X) ** 2).mean()


def test_gaussian_noise_gives_the_wiener_filter(rows):
    level = np.array([0.1, 0.5, 1.0, 2.0, 0.0, 0.3])
    fitted = linear(noise_level=level).fit(rows)
    assert (fitted.n_iter_, fitted.best_iter_) == (1, 0)
    mean, covariance = rows.mean(0), np.cov(rows.T, bias=True)
    added = np.diag(level**2) * rows.var(0).mean()
    wiener = np.linalg.solve(covariance + added, covariance)
    expected = (rows - mean) @ wiener + mean
    np.testing.assert_allclose(fitted.denoise(rows), expected, atol=1e-7)
    # On the way the codes are those of the cleaned rows' PCA.
    codes = fitted.transform(rows)
    np.testing.assert_allclose(codes.mean(0), 0, atol=1e-8)
    np.testing.assert_allclose(fitted.inverse_transform(codes), expected, atol=1e-7)


def test_masking_gives_the_regression_on_what_is_left(rows):
    share = 0.3
    fitted = linear(noise="masking", noise_level=share).fit(rows)
    mean, covariance = rows.mean(0), np.cov(rows.T, bias=True)
    noisy = (1 - share) ** 2 * covariance
    np.fill_diagonal(noisy, (1 - share) * covariance.diagonal())
    best = np.linalg.solve(noisy, (1 - share) * covariance)
    np.testing.assert_allclose(fitted.denoise(rows), (rows - mean) @ best + mean, atol=1e-7)


@pytest.mark.parametrize("n_components", [1, 3, 6])
def test_a_code_of_any_length_is_the_reduced_rank_regression(rows, n_components):
    fitted = linear(n_components, noise_level=0.7).fit(rows)
    mean, covariance = rows.mean(0), np.cov(rows.T, bias=True)
    added = 0.7**2 * rows.var(0).mean() * np.eye(6)
    regression = np.linalg.solve(covariance + added, covariance)
    explained = covariance @ regression
    axes = np.linalg.eigh((explained + explained.T) / 2)[1][:, ::-1][:, :n_components]
    expected = (rows - mean) @ regression @ axes @ axes.T + mean
    np.testing.assert_allclose(fitted.denoise(rows), expected, atol=1e-6)
    assert fitted.transform(rows).shape == (4000, n_components)


def test_pairs_with_rows_enough_are_least_squares(rows):
    rng = np.random.RandomState(1)
    noisy = rows * rng.uniform(0.5, 1.5, rows.shape) + rng.normal(size=rows.shape)
    fitted = linear().fit(noisy, X_clean=rows)
    expected = LinearRegression().fit(noisy, rows).predict(noisy)
    np.testing.assert_allclose(fitted.denoise(noisy), expected, atol=1e-6)


@pytest.mark.parametrize("seed", [0, 2])
def test_a_ridge_that_is_hardly_worth_it_is_none(rows, seed):
    rng, X = np.random.RandomState(seed), rows[:400]
    # On every fifth of these rows a ridge errs less, by a tenth of a per cent at most.
    noisy = X * rng.uniform(0.5, 1.5, X.shape) + rng.normal(size=X.shape)
    fitted = linear().fit(noisy, X_clean=X)
    expected = LinearRegression().fit(noisy, X).predict(noisy)
    np.testing.assert_allclose(fitted.denoise(noisy), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("noise", "level"),
    [("gaussian", 0.8), ("masking", 0.3), ("salt_pepper", 0.2), ("swap", 0.3)],
)
def test_what_is_known_of_noise_agrees_with_pairs_of_it(rows, noise, level):
    rng = np.random.default_rng(0)
    clean = np.tile(rows, (10, 1))
    hit = rng.uniform(size=clean.shape) < level
    ends = np.where(rng.uniform(size=clean.shape) < 0.5, rows.min(0), rows.max(0))
    noisy = {
        "gaussian": clean + level * scaled_unit(rows) * rng.normal(size=clean.shape),
        "masking": np.where(hit, rows.mean(0), clean),
        "salt_pepper": np.where(hit, ends, clean),
        "swap": np.where(hit, rng.permuted(clean, axis=0), clean),
    }[noise]
    known = linear(noise=noise, noise_level=level).fit(rows)
    seen = linear().fit(noisy, X_clean=clean)
    X_hat = seen.denoise(noisy)
    assert mse(known.denoise(noisy), X_hat) < 0.002 * mse(X_hat, clean)


def test_with_few_rows_it_is_better_than_least_squares(rows, digits):
    X, _ = digits
    noise = 0.5 * X.std(0) * np.random.RandomState(0).normal(size=X.shape)
    noisy = X + noise
    few, rest = slice(0, 70), slice(70, None)
    fitted = linear().fit(noisy[few], X_clean=X[few])
    plain = LinearRegression().fit(noisy[few], X[few])
    error = mse(fitted.denoise(noisy[rest]), X[rest])
    assert error < 0.5 * mse(plain.predict(noisy[rest]), X[rest])
    assert error < 0.9 * mse(noisy[rest], X[rest])


@pytest.mark.parametrize("has_pairs", [True, False])
def test_training_starts_there_and_ahead_of_pca(digits, has_pairs):
    X, _ = digits
    rng = np.random.RandomState(0)
    noisy = X + X.std(0) * rng.normal(size=X.shape)
    settings = {"max_iter": 1, "learning_rate_init": 1e-12, "random_state": 0}
    dae = DenoisingAutoencoder(16, noise_level="auto" if has_pairs else 1.0, **settings)
    dae = dae.fit(noisy, X_clean=X) if has_pairs else dae.fit(X)
    pca = PCA(16).fit(X)
    by_pca = mse(pca.inverse_transform(pca.transform(noisy)), X)
    assert mse(dae.denoise(noisy), X) < 0.9 * by_pca
    assert dae.best_iter_ == 0
    assert dae.validation_scores_[0] > 1 - 0.9 * by_pca / X.var(0).mean()


def test_wide_rows_are_denoised_on_their_principal_axes():
    rng = np.random.RandomState(0)
    clean = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 1100))
    noisy = clean + 3 * rng.normal(size=clean.shape)
    fitted = linear(5).fit(noisy[:200], X_clean=clean[:200])
    assert mse(fitted.denoise(noisy[200:]), clean[200:]) < 0.05 * 9
    everything = linear().fit(noisy[:200], X_clean=clean[:200])
    assert everything.n_components_ == 200
    assert mse(everything.denoise(noisy[200:]), clean[200:]) < 0.1 * 9


def test_wide_rows_that_become_others():
    rng = np.random.RandomState(0)
    mix = rng.normal(size=(5, 1100))
    clean = rng.normal(size=(400, 5)) @ mix
    noisy = clean + 0.5 * rng.normal(size=clean.shape)
    turned = clean[:, ::-1] * np.linspace(0.1, 5, 1100)
    fitted = linear(5).fit(noisy[:300], X_clean=turned[:300])
    assert fitted.score(noisy[300:], X_clean=turned[300:]) > 0.98


def test_narrow_columns_beside_wide_ones_are_cleaned_too():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(2000, 3)) * [1e6, 1, 0.01]
    fitted = linear(noise_level=0.1 * X.std(0), noise_unit="data").fit(X)
    np.testing.assert_allclose(fitted.denoise(X).std(0) / X.std(0), 1 / 1.01, rtol=1e-3)
    noisy = X + 0.1 * X.std(0) * rng.normal(size=X.shape)
    X_hat = linear().fit(noisy, X_clean=X).denoise(noisy)
    assert (((X_hat - X) ** 2).mean(0) < 1.05 * 0.01 / 1.01 * X.var(0)).all()


@pytest.mark.parametrize("code_activation", ["identity", "tanh"])
def test_the_order_of_rows_does_not_matter_to_swap(code_activation):
    rng = np.random.RandomState(0)
    t = np.linspace(-3, 3, 400)[:, np.newaxis]
    X = np.sin(t * rng.uniform(0, 3, 20) + rng.uniform(0, 6, 20))
    swapped = np.random.default_rng(0).permuted(X, axis=0)
    X_noisy = np.where(rng.uniform(size=X.shape) < 0.4, swapped, X)
    settings = {"noise": "swap", "noise_level": 0.4, "code_activation": code_activation}
    settings |= {"hidden_layer_sizes": (4,), "max_iter": 1, "learning_rate_init": 1e-12}
    scores = [
        DenoisingAutoencoder(5, **settings, random_state=0)
        .fit(rows)
        .score(X_noisy, X_clean=X)
        for rows in (X, rng.permutation(X))
    ]
    assert scores[0] == pytest.approx(scores[1], abs=0.02)


def test_of_wide_rows_no_more_axes_are_regressed_on_than_is_affordable(monkeypatch):
    monkeypatch.setattr(_denoiser, "_MOST_AXES", 3)
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 10))
    X -= X.mean(0)
    target = X @ rng.normal(size=(10, 10))
    target -= target.mean(0)
    slopes = (X * target).mean(0) / (X**2).mean(0)
    code = fit_wide_linear_denoiser(X, target, 10, seed=0)
    # What is left beside each column's own factor.
    mixed = code.way_back @ code.projection - np.diag(slopes)
    assert np.linalg.matrix_rank(mixed, tol=1e-8) == 3


def test_wide_rows_with_more_components_than_axes():
    rng = np.random.RandomState(0)
    clean = rng.normal(size=(30, 60))
    linear_code = fit_wide_linear_denoiser(clean, clean, 40, 0)
    assert linear_code.projection.shape == (40, 60)
    assert linear_code.way_back.shape == (60, 40)
    assert not linear_code.projection[30:].any()
    assert (linear_code.spread > 0).all()


def test_noise_of_one_size_leaves_no_narrow_column_worse_than_it_came():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(2000, 4)) * [2, 1, 0.5, 0.05]
    noisy = X + 0.3 * rng.normal(size=X.shape)
    X_hat = linear(noise_level=0.3, noise_unit="data").fit(X).denoise(noisy)
    # The Wiener filter of each column by itself.
    expected = 0.09 * X.var(0) / (X.var(0) + 0.09)
    np.testing.assert_allclose(((X_hat - X) ** 2).mean(0), expected, rtol=0.1)
