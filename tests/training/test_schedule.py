"""The learning rate climbs to its peak, falls to zero, and no further."""

import pytest
from skorch.callbacks import Callback

from sklearn_ae import AutoencoderTransformer


@pytest.mark.parametrize("schedule", ["one_cycle", "constant"])
def test_learning_rates_of_a_training(digits, schedule):
    rates = []

    class Keeper(Callback):
        def on_batch_end(self, net, training=None, **kwargs):
            if training:
                rates.append(net.optimizer_.param_groups[0]["lr"])

    AutoencoderTransformer(
        2,
        learning_rate=schedule,
        learning_rate_init=0.01,
        max_iter=10,
        batch_size=30,
        callbacks=[Keeper()],
    ).fit(digits[0])
    assert len(rates) == 180
    assert max(rates) == pytest.approx(0.01, rel=1e-3)
    if schedule == "constant":
        assert min(rates) == 0.01
    else:
        assert rates[0] == pytest.approx(0.0004, rel=1e-3)
        assert rates.index(max(rates)) == pytest.approx(0.3 * 180, abs=10)
        assert rates[-1] < 0.01 * 0.05
