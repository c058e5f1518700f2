"""Networks of one's own in place of the hidden layers: a small convolutional pair."""

import pickle

import numpy as np
import pytest
import torch
from estimators import is_variational
from sklearn.decomposition import PCA
from torch import nn

from sklearn_ae import AutoencoderTransformer


def convolutional_encoder(n_in, n_out):
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 8, 3, stride=2, padding=1),  # (n_rows, 8, 4, 4)
        nn.SiLU(),
        nn.Flatten(),
        nn.Linear(128, n_out),
    )


def convolutional_decoder(n_in, n_out):
    return nn.Sequential(
        nn.Linear(n_in, 128),
        nn.SiLU(),
        nn.Unflatten(1, (8, 4, 4)),
        nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),  # (n_rows, 1, 8, 8)
        nn.Flatten(),
    )


@pytest.mark.parametrize("init", ["pca", "random"])
def test_a_convolutional_pair(quiet, digits, init):
    X = digits[0][:300]
    fitted = quiet(
        8,
        encoder=convolutional_encoder,
        decoder=convolutional_decoder,
        init=init,
        max_iter=30,
        learning_rate_init=0.01,
    ).fit(X)
    pca = PCA(8).fit(X)
    X_hat = pca.inverse_transform(pca.transform(X))
    pca_score = 1 - ((X - X_hat) ** 2).sum() / ((X - X.mean(0)) ** 2).sum()
    if init == "pca":
        assert fitted.score(X) > pca_score + 0.02
        assert fitted.validation_scores_[0] == pytest.approx(pca_score, abs=0.05)
    else:
        assert fitted.score(X) > 0.5
    kinds = {type(module) for module in fitted.net_.module_.modules()}
    assert {nn.Conv2d, nn.ConvTranspose2d} <= kinds
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))


def batch_normalised(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 8), nn.BatchNorm1d(8), nn.Linear(8, n_out))


@pytest.mark.parametrize("n_rows", [65, 72])
def test_batch_normalisation_meets_no_batch_of_one_row(quick, digits, n_rows):
    X = digits[0][:n_rows]
    fitted = quick(2, encoder=batch_normalised, batch_size=64, early_stopping=False).fit(X)
    codes = fitted.transform(X)
    # Its running averages are part of what is fitted: one row is coded as among many.
    np.testing.assert_allclose(fitted.transform(X[:1]), codes[:1], atol=1e-6)


def numbers_per_component(quick):
    """Return 2 where an encoder tells a distribution: means and deviations."""
    return 2 if is_variational(quick()) else 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_factory_that_returns_the_same_module_again(quick, digits, dtype):
    X = digits[0].astype(dtype)
    mine = convolutional_encoder(64, 4 * numbers_per_component(quick))
    weights = mine[-1].weight.detach().clone()
    first = quick(4, encoder=lambda n_in, n_out: mine).fit(X)
    codes = first.transform(X)
    quick(4, encoder=lambda n_in, n_out: mine, random_state=1).fit(X)
    np.testing.assert_array_equal(first.transform(X), codes)
    assert (mine[-1].weight == weights).all()
    assert mine.training


class RandomFeatures(nn.Module):
    """Draws once what it is built with, as a plain attribute that no state_dict holds."""

    def __init__(self, n_in, n_out, draw=torch.randn):
        super().__init__()
        self.features = draw(n_in, 32) / 8
        self.linear = nn.Linear(32, n_out)

    def forward(self, x):
        return self.linear(torch.tanh(x @ self.features.to(x.dtype)))


def test_what_own_layers_draw_besides_their_weights_is_drawn_again(quick, digits):
    X, _ = digits
    fitted = quick(4, encoder=RandomFeatures, init="random", max_iter=20).fit(X)
    best = fitted.validation_scores_[fitted.best_iter_]
    assert fitted.score(X) == pytest.approx(best, abs=0.1)
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))


class ForgetfulAboutTypes(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.layers = [nn.Linear(n_in, n_out)]  # torch does not see into a list

    def forward(self, x):
        return self.layers[0](x)


@pytest.mark.parametrize("init", ["pca", "random"])
def test_own_layers_that_fail_on_one_float_type_are_refused(quick, digits, init):
    with pytest.raises(ValueError, match=r"failed on two rows.*float64.*ModuleList"):
        quick(4, encoder=ForgetfulAboutTypes, init=init).fit(digits[0])


@pytest.mark.parametrize("offset", [0, 10_000])
def test_own_layers_that_cannot_be_rebuilt_are_refused(quick, digits, offset):
    rng = np.random.RandomState(0)

    def draw(*shape):
        return torch.tensor(rng.normal(size=shape), dtype=torch.float32)

    def encoder(n_in, n_out):
        return RandomFeatures(n_in, n_out, draw)

    with pytest.raises(ValueError, match=r"rebuilds other rows.*register_buffer"):
        quick(4, encoder=encoder, init="random", max_iter=20).fit(digits[0] + offset)


def test_a_factory_may_use_another_fitted_network(quick, digits):
    X, _ = digits
    first = quick(4).fit(X)

    def pretrained(n_in, n_out):
        return first.net_.module_.encoder

    second = pickle.loads(pickle.dumps(first))  # whose net is not built yet
    first = second
    fitted = quick(4 // numbers_per_component(quick), encoder=pretrained).fit(X)
    assert fitted.transform(X).shape == (600, fitted.n_components_)


def test_warm_start_goes_on_with_layers_of_any_name(quick, digits):
    class Named(nn.Module):
        def __init__(self, n_in, n_out):
            super().__init__()
            self.axes = nn.Linear(n_in, n_out)

        def forward(self, x):
            return self.axes(x)

    X, _ = digits
    fitted = quick(4, encoder=Named, init="random", warm_start=True, max_iter=20).fit(X)
    score = fitted.score(X)
    assert fitted.set_params(learning_rate_init=1e-9).fit(X).score(X) > score - 0.01


def test_one_half_of_ones_own(quick, digits):
    X, _ = digits
    fitted = quick(4, encoder=convolutional_encoder).fit(X)
    assert fitted.transform(X).shape == (600, 4)
    assert len(fitted.net_.module_.decoder.layers) == 3


@pytest.mark.parametrize("init", ["pca", "random"])
def test_own_layers_may_overwrite_what_they_are_given(quiet, digits, init):
    def fitted(inplace):
        def encoder(n_in, n_out):
            torch.manual_seed(0)
            return nn.Sequential(nn.ReLU(inplace=inplace), nn.Linear(n_in, n_out))

        X = digits[0] - 0.5
        return quiet(4, encoder=encoder, init=init).fit(X).reconstruct(X)

    np.testing.assert_array_equal(fitted(inplace=True), fitted(inplace=False))


@pytest.mark.parametrize("size", [1e-60, 1e40])
def test_own_layers_with_data_beyond_float32(quick, digits, size):
    def own(n_in, n_out):
        return nn.Linear(n_in, n_out)

    X = size * digits[0]
    assert quick(4, encoder=own, max_iter=20).fit(X).score(X) > 0.2


def test_hooks_of_a_fitted_network_see_what_layers_give(quick, digits):
    X = digits[0].astype(np.float32)
    ae = quick(2, activation="relu", init="random").fit(X)
    without = ae.net_.predict(X)
    seen = {}
    linear, activation = ae.net_.module_.encoder.layers[:2]
    linear.register_forward_hook(lambda module, x, out: seen.update(linear=out))
    activation.register_forward_hook(lambda module, x, out: seen.update(relu=out))
    np.testing.assert_array_equal(ae.net_.predict(X), without)
    assert torch.equal(seen["relu"], seen["linear"].relu())
    assert seen["linear"].min() < 0


def test_a_rebuilt_network_is_in_evaluation_mode_before_it_is_used(quick, digits):
    ae = pickle.loads(pickle.dumps(quick(2, dropout=0.5).fit(digits[0])))
    assert not any(module.training for module in ae.net_.module_.modules())


@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("warm_start", [False, True])
def test_rows_far_from_zero_are_verified_in_all_their_digits(offset, warm_start):
    X = offset + np.random.RandomState(0).normal(size=(60, 4))
    ae = AutoencoderTransformer(2, encoder=nn.Linear, init="random", max_iter=2)
    ae.set_params(warm_start=warm_start, random_state=0).fit(X)
    assert ae.fit(X).transform(X).shape == (60, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scaling", ["global", None])
@pytest.mark.parametrize("init", ["pca", "random"])
def test_use_leaves_the_rows_alone_whatever_layers_do(quick, digits, dtype, scaling, init):
    def own(n_in, n_out):
        return nn.Sequential(nn.ReLU(inplace=True), nn.Linear(n_in, n_out))

    X = (digits[0] - 0.5).astype(dtype)
    fitted = quick(4, encoder=own, decoder=own, scaling=scaling, init=init).fit(X)
    codes = fitted.transform(X)
    before = X.copy(), codes.copy()
    fitted.reconstruct(X)
    fitted.score_samples(X)
    fitted.inverse_transform(codes)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(codes, before[1])
