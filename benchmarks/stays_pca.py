"""What does a fit cost that ends as PCA, in time and on disk?

Tables with few rows for their columns, as of genes and spectra, and a table of noise, drawn
here from a seed; default parameters, 8 components. Printed per table: seconds of a fit of
PCA and of AutoencoderTransformer, the median of three in turn, epochs that were run, the
epoch that was kept, 0 for PCA, seconds of transform of 1000 rows, and bytes of a pickle.

    python benchmarks/stays_pca.py            a minute
    python benchmarks/stays_pca.py --quick    up to 1,000,000 cells
"""

import argparse
import pickle
import statistics
from functools import partial

import numpy as np
from sklearn.decomposition import PCA
from timing import on_threads, seconds_of

from sklearn_ae import AutoencoderTransformer

TABLES = {
    "noise": (300, 40),
    "genes": (38, 7129),
    "spectra": (60, 4000),
    "wide genes": (300, 19_743),
}


def rows(name, n_rows, n_columns):
    """Return correlated columns, smooth ones, or noise alone."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(n_rows, n_columns))
    if name == "noise":
        return noise
    ways = rng.normal(size=(20, n_columns))
    if name == "spectra":
        ways = np.cumsum(ways, axis=1) / np.sqrt(n_columns)
        noise *= 0.01
    return rng.normal(size=(n_rows, 20)) @ ways + noise


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 1,000,000 cells")
    quick = parser.parse_args().quick
    print("| table | rows x columns | | seconds | epochs | kept | transform | bytes |")
    print("|---|---:|---|---:|---:|---:|---:|---:|")
    with on_threads(1):
        AutoencoderTransformer(2, max_iter=1).fit(rows("noise", 100, 5))
        for name, shape in TABLES.items():
            if quick and np.prod(shape) > 1e6:
                continue
            X = rows(name, *shape)
            new = np.resize(X, (1000, shape[1]))
            models = {
                "PCA": PCA(8, random_state=0),
                "AutoencoderTransformer": AutoencoderTransformer(8, random_state=0),
            }
            seconds = {method: [] for method in models}
            for _ in range(3):
                for method, model in models.items():
                    seconds[method].append(seconds_of(partial(model.fit, X)))
            for method, model in models.items():
                model.transform(new)
                use = statistics.median(
                    seconds_of(partial(model.transform, new)) for _ in range(3)
                )
                epochs, kept = (
                    getattr(model, "n_iter_", ""),
                    getattr(model, "best_iter_", ""),
                )
                print(
                    f"| {name} | {shape[0]} x {shape[1]} | {method} | "
                    f"{statistics.median(seconds[method]):.2f} | {epochs} | {kept} | "
                    f"{use:.3f} | {len(pickle.dumps(model)):,} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
