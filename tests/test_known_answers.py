"""Problems with a known answer: a linear autoencoder is PCA, a parabola has one code."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

DATA = {
    "digits": load_digits,
    "wine": load_wine,
    "breast_cancer": load_breast_cancer,
    "diabetes": load_diabetes,
}


def pca_reconstruction(pca, X):
    return pca.inverse_transform(pca.transform(X))


@pytest.mark.parametrize("name", ["digits", "wine", "breast_cancer"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-8), (np.float32, 1e-5)])
def test_without_hidden_layers_it_is_pca(name, dtype, tolerance):
    X = DATA[name]().data.astype(dtype)
    pca = PCA(n_components=4).fit(X.astype(np.float64))
    ae = AutoencoderTransformer(n_components=4, hidden_layer_sizes=()).fit(X)
    size = np.abs(X).max()
    np.testing.assert_allclose(
        ae.reconstruct(X) / size, pca_reconstruction(pca, X) / size, atol=tolerance
    )
    # The same subspace, and the same axes, signs and units in it.
    np.testing.assert_allclose(
        ae.transform(X) / size, pca.transform(X) / size, atol=tolerance
    )
    assert (ae.n_iter_, ae.best_iter_) == (1, 0)


def test_without_hidden_layers_whitened_it_is_whitened_pca():
    X = load_wine().data
    ae = AutoencoderTransformer(4, hidden_layer_sizes=(), whiten=True).fit(X)
    np.testing.assert_allclose(
        ae.transform(X), PCA(4, whiten=True).fit_transform(X), atol=1e-8
    )


@pytest.mark.parametrize("scaling", ["global", "feature", None])
def test_epoch_0_is_pca_of_the_scaled_data(scaling, bent):
    ae = AutoencoderTransformer(
        2, scaling=scaling, learning_rate_init=1e-12, max_iter=1, random_state=0
    ).fit(bent)
    X_scaled = (bent - bent.mean(0)) / (bent.std(0) if scaling == "feature" else 1)
    X_hat = pca_reconstruction(PCA(2).fit(X_scaled), X_scaled)
    if scaling == "feature":
        X_hat = X_hat * bent.std(0)
    np.testing.assert_allclose(ae.reconstruct(bent), X_hat + bent.mean(0), atol=1e-5)


@pytest.mark.parametrize(
    ("loss", "low", "high"), [("bce", 0, 1), ("kl", 0, np.inf)], ids=["bce", "kl"]
)
def test_epoch_0_is_pca_clipped_where_the_output_is_bent(loss, low, high, digits):
    X, _ = digits
    ae = AutoencoderTransformer(
        8, loss=loss, learning_rate_init=1e-12, max_iter=1, random_state=0
    ).fit(X)
    pca = PCA(8, svd_solver="full").fit(X)  # "auto" takes a random one here
    expected = np.clip(pca_reconstruction(pca, X), low, high)
    np.testing.assert_allclose(ae.reconstruct(X), expected, atol=2e-3)


@pytest.mark.parametrize("output_activation", ["relu", "elu", "silu", "gelu"])
def test_epoch_0_is_pca_clipped_whatever_the_output(output_activation, digits):
    X = digits[0] * 16
    ae = AutoencoderTransformer(
        8, output_activation=output_activation, learning_rate_init=1e-12, max_iter=1
    ).fit(X)
    X_hat = pca_reconstruction(PCA(8, svd_solver="full").fit(X), X)
    size = np.abs(X).mean()
    lowest = {"relu": 0, "elu": -0.999, "silu": -0.26894, "gelu": -0.15427}
    expected = np.maximum(X_hat / size, lowest[output_activation])
    np.testing.assert_allclose(ae.reconstruct(X) / size, expected, atol=1e-3)


def test_where_nothing_is_won_it_is_pca_to_the_last_digit():
    # Codes whose spread differs by 1e9 do not fit float32, in which training is done.
    rng = np.random.RandomState(0)
    X = np.hstack([rng.normal(size=(500, 2)) * 1e9, rng.normal(size=(500, 2))])
    X = X @ np.linalg.qr(rng.normal(size=(4, 4)))[0]
    ae = AutoencoderTransformer(4, random_state=0).fit(X)
    assert ae.best_iter_ == 0
    assert ae.n_iter_ > 0
    codes, expected = ae.transform(X), PCA(4, svd_solver="full").fit_transform(X)
    np.testing.assert_allclose(codes, expected, atol=1e-4)


def test_gross_outliers_that_no_validation_row_shows():
    rng = np.random.RandomState(3)
    X = rng.normal(size=(1000, 8))
    X[:3] += 1e4 * rng.normal(size=(3, 8))
    for seed in range(4):
        ae = AutoencoderTransformer(2, random_state=seed).fit(X)
        X_hat = pca_reconstruction(PCA(2).fit(X), X)
        pca = r2_score(X, X_hat, multioutput="variance_weighted")
        assert ae.score(X) > pca - 0.01


@pytest.mark.parametrize(
    "code_activation", ["relu", "elu", "silu", "gelu", "tanh", "logistic"]
)
def test_epoch_0_is_close_to_pca_where_the_code_is_bent(code_activation, digits):
    X, _ = digits
    ae = AutoencoderTransformer(
        4, code_activation=code_activation, learning_rate_init=1e-12, max_iter=1
    ).fit(X)
    pca = r2_score(X, pca_reconstruction(PCA(4).fit(X), X), multioutput="variance_weighted")
    assert ae.score(X) == pytest.approx(pca, abs=0.01)


def test_it_follows_a_parabola_that_pca_cannot(bent):
    train, test = bent[:150], bent[150:]
    ae = AutoencoderTransformer(1, max_iter=200, random_state=0).fit(train)
    X_hat = pca_reconstruction(PCA(1).fit(train), test)
    pca_score = r2_score(test, X_hat, multioutput="variance_weighted")
    assert pca_score < 0.7
    assert ae.score(test) > 0.95


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("n_components", [2, 8])
def test_held_out_rows_are_never_worse_than_pca(name, n_components):
    X = DATA[name]().data
    gains = []
    for seed in range(2):
        train, test = train_test_split(X, test_size=0.25, random_state=seed)
        ae = AutoencoderTransformer(n_components, random_state=seed).fit(train)
        pca = PCA(n_components).fit(train)
        X_hat = pca_reconstruction(pca, test)
        gains.append(
            ae.score(test) - r2_score(test, X_hat, multioutput="variance_weighted")
        )
    assert min(gains) > -0.01
    if name == "digits":
        assert min(gains) > 0.1


@pytest.mark.parametrize("n_rows", [100, 2000])
def test_pure_noise_is_pca_on_few_rows_and_more_on_many(n_rows):
    """No plane is better than any other, yet a bent one comes closer to all rows."""
    fresh = np.random.RandomState(99).normal(size=(5000, 6))
    for seed in range(3):
        X = np.random.RandomState(seed).normal(size=(n_rows, 6))
        ae, pca = AutoencoderTransformer(2, random_state=seed).fit(X), PCA(2).fit(X)
        if n_rows == 100:
            assert ae.best_iter_ == 0
            np.testing.assert_allclose(
                ae.reconstruct(X), pca_reconstruction(pca, X), atol=1e-5
            )
        else:
            X_hat = pca_reconstruction(pca, fresh)
            by_pca = r2_score(fresh, X_hat, multioutput="variance_weighted")
            assert ae.score(fresh) > by_pca + 0.05


def test_score_is_r2_in_the_users_units(digits):
    X, _ = digits
    ae = AutoencoderTransformer(4, max_iter=5, scaling="feature", random_state=0).fit(X)
    X_hat = ae.reconstruct(X)
    varies = X.std(0) > 0
    error, total = ((X - X_hat) ** 2).sum(0), ((X - X.mean(0)) ** 2).sum(0)
    by_hand = 1 - error[varies].sum() / total.sum()
    assert ae.score(X) == pytest.approx(by_hand, abs=1e-12)


def test_score_samples_is_minus_the_row_loss(digits):
    X, _ = digits
    ae = AutoencoderTransformer(4, max_iter=5, random_state=0).fit(X)
    rows = (((X - ae.reconstruct(X)) / ae.scale_) ** 2).mean(1)
    np.testing.assert_allclose(ae.score_samples(X), -rows, rtol=1e-6)
    far = X[:5] + 3
    assert ae.score_samples(far).max() < ae.score_samples(X).min()


@pytest.mark.parametrize("n_rows", [3, 5, 9, 15])
def test_of_a_handful_of_rows_there_is_pca(n_rows):
    X = load_diabetes().data[np.random.RandomState(0).permutation(442)]
    ae = AutoencoderTransformer(2, random_state=0).fit(X[:n_rows])
    assert ae.best_iter_ == 0
    X_hat = pca_reconstruction(PCA(2).fit(X[:n_rows]), X)
    np.testing.assert_allclose(ae.reconstruct(X), X_hat, atol=1e-6)
