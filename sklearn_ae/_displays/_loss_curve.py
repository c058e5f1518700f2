"""LossCurveDisplay: the loss of each epoch, compared with the start of training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from sklearn.utils.validation import check_is_fitted

from ._axes import import_pyplot, one_axes, whole_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["LossCurveDisplay"]

# A curve that decreases by more than this factor has a logarithmic scale: on a linear one
# its last epochs would look constant.
_MANY_TIMES = 10


class LossCurveDisplay:
    """Loss of each training epoch, on training and on validation samples.

    The epoch that was kept is marked. A horizontal line shows the loss of the start: if the
    validation loss stays above it, the start was kept.

    Use ``LossCurveDisplay.from_estimator`` to create one.

    Parameters
    ----------
    loss_curve : list of float
        Training loss of epochs 1 to n_iter.

    validation_loss_curve : list of float, default=None
        Loss on the validation samples at epochs 0 to n_iter. None without such samples.

    best_iter : int, default=None
        Epoch that was kept; 0 is the start.

    start_name : str, default="start"
        Name of the model that training started from.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        Curves of the training loss and, if there is one, of the validation loss.

    start_line_ : matplotlib Line2D or None
        Loss of the start on the validation samples.

    best_line_ : matplotlib Line2D or None
        Mark of the epoch that was kept.

    ax_ : matplotlib Axes
        Axes with the curves.

    figure_ : matplotlib Figure
        Figure of ``ax_``.

    See Also
    --------
    ReconstructionDisplay : Samples and their reconstructions.
    sklearn.model_selection.LearningCurveDisplay : Scores by number of training samples.

    Notes
    -----
    The scale is logarithmic if all losses are positive and the largest is more than ten
    times the smallest. Losses of a VariationalAutoencoder may be negative.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_ae import AutoencoderTransformer, LossCurveDisplay
    >>> X, _ = load_digits(return_X_y=True)
    >>> ae = AutoencoderTransformer(n_components=8, max_iter=5, random_state=0).fit(X)
    >>> display = LossCurveDisplay.from_estimator(ae)
    >>> [line.get_label() for line in display.lines_]
    ['training', 'validation']
    """

    lines_: list[Line2D]
    start_line_: Line2D | None
    best_line_: Line2D | None
    ax_: Axes
    figure_: Figure

    def __init__(
        self,
        *,
        loss_curve: Sequence[float],
        validation_loss_curve: Sequence[float] | None = None,
        best_iter: int | None = None,
        start_name: str = "start",
    ):
        self.loss_curve = loss_curve
        self.validation_loss_curve = validation_loss_curve
        self.best_iter = best_iter
        self.start_name = start_name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Axes | None = None) -> Self:
        """Plot the losses of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            One of this package, with hidden layers.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        ValueError
            ``estimator`` was not trained in epochs.
        ImportError
            matplotlib is not installed.
        """
        import_pyplot()
        check_is_fitted(estimator)
        if not hasattr(estimator, "validation_loss_curve_"):
            raise ValueError(
                f"A {type(estimator).__name__} was given, which keeps no losses of epochs; "
                "expected a fitted estimator of this package. Give it the autoencoder "
                "itself: of a Pipeline the step in pipeline.named_steps, of a search its "
                "best_estimator_."
            )
        if not estimator.loss_curve_:
            raise ValueError(
                f"This {type(estimator).__name__} has no losses to draw: it was fitted in "
                "closed form, without epochs; expected a fit that was trained. Give it "
                "hidden layers, for example hidden_layer_sizes=(128, 128)."
            )
        display = cls(
            loss_curve=estimator.loss_curve_,
            validation_loss_curve=estimator.validation_loss_curve_,
            best_iter=estimator.best_iter_,
            start_name=_start_name(estimator),
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Plot the losses.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        display : LossCurveDisplay
            The same object.
        """
        axes = one_axes(ax)
        losses, validation = list(self.loss_curve), self.validation_loss_curve
        epochs = range(1, len(losses) + 1)
        marker = "." if len(losses) == 1 else None  # a line of one point is invisible
        self.lines_ = axes.plot(epochs, losses, label="training", marker=marker)
        self.start_line_ = None
        if validation is not None:
            self.lines_ += axes.plot(range(len(validation)), validation, label="validation")
            look = {"color": "0.4", "linestyle": "--", "linewidth": 1}
            self.start_line_ = axes.axhline(validation[0], label=self.start_name, **look)
            losses += list(validation)
        self.best_line_ = self._mark_best(axes)
        if min(losses) > 0 and max(losses) > _MANY_TIMES * min(losses):
            axes.set_yscale("log")
        whole_ticks(axes)
        axes.set(xlabel="epoch", ylabel="loss")
        axes.legend()
        self.ax_, self.figure_ = axes, axes.figure
        return self

    def _mark_best(self, ax):
        """Mark the kept epoch on the curve that selected it."""
        if self.best_iter is None:
            return None
        look: dict[str, Any] = {"label": f"kept: epoch {self.best_iter}"}
        curve: Any = self.lines_[-1]
        loss_at = dict(zip(*curve.get_data(), strict=True))
        # The start has no training loss, so without a validation curve it has no point.
        if self.best_iter not in loss_at:
            return ax.axvline(self.best_iter, color="0.4", linestyle=":", **look)
        look["color"] = curve.get_color()
        return ax.plot(self.best_iter, loss_at[self.best_iter], "o", zorder=3, **look)[0]


def _start_name(estimator):
    """Return the name of the model that the first validation loss belongs to."""
    if getattr(estimator, "init", None) != "pca" or estimator.warm_start:
        return "start"  # random weights, or perhaps those of an earlier fit
    names = {"posterior": "probabilistic PCA", "denoise": "best linear"}
    return next((name for own, name in names.items() if hasattr(estimator, own)), "PCA")
