"""Seconds of a fit by rows and columns, of the benchmark growth.py."""

import matplotlib.pyplot as plt
from log import table

rows = [row for row in table("growth.py") if row["rows"] != "all"]
figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for n_columns, colour, marker in (
    ("1000", "C9", "^"),
    ("100", "C0", "o"),
    ("10", "0.5", "s"),
):
    of_these = [row for row in rows if row["columns"] == n_columns]
    n_rows = [int(row["rows"].replace(",", "")) for row in of_these]
    seconds = [float(row["seconds"]) for row in of_these]
    ax.plot(n_rows, seconds, marker=marker, color=colour, label=f"{n_columns} columns")
ax.set(xscale="log", yscale="log", xlabel="rows", ylabel="seconds of a fit, one thread")
ax.set_xticks([1e3, 1e4, 1e5, 1e6], labels=["1,000", "10,000", "100,000", "1,000,000"])
ax.set_yticks([1, 10, 100], labels=["1", "10", "100"])
ax.minorticks_off()
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
