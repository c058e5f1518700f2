"""Digits without 4: scores of held-out rows, and of the fours."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
normal, odd = X[y != 4], X[y == 4]
X_train, X_test = train_test_split(normal, random_state=0)
models = {
    "PCA(8)": AutoencoderTransformer(8, hidden_layer_sizes=()),
    "AutoencoderTransformer(8)": AutoencoderTransformer(8, random_state=0),
}

figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.2), layout="constrained", sharey=True)
for (name, ae), ax, colour in zip(models.items(), axes, ("0.5", "C0"), strict=True):
    ae.fit(X_train)
    usual, unusual = ae.score_samples(X_test), ae.score_samples(odd)
    scores = np.r_[usual, unusual]
    area = roc_auc_score(np.r_[np.ones(len(usual)), np.zeros(len(unusual))], scores)
    bins = np.linspace(scores.min(), 0, 36)
    ax.hist(usual, bins, color=colour, alpha=0.85, label="held-out digits but 4")
    ax.hist(unusual, bins, histtype="step", color="C3", lw=1.8, label="4, never seen")
    ax.axvline(np.quantile(usual, 0.05), color="0.2", ls="--", lw=1)
    ax.set_title(f"{name}: area {area:.3f}", fontsize=11)
    ax.set(xlabel="score_samples")
    ax.legend(frameon=False, loc="upper left", fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("rows")
