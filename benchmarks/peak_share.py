"""Which share of the machine's peak does training reach, and what does bfloat16 bring?

The autoencoder of Hinton and Salakhutdinov, 784-1000-500-250-30 and back, batches of 512,
random rows. An epoch's time is the difference between fits of one epoch and of more, with
all that belongs to a step: shuffled batches, gradients, their length, Adam, averages.
Counted are the multiplications and additions that the gradients of the layers need: three
products per layer, two for the first, since nobody asks for the gradient of the rows; and,
as is usual, six per weight and row, as if somebody did. The linear shortcut is not counted.
The peak is that of sgemm on 2048 x 2048, measured between the fits.

    python benchmarks/peak_share.py            ten minutes
    python benchmarks/peak_share.py --quick    under a minute
"""

import argparse
import statistics
from itertools import pairwise

import numpy as np
import torch
from timing import on_threads, seconds_of

from sklearn_ae import AutoencoderTransformer

SIZES = (784, 1000, 500, 250, 30)
BATCH, SIDE = 512, 2048


def epoch_seconds(X, n_epochs, **options):
    """Return the seconds of one epoch."""

    def fit(max_iter):
        ae = AutoencoderTransformer(
            SIZES[-1],
            hidden_layer_sizes=SIZES[1:-1],
            batch_size=BATCH,
            max_iter=max_iter,
            early_stopping=False,
            random_state=0,
            **options,
        )
        return seconds_of(lambda: ae.fit(X))

    return (fit(1 + n_epochs) - fit(1)) / n_epochs


def sgemm_rate():
    """Return floating-point operations per second of a large product, in float32."""
    a = torch.ones(SIDE, SIDE)
    seconds = [seconds_of(lambda: torch.mm(a, a)) for _ in range(9)]
    return 2 * SIDE**3 / statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rows and repeats")
    quick = parser.parse_args().quick
    n_rows, n_repeats = (10_240, 2) if quick else (30_720, 3)
    X = np.random.default_rng(0).random((n_rows, SIZES[0]), dtype=np.float32)
    layers = [n_in * n_out for n_in, n_out in pairwise(SIZES)]
    work = 2 * n_rows * (6 * sum(layers) - layers[0])
    print(
        "| threads | activation | epoch, float32 | share of peak | six per weight "
        "| bfloat16 | faster by |\n|---:|---|---:|---:|---:|---:|---:|"
    )
    most = torch.get_num_threads()
    for n_threads in sorted({1, most}):
        for activation in ("silu",) if quick else ("silu", "relu"):
            shares, times, halves = [], [], []
            with on_threads(n_threads):
                for _ in range(n_repeats):
                    peak = sgemm_rate()
                    options = {"activation": activation, "precision": "float32"}
                    times.append(epoch_seconds(X, 2, **options))
                    shares.append(work / times[-1] / peak)
                    options["precision"] = "bfloat16"
                    halves.append(epoch_seconds(X, 4, **options))
            time, half = statistics.median(times), statistics.median(halves)
            share = statistics.median(shares)
            usual = share * 12 * n_rows * sum(layers) / work
            print(
                f"| {n_threads} | {activation} | {time:.2f} s | {share:.2f} | "
                f"{usual:.2f} | {half:.2f} s | {time / half:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
