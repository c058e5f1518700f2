"""
Grid search over code size, layers and loss
===========================================

:class:`~sklearn.model_selection.GridSearchCV` needs no ``scoring`` for an autoencoder:
``score`` is R², the share of the variance that reconstructions of held-out rows keep, in
the same units whatever ``loss`` training minimised. So one grid can contain losses and
all other parameters.
"""

# %%
# A table from a satellite: nine pixels in four spectral bands, 36 columns in the same unit
# (*Statlog (Landsat Satellite)*, Srinivasan, 1993, UCI Machine Learning Repository, CC BY
# 4.0). To run this page yourself, put :download:`the file </gallery/data/satellite.csv.gz>`
# in a folder ``data`` beside the folder of the script;
# :download:`its source </gallery/data/SOURCE.txt>`. Fewer rows and epochs than one would
# take otherwise make the search quick.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
here = Path(globals().get("__file__", "notebook")).resolve()
fields = pd.read_csv(here.parents[1] / "data" / "satellite.csv.gz").drop(columns="target")
is_test = fields.pop("is_test") == 1
X_train = fields[~is_test].sample(2000, random_state=0).astype(float)
X_test = fields[is_test].astype(float)
grid = {
    "n_components": [1, 2, 4],
    "hidden_layer_sizes": [(), (64,), (128, 128)],
    "loss": ["mse", "huber", "mae"],
}
ae = AutoencoderTransformer(max_iter=20, random_state=0)
search = GridSearchCV(ae, grid, cv=2).fit(X_train)
print(search.best_params_)

# %%
# The best one on test rows, beside PCA with as many components:

pca = PCA(search.best_params_["n_components"]).fit(X_train)
X_hat = pca.inverse_transform(pca.transform(X_test))
print(f"autoencoder: R² {search.score(X_test):.3f}")
print(f"PCA:         R² {r2_score(X_test, X_hat, multioutput='variance_weighted'):.3f}")

# %%
# One plot per loss, one cell per candidate. More components keep more, so the largest
# code wins any such search: choose the size by what you need, and compare the
# cells of that row. ``()`` has no hidden layers, and is PCA where the loss is "mse".

results = search.cv_results_
score = {
    (size, hidden, loss): value
    for size, hidden, loss, value in zip(
        *(results[f"param_{name}"] for name in grid),
        results["mean_test_score"],
        strict=True,
    )
}
sizes, layers, losses = grid.values()
figure, axes = plt.subplots(1, 3, figsize=(9, 3.8), sharey=True, layout="constrained")
for loss, ax in zip(losses, axes, strict=True):
    cells = np.array([[score[size, hidden, loss] for hidden in layers] for size in sizes])
    image = ax.imshow(cells, vmin=0.4, vmax=1, cmap="viridis", aspect="auto")
    for (row, column), value in np.ndenumerate(cells):
        ink = "white" if value < 0.75 else "black"
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink)
    ax.set_xticks(range(len(layers)), [str(hidden) for hidden in layers])
    ax.set_yticks(range(len(sizes)), sizes)
    ax.set(title=f'loss="{loss}"', xlabel="hidden_layer_sizes")
axes[0].set_ylabel("n_components")
figure.colorbar(image, ax=axes, label="R² on held-out rows")
figure.suptitle("R² of every candidate, mean of two splits")
plt.show()

# %%
# With a given code size, say 2, the same numbers choose the other parameters.

of_size = {key: value for key, value in score.items() if key[0] == 2}
for (_, hidden, loss), value in sorted(of_size.items(), key=lambda item: -item[1])[:3]:
    print(f"hidden_layer_sizes={hidden!s:10} loss={loss!r}: R² {value:.3f}")
