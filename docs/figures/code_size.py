"""Held-out digits: what a longer code keeps, and what hidden layers add to PCA."""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, _ = load_digits(return_X_y=True)
X_train, X_test = train_test_split(X, random_state=0)
sizes = [2, 4, 8, 16, 32]
kept = {"PCA": [], "AutoencoderTransformer": []}
for n_components in sizes:
    linear = AutoencoderTransformer(n_components, hidden_layer_sizes=()).fit(X_train)
    nonlinear = AutoencoderTransformer(n_components, random_state=0).fit(X_train)
    for line, ae in zip(kept.values(), (linear, nonlinear), strict=True):
        line.append(ae.score(X_test))

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
for (name, line), colour, place in zip(
    kept.items(), ("0.5", "C0"), ((0, -14), (0, 8)), strict=True
):
    ax.plot(sizes, line, "o-", color=colour, label=name)
    for x, y in zip(sizes, line, strict=True):
        ax.annotate(
            f"{y:.2f}",
            (x, y),
            place,
            textcoords="offset points",
            ha="center",
            color=colour,
            fontsize=9,
        )
ax.set_xscale("log", base=2)
ax.set_xticks(sizes, [str(size) for size in sizes])
ax.set(xlabel="n_components, of 64 columns", ylabel="R² of held-out rows", ylim=(0.1, 1.1))
ax.legend(frameon=False, loc="lower right")
ax.spines[["top", "right"]].set_visible(False)
