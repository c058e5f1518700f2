"""ReconstructionDisplay: samples and their reconstructions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .._sklearn._counts import validate_count
from ._axes import as_dense, grid_of_axes, import_pyplot, one_axes, plain
from ._images import check_image_shape, mosaic, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

__all__ = ["ReconstructionDisplay"]

# The most that is legible in a figure of matplotlib's default size.
_IMAGES, _ROWS, _MOST_COLUMNS = 10, 3, 30


class ReconstructionDisplay:
    """Samples and their reconstructions, as images or as bars.

    Images are drawn in two lines, the originals on top. Other samples have one axes each,
    with two bars per feature, the value and its reconstruction. The error of each sample
    is shown as a number.

    Use ``ReconstructionDisplay.from_estimator`` to create one.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Samples to draw.

    X_hat : ndarray of shape (n_rows, n_features)
        Their reconstructions.

    image_shape : tuple of int, default=None
        (height, width) or (height, width, 3) of samples that are images. None draws bars.

    feature_names : array-like of str of shape (n_features,), default=None
        Names of the features. None numbers them: "x0", "x1" and so on.

    mean : array-like of shape (n_features,), default=None
        Value of each feature at which its bars begin. None is zero.

    scale : array-like of shape (n_features,), default=None
        Unit of the bars for each feature. None is the unit of the feature itself.

    Attributes
    ----------
    errors_ : ndarray of shape (n_rows,)
        Root mean squared error of each sample over all its features: for images in the
        units of ``X``, for bars in the units of the bars.

    image_ : matplotlib AxesImage or None
        All images in one picture.

    bars_ : list of matplotlib BarContainer or None
        For each sample the bars of its values, then those of its reconstruction.

    ax_ : matplotlib Axes or ndarray of Axes of shape (n_rows,)
        Axes with the samples: a single one for images, and for the bars of one sample.

    figure_ : matplotlib Figure
        Figure of ``ax_``.

    See Also
    --------
    CodePlaneDisplay : Decoded codes on a plane of two components.
    LossCurveDisplay : Losses of the training epochs.

    Notes
    -----
    With more than 30 features, bars are drawn for the 30 with the largest root mean squared
    error over the drawn samples.

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

    errors_: NDArray[np.floating[Any]]
    image_: AxesImage | None
    bars_: list[list[BarContainer]] | None
    ax_: Any  # Axes, or an array of them
    figure_: Figure

    def __init__(
        self,
        *,
        X: ArrayLike,
        X_hat: ArrayLike,
        image_shape: Sequence[int] | None = None,
        feature_names: Sequence[str] | NDArray[Any] | None = None,
        mean: ArrayLike | None = None,
        scale: ArrayLike | None = None,
    ):
        self.X = X
        self.X_hat = X_hat
        self.image_shape = image_shape
        self.feature_names = feature_names
        self.mean = mean
        self.scale = scale

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        n_rows: int | None = None,
        image_shape: Sequence[int] | None = None,
        ax: Axes | ArrayLike | None = None,
    ) -> Self:
        """Plot the first samples of ``X`` and their reconstructions.

        Parameters
        ----------
        estimator : fitted estimator
            One of this package, or another with ``transform`` and ``inverse_transform``.
        X : array-like of shape (n_samples, n_features)
            Samples, of which the first are drawn. Bars are in standard deviations from
            the mean of the features of ``X``, so pass more samples than are drawn.
            Features that do not vary are in their own units.
        n_rows : int, default=None
            Number of samples to draw. None is 10 images, or 3 samples as bars.
        image_shape : tuple of int, default=None
            (height, width) or (height, width, 3) of samples that are images. None draws
            bars.
        ax : matplotlib Axes or array-like of Axes, default=None
            Axes to draw on. If several are needed, a single axes is split, or an array of
            ``n_rows`` axes is used. None creates a new figure.

        Returns
        -------
        display : ReconstructionDisplay

        Raises
        ------
        ValueError
            ``image_shape`` or ``ax`` is invalid, or ``n_rows`` is not a positive integer.
        ImportError
            matplotlib is not installed.
        """
        import_pyplot()
        check_is_fitted(estimator)
        X = as_dense(X)
        if n_rows is None:
            n_rows = _ROWS if image_shape is None else _IMAGES
        validate_count("n_rows", n_rows)
        table: Any = X  # of any kind that can be sliced by rows
        X_hat = _rebuild(estimator, table[:n_rows])
        names = getattr(estimator, "feature_names_in_", getattr(X, "columns", None))
        mean, scale = _units(X) if image_shape is None else (None, None)
        display = cls(
            X=np.array(table[:n_rows], dtype=np.float64),  # a view would keep all of X
            X_hat=X_hat,
            image_shape=image_shape,
            feature_names=names,
            mean=mean,
            scale=scale,
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | ArrayLike | None = None) -> Self:
        """Plot the samples.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            Axes to draw on; see ``from_estimator``.

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
        # The height of two lines of images and their labels, or the axes would be mostly
        # empty.
        ax = one_axes(ax, figsize=(6.4, min(4.8, 0.7 + 11 * height / (n_rows * width))))
        picture = mosaic(np.concatenate([X, X_hat]), n_rows, shape)
        self.image_ = show(ax, picture, (X.min(), X.max()))
        self.errors_ = np.sqrt(((X - X_hat) ** 2).mean(axis=1))
        ax.set_yticks(
            [(height - 1) / 2, (3 * height - 1) / 2], ["original", "reconstruction"]
        )
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
            axes[0].set_ylabel(f"{len(shown)} of {n_features} columns, largest errors")
        axes[n_rows // 2].set_xlabel(unit)
        # Above the feature names and beside the titles, where it covers no bars.
        place = {"loc": "lower right", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
        axes[0].legend(frameon=False, handlelength=1, **place)
        self.ax_ = axes if n_rows > 1 else axes[0]
        self.figure_ = axes[0].figure


def _rebuild(estimator, X):
    """Return the reconstructions by ``estimator``, which may be PCA or a pipeline."""
    if hasattr(estimator, "reconstruct"):
        return np.asarray(estimator.reconstruct(X))
    return np.asarray(estimator.inverse_transform(estimator.transform(X)))


def _units(X):
    """Return means and standard deviations of features, or None twice if none varies."""
    X = np.asarray(X, dtype=np.float64)
    varies = np.nanmin(X, axis=0) < np.nanmax(X, axis=0)
    if not varies.any():
        return None, None
    mean, scale = np.nanmean(X, axis=0), np.nanstd(X, axis=0)
    return np.where(varies, mean, 0.0), np.where(varies, scale, 1.0)


def _is_leftmost(ax):
    """Return whether no axes to the left of ``ax`` can show the names."""
    place = ax.get_subplotspec()
    return place is None or place.is_first_col()


def _pair_of_bars(ax, pair):
    """Draw the values of a sample and its reconstruction, both given in ``pair``."""
    places = np.arange(pair.shape[1])
    ax.axvline(0, color="0.4", linewidth=0.8)
    return [
        ax.barh(places + shift, widths, height=0.38, color=colour, label=label)
        for shift, widths, colour, label in zip(
            (-0.2, 0.2), pair, ("C0", "C1"), ("value", "reconstruction"), strict=True
        )
    ]
