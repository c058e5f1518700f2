"""From where on do a second thread and bfloat16 pay, and what does bfloat16 cost in R²?

Milliseconds of one step (gradients and Adam) for layers and batches around the thresholds
of sklearn_ae._training, 5e7 multiplications per batch for a second thread, 64 rows and 1e8
for bfloat16 by tiles (AMX), 3e7 by AMD's AVX512-BF16. Then, for precision="bfloat16" and
"float32" in settings where "auto" takes the former, the difference in held-out R² over
seeds, in mean and standard error.

    python benchmarks/crossings.py                  two minutes, without real data
    python benchmarks/crossings.py --data FOLDER    fifteen minutes, four sets besides
    python benchmarks/crossings.py --quick          under a minute
"""

import argparse
import statistics
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from timing import interleaved, on_threads

from sklearn_ae import AutoencoderTransformer
from sklearn_ae._training import Recipe
from sklearn_ae._training._steps import DenseStep
from sklearn_ae.nn import Autoencoder, make_loss

STEPS = [
    ((128, 128), 64, 128),
    ((128, 128), 100, 512),
    ((256, 128), 100, 512),
    ((128, 128), 784, 512),
    ((1000, 1000), 100, 32),
    ((512, 256), 100, 512),
    ((1000, 500, 250), 784, 64),
    ((1000, 500, 250), 784, 512),
]
IN_FOLDER = ("mnist", "fashion_mnist", "isolet", "gas_sensor_drift")
MOST_ROWS = 10_000


def step_of(hidden, n_features, n_rows):
    """Return a function that makes one step, and its multiplications per batch."""
    network = Autoencoder(
        n_features=n_features,
        n_components=16,
        hidden_layer_sizes=hidden,
        decoder_hidden_layer_sizes=hidden[::-1],
        generator=torch.Generator().manual_seed(0),
    )
    work = n_rows * sum(w.numel() for w in network.parameters() if w.ndim == 2)
    recipe = Recipe(
        max_iter=1,
        batch_size=n_rows,
        n_passes=1,
        solver="adam",
        learning_rate_init=1e-6,
        linear_rate=None,
        learning_rate="constant",
        alpha=0.0,
        loosens_start=False,
        keeps_start=False,
        guards_start=False,
        tol=0.0,
        n_iter_no_change=1,
        kl_warmup=0,
        bfloat16=True,
        n_multiplications=work,
        device="cpu",
    )
    dense = DenseStep(network, make_loss("mse"), recipe)
    x = torch.randn(n_rows, n_features, generator=torch.Generator().manual_seed(0))

    def step(n_threads, in_bfloat16):
        with on_threads(n_threads):
            for _ in range(10):
                dense(x, x, None, in_bfloat16=in_bfloat16)

    return step, work


def crossings(n_repeats):
    print(
        "| hidden, columns, rows | multiplications | 1 thread | all | bfloat16: 1 | all |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    most = torch.get_num_threads()
    ways = [(1, False), (most, False), (1, True), (most, True)]
    for hidden, n_features, n_rows in STEPS:
        step, work = step_of(hidden, n_features, n_rows)
        contestants = {way: (lambda way=way, step=step: step(*way)) for way in ways}
        seconds = interleaved(contestants, n_repeats)
        told = " | ".join(f"{100 * seconds[way]:.2f}" for way in ways)
        print(f"| {hidden}, {n_features}, {n_rows} | {work:.1e} | {told} |", flush=True)


def load(name, folder):
    if name == "digits":
        return load_digits().data
    with np.load(folder / f"{name}.npz") as file:
        X = file["X"].astype(float)
    return X[np.random.default_rng(0).permutation(len(X))[:MOST_ROWS]]


def cost(names, folder, seeds):
    print(
        "\n| data | hidden | components "
        "| R², float32 | bfloat16 less float32, mean | error |"
    )
    print("|---|---|---:|---:|---:|---:|")
    for name in names:
        X = load(name, folder)
        ways = (((128, 128), 0.005), ((512, 256), 0.003), ((1000, 500, 250), 0.003))
        for hidden, rate in ways:
            exact, gains = [], []
            for seed in seeds:
                parts = train_test_split(X, test_size=0.25, random_state=seed)
                scaler = StandardScaler().fit(parts[0])
                train, test = map(scaler.transform, parts)
                scores = {}
                for precision in ("float32", "bfloat16"):
                    ae = AutoencoderTransformer(
                        8,
                        hidden_layer_sizes=hidden,
                        learning_rate_init=rate,
                        precision=precision,
                        random_state=seed,
                    )
                    scores[precision] = ae.fit(train).score(test)
                exact.append(scores["float32"])
                gains.append(scores["bfloat16"] - scores["float32"])
            error = statistics.stdev(gains) / len(gains) ** 0.5
            print(
                f"| {name} | {hidden} | 8 | {statistics.mean(exact):.4f} | "
                f"{statistics.mean(gains):+.4f} | {error:.4f} |",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, digits alone")
    arguments = parser.parse_args()
    quick = arguments.quick
    crossings(3 if quick else 9)
    names = ("digits",) + (IN_FOLDER if arguments.data and not quick else ())
    cost(names, arguments.data, range(2 if quick else 4))


if __name__ == "__main__":
    main()
