"""What ends a fit from outside leaves the estimator as it was, or ends in an error."""

import os
import pickle
import signal
import time
from functools import partial

import numpy as np
import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.model_selection import GridSearchCV

from sklearn_ae import AutoencoderTransformer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="is about signals")

N_MOMENTS = int(os.environ.get("INTERRUPTED_FITS", "8"))


def interrupted(function, seconds):
    """Call a function, and raise KeyboardInterrupt after some time, as Ctrl-C does.

    Returns whether that ended it.
    """
    is_running = True

    def press(*args):
        if is_running:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, press)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        function()
        is_running = False
    except KeyboardInterrupt:
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return False


def state_of(estimator):
    return {name: pickle.dumps(value) for name, value in estimator.__getstate__().items()}


def test_an_interrupt_at_any_moment_leaves_the_old_fit(quick, digit_rows):
    estimator = quick(max_iter=20).fit(digit_rows)
    before, codes = state_of(estimator), estimator.transform(digit_rows)
    estimator.set_params(random_state=1)
    start = time.perf_counter()
    quick(max_iter=20, random_state=1).fit(digit_rows)
    whole, n_ended = time.perf_counter() - start, 0
    for share in np.linspace(0.02, 0.95, N_MOMENTS):
        if interrupted(partial(estimator.fit, digit_rows), share * whole):
            n_ended += 1
            after = state_of(estimator.set_params(random_state=0))
            assert after == before
            np.testing.assert_array_equal(estimator.transform(digit_rows), codes)
            estimator.set_params(random_state=1)
        else:  # it was over before
            estimator = quick(max_iter=20).fit(digit_rows).set_params(random_state=1)
    assert n_ended > 0


def test_an_interrupt_of_a_search_ends_it_and_the_next_one_runs(digit_rows):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=(8,), random_state=0)
    search = GridSearchCV(estimator, {"max_iter": [1, 2]}, cv=2, n_jobs=2)
    search.fit(digit_rows)  # which starts the workers
    long = GridSearchCV(estimator, {"max_iter": [3000, 4000]}, cv=2, n_jobs=2)
    assert interrupted(partial(long.fit, digit_rows), 1.0)
    assert not hasattr(estimator, "n_iter_")
    assert search.fit(digit_rows).best_score_ > 0


class KillsItsProcess(AutoencoderTransformer):
    """An estimator that ends the process of a worker."""

    def fit(self, X, y=None):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_killed_is_an_error(digit_rows):
    search = GridSearchCV(KillsItsProcess(2), {"max_iter": [1, 2]}, cv=2, n_jobs=2)
    with pytest.raises(TerminatedWorkerError):
        search.fit(digit_rows)
