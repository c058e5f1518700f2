"""R² of held-out points of an S-curve, by how many the fit was given."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import make_s_curve
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
sizes, n_draws = [40, 80, 160, 320, 640], 8
X_test, _ = make_s_curve(2000, noise=0.02, random_state=99)
found = []
for n_rows in sizes:
    for seed in range(n_draws):
        X, _ = make_s_curve(n_rows, noise=0.02, random_state=seed)
        scaler = StandardScaler().fit(X)
        pca, ae = (
            AutoencoderTransformer(2, hidden_layer_sizes=layers, random_state=seed).fit(
                scaler.transform(X)
            )
            for layers in ((), (128, 128))
        )
        rows = scaler.transform(X_test)
        place = n_rows * 1.04 ** (seed - n_draws / 2)
        found.append((place, pca.score(rows), ae.score(rows), ae.best_iter_ == 0))
places, by_pca, by_ae, stays = np.transpose(found)
stays = stays.astype(bool)

figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
ax.plot(places, by_pca, "_", color="0.5", ms=9, mew=2, label="PCA")
ax.plot(places[~stays], by_ae[~stays], "o", color="C0", label="AutoencoderTransformer")
ax.plot(
    places[stays],
    by_ae[stays],
    "o",
    color="C0",
    mfc="none",
    label="the same, where it stayed PCA",
)
ax.set(
    xscale="log", xlabel="rows of the fit, eight draws each", ylabel="R² of held-out rows"
)
ax.set_xticks(sizes, labels=sizes)
ax.minorticks_off()
figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
ax.spines[["top", "right"]].set_visible(False)
