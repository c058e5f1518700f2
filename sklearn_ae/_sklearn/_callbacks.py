"""scikit-learn's own callbacks: progress bars, monitored scores. From its version 1.9 on.

Their interface may still change, so all that knows of it is in this file. Where
scikit-learn has none, estimators have no ``set_callbacks``, and all else works.
"""

import functools

from .._training import Watcher

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


__all__ = ["CALLBACKS", "CallbackSupportMixin", "EpochTasks", "FitTask", "with_callbacks"]

CALLBACKS = "_skl_callbacks"  # the attribute that an estimator has where somebody listens


class FitTask:
    """A fit as callbacks see it: a task, with a task in it for every epoch.

    Parameters
    ----------
    estimator : BaseAutoencoder
        Which is being fitted, and which somebody listens to.
    X, y, X_clean : array-like or None
        As they came. Scores are monitored only where there is a target: what rows should
        become stands in for a ``y`` that is None.
    """

    def __init__(self, estimator, X, y, X_clean):
        self.estimator = estimator
        target = X if X_clean is None else X_clean
        metadata = {} if X_clean is None else {"X_clean": X_clean}
        self.data = {"X": X, "y": target if y is None else y, "metadata": metadata}
        self.context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self.context.call_on_fit_task_begin(estimator=estimator, **self.data)

    def end(self):
        """Report that the fit is done; the estimator has its fitted attributes."""
        self.context.call_on_fit_task_end(
            estimator=self.estimator, **self.data, reconstruction_attributes={}
        )


class EpochTasks(Watcher):
    """Reports each epoch to scikit-learn's callbacks, any of which may end training.

    Parameters
    ----------
    fit : FitTask
    describe : callable
        Returns what the estimator's attributes are in the present epoch.
    """

    def __init__(self, fit, describe):
        self.fit, self.describe = fit, describe

    def begin(self, training):
        pass

    def begin_epoch(self, training):
        self.task = self.fit.context.subcontext(task_name="epoch")
        self.task.call_on_fit_task_begin(estimator=self.fit.estimator, **self.fit.data)

    def end_epoch(self, training):
        training.stops |= self.task.call_on_fit_task_end(
            estimator=self.fit.estimator,
            **self.fit.data,
            reconstruction_attributes=self.describe,
        )

    def end(self, training):
        pass
