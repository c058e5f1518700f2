"""LossCurveDisplay: the loss of each epoch, against where training started."""

from sklearn.utils.validation import check_is_fitted

from ._axes import import_pyplot, one_axes

__all__ = ["LossCurveDisplay"]

# A curve that falls by more than this is shown on a logarithmic scale.
_MANY_TIMES = 10


class LossCurveDisplay:
    """Loss of each epoch of training, on training and on validation rows.

    The epoch that was kept is marked. A horizontal line is the level of the start: where
    the validation loss stays above it, the start is what was kept.

    Use ``LossCurveDisplay.from_estimator`` to make one.

    Parameters
    ----------
    loss_curve : list of float
        Training loss of the epochs 1 to n_iter.

    validation_loss_curve : list of float, default=None
        Loss on the validation rows at the epochs 0 to n_iter. None if there were none.

    best_iter : int, default=None
        Epoch that was kept; 0 is the start.

    start_name : str, default="start"
        What training started from.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        Training loss, and validation loss if there is one.

    start_line_ : matplotlib Line2D or None
        Level of the start on the validation rows.

    best_line_ : matplotlib Line2D or None
        Mark of the epoch that was kept.

    ax_ : matplotlib Axes
        Where it is drawn.

    figure_ : matplotlib Figure
        Figure of ``ax_``.

    See Also
    --------
    ReconstructionDisplay : What the network makes of rows.
    sklearn.model_selection.LearningCurveDisplay : Scores by number of rows.

    Notes
    -----
    The scale is logarithmic where all losses are positive and the largest is more than
    ten times the least. Those of a VariationalAutoencoder may be negative.

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

    def __init__(
        self,
        *,
        loss_curve,
        validation_loss_curve=None,
        best_iter=None,
        start_name="start",
    ):
        self.loss_curve = loss_curve
        self.validation_loss_curve = validation_loss_curve
        self.best_iter = best_iter
        self.start_name = start_name

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the losses of a fit.

        Parameters
        ----------
        estimator : fitted estimator
            One of this package, with hidden layers.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

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
                "itself, of a Pipeline pipeline[0] for one."
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

    def plot(self, ax=None):
        """Draw the losses.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        display : LossCurveDisplay
            The same object.
        """
        ax = one_axes(ax)
        losses, validation = list(self.loss_curve), self.validation_loss_curve
        epochs = range(1, len(losses) + 1)
        marker = "." if len(losses) == 1 else None  # a line of one epoch is not seen
        self.lines_ = ax.plot(epochs, losses, label="training", marker=marker)
        self.start_line_ = None
        if validation is not None:
            self.lines_ += ax.plot(range(len(validation)), validation, label="validation")
            look = {"color": "0.4", "linestyle": "--", "linewidth": 1}
            self.start_line_ = ax.axhline(validation[0], label=self.start_name, **look)
            losses += list(validation)
        self.best_line_ = self._mark_best(ax)
        if min(losses) > 0 and max(losses) > _MANY_TIMES * min(losses):
            ax.set_yscale("log")
        if ax.get_xscale() == "linear":
            ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel="epoch", ylabel="loss")
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _mark_best(self, ax):
        """Mark the kept epoch on the curve that chose it."""
        if self.best_iter is None:
            return None
        look = {"label": f"kept: epoch {self.best_iter}"}
        loss_at = dict(zip(*self.lines_[-1].get_data(), strict=True))
        if self.best_iter not in loss_at:  # of the start no training loss is known
            return ax.axvline(self.best_iter, color="0.4", linestyle=":", **look)
        look["color"] = self.lines_[-1].get_color()
        return ax.plot(self.best_iter, loss_at[self.best_iter], "o", zorder=3, **look)[0]


def _start_name(estimator):
    """Return what the first validation loss is that of."""
    if getattr(estimator, "init", None) != "pca" or estimator.warm_start:
        return "start"  # random weights, or perhaps those of an earlier fit
    names = {"posterior": "probabilistic PCA", "denoise": "best linear"}
    return next((name for own, name in names.items() if hasattr(estimator, own)), "PCA")
