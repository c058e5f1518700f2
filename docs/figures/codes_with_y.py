"""Held-out digits as codes of two components, without and with target_weight."""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.9), layout="constrained")
for target_weight, ax in zip((0, 0.25), axes, strict=True):
    reducer = AutoencoderTransformer(2, target_weight=target_weight, random_state=0)
    model = make_pipeline(reducer, StandardScaler(), LogisticRegression(max_iter=1000))
    accuracy = model.fit(X_train, y_train).score(X_test, y_test)
    codes = model[0].transform(X_test)
    for digit in range(10):
        rows = codes[y_test == digit]
        ax.plot(*rows.T, "o", ms=3, color=f"C{digit}", alpha=0.7)
        box = {"boxstyle": "circle,pad=0.15", "fc": "white", "ec": f"C{digit}"}
        centre = rows.mean(axis=0)
        ax.text(*centre, str(digit), weight="bold", ha="center", va="center", bbox=box)
    r2 = model[0].score(X_test)
    ax.set_title(
        f"target_weight={target_weight}: accuracy {accuracy:.2f}, R² {r2:.2f}", fontsize=10
    )
    ax.set(xlabel="component 0", xticks=[], yticks=[])
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("component 1")
