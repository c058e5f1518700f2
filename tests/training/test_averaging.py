"""What is judged and kept is an average over the last steps."""

import numpy as np
import torch
from skorch.callbacks import Callback
from torch import nn

from sklearn_ae._training._steps import AveragedWeights


def test_the_average_follows_and_smooths():
    layer = nn.Linear(1, 1, bias=False)
    average = AveragedWeights([layer.weight], n_batches=10)
    followed = []
    for step in range(400):
        with torch.no_grad():
            layer.weight.fill_(1.0 if step % 2 else 3.0)
        average.update()
        followed.append(average.averages[0].item())
    assert abs(followed[-1] - 2) < 0.1
    with torch.no_grad():
        layer.weight.fill_(5.0)
    with average.in_place():
        assert abs(layer.weight.item() - 2) < 0.1
    assert layer.weight.item() == 5


def test_weights_are_put_back_after_an_error():
    layer = nn.Linear(1, 1, bias=False)
    before = layer.weight.item()
    average = AveragedWeights([layer.weight], n_batches=1)
    average.averages[0].fill_(7.0)
    try:
        with average.in_place():
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert layer.weight.item() == before


def test_a_constant_rate_ends_closer_for_it(quick, digits):
    """At a high constant rate the last weights are worse than what is kept."""
    X, _ = digits
    last = {}

    class Keeper(Callback):
        def on_train_end(self, net, **kwargs):
            net.module_.eval()
            with torch.no_grad():
                error = net.module_(net.judged_train_.X) - net.judged_train_.y
            last["loss"] = float((error**2).mean())

    fitted = quick(8, learning_rate="constant", max_iter=30, callbacks=[Keeper()]).fit(X)
    assert fitted.best_iter_ > 0
    assert np.isfinite(last["loss"])
    # Callbacks of the user's end after ours: they see what is kept.
    assert last["loss"] < fitted.loss_curve_[-1]


def test_long_epochs_are_followed_at_some_of_their_steps():
    weight = nn.Parameter(torch.zeros(1))
    average = AveragedWeights([weight], n_batches=160)  # a point every 10 steps
    changes = []
    for step in range(1, 2001):
        with torch.no_grad():
            weight.fill_(1.0 if step % 20 < 10 else 3.0)
        before = average.averages[0].item()
        average.update()
        changes.append(average.averages[0].item() != before)
    assert [step for step, changed in enumerate(changes, 1) if changed][:3] == [10, 20, 30]
    assert sum(changes) == 200
    assert abs(average.averages[0].item() - 2) < 0.1
