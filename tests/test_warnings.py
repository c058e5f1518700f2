"""What is silent elsewhere and is said here: what a fit or a score cannot mean."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from estimators import ESTIMATORS, is_variational
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback

from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    DominantColumnWarning,
)

QUICK = {"hidden_layer_sizes": (8,), "max_iter": 2, "random_state": 0}


@pytest.fixture
def income():
    """A DataFrame of 200 rows, of which one column is in thousands."""
    rng = np.random.RandomState(0)
    columns = {"age": rng.normal(size=200), "income": 1000 * rng.normal(size=200)}
    return pd.DataFrame(columns | {"height": rng.normal(size=200)})


# -- one column hides the others -------------------------------------------------


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("scaling", ["global", None])
def test_a_column_that_hides_the_others_is_named(kind, scaling, income):
    with pytest.warns(DominantColumnWarning, match="'income' holds 99.99") as caught:
        kind(1, scaling=scaling, **QUICK).fit(income)
    assert "scaling='feature'" in str(caught[0].message)
    assert caught[0].filename == __file__
    with pytest.warns(DominantColumnWarning, match="Column 1 holds"):
        kind(1, scaling=scaling, **QUICK).fit(income.to_numpy())


def test_the_warning_is_of_a_class_to_be_filtered(income):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DominantColumnWarning)
        AutoencoderTransformer(1, **QUICK).fit(income)


def test_of_pairs_the_clean_rows_count(income):
    noisy = income / income.std() + 0.1
    with pytest.warns(DominantColumnWarning, match="income"):
        DenoisingAutoencoder(1, **QUICK).fit(noisy, X_clean=income)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_no_column_is_named_where_none_hides_the_others(kind, income):
    X = income.to_numpy()
    kind(1, scaling="feature", **QUICK).fit(X)
    kind(1, **QUICK).fit(X * [7, 0.01, 7])  # 50 % each of 98 %
    kind(1, **QUICK).fit(X * [0, 1, 0])  # the only one that varies
    kind(1, output_activation="logistic", **QUICK).fit(np.abs(X) / 5000)


# -- clean rows as y -------------------------------------------------------------


@pytest.fixture
def pair(digits):
    X = digits[0][:100] / 16
    return X + 0.1 * np.random.RandomState(0).normal(size=X.shape), X


@pytest.mark.parametrize(
    "form", [np.asarray, np.float32, pd.DataFrame, torch.tensor, np.ndarray.tolist]
)
def test_clean_rows_as_y_are_told_from_a_target(form, pair):
    noisy, clean = pair
    with pytest.warns(UserWarning, match="X_clean=") as caught:
        DenoisingAutoencoder(2, **QUICK).fit(noisy, form(clean))
    assert caught[0].filename == __file__


def test_clean_rows_as_y_are_seen_in_a_pipeline_and_in_fit_transform(pair):
    noisy, clean = pair
    estimator = DenoisingAutoencoder(2, **QUICK)
    with pytest.warns(UserWarning, match="X_clean="):
        estimator.fit_transform(noisy, clean)
    with pytest.warns(UserWarning, match="X_clean="):
        make_pipeline(FunctionTransformer(), estimator).fit(noisy, clean)


def test_no_other_y_is_taken_for_clean_rows(pair, digits):
    noisy, clean = pair
    others = [digits[1][:100], clean[:, :1], clean[:, 0], noisy, (clean > 0).astype(int)]
    for y in [*others, None, "text", [object()] * 100]:
        DenoisingAutoencoder(2, **QUICK).fit(noisy, y)
    DenoisingAutoencoder(2, noise_level=0, **QUICK).fit(noisy, clean)
    DenoisingAutoencoder(2, **QUICK).fit(noisy, clean, X_clean=clean)
    AutoencoderTransformer(2, **QUICK).fit(noisy, clean)


# -- warm starts that forget -----------------------------------------------------


@pytest.mark.parametrize("hidden", [(), (8,)])
def test_a_warm_start_that_forgets_a_linear_fit_says_so(hidden):
    X = np.random.RandomState(0).normal(size=(60, 3))
    settings = {"hidden_layer_sizes": hidden, "learning_rate_init": 1e-9, "max_iter": 1}
    estimator = AutoencoderTransformer(2, warm_start=True, random_state=0, **settings)
    estimator.fit(X)
    assert estimator.best_iter_ == 0
    with pytest.warns(UserWarning, match="forgotten") as caught:
        estimator.fit(X + 50)
    assert caught[0].filename == __file__
    assert estimator.mean_ == pytest.approx(50, abs=1)


def test_a_warm_start_on_the_same_rows_or_from_a_trained_network_forgets_nothing(bent):
    linear = AutoencoderTransformer(2, hidden_layer_sizes=(), warm_start=True)
    linear.fit(bent).fit(bent[::-1])
    trained = AutoencoderTransformer(
        1, init="random", warm_start=True, max_iter=20, random_state=0
    )
    trained.fit(bent).fit(bent + 0.1)


# -- a code as long as the row ---------------------------------------------------


class Counting(Callback):
    n_epochs = 0

    def on_epoch_begin(self, net, **kwargs):
        Counting.n_epochs += 1


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(80, 5), (5, 80)])
def test_a_start_that_is_exact_is_kept_without_training(loss, dtype, shape):
    X = np.random.RandomState(0).normal(size=shape).astype(dtype)
    Counting.n_epochs = 0
    fitted = AutoencoderTransformer(loss=loss, callbacks=[Counting()], **QUICK).fit(X)
    assert (fitted.n_iter_, fitted.best_iter_, Counting.n_epochs) == (1, 0, 0)
    assert fitted.loss_curve_ == []
    assert fitted.validation_scores_ is None
    np.testing.assert_allclose(fitted.reconstruct(X), X, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"n_components": 4},
        {"init": "random"},
        {"code_activation": "tanh"},
        {"output_activation": "silu"},
        {"encoder": torch.nn.Linear},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_any_other_start_is_trained(settings):
    X = np.abs(np.random.RandomState(0).normal(size=(80, 5)))
    Counting.n_epochs = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        AutoencoderTransformer(callbacks=[Counting()], **QUICK, **settings).fit(X)
    assert Counting.n_epochs > 0


@pytest.mark.parametrize("score", ["score_samples", "cell_scores"])
def test_scores_of_a_code_as_long_as_the_row_are_roundings_and_say_so(score):
    X = np.random.RandomState(0).normal(size=(80, 5))
    fitted = AutoencoderTransformer(**QUICK).fit(X)
    with pytest.warns(UserWarning, match="n_components") as caught:
        getattr(fitted, score)(X)
    assert caught[0].filename == __file__
    for kind in ESTIMATORS:  # noise, or a prior, is what these measure by
        if kind is DenoisingAutoencoder or is_variational(kind()):
            getattr(kind(**QUICK).fit(X), score)(X)
    getattr(AutoencoderTransformer(4, **QUICK).fit(X), score)(X)


AGES = [*map(str, range(20, 40))]


def frame(n, **columns):
    return pd.DataFrame({"size": np.random.RandomState(0).rand(n), **columns})


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([*AGES[:19], "unknown"] * 5, r"is text, and 19 of its 20 .* are 'unknown'\."),
        ([f"id {i}" for i in range(100)], "has 100 categories in 100 cells, .* 'id 0'"),
        ([f"id {i}" for i in range(92)] + [None] * 8, "has 92 categories in 92 cells"),
    ],
)
def test_columns_that_were_hardly_meant_as_categories(quick, column, message):
    with pytest.warns(UserWarning, match=f"Column 'x' {message}") as caught:
        quick(1, max_iter=1).fit(frame(100, x=column))
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "column",
    [
        AGES * 5,  # numbers as text, as postal codes are
        [*"abcdefghij", *"0123456789"] * 5,
        ["1", "2", "3", "4", "many"] * 20,
        [f"id {i}" for i in range(50)] * 2,
        [f"id {i}" for i in range(40)] + [None] * 60,
    ],
)
def test_columns_that_may_be_categories(quick, column):
    quick(1, max_iter=1).fit(frame(100, x=column))  # a warning would be an error


def test_few_rows_in_use_are_no_odd_categories(quick):
    X = frame(100, x=[f"id {i}" for i in range(50)] * 2)
    assert quick(1, max_iter=1).fit(X).transform(X[:20]).shape == (20, 1)


def test_one_column_as_y_is_a_target():
    X = np.random.RandomState(0).normal(size=(60, 1))
    DenoisingAutoencoder(1, hidden_layer_sizes=(4,), max_iter=1).fit(X, X + 1)
