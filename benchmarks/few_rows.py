"""How much do codes of 60 to 512 rows keep, and is any fit behind PCA?

Eighteen tables and curves, four of which scikit-learn bundles and six of which it draws,
the others from --data, each with two numbers of rows and of components: 36 cases, two
splits. Columns are standardised on the rows that train; up to 1000 others are held out, so
that R² is known better than by the rows that chose the epoch. --others takes a second
collection, other tables and other seeds, which nothing was chosen by.

Printed per case, as means over splits: R² of PCA and of AutoencoderTransformer, the largest
ratio of what it leaves unexplained to what PCA leaves, and the seconds of a fit. Below, of
all splits: the geometric mean of the ratios, how many are behind PCA by more than 0.005 of
R², the worst ratio, and the seconds of the median fit.

    python benchmarks/few_rows.py --data FOLDER            a minute or two
    python benchmarks/few_rows.py --data FOLDER --others
    python benchmarks/few_rows.py --quick                  without --data, one split
"""

import argparse
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn import datasets
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_ae import AutoencoderTransformer

MOST_HELD_OUT = 1000
AHEAD = 0.005  # of R²: less is a tie

# Rows to train on and components, by name.
CASES = {
    "s-curve": ((80, 2), (320, 2)),
    "swiss roll": ((160, 2), (320, 2)),
    "noisy s-curve": ((80, 2), (320, 1)),
    "torus": ((100, 2), (512, 2)),
    "moons": ((60, 1), (200, 1)),
    "gaussian": ((80, 3), (400, 3)),
    "classes": ((120, 4), (500, 8)),
    "friedman": ((100, 4), (300, 2)),
    "iris": ((60, 1), (110, 2)),
    "wine": ((80, 2), (130, 5)),
    "breast cancer": ((100, 2), (400, 8)),
    "diabetes": ((90, 2), (330, 4)),
    "digits": ((150, 8), (512, 2)),
    "california_housing": ((100, 2), (400, 4)),
    "wine_quality": ((80, 2), (300, 5)),
    "satimage": ((120, 2), (500, 4)),
    "ionosphere": ((100, 8), (260, 3)),
    "spambase": ((200, 4), (512, 8)),
}
OTHERS = {
    "s-curve": ((200, 2), (120, 1)),
    "swiss roll": ((80, 2), (240, 2)),
    "helix": ((64, 1), (256, 1)),
    "sphere": ((120, 2), (480, 2)),
    "clover": ((90, 1), (320, 1)),
    "log-normal": ((100, 3), (400, 3)),
    "noise": ((128, 2), (512, 2)),
    "low rank": ((100, 4), (300, 8)),
    "blobs": ((75, 2), (350, 3)),
    "wine": ((110, 3), (64, 2)),
    "breast cancer": ((200, 4), (64, 3)),
    "digits": ((100, 4), (400, 8)),
    "gas_sensor_drift": ((100, 2), (400, 4)),
    "covertype_20k": ((200, 2), (500, 4)),
    "pd_speech": ((100, 2), (180, 8)),
    "isolet": ((150, 4), (512, 8)),
    "fashion_mnist": ((100, 2), (500, 4)),
    "air_quality": ((80, 3), (300, 2)),
}
BUNDLED = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast cancer": datasets.load_breast_cancer,
    "diabetes": datasets.load_diabetes,
    "digits": datasets.load_digits,
}
DRAWN = {
    "s-curve": lambda n, seed: datasets.make_s_curve(n, noise=0.02, random_state=seed)[0],
    "noisy s-curve": lambda n, seed: datasets.make_s_curve(
        n, noise=0.05, random_state=seed
    )[0],
    "swiss roll": lambda n, seed: datasets.make_swiss_roll(
        n, noise=0.02, random_state=seed
    )[0],
    "moons": lambda n, seed: datasets.make_moons(n, noise=0.05, random_state=seed)[0],
    "classes": lambda n, seed: datasets.make_classification(n, 20, random_state=seed)[0],
    "friedman": lambda n, seed: datasets.make_friedman1(n, random_state=seed)[0],
    "blobs": lambda n, seed: datasets.make_blobs(n, 10, centers=6, random_state=seed)[0],
    "low rank": lambda n, seed: datasets.make_low_rank_matrix(
        n, 30, effective_rank=6, random_state=seed
    ),
}


def drawn(name, n_rows, seed):
    """Return rows of a known answer."""
    if name in DRAWN:
        return DRAWN[name](n_rows, seed)
    rng = np.random.default_rng(seed)
    t, across = rng.uniform(0, 2 * np.pi, (2, n_rows))
    if name == "torus":
        radius = 2 + np.cos(across)
        return np.c_[radius * np.cos(t), radius * np.sin(t), np.sin(across)]
    if name in ("gaussian", "noise"):
        turn = np.linalg.qr(rng.normal(size=(20, 20)))[0]
        flat = rng.normal(size=(n_rows, 20)) * 0.8 ** np.arange(20) @ turn
        return flat if name == "gaussian" else rng.normal(size=(n_rows, 10))
    if name == "log-normal":
        codes = rng.normal(size=(n_rows, 12))
        return np.exp(codes @ rng.normal(size=(12, 12)) / 4)
    if name == "sphere":
        x = rng.normal(size=(n_rows, 3))
        return x / np.linalg.norm(x, axis=1, keepdims=True)
    x = np.c_[np.cos(2 * t), np.sin(2 * t), t]
    if name == "clover":
        x = np.c_[np.cos(3 * t) * np.cos(t), np.cos(3 * t) * np.sin(t), np.sin(t)]
    return x + rng.normal(scale=0.05, size=x.shape)


def rows_of(name, n_rows, seed, folder):
    """Return the rows to train on and those held out, standardised by the first."""
    if name in BUNDLED:
        X = BUNDLED[name]().data
    elif folder is not None and (folder / f"{name}.npz").exists():
        with np.load(folder / f"{name}.npz") as file:
            X = file["X"]
        X = X[~np.isnan(X[:, :1000].astype(float)).any(1)].astype(float)
    else:
        X = drawn(name, n_rows + MOST_HELD_OUT, seed)
    X = X[np.random.default_rng(seed).permutation(len(X))][: n_rows + MOST_HELD_OUT]
    scaler = StandardScaler().fit(X[:n_rows])
    return scaler.transform(X[:n_rows]), scaler.transform(X[n_rows:])


def r2(X, X_hat):
    return r2_score(X, X_hat, multioutput="variance_weighted")


def contest(name, n_rows, size, seed, folder, **settings):
    """Return one case: a table, a number of rows, a size and a split."""
    train, test = rows_of(name, n_rows, seed, folder)
    pca = PCA(size, random_state=seed).fit(train)
    ae = AutoencoderTransformer(size, random_state=seed, **settings)
    start = time.perf_counter()
    ae.fit(train)
    seconds = time.perf_counter() - start
    by_pca, by_ae = r2(test, pca.inverse_transform(pca.transform(test))), ae.score(test)
    return {
        "case": (name, n_rows, size),
        "pca": by_pca,
        "ae": by_ae,
        "ratio": (1 - by_ae) / (1 - by_pca),
        "seconds": seconds,
        "epochs": (ae.n_iter_, ae.best_iter_),
    }


def print_cases(cases):
    """Print a line per case, means over splits."""
    print("| data | rows | components | PCA | autoencoder | worst ratio | seconds |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for case in dict.fromkeys(case["case"] for case in cases):
        split = [c for c in cases if c["case"] == case]
        pca, ae, seconds = (
            statistics.mean(c[key] for c in split) for key in ("pca", "ae", "seconds")
        )
        worst = max(c["ratio"] for c in split)
        told = " | ".join(map(str, case))
        print(f"| {told} | {pca:.3f} | {ae:.3f} | {worst:.2f} | {seconds:.2f} |")


def summary(cases):
    """Return what all cases say together."""
    ratios = [case["ratio"] for case in cases]
    behind = sum(case["pca"] - case["ae"] > AHEAD for case in cases)
    seconds = statistics.median(case["seconds"] for case in cases)
    return (
        f"{len(cases)} cases: geometric mean {statistics.geometric_mean(ratios):.3f}, "
        f"behind PCA {behind}, worst ratio {max(ratios):.2f}, "
        f"median fit {seconds:.2f} s"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--others", action="store_true", help="the second collection")
    parser.add_argument("--quick", action="store_true", help="no --data, one split")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of what does not converge
    torch.set_num_threads(1)
    folder = None if arguments.quick else arguments.data
    chosen, first = (OTHERS, 100) if arguments.others else (CASES, 0)
    known = {*BUNDLED, *DRAWN, "torus", "gaussian", "noise", "log-normal", "sphere"}
    known |= {"helix", "clover"}
    with threadpool_limits(1):
        AutoencoderTransformer(1, max_iter=1).fit(np.eye(9))  # what only a first fit takes
        cases = [
            contest(name, n_rows, size, seed, folder)
            for name, sizes in chosen.items()
            if folder is not None or name in known
            for n_rows, size in sizes
            for seed in range(first, first + (1 if arguments.quick else 2))
        ]
    print_cases(cases)
    print(f"\n{summary(cases)}")


if __name__ == "__main__":
    main()
