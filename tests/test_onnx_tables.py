"""ONNX of tables with missing cells and categories gives what the estimator does."""

import numpy as np
import pytest
from mixed import as_polars, many_levels, mixed_frame
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder, register_onnx
from sklearn_ae._export import _graph_holes

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
pandas = pytest.importorskip("pandas")

FAR = {"max_iter": 8, "learning_rate_init": 0.05, "early_stopping": False}
NAMES = ["size", "rooms", "kind", "garden", "floor", "id", "stars", "share"]
MISSING = {"tensor(string)": "", "tensor(int64)": -9, "tensor(float)": np.nan}
DTYPES = {"tensor(string)": object, "tensor(int64)": np.int64, "tensor(float)": np.float32}


@pytest.fixture(scope="module")
def houses():
    df = mixed_frame(pandas)
    df["kind"] = df["kind"].replace("", "room")
    return df


@pytest.fixture(scope="module")
def holed(digits):
    """Ten pixels of 120 digits without a seventh of their cells, in float32."""
    X = digits[0][:120, 20:30].astype(np.float32)
    X[np.random.RandomState(0).rand(*X.shape) < 1 / 7] = np.nan
    X[-1] = np.nan
    return X


def session_of(model):
    onnx.checker.check_model(model, full_check=True)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(model.SerializeToString(), options)


def columns_for(session, df):
    """Return the columns of a frame as the model takes them."""
    given = {}
    for end, name in zip(session.get_inputs(), df.columns, strict=True):
        assert end.shape == ["n_samples", 1]
        hole = MISSING.get(end.type)
        cells = [[hole if pandas.isna(cell) else cell] for cell in df[name]]
        given[end.name] = np.array(cells, dtype=DTYPES.get(end.type, bool))
    return given


def assert_codes_agree(fitted, df):
    session, expected = session_of(fitted.to_onnx()), fitted.transform(df)
    (codes,) = session.run(None, columns_for(session, df))
    assert codes.dtype == np.float32
    np.testing.assert_allclose(codes, expected, rtol=0, atol=1e-5)


def assert_columns_agree(found, expected):
    """Check a list of columns against a frame."""
    for column, name in zip(found, expected.columns, strict=True):
        assert column.shape == (len(expected), 1)
        theirs = expected[name]
        if column.dtype == np.float32:
            theirs = theirs.to_numpy(np.float64, na_value=np.nan)
            limit = 1e-5 * max(1, np.nanmax(np.abs(theirs), initial=0))
            np.testing.assert_allclose(column[:, 0], theirs, rtol=0, atol=limit)
        else:
            assert column[:, 0].tolist() == theirs.tolist()


# -- missing cells -----------------------------------------------------------------


@pytest.mark.parametrize("params", [{}, {"init": "random"}, {"whiten": True}], ids=str)
def test_missing_cells_of_numbers(quick, holed, params):
    fitted = quick(2, **FAR, **params).fit(holed)
    for part, method in {"encode": "transform", "reconstruct": "reconstruct"}.items():
        session, expected = session_of(fitted.to_onnx(part)), getattr(fitted, method)(holed)
        for X, wanted in (
            (holed, expected),
            (holed[:1], expected[:1]),
            (holed[-1:], expected[-1:]),
            (np.nan_to_num(holed), getattr(fitted, method)(np.nan_to_num(holed))),
        ):
            (found,) = session.run(None, {"X": X})
            limit = 1e-5 * expected.std(0).max()
            np.testing.assert_allclose(found, wanted, rtol=0, atol=limit)
        assert session.run(None, {"X": holed[:0]})[0].shape == (0, expected.shape[1])


def test_cells_that_nearly_depend_on_others():
    t = np.random.RandomState(0).normal(size=(100, 2))
    X = np.column_stack([t, t.sum(axis=1), t @ [1, -2] + 1e-5 * t[:, 0] ** 2, t[:, 0] * 0])
    X[::3, 2] = X[1::4, 3] = X[2, 4] = np.nan
    X = X.astype(np.float32)
    fitted = AutoencoderTransformer(1, max_iter=1).fit(X)
    (codes,) = session_of(fitted.to_onnx()).run(None, {"X": X})
    np.testing.assert_allclose(codes, fitted.transform(X), rtol=0, atol=1e-5)


def test_wide_tables_are_filled_or_refused(monkeypatch):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(120, 4)) @ rng.normal(size=(4, 110)) + rng.normal(size=(120, 110))
    X[rng.rand(120, 110) < 0.1] = np.nan
    X = X.astype(np.float32)
    fitted = AutoencoderTransformer(2, hidden_layer_sizes=(4,), max_iter=1).fit(X)
    assert fitted._fitted.architecture.table.rank == 64
    model = fitted.to_onnx()
    assert model.ByteSize() < 500_000
    (codes,) = session_of(model).run(None, {"X": X})
    expected = fitted.transform(X)
    np.testing.assert_allclose(codes, expected, rtol=0, atol=1e-5 * expected.std())
    monkeypatch.setattr(_graph_holes, "_MOST_SQUARES", 100 * 64**2)
    told = "missing cells, and 110 numbers.* expected 100 at most.* SimpleImputer"
    with pytest.raises(ValueError, match=told):
        fitted.to_onnx()
    assert fitted.to_onnx("decode").graph.node


def test_holes_in_clean_rows_alone(holed):
    fitted = DenoisingAutoencoder(2, hidden_layer_sizes=(8,), random_state=0, **FAR)
    fitted.fit(np.nan_to_num(holed), X_clean=holed)
    assert fitted._fitted.architecture.table.rank == 0
    (codes,) = session_of(fitted.to_onnx()).run(None, {"X": holed})
    np.testing.assert_allclose(codes, fitted.transform(holed), rtol=0, atol=1e-5)


def test_columns_without_any_value(quick, holed):
    X = holed.copy()
    X[:, 3] = np.nan
    fitted = quick(2, **FAR).fit(X)
    (x_hat,) = session_of(fitted.to_onnx("reconstruct")).run(None, {"X": X})
    np.testing.assert_allclose(x_hat, fitted.reconstruct(X), rtol=0, atol=1e-5)
    assert np.isnan(x_hat[:, 3]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_missing_cells_within_a_pipeline(quick, holed, dtype):
    skl2onnx = pytest.importorskip("skl2onnx")
    X = holed.astype(dtype)
    # Two autoencoders, the loops of which have the same names.
    pipeline = make_pipeline(StandardScaler(), make_union(quick(3), quick(2))).fit(X)
    register_onnx()
    session = session_of(skl2onnx.to_onnx(pipeline, X[:1]))
    for given in (X, X[:1]):
        (codes,) = session.run(None, {"X": given})
        assert codes.dtype == dtype
        np.testing.assert_allclose(codes, pipeline.transform(given), rtol=0, atol=1e-5)


# -- categories --------------------------------------------------------------------


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_codes_of_mixed_tables(quick, houses, library):
    X = houses
    if library == "polars":
        X = as_polars(pytest.importorskip("polars"), houses)
    fitted = quick(3, **FAR).fit(X)
    assert fitted._fitted.architecture.table.embedded == [5]
    for given in (X, X[:1]):
        assert_codes_agree(fitted, given)
    if library == "pandas":
        assert_codes_agree(fitted, houses.assign(id="id 999", kind="tent", floor=7))
        ends = session_of(fitted.to_onnx()).get_inputs()
        assert [end.name for end in ends] == NAMES
        kinds = ["float", "float", "string", "bool", "int64", "string", "float", "float"]
        assert [end.type for end in ends] == [f"tensor({kind})" for kind in kinds]


def test_rows_of_mixed_tables(quick, houses):
    fitted = quick(3, **FAR).fit(houses)
    codes = fitted.transform(houses).astype(np.float32)
    # Far out too, where numbers are clipped.
    codes = np.concatenate([codes, 90 * codes[:20]])
    session = session_of(fitted.to_onnx("decode"))
    assert [end.name for end in session.get_outputs()] == [f"{n}_hat" for n in NAMES]
    expected = fitted.inverse_transform(codes)
    assert expected["stars"].max() == 127 or expected["stars"].min() == -128
    assert_columns_agree(session.run(None, {"codes": codes}), expected)
    session = session_of(fitted.to_onnx("reconstruct"))
    found = session.run(None, columns_for(session, houses))
    assert_columns_agree(found, fitted.reconstruct(houses))


def test_levels_where_the_fit_had_no_missing_cell(quick, houses):
    X = houses[["rooms", "garden", "share"]].assign(kind=["b", "a"] * 80)
    fitted = quick(2, **FAR).fit(X)
    assert fitted._fitted.architecture.table.rank == 0
    X.loc[::3, "kind"] = None
    X.loc[1::3, "rooms"] = np.nan
    assert_codes_agree(fitted, X)


@pytest.mark.parametrize("has_holes", [False, True])
def test_columns_of_many_levels_alone(has_holes):
    X = many_levels(pandas, has_holes)
    fitted = AutoencoderTransformer(1, hidden_layer_sizes=(8,), max_iter=2, random_state=0)
    assert_codes_agree(fitted.fit(X), X)


def test_arrays_have_numbered_columns_and_levels_of_floats(quick):
    X = np.random.RandomState(0).randint(3, size=(80, 3)) / 2
    fitted = quick(2, categorical_features=[1], **FAR).fit(X)
    session = session_of(fitted.to_onnx("reconstruct"))
    assert [end.name for end in session.get_inputs()] == ["x0", "x1", "x2"]
    X[::4, 1] = np.nan
    columns = {f"x{j}": X[:, [j]].astype(np.float32) for j in range(3)}
    found = np.hstack(session.run(None, columns))
    np.testing.assert_allclose(found, fitted.reconstruct(X), rtol=0, atol=1e-5)


def test_names_that_are_integers_or_empty_are_positions(houses):
    X = houses[["size", "kind"]]
    for names in ([5, 7], ["", "x"]):
        fitted = AutoencoderTransformer(1, max_iter=1).fit(X.set_axis(names, axis=1))
        session = session_of(fitted.to_onnx())
        wanted = ["x0", "x1" if names[1] == 7 else "x"]
        assert [end.name for end in session.get_inputs()] == wanted


def test_integers_of_frames_come_back_rounded(quick):
    whole = np.random.RandomState(0).randint(9, size=(80, 3))
    X = pandas.DataFrame(whole, columns=list("abc")).astype("Int16")
    fitted = quick(1, **FAR).fit(X)
    session = session_of(fitted.to_onnx("reconstruct"))
    (x_hat,) = session.run(None, {"X": whole.astype(np.float32)})
    np.testing.assert_array_equal(x_hat, fitted.reconstruct(X).to_numpy(np.float32))


def test_booleans_as_numbers(quick, houses):
    X = houses[["garden", "kind", "share"]]
    fitted = quick(1, categorical_features=["kind"], **FAR).fit(X)
    codes = fitted.transform(X).astype(np.float32) * 20
    found = session_of(fitted.to_onnx("decode")).run(None, {"codes": codes})
    expected = fitted.inverse_transform(codes)
    assert_columns_agree(found, expected.assign(garden=expected["garden"].astype(float)))


def test_names_of_columns_never_collide():
    names = ["a", "a_hat", "codes", "mul_0", "in_loop_gather_1", "constant_1", "kind", ""]
    X = pandas.DataFrame(np.random.RandomState(0).normal(size=(60, 8)), columns=names)
    X["kind"] = ["b", "c"] * 30
    X.loc[::5, "a"] = np.nan
    fitted = AutoencoderTransformer(2, hidden_layer_sizes=(4,), max_iter=1).fit(X)
    shown = [*names[:-1], "x7"]
    assert_codes_agree(fitted, X)
    # Nor with names that skl2onnx gives to nodes of a pipeline.
    (loop,) = [node for node in fitted.to_onnx().graph.node if node.op_type == "Loop"]
    body = loop.attribute[0].g
    for part in (*body.node, *body.initializer, *body.input):
        name = part.output[0] if hasattr(part, "output") else part.name
        assert name.startswith("in_loop_")
    session = session_of(fitted.to_onnx())
    assert [end.name for end in session.get_inputs()] == shown
    assert [end.name for end in session.get_outputs()] == ["codes_"]
    session = session_of(fitted.to_onnx("reconstruct"))
    made = [end.name for end in session.get_outputs()]
    assert made[:3] == ["a_hat_", "a_hat_hat", "codes_hat"]
    found = session.run(None, columns_for(session, X))
    assert_columns_agree(found, fitted.reconstruct(X))


# -- refusals ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "levels",
    [["a", True], [2**70, 1], [10**400, 0.5], [1e300, 0.5], [1.0, 1.0 + 1e-12]],
    ids=["mixed", "huge", "huge and float", "wide", "close"],
)
@pytest.mark.parametrize("part", ["encode", "decode"])
def test_levels_that_onnx_has_not_are_refused_by_name(levels, part):
    kind = pandas.Series(levels * 20, dtype=object)
    X = pandas.DataFrame({"a": np.arange(40.0), "odd kind": kind})
    fitted = AutoencoderTransformer(1, max_iter=1, categorical_features=["odd kind"]).fit(X)
    told = r"columns 'odd kind' of the fit have levels .* expected text alone.* \.astype\(s"
    with pytest.raises(ValueError, match=told):
        fitted.to_onnx(part)
    assert fitted.to_numpy().transform(X).shape == (40, 1)


def test_of_many_columns_some_are_named():
    X = pandas.DataFrame({f"c{j}": ["a", True] * 20 for j in range(8)})
    fitted = AutoencoderTransformer(1, max_iter=1).fit(X)
    with pytest.raises(ValueError, match=r"columns 'c0', .* 'c4', \.\.\. of the fit"):
        fitted.to_onnx()


def test_categories_in_a_pipeline_are_refused_by_name(quick, houses):
    skl2onnx = pytest.importorskip("skl2onnx")
    fitted = quick(2).fit(houses[["size", "kind"]])
    register_onnx()
    told = r"categories in the columns 'kind', and .* expected columns of numbers.* OneHot"
    with pytest.raises(ValueError, match=told):
        skl2onnx.to_onnx(fitted, np.zeros((1, 2), np.float32))
    X = np.random.RandomState(0).randint(3, size=(60, 2))
    by_place = quick(1, categorical_features=[1]).fit(X)
    with pytest.raises(ValueError, match="in the columns 1, and"):
        skl2onnx.to_onnx(by_place, X[:1])
