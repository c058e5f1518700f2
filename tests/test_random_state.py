"""The same seed gives the same bits; nobody else's random state is touched."""

import pickle
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from joblib import Parallel, cpu_count, delayed
from skorch.callbacks import Callback

from sklearn_ae import AutoencoderTransformer


def test_same_seed_same_bits(quick, digits):
    X, _ = digits
    first, second = (quick(dropout=0.1, random_state=7).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.transform(X), second.transform(X))
    assert first.loss_curve_ == second.loss_curve_
    other = quick(dropout=0.1, random_state=8).fit(X)
    assert other.loss_curve_ != first.loss_curve_


def test_refit_with_an_int_gives_the_same(quick, digits):
    X, _ = digits
    estimator = quick()
    np.testing.assert_array_equal(estimator.fit_transform(X), estimator.fit_transform(X))


def test_random_state_instance_and_none(quick, digits):
    X, _ = digits
    instance = np.random.RandomState(3)
    first, second = (quick(random_state=instance).fit(X).loss_curve_ for _ in range(2))
    assert first != second  # it moves on
    again = quick(random_state=np.random.RandomState(3)).fit(X).loss_curve_
    assert again == first
    assert quick(random_state=None).fit(X).loss_curve_ != first


def _codes(estimator, X):
    torch.set_num_threads(1)
    return estimator.fit(X).transform(X)


def test_same_bits_in_a_worker_process(quick, digits):
    X = digits[0][:200]
    (elsewhere,) = Parallel(n_jobs=2, backend="loky")([delayed(_codes)(quick(), X)])
    np.testing.assert_array_equal(elsewhere, _codes(quick(), X))


def _threads_in_a_fit(estimator, X):
    seen = []

    class Looking(Callback):
        def on_train_begin(self, net, **kwargs):
            seen.append(torch.get_num_threads())

    estimator.set_params(callbacks=[Looking()]).fit(X)
    return seen


@pytest.mark.parametrize("width", [16, 1400])
def test_worker_processes_share_the_processors(digits, width, monkeypatch):
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # with these joblib adds nothing
        monkeypatch.delenv(name, raising=False)
    X = digits[0].astype(np.float32)
    wide = AutoencoderTransformer(2, hidden_layer_sizes=(width,), max_iter=1)
    wide.set_params(batch_size=300, solver="sgd", learning_rate_init=1e-6)
    both = [delayed(_threads_in_a_fit)(wide, X)] * 2
    for seen in Parallel(n_jobs=2, backend="loky")(both):
        assert 1 <= seen[0] <= max(cpu_count() // 2, 1)


def test_concurrent_fits_equal_sequential_ones(quick, digits):
    X = digits[0][:150]

    def codes(seed):
        return quick(random_state=seed, dropout=0.1).fit(X).transform(X)

    with ThreadPoolExecutor(4) as pool:
        concurrent = list(pool.map(codes, range(4)))
    for seed, found in enumerate(concurrent):
        np.testing.assert_array_equal(found, codes(seed))


def test_concurrent_transforms_equal_the_single_one(quick, digits):
    X, _ = digits
    fitted = quick().fit(X)
    expected = fitted.transform(X)
    with ThreadPoolExecutor(8) as pool:
        for codes in pool.map(lambda _: fitted.transform(X), range(40)):
            np.testing.assert_array_equal(codes, expected)


def _own_layers(n_in, n_out):
    return torch.nn.Sequential(
        torch.nn.Linear(n_in, 8), torch.nn.Dropout(0.2), torch.nn.Linear(8, n_out)
    )


@pytest.mark.parametrize("own", [False, True], ids=["ours", "own layers"])
@pytest.mark.parametrize("random_state", [0, None])
def test_global_states_are_left_alone(quick, digits, own, random_state):
    X, _ = digits
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    layers = {"encoder": _own_layers} if own else {}
    fitted = quick(dropout=0.1, random_state=random_state, **layers).fit(X)
    fitted.score(X)
    fitted.inverse_transform(fitted.transform(X))
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert random.getstate() == before[2]


def test_concurrent_fits_of_own_layers_equal_sequential_ones(quick, digits):
    X = digits[0][:200]

    def curve(seed):
        return quick(encoder=_own_layers, random_state=seed).fit(X).loss_curve_

    with ThreadPoolExecutor(4) as pool:
        concurrent = list(pool.map(curve, range(6)))
    assert concurrent == [curve(seed) for seed in range(6)]


def test_fits_and_first_uses_of_own_layers_do_not_wait_for_each_other(quick, digits):
    X = digits[0][:100]
    fitted = quick(encoder=_own_layers, max_iter=1).fit(X)

    def use(i):
        if i % 2:
            return quick(encoder=_own_layers, random_state=i, max_iter=2).fit(X)
        return pickle.loads(pickle.dumps(fitted)).transform(X)  # its net is built here

    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(use, i) for i in range(40)]
        for result in results:
            result.result(timeout=60)


def test_own_layers_repeat_with_the_seed(quick, digits):
    X, _ = digits
    curves = [quick(encoder=_own_layers).fit(X).loss_curve_ for _ in range(2)]
    assert curves[0] == curves[1]


def test_the_users_defaults_of_torch_are_kept_and_do_no_harm(quick, digits):
    X, _ = digits
    expected = quick().fit(X).transform(X)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        codes = quick().fit(X).transform(X)
        assert torch.get_default_dtype() == torch.float64
        assert torch.get_default_device().type == "meta"
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
    np.testing.assert_array_equal(codes, expected)


@pytest.mark.parametrize("fails", [False, True])
def test_the_number_of_threads_is_put_back(quick, bent, fails):
    torch.set_num_threads(2)
    try:
        estimator = quick(learning_rate_init=1e12 if fails else 1e-3)
        if fails:
            with pytest.raises(RuntimeError):
                estimator.fit(bent)
        else:
            estimator.fit(bent).transform(bent)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_concurrent_fits_put_the_number_of_threads_back(quick, bent):
    torch.set_num_threads(2)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda seed: quick(random_state=seed).fit(bent), range(6)))
            threads = list(pool.map(lambda _: torch.get_num_threads(), range(12)))
        assert torch.get_num_threads() == 2
        assert set(threads) == {2}
    finally:
        torch.set_num_threads(1)
