"""How much memory do a fit and its uses take, beyond the table that they are given?

A table of 128 columns, a code of 8, one epoch: more epochs take no more. Each cell is a
process of its own that loads the table, calls once on 1000 rows, which loads what is loaded
once, and then measures one call: the highest resident memory (getrusage), minus that
before it and minus the result. A memory map has been read before, so that its pages count
as those of an array. float64 takes twice the float32 size itself, uint8 a quarter; both
stay the caller's, and the call's share is counted in float32 sizes of the table too.
MLPRegressor has the layers of ours, and rows as its own target. Linux only.

    python benchmarks/memory.py                 200,000 rows, twenty minutes
    python benchmarks/memory.py --rows 50000    other sizes
    python benchmarks/memory.py --quick         20,000 rows of float32
"""

import argparse
import pickle
import resource
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

N_COLUMNS, N_COMPONENTS, N_CAUSES, N_TO_WARM_UP = 128, 8, 16, 1000
INPUTS = ("float32", "float64", "uint8", "memory map")
CALLS = ("fit", "score", "score_samples", "transform", "reconstruct")
CONTESTANTS = ("PCA", "MLPRegressor", "Autoencoder", "Denoising", "Variational")


def write_rows(folder, n_rows):
    """Write nonlinear rows, from 0 to 255, as float32, float64 and uint8."""
    rng = np.random.default_rng(0)
    ways = rng.normal(size=(N_CAUSES, N_COLUMNS))
    files = {
        dtype: np.lib.format.open_memmap(
            folder / f"{dtype}.npy", "w+", dtype, (n_rows, N_COLUMNS)
        )
        for dtype in ("float32", "float64", "uint8")
    }
    for start in range(0, n_rows, 10_000):
        rows = slice(start, min(start + 10_000, n_rows))
        causes = rng.normal(size=(rows.stop - start, N_CAUSES))
        for file in files.values():
            file[rows] = 127.5 + 127.4 * np.tanh(causes @ ways / 4)


def load_rows(folder, kind):
    if kind != "memory map":
        return np.load(folder / f"{kind}.npy")
    X = np.load(folder / "float32.npy", mmap_mode="r")
    X.sum(dtype=np.float64)  # reads every page
    return X


def make(contestant, n_epochs):
    from sklearn.decomposition import PCA
    from sklearn.neural_network import MLPRegressor

    import sklearn_ae

    if contestant == "PCA":
        return PCA(N_COMPONENTS)
    if contestant == "MLPRegressor":
        layers = (128, 128, N_COMPONENTS, 128, 128)
        return MLPRegressor(hidden_layer_sizes=layers, max_iter=n_epochs, random_state=0)
    names = {"Autoencoder": "AutoencoderTransformer"}
    kind = getattr(sklearn_ae, names.get(contestant, f"{contestant}Autoencoder"))
    return kind(N_COMPONENTS, max_iter=n_epochs, random_state=0)


def call_of(estimator, call, contestant):
    """Return ``call`` of the estimator as a function of rows."""
    if contestant == "MLPRegressor":
        pairs = {
            "fit": lambda X: estimator.fit(X, X),
            "score": lambda X: estimator.score(X, X),
        }
        return pairs.get(call, estimator.predict if call == "reconstruct" else None)
    if contestant == "PCA" and call == "reconstruct":
        return lambda X: estimator.inverse_transform(estimator.transform(X))
    return getattr(estimator, call)


def measure(folder, kind, contestant, call, n_epochs):
    """Print the bytes that one call takes; a fit is kept for later calls."""
    warnings.simplefilter("ignore")  # one epoch has not converged
    kept = folder / f"{contestant}.pkl"
    estimator = make(contestant, n_epochs)
    if call != "fit":
        estimator = pickle.loads(kept.read_bytes())
    X = load_rows(folder, kind)
    function = call_of(estimator, call, contestant)
    function(X[:N_TO_WARM_UP])
    before = resident()
    result = function(X)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(most - before - (result.nbytes if isinstance(result, np.ndarray) else 0))
    if call == "fit":
        kept.write_bytes(pickle.dumps(estimator))


def resident():
    """Return the bytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="20,000 rows of float32")
    parser.add_argument("--rows", type=int, default=200_000, help="default 200,000")
    parser.add_argument("--epochs", type=int, default=1, help="of a fit, default 1")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--write", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    n_rows = 20_000 if arguments.quick else arguments.rows
    if arguments.write:
        return write_rows(Path(arguments.write), n_rows)
    if arguments.one:
        folder, *rest = arguments.one
        return measure(Path(folder), *rest, arguments.epochs)
    inputs = INPUTS[:1] if arguments.quick else INPUTS
    size = 4 * n_rows * N_COLUMNS
    print(f"{n_rows:,} rows; the float32 size of the table is {size / 2**20:.0f} MB.\n")
    print(f"| input | estimator | {' | '.join(CALLS)} |\n|---|---|{'---:|' * len(CALLS)}")
    command = [
        sys.executable,
        __file__,
        "--epochs",
        str(arguments.epochs),
        "--rows",
        str(n_rows),
    ]
    with tempfile.TemporaryDirectory() as folder:
        # By another process: what this one has held would count as held by its children.
        subprocess.run([*command, "--write", folder], check=True)
        for kind in inputs:
            for contestant in CONTESTANTS:
                cells = []
                for call in CALLS:
                    if contestant == "MLPRegressor" and call in (
                        "score_samples",
                        "transform",
                    ):
                        cells.append("")
                        continue
                    told = subprocess.run(
                        [*command, "--one", folder, kind, contestant, call],
                        capture_output=True,
                        text=True,
                        check=True,
                    )
                    taken = float(told.stdout)
                    cells.append(f"{taken / 2**20:.0f} MB, {taken / size:.2f}")
                print(f"| {kind} | {contestant} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
