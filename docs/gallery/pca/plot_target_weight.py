"""
Codes that keep what predicts y
===============================

PCA keeps the directions of largest variance, whatever a classifier needs. With
``target_weight``, codes of :class:`~sklearn_ae.AutoencoderTransformer` also keep what
predicts ``y``: how much is gained, and what do reconstructions lose?
"""

# %%
# Accuracy and R² against the weight
# ----------------------------------
# In a Pipeline the autoencoder and the classifier both get ``y``. Both are fitted anew to
# the training samples of every split, so that accuracy is that of samples which neither
# has seen.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer

# sphinx_gallery_thumbnail_number = 2
torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
pipeline = make_pipeline(AutoencoderTransformer(2, random_state=0), classifier)
weights = [0.0, 0.1, 0.25, 0.5]


def accuracy_and_r2(pipeline, X, y):
    return {"accuracy": pipeline.score(X, y), "R²": pipeline[0].score(X)}


search = GridSearchCV(
    pipeline,
    {"autoencodertransformer__target_weight": weights},
    scoring=accuracy_and_r2,
    refit=False,
    cv=3,
).fit(X, y)
accuracy, r2 = (search.cv_results_[f"mean_test_{name}"] for name in ("accuracy", "R²"))
of_pca = cross_val_score(make_pipeline(PCA(2), classifier), X, y, cv=3).mean()
print(f"PCA: accuracy {of_pca:.3f}")
for row in zip(weights, accuracy, r2, strict=True):
    print("target_weight={:.2f}: accuracy {:.3f}, R² {:.3f}".format(*row))

# %%
# Two components cannot hold everything about a digit of 64 pixels. With a small weight they
# already keep what the classifier needs, and R² hardly changes; with a large weight R²
# falls.

figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
ax.plot(weights, accuracy, "o-", color="C0", label="accuracy of logistic regression")
ax.plot(weights, r2, "s--", color="C9", label="R² of reconstructions")
ax.axhline(of_pca, color="0.5", linestyle=":", label="accuracy with PCA")
ax.set(xlabel="target_weight", ylim=(0, 1), title="Two components that also predict y")
ax.legend(loc="lower right", frameon=False)
plt.show()

# %%
# Maps of digits
# --------------
# Held-out samples in two dimensions, a color per digit, compared with the methods that make
# such maps from labels: LDA, neighborhood components analysis, and UMAP where umap-learn is
# installed. The number is the accuracy of logistic regression on held-out samples.

order = np.random.default_rng(0).permutation(len(X))
train, test = order[:1200], order[1200:]
keeping = AutoencoderTransformer(2, target_weight=0.25, random_state=0)
reducers = {
    "PCA": PCA(2),
    "LDA": LinearDiscriminantAnalysis(n_components=2),
    "NCA": NeighborhoodComponentsAnalysis(2, max_iter=20, random_state=0),
    "autoencoder": AutoencoderTransformer(2, random_state=0),
    "target_weight=0.25": keeping,
}
try:
    from umap import UMAP

    reducers["UMAP with y"] = UMAP(n_components=2, random_state=0, n_jobs=1)
except ImportError:
    pass

figure, axes = plt.subplots(2, 3, figsize=(9, 6), layout="constrained")
for ax, (name, reducer) in zip(axes.flat, reducers.items(), strict=False):
    reducer.fit(X[train], y[train])
    codes = reducer.transform(X[test])
    known = classifier.fit(reducer.transform(X[train]), y[train]).score(codes, y[test])
    ax.scatter(*codes.T, c=y[test], cmap="tab10", s=6)
    ax.set(title=f"{name}: {known:.2f}", xticks=[], yticks=[])
for ax in axes.flat[len(reducers) :]:
    ax.axis("off")
figure.suptitle("Held-out digits in two dimensions, and accuracy of logistic regression")
plt.show()

# %%
# Decode the map
# --------------
# PCA and the autoencoders are trained to decode their maps: every point is an image.
# The picture shows what lies between the digits, on a grid over the middle of the map.

codes = keeping.transform(X[train])
low, high = np.percentile(codes, [5, 95], axis=0)
across, down = (np.linspace(low[i], high[i], 15) for i in (0, 1))
grid = np.array([(x, z) for z in down[::-1] for x in across])
images = keeping.inverse_transform(grid).reshape(15, 15, 8, 8)
figure, ax = plt.subplots(figsize=(6, 6), layout="constrained")
ax.imshow(images.transpose(0, 2, 1, 3).reshape(120, 120), cmap="gray_r", vmin=0, vmax=16)
ax.set(xticks=[], yticks=[], title="Decoded codes of the map with target_weight=0.25")
plt.show()
