"""How close are the values that `impute` fills in to the cells that were taken away?

Breast cancer, wine, digits and diabetes as scikit-learn bundles them, and of --data wine
quality, air quality, ionosphere, adult, horse colic and Ames housing, 3000 rows at most
(--rows). 10, 30 and 50 % of the cells that are there are taken away: at random, or
depending on another column, by a probability that rises with the rank of the next column's
value, from 0 to twice that share. A fit sees what is left, and fills it.

Printed per table, share and way, as means over splits: the root mean square error of
removed numbers, in standard deviations of what was there, and the error rate of removed
categories, of AutoencoderTransformer(k).fit(X).impute(X), where k is 8 or half of the
columns, if that is less; of the mean or most frequent value; of KNNImputer; of
IterativeImputer by BayesianRidge, and with --trees N by that many extra trees and by a
forest of as many. The others are given categories by number, columns standardised, and what
they fill in is rounded to a category. Below, seconds per table. IterativeImputer keeps a
model per column and round, by BayesianRidge with a covariance each: of 750 columns they
take 30 GB.

    python benchmarks/imputation.py --data FOLDER
    python benchmarks/imputation.py --data FOLDER --trees 10    many times longer
    python benchmarks/imputation.py --data FOLDER --sets pd_speech --columns 200
    python benchmarks/imputation.py --quick [--data FOLDER]     a minute or two

--quick takes one split of 400 rows, and removes 30 % at random.
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
from mixed_tables import behind, drawn, kinds, read_csv, read_npz, tidy
from sklearn import datasets
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer
from threadpoolctl import threadpool_limits

from sklearn_ae import AutoencoderTransformer

BUNDLED = {
    "breast cancer": datasets.load_breast_cancer,
    "wine": datasets.load_wine,
    "digits": datasets.load_digits,
    "diabetes": datasets.load_diabetes,
}
NUMBERS = "wine_quality", "air_quality", "ionosphere"
MIXED = "adult", "horse_colic", "ames_housing"
MOST_CODES = 8
WAYS = "random", "by a column"


def load(name, folder, n_rows, n_columns=None):
    """Return a table as floats and strings, without its target."""
    if name == "drawn":
        frame = drawn(1000).drop(columns="target")
    elif name in BUNDLED:
        bunch = BUNDLED[name](as_frame=True)
        frame = bunch.data
    elif (folder / f"{name}.npz").exists():
        frame = read_npz(folder / f"{name}.npz")
    else:
        frame = read_csv(folder / f"{name}.csv.gz").drop(columns="target")
    rows = np.random.default_rng(0).permutation(len(frame))[:n_rows]
    return tidy(frame.iloc[rows, :n_columns].reset_index(drop=True))


def levels_of(frame):
    """Return the levels of every category, by name."""
    return {name: sorted(frame[name].dropna().unique()) for name in kinds(frame)[1]}


def as_floats(frame, levels):
    """Return the table with categories by their place among the levels."""
    columns = []
    for name in frame:
        x = frame[name]
        if name in levels:
            place = pd.Categorical(x, categories=levels[name]).codes
            x = pd.Series(place, dtype=float).replace(-1.0, np.nan)
        columns.append(x.to_numpy(float))
    return np.column_stack(columns)


def taken_away(X, share, way, seed):
    """Return a mask of the cells that are removed, leaving two in every column."""
    rng = np.random.default_rng(seed)
    chance = np.full(X.shape, share)
    if way == "by a column":
        following = pd.DataFrame(np.roll(X, -1, axis=1))
        rank = following.rank(pct=True).fillna(0.5).to_numpy()
        # Ranks of n rows have a mean of (n + 1) / 2n; the share stays the same.
        chance = np.minimum(share * rank / rank.mean(axis=0), 1)
    removed = (rng.random(X.shape) < chance) & ~np.isnan(X)
    for j in np.flatnonzero((~np.isnan(X) & ~removed).sum(axis=0) < 2):
        removed[np.flatnonzero(removed[:, j])[:2], j] = False
    return removed


def by_imputer(imputer, X, is_number):
    """Return a table of floats, filled: columns standardised, categories rounded."""
    mean, scale = np.nanmean(X, axis=0), np.nanstd(X, axis=0)
    scale[scale == 0] = 1
    filled = imputer.fit_transform((X - mean) / scale) * scale + mean
    limited = np.clip(np.round(filled), np.nanmin(X, axis=0), np.nanmax(X, axis=0))
    return np.where(is_number, filled, limited)


def by_mean(X, is_number):
    """Return a table of floats, filled by means and by the most frequent category."""
    frame = pd.DataFrame(X)
    most = frame.mode().iloc[0]
    return frame.fillna(pd.Series(np.where(is_number, frame.mean(), most))).to_numpy()


def by_autoencoder(frame, levels, seed):
    size = max(1, min(MOST_CODES, frame.shape[1] // 2))
    filled = AutoencoderTransformer(size, random_state=seed).fit(frame).impute(frame)
    return as_floats(pd.DataFrame(filled, columns=frame.columns), levels)


def iterative(estimator, **settings):
    return IterativeImputer(estimator, random_state=0, keep_empty_features=True, **settings)


def others(n_trees):
    """Return the imputers of scikit-learn, by name."""
    found = {
        "KNN": KNNImputer(keep_empty_features=True),
        "BayesianRidge": iterative(None),
    }
    if n_trees:
        trees = {"n_estimators": n_trees, "min_samples_leaf": 3, "random_state": 0}
        found["extra trees"] = iterative(ExtraTreesRegressor(**trees), max_iter=3)
        found["forest"] = iterative(RandomForestRegressor(**trees), max_iter=3)
    return found


def errors(X, filled, removed, is_number):
    """Return the error of numbers, in standard deviations, and that of categories."""
    scale = np.nanstd(X, axis=0)
    counted = removed & (scale > 0)
    numbers, categories = counted & is_number, counted & ~is_number
    off = ((filled - X) / np.where(scale > 0, scale, 1))[numbers]
    wrong = (filled != X)[categories]
    return (
        float(np.sqrt(np.mean(off**2))) if off.size else np.nan,
        float(np.mean(wrong)) if wrong.size else np.nan,
    )


def contest(name, share, way, seed, arguments):
    """Return one case: a table, a share, a way of removing and a split."""
    warnings.simplefilter("ignore")  # of what does not converge
    torch.set_num_threads(1)
    frame = load(name, arguments.data, arguments.rows, arguments.columns)
    levels = levels_of(frame)
    X = as_floats(frame, levels)
    is_number = np.array([name not in levels for name in frame])
    removed = taken_away(X, share, way, seed)
    holed = np.where(removed, np.nan, X)
    fills = {
        "autoencoder": lambda: by_autoencoder(frame.mask(removed), levels, seed),
        "mean": lambda: by_mean(holed, is_number),
    }
    for told, imputer in others(arguments.trees).items():
        fills[told] = lambda imputer=imputer: by_imputer(imputer, holed, is_number)
    case = {"case": (name, f"{share:.0%}", way, f"split {seed}"), "rows": len(X)}
    with threadpool_limits(1):
        for told, fill in fills.items():
            start = time.perf_counter()
            filled = fill()
            case[f"{told} seconds"] = time.perf_counter() - start
            numbers, categories = errors(X, filled, removed, is_number)
            case[f"{told} numbers"], case[f"{told} categories"] = numbers, categories
    return case


def means(cases, key):
    return statistics.mean(case[key] for case in cases)


def told_errors(cases, method):
    """Return the error of numbers and of categories, as far as a table has them."""
    pair = [means(cases, f"{method} {kind}") for kind in ("numbers", "categories")]
    return " / ".join(f"{error:.3f}" for error in pair if np.isfinite(error))


def print_cases(cases, methods):
    """Print errors per table, share and way, then seconds per table."""
    line = f"|---|{'---:|' * (len(methods) + 2)}"
    print(f"| data | removed | way | {' | '.join(methods)} |\n{line}")
    for place in dict.fromkeys(case["case"][:3] for case in cases):
        alike = [case for case in cases if case["case"][:3] == place]
        told = [told_errors(alike, method) for method in methods]
        print(f"| {' | '.join([*place, *told])} |")
    line = f"|---|{'---:|' * (len(methods) + 1)}"
    print(f"\n| seconds | rows | {' | '.join(methods)} |\n{line}")
    for name in dict.fromkeys(case["case"][0] for case in cases):
        alike = [case for case in cases if case["case"][0] == name]
        told = [
            f"{statistics.median(c[f'{method} seconds'] for c in alike):.2f}"
            for method in methods
        ]
        print(f"| {name} | {alike[0]['rows']} | {' | '.join(told)} |")


def print_summary(cases, methods):
    """Print how often the autoencoder is behind each of the others."""
    print("\n| the autoencoder's error is larger by more than 0.005 | cases |\n|---|---|")
    for method in methods[1:]:
        for kind in ("numbers", "categories"):
            told = behind(cases, f"autoencoder {kind}", f"{method} {kind}", is_error=True)
            print(f"| {kind}, {method} | {told} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--sets", nargs="+", help="only these")
    parser.add_argument("--rows", type=int, default=3000, help="most rows of a table")
    parser.add_argument("--columns", type=int, help="only the first ones of a table")
    parser.add_argument("--shares", type=float, nargs="+", help="of cells to remove")
    parser.add_argument("--trees", type=int, default=0, help="trees of two more imputers")
    parser.add_argument("--ways", nargs="+", choices=WAYS, help="how they are removed")
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument(
        "--quick", action="store_true", help="one split, 400 rows, 30 %% at random"
    )
    parser.add_argument("--jobs", type=int, default=1, help="cases at once")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows, arguments.splits = min(arguments.rows, 400), 1
    shares = arguments.shares or ((0.3,) if arguments.quick else (0.1, 0.3, 0.5))
    ways = arguments.ways or (WAYS[:1] if arguments.quick else WAYS)
    known = [*BUNDLED, *((*NUMBERS, *MIXED) if arguments.data else ("drawn",))]
    chosen = [
        (name, share, way, seed)
        for name in arguments.sets or known
        for share in shares
        for way in ways
        for seed in range(arguments.splits)
    ]
    cases = Parallel(arguments.jobs)(delayed(contest)(*c, arguments) for c in chosen)
    methods = ["autoencoder", "mean", *others(arguments.trees)]
    print_cases(cases, methods)
    print_summary(cases, methods)


if __name__ == "__main__":
    main()
