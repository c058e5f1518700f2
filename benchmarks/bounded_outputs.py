"""Where the output is bounded, is the default behind PCA, mse or a random start?

Held-out loss per cell, by its own measure, of rows that are 0 or 1 or in between ("bce", in
nats), of counts ("kl", in nats), and of squared errors where the output passes a logistic
function ("logistic"). Compared are PCA, the default of loss="mse", which knows no bounds,
the loss with init="random", and the loss by default. All reconstructions are clipped: to
[0.001, 0.999], or from 0.001 of the mean on, since a cell that was held impossible would
take infinitely many nats; for squared errors to [0, 1].

"behind" is how far the default is behind the best of the others, as a share of its loss.
A third of the rows is held out, two splits, eight components, or six of few columns; "few"
has so many rows to train on.

    python benchmarks/bounded_outputs.py --data FOLDER    MNIST and spambase too, 5 minutes
    python benchmarks/bounded_outputs.py                  three minutes
    python benchmarks/bounded_outputs.py --quick          two cases, one split
"""

import argparse
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

SPLITS = (0, 1)
MOST_ROWS = 6000  # of MNIST
LEAST = 1e-3


def grey_digits():
    return load_digits().data / 16


def bits_of_digits():
    return (load_digits().data >= 8).astype(float)


def counts_of_digits():
    return load_digits().data


def breast_cancer():
    return of_unit_range(load_breast_cancer().data)


def of_unit_range(X):
    return (X - X.min(axis=0)) / (np.ptp(X, axis=0) + (np.ptp(X, axis=0) == 0))


def sparse_bits():
    """Return 2400 rows of 60 bits, a fifth of them 1, which eight numbers decide."""
    rng = np.random.default_rng(0)
    logits = 1.2 * rng.normal(size=(2400, 8)) @ rng.normal(size=(8, 60)) - 3
    return (rng.uniform(size=logits.shape) < 1 / (1 + np.exp(-logits))).astype(float)


def poisson_draws():
    """Return 2400 rows of 40 counts, whose logarithmic rates six numbers decide."""
    rng = np.random.default_rng(0)
    rates = np.exp(0.4 * rng.normal(size=(2400, 6)) @ rng.normal(size=(6, 40)) + 1)
    return rng.poisson(np.minimum(rates, 1000)).astype(float)


def words():
    """Return how often each of 100 words is in each of 2400 texts of about 80 words."""
    rng = np.random.default_rng(0)
    usual = 1 / np.arange(1, 101) ** 0.7
    topics = rng.dirichlet(10 * usual / usual.sum(), size=8)
    shares = rng.dirichlet(np.full(8, 0.3), size=2400)
    return rng.poisson(shares @ topics * rng.gamma(4, 20, size=(2400, 1))).astype(float)


def mixtures():
    """Return 1200 rows of 50 shares in [0, 1] that a plane holds: there PCA is right."""
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(7), size=1200) @ rng.uniform(size=(7, 50))
    return np.clip(shares + 0.01 * rng.normal(size=shares.shape), 0, 1)


def in_folder(folder, name, prepare):
    with np.load(folder / f"{name}.npz") as file:
        X = file["X"]
    rows = np.random.default_rng(0).permutation(len(X))[:MOST_ROWS]
    return prepare(X[rows].astype(float))


LOGISTIC = {"loss": "mse", "output_activation": "logistic"}
# What makes the rows, settings, rows to train on: None, two thirds.
CASES = {
    "bits of digits": (bits_of_digits, {"loss": "bce"}, None),
    "grey digits": (grey_digits, {"loss": "bce"}, None),
    "sparse bits": (sparse_bits, {"loss": "bce"}, None),
    "breast cancer in [0, 1]": (breast_cancer, {"loss": "bce"}, None),
    "mixtures": (mixtures, {"loss": "bce"}, None),
    "few, bits of digits, 100": (bits_of_digits, {"loss": "bce"}, 100),
    "few, bits of digits, 300": (bits_of_digits, {"loss": "bce"}, 300),
    "few, grey digits, 200": (grey_digits, {"loss": "bce"}, 200),
    "few, sparse bits, 200": (sparse_bits, {"loss": "bce"}, 200),
    "counts of digits": (counts_of_digits, {"loss": "kl"}, None),
    "Poisson draws": (poisson_draws, {"loss": "kl"}, None),
    "words": (words, {"loss": "kl"}, None),
    "few, counts of digits, 200": (counts_of_digits, {"loss": "kl"}, 200),
    "few, Poisson draws, 200": (poisson_draws, {"loss": "kl"}, 200),
    "few, words, 200": (words, {"loss": "kl"}, 200),
    "logistic, bits of digits": (bits_of_digits, LOGISTIC, None),
    "logistic, grey digits": (grey_digits, LOGISTIC, None),
    "logistic, breast cancer in [0, 1]": (breast_cancer, LOGISTIC, None),
    "logistic, mixtures": (mixtures, LOGISTIC, None),
    "few, logistic, bits of digits, 200": (bits_of_digits, LOGISTIC, 200),
}
CASES_IN_FOLDER = {
    "bits of MNIST": (("mnist", lambda X: X > 127), {"loss": "bce"}, None),
    "spambase in [0, 1]": (("spambase", of_unit_range), {"loss": "bce"}, None),
    "spambase, as counts": (("spambase", lambda X: X[:, :54]), {"loss": "kl"}, None),
}
QUICK = ("bits of digits", "few, Poisson draws, 200")


def held_out_loss(loss, X_hat, X):
    """Return the mean loss per cell, of reconstructions that are clipped."""
    if loss == "kl":
        X_hat = np.maximum(X_hat, LEAST * X.mean())
        own = np.where(X > 0, X * np.log(np.where(X > 0, X, 1)), 0)
        return float((own - X * np.log(X_hat) - X + X_hat).mean())
    if loss == "mse":
        return float(((np.clip(X_hat, 0, 1) - X) ** 2).mean())
    X_hat = np.clip(X_hat, LEAST, 1 - LEAST)
    return float(-(X * np.log(X_hat) + (1 - X) * np.log(1 - X_hat)).mean())


def split(X, n_train, seed):
    size = {"test_size": 1 / 3} if n_train is None else {"train_size": n_train}
    return train_test_split(X, random_state=seed, **size)


def contest(X, settings, n_train, seed):
    """Return {who: held-out loss}, and the seconds of the default."""
    train, test = split(X, n_train, seed)
    k = 8 if X.shape[1] > 40 else 6
    pca = PCA(k).fit(train)
    X_hat = {"PCA": pca.inverse_transform(pca.transform(test))}

    def fit(who, **more):
        ae = AutoencoderTransformer(k, random_state=seed, **more)
        start = time.process_time()  # other work may share the core
        ae.fit(train)
        seconds = time.process_time() - start
        X_hat[who] = ae.reconstruct(test)
        return seconds

    fit("mse")
    fit("random", **settings, init="random")
    seconds = fit("default", **settings)
    losses = {who: held_out_loss(settings["loss"], X, test) for who, X in X_hat.items()}
    return losses, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with mnist.npz and spambase.npz")
    parser.add_argument("--quick", action="store_true", help="two cases, one split")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of what does not converge
    torch.set_num_threads(1)
    AutoencoderTransformer(2, max_iter=1).fit(grey_digits())
    cases = {name: CASES[name] for name in QUICK} if arguments.quick else CASES
    if arguments.data:
        cases = cases | {
            name: (partial(in_folder, arguments.data, *table), *rest)
            for name, (table, *rest) in CASES_IN_FOLDER.items()
        }
    print("| data | split | PCA | mse | random | default | behind | seconds |")
    print("|---|" + "---:|" * 7)
    for name, (make, settings, n_train) in cases.items():
        X = make().astype(float)
        for seed in SPLITS[:1] if arguments.quick else SPLITS:
            losses, seconds = contest(X, settings, n_train, seed)
            others = min(losses[who] for who in ("PCA", "mse", "random"))
            behind = losses["default"] / others - 1
            told = " | ".join(f"{value:.4f}" for value in losses.values())
            told += f" | {behind:+.3f} | {seconds:.2f} |"
            print(f"| {name} | {seed} | {told}", flush=True)


if __name__ == "__main__":
    main()
