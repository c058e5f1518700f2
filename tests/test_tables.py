"""Estimators of tables as they are: columns of levels, missing cells, frames in and out."""

import pickle
import re

import numpy as np
import pytest
from estimators import ESTIMATORS, Watching
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
frames_of_polars = pytest.importorskip("polars.testing")

KINDS = ["pandas", "polars"]
SAME = {
    "pandas": pd.testing.assert_frame_equal,
    "polars": frames_of_polars.assert_frame_equal,
}


def make_mixed(n_rows=160, seed=0):
    """Return a table whose columns follow from two numbers, without holes."""
    rng = np.random.RandomState(seed)
    u, v = rng.normal(size=(2, n_rows))
    grade = pd.CategoricalDtype(["low", "middle", "high", "never"], ordered=True)
    return pd.DataFrame(
        {
            "width": u + 0.1 * v,
            "count": np.rint(10 + 4 * v).astype(np.int64),
            "colour": np.array(["blue", "green", "red"])[np.digitize(u, [-0.5, 0.5])],
            "grade": pd.Categorical.from_codes(np.digitize(v, [-0.5, 0.5]), dtype=grade),
            "is_wide": u > 0,
            "size": (100 * u - 50 * v).astype(np.float32),
        }
    )


def as_polars(df):
    """Return a frame of pandas as one of polars, its ordered column as an Enum."""
    kinds = {
        "grade": pl.Enum(["low", "middle", "high", "never"]),
        "size": pl.Float32,
        "count": pl.Int64,
    }
    columns = {}
    for name in df:
        values = [None if pd.isna(v) else v for v in df[name].tolist()]
        columns[name] = pl.Series(values, dtype=kinds.get(name))
    return pl.DataFrame(columns)


def with_holes(df, share=0.15, seed=1):
    """Return ``df`` with missing cells; its integers and flags become nullable."""
    df = df.astype({"count": "Int64", "is_wide": "boolean"})
    return df.mask(np.random.RandomState(seed).rand(*df.shape) < share)


def without_addresses(value):
    """Return an id that is the same in every process."""
    return re.sub(r" at 0x\w+", "", str(value))


@pytest.fixture(params=KINDS)
def library(request):
    return request.param


@pytest.fixture
def convert(library):
    return as_polars if library == "polars" else lambda df: df.set_axis(df.index + 7)


@pytest.fixture
def mixed(convert):
    return convert(make_mixed())


@pytest.fixture
def holey(convert):
    return convert(with_holes(make_mixed()))


def schema(frame):
    """Return the names and dtypes of a frame."""
    return list(frame.columns), list(frame.dtypes)


def cells(frame):
    """Return the cells of a frame, and which are missing, each (n_rows, n_columns)."""
    if isinstance(frame, pl.DataFrame):
        table = np.array([[*row] for row in frame.rows()], dtype=object)
    else:
        table = frame.astype(object).to_numpy()
    return table, pd.isna(table)


def test_what_comes_out_of_a_mixed_table_is_like_it(quick, mixed, library):
    ae = quick().fit(mixed)
    codes = ae.transform(mixed)
    assert codes.shape == (160, 2)
    assert np.isfinite(codes).all()
    results = {
        "inverse_transform": ae.inverse_transform(codes),
        "reconstruct": ae.reconstruct(mixed),
        "sample": ae.sample(5, random_state=0),
        "impute": ae.impute(mixed),
    }
    if hasattr(ae, "denoise"):
        results["denoise"] = ae.denoise(mixed)
    for name, result in results.items():
        assert schema(result) == schema(mixed), name
        assert not cells(result)[1].any(), name
    SAME[library](results["impute"], mixed)
    if library == "pandas":
        for name in ("reconstruct", "impute"):
            pd.testing.assert_index_equal(results[name].index, mixed.index)
    SAME[library](
        results["inverse_transform"],
        results["reconstruct"]
        if library == "polars"
        else results["reconstruct"].reset_index(drop=True),
    )


def test_imputing_fills_holes_and_nothing_else(quick, holey):
    ae = quick().fit(holey)
    codes = ae.transform(holey)
    assert np.isfinite(codes).all()
    filled = ae.impute(holey)
    assert schema(filled) == schema(holey)
    (before, holes), (after, none) = cells(holey), cells(filled)
    assert holes.any()
    assert not none.any()
    assert (before[~holes] == after[~holes]).all()
    for frame in (ae.reconstruct(holey), ae.inverse_transform(codes), ae.sample(5)):
        assert schema(frame) == schema(holey)
        assert not cells(frame)[1].any()


def test_holes_of_levels_are_filled_better_than_by_the_most_frequent():
    whole = make_mixed(300)
    df = with_holes(whole)
    filled = AutoencoderTransformer(2, max_iter=5, random_state=0).fit(df).impute(df)
    holes = df["colour"].isna()
    assert np.mean(filled["colour"][holes] == whole["colour"][holes]) > 0.7


def test_empty_rows_and_columns(quick, library):
    df = with_holes(make_mixed())
    df.iloc[3] = None
    df["nothing"] = pd.Series([None] * len(df), dtype=object)
    df["no number"] = np.nan
    X = df if library == "pandas" else as_polars(df)
    ae = quick().fit(X)
    assert np.isfinite(ae.transform(X)).all()
    filled = cells(ae.impute(X))[1]
    assert not filled[:, :6].any()
    assert filled[:, 6:].all()
    assert np.isfinite(ae.column_scores(X)[:6]).all()
    assert np.isfinite(ae.score(X))
    assert (ae.cell_scores(X)[3] == 0).all()


def test_numeric_frames(quick, library):
    rng = np.random.RandomState(0)
    x = rng.normal(size=150)
    columns = {"x": x, "n": np.rint(9 * x).astype(np.int32), "y": x + rng.rand(150)}
    X = (pd if library == "pandas" else pl).DataFrame(columns)
    ae = quick(1).fit(X)
    assert isinstance(ae.reconstruct(X), np.ndarray)
    ae.set_output(transform=library)
    back = ae.reconstruct(X)
    assert schema(back) == schema(X)
    assert schema(ae.sample(3)) == schema(X)
    assert type(ae.transform(X)) is type(X)
    other = "polars" if library == "pandas" else "pandas"
    back = ae.set_output(transform=other).reconstruct(X)
    assert type(back).__module__.partition(".")[0] == other
    assert str(back["n"].dtype).lower() == "int32"


def test_numeric_frames_and_arrays_with_holes(quick, library):
    rng = np.random.RandomState(0)
    X = np.outer(rng.normal(size=150), [1, 2, 3]) + 0.1 * rng.normal(size=(150, 3))
    X[rng.rand(*X.shape) < 0.1] = np.nan
    frame = (pd if library == "pandas" else pl).DataFrame(
        dict(zip("abc", X.T, strict=True))
    )
    for table in (X, frame):
        ae = quick(1).fit(table)
        filled = ae.impute(table)
        assert isinstance(filled, np.ndarray)
        assert np.isfinite(filled).all()
        np.testing.assert_array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])
        assert (ae.cell_scores(table)[np.isnan(X)] == 0).all()
    filled = ae.set_output(transform=library).impute(frame)
    assert schema(filled) == schema(frame)


def test_holes_are_filled_within_the_range_of_the_fit(quick):
    x = np.random.RandomState(0).normal(size=150)
    df = pd.DataFrame({"x": x, "gain": 3 * x + 1, "level": np.where(x > 0, "a", "b")})
    ae = quick(1).fit(df.mask(np.random.RandomState(1).rand(*df.shape) < 0.1))
    low, high = df["gain"].min(), df["gain"].max()
    beyond = pd.DataFrame({"x": [-9.0, 9.0], "gain": np.nan, "level": ["b", "a"]})
    assert ae.impute(beyond)["gain"].between(low, high).all()
    kept = beyond.assign(gain=[low - 5, high + 5], level=None)
    np.testing.assert_array_equal(ae.impute(kept)["gain"], kept["gain"])


def test_a_column_of_few_cells_costs_little_in_new_rows():
    """Four cells are no reason to be sure of a level, however well codes part them."""
    table = make_mixed(600)
    part = np.where(table["width"] > 0, "wide", "narrow")
    other = np.where(part == "wide", "narrow", "wide")
    row = np.arange(600)
    # Half of the new cells contradict what the four seen ones suggest.
    new = np.where(row % 2, part, other)
    table["rare"] = np.where(row >= 300, new, np.where(row % 75 == 10, part, None))
    ae = AutoencoderTransformer(2, max_iter=20, random_state=0).fit(table[:300])
    assert table["rare"][:300].value_counts().tolist() == [2, 2]
    assert ae.column_scores(table[300:])[-1] > -1


def test_levels_that_the_fit_has_not_seen_are_cells_that_imputing_leaves(quick, library):
    df = with_holes(make_mixed())
    df["flag"] = pd.Series([True] * len(df), dtype="boolean").where(df["width"] > 0)
    df["nothing"] = pd.Series([None] * len(df), dtype=object)
    new = df[:6].copy()
    new["colour"] = ["mauve", "teal", None, "red", "red", "mauve"]
    new["grade"] = pd.Categorical(["odd", "low", "odd", None, "low", "high"])
    new["flag"] = pd.Series([False, False, True, None, True, None], dtype="boolean")
    new["nothing"] = ["some", *[None] * 5]
    if library == "polars":
        known = {name: [None if pd.isna(v) else v for v in new[name]] for name in new}
        new, text = pl.DataFrame(known), pl.col("nothing").cast(pl.String)
        df = as_polars(df).with_columns(text)
    filled = quick().fit(df).impute(new)
    (before, holes), (after, none) = cells(new), cells(filled)
    assert (before[~holes] == after[~holes]).all()
    assert not none[:, :-1].any()
    assert none[1:, -1].all()
    assert schema(filled)[0] == schema(df)[0]


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_a_table_of_columns_of_many_levels_alone(quick, share):
    number = np.random.RandomState(0).randint(0, 120, size=400)
    df = pd.DataFrame({"a": number, "b": number * 7 % 113}).astype(str)
    assert df.nunique().min() > 100
    X = df.mask(np.random.RandomState(1).rand(*df.shape) < share)
    ae = quick().fit(X)
    assert ae.transform(X).shape == (400, 2)
    assert np.isfinite(ae.column_scores(X)).all()
    assert schema(ae.impute(X)) == schema(X)
    assert not ae.impute(X).isna().to_numpy().any()
    with pytest.raises(ValueError, match=r"n_components=33 .*=32"):
        quick(33).fit(X)


def test_a_code_that_is_a_rounding_error_makes_no_level_certain(quick):
    """Two indicators are one number: PCA's second code is a rounding error."""
    random = np.random.RandomState(0)
    df = pd.DataFrame(
        {"many": random.randint(0, 120, 400), "two": random.randint(0, 2, 400)}
    )
    ae = quick(max_iter=2).fit(df.astype(str))
    assert ae.column_scores(df.astype(str))[1] > 0.5


def test_a_column_of_one_odd_cell_does_not_decide_which_epoch_is_kept():
    """In validation rows that cell costs more than all other cells gain."""
    random = np.random.RandomState(0)
    x = random.normal(size=400)
    table = pd.DataFrame({"x": x, "square": x**2, "cube": x**3 - x})
    for seed in range(8):
        order = np.random.RandomState(seed).permutation(400)
        table[f"odd {seed}"] = np.where(order == 0, "once", "usual")
    ae = AutoencoderTransformer(1, random_state=0).fit(table)
    assert ae.best_iter_ > 0
    assert ae.column_scores(table)[:3].mean() > 0.8


def test_imputing_keeps_digits_that_the_dtype_of_the_fit_has_not(library):
    df = make_mixed().astype({"size": "float32"})
    df["big"] = 2**60 + np.arange(len(df))
    new = df.astype({"count": float, "size": float})
    new["count"] += 0.25
    new["size"] += 1e-9
    new.loc[3, "count"] = None
    if library == "polars":
        df = pl.from_pandas(df.astype({"grade": str}))
        new = pl.from_pandas(new.astype({"grade": str}))
    filled = AutoencoderTransformer(2, max_iter=3, random_state=0).fit(df).impute(new)
    (before, holes), (after, none) = cells(new), cells(filled)
    assert holes.sum() == 1
    assert not none.any()
    assert (before[~holes] == after[~holes]).all()
    array = df.to_numpy()[:, [0, 1, 2]].astype(object)
    other = array.copy()
    other[:, 1] += 0.25
    settings = {"categorical_features": [2], "max_iter": 3, "random_state": 0}
    fitted = AutoencoderTransformer(1, **settings).fit(array)
    np.testing.assert_array_equal(fitted.impute(other), other)


def test_imputing_numbers_keeps_digits_too(library):
    x = np.random.RandomState(0).normal(size=100)
    df = pd.DataFrame({"a": x, "b": np.where(np.arange(100) < 9, np.nan, x), "n": 0})
    df["n"] = np.rint(9 * x).astype(int)
    new = df.assign(n=df["n"] + 0.25)
    if library == "polars":
        df, new = pl.from_pandas(df), pl.from_pandas(new)
    ae = AutoencoderTransformer(1, max_iter=3, random_state=0).fit(df)
    filled = ae.set_output(transform=library).impute(new)
    (before, holes), (after, none) = cells(new), cells(filled)
    assert not none.any()
    assert (before[~holes] == after[~holes]).all()


def test_imputing_python_objects_of_polars():
    x = np.random.RandomState(0).normal(size=60).tolist()
    cells = [None, *(round(4 * v) for v in x[1:])]
    df = pl.DataFrame(
        {"x": x, "o": pl.Series(cells, dtype=pl.Object), "t": ["a", "b"] * 30}
    )
    filled = AutoencoderTransformer(1, max_iter=3, random_state=0).fit(df).impute(df)
    assert filled["o"].dtype == pl.Object
    assert filled["o"].to_list()[1:] == cells[1:]
    assert filled["o"].to_list()[0] is not None


def test_codes_as_many_as_columns_of_categories_rank_by_no_rounding(recwarn):
    ae = AutoencoderTransformer(6, max_iter=2, random_state=0).fit(make_mixed())
    ae.score_samples(make_mixed())
    assert not [w for w in recwarn if "leaves nothing out" in str(w.message)]


@pytest.mark.parametrize("own", [None, "rows", "none"])
def test_noise_is_no_reason_to_fill_by_the_network(own):
    """Columns know nothing of each other, and few validation cells tell little."""
    chosen = []
    for seed in range(4):
        random = np.random.RandomState(seed)
        X = random.normal(size=(140, 5))
        X[random.rand(*X.shape) < 0.15] = np.nan
        given = {"X_val": X[100:]} if own == "rows" else {}
        settings = {"early_stopping": own != "none", "scaling": "feature", "max_iter": 3}
        ae = AutoencoderTransformer(2, random_state=seed, **settings).fit(X[:100], **given)
        chosen.append(ae._fitted.arrays["encoder.table.by_network"])
    assert np.mean(chosen) <= 0.05


def test_a_column_without_any_cell_is_left_out_of_scores(quick):
    df = make_mixed().assign(number=np.nan, text=pd.Series([None] * 160, dtype=object))
    ae = quick().fit(df)
    shares = ae.column_scores(df)
    assert np.isnan(shares[-2:]).all()
    assert ae.score(df) == pytest.approx(shares[:-2].mean())
    assert ae.score(df.assign(number=1e3 * np.arange(160))) == pytest.approx(ae.score(df))
    X = df[["width", "size", "number"]]
    numbers = quick(1).fit(X)
    moved = X.assign(number=1e3 * np.arange(160.0))
    assert numbers.score(moved) == pytest.approx(numbers.score(X))


@pytest.mark.filterwarnings("ignore:None of the 1 components")
def test_columns_of_one_value_are_explained(quick):
    df = pd.DataFrame({"n": [3] * 50, "c": ["x"] * 50, "f": [True] * 50})
    ae = quick(1).fit(df)
    np.testing.assert_array_equal(ae.column_scores(df), [1, 1, 1])
    assert ae.score(df) == 1


def test_a_callback_that_does_nothing_changes_nothing():
    df, settings = make_mixed(), {"max_iter": 3, "random_state": 0}
    plain = AutoencoderTransformer(2, **settings).fit(df)
    watched = AutoencoderTransformer(2, callbacks=[Watching()], **settings).fit(df)
    assert plain.best_iter_ > 0
    np.testing.assert_allclose(plain.transform(df), watched.transform(df), atol=1e-4)


def test_a_warm_start_refuses_other_columns_of_categories(quick):
    df = make_mixed()
    ae = quick(warm_start=True, categorical_features=["colour", "grade", "is_wide"])
    ae.fit(df)
    ae.set_params(categorical_features=["colour", "grade", "is_wide", "count"])
    with pytest.raises(ValueError, match="categorical_features changed since"):
        ae.fit(df)


def test_validation_rows_without_any_cell(quick):
    df = with_holes(make_mixed())
    with pytest.raises(ValueError, match="X_val has no cell"):
        quick().fit(df, X_val=df[:20].mask(np.ones((20, 6), dtype=bool)))


def test_errors_name_values_and_columns_where_cells_are_missing(quick):
    X = np.random.RandomState(0).normal(size=(50, 3))
    X[0, 0] = np.nan
    for factor, words in ((1e200, "values up to [0-9]"), (1e-200, "vary by [0-9]")):
        with pytest.raises(ValueError, match=words):
            quick(1).fit(X * factor)
    with pytest.raises(ValueError, match=r"of 11 numbers and levels.*None to take 6"):
        quick(30).fit(make_mixed())
    named = make_mixed().set_axis(range(6), axis=1)
    with pytest.raises(ValueError, match=r"columns = list\(X.columns\) of the fit"):
        quick().fit(named).transform(named[[1, 0, 2, 3, 4, 5]])


def test_an_array_with_levels_gives_arrays(quick):
    df = make_mixed()
    X = np.column_stack([df["width"], df["grade"].cat.codes, df["size"]]).astype(float)
    ae = quick(categorical_features=[1]).fit(X)
    back = ae.reconstruct(X)
    assert isinstance(back, np.ndarray)
    assert set(back[:, 1]) <= {0, 1, 2}
    X[:, 1] *= 10  # levels are read as what they stand for
    tens = quick(categorical_features=[1]).fit(X)
    np.testing.assert_array_equal(tens.transform(X), ae.transform(X / [1, 10, 1]))


def test_scores(quick, holey):
    ae = quick().fit(holey)
    columns, cell = ae.column_scores(holey), ae.cell_scores(holey)
    assert columns.shape == (6,)
    assert cell.shape == (160, 6)
    holes = cells(holey)[1]
    assert (cell[holes] == 0).all()
    assert ae.score(holey) == pytest.approx(columns.mean())
    assert ae.score_samples(holey).shape == (160,)
    same = make_mixed().assign(colour="red", width=1.0)
    ae = quick().fit(same)
    varies = ae.column_scores(same)[[1, 3, 4, 5]]
    assert ae.score(same) == pytest.approx(varies.mean())


@pytest.mark.parametrize("column", ["colour", "a"])
def test_a_changed_cell_scores_lowest_in_its_row(column):
    df = make_mixed(300)
    # Many columns say the same, so that one of them cannot move the code far.
    noise = np.random.RandomState(0).normal(size=(300, 6))
    for j, name in enumerate("abcdef"):
        df[name] = df["width"] + 0.2 * noise[:, j]
    ae = AutoencoderTransformer(2, max_iter=20, random_state=0).fit(df)
    row = int(df["width"].argmax())
    before = ae.cell_scores(df)
    changed = df.copy()
    changed.loc[row, column] = "blue" if column == "colour" else 0.0
    scores = ae.cell_scores(changed)
    j = list(df.columns).index(column)
    assert scores[row].argmin() == j
    assert scores[row, j] < before[row, j]


def test_pickles_and_clones(quick, holey, library):
    ae = quick().fit(holey)
    again = pickle.loads(pickle.dumps(ae))
    SAME[library](again.impute(holey), ae.impute(holey))
    copy = clone(ae)
    assert not hasattr(copy, "_fitted")
    np.testing.assert_array_equal(copy.fit(holey).transform(holey), ae.transform(holey))


def test_compositions(quick):
    df = with_holes(make_mixed())
    y = np.random.RandomState(0).randint(0, 2, len(df))
    of_some = ColumnTransformer([("ae", quick(max_iter=2), ["width", "colour", "grade"])])
    assert of_some.fit_transform(df).shape == (160, 2)
    steps = make_pipeline(quick(max_iter=2), StandardScaler(), LogisticRegression())
    assert steps.fit(df, y).predict(df).shape == (160,)
    search = GridSearchCV(
        quick(max_iter=2), {"n_components": [1, 3]}, cv=2, error_score="raise"
    )
    assert search.fit(df).best_params_ == {"n_components": 3}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_after_skrub(quick):
    skrub = pytest.importorskip("skrub")
    pipe = make_pipeline(skrub.TableVectorizer(), quick())
    assert pipe.fit_transform(make_mixed()).shape == (160, 2)


@pytest.mark.parametrize(
    "params",
    [
        {"init": "random"},
        {"scaling": None},
        {"scaling": "feature"},
        {"whiten": True},
        {"dropout": 0.2},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (), "whiten": True},
        {"loss": "mae"},
        {"loss": "huber"},
        {"sampler": "gmm"},
        {"code_activation": "tanh"},
        {"early_stopping": False},
        {"alpha": 0.1},
        {"solver": "sgd", "learning_rate_init": 1e-3},
        {"callbacks": [Watching()]},
    ],
    ids=without_addresses,
)
def test_settings(quick, params):
    df = with_holes(make_mixed(120))
    if quick().__class__.__name__ == "VariationalAutoencoder" and "sampler" in params:
        params = {"sampler": "gaussian"}
    ae = quick(**{"max_iter": 3, **params}).fit(df)
    assert np.isfinite(ae.transform(df)).all()
    assert not ae.impute(df).isna().to_numpy().any()
    assert ae.score(df) > -0.5
    assert schema(ae.sample(3, random_state=0)) == schema(df)


@pytest.mark.parametrize("noise", ["gaussian", "masking", "salt_pepper", "swap"])
@pytest.mark.parametrize("level", ["auto", 0.3, 0])
def test_noises(noise, level):
    dae = DenoisingAutoencoder(
        2, noise=noise, noise_level=level, hidden_layer_sizes=8, max_iter=3, random_state=0
    )
    for df in (make_mixed(120), with_holes(make_mixed(120))):
        assert np.isfinite(dae.fit(df).transform(df)).all()
        assert dae.score(df) > 0
        assert not dae.denoise(df).isna().to_numpy().any()


def test_noisy_and_clean_tables():
    clean = make_mixed()
    noisy = clean.copy()
    noisy.loc[::5, "colour"] = "red"
    dae = DenoisingAutoencoder(2, max_iter=5, random_state=0).fit(noisy, X_clean=clean)
    assert np.isfinite(dae.score(noisy, X_clean=clean))
    assert dae.cell_scores(noisy, X_clean=clean).shape == clean.shape
    wrong = clean.assign(width=clean["colour"])
    with pytest.raises(
        ValueError, match=r"Column 'width' of X_clean .*expected numbers.*Turn it into"
    ):
        dae.fit(noisy, X_clean=wrong)


def test_warm_start(quick):
    df = make_mixed()
    ae = quick(warm_start=True, init="random").fit(df)
    before = ae.transform(df)
    ae.fit(df.sample(frac=1, random_state=0))
    assert not np.array_equal(ae.transform(df), before)
    unseen = df.assign(colour="unseen")
    assert np.isfinite(ae.transform(unseen)).all()
    with pytest.raises(ValueError, match="feature names"):
        ae.fit(df[df.columns[::-1]])


@pytest.mark.parametrize("holes", [True, False])
@pytest.mark.parametrize("init", ["pca", "random"])
def test_the_same_seed_gives_the_same(quick, holes, init):
    df = with_holes(make_mixed(120)) if holes else make_mixed(120)
    one, two = (quick(init=init, max_iter=2).fit(df).transform(df) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"loss": "bce"}, "loss='bce'.*expected.*Use"),
        ({"loss": "kl"}, "loss='kl'.*expected.*Use"),
        ({"loss": lambda x_hat, x: (x_hat - x).abs().mean()}, "callable.*expected.*Use"),
        ({"output_activation": "relu"}, "output_activation='relu'.*expected.*Use"),
        ({"categorical_features": ["x"]}, "'x', which X has not; expected.*Look"),
        ({"categorical_features": "colour"}, "'categorical_features' parameter"),
        ({"categorical_features": None}, "Column 'colour' .*expected numbers.*Turn it"),
    ],
    ids=without_addresses,
)
def test_what_is_refused_of_levels(quick, params, message):
    if quick().__class__.__name__ == "VariationalAutoencoder" and callable(
        params.get("loss")
    ):
        message = "loss"  # no likelihood of its own in any case
    ae = quick(**params)
    with pytest.raises(ValueError, match=re.compile(message, re.DOTALL)):
        ae.fit(make_mixed())
    assert not hasattr(ae, "_fitted")


@pytest.mark.parametrize("holes", [True, False])
def test_noise_of_the_users_is_refused(holes):
    df = with_holes(make_mixed())[["width", "size"]] if holes else make_mixed()
    dae = DenoisingAutoencoder(2, noise=lambda x, generator: x + 1, max_iter=2)
    with pytest.raises(ValueError, match=r"noise=.*callable.*expected.*Use noise="):
        dae.fit(df)


def test_what_is_not_a_table_in_memory_is_refused(quick):
    sparse = pytest.importorskip("scipy.sparse")
    ae = quick(categorical_features=[0])
    with pytest.raises(TypeError, match="dense data is required"):
        ae.fit(sparse.csr_matrix(np.eye(5)))
    with pytest.raises(ValueError, match=r"LazyFrame.*collect\(\)"):
        ae.fit(as_polars(make_mixed()).lazy())


def test_rare_levels_are_reconstructed():
    """Eight components suffice for eight numbers that everything follows from."""
    rng = np.random.RandomState(0)
    z = rng.normal(size=(1500, 8))
    df = pd.DataFrame(z @ rng.normal(size=(8, 10))).add_prefix("x")
    df["level"] = np.array(["a", "b", "rare"])[np.digitize(z[:, 0], [0.0, 2.05])]
    assert 0.01 < np.mean(df["level"] == "rare") < 0.03
    train, test = df[:1000], df[1000:]
    ae = AutoencoderTransformer(8, random_state=0).fit(train)
    is_rare = test["level"] == "rare"
    assert np.mean(ae.reconstruct(test)["level"][is_rare] == "rare") > 0.5


def test_all_estimators_are_tested():
    assert len(ESTIMATORS) == 3


def test_more_codes_than_the_linear_start_has():
    # Columns of more than 100 levels have no part in it; training starts at random.
    table = pd.DataFrame({"id": [f"v{i % 150}" for i in range(300)]})
    table["x"] = np.random.RandomState(0).normal(size=300)
    fitted = AutoencoderTransformer(max_iter=2, random_state=0).fit(table)
    assert fitted.n_components_ == 2
    with pytest.raises(ValueError, match=r"n_components=18 must be between 1 and .*=17"):
        AutoencoderTransformer(18).fit(table)
