"""How much of a table of numbers and categories do codes keep, beside PCA's and FAMD's?

Adult, Ames housing and horse colic of --data, any --csv, or a table drawn from three
numbers where neither is given. A quarter of the rows held out, at most --rows to train on,
codes of 2, 8 and 16. Columns without two values, and categories of more than 200 levels,
are left out; levels that no training row has are missing cells.

Printed per table and size, as means over splits: the mean over columns of the share that is
explained of held-out cells, R² for numbers, for categories one minus the cross-entropy by
that of the frequencies among the held-out cells. By four methods:

- PCA: of the usual pipeline, median or most frequent for missing cells, one-hot,
  standardised;
- FAMD: of package prince, where it is installed and a table has both kinds of column, else
  PCA by Pagès' scaling, which is the same: indicators by the root of their frequency;
- one-hot: AutoencoderTransformer(categorical_features=None) on PCA's matrix;
- autoencoder: AutoencoderTransformer on the table as it is.

Numbers for the levels of the first three become probabilities in their favour: clipped
below at the one of five limits that is best on the training rows, column by column, then
divided by their sum. Then the lowest share of any column, which can be far below zero where
the wrong level of a rare one is predicted with certainty, and weigh on the mean; the held-
out accuracy, or R² of a target of numbers, of logistic regression or Ridge, and of
HistGradientBoosting, on PCA's and on the autoencoder's codes; the seconds of a fit.

    python benchmarks/tabular.py --data FOLDER
    python benchmarks/tabular.py --csv A.csv B.csv --target price label
    python benchmarks/tabular.py --quick [--data FOLDER]        a minute or two

--quick takes one split, at most 600 rows to train on, and codes of 2 and 8.
"""

import argparse
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from mixed_tables import behind, drawn, kinds, read_csv, tidy
from scipy.stats import entropy
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_ae import AutoencoderTransformer

try:
    from prince import FAMD
except ImportError:
    FAMD = None

SETS = "adult", "ames_housing", "horse_colic"
LIMITS = 1e-3, 3e-3, 1e-2, 3e-2, 0.1  # of probabilities
MOST_CLASSES = 20
METHODS = {"pca": "PCA", "famd": "FAMD", "one_hot": "one-hot", "ae": "autoencoder"}


class OneHot:
    """A frame as a matrix without missing cells, and back to numbers and probabilities."""

    def __init__(self, train, *, by_pages=False):
        self.numbers, self.categories = kinds(train)
        self.fill = {name: train[name].median() for name in self.numbers}
        self.fill |= {name: train[name].mode()[0] for name in self.categories}
        self.levels = {
            name: sorted(train[name].dropna().unique()) for name in self.categories
        }
        rows = self._unscaled(train)
        self.mean, self.scale = rows.mean(0), rows.std(0)
        if by_pages:
            first = len(self.numbers)
            self.scale[first:] = np.sqrt(self.mean[first:])

    def filled(self, frame):
        return frame.fillna(self.fill)

    def _unscaled(self, frame):
        frame = self.filled(frame)
        blocks = [frame[self.numbers].to_numpy(float)]
        for name, levels in self.levels.items():
            blocks.append(np.eye(len(levels))[level_numbers(frame[name], levels)])
        return np.hstack(blocks)

    def encode(self, frame):
        return (self._unscaled(frame) - self.mean) / self.scale

    def decode(self, rows):
        rows, first = rows * self.scale + self.mean, len(self.numbers)
        decoded = dict(zip(self.numbers, rows.T, strict=False))
        for name, levels in self.levels.items():
            decoded[name] = rows[:, first : first + len(levels)]
            first += len(levels)
        return decoded


def level_numbers(x, levels):
    """Return each cell's place among the levels, -1 where it is missing."""
    return pd.Categorical(x, categories=levels).codes


def share_of_number(x, x_hat):
    there = ~np.isnan(x)
    rest, total = (x - x_hat)[there], (x - x[there].mean())[there]
    return 1 - (rest @ rest) / (total @ total)


def share_of_category(level, weights, limit):
    there = level >= 0
    weights = np.maximum(weights[there], limit)
    chance = weights[np.arange(there.sum()), level[there]] / weights.sum(1)
    return 1 + np.log(chance).mean() / entropy(np.bincount(level[there]))


def shares(frame, one_hot, decoded, limits):
    """Return the share explained of every column that varies; limits by category."""
    told = {}
    for name in frame:
        if frame[name].nunique() < 2:
            continue
        if name in one_hot.levels:
            level = level_numbers(frame[name], one_hot.levels[name])
            told[name] = share_of_category(level, decoded[name], limits[name])
        else:
            told[name] = share_of_number(frame[name].to_numpy(float), decoded[name])
    return told


def held_out(train, test, one_hot, reconstruct):
    """Return the share of columns of ``test``, by the limits that are best on ``train``."""
    decoded = one_hot.decode(reconstruct(train))
    tried = [
        shares(train, one_hot, decoded, dict.fromkeys(one_hot.levels, limit))
        for limit in LIMITS
    ]
    best = {
        name: LIMITS[np.argmax([told[name] for told in tried])] for name in one_hot.levels
    }
    told = shares(test, one_hot, one_hot.decode(reconstruct(test)), best)
    return np.array(list(told.values()))


def by_prince(train, one_hot, size):
    """Return a reconstruction by FAMD's codes, to rows as ``one_hot`` encodes them.

    A linear regression on the codes is what PCA's way back is.
    """
    famd = FAMD(
        n_components=size, categorical_columns=one_hot.categories, random_state=0
    ).fit(one_hot.filled(train))

    def codes(frame):
        return famd.transform(one_hot.filled(frame)).to_numpy()

    back = LinearRegression().fit(codes(train), one_hot.encode(train))
    return lambda frame: back.predict(codes(frame))


def by_matrix(fitted, one_hot):
    """Return a reconstruction by an estimator that was fitted to the matrix."""
    return lambda frame: fitted.inverse_transform(fitted.transform(one_hot.encode(frame)))


def split(frame, target, n_rows, seed):
    """Return the parts of a table, with only what both can be judged by."""
    frame = frame[frame[target].notna()]
    parts = train_test_split(frame, test_size=0.25, random_state=seed)
    train, test = parts[0][:n_rows], parts[1][: max(n_rows, 100)]
    y, y_test = train[target], test[target]
    train = tidy(train.drop(columns=target))
    test = test[train.columns]
    numbers, categories = kinds(train)
    test = test.assign(
        **{name: test[name].astype(float) for name in numbers},
        **{
            name: test[name].map(str, na_action="ignore").astype(object)
            for name in categories
        },
    ).replace([np.inf, -np.inf], np.nan)
    for name in categories:
        test[name] = test[name].where(test[name].isin(train[name].dropna()), np.nan)
    return train, test, y, y_test


def learners(y):
    """Return a linear one and trees for a target, and the target's name of a score."""
    if pd.api.types.is_numeric_dtype(y) and y.dtype != bool and y.nunique() > MOST_CLASSES:
        trees = HistGradientBoostingRegressor(early_stopping=False, random_state=0)
        return (make_pipeline(StandardScaler(), Ridge()), trees), "R²"
    trees = HistGradientBoostingClassifier(early_stopping=False, random_state=0)
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    return (linear, trees), "accuracy"


def on_codes(reducer, parts, targets):
    """Return the scores of a linear learner and of trees on codes."""
    y, y_test = targets
    models, kind = learners(y)
    if kind == "accuracy":
        common = y.astype(str).value_counts().index[:MOST_CLASSES]
        y, y_test = (
            t.astype(str).where(t.astype(str).isin(common), "rare") for t in (y, y_test)
        )
    if y.nunique() < 2:
        return np.full(2, np.nan)
    codes = [reducer.transform(part) for part in parts]
    return np.array([m.fit(codes[0], y).score(codes[1], y_test) for m in models])


def timed_fit(estimator, X, y=None):
    start = time.perf_counter()
    estimator.fit(X, y)
    return time.perf_counter() - start


def by_famd(train, test, size):
    """Return the held-out shares of FAMD, of the package where it can be used."""
    pages = OneHot(train, by_pages=True)
    if FAMD is not None and pages.numbers and pages.categories:
        return held_out(train, test, pages, by_prince(train, pages, size))
    pca = PCA(size, random_state=0).fit(pages.encode(train))
    return held_out(train, test, pages, by_matrix(pca, pages))


def contest(name, table, size, seed, arguments):
    """Return one case: a table, a size and a split; None where the table is narrower."""
    warnings.simplefilter("ignore")  # of what does not converge
    torch.set_num_threads(1)
    train, test, *targets = split(*table, arguments.rows, seed)
    one_hot = OneHot(train)
    rows = one_hot.encode(train), one_hot.encode(test)
    if size > min(len(train) - 1, rows[0].shape[1] - len(one_hot.categories)):
        return None
    told = {"case": (name, size, f"split {seed}"), "rows": len(train)}
    pca = PCA(size, random_state=seed)
    plain = AutoencoderTransformer(size, categorical_features=None, random_state=seed)
    weight = arguments.target_weight
    ae = AutoencoderTransformer(size, target_weight=weight, random_state=seed)
    with threadpool_limits(1):
        told["pca_seconds"] = timed_fit(pca, rows[0])
        told["one_hot_seconds"] = timed_fit(plain, rows[0])
        told["ae_seconds"] = timed_fit(ae, train, targets[0] if weight else None)
        columns = {
            "pca": held_out(train, test, one_hot, by_matrix(pca, one_hot)),
            "famd": by_famd(train, test, size),
            "one_hot": held_out(train, test, one_hot, by_matrix(plain, one_hot)),
            "ae": ae.column_scores(test)[test.nunique().to_numpy() > 1],
        }
        told["pca_linear"], told["pca_trees"] = on_codes(pca, rows, targets)
        told["ae_linear"], told["ae_trees"] = on_codes(ae, (train, test), targets)
    for key, column in columns.items():
        told[key], told[f"{key}_lowest"] = float(column.mean()), float(column.min())
    told["kind"] = learners(targets[0])[1]
    return told


def survived(name, table, size, seed, arguments):
    """Return a case, or what went wrong: one file must not end the run of the others."""
    try:
        return contest(name, table, size, seed, arguments)
    except Exception as error:
        return {"case": (name, size, f"split {seed}"), "failed": repr(error)}


def print_cases(cases):
    """Print a line per table and size, means over splits."""
    lowest = "one_hot_lowest", "ae_lowest"
    keys = [*METHODS, *lowest, "pca_linear", "ae_linear", "pca_trees", "ae_trees"]
    seconds = "pca_seconds", "one_hot_seconds", "ae_seconds"
    titles = (
        *("data", "rows", "components", *METHODS.values()),
        *("lowest column: one-hot", "autoencoder", "judged by"),
        *("linear: PCA", "autoencoder", "trees: PCA", "autoencoder"),
        *("seconds: PCA", "one-hot", "autoencoder"),
    )
    print(f"| {' | '.join(titles)} |\n|---|{'---:|' * (len(titles) - 1)}")
    for name, size in dict.fromkeys(case["case"][:2] for case in cases):
        alike = [case for case in cases if case["case"][:2] == (name, size)]
        means = [f"{statistics.mean(c[key] for c in alike):.3f}" for key in keys]
        means.insert(len(METHODS) + len(lowest), alike[0]["kind"])
        means += [f"{statistics.median(c[key] for c in alike):.2f}" for key in seconds]
        print(f"| {name} | {alike[0]['rows']} | {size} | {' | '.join(means)} |")


def print_summary(cases):
    """Print how often the autoencoder is behind each of the others."""
    print("\n| the autoencoder is behind by more than 0.005 | cases |\n|---|---|")
    pairs = {f"explained, {METHODS[key]}": ("ae", key) for key in METHODS if key != "ae"}
    pairs |= {
        "linear learner on PCA's codes": ("ae_linear", "pca_linear"),
        "trees on PCA's codes": ("ae_trees", "pca_trees"),
    }
    for told, (ours, theirs) in pairs.items():
        print(f"| {told} | {behind(cases, ours, theirs)} |")


def tables(arguments):
    """Return frames and the names of their targets, by name."""
    found = {}
    if arguments.data:
        for name in SETS:
            found[name] = read_csv(arguments.data / f"{name}.csv.gz"), "target"
    for i, path in enumerate(arguments.csv):
        frame = read_csv(path)
        target = arguments.target[min(i, len(arguments.target) - 1)]
        if target not in frame:
            target = frame.columns[-1]
            print(f"{path.name}: the target is the last column, {target!r}")
        found[path.name.partition(".")[0]] = frame, target
    return found or {"drawn": (drawn(2000), "target")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--csv", type=Path, nargs="+", default=[], help="any tables")
    parser.add_argument(
        "--target",
        nargs="+",
        default=["target"],
        help="its column, one for all files or one each; the last where there is none",
    )
    parser.add_argument("--rows", type=int, default=10_000, help="most rows to train on")
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of components")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument(
        "--target-weight", type=float, default=0, help="of the fits to tables as they are"
    )
    parser.add_argument("--quick", action="store_true", help="one split, 600 rows, 2 and 8")
    parser.add_argument("--jobs", type=int, default=1, help="cases at once")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows, arguments.splits = min(arguments.rows, 600), 1
    sizes = arguments.sizes or ((2, 8) if arguments.quick else (2, 8, 16))
    by = (
        "package prince" if FAMD else "PCA on Pagès' scaling, since prince is not installed"
    )
    print(f"FAMD is {by}.\n")
    chosen = [
        (name, table, size, seed)
        for name, table in tables(arguments).items()
        for size in sizes
        for seed in range(arguments.splits)
    ]
    done = Parallel(arguments.jobs)(delayed(survived)(*case, arguments) for case in chosen)
    cases = [case for case in done if case and "failed" not in case]
    if cases:
        print_cases(cases)
        print_summary(cases)
    for case in done:
        if case and "failed" in case:
            print(f"\nfailed: {', '.join(map(str, case['case']))}: {case['failed']}")


if __name__ == "__main__":
    main()
