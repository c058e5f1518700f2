"""What each component explains adds up to R², and is PCA's where the result is PCA."""

import numpy as np
import pytest
from estimators import is_variational
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("scaling", ["global", None])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_of_pca_it_is_pcas(digits, dtype, scaling, whiten):
    X = digits[0].astype(dtype)
    settings = {"hidden_layer_sizes": (), "whiten": whiten, "scaling": scaling}
    linear, pca = AutoencoderTransformer(4, **settings).fit(X), PCA(4).fit(X)
    for name in ("explained_variance_", "explained_variance_ratio_"):
        np.testing.assert_allclose(getattr(linear, name), getattr(pca, name), rtol=1e-4)
    np.testing.assert_allclose(linear.code_variance_, pca.explained_variance_, rtol=1e-4)


def test_of_pca_it_is_that_of_all_rows():
    X = np.random.RandomState(0).normal(size=(2500, 30)) * 0.95 ** np.arange(30)
    linear = AutoencoderTransformer(3, hidden_layer_sizes=()).fit(X)
    expected = PCA(3).fit(X).explained_variance_ratio_
    np.testing.assert_allclose(linear.explained_variance_ratio_, expected, rtol=1e-6)


def by_hand(fitted, X):
    """Return R² with the first components as they are and the others at their mean."""
    codes, shares = fitted.transform(X), [0.0]
    for j in range(1, codes.shape[1] + 1):
        first = np.where(np.arange(codes.shape[1]) < j, codes, codes.mean(axis=0))
        X_hat = fitted.inverse_transform(first)
        shares.append(r2_score(X, X_hat, multioutput="variance_weighted"))
    return np.diff(shares)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"whiten": True, "scaling": "feature"},
        {"scaling": "feature", "hidden_layer_sizes": ()},
        {"hidden_layer_sizes": ()},
        # Their starts are kept.
        {"code_activation": "tanh", "learning_rate_init": 1e-12},
        {"loss": "kl", "learning_rate_init": 1e-12},
        {"code_activation": "tanh"},
        {"loss": "bce", "scaling": None},
        {"loss": "kl", "init": "random"},
    ],
)
def test_of_any_network_it_is_what_the_next_code_adds(quick, digits, settings):
    X = digits[0][:, :40] * np.linspace(0.1, 1, 40)
    fitted = quick(3, max_iter=15, **settings).fit(X)
    ratio = fitted.explained_variance_ratio_
    np.testing.assert_allclose(ratio, by_hand(fitted, X), atol=1e-4)
    assert ratio.sum() == pytest.approx(fitted.score(X), abs=1e-4)
    total = X.var(axis=0, ddof=1).sum()
    np.testing.assert_allclose(fitted.explained_variance_, ratio * total)


def test_of_pairs_it_is_of_the_clean_rows(digits):
    X, _ = digits
    noisy = 3 * X + np.random.RandomState(0).normal(size=X.shape)
    fitted = DenoisingAutoencoder(3, max_iter=5, random_state=0).fit(noisy, X_clean=X)
    score = fitted.score(noisy, X_clean=X)
    assert fitted.explained_variance_ratio_.sum() == pytest.approx(score, abs=1e-4)
    total = X.var(axis=0, ddof=1).sum()
    expected = fitted.explained_variance_ratio_ * total
    np.testing.assert_allclose(fitted.explained_variance_, expected)


def test_of_many_rows_some_tell(bent):
    X = np.tile(bent, (20, 1)) + 0.1 * np.random.RandomState(0).normal(size=(4000, 4))
    fitted = AutoencoderTransformer(1, max_iter=10, random_state=0).fit(X)
    assert fitted.best_iter_ > 0
    score = fitted.score(X)
    assert fitted.explained_variance_ratio_.sum() != pytest.approx(score, abs=1e-6)
    assert fitted.explained_variance_ratio_.sum() == pytest.approx(score, abs=0.02)


@pytest.mark.parametrize("seed", range(6))
def test_of_one_odd_row_a_single_code_explains_all(seed):
    X = np.full((3000, 4), 0.1)
    X[0] += [1, 2, 3, 4]  # may be none of the 2000 rows that tell, which are then equal
    settings = {"hidden_layer_sizes": (), "scaling": "feature", "random_state": seed}
    fitted = AutoencoderTransformer(1, **settings).fit(X)
    np.testing.assert_allclose(fitted.explained_variance_ratio_, [1.0])


def test_without_variance_nothing_is_explained(quick):
    for X in (np.ones((20, 3)), np.arange(3.0)[np.newaxis]):
        fitted = quick(1).fit(X)
        np.testing.assert_array_equal(fitted.explained_variance_ratio_, [0.0])
        np.testing.assert_array_equal(fitted.explained_variance_, [0.0])


def test_variance_of_codes_is_that_before_whitening(quick, digits):
    X, _ = digits
    codes = quick(4).fit(X).transform(X)
    fitted = quick(4, whiten=True).fit(X)
    np.testing.assert_allclose(fitted.code_variance_, codes.var(axis=0, ddof=1), rtol=1e-3)
    if not is_variational(fitted):
        assert (np.diff(fitted.code_variance_) <= 0).all()
