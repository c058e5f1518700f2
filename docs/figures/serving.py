"""Time and memory until the first row is encoded, of the benchmark serving.py."""

import matplotlib.pyplot as plt
from log import table

rows = {row["what"]: row for row in table("serving.py")}
names = {
    "estimator": "estimator, pickled",
    "load": "sklearn_ae.load",
    "PCA": "PCA, pickled",
    "ONNX Runtime": "ONNX Runtime",
    "to_numpy": "to_numpy, pickled",
}
colours = ["C0", "C0", "0.5", "C9", "C9"]
figure, axes = plt.subplots(1, 2, figsize=(7, 2.6), layout="constrained", sharey=True)
for ax, key, unit in zip(axes, ("first row", "memory"), ("s", "MB"), strict=True):
    values = [float(rows[name][key].removesuffix(f" {unit}")) for name in names]
    bars = ax.barh(list(names.values()), values, color=colours)
    ax.bar_label(bars, labels=[f" {value:g} {unit}" for value in values], fontsize=9)
    ax.set(title={"s": "seconds to the first row", "MB": "memory of the process"}[unit])
    ax.set(xticks=[], xlim=(0, 1.2 * max(values)))
    ax.spines[["top", "right", "bottom"]].set_visible(False)
axes[0].invert_yaxis()
