"""Held-out digits, with noise, and what PCA and a denoising autoencoder make of them."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from sklearn_ae import DenoisingAutoencoder

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(X, y, random_state=0)
rng = np.random.RandomState(0)
X_noisy = X_test + 4 * rng.normal(size=X_test.shape)
dae = DenoisingAutoencoder(noise_level=4, noise_unit="data", random_state=0).fit(X_train)


def by_pca(n_components):
    pca = PCA(n_components).fit(X_train)
    return pca.inverse_transform(pca.transform(X_noisy))


def error(X_hat):
    return ((X_hat - X_test) ** 2).mean()


best = min(range(1, 65), key=lambda n_components: error(by_pca(n_components)))
lines = {
    "held-out digits": X_test,
    f"with noise: mean squared error {error(X_noisy):.1f}": X_noisy,
    f"PCA({best}), the best size for these rows: {error(by_pca(best)):.1f}": by_pca(best),
    f"DenoisingAutoencoder: {error(dae.denoise(X_noisy)):.1f}": dae.denoise(X_noisy),
}
shown = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]

figure, axes = plt.subplots(4, 1, figsize=(7, 4.4), layout="constrained")
for (title, images), ax in zip(lines.items(), axes, strict=True):
    strip = np.hstack([np.pad(images[i].reshape(8, 8), 1) for i in shown])
    ax.imshow(strip, cmap="gray_r", vmin=0, vmax=16)
    ax.set_title(title, fontsize=10, loc="left")
    ax.set_axis_off()
