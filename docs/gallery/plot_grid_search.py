"""
Grid search over code size, layers and loss
===========================================

:class:`~sklearn.model_selection.GridSearchCV` needs no ``scoring`` for an autoencoder:
``score`` is R², the share of the variance that reconstructions of held-out rows keep, in
the same units whatever ``loss`` training minimised. So one grid can contain losses and
all other parameters.
"""

# %%
# Digits with pixels in [0, 1], as ``loss="bce"`` needs them. Fewer epochs than the default
# make the search quick.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X_train, X_test = train_test_split(X / 16, random_state=0)
grid = {
    "n_components": [2, 4, 8],
    "hidden_layer_sizes": [(), (64,), (128, 128)],
    "loss": ["mse", "mae", "bce"],
}
ae = AutoencoderTransformer(max_iter=10, random_state=0)
search = GridSearchCV(ae, grid, cv=2).fit(X_train)
print(search.best_params_)
print(f"R² of the best one on held-out rows: {search.score(X_test):.3f}")

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
    table = np.array([[score[size, hidden, loss] for hidden in layers] for size in sizes])
    image = ax.imshow(table, vmin=0, vmax=1, cmap="viridis", aspect="auto")
    for (row, column), value in np.ndenumerate(table):
        ink = "white" if value < 0.6 else "black"
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink)
    ax.set_xticks(range(len(layers)), [str(hidden) for hidden in layers])
    ax.set_yticks(range(len(sizes)), sizes)
    ax.set(title=f'loss="{loss}"', xlabel="hidden_layer_sizes")
axes[0].set_ylabel("n_components")
figure.colorbar(image, ax=axes, label="R² on held-out rows")
plt.show()

# %%
# With a given code size, say 4, the same numbers choose the other parameters.

of_size = {key: value for key, value in score.items() if key[0] == 4}
for (_, hidden, loss), value in sorted(of_size.items(), key=lambda item: -item[1])[:3]:
    print(f"hidden_layer_sizes={hidden!s:10} loss={loss!r}: R² {value:.3f}")
