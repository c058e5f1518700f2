"""How fast are rows encoded, from one alone to a million?

A million rows of 100 columns in a memory map, hidden layers of 256 and 128, a code of 16,
against the bare forward pass of the same layers, in chunks of 4096 rows, into one array;
neither scaling, nor checks, nor the linear shortcut are in the bare one. Memory is the
most that a process of its own is seen to hold during the call, beyond what it held before
and the codes; pages of the memory map are not counted (Linux only). One row of digits,
(128, 128), a code of 8, against PCA.transform.

    python benchmarks/transform_speed.py            a minute
    python benchmarks/transform_speed.py --quick    fewer repeats
"""

import argparse
import pickle
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from timing import interleaved, on_threads
from torch import nn

from sklearn_ae import AutoencoderTransformer

N_ROWS, N_COLUMNS, HIDDEN, N_COMPONENTS, CHUNK = 1_000_000, 100, (256, 128), 16, 4096
N_IN_MEMORY = 1, 10, 100, 1000, 10_000


def memory_beyond_rows_and_codes(path, pickled):
    """Print the megabytes that a transform takes; as Linux reports it, every 2 ms."""

    def held():
        lines = Path("/proc/self/status").read_text().splitlines()
        (line,) = [line for line in lines if line.startswith("RssAnon")]
        return int(line.split()[1]) / 1024

    def watch():
        while not done.wait(0.002):
            seen.append(held())

    X = np.load(path, mmap_mode="r")
    ae = pickle.loads(Path(pickled).read_bytes())
    ae.transform(X[:CHUNK])  # what is built once
    seen, done = [held()], threading.Event()
    watcher = threading.Thread(target=watch)
    watcher.start()
    codes = ae.transform(X)
    done.set()
    watcher.join()
    print(max(seen) - seen[0] - codes.nbytes / 2**20)


def write_rows(path):
    rng = np.random.default_rng(0)
    ways = rng.normal(size=(10, N_COLUMNS)).astype(np.float32)
    X = np.lib.format.open_memmap(path, "w+", np.float32, (N_ROWS, N_COLUMNS))
    for start in range(0, N_ROWS, 50_000):
        causes = rng.normal(size=(50_000, 10)).astype(np.float32)
        X[start : start + 50_000] = np.tanh(causes @ ways)
    X.flush()


def bare_forward(network, X):
    codes = np.empty((len(X), N_COMPONENTS), np.float32)
    with torch.inference_mode():
        for start in range(0, len(X), CHUNK):
            rows = slice(start, start + CHUNK)
            codes[rows] = network(torch.tensor(X[rows])).numpy()
    return codes


def many_rows(folder, n_repeats):
    path = folder / "X.npy"
    write_rows(path)
    X = np.load(path, mmap_mode="r")
    ae = fitted_bent(N_COMPONENTS, HIDDEN, X[:10_000])
    network = nn.Sequential(
        nn.Linear(N_COLUMNS, HIDDEN[0]),
        nn.SiLU(),
        nn.Linear(*HIDDEN),
        nn.SiLU(),
        nn.Linear(HIDDEN[1], N_COMPONENTS),
    )
    for n_threads in sorted({1, torch.get_num_threads()}):
        with on_threads(n_threads):
            seconds = interleaved(
                {
                    "bare": lambda: bare_forward(network, X),
                    "ours": lambda: ae.transform(X),
                },
                n_repeats,
            )
        print(
            f"| 1,000,000 rows, {n_threads} threads | bare forward {seconds['bare']:.3f} s "
            f"| {seconds['ours']:.3f} s | {seconds['bare'] / seconds['ours']:.2f} of its "
            "speed |"
        )
    pickled = folder / "ae.pkl"
    pickled.write_bytes(pickle.dumps(ae))
    command = [sys.executable, __file__, "--memory", str(path), str(pickled)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    print(f"| memory beyond input and output | | {float(told.stdout):.0f} MB | |")


def rows_in_memory(n_repeats):
    print("\n| dtype | rows | layers | network | transform | PCA | network / transform |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for dtype in (np.float32, np.float64):
        X = np.tile(load_digits().data, (6, 1)).astype(dtype)
        pca = PCA(8).fit(X[:1797])
        ae = fitted_bent(8, (128, 128), X[:1797])
        network = ae._fitted.network(np.dtype(dtype).name)
        layers = network.encoder.layers
        for n_rows in N_IN_MEMORY:
            rows, n_calls = X[:n_rows], max(1, 3000 // n_rows)

            def forward(of, rows=rows):
                with torch.inference_mode():
                    return of(torch.from_numpy(rows)).numpy()

            ways = {
                "layers": lambda forward=forward, of=layers: forward(of),
                "network": lambda forward=forward, of=network.encode: forward(of),
                "transform": lambda rows=rows, ae=ae: ae.transform(rows),
                "PCA": lambda rows=rows, pca=pca: pca.transform(rows),
            }
            seconds = interleaved(
                {
                    who: lambda way=way, n=n_calls: [way() for _ in range(n)]
                    for who, way in ways.items()
                },
                n_repeats,
            )
            told = " | ".join(f"{1000 * seconds[who] / n_calls:.3f}" for who in ways)
            share = seconds["network"] / seconds["transform"]
            print(f"| {np.dtype(dtype)} | {n_rows:,} | {told} | {share:.2f} |", flush=True)


def fitted_bent(n_components, hidden, X):
    """Return a fit that did not stay linear, which would encode without hidden layers."""
    ae = AutoencoderTransformer(
        n_components, hidden_layer_sizes=hidden, max_iter=20, random_state=0
    ).fit(X)
    assert not ae._fitted.stays_linear
    return ae


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory:
        memory_beyond_rows_and_codes(*arguments.memory)
        return
    n_repeats = 3 if arguments.quick else 9
    print("| what | beside | ours | |\n|---|---|---:|---|")
    with tempfile.TemporaryDirectory() as folder:
        many_rows(Path(folder), n_repeats)
    with on_threads(1):
        rows_in_memory(n_repeats)


if __name__ == "__main__":
    main()
