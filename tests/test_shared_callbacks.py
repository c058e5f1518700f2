"""Copies of callbacks share what is no data; pickles leave out what cannot be stored."""

import copy
import io
import pickle
import queue
import socket
import sqlite3
import threading
import warnings
from collections import Counter, OrderedDict, defaultdict, deque
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback, Checkpoint, EpochScoring, TensorBoard

from sklearn_ae import AutoencoderTransformer


class Holding(Callback):
    """Shows to ``seen`` what it holds during the fit."""

    seen: list = []

    def __init__(self, held):
        self.held = held

    def on_epoch_end(self, net, **kwargs):
        self.seen.append(self.held)


class Pruned(Exception):
    """What a trial ends a fit with."""


class Trial:
    """Stands for a trial of Optuna: it can be copied, but nobody reads the copy."""

    def __init__(self, n_epochs=None):
        self.n_epochs, self.reports = n_epochs, []

    def report(self, value, step):
        self.reports.append((step, value))

    def should_prune(self):
        return len(self.reports) == self.n_epochs


class Pruning(Callback):
    """Reports every epoch, as the callback of optuna-integration does."""

    def __init__(self, trial, error=Pruned):
        self.trial, self.error = trial, error

    def on_epoch_end(self, net, **kwargs):
        last = net.history[-1]
        self.trial.report(last["valid_r2"], last["epoch"])
        if self.trial.should_prune():
            raise self.error("pruned")


class Writer:
    """Stands for the writer of a logger: a lock, and what was written."""

    def __init__(self):
        self.lock, self.written = threading.Lock(), []

    def add_scalar(self, tag, scalar_value, global_step):
        with self.lock:
            self.written.append(tag)

    def close(self):
        self.is_closed = True


OUTSIDE = {
    "file": partial(open, __file__),
    "buffer": io.BytesIO,
    "lock": threading.Lock,
    "queue": queue.Queue,
    "socket": socket.socket,
    "database": lambda: sqlite3.connect(":memory:"),
    "generator": lambda: (i for i in range(3)),
    "trial": Trial,
    "writer": Writer,
    "memory map": lambda: np.zeros(2).view(np.memmap),
    "weights": lambda: torch.zeros(2, requires_grad=True),
    "module": lambda: torch.nn.Linear(2, 2),
}


@pytest.mark.parametrize("wrap", [lambda part: part, lambda part: [{"of": (part,)}]])
@pytest.mark.parametrize("kind", OUTSIDE)
def test_what_is_no_data_is_shared_however_deep(digits, kind, wrap):
    part = OUTSIDE[kind]()
    Holding.seen = []
    AutoencoderTransformer(2, max_iter=1, callbacks=[Holding(wrap(part))]).fit(digits[0])
    (held,) = Holding.seen
    if isinstance(held, list):
        held = held[0]["of"][0]
    assert held is part
    if hasattr(part, "close"):
        part.close()


DATA = [
    [1, [2]],
    {"a": {"b": [1]}},
    {1, 2},
    deque([1], maxlen=3),
    defaultdict(list, a=[1]),
    OrderedDict(a=[1]),
    Counter("ab"),
    np.zeros(3),
    torch.zeros(3),
]


@pytest.mark.parametrize("data", DATA, ids=lambda data: type(data).__name__)
def test_data_is_copied(digits, data):
    Holding.seen = []
    callback = Holding(data)
    AutoencoderTransformer(2, max_iter=1, callbacks=[callback]).fit(digits[0])
    (held,) = Holding.seen
    assert held is not data
    assert callback.held is data
    assert type(held) is type(data)
    assert repr(held) == repr(data)
    if isinstance(data, np.ndarray | torch.Tensor):
        held += 1
        assert not data.any()


def test_data_that_holds_itself_is_copied(digits):
    loop: list = []
    loop.append(loop)
    Holding.seen = []
    AutoencoderTransformer(2, max_iter=1, callbacks=[Holding(loop)]).fit(digits[0])
    (held,) = Holding.seen
    assert held[0] is held
    assert held is not loop


def test_a_copy_holds_what_its_pickle_would_not(digits):
    class LeavingOut(Holding):
        def __getstate__(self):
            return {}

    Holding.seen = []
    callbacks = [LeavingOut("here")]
    AutoencoderTransformer(2, max_iter=1, callbacks=callbacks).fit(digits[0])
    assert Holding.seen == ["here"]


def test_a_callback_that_another_holds_is_the_one_that_runs(digits):
    class Counting(Callback):
        n_epochs = 0

        def on_epoch_end(self, net, **kwargs):
            self.n_epochs += 1

    class Reading(Callback):
        def __init__(self, other):
            self.other = other

        def on_train_end(self, net, **kwargs):
            seen.append(self.other.n_epochs)

    seen: list = []
    counting = Counting()
    callbacks = [("count", counting), Reading(counting)]
    AutoencoderTransformer(2, max_iter=3, callbacks=callbacks).fit(digits[0])
    assert seen == [3]
    assert counting.n_epochs == 0


def test_a_checkpoint_writes_to_the_users_buffer(quick, digits):
    buffer = io.BytesIO()
    checkpoint = Checkpoint(
        f_params=buffer, f_optimizer=None, f_criterion=None, f_history=None
    )
    quick(max_iter=2, callbacks=[checkpoint]).fit(digits[0])
    assert buffer.tell() > 0


def test_a_logger_writes_to_the_users_writer(quick, digits):
    logger = TensorBoard(Writer())
    before = dict(vars(logger))
    quick(max_iter=3, callbacks=[("log", logger)]).fit(digits[0])
    assert vars(logger) == before
    assert logger.writer.is_closed
    assert logger.writer.written.count("Loss/train_loss") == 3
    assert {"Loss/valid_loss", "Loss/valid_r2"} <= set(logger.writer.written)


def test_a_trial_gets_the_reports_and_prunes(quick, digits):
    trial = Trial(n_epochs=3)
    estimator = quick(max_iter=2, callbacks=[Pruning(trial)]).fit(digits[0])
    assert [step for step, _ in trial.reports] == [1, 2]
    assert [value for _, value in trial.reports] == estimator.validation_scores_[1:]
    before, codes = dict(vars(estimator)), estimator.transform(digits[0])
    with pytest.raises(Pruned, match=r"^pruned$") as raised:
        estimator.fit(digits[0][:300])
    assert len(trial.reports) == 3
    assert raised.value.__cause__ is raised.value.__context__ is None
    assert vars(estimator) == before
    np.testing.assert_array_equal(estimator.transform(digits[0]), codes)


@pytest.mark.parametrize("wrap", [clone, copy.copy, copy.deepcopy, lambda a: a])
def test_clones_and_copies_report_to_the_same_trial(quick, digits, wrap):
    trial = Trial()
    estimator = quick(max_iter=2, callbacks=[("prune", Pruning(trial))])
    twin = wrap(estimator.fit(digits[0]))
    assert len(trial.reports) == 2
    assert isinstance(twin.callbacks, list)
    twin.fit(digits[0])
    assert len(trial.reports) == 4


@pytest.mark.parametrize("wrap", [clone, copy.deepcopy])
def test_clones_and_deep_copies_have_a_list_of_their_own(quick, wrap):
    for callbacks in ([Holding([1])], (Holding([1]),)):
        estimator = quick(callbacks=callbacks)
        twin = wrap(estimator)
        assert type(twin.callbacks) is type(callbacks)
        if isinstance(callbacks, list):
            twin.callbacks.clear()
            assert len(estimator.callbacks) == 1
    deep = copy.deepcopy(estimator).callbacks[0]
    assert deep.held == [1]
    assert deep.held is not estimator.callbacks[0].held


def test_a_clone_keeps_all_else(quick):
    estimator = quick(3, callbacks=[Holding(1)]).set_output(transform="pandas")
    twin = clone(estimator)
    assert twin.get_params() | {"callbacks": 0} == estimator.get_params() | {"callbacks": 0}
    assert twin._sklearn_output_config == {"transform": "pandas"}
    assert clone(quick()).callbacks is None
    assert not hasattr(clone(quick().fit(np.eye(9))), "_fitted")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_search_trains_with_a_writer(digits, n_jobs):
    writer = Writer()
    logged = AutoencoderTransformer(2, max_iter=2, callbacks=[TensorBoard(writer)])
    pipeline = make_pipeline(logged)
    grid = {"autoencodertransformer__n_components": [1, 2]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs, error_score="raise")
    with warnings.catch_warnings():
        if n_jobs:  # told of in a thread of joblib, and tested below
            warnings.filterwarnings("ignore", "callbacks holds")
        search.fit(digits[0])
    # The best one is refitted in this process in any case.
    assert writer.written.count("Loss/train_loss") == 2 * (1 if n_jobs else 5)


def test_an_ensemble_of_pipelines_with_a_writer(digits):
    writer = Writer()
    logged = AutoencoderTransformer(2, max_iter=2, callbacks=[TensorBoard(writer)])
    pipeline = make_pipeline(logged, LinearRegression())
    BaggingRegressor(pipeline, n_estimators=3).fit(digits[0], digits[1])
    assert writer.written.count("Loss/train_loss") == 6


@pytest.mark.parametrize("kind", ["file", "lock", "queue", "socket", "database", "writer"])
@pytest.mark.parametrize("module", ["pickle", "cloudpickle"])
def test_a_callback_that_no_pickle_holds_is_left_out(digits, kind, module):
    X, part, pickler = digits[0], OUTSIDE[kind](), pytest.importorskip(module)
    callbacks = [("one", Holding(1)), Holding({"of": [part]}), Holding(2)]
    fitted = AutoencoderTransformer(2, max_iter=1, callbacks=callbacks).fit(X)
    told = r"callbacks holds a Holding that no pickle.*expected.*Set callbacks=None"
    with pytest.warns(UserWarning, match=told) as warned:
        stored = pickler.dumps(fitted)
    assert len(warned) == 1
    assert warned[0].filename == __file__
    loaded = pickle.loads(stored)
    assert [entry[0] for entry in loaded.callbacks if isinstance(entry, tuple)] == ["one"]
    assert loaded.callbacks[1].held == 2
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
    assert loaded.fit(X).get_params()["callbacks"] == loaded.callbacks
    assert fitted.callbacks is callbacks
    if hasattr(part, "close"):
        part.close()


def test_code_is_left_to_the_pickler(quick):
    cloudpickle = pytest.importorskip("cloudpickle")
    scoring = EpochScoring(lambda net, X, y: 1.0, name="one", use_caching=False)
    estimator = quick(callbacks=(scoring,))
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        pickle.dumps(estimator)
    callbacks = pickle.loads(cloudpickle.dumps(estimator)).callbacks
    assert isinstance(callbacks, tuple)
    (loaded,) = callbacks
    assert loaded.scoring(None, None, None) == 1.0


def test_a_callback_may_say_what_of_it_is_pickled(quick, digits):
    estimator = quick(max_iter=2, callbacks=[Quiet(Writer())]).fit(digits[0])
    (loaded,) = pickle.loads(pickle.dumps(estimator)).callbacks
    assert loaded.held is None


class Quiet(Holding):
    def __getstate__(self):
        return {"held": None}


def test_tensorboardx(quick, digits, tmp_path):
    tensorboardx = pytest.importorskip("tensorboardX")
    writer = tensorboardx.SummaryWriter(str(tmp_path))
    logger = TensorBoard(writer, close_after_train=False)
    fitted = clone(quick(max_iter=2, callbacks=[logger]))
    fitted.fit(digits[0]).fit(digits[0])
    with pytest.warns(UserWarning, match="a TensorBoard that no pickle can hold"):
        loaded = pickle.loads(pickle.dumps(fitted))
    assert loaded.callbacks == []
    writer.close()
    (events,) = tmp_path.iterdir()
    assert events.read_bytes().count(b"Loss/train_loss") == 4


def test_optuna(quick, digits):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        pruner=optuna.pruners.ThresholdPruner(lower=2.0, n_warmup_steps=3),
    )

    def objective(trial):
        n_components = trial.suggest_int("n_components", 1, 3)
        pruning = Pruning(trial, error=optuna.TrialPruned)
        return quick(n_components, callbacks=[pruning]).fit(digits[0]).score(digits[0])

    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["PRUNED", "PRUNED"]
    assert [sorted(trial.intermediate_values) for trial in study.trials] == [[1, 2, 3]] * 2
