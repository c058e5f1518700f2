"""Points along a curve, and one component: a straight line, or a curved one."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
rng = np.random.RandomState(0)
angle = 1.5 * np.pi * rng.uniform(size=(600, 1))
X = np.hstack([np.cos(angle), np.sin(angle)]) + 0.05 * rng.normal(size=(600, 2))
models = {
    "PCA": PCA(1),
    "AutoencoderTransformer": AutoencoderTransformer(1, random_state=0),
}

figure, axes = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained", sharey=True)
for (name, model), ax, colour in zip(models.items(), axes, ("0.5", "C0"), strict=True):
    codes = model.fit_transform(X)
    X_hat = model.inverse_transform(codes)
    line = model.inverse_transform(np.linspace(codes.min(), codes.max(), 400)[:, None])
    for row, row_hat in zip(X[:80], X_hat[:80], strict=True):
        ax.plot(*np.stack([row, row_hat]).T, color=colour, lw=0.6, alpha=0.7)
    ax.plot(*X.T, ".", color="0.8", ms=4, zorder=0)
    ax.plot(*line.T, color=colour, lw=3)
    kept = r2_score(X, X_hat, multioutput="variance_weighted")
    ax.set_title(f"{name}(1), R² {kept:.3f}", fontsize=11)
    ax.set_aspect("equal")
    ax.spines[["top", "right"]].set_visible(False)
