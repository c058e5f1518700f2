"""scikit-learn's own callbacks: progress bars, monitored scores. From its version 1.9 on.

Their interface may still change, so all that knows of it is in this file. Where
scikit-learn has none, estimators have no ``set_callbacks``, and all else works.
"""

import functools

from skorch.callbacks import Callback

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # goes when scikit-learn 1.9 is the oldest supported

    class CallbackSupportMixin:
        """An estimator without callbacks."""

    def with_callbacks(method):
        """Return ``method`` in a frame of its own, as scikit-learn does."""

        @functools.wraps(method)
        def as_it_is(estimator, *args, **kwargs):
            return method(estimator, *args, **kwargs)

        return as_it_is


__all__ = ["CallbackSupportMixin", "FitTask", "with_callbacks"]


class FitTask:
    """A fit as callbacks see it: a task, with a task in it for every epoch.

    Parameters
    ----------
    estimator : BaseAutoencoder
        Which is being fitted.
    X, y, X_clean : array-like or None
        As they came. Scores are monitored only where there is a target: what rows should
        become stands in for a ``y`` that is None.

    Attributes
    ----------
    describe : callable or None
        Returns what the estimator's fitted attributes are in the present epoch; set by the
        fit once there is something to tell.
    epochs : EpochTasks or None
        Tells of epochs; None where nobody listens.
    """

    def __init__(self, estimator, X, y, X_clean):
        self.estimator = estimator
        target = X if X_clean is None else X_clean
        metadata = {} if X_clean is None else {"X_clean": X_clean}
        self.data = {"X": X, "y": target if y is None else y, "metadata": metadata}
        self.epochs = self.describe = None
        if getattr(estimator, "_skl_callbacks", ()):
            self.context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
            self.context.call_on_fit_task_begin(estimator=estimator, **self.data)
            self.epochs = EpochTasks(self)

    def end(self):
        """Tell that the fit is done; the estimator has its fitted attributes."""
        if self.epochs is not None:
            self.context.call_on_fit_task_end(
                estimator=self.estimator, **self.data, reconstruction_attributes={}
            )
        self.epochs = self.describe = None  # each holds what holds this


class EpochTasks(Callback):
    """Tell scikit-learn's callbacks when an epoch begins and ends; any may end training.

    It is skorch's kind of callback.
    """

    def __init__(self, fit):
        self.fit = fit

    def on_epoch_begin(self, net, **kwargs):
        self.task_ = self.fit.context.subcontext(task_name="epoch")
        self.task_.call_on_fit_task_begin(estimator=self.fit.estimator, **self.fit.data)

    def on_epoch_end(self, net, **kwargs):
        net.best_weights.stop_ |= self.task_.call_on_fit_task_end(
            estimator=self.fit.estimator,
            **self.fit.data,
            reconstruction_attributes=self.fit.describe,
        )
