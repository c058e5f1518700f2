"""scikit-learn's own callbacks, which it has from version 1.9 on."""

import io
import pickle
import weakref
from contextlib import redirect_stdout

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from skorch.callbacks import Callback

from sklearn_ae import (
    AutoencoderTransformer,
    ConvergenceError,
    DenoisingAutoencoder,
)
from sklearn_ae._code_density import DENSITIES

callback = pytest.importorskip("sklearn.callback")


class Noting:
    """Notes what it is called with; ends training after some epochs."""

    def __init__(self, n_epochs=None):
        self.n_epochs, self.events, self.seen = n_epochs, [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.events.append(f"end {context.task_name}")
        self.seen.append((X, y, metadata, fitted_estimator))
        return self.events.count("end epoch") == self.n_epochs


def r2(estimator, X, y):
    return estimator.score(X)


def test_every_epoch_is_a_task_and_codes_stay_the_same_bits(quick, digits):
    X, _ = digits
    noting = Noting()
    watched = quick(max_iter=15).set_callbacks(noting).fit(X)
    epochs = ["begin epoch", "end epoch"] * watched.n_iter_
    assert noting.events == ["setup", "begin fit", *epochs, "end fit", "teardown"]
    np.testing.assert_array_equal(watched.transform(X), quick(max_iter=15).fit_transform(X))
    # What was shown of the epoch that was kept is the result.
    assert watched.best_iter_ > 0
    fitted = noting.seen[watched.best_iter_ - 1][3]
    assert fitted.n_iter_ == fitted.best_iter_ == watched.best_iter_
    np.testing.assert_allclose(fitted.transform(X), watched.transform(X), atol=1e-6)
    np.testing.assert_allclose(
        fitted.sample(5, random_state=0), watched.sample(5, random_state=0), atol=1e-4
    )


def test_what_an_epoch_shows_drops_nothing_out(quick, digits):
    X, _ = digits
    settings = {"dropout": 0.5, "early_stopping": False, "max_iter": 3}
    noting = Noting()
    watched = quick(**settings).set_callbacks(noting).fit(X)
    # No mask was drawn to show an epoch, or those of later steps would be others.
    np.testing.assert_array_equal(watched.transform(X), quick(**settings).fit_transform(X))


def test_what_an_epoch_shows_stays_as_it_was(quick, digits):
    X, _ = digits
    noting = Noting()
    quick(max_iter=6).set_callbacks(noting).fit(X)
    shown = [fitted for *_, fitted in noting.seen[:-1]]
    assert [fitted.n_iter_ for fitted in shown] == [1, 2, 3, 4, 5, 6]
    assert [len(fitted.validation_scores_) for fitted in shown] == [2, 3, 4, 5, 6, 7]
    assert len({fitted.score(X) for fitted in shown}) == 6


def test_scores_are_monitored_without_y_and_with_labels(quick, digits):
    X, y = digits
    for target in (None, y.astype(str)):
        monitor = callback.ScoringMonitor(scoring={"r2": r2})
        fitted = quick(max_iter=4).set_callbacks(monitor).fit(X, target)
        logged = [row["r2"] for row in monitor.get_logs().data]
        assert len(logged) == 1 + 4  # the fit, and its epochs
        assert logged[0] == fitted.score(X)
        assert logged[fitted.best_iter_] == pytest.approx(fitted.score(X), abs=1e-6)


def test_clean_rows_are_metadata_of_the_task(digits):
    X = digits[0]
    noting, monitor = Noting(), callback.ScoringMonitor(scoring={"r2": against_clean})
    denoiser = DenoisingAutoencoder(4, max_iter=2).set_callbacks(noting, monitor)
    denoiser.fit(X + 1, X_clean=X)
    for _, y, metadata, _ in noting.seen:
        assert y is metadata["X_clean"] is X
    assert monitor.get_logs().data[0]["r2"] == denoiser.score(X + 1, X_clean=X)


def against_clean(estimator, X, y, X_clean):
    return estimator.score(X, X_clean=X_clean)


def test_rows_come_as_they_were_given(quick, digits):
    frame = pd.DataFrame(digits[0], columns=[f"pixel {i}" for i in range(64)])
    noting, monitor = Noting(), callback.ScoringMonitor(scoring={"r2": r2})
    quick(max_iter=2).set_callbacks(noting, monitor).fit(frame)
    assert all(X is frame and y is frame for X, y, _, _ in noting.seen)


@pytest.mark.parametrize("settings", [{}, {"learning_rate": "constant"}])
def test_a_callback_may_end_training(quick, digits, settings):
    fitted = quick(max_iter=50, **settings).set_callbacks(Noting(n_epochs=2)).fit(digits[0])
    assert fitted.n_iter_ == 2


def test_the_closed_form_is_one_task(digits):
    noting = Noting()
    AutoencoderTransformer(4, hidden_layer_sizes=()).set_callbacks(noting).fit(digits[0])
    assert noting.events == ["setup", "begin fit", "end fit", "teardown"]


def test_a_fit_that_fails_is_torn_down_and_leaves_nothing(quick, digits):
    noting = Noting()
    failing = quick(learning_rate_init=1e6, loss="mae").set_callbacks(noting)
    before = dict(vars(failing))
    with pytest.raises(ConvergenceError):
        failing.fit(digits[0])
    assert noting.events[-1] == "teardown"
    assert vars(failing) == before
    noting.events.clear()
    with pytest.raises(ValueError, match="NaN"):
        failing.fit(np.full((20, 3), np.nan))
    assert noting.events == ["setup", "begin fit", "teardown"]


def test_a_callback_that_fails_at_the_end_leaves_nothing(quick, digits):
    class Failing(Noting):
        def on_fit_task_end(self, estimator, context):
            if context.task_name == "fit":
                raise RuntimeError("at the end")

    failing = quick(max_iter=2).set_callbacks(Failing())
    before = dict(vars(failing))
    with pytest.raises(RuntimeError, match="at the end"):
        failing.fit(digits[0])
    assert vars(failing) == before


def test_a_density_is_fitted_where_an_epoch_is_asked_for_rows(monkeypatch, digits):
    n_fits = []
    kind = DENSITIES["gmm"]
    fit = kind.fit
    monkeypatch.setattr(kind, "fit", lambda *args: n_fits.append(1) or fit(*args))
    noting = Noting()
    ae = AutoencoderTransformer(2, max_iter=3, sampler="gmm").set_callbacks(noting)
    ae.fit(digits[0])
    assert len(n_fits) == 1
    shown = noting.seen[0][3]
    assert shown.sample(3, random_state=0).shape == (3, 64)
    assert len(n_fits) == 2


def test_nothing_holds_the_rows_of_a_watched_fit(quick):
    rows = np.random.RandomState(0).normal(size=(50, 5)).view(Rows)
    monitor = callback.ScoringMonitor(scoring={"r2": r2})
    fitted = quick(2, max_iter=2).set_callbacks(monitor).fit(rows)
    held = weakref.ref(rows)
    del rows
    assert held() is None
    assert fitted.n_iter_ == 2


def test_nothing_holds_the_training_once_skorchs_callbacks_are_done(quick, digits):
    seen = []

    class Seeing(Callback):
        def on_train_end(self, net, **kwargs):
            seen.append(weakref.ref(net.datasets_[0].X))

    quick(max_iter=2, callbacks=[Seeing()]).fit(digits[0])
    assert seen[0]() is None


class Rows(np.ndarray):
    """An array that a weak reference can follow."""


def test_a_watched_estimator_clones_and_pickles(quick, digits):
    X, _ = digits
    monitor = callback.ScoringMonitor(scoring={"r2": r2})
    fitted = quick(max_iter=2).set_callbacks(monitor).fit(X)
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
    assert clone(fitted).fit(X).n_iter_ == 2
    fitted.set_callbacks().fit(X)
    assert not hasattr(fitted, "_skl_callbacks")


def test_scores_come_from_the_workers_of_a_search(digits):
    monitor = callback.ScoringMonitor(scoring={"r2": r2})
    watched = AutoencoderTransformer(2, max_iter=2, random_state=0).set_callbacks(monitor)
    GridSearchCV(watched, {"n_components": [2, 3]}, cv=2, n_jobs=2).fit(digits[0])
    logged = monitor.get_logs().data
    assert len(logged) == 5 * (1 + 2)  # four fits and the last, each with two epochs
    assert all(0 < row["r2"] < 1 for row in logged)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_progress_bars_are_nested_in_a_search(digits, n_jobs):
    pytest.importorskip("rich")
    pipeline = make_pipeline(StandardScaler(), AutoencoderTransformer(2, max_iter=2))
    grid = {"autoencodertransformer__n_components": [2, 3]}
    bars = callback.ProgressBar(max_propagation_depth=None)
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs).set_callbacks(bars)
    printed = io.StringIO()
    with redirect_stdout(printed):
        search.fit(digits[0])
    lines = [line for line in printed.getvalue().splitlines() if "Autoencoder" in line]
    assert len(lines) >= 5  # four candidates, and the best refitted
    assert all("100%" in line for line in lines[-5:])


def test_steps_of_a_pipeline_without_callbacks_are_told_of_and_fitted(digits):
    pytest.importorskip("rich")
    pipeline = make_pipeline(MinMaxScaler(), AutoencoderTransformer(2, max_iter=2))
    pipeline.set_callbacks(callback.ProgressBar(max_propagation_depth=None))
    printed = io.StringIO()
    with (
        pytest.warns(UserWarning, match="MinMaxScaler does not support callbacks"),
        redirect_stdout(printed),
    ):
        pipeline.fit(digits[0])
    assert "AutoencoderTransformer" in printed.getvalue()
    assert pipeline.transform(digits[0]).shape == (600, 2)


def test_skorchs_callbacks_work_beside_them(quick, digits):
    from skorch.callbacks import EpochScoring

    noting = Noting()
    scoring = EpochScoring(lambda net, X, y: 1.0, name="one", use_caching=False)
    quick(max_iter=3, callbacks=[scoring]).set_callbacks(noting).fit(digits[0])
    assert noting.events.count("end epoch") == 3
