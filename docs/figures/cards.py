"""The pictures of the cards on the first page: python docs/figures/cards.py writes them."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder, VariationalAutoencoder

torch.set_num_threads(1)
FOLDER = Path(__file__).parent.parent / "images" / "cards"
GREY, BLUE, GREEN, RED, PURPLE = "0.6", "C0", "C2", "C3", "C4"
PIXELS = {"cmap": "gray_r", "vmin": 0, "vmax": 16}


def reduce_dimensions(ax):
    X, y = load_digits(return_X_y=True)
    codes = AutoencoderTransformer(2, random_state=0).fit_transform(X)
    ax.scatter(*codes.T, c=y, cmap="tab10", s=5)


def use_a_table(ax):
    X = StandardScaler().fit_transform(load_wine().data)[::12, :9]
    holes = np.random.RandomState(1).uniform(size=X.shape) < 0.12
    ax.imshow(np.where(holes, np.nan, X), cmap="Blues", aspect="auto", vmin=-3, vmax=3)
    for i, j in np.argwhere(holes):
        ax.text(j, i, "?", ha="center", va="center", color=RED, weight="bold")


def remove_noise(ax):
    X = load_digits().data
    noisy = X + np.random.RandomState(0).normal(scale=4, size=X.shape)
    clean = DenoisingAutoencoder(random_state=0).fit(noisy, X_clean=X).denoise(noisy[:3])
    grid = [np.hstack(images.reshape(-1, 8, 8)) for images in (noisy[:3], clean)]
    ax.imshow(np.vstack(grid), **PIXELS)
    ax.axhline(7.5, color=GREEN, lw=3)


def generate_rows(ax):
    X = load_digits().data
    vae = VariationalAutoencoder(16, sampler="gmm", random_state=0).fit(X)
    images = vae.sample(15, random_state=1).reshape(3, 5, 8, 8)
    gaps = (0, 0), (0, 0), (1, 1), (1, 1)
    ax.imshow(np.vstack([np.hstack(line) for line in np.pad(images, gaps)]), **PIXELS)


def find_outliers(ax):
    X, y = load_breast_cancer(return_X_y=True)
    ae = AutoencoderTransformer(8, scaling="feature", random_state=0).fit(X[y == 1][:250])
    rows = X[y == 1][250:], X[y == 0]
    bins = np.linspace(-2.5, 0, 40)
    for part, colour in zip(rows, (GREY, RED), strict=True):
        ax.hist(ae.score_samples(part).clip(-2.5), bins, color=colour, alpha=0.75)


def choose_the_size(ax):
    X = load_digits().data
    ae = AutoencoderTransformer(12, ordered=True, random_state=0).fit(X)
    ax.plot(range(1, 13), np.cumsum(ae.explained_variance_ratio_), "o-", color=BLUE)
    ax.axhline(0.8, color=GREY, ls="--")


CARDS = {
    "reduce": reduce_dimensions,
    "table": use_a_table,
    "denoise": remove_noise,
    "generate": generate_rows,
    "outliers": find_outliers,
    "size": choose_the_size,
}

if __name__ == "__main__":
    for name, draw in CARDS.items():
        figure, ax = plt.subplots(figsize=(3, 2))
        draw(ax)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        figure.subplots_adjust(0.02, 0.02, 0.98, 0.98)
        figure.savefig(FOLDER / f"{name}.png", dpi=120, transparent=True)
        plt.close(figure)
