"""Digits, and new ones: of a mixture on PCA's codes, and of two autoencoders."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer, VariationalAutoencoder

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X_train, X_test = train_test_split(X, random_state=0)
pca = PCA(8).fit(X_train)
mixture = GaussianMixture(10, random_state=0).fit(pca.transform(X_train))
vae = VariationalAutoencoder(8, random_state=0).fit(X_train)
mixed = AutoencoderTransformer(8, sampler="gmm", random_state=0).fit(X_train)
lines = {
    "held-out digits": X_test,
    "PCA(8), a Gaussian mixture of 10 on its codes": pca.inverse_transform(
        mixture.sample(14)[0]
    ),
    'AutoencoderTransformer(8, sampler="gmm")': mixed.sample(14, random_state=0),
    'VariationalAutoencoder(8), "prior"': vae.sample(14, random_state=0),
}

figure, axes = plt.subplots(4, 1, figsize=(8, 4), layout="constrained")
for (title, images), ax in zip(lines.items(), axes, strict=True):
    strip = np.hstack([np.pad(image.reshape(8, 8), 1) for image in images[:14]])
    ax.imshow(strip, cmap="gray_r", vmin=0, vmax=16)
    ax.set_title(title, fontsize=10, loc="left")
    ax.set_axis_off()
