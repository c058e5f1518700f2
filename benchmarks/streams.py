"""What do chunks teach, beside a fit of all rows at once and beside IncrementalPCA?

Digits, breast cancer and diabetes as scikit-learn bundles them, and every numeric set of
--data without missing cells, 5000 rows at most; columns standardised, a quarter of the rows
held out; codes of 8, of 2 for fewer than 20 columns; chunks of a tenth of the training
rows, as they come and sorted by their first principal component.

Printed per set: held-out R² of IncrementalPCA, of AutoencoderTransformer after one, five
and twenty passes of partial_fit, and of fit with as many epochs, each the mean of two
splits; milliseconds of a pass and of an epoch of that fit, imports and start left out.

Then chunks of a Parquet file (--rows of 50 columns, written here, of the kind of
large_table.py), read by pyarrow in batches: seconds, the most memory beyond what the
process held before (Linux only), and held-out R² beside IncrementalPCA's.

    python benchmarks/streams.py --data FOLDER
    python benchmarks/streams.py --quick              digits, one split, 200,000 rows
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from large_table import N_COMPONENTS, N_HELD_OUT, watched, write_rows
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.decomposition import IncrementalPCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer

BUNDLED = {
    "digits": load_digits,
    "breast cancer": load_breast_cancer,
    "diabetes": load_diabetes,
}
PASSES = 1, 5, 20
MOST_ROWS, N_CHUNKS = 5000, 10


def tables(folder):
    for name, load in BUNDLED.items():
        yield name, load(return_X_y=True)[0]
    for path in sorted(folder.glob("*.npz")) if folder else ():
        with np.load(path) as file:
            X = file["X"].astype(float)
        if not np.isnan(X).any():
            yield path.stem, X


def kept(model, X):
    X_hat = model.inverse_transform(model.transform(X))
    return r2_score(X, X_hat, multioutput="variance_weighted")


def compare(X, n_components, seed, is_sorted):
    """Return R² by name, and milliseconds of a pass and of an epoch."""
    train, test = train_test_split(X, random_state=seed)
    scaler = StandardScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)
    if is_sorted:
        axis = np.linalg.svd(train - train.mean(axis=0), full_matrices=False)[2][0]
        train = train[np.argsort(train @ axis)]
    chunks = np.array_split(train, N_CHUNKS)
    pca = IncrementalPCA(n_components)
    for chunk in chunks:
        pca.partial_fit(chunk)
    told, passes = {"IncrementalPCA": kept(pca, test)}, []
    ae = AutoencoderTransformer(n_components, random_state=0)
    for number in range(1, max(PASSES) + 1):
        start = time.perf_counter()
        for chunk in chunks:
            ae.partial_fit(chunk)
        passes.append(time.perf_counter() - start)
        if number in PASSES:
            told[f"{number} passes"] = ae.score(test)
    for number in PASSES:
        start = time.perf_counter()
        fitted = AutoencoderTransformer(n_components, max_iter=number, random_state=0)
        told[f"{number} epochs"] = fitted.fit(train).score(test)
        epoch = (time.perf_counter() - start) / fitted.n_iter_
    return told, statistics.median(passes) * 1e3, epoch * 1e3


def tell_tables(arguments):
    columns = ["IncrementalPCA"]
    columns += [f"{n} {what}" for n in PASSES for what in ("passes", "epochs")]
    print("| data | order |", " | ".join(columns), "| ms a pass | ms an epoch |")
    print("|---|---|" + "---:|" * (len(columns) + 2), flush=True)
    ratios, behind = [], 0
    for name, X in tables(arguments.data):
        X = X[np.random.default_rng(0).permutation(len(X))[:MOST_ROWS]]  # noqa: PLW2901
        n_components = 8 if X.shape[1] >= 20 else 2
        for is_sorted in (False, True):
            runs = [
                compare(X, n_components, seed, is_sorted)
                for seed in range(arguments.splits)
            ]
            told = {key: np.mean([run[0][key] for run in runs]) for key in runs[0][0]}
            for number in PASSES:
                ours, whole = told[f"{number} passes"], told[f"{number} epochs"]
                ratios.append((is_sorted, number, ours / whole))
                behind += ours < told["IncrementalPCA"] - 0.005
            took = [np.mean([run[i] for run in runs]) for i in (1, 2)]
            line = [f"{told[key]:.3f}" for key in columns]
            line += [f"{ms:.0f}" for ms in took]
            order = "sorted" if is_sorted else "as it is"
            print(f"| {name} | {order} |", " | ".join(line), "|", flush=True)
    print("\n| order | passes | R² over that of fit: least | median |")
    print("|---|---:|---:|---:|")
    for is_sorted in (False, True):
        for number in PASSES:
            of = [r for s, n, r in ratios if (s, n) == (is_sorted, number)]
            order = "sorted" if is_sorted else "as it is"
            print(f"| {order} | {number} | {min(of):.3f} | {statistics.median(of):.3f} |")
    print(f"\nBehind IncrementalPCA by more than 0.005: {behind} of {len(ratios)}\n")


def tell_parquet(arguments):
    with tempfile.TemporaryDirectory() as folder:
        rows, path = Path(folder) / "X.npy", Path(folder) / "X.parquet"
        write_rows(rows, arguments.rows)
        X = np.load(rows, mmap_mode="r")
        test = np.array(X[-N_HELD_OUT:])
        names = [f"x{j}" for j in range(X.shape[1])]
        writer = None
        for start in range(0, len(X) - N_HELD_OUT, 100_000):
            part = X[start : min(start + 100_000, len(X) - N_HELD_OUT)]
            batch = pa.record_batch(list(part.T), names=names)
            writer = writer or pq.ParquetWriter(path, batch.schema)
            writer.write_batch(batch)
        writer.close()

        def pass_over(model=None):
            for batch in pq.ParquetFile(path).iter_batches(50_000):
                rows = np.column_stack([column.to_numpy() for column in batch.columns])
                if model is not None:
                    model.partial_fit(rows)

        AutoencoderTransformer(2).partial_fit(test[:1000])  # what is imported once
        print(f"One pass over {path.stat().st_size / 1e6:.0f} MB of Parquet\n")
        print("| model | seconds | MB, most | R², held out |\n|---|---:|---:|---:|")
        seconds, most = watched(pass_over)
        print(f"| none: reading alone | {seconds:.1f} | {most:.0f} | |", flush=True)
        for model in (
            AutoencoderTransformer(N_COMPONENTS, random_state=0),
            IncrementalPCA(N_COMPONENTS),
        ):
            seconds, most = watched(lambda model=model: pass_over(model))
            name = type(model).__name__
            print(f"| {name} | {seconds:.1f} | {most:.0f} | {kept(model, test):.3f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of .npz files")
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--parts", nargs="*", default=["tables", "parquet"])
    parser.add_argument("--quick", action="store_true", help="under a minute")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.quick:
        arguments.splits, arguments.rows, arguments.data = 1, 200_000, None
        for name in ("breast cancer", "diabetes"):
            BUNDLED.pop(name)
    if "tables" in arguments.parts:
        tell_tables(arguments)
    if "parquet" in arguments.parts:
        tell_parquet(arguments)


if __name__ == "__main__":
    main()
