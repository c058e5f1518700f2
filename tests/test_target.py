"""target_weight: codes that keep what y needs, beside what reconstructions need."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from estimators import Watching
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    VariationalAutoencoder,
)
from sklearn_ae._columns import Response
from sklearn_ae._sklearn._response import read_response


@pytest.fixture(scope="module")
def halves():
    """Digits: training and held-out samples, then y of both."""
    return train_test_split(*load_digits(return_X_y=True), test_size=0.3, random_state=0)


def accuracies(encode, halves):
    train, test, y_train, y_test = halves
    classifiers = LogisticRegression(max_iter=500), KNeighborsClassifier(10)
    chain = (make_pipeline(StandardScaler(), c) for c in classifiers)
    codes = encode(train), encode(test)
    return np.array([c.fit(codes[0], y_train).score(codes[1], y_test) for c in chain])


def test_classes_are_found_in_codes_that_keep_as_much_of_the_data(quick, halves):
    train, test, y_train, _ = halves
    settings = {"max_iter": 20, "hidden_layer_sizes": (64, 64), "batch_size": "auto"}
    without = quick(4, **settings).fit(train)
    weighted = quick(4, target_weight=0.25, **settings).fit(train, y_train)
    gains = accuracies(weighted.transform, halves) - accuracies(without.transform, halves)
    assert gains[0] > 0.03
    assert gains[1] > 0.005
    assert gains[0] + accuracies(without.transform, halves)[0] > 0.9
    of_pca = accuracies(PCA(4, random_state=0).fit(train).transform, halves)
    assert (accuracies(weighted.transform, halves) > of_pca + 0.05).all()
    assert weighted.score(test) > without.score(test) - 0.05


def test_a_number_is_found_in_codes():
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    parts = train_test_split(X, y, test_size=0.3, random_state=0)
    train, test, y_train, y_test = parts

    def r2(encode):
        ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13)))
        return ridge.fit(encode(train), y_train).score(encode(test), y_test)

    weighted = AutoencoderTransformer(2, target_weight=0.3, random_state=0)
    weighted.fit(train, y_train)
    assert r2(weighted.transform) > r2(PCA(2).fit(train).transform) + 0.03


@pytest.mark.parametrize("y", [None, "text", 3, np.full(5, np.nan), [["a"], [None]]])
def test_a_weight_of_zero_ignores_y_of_any_kind(quick, digit_rows, y):
    codes = quick().fit(digit_rows).transform(digit_rows)
    np.testing.assert_array_equal(quick().fit(digit_rows, y).transform(digit_rows), codes)


def test_the_same_classes_by_other_names_give_the_same_codes(quick, digits):
    X, y = digits
    names = np.array(list("abcdefghij"))[y]
    asked = {
        "numbers": y,
        "floats": y.astype(float),
        "text": names,
        "objects": names.astype(object),
        "categories": pd.Categorical(names),
        "series": pd.Series(names, index=np.arange(len(y))[::-1]),
        "nullable": pd.array(y, dtype="Int64"),
        "column": y[:, np.newaxis],
        "frame": pd.DataFrame({"digit": names}),
        "list": y.tolist(),
    }
    codes = {
        kind: quick(target_weight=0.5, max_iter=2).fit(X, given).transform(X)
        for kind, given in asked.items()
    }
    for kind, found in codes.items():
        np.testing.assert_array_equal(found, codes["numbers"], err_msg=kind)
    ignored = quick(max_iter=2).fit(X).transform(X)
    assert np.abs(codes["numbers"] - ignored).max() > 0.01


@pytest.mark.parametrize(
    ("y", "values", "n_levels"),
    [
        ([True, False, True], [1, 0, 1], 2),
        (["b", None, "a"], [1, np.nan, 0], 2),
        ([2, 7, -1, 2], [0, 1, np.nan, 0], 2),
        ([-1, 1, -1], [0, 1, 0], 2),
        ([-2, -1, 5], [0, 1, 2], 3),
        ([0.0, np.nan, 4.0], [0, np.nan, 1], 2),
        ([0.5, np.nan, 4.0], [0.5, np.nan, 4], 0),
        (np.arange(80) % 40, np.arange(80) % 40, 40),
        (np.arange(40), np.arange(40), 0),
        (3 * np.arange(40), 3 * np.arange(40), 0),
        (
            np.repeat(np.delete(np.arange(45), [7, 8, 9]), 2),
            np.repeat(np.arange(42), 2),
            42,
        ),
        (np.repeat(np.arange(-1, 40), 2), np.repeat([np.nan, *range(40)], 2), 40),
        (pd.Categorical([0.5, -1, None, 2]), [1, 0, np.nan, 2], 3),
        (pd.cut(pd.Series([1, 5, 9]), [0, 3, 7, 10]), [0, 1, 2], 3),
        (pd.array([1, None, 3], dtype="Int64"), [0, np.nan, 1], 2),
        (pd.Series(["x", pd.NA, "y"], dtype="string"), [0, np.nan, 1], 2),
        (np.array([1, None, 2.5], dtype=object), [1, np.nan, 2.5], 0),
    ],
)
def test_what_y_is_read_as(y, values, n_levels):
    response = read_response(y, np.ones(len(y), dtype=bool), 0.5)
    np.testing.assert_array_equal(response.values[:, 0], values)
    assert response.n_levels == (n_levels,)


def test_columns_that_say_nothing_are_left_out_beside_others():
    table = np.column_stack([np.ones(6), np.arange(6) % 2, np.full(6, np.nan)])
    response = read_response(table, np.ones(6, dtype=bool), 0.5)
    assert response.n_levels == (2,)
    # Samples without a weight do not count.
    table[:, 0] = [0, 1, 1, 1, 1, 1]
    assert read_response(table, np.arange(6) > 0, 0.5).n_levels == (2,)


def test_several_columns_are_read_one_by_one():
    table = pd.DataFrame({"kind": ["a", "b", None], "size": [0.5, 1.5, 2.0]})
    response = read_response(table, np.ones(3, dtype=bool), 0.5)
    assert response.n_levels == (2, 0)
    np.testing.assert_array_equal(response.values, [[0, 0.5], [1, 1.5], [np.nan, 2]])
    labels = np.array([[1, 0, 0], [0, 1, 1], [1, 1, 0]])
    for given in (labels, sp.csr_array(labels)):  # of many kinds at once
        response = read_response(given, np.ones(3, dtype=bool), 0.5)
        assert response.n_levels == (2, 2, 2)
        np.testing.assert_array_equal(response.values, labels)


BAD = {
    "missing": (None, "requires y to be passed, but the target y is None"),
    "missing everywhere": (np.full(600, np.nan), "y is missing for all samples"),
    "no text": ([None] * 600, "y is missing for all samples"),
    "one class": (["a"] * 600, "y has one class"),
    "one class beside unlabelled": ([1] * 300 + [np.nan] * 300, "y has one class"),
    "one number": ([1.5] * 600, "y is 1.5 for all samples"),
    "too short": ([0, 1], "y has 2 values and X has 600 rows"),
    "text and numbers": (["a", 1.5] * 300, "y holds number and text"),
    "infinity": ([0.5, np.inf] * 300, "y holds infinity"),
    "dates": (np.arange(600).astype("datetime64[D]"), "y holds date"),
    "complex": ([1j, 2.0] * 300, "y holds complex"),
    "columns": ([["a", 1.5], ["a", 1.5]] * 300, "column 0 of y has one class"),
    "names": ([f"name {i}" for i in range(600)], "y has 600 classes"),
    "beyond floats": ([10**400, 1] * 300, "y holds numbers beyond 1e308"),
    "three dimensions": (np.zeros((600, 2, 2)), r"y has shape \(600, 2, 2\)"),
    "no column": (np.zeros((600, 0)), r"y has shape \(600, 0\)"),
    "ragged": ([[0, 1], [0]] * 300, "y cannot be read as an array"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_y_is_refused_and_nothing_changes(quick, digit_rows, case):
    y, words = BAD[case]
    estimator = quick(target_weight=0.5).fit(digit_rows, np.arange(600) % 3)
    before = estimator.transform(digit_rows)
    with pytest.raises(ValueError, match=words) as error:
        estimator.fit(digit_rows, y)
    assert "expected" in str(error.value)
    assert "target_weight=0" in str(error.value) or "Pass" in str(error.value)
    np.testing.assert_array_equal(estimator.transform(digit_rows), before)


@pytest.mark.parametrize("weight", [1.0, -0.1, "a", None, np.nan])
def test_weights_beyond_their_range_are_refused(quick, digits, weight):
    with pytest.raises(ValueError, match="target_weight"):
        quick(target_weight=weight).fit(*digits)


def test_rows_without_y_train_reconstructions_alone(halves):
    train, test, y_train, _ = halves
    labelled = np.arange(len(train)) % 5 == 0
    partly = np.where(labelled, y_train, -1)
    settings = {"target_weight": 0.25, "hidden_layer_sizes": (64,), "random_state": 0}
    settings |= {"max_iter": 20, "batch_size": 32}
    of_all = AutoencoderTransformer(4, **settings).fit(train, partly)
    few = AutoencoderTransformer(4, **settings).fit(train[labelled], y_train[labelled])
    # Both have the same labels; the first one has four times as many samples beside.
    assert of_all.score(test) > few.score(test) + 0.02
    pca = PCA(4).fit(train)
    known = train[labelled], test, y_train[labelled], halves[3]
    assert (accuracies(of_all.transform, known) > accuracies(pca.transform, known)).all()


def test_rows_of_weight_zero_are_left_out_with_their_y(quick, digits):
    X, y = digits
    counts = (np.arange(600) % 3 > 0).astype(float)
    y = np.where(counts > 0, y, 5)
    kept = counts > 0
    weighted = quick(target_weight=0.5).fit(X, y, sample_weight=counts)
    fewer = quick(target_weight=0.5).fit(X[kept], y[kept])
    np.testing.assert_array_equal(weighted.transform(X), fewer.transform(X))


def test_samples_with_y_but_without_a_weight_do_not_count(quick, digit_rows):
    weight = (np.arange(600) % 2).astype(float)
    y = np.where(weight > 0, np.nan, np.arange(600) * 0.5)
    with pytest.raises(ValueError, match="y is missing for all samples"):
        quick(target_weight=0.5).fit(digit_rows, y, sample_weight=weight)


@pytest.mark.parametrize("kind", [AutoencoderTransformer, DenoisingAutoencoder])
def test_the_start_sees_all_classes_of_rows_that_are_sorted(kind):
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1], [5500, 1500])
    X = rng.normal(size=(7000, 6)) * [2, 1.8, 1, 1, 1, 1]
    X[:, 3] += 2.5 * y
    settings = {"max_iter": 1, "learning_rate_init": 1e-9, "random_state": 0}
    settings["hidden_layer_sizes"] = (4,)
    codes = kind(2, target_weight=0.5, **settings).fit(X, y).transform(X)
    linear = LogisticRegression().fit(codes, y)
    assert linear.score(codes, y) > 0.88


def test_as_many_codes_as_rows(quick):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(30, 60)), np.arange(30) % 3
    for size in (None, 28, 30):
        assert quick(size, target_weight=0.4).fit(X, y).transform(X).shape[1] == (
            size or 30
        )
    # Of rows that a linear model fits without error nothing is to be learnt.
    few = AutoencoderTransformer(2, target_weight=0.4, random_state=0).fit(
        X[:3], [0, 0.3, 1.5]
    )
    assert few.best_iter_ == 0
    np.testing.assert_allclose(few.reconstruct(X[:3]), X[:3], atol=1e-9)


def test_weights_of_rows_are_weights_of_their_classes(halves):
    train, test, y_train, y_test = halves
    is_rare = y_train < 2
    settings = {"target_weight": 0.6, "hidden_layer_sizes": (32,), "random_state": 0}
    heavy = AutoencoderTransformer(1, **settings)
    heavy.fit(train, is_rare, sample_weight=np.where(is_rare, 8.0, 1.0))
    plain = AutoencoderTransformer(1, **settings).fit(train, is_rare)

    def separation(estimator):
        codes = estimator.transform(test)[:, 0]
        groups = codes[y_test < 2], codes[y_test >= 2]
        return abs(groups[0].mean() - groups[1].mean()) / codes.std()

    assert separation(heavy) > separation(plain)


def test_the_head_is_not_kept(quick, digits):
    X, y = digits
    estimator = quick(target_weight=0.5).fit(X, y)
    assert not any("head" in name for name in estimator._fitted.arrays)
    assert not any("head" in name for name in dict(estimator.net_.module_.named_modules()))
    assert not hasattr(estimator, "predict")
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(again.transform(X), estimator.transform(X))
    plain = quick().fit(X)
    sizes = [len(pickle.dumps(e)) for e in (estimator, plain)]
    assert abs(sizes[0] - sizes[1]) < 2000
    assert estimator.reconstruct(X).shape == X.shape
    assert np.isfinite(estimator.score_samples(X)).all()
    assert estimator.sample(3, random_state=0).shape == (3, 64)


def test_a_seed_gives_the_same_and_a_clone_has_the_weight(quick, digits):
    first = quick(target_weight=0.3).fit(*digits)
    again = clone(first).fit(*digits)
    assert again.target_weight == 0.3
    np.testing.assert_array_equal(first.transform(digits[0]), again.transform(digits[0]))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"code_activation": "tanh"},
        {"loss": "bce"},
        {"loss": "mae", "scaling": "feature"},
        {"hidden_layer_sizes": ()},
        {"early_stopping": False},
        {"precision": "bfloat16"},
        {"alpha": 1.0},
        {"solver": "adamw", "learning_rate": "constant"},
    ],
    ids=str,
)
def test_steps_without_autograd_end_alike(digits, options):
    X, y = digits
    y = np.where(np.arange(600) % 7, y, -1)
    settings = {"target_weight": 0.3, "max_iter": 3, "random_state": 0, **options}
    settings["learning_rate_init"] = 1e-3
    dense = AutoencoderTransformer(3, **settings).fit(X, y)
    by_autograd = AutoencoderTransformer(3, **settings, callbacks=[Watching()]).fit(X, y)
    np.testing.assert_allclose(dense.loss_curve_, by_autograd.loss_curve_, rtol=1e-3)
    assert dense.best_iter_ == by_autograd.best_iter_


def test_it_goes_with_all_else(quick, digits):
    X, y = (part[:200] for part in digits)
    given = {"X_val": X[:50], "sample_weight": np.arange(200) % 3 + 1.0}
    for options, fitting in (
        ({"n_components": 0.5}, {}),
        ({"n_components": "mle"}, {}),
        ({"whiten": True, "sampler": "gmm"}, {}),
        ({"init": "random"}, {}),
        ({"hidden_layer_sizes": ()}, {}),
        ({}, given),
        ({"loss": "kl", "dropout": 0.1}, {}),
    ):
        estimator = quick(target_weight=0.3, max_iter=2).set_params(**options)
        estimator.fit(X, y, **fitting)
        codes = estimator.transform(X)
        assert codes.shape == (200, estimator.n_components_)
        assert np.isfinite(estimator.inverse_transform(codes)).all()
        assert np.isfinite(estimator.explained_variance_ratio_).all()
    more = quick(target_weight=0.3, max_iter=3, warm_start=True).fit(X, y)
    before = more.score(X)
    assert more.fit(X, y).score(X) > before - 0.02


def test_pairs_and_ordered_codes_keep_y_too(digits):
    X, y = digits
    noisy = X + 0.2 * np.random.RandomState(0).normal(size=X.shape)
    settings = {"hidden_layer_sizes": (32,), "max_iter": 10, "random_state": 0}
    pairs = DenoisingAutoencoder(3, target_weight=0.3, **settings)
    pairs.fit(noisy, y, X_clean=X)
    without = DenoisingAutoencoder(3, **settings).fit(noisy, X_clean=X)
    linear = LogisticRegression(max_iter=500)
    by_y, by_rows = (
        linear.fit(e.transform(noisy), y).score(e.transform(noisy), y)
        for e in (pairs, without)
    )
    assert by_y > by_rows + 0.03
    nested = AutoencoderTransformer(6, ordered=True, target_weight=0.3, **settings)
    nested.fit(X, y)
    cut = nested.truncate(2).transform(X)
    of_pca = PCA(2).fit_transform(X)
    assert linear.fit(cut, y).score(cut, y) > linear.fit(of_pca, y).score(of_pca, y) + 0.1


def test_tables_of_categories_and_holes_keep_y(quick):
    rng = np.random.RandomState(0)
    kind = rng.choice(["a", "b", "c"], 300)
    size = rng.normal(size=300)
    table = pd.DataFrame(
        {
            "kind": kind,
            "size": np.where(rng.uniform(size=300) < 0.1, np.nan, size),
            **{f"noise {j}": 3 * rng.normal(size=300) for j in range(4)},
        }
    )
    y = (kind == "a") ^ (size > 1)
    estimator = quick(2, target_weight=0.6, max_iter=20).fit(table, y)
    linear = LogisticRegression()

    def accuracy(fitted):
        codes = np.asarray(fitted.transform(table))
        return linear.fit(codes, y).score(codes, y)

    ignoring = quick(2, max_iter=20).fit(table)
    assert accuracy(estimator) > accuracy(ignoring) + 0.05
    assert list(estimator.reconstruct(table).columns) == list(table.columns)


def test_few_rows_keep_the_start_which_says_more_of_y_than_pca():
    X, y = load_wine(return_X_y=True)
    X = StandardScaler().fit_transform(X)[::3]
    y = y[::3]
    settings = {"max_iter": 1, "learning_rate_init": 1e-9, "random_state": 0}
    estimator = AutoencoderTransformer(1, target_weight=0.5, **settings).fit(X, y)
    assert estimator.best_iter_ == 0
    codes, of_pca = estimator.transform(X), PCA(1).fit_transform(X)
    linear = LogisticRegression()
    assert linear.fit(codes, y).score(codes, y) > linear.fit(of_pca, y).score(of_pca, y)
    explained = r2_score(X, estimator.reconstruct(X), multioutput="variance_weighted")
    assert explained == pytest.approx(estimator.explained_variance_ratio_.sum(), abs=1e-6)
    with pytest.raises(AttributeError, match="this fit is not PCA"):
        estimator.noise_variance_  # noqa: B018
    # A warm start has nothing to continue: the start is computed anew.
    again = clone(estimator).set_params(warm_start=True).fit(X, y)
    np.testing.assert_array_equal(again.fit(X, y).transform(X), codes)


def test_a_linear_network_with_y_is_trained_and_without_it_is_pca(digits):
    X, y = digits
    linear = AutoencoderTransformer(2, hidden_layer_sizes=(), random_state=0)
    assert linear.fit(X).n_iter_ == 1
    assert linear.loss_curve_ == []
    weighted = clone(linear).set_params(target_weight=0.5, max_iter=5).fit(X, y)
    assert weighted.n_iter_ == 5
    assert np.abs(weighted.components_ - linear.components_).max() > 0.01


def test_codes_of_all_columns_turn_towards_y(digits):
    X, y = digits
    settings = {"target_weight": 0.5, "max_iter": 2, "hidden_layer_sizes": (8,)}
    estimator = AutoencoderTransformer(random_state=0, **settings).fit(X[:, 20:30], y)
    assert estimator.n_components_ == 10
    assert len(estimator.loss_curve_) == 2  # though PCA gives all rows back


def test_a_search_over_weights_with_the_score_of_a_classifier(digits):
    chain = make_pipeline(
        AutoencoderTransformer(2, hidden_layer_sizes=(16,), max_iter=8, random_state=0),
        LogisticRegression(max_iter=300),
    )
    grid = {"autoencodertransformer__target_weight": [0.0, 0.5]}
    search = GridSearchCV(chain, grid, cv=2).fit(*digits)
    assert search.best_params_["autoencodertransformer__target_weight"] == 0.5


def test_y_is_required_where_it_is_used(quick):
    assert not quick().__sklearn_tags__().target_tags.required
    assert quick(target_weight=0.1).__sklearn_tags__().target_tags.required


def test_a_table_for_y_is_no_set_of_clean_rows(digits, recwarn):
    X, _ = digits
    y = X + 0.5 * np.random.RandomState(0).normal(size=X.shape)
    DenoisingAutoencoder(2, target_weight=0.3, max_iter=1, random_state=0).fit(X, y)
    assert not [w for w in recwarn if "X_clean" in str(w.message)]


def test_a_bound_that_warms_up_is_warmed_up_behind_a_head(digits):
    X, y = digits
    settings = {"hidden_layer_sizes": (16,), "max_iter": 4, "random_state": 0}
    warmed, cold = (
        VariationalAutoencoder(
            2, target_weight=0.3, kl_warmup=warmup, early_stopping=False, **settings
        ).fit(X, y)
        for warmup in (4, 0)
    )
    # Without much of the divergence the first losses are lower.
    assert warmed.loss_curve_[0] < cold.loss_curve_[0] - 0.01


def test_numbers_of_any_unit_are_the_same_y(quick, digits):
    X, _ = digits
    y = X[:, 20:30].sum(axis=1)
    codes = quick(target_weight=0.5).fit(X, y).transform(X)
    for unit, mean in ((1e-200, 0), (1e200, 0), (1.0, 1e6)):
        found = quick(target_weight=0.5).fit(X, unit * y + mean).transform(X)
        np.testing.assert_allclose(found, codes, rtol=1e-3, atol=1e-3)


def test_a_loss_of_ones_own_is_in_the_mode_of_the_network(digits):
    class Recording(torch.nn.Module):
        def forward(self, x_hat, x):
            modes.append(self.training)
            return ((x_hat - x) ** 2).mean(1)

    modes: list[bool] = []
    settings = {"hidden_layer_sizes": (8,), "max_iter": 1, "random_state": 0}
    settings["loss"] = Recording()
    AutoencoderTransformer(2, target_weight=0.3, **settings).fit(*digits)
    assert not modes[0]  # the start is evaluated
    assert any(modes)


@pytest.mark.filterwarnings("error")
def test_a_linear_network_that_was_trained_goes_on(digits):
    settings = {"hidden_layer_sizes": (), "max_iter": 10, "random_state": 0}
    warm = AutoencoderTransformer(2, target_weight=0.5, warm_start=True, **settings)
    first = warm.fit(*digits).validation_loss_curve_
    assert warm.best_iter_ > 0
    assert warm.fit(*digits).validation_loss_curve_[0] < first[0] - 1e-3


def test_of_one_class_alone_nothing_is_learnt():
    values = np.array([[0.0], [0.0], [np.nan]])
    assert Response(values, (3,), 0.5).factors(None) == [0]


def test_rows_that_are_all_equal_have_a_code(quick):
    fitted = quick(1, target_weight=0.3).fit(np.ones((20, 3)), np.arange(20) % 2)
    np.testing.assert_allclose(fitted.reconstruct(np.ones((20, 3))), 1, atol=0.1)
