"""
Maps to two dimensions: PCA, autoencoder, UMAP, t-SNE
=====================================================

Four methods draw a table as points in a plane. They differ in what the plane keeps: PCA and
:class:`~sklearn_ae.AutoencoderTransformer` keep what reconstructs a row,
`UMAP <https://umap-learn.readthedocs.io>`_ and :class:`~sklearn.manifold.TSNE` keep which
rows are neighbours. Which one is the right one depends on what you want to do next. UMAP
comes from the package ``umap-learn``.
"""

# %%
# A satellite's view of fields
# ----------------------------
# *Statlog (Landsat Satellite)* (Srinivasan, 1993, UCI Machine Learning Repository, CC BY
# 4.0): a row is a square of three by three pixels, each with four spectral bands, thus 36
# columns, and the kind of soil in the middle. The table has its own test rows; 1000
# training rows and 500 test rows are drawn, since t-SNE is slow. To run this page
# yourself, put :download:`the file </gallery/data/satellite.csv.gz>` in a folder ``data``
# beside the folder of the script; :download:`its source </gallery/data/SOURCE.txt>`.

import time
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsClassifier
from umap import UMAP

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
here = Path(globals().get("__file__", "notebook")).resolve()
fields = pd.read_csv(here.parents[1] / "data" / "satellite.csv.gz")
is_test = fields.pop("is_test") == 1
train = fields[~is_test].sample(1000, random_state=0)
test = fields[is_test].sample(500, random_state=0)
soil_train, soil_test = train.pop("target"), test.pop("target")
X_train, X_test = train.to_numpy(float), test.to_numpy(float)

# %%
# Four maps
# ---------
# All four have their default settings. UMAP compiles its code when it is first used; this
# is done beforehand on a few rows, and not counted. None of them is given the soil.

UMAP(random_state=0, n_jobs=1).fit(X_train[:100]).transform(X_test[:5])
methods = {
    "PCA": PCA(n_components=2),
    "autoencoder": AutoencoderTransformer(n_components=2, random_state=0),
    "UMAP": UMAP(n_components=2, random_state=0, n_jobs=1),
    "t-SNE": TSNE(n_components=2, random_state=0, n_jobs=1),
}
maps, seconds = {}, {}
for name, method in methods.items():
    start = time.perf_counter()
    maps[name] = method.fit_transform(X_train)
    seconds[name] = time.perf_counter() - start

figure, axes = plt.subplots(2, 2, figsize=(8, 7.4), layout="constrained")
for (name, points), ax in zip(maps.items(), axes.flat, strict=True):
    for soil in sorted(soil_train.unique()):
        ax.scatter(*points[soil_train == soil].T, s=5, label=soil)
    ax.set(title=name, xticks=[], yticks=[])
handles, labels = ax.get_legend_handles_labels()
look = {"ncols": 3, "frameon": False, "markerscale": 3}
figure.legend(handles, labels, loc="outside lower center", **look)
figure.suptitle("1000 squares of fields, a colour per kind of soil")
plt.show()

# %%
# What each map can do
# --------------------
# :func:`~sklearn.manifold.trustworthiness` is 1 if the ten nearest neighbours on the map
# are neighbours in the table too, and lower the further away they are there. The accuracy
# is that of ten nearest neighbours on the map, which find the soil of test rows. R² is the
# share of the variance of test rows that comes back from the map.

table = {}
for name, method in methods.items():
    row = {
        "seconds to fit": seconds[name],
        "trust, training rows": trustworthiness(X_train, maps[name], n_neighbors=10),
    }
    if hasattr(method, "transform"):
        points = method.transform(X_test)
        neighbours = KNeighborsClassifier(10).fit(maps[name], soil_train)
        row["trust, test rows"] = trustworthiness(X_test, points, n_neighbors=10)
        row["accuracy, test rows"] = neighbours.score(points, soil_test)
    if hasattr(method, "inverse_transform"):
        start = time.perf_counter()
        X_hat = method.inverse_transform(points)
        row["seconds of the way back"] = time.perf_counter() - start
        r2 = r2_score(X_test, X_hat, multioutput="variance_weighted")
        row["R² of the way back"] = r2
    table[name] = row
print(pd.DataFrame(table).round(3).to_string(na_rep="none"))

# %%
# - **Neighbours**: t-SNE keeps them best, then UMAP; the autoencoder is behind both, and
#   PCA last. For a picture of which rows are alike, take one of the first two. On test
#   rows UMAP and the autoencoder are level.
# - **New rows**: t-SNE cannot map them. UMAP can, and the autoencoder; neighbours on either
#   map find the soil of test rows about equally well, and on PCA's less often.
# - **The way back**: R² of the autoencoder is the highest. PCA's way back is exact algebra
#   and keeps less. UMAP has one too, but it is slow, and keeps less than PCA on this table.
# - **Time**: the autoencoder takes longer than PCA, and a fraction of the time of the
#   others. t-SNE's grows fastest with the number of rows.
#
# An autoencoder is the choice where codes are used further: decoded, checked for outliers
# by their error, or computed for new rows in a Pipeline.

measures = ["trust, training rows", "R² of the way back"]
colours = {"PCA": "0.5", "autoencoder": "C0", "UMAP": "C1", "t-SNE": "C3"}
figure, axes = plt.subplots(1, 2, figsize=(8, 2.9), layout="constrained")
for measure, ax in zip(measures, axes, strict=True):
    for place, name in enumerate(methods):
        value = table[name].get(measure)
        if value is None:
            ax.text(0.71, place, "has none", va="center")
        else:
            ax.plot(value, place, "o", ms=10, color=colours[name])
            ax.text(value + 0.012, place, f"{value:.3f}", va="center")
    ax.set_yticks(range(4), methods)
    ax.set(title=measure, xlim=(0.7, 1.06), ylim=(3.5, -0.5))
    ax.grid(axis="y", alpha=0.4)
axes[1].set_yticklabels([])
figure.suptitle("Neighbours are kept best by t-SNE, rows by the autoencoder")
plt.show()
