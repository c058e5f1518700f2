"""How much more do codes keep than PCA's, with default parameters?

Digits, wine, breast cancer and diabetes, as scikit-learn bundles them, in their own
units; 2, 4 and 8 components; a quarter of the rows held out, three splits. Told is
the share of the held-out variance that the reconstruction keeps (R², weighted by
variance), and the seconds of one fit.

    python benchmarks/against_pca.py            under a minute
    python benchmarks/against_pca.py --quick    one split
"""

import argparse
import statistics
import time

import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

DATA = {
    "digits": load_digits,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "diabetes": load_diabetes,
}
SIZES = (2, 4, 8)


def held_out(reducer, train, test):
    """Return R² on ``test`` and the seconds that the fit took."""
    start = time.perf_counter()
    reducer.fit(train)
    seconds = time.perf_counter() - start
    X_hat = reducer.inverse_transform(reducer.transform(test))
    return r2_score(test, X_hat, multioutput="variance_weighted"), seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one split")
    n_splits = 1 if parser.parse_args().quick else 3
    torch.set_num_threads(1)
    print("| data | components | PCA | autoencoder | least gain | seconds |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, load in DATA.items():
        X = load().data
        for size in SIZES:
            pca, ae, seconds = [], [], []
            for seed in range(n_splits):
                parts = train_test_split(X, test_size=0.25, random_state=seed)
                pca.append(held_out(PCA(size), *parts)[0])
                estimator = AutoencoderTransformer(size, random_state=seed)
                score, taken = held_out(estimator, *parts)
                ae.append(score)
                seconds.append(taken)
            least = min(a - p for a, p in zip(ae, pca, strict=True))
            print(
                f"| {name} | {size} | {statistics.mean(pca):.3f} | "
                f"{statistics.mean(ae):.3f} | {least:+.4f} | "
                f"{statistics.median(seconds):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
