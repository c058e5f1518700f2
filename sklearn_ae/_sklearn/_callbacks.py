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


__all__ = ["CallbackSupportMixin", "FitTask", "with_callbacks"]


class FitTask:
    """A fit as callbacks see it: a task, with a task in it for every epoch.

    As a context it is all or nothing: if the block raises, or a callback at its end, the
    attributes of the estimator are put back.

    Parameters
    ----------
    estimator : BaseAutoencoder
        Which is being fitted.
    X, y, X_clean : array-like or None
        As they came. Scores are monitored only where there is a target: what rows should
        become stands in for a ``y`` that is None.
    """

    def __init__(self, estimator, X, y, X_clean):
        self.estimator = estimator
        target = X if X_clean is None else X_clean
        metadata = {} if X_clean is None else {"X_clean": X_clean}
        self.data = {"X": X, "y": target if y is None else y, "metadata": metadata}
        self.context = None
        if getattr(estimator, "_skl_callbacks", ()):
            self.context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
            self.context.call_on_fit_task_begin(estimator=estimator, **self.data)

    def __enter__(self):
        self.before = dict(vars(self.estimator))
        return self

    def __exit__(self, error, value, traceback):
        try:
            if error is None and self.context is not None:
                self.context.call_on_fit_task_end(
                    estimator=self.estimator, **self.data, reconstruction_attributes={}
                )
        except BaseException:
            self._put_back()
            raise
        if error is not None:
            self._put_back()

    def _put_back(self):
        vars(self.estimator).clear()
        vars(self.estimator).update(self.before)

    def watchers(self, describe):
        """Return who is to follow the training.

        ``describe()`` returns what the estimator's attributes are in the present epoch.
        """
        return [] if self.context is None else [EpochTasks(self, describe)]


class EpochTasks(Watcher):
    """Reports to scikit-learn's callbacks when an epoch begins and ends; any may end training.

    Parameters
    ----------
    fit : FitTask
    describe : callable
        See ``FitTask.watchers``.
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
