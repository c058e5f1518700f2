"""The demo on a file: what it says and saves is true; nothing is left out silently."""

import functools
import re
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from scipy.stats import entropy

from sklearn_ae import AutoencoderTransformer
from sklearn_ae._demo import main
from sklearn_ae._demo._picture import _draw_shares, draw

pd = pytest.importorskip("pandas")

N = 120


@pytest.fixture(autouse=True)
def quick_fits_in_a_folder(tmp_path, monkeypatch):
    """Few epochs, no picture, and a current folder that is empty."""
    quick = functools.partial(AutoencoderTransformer, max_iter=2)
    monkeypatch.setattr("sklearn_ae._demo._compare.AutoencoderTransformer", quick)
    monkeypatch.setattr("sklearn_ae._demo._table.draw", lambda *parts: None)
    monkeypatch.chdir(tmp_path)


def a_table(n=N):
    """Three numbers and two categories that can be learnt, some cells missing."""
    rng = np.random.RandomState(0)
    a = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "weight": (70 + 10 * a).round(1),
            "height": (170 + 8 * a + rng.normal(size=n)).round(1),
            "children": rng.poisson(2, n),
            "town": np.where(a > 0, "Köln", np.where(a > -1, "München", "Bonn")),
            "is_tall": a > 0.5,
        }
    )
    frame.loc[::9, "height"] = np.nan
    frame.loc[::11, "town"] = None
    return frame


def run(*arguments, capsys, sizes=(2,)):
    main(list(arguments), sizes=sizes)
    return capsys.readouterr().out


def refused(*arguments, capsys):
    """Return what is said of what cannot be used; nothing is written."""
    before = set(Path.cwd().iterdir())
    with pytest.raises(SystemExit) as stop:
        main(list(arguments), sizes=(2,))
    assert stop.value.code == 2
    assert set(Path.cwd().iterdir()) == before
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert re.search(r"; expected .+[.?] .+[.?]$", told.strip(), re.DOTALL), told
    return told


def lines_of_columns(told):
    """Return {column: (kind, missing, PCA, autoencoder)} of the list of columns."""
    pattern = r"^(\S.{31})  (number|category) +([\d.]+)% +(\S+) +(\S+)$"
    return {line[0].strip(): line[1:] for line in re.findall(pattern, told, re.MULTILINE)}


def use_of(told):
    """Run the lines that say how the model is used, and return their names."""
    names: dict = {}
    lines = re.findall(r"^  ((?:import|ae|codes) .+)$", told, re.MULTILINE)
    exec("\n".join(lines), names)
    return names


def test_a_file_without_a_target(tmp_path, capsys):
    a_table().to_csv("people.csv", index=False)
    told = run("people.csv", capsys=capsys)
    assert "people.csv: 120 rows, 5 columns." in told
    assert "90 for training and 30 held out" in told
    listed = lines_of_columns(told)
    assert list(listed) == list(a_table())
    assert [line[0] for line in listed.values()] == ["number"] * 3 + ["category"] * 2
    assert "predict" not in told
    assert {p.name for p in tmp_path.iterdir()} >= {
        "people.csv",
        "people_sklearn_ae.joblib",
    }
    assert use_of(told)["codes"].shape == (N, 2)


def test_shares_are_means_of_those_of_the_saved_model(capsys):
    a_table().to_csv("people.csv", index=False)
    told = run("people.csv", capsys=capsys)
    mean = float(re.search(r"^ +2 +(\S+) +(\S+)", told, re.MULTILINE)[2])
    shares = [float(line[3]) for line in lines_of_columns(told).values()]
    assert np.mean(shares) == pytest.approx(mean, abs=2e-3)
    rows = np.random.RandomState(0).permutation(N)
    test = use_of(told)["pd"].read_csv("people.csv").iloc[rows[:30]]
    ae = joblib.load("people_sklearn_ae.joblib")
    np.testing.assert_allclose(ae.column_scores(test), shares, atol=1e-3)


@pytest.mark.parametrize(
    ("target", "words"),
    [("is_tall", "logistic regression"), ("weight", "ridge regression")],
)
def test_a_target_is_predicted_and_not_compressed(target, words, capsys):
    a_table().to_csv("people.csv", index=False)
    told = run("people.csv", "--target", target, capsys=capsys)
    assert re.search(rf"^  {target} +the target", told, re.MULTILINE)
    assert target not in lines_of_columns(told)
    assert words in told
    _, predictions = told.split("How well codes predict")
    scores = re.search(r"^ +2 (.+)$", predictions, re.MULTILINE)[1].split()
    assert len(scores) == 4
    assert all(float(score) > 0.6 for score in scores)  # it follows from the others
    assert target not in use_of(told)["ae"].feature_names_in_


def test_rows_without_a_target_are_counted(capsys):
    frame = a_table()
    frame["label"] = np.where(frame["weight"] > 70, "heavy", "light").astype(object)
    frame.loc[:9, "label"] = None
    frame.to_csv("people.csv", index=False)
    told = run("people.csv", "--target", "label", capsys=capsys)
    assert "Rows without a target, left out: 10." in told
    assert "of 110." in told


ODD = {
    "nothing": (lambda n: [None] * n, "empty"),
    "same": (lambda n: ["x"] * n, "one value, 'x'"),
    "same number": (lambda n: [3] * n, "one value, 3"),
    "day": (lambda n: [f"{1 + i % 28}.03.2024" for i in range(n)], "dates"),
    "month": (lambda n: [f"2024-{1 + i % 12:02}" for i in range(n)], "dates"),
    "id": (lambda n: [f"P{i}" for i in range(n)], "120 different ones in 120 cells"),
    "row": (lambda n: range(1000, 1000 + n), "row numbers"),
    "far": (lambda n: np.arange(n) ** 2 * 1e300, "divided by a unit"),
    "rare": (lambda n: ["once", *["often"] * (n - 1)], "fewer than two different values"),
}


def test_every_column_left_out_is_named_with_the_reason(capsys, monkeypatch):
    frame = a_table().assign(**{name: make(N) for name, (make, _) in ODD.items()})
    # Row 0 is held out: what varies there alone cannot be learnt.
    frame["rare"] = np.roll(frame["rare"], np.random.RandomState(0).permutation(N)[0])
    frame.to_csv("odd.csv", index=True)
    told = run("odd.csv", capsys=capsys)
    block = told.split("Columns left out:\n")[1].split("\n\n")[0].split("\nInfinite")[0]
    lines = dict(re.findall(r"^  (\S.{31})  (.+)$", block, re.MULTILINE))
    left_out = {name.strip(): reason for name, reason in lines.items()}
    assert set(left_out) == {*ODD, "Unnamed: 0"}
    for name, (_, reason) in ODD.items():
        assert reason in left_out[name]
    # Each column of the file is either listed or left out.
    assert set(lines_of_columns(told)) | set(left_out) == {"Unnamed: 0", *frame}
    assert set(use_of(told)["ae"].feature_names_in_) == set(a_table())


def test_ranges_of_numbers_are_no_dates(capsys):
    ages = ["1-3", "4-6", "7-9", "10-12"]  # which pandas reads as days
    a_table().assign(age=ages * (N // 4)).to_csv("people.csv", index=False)
    assert "age" in lines_of_columns(run("people.csv", capsys=capsys))


def test_infinite_cells_and_holes_among_held_out_rows_are_counted(capsys):
    frame = a_table().drop(columns=["height", "town"]).assign(other=np.arange(N) % 7)
    held_out = np.random.RandomState(0).permutation(N)[:2]
    frame.loc[held_out[0], "weight"], frame.loc[held_out[1], "other"] = np.inf, np.nan
    frame.drop(columns="is_tall").to_csv("people.csv", index=False)
    told = run("people.csv", capsys=capsys)
    assert "Infinite numbers in 'weight', taken for missing cells: 1." in told
    assert "Held-out rows left out, as only they have missing cells: 2." in told
    assert "90 for training and 28 held out" in told


@pytest.mark.parametrize(
    "options",
    [
        {"sep": ";", "decimal": ",", "encoding": "latin-1"},
        {"sep": "\t", "encoding": "utf-8"},
        {"sep": ",", "encoding": "utf-8-sig"},
    ],
    ids=["semicolons", "tabs", "commas"],
)
def test_files_of_many_programs_are_read(options, capsys):
    frame = a_table().rename(columns={"weight": "größe, in kg"})
    frame["height"] = frame["height"].astype(object)
    if "decimal" in options:
        frame["height"] = frame["height"].map(lambda x: str(x).replace(".", ","))
    frame.loc[3, "height"] = "?"
    frame.to_csv("people.csv.gz", index=False, na_rep="NA", **options)
    told = run("people.csv.gz", capsys=capsys)
    listed = lines_of_columns(told)
    assert list(listed) == list(frame)
    assert listed["größe, in kg"][0] == listed["height"][0] == "number"
    names = use_of(told)
    assert names["codes"].shape == (N, 2)
    assert set(names["ae"].inverse_transform(names["codes"])["town"]) <= {
        *("Köln", "München", "Bonn")
    }


def test_names_given_twice_are_told_of(capsys):
    frame = a_table()
    frame.columns = ["size", "size", *frame.columns[2:]]
    frame.to_csv("people.csv", index=False)
    told = run("people.csv", capsys=capsys)
    assert "occur more than once, numbered by .1, .2: size." in told
    assert list(lines_of_columns(told))[:2] == ["size", "size.1"]


def test_parquet(capsys):
    pytest.importorskip("pyarrow")
    frame = a_table().assign(
        cat=pd.Categorical(a_table()["town"]),
        whole=pd.array([None, *range(N - 1)], dtype="Int64"),
        flag=pd.array([None, *[True, False] * (N // 2 - 1), True], dtype="boolean"),
        when=pd.date_range("2024-01-01", periods=N),
        lists=[[i] for i in range(N)],
    )
    frame.index = pd.Index([f"person {i}" for i in range(N)], name="key")
    frame.to_parquet("typed.parquet")
    told = run("typed.parquet", capsys=capsys)
    listed = lines_of_columns(told)
    assert [listed[name][0] for name in ("cat", "whole", "flag")] == [
        *("category", "number", "category")
    ]
    for name, reason in {"key": "names", "when": "dates", "lists": "cells"}.items():
        assert re.search(rf"^  {name} +{reason}", told, re.MULTILINE)
    assert use_of(told)["codes"].shape == (N, 2)


def test_wide_tables_are_listed_in_part(capsys):
    X = np.random.RandomState(0).normal(size=(60, 45))
    pd.DataFrame(X).add_prefix("sensor ").to_csv("wide.csv", index=False)
    told = run("wide.csv", capsys=capsys)
    assert len(lines_of_columns(told)) == 30
    assert "and 15 columns more" in told


def test_what_happens_to_sizes_that_are_too_large(capsys):
    a_table().to_csv("people.csv", index=False)
    told = run("people.csv", capsys=capsys, sizes=(2, 4, 8))
    assert re.findall(r"^ +(\d+) +[\d.]+ ", told, re.MULTILINE) == ["2", "4"]


def test_training_rows_are_capped(capsys, monkeypatch):
    monkeypatch.setattr("sklearn_ae._demo._table.MOST_ROWS", 60)
    a_table().to_csv("people.csv", index=False)
    told = run("people.csv", capsys=capsys)
    assert "60 for training and 20 held out, of 120" in told


def test_a_picture(tmp_path, capsys, monkeypatch):
    pytest.importorskip("matplotlib")
    from matplotlib.image import imread

    monkeypatch.setattr("sklearn_ae._demo._table.draw", draw)
    a_table().rename(columns={"weight": "$ a $ " + "long " * 40}).to_csv(
        "p.csv", index=False
    )
    told = run("p.csv", capsys=capsys)
    path = tmp_path / "p_sklearn_ae.png"
    assert f"Picture: {path}" in told
    assert "coloured by 'town'" in told
    assert imread(path).std() > 0.05  # it is not blank


def test_the_picture_shows_the_shares():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    shares = pd.DataFrame({"PCA": [0.2, 0.5], "autoencoder": [-3.0, 0.5]}, ["a", "b"])
    axes = Figure().add_subplot()
    _draw_shares(axes, shares, 8)
    assert axes.get_xlabel().startswith("share kept by 8 numbers")
    assert "below -0.25" in axes.get_xlabel()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b", "a"]
    pca, ae = (dots.get_offsets()[:, 0].tolist() for dots in axes.collections[1:])
    assert (pca, ae) == ([0.5, 0.2], [0.5, -0.25])


def test_columns_that_do_not_vary_in_held_out_rows_are_named(capsys):
    frame = a_table().assign(rare="often", other="often")
    rows = np.random.RandomState(0).permutation(N)
    frame.loc[rows[-5:], ["rare", "other"]] = "once"  # in training rows
    frame.loc[rows[0], "other"] = "once"
    frame.to_csv("people.csv", index=False)
    told = run("people.csv", capsys=capsys)
    assert "Without a share, as they do not vary in held-out rows: rare." in told
    assert lines_of_columns(told)["rare"][2:] == ("-", "-")


def test_without_matplotlib_a_line_says_how_to_get_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sklearn_ae._demo._table.draw", draw)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    a_table().to_csv("people.csv", index=False)
    assert "pip install matplotlib" in run("people.csv", capsys=capsys)
    assert not list(tmp_path.glob("*.png"))
    assert list(tmp_path.glob("*.joblib"))


FILES = {
    "missing.csv": (None, "does not exist"),
    "folder.csv": ("folder", "is a folder"),
    "book.xlsx": (b"PK", "'.xlsx'"),
    "bare": (b"a,b\n1,2\n", "'nothing'"),
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n \n", "is empty"),
    "names.csv": (b"a,b,c\n", "0 rows"),
    "rubbish.csv": (bytes(range(256)) * 20, "bytes that no text has"),
    "sixteen.csv": ("a,b\n1,2\n".encode("utf-16"), "bytes that no text has"),
    "rubbish.csv.gz": (bytes(range(256)), "cannot be read as .csv.gz"),
    "ragged.csv": (b"a,b\n" + b"1,2\n1,2,3,4\n" * 20, "cannot be read as .csv"),
    "few.csv": (b"a,b,c\n" + b"1,2,3\n2,3,4\n" * 9, "18 rows"),
    "narrow.csv": (b"a,b\n" + b"1,2\n2,x\n3,4\n" * 9, "2 can be compressed (a, b)"),
    "names_only.csv": (
        b"a,b\n" + b"".join(b"n%d,x\n" % i for i in range(30)),
        "0 can be compressed",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_cannot_be_used(name, tmp_path, capsys):
    content, words = FILES[name]
    if content == "folder":
        (tmp_path / name).mkdir()
    elif content is not None:
        (tmp_path / name).write_bytes(content)
    told = refused(name, capsys=capsys)
    assert words in told


def test_rubbish_as_parquet(tmp_path, capsys):
    pytest.importorskip("pyarrow")
    (tmp_path / "rubbish.parquet").write_bytes(bytes(range(256)))
    assert "cannot be read as .parquet" in refused("rubbish.parquet", capsys=capsys)


def test_a_cut_off_gzip_file(tmp_path, capsys):
    a_table().to_csv("whole.csv.gz", index=False)
    (tmp_path / "cut.csv.gz").write_bytes((tmp_path / "whole.csv.gz").read_bytes()[:-40])
    assert "cannot be read as .csv.gz" in refused("cut.csv.gz", capsys=capsys)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("Weigth", "Did you mean one of 'weight'"),
        ("TOWN", "'town'"),
        ("same", "one value, 'x'"),
        ("who", "120 different ones"),
    ],
)
def test_targets_that_cannot_be_used(target, words, capsys):
    frame = a_table().assign(same="x", who=[f"person {i}" for i in range(N)])
    frame.to_csv("people.csv", index=False)
    assert words in refused("people.csv", "--target", target, capsys=capsys)


def test_a_target_of_one_value_in_the_rows_to_fit_to(capsys):
    frame = a_table().assign(label="often")
    frame.loc[np.random.RandomState(0).permutation(N)[0], "label"] = "once"
    frame.to_csv("people.csv", index=False)
    told = refused("people.csv", "--target", "label", capsys=capsys)
    assert "one value in the 90 training rows" in told


def test_a_target_without_a_file(capsys):
    assert "--target a without TABLE" in refused("--target", "a", capsys=capsys)


@pytest.mark.parametrize(
    ("package", "table"), [("pandas", "a.csv"), ("pyarrow", "a.parquet")]
)
def test_packages_that_are_missing(package, table, tmp_path, capsys, monkeypatch):
    (tmp_path / table).write_bytes(b"a,b\n1,2\n")
    if package == "pandas":
        monkeypatch.setitem(sys.modules, "pandas", None)
    else:

        def no_engine(path):
            raise ImportError("no engine")

        monkeypatch.setattr(pd, "read_parquet", no_engine)
    told = refused(table, capsys=capsys)
    assert f"python -m pip install {package}" in told


def test_a_folder_that_cannot_be_written_to(capsys, monkeypatch):
    a_table().to_csv("people.csv", index=False)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "cannot be written to" in refused("people.csv", capsys=capsys)


def test_pca_is_told_in_its_favour():
    """Its limits are the best of all tried, and unseen categories count nowhere."""
    from sklearn_ae._demo._usual_pca import LIMITS, UsualPCA

    frame = a_table()
    pca = UsualPCA(2).fit(frame)
    shares = []
    for limit in LIMITS:
        pca.limits = dict.fromkeys(pca.categories, limit)
        shares.append(pca.column_scores(frame))
    best = pca.choose_limits(frame).column_scores(frame)
    np.testing.assert_array_equal(best, np.max(shares, axis=0))
    assert np.ptp(shares, axis=0)[3:].min() > 0  # the limits matter
    unseen = frame.copy()
    unseen["town"] = unseen["town"].where(unseen.index % 4 != 0, "Ulm")
    known = unseen["town"] != "Ulm"
    assert pca.column_scores(unseen)[3] == pytest.approx(
        pca.column_scores(unseen[known])[3]
    )


def test_pca_of_all_components_keeps_all():
    from sklearn_ae._demo._usual_pca import UsualPCA

    frame = a_table().dropna()
    shares = UsualPCA(8).fit(frame).column_scores(frame)
    np.testing.assert_allclose(shares[:3], 1, atol=1e-9)
    # Of categories all but what clipping at the lowest limit takes.
    assert (shares[3:] > 0.98).all()
    assert np.isnan(UsualPCA(2).fit(frame).column_scores(frame.assign(town="Köln"))[3])


def test_share_of_a_category_is_by_cross_entropy():
    from sklearn_ae._demo._usual_pca import _share_of_category

    level, weights = np.array([0, 0, 1, -1]), np.array([[3, 1], [2, 2], [1, 4], [9, 0]])
    cost = -np.log([0.75, 0.5, 0.8]).mean()
    assert _share_of_category(level, weights.astype(float)) == pytest.approx(
        1 - cost / entropy([2, 1])
    )


def test_digits_are_the_demo_without_a_file(monkeypatch):
    called = []
    monkeypatch.setattr(
        "sklearn_ae._demo._command.demo_of_digits", lambda: called.append(1)
    )
    main([])
    assert called


def test_help_tells_the_command(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    assert "python -m sklearn_ae my_table.csv --target price" in capsys.readouterr().out
