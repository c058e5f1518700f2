"""Tables of mixed columns are read as floats, and come back as they were."""

import datetime
import pickle
import warnings
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from sklearn_ae._columns import Table

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
testing = pytest.importorskip("polars.testing")

DATA = Path(__file__).parents[3] / "shared" / "data"
NAMES = ("adult", "ames_housing", "horse_colic")
TEXT = ["b", None, "a", "b", ""]
ROW = np.full((1, 1), np.nan)


def frame_of_data(name):
    path = DATA / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip("needs the shared data")
    return pd.read_csv(path).drop(columns="target")


def assert_same(found, expected):
    if isinstance(expected, pl.DataFrame):
        testing.assert_frame_equal(found, expected, check_exact=True)
    else:
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def frame_of_numbers():
    return pd.DataFrame(
        {
            "Int64": pd.array([1, None, 3, 2**40, 5], dtype="Int64"),
            "UInt8": pd.array([1, None, 255, 0, 5], dtype="UInt8"),
            "Float64": pd.array([0.1, None, 3, 4, 5], dtype="Float64"),
            "Float32": pd.array([0.1, None, 3, 4, 5], dtype="Float32"),
            "float64": [0.1, np.nan, 3, 4, 5],
            "float32": np.array([0.1, np.nan, 3, 4, 5], dtype=np.float32),
            "float16": np.array([0.1, np.nan, 3, 4, 5], dtype=np.float16),
            "int8": np.array([-128, 127, 0, 1, 2], dtype=np.int8),
            "uint8": np.array([0, 255, 1, 2, 3], dtype=np.uint8),
            "sparse": pd.arrays.SparseArray([0.0, 1, np.nan, 0, 0], fill_value=0.0),
            "integers": pd.Series([1, None, 3, 4, 5], dtype=object),
            "decimals": pd.Series([Decimal("0.1"), None, *map(Decimal, "345")]),
            "nothing": np.full(5, np.nan),
            "no objects": pd.Series([None] * 5, dtype=object),
        }
    )


def frame_of_levels():
    dtypes = {"str": "str", "object": object, "string": "string[python]"}
    frame = pd.DataFrame({name: pd.Series(TEXT, dtype=d) for name, d in dtypes.items()})
    sizes = ["low", "high", None, "middle", "low"]
    order = ["low", "middle", "high", "never"]
    return frame.assign(
        boolean=pd.array([True, None, False, True, True], dtype="boolean"),
        bool=[True, False, True, False, True],
        flags=pd.Series([True, None, False, True, True], dtype=object),
        both=pd.Series([True, None, "a", False, "b"], dtype=object),
        ordered=pd.Categorical(sizes, categories=order, ordered=True),
        codes=pd.Categorical([3, 1, None, 3, 1], categories=[3, 2, 1]),
        bins=pd.cut(pd.Series(range(5)), 2),
        one="level",
        no_levels=pd.Categorical([None] * 5, categories=["a"]),
        no_text=pd.Series([None] * 5, dtype="string"),
    )


def frame_of_arrow():
    pa = pytest.importorskip("pyarrow")
    decimals = [Decimal("1.5"), None, Decimal("0.1")]
    columns = {
        "text": (["b", None, "a"], pa.string()),
        "long text": (["b", None, "a"], pa.large_string()),
        "codes": (["b", None, "a"], pa.dictionary(pa.int32(), pa.string())),
        "flags": ([True, None, False], pa.bool_()),
        "integers": ([1, None, 3], pa.int16()),
        "floats": ([0.1, None, 3], pa.float32()),
        "decimals": (decimals, pa.decimal128(6, 2)),
        "nothing": ([None] * 3, pa.null()),
    }
    return pd.DataFrame(
        {name: pd.array(x, dtype=pd.ArrowDtype(d)) for name, (x, d) in columns.items()}
    )


def frame_of_polars():
    levels = pl.Enum(["never", "b", "a"])
    return pl.DataFrame(
        [
            pl.Series("Int64", [1, None, 3]),
            pl.Series("UInt8", [1, None, 255], dtype=pl.UInt8),
            pl.Series("Float32", [0.1, None, 3], dtype=pl.Float32),
            pl.Series("null", [0.1, None, 3]),
            pl.Series("NaN", [0.1, np.nan, 3]),
            pl.Series("Decimal", [Decimal("1.50"), None, Decimal("2.25")]),
            pl.Series("Null", [None] * 3),
            pl.Series("Boolean", [True, None, False]),
            pl.Series("String", ["b", None, "a"]),
            pl.Series("Categorical", ["b", None, "a"], dtype=pl.Categorical),
            pl.Series("Enum", ["b", None, "a"], dtype=levels),
            pl.Series("no text", [None] * 3, dtype=pl.String),
            pl.Series("no levels", [None] * 3, dtype=levels),
        ]
    )


FRAMES = (frame_of_numbers, frame_of_levels, frame_of_arrow, frame_of_polars)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("as_polars", [False, True])
def test_data_come_back(name, as_polars):
    frame = frame_of_data(name)
    X = pl.from_pandas(frame) if as_polars else frame
    table = Table().fit(X)
    rows = table.read(X)
    text = [frame[column].dtype.kind not in "fiu" for column in frame]
    assert [n > 0 for n in table.n_levels] == text
    np.testing.assert_array_equal(np.isnan(rows), frame.isna())
    numbers = frame.columns[~np.array(text)]
    np.testing.assert_array_equal(rows[:, ~np.array(text)], frame[numbers])
    assert_same(table.write(rows), X)


@pytest.mark.parametrize("make", FRAMES)
def test_odd_dtypes_come_back(make):
    X = make()
    table = pickle.loads(pickle.dumps(Table().fit(X)))
    rows = table.read(X)
    assert rows.shape == X.shape
    assert rows.dtype == np.float64
    assert_same(table.write(rows), X)
    assert len(pickle.dumps(table)) < 20_000


@pytest.mark.parametrize("make", FRAMES)
def test_each_column_may_be_of_levels(make):
    X = make()
    for name in X.columns:
        one = X[[name]]
        table = Table([name]).fit(one)
        assert_same(table.write(table.read(one)), one)
        assert table.write(ROW).shape == (1, 1)


@pytest.mark.parametrize("make", FRAMES)
@pytest.mark.parametrize("library", [None, "pandas", "polars"])
def test_any_rows_are_written(make, library):
    """Numbers of networks are any, also where a column held nothing."""
    X = make()
    table = Table().fit(X)
    for value in (0.0, -1e30, 1e30, np.nan):
        rows = np.full(X.shape, value)
        has_levels = np.array(table.n_levels) > 0
        rows[:, has_levels] = np.nan if np.isnan(value) else 0
        found = table.write(rows, library)
        assert list(found.columns) == list(X.columns)
        assert found.shape == X.shape
        if library is None and value == 0:
            assert list(found.dtypes) == list(X.dtypes)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_another_library_has_the_same_cells(library):
    X = frame_of_levels() if library == "polars" else frame_of_polars()
    table = Table().fit(X)
    found = table.write(table.read(X), library)
    for name in set(X.columns) & {"str", "boolean", "bool", "codes", "String", "Boolean"}:
        cells, wanted = (
            [None if pd.isna(cell) else cell for cell in column]
            for column in (found[name], X[name])
        )
        assert cells == wanted
    if library == "polars":
        assert found["bins"][0].startswith("(")


def test_integers_are_rounded_and_clipped():
    X = pd.DataFrame({"a": np.array([1, 2], dtype=np.int8), "b": [True, False]})
    X["c"] = pd.array([1, None], dtype="UInt16")
    table = Table(None).fit(X)
    rows = np.array([[200.0, 0.3, -5.0], [1.6, 0.7, np.nan]])
    expected = pd.DataFrame({"a": np.array([127, 2], dtype=np.int8), "b": [False, True]})
    expected["c"] = pd.array([0, None], dtype="UInt16")
    assert_same(table.write(rows), expected)
    big = pd.DataFrame({"i": np.array([1], np.int64), "u": np.array([1], np.uint64)})
    largest = Table().fit(big).write(np.full((1, 2), 1e30, dtype=np.float32))
    assert (largest.to_numpy()[0] > 2.0**62).all()


def test_the_index_and_the_names_are_kept():
    X = pd.DataFrame({("a", 1): ["x", "y"], ("a", 2): [1, 2]}, index=[7, 3])
    X.columns.names = ["upper", "lower"]
    table = Table().fit(X)
    assert_same(table.write(table.read(X), index=X.index), X)
    assert list(table.write(table.read(X), index=[].index).index) == [0, 1]


def test_levels_are_sorted_or_in_the_order_of_their_dtype():
    table = Table().fit(frame_of_levels())
    levels = dict(zip(table.names, table.levels, strict=True))
    assert list(levels["object"]) == ["", "a", "b"]
    assert list(levels["ordered"]) == ["low", "middle", "high"]
    assert list(levels["codes"]) == [3, 1]
    assert list(levels["both"]) == [False, True, "a", "b"]
    assert table.n_levels[-2:] == (0, 0)
    assert list(Table().fit(frame_of_polars()[["Enum"]]).levels[0]) == ["b", "a"]


def test_what_the_fit_has_not_seen_is_missing():
    table = Table().fit(pd.DataFrame({"a": ["x", "y"], "b": [None, None]}).astype("string"))
    new = pd.DataFrame({"a": ["z", "y", None], "b": ["x", "y", None]})
    np.testing.assert_array_equal(table.read(new)[:, 0], [np.nan, 1, np.nan])
    assert np.isnan(table.read(new)[:, 1]).all()


def test_a_column_of_nothing_stays_missing():
    nothing = pd.Series([None, None], dtype=object)
    X = pd.DataFrame({"x": [1.0, 2], "t": nothing, "c": nothing.astype("category")})
    for fitted in (X, pl.from_pandas(X)):
        table = Table().fit(fitted)
        assert table.n_levels == (0, 0, 0)
        rows = table.read(X.assign(t=["a", "b"], c=[1, 2]))
        assert np.isnan(rows[:, 1:]).all()
        assert_same(table.write(rows), fitted)


def test_categories_taken_for_numbers_are_written_as_numbers():
    table = Table(None).fit(pd.DataFrame({"c": pd.Categorical([1, 2, 1])}))
    assert table.write(np.array([[1.5]]))["c"].tolist() == [1.5]


def test_long_integers_that_are_levels_keep_their_digits():
    X = pd.DataFrame({"id": [2**60 + 1, 2**60 + 2], "x": [0.5, 1]})
    table = Table(["id"]).fit(X)
    assert_same(table.write(table.read(X)), X)


def test_dates_of_arrays():
    X = np.array([["2020-01-01"]], dtype="datetime64[D]")
    with pytest.raises(ValueError, match=r"Column 0 of X holds dates.*expected.*dt.year"):
        Table([0]).fit(X)


def test_cells_of_the_same_kind_may_have_another_dtype():
    X = pd.DataFrame({"a": ["x", "y"], "n": [1, 2], "b": [True, False]})
    table = Table().fit(X)
    rows = table.read(X)
    for other in (
        X.astype({"a": "category", "n": "Float64", "b": "boolean"}),
        X.astype(object),
        pl.from_pandas(X),
        X.to_numpy(dtype=object),
        X.assign(n=X.n.map(Decimal)),
    ):
        np.testing.assert_array_equal(table.read(other), rows)
    missing = X.assign(a=np.nan)
    assert np.isnan(table.read(missing)[:, 0]).all()


@pytest.mark.parametrize("kind", [list, np.array, tuple])
def test_levels_are_named_counted_or_masked(kind):
    X = pd.DataFrame({"a": [3, 1, 3], "b": [1.5, 2.5, 3.5], "c": [1, 2, 3]})
    for chosen in (["a", "c"], [0, 2], [True, False, True]):
        table = Table(kind(chosen)).fit(X)
        assert table.n_levels == (2, 0, 3)
        np.testing.assert_array_equal(table.read(X)[:, 0], [1, 0, 1])
        assert_same(table.write(table.read(X)), X)
    assert Table([-1]).fit(X).n_levels == (0, 0, 3)
    assert Table(None).fit(X).n_levels == Table([]).fit(X).n_levels == (0, 0, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_arrays_have_levels_if_told(dtype):
    X = np.array([[3, 0], [1, 5], [3, 2]], dtype=dtype)
    table = Table([True, False]).fit(X)
    assert table.names is None
    assert table.n_levels == (2, 0)
    np.testing.assert_array_equal(table.read(X), [[1, 0], [0, 5], [1, 2]])
    found = table.write(table.read(X))
    assert found.dtype == (np.float64 if dtype is np.int16 else dtype)
    np.testing.assert_array_equal(found, X)
    assert list(table.write(table.read(X), "pandas").columns) == [0, 1]
    assert table.write(table.read(X), "polars").columns == ["x0", "x1"]


@pytest.mark.parametrize("hole", [None, np.nan, pd.NA])
@pytest.mark.parametrize("as_list", [False, True])
def test_arrays_of_text_come_back(hole, as_list):
    X = np.array([["b", 1.5], [hole, 2.5], ["a", hole]], dtype=object)
    table = Table([0]).fit(X.tolist() if as_list else X)
    rows = table.read(X)
    np.testing.assert_array_equal(rows, [[1, 1.5], [np.nan, 2.5], [0, np.nan]])
    assert repr(table.write(rows)) == repr(X)


def test_what_is_plain():
    numbers = pd.DataFrame({"a": [1.0, np.nan], "b": [1, 2]})
    plain = [
        numbers,
        numbers.to_numpy(),
        [[1, 2]],
        [["a"]],
        sparse.csr_array(numbers),
        pd.concat([numbers, numbers], axis=1),
        pl.from_pandas(numbers),
        pl.from_pandas(numbers).lazy(),
        pl.DataFrame({"a": [1, None]}),
        numbers.to_numpy().astype(object),
    ]
    for X in plain:
        for categorical in ("from_dtype", None, []):
            assert Table.is_plain(X, categorical)
        assert not Table.is_plain(X, [0])
    for cells in ([True, False], ["a", None], pd.array([1, 2], dtype="Int64")):
        assert not Table.is_plain(pd.DataFrame({"a": cells}), "from_dtype")
    for make in FRAMES:
        assert not Table.is_plain(make(), None)


def test_ten_thousand_levels_are_quick():
    rng = np.random.RandomState(0)
    text = [f"level {i:05}" for i in rng.permutation(10_000)] * 3
    X = pd.DataFrame({"text": text, "category": pd.Categorical(text)})
    table = Table().fit(X)
    assert table.n_levels == (10_000, 10_000)
    assert_same(table.write(table.read(X)), X)


def test_wide_frames_are_written_as_one():
    X = pd.DataFrame(np.ones((3, 300), dtype=np.float32)).add_prefix("c")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(Table().fit(X).write(X.to_numpy()), X)
        X["text"] = "a"
        table = Table().fit(X)
        assert_same(table.write(table.read(X)), X)


DAY = datetime.date(2020, 1, 1)
BAD = {
    "mixed": ([1, "a"], "cells of type int, str.*expected text and booleans.*astype"),
    "flags and numbers": ([True, 2], "cells of type bool, int.*expected.*to_numeric"),
    "lists": ([[1], [2]], "cells of type list; expected.*drop it"),
    "dicts": ([{}, {}], "cells of type dict; expected.*drop it"),
    "dates": ([DAY, DAY], "cells of type date; expected.*dt.year"),
    "datetimes": (pd.to_datetime([DAY, DAY]), "dates or times.*; expected.*dt.year"),
    "durations": (pd.to_timedelta([1, 2]), "dates or times.*; expected.*dt.days"),
    "periods": (
        pd.period_range("2020", periods=2),
        "dates or times .*; expected.*drop",
    ),
    "complex": (np.array([1j, 2]), "complex numbers; expected.*real and imaginary"),
    "infinite": ([1.0, np.inf], "infinity; expected finite.*NaN"),
    "huge": (pd.Series([1, 10**400], dtype=object), "infinity; expected finite.*NaN"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_neither_numbers_nor_levels_is_refused(case):
    cells, match = BAD[case]
    X = pd.DataFrame({"text": ["a", "b"], "it": cells})
    with pytest.raises(ValueError, match=f"(?s)Column 'it' of X holds {match}"):
        Table().fit(X)


@pytest.mark.parametrize(
    ("cells", "match"),
    [
        (pl.Series([DAY]), "dates or times .Date.*dt.year"),
        (pl.Series([datetime.timedelta(1)]), "dates or times .Duration"),
        (pl.Series([datetime.time(1)]), "dates or times .Time"),
        (pl.Series([[1]]), "cells of dtype List.*drop it"),
        (pl.Series([{"a": 1}]), "cells of dtype Struct.*drop it"),
        (pl.Series([b"a"]), "cells of dtype Binary.*drop it"),
        (pl.Series([np.inf]), "infinity"),
    ],
)
def test_polars_too(cells, match):
    X = pl.DataFrame({"text": ["a"], "it": cells})
    for categorical in ("from_dtype", None if match == "infinity" else ["it", "text"]):
        if categorical is not None:
            with pytest.raises(ValueError, match=f"Column 'it' of X holds {match}"):
                Table(categorical).fit(X)


def test_text_is_no_number():
    X = pd.DataFrame({"a": ["1", "x"], "b": [1, 2]})
    for categorical in (None, ["b"]):
        with pytest.raises(ValueError, match=r"'a'.*str; expected numbers, as cat.*to_num"):
            Table(categorical).fit(X)


@pytest.mark.parametrize(
    ("categorical", "match"),
    [
        (["z", "a"], "has 'z', which X has not; expected names of its 2.*list.X.columns"),
        ([5], "has 5, which X has not; expected indices from 0 to 1"),
        ([-3], "has -3, which X has not; expected indices from 0 to 1"),
        ([True], "mask of 1 values, and X has 2 columns; expected one.*Pass names"),
        ("a", r"='a'; expected 'from_dtype'.*Pass \['a'\]"),
        (1, r"=1; expected 'from_dtype'.*Pass \[1\]"),
    ],
)
def test_levels_that_x_has_not(categorical, match):
    with pytest.raises(ValueError, match=f"categorical_features.*{match}"):
        Table(categorical).fit(pd.DataFrame({"a": [1], "b": [2]}))


def test_arrays_have_no_names():
    with pytest.raises(ValueError, match="'a', which X has not; expected indices"):
        Table(["a"]).fit(np.ones((2, 2)))


def test_names_are_one_per_column():
    X = pd.DataFrame([["a", 1, 2]], columns=["a", "b", "b"])
    with pytest.raises(ValueError, match=r"the name 'b'; expected.*Rename"):
        Table().fit(X)
    with pytest.raises(ValueError, match=r"has 'b', the name of more.*; expected.*Rename"):
        Table(["b"]).fit(X)
    with pytest.raises(TypeError, match=r"types int, str; expected only str.*astype"):
        Table().fit(X.set_axis(["a", 1, 2], axis=1))


def test_no_samples():
    X = pd.DataFrame({"a": ["x"]})
    match = r"0 sample.*expected at least one.*Look at"
    with pytest.raises(ValueError, match=match):
        Table().fit(X[:0])
    with pytest.raises(ValueError, match=match):
        Table().fit(X).read(X[:0])


def test_what_holds_no_table():
    with pytest.raises(ValueError, match=r"LazyFrame.*expected.*collect"):
        Table().fit(pl.DataFrame({"a": ["x"]}).lazy())
    with pytest.raises(TypeError, match=r"sparse.*dense data is required.*toarray"):
        Table([0]).fit(sparse.csr_array(np.eye(2)))
    with pytest.raises(ValueError, match=r"shape .3,.; expected two dimensions"):
        Table([0]).fit([1, 2, 3])


USE = {
    "lacks": (lambda X: X[["a", "n"]], "lacks the columns 'f'; expected.*Pass Y"),
    "extra": (lambda X: X.assign(z=1), "has the columns 'z', which the fit had not"),
    "both": (lambda X: X.rename(columns={"f": "g"}), "lacks.*'f' and has the columns 'g'"),
    "order": (lambda X: X[["n", "a", "f"]], "another order, 'n', 'a' in.*; expected"),
    "text": (lambda X: X.astype({"n": str}), "'n' of Y .*str; expected numbers, as in the"),
    "number": (lambda X: X.assign(a=1), "'a' of Y .*int.*such as 'x'; expected the same"),
    "bool": (lambda X: X.assign(a=X.f), "'a' of Y .*bool.*such as 'x'; expected the same"),
    "zeros": (lambda X: X.assign(f=0), "'f' of Y .*int.*such as False; expected the same"),
    "dates": (lambda X: X.assign(a=pd.Timestamp(0)), "'a' of Y holds dates.*; expected"),
    "times": (lambda X: X.assign(n=pd.Timestamp(0)), "'n' of Y holds dates.*; expected"),
    "infinite": (lambda X: X.assign(n=np.inf), "'n' of Y holds infinity; expected"),
    "narrow": (lambda X: X.to_numpy()[:, :2], "has 2 columns, and the fit had 3; expected"),
}


@pytest.mark.parametrize("case", USE)
def test_columns_are_those_of_the_fit(case):
    change, match = USE[case]
    X = pd.DataFrame({"a": ["x", "y"], "n": [1, 2], "f": [True, False]})
    table = Table().fit(X)
    with pytest.raises(ValueError, match=match):
        table.read(change(X), "Y")
