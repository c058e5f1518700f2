"""
Denoising digits
================

Handwritten digits under noise, denoised in three ways: by PCA with the number of components
that suits the noise best, by a linear denoiser, and by a
:class:`~sklearn_ae.DenoisingAutoencoder` with its default layers.

The autoencoder is given clean digits alone. In training, noise of the expected kind and
level is added to the input, drawn anew for every batch, and the reconstructions
are compared with the clean rows.
"""

# %%
# Digits in [0, 1]. Normal noise with a standard deviation of 0.3, the same for all pixels,
# is added to the held-out rows.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from sklearn_ae import DenoisingAutoencoder

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(X / 16, y, random_state=0)
rng = np.random.RandomState(0)
X_noisy = X_test + 0.3 * rng.normal(size=X_test.shape)

# %%
# PCA drops the directions in which there is little but noise. The number of components is
# chosen on the test rows themselves, which favours PCA.


def by_pca(n_components):
    pca = PCA(n_components).fit(X_train)
    return pca.inverse_transform(pca.transform(X_noisy))


def error(X_hat):
    return ((X_hat - X_test) ** 2).mean()


X_pca = min(map(by_pca, range(1, 64)), key=error)

# %%
# Without hidden layers the autoencoder is the best linear denoiser, in closed form. With
# them it starts there, and learns nonlinear structure. ``noise_level`` is the expected
# standard deviation; ``noise_unit="data"`` says that it is in units of the pixels.

noise = {"noise_level": 0.3, "noise_unit": "data"}
linear = DenoisingAutoencoder(hidden_layer_sizes=(), **noise).fit(X_train)
dae = DenoisingAutoencoder(**noise, random_state=0).fit(X_train)
X_hat = {
    "before": X_test,
    "noisy": X_noisy,
    "PCA": X_pca,
    "linear": linear.denoise(X_noisy),
    "denoised": dae.denoise(X_noisy),
}

# %%
# The number beside each name is the mean squared error to the rows before the noise. PCA
# keeps the noise along the directions that it keeps. The linear denoiser shrinks each
# direction by its share of noise, and the nonlinear layers remove another part.

shown = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
figure, axes = plt.subplots(len(X_hat), 10, figsize=(8, 4.6), layout="constrained")
for (name, rows), line in zip(X_hat.items(), axes, strict=True):
    for row, ax in zip(rows[shown], line, strict=True):
        ax.imshow(row.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    label = name if name == "before" else f"{name}\n{error(rows):.4f}"
    line[0].set_ylabel(label, rotation=0, ha="right", va="center")
figure.suptitle("Ten held-out digits under noise of 0.3 on every pixel")
plt.show()
