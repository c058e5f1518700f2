"""Dense layers are trained without autograd, to the same end."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from estimators import Watching
from skorch.callbacks import Callback

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder
from sklearn_ae._training._optimizers import OPTIMIZERS
from sklearn_ae._training._steps import FlatWeights


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"init": "random"},
        {"loss": "mae"},
        {"alpha": 1.0},
        {"solver": "adamw", "alpha": 1.0},
        {"solver": "sgd", "learning_rate_init": 0.05},
        {"code_activation": "tanh", "output_activation": "relu"},
        {"learning_rate": "constant", "early_stopping": False},
        {"activation": "relu", "hidden_layer_sizes": (9,), "batch_size": 31},
        {"loss": "bce"},
        {"loss": "kl"},
        {"init": "random", "hidden_layer_sizes": (), "decoder_hidden_layer_sizes": (9, 9)},
        {"decoder_hidden_layer_sizes": ()},
        {"dropout": 0.2},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Training ended with a loss")  # after few steps
def test_the_same_end_as_with_autograd(digit_rows, options):
    options = {"max_iter": 3, "learning_rate_init": 1e-3, "random_state": 0, **options}
    X = digit_rows[:300]
    dense = AutoencoderTransformer(4, **options).fit(X)
    own = AutoencoderTransformer(4, **options, callbacks=[Watching()]).fit(X)
    np.testing.assert_allclose(dense.loss_curve_, own.loss_curve_, rtol=1e-3)
    assert dense.best_iter_ == own.best_iter_
    spread = X.std()
    np.testing.assert_allclose(
        dense.reconstruct(X) / spread, own.reconstruct(X) / spread, atol=0.02
    )


def test_noise_falls_on_dense_steps_too(digit_rows):
    options = {"max_iter": 3, "random_state": 0, "noise_level": 1.0}
    dense = DenoisingAutoencoder(4, **options).fit(digit_rows)
    own = DenoisingAutoencoder(4, **options, callbacks=[Watching()]).fit(digit_rows)
    np.testing.assert_allclose(dense.loss_curve_, own.loss_curve_, rtol=0.01)


def test_a_frozen_layer_stays_as_it_is(digit_rows):
    class Freeze(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            self.before = net.module_.encoder.layers[0].weight.detach().clone()
            net.module_.encoder.layers[0].weight.requires_grad_(False)

        def on_epoch_end(self, net, **kwargs):
            weight = net.module_.encoder.layers[0].weight.detach()
            assert torch.equal(weight, self.before)
            seen.append(net.history[-1, "epoch"])

    seen = []
    AutoencoderTransformer(4, max_iter=2, callbacks=[Freeze()], random_state=0).fit(
        digit_rows
    )
    assert seen == [1, 2]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_unwrapped_optimizer_does_the_same(name):
    cls, options = OPTIMIZERS[name]
    cases = []
    for kind in (cls, cls.__mro__[2]):  # ours, and torch's own
        weight = torch.nn.Parameter(torch.ones(5))
        optimizer = kind([weight], lr=0.1, **options)
        for step in range(3):
            weight.grad = torch.arange(5.0) - step
            with torch.no_grad():
                optimizer.bare_step() if kind is cls and step else optimizer.step()
        cases.append(weight.detach().clone())
    assert torch.equal(*cases)


def test_no_fit_loads_the_compiler_of_torch():
    """Which takes a second or two of every process."""
    script = (
        "import sys; from sklearn.datasets import load_wine;"
        "from sklearn_ae import AutoencoderTransformer as AE;"
        "from sklearn_ae import VariationalAutoencoder as VAE; X = load_wine().data;"
        "[kind(2, max_iter=2, solver=s, learning_rate_init=1e-5).fit(X).transform(X)"
        " for kind in (AE, VAE) for s in ('adam', 'adamw', 'sgd')];"
        "print('torch._dynamo' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["False"]


def test_vectors_hold_every_weight_once():
    module = torch.nn.ModuleDict(
        {"a": torch.nn.Linear(3, 5), "b": torch.nn.Linear(5, 2, bias=False)}
    )
    before = {name: weight.detach().clone() for name, weight in module.named_parameters()}
    flat = FlatWeights(module, [["b.weight"], ["a.bias"], ["a.weight"]])
    assert list(flat.vectors) == ["b.weight", "a.bias", "a.weight"]
    for name, weight in module.named_parameters():
        assert torch.equal(weight, before[name])
        assert weight.grad is not None
        assert not weight.grad.any()
    for number, vector in enumerate(flat.vectors.values()):
        with torch.no_grad():
            vector.fill_(number)
        vector.grad.fill_(-number)
    for number, name in enumerate(flat.vectors):
        weight = dict(module.named_parameters())[name]
        assert torch.all(weight == number)
        assert torch.all(weight.grad == -number)
