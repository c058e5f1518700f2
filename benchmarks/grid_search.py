"""How long does a grid search take, beside the same grid over MLPRegressor?

Digits; 12 candidates (code sizes 2, 4 and 8; hidden layers (64,), (128,), (64, 64) and
(128, 128)), 3 folds, 37 fits with the last one on all rows. Each search runs in a process
of its own, so that one with two workers pays for their start, as a user does; the imports
and one small fit before it are not counted, the workers' are. Workers have one thread each.

    python benchmarks/grid_search.py            five minutes
    python benchmarks/grid_search.py --quick    one repeat
"""

import argparse
import statistics
import subprocess
import sys

ONE_SEARCH = """
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
    AutoencoderTransformer(2, max_iter=1).fit(X)
else:
    estimator, y = MLPRegressor(early_stopping=True, random_state=0), X
    layers = [(*layer, size, *layer[::-1]) for layer in hidden for size in sizes]
    grid = {"hidden_layer_sizes": layers}
search = GridSearchCV(estimator, grid, cv=3, n_jobs=n_jobs)
start = time.perf_counter()
search.fit(X, y)
print(time.perf_counter() - start, search.best_score_)
"""


def one_search(who, n_jobs):
    """Return the seconds of one search, and its best score."""
    told = subprocess.run(
        [sys.executable, "-c", ONE_SEARCH, who, str(n_jobs)],
        capture_output=True,
        text=True,
        check=True,
        env={**__import__("os").environ, "OMP_NUM_THREADS": "1"},
    )
    seconds, score = told.stdout.split()
    return float(seconds), float(score)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one repeat")
    n_repeats = 1 if parser.parse_args().quick else 5
    contestants = [(who, n_jobs) for n_jobs in (1, 2) for who in ("MLPRegressor", "ours")]
    seconds = {contestant: [] for contestant in contestants}
    scores = {}
    for _ in range(n_repeats):
        for contestant in contestants:
            taken, scores[contestant] = one_search(*contestant)
            seconds[contestant].append(taken)
    medians = {one: statistics.median(values) for one, values in seconds.items()}
    print("| search over | n_jobs=1 | n_jobs=2 | faster by | best R² |")
    print("|---|---:|---:|---:|---:|")
    for who in ("MLPRegressor", "ours"):
        alone, both = medians[who, 1], medians[who, 2]
        print(
            f"| {who} | {alone:.1f} s | {both:.1f} s | {alone / both:.2f} | "
            f"{scores[who, 1]:.3f} |"
        )
    print(
        f"| ours / MLPRegressor | {medians['ours', 1] / medians['MLPRegressor', 1]:.2f} |"
    )


if __name__ == "__main__":
    main()
