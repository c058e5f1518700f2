"""The axes that displays draw on: pyplot on demand, one axes, or a grid of axes."""

import numpy as np

__all__ = ["as_dense", "grid_of_axes", "import_pyplot", "one_axes", "plain", "whole_ticks"]


def import_pyplot():
    """Return matplotlib.pyplot; raise an error that says how to install it."""
    # Not at the top of the file: matplotlib is an optional dependency, and slow to import.
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"Displays draw with matplotlib, which cannot be imported ({error}); expected "
            "matplotlib 3.9 or later. Install it: python -m pip install matplotlib."
        ) from error
    return plt


def as_dense(X):
    """Return ``X``, as an array if it is sparse."""
    return X.toarray() if hasattr(X, "toarray") else X


def one_axes(ax, figsize=None):
    """Return ``ax``, or the axes of a new figure if it is None."""
    if ax is None:
        _, ax = import_pyplot().subplots(figsize=figsize, layout="constrained")
    if not hasattr(ax, "scatter"):
        raise ValueError(
            f"ax is a {type(ax).__name__}; expected one matplotlib Axes here. Pass one of "
            "those that plt.subplots makes, as axes[0]."
        )
    return ax


def whole_ticks(ax):
    """Let ticks of the horizontal axis be whole numbers, unless they are the user's."""
    from matplotlib.ticker import MaxNLocator

    locator = ax.xaxis.get_major_locator()
    if isinstance(locator, MaxNLocator):
        locator.set_params(integer=True)


def plain(text):
    """Return ``text`` with dollar signs escaped, which matplotlib reads as formulas."""
    return str(text).replace("$", r"\$")


def grid_of_axes(ax, n_rows, n_columns, *, figsize=None, **share):
    """Return an ndarray of axes, (n_rows, n_columns).

    Parameters
    ----------
    ax : matplotlib Axes, array-like of Axes, or None
        A single axes is split, an array is used as given, None creates a new figure.
    n_rows, n_columns : int
    figsize : tuple of float, default=None
        Size of a new figure in inches.
    **share
        ``sharex`` and ``sharey`` of the axes that are created.
    """
    if ax is None:
        figure = import_pyplot().figure(figsize=figsize, layout="constrained")
        grid = figure.add_gridspec(n_rows, n_columns)
    elif hasattr(ax, "get_subplotspec"):
        place = ax.get_subplotspec()
        if place is None:
            raise ValueError(
                "The given ax has no place in a grid of subplots; expected one that can be "
                f"split into {n_rows} x {n_columns}. Make it with plt.subplots, or pass an "
                "array of axes."
            )
        ax.set_axis_off()
        grid = place.subgridspec(n_rows, n_columns)
    else:
        axes = np.asarray(ax, dtype=object)
        if axes.size != n_rows * n_columns:
            raise ValueError(
                f"ax has {axes.size} axes, in shape {axes.shape}; expected "
                f"{n_rows} x {n_columns}. Pass plt.subplots({n_rows}, {n_columns})[1], or "
                "one axes to be split."
            )
        return axes.reshape(n_rows, n_columns)
    return grid.subplots(squeeze=False, **share)
