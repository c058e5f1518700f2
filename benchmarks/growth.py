"""How does the time of a fit grow with rows and with columns?

Default parameters, a code of 8; from 1,000 to 1,000,000 rows of 10 and of 100 columns, to
100,000 of 1,000. The slope is that of log seconds on log rows, from one size to the
next and by least squares over all; 1 is linear. Up to 10,000 rows the median of three fits.
Batches grow from 64 to 512 rows up to 8192 rows, and are 512 from there on. One thread.

    python benchmarks/growth.py            five minutes
    python benchmarks/growth.py --quick    up to 2,000,000 cells
"""

import argparse
import statistics
from functools import partial

import numpy as np
from timing import on_threads, seconds_of

from sklearn_ae import AutoencoderTransformer


def rows(n_rows, n_columns):
    """Return nonlinear rows of five hidden causes, in float32."""
    rng = np.random.default_rng(0)
    ways = rng.normal(size=(5, n_columns)).astype(np.float32)
    X = np.empty((n_rows, n_columns), np.float32)
    for start in range(0, n_rows, 100_000):
        part = X[start : start + 100_000]
        part[:] = np.tanh(rng.normal(size=(len(part), 5)).astype(np.float32) @ ways)
    return X


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 2,000,000 cells")
    quick = parser.parse_args().quick
    sizes = (1000, 10_000, 100_000, 1_000_000)
    print("| columns | rows | epochs | seconds | per 1000 rows | slope from the last |")
    print("|---:|---:|---:|---:|---:|---:|")
    with on_threads(1):
        AutoencoderTransformer(2, max_iter=1).fit(rows(100, 5))
        for n_columns in (10, 100, 1000):
            these = [n for n in sizes if n * n_columns <= (2e6 if quick else 1e8)]
            seconds = []
            for n_rows in these:
                X = rows(n_rows, n_columns)
                ae = AutoencoderTransformer(8, random_state=0)
                n_repeats = 3 if n_rows <= 10_000 else 1
                fit = partial(ae.fit, X)
                seconds.append(statistics.median(seconds_of(fit) for _ in range(n_repeats)))
                slope = ""
                if len(seconds) > 1:
                    slope = f"{np.log10(seconds[-1] / seconds[-2]):.2f}"
                print(
                    f"| {n_columns} | {n_rows:,} | {ae.n_iter_} | {seconds[-1]:.2f} | "
                    f"{1000 * seconds[-1] / n_rows:.3f} | {slope} |",
                    flush=True,
                )
            if len(these) > 1:
                whole = np.polyfit(np.log(these), np.log(seconds), 1)[0]
                print(f"| {n_columns} | all | | | | {whole:.2f} |")


if __name__ == "__main__":
    main()
