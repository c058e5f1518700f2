"""Where the output is bounded the start is PCA, clipped, and training is not held to it."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from skorch.callbacks import Callback

from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    VariationalAutoencoder,
)


@pytest.fixture(scope="module")
def bits():
    X = (load_digits().data >= 8).astype(float)
    return train_test_split(X, test_size=1 / 3, random_state=0)


def nats(p, X):
    p = np.clip(p, 1e-3, 1 - 1e-3)
    return -(X * np.log(p) + (1 - X) * np.log(1 - p)).mean()


def poisson_nats(rate, X):
    rate = np.maximum(rate, 1e-3 * X.mean())
    own = np.where(X > 0, X * np.log(np.where(X > 0, X, 1)), 0)
    return (own - X * np.log(rate) - X + rate).mean()


def squared(X_hat, X):
    return ((np.clip(X_hat, 0, 1) - X) ** 2).mean()


@pytest.mark.parametrize(
    ("prepare", "settings", "measure"),
    [
        (lambda X: (X >= 8).astype(float), {"loss": "bce"}, nats),
        (lambda X: X, {"loss": "kl"}, poisson_nats),
        (lambda X: (X >= 8).astype(float), {"output_activation": "logistic"}, squared),
    ],
    ids=["bits", "counts", "squared errors of bits"],
)
def test_the_start_is_no_trap(prepare, settings, measure):
    """If trained through the inverse of the link, the default ends behind the others."""
    X = prepare(load_digits().data)
    train, test = train_test_split(X, test_size=1 / 3, random_state=0)

    def held_out(**settings):
        ae = AutoencoderTransformer(8, random_state=0, **settings).fit(train)
        return measure(ae.reconstruct(test), test)

    by_default = held_out(**settings)
    assert by_default < held_out()
    assert by_default < held_out(**settings, init="random")


@pytest.mark.parametrize(
    ("kind", "noise"),
    [(DenoisingAutoencoder, {"noise": "masking"}), (VariationalAutoencoder, {})],
)
def test_nor_under_noise_or_for_distributions(kind, noise, bits):
    train, test = bits

    def score(**settings):
        ae = kind(8, loss="bce", random_state=0, **noise, **settings).fit(train)
        return ae.score_samples(test).mean()

    assert score() > score(init="random")


class Seeing(Callback):
    """Keep the weights that the first step finds; shared by copies of itself."""

    weights: dict = {}

    def on_train_begin(self, net, **kwargs):
        self.weights.clear()
        self.weights.update(net.copy_weights())


KINDS = [AutoencoderTransformer, DenoisingAutoencoder, VariationalAutoencoder]


@pytest.mark.parametrize("kind", KINDS)
def test_training_begins_with_logits_of_the_mean(kind, bits):
    train = bits[0]
    ae = kind(2, loss="bce", early_stopping=False, max_iter=1, random_state=0)
    ae.set_params(callbacks=[Seeing()]).fit(train)
    mean = np.clip(train.mean(axis=0), 1e-3, 1 - 1e-3)
    inside = (mean > 0.15) & (mean < 0.85)
    assert inside.sum() > 20
    start = Seeing.weights["decoder.skip.bias"].numpy()[inside]
    np.testing.assert_allclose(start, np.log(mean / (1 - mean))[inside], atol=1e-4)


@pytest.mark.parametrize("loss", ["bce", "kl"])
def test_a_start_that_wins_is_kept_as_it_was(loss):
    # Rows in a plane: PCA has them, and what is linear before the link has not.
    rng = np.random.default_rng(0)
    X = 0.3 + 0.4 * rng.dirichlet(np.ones(4), size=300) @ rng.uniform(size=(4, 9))
    ae = AutoencoderTransformer(3, loss=loss, max_iter=2, random_state=0).fit(X)
    assert ae.best_iter_ == 0
    pca = PCA(3).fit(X)
    expected = pca.inverse_transform(pca.transform(X))
    np.testing.assert_allclose(ae.reconstruct(X), expected, atol=1e-6)


def test_a_fit_that_goes_on_is_left_as_it_was(bits):
    train = bits[0]
    ae = AutoencoderTransformer(2, loss="bce", max_iter=3, random_state=0)
    ae.set_params(warm_start=True).fit(train)
    assert ae.best_iter_ > 0
    last = ae.net_.module_.decoder.skip.weight.detach().numpy().copy()
    ae.set_params(callbacks=[Seeing()]).fit(train)
    np.testing.assert_array_equal(Seeing.weights["decoder.skip.weight"], last)


def test_a_start_whose_tangent_is_too_far_is_trained_through_the_link(bits):
    """32 numbers keep most of 64 bits, and ended at twice the loss from the tangent."""
    few = bits[0][:100]
    ae = AutoencoderTransformer(32, loss="bce", early_stopping=False, max_iter=1)
    ae.set_params(callbacks=[Seeing()], random_state=0).fit(few)
    assert Seeing.weights["decoder.crosses_link_flag"]
    ae.set_params(n_components=8).fit(few)
    assert not Seeing.weights["decoder.crosses_link_flag"]
