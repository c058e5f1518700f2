"""R² of PCA and of the autoencoder on each table, of the benchmark against_pca.py."""

import matplotlib.pyplot as plt
import numpy as np
from log import table

rows = table("against_pca.py")
figure, axes = plt.subplots(1, 2, figsize=(8, 4.6), layout="constrained", sharey=True)
names = [row["data"] for row in rows if row["components"] == "2"]
names.sort(
    key=lambda name: float(
        next(r["PCA"] for r in rows if r["data"] == name and r["components"] == "2")
    )
)
for ax, size in zip(axes, ("2", "8"), strict=True):
    for place, name in enumerate(names):
        for row in rows:
            if (row["data"], row["components"]) == (name, size):
                pca, ours = float(row["PCA"]), float(row["autoencoder"])
                ax.plot([pca, ours], [place, place], color="0.8", lw=2, zorder=1)
                ax.scatter(
                    ours, place, color="C0", label="AutoencoderTransformer", zorder=2
                )
                ax.scatter(pca, place, color="0.5", s=22, label="PCA", zorder=3)
    ax.set(
        title=f"{size} components",
        xlabel="R², held out, mean of three splits",
        xlim=(0, 1.02),
    )
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_yticks(np.arange(len(names)), [name.replace("_", " ") for name in names])
handles, labels = axes[0].get_legend_handles_labels()
figure.legend(handles[:2], labels[:2], loc="outside upper center", ncols=2, frameon=False)
