"""R² of a grid search over code size and hidden layers, a line per layers."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
sizes, layers = [1, 2, 4, 8, 16], [(), (64,), (128, 128)]
grid = {"hidden_layer_sizes": layers, "n_components": sizes}
ae = AutoencoderTransformer(max_iter=20, random_state=0)
search = GridSearchCV(ae, grid, cv=3).fit(load_digits().data)
scores = np.reshape(search.cv_results_["mean_test_score"], (len(layers), len(sizes)))

figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for hidden, r2, colour, style in zip(
    layers, scores, ("0.5", "C9", "C0"), "s^o", strict=True
):
    name = f"{hidden}, which is PCA" if hidden == () else str(hidden)
    ax.plot(sizes, r2, marker=style, color=colour, label=name)
ax.set(xscale="log", xlabel="n_components", ylabel="R², mean of three folds")
ax.set_xticks(sizes, labels=sizes)
ax.minorticks_off()
ax.legend(frameon=False, title="hidden_layer_sizes")
ax.spines[["top", "right"]].set_visible(False)
