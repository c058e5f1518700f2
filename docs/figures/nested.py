"""Held-out digits: one ordered fit, truncated, beside PCA and fits of each size."""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, _ = load_digits(return_X_y=True)
X_train, X_test = train_test_split(X, random_state=0)
sizes = [2, 4, 8, 16]


def kept_by_pca(n_components):
    pca = PCA(n_components).fit(X_train)
    X_hat = pca.inverse_transform(pca.transform(X_test))
    return r2_score(X_test, X_hat, multioutput="variance_weighted")


nested = AutoencoderTransformer(16, ordered=True, random_state=0).fit(X_train)
separate = [AutoencoderTransformer(j, random_state=0).fit(X_train) for j in sizes]
curves = {
    "a fit of each size": ("o-", "C0", [ae.score(X_test) for ae in separate]),
    "one ordered fit, truncated": (
        "s--",
        "C0",
        [nested.truncate(j).score(X_test) for j in sizes],
    ),
    "PCA": ("o-", "0.5", [kept_by_pca(j) for j in sizes]),
}

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
for name, (style, colour, line) in curves.items():
    ax.plot(
        sizes,
        line,
        style,
        color=colour,
        mfc="white" if "s" in style else colour,
        label=name,
    )
ax.set_xscale("log", base=2)
ax.set_xticks(sizes, [str(size) for size in sizes])
ax.set_xlabel("number of components, of 64 columns")
ax.set(ylabel="R² of held-out rows", ylim=(0, 1))
ax.legend(frameon=False, loc="lower right")
ax.spines[["top", "right"]].set_visible(False)
