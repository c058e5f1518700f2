"""Digits with a few cells ten times too large: which loss is led astray by them."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, _ = load_digits(return_X_y=True)
X_train, X_test = train_test_split(X, train_size=0.5, random_state=0)
rng = np.random.RandomState(0)
X_spoilt = np.where(rng.uniform(size=X_train.shape) < 0.01, 160.0, X_train)


def kept(loss, rows):
    ae = AutoencoderTransformer(8, loss=loss, random_state=0).fit(rows)
    return ae.score(X_test)


losses = ["mse", "huber", "mae"]
clean = kept("mse", X_train)
figure, ax = plt.subplots(figsize=(5.6, 3), layout="constrained")
labels = [f'loss="{loss}"' for loss in losses]
bars = ax.bar(labels, [kept(loss, X_spoilt) for loss in losses], 0.5, color="C0")
ax.bar_label(bars, fmt="%.2f", padding=-16, color="white")
ax.axhline(clean, color="0.4", ls="--")
ax.text(
    2.45, clean, f' "mse" without\n extreme cells,\n {clean:.2f}', va="center", fontsize=9
)
ax.set(ylabel="R² of clean held-out rows", ylim=(0, 1), xlim=(-0.5, 2.45))
ax.spines[["top", "right"]].set_visible(False)
