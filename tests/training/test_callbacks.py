"""skorch's callbacks work through ``callbacks=``; the user's objects stay as they were."""

import numpy as np
import pytest
from sklearn.base import clone
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    ProgressBar,
)


class Recorder(Callback):
    """Counts what it is called for, in a place that copies share."""

    calls: list = []

    def on_train_begin(self, net, **kwargs):
        self.calls.append("train_begin")

    def on_epoch_end(self, net, **kwargs):
        self.calls.append("epoch_end")

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        self.calls.append(("batch_end", training))

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.calls.append("grad_computed")

    def on_train_end(self, net, **kwargs):
        self.calls.append("train_end")


def test_every_hook_is_called(quick, digits):
    Recorder.calls = []
    quick(callbacks=[Recorder()], max_iter=2, batch_size=300).fit(digits[0])
    epoch = [
        *["grad_computed", ("batch_end", True)] * 2,
        ("batch_end", False),
        "epoch_end",
    ]
    assert Recorder.calls == ["train_begin", *epoch, *epoch, "train_end"]


def test_the_users_callbacks_are_unchanged(quick, digits):
    stopping = EarlyStopping(patience=1, threshold=10)
    before = dict(vars(stopping))
    estimator = quick(callbacks=[stopping], max_iter=50)
    assert clone(estimator).callbacks[0].patience == 1
    estimator.fit(digits[0])
    assert estimator.callbacks[0] is stopping
    assert vars(stopping) == before


def test_early_stopping_of_skorch_ends_training_without_an_error(quick, digits):
    stopping = EarlyStopping(monitor="valid_loss", patience=2, threshold=10)
    fitted = quick(callbacks=[("stop", stopping)], max_iter=50).fit(digits[0])
    assert 2 <= fitted.n_iter_ <= 3
    assert len(fitted.loss_curve_) == fitted.n_iter_
    assert np.isfinite(fitted.transform(digits[0])).all()


def test_a_callback_may_stop_in_the_midst_of_an_epoch(quick, digits):
    class Stop(Callback):
        def on_batch_end(self, net, **kwargs):
            if len(net.history) == 3:
                raise KeyboardInterrupt

    fitted = quick(callbacks=[Stop()], max_iter=50).fit(digits[0])
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 2


@pytest.mark.parametrize("hook", ["on_train_begin", "on_train_end"])
def test_a_callback_may_stop_at_either_end(quick, digits, hook):
    def raise_interrupt(self, net, **kwargs):
        raise KeyboardInterrupt

    stop = type("Stop", (Callback,), {hook: raise_interrupt})()
    fitted = quick(callbacks=[stop], max_iter=3).fit(digits[0])
    assert fitted.n_iter_ == (0 if hook == "on_train_begin" else 3)


@pytest.mark.parametrize("hook", ["on_epoch_end", "on_batch_begin", "on_grad_computed"])
def test_a_callback_may_stop_from_however_deep(quick, digits, hook):
    def decide(epoch, n_more=3):
        if n_more:
            return decide(epoch, n_more - 1)
        if epoch == 3:
            raise KeyboardInterrupt
        return None

    def ask(self, net, **kwargs):
        decide(len(net.history))

    stop = type("Stop", (Callback,), {hook: ask})()
    fitted = quick(callbacks=[stop], max_iter=50).fit(digits[0])
    assert fitted.n_iter_ == len(fitted.loss_curve_) == (3 if hook == "on_epoch_end" else 2)
    assert np.isfinite(fitted.transform(digits[0])).all()


def test_epoch_scoring(quick, digits):
    scores = []

    class Reader(Callback):
        def on_train_end(self, net, **kwargs):
            scores.extend(net.history[:, "error"])

    def error(net, X, y):
        return float(((net.predict(X) - np.asarray(y)) ** 2).mean())

    scoring = EpochScoring(error, name="error", use_caching=False)
    quick(callbacks=[scoring, Reader()]).fit(digits[0])
    assert len(scores) == 5
    assert np.isfinite(scores).all()


def test_progress_bar(quick, digits, capsys):
    quick(callbacks=[ProgressBar(detect_notebook=False)], max_iter=2).fit(digits[0])
    assert "0/19" in capsys.readouterr().err  # 18 batches and the validation rows


def test_quiet_unless_asked(quick, digits, capsys):
    quick().fit(digits[0]).transform(digits[0])
    out, err = capsys.readouterr()
    assert out == err == ""
    quick(verbose=1, max_iter=3).fit(digits[0])
    assert capsys.readouterr().out


def test_lines_tell_losses_r2_and_the_seconds_left(quick, digits, capsys):
    fitted = quick(verbose=1, max_iter=12).fit(digits[0])
    headings, start, *epochs, kept = capsys.readouterr().out.splitlines()
    told = " ".join(headings.split())
    assert told == "epoch train loss valid loss valid R² seconds left"
    assert start.split()[:2] == ["0", f"{fitted.validation_loss_curve_[0]:.4g}"]
    for i, line in enumerate(epochs, 1):
        epoch, train, valid, r2, left = line.split()
        assert int(epoch) == i
        assert float(train) == pytest.approx(fitted.loss_curve_[i - 1], rel=1e-3)
        assert float(valid) == pytest.approx(fitted.validation_loss_curve_[i], rel=1e-3)
        assert float(r2) == pytest.approx(fitted.validation_scores_[i], abs=1e-4)
        assert float(left) >= 0
    assert float(left) == 0  # by the last line
    assert kept.startswith(f"Kept epoch {fitted.best_iter_},")


def test_lines_without_validation_rows_have_no_validation(quick, digits, capsys):
    quick(verbose=1, max_iter=3, early_stopping=False).fit(digits[0])
    _, _, *epochs, _ = capsys.readouterr().out.splitlines()
    assert [len(line.split()) for line in epochs] == [3, 3, 3]
    assert len({len(line) for line in epochs}) == 1


def test_what_is_left_is_counted_to_the_end_of_a_landing(quick, digits):
    left = []

    class Counting(Callback):
        def on_epoch_end(self, net, **kwargs):
            left.append(net.n_epochs_left)

    settings = {"max_iter": 200, "n_iter_no_change": 3, "tol": 0.5}
    fitted = quick(callbacks=[Counting()], **settings).fit(digits[0])
    assert fitted.n_iter_ == 16
    assert left == [*range(199, 187, -1), 3, 2, 1, 0]
    left.clear()
    quick(callbacks=[Counting()], learning_rate="constant", max_iter=3).fit(digits[0])
    assert left == [2, 1, 0]


def test_callbacks_in_a_tuple_and_a_checkpoint(quick, digits, tmp_path):
    checkpoint = Checkpoint(dirname=str(tmp_path), f_history=None)
    quick(callbacks=(checkpoint,)).fit(digits[0])
    assert (tmp_path / "params.pt").exists()


def test_copies_share_among_themselves_what_the_callbacks_share(quick, digits):
    seen = []

    class Twice(Callback):
        def __init__(self, common):
            self.common, self.same, self.told = common, common, self.tell

        def tell(self):
            self.same.append(1)

        def on_epoch_end(self, net, **kwargs):
            self.told()
            seen.append(len(self.common))

    common = []
    quick(max_iter=3, callbacks=[Twice(common), Twice(common)]).fit(digits[0])
    assert seen == [1, 2, 3, 4, 5, 6]
    assert common == []


def test_a_checkpoint_without_a_folder_is_refused(quick, digit_rows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"Checkpoint\(dirname=''\).*expected a folder"):
        quick(callbacks=[("keep", Checkpoint())]).fit(digit_rows)
    assert not list(tmp_path.iterdir())
    quick(callbacks=[Checkpoint(dirname=".")]).fit(digit_rows)
    assert list(tmp_path.iterdir())
