"""Which weights training leaves, when it ends, and what it tells of the way."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from estimators import is_variational
from sklearn.datasets import make_s_curve
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from skorch.callbacks import Callback

from sklearn_ae import AutoencoderTransformer
from sklearn_ae._training import _loop
from sklearn_ae._training._stopping import BestWeights


def test_the_best_epoch_is_kept_and_the_start_is_a_candidate(quick, digits):
    X, _ = digits
    fitted = quick(4, max_iter=15).fit(X)
    scores = fitted.validation_scores_
    assert len(scores) == fitted.n_iter_ + 1
    assert len(fitted.loss_curve_) == fitted.n_iter_
    # By the loss on the validation rows, which for mse is R² but for a bound is not.
    assert fitted.best_iter_ > 0
    if not is_variational(fitted):
        assert fitted.best_iter_ == np.argmax(scores)
    pca = PCA(4).fit(X)
    X_hat = pca.inverse_transform(pca.transform(X))
    assert scores[0] == pytest.approx(
        r2_score(X, X_hat, multioutput="variance_weighted"), abs=0.05
    )


def test_a_training_that_only_gets_worse_leaves_the_start(quiet, digits):
    X, _ = digits
    fitted = quiet(4, learning_rate_init=0.5, learning_rate="constant").fit(X)
    assert fitted.best_iter_ == 0
    expected = quiet(4, hidden_layer_sizes=()).fit(X).reconstruct(X)
    if not is_variational(fitted):
        pca = PCA(4, svd_solver="full").fit(X)
        expected = pca.inverse_transform(pca.transform(X))
    np.testing.assert_allclose(fitted.reconstruct(X), expected, atol=1e-5)


@pytest.mark.parametrize("n_rows", [12, 60])
def test_a_random_start_is_never_preferred(quick, bent, n_rows):
    # With one validation row no gain is beyond chance, yet weights at random are no answer.
    fitted = quick(2, init="random", max_iter=50, batch_size=16).fit(bent[:n_rows])
    assert fitted.best_iter_ > 0


def test_a_gain_within_chance_leaves_pca(quick):
    X = np.random.RandomState(0).normal(size=(200, 5))
    settings = {"max_iter": 20, "batch_size": 64}
    fits = [quick(2, random_state=seed, **settings).fit(X) for seed in range(8)]
    tempted = [
        fit for fit in fits if max(fit.validation_scores_) > fit.validation_scores_[0]
    ]
    assert tempted
    assert any(fit.best_iter_ == 0 for fit in tempted)


@pytest.mark.parametrize("n_rows", [2, 20, 1000])
def test_a_gain_is_in_doubt_below_half_a_standard_error_and_more_by_few_rows(n_rows):
    class Train:
        def judge(self):
            return torch.zeros(1), 0.0

    decide = BestWeights(None, None, Train(), None, None)
    decide.train_loss = math.inf
    decide.best_rows = torch.zeros(n_rows, dtype=torch.float64)
    decide.loss_of_all = -1.0  # by which nothing is gained
    scatter = torch.linspace(-1, 1, n_rows, dtype=torch.float64)
    error = float(scatter.std()) / math.sqrt(n_rows)
    for factor, in_doubt in ((0.99, True), (1.01, False)):
        decide.start_rows = scatter + factor * (0.5 + 12 / n_rows) * error
        assert decide._gain_is_in_doubt() is in_doubt


@pytest.mark.parametrize("loss_of_all", [0.9, 0.1])
@pytest.mark.parametrize("spread", [1.0, 3.0])
def test_few_rows_show_a_gain_over_what_all_rows_say_of_the_start(loss_of_all, spread):
    decide = BestWeights(None, None, None, None, None)
    decide.train = SimpleNamespace(judge=lambda: (torch.zeros(1), 0.0))
    decide.train_loss = math.inf
    decide.loss_of_all = loss_of_all
    decide.best_rows = torch.linspace(0, 0.2, 8, dtype=torch.float64)
    # 1.4 standard errors, or half of one, by themselves; two are asked for of eight rows.
    scatter = torch.linspace(-1, 1, 8, dtype=torch.float64)
    decide.start_rows = decide.best_rows + 0.35 + spread * scatter
    assert decide._gain_is_in_doubt() is not (loss_of_all == 0.9 and spread == 1.0)


def test_validation_losses_are_of_the_start_and_of_every_epoch(quick, bent):
    fitted = quick(1, max_iter=15).fit(bent)
    losses = fitted.validation_loss_curve_
    assert len(losses) == len(fitted.validation_scores_) == fitted.n_iter_ + 1
    assert losses[fitted.best_iter_] == min(losses) < losses[0]
    assert quick(1, early_stopping=False).fit(bent).validation_loss_curve_ is None
    if not is_variational(fitted):
        # The squared error, of columns that share one scale, is what R² is made of.
        unexplained = 1 - np.array(fitted.validation_scores_)
        by_r2 = unexplained / unexplained[0]
        np.testing.assert_allclose(np.array(losses) / losses[0], by_r2, rtol=1e-5)


def test_validation_scores_are_r2_in_the_users_units(quick, digits):
    X = digits[0] * np.linspace(1, 50, 64)
    fitted = quick(4, scaling="feature", validation_fraction=0.5, max_iter=20).fit(X)
    # Half of these rows chose, so the score of all is near that of the best epoch.
    best = fitted.validation_scores_[fitted.best_iter_]
    assert fitted.score(X) == pytest.approx(best, abs=0.1)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_of_many_training_rows_some_are_judged_where_none_validate(
    monkeypatch, quick, digits, early_stopping
):
    monkeypatch.setattr(_loop, "_MOST_JUDGED", 100)
    judged, seen = [], []

    class Seeing(Callback):
        def on_train_end(self, net, **kwargs):
            judged.append(net.judged_train_.y)  # without noise
            seen.append(net.datasets_[0].y)

    settings = {"scaling": None, "max_iter": 15, "early_stopping": early_stopping}
    fitted = quick(4, callbacks=[Seeing()], **settings).fit(digits[0])
    assert judged[0].shape == (540 if early_stopping else 100, 64)
    trained_on = {row.tobytes() for row in seen[0].numpy()}
    assert {row.tobytes() for row in judged[0].numpy()} <= trained_on
    assert len(seen[0]) == (540 if early_stopping else 600)
    assert fitted.best_iter_ > 0


def test_training_ends_when_nothing_is_gained(quick, digits):
    settings = {"max_iter": 200, "n_iter_no_change": 3, "tol": 0.5}
    fitted = quick(learning_rate="constant", **settings).fit(digits[0])
    assert fitted.n_iter_ == 3
    # One cycle climbs for 10 epochs first, and takes as many again to land.
    assert quick(**settings).fit(digits[0]).n_iter_ == 10 + 3 + 3


def test_without_early_stopping_all_rows_train_to_the_last_epoch(quick, digits):
    seen = []

    class Counter(Callback):
        def on_batch_end(self, net, batch=None, training=None, **kwargs):
            seen.append(len(batch[0]))

    fitted = quick(early_stopping=False, max_iter=3, callbacks=[Counter()]).fit(digits[0])
    assert sum(seen) == 3 * 600
    assert fitted.n_iter_ == fitted.best_iter_ == 3
    assert fitted.validation_scores_ is None


def test_validation_rows_are_shuffled_and_seeded(digits):
    # Sorted rows: the first or last tenth would be one kind of digit only.
    X, y = digits
    X = X[np.argsort(y, kind="stable")]
    seen = []

    class Keeper(Callback):
        def on_train_begin(self, net, **kwargs):
            seen.append(net.datasets_[1].X.numpy())

    for seed in (0, 0, 1):
        AutoencoderTransformer(2, max_iter=1, callbacks=[Keeper()], random_state=seed).fit(
            X
        )
    np.testing.assert_array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])
    assert len(seen[0]) == 60
    assert np.linalg.norm(seen[0].mean(0)) < 3  # the mean of all rows is 0


@pytest.mark.parametrize("n_rows", [1, 2, 4, 9, 10, 14])
@pytest.mark.parametrize("loss", ["mse", "kl"])
def test_few_rows(quick, digits, n_rows, loss):
    X = digits[0][:n_rows]
    fitted = quick(1, loss=loss).fit(X)
    assert np.isfinite(fitted.reconstruct(X)).all()
    assert (fitted.validation_scores_ is None) == (n_rows < 3)


def count_rows(sizes):
    """Return a callback that appends the rows of every training batch to ``sizes``."""

    class Counter(Callback):
        def on_batch_end(self, net, batch=None, training=None, **kwargs):
            if training:
                sizes.append(len(batch[0]))

    return Counter()


@pytest.mark.parametrize(("n_rows", "n_passes"), [(40, 1), (60, 16), (500, 2), (501, 1)])
def test_an_epoch_passes_over_few_rows_several_times(quick, digits, n_rows, n_passes):
    sizes = []
    settings = {"max_iter": 2, "callbacks": [count_rows(sizes)], "batch_size": "auto"}
    fitted = quick(2, **settings).fit(digits[0][:n_rows, 20:40])
    n_train = n_rows - round(0.1 * n_rows)
    assert sum(sizes) == 2 * n_passes * n_train
    # Epochs are counted as they were, and their losses are means, not sums.
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 2
    assert len(fitted.validation_scores_) == 3
    if not is_variational(fitted):
        assert fitted.loss_curve_[0] < 2 * fitted.validation_loss_curve_[0]


@pytest.mark.parametrize(
    "settings",
    [
        {"early_stopping": False},
        {"batch_size": 16},
        {"solver": torch.optim.SGD},
        {"encoder": torch.nn.Linear},
    ],
)
def test_what_was_not_measured_takes_one_pass(quiet, digits, settings):
    sizes = []
    X = digits[0][:60, 20:40]
    given = {"batch_size": "auto", **settings}
    quiet(2, max_iter=1, callbacks=[count_rows(sizes)], **given).fit(X)
    assert sum(sizes) == (54 if settings.get("early_stopping", True) else 60)


@pytest.mark.parametrize(("n_columns", "n_passes"), [(60, 16), (61, 1)])
def test_wide_tables_take_one_pass(quiet, digits, n_columns, n_passes):
    sizes = []
    X = digits[0][:60, :n_columns]
    given = {"max_iter": 1, "callbacks": [count_rows(sizes)], "batch_size": "auto"}
    quiet(2, **given).fit(X)
    assert sum(sizes) == 54 * n_passes


# After one pass per epoch the first stayed PCA, and the second had 0.956.
@pytest.mark.parametrize(("n_rows", "least"), [(80, 0.93), (320, 0.97)])
def test_few_rows_of_a_curve_are_learned(n_rows, least):
    train, test = (
        make_s_curve(n_rows, random_state=2)[0],
        make_s_curve(1000, random_state=102)[0],
    )
    linear = PCA(2).fit(train)
    X_hat = linear.inverse_transform(linear.transform(test))
    assert r2_score(test, X_hat, multioutput="variance_weighted") < 0.88
    fitted = AutoencoderTransformer(2, random_state=0).fit(train)
    assert fitted.score(test) > least


@pytest.mark.parametrize(("n_rows", "batch_size"), [(65, 64), (9, 64), (130, 1), (64, 9)])
def test_any_batch_size(quick, digits, n_rows, batch_size):
    X = digits[0][:n_rows]
    assert np.isfinite(quick(batch_size=batch_size, max_iter=2).fit_transform(X)).all()


@pytest.mark.parametrize("name", ["constant column", "constant", "repeated", "wide"])
def test_degenerate_data(quick, digits, name):
    X = digits[0][:40].copy()
    X = {
        "constant column": X,  # the corners of digits are always 0
        "constant": np.full_like(X, 0.1),
        "repeated": np.repeat(X[:2], 20, axis=0),
        "wide": X[:12],
    }[name]
    fitted = quick(2, whiten=True).fit(X)
    codes = fitted.transform(X)
    assert np.isfinite(codes).all()
    np.testing.assert_allclose(fitted.inverse_transform(codes).mean(0), X.mean(0), atol=0.2)


@pytest.mark.parametrize("size", [1e-30, 1e-8, 1e8, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_units_do_not_matter(quick, digits, size, dtype):
    X, _ = digits
    expected = quick(4).fit(X).score(X)
    X_sized = (X * size).astype(dtype)
    fitted = quick(4).fit(X_sized)
    assert fitted.score(X_sized) == pytest.approx(expected, abs=0.02)


def test_warm_start_goes_on_from_the_last_fit(quick, digits):
    X, _ = digits
    fitted = quick(4, warm_start=True, max_iter=10).fit(X)
    first = fitted.score(X)
    fitted.fit(X)
    assert fitted.score(X) > first
    again = quick(4, warm_start=True, learning_rate_init=1e-12).fit(X)
    codes = again.transform(X)
    again.fit(X)
    np.testing.assert_allclose(again.transform(X), codes, atol=1e-5)


def closed_form(make, n_components):
    """Return PCA, or what stands for it where codes are distributions."""
    linear = make(n_components, hidden_layer_sizes=())
    # "auto" takes a random solver for these sizes.
    return linear if is_variational(linear) else PCA(n_components, svd_solver="full")


def test_a_warm_start_that_becomes_linear_is_the_closed_form(quiet, digits):
    X, _ = digits
    fitted = quiet(3, hidden_layer_sizes=(), loss="mae", warm_start=True).fit(X[:100])
    assert fitted.n_iter_ > 0
    fitted.set_params(loss="mse").fit(X)
    exact = closed_form(quiet, 3)
    np.testing.assert_allclose(fitted.transform(X), exact.fit_transform(X), atol=1e-8)


def test_a_fit_that_stayed_linear_is_not_gone_on_with(quiet):
    X = np.random.RandomState(0).normal(size=(300, 5))
    fitted = quiet(2, warm_start=True).fit(X[:200])
    assert fitted.best_iter_ == 0
    fitted.fit(X[100:])
    assert fitted.best_iter_ == 0
    exact = closed_form(quiet, 2).fit(X[100:])
    np.testing.assert_allclose(fitted.transform(X), exact.transform(X), atol=1e-8)


def test_warm_start_of_the_linear_network_is_that_of_the_new_rows(quiet, digits):
    X, _ = digits
    fitted = quiet(3, hidden_layer_sizes=(), warm_start=True).fit(X[:100, :20]).fit(X)
    np.testing.assert_allclose(fitted.mean_, X.mean(0))
    exact = closed_form(quiet, 3)
    np.testing.assert_allclose(fitted.transform(X), exact.fit_transform(X), atol=1e-8)


@pytest.mark.parametrize("learning_rate", ["constant", "one_cycle"])
def test_without_validation_rows_the_training_loss_ends_a_fit(quick, bent, learning_rate):
    settings = {"early_stopping": False, "max_iter": 50, "learning_rate": learning_rate}
    # No epoch makes progress of the whole loss at the start: 5 of patience, and 5 to land.
    fitted = quick(tol=1.0, n_iter_no_change=5, **settings).fit(bent)
    assert fitted.n_iter_ < 25
    assert quick(tol=0.0, n_iter_no_change=50, **settings).fit(bent).n_iter_ == 50


def test_where_no_epoch_came_near_pca_no_decay_of_the_rate_is_waited_for():
    X = np.random.RandomState(0).normal(size=(300, 40))  # nothing to learn beyond PCA
    fitted = AutoencoderTransformer(8, random_state=0).fit(X)
    assert fitted.best_iter_ == 0
    assert fitted.validation_loss_curve_[-1] > 1.05 * fitted.validation_loss_curve_[0]
    assert fitted.n_iter_ == 20  # 10 to climb, 10 of patience; the decay would be 10 more


def test_a_training_loss_with_dropout_need_not_reach_that_of_the_start():
    rng = np.random.RandomState(0)  # nearly a plane: PCA leaves next to nothing
    X = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 12)) + 0.05 * rng.normal(
        size=(300, 12)
    )
    settings = {"dropout": 0.5, "learning_rate": "constant", "learning_rate_init": 1e-3}
    fitted = AutoencoderTransformer(
        3, early_stopping=False, n_iter_no_change=5, random_state=0, **settings
    ).fit(X)
    assert fitted.n_iter_ > 5
