"""Do codes of a wide autoencoder trained on swap noise help a linear classifier?

The usual use of denoising autoencoders in tabular competitions: wide layers, trained to
undo swap noise on all rows, labels unseen; what they make of a row goes to a simple model.
Accuracy on held-out rows, mean of three splits, of logistic regression on: the columns;
the codes, as many as columns; both; and of gradient boosting on the columns, for scale.
Columns and codes are standardised.

With a folder of data sets: satimage, spambase and covertype, 6000 rows of each at most;
else three sets that scikit-learn bundles.

    python benchmarks/swap_codes.py --data FOLDER    about five minutes
    python benchmarks/swap_codes.py                  about a minute
    python benchmarks/swap_codes.py --quick          one split
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ae import DenoisingAutoencoder

BUNDLED = {"digits": load_digits, "breast_cancer": load_breast_cancer, "wine": load_wine}
IN_FOLDER = ["satimage", "spambase", "covertype_20k"]
MOST_ROWS = 6000
WIDE = {
    "noise": "swap",
    "hidden_layer_sizes": (512, 512),
    "learning_rate_init": 0.002,  # the default is for layers of about 128
    "max_iter": 40,
}


def load(name, folder):
    if folder is None:
        return BUNDLED[name](return_X_y=True)
    with np.load(folder / f"{name}.npz") as file:
        X, y = file["X"].astype(float), file["y"]
    some = np.random.RandomState(0).permutation(len(X))[:MOST_ROWS]
    return X[some], y[some]


def accuracies(X, y, seed):
    """Return {features: accuracy} of one split, and the seconds of the autoencoder."""
    split = train_test_split(X, y, test_size=0.25, random_state=seed, stratify=y)
    X_train, X_test, y_train, y_test = split
    scaler = StandardScaler().fit(X_train)
    X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
    start = time.perf_counter()
    dae = DenoisingAutoencoder(**WIDE, random_state=seed).fit(X_train)
    seconds = time.perf_counter() - start
    codes_train, codes_test = dae.transform(X_train), dae.transform(X_test)
    features = {
        "columns": (X_train, X_test),
        "codes": (codes_train, codes_test),
        "both": (
            np.hstack([X_train, codes_train]),
            np.hstack([X_test, codes_test]),
        ),
    }
    told = {}
    for name, (train, test) in features.items():
        linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
        told[name] = linear.fit(train, y_train).score(test, y_test)
    boosting = HistGradientBoostingClassifier(random_state=seed)
    told["boosting"] = boosting.fit(X_train, y_train).score(X_test, y_test)
    return told, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with satimage.npz and others")
    parser.add_argument("--quick", action="store_true", help="one split")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    columns = ["columns", "codes", "both", "boosting"]
    print("| data |", " | ".join(columns), "| seconds |")
    print("|---|" + "---:|" * (len(columns) + 1))
    for name in IN_FOLDER if arguments.data else BUNDLED:
        X, y = load(name, arguments.data)
        splits = [accuracies(X, y, seed) for seed in range(1 if arguments.quick else 3)]
        means = [statistics.mean(told[c] for told, _ in splits) for c in columns]
        seconds = statistics.median(taken for _, taken in splits)
        told = " | ".join(f"{mean:.3f}" for mean in means)
        print(f"| {name} | {told} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
