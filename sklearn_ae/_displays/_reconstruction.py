"""ReconstructionDisplay: rows, and what the network makes of them."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._sklearn._validation import validate_count
from ._axes import grid_of_axes, import_pyplot, one_axes, plain
from ._images import check_image_shape, mosaic, show

__all__ = ["ReconstructionDisplay"]

# What can be read in a figure of matplotlib's usual size.
_IMAGES, _ROWS, _MOST_COLUMNS = 10, 3, 30


class ReconstructionDisplay:
    """Rows and their reconstructions, as images or as bars.

    Images stand in two lines, originals above. Of a table each row has its own axes with
    two bars per column, the value and the rebuilt one. A number per row tells its error.

    Use ``ReconstructionDisplay.from_estimator`` to make one.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Rows to draw.

    X_hat : ndarray of shape (n_rows, n_features)
        Their reconstructions.

    image_shape : tuple of int, default=None
        (height, width) or (height, width, 3) of rows that are images. None draws bars.

    feature_names : array-like of str of shape (n_features,), default=None
        Names of the columns. None counts them: "x0", "x1" and so on.

    mean : array-like of shape (n_features,), default=None
        Where bars begin, per column. None is zero.

    scale : array-like of shape (n_features,), default=None
        What bars are measured in, per column. None is the unit of the column.

    Attributes
    ----------
    errors_ : ndarray of shape (n_rows,)
        Root mean squared error of each row over all its columns: of images in the units
        of ``X``, of bars in those of the bars.

    image_ : matplotlib AxesImage or None
        The images, all in one.

    bars_ : list of matplotlib BarContainer or None
        For each row the bars of its values, then those of its reconstruction.

    ax_ : matplotlib Axes or ndarray of Axes of shape (n_rows,)
        Where it is drawn: one axes for images, and for the bars of one row.

    figure_ : matplotlib Figure
        Figure of ``ax_``.

    See Also
    --------
    CodePlaneDisplay : Rows for codes that no row has.
    LossCurveDisplay : How training went.

    Notes
    -----
    Of tables with more than 30 columns the 30 are drawn whose rebuilt values are farthest
    from the given ones, in root mean square over the drawn rows.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_ae import AutoencoderTransformer, ReconstructionDisplay
    >>> X, _ = load_digits(return_X_y=True)
    >>> ae = AutoencoderTransformer(n_components=8, max_iter=5, random_state=0).fit(X)
    >>> display = ReconstructionDisplay.from_estimator(ae, X, image_shape=(8, 8))
    >>> display.errors_.shape
    (10,)
    """

    def __init__(
        self, *, X, X_hat, image_shape=None, feature_names=None, mean=None, scale=None
    ):
        self.X = X
        self.X_hat = X_hat
        self.image_shape = image_shape
        self.feature_names = feature_names
        self.mean = mean
        self.scale = scale

    @classmethod
    def from_estimator(cls, estimator, X, *, n_rows=None, image_shape=None, ax=None):
        """Draw the first rows of ``X`` and their reconstructions.

        Parameters
        ----------
        estimator : fitted estimator
            One of this package, or another with ``transform`` and ``inverse_transform``.
        X : array-like of shape (n_samples, n_features)
            Bars are in standard deviations from the mean of its columns, so pass more
            rows than are drawn. A column that does not vary is in its own units.
        n_rows : int, default=None
            Rows to draw. None is 10 images, or 3 rows of a table.
        image_shape : tuple of int, default=None
            (height, width) or (height, width, 3) of rows that are images. None draws bars.
        ax : matplotlib Axes or array-like of Axes, default=None
            Where to draw. Where several are needed one is split, or ``n_rows`` are taken.
            None makes a new figure.

        Returns
        -------
        display : ReconstructionDisplay

        Raises
        ------
        ValueError
            ``image_shape`` or ``ax`` does not fit, or ``n_rows`` is no count.
        ImportError
            matplotlib is not installed.
        """
        import_pyplot()
        check_is_fitted(estimator)
        if n_rows is None:
            n_rows = _ROWS if image_shape is None else _IMAGES
        validate_count("n_rows", n_rows)
        X_hat = _rebuild(estimator, X[:n_rows])
        names = getattr(estimator, "feature_names_in_", getattr(X, "columns", None))
        mean, scale = _units(X) if image_shape is None else (None, None)
        display = cls(
            X=np.array(X[:n_rows], dtype=np.float64),  # a view would keep the table
            X_hat=X_hat,
            image_shape=image_shape,
            feature_names=names,
            mean=mean,
            scale=scale,
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the rows.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            Where to draw; see ``from_estimator``.

        Returns
        -------
        display : ReconstructionDisplay
            The same object.
        """
        self.image_ = self.bars_ = None
        if self.image_shape is None:
            self._plot_bars(ax)
        else:
            self._plot_images(ax)
        return self

    def _plot_images(self, ax):
        X, X_hat = np.asarray(self.X), np.asarray(self.X_hat)
        n_rows = len(X)
        shape = check_image_shape(self.image_shape, X.shape[1])
        height, width = shape[0] + 2, shape[1] + 2
        # As high as two lines of images are, with room for labels.
        ax = one_axes(ax, figsize=(6.4, min(4.8, 0.7 + 11 * height / (n_rows * width))))
        picture = mosaic(np.concatenate([X, X_hat]), n_rows, shape)
        self.image_ = show(ax, picture, (X.min(), X.max()))
        self.errors_ = np.sqrt(((X - X_hat) ** 2).mean(axis=1))
        ax.set_yticks([(height - 1) / 2, (3 * height - 1) / 2], ["original", "rebuilt"])
        ax.set_xticks(
            np.arange(n_rows) * width + (width - 1) / 2,
            [f"{error:.3g}" for error in self.errors_],
            rotation=0 if n_rows <= _IMAGES else 90,
        )
        ax.set_xlabel("root mean squared error")
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure

    def _plot_bars(self, ax):
        mean = 0.0 if self.mean is None else np.asarray(self.mean)
        scale = 1.0 if self.scale is None else np.asarray(self.scale)
        pairs = (np.stack([self.X, self.X_hat]) - mean) / scale  # (2, n_rows, n_features)
        squares = (pairs[0] - pairs[1]) ** 2
        self.errors_ = np.sqrt(squares.mean(axis=1))
        n_rows, n_features = squares.shape
        shown = np.sort(np.argsort(-squares.sum(axis=0), kind="stable")[:_MOST_COLUMNS])
        figsize = (6.4 + 1.6 * max(0, n_rows - _ROWS), 4.8)
        axes = grid_of_axes(ax, 1, n_rows, figsize=figsize, sharex=True, sharey=True)[0]
        self.bars_ = [
            _pair_of_bars(axes[row], pairs[:, row, shown]) for row in range(n_rows)
        ]
        names = self.feature_names
        if names is None:
            names = [f"x{i}" for i in range(n_features)]
        size = "medium" if len(shown) <= 15 else "small" if len(shown) <= 24 else "x-small"
        unit = "value" if self.scale is None else "standard deviations"
        labels = [plain(names[column]) for column in shown]
        low, high = pairs[:, :, shown].min(initial=0), pairs[:, :, shown].max(initial=0)
        limits = low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1)
        for row, one in enumerate(axes):
            one.set_title(f"row {row}\nerror {self.errors_[row]:.3g}", fontsize="medium")
            one.set_yticks(np.arange(len(shown)), labels, fontsize=size)
            one.set_ylim(len(shown) - 0.4, -0.6)  # the first column at the top
            one.set_xlim(limits)
            one.tick_params(axis="y", length=0, labelleft=_is_leftmost(one))
        if len(shown) < n_features:
            axes[0].set_ylabel(f"{len(shown)} columns rebuilt worst, of {n_features}")
        axes[n_rows // 2].set_xlabel(unit)
        # Above the names, beside the titles, where there is room.
        place = {"loc": "lower right", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
        axes[0].legend(frameon=False, handlelength=1, **place)
        self.ax_ = axes if n_rows > 1 else axes[0]
        self.figure_ = axes[0].figure


def _rebuild(estimator, X):
    """Return what ``estimator`` makes of rows, PCA and pipelines too."""
    if hasattr(estimator, "reconstruct"):
        return np.asarray(estimator.reconstruct(X))
    return np.asarray(estimator.inverse_transform(estimator.transform(X)))


def _units(X):
    """Return means and deviations of columns; of one row, where none vary, None twice."""
    X = np.asarray(X, dtype=np.float64)
    varies = np.nanmin(X, axis=0) < np.nanmax(X, axis=0)
    if not varies.any():
        return None, None
    mean, scale = np.nanmean(X, axis=0), np.nanstd(X, axis=0)
    return np.where(varies, mean, 0.0), np.where(varies, scale, 1.0)


def _is_leftmost(ax):
    """Tell whether ``ax`` has no neighbour at its left that could hold the names."""
    place = ax.get_subplotspec()
    return place is None or place.is_first_col()


def _pair_of_bars(ax, pair):
    """Draw the values of a row and below each the rebuilt one; ``pair`` has both."""
    places = np.arange(pair.shape[1])
    ax.axvline(0, color="0.4", linewidth=0.8)
    return [
        ax.barh(places + shift, widths, height=0.38, color=colour, label=label)
        for shift, widths, colour, label in zip(
            (-0.2, 0.2), pair, ("C0", "C1"), ("value", "rebuilt"), strict=True
        )
    ]
