"""LoadingsDisplay: which features two components represent, as arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .._sklearn._counts import validate_count
from ._axes import as_dense, import_pyplot, one_axes, plain
from ._codes import check_components, names_of_codes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.quiver import Quiver
    from matplotlib.text import Text

__all__ = ["LoadingsDisplay"]

_VARIANCE = "explained_variance_"  # PCA's, of its codes; ours is code_variance_


class LoadingsDisplay:
    """Features as arrows in the plane of two components: how they change with these.

    The coordinates of an arrow are the changes of a feature, in standard deviations, when
    a component changes by one standard deviation. For a linear result these are
    correlations, so that arrows end inside the circle. For a nonlinear decoder they hold at
    the mean code.

    Use ``LoadingsDisplay.from_estimator`` to create one.

    Parameters
    ----------
    loadings : array-like of shape (n_features, 2)
        Ends of the arrows.

    features : array-like of str of shape (n_features,)
        Names of the features.

    names : array-like of str of shape (2,)
        Names of the two components, for the axis labels.

    n_features : int, default=10
        Number of arrows to draw, the longest first.

    Attributes
    ----------
    arrows_ : matplotlib Quiver
        The arrows, the longest first.

    texts_ : list of matplotlib Text
        Names at the ends of the arrows, in the same order.

    ax_ : matplotlib Axes
        Axes with the arrows.

    figure_ : matplotlib Figure
        Figure of ``ax_``.

    See Also
    --------
    CodeDisplay : Codes of samples in that plane.
    CodePlaneDisplay : Decoded points of that plane.

    Notes
    -----
    Categories have no arrows, since their changes have no unit.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_ae import AutoencoderTransformer, LoadingsDisplay
    >>> X, _ = load_wine(return_X_y=True, as_frame=True)
    >>> settings = {"scaling": "feature", "max_iter": 5, "random_state": 0}
    >>> ae = AutoencoderTransformer(n_components=2, **settings).fit(X)
    >>> display = LoadingsDisplay.from_estimator(ae, X, n_features=5)
    >>> len(display.texts_)
    5
    """

    arrows_: Quiver
    texts_: list[Text]
    ax_: Axes
    figure_: Figure

    def __init__(
        self,
        *,
        loadings: ArrayLike,
        features: Sequence[str] | NDArray[Any],
        names: Sequence[str] | NDArray[Any],
        n_features: int = 10,
    ):
        self.loadings = loadings
        self.features = features
        self.names = names
        self.n_features = n_features

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        components: Sequence[int] | NDArray[Any] = (0, 1),
        n_features: int = 10,
        ax: Axes | None = None,
    ) -> Self:
        """Plot how the features change with two components.

        Parameters
        ----------
        estimator : fitted estimator
            One of this package, or PCA.
        X : array-like of shape (n_samples, n_features)
            Samples whose standard deviations are the units.
        components : array-like of int of shape (2,), default=(0, 1)
            Indices of the components.
        n_features : int, default=10
            Number of arrows to draw, the longest first.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        display : LoadingsDisplay

        Raises
        ------
        ValueError
            ``components`` are not two, or the estimator is of another class.
        ImportError
            matplotlib is not installed.
        """
        import_pyplot()
        check_is_fitted(estimator)
        _refuse_others(estimator)
        validate_count("n_features", n_features)
        X = as_dense(X)
        codes = np.asarray(estimator.transform(X))
        chosen = check_components(components, codes.shape[1])
        if len(chosen) != 2:
            raise ValueError(
                f"components={components!r} has length {len(chosen)}; expected two, whose "
                "plane is drawn. Pass components=(0, 1), or draw several displays."
            )
        slopes = np.asarray(estimator.components_)[chosen]
        spread = codes[:, chosen].std(axis=0)
        if getattr(estimator, "whiten", False):  # slopes are by components before that
            own = getattr(estimator, "code_variance_", getattr(estimator, _VARIANCE))
            spread = spread * np.sqrt(own[chosen])
        own = _spread_of_features(X, np.isfinite(slopes).all(axis=0))
        loadings = np.divide(
            (slopes * spread[:, np.newaxis]).T,
            own[:, np.newaxis],
            out=np.full((len(own), 2), np.nan),
            where=own[:, np.newaxis] > 0,
        )
        features = getattr(estimator, "feature_names_in_", None)
        if features is None:
            features = [f"x{j}" for j in range(len(own))]
        display = cls(
            loadings=loadings,
            features=features,
            names=names_of_codes(estimator, codes.shape[1])[chosen],
            n_features=n_features,
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Plot the arrows.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        display : LoadingsDisplay
            The same object.
        """
        from matplotlib.patches import Circle

        axes = one_axes(ax)
        loadings = np.asarray(self.loadings, dtype=float)
        length = np.linalg.norm(loadings, axis=1)
        order = np.argsort(-np.nan_to_num(length, nan=-1.0), kind="stable")
        order = order[np.isfinite(length[order])][: self.n_features]
        ends = loadings[order]
        origin = np.zeros((2, len(ends)))
        whole: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1}
        look = {"color": "C0", "width": 0.004, **whole}
        self.arrows_ = axes.quiver(*origin, *ends.T, **look)
        self.texts_ = [_name(axes, self.features[j], loadings[j]) for j in order]
        axes.add_patch(Circle((0, 0), 1, fill=False, color="0.7", linestyle="--"))
        reach = 1.3 * max([1.0, *np.abs(ends).ravel().tolist()])
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        axes.set(xlabel=plain(self.names[0]), ylabel=plain(self.names[1]))
        self.ax_, self.figure_ = axes, axes.figure
        return self


def _refuse_others(estimator):
    """Raise ValueError unless components move rows as ``components_`` says."""
    if not hasattr(estimator, "components_") or not hasattr(estimator, _VARIANCE):
        raise ValueError(
            f"A {type(estimator).__name__} was given, of which it is not known how "
            "features move with a component; expected a fitted estimator of this package "
            "or PCA. Give it the step of a Pipeline, or best_estimator_ of a search."
        )
    if len(estimator.components_) < 2:
        raise ValueError(
            "The codes have one component; expected two, whose plane is drawn. Draw "
            "estimator.components_[0] as bars."
        )


def _name(ax, feature, end):
    """Write the name of a feature behind the end of its arrow."""
    sides = ["left" if end[0] >= 0 else "right", "bottom" if end[1] >= 0 else "top"]
    place: dict[str, Any] = {"ha": sides[0], "va": sides[1], "fontsize": "small"}
    return ax.text(*(1.04 * end), plain(feature), **place)


def _spread_of_features(X, is_number):
    """Return the standard deviation of each feature, NaN of those without slopes."""
    spread = np.full(len(is_number), np.nan)
    names = getattr(X, "columns", None)
    for j in np.flatnonzero(is_number):
        column = np.asarray(X)[:, j] if names is None else np.asarray(X[names[j]])
        spread[j] = np.nanstd(column.astype(float))
    return spread
