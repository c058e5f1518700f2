"""
Codes in front of a classifier
==============================

The most common use of :class:`~sklearn.decomposition.PCA` in a Pipeline is to give a simple
model fewer columns. :class:`~sklearn_ae.AutoencoderTransformer` can replace it: a grid
search compares both in one step, and finds how many components a classifier needs.
"""

# %%
# A table from a satellite: nine pixels in four spectral bands, and the kind of soil in the
# middle, with test rows of its own (*Statlog (Landsat Satellite)*, Srinivasan, 1993, UCI
# Machine Learning Repository, CC BY 4.0). To run this page yourself, put
# :download:`the file </gallery/data/satellite.csv.gz>` in a folder ``data`` beside the
# folder of the script; :download:`its source </gallery/data/SOURCE.txt>`.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
here = Path(globals().get("__file__", "notebook")).resolve()
fields = pd.read_csv(here.parents[1] / "data" / "satellite.csv.gz")
is_test, soil = fields.pop("is_test") == 1, fields.pop("target")
X_train, y_train = fields[~is_test], soil[~is_test]
X_test, y_test = fields[is_test], soil[is_test]
print(f"{len(X_train)} training rows, {len(X_test)} test rows, {fields.shape[1]} columns")

# %%
# A step of the Pipeline is a parameter of the search. Reducers see no labels, and are
# fitted anew to the training rows of every split. The classifier is ten nearest neighbours.

neighbours = KNeighborsClassifier(10)
pipeline = Pipeline([("reduce", PCA()), ("classify", neighbours)])
sizes = [1, 2, 4, 8]
grid = {
    "reduce": [PCA(random_state=0), AutoencoderTransformer(random_state=0)],
    "reduce__n_components": sizes,
}
search = GridSearchCV(pipeline, grid, cv=3, refit=False).fit(X_train, y_train)

# %%
# For comparison, the classifier on all 36 columns.

results = search.cv_results_
plain = cross_val_score(neighbours, X_train, y_train, cv=3).mean()
names = {"PCA": "PCA", "AutoencoderTransformer": "autoencoder"}
print(f"36 columns: accuracy {plain:.3f}")
for reducer, size, accuracy in zip(
    results["param_reduce"],
    results["param_reduce__n_components"],
    results["mean_test_score"],
    strict=True,
):
    print(f"{names[type(reducer).__name__]:11} {size:2}: accuracy {accuracy:.3f}")

# %%
# With one or two components the autoencoder's codes distinguish more kinds of soil than
# PCA's: a curved surface follows the rows where a plane cannot. From four components on
# both are level, and neither is far from all 36 columns. Bars are the lowest and the
# highest of three splits.

splits = np.array([results[f"split{i}_test_score"] for i in range(3)])
figure, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
for (kind, name), style, colour in zip(
    names.items(), ("s--", "o-"), ("0.5", "C0"), strict=True
):
    mine = [type(reducer).__name__ == kind for reducer in results["param_reduce"]]
    mean = splits[:, mine].mean(axis=0)
    reach = np.abs(splits[:, mine].min(axis=0) - mean), splits[:, mine].max(axis=0) - mean
    ax.errorbar(sizes, mean, reach, fmt=style, color=colour, capsize=3, label=name)
ax.axhline(plain, color="black", linestyle=":", label="all 36 columns")
ax.set_xscale("log", base=2)
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.set(xlabel="components", ylabel="accuracy of nearest neighbours", ylim=(None, 1))
ax.set_title("Kinds of soil, by nearest neighbours among codes")
ax.legend(loc="lower right", frameon=False)
plt.show()

# %%
# The test rows took no part in this. On them too the autoencoder is ahead with two
# components and level with eight, and all columns are better than two of either.

reducers = {f"PCA, {k}": PCA(k) for k in (2, 8)}
for k in (2, 8):
    reducers[f"autoencoder, {k}"] = AutoencoderTransformer(k, random_state=0)
reducers["36 columns"] = "passthrough"
for name, reducer in reducers.items():
    pipeline.set_params(reduce=reducer).fit(X_train, y_train)
    print(f"{name:14} accuracy {pipeline.score(X_test, y_test):.3f} on test rows")
