"""Whose rows, once denoised, come closest to the clean ones?

Mean squared error to the clean rows of held-out rows, under noise that was not seen in
training: of the noisy rows themselves, of PCA with the component count that is best on
validation rows, of scikit-learn's example of image denoising (KernelPCA with a learned
way back, width and count chosen on validation rows), of a median filter for images, of
MLPRegressor with two widths, and of DenoisingAutoencoder with default parameters.
MLPRegressor and "pairs" learn from the same pairs; "own noise" gets the clean rows and
the kind and level of the noise; "linear" is "pairs" without hidden layers, where its
training starts.

Images are in [0, 1], columns of tables are standardised; noise is in standard deviations
of each column, or a share of cells set to the mean; on images also of one deviation for all
pixels ("pixels"), as in the usual examples. "default" knows neither noise nor level: it is
fitted to the clean rows as it comes. "twice" is the error of "own noise", and "default
twice" that of "default", under noise twice as large, as a share of the noise itself: above
1.05 they would do harm. With a folder of data sets, digits,
MNIST, Fashion-MNIST, satimage, wine quality and gas sensors, at most 5000 rows to train
on; else digits and the tables that scikit-learn bundles.

    python benchmarks/denoising.py --data FOLDER     about half an hour
    python benchmarks/denoising.py                   two minutes
    python benchmarks/denoising.py --quick           digits alone, under a minute
    python benchmarks/denoising.py --levels          what level "auto" should be
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import median_filter
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.decomposition import PCA, KernelPCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

from sklearn_ae import DenoisingAutoencoder

NOISES = [("gaussian", 0.25), ("gaussian", 0.5), ("gaussian", 1.0), ("masking", 0.25)]
ON_IMAGES = [("pixels", 0.15), ("pixels", 0.3)]  # in [0, 1]
SIDES = {"digits": 8, "mnist": 28, "fashion_mnist": 28}  # of images
BUNDLED = {
    "digits": load_digits,
    "breast_cancer": load_breast_cancer,
    "wine": load_wine,
    "diabetes": load_diabetes,
}
IN_FOLDER = ["mnist", "fashion_mnist", "satimage", "wine_quality", "gas_sensor_drift"]
MOST_ROWS, MOST_ROWS_TO_CHOOSE = 5000, 1500
AUTOENCODERS = ("pairs", "own noise")


def load(name, folder, seed):
    """Return rows to train on and rows to test on, in units that suit all."""
    if name in BUNDLED:
        X = BUNDLED[name]().data
    else:
        with np.load(folder / f"{name}.npz") as file:
            X = file["X"].astype(float)
    n_train = min(MOST_ROWS, round(0.75 * len(X)))
    train, test = train_test_split(X, train_size=n_train, random_state=seed)
    test = test[:1000]
    if name in SIDES:
        return train / X.max(), test / X.max()
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), scaler.transform(test)


def corrupt(X, train, noise, level, rng):
    if noise == "pixels":
        return X + level * rng.normal(size=X.shape)
    if noise == "gaussian":
        return X + level * train.std(axis=0) * rng.normal(size=X.shape)
    return np.where(rng.uniform(size=X.shape) < level, train.mean(axis=0), X)


def error(X_hat, clean):
    return float(((X_hat - clean) ** 2).mean())


def best_pca(noisy, clean, test):
    """Return what PCA makes of ``test``, with the count that suits validation rows."""
    fit, valid, _, target = train_test_split(clean, noisy, test_size=0.2, random_state=0)
    pca = PCA().fit(fit)
    codes = pca.transform(target)
    counts = sorted({round(k) for k in np.geomspace(1, min(fit.shape), 30)})

    def tried(k):
        return error(codes[:, :k] @ pca.components_[:k] + pca.mean_, valid)

    pca = PCA(min(counts, key=tried)).fit(clean)
    return pca.inverse_transform(pca.transform(test))


def best_kernel_pca(noisy, clean, test):
    """Return the same of KernelPCA with a learned way back."""
    fit, valid, _, target = train_test_split(
        clean[:MOST_ROWS_TO_CHOOSE],
        noisy[:MOST_ROWS_TO_CHOOSE],
        test_size=0.2,
        random_state=0,
    )

    def model(count, width, n_rows):
        return KernelPCA(
            min(count, n_rows - 1),
            kernel="rbf",
            gamma=width / clean.var(axis=0).sum(),
            fit_inverse_transform=True,
            alpha=5e-3,
            eigen_solver="randomized",
            random_state=0,
        )

    def tried(settings):
        kernel_pca = model(*settings, len(fit)).fit(fit)
        return error(kernel_pca.inverse_transform(kernel_pca.transform(target)), valid)

    choices = [(count, width) for count in (30, 100, 400) for width in (0.03, 0.1, 0.3, 1)]
    kernel_pca = model(*min(choices, key=tried), len(clean)).fit(clean)
    return kernel_pca.inverse_transform(kernel_pca.transform(test))


def filtered(images, side):
    images = images.reshape(-1, side, side)
    return median_filter(images, size=(1, 3, 3)).reshape(len(images), -1)


def contest(name, noise, level, folder, seed):
    """Return {method: error} and {method: seconds of the fit} of one cell of the table."""
    train, test = load(name, folder, seed)
    rng = np.random.RandomState(seed)
    noisy, noisy_test = (corrupt(X, train, noise, level, rng) for X in (train, test))
    X_hat, seconds = {"noisy rows": noisy_test}, {}

    def fit(method, estimator, *data, **more):
        start = time.perf_counter()
        estimator.fit(*data, **more)
        seconds[method] = time.perf_counter() - start
        predict = getattr(estimator, "denoise", getattr(estimator, "predict", None))
        X_hat[method] = predict(noisy_test)

    own = {"noise": noise, "noise_level": level, "random_state": seed}
    if noise != "masking":
        size = level * train.std(axis=0) if noise == "gaussian" else level
        own |= {"noise": "gaussian", "noise_level": size, "noise_unit": "data"}
    fit("pairs", DenoisingAutoencoder(random_state=seed), noisy, X_clean=train)
    for width in (100, 256):
        mlp = MLPRegressor(
            hidden_layer_sizes=(width,), early_stopping=True, random_state=seed
        )
        fit(f"MLP {width}", mlp, noisy, train)
    by_level = DenoisingAutoencoder(**own)
    fit("own noise", by_level, train)
    default = DenoisingAutoencoder(random_state=seed)
    fit("default", default, train)
    fit("linear", DenoisingAutoencoder(hidden_layer_sizes=()), noisy, X_clean=train)
    X_hat["PCA"] = best_pca(noisy, train, noisy_test)
    X_hat["KernelPCA"] = best_kernel_pca(noisy, train, noisy_test)
    if name in SIDES:
        X_hat["median filter"] = filtered(noisy_test, SIDES[name])
    errors = {method: error(rows, test) for method, rows in X_hat.items()}
    twice = corrupt(test, train, noise, 2 * level, rng)
    for method, dae in {"twice": by_level, "default twice": default}.items():
        errors[method] = error(dae.denoise(twice), test) / error(twice, test)
    return errors, seconds


def print_contest(names, folder, seed):
    others = ["noisy rows", "median filter", "PCA", "KernelPCA", "MLP 100", "MLP 256"]
    columns = [*others, "linear", *AUTOENCODERS, "default", "twice", "default twice"]
    timed = ["MLP 100", "MLP 256", *AUTOENCODERS]
    print("| data, noise |", " | ".join(columns), "| seconds:", " | ".join(timed), "|")
    print("|---|" + "---:|" * (len(columns) + len(timed)))
    n_cells, ahead, total = 0, dict.fromkeys(AUTOENCODERS, 0), dict.fromkeys(timed, 0.0)
    harm = dict.fromkeys([*AUTOENCODERS, "default", "twice", "default twice"], 0.0)
    for name in names:
        for noise, level in NOISES + (ON_IMAGES if name in SIDES else []):
            errors, seconds = contest(name, noise, level, folder, seed)
            n_cells += 1
            best = min(errors[method] for method in others if method in errors)
            for method in AUTOENCODERS:
                ahead[method] += errors[method] < best
            for method in harm:
                before = 1.0 if "twice" in method else errors["noisy rows"]
                harm[method] = max(harm[method], errors[method] / before)
            for method in timed:
                total[method] += seconds[method]
            told = [f"{errors[m]:.5f}" if m in errors else "" for m in columns]
            told += [f"{seconds[method]:.2f}" for method in timed]
            print(f"| {name}, {noise} {level} | {' | '.join(told)} |", flush=True)
    for method in AUTOENCODERS:
        print(
            f"{method}: ahead of every other method in {ahead[method]} of {n_cells} cells"
        )
    worst = {method: round(ratio, 2) for method, ratio in harm.items()}
    print("largest error after denoising, as a share of that before:", worst)
    print("seconds in all:", {method: round(total[method], 1) for method in timed})


def print_levels(names, folder, seed):
    """Print the error under unknown levels, of what was trained with one of them.

    Each is divided by the least of its column and averaged over data sets.
    """
    levels = {
        "gaussian": (0.25, 0.5, 1.0),  # in scaled units, as "auto" is
        "masking": (0.1, 0.25, 0.5),
        "salt_pepper": (0.05, 0.1, 0.2),
        "swap": (0.05, 0.15, 0.3),
    }
    for noise, tested in levels.items():
        ratios = {level: [] for level in (*tested, "auto")}
        for name in names:
            train, test = load(name, folder, seed)
            trained = {
                level: DenoisingAutoencoder(
                    noise=noise, noise_level=level, random_state=seed
                ).fit(train)
                for level in (*tested, "auto")
            }
            for level in tested:
                rows = as_trained(noise, level, train, test, seed)
                errors = {t: error(dae.denoise(rows), test) for t, dae in trained.items()}
                for at, value in errors.items():
                    ratios[at].append(value / min(errors.values()))
        told = {level: round(float(np.mean(r)), 3) for level, r in ratios.items()}
        print(f"{noise:12} mean error by level of training, 1 is the best: {told}")


def as_trained(noise, level, train, test, seed):
    """Return noisy rows, by NumPy and not by what is tested."""
    rng = np.random.RandomState(seed)
    hit = rng.uniform(size=test.shape) < level
    if noise == "salt_pepper":
        low, high = train.min(axis=0), train.max(axis=0)
        return np.where(hit, np.where(rng.uniform(size=test.shape) < 0.5, low, high), test)
    if noise == "swap":
        return np.where(hit, np.random.default_rng(seed).permuted(test, axis=0), test)
    if noise == "gaussian":
        return corrupt(test, train, "pixels", level * np.sqrt(train.var(0).mean()), rng)
    return corrupt(test, train, noise, level, rng)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with mnist.npz and others")
    parser.add_argument("--quick", action="store_true", help="digits alone")
    parser.add_argument("--levels", action="store_true", help="compare levels of training")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    torch.set_num_threads(1)
    names = ["digits", *IN_FOLDER] if arguments.data else list(BUNDLED)
    names = names[:1] if arguments.quick else names
    DenoisingAutoencoder(max_iter=1).fit(load_wine().data)
    task = print_levels if arguments.levels else print_contest
    task(names, arguments.data, arguments.seed)


if __name__ == "__main__":
    main()
