"""A file of ``save`` holds all of a fit and no code; no file does more than ValueError."""

import builtins
import errno
import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import textwrap
import time
import warnings
from decimal import Decimal
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from estimators import Watching
from sklearn import config_context
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_ae
from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    NumpyAutoencoder,
    VariationalAutoencoder,
    load,
)
from sklearn_ae._export import _file
from sklearn_ae._plain import NotPlainError, from_plain, to_plain

safetensors = pytest.importorskip("safetensors")
pytest.importorskip("safetensors.numpy")

STORED = Path(__file__).parent / "files"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def saved(estimator, path):
    estimator.save(path)
    return load(path)


def assert_same(loaded, fitted, X):
    """Compare what two estimators are and give."""
    assert type(loaded) is type(fitted)
    assert vars(loaded).keys() == vars(fitted).keys()
    for name, value in fitted.get_params().items():
        found = getattr(loaded, name)
        assert type(found) is type(value), name
        if not isinstance(value, np.random.RandomState):
            np.testing.assert_equal(found, value, err_msg=name)
    for name in ("transform", "reconstruct", "score_samples", "column_scores"):
        found, expected = (np.asarray(getattr(one, name)(X)) for one in (loaded, fitted))
        np.testing.assert_equal(found, expected, err_msg=name)
    new, same = (one.sample(5, random_state=0) for one in (loaded, fitted))
    np.testing.assert_equal(np.asarray(new), np.asarray(same))
    for name in (
        "loss_curve_",
        "validation_scores_",
        "explained_variance_ratio_",
        "n_iter_",
    ):
        np.testing.assert_equal(getattr(loaded, name), getattr(fitted, name))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": [8], "batch_size": np.int64(64), "whiten": True},
        {"sampler": "gmm", "scaling": None, "early_stopping": False},
        {"loss": "bce", "init": "random", "code_activation": "tanh"},
        {"solver": torch.optim.RMSprop, "loss": "huber"},
        {"n_components": 0.6, "random_state": np.random.RandomState(3)},
        {"categorical_features": np.array([False] * 64)},
    ],
    ids="-".join,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_of_a_fit_comes_back(params, dtype, quick, digit_rows, path):
    X = digit_rows[:150].astype(dtype)
    fitted = quick(**params).fit(X)
    loaded = saved(fitted, path)
    assert_same(loaded, fitted, X)
    assert_same(saved(loaded, path), fitted, X)


@pytest.mark.parametrize("kind", [AutoencoderTransformer, DenoisingAutoencoder])
def test_nested_codes(kind, digit_rows, path):
    fitted = kind(4, ordered=True, max_iter=2, random_state=0).fit(digit_rows[:100])
    loaded = saved(fitted, path)
    assert_same(loaded, fitted, digit_rows)
    np.testing.assert_array_equal(
        loaded.truncate(2).transform(digit_rows), fitted.truncate(2).transform(digit_rows)
    )


def test_a_random_state_goes_on_where_it_was(digit_rows, path):
    fitted = AutoencoderTransformer(2, max_iter=1, random_state=np.random.RandomState(3))
    loaded = saved(fitted.fit(digit_rows), path)
    assert loaded.random_state.randint(10**6) == fitted.random_state.randint(10**6)


def mixed_frame(pd, n_rows=80):
    rng = np.random.RandomState(0)
    u, v = rng.normal(size=(2, n_rows))
    text = np.array(["a", "b", "c"])[np.digitize(u, [-0.5, 0.5])]
    grades = pd.CategoricalDtype(["low", "middle", "never"], ordered=True)
    return pd.DataFrame(
        {
            "number": u,
            "small": v.astype(np.float32),
            "count": pd.array(np.rint(9 * v), dtype="Int64"),
            "text": pd.array(text, dtype="str"),
            "string": pd.array(text, dtype="string"),
            "grade": pd.Categorical.from_codes((v > 0).astype(int), dtype=grades),
            "year": pd.Categorical(np.where(u > 0, 2001, 2002)),
            "flag": u > v,
            "maybe": pd.array(u > 0, dtype="boolean"),
            "object": np.where(v > 0, "x", None),
            "price": [Decimal(repr(x)) for x in v.round(3).tolist()],
            "arrow": pd.array(np.rint(u), dtype="int32[pyarrow]"),
            "sparse": pd.arrays.SparseArray(np.maximum(u, 0)),
            "gone": np.full(n_rows, None),
        },
        index=np.arange(n_rows) + 5,
    )


def test_frames_of_pandas(quick, path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    df = mixed_frame(pd)
    df = df.mask(np.random.RandomState(1).rand(*df.shape) < 0.1)
    fitted = quick().fit(df)
    loaded = saved(fitted, path)
    assert_same(loaded, fitted, df)
    for name in ("reconstruct", "impute"):
        expected, found = getattr(fitted, name)(df), getattr(loaded, name)(df)
        pd.testing.assert_frame_equal(found, expected)
    assert list(loaded.feature_names_in_) == list(df.columns)


@pytest.mark.parametrize("backend", ["pyarrow", "numpy_nullable"])
def test_frames_of_either_backend(backend, quick, path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    df = mixed_frame(pd)[["number", "count", "text", "flag"]]
    df = df.astype({"text": object}).mask(np.random.RandomState(1).rand(80, 4) < 0.1)
    df = df.convert_dtypes(dtype_backend=backend)
    name = "ArrowDtype" if backend == "pyarrow" else "StringDtype"
    assert type(df["text"].dtype).__name__ == name
    fitted = quick().fit(df)
    loaded = saved(fitted, path)
    assert_same(loaded, fitted, df)
    found = loaded.reconstruct(df)
    pd.testing.assert_frame_equal(found, fitted.reconstruct(df))
    assert [*map(type, found.dtypes)] == [*map(type, df.dtypes)]


def test_labels_of_several_levels(quick, digit_rows, path):
    pd = pytest.importorskip("pandas")
    letters = pd.CategoricalIndex(["a", "b"], ordered=True)
    columns = pd.MultiIndex.from_product([letters, [1, 2]], names=["letter", None])
    df = pd.DataFrame(digit_rows[:60, 20:24] > 0.5, columns=columns)
    fitted = quick().fit(df)
    found = saved(fitted, path).reconstruct(df)
    pd.testing.assert_frame_equal(found, fitted.reconstruct(df))


def test_frames_of_polars(quick, path):
    pl = pytest.importorskip("polars")
    rng = np.random.RandomState(0)
    kinds = {"grade": pl.Enum(["low", "high", "never"]), "price": pl.Decimal(10, 2)}
    df = pl.DataFrame(
        {
            "number": rng.normal(size=60),
            "count": rng.randint(9, size=60),
            "text": rng.choice(["a", "b"], 60),
            "grade": rng.choice(["low", "high"], 60),
            "flag": rng.rand(60) > 0.5,
            "price": rng.randint(100, size=60),
        },
        schema_overrides={"grade": kinds["grade"]},
    ).with_columns(
        pl.col("price").cast(kinds["price"]), pl.col("text").cast(pl.Categorical)
    )
    fitted = quick().fit(df)
    loaded = saved(fitted, path)
    assert loaded.reconstruct(df).equals(fitted.reconstruct(df))
    assert loaded.reconstruct(df).schema == fitted.reconstruct(df).schema


def test_a_dtype_without_a_plain_form_is_named(path):
    pd = pytest.importorskip("pandas")
    columns = pd.Index([pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02")])
    df = pd.DataFrame(np.random.RandomState(0).rand(20, 2) > 0.5, columns=columns)
    fitted = AutoencoderTransformer(1, max_iter=1).fit(df)
    with pytest.raises(ValueError, match=r"the table of the fit holds .*2020.*; expected"):
        fitted.save(path)
    assert not path.exists()


def test_the_output_that_was_set(quick, digit_rows, path):
    pd = pytest.importorskip("pandas")
    fitted = quick().set_output(transform="pandas").fit(digit_rows)
    pd.testing.assert_frame_equal(
        saved(fitted, path).transform(digit_rows), fitted.transform(digit_rows)
    )


def test_a_loaded_fit_goes_on(quick, digit_rows, path):
    loaded = saved(quick().partial_fit(digit_rows[:60]), path)
    loaded.partial_fit(digit_rows[60:120])
    assert loaded.n_samples_ == 120
    warm = saved(quick(warm_start=True).fit(digit_rows), path).fit(digit_rows)
    assert np.isfinite(warm.transform(digit_rows)).all()


def test_code_is_refused_by_name_and_callbacks_are_left_out(quick, digit_rows, path):
    for params, name in (
        ({"loss": torch.nn.SmoothL1Loss()}, "loss"),
        ({"encoder": torch.nn.Linear}, "encoder"),
        ({"solver": type("Mine", (torch.optim.SGD,), {})}, "solver"),
    ):
        fitted = quick(**params).fit(digit_rows[:60])
        with pytest.raises(ValueError, match=rf"^{name}=.* is code.*Use joblib\.dump"):
            fitted.save(path)
        assert not path.exists()
    fitted = DenoisingAutoencoder(2, noise=lambda x, generator: x, max_iter=1)
    with pytest.raises(ValueError, match=r"^noise=.* is code"):
        fitted.fit(digit_rows[:60]).save(path)
    fitted = quick(callbacks=[Watching()]).fit(digit_rows[:60])
    with pytest.warns(UserWarning, match="callbacks=.* left out"):
        fitted.save(path)
    assert load(path).callbacks is None
    assert fitted.callbacks is not None


def test_numpy_scalars_are_parameters_too(digit_rows, path):
    """As a grid of an array has them."""
    X = digit_rows[:60]
    for name, value in (
        ("n_components", np.int64(2)),
        ("whiten", np.bool_(True)),
        ("activation", np.str_("relu")),
        ("loss", np.str_("mae")),
        ("sampler", np.str_("gmm")),
        ("tol", np.float32(0.001)),
    ):
        options = {"n_components": 2, "hidden_layer_sizes": (4,), "max_iter": 1}
        fitted = AutoencoderTransformer(**options | {name: value}).fit(X)
        loaded = saved(fitted, path)
        assert getattr(loaded, name) == value
        np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
    vae = VariationalAutoencoder(2, kl_warmup=np.int64(1), max_iter=1).fit(X)
    np.testing.assert_array_equal(saved(vae, path).transform(X), vae.transform(X))


def test_memory_maps_are_arrays(quick, digit_rows, path, tmp_path):
    """Whose views have addresses that others get after them."""
    fitted = quick().fit(digit_rows)
    joblib.dump(fitted, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    np.testing.assert_array_equal(
        saved(mapped, path).transform(digit_rows), fitted.transform(digit_rows)
    )


def test_requests_for_metadata_come_back(quick, digit_rows, path):
    with config_context(enable_metadata_routing=True):
        fitted = quick().set_fit_request(sample_weight=True).fit(digit_rows)
        routing = saved(fitted, path).get_metadata_routing()
        assert routing.fit.requests == fitted.get_metadata_routing().fit.requests
        assert routing.fit.requests["sample_weight"] is True


class Inherits(AutoencoderTransformer):
    """A class of the user's."""


def test_what_could_not_be_loaded_is_not_saved(digit_rows, path):
    pd = pytest.importorskip("pandas")
    X = digit_rows[:60]
    other = np.random.RandomState(np.random.PCG64(0))
    nested: list = []
    nested.append(nested)
    tuples = pd.DataFrame({"a": pd.Categorical([(1, 2), (3, 4)] * 30), "b": range(60)})
    for fitted, name in (
        (Inherits(2, max_iter=1).fit(X), "a class of your own"),
        (AutoencoderTransformer(2, max_iter=1).fit(X).set_params(max_iter=-5), "max_iter"),
        (AutoencoderTransformer(2, max_iter=1, random_state=other).fit(X), "random_state="),
        (AutoencoderTransformer(1, max_iter=1).fit(X).set_params(tol=nested), "tol="),
        (AutoencoderTransformer(1, max_iter=1).fit(tuples), "cannot be saved"),
    ):
        with pytest.raises(ValueError, match=rf"{name}.*; expected .*joblib\.dump"):
            fitted.save(path)
        assert not path.exists()


def test_what_is_not_fitted_cannot_be_saved(quick, path):
    with pytest.raises(NotFittedError):
        quick().save(path)
    assert not path.exists()


def test_without_safetensors_the_error_says_what_to_install(quick, bent, path, monkeypatch):
    fitted = quick().fit(bent)
    fitted.save(path)
    kept = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("safetensors"):
            raise ImportError(name)
        return kept(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for function in (fitted.save, load):
        with pytest.raises(ImportError, match="pip install safetensors"):
            function(path)


# -- files as they are written -------------------------------------------------------


def test_a_file_replaces_the_old_one_at_once(quick, bent, path, monkeypatch):
    first, second = quick().fit(bent), quick(random_state=1).fit(bent)
    first.save(path)
    before = path.read_bytes()
    for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):

        def fail(*args, error=error):
            raise error

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises((OSError, KeyboardInterrupt)):
            second.save(path)
        monkeypatch.undo()
        assert path.read_bytes() == before
        assert os.listdir(path.parent) == [path.name]
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    second.save(path)
    np.testing.assert_array_equal(load(path).transform(bent), second.transform(bent))


@pytest.mark.skipif(os.name != "posix", reason="kills by a signal")
def test_a_process_that_is_killed_leaves_the_old_file(bent, path):
    fitted = AutoencoderTransformer(2, max_iter=1).fit(bent)
    fitted.save(path)
    fitted_path = path.with_suffix(".pkl")
    fitted_path.write_bytes(pickle.dumps(fitted))
    program = f"""
        import pickle
        from pathlib import Path
        fitted = pickle.loads(Path({str(fitted_path)!r}).read_bytes())
        print("ready", flush=True)
        while True:
            fitted.save({str(path)!r})
    """
    program = textwrap.dedent(program)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        run.stdout.readline()
        for _ in range(20):
            time.sleep(0.01)
            np.testing.assert_array_equal(
                load(path).transform(bent), fitted.transform(bent)
            )
        run.send_signal(signal.SIGKILL)
        run.wait(timeout=30)
    np.testing.assert_array_equal(load(path).transform(bent), fitted.transform(bent))


@pytest.mark.parametrize("what", ["estimator", "arrays"])
def test_errors_name_the_path_that_was_given(what, bent, tmp_path, monkeypatch):
    ae = AutoencoderTransformer(2, max_iter=1).fit(bent)
    ae = ae if what == "estimator" else ae.to_numpy()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    for given in ("missing/model", tmp_path / "missing" / "model", "file/model"):
        with pytest.raises((FileNotFoundError, NotADirectoryError)) as caught:
            ae.save(given)
        assert str(caught.value).endswith(f": {str(given)!r}")

    def refuse(old, new):
        raise OSError(errno.EBUSY, "busy", old, None, new)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match=r"busy: 'model'$"):
        ae.save("model")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("what", ["estimator", "arrays"])
def test_links_modes_and_places(what, bent, tmp_path, monkeypatch):
    fitted = AutoencoderTransformer(2, max_iter=1).fit(bent)
    ae = fitted if what == "estimator" else fitted.to_numpy()
    read = load if what == "estimator" else NumpyAutoencoder.load
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    for mode in (0o600, 0o666):  # of which a new file would not have the last bits
        real.chmod(mode)
        ae.save(link)
        assert link.is_symlink()
        assert real.stat().st_mode & 0o777 == mode
    before = real.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *args: False)  # root may write to any file
        with pytest.raises(PermissionError):
            ae.save(link)
    assert real.read_bytes() == before
    expected = fitted.transform(bent)
    np.testing.assert_allclose(read(os.fsencode(link)).transform(bent), expected)
    ae.save(os.fsencode(tmp_path / ("x" * 250)))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for wrong in (tmp_path, pipe, f"{real}/"):
        for function in (ae.save, read):
            with pytest.raises((ValueError, NotADirectoryError)):
                function(wrong)
    with pytest.raises(FileNotFoundError):
        ae.save(tmp_path / "missing" / "file")
    assert len(list(tmp_path.iterdir())) == 4


def test_stored_files_of_every_format_load():
    files = sorted(STORED.glob("format_*.safetensors"))
    assert {file.stem.rsplit("_", 1)[0] for file in files} == {"format_1"}
    for file in files:
        loaded = load(file)
        expected = np.load(file.with_suffix(".npy"))
        X = np.linspace(0, 1, 4 * loaded.n_features_in_).reshape(4, -1)
        if loaded._table is not None:
            X = loaded._table.write(np.zeros((4, loaded.n_features_in_)))
        np.testing.assert_allclose(loaded.transform(X), expected, rtol=1e-6, atol=1e-6)


def test_another_version_warns_and_a_newer_format_is_refused(quick, bent, path):
    quick().fit(bent).save(path)
    change(path, lambda header: header.update(version="0.0.1"))
    with pytest.warns(UserWarning, match=r"saved with sklearn_ae version 0\.0\.1"):
        load(path)
    change(path, lambda header: header.update(format=2, version="9.0"))
    with pytest.raises(ValueError, match=r"format 2, written by sklearn_ae 9\.0.*Install"):
        load(path)


def test_a_file_in_a_pipeline(digit_rows, path):
    pipeline = make_pipeline(
        StandardScaler(), AutoencoderTransformer(2, max_iter=1, random_state=0)
    ).fit(digit_rows)
    pipeline[-1].save(path)
    other = make_pipeline(pipeline[0], load(path))
    np.testing.assert_array_equal(
        other.transform(digit_rows), pipeline.transform(digit_rows)
    )


# -- files of an enemy ---------------------------------------------------------------


def change(path, how):
    """Change the header of a file."""
    raw = path.read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    whole = json.loads(raw[8 : 8 + size])
    header = json.loads(whole["__metadata__"]["sklearn_ae"])
    header = how(header) or header
    about, rest = json.dumps(header), raw[8 + size :]
    # As an enemy would, who knows how the checksum is made.
    tensors = safetensors.numpy.load(struct.pack("<Q", size) + raw[8 : 8 + size] + rest)
    whole["__metadata__"] = {"sklearn_ae": about, "sha256": _file._digest(about, tensors)}
    text = json.dumps(whole).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + rest)


def places(plain, path=()):
    """Yield where all values stand in lists and dictionaries."""
    inner = enumerate(plain) if isinstance(plain, list) else ()
    for key, value in plain.items() if isinstance(plain, dict) else inner:
        yield (*path, key)
        yield from places(value, (*path, key))


LIES = [
    *(None, True, -1, 0, 1, 10**6, 2**40, 10**400, 0.5, float("nan"), "", "x", "mse"),
    *([], [1, 2], {}, {"$": "nothing"}, {"$": "tuple", "items": [10**9]}),
    *({"$": "array", "name": "array 1"}, {"$": "dtype", "name": "V99999999"}),
    *({"$": "type", "name": "eval"}, {"$": "optimizer", "name": "lr_scheduler"}),
    *({"$": "pandas dtype", "name": "__import__('os')"}, {"$": "Fitted", "state": {}}),
    {"$": "pandas range", "ends": {"$": "tuple", "items": [0, 10**9, 1]}, "name": None},
]

N_LIES = int(os.environ.get("HOSTILE_FILES", "300"))


@pytest.mark.parametrize("kind", ["numbers", "table"])
def test_lying_headers(kind, path, digit_rows):
    X = digit_rows[:60, 20:26]
    if kind == "table":
        X = mixed_frame(pytest.importorskip("pandas"))[["number", "text", "grade", "flag"]]
    fitted = AutoencoderTransformer(
        2, hidden_layer_sizes=(4,), max_iter=2, random_state=0
    ).fit(X)
    fitted.save(path)
    good = path.read_bytes()
    (size,) = struct.unpack("<Q", good[:8])
    header = json.loads(json.loads(good[8 : 8 + size])["__metadata__"]["sklearn_ae"])
    everywhere, rng = [*places(header)], np.random.RandomState(0)
    for i in range(N_LIES):
        place = everywhere[rng.randint(len(everywhere))]
        lie = LIES[i % len(LIES)]

        def tell(header, place=place, lie=lie):
            for key in place[:-1]:
                header = header[key]
            header[place[-1]] = lie

        path.write_bytes(good)
        change(path, tell)
        check_harmless(path, X, (place, lie))


def check_harmless(path, X, what):
    """Load a file and use what it gives: nothing but ValueError may come."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another version
            loaded = load(path)
        loaded.transform(X)
        loaded.sample(2, random_state=0)
        loaded.score(X)
    except ValueError:
        pass
    except Exception as error:
        raise AssertionError(what) from error


def test_damaged_files(path, digit_rows):
    X = digit_rows[:60, 20:26]
    AutoencoderTransformer(2, hidden_layer_sizes=(4,), max_iter=2).fit(X).save(path)
    good, rng = path.read_bytes(), np.random.RandomState(0)
    for i in range(N_LIES):
        bad = bytearray(good)
        if i % 3 == 0:
            del bad[rng.randint(len(bad)) :]
        elif i % 3 == 1:
            for place in rng.randint(len(bad), size=1 + i % 4):
                bad[place] ^= 1 << rng.randint(8)
        else:
            start = rng.randint(len(bad))
            bad[start:start] = rng.bytes(1 + i % 50)
        path.write_bytes(bad)
        check_harmless(path, X, i)


def test_deep_headers_and_wrong_files(path, quick, bent, tmp_path):
    fitted = quick().fit(bent)
    fitted.save(path)
    deep = "[" * 150 + "]" * 150
    change(path, lambda header: header.update(others=json.loads(deep)))
    with pytest.raises(ValueError, match="nested too deeply"):
        load(path)
    others = tmp_path / "other"
    for content in (b"", b"\x80\x04", pickle.dumps(fitted), struct.pack("<Q", 2**62)):
        others.write_bytes(content)
        with pytest.raises(
            ValueError, match=r"cannot be loaded .*; expected .*Save it again"
        ):
            load(others)
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(2)}, others)
    with pytest.raises(ValueError, match="its header has no 'sklearn_ae'"):
        load(others)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing")
    with pytest.raises(ValueError, match="no regular file"):
        load(tmp_path)


def test_a_changed_bit_is_seen(path, digit_rows):
    AutoencoderTransformer(2, hidden_layer_sizes=(4,), max_iter=2).fit(digit_rows).save(
        path
    )
    good, rng = path.read_bytes(), np.random.RandomState(0)
    for place in rng.randint(len(good) // 2, len(good), size=20):
        bad = bytearray(good)
        bad[place] ^= 1 << rng.randint(8)
        path.write_bytes(bad)
        with pytest.raises(ValueError, match="checksum"):
            load(path)


def test_hostile_values_that_took_memory_time_or_the_process(path, digit_rows):
    fitted = AutoencoderTransformer(2, hidden_layer_sizes=(4,), max_iter=1)
    fitted.set_params(random_state=np.random.RandomState(0)).fit(digit_rows).save(path)
    good = path.read_bytes()
    labels = {"$": "pandas range", "name": None}
    labels["ends"] = {"$": "tuple", "items": [0, 2**20, 1]}
    plain = {"$": "dtype", "name": "O"}
    for lie in (
        {"$": "pandas levels", "items": [labels] * 2, "names": None},
        {"$": "pandas labels", "items": labels, "dtype": plain, "name": None},
        {"$": "texts", "items": ["x" * 10**5] + [""] * 20_000},
        *({"rest": [place, 0, 0.0]} for place in (-5, 625, 10**9)),
        {"rest": [3, 7, 0.0]},
        {"key": {"$": "array", "name": "array 1"}},
    ):
        path.write_bytes(good)

        def tell(header, lie=lie):
            if "$" in lie:
                header["parameters"]["encoder"] = lie
            else:
                header["parameters"]["random_state"] |= lie

        change(path, tell)
        with pytest.raises(ValueError, match="cannot be loaded"):
            load(path)
    path.write_bytes(good)
    change(path, lambda header: header.update(version="\x1b[2J" * 100))
    with pytest.raises(ValueError, match="its version is none"):
        load(path)


def tuple_of(*items):
    return {"$": "tuple", "items": [*items]}


def labels_of(n):
    return {"$": "pandas range", "ends": tuple_of(0, n, 1), "name": None}


STATE, OTHERS = ("fitted", "state"), ("others", "items")
LAYERS = (*STATE, "architecture", "state")
ARRAYS = (*STATE, "arrays", "items")
NOTHING = object()  # what stands at the place is taken out
FAULTS = [
    (OTHERS, "transform", 3, "no attributes but"),
    ((*OTHERS, "_sklearn_output_config"), "items", {"other": "pandas"}, "an output"),
    (
        (*OTHERS, "_sklearn_output_config"),
        "items",
        {"transform": "x"},
        "a library of frames",
    ),
    (OTHERS, "n_features_in_", 1, "as many features"),
    (OTHERS, "feature_names_in_", {"$": "objects", "items": ["a"]}, "a name for each"),
    (LAYERS, "n_components", -1, "sizes"),
    (LAYERS, "encoder", "code", "Architecture.encoder is of type str"),
    (ARRAYS, "axes.weight", "encoder.skip.weight", "square axes"),
    (ARRAYS, "encoder.layers.0.bias", NOTHING, "all weights of the network"),
    ((*STATE, "columns", "state"), "kind", [1], "scaling"),
    ((*STATE, "density", "state"), "mean_", "x", "a density"),
    ((*STATE, "density", "state"), "covariance_", "axes.bias", "LinAlgError"),
    (STATE, "loss_curve", ["x"], "Fitted.loss_curve is of type list"),
    ((*OTHERS, "_table", "state"), "n_levels", tuple_of(0, 9), "the levels of each column"),
    (OTHERS, "_table", None, "no levels without a table"),
    (("parameters",), "solver", {"$": "optimizer", "name": "lr_scheduler"}, "KeyError"),
    (("parameters",), "solver", {"$": "polars dtype", "name": "DataFrame"}, "KeyError"),
    (("requests",), "clone", {}, "KeyError: 'clone'"),
    (("parameters",), "encoder", labels_of(2**21), "2097152 labels"),
    (
        ("parameters",),
        "encoder",
        {"$": "pandas labels", "items": labels_of(2), "dtype": None, "name": None},
        "labels are RangeIndex",
    ),
]


@pytest.fixture(scope="module")
def file_of_a_table(tmp_path_factory):
    """The bytes of a file."""
    pd = pytest.importorskip("pandas")
    fitted = AutoencoderTransformer(1, hidden_layer_sizes=(4,), random_state=0)
    fitted.set_output(transform="default").fit(mixed_frame(pd)[["number", "text"]])
    path = tmp_path_factory.mktemp("table") / "model.safetensors"
    fitted.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[1]} {fault[3]}")
def test_each_fault_is_found_for_what_it_is(fault, path, file_of_a_table):
    pytest.importorskip("polars")
    path.write_bytes(file_of_a_table)
    place, name, lie, told = fault

    def tell(header):
        arrays = header["fitted"]["state"]["arrays"]["items"]
        for key in place:
            header = header[key]
        if lie is NOTHING:
            del header[name]
        else:
            header[name] = arrays.get(lie, lie) if isinstance(lie, str) else lie

    change(path, tell)
    with pytest.raises(ValueError, match=told):
        load(path)


def test_levels_stay_where_they_are(path):
    """A network looks them up by their index."""
    pd = pytest.importorskip("pandas")
    df = mixed_frame(pd)[["number", "text"]]
    AutoencoderTransformer(1, hidden_layer_sizes=(4,), max_iter=1).fit(df).save(path)
    good = path.read_bytes()
    ones = {"$": "objects", "items": [0.0, -1.0]}
    for name, lie in (("offset_", -1), ("offset_", ones), ("scale_", 0.5)):
        path.write_bytes(good)

        def tell(header, name=name, lie=lie):
            header["fitted"]["state"]["columns"]["state"][name] = lie

        change(path, tell)
        with pytest.raises(ValueError, match=r"expected (a number|indices|scaling)"):
            load(path)


@pytest.mark.parametrize("kind", ["objects", "pandas labels"])
def test_numbers_of_the_same_hash_take_no_long_time(kind, path, file_of_a_table):
    path.write_bytes(file_of_a_table)
    lie = {"$": kind, "items": [(2**61 - 1) * i for i in range(50_000)]}
    if kind == "pandas labels":
        lie |= {"dtype": {"$": "dtype", "name": "|O"}, "name": None}
        lie = {"$": "pandas categories", "labels": lie, "ordered": False}
    change(path, lambda header: header["parameters"].update(encoder=lie))
    with pytest.raises(ValueError, match="values have the hash of another"):
        load(path)


def test_sizes_are_checked_before_memory_is_taken(path, digit_rows):
    """Also where a fit stayed linear, whose hidden layers are not stored."""
    fitted = AutoencoderTransformer(2, hidden_layer_sizes=(4,), max_iter=1, random_state=0)
    fitted.fit(digit_rows[:60]).save(path)
    good = path.read_bytes()
    many = {"$": "tuple", "items": [2] * 10**5}
    for name, lie in (
        ("hidden_layer_sizes", {"$": "tuple", "items": [10**6] * 2}),
        ("hidden_layer_sizes", many),
        ("n_components", 10**5),
        ("n_features", 10**9),
    ):
        path.write_bytes(good)

        def tell(header, name=name, lie=lie):
            header["fitted"]["state"]["architecture"]["state"][name] = lie
            header["fitted"]["state"]["stays_linear"] = True

        change(path, tell)
        with pytest.raises(ValueError, match="expected"):
            load(path)


@pytest.mark.parametrize(
    ("place", "lie", "told"),
    [
        ("_columns", {"$": "texts", "items": ["x" * 10**4] + [""] * 10**4}, "far longer"),
        ("_columns", {"$": "scalar", "dtype": "V8", "value": 10**8}, "no number has"),
        ("_columns", {"$": "dtype", "name": "S99999999"}, "cells of 99999999 bytes"),
        ("_columns", {"$": "dtype", "name": "<U99999999"}, "cells of 399999996 bytes"),
        *[
            ("_columns", {"$": "pandas dtype", "name": name}, f"'{name}' is no dtype of")
            for name in ("S99999999", "U99999999", "V99999999", "int64")
        ],
        (
            "_columns",
            {"$": "pandas labels", "items": ["a"], "dtype": "S99999999", "name": None},
            "the dtype of labels is the text",
        ),
        ("dtype", "S99999999", "expected dtypes"),
        ("rank", 10**5, "expected a factor for each column"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_small_file_cannot_ask_for_a_large_memory(place, lie, told, path):
    df = mixed_frame(pytest.importorskip("pandas"))[["number", "text", "flag"]]
    df = df.mask(np.random.RandomState(1).rand(*df.shape) < 0.1)
    AutoencoderTransformer(1, hidden_layer_sizes=(4,), max_iter=1).fit(df).save(path)

    def tell(header):
        table = header["others"]["items"]["_table"]["state"]
        layout = header["fitted"]["state"]["architecture"]["state"]["table"]["state"]
        column = table["_columns"][1]["state"]
        {"rank": layout, "dtype": column}.get(place, table)[place] = lie

    change(path, tell)
    with pytest.raises(ValueError, match=told):
        load(path)


def test_a_density_is_of_as_many_codes_as_there_are(digit_rows, path):
    fitted = VariationalAutoencoder(2, hidden_layer_sizes=(4,), max_iter=1)
    fitted.fit(digit_rows[:60]).save(path)

    def tell(header):
        density = header["fitted"]["state"]["density"]["state"]
        assert density["n_components_"] == 2
        density["n_components_"] = 10**5

    change(path, tell)
    with pytest.raises(ValueError, match="expected a density of its codes"):
        load(path)


def test_texts_of_very_different_length_come_back():
    texts = np.array(["x" * 10**4] + [""] * 200)
    plain = json.loads(json.dumps(to_plain(texts, None)))
    assert plain["$"] == "objects"  # which takes no more memory than the texts
    np.testing.assert_array_equal(from_plain(plain, None).astype(str), texts)


def test_plain_values_come_back():
    values = [None, True, 3, 2.5, float("inf"), "x", (1, (2,)), {"a": [1]}, Decimal("1.50")]
    values += [np.float32(0.1), np.dtype("int8"), int, Decimal, np.array(["a", "b"])]
    kept = []

    def keep(array):
        kept.append(array)
        return {"$": "array", "name": len(kept) - 1}

    values.append(np.arange(3))
    values.append(np.array(["a", 1, (2, 3)], dtype=object))
    plain = json.loads(json.dumps(to_plain(values, keep)))
    back = from_plain(plain, lambda part: kept[part["name"]])
    assert [type(x) for x in back] == [type(x) for x in values]
    np.testing.assert_equal(back, values)
    for value in (lambda: 0, sklearn_ae, np.longdouble(1), {1: 2}, object()):
        with pytest.raises(NotPlainError):
            to_plain(value, keep)
