"""Do codes with target_weight keep what y needs, and what does the data lose?

Digits, wine and breast cancer as scikit-learn bundles them, and every labelled numeric set
of --data, 5000 rows at most; 30 % of the rows are held out, three splits, columns
standardised on the training part. Codes of 2 and of 8.

Printed per set and size, as means over splits: held-out accuracy of logistic regression and
of 10 nearest neighbours on the raw columns, on codes of PCA, LDA, NCA, PLS, UMAP with y
where it is installed, the autoencoder without y and with it (--weight), and held-out R² of
the last two. LDA has no more components than classes less one. NCA is fitted to 2000 rows
at most, of 50 principal components where there are more columns.

Below are the measures: on how many sets the codes with y are ahead of each other kind for
both classifiers or equal, and within 0.01; how much R² they lose at most.

Then numbers in place of classes: california housing, diabetes, and the quality of wine.
Held-out R² of ridge regression, chosen by RidgeCV, on the raw columns and on the codes.

Then few labels: 1, 5 and 20 % of the training rows have one, at least two per class. Both
classifiers see these alone; the codes see all rows.

    python benchmarks/target.py --data FOLDER
    python benchmarks/target.py --data FOLDER --parts classes numbers labels
    python benchmarks/target.py --quick                     digits and diabetes, one split
"""

import argparse
import statistics
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import torch
from against_pca import BUNDLED, WITHOUT_CLASSES
from joblib import Parallel, delayed
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_ae import AutoencoderTransformer

try:
    from umap import UMAP
except ImportError:
    UMAP = None

NUMBERS = "california_housing", "diabetes", "wine_quality"
MOST_ROWS, MOST_OF_NCA, WIDTH_OF_NCA = 5000, 2000, 50
SHARES = 0.01, 0.05, 0.2  # of rows with a label
KINDS = "raw", "PCA", "LDA", "NCA", "PLS", "UMAP", "without y", "with y"


def load(name, folder):
    if name in BUNDLED:
        X, y = BUNDLED[name](return_X_y=True)
    else:
        with np.load(folder / f"{name}.npz") as file:
            X, y = file["X"].astype(float), file["y"]
    rows = np.random.default_rng(0).permutation(len(X))[:MOST_ROWS]
    return X[rows], y[rows]


def names(folder):
    """Return the names of all labelled sets without missing cells."""
    found = []
    for path in sorted(folder.glob("*.npz")) if folder else ():
        with np.load(path) as file:
            if "y" in file and not np.isnan(file["X"].astype(float)).any():
                found.append(path.stem)
    return [name for name in (*found, *BUNDLED) if name not in WITHOUT_CLASSES]


def split(name, seed, folder, *, are_numbers=False):
    """Return standardised training and test rows, and y of both."""
    X, y = load(name, folder)
    parts = train_test_split(X, y, test_size=0.3, random_state=seed)
    scaler = StandardScaler().fit(parts[0])
    train, test = scaler.transform(parts[0]), scaler.transform(parts[1])
    y_train, y_test = parts[2:]
    if are_numbers:
        mean, spread = y_train.mean(), y_train.std()
        y_train, y_test = (y_train - mean) / spread, (y_test - mean) / spread
    return train, test, y_train, y_test


def encoders(train, y, size, kinds, *, weight, seed):
    """Yield the name of each kind of code, and what gives the codes of rows."""
    n_classes = len(np.unique(y))
    are_numbers = n_classes > 50
    ae = partial(AutoencoderTransformer, size, random_state=seed)
    for kind in kinds:
        if kind == "raw":
            yield kind, np.asarray
        elif kind == "PCA":
            yield kind, PCA(size, random_state=0).fit(train).transform
        elif kind == "LDA":
            n = min(size, n_classes - 1, train.shape[1])
            lda = LinearDiscriminantAnalysis(n_components=n)
            yield kind, lda.fit(train, y).transform
        elif kind == "NCA":
            before = PCA(min(WIDTH_OF_NCA, *train.shape), random_state=0)
            nca = NeighborhoodComponentsAnalysis(
                min(size, train.shape[1]), max_iter=50, random_state=0
            )
            chain = make_pipeline(before, nca) if train.shape[1] > WIDTH_OF_NCA else nca
            yield kind, chain.fit(train[:MOST_OF_NCA], y[:MOST_OF_NCA]).transform
        elif kind == "PLS":
            wanted = y if are_numbers else (y[:, None] == np.unique(y)).astype(float)
            yield kind, PLSRegression(size).fit(train, wanted).transform
        elif kind == "UMAP":
            metric = "l2" if are_numbers else "categorical"
            target = y if are_numbers else np.unique(y, return_inverse=True)[1]
            umap = UMAP(n_components=size, target_metric=metric, random_state=0)
            yield kind, umap.fit(train, target).transform
        elif kind == "without y":
            yield kind, ae().fit(train)
        else:
            yield kind, ae(target_weight=weight).fit(train, y)


def classifiers(n_neighbors=10):
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    return linear, KNeighborsClassifier(n_neighbors)


def of_classes(name, size, seed, arguments):
    """Return accuracies on each kind of code of one split, R² and seconds of ours."""
    train, test, y_train, y_test = split(name, seed, arguments.data)
    case = {"name": name, "size": size}
    kinds = [k for k in KINDS if k in arguments.kinds]
    how = {"weight": arguments.weight, "seed": seed}
    start = time.perf_counter()
    for kind, found in encoders(train, y_train, size, kinds, **how):
        encode = getattr(found, "transform", found)
        codes = encode(train), encode(test)
        case[kind] = [
            c.fit(codes[0], y_train).score(codes[1], y_test) for c in classifiers()
        ]
        if isinstance(found, AutoencoderTransformer):
            case[f"R2 {kind}"] = found.score(test)
        case[f"seconds {kind}"] = time.perf_counter() - start
        start = time.perf_counter()
    return case


def of_numbers(name, size, seed, arguments):
    """Return R² of ridge regression on each kind of code."""
    rows = split(name, seed, arguments.data, are_numbers=True)
    train, test, y_train, y_test = rows
    case = {"name": name, "size": size}
    kinds = "raw", "PCA", "PLS", "without y", "with y"
    as_numbers = y_train + 1e-9 * np.arange(len(y_train))  # of more than fifty values
    how = {"weight": arguments.weight, "seed": seed}
    for kind, found in encoders(train, as_numbers, size, kinds, **how):
        encode = getattr(found, "transform", found)
        ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13)))
        case[kind] = [ridge.fit(encode(train), y_train).score(encode(test), y_test)]
        if isinstance(found, AutoencoderTransformer):
            case[f"R2 {kind}"] = found.score(test)
    return case


def of_few_labels(name, share, seed, arguments):
    """Return accuracies of classifiers that see labels of a share of the rows."""
    train, test, y_train, y_test = split(name, seed, arguments.data)
    codes_of = np.unique(y_train, return_inverse=True)[1]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(train))
    chosen = [order[codes_of[order] == j][:2] for j in range(codes_of.max() + 1)]
    n = max(0, round(share * len(train)) - sum(map(len, chosen)))
    rest = np.setdiff1d(order, np.concatenate(chosen), assume_unique=True)
    labelled = np.concatenate([*chosen, rng.permutation(rest)[:n]])
    known = np.full(len(train), np.nan)
    known[labelled] = codes_of[labelled]
    case = {"name": name, "size": share}
    kinds = "raw", "PCA", "without y", "with y"
    how = {"weight": arguments.weight, "seed": seed}
    for kind, found in encoders(train, known, 8, kinds, **how):
        encode = getattr(found, "transform", found)
        codes = encode(train[labelled]), encode(test)
        case[kind] = []
        for classifier in classifiers(min(10, max(1, len(labelled) // 10))):
            fitted = classifier.fit(codes[0], y_train[labelled])
            case[kind].append(fitted.score(codes[1], y_test))
    return case


def run(function, arguments, sets, sizes):
    """Return the means over splits, by set and size."""

    def alone(*case):
        warnings.simplefilter("ignore")
        torch.set_num_threads(1)
        with threadpool_limits(1):
            return function(*case, arguments)

    cases = [(n, k, seed) for n in sets for k in sizes for seed in range(arguments.splits)]
    found = Parallel(arguments.jobs)(delayed(alone)(*case) for case in cases)
    means = {}
    for name, size in dict.fromkeys((case["name"], case["size"]) for case in found):
        same = [case for case in found if (case["name"], case["size"]) == (name, size)]
        keys = [key for key in same[0] if key not in ("name", "size")]
        means[name, size] = {k: np.mean([case[k] for case in same], axis=0) for k in keys}
    return means


def print_table(means, what):
    """Print a line per set and size."""
    first = next(iter(means.values()))
    columns = [key for key in first if not key.startswith("seconds")]
    print(
        f"\n| data | {what} | {' | '.join(columns)} |\n|---|{'---:|' * (len(columns) + 1)}"
    )
    for (name, size), case in means.items():
        cells = [" / ".join(f"{v:.3f}" for v in np.atleast_1d(case[k])) for k in columns]
        print(f"| {name} | {size} | {' | '.join(cells)} |")


def print_measures(means):
    """Print on how many sets codes with y are ahead, and what R² they lose."""
    print("\n| codes with y | 2 components | 8 components |\n|---|---:|---:|")
    first = next(iter(means.values()))
    others = [key for key in KINDS[:-1] if key in first]
    sizes = sorted({size for _, size in means})
    lines = {}
    for other in others:
        for margin in (0.0, 0.01):
            cells = []
            for size in sizes:
                of_size = [case for (_, k), case in means.items() if k == size]
                gains = [np.min(case["with y"] - case[other]) for case in of_size]
                n_ahead = sum(gain >= -margin for gain in gains)
                cells.append(f"{n_ahead} of {len(gains)}, worst {min(gains):+.3f}")
            words = "not behind" if margin == 0 else f"within {margin}"
            lines[f"{words}: {other}, for both"] = cells
    for key, case in lines.items():
        print(f"| {key} | {' | '.join(case)} |")
    if "R2 without y" not in first:
        return
    lines.clear()
    for words, pick in (("most R² lost", max), ("median of R² lost", statistics.median)):
        cells = []
        for size in sizes:
            of_size = [case for (_, k), case in means.items() if k == size]
            lost = [case["R2 without y"] - case["R2 with y"] for case in of_size]
            cells.append(f"{pick(lost):+.3f}")
        lines[words] = cells
    for words, cells in lines.items():
        print(f"| {words} | {' | '.join(cells)} |")
    of_y, of_x = (
        [case[f"seconds {kind}"] for case in means.values()]
        for kind in ("with y", "without y")
    )
    ratio = statistics.median(a / b for a, b in zip(of_y, of_x, strict=True))
    print(f"\nSeconds of a fit with y, of one without: {ratio:.2f} (median)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of .npz files")
    parser.add_argument("--sets", nargs="*", help="names; all of them by default")
    parser.add_argument("--weight", type=float, default=0.25, help="target_weight")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=[2, 8])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--parts", nargs="*", default=["classes", "numbers", "labels"])
    parser.add_argument("--quick", action="store_true", help="under a minute")
    arguments = parser.parse_args()
    if UMAP is None:
        arguments.kinds = [kind for kind in arguments.kinds if kind != "UMAP"]
    sets = arguments.sets or names(arguments.data)
    numbers = [n for n in NUMBERS if n in BUNDLED or arguments.data]
    if arguments.quick:
        sets, numbers, arguments.splits = ["digits"], ["diabetes"], 1
        arguments.kinds = [kind for kind in arguments.kinds if kind != "UMAP"]
    if "classes" in arguments.parts:
        means = run(of_classes, arguments, sets, arguments.sizes)
        print_table(means, "components")
        print_measures(means)
    if "numbers" in arguments.parts:
        print_table(run(of_numbers, arguments, numbers, arguments.sizes), "components")
    if "labels" in arguments.parts:
        print_table(
            run(of_few_labels, arguments, sets, SHARES), "share of labels, 8 components"
        )


if __name__ == "__main__":
    main()
