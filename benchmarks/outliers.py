"""Who detects outliers, among new rows and among the rows of the fit?

Area under the ROC curve of each method's scores. Digits: in turn one digit is left out of
the training rows and distinguished from held-out rows of the others; mean and least of ten
digits. Breast cancer, three splits: malignant rows are distinguished from held-out benign
ones after 267 benign rows, and 40 malignant ones are found among the 357 benign ones that
they were learnt with. The distance from the mean in standard deviations is the method to
beat there.

Default parameters but for code sizes, ``scaling="feature"`` and standardised columns on
breast cancer. "PCA" are squared errors, "probabilistic PCA" is PCA.score_samples. PyOD's
detectors take part where it is installed.

With --data the same on labelled tables: every numeric set with classes, standardised, 2000
usual rows at most. Three draws per table: rows of one class, which is drawn, are the odd
ones, a twentieth of as many as the usual rows, which are the other classes. "New": two
thirds of the usual rows are learnt, and the rest and the odd ones judged. "Among": all rows
are learnt, and judged. Codes of 8 components, or of half of the columns if they are fewer.
"Codes" are IsolationForest on codes, "with distance" is the reconstruction error times the
columns plus the Mahalanobis distance of the code, each divided by its median.

    python benchmarks/outliers.py                   two minutes
    python benchmarks/outliers.py --quick           two digits and one split
    python benchmarks/outliers.py --data FOLDER     thirty minutes more
"""

import argparse
import statistics
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.covariance import EmpiricalCovariance
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder, VariationalAutoencoder

SEED = 0


class ErrorsOfPCA(PCA):
    """PCA whose score of a row is minus its squared error."""

    def score_samples(self, X):
        return -((X - self.inverse_transform(self.transform(X))) ** 2).sum(axis=1)


class Distance(StandardScaler):
    """Minus the squared distance from the mean in standard deviations."""

    def score_samples(self, X):
        return -(self.transform(X) ** 2).sum(axis=1)


class Mahalanobis(EmpiricalCovariance):
    """Minus the squared Mahalanobis distance from the mean."""

    def score_samples(self, X):
        return -self.mahalanobis(X)


class WithDistance(AutoencoderTransformer):
    """The reconstruction error joined with the distance of the code, both of usual size."""

    def fit(self, X):
        super().fit(X)
        self.code_distance_ = EmpiricalCovariance().fit(self.transform(X))
        self.usual_ = [np.median(part) for part in self.parts(X)]
        return self

    def parts(self, X):
        return -super().score_samples(X), self.code_distance_.mahalanobis(self.transform(X))

    def score_samples(self, X):
        return -sum(p / usual for p, usual in zip(self.parts(X), self.usual_, strict=True))


def by_pyod(kind):
    """Return a maker of a detector whose score is higher for usual rows."""

    class Detector:
        def fit(self, X):
            self.detector = kind(verbose=0, random_state=SEED).fit(X)
            return self

        def score_samples(self, X):
            return -self.detector.decision_function(X)

    return Detector


def methods(scaling):
    """Return {name: function that makes a detector}."""
    ours = {"random_state": SEED, "scaling": scaling}
    found = {
        "AutoencoderTransformer(8)": lambda: AutoencoderTransformer(8, **ours),
        "AutoencoderTransformer(16)": lambda: AutoencoderTransformer(16, **ours),
        "DenoisingAutoencoder()": lambda: DenoisingAutoencoder(**ours),
        "DenoisingAutoencoder(noise='swap')": lambda: DenoisingAutoencoder(
            noise="swap", **ours
        ),
        "VariationalAutoencoder(8)": lambda: VariationalAutoencoder(8, **ours),
        "VariationalAutoencoder(16)": lambda: VariationalAutoencoder(16, **ours),
        "PCA(8)": lambda: ErrorsOfPCA(8),
        "PCA(16)": lambda: ErrorsOfPCA(16),
        "probabilistic PCA(8)": lambda: PCA(8),
        "LocalOutlierFactor(novelty=True)": lambda: LocalOutlierFactor(novelty=True),
        "IsolationForest()": lambda: IsolationForest(random_state=SEED),
        "distance from the mean": Distance,
    }
    try:
        from pyod.models.auto_encoder import AutoEncoder
        from pyod.models.vae import VAE
    except ImportError:
        return found
    return {**found, "PyOD's AutoEncoder": by_pyod(AutoEncoder), "PyOD's VAE": by_pyod(VAE)}


def area(make, train, usual, odd):
    """Return how well the scores of usual rows are above those of odd ones."""
    detector = make().fit(train)
    scores = np.r_[detector.score_samples(usual), detector.score_samples(odd)]
    return roc_auc_score(np.repeat([1, 0], [len(usual), len(odd)]), scores)


def on_digits(n_digits):
    X, y = load_digits(return_X_y=True)
    print("| digits | mean | least |\n|---|---:|---:|")
    for name, make in methods("global").items():
        areas = []
        for digit in range(n_digits):
            train, usual = train_test_split(X[y != digit], random_state=SEED)
            areas.append(area(make, train, usual, X[y == digit]))
        print(f"| {name} | {statistics.mean(areas):.3f} | {min(areas):.3f} |", flush=True)


def on_breast_cancer(n_splits):
    X, y = load_breast_cancer(return_X_y=True)
    benign, malignant = X[y == 1], X[y == 0]
    print("\n| breast cancer | new rows | among training rows |\n|---|---:|---:|")
    for name, make in methods("feature").items():
        new, among = [], []
        for seed in range(n_splits):
            train, usual = train_test_split(benign, random_state=seed)
            scaler = StandardScaler().fit(train)
            new.append(area(make, *map(scaler.transform, (train, usual, malignant))))
            few = np.random.RandomState(seed).permutation(malignant)[:40]
            scaler = StandardScaler().fit(np.r_[benign, few])
            benign_, few = scaler.transform(benign), scaler.transform(few)
            among.append(area(make, np.r_[benign_, few], benign_, few))
        areas = f"{statistics.mean(new):.3f} | {statistics.mean(among):.3f}"
        print(f"| {name} | {areas} |", flush=True)


def table_methods(n_components):
    """Return {name: function that makes a detector} for standardised tables."""
    ours = {"n_components": n_components, "random_state": SEED}
    few = max(1, n_components // 2)
    return {
        "AutoencoderTransformer": lambda: AutoencoderTransformer(**ours),
        "the same, half the components": lambda: AutoencoderTransformer(
            few, random_state=SEED
        ),
        "the same, with distance of codes": lambda: WithDistance(**ours),
        "DenoisingAutoencoder(noise='swap')": lambda: DenoisingAutoencoder(
            noise="swap", **ours
        ),
        "VariationalAutoencoder": lambda: VariationalAutoencoder(**ours),
        "VariationalAutoencoder(max_iter=5)": lambda: VariationalAutoencoder(
            max_iter=5, **ours
        ),
        "PCA": lambda: ErrorsOfPCA(n_components),
        "probabilistic PCA": lambda: PCA(n_components),
        "Mahalanobis distance": Mahalanobis,
        "distance from the mean": Distance,
        "LocalOutlierFactor(novelty=True)": lambda: LocalOutlierFactor(novelty=True),
        "IsolationForest": lambda: IsolationForest(random_state=SEED),
        "IsolationForest on codes": lambda: make_pipeline(
            AutoencoderTransformer(**ours), IsolationForest(random_state=SEED)
        ),
    }


def labelled(folder):
    """Yield the name, the rows and the classes of each numeric table with classes."""
    yield "digits", *load_digits(return_X_y=True)
    yield "wine", *load_wine(return_X_y=True)
    yield "breast_cancer", *load_breast_cancer(return_X_y=True)
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            X, y = file["X"].astype(float), file.get("y")
        if y is not None and len(set(y)) < 30 and not np.isnan(X).any():
            yield path.stem, X, y


def usual_and_odd(X, y, seed):
    """Draw rows of all classes but one, and a twentieth as many of that one."""
    rng = np.random.RandomState(seed)
    classes, counts = np.unique(y, return_counts=True)
    classes = classes[counts >= 10]
    chosen = classes[rng.permutation(len(classes))[0] if seed else -1]
    usual, odd = (
        rng.permutation(np.flatnonzero(rows))[:2000] for rows in (y != chosen, y == chosen)
    )
    return X[usual], X[odd[: max(10, len(usual) // 20)]]


def on_tables(folder):
    found = {}
    for table, X, y in labelled(folder):
        for seed in range(3):
            usual, odd = usual_and_odd(X, y, seed)
            train, new = train_test_split(usual, test_size=1 / 3, random_state=seed)
            size = min(8, X.shape[1] // 2)
            for name, make in table_methods(size).items():
                for case, rows, judged in (
                    ("new", train, new),
                    ("among", np.r_[usual, odd], usual),
                ):
                    scaler = StandardScaler().fit(rows)
                    one = area(make, *map(scaler.transform, (rows, judged, odd)))
                    found.setdefault((name, case), {}).setdefault(table, []).append(one)
    tables = list(found["PCA", "new"])
    for case, title in (("new", "new rows"), ("among", "among the rows of the fit")):
        print(f"\n| {title} | mean | least | {' | '.join(tables)} |")
        print(f"|---|{'---:|' * (2 + len(tables))}")
        for name in table_methods(8):
            means = [statistics.mean(areas) for areas in found[name, case].values()]
            cells = [statistics.mean(means), min(means), *means]
            print(f"| {name} | {' | '.join(format(cell, '.3f') for cell in cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two digits and one split")
    parser.add_argument("--data", type=Path, help="folder of the real sets, *.npz")
    arguments = parser.parse_args()
    quick = arguments.quick
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of components that are not in use
    on_digits(2 if quick else 10)
    on_breast_cancer(1 if quick else 3)
    if arguments.data:
        on_tables(arguments.data)


if __name__ == "__main__":
    main()
