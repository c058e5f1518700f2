"""What is global in torch is left alone and changes nothing; no lock is held for long."""

import os
import pickle
import signal
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from sklearn_ae import DenoisingAutoencoder
from sklearn_ae._training._tensors import _setting_threads, limited_threads
from sklearn_ae._training._user_code import LentRandomState

LONG_ENOUGH = 60  # seconds; only a failure takes them


def in_thread(function, *args):
    """Return what ``function`` gives in a thread of its own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function(*args)), daemon=True)
    thread.start()
    thread.join(LONG_ENOUGH)
    assert not thread.is_alive(), "waits for ever"
    return found[0]


def calling(hook, function):
    """Return a skorch callback that calls ``function()`` in ``hook``, once."""
    calls = iter([function])

    def call(self, net, **kwargs):
        next(calls, lambda: None)()

    return type("Calling", (Callback,), {hook: call, "__deepcopy__": lambda c, memo: c})()


# -- threads ---------------------------------------------------------------------


@pytest.fixture
def two_threads():
    """Two threads of torch's while a test runs, also for new Python threads."""
    torch.set_num_threads(2)
    yield
    in_thread(torch.set_num_threads, 1)
    torch.set_num_threads(1)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("ends_first", [0, 1])
@pytest.mark.parametrize("uses", [False, True], ids=["fits", "transforms"])
def test_each_thread_gets_its_own_number_of_threads_back(quick, bent, ends_first, uses):
    X = bent.astype(np.float32)
    both_run, may_end = threading.Barrier(2), [threading.Event() for _ in range(2)]
    during, found = {}, {}
    fitted = [quick().fit(X) for _ in range(2)]

    def wait(i):
        both_run.wait(LONG_ENOUGH)
        during[i] = torch.get_num_threads()
        may_end[i].wait(LONG_ENOUGH)

    def run(i):
        torch.set_num_threads(3 + i)
        if uses:
            watched = fitted[i].net_.module_.encoder
            watched.register_forward_hook(lambda *_: wait(i))
            fitted[i].transform(X)
        else:
            quick(callbacks=[calling("on_epoch_end", lambda: wait(i))]).fit(X)
        found[i] = torch.get_num_threads()

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(2)]
    threads[0].start()
    while (
        both_run.n_waiting < 1
    ):  # so that the second one's number is the last that was set
        threads[0].join(0.01)
    threads[1].start()
    for i in (ends_first, 1 - ends_first):
        may_end[i].set()
        threads[i].join(LONG_ENOUGH)
    assert during == {0: 1, 1: 1}
    assert found == {0: 3, 1: 4}
    assert torch.get_num_threads() == 2
    assert in_thread(torch.get_num_threads) == 4  # the last that was set


@pytest.mark.usefixtures("two_threads")
def test_many_that_limit_threads_at_once_leave_the_users_number():
    def limit():
        for _ in range(100):
            with limited_threads(1):
                pass
        return torch.get_num_threads()

    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(limit) for _ in range(8)]
    assert {number.result() for number in found} == {2}
    assert in_thread(torch.get_num_threads) == 2


@pytest.mark.usefixtures("two_threads")
def test_threads_that_start_during_a_fit_have_the_users_number(quick, bent):
    seen = []

    def look():
        seen.append(torch.get_num_threads())
        seen.append(in_thread(torch.get_num_threads))

    quick(callbacks=[calling("on_epoch_end", look)]).fit(bent)
    assert seen == [1, 2]


@pytest.mark.usefixtures("two_threads")
def test_a_number_that_a_callback_sets_does_not_outlast_the_fit(quick, bent):
    setting = calling("on_epoch_end", lambda: torch.set_num_threads(3))
    quick(callbacks=[setting]).fit(bent)
    assert torch.get_num_threads() == 2


# -- random state ------------------------------------------------------------------


class Drawing(nn.Module):
    """Layers that draw in use too."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)

    def forward(self, x):
        return self.linear(x) + torch.rand(x.shape[:1], dtype=x.dtype)[:, None]


def drawing_loss(x_hat, x):
    return ((x_hat - x) ** 2).mean() * (1 + 0.1 * torch.rand(()))


USES = ["transform", "reconstruct", "score", "score_samples", "inverse_transform"]


def results(fitted, X):
    """Return what all uses give, by name."""
    codes = np.ones((len(X), fitted.n_components_), X.dtype)
    found = {name: getattr(fitted, name)(X) for name in USES[:-1]}
    found["inverse_transform"] = fitted.inverse_transform(codes)
    found["sample"] = fitted.sample(5, random_state=0)
    if hasattr(fitted, "posterior"):
        found["posterior"] = np.hstack(fitted.posterior(X))
        found["log_likelihood"] = fitted.log_likelihood(X, 3, random_state=0)
    return found


@pytest.mark.parametrize(
    "parts",
    [{"encoder": Drawing, "decoder": Drawing, "init": "random"}, {"loss": drawing_loss}],
    ids=["layers", "loss"],
)
def test_parts_that_draw_in_use_move_no_global_state_and_repeat(quick, digits, parts):
    X = digits[0][:100]
    torch.manual_seed(3)
    before = torch.get_rng_state()
    # Such layers are rebuilt with the seed of the fit, or the fit would refuse them.
    fitted = pickle.loads(pickle.dumps(quick(**parts).fit(X)))
    assert torch.equal(torch.get_rng_state(), before)
    first = results(fitted, X)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    for name, found in results(fitted, X).items():
        np.testing.assert_array_equal(found, first[name], err_msg=name)


def drawing_noise(x, generator):
    return x + 0.1 * torch.randn(x.shape)


@pytest.mark.parametrize("sizes", [(16,), ()], ids=["trained", "closed form"])
@pytest.mark.parametrize("callbacks", [[], [Callback()]], ids=["alone", "watched"])
def test_noise_that_draws_where_it_should_not_does_no_harm(digits, sizes, callbacks):
    X = digits[0][:100]
    torch.manual_seed(3)
    before, found = torch.get_rng_state(), []
    for _ in range(2):
        dae = DenoisingAutoencoder(2, noise=drawing_noise, hidden_layer_sizes=sizes)
        dae.set_params(callbacks=callbacks, max_iter=3, random_state=0).fit(X)
        found.append(dae.transform(X))
        assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(*found)


def test_layers_that_draw_move_no_global_state_where_callbacks_look(quick, digits):
    X = digits[0][:100]

    class Predicts(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.predict(X[:5].astype(np.float32))

    before = torch.get_rng_state()
    quick(encoder=Drawing, init="random", callbacks=[Predicts()]).fit(X)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_loss_that_draws_is_judged_without_moving_a_global_state(quick, digits):
    before = torch.get_rng_state()
    for callbacks in ([], [Callback()]):
        quick(loss=drawing_loss, callbacks=callbacks).fit(digits[0][:100])
        assert torch.equal(torch.get_rng_state(), before)


class Wandering(torch.optim.SGD):
    """An optimizer that draws."""

    def step(self, closure=None):
        loss = super().step(closure)
        for weight in self.param_groups[0]["params"]:
            weight.data += 1e-3 * torch.randn(weight.shape)
        return loss


def test_an_optimizer_that_draws_moves_no_global_state_and_repeats(quick, digits):
    X = digits[0][:100]
    before = torch.get_rng_state()
    settings = {"solver": Wandering, "learning_rate_init": 1e-3}
    curve = quick(**settings).fit(X).loss_curve_
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(1)
    assert quick(**settings).fit(X).loss_curve_ == curve


def test_what_callbacks_draw_is_the_users(quick, digits):
    own = {
        "encoder": lambda n_in, n_out: nn.Sequential(
            nn.Linear(n_in, n_out), nn.Dropout(0.2)
        )
    }
    X = digits[0][:100]
    expected = quick(callbacks=[Callback()], **own).fit(X).loss_curve_
    torch.manual_seed(0)
    of_user = torch.rand(2)
    torch.manual_seed(0)
    seen = []
    drawing = [
        calling(hook, lambda: seen.append(torch.rand(1)))
        for hook in ("on_grad_computed", "on_epoch_end")
    ]
    assert quick(callbacks=drawing, **own).fit(X).loss_curve_ == expected
    assert torch.equal(torch.cat(seen), of_user)


def test_lent_states_nest_and_end_with_an_error():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    outer, inner = LentRandomState(1), LentRandomState(2)
    with outer:
        first = torch.rand(1)
        with outer, inner, inner:
            alone = torch.rand(1)
    assert torch.equal(alone, torch.rand(1, generator=torch.Generator().manual_seed(2)))
    with pytest.raises(KeyError), outer:
        raise KeyError
    with outer:
        both = torch.cat([first, torch.rand(1)])
    assert torch.equal(both, torch.rand(2, generator=torch.Generator().manual_seed(1)))
    assert torch.equal(torch.get_rng_state(), before)


# -- modes -------------------------------------------------------------------------


class DefaultDtype:
    def __enter__(self):
        torch.set_default_dtype(torch.float16)

    def __exit__(self, *error):
        torch.set_default_dtype(torch.float32)


MODES = {
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "inference": torch.inference_mode,
    "no_grad": torch.no_grad,
    "meta": lambda: torch.device("meta"),
    "float16": DefaultDtype,
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("own", [False, True], ids=["ours", "own layers"])
def test_a_mode_of_torch_around_a_call_changes_nothing(quick, digits, mode, own):
    X = digits[0][:100].astype(np.float32)
    parts = {"encoder": nn.Linear} if own else {}
    fitted = quick(**parts).fit(X)
    expected, rebuilt = results(fitted, X), pickle.loads(pickle.dumps(fitted))
    with MODES[mode]():
        again = quick(**parts).fit(X)
        for use in (fitted, rebuilt, again):
            for name, found in results(use, X).items():
                np.testing.assert_array_equal(found, expected[name], err_msg=name)
    assert again.loss_curve_ == fitted.loss_curve_


@pytest.mark.parametrize("kind", ["cpu", "cuda", "xpu", "mps"])
def test_autocast_of_any_device_is_off_inside_and_on_again(quick, bent, kind):
    seen = []
    torch.set_autocast_enabled(kind, True)
    try:
        look = calling("on_epoch_end", lambda: seen.append(torch.is_autocast_enabled(kind)))
        quick(callbacks=[look]).fit(bent)
        assert torch.is_autocast_enabled(kind)
    finally:
        torch.set_autocast_enabled(kind, False)
    assert seen == [False]


# -- locks -------------------------------------------------------------------------


def own_layers(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 8), nn.Dropout(0.2), nn.Linear(8, n_out))


HOOKS = ["on_train_begin", "on_batch_begin", "on_grad_computed", "on_epoch_end"]


@pytest.mark.parametrize("hook", HOOKS)
def test_a_callback_may_wait_for_a_first_use_in_another_thread(quick, digits, hook):
    X, found = digits[0][:100], []
    fitted = quick(encoder=own_layers).fit(X)
    pickled, expected = pickle.dumps(fitted), fitted.transform(X)

    def use():
        found.append(in_thread(lambda: pickle.loads(pickled).transform(X)))

    again = quick(encoder=own_layers, callbacks=[calling(hook, use)]).fit(X)
    np.testing.assert_array_equal(found, [expected])
    assert again.loss_curve_ == pytest.approx(fitted.loss_curve_)


def test_a_factory_in_one_thread_and_a_use_of_its_model_in_another(quick, digits):
    X = digits[0][:100]
    fitted = quick(loss=nn.MSELoss()).fit(X)
    codes = fitted.transform(X)

    class Waiting(nn.Linear):
        """Waits for another thread that has to build a network of ours."""

        def __init__(self, n_in, n_out):
            super().__init__(n_in, n_out)
            plain = pickle.loads(pickle.dumps(plainly))
            np.testing.assert_array_equal(in_thread(plain.transform, X), codes_of_plain)

    plainly = quick().fit(X)
    codes_of_plain = plainly.transform(X)
    quick(encoder=Waiting, max_iter=1).fit(X)
    np.testing.assert_array_equal(fitted.transform(X), codes)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="is about forks")
@pytest.mark.parametrize("where", ["callback", "another thread"])
def test_a_fork_during_a_fit_can_use_and_fit(quick, digits, where):
    X, codes = digits[0][:100], []
    fitted = quick(encoder=own_layers).fit(X)
    pickled, expected = pickle.dumps(fitted), fitted.transform(X)

    def fork():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads beside a fork
            child = os.fork()
        if not child:
            signal.alarm(LONG_ENOUGH)  # a child that hangs would outlive the tests
            try:
                same = np.array_equal(pickle.loads(pickled).transform(X), expected)
                quick(encoder=own_layers, max_iter=1).fit(X)
                os._exit(0 if same else 1)
            finally:
                os._exit(2)
        codes.append(in_thread(os.waitpid, child, 0)[1])

    if where == "callback":
        quick(encoder=own_layers, callbacks=[calling("on_epoch_end", fork)]).fit(X)
    else:
        forks = threading.Thread(target=fork, daemon=True)

        class Lasting(nn.Linear):
            """Runs, in the midst of a call, while another thread sets out to fork."""

            def forward(self, x):
                if self.training and not forks.ident:
                    forks.start()
                    forks.join(0.2)
                return super().forward(x)

        quick(encoder=Lasting, max_iter=2).fit(X)
        forks.join(LONG_ENOUGH)
    assert codes == [0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="is about forks")
@pytest.mark.usefixtures("two_threads")
def test_a_fork_while_another_thread_sets_threads_can_set_them():
    holds = threading.Event()

    def hold():
        with _setting_threads:
            holds.set()
            time.sleep(0.2)

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    holds.wait(LONG_ENOUGH)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        os._exit(0 if _setting_threads.acquire(timeout=5) else 1)
    assert os.waitpid(child, 0)[1] == 0
    holder.join()


def test_concurrent_first_uses_share_one_network(quick, digits):
    fitted = quick().fit(digits[0][:100])._fitted
    both, build = threading.Barrier(2), fitted.objective.build

    def build_at_once(*args):
        both.wait(LONG_ENOUGH)
        return build(*args)

    fitted = replace(fitted, objective=SimpleNamespace(build=build_at_once), _built={})
    with ThreadPoolExecutor(2) as pool:
        networks = list(pool.map(fitted.network, ["float64"] * 2))
    assert networks[0] is networks[1] is fitted.network("float64")


def test_no_random_state_is_lent_outside_of_our_calls(quick, bent):
    from sklearn_ae._training import user_code

    quick(encoder=own_layers).fit(bent).transform(bent)
    assert type(user_code.random_state) is nullcontext
