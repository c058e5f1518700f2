"""A fitted estimator pickles as arrays and settings."""

import copy
import pickle
import pickletools
from dataclasses import replace

import numpy as np
import pytest
import skorch
import torch
from skorch.callbacks import Callback

import sklearn_ae


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", ["mse", "bce", torch.nn.SmoothL1Loss()])
def test_a_pickle_gives_the_same_bits(quick, digits, dtype, loss):
    X = digits[0].astype(dtype)
    fitted = quick(3, loss=loss, whiten=True).fit(X)
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
    np.testing.assert_array_equal(loaded.reconstruct(X), fitted.reconstruct(X))
    np.testing.assert_array_equal(loaded.score_samples(X), fitted.score_samples(X))
    deep = copy.deepcopy(fitted)
    np.testing.assert_array_equal(deep.transform(X), fitted.transform(X))


def test_a_pickle_holds_no_torch_object(quick, digits):
    fitted = quick().fit(digits[0])
    fitted.transform(digits[0])  # after which a net lies ready in memory
    modules = {
        str(argument).split(" ")[0].split(".")[0]
        for opcode, argument, _ in pickletools.genops(pickle.dumps(fitted, protocol=2))
        if opcode.name == "GLOBAL"
    }
    assert modules <= {"sklearn_ae", "numpy", "copy_reg", "__builtin__", "_codecs"}


def test_a_pickle_does_not_grow_with_the_rows_nor_with_use(quick, digits):
    X, _ = digits
    small = quick(callbacks=[Callback()]).fit(X[:300])
    large = quick(callbacks=[Callback()]).fit(np.vstack([X] * 5))
    sizes = [len(pickle.dumps(fitted)) for fitted in (small, large)]
    assert abs(sizes[0] - sizes[1]) < 200
    large.transform(X)
    assert len(pickle.dumps(large)) == sizes[1]
    n_weights = sum(p.numel() for p in large.net_.module_.parameters())
    assert sizes[1] < 4 * n_weights + 10_000


def test_net_is_a_skorch_net_that_predicts_in_scaled_units(quick, digits):
    X, _ = digits
    loaded = pickle.loads(pickle.dumps(quick().fit(X)))
    assert isinstance(loaded.net_, skorch.NeuralNet)
    X_scaled = ((X - loaded.mean_) / loaded.scale_).astype(np.float32)
    X_hat = loaded.net_.predict(X_scaled) * loaded.scale_ + loaded.mean_
    np.testing.assert_allclose(X_hat, loaded.reconstruct(X), atol=1e-5)


def test_parameters_set_after_the_fit_do_not_change_it(quick, digits, capsys):
    X, _ = digits
    fitted = quick(3).fit(X)
    codes, rows = fitted.transform(X), fitted.score_samples(X)
    fitted.set_params(n_components=5, hidden_layer_sizes=(4,), loss="mae", scaling=None)
    np.testing.assert_array_equal(fitted.transform(X), codes)
    np.testing.assert_array_equal(fitted.score_samples(X), rows)
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.transform(X), codes)
    assert capsys.readouterr().out == ""


def test_another_version_warns(quick, bent):
    fitted = quick().fit(bent)
    state = fitted.__getstate__()
    assert state["_sklearn_ae_version"] == sklearn_ae.__version__
    stranger = type(fitted).__new__(type(fitted))
    with pytest.warns(UserWarning, match=r"saved with sklearn_ae version 0\.0\.1"):
        stranger.__setstate__({**state, "_sklearn_ae_version": "0.0.1"})
    np.testing.assert_array_equal(stranger.transform(bent), fitted.transform(bent))


def test_an_unfitted_estimator_pickles(quick):
    assert pickle.loads(pickle.dumps(quick(3))).get_params() == quick(3).get_params()


def test_a_fit_on_a_device_that_is_gone_loads_on_the_cpu(quick, bent):
    fitted = quick().fit(bent)
    expected = fitted.transform(bent)
    # As in a pickle from a large machine.
    fitted._fitted = replace(fitted._fitted, device="cuda:7", _built={})
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.transform(bent), expected)


def test_the_net_gives_tensors_too(quick, bent):
    net = quick().fit(bent).net_
    X_scaled = np.zeros((3, 4), dtype=np.float32)
    np.testing.assert_array_equal(net.forward(X_scaled).numpy(), net.predict(X_scaled))


def test_weights_leave_as_safetensors(quick, bent, tmp_path):
    pytest.importorskip("safetensors")
    fitted = quick().fit(bent)
    path = tmp_path / "weights.safetensors"
    fitted.net_.save_params(f_params=path, use_safetensors=True)
    other = quick(max_iter=1, random_state=1).fit(bent)
    other.net_.load_params(f_params=path, use_safetensors=True)
    X_scaled = np.zeros((1, 4), dtype=np.float32)
    np.testing.assert_array_equal(
        other.net_.predict(X_scaled), fitted.net_.predict(X_scaled)
    )
