"""VariationalAutoencoder: likelihoods with a known answer, posteriors, collapse."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal, poisson
from sklearn.base import clone
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sklearn_ae import VariationalAutoencoder


def make(n_components=2, **params):
    settings = {"hidden_layer_sizes": (16,), "max_iter": 5, "random_state": 0}
    return VariationalAutoencoder(n_components, **{**settings, **params})


def linear(n_components, **params):
    return make(n_components, hidden_layer_sizes=(), **params)


def probabilistic_pca(X, n_components):
    """Return the density of Tipping and Bishop (1999), by its covariance."""
    values, vectors = np.linalg.eigh(np.cov(X.T, bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    noise = values[n_components:].mean()
    leading = vectors[:, :n_components] * np.sqrt(values[:n_components] - noise)
    covariance = leading @ leading.T + noise * np.eye(X.shape[1])
    return multivariate_normal(X.mean(0), covariance)


# -- the linear network is probabilistic PCA ---------------------------------


@pytest.mark.parametrize("n_components", [1, 2, 8, 20])
def test_without_hidden_layers_it_is_probabilistic_pca(n_components):
    X = load_digits().data
    vae = linear(n_components).fit(X[:1000])
    expected = probabilistic_pca(X[:1000], n_components).logpdf(X)
    np.testing.assert_allclose(vae.score_samples(X), expected, rtol=1e-9)
    # The posterior is exact: one draw tells as much as the bound.
    np.testing.assert_allclose(
        vae.log_likelihood(X, 1, random_state=0), expected, rtol=1e-9
    )
    # scikit-learn's divides by n - 1, which costs it some of the likelihood.
    pca = PCA(n_components, svd_solver="full").fit(X[:1000])
    mean = vae.log_likelihood(X[:1000], 1).mean()
    assert 0 < mean - pca.score(X[:1000]) < 1e-3
    assert (vae.n_iter_, vae.best_iter_) == (1, 0)
    assert vae.active_components_ == n_components


def test_scaled_columns_are_those_of_probabilistic_pca_too():
    X = load_wine().data
    vae = linear(3, scaling="feature").fit(X)
    X_scaled = (X - X.mean(0)) / X.std(0)
    expected = probabilistic_pca(X_scaled, 3).logpdf(X_scaled) - np.log(X.std(0)).sum()
    np.testing.assert_allclose(vae.score_samples(X), expected, rtol=1e-9)


def test_the_posterior_of_probabilistic_pca():
    X = load_wine().data
    vae = linear(3, scaling="feature").fit(X)
    X_scaled = (X - X.mean(0)) / X.std(0)
    pca = PCA(3).fit(X_scaled)
    values = np.linalg.eigvalsh(np.cov(X_scaled.T, bias=True))[::-1]
    noise = values[3:].mean()
    mean, std = vae.posterior(X)
    explained = values[:3] - noise
    expected = pca.transform(X_scaled) * np.sqrt(explained) / values[:3]
    np.testing.assert_allclose(np.abs(mean), np.abs(expected), atol=1e-8)
    np.testing.assert_allclose(std, np.tile(np.sqrt(noise / values[:3]), (178, 1)))


@pytest.mark.parametrize("scaling", ["global", "feature", None])
@pytest.mark.parametrize("whiten", [False, True])
def test_rows_sampled_from_the_linear_network_have_its_covariance(scaling, whiten):
    X = load_wine().data
    X = (X - X.mean(0)) / X.std(0) * 50
    vae = linear(3, scaling=scaling, whiten=whiten).fit(X)
    rows = (vae.sample(200_000, random_state=0) - X.mean(0)) / X.std(0)
    values, vectors = np.linalg.eigh(np.corrcoef(X.T))
    noise = values[:-3].mean()
    leading = vectors[:, -3:] * np.sqrt(values[-3:] - noise)
    np.testing.assert_allclose(np.cov(rows.T), leading @ leading.T, atol=0.03)


@pytest.mark.parametrize("n_components", [None, 4, 6])
def test_all_components_are_the_full_covariance(n_components):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(500, 6)) @ rng.normal(size=(6, 6))
    X = X[:, :n_components]
    vae = linear(None).fit(X)
    full = multivariate_normal(X.mean(0), np.cov(X.T, bias=True))
    np.testing.assert_allclose(vae.score_samples(X), full.logpdf(X), rtol=1e-8)
    assert vae.active_components_ == X.shape[1]
    assert vae.score(X) > 0.99


def test_data_that_fit_exactly_have_a_finite_likelihood():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 6))
    for vae in (linear(2), linear(4), make(2)):
        vae.fit(X)
        assert np.isfinite(vae.score_samples(X)).all()
        assert vae.score(X) > 0.999


# -- what training does ------------------------------------------------------


def test_training_raises_the_likelihood_of_held_out_rows():
    X = load_digits().data
    settings = {"hidden_layer_sizes": (128, 128), "max_iter": 20}
    vae = make(8, **settings).fit(X[:1400])
    pca = PCA(8).fit(X[:1400])
    assert vae.log_likelihood(X[1400:], random_state=0).mean() > pca.score(X[1400:]) + 10
    assert vae.best_iter_ > 0


def test_a_parabola_is_likelier_than_its_covariance_says(bent):
    vae = make(1, hidden_layer_sizes=(32, 32), max_iter=100, batch_size=16).fit(bent[:150])
    gain = vae.score_samples(bent[150:]).mean() - linear(1).fit(bent[:150]).score_samples(
        bent[150:]
    )
    assert gain.mean() > 1


def test_pure_noise_leaves_probabilistic_pca():
    X = np.random.RandomState(0).normal(size=(400, 6))
    vae = make(2, hidden_layer_sizes=(64,), max_iter=20).fit(X)
    assert vae.best_iter_ == 0
    np.testing.assert_allclose(vae.score_samples(X), linear(2).fit(X).score_samples(X))


def test_the_bound_is_below_the_likelihood_and_draws_close_the_gap(digits):
    X, _ = digits
    vae = make(6, max_iter=20).fit(X)
    bound = vae.score_samples(X).mean()
    few, many = (vae.log_likelihood(X, n, random_state=0).mean() for n in (5, 500))
    assert bound < few < many


def test_one_draw_is_the_bound_on_average(digits):
    X, _ = digits
    vae = make(6, max_iter=20).fit(X)
    draws = [vae.log_likelihood(X, 1, random_state=seed).mean() for seed in range(200)]
    error = np.std(draws) / np.sqrt(len(draws))
    assert abs(np.mean(draws) - vae.score_samples(X).mean()) < 4 * error


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_units_shift_the_log_density_by_their_logarithm(loss, bent):
    vae, times = make(loss=loss).fit(bent), make(loss=loss).fit(bent * 1000)
    shift = vae.score_samples(bent) - times.score_samples(bent * 1000)
    np.testing.assert_allclose(shift, 4 * np.log(1000), rtol=1e-3)


def test_the_likelihood_of_counts_is_poissons_in_the_users_units():
    counts = np.random.RandomState(0).poisson([1.0, 30.0, 400.0], (300, 3))
    with pytest.warns(ConvergenceWarning, match="None of the 1"):
        vae = make(1, loss="kl", beta=1e6, max_iter=20).fit(counts)
    expected = poisson.logpmf(counts, vae.reconstruct(counts)).sum(1)
    np.testing.assert_allclose(vae.score_samples(counts), expected, rtol=1e-6)
    single = vae.score_samples(counts.astype(np.float32))
    np.testing.assert_allclose(single, expected, rtol=1e-3)


@pytest.mark.filterwarnings("ignore:None of the 2 components")  # of a random start
@pytest.mark.parametrize("unit", [1e-10, 1e-4, 1e4])
def test_the_least_noise_is_in_the_units_of_the_data(unit, bent):
    X = (bent - 3) * unit
    plain, scaled = linear(2, scaling=None).fit(X), linear(2).fit(X)
    np.testing.assert_allclose(plain.score_samples(X), scaled.score_samples(X), rtol=1e-9)
    curve = make(2, scaling=None, init="random", learning_rate_init=1e-12).fit(X)
    assert np.exp(curve.net_.module_.log_scale.item()) == pytest.approx(
        np.sqrt(X.var(0).mean()), rel=1e-3
    )


@pytest.mark.parametrize("code_activation", ["relu", "silu", "tanh", "logistic"])
def test_a_start_with_a_bent_code_is_close_to_the_straight_one(code_activation, digits):
    X, _ = digits
    settings = {"learning_rate_init": 1e-12, "max_iter": 1}
    bent = make(4, code_activation=code_activation, **settings).fit(X)
    straight = make(4, **settings).fit(X)
    assert bent.score(X) == pytest.approx(straight.score(X), abs=0.02)
    if code_activation == "relu":
        assert bent.transform(X).min() >= 0  # neither turned nor mirrored


def test_a_start_whose_output_has_other_units_has_its_noise_in_them(digits):
    X, _ = digits
    settings = {"learning_rate_init": 1e-12, "max_iter": 1}
    X_hat = {}
    for output in ("identity", "relu"):
        vae = make(8, output_activation=output, **settings).fit(X * 16)
        scale = vae._fitted.output_columns.scale_[0]
        X_hat[output] = np.exp(vae.net_.module_.log_scale.item()) * scale
    assert X_hat["relu"] == pytest.approx(X_hat["identity"], rel=1e-3)


def test_more_components_than_rows_to_train_on():
    X = np.random.RandomState(0).normal(size=(60, 58))
    vae = make(None).fit(X)
    assert vae.n_components_ == 58
    assert np.isfinite(vae.score_samples(X)).all()
    assert make(49).fit(X[:50]).transform(X).shape == (60, 49)


def test_a_long_warmup_is_not_cut_short(digits):
    vae = make(4, init="random", kl_warmup=30, n_iter_no_change=2, max_iter=60, beta=4)
    assert vae.fit(digits[0]).n_iter_ > 30


def test_order_and_signs_do_not_depend_on_the_order_of_rows():
    X = load_wine().data
    order = np.random.RandomState(0).permutation(len(X))
    first = linear(4, scaling="feature").fit(X).transform(X)
    again = linear(4, scaling="feature").fit(X[order]).transform(X)
    np.testing.assert_allclose(first, again, atol=1e-8)
    together = first.T @ ((X - X.mean(0)) / X.std(0))
    largest = np.abs(together).argmax(1)
    assert (together[np.arange(4), largest] > 0).all()


def test_densities_of_codes_follow_draws_and_not_means():
    X = load_wine().data
    settings = {"scaling": "feature", "hidden_layer_sizes": ()}
    rows = [
        make(4, sampler=sampler, **settings).fit(X).sample(100_000, random_state=0)
        for sampler in ("prior", "gaussian")
    ]
    prior, followed = (np.cov((r / X.std(0)).T) for r in rows)
    np.testing.assert_allclose(prior, followed, atol=0.08)


def test_counts_are_likelier_as_counts_than_as_anything_normal():
    rng = np.random.RandomState(0)
    rate = np.exp(rng.normal(size=(600, 1)) * [0.8, -0.8, 0.4, 1.0, 0.2]) * 2
    X = rng.poisson(rate)
    settings = {"hidden_layer_sizes": (32,), "max_iter": 40}
    poisson = make(1, loss="kl", **settings).fit(X[:400])
    normal = make(1, loss="mse", **settings).fit(X[:400])
    # A density at whole numbers is comparable with the probability of a count.
    told, other = (
        vae.log_likelihood(X[400:], random_state=0).mean() for vae in (poisson, normal)
    )
    assert told > other + 0.5


def test_beta_trades_reconstruction_for_fewer_components():
    X = load_digits().data
    free, bound, held = (make(8, beta=beta, max_iter=20).fit(X) for beta in (0.1, 1, 4))
    assert free.score(X) > bound.score(X) > held.score(X)
    assert held.active_components_ < bound.active_components_ == 8
    # score_samples is the bound itself, whatever was trained.
    assert bound.score_samples(X).mean() > held.score_samples(X).mean()


def test_the_weight_of_the_divergence_rises(digits):
    seen = []

    class Keeper(Callback):
        def on_batch_begin(self, net, training=None, **kwargs):
            if training:
                seen.append((net.criterion_.beta, net.criterion_.warmth))

        def on_epoch_end(self, net, **kwargs):
            judged.append(net.criterion_.beta)

    judged = []
    params = {"beta": 2.0, "batch_size": 60, "max_iter": 6, "learning_rate": "constant"}
    make(kl_warmup=3, callbacks=[Keeper()], **params).fit(digits[0])
    betas, warmths = zip(*seen, strict=True)
    n_batches = len(seen) // 6
    rise = np.arange(1, 3 * n_batches + 1) / (3 * n_batches)
    np.testing.assert_allclose(warmths[: 3 * n_batches], rise)
    assert set(warmths[3 * n_batches :]) == {1.0}
    assert set(betas) == set(judged) == {2.0}
    seen.clear()
    make(kl_warmup=0, callbacks=[Keeper()], **params).fit(digits[0])
    assert {warmth for _, warmth in seen} == {1.0}


def test_warmup_changes_what_is_learnt(digits):
    X, _ = digits
    plain, warmed = make(4).fit(X), make(4, kl_warmup=5).fit(X)
    assert plain.loss_curve_[0] > warmed.loss_curve_[0]
    assert not np.allclose(plain.transform(X), warmed.transform(X))


def test_rows_far_out_do_not_make_training_diverge():
    rng = np.random.RandomState(0)
    X = rng.standard_t(1.5, size=(500, 10)) @ rng.normal(size=(10, 30))
    for loss in ("mse", "mae", "huber"):
        vae = make(8, hidden_layer_sizes=(128, 128), loss=loss, max_iter=20)
        assert np.isfinite(vae.fit(X).score_samples(X)).all()


# -- codes -------------------------------------------------------------------


@pytest.mark.parametrize("whiten", [False, True])
def test_the_posterior_has_the_mean_that_transform_gives(digits, whiten):
    X, _ = digits
    vae = make(4, whiten=whiten).fit(X)
    mean, std = vae.posterior(X)
    np.testing.assert_array_equal(mean, vae.transform(X))
    assert std.shape == mean.shape
    assert (std > 0).all()
    spread = mean.std(0, ddof=1)
    if whiten:
        np.testing.assert_allclose(spread, 1, rtol=1e-5)
    else:
        assert (std <= 1).all()  # as sure as the prior at least
        assert (np.diff(spread) <= 0).all()


def test_codes_are_in_units_of_the_prior(digits):
    X, _ = digits
    mean, std = make(4, max_iter=20).fit(X).posterior(X)
    total = mean.var(0) + (std**2).mean(0)
    assert np.abs(mean.mean(0)).max() < 0.3
    assert 0.7 < total.min() < total.max() < 1.6


def test_what_is_told_of_rows_does_not_change_from_call_to_call(digits):
    X, _ = digits
    vae = make(4).fit(X)
    for method in (vae.transform, vae.score_samples, vae.reconstruct, vae.score):
        np.testing.assert_array_equal(method(X), method(X))
    np.testing.assert_allclose(vae.score_samples(X[7:9]), vae.score_samples(X)[7:9])
    loaded = pickle.loads(pickle.dumps(vae))
    np.testing.assert_array_equal(loaded.score_samples(X), vae.score_samples(X))


def test_draws_have_a_seed_of_their_own(digits):
    X, _ = digits
    vae = make(4).fit(X)
    once, again, other = (vae.log_likelihood(X, 3, random_state=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)
    assert not np.array_equal(vae.log_likelihood(X, 3), vae.log_likelihood(X, 3))


def test_components_not_in_use_are_counted():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(1000, 2)) @ rng.normal(size=(2, 8)) * 3
    X += rng.normal(size=X.shape)
    assert linear(2).fit(X).active_components_ == 2
    vae = make(5, max_iter=60).fit(X)
    assert 2 <= vae.active_components_ <= 5
    assert vae.active_components_ == (vae.transform(X).var(0) > 0.01).sum()


def test_collapse_is_told_with_the_way_out(digits):
    X, _ = digits
    for vae in (linear(4, beta=1000), make(4, beta=1000), linear(4, beta=1e300)):
        with pytest.warns(
            ConvergenceWarning, match=r"None of the 4.*smaller beta than 1"
        ) as told:
            vae.fit(X)
        assert told[0].filename == __file__
        assert vae.active_components_ == 0
        assert abs(vae.score(X)) < 0.05
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(1).fit(np.ones((20, 3)))  # where nothing varies, nothing collapses


# -- as an estimator ---------------------------------------------------------


def test_the_grid_search_tunes_it(digits):
    grid = {"beta": [0.1, 100.0], "n_components": [1, 8]}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "None of the")
        search = GridSearchCV(make(), grid, cv=2).fit(digits[0])
    assert search.best_params_ == {"beta": 0.1, "n_components": 8}


def test_an_encoder_of_ones_own_tells_means_and_deviations(digits):
    X, _ = digits
    asked = []

    def encoder(n_in, n_out):
        asked.append((n_in, n_out))
        return torch.nn.Linear(n_in, n_out)

    vae = make(3, encoder=encoder, init="random", max_iter=10).fit(X)
    assert set(asked) == {(64, 6)}
    assert vae.transform(X).shape == (600, 3)
    assert len(np.unique(vae.posterior(X)[1][:, 0].round(6))) > 1


@pytest.mark.parametrize(
    "params",
    [
        {"beta": -0.1},
        {"beta": np.nan},
        {"beta": "large"},
        {"kl_warmup": -1},
        {"kl_warmup": 0.5},
        {"sampler": "uniform"},
    ],
    ids=str,
)
def test_bad_parameters(params, bent):
    (name,) = params
    with pytest.raises(ValueError, match=f"The '{name}' parameter of VariationalAuto"):
        make(**params).fit(bent)


def test_beta_may_be_zero(digits):
    vae = make(4, beta=0).fit(digits[0])
    assert np.isfinite(vae.posterior(digits[0])).all()
    assert vae.score(digits[0]) > 0.4


@pytest.mark.parametrize("count", [0, -3, 2.5, True, "many", None])
def test_how_many_draws_is_a_count(count, bent):
    with pytest.raises(ValueError, match=r"n_importance_samples=.*integer of at least 1"):
        make().fit(bent).log_likelihood(bent, count)


@pytest.mark.parametrize("method", ["posterior", "log_likelihood", "score_samples"])
def test_methods_before_and_after_a_fit(method, bent):
    vae = make()
    with pytest.raises(NotFittedError):
        getattr(vae, method)(bent)
    vae.fit(bent)
    with pytest.raises(ValueError, match="3 features"):
        getattr(vae, method)(bent[:, :3])
    spoilt = bent.copy()
    spoilt[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        getattr(vae, method)(spoilt)
    single = getattr(vae, method)(bent.astype(np.float32))
    assert np.asarray(single).dtype == np.float32


@pytest.mark.parametrize("method", ["score_samples", "log_likelihood"])
def test_likelihoods_outside_the_domain(method, digits):
    vae = make(loss="bce").fit(digits[0])
    with pytest.raises(ValueError, match=r"loss='bce' expected values in \[0, 1\]"):
        getattr(vae, method)(digits[0] * 16)


def test_a_clone_has_its_parameters_and_no_fit(bent):
    vae = make(beta=0.5, kl_warmup=2, sampler="gmm").fit(bent)
    other = clone(vae)
    assert other.get_params() == vae.get_params()
    with pytest.raises(NotFittedError):
        other.sample()


CALLS = {
    "fit": lambda idle, X: idle.fit(X),
    "fit_transform": lambda idle, X: idle.fit_transform(X),
    "pipeline": lambda idle, X: make_pipeline(StandardScaler(), idle).fit_transform(X),
    "search": lambda idle, X: GridSearchCV(idle, {"beta": [100.0]}, cv=2).fit(X),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_warning_points_at_the_users_line(call):
    X = np.random.RandomState(0).normal(size=(60, 3))
    idle = VariationalAutoencoder(1, beta=100, hidden_layer_sizes=())
    with pytest.warns(ConvergenceWarning, match="None of the 1 components") as caught:
        CALLS[call](idle, X)
    assert {warning.filename for warning in caught} == {__file__}
