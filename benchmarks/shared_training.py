"""What do two processes that share a fit save, and what do they find?

200,000 rows of 100 columns, of ten causes, written here; codes of 8; --epochs epochs by
one process of one thread, and by two (torch's gloo, on this machine). Printed per width of
the hidden layers and batch size: seconds of fit of each, numbers that an exchange of all
gradients moves, and held-out R² of both.

    python benchmarks/shared_training.py            five minutes
    python benchmarks/shared_training.py --quick    20,000 rows
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np
import torch

from sklearn_ae import AutoencoderTransformer, shared_training

CASES = [((128, 128), 512), ((128, 128), 4096), ((512, 512), 4096), ((1024, 1024), 4096)]
N_COLUMNS, N_CAUSES, N_COMPONENTS = 100, 10, 8


def make_rows(n_rows):
    rng = np.random.default_rng(0)
    ways = rng.normal(size=(N_CAUSES, N_COLUMNS))
    noise = 0.1 * rng.normal(size=(n_rows, N_COLUMNS))
    X = np.tanh(rng.normal(size=(n_rows, N_CAUSES)) @ ways) + noise
    return X.astype(np.float32)


def fit_alone(n_rows, n_epochs, hidden, batch_size):
    """Fit in this process, which may be one of several; print what came out."""
    torch.set_num_threads(1)
    X, test = np.split(make_rows(n_rows + 10_000), [n_rows])
    ae = AutoencoderTransformer(
        N_COMPONENTS,
        hidden_layer_sizes=hidden,
        batch_size=batch_size,
        max_iter=n_epochs,
        precision="float32",
        random_state=0,
    )
    AutoencoderTransformer(2, max_iter=1).fit(test[:500])  # what is imported once
    if "RANK" in os.environ:
        torch.distributed.init_process_group("gloo")
        torch.distributed.barrier()
    start = time.perf_counter()
    if "RANK" in os.environ:
        with shared_training():
            ae.fit(X)
    else:
        ae.fit(X)
    seconds = time.perf_counter() - start
    n_weights = sum(w.numel() for w in ae.net_.module_.parameters())
    print(json.dumps([seconds, ae.score(test), n_weights]), flush=True)
    if "RANK" in os.environ:
        torch.distributed.destroy_process_group()


def run(n_processes, arguments):
    """Return what the first of some processes prints."""
    started = []
    for rank in range(n_processes):
        environment = dict(os.environ, OMP_NUM_THREADS="1")
        if n_processes > 1:
            environment |= {"RANK": str(rank), "WORLD_SIZE": str(n_processes)}
            environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29555"}
        command = [sys.executable, __file__, "--alone", json.dumps(arguments)]
        how = {"env": environment, "stdout": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, **how))
    said = [process.communicate()[0] for process in started]
    return json.loads(said[0].splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--quick", action="store_true", help="20,000 rows, one case")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        fit_alone(*json.loads(given.alone))
        return
    cases = CASES[:1] if given.quick else CASES
    n_rows = 20_000 if given.quick else given.rows
    print("| hidden | batch | weights | s, one | s, two | ratio | R², one | R², two |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    for hidden, batch_size in cases:
        arguments = n_rows, given.epochs, hidden, batch_size
        one, two = run(1, arguments), run(2, arguments)
        line = f"{one[2]:,} | {one[0]:.1f} | {two[0]:.1f} | {two[0] / one[0]:.2f}"
        print(f"| {hidden} | {batch_size} | {line} | {one[1]:.4f} | {two[1]:.4f} |")


if __name__ == "__main__":
    main()
