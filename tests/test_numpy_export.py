"""to_numpy: the same results as plain arrays, without torch, and files that are checked."""

import bz2
import io
import json
import os
import pickle
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from estimators import is_variational
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    NumpyAutoencoder,
    nn,
)
from sklearn_ae._numpy import _format, _functions, _holes, n_collisions
from sklearn_ae._numpy import _numpy_autoencoder as _numpy
from sklearn_ae.nn._activations import LINK_INVERSES

STORED = Path(__file__).parent / "files"

# As shares of the largest value. float32 has seven digits, of which sums lose one.
CLOSE = {"float64": 1e-9, "float32": 2e-6}

# Steps of this size leave the linear start, in nearly all cases.
FAR = {"max_iter": 8, "learning_rate_init": 0.08, "early_stopping": False}
SETTINGS = [
    *({"activation": name} for name in ("relu", "gelu", "elu", "tanh")),
    *({"code_activation": name} for name in ("silu", "logistic")),
    *({"output_activation": name} for name in ("relu", "silu", "gelu", "elu", "tanh")),
    *({"loss": name} for name in ("mse", "mae", "huber", "bce", "kl")),
    *({"scaling": name} for name in ("feature", None)),
    {"whiten": True},
    {"init": "random", "activation": "identity"},
    {"init": "random", "code_activation": "tanh"},
    {"init": "random", "hidden_layer_sizes": ()},
    {"dropout": 0.2},
    {"ordered": True},
    {"hidden_layer_sizes": (8, 6), "decoder_hidden_layer_sizes": (7,)},
]


def short(setting):
    return "-".join(f"{name}={value}" for name, value in setting.items())


@pytest.fixture(scope="session")
def rows(digits):
    """100 digits in [0, 1], (100, 64)."""
    return digits[0][:100]


@pytest.fixture(scope="session")
def fitted(rows):
    """A fit with hidden layers."""
    estimator = AutoencoderTransformer(3, hidden_layer_sizes=(8,), random_state=0, **FAR)
    estimator.fit(rows)
    assert not estimator._fitted.stays_linear
    return estimator


@pytest.fixture(scope="session")
def frozen(fitted):
    return fitted.to_numpy()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ae.npz"


def assert_same(estimator, X, tolerances=CLOSE):
    """Check the results of all three methods, and their dtypes."""
    frozen = estimator.to_numpy()
    for dtype, tolerance in tolerances.items():
        x = X.astype(dtype)
        codes = estimator.transform(x)
        for ours, theirs in (
            (frozen.transform(x), codes),
            (frozen.inverse_transform(codes), estimator.inverse_transform(codes)),
            (frozen.reconstruct(x), estimator.reconstruct(x)),
        ):
            assert ours.dtype == theirs.dtype == dtype
            size = np.abs(theirs).max()
            np.testing.assert_allclose(ours / size, theirs / size, rtol=0, atol=tolerance)


# -- the same results --------------------------------------------------------------


@pytest.mark.parametrize("setting", SETTINGS, ids=short)
def test_results_are_those_of_the_estimator(quick, rows, setting):
    estimator = quick(**{**FAR, **setting})
    if "ordered" in setting and is_variational(estimator):
        pytest.skip("has no nested codes")
    estimator.fit(rows)
    # Whether a trained result beats its start may differ between processors.
    assert "init" not in setting or not estimator._fitted.stays_linear
    assert_same(estimator, rows)


@pytest.mark.parametrize("setting", [{"loss": "bce"}, {"loss": "kl"}, {"whiten": True}])
def test_results_of_what_stayed_linear(setting, rows):
    estimator = AutoencoderTransformer(2, max_iter=1, random_state=0, **setting)
    estimator.fit(rows[:60])
    assert estimator._fitted.stays_linear
    assert estimator.to_numpy().settings["encoder_sizes"] is None
    assert_same(estimator, rows)


def test_layers_on_one_side_only(quick, rows):
    sizes = {"hidden_layer_sizes": (), "decoder_hidden_layer_sizes": (5,)}
    assert_same(quick(**sizes, **FAR).fit(rows), rows)


@pytest.mark.parametrize("far", [1e6, 0.0])
def test_means_that_float32_has_no_digits_for(quick, far):
    X = far + np.random.RandomState(0).normal(size=(80, 5)) * [1, 1, 1, 1, 1e-6]
    estimator = quick(**FAR).fit(X)
    assert len(estimator._fitted.columns.units("float32")) == (3 if far else 2)
    assert_same(estimator, X)


def test_units_beyond_the_range_of_float32(quick, rows):
    estimator = quick(**FAR).fit(rows * 1e35)
    assert estimator._fitted.columns.units("float32")[0].dtype == np.float64
    assert_same(estimator, rows * 1e35)


def test_a_fit_by_chunks_to_y_and_of_weights(rows, digits):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=(8,), random_state=0)
    assert_same(estimator.partial_fit(rows), rows)
    estimator.set_params(target_weight=0.5, **FAR)
    assert_same(estimator.fit(rows, digits[1][:100]), rows)


def test_a_truncated_fit(rows):
    ordered = AutoencoderTransformer(
        4, ordered=True, hidden_layer_sizes=(8,), random_state=0, **FAR
    ).fit(rows)
    assert_same(ordered.truncate(2), rows)


def test_a_loss_of_ones_own(rows):
    own = AutoencoderTransformer(
        2, hidden_layer_sizes=(8,), loss=torch.nn.SmoothL1Loss(), random_state=0, **FAR
    )
    assert_same(own.fit(rows), rows)


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_activations_are_those_of_torch(name):
    x = np.concatenate([np.linspace(-40, 40, 4001), [-1e30, 1e30]])
    theirs = nn.ACTIVATIONS[name]()
    for dtype, tolerance in (("float64", 1e-13), ("float32", 1e-6)):
        values = x.astype(dtype)
        with np.errstate(over="ignore"):
            ours = _functions.ACTIVATIONS[name](values.copy())
        assert ours.dtype == dtype
        wanted = theirs(torch.from_numpy(values)).numpy()
        np.testing.assert_allclose(ours, wanted, rtol=tolerance, atol=tolerance)


def test_every_activation_and_inverse_is_there():
    assert set(_functions.ACTIVATIONS) == set(nn.ACTIVATIONS)
    assert set(_functions.LINK_INVERSES) == set(LINK_INVERSES)


@pytest.mark.parametrize("name", LINK_INVERSES)
def test_inverses_are_those_of_torch(name):
    x = np.concatenate([np.linspace(-3, 3, 601), [-50.0, 50.0, 800.0]])
    with np.errstate(over="ignore"):
        ours = _functions.LINK_INVERSES[name](x)
    wanted = LINK_INVERSES[name](torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(ours, wanted, rtol=1e-9, atol=1e-9)


# -- what goes in and comes out ----------------------------------------------------


def test_integers_booleans_lists_and_frames_become_float64(fitted, frozen, rows):
    pandas = pytest.importorskip("pandas")
    whole = (16 * rows).astype(np.uint8)
    for given in (whole, whole > 3, whole.tolist(), rows.astype(np.float16), rows[::-1]):
        codes = frozen.transform(given)
        assert codes.dtype == np.float64
        np.testing.assert_allclose(codes, fitted.transform(given), rtol=0, atol=1e-9)
    objects = pandas.DataFrame(rows).astype(object)
    np.testing.assert_array_equal(frozen.transform(objects), frozen.transform(rows))


def test_what_goes_in_stays_as_it_is(frozen, rows):
    for X in (rows, rows.astype(np.float32)):
        before, codes = X.copy(), frozen.transform(X)
        kept = codes.copy()
        frozen.reconstruct(X)
        frozen.inverse_transform(codes)
        np.testing.assert_array_equal(X, before)
        np.testing.assert_array_equal(codes, kept)


def test_many_rows_are_read_some_at_a_time(frozen, rows, monkeypatch):
    whole = frozen.reconstruct(rows)
    seen = []
    road = type(frozen._roads["float64"])
    theirs = road.reconstruct
    monkeypatch.setattr(_numpy, "_ROWS_PER_PASS", 64)
    monkeypatch.setattr(
        road, "reconstruct", lambda self, x: seen.append(len(x)) or theirs(self, x)
    )
    np.testing.assert_allclose(frozen.reconstruct(rows), whole, rtol=0, atol=1e-12)
    assert seen == [64, 36]


def test_each_dtype_is_built_once(frozen, rows):
    frozen.transform(rows)
    built = frozen._roads["float64"]
    frozen.transform(rows)
    assert frozen._roads["float64"] is built


def test_later_fits_change_nothing(rows):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=(8,), max_iter=2)
    frozen = estimator.fit(rows).to_numpy()
    codes = frozen.transform(rows)
    for array in estimator._fitted.arrays.values():
        np.add(array, 1, out=array)
    assert type(frozen)(frozen.settings, frozen.arrays).transform(rows).tolist() == (
        codes.tolist()
    )


def test_it_is_frozen_and_shows_its_sizes(frozen):
    assert repr(frozen) == "NumpyAutoencoder(n_features_in_=64, n_components_=3)"
    with pytest.raises(AttributeError):
        frozen.settings = {}


NO_TABLES = [
    (
        np.zeros((3, 63)),
        r"X has shape \(3, 63\); expected numbers .*64\).* Pass X\.reshape",
    ),
    (np.zeros((0, 64)), r"X has shape \(0, 64\); expected numbers .* one sample or more"),
    (np.zeros(64), r"X has shape \(64,\); expected numbers .* Pass X\.reshape\(1, -1\)"),
    (csr_array(np.eye(64)), r"X .*csr_array.*; expected numbers .* X\.toarray\(\)"),
    ([[1.0], [1.0, 2.0]], r"X is a list; expected numbers .* Pass"),
    (np.full((2, 64), "a"), r"X is a ndarray; expected numbers .* Pass"),
    (np.full((2, 64), 1j), r"X is a ndarray; expected numbers .* Pass"),
    (np.full((2, 64), np.nan), r"X has missing or .*; expected finite .* Leave"),
    (np.full((2, 64), -np.inf), r"X has missing or .*; expected finite .* Leave"),
]


@pytest.mark.parametrize(("X", "told"), NO_TABLES, ids=range(len(NO_TABLES)))
def test_what_is_no_table_of_numbers_is_refused(frozen, X, told):
    for method in (frozen.transform, frozen.reconstruct):
        with pytest.raises(ValueError, match=f"(?s){told}"):
            method(X)


def test_codes_of_another_length_are_refused(frozen):
    told = r"codes has shape \(2, 2\); expected numbers of shape \(n_samples, 3\)"
    with pytest.raises(ValueError, match=told):
        frozen.inverse_transform(np.zeros((2, 2)))


def test_results_beyond_the_range_of_floats_are_refused(frozen, rows):
    told = r"X has values up to 1e\+38, .* float32; expected values nearer .* Pass X as"
    with pytest.raises(ValueError, match=told):
        frozen.reconstruct((1e38 * rows[:1].round()).astype(np.float32))


def test_columns_in_another_order_are_refused(rows):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(rows, columns=[f"p{i}" for i in range(64)])
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=(), max_iter=2).fit(X)
    frozen = estimator.to_numpy()
    np.testing.assert_allclose(frozen.transform(X), estimator.transform(X), atol=1e-9)
    told = r"X has columns \['p63', .*\.\.\.\] and the fit had \['p0', .*; expected .* Pass"
    with pytest.raises(ValueError, match=told):
        frozen.transform(X[X.columns[::-1]])


# -- missing cells -----------------------------------------------------------------


@pytest.fixture(scope="session")
def holed(rows):
    """20 columns of digits without a seventh of their cells; two rows lack more."""
    X = rows[:, 18:38].copy()
    X[np.random.RandomState(0).rand(*X.shape) < 1 / 7] = np.nan
    X[-1] = np.nan
    X[-2, 1:] = np.nan
    return X


@pytest.mark.parametrize(
    "params", [{}, {"init": "random"}, {"scaling": "feature"}], ids=str
)
def test_missing_cells_are_filled_as_the_estimator_does(quick, holed, params):
    estimator = quick(**params, **FAR).fit(holed[:-2])
    assert estimator._fitted.architecture.table.rank == 19
    assert_same(estimator, holed)
    assert_same(estimator, holed[:2, ::-1])


def test_missing_cells_of_wide_tables(monkeypatch):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(120, 4)) @ rng.normal(size=(4, 110)) + rng.normal(size=(120, 110))
    X[rng.rand(120, 110) < 0.1] = np.nan
    fitted = AutoencoderTransformer(2, hidden_layer_sizes=(4,), max_iter=2).fit(X)
    assert fitted._fitted.architecture.table.rank == 64
    X[0, 5:] = np.nan  # more holes than the rank
    assert_same(fitted, X)
    whole = fitted.to_numpy().transform(X)
    monkeypatch.setattr(_holes, "_MOST_COLUMNS_HELD", 100)
    monkeypatch.setattr(_holes, "_CELLS_PER_SOLVE", 5000)
    np.testing.assert_allclose(fitted.to_numpy().transform(X), whole, rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_without_any_value_stay_missing(quick, holed, dtype):
    X = holed.astype(dtype)
    X[:, [2, 9]] = np.nan
    fitted = quick(**FAR).fit(X)
    frozen = fitted.to_numpy()
    with_values = X.copy()
    with_values[:, 2] = 7
    for given in (X, with_values):
        codes = fitted.transform(given)
        for ours, theirs in (
            (frozen.transform(given), codes),
            (frozen.reconstruct(given), fitted.reconstruct(given)),
            (frozen.inverse_transform(codes), fitted.inverse_transform(codes)),
        ):
            assert ours.dtype == theirs.dtype == dtype
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert np.isnan(frozen.reconstruct(X)[:, [2, 9]]).all()
    with pytest.raises(ValueError, match="no longer a finite number"):
        frozen.inverse_transform(np.full((1, 2), np.finfo(dtype).max))


def test_missing_cells_of_objects(quick, holed):
    pandas = pytest.importorskip("pandas")
    frozen = quick(**FAR).fit(holed).to_numpy()
    cells = np.where(np.isnan(holed), None, holed.astype(object))
    cells[0, np.isnan(holed[0])] = pandas.NA
    for given in (cells, pandas.DataFrame(cells), cells.tolist()):
        np.testing.assert_array_equal(frozen.transform(given), frozen.transform(holed))


def test_cells_that_nearly_depend_on_others(quick):
    t = np.random.RandomState(0).normal(size=(100, 2))
    X = np.column_stack([t, t.sum(axis=1), t @ [1, -2] + 1e-5 * t[:, 0] ** 2, t[:, 0] * 0])
    X[::3, 2] = X[1::4, 3] = X[2, 4] = np.nan
    assert_same(quick(1, **FAR).fit(X), X)


def test_holes_in_clean_rows_alone(rows, holed):
    estimator = DenoisingAutoencoder(2, hidden_layer_sizes=(8,), random_state=0, **FAR)
    estimator.fit(rows[:, 18:38], X_clean=holed)
    assert estimator._fitted.architecture.table.rank == 0
    assert_same(estimator, rows[:, 18:38])
    assert_same(estimator, holed)


def test_stored_files_of_every_format_load():
    files = sorted(STORED.glob("numpy_*.npz"))
    assert {file.stem.split("_")[1] for file in files} == {"1"}
    for file in files:
        loaded = NumpyAutoencoder.load(file)
        X = np.linspace(0, 1, 4 * loaded.n_features_in_).reshape(4, -1)
        expected = np.load(file.with_suffix(".npy"))
        np.testing.assert_allclose(loaded.transform(X), expected, rtol=1e-6, atol=1e-6)


def test_a_file_of_a_fit_with_missing_cells(holed, path):
    fitted = AutoencoderTransformer(2, hidden_layer_sizes=(8,), max_iter=1).fit(holed)
    fitted.to_numpy().save(path)
    codes = NumpyAutoencoder.load(path).transform(holed)
    np.testing.assert_array_equal(codes, fitted.to_numpy().transform(holed))
    with pytest.raises(ValueError, match="missing or infinite"):
        NumpyAutoencoder.load(path).transform(np.where(holed == 0, np.inf, holed))
    with pytest.raises(ValueError, match=r"codes has missing or infinite"):
        NumpyAutoencoder.load(path).inverse_transform([[np.nan, 0]])
    with pytest.raises(ValueError, match=r"up to 1e\+308, for which"):
        NumpyAutoencoder.load(path).reconstruct(np.where(holed == 1, 1e308, holed))


# -- what has no form in numpy -----------------------------------------------------


def linear(n_in, n_out):
    return torch.nn.Linear(n_in, n_out)


@pytest.mark.parametrize("name", ["encoder", "decoder"])
def test_networks_of_ones_own_are_refused(rows, name):
    own = AutoencoderTransformer(2, max_iter=1, **{name: linear}).fit(rows)
    told = rf"{name}=<function linear .*; expected {name}=None.* Use torch\.export"
    with pytest.raises(ValueError, match=told):
        own.to_numpy()


def test_before_a_fit():
    with pytest.raises(NotFittedError):
        AutoencoderTransformer(2).to_numpy()


# -- without torch -----------------------------------------------------------------

WITHOUT = """
    import sys
    for name in ("torch", "skorch", "sklearn", "scipy"):
        sys.modules[name] = None  # an import raises
    import pickle
    import numpy as np
    import sklearn_ae
    X = np.load("X.npy")
    with open("frozen.pkl", "rb") as file:
        frozen = pickle.load(file)
    loaded = sklearn_ae.NumpyAutoencoder.load("frozen.npz")
    for one in (frozen, loaded):
        np.testing.assert_array_equal(one.transform(X), np.load("codes.npy"))
        assert one.inverse_transform(one.transform(X)).shape == X.shape
"""


def test_pickle_and_file_are_used_where_there_is_no_torch(frozen, rows, tmp_path):
    np.save(tmp_path / "X.npy", rows)
    np.save(tmp_path / "codes.npy", frozen.transform(rows))
    (tmp_path / "frozen.pkl").write_bytes(pickle.dumps(frozen))
    frozen.save(tmp_path / "frozen.npz")
    command = [sys.executable, "-c", textwrap.dedent(WITHOUT)]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_a_pickle_holds_every_array_once(fitted, rows):
    frozen = fitted.to_numpy()
    before = pickle.dumps(frozen)
    frozen.transform(rows)
    frozen.transform(rows.astype(np.float32))
    assert pickle.dumps(frozen) == before


# -- files -------------------------------------------------------------------------


def test_a_file_gives_the_same(frozen, rows, path):
    assert frozen.save(path) is None
    loaded = NumpyAutoencoder.load(str(path))
    assert loaded.settings == frozen.settings
    for X in (rows, rows.astype(np.float32)):
        np.testing.assert_array_equal(loaded.reconstruct(X), frozen.reconstruct(X))


def test_a_file_has_the_name_that_was_given(frozen, tmp_path):
    frozen.save(tmp_path / "model")
    assert os.listdir(tmp_path) == ["model"]
    with pytest.raises(FileNotFoundError):
        NumpyAutoencoder.load(tmp_path / "other")


@pytest.mark.parametrize("cause", [OSError, KeyboardInterrupt])
def test_a_save_that_fails_leaves_the_old_file(frozen, path, monkeypatch, cause):
    path.write_bytes(b"old")

    def fail(*_, **__):
        raise cause

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(cause):
        frozen.save(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == [path.name]


def test_a_save_to_a_folder_that_is_missing(frozen, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        frozen.save(tmp_path / "missing" / "ae.npz")
    assert caught.value.__context__ is None  # not that of cleaning up


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_stays_a_link(frozen, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "ae.npz")
    frozen.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "ae.npz").stat().st_size > 0


def assert_refused(path, told="what cannot be read"):
    pattern = rf"(?s)ae\.npz'? has {told}.*; expected a file that .* Write it anew"
    with pytest.raises(ValueError, match=pattern):
        NumpyAutoencoder.load(path)


def test_a_file_that_was_cut_is_refused(frozen, path):
    frozen.save(path)
    whole = path.read_bytes()
    for n_bytes in [0, 1, 4, 100, *range(200, len(whole), 1500), len(whole) - 1]:
        path.write_bytes(whole[:n_bytes])
        assert_refused(path)


def test_a_changed_byte_is_refused_or_of_no_effect(frozen, path):
    frozen.save(path)
    whole, rng = path.read_bytes(), np.random.RandomState(0)
    for place in rng.randint(len(whole), size=150):
        changed = bytearray(whole)
        changed[place] ^= 1 + rng.randint(255)
        path.write_bytes(changed)
        try:
            loaded = NumpyAutoencoder.load(path)
        except ValueError:
            assert_refused(path)
        else:  # such as the time of writing
            for name, array in frozen.arrays.items():
                np.testing.assert_array_equal(loaded.arrays[name], array)


class Exploit:
    """Something whose pickle runs code when it is loaded."""

    def __reduce__(self):
        return pytest.fail, ("code was run",)


def test_no_code_in_a_file_is_run(frozen, path):
    path.write_bytes(pickle.dumps(Exploit()))
    assert_refused(path)
    bad = np.array(Exploit(), dtype=object)
    np.savez(path, settings=np.array(json.dumps(frozen.settings)), **frozen.arrays, a=bad)
    assert_refused(path)


def test_another_kind_of_file_is_refused(frozen, path):
    npy = io.BytesIO()
    np.save(npy, np.zeros(3))
    for write in (
        lambda: path.write_text("neither"),
        lambda: path.write_bytes(npy.getvalue()),
        lambda: np.savez(path, **frozen.arrays),
        lambda: np.savez(path, settings=np.zeros(2), **frozen.arrays),
        lambda: np.savez(path, settings=np.array("{"), **frozen.arrays),
    ):
        write()
        assert_refused(path)


def test_compressed_files_are_refused(path):
    # A small file could unpack to more than the memory.
    np.savez_compressed(path, settings=np.zeros(10**6))
    assert_refused(path, r"what cannot be read \(compressed parts\)")


@pytest.mark.parametrize("method", [8, 12, 14], ids=["deflate", "bzip2", "lzma"])
def test_what_unpacks_to_more_than_it_says_is_not_unpacked(path, method, monkeypatch):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("settings.npy", bz2.compress(bytes(10**6)))
    changed = bytearray(path.read_bytes())
    for mark, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        start = changed.index(mark) + place
        changed[start : start + 2] = method.to_bytes(2, "little")
    path.write_bytes(changed)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *how: pytest.fail("was read"))
    assert_refused(path, r"what cannot be read \(compressed parts\)")


def test_parts_that_say_they_are_larger_than_the_file_are_not_read(
    frozen, path, monkeypatch
):
    frozen.save(path)
    changed = bytearray(path.read_bytes())
    start = changed.index(b"PK\1\2") + 24
    changed[start : start + 4] = (2**31).to_bytes(4, "little")
    path.write_bytes(changed)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *how: pytest.fail("was read"))
    assert_refused(path, r"what cannot be read \(compressed parts\)")


def test_what_is_encrypted_is_not_read(frozen, path):
    frozen.save(path)
    changed = bytearray(path.read_bytes())
    changed[changed.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(changed)
    assert_refused(path, r"what cannot be read \(compressed parts\)")


WRONG_SETTINGS = [
    ({"more": 1}, "other settings"),
    ({"format": 2}, "format 2"),
    ({"n_components": 0}, "sizes that are no positive"),
    ({"n_features": True}, "sizes that are no positive"),
    ({"n_features": 64.0}, "sizes that are no positive"),
    ({"encoder_sizes": 8}, "sizes that are no positive"),
    ({"encoder_sizes": [8, -1]}, "sizes that are no positive"),
    ({"rank": -1}, "a rank that is none"),
    ({"rank": False}, "a rank that is none"),
    ({"rank": 2}, r"arrays that .* \(encoder\.0\.weight, fill\.loadings, fill\.mean"),
    ({"activation": "sin"}, "an unknown activation"),
    ({"code_activation": ["tanh"]}, "an unknown activation"),
    ({"output_activation": None}, "an unknown activation"),
    ({"linear_skip": 1}, "flags that are neither"),
    ({"linear_skip": False, "encoder_sizes": None}, "neither layers nor a skip"),
    ({"linear_skip": False}, "arrays that are missing"),
    ({"crosses_link": True}, "a link without an inverse"),
    ({"feature_names": ["a"]}, "names that are not one"),
    ({"feature_names": "a" * 64}, "names that are not one"),
    ({"feature_names": [["a"]] * 64}, "names that are not one"),
    ({"feature_names": ["a"] * 63 + [1]}, "names that are not one"),
    ({"feature_names": [True] * 64}, "names that are not one"),
    ({"n_features": 63}, "arrays that are missing"),
    ({"encoder_sizes": [9]}, "arrays that are missing"),
    ({"decoder_sizes": [8, 8]}, "arrays that are missing"),
]


@pytest.mark.parametrize(("change", "told"), WRONG_SETTINGS, ids=str)
def test_other_settings_are_refused(frozen, path, change, told):
    _format.write_file(path, {**frozen.settings, **change}, frozen.arrays)
    assert_refused(path, told)


def test_settings_that_are_none(frozen, path):
    _format.write_file(path, list(frozen.settings), frozen.arrays)
    assert_refused(path, "other settings")


def test_a_link_that_there_is_no_skip_for(rows, path):
    fitted = AutoencoderTransformer(
        2, hidden_layer_sizes=(4,), init="random", loss="bce", max_iter=1
    ).fit(rows)
    frozen = fitted.to_numpy()
    assert not frozen.settings["crosses_link"]
    _format.write_file(path, {**frozen.settings, "crosses_link": True}, frozen.arrays)
    assert_refused(path, "a link without an inverse")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"axes.bias": np.zeros(4)}, r"arrays that .* \(axes\.bias\)"),
        ({"more": np.zeros(4)}, r"arrays that .* \(more\)"),
        ({"axes.bias": np.zeros(3, dtype=int)}, "values in axes.bias"),
        ({"axes.bias": np.array(["a"] * 3)}, "values in axes.bias"),
        ({"axes.bias": np.array([0, 1, np.nan])}, "values in axes.bias"),
        ({"units_in.float32": np.ones((1, 64))}, "units that are not"),
        ({"units_out.float64": np.ones((4, 64))}, "units that are not"),
        ({"units_out.float64": np.ones(64)}, r"arrays that .* \(units_out"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_other_arrays_are_refused(frozen, path, change, told):
    _format.write_file(path, frozen.settings, {**frozen.arrays, **change})
    assert_refused(path, told)
    with pytest.raises(
        ValueError, match=f"settings and arrays have {told}.* expected .* Make"
    ):
        NumpyAutoencoder(frozen.settings, {**frozen.arrays, **change})


def test_parts_of_the_package_are_imported_by_threads_at_once():
    program = """
        import sklearn_ae, threading
        faults, barrier = [], threading.Barrier(2)
        def get(name):
            barrier.wait()
            try:
                getattr(sklearn_ae, name)
            except ImportError as error:
                faults.append(error)
        names = "AutoencoderTransformer", "VariationalAutoencoder"
        threads = [threading.Thread(target=get, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults, faults
        assert "nn" in dir(sklearn_ae) and "load" in dir(sklearn_ae)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    subprocess.run(command, check=True, timeout=120)


def test_values_of_one_hash_are_counted():
    same = [i * (2**61 - 1) for i in range(5)]  # Python's modulus for hashes
    assert n_collisions([*same, 1, "a", -1, -2]) == 5
    nan = float("nan")
    assert n_collisions([nan, nan, [1], [2], {}, "a", "a", 1, 1.0, True]) == 0
