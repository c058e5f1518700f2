"""How much memory and time does a fit to a memory map of 2 GB take?

Ten million rows of 50 columns in float32, of ten causes, written here; codes of 8, hidden
layers of (128, 128), in a process of its own. Printed: seconds of a fit of --epochs epochs,
and of a bare torch loop over the same file, of the same layers, batches, optimizer and
epochs, which reads each batch by its index; the largest memory of each beyond what the
process held before, pages of the file not counted (Linux only); and held-out R² of the
codes and of PCA.

With --stores instead, two million rows in a memory map, in HDF5 and in Zarr, each in a
process of its own: seconds and the largest memory of a fit of one epoch in batches of 4096,
of transform and of score.

    python benchmarks/large_table.py             ten minutes
    python benchmarks/large_table.py --quick     a million rows
    python benchmarks/large_table.py --stores    two minutes; needs h5py and zarr
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from torch import nn

from sklearn_ae import AutoencoderTransformer

N_COLUMNS, N_CAUSES, N_COMPONENTS, HIDDEN, BATCH = 50, 10, 8, 128, 512
N_HELD_OUT = 20_000


def write_rows(path, n_rows):
    """Write nonlinear rows, with a little noise."""
    rng = np.random.default_rng(0)
    ways = rng.normal(size=(N_CAUSES, N_COLUMNS)).astype(np.float32)
    X = np.lib.format.open_memmap(path, "w+", np.float32, (n_rows, N_COLUMNS))
    for start in range(0, n_rows, 50_000):
        causes = rng.normal(size=(50_000, N_CAUSES)).astype(np.float32)
        noise = rng.normal(size=(50_000, N_COLUMNS)).astype(np.float32)
        X[start : start + 50_000] = np.tanh(causes @ ways) + 0.1 * noise
    X.flush()


def held():
    """Return the memory of this process in MB, pages of files left out."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("RssAnon")]
    return int(line.split()[1]) / 1024


def watched(function):
    """Return seconds that a call takes, and the most memory in MB that it holds."""
    before, seen, done = held(), [0.0], threading.Event()

    def watch():
        while not done.wait(0.01):
            seen.append(held() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    function()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    return seconds, max(seen)


def bare_loop(X, n_epochs):
    """Train the same layers without anything around them."""
    torch.manual_seed(0)
    sizes = N_COLUMNS, HIDDEN, HIDDEN, N_COMPONENTS, HIDDEN, HIDDEN, N_COLUMNS
    layers = []
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        layers += [nn.Linear(n_in, n_out), *([nn.SiLU()] if i not in (2, 5) else [])]
    network = nn.Sequential(*layers)
    optimizer = torch.optim.Adam(network.parameters(), 0.005)
    for _ in range(n_epochs):
        for index in torch.randperm(len(X)).split(BATCH):
            x = torch.from_numpy(X[index.numpy()])
            optimizer.zero_grad()
            nn.functional.mse_loss(network(x), x).backward()
            optimizer.step()


def alone(path, kind, n_epochs):
    torch.set_num_threads(1)
    X = np.load(path, mmap_mode="r")
    train, test = X[:-N_HELD_OUT], np.array(X[-N_HELD_OUT:])
    AutoencoderTransformer(2, max_iter=1).fit(test[:1000])  # what is imported once
    if kind == "bare":
        seconds, most = watched(lambda: bare_loop(train, n_epochs))
        print(f"| bare loop | {seconds:.0f} | {most:.0f} | |")
        return
    ae = AutoencoderTransformer(N_COMPONENTS, max_iter=n_epochs, random_state=0)
    seconds, most = watched(lambda: ae.fit(train))
    print(f"| fit | {seconds:.0f} | {most:.0f} | {ae.score(test):.3f} |", flush=True)
    seconds, most = watched(lambda: ae.transform(train))
    print(f"| transform | {seconds:.0f} | {most:.0f} | |", flush=True)
    seconds, most = watched(lambda: ae.score(train))
    print(f"| score | {seconds:.0f} | {most:.0f} | |", flush=True)
    pca = PCA(N_COMPONENTS).fit(train[:200_000])
    X_hat = pca.inverse_transform(pca.transform(test))
    kept = r2_score(test, X_hat, multioutput="variance_weighted")
    print(f"| PCA, of 200,000 rows | | | {kept:.3f} |")
    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\nWith pages of the file, which the system may take back: {whole:.1f} GB")


def stored(path, kind):
    """Return the rows at ``path`` in a file of another kind."""
    X = np.load(path, mmap_mode="r")
    beside, chunks = path.with_suffix(f".{kind}"), (4096, N_COLUMNS)
    if kind == "map":
        return X
    if kind == "hdf5":
        import h5py

        # Open as long as it is read: the system closes it.
        return h5py.File(beside, "w").create_dataset("X", data=X, chunks=chunks)
    import zarr

    return zarr.create_array(beside, data=X, chunks=chunks)


def uses_of_store(path, kind):
    torch.set_num_threads(1)
    X = stored(Path(path), kind)
    make = partial(AutoencoderTransformer, N_COMPONENTS, max_iter=1, random_state=0)
    make().fit(np.load(path, mmap_mode="r")[:5000])  # what is imported once
    ae = make(batch_size=4096)
    for call in (ae.fit, ae.transform, ae.score):
        seconds, most = watched(partial(call, X))
        print(f"| {kind} | {call.__name__} | {seconds:.1f} | {most:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a million rows, one epoch")
    parser.add_argument("--stores", action="store_true", help="HDF5 and Zarr")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--store", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.store:
        uses_of_store(*arguments.store)
        return
    if arguments.alone:
        path, kind, n_epochs = arguments.alone
        alone(path, kind, int(n_epochs))
        return
    if arguments.quick:
        arguments.rows, arguments.epochs = 1_000_000, 1
    if arguments.stores:
        print("| file | step | seconds | MB, most |\n|---|---|---:|---:|", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "X.npy"
            write_rows(path, 2_000_000)
            for kind in ("map", "hdf5", "zarr"):
                command = [sys.executable, __file__, "--store", str(path), kind]
                subprocess.run(command, check=True)
        return
    print("| step | seconds | MB, most | R², held out |\n|---|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.npy"
        write_rows(path, arguments.rows)
        for kind in ("ours", "bare"):
            command = [sys.executable, __file__, "--alone", path, kind]
            subprocess.run([*map(str, command), str(arguments.epochs)], check=True)


if __name__ == "__main__":
    main()
