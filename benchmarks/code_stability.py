"""Can codes of two fits be compared?

Two fits, each to one random half of the training rows, with seeds of their own; the codes
that both give to the same held-out rows. Components are sorted by variance and their signs
are fixed, so component j of one fit should go with component j of the other: printed is the
mean over components of their correlation, signed, and how many of the components have the
same sign; and, since a plane of codes may be rotated or deformed without a loss, how much
of the one code's variance a linear map of the other explains (R²). PCA beside it. Columns
standardised, means of five pairs of fits.

    python benchmarks/code_stability.py --data FOLDER    three minutes
    python benchmarks/code_stability.py --quick          bundled, two pairs, under a minute
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer

BUNDLED = {"digits": load_digits, "breast cancer": load_breast_cancer}
IN_FOLDER = ("satimage", "wine_quality", "spambase", "gas_sensor_drift")


def load(name, folder):
    if name in BUNDLED:
        return BUNDLED[name]().data
    with np.load(folder / f"{name}.npz") as file:
        return file["X"].astype(float)


def agreement(first, second):
    """Return mean correlation, share of equal signs, and R² of a linear map."""
    size = first.shape[1]
    both = np.corrcoef(first.T, second.T)[:size, size:].diagonal()
    linear = LinearRegression().fit(first, second).score(first, second)
    return np.array([both.mean(), (both > 0).mean(), linear])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--quick", action="store_true", help="bundled, two pairs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    names = [*BUNDLED]
    if arguments.data and not arguments.quick:
        names += IN_FOLDER
    print("| data | components | whose | correlation | same sign | linear map, R² |")
    print("|---|---:|---|---:|---:|---:|")
    for name in names:
        X = load(name, arguments.data)
        for size in (2, 8):
            told = {"PCA": [], "autoencoder": []}
            for seed in range(2 if arguments.quick else 5):
                train, test = train_test_split(X, test_size=0.25, random_state=seed)
                scaler = StandardScaler().fit(train)
                train, test = scaler.transform(train), scaler.transform(test)
                halves = train_test_split(train, test_size=0.5, random_state=seed)
                for who, codes in told.items():
                    kind = PCA if who == "PCA" else AutoencoderTransformer
                    fits = [
                        kind(size, random_state=2 * seed + place).fit(half)
                        for place, half in enumerate(halves)
                    ]
                    codes.append(agreement(*(fit.transform(test) for fit in fits)))
            for who, codes in told.items():
                cells = " | ".join(f"{value:.2f}" for value in np.mean(codes, axis=0))
                print(f"| {name} | {size} | {who} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
