"""A table is read as floats, and written back as it was."""

import pickle
from datetime import timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from sklearn_ae._columns import Table

pd = pytest.importorskip("pandas")
DATA = Path(__file__).parents[3] / "shared" / "data"
needs_polars = pytest.mark.skipif(find_spec("polars") is None, reason="needs polars")
needs_arrow = pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow")


def round_trip(X):
    """Return the rows of ``X`` and what is written of them, by a table from a pickle."""
    table = pickle.loads(pickle.dumps(Table().fit(X)))
    rows = table.read(X)
    assert rows.dtype == np.float64
    return rows, table.write(rows, index=getattr(X, "index", None))


@pytest.mark.parametrize("name", ["adult", "ames_housing", "horse_colic"])
@pytest.mark.parametrize("text", ["plain", "category"])
def test_real_tables_come_back(name, text):
    path = DATA / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip("needs the shared data")
    df = pd.read_csv(path).drop(columns="target")[:5000]
    if text == "category":
        texts = df.columns[[dtype.kind == "O" for dtype in df.dtypes]]
        df = df.astype(dict.fromkeys(texts, "category"))
    rows, back = round_trip(df)
    np.testing.assert_array_equal(np.isnan(rows), df.isna())
    pd.testing.assert_frame_equal(back, df)


@needs_polars
@pytest.mark.parametrize("name", ["adult", "ames_housing", "horse_colic"])
def test_real_tables_of_polars_come_back(name):
    import polars as pl
    from polars.testing import assert_frame_equal

    path = DATA / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip("needs the shared data")
    df = pl.read_csv(path, infer_schema_length=None).drop("target")[:5000]
    assert_frame_equal(round_trip(df)[1], df)


def odd_numbers():
    return pd.DataFrame(
        {
            "Int64": pd.array([3, None, 7], dtype="Int64"),
            "Int8": pd.array([3, None, -7], dtype="Int8"),
            "UInt64": pd.array([3, None, 7], dtype="UInt64"),
            "Float64": pd.array([0.5, None, 1e300], dtype="Float64"),
            "Float32": pd.array([0.5, 1.5, 0.1], dtype="Float32"),
            "boolean": pd.array([True, None, False], dtype="boolean"),
            "float32": np.array([0.1, np.nan, 3], dtype=np.float32),
            "int8": np.array([1, -128, 127], dtype=np.int8),
            "uint8": np.array([0, 3, 255], dtype=np.uint8),
            "int64": np.array([1, -5, 2**52]),
            "bool": [True, False, True],
        },
        index=["x", "y", "z"],
    )


def odd_texts():
    grade = pd.CategoricalDtype(["low", "middle", "high", "never"], ordered=True)
    return pd.DataFrame(
        {
            "ordered": pd.Series(["high", "low", None], dtype=grade),
            "category of numbers": pd.Series([30, 10, 30], dtype="category"),
            "intervals": pd.cut(pd.Series([0.1, 0.5, 0.9]), 2),
            "string": pd.Series(["b", None, "a"], dtype="string[python]"),
            "text": pd.Series(["b", None, "a"]),
            "object": pd.Series(["b", None, "a"], dtype=object),
            "object with NaN": pd.Series(["b", np.nan, "a"], dtype=object),
            "flags": pd.Series([True, None, False], dtype=object),
            "nothing": pd.Series([None, None, None], dtype=object),
            "no text": pd.Series([None, None, None], dtype="string[python]"),
            "no number": [np.nan, np.nan, np.nan],
            "no category": pd.Series([None, None, None], dtype=grade),
            "one level": ["a", "a", "a"],
        }
    )


def arrow():
    return pd.DataFrame(
        {
            "string[pyarrow]": pd.Series(["b", None, "a"], dtype="string[pyarrow]"),
            "arrow string": pd.Series(["b", None, "a"], dtype="large_string[pyarrow]"),
            "int": pd.Series([3, None, 7], dtype="int16[pyarrow]"),
            "double": pd.Series([0.5, None, 1.5], dtype="double[pyarrow]"),
            "bool": pd.Series([True, None, False], dtype="bool[pyarrow]"),
            "nothing": pd.Series([None, None, None], dtype="int16[pyarrow]"),
        }
    )


@pytest.mark.parametrize(
    "make", [odd_numbers, odd_texts, pytest.param(arrow, marks=needs_arrow)]
)
@pytest.mark.parametrize("rows", [slice(None), slice(2, 0, -1), slice(0, 0)])
def test_odd_dtypes_of_pandas_come_back(make, rows):
    df = make()
    table = Table().fit(df)
    read = table.read(df[rows])
    np.testing.assert_array_equal(np.isnan(read), df[rows].isna())
    pd.testing.assert_frame_equal(table.write(read, index=df[rows].index), df[rows])


def test_levels_are_numbered_in_the_order_of_their_dtype():
    rows, _ = round_trip(odd_texts())
    np.testing.assert_array_equal(rows[:, 0], [1, 0, np.nan])
    np.testing.assert_array_equal(rows[:, 3], [1, np.nan, 0])


@needs_polars
def test_odd_dtypes_of_polars_come_back():
    import polars as pl
    from polars.testing import assert_frame_equal

    enum = pl.Enum(["low", "middle", "high", "never"])
    df = pl.DataFrame(
        {
            "Int8": pl.Series([3, None, -128], dtype=pl.Int8),
            "UInt64": pl.Series([3, None, 2**40], dtype=pl.UInt64),
            "Int128": pl.Series([3, None, 2**40], dtype=pl.Int128),
            "Float32": pl.Series([0.1, None, 3], dtype=pl.Float32),
            "Float64": pl.Series([0.1, np.nan, 3], dtype=pl.Float64),
            "Decimal": pl.Series([Decimal("0.5"), None, Decimal("1.5")]),
            "Boolean": pl.Series([True, None, False]),
            "String": pl.Series(["b", None, "a"]),
            "Categorical": pl.Series(["b", None, "a"], dtype=pl.Categorical),
            "Enum": pl.Series(["high", None, "low"], dtype=enum),
            "Null": pl.Series([None, None, None]),
            "no text": pl.Series([None, None, None], dtype=pl.String),
            "no enum": pl.Series([None, None, None], dtype=enum),
            "no flag": pl.Series([None, None, None], dtype=pl.Boolean),
        }
    )
    rows, back = round_trip(df)
    holes = [series.is_null().to_numpy() | (rows[:, 4] != rows[:, 4]) for series in df]
    np.testing.assert_array_equal(np.isnan(rows), np.column_stack(holes))
    assert_frame_equal(back, df)
    np.testing.assert_array_equal(rows[:, 9], [1, np.nan, 0])
    assert_frame_equal(Table().fit(df).write(rows[:0]), df[:0])


def test_guesses_keep_the_dtype():
    df = odd_numbers()
    table = Table(["boolean"]).fit(df)
    guesses = np.tile([[0.6], [300.4], [-1e30]], len(df.columns))
    guesses[:, 5] = 0
    back = table.write(guesses)
    assert list(back.dtypes) == list(df.dtypes)
    assert back["int8"].tolist() == [1, 127, -128]
    assert back["Int8"].tolist() == [1, 127, -128]
    assert back["uint8"].tolist() == [1, 255, 0]
    assert back["Int64"][0] == back["int64"][0] == 1
    assert back["bool"].tolist() == [True, True, False]


@needs_polars
def test_guesses_keep_the_dtype_of_polars():
    import polars as pl

    kinds = [pl.Int8, pl.UInt64, pl.Float32, pl.Boolean]
    df = pl.DataFrame({str(kind): pl.Series([1, 0]).cast(kind) for kind in kinds})
    back = Table(None).fit(df).write(np.tile([[0.6], [300.4], [-1e30], [1e30]], 4))
    assert back.schema == df.schema
    assert back["Int8"].to_list() == [1, 127, -128, 127]
    assert back["UInt64"].to_list()[:3] == [1, 300, 0]
    assert back["Boolean"].to_list() == [True, True, False, True]


def test_integers_with_holes_become_floats_as_in_pandas():
    table = Table().fit(pd.DataFrame({"n": [1, 2], "flag": [True, False], "t": ["a", "b"]}))
    back = table.write(np.array([[1, 0, 1], [np.nan, np.nan, np.nan]]))
    assert back["n"].dtype == np.float64
    assert back["n"].isna().tolist() == back["t"].isna().tolist() == [False, True]
    assert back["flag"].tolist() == [False, None]


@needs_polars
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_one_library_writes_what_another_read(library):
    import polars as pl

    values = {"n": [1, 2], "x": [0.5, 1.5], "t": ["a", "b"], "flag": [True, False]}
    df = (pl if library == "pandas" else pd).DataFrame(values)
    table = Table().fit(df)
    rows = table.read(df)
    rows[0, 0] = 1.4
    back = table.write(rows, library)
    assert type(back).__module__.partition(".")[0] == library
    assert {name: list(back[name]) for name in back.columns} == values
    other = (pd if library == "pandas" else pl).DataFrame(values)
    np.testing.assert_array_equal(table.read(other), table.read(df))


def test_an_array_with_levels_comes_back():
    X = np.array([[0.5, 7.0], [1.5, 3.0], [np.nan, np.nan]])
    table = Table([1]).fit(X)
    rows = table.read(X)
    assert table.n_levels == (0, 2)
    np.testing.assert_array_equal(rows, [[0.5, 1], [1.5, 0], [np.nan, np.nan]])
    np.testing.assert_array_equal(table.write(rows), X)
    assert table.write(rows).dtype == np.float64


@pytest.mark.parametrize("hole", [None, np.nan, pd.NA])
def test_an_array_of_objects_comes_back(hole):
    X = np.array([[0.5, "b"], [1.5, "a"], [2.5, hole]], dtype=object)
    table = Table([False, True]).fit(X)
    back = table.write(table.read(X))
    assert back.dtype == object
    assert back[:2].tolist() == X[:2].tolist()
    assert back[2, 1] is hole
    of_list = Table([1]).fit(X[:2].tolist())
    np.testing.assert_array_equal(of_list.read(X), table.read(X))


def test_levels_unseen_in_fit_are_missing():
    table = Table().fit(pd.DataFrame({"t": ["a", "b"], "c": pd.Categorical(["x", "y"])}))
    X = pd.DataFrame({"t": ["b", "new"], "c": pd.Categorical(["new", "y"])})
    np.testing.assert_array_equal(table.read(X), [[1, np.nan], [np.nan, 1]])


def test_a_column_without_any_value_stays_missing():
    none = pd.Series([None, None], dtype=object)
    df = pd.DataFrame({"x": [1.0, 2.0], "t": none, "c": none.astype("category")})
    table = Table().fit(df)
    assert table.n_levels == (0, 0, 0)
    later = pd.DataFrame({"x": [1.0, 2.0], "t": ["a", "b"], "c": ["a", "b"]})
    rows = table.read(later)
    assert np.isnan(rows[:, 1:]).all()
    pd.testing.assert_frame_equal(table.write(rows), df)


def test_one_level_is_a_level():
    df = pd.DataFrame({"x": [1.0, 2.0], "t": ["a", "a"]})
    assert Table().fit(df).n_levels == (0, 1)
    pd.testing.assert_frame_equal(round_trip(df)[1], df)


def test_numbers_that_stand_for_levels_keep_their_digits():
    df = pd.DataFrame({"id": [2**60 + 1, 2**60 + 2, 2**60 + 1], "x": [0.5, 1, 2]})
    table = Table(["id"]).fit(df)
    rows = table.read(df)
    np.testing.assert_array_equal(rows[:, 0], [0, 1, 0])
    pd.testing.assert_frame_equal(table.write(rows), df)
    assert Table([0]).fit(df).n_levels == Table([-2]).fit(df).n_levels == (2, 0)
    assert Table([True, False]).fit(df).n_levels == Table(df.columns[:1]).fit(df).n_levels


def test_numbers_with_levels_may_turn_to_floats():
    table = Table([0]).fit(pd.DataFrame({"code": [10, 20, 30]}))
    rows = table.read(pd.DataFrame({"code": [20.0, np.nan, 11.5]}))
    np.testing.assert_array_equal(rows, [[1], [np.nan], [np.nan]])


def test_plain_tables_have_no_levels():
    df = pd.DataFrame({"a": [1, 2], "b": np.float32([0.5, np.nan])})
    assert Table.is_plain(df, "from_dtype")
    assert Table.is_plain(df, None)
    assert Table.is_plain(df, [])
    assert not Table.is_plain(df, ["a"])
    assert not Table.is_plain(odd_texts(), None)
    assert not Table().fit(df).has_levels
    assert Table().fit(odd_numbers()).has_levels


def test_text_may_be_left_out_of_the_levels_only_as_numbers():
    with pytest.raises(
        ValueError, match=r"Column 't' .*str values.*expected numbers.*Turn it into"
    ):
        Table(None).fit(pd.DataFrame({"x": [0.5, 1.5], "t": ["1", "2"]}))
    flags = pd.DataFrame({"flag": [True, False], "Flag": pd.array([None, True], "boolean")})
    np.testing.assert_array_equal(Table(None).fit(flags).read(flags), [[1, np.nan], [0, 1]])


def test_categories_that_are_taken_for_numbers_come_back_as_numbers():
    df = pd.DataFrame({"c": pd.Categorical([1, 2, 1])})
    table = Table(None).fit(df)
    assert table.write(np.array([[1.5]]))["c"].tolist() == [1.5]


def test_many_levels_are_read_fast():
    rng = np.random.RandomState(0)
    df = pd.DataFrame({"x": rng.rand(50_000), "t": rng.randint(0, 10_000, 50_000)})
    df["t"] = "level " + df["t"].astype(str)
    begin = perf_counter()
    table = Table().fit(df)
    rows = table.read(df)
    back = table.write(rows)
    assert perf_counter() - begin < 3  # of a tenth of this
    assert table.n_levels[1] > 9000
    pd.testing.assert_frame_equal(back, df)
    assert len(pickle.dumps(table)) < 1e6
    assert len(pickle.dumps(Table().fit(df[:100]))) < 10_000


# -- what is refused ----------------------------------------------------------------------

MIXED = pd.Series(["a", 1, None], dtype=object)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (MIXED, r"holds values of type int, str; expected.*of one kind.*astype\(str\)"),
        (pd.Series([[1], [2], [3]]), "holds values of type list; expected.*drop it"),
        (pd.Series([b"a", b"b", b"a"], dtype=object), "type bytes; expected.*drop it"),
        (pd.date_range("2020", periods=3), "dtype datetime64.*dates.*expected.*days since"),
        (pd.date_range("2020", periods=3, tz="UTC"), "dtype datetime64.*expected.*drop"),
        (pd.timedelta_range("1h", periods=3), "dtype timedelta64.*expected.*drop it"),
        (pd.period_range("2020", periods=3, freq="D"), "dtype period.*expected.*drop it"),
        (pd.interval_range(0, 3), "dtype interval.*expected.*drop it"),
        (np.array([1j, 2, 3]), "dtype complex128, complex numbers; expected.*drop it"),
        ([0.5, np.inf, 1], "holds infinity; expected finite numbers.*Replace it"),
        (pd.Series([timedelta(1)] * 3, dtype=object), "holds values of type timedelta"),
    ],
)
@pytest.mark.parametrize("with_text", [True, False])
def test_columns_that_are_no_numbers_or_levels(column, message, with_text):
    df = pd.DataFrame({"when": column, "x": [1, 2, 3]})
    if with_text:
        df["t"] = "a"
    elif "infinity" in message:
        pytest.skip("scikit-learn tells of infinity in numbers")
    with pytest.raises(ValueError, match=f"Column 'when' .*{message}"):
        Table().fit(df)


@pytest.mark.parametrize("unit", ["D", "s"])
def test_dates_are_no_numbers_where_levels_are_named(unit):
    for values in (np.array([1, 2], f"M8[{unit}]"), np.array([1, 2], f"m8[{unit}]")):
        df = pd.DataFrame({"when": values, "t": ["a", "b"]})
        with pytest.raises(ValueError, match=r"Column 'when' .*expected numbers.*days"):
            Table(["t"]).fit(df)
        with pytest.raises(ValueError, match=r"Column 0 .*expected numbers.*days"):
            Table([1]).fit(np.column_stack([values, values]))


@needs_polars
def test_columns_of_polars_that_are_no_numbers_or_levels():
    import polars as pl

    day, hour = np.array(["2020-01-01"], "M8[ms]"), np.array([1], "m8[ms]")
    columns = {
        "Datetime": pl.Series(day),
        "Date": pl.Series(day).cast(pl.Date),
        "Duration": pl.Series(hour),
        "List": pl.Series([[1, 2]]),
        "Struct": pl.Series([{"a": 1}]),
        "Binary": pl.Series([b"a"]),
        "Object": pl.Series([object()], dtype=pl.Object),
    }
    for name, series in columns.items():
        df = pl.DataFrame({"when": series, "t": ["a"]})
        with pytest.raises(ValueError, match=f"Column 'when' .*{name}.*expected.*drop it"):
            Table().fit(df)
    df = pl.DataFrame({"when": [np.inf], "t": ["a"]})
    with pytest.raises(
        ValueError, match=r"Column 'when' holds infinity; expected.*Replace"
    ):
        Table().fit(df)


def test_duplicate_names():
    df = pd.DataFrame([[1, "a", 2]], columns=["x", "t", "x"])
    with pytest.raises(ValueError, match=r"more than one column .*'x'; expected.*Rename"):
        Table().fit(df)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda df: df[["t", "x"]],
            r"its columns in the order \['t', 'x'\]; expected.*Pass",
        ),
        (lambda df: df[["x"]], r"X lacks the columns \['t'\]; expected.*Pass"),
        (lambda df: df.assign(new=1), r"the columns \['new'\], unknown .*; expected.*Pass"),
        (
            lambda df: df.rename(columns={"t": "u"}),
            r"lacks the columns \['t'\] and has the columns \['u'\].*; expected.*Pass",
        ),
        (lambda df: df.to_numpy()[:, :1], "X has 1 columns, and the fit had 2; expected"),
        (
            lambda df: df.assign(x=["1", "2"]),
            "Column 'x' .*str values such as '1'; expected numbers.*pandas.to_numeric",
        ),
        (lambda df: df.assign(x=np.inf), "Column 'x' holds infinity; expected.*Replace"),
        (
            lambda df: df.assign(x=pd.Timestamp("2020")),
            "Column 'x' .*Timestamp values .*; expected numbers.*days since",
        ),
        (
            lambda df: df.assign(t=[1, 2]),
            "Column 't' holds int.* values .*levels such as 'a'.*; expected.*Convert",
        ),
        (
            lambda df: df.assign(t=pd.Timestamp("2020")),
            "Column 't' holds Timestamp values .*levels such as 'a'.*; expected.*Convert",
        ),
        (
            lambda df: df.assign(t=pd.Series(["a", 2], dtype=object)),
            "Column 't' holds int values such as 2.* such as 'a'.*; expected.*Convert",
        ),
        (
            lambda df: df.assign(t=[True, False]),
            "Column 't' holds bool values such as True.*; expected.*Convert",
        ),
    ],
)
def test_other_columns_than_in_fit(change, message):
    df = pd.DataFrame({"x": [0.5, 1.5], "t": ["a", "b"]})
    table = Table().fit(df)
    with pytest.raises(ValueError, match=message):
        table.read(change(df))


@pytest.mark.parametrize(
    ("categorical", "message"),
    [
        (["u", "t"], r"names \['u'\], which X has not; expected names or.*Look at"),
        ([2, 0], r"names \[2\], which X has not; expected.*2 columns.*Look at"),
        ([-3], r"names \[-3\], which X has not; expected.*2 columns.*Look at"),
        ([1.5], r"names \[1.5\], which X has not; expected.*2 columns.*Look at"),
        ([True], "a mask of 1 values, and X has 2 columns; expected.*Pass"),
        ("t", r"='t'; expected 'from_dtype', None, or.* pass \['t'\]"),
    ],
)
def test_wrong_categorical_features(categorical, message):
    with pytest.raises(ValueError, match=message):
        Table(categorical).fit(pd.DataFrame({"x": [0.5, 1.5], "t": ["a", "b"]}))


def test_names_of_an_array_without_names():
    with pytest.raises(ValueError, match=r"names \['t'\], which X has not; expected"):
        Table(["t"]).fit(np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"X has shape \(3,\); expected two.*reshape"):
        Table([0]).fit(np.ones(3))
