"""How long does a grid search take, beside the same grid over MLPRegressor?

Digits; 12 candidates (code sizes 2, 4 and 8; hidden layers (64,), (128,), (64, 64) and
(128, 128)), 3 folds, 37 fits with the last one on all rows. Each search runs in a process
of its own, with imports not counted, one thread in each worker. "first" is the first search
of a process, for which two workers have to start and to import torch; "second" comes after
it, as do all others of a session.

    python benchmarks/grid_search.py            five minutes
    python benchmarks/grid_search.py --quick    one repeat, one job, first search
"""

import argparse
import os
import statistics
import subprocess
import sys

SEARCHES = """
import sys, time, warnings
warnings.simplefilter("ignore")
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
who, n_jobs = sys.argv[1], int(sys.argv[2])
X = load_digits().data
hidden, sizes = [(64,), (128,), (64, 64), (128, 128)], [2, 4, 8]
if who == "ours":
    estimator, y = AutoencoderTransformer(random_state=0), None
    grid = {"n_components": sizes, "hidden_layer_sizes": hidden}
else:
    estimator, y = MLPRegressor(early_stopping=True, random_state=0), X
    layers = [(*layer, size, *layer[::-1]) for layer in hidden for size in sizes]
    grid = {"hidden_layer_sizes": layers}
search = GridSearchCV(estimator, grid, cv=3, n_jobs=n_jobs)
for _ in range(int(sys.argv[3])):
    start = time.perf_counter()
    search.fit(X, y)
    print(time.perf_counter() - start)
"""


def searches(who, n_jobs, n_searches):
    """Return the seconds of a first search, and of a second."""
    told = subprocess.run(
        [sys.executable, "-c", SEARCHES, who, str(n_jobs), str(n_searches)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return map(float, told.stdout.split())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one repeat, one job")
    quick = parser.parse_args().quick
    seconds = {}
    for _ in range(1 if quick else 3):
        for n_jobs in (1,) if quick else (1, 2):
            for who in ("ours", "MLPRegressor"):
                for turn, taken in enumerate(searches(who, n_jobs, 1 if quick else 2)):
                    seconds.setdefault((turn, n_jobs, who), []).append(taken)
    medians = {one: statistics.median(values) for one, values in seconds.items()}
    print(
        "| search | n_jobs | MLPRegressor | ours | ratio | ours, faster than one job by |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for (turn, n_jobs, who), ours in medians.items():
        if who == "ours":
            mlp, alone = medians[turn, n_jobs, "MLPRegressor"], medians[turn, 1, who]
            print(
                f"| {('first', 'second')[turn]} | {n_jobs} | {mlp:.1f} s | {ours:.1f} s | "
                f"{ours / mlp:.2f} | {alone / ours:.2f} |"
            )


if __name__ == "__main__":
    main()
