"""The picture of a table: shares by column, and codes of two numbers."""

import numpy as np

from sklearn_ae import CodeDisplay

from ._columns import is_number, short
from ._target import are_classes

__all__ = ["draw"]

# Neither is a colour of a class beside it.
COLOURS = {"PCA": "#222222", "autoencoder": "#c2185b"}
LEAST = -0.25  # shares below are drawn here
MOST_CLASSES = 8


def draw(path, shares, size, codes, y):
    """Save the picture.

    Parameters
    ----------
    path : Path
    shares : DataFrame
        By column of the table: "PCA" and "autoencoder".
    size : int
        Of the codes that these are of.
    codes : dict of two ndarrays of shape (n_rows, 2)
        By the same names.
    y : Series
        What the codes are coloured by.

    Raises
    ------
    ImportError
        There is no matplotlib.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, max(7, 2 + 0.26 * len(shares))), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1))
    _draw_shares(figure.add_subplot(grid[:, 0]), shares, size)
    y = _colours(y)
    names = "component 1", "component 2"
    for i, (name, points) in enumerate(codes.items()):
        there = y.notna().to_numpy()
        axes = figure.add_subplot(grid[i, 1])
        CodeDisplay(codes=points[there], names=names, y=y[there]).plot(axes)
        axes.set_title(f"{name}: codes of 2 numbers", color=COLOURS[name])
        _leave_out_outliers(axes, points)
    figure.savefig(path, dpi=130)


def _draw_shares(axes, shares, size):
    shown = shares.iloc[::-1]
    places = np.arange(len(shown))
    clipped = shown.clip(lower=LEAST)
    axes.hlines(places, clipped.min(axis=1), clipped.max(axis=1), color="0.8", lw=3)
    for name, colour in COLOURS.items():
        # A ring and a dot: where the two are equal, both are seen.
        look = {"s": 60, "facecolor": "white"} if name == "PCA" else {"s": 30}
        look = {"color": colour, "linewidth": 2} | look
        axes.scatter(clipped[name], places, label=name, zorder=3, **look)
    labels = [short(name) for name in shown.index]
    axes.set_yticks(places, labels, parse_math=False)
    axes.set_ylim(-0.7, len(shown) - 0.3)
    below = f" (below {LEAST:g}: at {LEAST:g})" if (shown < LEAST).any(axis=None) else ""
    axes.set_xlabel(f"share kept by {size} numbers, in held-out rows{below}")
    axes.grid(axis="x", color="0.92")
    axes.set_axisbelow(True)
    axes.axvline(0, color="0.6", lw=1)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)


def _colours(y):
    """Return a column as numbers, or as text of few categories, under a short name."""
    name = short(y.name, 20).replace("$", r"\$")
    if is_number(y) and not are_classes(y):
        return y.astype(float).rename(name)
    text = y.astype(object).map(lambda cell: short(cell, 20), na_action="ignore")
    common = text.value_counts().index[:MOST_CLASSES]
    return text.where(text.isin(common) | text.isna(), "others").rename(name)


def _leave_out_outliers(axes, points):
    """Show all points but those far out, which would press the others together."""
    low, high = np.percentile(points, [0.5, 99.5], axis=0)
    room = (high - low) / 4
    inside = np.clip(points, low - room, high + room)
    margin = np.ptp(inside, axis=0) / 20 + 1e-9
    axes.set_xlim(inside[:, 0].min() - margin[0], inside[:, 0].max() + margin[0])
    axes.set_ylim(inside[:, 1].min() - margin[1], inside[:, 1].max() + margin[1])
