"""to_numpy of tables with categories: cells in and out as the estimator has them."""

import json
import pickle
import subprocess
import sys
import textwrap
from decimal import Decimal
from enum import StrEnum

import numpy as np
import pytest
from mixed import as_polars, assert_same_cells, many_levels, mixed_frame

from sklearn_ae import AutoencoderTransformer, NumpyAutoencoder
from sklearn_ae._numpy import Layout, _format
from sklearn_ae._numpy._table import Table
from sklearn_ae.nn import TableLayout

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

# Steps of this size leave the linear start.
FAR = {"max_iter": 8, "learning_rate_init": 0.05, "early_stopping": False}


@pytest.fixture(scope="module")
def houses():
    return mixed_frame(pandas)


@pytest.fixture(scope="module")
def fitted(houses):
    return AutoencoderTransformer(
        3, hidden_layer_sizes=(8,), random_state=0, batch_size=32, **FAR
    ).fit(houses)


@pytest.fixture(scope="module")
def frozen(fitted):
    assert not fitted._fitted.stays_linear
    return fitted.to_numpy()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ae.npz"


def assert_same(estimator, X):
    """Check codes and cells, those of codes of either dtype too."""
    frozen, codes = estimator.to_numpy(), estimator.transform(X)
    found = frozen.transform(X)
    assert found.dtype == codes.dtype
    np.testing.assert_allclose(found, codes, rtol=0, atol=1e-9 * np.abs(codes).max())
    assert_same_cells(frozen.reconstruct(X), estimator.reconstruct(X))
    for dtype, tolerance in ((np.float64, 1e-9), (np.float32, 1e-5)):
        cast = codes.astype(dtype)
        expected = estimator.inverse_transform(cast)
        assert_same_cells(frozen.inverse_transform(cast), expected, tolerance)


# -- the same results --------------------------------------------------------------


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("params", [{}, {"init": "random"}], ids=str)
def test_results_are_those_of_the_estimator(quick, houses, library, params):
    X = houses if library == "pandas" else as_polars(polars, houses)
    estimator = quick(3, **FAR, **params).fit(X)
    assert estimator._fitted.architecture.table.embedded == [5]
    assert_same(estimator, X)
    assert_same(estimator, X[:1])


def test_results_where_the_fit_had_no_missing_cell(quick, houses):
    X = houses[["rooms", "garden", "share"]].assign(kind=["b", "a"] * 80)
    estimator = quick(2, **FAR).fit(X)
    assert estimator._fitted.architecture.table.rank == 0
    X.loc[::3, "kind"] = None
    X.loc[1::3, "rooms"] = np.nan
    assert_same(estimator, X)


def test_nested_codes_and_streams(houses):
    ordered = AutoencoderTransformer(
        3, ordered=True, hidden_layer_sizes=(8,), random_state=0, **FAR
    ).fit(houses)
    assert_same(ordered, houses)
    assert_same(ordered.truncate(1), houses)
    stream = AutoencoderTransformer(2, hidden_layer_sizes=(8,), random_state=0)
    assert_same(stream.partial_fit(houses).partial_fit(houses), houses)


@pytest.mark.parametrize("has_holes", [False, True])
def test_columns_of_many_levels_alone(has_holes):
    X = many_levels(pandas, has_holes)
    fitted = AutoencoderTransformer(1, hidden_layer_sizes=(8,), max_iter=2, random_state=0)
    assert_same(fitted.fit(X), X)


def test_levels_that_the_fit_has_not_seen(fitted, frozen, houses):
    X = houses.copy()
    X.loc[::2, "kind"] = "tent"
    X.loc[1::2, "id"] = "id 999"
    X["floor"] = 7
    np.testing.assert_allclose(frozen.transform(X), fitted.transform(X), atol=1e-9)
    missing = houses.copy()
    missing.loc[::2, "kind"] = missing.loc[1::2, "id"] = None
    missing["floor"] = None
    np.testing.assert_array_equal(frozen.transform(X), frozen.transform(missing))


def test_numbers_are_rounded_and_clipped_as_in_frames(fitted, frozen):
    codes = np.random.RandomState(0).normal(size=(40, 3)) * 10.0 ** np.arange(40)[:, None]
    codes = codes[:20]
    expected = fitted.inverse_transform(codes)
    assert expected["stars"].max() == 127
    assert_same_cells(frozen.inverse_transform(codes), expected)
    whole = frozen.inverse_transform(codes / 1e6)[:, [1, 6]].astype(float)
    np.testing.assert_array_equal(whole, np.rint(whole))


def test_numbers_as_each_dtype_has_them():
    columns = ["int64", "uint64", "int8", "bool", "float16", "float32", "float64", []]
    table = Table({"columns": columns, "n_features": 8, "feature_names": None})
    rows = np.outer([0.4, -0.4, 1e30, -1e30, np.nan], np.ones(8))
    half, single = float(np.float16(0.4)), float(np.float32(0.4))
    most = [2.0**63 - 1024, 2.0**64 - 2048, 127, 1, 65504, float(np.float32(1e30)), 1e30]
    least = [-(2.0**63), 0, -128, 0, -65504, -float(np.float32(1e30)), -1e30]
    expected = [
        [0, 0, 0, 0, half, single, 0.4],
        [0, 0, 0, 0, -half, -single, -0.4],
        most,
        least,
        [np.nan] * 7,
    ]
    found = table.write(rows)
    np.testing.assert_array_equal(found[:, :7], expected)
    assert np.isnan(found[:, 7]).all()
    assert not np.signbit(found[1, :4]).any()


class Kind(StrEnum):
    """Text of a type of one's own."""

    FLAT = "flat"
    HOUSE = "house"


def test_cells_of_numpys_types_and_of_ones_own(quick):
    n = np.arange(80)
    X = pandas.DataFrame(
        {
            "whole": pandas.Series([*map(int, n % 7)], dtype=object),
            "flag": pandas.Series([*map(np.bool_, n % 2)], dtype=object),
            "kind": pandas.Series([[*Kind][i % 2] for i in n], dtype=object),
            "long": np.sin(n).astype(np.longdouble),
        }
    )
    estimator = quick(1, **FAR).fit(X)
    assert_same(estimator, X)
    columns = estimator.to_numpy().settings["columns"]
    assert columns == ["int64", [False, True], ["flat", "house"], "float64"]
    assert [type(level) for level in columns[1] + columns[2]] == [bool, bool, str, str]


def test_booleans_as_numbers(quick, houses):
    X = houses[["garden", "kind", "share"]]
    estimator = quick(1, categorical_features=["kind"], **FAR).fit(X)
    frozen = estimator.to_numpy()
    assert frozen.settings["columns"][0] == "bool"
    np.testing.assert_allclose(frozen.transform(X), estimator.transform(X), atol=1e-9)
    expected = estimator.reconstruct(X)["garden"].tolist()
    assert frozen.reconstruct(X)[:, 0].tolist() == expected


def test_columns_of_nothing(quick, houses):
    X = houses[["size", "kind"]].assign(none=None, nan=np.nan)
    estimator = quick(2, **FAR).fit(X)
    assert_same(estimator, X)
    given = X.assign(none="text", nan=3.0)
    np.testing.assert_allclose(
        estimator.to_numpy().transform(given), estimator.transform(given), atol=1e-9
    )


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_arrays_with_columns_of_numbers_as_levels(quick, dtype):
    X = np.random.RandomState(0).randint(4, size=(90, 4)).astype(dtype)
    estimator = quick(2, categorical_features=[1, 3], **FAR).fit(X)
    frozen, codes = estimator.to_numpy(), estimator.transform(X)
    for given in (X, X.tolist(), X.astype(object), pandas.DataFrame(X)):
        np.testing.assert_allclose(frozen.transform(given), codes, rtol=0, atol=1e-9)
    back = frozen.reconstruct(X)
    assert back.dtype == np.float64
    np.testing.assert_allclose(back, estimator.reconstruct(X), rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match=r"shape \(90, 2\); expected .* of 4 columns"):
        frozen.transform(pandas.DataFrame(X[:, :2]))
    told = r"dict of columns \['a'\], .* had no names of columns; expected an array. Pass"
    with pytest.raises(ValueError, match=told):
        frozen.transform({"a": [1.0]})


def test_many_large_integers_are_levels():
    rng = np.random.RandomState(0)
    levels = [-1, -2, *range(2000), *(int(i) << 64 for i in rng.randint(2**60, size=2000))]
    assert _format.n_collisions(levels) < 5


LARGE = [2**53 + 1, 2**53 + 3, 2**53 + 4]


def with_hole(X, to):
    """Return columns of large integers in a dtype, one cell of each missing."""
    frame = X.convert_dtypes() if to != "category" else X.copy()
    frame = frame.astype(dict.fromkeys(X.columns, to))
    frame.iloc[3] = None
    return frame


@pytest.mark.parametrize("to", ["Int64", "UInt64", "int64[pyarrow]", "category"])
def test_integers_as_levels_keep_their_digits_beside_a_hole(quick, to):
    pytest.importorskip("pyarrow")
    ids = np.array(LARGE)[np.arange(60) % 3]
    X = pandas.DataFrame({"id": ids, "other": ids[::-1]})
    fitted = quick(1, categorical_features=["id", "other"], **FAR).fit(X.astype(to))
    assert_same(fitted, with_hole(X, to))
    assert fitted.to_numpy().reconstruct(X)[:, 0].tolist()[:1] in [[x] for x in LARGE]
    given = with_hole(X, to)
    columns = {"id": given["id"], "other": given["other"].array}
    codes = fitted.to_numpy().transform(columns)
    np.testing.assert_allclose(codes, fitted.transform(given), rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", ["Int64", "UInt64", "Int128", "UInt128"])
@pytest.mark.parametrize("categorical", [["id"], []])
def test_integers_of_polars_keep_their_digits_beside_a_hole(quick, dtype, categorical):
    dtype = getattr(polars, dtype)
    ids, u = np.array(LARGE)[np.arange(60) % 3].tolist(), np.sin(np.arange(60.0))
    X = polars.DataFrame({"id": [None, *ids[1:]], "u": u, "n": range(60)})
    X = X.with_columns(polars.col("id").cast(dtype), polars.col("n").cast(dtype))
    fitted = quick(1, categorical_features=categorical, **FAR).fit(X)
    frozen, codes = fitted.to_numpy(), fitted.transform(X)
    atol = 1e-9 * np.abs(codes).max()
    np.testing.assert_allclose(frozen.transform(X), codes, rtol=0, atol=atol)


def test_names_that_are_integers_are_those_of_the_fit_in_its_order(quick, path):
    frame = mixed_frame(pandas)[["size", "rooms", "share", "kind"]]
    X = frame.set_axis([3, 1, 2, 0], axis=1)
    fitted = quick(2, **FAR).fit(X)
    fitted.to_numpy().save(path)
    frozen = NumpyAutoencoder.load(path)
    codes = fitted.transform(X)
    for given in (X, dict(X), X.to_numpy()):
        np.testing.assert_allclose(frozen.transform(given), codes, rtol=0, atol=1e-9)
    moved = X[[1, 3, 2, 0]]
    with pytest.raises(ValueError, match="in another order"):
        fitted.transform(moved)
    for given in (moved, frame):
        with pytest.raises(
            ValueError, match=r"the fit had \[3, 1, 2, 0\].* in the same order"
        ):
            frozen.transform(given)


def test_of_names_that_json_has_not_only_the_number_is_known(quick):
    X = mixed_frame(pandas)[["size", "kind"]]
    X.columns = pandas.MultiIndex.from_tuples([("a", 1), ("a", 2)])
    frozen = quick(1, **FAR).fit(X).to_numpy()
    assert frozen.settings["feature_names"] is None
    with pytest.raises(ValueError, match="of 2 columns"):
        frozen.transform(X.iloc[:, :1])


def test_frames_of_nullable_integers_come_back_rounded(quick):
    whole = np.random.RandomState(0).randint(9, size=(80, 3))
    X = pandas.DataFrame(whole, columns=list("abc")).astype("Int16")
    frozen = quick(1, **FAR).fit(X).to_numpy()
    back = frozen.reconstruct(X)
    assert back.dtype == np.float64
    np.testing.assert_array_equal(back, np.rint(back))
    assert not np.signbit(back[back == 0]).any()
    with pytest.raises(ValueError, match="X has missing"):
        frozen.transform(X.mask(X == 3))


@pytest.mark.parametrize("rank", [0, 3])
def test_columns_are_where_the_network_has_them(rank):
    n_levels = (0, 3, 101, 0, 100, 1, 0)
    columns = [[*range(n)] if n else "float64" for n in n_levels[:-1]] + [[]]
    ours = Layout({"n_features": 7, "rank": rank, "columns": columns})
    theirs = TableLayout(n_levels, rank)
    for name in ("numbers", "indicated", "embedded", "owners", "n_blocks", "n_in", "n_out"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.logits == [*theirs.logits()]


# -- what goes in ------------------------------------------------------------------


def test_tables_of_every_form(frozen, houses):
    expected = frozen.transform(houses)
    columns = {name: houses[name].to_numpy() for name in reversed(houses.columns)}
    lists = {name: houses[name].tolist() for name in houses}
    objects = houses.to_numpy(dtype=object)
    for given in (columns, lists, objects, objects.tolist(), as_polars(polars, houses)):
        np.testing.assert_array_equal(frozen.transform(given), expected)
    whole = houses.dropna().iloc[:2]
    rows = whole.to_numpy(dtype=object).tolist()
    np.testing.assert_array_equal(frozen.transform(rows), frozen.transform(whole))
    assert frozen.transform({n: cells[:1] for n, cells in lists.items()}).shape == (1, 3)
    np.testing.assert_allclose(frozen.transform(houses.iloc[9:10]), expected[9:10])


def test_a_dict_of_numbers(houses):
    X = houses[["rooms", "share"]]
    frozen = AutoencoderTransformer(1, max_iter=1).fit(X).to_numpy()
    expected = frozen.transform(X)
    np.testing.assert_allclose(frozen.transform(dict(X)), expected, rtol=0, atol=1e-9)
    with pytest.raises(ValueError, match="X has missing"):
        frozen.transform({"rooms": [None], "share": [1.0]})


def test_missing_cells_of_every_kind(frozen, houses):
    whole = houses.astype(object).where(houses.notna(), None)
    expected = frozen.transform(whole)
    for hole in (np.nan, pandas.NA, pandas.NaT, np.float32("nan"), Decimal("nan")):
        given = whole.where(houses.notna(), hole).to_numpy()
        np.testing.assert_array_equal(frozen.transform(given), expected)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": 3.0}, r"Column 'kind' of X .* float; expected levels such as ''. Conv"),
        ({"kind": [["a"]]}, r"Column 'kind' of X .* list; expected levels"),
        ({"floor": True}, r"Column 'floor' of X .* bool; expected levels such as -1"),
        ({"garden": "yes"}, r"Column 'garden' of X .* str; expected levels such as False"),
        ({"rooms": "3"}, r"Column 'rooms' of X .* str; expected numbers, as in .* Convert"),
        ({"rooms": 10**400}, r"Column 'rooms' of X holds infinity; expected .* Replace"),
        ({"size": -np.inf}, r"Column 'size' of X holds infinity"),
    ],
    ids=str,
)
def test_cells_of_another_kind_are_refused_by_name(frozen, houses, change, told):
    cells = {name: houses[name].tolist()[:3] for name in houses}
    ((name, cell),) = change.items()
    cells[name][1] = cell
    for method in (frozen.transform, frozen.reconstruct):
        with pytest.raises(ValueError, match=told):
            method(cells)


def test_tables_of_another_form_are_refused(frozen, houses):
    lists = {name: houses[name].tolist() for name in houses}
    refused = [
        (
            {**lists, "more": [1]},
            r"X is a dict that lacks the columns \[\], and has \['more'\] beside .* Pass",
        ),
        (
            {"size": [1.0]},
            r"X is a dict that lacks .*'kind', .*\.\.\.\], .* expected the same names",
        ),
        ({**lists, "size": [1.0]}, r"columns of \[1, 160\] cells; expected .* as many"),
        ({n: [] for n in lists}, r"columns of \[0\] cells; expected one sample"),
        ({**lists, "size": 1.0}, r"Column 'size' of X has shape \(\); .* \[cell\] for one"),
        (houses[houses.columns[::-1]], r"X has columns \['share', .*; expected the same"),
        (
            np.zeros((2, 3)),
            r"X is a ndarray of shape \(2, 3\); expected .* 8 columns. Pass",
        ),
        (np.zeros(8), r"X is a ndarray of shape \(8,\)"),
        ([[1.0], [1.0, 2.0]], r"X is a list of shape \(0,\)"),
        (polars.DataFrame(lists, strict=False).lazy(), "X is a LazyFrame of shape"),
    ]
    for X, told in refused:
        with pytest.raises(ValueError, match=told):
            frozen.transform(X)


def test_levels_from_other_libraries_are_refused_by_name():
    X = pandas.DataFrame({"a": np.arange(60.0), "age": pandas.cut(np.arange(60) % 7, 3)})
    told = r"column 'age' .* levels of type Interval, such as Interval.*; expected text"
    with pytest.raises(ValueError, match=told):
        AutoencoderTransformer(1, max_iter=1).fit(X).to_numpy()


# -- files -------------------------------------------------------------------------


def test_a_file_and_a_pickle_give_the_same(frozen, houses, path):
    before = pickle.dumps(frozen)
    expected = frozen.reconstruct(houses)
    assert pickle.dumps(frozen) == before
    frozen.save(path)
    for same in (pickle.loads(before), NumpyAutoencoder.load(path)):
        assert same.settings == frozen.settings
        assert same.reconstruct(houses).tolist() == expected.tolist()


def test_levels_keep_their_types_in_files(frozen, path):
    levels = ["", "1", "ü\ud800\0", True, 0, 2.5, 2**70, -(10**400), np.inf]
    settings = json.loads(json.dumps({"columns": [levels], "feature_names": ["a"]}))
    table = Table({**settings, "n_features": 1})
    cells = np.array(levels, dtype=object)[:, np.newaxis]
    rows = table.read(cells)
    assert rows[:, 0].tolist() == [*range(9)]
    back = table.write(rows)[:, 0].tolist()
    assert back == levels
    assert [*map(type, back)] == [*map(type, levels)]
    assert np.isnan(table.read({"a": [1.5, None, "2"]})).all()


def test_integers_beyond_the_digits_of_floats_stay_what_they_are():
    settings = {"n_features": 1, "feature_names": None}
    for levels, dtype in (([2**53, 1.5], "f8"), ([2**53 + 1], "O"), ([10**400], "O")):
        table = Table({**settings, "columns": [levels]})
        back = table.write(np.zeros((1, 1)))
        assert back.dtype == dtype
        assert back[0, 0] == levels[0]


def test_files_of_numbers_alone_are_as_before(houses):
    frozen = AutoencoderTransformer(1, max_iter=1).fit(houses[["size", "share"]]).to_numpy()
    assert "columns" not in frozen.settings
    assert frozen.settings["format"] == 1


KINDS = ["size", "rooms", "kind", "garden", "floor", "id", "stars", "share"]


@pytest.mark.parametrize(
    ("name", "column", "told"),
    [
        ("kind", None, "columns that are neither"),
        ("kind", "object", "columns that are neither"),
        ("kind", {"a": 1}, "columns that are neither"),
        ("kind", "float64", "arrays that are missing"),
        ("size", ["a", "b"], "arrays that are missing"),
        ("kind", [], "arrays that are missing"),
        ("kind", ["", "flät"], "arrays that are missing"),
        ("kind", ["", "flät", None], "levels that are neither"),
        ("kind", ["", "flät", ["house"]], "levels that are neither"),
        ("kind", ["", "flät", np.nan], "levels that are neither"),
        ("kind", ["", "flät", ""], "levels that are there twice"),
        ("garden", [True, 1], "levels that are there twice"),
        ("kind", [(2**61 - 1) * i for i in range(50_000)], "levels that dictionaries"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_other_columns_are_refused(frozen, path, name, column, told):
    columns = list(frozen.settings["columns"])
    columns[KINDS.index(name)] = column
    assert_refused(frozen, path, {"columns": columns}, {}, told)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"columns": []}, "columns that are not one per feature"),
        ({"columns": "float64"}, "columns that are not one per feature"),
        ({"columns": None}, "columns that are not one per feature"),
        ({"n_features": 10**15}, "columns that are not one|names that are not one"),
        ({"n_features": 10**15, "columns": None, "feature_names": None}, "columns that"),
        ({"rank": None}, "levels without a rank"),
        ({"rank": 0}, "arrays that are missing"),
        ({"rank": 10**12}, "arrays that are missing"),
    ],
    ids=str,
)
def test_other_settings_of_tables_are_refused(frozen, path, settings, told):
    assert_refused(frozen, path, settings, {}, told)


def test_other_arrays_of_tables_are_refused(frozen, path):
    arrays = frozen.arrays
    moved, wide = arrays["units_in.float64"].copy(), arrays["units_out.float32"].copy()
    moved[0, 2], wide[-1, 5] = 100.0, 1e6  # an index beyond the levels
    of_numbers = arrays["units_in.float32"].copy()
    of_numbers[-1, 0] = np.nan
    gone = arrays["units_in.float32"].copy()
    gone[0, 4] = np.nan
    for changed, told in (
        ({"units_in.float64": moved}, "values in units_in.float64 that are no units of"),
        ({"units_out.float32": wide}, "values in units_out.float32 that are no units of"),
        ({"units_in.float32": of_numbers}, "values in units_in.float32 that are no finite"),
        ({"units_in.float32": gone}, "values in units_in.float32 that are no units of"),
        ({"table.size": np.ones(3)}, r"arrays that .* \(table\.size\)"),
        ({"table.centre": arrays["table.centre"] * np.nan}, "values in table.centre"),
        ({"table.embeddings.0": np.ones((2, 16))}, r"arrays that .* \(table\.embeddings"),
        ({"table.embeddings.1": np.ones((2, 16))}, r"arrays that .* \(table\.embeddings"),
        ({"units_in.float64": moved.astype(object)}, "what cannot be read|values in"),
    ):
        assert_refused(frozen, path, {}, changed, told)


def assert_refused(frozen, path, settings, arrays, told):
    _format.write_file(path, {**frozen.settings, **settings}, {**frozen.arrays, **arrays})
    with pytest.raises(ValueError, match=f"(?s)has ({told}).*; expected a file that"):
        NumpyAutoencoder.load(path)


WITHOUT = """
    import json, sys
    for name in ("torch", "skorch", "sklearn", "scipy", "pandas", "polars"):
        sys.modules[name] = None  # an import raises
    import numpy as np
    from sklearn_ae import NumpyAutoencoder
    frozen = NumpyAutoencoder.load("ae.npz")
    with open("cells.json") as file:
        cells = json.load(file)
    np.testing.assert_array_equal(frozen.transform(cells), np.load("codes.npy"))
    assert frozen.reconstruct(cells).dtype == object
"""


def test_a_file_serves_where_there_is_neither_torch_nor_pandas(frozen, houses, path):
    frozen.save(path)
    np.save(path.with_name("codes.npy"), frozen.transform(houses))
    cells = houses.astype(object).where(houses.notna(), None)
    text = json.dumps({name: cells[name].tolist() for name in cells})
    path.with_name("cells.json").write_text(text)
    command = [sys.executable, "-c", textwrap.dedent(WITHOUT)]
    subprocess.run(command, cwd=path.parent, check=True)
