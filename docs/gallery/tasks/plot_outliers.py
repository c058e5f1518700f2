"""
Outliers by reconstruction error
================================

An autoencoder that was fitted to usual rows reconstructs unusual ones badly, which makes it
a method of anomaly detection. ``score_samples`` reports this for each row: minus the loss,
which is lower for rows less like the training rows. It is compared with the same error of
:class:`~sklearn.decomposition.PCA` and with
:class:`~sklearn.ensemble.IsolationForest`, by the area under the ROC curve: 0.5 is chance,
1 means that all outliers rank before all other rows.
"""

# %%
# Three ways to score rows, all fitted to usual rows only. Higher is more unusual.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import RocCurveDisplay, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)


def by_autoencoder(train, test, n_components):
    ae = AutoencoderTransformer(n_components, random_state=0).fit(train)
    return -ae.score_samples(test)


def by_pca(train, test, n_components):
    pca = PCA(n_components).fit(train)
    X_hat = pca.inverse_transform(pca.transform(test))
    return ((test - X_hat) ** 2).mean(axis=1)


def by_forest(train, test, n_components):
    return -IsolationForest(random_state=0).fit(train).score_samples(test)


methods = {
    "PCA": by_pca,
    "autoencoder": by_autoencoder,
    "isolation forest": by_forest,
}
colours = {"PCA": "0.5", "autoencoder": "tab:blue", "isolation forest": "tab:orange"}


def score(X, is_odd, n_components):
    """Fit to 70 % of the usual rows; return the scores of each method for all others."""
    train, usual = train_test_split(X[~is_odd], test_size=0.3, random_state=0)
    test = np.vstack([usual, X[is_odd]])
    truth = np.repeat([False, True], [len(usual), is_odd.sum()])
    scores = {name: rank(train, test, n_components) for name, rank in methods.items()}
    return truth, scores


# %%
# Two tables. Among breast tumours the malignant ones stand apart: most of their thirty
# measurements are larger. A forest, which isolates extremes one column at a time, finds
# them best, and the nonlinear codes gain little on PCA. Among digits the eights have no
# extreme pixel, only a combination that other digits lack. A forest detects almost none of
# them, and the autoencoder most.

cancer = load_breast_cancer()
is_malignant = cancer.target == 0
benign_units = StandardScaler().fit(cancer.data[~is_malignant])
digits = load_digits()
tables = {
    "malignant among benign tumours": score(
        benign_units.transform(cancer.data), is_malignant, n_components=5
    ),
    "eights among other digits": score(digits.data, digits.target == 8, n_components=8),
}
figure, axes = plt.subplots(1, 2, figsize=(9, 5.2), layout="constrained")
for (title, (truth, scores)), ax in zip(tables.items(), axes, strict=True):
    ax.set_prop_cycle(color=[colours[name] for name in scores])
    for name, values in scores.items():
        RocCurveDisplay.from_predictions(truth, values, name=name, ax=ax)
    ax.plot([0, 1], [0, 1], color="black", lw=0.8, linestyle=":", zorder=0)
    ax.set(title=title, xlabel="share of usual rows taken for outliers")
    ax.set_ylabel("share of outliers found")
    ax.legend(loc="lower right", frameon=False)
figure.suptitle("ROC curves of three ways to score rows")
plt.show()

# %%
# Which eights are found? The most and the least unusual of them, by the autoencoder:

truth, scores = tables["eights among other digits"]
eights = digits.data[digits.target == 8]
order = np.argsort(-scores["autoencoder"][truth])
figure, axes = plt.subplots(2, 10, figsize=(8, 1.9), layout="constrained")
ends = {"most unusual": order[:10], "least unusual": order[-10:]}
for (name, places), line in zip(ends.items(), axes, strict=True):
    for image, ax in zip(eights[places], line, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
figure.suptitle("Eights among other digits, by the autoencoder")
plt.show()

# %%
# Eights were not selected for their result. Here every digit is the left-out one in turn.

areas = {name: [] for name in methods}
for digit in range(10):
    truth, scores = score(digits.data, digits.target == digit, n_components=8)
    for name, values in scores.items():
        areas[name].append(roc_auc_score(truth, values))
figure, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
for (name, values), marker in zip(areas.items(), "osD", strict=True):
    label = f"{name}, mean {np.mean(values):.3f}"
    ax.plot(values, marker, color=colours[name], label=label)
ax.axhline(0.5, color="black", lw=0.8, linestyle=":", zorder=0)
ax.set(
    xlabel="digit that was left out", ylabel="area under the ROC curve", ylim=(None, 1.02)
)
ax.set_xticks(range(10))
ax.set_title("Every digit as the outlier in turn")
figure.legend(loc="outside lower center", ncols=3, frameon=False)
plt.show()
