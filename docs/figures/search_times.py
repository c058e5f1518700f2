"""Seconds of a grid search with one worker and two, of the benchmark grid_search.py."""

import matplotlib.pyplot as plt
import numpy as np
from log import table

rows = [row for row in table("grid_search.py") if row["search"] == "second"]
figure, ax = plt.subplots(figsize=(6, 2.4), layout="constrained")
for shift, (key, name, colour) in enumerate(
    (("ours", "AutoencoderTransformer", "C0"), ("MLPRegressor", "MLPRegressor", "C1"))
):
    seconds = [float(row[key].removesuffix(" s")) for row in rows]
    bars = ax.barh(
        np.arange(len(rows)) + 0.4 * shift, seconds, 0.36, color=colour, label=name
    )
    ax.bar_label(bars, labels=[f" {value:g} s" for value in seconds], fontsize=9)
ax.set_yticks(np.arange(len(rows)) + 0.2, [f"n_jobs={row['n_jobs']}" for row in rows])
ax.set(xticks=[], xlabel="seconds of 36 fits")
ax.invert_yaxis()
figure.legend(loc="outside upper center", ncols=2, frameon=False)
ax.spines[["top", "right", "bottom"]].set_visible(False)
