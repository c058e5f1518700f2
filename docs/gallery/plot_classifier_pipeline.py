"""
Codes in front of a classifier
==============================

The most common use of :class:`~sklearn.decomposition.PCA` in a Pipeline is to give a simple
model fewer columns. :class:`~sklearn_ae.AutoencoderTransformer` can replace it: a grid
search compares both in one step, and finds how many components a classifier needs.
"""

# %%
# A step of the Pipeline is a parameter of the search. Reducers see no labels, and are
# fitted anew to the training rows of every split.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
classifier = LogisticRegression(max_iter=1000)
pipeline = Pipeline(
    [("reduce", PCA()), ("scale", StandardScaler()), ("classify", classifier)]
)
sizes = [2, 4, 8, 16]
grid = {
    "reduce": [PCA(random_state=0), AutoencoderTransformer(random_state=0)],
    "reduce__n_components": sizes,
}
search = GridSearchCV(pipeline, grid, cv=3, refit=False).fit(X, y)

# %%
# For comparison, the classifier on all 64 pixels.

results = search.cv_results_
plain = cross_val_score(Pipeline(pipeline.steps[1:]), X, y, cv=3).mean()
names = {"PCA": "PCA", "AutoencoderTransformer": "autoencoder"}
print(f"64 pixels: accuracy {plain:.3f}")
for reducer, size, accuracy in zip(
    results["param_reduce"],
    results["param_reduce__n_components"],
    results["mean_test_score"],
    strict=True,
):
    print(f"{names[type(reducer).__name__]:11} {size:2}: accuracy {accuracy:.3f}")

# %%
# With few components the autoencoder's codes separate far more digits: nonlinear structure
# of the pixels becomes more linear in the codes, and the classifier is linear. With more
# components PCA catches up, and with many there is little left to gain. Bars are the
# lowest and the highest of three splits.

splits = np.array([results[f"split{i}_test_score"] for i in range(3)])
figure, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
for (kind, name), style in zip(names.items(), ("s--", "o-"), strict=True):
    mine = [type(reducer).__name__ == kind for reducer in results["param_reduce"]]
    mean = splits[:, mine].mean(axis=0)
    reach = np.abs(splits[:, mine].min(axis=0) - mean), splits[:, mine].max(axis=0) - mean
    ax.errorbar(sizes, mean, reach, fmt=style, capsize=3, label=name)
ax.axhline(plain, color="0.5", linestyle=":", label="all 64 pixels")
ax.set_xscale("log", base=2)
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.set(xlabel="components", ylabel="accuracy of logistic regression", ylim=(None, 1))
ax.legend(loc="lower right", frameon=False)
plt.show()
