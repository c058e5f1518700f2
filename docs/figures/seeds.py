"""Held-out R² of fits that differ in random_state alone, beside PCA's."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits, make_s_curve
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
tables = {
    "digits, 8 components": (load_digits().data, 8),
    "breast cancer, 2 components": (scale(load_breast_cancer().data), 2),
    "S-curve, 2 components": (make_s_curve(800, noise=0.1, random_state=0)[0], 2),
}
figure, ax = plt.subplots(figsize=(6.4, 2.6), layout="constrained")
for place, (X, size) in enumerate(tables.values()):
    X_train, X_test = train_test_split(X, random_state=0)
    fits = [
        AutoencoderTransformer(size, random_state=seed).fit(X_train) for seed in range(10)
    ]
    r2 = [ae.score(X_test) for ae in fits]
    pca = PCA(size).fit(X_train)
    X_hat = pca.inverse_transform(pca.transform(X_test))
    by_pca = r2_score(X_test, X_hat, multioutput="variance_weighted")
    ax.plot(by_pca, place, "|", color="0.5", ms=18, mew=2, label="PCA")
    jitter = np.random.RandomState(0).uniform(-0.12, 0.12, 10)
    ax.plot(r2, place + jitter, "o", color="C0", alpha=0.6, label="ten seeds")
    ax.text(max(r2), place - 0.3, f"{min(r2):.3f} to {max(r2):.3f}", ha="right", fontsize=8)
ax.set(
    xlabel="R² of held-out rows", yticks=range(len(tables)), ylim=(-0.5, len(tables) - 0.5)
)
ax.set_yticklabels(tables)
ax.invert_yaxis()
figure.legend(
    *(part[:2] for part in ax.get_legend_handles_labels()),
    loc="outside upper center",
    ncols=2,
    frameon=False,
)
ax.spines[["top", "right"]].set_visible(False)
