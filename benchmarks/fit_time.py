"""How long does one fit with default parameters take, beside MLPRegressor?

The same layers on both sides, digits (1797 x 64), eight components. MLPRegressor
learns to reconstruct its input, with early stopping and otherwise its own defaults.
Repeats are interleaved, so that a busy machine slows both; the ratio is of medians.

    python benchmarks/fit_time.py            about two minutes
    python benchmarks/fit_time.py --quick    under a minute
"""

import argparse
import statistics
import warnings

import torch
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPRegressor
from timing import seconds_of

from sklearn_ae import AutoencoderTransformer

N_COMPONENTS = 8


def timed(estimator, *data):
    return seconds_of(lambda: estimator.fit(*data))


def compare(name, X, hidden, n_repeats):
    """Print seconds, R² on the training rows and the ratio of medians."""
    layers = (*hidden, N_COMPONENTS, *hidden[::-1])
    seconds = {"MLPRegressor": [], "AutoencoderTransformer": []}
    scores = {"MLPRegressor": [], "AutoencoderTransformer": []}
    for seed in range(n_repeats):
        mlp = MLPRegressor(
            hidden_layer_sizes=layers, early_stopping=True, random_state=seed
        )
        seconds["MLPRegressor"].append(timed(mlp, X, X))
        scores["MLPRegressor"].append(
            r2_score(X, mlp.predict(X), multioutput="variance_weighted")
        )
        ae = AutoencoderTransformer(
            N_COMPONENTS, hidden_layer_sizes=hidden, random_state=seed
        )
        seconds["AutoencoderTransformer"].append(timed(ae, X))
        scores["AutoencoderTransformer"].append(ae.score(X))
    medians = {}
    for estimator, values in seconds.items():
        medians[estimator] = statistics.median(values)
        print(
            f"{name:28} {estimator:24} {medians[estimator]:8.3f} "
            f"{min(values):8.3f} {max(values):8.3f} "
            f"{statistics.median(scores[estimator]):8.3f}"
        )
    ratio = medians["AutoencoderTransformer"] / medians["MLPRegressor"]
    print(f"{name:28} {'ratio':24} {ratio:8.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    n_repeats = 3 if parser.parse_args().quick else 11
    warnings.simplefilter("ignore", ConvergenceWarning)
    torch.set_num_threads(1)
    X = load_digits().data
    timed(AutoencoderTransformer(2, max_iter=1), X)  # the first call of all
    print(
        f"{'data, hidden layers':28} {'':24} {'seconds':>8} {'min':>8} {'max':>8} {'R2':>8}"
    )
    for hidden in ((128, 128), (128,)):
        compare(f"digits, {hidden}", X, hidden, n_repeats)
        compare(f"digits in [0, 1], {hidden}", X / 16, hidden, n_repeats)


if __name__ == "__main__":
    main()
