"""Every tensor is made on the device of the fit, and none where the user's default says.

A default of "meta", whose tensors hold no numbers, stands in for a machine with another
device: what is made without a device would end there, and a result be none.
"""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from estimators import Watching
from scipy import sparse
from sklearn.base import clone

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder
from sklearn_ae.nn import LOSSES, NOISES


@contextmanager
def elsewhere():
    """Let the user's defaults be another device and another dtype."""
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)


def check(estimator, X, *rest, fit="fit", **params):
    """Compare a fit and its uses here with those under the defaults of another device."""

    def results():
        ae = clone(estimator)
        getattr(ae, fit)(X, *rest, **params)
        if fit == "partial_fit":
            ae.partial_fit(X, *rest, **params)
        codes = ae.transform(X)
        found = {
            "codes": codes,
            "rows": ae.inverse_transform(codes),
            "reconstructions": ae.reconstruct(X),
            "imputed": ae.impute(X) if not sparse.issparse(X) else codes,
            "score": ae.score(X),
            "scores of columns": ae.column_scores(X),
            "scores of rows": ae.score_samples(X),
            "scores of cells": ae.cell_scores(X),
            "new rows": ae.sample(5, random_state=0),
            "share of each code": ae.explained_variance_ratio_,
            "curve": ae.loss_curve_,
        }
        if hasattr(ae, "posterior"):
            found["means"], found["deviations"] = ae.posterior(X)
            found["likelihoods"] = ae.log_likelihood(X, random_state=0)
        if hasattr(ae, "denoise"):
            found["without noise"] = ae.denoise(X)
        return {name: np.asarray(value) for name, value in found.items()}

    expected = results()
    with elsewhere():
        found = results()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


PARAMETERS = [
    {},
    {"hidden_layer_sizes": ()},
    {"init": "random", "dropout": 0.2},
    {"scaling": None},
    {"scaling": "global", "output_activation": "relu"},
    {"code_activation": "tanh", "whiten": True},
    {"activation": "tanh", "alpha": 0.1, "learning_rate": "constant"},
    {"batch_size": "auto", "early_stopping": False},
    {"precision": "bfloat16"},
    {"solver": torch.optim.SGD},
    {"callbacks": [Watching()]},
    {"n_components": 0.5},
    {"sampler": "gmm"},
    *({"loss": loss} for loss in LOSSES),
]


@pytest.mark.parametrize("params", PARAMETERS, ids="-".join)
def test_parameters(params, quick, digit_rows):
    check(quick(**params), digit_rows[:100])


@pytest.mark.parametrize("noise", [*NOISES, "callable"])
def test_noise(noise, quick, digit_rows):
    estimator = quick()
    if not hasattr(estimator, "noise"):
        pytest.skip("has no noise")
    given = noise if noise in NOISES else lambda x, generator: x * 0.9
    check(estimator.set_params(noise=given), digit_rows[:100])


def test_numbers_of_float32_and_weights(quick, digit_rows):
    weight = np.arange(1.0, 101)
    check(quick(), digit_rows[:100].astype(np.float32), sample_weight=weight)


def test_y(quick, digits):
    X, y = digits
    check(quick(target_weight=0.5), X[:100], y[:100])
    check(quick(target_weight=0.5), X[:100], X[:100, :2])


def test_sparse_rows(quick, digit_rows):
    check(quick(), sparse.csr_array(digit_rows[:100].round()))


@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
def test_tables_of_levels_and_holes(fit, quick):
    pd = pytest.importorskip("pandas")
    rng = np.random.RandomState(0)
    u, v = rng.normal(size=(2, 120))
    df = pd.DataFrame({"u": u, "v": u + v, "w": pd.cut(v, 3, labels=["a", "b", "c"])})
    check(quick(), df.mask(rng.rand(*df.shape) < 0.1), fit=fit)


def test_chunks(quick, digit_rows):
    check(quick(), digit_rows[:100], fit="partial_fit")


@pytest.mark.parametrize("kind", [AutoencoderTransformer, DenoisingAutoencoder])
def test_nested_codes(kind, digit_rows):
    check(kind(4, ordered=True, max_iter=3, random_state=0), digit_rows[:100])


def test_a_loss_of_ones_own(quick, digit_rows):
    def loss(x_hat, x):
        return ((x_hat - x) ** 2).mean(1)

    check(quick(loss=loss), digit_rows[:100])


def test_the_net(quick, digit_rows):
    """A skorch net is used on the device of the fit, whatever the default."""
    ae = quick().fit(digit_rows)
    expected = ae.net_.predict(digit_rows.astype(np.float32))
    with elsewhere():
        found = clone(ae).fit(digit_rows).net_.predict(digit_rows.astype(np.float32))
    np.testing.assert_array_equal(found, expected)
