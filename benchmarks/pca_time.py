"""How much longer do a fit and a transform take than PCA's?

Default parameters, columns standardised, one thread: medians of CPU seconds, of nine calls
of PCA and of its transform, three fits of ours and nine transforms of all rows.

    python benchmarks/pca_time.py --data FOLDER    two minutes
    python benchmarks/pca_time.py                  what scikit-learn bundles
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from timing import on_threads

from sklearn_ae import AutoencoderTransformer

BUNDLED = {"digits": load_digits, "breast cancer": load_breast_cancer}
SIZES = {"wine_quality": 2, "california_housing": 2, "satimage": 8, "covertype_20k": 8}
SIZES |= {"mnist": 8}
MOST_ROWS = 20_000


def tables(folder):
    for name, load in BUNDLED.items():
        yield name, load().data, 8
    for name, n_components in SIZES.items() if folder else ():
        with np.load(folder / f"{name}.npz") as file:
            yield name, file["X"][:MOST_ROWS].astype(float), n_components


def median(function, n_times):
    seconds = []
    for _ in range(n_times):
        start = time.process_time()
        function()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def compare(name, X, n_components):
    X = StandardScaler().fit_transform(X)
    pca = PCA(n_components).fit(X)
    ae = AutoencoderTransformer(n_components, random_state=0).fit(X)
    fits = median(lambda: pca.fit(X), 9), median(lambda: ae.fit(X), 3)
    uses = median(lambda: pca.transform(X), 9), median(lambda: ae.transform(X), 9)
    shape = f"{name} ({len(X)} x {X.shape[1]})"
    ratios = [ours / theirs for theirs, ours in (fits, uses)]
    print(
        f"| {shape} | {n_components} | {fits[0] * 1e3:.1f} ms | {fits[1]:.2f} s | "
        f"{ratios[0]:.0f} | {uses[0] * 1e3:.2f} ms | {uses[1] * 1e3:.1f} ms | "
        f"{ratios[1]:.0f} |",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the real sets, *.npz")
    arguments = parser.parse_args()
    print(
        "| data | components | PCA.fit | fit | times | PCA.transform | transform | times |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    with on_threads(1):
        for case in tables(arguments.data):
            compare(*case)


if __name__ == "__main__":
    main()
