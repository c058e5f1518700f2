"""A linear autoencoder is PCA: at once in closed form, in the end by training."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, _ = load_digits(return_X_y=True)
X_train, X_test = train_test_split(X, random_state=0)
pca = PCA(8).fit(X_train)
closed = AutoencoderTransformer(8, hidden_layer_sizes=()).fit(X_train)
differs = np.abs(closed.transform(X_test) - pca.transform(X_test)).max()

settings = {"max_iter": 100, "learning_rate_init": 0.02, "n_iter_no_change": 100}
trained = AutoencoderTransformer(
    8, hidden_layer_sizes=(), init="random", random_state=0, **settings
).fit(X_train)
# The same rows are set aside for the same seed; its first epoch is PCA of all rows.
start = AutoencoderTransformer(8, max_iter=1, random_state=0).fit(X_train)

figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.5), layout="constrained")
codes, principal = closed.transform(X_test), pca.transform(X_test)
left.plot(*principal[:, :2].T, "o", ms=6, mfc="none", mec="0.5", label="PCA")
left.plot(*codes[:, :2].T, ".", ms=4, color="C0", label="hidden_layer_sizes=()")
left.set(xlabel="first component", ylabel="second component")
left.set_title(f"held-out codes differ by {differs:.0e} at most", fontsize=10)
left.legend(frameon=False, loc="upper left", ncols=2, columnspacing=1)
left.set_ylim(top=45)

right.axhline(start.validation_scores_[0], color="0.5", ls="--", label="PCA")
right.plot(trained.validation_scores_, color="C0", label="trained from random weights")
right.set(xlabel="epoch", ylabel="R² of validation rows", ylim=(0, 0.75))
right.set_title("a linear network in training", fontsize=10)
right.legend(frameon=False, loc="lower right")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
