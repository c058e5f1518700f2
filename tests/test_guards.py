"""Guards that no other test would miss: what each of them is there to prevent."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS, Watching, is_variational, measure
from sklearn.mixture import GaussianMixture
from sklearn.utils.estimator_checks import check_transformer_n_iter
from skorch.callbacks import Callback
from torch import nn

from sklearn_ae import (
    AutoencoderTransformer,
    ConvergenceError,
    DenoisingAutoencoder,
    VariationalAutoencoder,
    _code_density,
)
from sklearn_ae._code_density import DeferredDensity, GaussianDensity, MixtureDensity
from sklearn_ae._training import OPTIMIZERS, Rows, Training
from sklearn_ae._training._schedule import OneCycle
from sklearn_ae._training._steps import AveragedWeights, GradientClip
from sklearn_ae._training._stopping import BestWeights, JudgedRows
from sklearn_ae.nn import (
    LOSSES,
    NOISES,
    Autoencoder,
    DenseGradients,
    EvidenceLowerBound,
    make_loss,
)

SGD = OPTIMIZERS["sgd"][0]  # loads less of torch than torch's own


def at_start(estimator, X, look):
    """Return what ``look(net)`` sees before the first step of a fit."""
    seen = []

    class Looking(Callback):
        def on_train_begin(self, net, **kwargs):
            with torch.no_grad():
                seen.append(look(net))

    estimator.set_params(callbacks=[Looking()], max_iter=1).fit(X)
    return seen[0]


# -- steps -----------------------------------------------------------------------


@pytest.mark.parametrize("callbacks", [[], [Watching()]], ids=["dense", "autograd"])
def test_every_step_clips_its_gradient(monkeypatch, quick, digits, callbacks):
    calls, shorten = [], GradientClip.shorten

    def counted(self):
        calls.append(self)
        shorten(self)

    monkeypatch.setattr(GradientClip, "shorten", counted)
    quick(max_iter=2, batch_size=60, callbacks=callbacks).fit(digits[0])
    assert len(calls) == 2 * 9  # of 540 rows that are trained on


def test_an_optimizer_of_the_users_sees_gradients_as_they_are(monkeypatch, quick, digits):
    def refuse(self):
        raise AssertionError("clipped")

    monkeypatch.setattr(GradientClip, "shorten", refuse)
    fitted = quick(max_iter=1, solver=SGD, learning_rate_init=1e-6).fit(digits[0])
    assert fitted.n_iter_ == 1


def test_one_long_gradient_does_not_raise_the_limit():
    weight = nn.Parameter(torch.zeros(1))
    clip = GradientClip([weight])
    for size in [1.0] * 30 + [1e6, 10.0]:
        weight.grad = torch.tensor([size])
        clip.shorten()
    # What was shortened counts as long as it was left: 2 in one of 20.
    assert weight.grad.item() == pytest.approx(2 * 1.05, rel=1e-5)


def test_the_first_gradients_are_left_as_they_are():
    weight = nn.Parameter(torch.zeros(1))
    clip = GradientClip([weight])
    for size in [1.0] * 5 + [100.0]:
        weight.grad = torch.tensor([size])
        clip.shorten()
    assert weight.grad.item() == 100


def test_linear_parts_learn_at_a_tenth_of_the_rate_where_the_start_is_their_best(
    quick, digits
):
    def rates(net):
        names = {id(weight): name for name, weight in net.module_.named_parameters()}
        return {
            names[id(weight)]: group["lr"]
            for group in net.optimizer_.param_groups
            for weight in group["params"]
        }

    settings = {"learning_rate": "constant", "learning_rate_init": 0.01}
    for loss, share in (("mse", 0.1), ("mae", 1)):
        found = at_start(quick(loss=loss, **settings), digits[0], rates)
        assert len(found) >= 12
        for name, rate in found.items():
            expected = 0.01 * (share if ".skip." in name else 1)
            assert rate == pytest.approx(expected), name


def test_told_to_land_a_second_time_a_cycle_lands_as_it_was_told_first():
    def rates(*told):
        optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        cycle, found = OneCycle(optimizer, 100, 1), []
        while cycle.step < cycle.n_steps:
            cycle.move()
            found.append(optimizer.param_groups[0]["lr"])
            if cycle.step in told:
                cycle.end_within(10)
        return found

    once = rates(40)
    assert len(once) == 50
    assert rates(40, 42, 45, 49) == once


# -- which weights are kept, and when training ends ------------------------------


def test_the_average_looks_back_over_two_epochs_however_many_there_were():
    weight = nn.Parameter(torch.zeros(1))
    average = AveragedWeights([weight], 4)
    for value in [0.0] * 1000 + [1.0] * 2 * 4:
        weight.data.fill_(value)
        average.update()
    with average.in_place():
        assert weight.item() == pytest.approx(1 - (1 - 1 / 8) ** 8, rel=1e-4)
    assert weight.item() == 1


class Told:
    """Rows whose losses are told beforehand, one judgement after another."""

    def __init__(self, *losses, weight=None):
        self.weight = weight
        self.losses = [torch.tensor(rows) for rows in losses]

    def judge(self):
        return self.losses.pop(0), 0.0

    def loss_of_mean(self):
        return 1.0


def best_epoch(train, valid, *, guards_start=True):
    """Return the epoch that is kept, of the start and one more."""
    network = nn.Linear(1, 1)
    recipe = SimpleNamespace(
        keeps_start=True,
        guards_start=guards_start,
        keeps_network=False,
        tol=0.0,
        n_iter_no_change=10,
        learning_rate_init=0.01,
    )
    schedule = SimpleNamespace(step=0, n_steps=9)
    average = AveragedWeights(list(network.parameters()), 1)
    best = BestWeights(network, average, train, valid, recipe)
    best.judge_start()
    best.judge_epoch(1, 1.0, schedule, is_early=False)
    best.finish(1)
    return best.best_epoch_


@pytest.mark.parametrize(
    ("valid", "train", "mean", "largest"),
    [(5, 1, 1, 5), (-5, 1, 1, 5), (1, 5, 1, 5), (1, 1, 5, 5), (0.1, 0.1, 0.1, 1)],
)
def test_hopeless_is_a_thousand_times_the_largest_loss_that_may_be_usual(
    valid, train, mean, largest
):
    network, train, valid = nn.Linear(1, 1), Told([float(train)]), Told([float(valid)])
    train.loss_of_mean = lambda: mean
    best = BestWeights(
        network, None, train, valid, SimpleNamespace(keeps_start=True, keeps_network=False)
    )
    best.judge_start()
    assert best.ceiling == pytest.approx(1e3 * largest)


def test_r2_of_an_epoch_counts_columns_that_vary_as_r2_score_does():
    x = torch.tensor([[0.0, 5.0, 1.0], [2.0, 5.0, 3.0], [4.0, 5.0, 2.0]])
    network = nn.Module()
    network.to_rows = network.nested = None
    network.encoder = SimpleNamespace(table=None)
    network.outcome = lambda x: x + torch.tensor([1.0, 100.0, 0.0])
    loss, column_weights = make_loss("mse"), torch.ones(3)
    rows = JudgedRows(network, loss, None, None, column_weights, rows=Rows(x))
    assert rows.judge()[1] == pytest.approx(1 - 3 / (8 + 2))


@pytest.mark.parametrize(
    ("explained", "share"), [(-0.5, 0), (0, 0), (0.25, 0.25), (1, 1), (1.5, 1)]
)
@pytest.mark.parametrize(("goes_on", "n_steps"), [(False, 1000), (True, 1)])
def test_what_is_left_of_a_linear_start_is_a_share(explained, share, goes_on, n_steps):
    seen = []
    training = SimpleNamespace(
        best=SimpleNamespace(train_r2_=explained),
        recipe=SimpleNamespace(learning_rate_init=0.01, goes_on=goes_on),
        schedule=SimpleNamespace(n_steps=n_steps),
        network=SimpleNamespace(loosen=lambda share, generator: seen.append(share)),
        generator=None,
    )
    Training._loosen_start(training)
    assert seen == [share]


@pytest.mark.parametrize(("after", "epoch"), [(0.9, 1), (1.0, 1), (1.1, 0)])
def test_a_gain_at_the_price_of_the_training_rows_is_none(after, epoch):
    valid = Told([2.0] * 50, [1.0] * 50)
    assert best_epoch(Told([1.0, 1.0], [after, after]), valid) == epoch


@pytest.mark.parametrize(("heavy", "epoch"), [(1.0, 1), (45.0, 0)])
def test_a_gain_of_one_heavy_row_is_no_proof(heavy, epoch):
    weight = torch.ones(50)
    weight[0] = heavy
    weight /= weight.mean()
    # Rows of losses times weights, as judge returns them.
    gain = 0.2 + 0.3 * (-1.0) ** torch.arange(50)
    gain[0] = 1.0
    start, end = 2 * weight, (2 - gain) * weight
    valid = Told(start.tolist(), end.tolist(), weight=weight)
    assert best_epoch(Told([1.0, 1.0], [0.9, 0.9]), valid) == epoch


@pytest.mark.parametrize(("guards_start", "epoch"), [(True, 0), (False, 1)])
def test_one_validation_row_is_no_proof(guards_start, epoch):
    train, valid = Told([1.0], [0.5]), Told([1.0], [0.5])
    assert best_epoch(train, valid, guards_start=guards_start) == epoch


def test_a_loss_above_that_of_the_start_is_no_progress_after_a_worse_one():
    network, told = nn.Linear(1, 1), []
    recipe = SimpleNamespace(
        keeps_start=True,
        guards_start=True,
        keeps_network=False,
        tol=0.0,
        n_iter_no_change=1,
    )
    schedule = SimpleNamespace(step=0, n_steps=9, end_within=told.append)
    average = AveragedWeights(list(network.parameters()), 1)
    valid = Told([1.0] * 5, [1.5] * 5, [1.2] * 5)
    best = BestWeights(network, average, Told([1.0]), valid, recipe)
    best.judge_start()
    best.judge_epoch(1, 1.0, schedule, is_early=True)
    assert not told
    best.judge_epoch(2, 1.0, schedule, is_early=False)
    assert told == [1]


def test_patience_begins_when_the_divergence_has_its_weight(digits):
    def n_epochs(kl_warmup):
        settings = {"learning_rate": "constant", "tol": 0.9, "n_iter_no_change": 3}
        vae = VariationalAutoencoder(2, kl_warmup=kl_warmup, max_iter=50, **settings)
        return (
            vae.set_params(hidden_layer_sizes=(16,), random_state=0).fit(digits[0]).n_iter_
        )

    assert n_epochs(0) == 3
    assert n_epochs(8) == 7 + 3  # the eighth has all of it


@pytest.mark.parametrize(
    ("hook", "training"),
    [("on_epoch_begin", None), ("on_batch_end", True), ("on_batch_end", False)],
)
def test_an_interrupt_deep_in_a_callback_leaves_a_fitted_estimator(
    quick, digits, hook, training
):
    def deep(n_left):
        if not n_left:
            raise KeyboardInterrupt
        deep(n_left - 1)

    def interrupt(self, net, training=None, **kwargs):
        if len(net.history) == 2 and training is wanted:
            deep(20)

    wanted = training
    callback = type("Interrupting", (Callback,), {hook: interrupt})()
    fitted = quick(callbacks=[callback]).fit(digits[0])
    # The second epoch is judged before its validation rows are shown.
    assert fitted.n_iter_ == (2 if training is False else 1)
    assert np.isfinite(fitted.reconstruct(digits[0])).all()


def test_the_history_holds_no_epoch_that_a_callback_cut_short(quick, digits):
    seen = []

    class Stopping(Callback):
        def on_batch_end(self, net, **kwargs):
            if len(net.history) == 3:
                raise KeyboardInterrupt

        def on_train_end(self, net, **kwargs):
            seen.extend(epoch.get("train_loss") for epoch in net.history)

    fitted = quick(callbacks=[Stopping()]).fit(digits[0])
    assert seen == fitted.loss_curve_
    assert len(seen) == 2


def test_a_last_step_that_diverges_is_told_though_losses_before_it_were_finite(digits):
    settings = {"solver": SGD, "learning_rate_init": 1e9, "learning_rate": "constant"}
    ae = AutoencoderTransformer(2, max_iter=1, batch_size=600, random_state=0, **settings)
    with pytest.raises(ConvergenceError, match="diverged in epoch 1 "):
        ae.fit(digits[0])


def test_an_interrupt_that_passes_leaves_an_estimator_as_if_never_fitted(quick, bent):
    def interrupt(x_hat, x):
        raise KeyboardInterrupt

    estimator = quick(loss=interrupt)
    before = dict(vars(estimator))
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(bent)
    assert vars(estimator) == before


class LossOfTwoMinds(nn.Module):
    """A loss of the user's that notes whether it is asked in training."""

    asked = []  # of the class, since the instance is copied

    def forward(self, x_hat, x):
        self.asked.append(self.training)
        return ((x_hat - x) ** 2).mean()


def test_a_loss_of_the_users_is_in_training_for_steps_alone(quick, bent):
    asked = LossOfTwoMinds.asked
    asked.clear()
    X = bent[:40]  # row by row
    fitted = quick(loss=LossOfTwoMinds(), batch_size=40)
    at_start(fitted, X, lambda net: asked.append("start"))
    assert not any(asked[: asked.index("start")])
    assert asked.count(True) == 1  # the one step; all else judges
    asked.clear()
    fitted.score_samples(X)
    assert asked == [False] * len(asked)
    assert asked


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_closed_form_takes_one_iteration(kind, digits):
    assert kind(2, hidden_layer_sizes=()).fit(digits[0]).n_iter_ == 1
    check_transformer_n_iter(kind.__name__, kind(hidden_layer_sizes=()))


# -- rows that validate ----------------------------------------------------------


@pytest.mark.parametrize(("n_rows", "n_valid"), [(2, 0), (3, 2)])
def test_two_rows_are_too_few_to_leave_any_to_validate(quick, bent, n_rows, n_valid):
    fitted = quick(1, loss="mae").fit(bent[:n_rows])
    assert (fitted.validation_scores_ is not None) == (n_valid > 0)


def test_one_row_is_left_to_train_on_whatever_share_validates(quick, bent):
    fitted = quick(1, validation_fraction=0.99)
    sizes = at_start(fitted, bent[:10], lambda net: list(map(len, net.datasets_)))
    assert sizes == [1, 9]


# -- the start -------------------------------------------------------------------


def test_layers_of_the_users_are_trained_where_there_are_no_hidden_layers(quiet, bent):
    fitted = quiet(1, hidden_layer_sizes=(), encoder=nn.Linear, max_iter=3).fit(bent)
    assert len(fitted.loss_curve_) == fitted.n_iter_ == 3


def test_random_weights_that_hardly_moved_are_shown_and_gone_on_with_as_any_network(
    quick, digits
):
    X, _ = digits
    settings = {"init": "random", "learning_rate_init": 1e-30, "warm_start": True}
    fitted = quick(4, max_iter=1, **settings).fit(X)
    codes = fitted.transform(X)
    if not is_variational(fitted):
        covariance = np.cov(codes.T)
        off = covariance - np.diag(np.diag(covariance))
        np.testing.assert_allclose(off, 0, atol=1e-4 * covariance.max())
    fitted.set_params(random_state=1).fit(X)
    np.testing.assert_allclose(fitted.transform(X), codes, atol=1e-4)


@pytest.mark.parametrize("n_components", [None, 40])
def test_a_warm_start_goes_on_with_fewer_rows_than_components(quick, digits, n_components):
    fitted = quick(n_components, init="random", max_iter=1, warm_start=True)
    n_components = fitted.fit(digits[0]).n_components_
    assert n_components in (40, 64)
    assert fitted.fit(digits[0][:30]).transform(digits[0]).shape == (600, n_components)


def test_a_warm_start_takes_clean_rows_that_the_last_fit_had_not(digits):
    X, _ = digits
    settings = {"hidden_layer_sizes": (16,), "max_iter": 20, "random_state": 0}
    ae = DenoisingAutoencoder(8, init="random", warm_start=True, **settings).fit(X)
    assert ae.score(X) > 0.3
    # What rebuilds rows is far from their opposite.
    assert ae.fit(X, X_clean=1 - X).validation_scores_[0] < -1


def test_validation_rows_have_no_part_in_a_start_that_flatters_rows(quick, digits):
    def look(net):
        rows, valid = net.datasets_
        means = net.module_.encoder(rows.X).mean(0), net.module_.encoder(valid.X).mean(0)
        return [mean.abs().max().item() for mean in means]

    # A penalty, however small, leaves the start as it is found.
    make = quick(4, validation_fraction=0.5, alpha=1e-12, batch_size=600)
    of_train, of_valid = at_start(make, digits[0], look)
    assert of_valid > 0.01
    # Codes are centred on the rows that the start has seen: for PCA, on all.
    assert (of_train > 0.01) == (type(make) is AutoencoderTransformer)
    assert of_train > 0.01 or of_train < 1e-5


def test_half_of_the_spread_of_codes_is_in_the_encoder_and_half_in_the_decoder(quiet):
    if is_variational(quiet()):
        pytest.skip("codes of the prior have unit variance")
    X = np.random.RandomState(0).normal(size=(1000, 5)) * [16, 4, 1, 0.1, 0.1]

    def look(net):
        codes = net.module_.encoder(net.datasets_[0].X)
        decoder = net.module_.decoder  # whose weights are in each column's spread
        weight = decoder.spread[:, None] * decoder.skip.weight
        return codes.std(0), weight.norm(dim=0)

    for half in at_start(quiet(3, alpha=1e-12), X, look):
        shares = (half / half[0]).numpy()
        np.testing.assert_allclose(shares, [1, 0.5, 0.25], rtol=0.1)


# -- codes and noise -------------------------------------------------------------


@pytest.mark.parametrize("whiten", [False, True])
def test_a_warm_start_that_moves_nothing_draws_the_rows_that_it_drew(quick, bent, whiten):
    settings = {"init": "random", "max_iter": 2, "sampler": "gaussian", "whiten": whiten}
    fitted = quick(warm_start=True, **settings).fit(bent)
    before = fitted.sample(50, random_state=0)
    fitted.set_params(learning_rate_init=1e-12).fit(bent)
    np.testing.assert_allclose(fitted.sample(50, random_state=0), before, atol=1e-4)


def test_a_mixture_finds_clusters_in_units_of_rows():
    rng = np.random.RandomState(0)
    means = rng.uniform(-10, 10, (8, 1)).repeat(50, axis=0)
    codes = np.hstack([means, np.zeros((400, 1))]) + rng.normal(size=(400, 2)) * [0.3, 1]
    unit = np.array([1.0, 1e-3])
    plain = MixtureDensity().fit(codes, np.ones(2), 0)
    worth = MixtureDensity().fit(codes / unit, unit, 0)
    draws = [d.draw(100, np.random.RandomState(0)) for d in (plain, worth)]
    np.testing.assert_allclose(draws[1] * unit, draws[0], rtol=1e-6)


def test_draws_stay_on_the_line_on_which_codes_lie():
    direction = np.array([3.0, 4.0, 0.0, 12.0]) / 13
    for seed in range(20):
        place = np.random.RandomState(seed).normal(size=(50, 1))
        density = GaussianDensity().fit(1 + place * direction, np.ones(4), 0)
        rounded = np.linalg.eigvalsh(density.covariance_)
        draws = density.draw(200, np.random.RandomState(0)) - 1
        across = draws - (draws @ direction)[:, np.newaxis] * direction
        np.testing.assert_allclose(across, 0, atol=1e-6)
        if rounded.min() < 0:
            break
    assert rounded.min() < 0  # a covariance may have such, by a rounding


def test_a_mixture_looks_at_so_many_codes_at_most_and_not_at_the_first(monkeypatch):
    monkeypatch.setattr(_code_density, "_MOST_ROWS", 100)
    seen, fit = [], GaussianMixture.fit
    monkeypatch.setattr(
        GaussianMixture, "fit", lambda self, X: seen.append(len(X)) or fit(self, X)
    )
    codes = np.random.RandomState(0).normal(size=(2000, 1))
    codes[:1000] += 100
    density = MixtureDensity().fit(codes, np.ones(1), 0)
    assert set(seen) == {100}
    draws = density.draw(1000, np.random.RandomState(0))
    assert (draws > 50).mean() == pytest.approx(0.5, abs=0.15)


def test_a_density_that_waits_is_fitted_once():
    n_fits = []

    class Counted(GaussianDensity):
        def fit(self, codes, unit, seed, weight=None):
            n_fits.append(1)
            return super().fit(codes, unit, seed, weight)

    codes = np.random.RandomState(0).normal(size=(20, 2))
    density = DeferredDensity(Counted()).fit(codes, np.ones(2), 0)
    assert not n_fits
    for _ in range(2):
        density.draw(3, np.random.RandomState(0))
    assert len(n_fits) == 1


def test_whitening_does_not_blow_up_a_code_that_holds_roundings():
    X = np.outer(np.random.RandomState(0).normal(size=100), [1.0, 2.0, 0.5])
    ae = AutoencoderTransformer(2, hidden_layer_sizes=(), whiten=True, random_state=0)
    codes = ae.fit_transform(X)
    np.testing.assert_allclose(codes[:, 0].std(ddof=1), 1, rtol=1e-6)
    np.testing.assert_allclose(codes[:, 1], 0, atol=1e-6)
    np.testing.assert_allclose(ae.inverse_transform(codes), X, atol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_swap_never_draws_the_row_itself(seed):
    x = torch.arange(12.0).reshape(2, 6)
    noise = NOISES["swap"](1.0)
    measure(noise, x)
    assert torch.equal(noise(x, torch.Generator().manual_seed(seed)), x.flip(0))


def test_swap_leaves_a_row_that_is_alone():
    noise = NOISES["swap"](1.0)
    measure(noise, torch.rand(5, 3))
    row = torch.ones(1, 3)
    assert torch.equal(noise(row, torch.Generator()), row)


# -- weights of rows -------------------------------------------------------------


@pytest.fixture
def pairs():
    """x_hat and x, (3, 4) each, in (0, 1) for losses of shares, and weights (3,)."""
    x_hat, x = torch.rand((2, 3, 4), generator=torch.Generator().manual_seed(0))
    return x_hat * 0.8 + 0.1, x, torch.tensor([2.0, 1.0, 1.0]) * 3 / 4


def twice(rows):
    """Return the rows with the first of them twice."""
    return torch.cat([rows[:1], rows])


@pytest.mark.parametrize("name", LOSSES)
def test_a_weight_of_two_is_the_row_twice_and_of_one_is_none(name, pairs):
    x_hat, x, weight = pairs
    loss = make_loss(name)
    torch.testing.assert_close(loss(x_hat, x, weight), loss(twice(x_hat), twice(x)))
    torch.testing.assert_close(loss(x_hat, x, torch.ones(3)), loss(x_hat, x))
    # with_slope may overwrite what it is given.
    mean, slope = loss.with_slope(x_hat.clone(), x, weight)
    mean_of_four, slopes = loss.with_slope(twice(x_hat), twice(x))
    torch.testing.assert_close(mean, mean_of_four)
    torch.testing.assert_close(slope, torch.cat([slopes[:1] * 2, slopes[2:]]))
    for told, expected in zip(
        loss.with_slope(x_hat.clone(), x, torch.ones(3)),
        loss.with_slope(x_hat.clone(), x),
        strict=True,
    ):
        torch.testing.assert_close(told, expected)


@pytest.mark.parametrize(("name", "edges"), [("bce", (0.0, 1.0)), ("kl", (0.0,))])
def test_values_beyond_the_domain_by_a_rounding_are_at_its_edge(name, edges):
    loss, x_hat = make_loss(name), torch.full((1, 1), 0.5)
    for edge in edges:
        x = torch.full((1, 1), edge)
        beyond = x + (1e-3 if edge else -1e-3)
        torch.testing.assert_close(loss(x_hat, beyond), loss(x_hat, x))


@pytest.mark.parametrize("name", LOSSES)
def test_a_bound_weighs_rows_too(name, pairs):
    x_hat, x, weight = pairs
    bound = EvidenceLowerBound(make_loss(name).likelihood(1.0), beta=2.0).eval()

    def mean(x_hat, x, divergence, weight=None):
        return bound((x_hat, (x_hat,), divergence, torch.tensor(-0.5)), x, weight)

    divergence = torch.tensor([3.0, 1.0, 0.5])
    expected = mean(twice(x_hat), twice(x), twice(divergence))
    torch.testing.assert_close(mean(x_hat, x, divergence, weight), expected)
    torch.testing.assert_close(
        mean(x_hat, x, divergence, torch.ones(3)), mean(x_hat, x, divergence)
    )


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_by_hand_weigh_rows_as_autograd_does(name, pairs):
    _, x, weight = pairs
    output = {"bce": "logistic", "kl": "softplus"}.get(name, "identity")
    generator, loss = torch.Generator().manual_seed(1), make_loss(name)
    network = Autoencoder(
        n_features=4,
        n_components=2,
        hidden_layer_sizes=(5,),
        decoder_hidden_layer_sizes=(5,),
        output_activation=output,
        generator=generator,
    )
    named = dict(network.named_parameters())
    for parameter in named.values():
        parameter.data.normal_(generator=generator)
    expected = loss(network.outcome(x), x, weight)
    expected.backward()
    gradients = {key: torch.zeros_like(w) for key, w in named.items()}
    weights = {key: w.detach() for key, w in named.items()}
    told = DenseGradients(network, loss, weights, gradients)(x, x, weight)
    torch.testing.assert_close(told, expected.detach())
    for key, parameter in named.items():
        torch.testing.assert_close(gradients[key], parameter.grad, rtol=1e-4, atol=1e-5)


# -- threads ---------------------------------------------------------------------


@pytest.fixture
def two_threads():
    """Two threads of torch's while a test runs."""
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize(("width", "n_threads"), [(16, 1), (1400, 2)])
def test_small_networks_run_on_one_thread_and_large_ones_on_all(
    quick, digits, width, n_threads
):
    X, seen = digits[0].astype(np.float32), []

    def look(*args):
        seen.append(torch.get_num_threads())

    settings = {"hidden_layer_sizes": (width,), "batch_size": 300, "solver": "sgd"}
    fitted = quick(**settings, learning_rate_init=1e-6)
    at_start(fitted, X, look)
    assert torch.get_num_threads() == 2
    fitted.net_.module_.encoder.activation.register_forward_hook(look)
    fitted.transform(X)
    assert torch.get_num_threads() == 2
    assert seen == [n_threads] * 2


# -- the module alone ------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"output_activation": "relu"},
        {"loss": "bce"},
        {"loss": "kl"},
        {"scaling": "feature"},
    ],
    ids=str,
)
def test_the_module_alone_takes_and_gives_what_users_do(quick, digits, settings):
    X = digits[0] if "loss" in settings else 3 * digits[0] + 1
    fitted = quick(3, **settings).fit(X)
    module, x = copy.deepcopy(fitted.net_.module_).double(), torch.tensor(X)
    codes = fitted.transform(X)
    with torch.no_grad():
        for told, expected in (
            (module(x), fitted.reconstruct(X)),
            (module.encode(x), codes),
            (module.decode(torch.tensor(codes)), fitted.inverse_transform(codes)),
        ):
            atol = 1e-4 * np.abs(expected).max()
            np.testing.assert_allclose(told.numpy(), expected, rtol=1e-4, atol=atol)


def test_the_module_alone_keeps_digits_of_means_far_out(quick, digits):
    X = digits[0] + 1e5  # of which float32 holds two decimals
    fitted = quick(3).fit(X)
    module = copy.deepcopy(fitted.net_.module_).double()
    with torch.no_grad():
        told, expected = module.encode(torch.tensor(X)).numpy(), fitted.transform(X)
    np.testing.assert_allclose(told, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace:DeprecationWarning")
def test_a_traced_module_does_the_same(digits):
    X = digits[0]
    ae = AutoencoderTransformer(3, hidden_layer_sizes=(16,), max_iter=3, random_state=0)
    module = copy.deepcopy(ae.fit(X).net_.module_).double()
    with torch.no_grad():
        traced = torch.jit.trace(module, torch.tensor(X[:5]))
        told = traced(torch.tensor(X)).numpy()
    np.testing.assert_allclose(told, ae.reconstruct(X), rtol=1e-4, atol=1e-5)
