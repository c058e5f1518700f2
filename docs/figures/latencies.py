"""Milliseconds to encode one row and a thousand, of the benchmark serving.py."""

import matplotlib.pyplot as plt
from log import table

rows = [row for row in table("serving.py", 1) if row["dtype"] == "float32"]
colours = {"estimator": "C0", "to_numpy": "C9", "ONNX Runtime": "C2", "PCA": "0.5"}
figure, axes = plt.subplots(1, 2, figsize=(7, 2.4), layout="constrained", sharey=True)
for ax, row in zip(axes, rows, strict=True):
    values = [float(row[name].removesuffix(" ms")) for name in colours]
    bars = ax.barh(list(colours), values, color=list(colours.values()))
    ax.bar_label(bars, labels=[f" {value:g} ms" for value in values], fontsize=9)
    name = "one row" if row["rows"] == "1" else f"{row['rows']} rows"
    ax.set(title=name, xticks=[], xlim=(0, 1.25 * max(values)))
    ax.spines[["top", "right", "bottom"]].set_visible(False)
axes[0].invert_yaxis()
