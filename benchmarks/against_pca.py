"""How much more do codes keep than PCA's, with default parameters, on any table?

Every numeric set of --data (20,000 rows at most), digits, wine, breast cancer and diabetes
as scikit-learn bundles them, and three of a known answer: a Gaussian, where there is little
to win, an S-curve and a torus, where there is everything. Codes of 2, of a quarter of the
columns, and of 8 where there are 32 columns. A quarter of the rows held out, three splits,
columns standardised on the training part (--raw: in their own units).

Printed per set and size, as means over splits: the share of the held-out variance that
reconstructions keep (R², weighted by variance) by PCA, KernelPCA (rbf with an inverse, 2000
training rows at most), MLPRegressor(early_stopping=True) with the same layers, fitted to
(X, X), and AutoencoderTransformer; the ratio of the variance that it leaves unexplained to
what PCA leaves, the largest of all splits; how many columns are lost, the most of all
splits: their held-out R² is below -0.1 where PCA's is above 0.02; how much more accurate
logistic regression and 10 nearest neighbours are on its codes than on PCA's; the seconds of
its fit, other cases running beside it.

Below are the measures that are promised: how often held-out R² is behind PCA's, by 300
training rows or more and by fewer, the median and worst ratio, what 10 neighbours gain on
codes of 2, and on how many sets a classifier loses more than 0.01 on any size.

    python benchmarks/against_pca.py --data FOLDER            half an hour on two cores
    python benchmarks/against_pca.py --data FOLDER --alone    ours and PCA, ten minutes
    python benchmarks/against_pca.py --quick                  bundled, one split, a minute
"""

import argparse
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
    make_s_curve,
)
from sklearn.decomposition import PCA, KernelPCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_ae import AutoencoderTransformer

BUNDLED = {
    "digits": load_digits,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "diabetes": load_diabetes,
}
WITHOUT_CLASSES = ("diabetes", "california_housing")
MOST_ROWS, MOST_KERNEL_ROWS, FEW = 20_000, 2000, 300


def made_up():
    """Return sets of a known answer, by name."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(20, 20)))[0]
    around, across = rng.uniform(0, 2 * np.pi, (2, 2000))
    radius = 2 + np.cos(across)
    torus = [radius * np.cos(around), radius * np.sin(around), np.sin(across)]
    return {
        "gaussian": rng.normal(size=(2000, 20)) * 0.8 ** np.arange(20) @ turn,
        "s-curve": make_s_curve(2000, random_state=0)[0],
        "torus": np.transpose(torus),
    }


def load(name, folder):
    """Return the rows, and their classes or None."""
    if name in BUNDLED:
        X, y = BUNDLED[name](return_X_y=True)
    elif folder is not None and (folder / f"{name}.npz").exists():
        with np.load(folder / f"{name}.npz") as file:
            X, y = file["X"].astype(float), file.get("y")
    else:
        X, y = made_up()[name], None
    if len(X) > MOST_ROWS:
        rows = np.random.default_rng(0).permutation(len(X))[:MOST_ROWS]
        X, y = X[rows], None if y is None else y[rows]
    return X, None if name in WITHOUT_CLASSES else y


def names(folder):
    """Return the names of all sets that have no missing cells."""
    found = []
    for path in sorted(folder.glob("*.npz")) if folder else ():
        with np.load(path) as file:
            if not np.isnan(file["X"].astype(float)).any():
                found.append(path.stem)
    return [*found, *BUNDLED, *made_up()]


def code_sizes(n_columns):
    return sorted({2, max(1, n_columns // 4)} | ({8} if n_columns >= 32 else set()))


def r2(X, X_hat):
    return r2_score(X, X_hat, multioutput="variance_weighted")


def lost_columns(test, X_hat, by_pca):
    """Return how many columns are worse than their mean where PCA does better."""
    ours, theirs = (
        r2_score(test, rows, multioutput="raw_values") for rows in (X_hat, by_pca)
    )
    varies = np.ptp(test, axis=0) > 0
    return int(np.sum(varies & (ours < -0.1) & (theirs > 0.02)))


def by_mlp(train, test, size, seed):
    layers = (128, 128, size, 128, 128)
    mlp = MLPRegressor(hidden_layer_sizes=layers, early_stopping=True, random_state=seed)
    mlp.fit(train, train)
    return r2(test, mlp.predict(test))


def by_kernel_pca(train, test, size):
    kernel_pca = KernelPCA(
        size, kernel="rbf", fit_inverse_transform=True, eigen_solver="auto", random_state=0
    ).fit(train[:MOST_KERNEL_ROWS])
    return r2(test, kernel_pca.inverse_transform(kernel_pca.transform(test)))


def accuracies(reducer, train, test, y_train, y_test):
    """Return those of logistic regression and of 10 nearest neighbours on codes."""
    codes = reducer.transform(train), reducer.transform(test)
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    classifiers = linear, KNeighborsClassifier(10)
    return np.array([c.fit(codes[0], y_train).score(codes[1], y_test) for c in classifiers])


def contest(name, size, seed, arguments):
    """Return one case: a set, a size and a split."""
    warnings.simplefilter("ignore")  # of what does not converge
    torch.set_num_threads(1)
    X, y = load(name, arguments.data)
    y = np.zeros(len(X)) if y is None else y
    train, test, *classes = train_test_split(X, y, test_size=0.25, random_state=seed)
    if not arguments.raw:
        scaler = StandardScaler().fit(train)
        train, test = scaler.transform(train), scaler.transform(test)
    with threadpool_limits(1):
        pca = PCA(size, random_state=seed).fit(train)
        ae = AutoencoderTransformer(size, random_state=seed)
        start = time.perf_counter()
        ae.fit(train)
        by_pca = pca.inverse_transform(pca.transform(test))
        case = {
            "name": name,
            "size": size,
            "n_rows": len(train),
            "seconds": time.perf_counter() - start,
            "pca": r2(test, by_pca),
            "lost": lost_columns(test, ae.reconstruct(test), by_pca),
            "ae": ae.score(test),
            "stays": ae.best_iter_ == 0,
        }
        case["ratio"] = 1.0
        if case["pca"] < 1 - 1e-9:
            case["ratio"] = (1 - case["ae"]) / (1 - case["pca"])
        if len(set(y)) > 1:
            parts = train, test, *classes
            gain = accuracies(ae, *parts) - accuracies(pca, *parts)
            case["linear"], case["neighbours"] = gain
        if not (arguments.alone or arguments.quick):
            case["mlp"] = by_mlp(train, test, size, seed)
            case["kernel"] = by_kernel_pca(train, test, size)
    return case


def print_cases(cases):
    """Print a line per set and size, means over splits."""

    def mean(split, key, form):
        values = [case[key] for case in split if key in case]
        return format(statistics.mean(values), form) if values else ""

    columns = (
        "data",
        "components",
        "PCA",
        "KernelPCA",
        "MLP",
        "autoencoder",
        "worst ratio",
        "columns lost",
        "logistic",
        "neighbours",
        "seconds",
    )
    print(f"| {' | '.join(columns)} |\n|---|{'---:|' * (len(columns) - 1)}")
    for name, size in dict.fromkeys((case["name"], case["size"]) for case in cases):
        split = [case for case in cases if (case["name"], case["size"]) == (name, size)]
        r2s = " | ".join(mean(split, key, ".3f") for key in ("pca", "kernel", "mlp", "ae"))
        gains = " | ".join(mean(split, key, "+.3f") for key in ("linear", "neighbours"))
        worst = max(case["ratio"] for case in split)
        lost = max(case["lost"] for case in split)
        seconds = statistics.median(case["seconds"] for case in split)
        cells = (name, size, r2s, f"{worst:.2f}", lost, gains, f"{seconds:.2f}")
        print(f"| {' | '.join(map(str, cells))} |")


def print_measures(cases):
    """Print what is promised of all cases together."""
    behind = {True: [], False: []}
    for case in cases:
        behind[case["n_rows"] < FEW].append(case["pca"] - case["ae"])
    ratios = [case["ratio"] for case in cases if case["pca"] < 1 - 1e-9]
    two, losing = {}, set()
    for name, size in dict.fromkeys((case["name"], case["size"]) for case in cases):
        split = [case for case in cases if (case["name"], case["size"]) == (name, size)]
        if "linear" not in split[0]:
            continue
        gains = {
            key: statistics.mean(case[key] for case in split)
            for key in ("linear", "neighbours")
        }
        if min(gains.values()) < -0.01:
            losing.add(name)
        if size == 2:
            two[name] = gains["neighbours"]
    many, few = behind[False], behind[True]
    measures = {
        f"behind PCA by more than 0.005, {FEW} rows or more": (
            f"{sum(b > 0.005 for b in many)} of {len(many)}"
        ),
        f"behind by more than 0.02, fewer than {FEW}": (
            f"{sum(b > 0.02 for b in few)} of {len(few)}"
        ),
        f"behind by more than 0.005, fewer than {FEW}": (
            f"{sum(b > 0.005 for b in few)} of {len(few)}"
        ),
        "median ratio of unexplained variance": f"{statistics.median(ratios):.2f}",
        "worst ratio": f"{max(ratios):.2f}",
        "columns lost, worse than their mean where PCA is better": (
            f"{sum(case['lost'] for case in cases)} in {len(cases)} fits"
        ),
        "fits that stay PCA": f"{sum(case['stays'] for case in cases)} of {len(cases)}",
        "10 neighbours on 2 components, mean gain": (
            f"{statistics.mean(two.values()):+.3f} on {len(two)} sets"
        ),
        "sets where a classifier loses more than 0.01": (
            f"{len(losing)} of {len(two)} {sorted(losing) or ''}"
        ),
        "seconds of the median case": (
            f"{statistics.median(case['seconds'] for case in cases):.2f}"
        ),
    }
    print("\n| measure | |\n|---|---:|")
    for measure, told in measures.items():
        print(f"| {measure} | {told} |")


def draw(cases, path):
    """Draw a dot per set and size: what PCA and the autoencoder leave unexplained."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 5), layout="constrained")
    limits = 1e-3, 1.1
    ax.plot(limits, limits, color="0.6", lw=1)
    sizes = "2 components", "8 components", "a quarter of the columns"
    for place, (label, color) in enumerate(zip(sizes, ("C0", "C1", "C2"), strict=True)):
        dots = {}
        for case in cases:
            kind = {2: 0, 8: 1}.get(case["size"], 2)
            if kind == place:
                rest = 1 - case["pca"], 1 - case["ae"]
                dots.setdefault((case["name"], case["size"]), []).append(rest)
        means = np.array([np.mean(rest, axis=0) for rest in dots.values()])
        if len(means):
            ax.scatter(
                *np.maximum(means, limits[0]).T, s=28, alpha=0.8, c=color, label=label
            )
    ax.set(xscale="log", yscale="log", xlim=limits, ylim=limits, aspect="equal")
    ax.set_xlabel("held-out variance that PCA leaves unexplained")
    ax.set_ylabel("that AutoencoderTransformer() leaves unexplained")
    ax.legend(loc="upper left", frameon=False)
    figure.savefig(path, dpi=130)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--raw", action="store_true", help="columns in their own units")
    parser.add_argument(
        "--alone", action="store_true", help="no KernelPCA, no MLPRegressor"
    )
    parser.add_argument("--quick", action="store_true", help="one split, alone")
    parser.add_argument("--jobs", type=int, default=2, help="cases at once")
    parser.add_argument("--picture", type=Path, help="where to draw")
    arguments = parser.parse_args()
    chosen = [
        (name, size, seed)
        for name in names(arguments.data)
        for size in code_sizes(load(name, arguments.data)[0].shape[1])
        for seed in range(1 if arguments.quick else 3)
    ]
    cases = Parallel(arguments.jobs)(delayed(contest)(*case, arguments) for case in chosen)
    print_cases(cases)
    print_measures(cases)
    if arguments.picture:
        draw(cases, arguments.picture)


if __name__ == "__main__":
    main()
