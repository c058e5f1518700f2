"""net_ is a copy: changing it changes nothing else, and it refuses to be trained."""

import numpy as np
import pytest
import torch

from sklearn_ae import AutoencoderTransformer

DTYPES = [np.float32, np.float64]


def zero(net):
    net.module_.load_state_dict({n: 0 * w for n, w in net.module_.state_dict().items()})


def scale_in_place(net):
    with torch.no_grad():
        for weight in net.module_.parameters():
            weight.mul_(3)


def replace(net):
    net.module_.encoder.skip = torch.nn.Linear(4, 2)


@pytest.mark.parametrize("change", [zero, scale_in_place, replace])
@pytest.mark.parametrize("is_used_first", [False, True])
def test_changes_of_the_copy_change_no_use_in_any_dtype(quick, bent, change, is_used_first):
    expected, fitted = quick().fit(bent), quick().fit(bent)
    if is_used_first:
        for dtype in DTYPES:
            fitted.transform(bent.astype(dtype))
    change(fitted.net_)
    assert fitted.net_ is fitted.net_
    for dtype in DTYPES:
        X = bent.astype(dtype)
        np.testing.assert_array_equal(fitted.transform(X), expected.transform(X))
        np.testing.assert_array_equal(fitted.score_samples(X), expected.score_samples(X))


def test_weights_that_are_loaded_change_what_the_net_predicts_alone(quick, bent, tmp_path):
    fitted, other = quick().fit(bent), quick(random_state=1).fit(bent)
    other.net_.save_params(f_params=tmp_path / "weights.pt")
    codes, X_scaled = fitted.transform(bent), np.ones((2, 4), np.float32)
    fitted.net_.load_params(f_params=tmp_path / "weights.pt")
    np.testing.assert_array_equal(
        fitted.net_.predict(X_scaled), other.net_.predict(X_scaled)
    )
    np.testing.assert_array_equal(fitted.transform(bent), codes)


@pytest.mark.parametrize("call", ["fit", "partial_fit", "initialize"])
def test_the_copy_refuses_to_be_trained(quick, bent, call):
    fitted = quick().fit(bent)
    X = bent.astype(np.float32)
    predicted = fitted.net_.predict(X)
    rows = () if call == "initialize" else (X,)
    with pytest.raises(AttributeError, match=r"told to .*expected a look.*warm_start=True"):
        getattr(fitted.net_, call)(*rows)
    np.testing.assert_array_equal(fitted.net_.predict(X), predicted)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("is_used_first", [False, True])
def test_hooks_on_the_copy_see_use_in_every_dtype(bent, dtype, is_used_first):
    # From PCA it would stay PCA, which has no hidden layers.
    fitted = AutoencoderTransformer(2, max_iter=2, init="random", random_state=0).fit(bent)
    X, seen = bent.astype(dtype), []
    if is_used_first:
        fitted.transform(X)
    layer = fitted.net_.module_.encoder.layers[0]
    handles = [
        layer.register_forward_hook(lambda module, x, out: seen.append(out.dtype)),
        layer.register_forward_pre_hook(lambda module, x: seen.append(x[0].dtype)),
    ]
    fitted.transform(X)
    assert seen == [getattr(torch, np.dtype(dtype).name)] * 2
    for handle in handles:
        handle.remove()
    fitted.transform(X)
    assert len(seen) == 2


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    "settings",
    [{}, {"loss": "bce"}, {"loss": "kl"}, {"output_activation": "relu"}],
    ids=str,
)
def test_the_module_alone_is_the_whole_road(quick, digits, settings):
    X = digits[0].astype(np.float32)
    fitted = quick(3, max_iter=3, whiten=True, **settings).fit(X)
    module, x = fitted.net_.module_, torch.from_numpy(X[:20])
    with torch.no_grad():
        np.testing.assert_array_equal(module.encode(x), fitted.transform(X[:20]))
        X_hat = fitted.reconstruct(X[:20])
        np.testing.assert_array_equal(module(x), X_hat)
        traced = torch.jit.trace(module, x)
        exported = torch.export.export(module, (x,)).module()
        for alone in (traced, exported):
            np.testing.assert_allclose(alone(x), X_hat, atol=1e-6)
