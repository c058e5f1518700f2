"""Where the linear start explains little, training is not held to it."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from skorch.callbacks import Callback
from torch import nn

from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    VariationalAutoencoder,
)
from sklearn_ae._training import Training


class Seeing(Callback):
    """Keep the weights that the first step finds; shared by copies of itself."""

    weights: dict = {}

    def on_train_begin(self, net, **kwargs):
        self.weights.clear()
        self.weights.update(net.copy_weights())

    def on_batch_end(self, net, **kwargs):
        raise KeyboardInterrupt  # ends training, of which no more is looked at


def first_weights(X, kind=AutoencoderTransformer, **params):
    settings = {"n_components": 2, "hidden_layer_sizes": (16,), "random_state": 0}
    kind(**{**settings, **params}, callbacks=[Seeing()]).fit(X)
    return {name: weight.numpy() for name, weight in Seeing.weights.items()}


@pytest.fixture
def tight(monkeypatch):
    """Let nothing be loosened while it is called."""

    def weights(X, **params):
        with monkeypatch.context() as patched:
            patched.setattr(Training, "_loosen_start", lambda self: None)
            return first_weights(X, **params)

    return weights


def test_the_skip_keeps_the_share_that_it_explains_and_layers_get_the_rest(tight):
    X = load_digits().data
    loose, held = first_weights(X), tight(X)
    X_hat = PCA(2).fit(X).inverse_transform(PCA(2).fit_transform(X))
    share = r2_score(X, X_hat, multioutput="variance_weighted")
    for half in ("encoder", "decoder"):
        before, after = held[f"{half}.skip.weight"], loose[f"{half}.skip.weight"]
        left = np.vdot(after, before) / np.vdot(before, before)
        np.testing.assert_allclose(left, share, atol=0.05)
        np.testing.assert_allclose(after, left * before, atol=1e-6)
        assert not held[f"{half}.layers.2.weight"].any()
        # Uniform numbers of variance 1 / (2 n_in) otherwise.
        size = loose[f"{half}.layers.2.weight"].std() * np.sqrt(2 * 16)
        np.testing.assert_allclose(size, 1 - share, rtol=0.15)


def test_what_explains_nearly_all_is_hardly_left(tight):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 2)) @ rng.normal(size=(2, 6))
    X += 0.01 * rng.normal(size=X.shape)
    loose, held = first_weights(X), tight(X)
    for name, weight in held.items():
        np.testing.assert_allclose(loose[name], weight, atol=0.002)


def test_a_training_too_short_to_come_back_is_hardly_sent_away(tight):
    X = load_digits().data
    held = tight(X)["encoder.skip.weight"]
    ways = [
        np.abs(first_weights(X, max_iter=n_epochs)["encoder.skip.weight"] - held).max()
        for n_epochs in (1, 4, 40)
    ]
    assert ways == sorted(ways)
    assert ways[0] < 0.1 * ways[2]


@pytest.mark.parametrize(
    "params",
    [
        {"code_activation": "relu"},
        {"kind": DenoisingAutoencoder},
        {"init": "random"},
        {"scaling": None},
        {"output_activation": "relu"},
        {"alpha": 1.0},
        {"solver": "sgd"},
        {"learning_rate": "constant"},
        {"encoder": nn.Linear},
        {"kind": VariationalAutoencoder},
    ],
)
def test_what_is_no_trap_is_left(tight, params):
    X = load_digits().data
    loose, held = first_weights(X, **params), tight(X, **params)
    for name, weight in held.items():
        np.testing.assert_array_equal(loose[name], weight)


def test_a_fit_that_goes_on_is_not_sent_back():
    X = load_digits().data
    ae = AutoencoderTransformer(2, hidden_layer_sizes=(16,), max_iter=5, random_state=0)
    ae.set_params(warm_start=True).fit(X)
    last = ae.net_.module_.encoder.skip.weight.detach().numpy().copy()
    ae.set_params(callbacks=[Seeing()]).fit(X)
    np.testing.assert_array_equal(Seeing.weights["encoder.skip.weight"], last)
