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

    python benchmarks/outliers.py            two minutes
    python benchmarks/outliers.py --quick    two digits and one split
"""

import argparse
import statistics
import warnings

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import LocalOutlierFactor
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two digits and one split")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of components that are not in use
    on_digits(2 if quick else 10)
    on_breast_cancer(1 if quick else 3)


if __name__ == "__main__":
    main()
