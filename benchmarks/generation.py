"""Whose new rows are hardest to distinguish from real ones, without being copies?

Three measures of generated rows, as many as there are held-out ones:

told apart   accuracy of gradient boosting that distinguishes them from held-out rows, by
             three folds; 0.5 is perfect
useful       accuracy on held-out rows of a random forest trained on generated ones, whose
             labels come from one generator per class
distance     median distance to the closest training row, divided by that of held-out rows;
             1 is right, 0 a copy

of a bootstrap of the training rows, which is the ceiling of the first two, GaussianMixture
and KernelDensity on the columns, GaussianMixture on PCA codes, and AutoencoderTransformer
and VariationalAutoencoder with default parameters, by sampler, codes as long as PCA's.
Mixtures have the number of components, 1 to 32, that is best by the Bayesian information
criterion. Columns of tables are standardised; images, which are never negative and mostly
zero, have output_activation="relu". What all methods generate is put into the range of each
column, and where a column holds few values, on the nearest of them: else rounding alone
tells it apart.

    python benchmarks/generation.py --data FOLDER     15 minutes, five data sets
    python benchmarks/generation.py                   what scikit-learn bundles
    python benchmarks/generation.py --quick           digits alone, under a minute
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.neighbors import KernelDensity, NearestNeighbors
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer, VariationalAutoencoder

BUNDLED = {"digits": load_digits, "breast_cancer": load_breast_cancer, "wine": load_wine}
IN_FOLDER = ["mnist", "satimage", "wine_quality", "gas_sensor_drift"]
IMAGES = ("digits", "mnist")
N_COMPONENTS = {
    "digits": 16,
    "mnist": 32,
    "satimage": 8,
    "wine_quality": 8,
    "gas_sensor_drift": 16,
    "breast_cancer": 8,
    "wine": 4,
}
MOST_ROWS, MOST_TEST_ROWS = 5000, 2000


class Bootstrap:
    """Training rows again."""

    def fit(self, X):
        self.X = X
        return self

    def sample(self, n_samples, random_state):
        rows = np.random.RandomState(random_state).randint(len(self.X), size=n_samples)
        return self.X[rows]


class Mixture:
    """GaussianMixture, on PCA codes if ``n_components`` is given."""

    def __init__(self, n_components=None):
        self.n_components = n_components

    def fit(self, X):
        self.pca, codes = None, X
        if self.n_components:
            self.pca = PCA(min(self.n_components, *X.shape), random_state=0)
            codes = self.pca.fit_transform(X)
        best = np.inf
        for size in (1, 2, 4, 8, 16, 32):
            if size > len(X) // 2:
                break
            mixture = GaussianMixture(size, tol=1e-2, max_iter=1000, random_state=0)
            criterion = mixture.fit(codes).bic(codes)
            if criterion >= best:
                break
            self.mixture, best = mixture, criterion
        return self

    def sample(self, n_samples, random_state):
        self.mixture.set_params(random_state=random_state)
        codes, _ = self.mixture.sample(n_samples)
        return codes if self.pca is None else self.pca.inverse_transform(codes)


class Kernel:
    """KernelDensity with the bandwidth that suits held-out folds."""

    def fit(self, X):
        widths = X.std(axis=0).mean() * np.geomspace(0.05, 1, 6)
        search = GridSearchCV(KernelDensity(), {"bandwidth": widths}, cv=3)
        rows = np.random.RandomState(0).permutation(len(X))[:1500]
        self.density = search.fit(X[rows]).best_estimator_.fit(X)
        return self

    def sample(self, n_samples, random_state):
        return self.density.sample(n_samples, random_state=random_state)


class Standardised:
    """Another generator, of standardised columns."""

    def __init__(self, generator):
        self.generator = generator

    def fit(self, X):
        self.scaler = StandardScaler()
        self.generator.fit(self.scaler.fit_transform(X))
        return self

    def sample(self, n_samples, random_state):
        rows = self.generator.sample(n_samples, random_state=random_state)
        return self.scaler.inverse_transform(rows)


def generators(name, seed):
    """Return {method: a function that makes its generator}."""
    n_components, is_image = N_COMPONENTS[name], name in IMAGES
    scaled = (lambda generator: generator) if is_image else Standardised
    settings = {"output_activation": "relu"} if is_image else {"scaling": "feature"}
    settings["random_state"] = seed

    def autoencoder(kind, sampler):
        def make(n_rows):
            return kind(min(n_components, n_rows), sampler=sampler, **settings)

        return make

    plain, variational = AutoencoderTransformer, VariationalAutoencoder
    return {
        "bootstrap": lambda n_rows: Bootstrap(),
        "GMM": lambda n_rows: scaled(Mixture()),
        "KDE": lambda n_rows: scaled(Kernel()),
        "PCA, GMM": lambda n_rows: scaled(Mixture(n_components)),
        "AE gaussian": autoencoder(plain, "gaussian"),
        "AE gmm": autoencoder(plain, "gmm"),
        "VAE prior": autoencoder(variational, "prior"),
        "VAE gmm": autoencoder(variational, "gmm"),
    }


def load(name, folder, seed):
    """Return training rows, test rows, and the labels of both."""
    if name in BUNDLED:
        X, y = BUNDLED[name](return_X_y=True)
    else:
        with np.load(folder / f"{name}.npz") as file:
            X, y = file["X"].astype(float), file["y"]
    if name == "wine_quality":
        y = np.clip(y, 5, 7)  # few are worse or better
    n_test = min(MOST_TEST_ROWS, round(0.3 * len(X)))
    n_train = min(MOST_ROWS, len(X) - n_test)
    return train_test_split(
        X, y, train_size=n_train, test_size=n_test, random_state=seed, stratify=y
    )


def as_columns_are(rows, train):
    """Return rows in the range of each column, on its values where those are few."""
    rows = np.clip(rows, train.min(axis=0), train.max(axis=0))
    for column in range(train.shape[1]):
        values = np.unique(train[:, column])
        if 1 < len(values) <= len(train) // 2:
            middles = (values[1:] + values[:-1]) / 2
            rows[:, column] = values[np.searchsorted(middles, rows[:, column])]
    return rows


def told_apart(rows, test, seed):
    """Return the accuracy of telling generated rows from held-out ones."""
    X, is_real = np.vstack([test, rows]), np.repeat([1, 0], [len(test), len(rows)])
    judge = HistGradientBoostingClassifier(max_iter=50, random_state=seed)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    return cross_val_score(judge, X, is_real, cv=folds).mean()


def useful(make, data, seed):
    """Return the accuracy on real rows of what learnt from generated ones."""
    train, test, y_train, y_test = data
    rows, labels = [], []
    for label in np.unique(y_train):
        of_label = train[y_train == label]
        generator = make(len(of_label)).fit(of_label)
        new = generator.sample(len(of_label), random_state=seed)
        rows.append(as_columns_are(new, train))
        labels.append(np.full(len(of_label), label))
    forest = RandomForestClassifier(random_state=seed)
    return forest.fit(np.vstack(rows), np.concatenate(labels)).score(test, y_test)


def distance(rows, train, test):
    """Return how far rows are from the training rows, where held-out ones have 1."""
    scaler = StandardScaler().fit(train)
    neighbours = NearestNeighbors(n_neighbors=1).fit(scaler.transform(train))
    far, expected = (
        np.median(neighbours.kneighbors(scaler.transform(X))[0]) for X in (rows, test)
    )
    return far / expected


def contest(name, folder, seed):
    """Return {method: (told apart, useful, distance, seconds of the fit)}."""
    data = train, test, *_ = load(name, folder, seed)
    results = {}
    for method, make in generators(name, seed).items():
        start = time.perf_counter()
        generator = make(len(train)).fit(train)
        seconds = time.perf_counter() - start
        rows = as_columns_are(generator.sample(len(test), random_state=seed), train)
        results[method] = (
            told_apart(rows, test, seed),
            useful(make, data, seed),
            distance(rows, train, test),
            seconds,
        )
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with mnist.npz and others")
    parser.add_argument("--quick", action="store_true", help="digits alone")
    parser.add_argument("--seeds", type=int, default=2, help="splits that are averaged")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    names = ["digits", *IN_FOLDER] if arguments.data else list(BUNDLED)
    names = names[:1] if arguments.quick else names
    AutoencoderTransformer(max_iter=1).fit(load_wine().data)
    ahead = {}
    print("| data | method | told apart | useful | distance | seconds |")
    print("|---|---|---:|---:|---:|---:|")
    for name in names:
        runs = [contest(name, arguments.data, seed) for seed in range(arguments.seeds)]
        mean = {
            method: np.mean([run[method] for run in runs], axis=0) for method in runs[0]
        }
        for method, (apart, use, far, seconds) in mean.items():
            told = f"{apart:.3f} | {use:.3f} | {far:.2f} | {seconds:.1f}"
            print(f"| {name} | {method} | {told} |", flush=True)
            ahead.setdefault(method, []).append(
                (apart < mean["PCA, GMM"][0], use > mean["PCA, GMM"][1])
            )
    for method, wins in ahead.items():
        apart, use = np.sum(wins, axis=0)
        if method not in ("bootstrap", "PCA, GMM"):
            print(
                f"{method}: ahead of GaussianMixture on PCA codes on {apart} of "
                f"{len(names)} sets by being told apart, on {use} by being useful"
            )


if __name__ == "__main__":
    main()
