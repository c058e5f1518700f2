"""CodePlaneDisplay: decoded codes on a plane of two components."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ._axes import as_dense, import_pyplot, one_axes, plain
from ._codes import check_components, names_of_codes
from ._images import check_image_shape, mosaic, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

__all__ = ["CodePlaneDisplay"]

# Quantiles between which codes and pixel values are drawn, since extremes would stretch
# both scales; without samples, codes are drawn up to this many standard deviations.
_SHARES = (0.02, 0.98)
_DEVIATIONS = 2

_N_DRAWN = 1000  # samples generated to estimate the range of codes with an activation


class CodePlaneDisplay:
    """Decoded codes on a plane of two components: a mosaic of images, or a feature map.

    Two components vary over a grid and the others are constant. The axes are in units of
    the codes, so that ``CodeDisplay`` can draw on them.

    Use ``CodePlaneDisplay.from_estimator`` to create one.

    Parameters
    ----------
    X_hat : ndarray of shape (n_steps, n_steps, n_features)
        Decoded codes: the first index is vertical, from bottom to top, the second
        horizontal.

    steps : ndarray of shape (2, n_steps)
        Values of the two components on the grid, horizontal and vertical.

    names : array-like of str of shape (2,)
        Labels of the axes.

    image_shape : tuple of int, default=None
        (height, width) or (height, width, 3) of samples that are images. None draws a
        single feature.

    feature : int, default=0
        Feature to draw if samples are not images.

    feature_name : str, default=None
        Name of that feature, for the colour bar.

    Attributes
    ----------
    image_ : matplotlib AxesImage
        The mosaic or the map, in units of the codes.

    colorbar_ : matplotlib Colorbar or None
        Values of the feature.

    ax_ : matplotlib Axes
        Axes with the plane.

    figure_ : matplotlib Figure
        Figure of ``ax_``.

    See Also
    --------
    CodeDisplay : Scatter plot of the codes of samples.
    sklearn.inspection.PartialDependenceDisplay : A similar plot for the features of a
        predictor.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_ae import CodePlaneDisplay, VariationalAutoencoder
    >>> X, _ = load_digits(return_X_y=True)
    >>> vae = VariationalAutoencoder(n_components=2, max_iter=5, random_state=0).fit(X)
    >>> display = CodePlaneDisplay.from_estimator(vae, n_steps=10, image_shape=(8, 8))
    >>> display.X_hat.shape
    (10, 10, 64)
    """

    image_: AxesImage
    colorbar_: Colorbar | None
    ax_: Axes
    figure_: Figure

    def __init__(
        self,
        *,
        X_hat: ArrayLike,
        steps: ArrayLike,
        names: Sequence[str] | NDArray[Any],
        image_shape: Sequence[int] | None = None,
        feature: int | None = 0,
        feature_name: str | None = None,
    ):
        self.X_hat = X_hat
        self.steps = steps
        self.names = names
        self.image_shape = image_shape
        self.feature = feature
        self.feature_name = feature_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike | None = None,
        *,
        components: Sequence[int] | NDArray[Any] = (0, 1),
        n_steps: int = 15,
        image_shape: Sequence[int] | None = None,
        feature: int | str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Decode a plane of codes and plot it.

        Parameters
        ----------
        estimator : fitted estimator
            One of this package, or another with ``transform`` and ``inverse_transform``.
        X : array-like of shape (n_samples, n_features), default=None
            Samples that set the range of the plane: from the 2 % to the 98 % quantile of
            their codes, with the other components at their mean. None uses two standard
            deviations around zero: those of the codes of the training samples, whose mean
            is zero, or of the prior of a VariationalAutoencoder. With a
            ``code_activation`` it uses the codes of samples from ``sample``.
        components : pair of int, default=(0, 1)
            Indices of the horizontal and the vertical component.
        n_steps : int, default=15
            Number of codes along each side. A larger value shows finer steps in smaller
            images.
        image_shape : tuple of int, default=None
            (height, width) or (height, width, 3) of samples that are images.
        feature : int or str, default=None
            Feature to draw, by index or by name. None uses the one that varies most over
            the plane, in standard deviations of ``X``, or without ``X`` in the units of
            the network.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        display : CodePlaneDisplay

        Raises
        ------
        ValueError
            ``components``, ``n_steps``, ``image_shape`` or ``feature`` is invalid.
        ImportError
            matplotlib is not installed.
        """
        import_pyplot()
        check_is_fitted(estimator)
        if not isinstance(n_steps, int | np.integer) or n_steps < 2:
            raise ValueError(
                f"n_steps={n_steps!r} makes no plane; expected at least 2 codes along each "
                "side. Pass n_steps=15 for the usual number."
            )
        X = as_dense(X)
        middle, low, high = _where_codes_lie(estimator, X)
        pair = _check_pair(components, len(middle))
        steps = np.linspace(low[pair], high[pair], n_steps, axis=1)
        codes = np.tile(middle, (n_steps, n_steps, 1))
        codes[:, :, pair[0]] = steps[0]
        codes[:, :, pair[1]] = steps[1][:, np.newaxis]
        rows = np.asarray(estimator.inverse_transform(codes.reshape(-1, len(middle))))
        column = name = None
        if image_shape is None:
            names = getattr(estimator, "feature_names_in_", getattr(X, "columns", None))
            scale = np.asarray(getattr(estimator, "scale_", 1.0))
            if X is not None:
                scale = np.asarray(X).std(axis=0)
            column, name = _choose(feature, names, rows, scale)
        elif feature is not None:
            raise ValueError(
                f"feature={feature!r} and image_shape={image_shape!r} were given; expected "
                "one of them. Leave out image_shape to draw a column, or feature to draw "
                "images."
            )
        display = cls(
            X_hat=rows.reshape(n_steps, n_steps, -1),
            steps=steps,
            names=names_of_codes(estimator, len(middle))[pair],
            image_shape=image_shape,
            feature=column,
            feature_name=name,
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Plot the plane.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        display : CodePlaneDisplay
            The same object.
        """
        X_hat, steps = np.asarray(self.X_hat), np.asarray(self.steps)
        n_steps, n_features = X_hat.shape[1:]
        if self.image_shape is not None:
            shape = check_image_shape(self.image_shape, n_features)
        axes = one_axes(ax)
        first, last = steps[:, 0], steps[:, -1]
        # Half a tile further on each side, so that each code is in the middle of its tile
        # and points drawn over the plane by CodeDisplay are where they belong.
        tile = (last - first) / (n_steps - 1)
        (left, bottom), (right, top) = first - tile / 2, last + tile / 2
        place: dict[str, Any] = {"extent": (left, right, bottom, top), "origin": "upper"}
        self.colorbar_ = None
        if self.image_shape is None:
            values = X_hat[::-1, :, self.feature]
            self.image_ = axes.imshow(
                values, interpolation="bilinear", aspect="auto", **place
            )
            self.colorbar_ = axes.figure.colorbar(
                self.image_, ax=axes, label=self.feature_name
            )
        else:
            picture = mosaic(X_hat[::-1].reshape(-1, n_features), n_steps, shape)
            limits = np.quantile(X_hat, _SHARES)  # a few extreme pixels would fade the rest
            aspect = picture.shape[0] / picture.shape[1] * tile[0] / tile[1]
            self.image_ = show(axes, picture, limits, aspect=aspect, **place)
        axes.set(xlabel=self.names[0], ylabel=self.names[1])
        self.ax_, self.figure_ = axes, axes.figure
        return self


def _where_codes_lie(estimator, X):
    """Return the centre of the codes, and the range to draw of each component."""
    if X is None and getattr(estimator, "code_activation", "identity") != "identity":
        # Such codes have a mean other than zero and bounds, beyond which decoded codes
        # would mean nothing.
        X = estimator.sample(_N_DRAWN, random_state=0)
    if X is not None:
        codes = np.asarray(estimator.transform(X), dtype=np.float64)
        middle = codes.mean(axis=0)
        low, high = np.quantile(codes, _SHARES, axis=0)
    elif not hasattr(estimator, "explained_variance_"):
        raise ValueError(
            f"X=None was given with a {type(estimator).__name__}, which has no "
            "range of codes; expected rows, or an estimator with explained_variance_. "
            "Pass the training rows as X."
        )
    else:
        # What PCA's codes explain is their variance.
        variance = getattr(estimator, "code_variance_", estimator.explained_variance_)
        variance = np.asarray(variance, dtype=np.float64)
        is_prior = hasattr(estimator, "posterior")  # codes are regularised towards N(0, I)
        if is_prior or getattr(estimator, "whiten", False):
            variance = np.ones_like(variance)
        middle, high = np.zeros(len(variance)), _DEVIATIONS * np.sqrt(variance)
        low = -high
    flat = high <= low  # a constant component still needs an axis of some length
    return middle, np.where(flat, low - 1, low), np.where(flat, high + 1, high)


def _check_pair(components, n_components):
    """Return ``components`` as a list of two, or raise."""
    pair = check_components(components, max(n_components, 2))
    if len(pair) != 2 or max(pair) >= n_components:
        raise ValueError(
            f"components={components!r} of a code of {n_components} make no plane; "
            "expected two of at least two. Fit with n_components=2 or more and pass "
            "components=(0, 1)."
        )
    return pair


def _choose(feature, names, rows, scale):
    """Return the index and the name of the feature to draw."""
    n_features = rows.shape[1]
    names = [f"x{i}" for i in range(n_features)] if names is None else list(names)
    if feature is None:
        feature = int(np.argmax(rows.std(axis=0) / np.where(scale > 0, scale, 1)))
    elif isinstance(feature, str) and feature in names:
        feature = names.index(feature)
    is_index = isinstance(feature, Integral) and not isinstance(feature, bool)
    if not is_index or not 0 <= feature < n_features:
        raise ValueError(
            f"feature={feature!r} is no column; expected an index from 0 to "
            f"{n_features - 1} or one of the names seen in fit. Pass "
            f"feature={names[0]!r} for the first."
        )
    return int(feature), plain(names[feature])
