"""Where networks of your own stand: each beside a linear shortcut, to which it is added."""

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(7.6, 2.5), layout="constrained")
colours = {"yours": "C0", "shortcut": "C1", "rows": "0.45", "code": "C3"}


def box(x, y, text, kind):
    look = {"boxstyle": "round,pad=0.45", "fc": colours[kind], "ec": "none"}
    ax.text(x, y, text, ha="center", va="center", color="white", bbox=look, fontsize=10)


def arrow(start, end):
    look = {"arrowstyle": "-|>", "color": "0.6", "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=look)


for left, right, own in ((0, 3.4, "encoder"), (3.4, 6.8, "decoder")):
    middle, plus = (left + right) / 2 - 0.15, right - 0.62
    for y in (0.55, -0.55):
        arrow((left + 0.4, 0.1 * y), (middle - 0.85, y))
        arrow((middle + 0.85, y), (plus - 0.08, 0.15 * y))
    arrow((plus + 0.1, 0), (right - 0.33, 0))
    ax.text(plus, 0, "+", ha="center", va="center", fontsize=14)
    box(middle, 0.55, f"{own}(n_in, n_out)", "yours")
    box(middle, -0.55, "linear shortcut", "shortcut")
box(0, 0, "row,\nscaled", "rows")
box(3.4, 0, "code", "code")
box(6.8, 0, "row,\nscaled", "rows")
ax.set(xlim=(-0.5, 7.3), ylim=(-1, 1))
ax.axis("off")
