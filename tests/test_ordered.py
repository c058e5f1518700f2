"""Ordered codes: the first components are a code, of any number, without another fit."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score

from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    VariationalAutoencoder,
)

LINEAR = {"hidden_layer_sizes": ()}
KINDS = [AutoencoderTransformer, DenoisingAutoencoder]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def ordered(request, digits):
    settings = {"hidden_layer_sizes": (32,), "max_iter": 15, "random_state": 0}
    return request.param(8, ordered=True, **settings).fit(digits[0])


def test_the_first_codes_of_a_cut_are_those_of_the_whole(ordered, digits):
    X, _ = digits
    codes = ordered.transform(X)
    for size in (1, 3, 8):
        cut = ordered.truncate(size)
        assert cut.n_components == cut.n_components_ == size
        np.testing.assert_allclose(cut.transform(X), codes[:, :size], atol=1e-9)
        assert cut.inverse_transform(codes[:, :size]).shape == X.shape
        assert len(cut.get_feature_names_out()) == size
        assert cut.explained_variance_ratio_.shape == (size,)
        assert cut.components_.shape == (size, 64)
        assert cut.sample(3, random_state=0).shape == (3, 64)
        assert np.isfinite(cut.score_samples(X[:5])).all()


def test_a_cut_of_a_cut_is_a_cut(ordered, digits):
    X, _ = digits
    twice, once = ordered.truncate(5).truncate(2), ordered.truncate(2)
    np.testing.assert_allclose(twice.reconstruct(X), once.reconstruct(X), atol=1e-9)
    np.testing.assert_array_equal(
        ordered.truncate(8).reconstruct(X), ordered.reconstruct(X)
    )


def test_shares_are_what_the_first_codes_explain_of_the_training_rows(ordered, digits):
    X, _ = digits
    told = ordered.explained_variance_ratio_.cumsum()
    for size in (1, 2, 5, 8):
        assert ordered.truncate(size).score(X) == pytest.approx(told[size - 1], abs=1e-6)


def test_every_cut_keeps_more_than_pca_and_than_a_cut_of_unordered_codes(digits):
    X = np.random.RandomState(0).permutation(digits[0])
    settings = {"hidden_layer_sizes": (64,), "random_state": 0}
    ordered = AutoencoderTransformer(8, ordered=True, **settings).fit(X[:450])
    plain = AutoencoderTransformer(8, **settings).fit(X[:450])
    held_out = X[450:]
    for size in (1, 2, 4, 8):
        kept = ordered.truncate(size).score(held_out)
        pca = PCA(size).fit(X[:450])
        by_pca = pca.inverse_transform(pca.transform(held_out))
        assert kept > r2_score(held_out, by_pca, multioutput="variance_weighted")
        codes = plain.transform(held_out)
        codes[:, size:] = plain.transform(X[:450]).mean(axis=0)[size:]
        X_hat = plain.inverse_transform(codes)
        if size < 8:
            assert kept > r2_score(held_out, X_hat, multioutput="variance_weighted") + 0.05


def test_codes_are_uncorrelated_and_their_signs_fixed(ordered, digits):
    X, _ = digits
    codes = ordered.transform(X)
    together = np.corrcoef(codes.T)
    np.testing.assert_allclose(together, np.eye(8), atol=1e-5)
    covariance = (X - X.mean(axis=0)).T @ codes
    largest = np.abs(covariance).argmax(axis=0)
    assert (covariance[largest, range(8)] > 0).all()
    np.testing.assert_allclose(codes.var(axis=0, ddof=1), ordered.code_variance_)


def test_what_is_done_to_a_cut_changes_nothing_of_the_whole(digits):
    pytest.importorskip("pandas")
    X, _ = digits
    settings = {"hidden_layer_sizes": (8,), "max_iter": 2, "random_state": 0}
    whole = AutoencoderTransformer(3, ordered=True, **settings)
    whole.set_output(transform="pandas").fit(X)
    cut = whole.truncate(3).set_output(transform="default")
    assert hasattr(whole.transform(X), "columns")
    assert not hasattr(cut.transform(X), "columns")
    before = whole.explained_variance_ratio_.copy(), whole.code_variance_.copy()
    cut.explained_variance_ratio_[:] = cut.code_variance_[:] = 0
    np.testing.assert_array_equal(whole.explained_variance_ratio_, before[0])
    np.testing.assert_array_equal(whole.code_variance_, before[1])


@pytest.mark.parametrize("kind", KINDS)
def test_whitened_codes_and_codes_of_one_seed(kind, digits):
    X, _ = digits
    settings = {"hidden_layer_sizes": (16,), "max_iter": 5, "random_state": 0}
    fitted = kind(4, ordered=True, whiten=True, **settings).fit(X)
    np.testing.assert_allclose(fitted.transform(X).std(axis=0, ddof=1), 1, rtol=1e-5)
    again = clone(fitted).fit(X)
    np.testing.assert_array_equal(again.transform(X), fitted.transform(X))
    cut = fitted.truncate(2)
    X_hat = cut.inverse_transform(fitted.transform(X)[:, :2])
    np.testing.assert_allclose(cut.reconstruct(X), X_hat, atol=1e-9)


@pytest.mark.parametrize("sampler", ["gaussian", "gmm"])
def test_samples_of_a_cut_are_spread_as_its_codes(ordered, digits, sampler):
    X, _ = digits
    fitted = clone(ordered).set_params(sampler=sampler).fit(X).truncate(2)
    codes = fitted.transform(X)
    drawn = fitted._fitted.density.draw(4000, np.random.RandomState(0))
    drawn = (
        drawn @ fitted._fitted.arrays["axes.weight"] + fitted._fitted.arrays["axes.bias"]
    )
    np.testing.assert_allclose(drawn.mean(axis=0), codes.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(drawn.std(axis=0), codes.std(axis=0), rtol=0.1)


def test_a_cut_is_pickled_smaller_and_equal(ordered, digits):
    X, _ = digits
    cut = ordered.truncate(2)
    whole, part = pickle.dumps(ordered), pickle.dumps(cut)
    assert len(part) < len(whole)
    np.testing.assert_array_equal(pickle.loads(part).transform(X), cut.transform(X))


@pytest.mark.parametrize(
    "settings",
    [
        {"init": "random"},
        {"decoder_hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (), "decoder_hidden_layer_sizes": (16,)},
        {"loss": "mae"},
        {"loss": "bce"},
        {"code_activation": "tanh"},
        {"code_activation": "relu"},
        {"early_stopping": False},
        {"dropout": 0.1},
        {"scaling": "feature"},
        {"precision": "bfloat16"},
        {"batch_size": 50},
    ],
    ids=str,
)
def test_every_setting(digits, settings):
    X, _ = digits
    settings = {"hidden_layer_sizes": (16,), "max_iter": 4, "random_state": 0, **settings}
    fitted = AutoencoderTransformer(4, ordered=True, **settings).fit(X)
    cut = fitted.truncate(2)
    np.testing.assert_allclose(cut.transform(X), fitted.transform(X)[:, :2], atol=1e-6)
    told = fitted.explained_variance_ratio_
    assert cut.score(X) == pytest.approx(told[:2].sum(), abs=1e-5)
    assert fitted.score(X) == pytest.approx(told.sum(), abs=1e-5)


def test_warm_start_goes_on_and_what_stays_pca_is_ordered(digits):
    X, _ = digits
    settings = {"hidden_layer_sizes": (16,), "max_iter": 10, "random_state": 0}
    settings["batch_size"] = 32
    warm = AutoencoderTransformer(4, ordered=True, warm_start=True, **settings).fit(X)
    before = warm.score(X)
    assert warm.fit(X).score(X) > before - 0.01
    with pytest.raises(ValueError, match="ordered changed since the last fit"):
        warm.set_params(ordered=False).fit(X)
    noise = np.random.RandomState(0).normal(size=(100, 6)) * [6, 5, 4, 3, 2, 1]
    stays = AutoencoderTransformer(4, ordered=True, **settings).fit(noise)
    assert stays.best_iter_ == 0
    pca = PCA(2).fit(noise)
    np.testing.assert_allclose(stays.truncate(2).transform(noise), pca.transform(noise))


def test_a_table_of_categories_and_holes(bent):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(bent, columns=list("abcd"))
    table["kind"] = np.where(bent[:, 0] > bent[:, 0].mean(), "high", "low")
    table.loc[::7, "b"] = np.nan
    settings = {"hidden_layer_sizes": (16,), "max_iter": 10, "random_state": 0}
    settings["batch_size"] = 32
    fitted = AutoencoderTransformer(3, ordered=True, **settings).fit(table)
    told = fitted.explained_variance_ratio_.cumsum()
    for size in (1, 2, 3):
        cut = fitted.truncate(size)
        assert list(cut.reconstruct(table).columns) == list(table.columns)
        assert cut.score(table) == pytest.approx(told[size - 1], abs=0.02)
    assert not cut.impute(table).isna().any(axis=None)


# -- linear results -----------------------------------------------------------------


@pytest.mark.parametrize("load", [load_digits, load_wine, load_breast_cancer])
@pytest.mark.parametrize("whiten", [False, True])
def test_a_cut_of_a_linear_result_is_pca_of_that_size(load, whiten):
    X = load().data
    whole = AutoencoderTransformer(6, whiten=whiten, **LINEAR).fit(X)
    for size in (1, 4, 6):
        cut, pca = whole.truncate(size), PCA(size, whiten=whiten).fit(X)
        np.testing.assert_allclose(cut.transform(X), pca.transform(X), atol=1e-6)
        X_hat = pca.inverse_transform(pca.transform(X))
        np.testing.assert_allclose(cut.reconstruct(X), X_hat, atol=1e-6)
        np.testing.assert_allclose(cut.components_, pca.components_, atol=1e-6)
        np.testing.assert_allclose(cut.noise_variance_, pca.noise_variance_, rtol=1e-6)
    assert len(pickle.dumps(whole.truncate(1))) < len(pickle.dumps(whole))


def test_of_a_linear_denoiser_the_other_codes_stay_at_their_mean(digits):
    X, _ = digits
    whole = DenoisingAutoencoder(5, random_state=0, **LINEAR).fit(X)
    codes = whole.transform(X)
    cut = whole.truncate(2)
    np.testing.assert_allclose(cut.transform(X), codes[:, :2], atol=1e-8)
    codes[:, 2:] = codes[:, 2:].mean(axis=0)
    np.testing.assert_allclose(
        cut.reconstruct(X), whole.inverse_transform(codes), atol=1e-8
    )
    expected = np.cov(cut.transform(X).T)
    drawn = cut._fitted.density.draw(20000, np.random.RandomState(0))
    axes = cut._fitted.arrays["axes.weight"]
    np.testing.assert_allclose(
        np.cov((drawn @ axes).T), expected, atol=0.05 * expected.max()
    )


def test_a_bounded_linear_result(digits):
    X, _ = digits
    settings = {"output_activation": "logistic", "max_iter": 1, "learning_rate_init": 1e-9}
    whole = AutoencoderTransformer(4, random_state=0, **settings).fit(X)
    assert whole.best_iter_ == 0
    codes = whole.transform(X)
    codes[:, 2:] = codes[:, 2:].mean(axis=0)
    X_hat = whole.inverse_transform(codes)
    np.testing.assert_allclose(whole.truncate(2).reconstruct(X), X_hat, atol=1e-8)


# -- what is refused ----------------------------------------------------------------


def test_codes_that_only_go_together_are_refused(quick, digits):
    X, _ = digits
    fitted = quick(3, max_iter=15).fit(X)
    before = fitted.transform(X)
    with pytest.raises(ValueError, match=r"truncate\(2\).*; expected .*n_components=2"):
        fitted.truncate(2)
    np.testing.assert_array_equal(fitted.transform(X), before)


@pytest.mark.parametrize("size", [0, -1, 4, 1.5, 0.5, True, "2", None])
def test_other_sizes_are_refused(digits, size):
    fitted = AutoencoderTransformer(3, **LINEAR).fit(digits[0])
    with pytest.raises(ValueError, match=rf"n_components={size!r} must be .* from 1 to 3"):
        fitted.truncate(size)


def test_before_a_fit(quick):
    with pytest.raises(NotFittedError):
        quick(2).truncate(1)


def test_own_layers_cannot_know_how_many_codes_there_are(digits):
    torch = pytest.importorskip("torch")
    for name in ("encoder", "decoder"):
        ae = AutoencoderTransformer(2, ordered=True, **{name: torch.nn.Linear})
        with pytest.raises(
            ValueError, match=rf"ordered=True and {name}=.*; expected .*Use"
        ):
            ae.fit(digits[0])


def test_distributions_over_codes_are_not_nested(digits):
    X, _ = digits
    with pytest.raises(ValueError, match=r"ordered=True.*; expected .*Use AutoencoderTr"):
        VariationalAutoencoder(2, ordered=True).fit(X)
    linear = VariationalAutoencoder(3, max_iter=2, **LINEAR).fit(X)
    with pytest.raises(ValueError, match=r"noise level.*; expected .*n_components=2"):
        linear.truncate(2)
