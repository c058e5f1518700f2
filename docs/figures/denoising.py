"""Where a denoiser, linear or not, moves points around a curve."""

import matplotlib.pyplot as plt
import numpy as np
import torch

from sklearn_ae import DenoisingAutoencoder

torch.set_num_threads(1)
rng = np.random.RandomState(0)
angle = 1.5 * np.pi * rng.uniform(size=(1000, 1))
X = np.hstack([np.cos(angle), np.sin(angle)])
X_noisy = X[:250] + 0.4 * X.std(axis=0) * rng.normal(size=(250, 2))
settings = {"noise_level": 0.4, "random_state": 0}
denoisers = {
    "the best linear denoiser": DenoisingAutoencoder(hidden_layer_sizes=(), **settings),
    "DenoisingAutoencoder()": DenoisingAutoencoder(**settings),
}

figure, axes = plt.subplots(1, 2, figsize=(8, 3.9), layout="constrained", sharey=True)
for (name, dae), ax, colour in zip(denoisers.items(), axes, ("C1", "C2"), strict=True):
    X_hat = dae.fit(X).denoise(X_noisy)
    way = X_hat - X_noisy
    ax.plot(*X.T, ".", color="0.75", ms=2)
    ax.quiver(*X_noisy.T, *way.T, color=colour, angles="xy", scale=1, scale_units="xy",
              width=0.004)  # fmt: skip
    before, after = ((rows - X[:250]) ** 2 for rows in (X_noisy, X_hat))
    ax.set_title(f"{name}: error {before.mean():.3f} to {after.mean():.3f}", fontsize=10)
    ax.set_aspect("equal")
    ax.spines[["top", "right"]].set_visible(False)
