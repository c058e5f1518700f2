"""What runs elsewhere gives what runs here: ONNX of estimators and of pipelines."""

import subprocess
import sys
import textwrap
from copy import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS, is_variational
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from sklearn_ae import register_onnx
from sklearn_ae._export._activations import _ACTIVATIONS, LINK_INVERSES, activated
from sklearn_ae._export._graph import End, Graph
from sklearn_ae._export._onnx import model_of
from sklearn_ae.nn._activations import ACTIVATIONS, output_link_inverse
from sklearn_ae.nn._activations import LINK_INVERSES as LINK_INVERSES_OF_TORCH

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

PARTS = {"encode": "transform", "decode": "inverse_transform", "reconstruct": "reconstruct"}
NAMES = [name for name in ACTIVATIONS if name != "softplus"]  # no parameter takes it
OUTPUTS = [name for name in NAMES if name != "identity"]
SETTINGS = [
    *({"loss": loss} for loss in ("mse", "mae", "huber", "bce", "kl")),
    *({"activation": name, "init": "random"} for name in NAMES),
    *({"code_activation": name} for name in OUTPUTS),
    *({"output_activation": name} for name in OUTPUTS),
    *({"scaling": scaling} for scaling in ("global", "feature", None)),
    {"output_activation": "elu", "init": "random"},
    {"whiten": True},
    {"init": "random", "whiten": True},
    {"hidden_layer_sizes": (16, 8, 4, 8, 16)},
    {"hidden_layer_sizes": ()},
    {"dropout": 0.2},
]


@pytest.fixture(scope="module")
def rows(digits):
    """200 rows of 12 pixels in [0, 1], in float32."""
    return digits[0][:200, 18:30].astype(np.float32)


def run(model, x):
    """Return what onnxruntime makes of ``x``, on one thread."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(model.SerializeToString(), options)
    (given,) = session.get_inputs()
    return session.run(None, {given.name: x})[-1]


def assert_close(found, expected, spread, limit=1e-5):
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    difference = np.abs(found.astype(np.float64) - expected).max(initial=0)
    assert difference <= limit * spread, difference / spread


def assert_parts_agree(fitted, X):
    codes = fitted.transform(X)
    for part, method in PARTS.items():
        model = fitted.to_onnx(part)
        onnx.checker.check_model(model, full_check=True)
        x = codes if part == "decode" else X
        expected = getattr(fitted, method)(x)
        spread = (codes if part == "encode" else X).astype(np.float64).std(0).max()
        for n_rows in (len(x), 1):
            assert_close(run(model, x[:n_rows]), expected[:n_rows], spread)


def changed(fitted, arrays, **fields):
    """Return a copy whose fit has other ``arrays``, and other ``fields``."""
    other = copy(fitted)
    arrays = fitted._fitted.arrays | arrays
    other._fitted = replace(fitted._fitted, arrays=arrays, _built={}, **fields)
    return other


def with_drawn_layers(fitted, **fields):
    """Return a copy with random hidden layers: short fits of few rows stay linear."""
    rng = np.random.RandomState(0)
    drawn = {
        name: rng.normal(size=weight.shape, scale=0.3)
        for name, weight in fitted.net_.module_.state_dict().items()
        if ".layers." in name
    }
    return changed(fitted, drawn, **{"stays_linear": not drawn, **fields})


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_parts_agree(quick, rows, settings):
    fitted = quick(3, **{"max_iter": 1, **settings}).fit(rows)
    assert_parts_agree(fitted, rows)
    assert_parts_agree(with_drawn_layers(fitted), rows)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_torch(name):
    x = np.linspace(-30, 30, 2001, dtype=np.float32)[:, None]
    found = run(column_model(lambda graph, x: activated(graph, name, x)), x)
    assert_close(found, ACTIVATIONS[name]()(torch.tensor(x)).numpy(), 1)


@pytest.mark.parametrize("name", LINK_INVERSES)
def test_inverses_of_links_are_those_of_torch(name):
    # Trained networks pass through three of them; the other three only stay what they were.
    x = np.linspace(-3, 3, 2001, dtype=np.float32)[:, None]
    x = np.concatenate([x, x / 1000, x * 100]).astype(np.float32)
    found = run(column_model(LINK_INVERSES[name]), x)
    # Of float64: near the edges float32 is wrong by 1e-4, in torch too.
    expected = output_link_inverse(name, torch.tensor(x, dtype=torch.float64))
    assert_close(found, expected.float().numpy(), 1, 2e-4)
    inside = np.abs(x - 0.5) < 0.4
    assert_close(found[inside], expected.float().numpy()[inside], 1)


def test_no_activation_of_torch_is_left_out():
    assert set(_ACTIVATIONS) == set(ACTIVATIONS)
    assert set(LINK_INVERSES) == set(LINK_INVERSES_OF_TORCH)


def column_model(function):
    """Return a model of one function of a column."""
    graph = Graph([End("X", "float32", ["n_samples", 1])])
    result = function(graph, "X")
    if result == "X":
        result = graph.add("Identity", "X")
    graph.make(result, End("y", "float32", ["n_samples", 1]))
    return model_of(graph, "test")


@pytest.mark.parametrize("output_activation", ["logistic", "elu"])
@pytest.mark.parametrize("crosses", [True, False])
def test_the_link_is_crossed_where_the_fit_did(quick, rows, output_activation, crosses):
    fitted = quick(3, max_iter=1, output_activation=output_activation).fit(rows)
    # A skip within the range of both links, so that all digits of its inverse are there.
    skip = {
        "decoder.crosses_link_flag": np.array(crosses),
        "decoder.skip.weight": fitted._fitted.arrays["decoder.skip.weight"] / 20,
        "decoder.skip.bias": np.full(12, 0.4),
    }
    assert_parts_agree(changed(with_drawn_layers(fitted), skip), rows)


def test_what_stays_linear_has_no_hidden_layers(quick, rows):
    linear = quick(3, max_iter=1).fit(rows)
    assert linear._fitted.stays_linear
    n_layers = [
        kinds_of(each.to_onnx()).count("Gemm")
        for each in (linear, with_drawn_layers(linear))
    ]
    assert n_layers == [1, 3]


def kinds_of(model):
    return [node.op_type for node in model.graph.node]


def test_narrow_columns_keep_their_spread(quick, rows):
    X = rows * np.linspace(0.01, 1, 12, dtype=np.float32)
    fitted = quick(3).fit(X)
    assert fitted._fitted.arrays["decoder.spread"].min() < 0.1
    assert_parts_agree(with_drawn_layers(fitted), X)


def test_more_than_ten_layers_keep_their_order(quick, rows):
    fitted = quick(2, max_iter=1, hidden_layer_sizes=(8, 7, 8, 7, 8, 7)).fit(rows)
    assert_parts_agree(with_drawn_layers(fitted), rows)


@pytest.mark.parametrize("n_components", [3, 2])
def test_nested_codes(quick, rows, n_components):
    if is_variational(quick()):
        pytest.skip("has no nested codes")
    fitted = quick(3, ordered=True, init="random").fit(rows)
    assert_parts_agree(fitted.truncate(n_components), rows)


def test_streams(quick, rows):
    fitted = quick(3).partial_fit(rows[:100]).partial_fit(rows[100:])
    assert_parts_agree(fitted, rows)


def test_pairs_have_units_of_their_own(rows):
    kind = next(kind for kind in ESTIMATORS if "noise_level" in kind().get_params())
    noisy = 100 * rows + 7
    fitted = kind(3, hidden_layer_sizes=(8,), max_iter=3, random_state=0)
    fitted.fit(noisy, X_clean=rows)
    for part in ("encode", "reconstruct"):
        expected = getattr(fitted, PARTS[part])(noisy)
        assert_close(run(fitted.to_onnx(part), noisy), expected, expected.std())


# -- units --------------------------------------------------------------------


def test_far_columns_keep_the_digits_of_their_offset(quick, bent):
    X = (bent + 1e4 / 3).astype(np.float32)
    fitted = quick(2, max_iter=2).fit(X.astype(np.float64))
    assert len(fitted._fitted.columns.units("float32")) == 3
    codes = fitted.transform(X.astype(np.float64)).astype(np.float32)
    assert_close(run(fitted.to_onnx(), X), codes, codes.std())
    X_hat = fitted.reconstruct(X)
    assert_close(run(fitted.to_onnx("reconstruct"), X), X_hat, 1, limit=0)


@pytest.mark.parametrize("unit", [1e35, 1e-35])
def test_units_beyond_float32_are_computed_in_float64(quick, bent, unit):
    X = (bent * unit).astype(np.float32)
    fitted = quick(2, max_iter=2).fit(X)
    assert_parts_agree(fitted, X)


# -- the model ----------------------------------------------------------------


def test_ends_have_names_and_any_number_of_rows(quick, rows):
    fitted = quick(3).fit(rows)
    ends = {"encode": ("X", "codes"), "decode": ("codes", "X_hat")}
    ends["reconstruct"] = ("X", "X_hat")
    for part, names in ends.items():
        graph = fitted.to_onnx(part).graph
        assert (graph.input[0].name, graph.output[0].name) == names
        for end in (graph.input[0], graph.output[0]):
            batch, width = end.type.tensor_type.shape.dim
            assert (batch.dim_param, width.dim_value) == (
                "n_samples",
                3 if end.name == "codes" else 12,
            )
            assert end.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert kinds_of(fitted.to_onnx()) == kinds_of(fitted.to_onnx("encode"))
    assert run(fitted.to_onnx(), rows[:0]).shape == (0, 3)


def test_the_model_is_no_newer_than_servers(quick, rows):
    model = quick(3).fit(rows).to_onnx()
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    assert model.ir_version == 8
    assert model.producer_name == "sklearn_ae"


# -- refusals -----------------------------------------------------------------


@pytest.mark.parametrize("part", ["transform", None, ["encode"]])
def test_other_parts_are_refused(quick, rows, part):
    with pytest.raises(ValueError, match=r"part=.*expected 'encode'.*Pass part="):
        quick(2).fit(rows).to_onnx(part)


def test_what_is_not_fitted_is_refused(quick):
    with pytest.raises(NotFittedError):
        quick().to_onnx()


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_own_networks_are_refused(quick, rows, half):
    fitted = quick(2, **{half: nn.Linear}).fit(rows)
    told = rf"{half} of your own.*expected encoder=None.*hidden_layer_sizes"
    with pytest.raises(ValueError, match=told):
        fitted.to_onnx()
    skl2onnx = pytest.importorskip("skl2onnx")
    register_onnx()
    with pytest.raises(ValueError, match=told):
        skl2onnx.to_onnx(fitted, rows[:1])


def test_frames_of_numbers_are_not_refused(quick, bent):
    pd = pytest.importorskip("pandas")
    fitted = quick(2).fit(pd.DataFrame(bent, columns=list("abcd")))
    assert run(fitted.to_onnx(), bent.astype(np.float32)).shape == (200, 2)


def test_an_error_tells_how_to_install_what_is_missing(quick, bent, monkeypatch):
    fitted = quick(2).fit(bent)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"expected onnx.*python -m pip install onnx\."):
        fitted.to_onnx()
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"expected skl2onnx.*pip install skl2onnx\."):
        register_onnx()


# -- pipelines ----------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_pipelines_are_converted(quick, digits, dtype):
    skl2onnx = pytest.importorskip("skl2onnx")
    X, y = (16 * digits[0][:300, 18:42]).astype(dtype), digits[1][:300]
    # Two autoencoders, whose nodes have the same names.
    steps = StandardScaler(), quick(8), quick(6, init="random"), LogisticRegression()
    pipeline = make_pipeline(*steps).fit(X, y)
    register_onnx()
    model = skl2onnx.to_onnx(pipeline, X[:1], options={"zipmap": False})
    onnx.checker.check_model(model)
    for n_rows in (1, 7, 300):
        found = run(model, X[:n_rows])
        assert found.dtype == (np.float64 if dtype is np.float64 else np.float32)
        expected = pipeline.predict_proba(X[:n_rows])
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_far_columns_of_float64_and_integers_keep_their_digits(quick, bent, dtype):
    skl2onnx = pytest.importorskip("skl2onnx")
    # Neighbours among these integers are the same number in float32.
    X = np.round(10 * bent).astype(dtype) + 2**28 + 1
    fitted = quick(2).fit(X)
    register_onnx()
    found = run(skl2onnx.to_onnx(fitted, X[:1]), X)
    expected = fitted.transform(X)
    assert found.dtype == (np.float64 if dtype is np.float64 else np.float32)
    np.testing.assert_allclose(found, expected, atol=1e-5 * expected.std())


def test_codes_have_a_shape_for_the_steps_that_follow(quick, rows):
    skl2onnx = pytest.importorskip("skl2onnx")
    register_onnx()
    (output,) = skl2onnx.to_onnx(quick(3).fit(rows), rows[:1]).graph.output
    batch, width = output.type.tensor_type.shape.dim
    assert (batch.dim_value, width.dim_value) == (0, 3)


# -- torch's own ways -------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_torch_takes_the_module_for_any_number_of_rows(quick, rows):
    fitted = quick(3, init="random").fit(rows)
    module, x = fitted.net_.module_, torch.tensor(rows)
    dynamic = ({0: torch.export.Dim("n_samples")},)
    with torch.no_grad():
        traced = torch.jit.trace(module, x[:5])
        exported = torch.export.export(module, (x[:5],), dynamic_shapes=dynamic).module()
    for n_rows in (2, 5, 200):
        for alone in (traced, exported):
            found = alone(x[:n_rows]).detach().numpy()
            assert_close(found, fitted.reconstruct(rows[:n_rows]), rows.std(0).max())


def test_register_onnx_in_a_fresh_process():
    """Before any estimator is imported."""
    program = """
        import sklearn_ae
        sklearn_ae.register_onnx()
        import numpy as np
        from skl2onnx import to_onnx
        X = np.random.RandomState(0).rand(60, 4).astype(np.float32)
        for name in ("AutoencoderTransformer", "VariationalAutoencoder"):
            fitted = getattr(sklearn_ae, name)(2, max_iter=1).fit(X)
            assert to_onnx(fitted, X[:1]).graph.node
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    subprocess.run(command, check=True, timeout=120)
