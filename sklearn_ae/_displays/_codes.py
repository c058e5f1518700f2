"""CodeDisplay: scatter plot of codes, coloured by class or by a quantity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

from ._axes import grid_of_axes, import_pyplot, one_axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

__all__ = ["CodeDisplay", "check_components", "names_of_codes"]

_MOST_COMPONENTS = 4  # drawn by default: a grid of more is too small to read
_MOST_CLASSES = 20  # whole numbers with more distinct values are a quantity
_MOST_NAMED = 30  # classes in a legend; more would fill the figure


class CodeDisplay:
    """Scatter plot of codes, coloured by class or by a quantity.

    Two components give one scatter plot. More give a grid of all pairs, of which the lower
    triangle is drawn. A single component is drawn as a strip, with the class or the
    quantity as height.

    Use ``CodeDisplay.from_estimator`` to create one.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_shown)
        Components to draw.

    names : array-like of str of shape (n_shown,)
        Names of the components, for the axis labels.

    y : array-like of shape (n_samples,), default=None
        Values for the colours. Strings, and whole numbers with up to 20 distinct values,
        are classes, with a legend for up to 30 of them. Other numbers are a quantity with a
        colour bar.

    Attributes
    ----------
    scatter_ : matplotlib PathCollection or list of PathCollection
        The points; for a grid one collection per pair, row by row.

    legend_ : matplotlib Legend or None
        Legend of the classes.

    colorbar_ : matplotlib Colorbar or None
        Colour bar of the quantity.

    ax_ : matplotlib Axes or ndarray of Axes of shape (n_shown - 1, n_shown - 1)
        Axes with the codes. In a grid, axes above the diagonal are turned off.

    figure_ : matplotlib Figure
        Figure of ``ax_``.

    See Also
    --------
    CodePlaneDisplay : Decoded codes, in the same units.

    Notes
    -----
    With a single axes the legend is to the right of it; a figure with
    ``layout="constrained"``, as is created by default, makes room for it.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_ae import AutoencoderTransformer, CodeDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> ae = AutoencoderTransformer(n_components=2, max_iter=5, random_state=0).fit(X)
    >>> display = CodeDisplay.from_estimator(ae, X, y)
    >>> display.ax_.get_xlabel()
    'autoencodertransformer0'
    """

    scatter_: Any  # PathCollection, or a list of them
    ax_: Any  # Axes, or an array of them
    legend_: Legend | None
    colorbar_: Colorbar | None
    figure_: Figure

    def __init__(
        self,
        *,
        codes: ArrayLike,
        names: Sequence[str] | NDArray[Any],
        y: ArrayLike | None = None,
    ):
        self.codes = codes
        self.names = names
        self.y = y

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        components: int | Sequence[int] | NDArray[Any] | None = None,
        ax: Axes | ArrayLike | None = None,
    ) -> Self:
        """Plot the codes of the samples in ``X``.

        Parameters
        ----------
        estimator : fitted estimator
            One of this package, or another with ``transform``.
        X : array-like of shape (n_samples, n_features)
            Samples whose codes are drawn.
        y : array-like of shape (n_samples,), default=None
            Class labels or a quantity, for the colours.
        components : int or array-like of int, default=None
            Indices of the components to draw. None draws all, but at most the first four.
        ax : matplotlib Axes or array-like of Axes, default=None
            Axes to draw on. For a grid a single axes is split, or an array with the size of
            the grid is used. None creates a new figure.

        Returns
        -------
        display : CodeDisplay

        Raises
        ------
        ValueError
            ``components``, ``y`` or ``ax`` is invalid.
        ImportError
            matplotlib is not installed.
        """
        import_pyplot()
        check_is_fitted(estimator)
        codes = np.asarray(estimator.transform(X))
        if components is None:
            components = range(min(_MOST_COMPONENTS, codes.shape[1]))
        components = check_components(components, codes.shape[1])
        names = names_of_codes(estimator, codes.shape[1])[components]
        return cls(codes=codes[:, components], names=names, y=y).plot(ax=ax)

    def plot(self, ax: Axes | ArrayLike | None = None) -> Self:
        """Plot the codes.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            Axes to draw on; see ``from_estimator``.

        Returns
        -------
        display : CodeDisplay
            The same object.
        """
        codes = np.asarray(self.codes)
        values, classes = _read(self.y, len(codes))
        n_shown = codes.shape[1]
        look = _look(values, classes, len(codes) * max(1, n_shown - 1))
        if n_shown == 1:
            self.ax_ = one_axes(ax)
            self.scatter_ = self._plot_strip(codes[:, 0], values, classes, look)
        elif n_shown == 2:
            self.ax_ = one_axes(ax)
            self.scatter_ = self.ax_.scatter(*codes.T, **look)
            self.ax_.set(xlabel=plain(self.names[0]), ylabel=plain(self.names[1]))
        else:
            side = n_shown - 1
            figsize = (max(6.4, 2.1 * side), max(4.8, 1.6 * side))
            self.ax_ = grid_of_axes(
                ax, side, side, figsize=figsize, sharex="col", sharey="row"
            )
            self.scatter_ = self._plot_pairs(codes, look)
        self.figure_ = np.ravel(self.ax_)[0].figure
        self._add_key(values, classes)
        return self

    @property
    def _name(self):
        """Name of ``y`` if it has one, as a Series has."""
        return getattr(self.y, "name", None)

    def _plot_strip(self, code, values, classes, look):
        """Draw one component, with the class, the quantity or noise as height."""
        self.ax_.set_xlabel(self.names[0])
        if values is not None and classes is None:
            self.ax_.set_ylabel(self._name or "y")
            return self.ax_.scatter(code, values, **look)
        # Random heights keep points apart; a fixed seed draws the same figure every time.
        heights = np.random.RandomState(0).uniform(-0.35, 0.35, len(code))
        if classes is not None:
            heights += values
        self.ax_.set(yticks=[], ylim=(heights.max() + 0.5, heights.min() - 0.5))
        return self.ax_.scatter(code, heights, **look)

    def _plot_pairs(self, codes, look):
        """Draw all pairs, the later component on the vertical axis."""
        scatters, side = [], len(self.ax_)
        size = "small" if side == 2 else "x-small"  # names are long
        for (up, across), ax in np.ndenumerate(self.ax_):
            if across > up:
                ax.set_axis_off()
                continue
            scatters.append(ax.scatter(codes[:, across], codes[:, up + 1], **look))
            ax.set_xlabel(self.names[across], fontsize=size)
            ax.set_ylabel(self.names[up + 1], fontsize=size)
            ax.tick_params(labelsize=size)
            ax.label_outer()
        return scatters

    def _add_key(self, values, classes):
        """Explain the colours by a legend or by a colour bar."""
        self.legend_ = self.colorbar_ = None
        if values is None or (classes is not None and len(classes) > _MOST_NAMED):
            return
        axes = np.atleast_2d(self.ax_)
        scatter = np.ravel(self.scatter_)[0]
        if classes is None:
            own = axes.ravel().tolist()
            bar: Any = self.figure_.colorbar(scatter, ax=own, label=self._name or "y")
            bar.solids.set_alpha(1)
            self.colorbar_ = bar
            return
        handles, _ = scatter.legend_elements(num=None, alpha=1)
        columns = 1 + (len(classes) - 1) // 15
        place = {"loc": "upper left", "bbox_to_anchor": (1, 1), "ncols": columns}
        if axes.size > 1:  # there is room above the diagonal
            place = {"loc": "upper right", "ncols": 1 + (len(classes) - 1) // 5}
        place |= {"title": self._name, "frameon": False, "handletextpad": 0.2}
        self.legend_ = axes[0, -1].legend(handles, map(plain, classes), **place)


def names_of_codes(estimator, n_components):
    """Return the names of the components of codes, or numbered names if there are none."""
    try:
        names = estimator.get_feature_names_out()
    except AttributeError:  # of a grid search, or a pipeline with a FunctionTransformer
        names = [f"component {i}" for i in range(n_components)]
    return np.asarray(names)


def check_components(components, n_components):
    """Return ``components`` as a list of distinct indices below ``n_components``."""
    chosen = np.atleast_1d(components)
    if (
        chosen.ndim != 1
        or chosen.dtype.kind not in "iu"
        or len(set(chosen.tolist())) < len(chosen)
        or not ((chosen >= 0) & (chosen < n_components)).all()
    ):
        raise ValueError(
            f"components={components!r} do not fit codes of {n_components} components; "
            f"expected different integers from 0 to {n_components - 1}. Count them from 0, "
            "the widest first."
        )
    return chosen.tolist()


def _read(y, n_samples):
    """Return ``y`` as numbers, and the classes that they index, or None."""
    if y is None:
        return None, None
    # The order of a pandas Categorical, which an array of its values has lost.
    order = getattr(getattr(y, "cat", y), "categories", None)
    y = column_or_1d(np.asarray(y))
    check_consistent_length(np.empty(n_samples), y)
    if y.dtype.kind not in "biuSU" and any(map(_is_missing, y.tolist())):
        raise ValueError(
            "y has missing values; expected a class or a number for every row. Pass the "
            "rows that have one, or give the others a separate class."
        )
    if y.dtype == object:
        y = np.asarray(y.tolist())  # numbers in an object array are still numbers
    if y.dtype.kind not in "biuf":
        y = y.astype(str)
    classes, index = np.unique(y, return_inverse=True)
    if order is not None and y.dtype.kind == "U":
        by_order = np.argsort([list(map(str, order)).index(name) for name in classes])
        classes, index = classes[by_order], np.argsort(by_order)[index]
    if y.dtype.kind in "iuf":
        whole = y.dtype.kind in "iu" or (classes == np.round(classes)).all()
        if not whole or len(classes) > _MOST_CLASSES:
            return y, None
    return index, classes


def _is_missing(value):
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 - as NaN does
    except TypeError:  # pandas' NA, which is neither true nor false
        return True


def _look(values, classes, n_samples):
    """Return the style of the points, which are smaller if there are more of them."""
    look = {"s": np.clip(20_000 / n_samples, 3, 25), "alpha": 0.8, "linewidths": 0}
    if values is None:
        return look
    if classes is None:
        return {**look, "c": values, "cmap": "viridis"}
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    n_classes = len(classes)
    if n_classes <= 20:
        listed: Any = colormaps["tab10" if n_classes <= 10 else "tab20"]
        colours = listed.colors[:n_classes]
    else:
        colours = colormaps["turbo"](np.linspace(0, 1, n_classes))
    palette = ListedColormap(colours)
    return {**look, "c": values, "cmap": palette, "vmin": -0.5, "vmax": n_classes - 0.5}
