"""Components, singular values, noise and covariance are PCA's where the result is PCA."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

from sklearn_ae import AutoencoderTransformer, VariationalAutoencoder

LINEAR = {"hidden_layer_sizes": ()}
TABLES = {
    "digits": lambda: load_digits().data,
    "wine": lambda: load_wine().data,
    "breast cancer": lambda: load_breast_cancer().data,
    "wide": lambda: np.random.RandomState(0).normal(size=(20, 50)) + 3,
    "tall": lambda: np.random.RandomState(0).normal(size=(500, 5)) * [1, 2, 3, 4, 5],
}


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("name", sorted(TABLES))
@pytest.mark.parametrize("n_components", [1, 3, 5])
def test_of_a_linear_result_all_is_pcas(name, n_components, whiten):
    X = TABLES[name]()
    ours = AutoencoderTransformer(n_components, whiten=whiten, **LINEAR).fit(X)
    pca = PCA(n_components, whiten=whiten).fit(X)
    # With whiten=True scikit-learn's get_covariance counts variances twice.
    expected = PCA(n_components).fit(X).get_covariance()
    size = np.abs(expected).max()
    np.testing.assert_allclose(ours.components_, pca.components_, atol=1e-6)
    for attribute in ("singular_values_", "explained_variance_", "noise_variance_"):
        found, known = getattr(ours, attribute), getattr(pca, attribute)
        np.testing.assert_allclose(found, known, rtol=1e-6, atol=1e-9 * size)
    covariance = ours.get_covariance()
    np.testing.assert_allclose(covariance, expected, atol=1e-6 * size)
    if n_components < min(X.shape):
        precision = ours.get_precision()
        np.testing.assert_allclose(precision @ covariance, np.eye(X.shape[1]), atol=1e-6)


def test_with_all_components_the_covariance_is_that_of_the_data():
    X = TABLES["tall"]()
    ours = AutoencoderTransformer(5, scaling="feature", **LINEAR).fit(X)
    assert ours.noise_variance_ == 0
    np.testing.assert_allclose(ours.get_covariance(), np.cov(X.T), rtol=1e-6)


def test_with_features_scaled_it_is_pcas_of_scaled_features():
    X = TABLES["tall"]()
    ours = AutoencoderTransformer(2, scaling="feature", **LINEAR).fit(X)
    spread = X.std(axis=0)
    pca = PCA(2).fit(X / spread)
    expected = pca.get_covariance() * spread * spread[:, np.newaxis]
    np.testing.assert_allclose(ours.get_covariance(), expected, rtol=1e-6)
    np.testing.assert_allclose(
        ours.components_, pca.components_ * spread, rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("loss", ["mse", "bce"])
def test_of_a_network_components_are_how_a_row_moves_with_each_code(quick, loss, whiten):
    X = load_digits().data[:300, 10:40] / 16
    ae = quick(3, loss=loss, whiten=whiten, max_iter=15).fit(X)
    mean = ae.transform(X).mean(axis=0)
    step = 1e-4 * np.eye(3)
    moved = ae.inverse_transform(mean + step) - ae.inverse_transform(mean - step)
    moved /= 2e-4
    if whiten:
        moved /= np.sqrt(ae.code_variance_)[:, np.newaxis]
    assert ae.components_.shape == (3, 30)
    size = np.abs(moved).max()
    np.testing.assert_allclose(ae.components_, moved, atol=1e-5 * size)
    assert np.isfinite(ae.singular_values_).all()


def test_of_a_network_there_is_no_covariance(quick):
    X = load_digits().data[:300, 10:20]
    ae = quick(3, init="random").fit(X)
    if hasattr(ae, "posterior"):
        return  # a distribution has one
    assert not hasattr(ae, "noise_variance_")
    for method in (ae.get_covariance, ae.get_precision):
        with pytest.raises(AttributeError, match=r"numpy\.cov\(estimator\.sample"):
            method()


@pytest.mark.parametrize("name", ["code_activation", "output_activation"])
def test_behind_an_activation_there_is_no_covariance(name):
    X = load_digits().data[:200] / 16
    settings = {"max_iter": 1, "learning_rate_init": 1e-9, name: "logistic"}
    ae = AutoencoderTransformer(3, random_state=0, **settings).fit(X)
    assert ae.best_iter_ == 0
    with pytest.raises(AttributeError, match="this fit is not PCA"):
        ae.get_covariance()


def test_categories_have_no_components(quick):
    pd = pytest.importorskip("pandas")
    x = np.random.RandomState(0).normal(size=100)
    df = pd.DataFrame({"a": x, "b": np.where(x > 0, "up", "down"), "c": x**2})
    rows = quick(1).fit(df).components_
    assert np.isnan(rows).tolist() == [[False, True, False]]
    assert not hasattr(quick(1).fit(df), "noise_variance_")


def test_before_fit_there_are_none(quick):
    for name in ("components_", "singular_values_", "noise_variance_"):
        assert not hasattr(quick(), name)
    with pytest.raises(NotFittedError):
        quick().get_covariance()


# -- distributions over codes ---------------------------------------------------------


@pytest.mark.parametrize("scaling", ["global", "feature"])
@pytest.mark.parametrize("whiten", [False, True])
def test_of_a_linear_distribution_it_is_that_of_probabilistic_pca(scaling, whiten):
    X = load_wine().data[:, 1:5]
    n = len(X)
    settings = {"scaling": scaling, "whiten": whiten, "max_iter": 1, **LINEAR}
    settings["learning_rate_init"] = 1e-12
    vae = VariationalAutoencoder(2, random_state=0, **settings).fit(X)
    assert vae.best_iter_ == 0
    scale = np.ones(4) if scaling == "global" else X.std(axis=0)
    pca = PCA(2).fit(X / scale)
    expected = pca.get_covariance() * (n - 1) / n * scale * scale[:, np.newaxis]
    np.testing.assert_allclose(vae.get_covariance(), expected, rtol=1e-5, atol=1e-6)
    noise = pca.noise_variance_ * (n - 1) / n * np.mean(scale**2)
    assert vae.noise_variance_ == pytest.approx(noise, rel=1e-5)
    product = vae.get_precision() @ vae.get_covariance()
    np.testing.assert_allclose(product, np.eye(4), atol=1e-8)


def test_of_a_nonlinear_distribution_it_is_that_of_its_samples(bent):
    settings = {"hidden_layer_sizes": (16,), "max_iter": 30, "random_state": 0}
    vae = VariationalAutoencoder(1, sampler="prior", **settings).fit(bent)
    assert vae.best_iter_ > 0
    drawn = vae.sample(20000, random_state=0)
    noise = vae.noise_variance_ * np.eye(4)
    covariance = vae.get_covariance()
    size = np.abs(covariance).max()
    np.testing.assert_allclose(covariance, np.cov(drawn.T) + noise, atol=0.03 * size)


def test_of_other_likelihoods_there_is_none(digits):
    settings = {"hidden_layer_sizes": (8,), "max_iter": 2, "random_state": 0}
    vae = VariationalAutoencoder(2, loss="bce", **settings).fit(digits[0])
    with pytest.raises(AttributeError, match=r"get_covariance .*; expected .*sample"):
        vae.get_covariance()
