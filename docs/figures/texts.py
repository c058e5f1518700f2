"""What codes of sparse texts keep, of the benchmark sparse.py."""

import matplotlib.pyplot as plt
import numpy as np
from log import table

rows = table("sparse.py", 1)
figure, axes = plt.subplots(1, 2, figsize=(7, 3.2), layout="constrained")
colours = {"TruncatedSVD": "0.75", "PCA": "0.5", "AutoencoderTransformer": "C0"}
sizes = list(dict.fromkeys(row["components"] for row in rows))
for ax, key, name in zip(
    axes, ("R²", "accuracy"), ("R², held out", "accuracy of 20 modules"), strict=True
):
    for shift, (kind, colour) in enumerate(colours.items()):
        means = [
            np.mean(
                [
                    float(r[key])
                    for r in rows
                    if (r["components"], r["kind"]) == (size, kind)
                ]
            )
            for size in sizes
        ]
        places = np.arange(len(sizes)) + 0.27 * (shift - 1)
        bars = ax.bar(places, means, 0.25, color=colour, label=kind)
        ax.bar_label(bars, fmt="{:.2f}", fontsize=8)
    ax.set(title=name, xlabel="components", xticks=range(len(sizes)))
    ax.set_xticklabels(sizes)
    ax.spines[["top", "right"]].set_visible(False)
figure.legend(
    *ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False
)
