"""What shortens a fit to many rows, and what does it cost?

200,000 rows of 100 columns, of twenty causes through two nonlinear layers and noise, codes
of 8, the default layers. CPU seconds of a fit, held-out R², and its share of the R² of the
default in float32, for larger and smaller batches, bfloat16, higher rates and fewer epochs.
--causes makes rows of fewer causes, which are learnt sooner. --threads prints wall seconds
of the default by one thread and by two; --cycles what fits of 2, 4, 8, 16 and 32 epochs
reach that go on from each other (warm_start), as one that stops by its gain would.

    python benchmarks/many_rows.py              ten minutes
    python benchmarks/many_rows.py --rows 1000000
    python benchmarks/many_rows.py --quick      20,000 rows
"""

import argparse
import time

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from timing import on_threads

from sklearn_ae import AutoencoderTransformer

N_COLUMNS, N_HIDDEN, N_HELD_OUT = 100, 64, 20_000
CYCLES = 2, 4, 8, 16, 32

# Batch size, epochs, number format, rate.
WAYS = [
    (512, 40, "float32", 0.005),
    ("auto", 40, "auto", 0.005),
    (256, 40, "float32", 0.005),
    (1024, 40, "float32", 0.005),
    (1024, 40, "bfloat16", 0.0075),
    (2048, 40, "bfloat16", 0.01),
    (4096, 40, "bfloat16", 0.02),
    ("auto", 40, "auto", 0.01),
    ("auto", 20, "auto", 0.005),
    ("auto", 20, "auto", 0.01),
    ("auto", 10, "auto", 0.01),
    ("auto", 5, "auto", 0.01),
    ("auto", 2, "auto", 0.01),
    ("auto", 1, "auto", 0.01),
]


def hard_rows(n_rows, n_causes=20):
    """Return rows for which every further epoch gains, in float32."""
    rng = np.random.default_rng(0)
    first = 2 * rng.normal(size=(n_causes, N_HIDDEN)) / n_causes**0.5
    second = 2 * rng.normal(size=(N_HIDDEN, N_COLUMNS)) / N_HIDDEN**0.5
    X = np.empty((n_rows, N_COLUMNS), np.float32)
    for start in range(0, n_rows, 50_000):
        part = X[start : start + 50_000]
        hidden = np.tanh(rng.normal(size=(len(part), n_causes)) @ first)
        part[:] = np.tanh(hidden @ second) + 0.3 * rng.normal(size=part.shape)
    return X


def make(way):
    batch_size, max_iter, precision, rate = way
    return AutoencoderTransformer(
        8,
        batch_size=batch_size,
        max_iter=max_iter,
        precision=precision,
        learning_rate_init=rate,
        random_state=0,
    )


def print_cycles(train, test):
    """Print what fits reach that go on from each other."""
    ae, seconds = AutoencoderTransformer(8, warm_start=True, random_state=0), 0.0
    print("| cycles to | CPU seconds | R² |\n|---:|---:|---:|")
    for n_epochs in CYCLES:
        start = time.process_time()
        ae.set_params(max_iter=n_epochs).fit(train)
        seconds += time.process_time() - start
        print(f"| {n_epochs} | {seconds:.1f} | {ae.score(test):.4f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--threads", action="store_true", help="one thread and all of them")
    parser.add_argument("--causes", type=int, default=20)
    parser.add_argument("--cycles", action="store_true", help="fits that go on")
    parser.add_argument("--quick", action="store_true", help="20,000 rows")
    arguments = parser.parse_args()
    n_rows = 20_000 if arguments.quick else arguments.rows
    X = hard_rows(n_rows + N_HELD_OUT, arguments.causes)
    train, test = X[:n_rows], X[n_rows:]
    if arguments.threads:
        for n_threads in (1, 2):
            for way in WAYS[:2]:
                with on_threads(n_threads):
                    start = time.perf_counter()
                    make(way).fit(train)
                seconds = time.perf_counter() - start
                print(f"| {n_threads} threads | {way} | {seconds:.1f} s |", flush=True)
        return
    if arguments.cycles:
        with on_threads(1):
            print_cycles(train, test)
        return
    pca = PCA(8).fit(train)
    x_hat = pca.inverse_transform(pca.transform(test))
    r2 = r2_score(test, x_hat, multioutput="variance_weighted")
    print(f"PCA: {r2:.4f}\n")
    print("| batch | epochs | precision | rate | CPU seconds | R² | of the first |")
    print("|---|---:|---|---:|---:|---:|---:|")
    first = None
    with on_threads(1):
        for way in WAYS:
            ae, start = make(way), time.process_time()
            ae.fit(train)
            seconds, r2 = time.process_time() - start, ae.score(test)
            first = first or r2
            told = " | ".join(map(str, way))
            print(f"| {told} | {seconds:.1f} | {r2:.4f} | {r2 / first:.3f} |", flush=True)


if __name__ == "__main__":
    main()
