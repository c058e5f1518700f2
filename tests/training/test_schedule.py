"""The learning rate climbs to its peak and falls to zero, sooner if nothing is gained."""

import pytest
import torch
from skorch.callbacks import Callback, LRScheduler

from sklearn_ae import AutoencoderTransformer


def rates_of(X, *, callbacks=(), **params):
    """Return the learning rate of every step of a fit, 18 steps to an epoch."""
    rates = []

    class Keeper(Callback):
        def on_batch_end(self, net, training=None, **kwargs):
            if training:
                rates.append(net.optimizer_.param_groups[0]["lr"])

    AutoencoderTransformer(
        2,
        hidden_layer_sizes=(8,),
        learning_rate_init=0.01,
        batch_size=30,
        callbacks=[Keeper(), *callbacks],
        random_state=0,
        **params,
    ).fit(X)
    return rates


def test_one_cycle_climbs_and_falls(digits):
    rates = rates_of(digits[0], max_iter=10)
    assert len(rates) == 180
    assert rates[0] == pytest.approx(0.0004, rel=1e-3)
    assert max(rates) == pytest.approx(0.01, rel=1e-3)
    assert rates.index(max(rates)) == pytest.approx(0.3 * 180, abs=2)
    assert rates[-1] < 1e-5


def test_without_progress_the_cycle_lands_from_where_it_is(digits):
    rates = rates_of(digits[0], max_iter=100, tol=0.5, n_iter_no_change=4)
    # A climb of 10 epochs, a wait, a landing.
    assert len(rates) == (10 + 4 + 4) * 18
    peak = rates.index(max(rates))
    assert peak == pytest.approx(10 * 18, abs=1)
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[14 * 18] > 0.0099
    assert rates[-1] < 1e-5


def test_more_epochs_do_no_harm(digits):
    X, _ = digits
    scores = [
        AutoencoderTransformer(8, max_iter=max_iter, random_state=0).fit(X).score(X)
        for max_iter in (20, 100)
    ]
    assert scores[1] > scores[0] - 0.005


def test_constant_is_constant_and_stops_at_once(digits):
    assert set(rates_of(digits[0], learning_rate="constant", max_iter=5)) == {0.01}
    stopped = rates_of(
        digits[0], learning_rate="constant", max_iter=50, tol=0.5, n_iter_no_change=3
    )
    assert len(stopped) == 3 * 18


def test_constant_leaves_room_for_a_schedule_of_skorch(digits):
    step = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.1)
    rates = rates_of(digits[0], callbacks=[step], learning_rate="constant", max_iter=3)
    assert rates[0] == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0.0001)
