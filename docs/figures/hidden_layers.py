"""Held-out digits in eight components: more hidden layers, and wider ones."""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, _ = load_digits(return_X_y=True)
X_train, X_test = train_test_split(X, random_state=0)


def kept(*hidden_layer_sizes):
    """Return R² of the training rows and of held-out ones."""
    ae = AutoencoderTransformer(8, hidden_layer_sizes=hidden_layer_sizes, random_state=0)
    ae.fit(X_train)
    return ae.score(X_train), ae.score(X_test)


pca = kept()
numbers, widths = [0, 1, 2, 3], [8, 16, 32, 64, 128]
default = kept(128, 128)
deeper = [pca, kept(128), default, kept(128, 128, 128)]
wider = [*(kept(width, width) for width in widths[:-1]), default]
figure, (left, right) = plt.subplots(
    1, 2, figsize=(8.2, 3.4), layout="constrained", sharey=True
)
for ax, x, scores in ((left, range(4), deeper), (right, range(5), wider)):
    train, test = zip(*scores, strict=True)
    ax.plot(x, train, "o:", color="C0", alpha=0.5, label="training rows")
    ax.plot(x, test, "o-", color="C0", label="held-out rows")
    ax.axhline(pca[1], color="0.5", lw=1.5, ls="--", label="PCA, held-out rows")
    ax.spines[["top", "right"]].set_visible(False)
left.set_xticks(range(4), numbers)
right.set_xticks(range(5), widths)
left.set(xlabel="hidden layers of 128 nodes", ylabel="R² with 8 components")
right.set(xlabel="nodes in each of two hidden layers", ylim=(0.6, 1))
right.legend(frameon=False, loc="upper left")
