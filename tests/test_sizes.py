"""n_components as a share of the variance, or as "mle": the size is found."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder
from sklearn_ae._sizes import SizeSearch

LINEAR = {"hidden_layer_sizes": ()}
TABLES = {
    "digits": lambda: load_digits().data,
    "wine": lambda: load_wine().data,
    "breast cancer": lambda: load_breast_cancer().data,
    "wide": lambda: np.random.RandomState(0).normal(size=(20, 50)) + 3,
    "tall": lambda: np.random.RandomState(0).normal(size=(500, 5)) * [1, 2, 3, 4, 5],
}


@pytest.mark.parametrize("name", sorted(TABLES))
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.95, 0.999, np.float64(0.75)])
@pytest.mark.filterwarnings("ignore::sklearn_ae.DominantColumnWarning")
def test_without_hidden_layers_the_number_is_pcas(name, share):
    X = TABLES[name]()
    ours = AutoencoderTransformer(share, **LINEAR).fit(X)
    pca = PCA(share).fit(X)
    assert ours.n_components_ == pca.n_components_
    np.testing.assert_allclose(ours.transform(X), pca.transform(X), atol=1e-6)
    assert ours.n_components == share  # the parameter stays what it was


@pytest.mark.parametrize("name", ["digits", "wine", "breast cancer", "tall"])
@pytest.mark.parametrize("layers", [(), (8,)])
@pytest.mark.filterwarnings("ignore::sklearn_ae.DominantColumnWarning")
def test_mle_is_scikit_learns(name, layers):
    X = TABLES[name]()
    settings = {"hidden_layer_sizes": layers, "max_iter": 2, "random_state": 0}
    ours = AutoencoderTransformer("mle", **settings).fit(X)
    assert ours.n_components_ == PCA("mle").fit(X).n_components_


def test_a_share_is_reached_with_fewer_codes_than_pca(quick, digits):
    X, _ = digits
    settings = {"hidden_layer_sizes": (64,), "max_iter": 20, "batch_size": 32}
    fitted = quick(0.8, **settings).fit(X)
    assert 1 < fitted.n_components_ < PCA(0.8).fit(X).n_components_
    assert fitted.score(X) > 0.78
    # All else is as in a fit of that size.
    same = quick(fitted.n_components_, **settings).fit(X)
    np.testing.assert_array_equal(fitted.transform(X), same.transform(X))


def test_the_number_before_does_not_reach_it(digits):
    X, _ = digits
    settings = {"hidden_layer_sizes": (32,), "max_iter": 15, "random_state": 0}
    size = AutoencoderTransformer(0.7, **settings).fit(X).n_components_
    reached = [
        fitted.validation_scores_[fitted.best_iter_] >= 0.7
        for fitted in (
            AutoencoderTransformer(k, **settings).fit(X) for k in (size - 1, size)
        )
    ]
    assert reached == [False, True]


def fits_of(monkeypatch):
    """Return a list that gets the size of every fit of a search."""
    sizes, fit = [], SizeSearch._fit

    def counted(search, size):
        sizes.append(size)
        return fit(search, size)

    monkeypatch.setattr(SizeSearch, "_fit", counted)
    return sizes


@pytest.mark.parametrize("share", [0.2, 0.6, 0.9, 0.97])
def test_few_fits_find_it(digits, monkeypatch, share):
    sizes = fits_of(monkeypatch)
    settings = {"hidden_layer_sizes": (32,), "max_iter": 10, "random_state": 0}
    fitted = AutoencoderTransformer(share, **settings).fit(digits[0])
    assert len(sizes) <= 5
    assert len(set(sizes)) == len(sizes)
    assert fitted.n_components_ in sizes


@pytest.mark.parametrize("seed", [0, 1])
def test_of_ordered_codes_too_the_fit_that_is_kept_reaches_it(digits, seed):
    X, _ = digits
    settings = {"hidden_layer_sizes": (32,), "max_iter": 10, "random_state": seed}
    fitted = AutoencoderTransformer(0.6, ordered=True, **settings).fit(
        X[:450], X_val=X[450:]
    )
    assert fitted.score(X[450:]) >= 0.6
    assert fitted.truncate(1).score(X[450:]) < 0.6


def test_a_share_that_is_out_of_reach_takes_all_and_says_so():
    noise = np.random.RandomState(0).normal(size=(60, 30))
    settings = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
    for ordered in (False, True):
        ae = AutoencoderTransformer(0.999999, ordered=ordered, dropout=0.5, init="random")
        with pytest.warns(UserWarning, match=r"n_components=0\.999999 .*all 30 components"):
            fitted = ae.set_params(**settings).fit(noise)
        assert fitted.n_components_ == 30


@pytest.mark.parametrize("share", [0.5, "mle"])
def test_constant_rows_and_single_columns(quick, share):
    one = np.linspace(0, 1, 40)[:, np.newaxis]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        assert quick(share).fit(one).n_components_ == 1
        assert quick(share).fit(np.ones((20, 3))).n_components_ >= 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "None of the 1 components")
        assert quick(share).fit(one[:1]).n_components_ == 1


def test_of_few_rows_there_is_no_mle_and_of_one_row_no_share(bent):
    with pytest.raises(
        ValueError, match=r"only supported if .*3 rows of 4 columns.*Use a number"
    ):
        AutoencoderTransformer("mle").fit(bent[:3])
    with pytest.raises(ValueError, match=r"X_val of one row.*; expected .*Give more rows"):
        AutoencoderTransformer(0.9).fit(bent, X_val=bent[:1])


def test_weights_own_rows_and_targets(digits):
    X, _ = digits
    settings = {"hidden_layer_sizes": (16,), "max_iter": 8, "random_state": 0}
    weight = np.where(np.arange(600) < 300, 1.0, 0.0)
    fitted = AutoencoderTransformer(0.6, **settings)
    of_weights = fitted.fit(X, sample_weight=weight).n_components_
    assert abs(of_weights - fitted.fit(X[:300]).n_components_) <= 1
    own = AutoencoderTransformer(0.6, **settings).fit(X[:500], X_val=X[500:])
    assert own.score(X[500:]) >= 0.6
    noisy = X + np.random.RandomState(0).normal(size=X.shape) / 4
    clean = DenoisingAutoencoder(0.6, **settings).fit(noisy, X_clean=X)
    assert clean.score(noisy, X_clean=X) > 0.55


def test_without_validation_rows_the_training_rows_say_it(digits):
    settings = {"hidden_layer_sizes": (16,), "max_iter": 8, "random_state": 0}
    fitted = AutoencoderTransformer(0.6, early_stopping=False, **settings).fit(digits[0])
    assert fitted.score(digits[0]) >= 0.6


def test_a_table_of_categories_and_holes(bent):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(bent, columns=list("abcd"))
    table["kind"] = np.where(bent[:, 0] > bent[:, 0].mean(), "high", "low")
    table.loc[::7, "b"] = np.nan
    settings = {"hidden_layer_sizes": (16,), "max_iter": 10, "random_state": 0}
    fitted = AutoencoderTransformer(0.5, **settings).fit(table)
    assert 1 <= fitted.n_components_ <= 3
    assert fitted.score(table) > 0.45
    with pytest.raises(ValueError, match=r"'mle' got categories or .*; expected .*Use"):
        AutoencoderTransformer("mle", **settings).fit(table)
    with pytest.raises(ValueError, match="'mle' got sample_weight"):
        AutoencoderTransformer("mle").fit(bent, sample_weight=np.arange(200))


def test_a_warm_start_keeps_the_number(digits):
    X, _ = digits
    settings = {"hidden_layer_sizes": (16,), "max_iter": 8, "random_state": 0}
    warm = AutoencoderTransformer(0.6, warm_start=True, **settings).fit(X)
    before = warm.n_components_
    assert warm.fit(X).n_components_ == before


def test_a_grid_of_shares(digits):
    X, _ = digits
    settings = {"hidden_layer_sizes": (16,), "max_iter": 3, "random_state": 0}
    settings["batch_size"] = 32
    grid = {"n_components": [0.4, 0.6, 2]}
    search = GridSearchCV(AutoencoderTransformer(**settings), grid, cv=2).fit(X)
    assert search.best_params_["n_components"] == 0.6


@pytest.mark.parametrize("size", [0, 0.0, 1.0, -1, -0.5, 1.5, np.nan, "all", True, [2]])
def test_other_sizes_are_refused(quick, bent, size):
    named = str(size) if not isinstance(size, str) else size
    with pytest.raises((ValueError, TypeError), match=named.replace("[", r"\[")):
        quick(size).fit(bent)
