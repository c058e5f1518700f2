"""scikit-learn's callbacks: progress bars, monitored scores. From its version 1.9 on.

Their interface may still change, so that all code that uses it is in this file. In older
versions of scikit-learn estimators have no ``set_callbacks``; everything else works.
"""

import functools

from .._training import Watcher

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # can be removed when scikit-learn 1.9 is the oldest supported

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """An estimator without callbacks."""

    def with_callbacks(method):
        """Return ``method`` in a wrapper, as scikit-learn does."""

        @functools.wraps(method)
        def as_it_is(estimator, *args, **kwargs):
            return method(estimator, *args, **kwargs)

        return as_it_is


__all__ = ["CALLBACKS", "CallbackSupportMixin", "EpochTasks", "FitTask", "with_callbacks"]

CALLBACKS = "_skl_callbacks"  # the attribute of an estimator that has callbacks


class FitTask:
    """A fit as callbacks see it: a task, with a task in it for every epoch.

    Parameters
    ----------
    estimator : BaseAutoencoder
        The estimator being fitted, which has callbacks.
    X, y, X_clean, sample_weight : array-like or None
        As passed to ``fit``. Scores are monitored only if there is a target, so that the
        target of the reconstruction replaces a ``y`` that is None.
    """

    def __init__(self, estimator, X, y, X_clean, sample_weight=None):
        self.estimator = estimator
        target = X if X_clean is None else X_clean
        # What score takes too: ScoringMonitor passes all of it on.
        metadata = {"X_clean": X_clean, "sample_weight": sample_weight}
        metadata = {name: given for name, given in metadata.items() if given is not None}
        self.data = {"X": X, "y": target if y is None else y, "metadata": metadata}
        self.context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self.context.call_on_fit_task_begin(estimator=estimator, **self.data)

    def end(self):
        """Report the end of the fit, after the fitted attributes have been set."""
        self.context.call_on_fit_task_end(
            estimator=self.estimator, **self.data, reconstruction_attributes={}
        )


class EpochTasks(Watcher):
    """Reports each epoch to scikit-learn's callbacks, any of which may end training.

    Parameters
    ----------
    fit : FitTask
    describe : callable
        Returns the estimator's attributes as of the current epoch.
    """

    def __init__(self, fit, describe):
        self.fit, self.describe = fit, describe

    def begin(self, training):
        pass

    def begin_epoch(self, training):
        self.task = self.fit.context.subcontext(task_name="epoch")
        self.task.call_on_fit_task_begin(estimator=self.fit.estimator, **self.fit.data)

    def end_epoch(self, training):
        # ``describe`` is passed and not called: most callbacks do not need the
        # attributes, and computing them encodes all rows.
        training.stops |= self.task.call_on_fit_task_end(
            estimator=self.fit.estimator,
            **self.fit.data,
            reconstruction_attributes=self.describe,
        )

    def end(self, training):
        pass
