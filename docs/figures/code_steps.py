"""Digits that lie along the first two components, of PCA and of an autoencoder."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, _ = load_digits(return_X_y=True)
reducers = {"PCA(4)": PCA(4), "AutoencoderTransformer(4)": None}
reducers["AutoencoderTransformer(4)"] = AutoencoderTransformer(4, random_state=0)

figure, axes = plt.subplots(2, 2, figsize=(8, 2.9), layout="constrained")
for (name, reducer), row in zip(reducers.items(), axes, strict=True):
    codes = reducer.fit_transform(X)
    for component, ax in enumerate(row):
        steps = np.tile(codes.mean(axis=0), (7, 1))
        steps[:, component] += np.linspace(-2, 2, 7) * codes[:, component].std()
        images = reducer.inverse_transform(steps).reshape(-1, 8, 8)
        ax.imshow(
            np.hstack([np.pad(image, 1) for image in images]),
            cmap="gray_r",
            vmin=0,
            vmax=16,
        )
        ax.set_title(f"{name}: component {component}", fontsize=10, loc="left")
        ax.set_xticks(10 * np.arange(7) + 4.5, ["-2", "", "", "mean", "", "", "+2 std"])
        ax.tick_params(length=0, labelsize=8)
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
