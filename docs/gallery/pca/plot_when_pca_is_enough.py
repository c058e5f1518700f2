"""
When PCA is enough
==================

An autoencoder gains over PCA where data lie along a curve. Where they lie along a plane
there is little to gain, and a more flexible model may learn the noise of the training
rows. The fit decides this itself: it starts at PCA, and leaves it only for a gain on
validation rows that is not in doubt. ``best_iter_`` shows the result: 0 is PCA.
"""

# %%
# Three point clouds in space, each reduced to two numbers per point: a normal distribution
# that is thin in one direction, a bowl, and a sheet in the shape of an S.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import make_s_curve
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
rng = np.random.RandomState(0)
normal = rng.normal(size=(1500, 3)) * [1.0, 0.6, 0.2]
x, y = rng.uniform(-1, 1, size=(2, 1500))
bowl = np.column_stack([x, y, x**2 + y**2]) + 0.03 * rng.normal(size=(1500, 3))
s_curve, _ = make_s_curve(1500, noise=0.03, random_state=0)
clouds = {"normal": normal, "bowl": bowl, "S-curve": s_curve}

# %%
# R² of held-out points. For the normal cloud the autoencoder is PCA, to the last
# digit. For the others it is nonlinear.

fitted = {}
for cloud, points in clouds.items():
    train, test = train_test_split(points, random_state=0)
    pca = PCA(n_components=2).fit(train)
    ae = AutoencoderTransformer(n_components=2, random_state=0).fit(train)
    fitted[cloud] = {"PCA": pca, "autoencoder": ae}
    X_hat = pca.inverse_transform(pca.transform(test))
    r2 = r2_score(test, X_hat, multioutput="variance_weighted")
    print(f"{cloud:8} R² of PCA {r2:.4f}, of the autoencoder {ae.score(test):.4f}", end="")
    print(f", best_iter_ {ae.best_iter_}")
    if ae.best_iter_ == 0:
        print(
            "         the same reconstructions:", np.allclose(ae.reconstruct(test), X_hat)
        )

# %%
# Grey points are the data, coloured ones the reconstructions from two numbers, coloured by
# the first of them. PCA fits a flat sheet to every cloud, and loses the depth of the S.
# The autoencoder fits the same sheet as PCA, or a curved one.

views = {"normal": (15, -60), "bowl": (12, -60), "S-curve": (12, -70)}
zoom = {"normal": 1.2, "bowl": 1.1, "S-curve": 1.0}
figure = plt.figure(figsize=(9, 6), layout="constrained")
axes = figure.subplots(2, 3, subplot_kw={"projection": "3d"})
for (cloud, reducers), column in zip(fitted.items(), axes.T, strict=True):
    points = clouds[cloud]
    for (name, reducer), ax in zip(reducers.items(), column, strict=True):
        codes = reducer.transform(points)
        ax.scatter(*points.T, s=3, color="0.6", alpha=0.4)
        ax.scatter(*reducer.inverse_transform(codes).T, s=3, c=codes[:, 0], cmap="viridis")
        epoch = f", best_iter_ {reducer.best_iter_}" if name == "autoencoder" else ""
        ax.set_title(f"{cloud}\n{name}{epoch}", fontsize="medium")
        ax.view_init(*views[cloud])
        ax.set(xticklabels=[], yticklabels=[], zticklabels=[])
        ax.set_box_aspect(np.ptp(points, axis=0), zoom=zoom[cloud])
figure.suptitle("Three clouds, reconstructed from two numbers per point")
plt.show()

# %%
# A ``best_iter_`` of 0 does not prove that data are linear. There may be too few rows to
# detect the curvature, or too few epochs to learn it. The table has the S-curve with more
# and more points, fitted with the default number of epochs and with patience, and evaluated
# on the 1500 points above.

print("rows     PCA   default: R², best_iter_   patient: R², best_iter_")
patience = {"max_iter": 200, "n_iter_no_change": 50}
for n_rows in (20, 80, 320):
    points, _ = make_s_curve(n_rows, noise=0.03, random_state=1)
    linear = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(points)  # PCA
    print(f"{n_rows:4} {linear.score(s_curve):7.3f}", end="")
    for settings in ({}, patience):
        ae = AutoencoderTransformer(2, **settings, random_state=0).fit(points)
        print(f"{ae.score(s_curve):14.3f} {ae.best_iter_:11}", end="")
    print()
