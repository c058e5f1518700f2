"""Seconds of a fit beside PCA's, of the benchmark pca_time.py."""

import matplotlib.pyplot as plt
import numpy as np
from log import table

rows = table("pca_time.py")[::-1]
names = [row["data"] for row in rows]
pca = [float(row["PCA.fit"].removesuffix(" ms")) / 1000 for row in rows]
ours = [float(row["fit"].removesuffix(" s")) for row in rows]

figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
places = np.arange(len(rows))
ax.hlines(places, pca, ours, color="0.8", lw=2, zorder=1)
ax.scatter(pca, places, color="0.5", label="PCA", zorder=2)
ax.scatter(ours, places, color="C0", label="AutoencoderTransformer", zorder=2)
for place, row, x in zip(places, rows, ours, strict=True):
    ax.annotate(
        f"{row['fit / PCA.fit']} times",
        (x, place),
        (8, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
    )
ax.set(xscale="log", xlim=(2e-4, 60), xlabel="seconds of a fit, one thread", yticks=places)
ax.set_yticklabels([name.replace("_", " ") for name in names])
figure.legend(loc="outside upper center", ncols=2, frameon=False)
ax.spines[["top", "right"]].set_visible(False)
