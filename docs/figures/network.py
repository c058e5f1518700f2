"""The network: a row goes in at the left, through a code, and comes out at the right."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch

# Nodes of each layer, the code in the middle; what stands below; what colour it has.
layers = [
    (8, "X_scaled", "0.45"),
    (6, "hidden\nlayers", "C0"),
    (6, "", "C0"),
    (2, "code,\nthe bottleneck", "C3"),
    (6, "hidden\nlayers", "C0"),
    (6, "", "C0"),
    (8, "X_hat_scaled", "0.45"),
]
places = [0, 1.2, 2.0, 3.2, 4.4, 5.2, 6.4]
step = 0.42


def heights(n_nodes):
    return step * (np.arange(n_nodes) - (n_nodes - 1) / 2)


figure, ax = plt.subplots(figsize=(7.6, 4.1), layout="constrained")
for (left, *_), (right, *_), x, to in zip(
    layers[:-1], layers[1:], places[:-1], places[1:], strict=True
):
    for a in heights(left):
        for b in heights(right):
            ax.plot([x, to], [a, b], color="0.8", lw=0.5, zorder=1)
for (n_nodes, name, colour), x in zip(layers, places, strict=True):
    y = heights(n_nodes)
    ax.scatter(np.full(n_nodes, x), y, s=95, color=colour, edgecolor="white", zorder=3)
    middle = x + 0.4 if name.startswith("hidden") else x
    ax.text(middle, -1.75, name, ha="center", va="top", fontsize=10)

# Beside the hidden layers run the linear shortcuts.
for start, end, name in ((0, 3.2, "P x + p"), (3.2, 6.4, "P' code + p'")):
    y_start, y_end = (1.6, 0.42) if start == 0 else (0.42, 1.6)
    arrow = FancyArrowPatch(
        (start + 0.1, y_start),
        (end - 0.1, y_end),
        connectionstyle="arc3,rad=-0.28",
        arrowstyle="-|>",
        mutation_scale=13,
        color="C1",
        lw=2,
        zorder=4,
    )
    ax.add_patch(arrow)
    ax.text(start + 1.6, 2.0, name, ha="center", color="C1", fontsize=10)
ax.text(3.2, 2.45, "linear shortcuts, which start at PCA", ha="center", color="C1")
for start, end, name in ((0, 2.95, "encoder"), (3.45, 6.4, "decoder")):
    ax.plot([start, end], [-2.5, -2.5], color="0.3", lw=1.2)
    ax.text((start + end) / 2, -2.58, name, ha="center", va="top", fontsize=11)
ax.set(xlim=(-0.5, 6.9), ylim=(-3.0, 2.7))
ax.axis("off")
