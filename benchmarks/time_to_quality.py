"""How many seconds until held-out rows are reconstructed as well as by MLPRegressor?

MLPRegressor(early_stopping=True) with hidden layers (128, k, 128), all rectified, learns to
reconstruct its input; the R² on held-out rows that it ends with is the mark, and its time
that of the whole of fit: where it gives up early, the mark is low and its time short.
AutoencoderTransformer has default parameters. "fit" is its whole time, with the R² that it
ends with; "reaches" is how soon held-out rows are at the mark, as the time of the shortest
of its fits that meets it (max_iter from 1 to 30, and the default). skorch as
its documentation shows it (NeuralNetRegressor, the same layers but for a code that is not
rectified, Adam, everything else its default) is timed epoch by epoch until it meets the
mark, for ten times as long as MLPRegressor at most, which then stands for its time.

Columns standardised on the training part, three quarters of the rows to train on, a code
of a quarter of the columns, 16 at most; the first fit of the process is not counted.
One thread; medians of three splits, ratios split by split. With a folder of data sets six
real ones, else those that scikit-learn bundles.

    python benchmarks/time_to_quality.py --data FOLDER    about six minutes
    python benchmarks/time_to_quality.py --quick          bundled, one split, under a minute
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler
from timing import on_threads, seconds_of
from torch import nn

from sklearn_ae import AutoencoderTransformer

IN_FOLDER = (
    "isolet",
    "gas_sensor_drift",
    "spambase",
    "satimage",
    "covertype_20k",
    "wine_quality",
)
BUNDLED = {
    "digits": load_digits,
    "breast_cancer": load_breast_cancer,
    "diabetes": load_diabetes,
}
WIDTH, MOST_COMPONENTS, EPOCHS = 128, 16, range(1, 31)


def load(name, folder, seed):
    if name in BUNDLED:
        X = BUNDLED[name]().data
    else:
        with np.load(folder / f"{name}.npz") as file:
            X = file["X"].astype(float)
    train, test = train_test_split(X, test_size=0.25, random_state=seed)
    scaler = StandardScaler().fit(train)
    return (scaler.transform(part).astype(np.float32) for part in (train, test))


def r2(X, X_hat):
    return r2_score(X, X_hat, multioutput="variance_weighted")


def skorch_seconds(train, test, n_components, *, mark, longest, seed):
    """Return the seconds until skorch meets the mark, not counting the look at it."""
    from skorch import NeuralNetRegressor

    torch.manual_seed(seed)
    d = train.shape[1]
    network = nn.Sequential(
        nn.Linear(d, WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, n_components),
        nn.Linear(n_components, WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, d),
    )
    net = NeuralNetRegressor(
        network, optimizer=torch.optim.Adam, lr=1e-3, max_epochs=1, verbose=0
    ).initialize()
    seconds = 0.0
    while seconds < longest:
        start = time.perf_counter()
        net.partial_fit(train, train)
        seconds += time.perf_counter() - start
        if r2(test, net.predict(test)) >= mark:
            return seconds
    return longest


def contest(name, folder, seed):
    """Return one row of figures."""
    train, test = load(name, folder, seed)
    n_components = max(1, min(train.shape[1] // 4, MOST_COMPONENTS))
    mlp = MLPRegressor(
        hidden_layer_sizes=(WIDTH, n_components, WIDTH),
        early_stopping=True,
        random_state=seed,
    )
    mlp_seconds = seconds_of(lambda: mlp.fit(train, train))
    mark = r2(test, mlp.predict(test))

    def ours(**options):
        ae = AutoencoderTransformer(n_components, random_state=seed, **options)
        return seconds_of(lambda: ae.fit(train)), ae.score(test)

    whole, own_r2 = ours()
    reaches = whole if own_r2 >= mark else float("inf")
    for n_epochs in EPOCHS:
        seconds, score = ours(max_iter=n_epochs)
        if score >= mark:
            reaches = min(reaches, seconds)
            break
    by_skorch = skorch_seconds(
        train, test, n_components, mark=mark, longest=10 * mlp_seconds, seed=seed
    )
    return mark, mlp_seconds, own_r2, whole, reaches, by_skorch


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--quick", action="store_true", help="one seed")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    names = IN_FOLDER if arguments.data and not arguments.quick else tuple(BUNDLED)
    columns = (
        "data | MLPRegressor ends at | seconds | autoencoder ends at | fit | reaches "
        "| skorch reaches | fit / MLPRegressor | reaches / MLPRegressor | reaches / skorch"
    )
    print(f"| {columns} |\n|---|{'---:|' * 9}")
    ratios = []
    with on_threads(1):
        AutoencoderTransformer(2, max_iter=1).fit(load_digits().data)
        for name in names:
            seeds = range(1 if arguments.quick else 3)
            rows = np.array([contest(name, arguments.data, seed) for seed in seeds])
            mark, mlp, own_r2, whole, reaches, by_skorch = np.median(rows, axis=0)
            _, mlps, _, wholes, reached, skorches = rows.T
            # A mark that is missed is an infinite time.
            ratios.append(
                [
                    np.median(part)
                    for part in (wholes / mlps, reached / mlps, reached / skorches)
                ]
            )
            print(
                f"| {name} | {mark:.3f} | {mlp:.2f} | {own_r2:.3f} | {whole:.2f} | "
                f"{reaches:.2f} | {by_skorch:.2f} | "
                + " | ".join(f"{ratio:.2f}" for ratio in ratios[-1])
                + " |",
                flush=True,
            )
    medians = np.median(ratios, axis=0)
    print("| median | | | | | | | " + " | ".join(f"{m:.2f}" for m in medians) + " |")


if __name__ == "__main__":
    main()
