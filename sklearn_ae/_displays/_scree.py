"""ScreeDisplay: the share of the variance that the first components keep, beside PCA's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from ._axes import as_dense, import_pyplot, one_axes, whole_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["ScreeDisplay"]

_MOST_LENGTHS = 40  # of longer codes some lengths are drawn, more of the short ones


class ScreeDisplay:
    """Share of the variance that the first components keep, by their number.

    For nested codes and linear results each point is the score of the fit truncated to
    that number, see ``AutoencoderTransformer.truncate``. For other codes the later
    components are set to their mean: a separate fit of that size keeps more.

    Use ``ScreeDisplay.from_estimator`` to create one.

    Parameters
    ----------
    n_codes : array-like of int of shape (n_lengths,)
        Numbers of components.

    explained : array-like of float of shape (n_lengths,)
        Share of the variance that this number of first components keeps, R².

    explained_by_pca : array-like of float of shape (n_lengths,), default=None
        The same for PCA with this number of components.

    name : str, default="autoencoder"
        Name of the estimator, for the legend.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        Curves of the estimator and, if it is given, of PCA.

    ax_ : matplotlib Axes
        Axes with the curves.

    figure_ : matplotlib Figure
        Figure of ``ax_``.

    See Also
    --------
    LoadingsDisplay : Which features the components represent.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_ae import AutoencoderTransformer, ScreeDisplay
    >>> X, _ = load_digits(return_X_y=True)
    >>> ae = AutoencoderTransformer(8, ordered=True, max_iter=5, random_state=0).fit(X)
    >>> display = ScreeDisplay.from_estimator(ae, X)
    >>> [line.get_label() for line in display.lines_]
    ['AutoencoderTransformer', 'PCA']
    """

    lines_: list[Line2D]
    ax_: Axes
    figure_: Figure

    def __init__(
        self,
        *,
        n_codes: Sequence[int] | NDArray[Any],
        explained: ArrayLike,
        explained_by_pca: ArrayLike | None = None,
        name: str = "autoencoder",
    ):
        self.n_codes = n_codes
        self.explained = explained
        self.explained_by_pca = explained_by_pca
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, *, ax: Axes | None = None
    ) -> Self:
        """Plot what the first components of ``X`` keep, and PCA fitted to ``X``.

        Parameters
        ----------
        estimator : fitted estimator
            One of this package, or another with ``transform`` and ``inverse_transform``.
        X : array-like of shape (n_samples, n_features)
            Samples to reconstruct. PCA is fitted to them, so that it has an advantage if
            they are not the samples of ``fit``. For samples with categories or missing
            cells PCA is not drawn.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        display : ScreeDisplay

        Raises
        ------
        ValueError
            ``X`` has categories or missing cells, and codes are not nested; or there is no
            ``inverse_transform``.
        ImportError
            matplotlib is not installed.
        """
        from sklearn.decomposition import PCA  # it takes long to import

        import_pyplot()
        check_is_fitted(estimator)
        if not hasattr(estimator, "inverse_transform"):
            raise ValueError(
                f"A {type(estimator).__name__} was given, which gives no rows back; "
                "expected an estimator with transform and inverse_transform. Give it one "
                "of this package, or PCA."
            )
        X = as_dense(X)
        codes = np.asarray(estimator.transform(X))
        lengths = _lengths(codes.shape[1])
        try:
            explained = [estimator.truncate(int(k)).score(X) for k in lengths]
        except (AttributeError, ValueError):  # components that only go together
            explained = _kept_by_first(estimator, X, codes, lengths)
        try:
            of_pca = np.cumsum(PCA(svd_solver="full").fit(X).explained_variance_ratio_)
            of_pca = of_pca[np.minimum(lengths, len(of_pca)) - 1]
        except (TypeError, ValueError):  # no table of complete numbers
            of_pca = None
        name = type(estimator).__name__
        display = cls(
            n_codes=lengths, explained=explained, explained_by_pca=of_pca, name=name
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Plot the shares.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        display : ScreeDisplay
            The same object.
        """
        axes = one_axes(ax)
        self.lines_ = axes.plot(self.n_codes, self.explained, ".-", label=self.name)
        if self.explained_by_pca is not None:
            look: dict[str, Any] = {"color": "0.4", "label": "PCA"}
            self.lines_ += axes.plot(self.n_codes, self.explained_by_pca, ".--", **look)
        whole_ticks(axes)
        axes.set(xlabel="number of components", ylabel="share of the variance kept")
        axes.legend()
        self.ax_, self.figure_ = axes, axes.figure
        return self


def _lengths(n_components):
    """Return numbers of components to draw, (n_lengths,)."""
    every = np.geomspace(1, n_components, _MOST_LENGTHS).round().astype(int)
    most = _MOST_LENGTHS
    return np.arange(1, n_components + 1) if n_components <= most else np.unique(every)


def _kept_by_first(estimator, X, codes, lengths):
    """Return R² with the first components as they are and the others at their mean."""
    from sklearn.metrics import r2_score

    try:
        X = check_array(X)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "X has categories or missing cells, and these components only go "
            "together; expected complete numbers in an array, or nested codes. Use "
            "AutoencoderTransformer(ordered=True)."
        ) from error
    kept = []
    for length in lengths:
        given = codes.copy()
        given[:, length:] = codes[:, length:].mean(axis=0)
        X_hat = np.asarray(estimator.inverse_transform(given))
        kept.append(r2_score(X, X_hat, multioutput="variance_weighted"))
    return kept
