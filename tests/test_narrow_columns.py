"""Narrow columns beside wide ones, in the user's units: none of them is lost."""

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer
from sklearn_ae._training import OPTIMIZERS
from sklearn_ae.nn import Autoencoder


def r2_of_columns(X, X_hat):
    return r2_score(X, X_hat, multioutput="raw_values")


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("n_components", [2, 4])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_column_of_a_raw_table_is_worse_than_its_mean_where_pca_is_better(
    kind, n_components, seed
):
    X = load_breast_cancer().data  # whose columns are 0.003 to 570 wide
    train, test = train_test_split(X, random_state=seed)
    pca = PCA(n_components).fit(train)
    by_pca = r2_of_columns(test, pca.inverse_transform(pca.transform(test)))
    fitted = kind(n_components, max_iter=15, random_state=seed).fit(train)
    ours = r2_of_columns(test, fitted.reconstruct(test))
    assert not ((ours < -0.1) & (by_pca > 0.02)).any()
    if kind is AutoencoderTransformer:
        total = r2_score(test, fitted.reconstruct(test), multioutput="variance_weighted")
        theirs = pca.inverse_transform(pca.transform(test))
        assert total >= r2_score(test, theirs, multioutput="variance_weighted") - 1e-4
        assert (fitted.reconstruct(test) < 0).mean() < 0.01  # the table has none


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_a_step_is_as_long_for_gradients_of_narrow_columns(name):
    kind, options = OPTIMIZERS[name]
    weight = torch.nn.Parameter(torch.zeros(1))
    weight.grad = torch.full((1,), 1e-13)  # of a column 1e-6 wide, whose loss is 1e-12
    kind([weight], lr=0.1, **options).step()
    torch.testing.assert_close(weight.detach(), torch.tensor([-0.1]), rtol=0.01, atol=0)


@pytest.mark.parametrize("init", ["pca", "random"])
@pytest.mark.parametrize("scaling", ["global", None])
def test_the_decoder_learns_in_the_spread_of_each_column(init, scaling):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 3)) * [1, 0.1, 0.001] + [1, 0, 2]
    fitted = AutoencoderTransformer(2, init=init, scaling=scaling, random_state=0).fit(X)
    spread = fitted.net_.module_.decoder.spread.numpy()
    np.testing.assert_allclose(spread, X.std(0) / X.std(0).max(), rtol=1e-5)


def test_a_few_cells_far_out_do_not_make_a_column_wide():
    X = np.random.RandomState(0).normal(size=(1000, 2))
    X[0, 1] = 200.0  # a standard deviation of 6.4
    fitted = AutoencoderTransformer(1, max_iter=1, random_state=0).fit(X)
    spread = fitted.net_.module_.decoder.spread.numpy()
    deviation = np.abs(X - X.mean(0)).mean(0)
    expected = X[:, 0].std() / (3 * deviation[1])
    assert spread[0] / spread[1] == pytest.approx(expected, rel=1e-4)


def test_columns_of_one_spread_and_constant_ones_are_no_special_case():
    X = np.random.RandomState(0).normal(size=(300, 4)) * [1e-9, 1, 1, 1]
    X[:, 3] = 7.0
    fitted = AutoencoderTransformer(2, scaling="feature", max_iter=2).fit(X)
    spread = fitted.net_.module_.decoder.spread.numpy()
    np.testing.assert_allclose(spread[:3], 1, rtol=1e-6)
    assert (fitted.reconstruct(X)[:, 3] == 7.0).all()


def test_hidden_layers_and_skip_are_multiplied_by_the_spread():
    network = Autoencoder(
        n_features=3,
        n_components=2,
        hidden_layer_sizes=(4,),
        decoder_hidden_layer_sizes=(4,),
        generator=torch.Generator().manual_seed(0),
    )
    torch.nn.init.normal_(network.decoder.layers[-1].weight)
    torch.nn.init.normal_(network.decoder.skip.weight)
    code = torch.randn(5, 2)
    before = network.decoder(code)
    network.decoder.spread.copy_(torch.tensor([1.0, 0.5, 0.01]))
    torch.testing.assert_close(network.decoder(code), before * network.decoder.spread)


def test_rare_values_make_a_narrow_column_narrower_and_no_other():
    rng = np.random.RandomState(0)
    rare = (np.arange(1000) % 250 == 0).astype(float)  # 4 of 1000, 16 mean deviations
    rare -= rare.mean()
    X = np.c_[rng.normal(size=1000), rare / rare.std(), 0.01 * rare / rare.std()]
    spread = AutoencoderTransformer(1, max_iter=1).fit(X).net_.module_.decoder.spread
    deviation = np.abs(X[:, 2]).mean()
    assert spread[1] == pytest.approx(1, rel=0.05)
    assert spread[2] / spread[0] == pytest.approx(3 * deviation / X[:, 0].std(), rel=1e-3)
