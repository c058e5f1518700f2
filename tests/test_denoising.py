"""DenoisingAutoencoder: what its noise does, what pairs do, and where both start."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_validate, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder


def quick(n_components=None, **params):
    settings = {"hidden_layer_sizes": (16,), "max_iter": 5, "random_state": 0}
    return DenoisingAutoencoder(n_components, **{**settings, **params})


@pytest.fixture
def pairs(digits):
    """Noisy digits and clean ones, in standard deviations of 0.5 of each column."""
    X, _ = digits
    noise = np.random.RandomState(0).normal(size=X.shape)
    return X + 0.5 * X.std(axis=0) * noise, X


def mse(X_hat, X):
    return ((X_hat - X) ** 2).mean()


# -- without noise -----------------------------------------------------------


@pytest.mark.parametrize("scaling", ["global", "feature"])
@pytest.mark.parametrize("noise", ["gaussian", "masking", lambda x, generator: x])
def test_no_noise_is_the_plain_autoencoder_to_the_bit(digits, scaling, noise):
    X, _ = digits
    settings = {"scaling": scaling, "max_iter": 5, "random_state": 3}
    plain = AutoencoderTransformer(4, **settings).fit(X)
    denoising = DenoisingAutoencoder(4, noise=noise, noise_level=0, **settings).fit(X)
    assert plain.best_iter_ > 0
    np.testing.assert_array_equal(plain.transform(X), denoising.transform(X))
    np.testing.assert_array_equal(plain.reconstruct(X), denoising.denoise(X))
    assert plain.loss_curve_ == denoising.loss_curve_
    assert plain.validation_scores_ == denoising.validation_scores_


def test_no_noise_is_the_plain_autoencoder_with_default_parameters(digits):
    X, _ = digits
    plain = AutoencoderTransformer(4, random_state=0).fit(X)
    denoising = DenoisingAutoencoder(4, noise_level=0, random_state=0).fit(X)
    np.testing.assert_array_equal(plain.transform(X), denoising.transform(X))


def test_rows_that_are_their_own_clean_ones_are_the_plain_autoencoder(digits):
    X, _ = digits
    plain = AutoencoderTransformer(4, hidden_layer_sizes=()).fit(X)
    denoising = DenoisingAutoencoder(4, hidden_layer_sizes=()).fit(X, X_clean=X.copy())
    np.testing.assert_allclose(denoising.denoise(X), plain.reconstruct(X), atol=1e-6)


# -- noise of its own --------------------------------------------------------


def seen_by_a_fit(X, **params):
    """Return the rows that go in, epoch by epoch, and those that come out of it."""
    epochs = []

    class Keeper(Callback):
        def on_epoch_begin(self, net, **kwargs):
            epochs.append(([], []))

        def on_batch_begin(self, net, batch=None, training=None, **kwargs):
            if training:
                for kept, part in zip(epochs[-1], batch, strict=True):
                    kept.append(part.clone())

    quick(callbacks=[Keeper()], early_stopping=False, **params).fit(X)
    return [tuple(torch.cat(part).numpy() for part in epoch) for epoch in epochs]


@pytest.fixture
def table():
    """2000 rows of three columns of different kind and one that is constant."""
    rng = np.random.RandomState(0)
    X = np.column_stack(
        [rng.normal(5, 2, 2000), rng.exponential(3, 2000), rng.uniform(size=2000)]
    )
    return np.column_stack([X, np.full(2000, 7.0)])


@pytest.mark.parametrize("unit", ["scaled", "data"])
@pytest.mark.parametrize("scaling", ["global", "feature", None])
def test_gaussian_noise_is_in_the_unit_that_is_named(table, scaling, unit):
    level = np.array([0.1, 0.5, 2.0, 1.0])
    epochs = seen_by_a_fit(table, noise_level=level, noise_unit=unit, scaling=scaling)
    mean_variance = table.var(axis=0).mean()
    std = np.append(table.std(axis=0)[:3], 1.0)  # a constant column is not divided
    scale = {"global": np.sqrt(mean_variance), "feature": std, None: 1.0}
    expected = level if unit == "scaled" else level / scale[scaling]
    for x, clean in epochs:
        noise = (x - clean).std(axis=0)
        np.testing.assert_allclose(noise[:3], np.broadcast_to(expected, 4)[:3], rtol=0.08)
        # One unit of a constant column is nothing where columns are the unit.
        assert (noise[3] == 0) == (unit == "scaled" and scaling == "feature")
    first, second = (x - clean for x, clean in epochs[:2])
    assert not np.array_equal(np.sort(first[:, 0]), np.sort(second[:, 0]))  # fresh


@pytest.mark.parametrize("scaling", ["global", "feature", None])
def test_masking_sets_a_share_of_cells_to_the_mean(table, scaling):
    x, clean = seen_by_a_fit(table, noise="masking", noise_level=0.3, scaling=scaling)[0]
    mean = clean.mean(axis=0)
    hit = x != clean
    np.testing.assert_allclose(hit[:, :3].mean(axis=0), 0.3, atol=0.04)
    np.testing.assert_allclose(x[hit], np.broadcast_to(mean, x.shape)[hit], atol=1e-4)
    together = (hit[:, 0] & hit[:, 1]).mean()
    assert together == pytest.approx(0.09, abs=0.03)  # cells are hit independently


def test_salt_pepper_sets_a_share_of_cells_to_the_extremes(table):
    x, clean = seen_by_a_fit(table, noise="salt_pepper", noise_level=0.4, scaling=None)[0]
    for column in range(3):
        low, high = clean[:, column].min(), clean[:, column].max()
        hit = x[:, column] != clean[:, column]
        assert set(np.unique(x[hit, column])) == {low, high}
        assert (x[hit, column] == low).mean() == pytest.approx(0.5, abs=0.08)
        assert hit.mean() == pytest.approx(0.4, abs=0.04)


def test_swap_takes_the_column_from_other_rows_each_column_on_its_own():
    # Values tell their row, so that every donor is known.
    X = np.arange(2000.0)[:, np.newaxis] + 10_000 * np.arange(4)
    still = {"scaling": None, "learning_rate_init": 1e-12, "batch_size": 500}
    x, clean = seen_by_a_fit(X, noise="swap", noise_level=0.5, **still)[0]
    donors = x - 10_000 * np.arange(4)
    hit = donors != clean[:, :1]
    np.testing.assert_allclose(hit.mean(axis=0), 0.5, atol=0.05)
    assert set(donors.ravel()) <= set(clean[:, 0])
    both = hit[:, 0] & hit[:, 1]
    assert (donors[both, 0] != donors[both, 1]).mean() > 0.95  # no whole rows
    x, clean = seen_by_a_fit(X, noise="swap", noise_level=1.0, **still)[0]
    assert (x != clean).all()
    for start in range(0, 2000, 500):  # a permutation of each column of a batch
        batch = slice(start, start + 500)
        np.testing.assert_array_equal(np.sort(x[batch], 0), np.sort(clean[batch], 0))


def test_a_callable_sees_rows_in_the_users_units_and_a_generator(table):
    seen = []

    def noise(x, generator):
        seen.append(x.clone())
        return x + torch.randn(x.shape, generator=generator)

    fitted = quick(noise=noise).fit(table)
    again = quick(noise=noise).fit(table)
    np.testing.assert_array_equal(fitted.transform(table), again.transform(table))
    assert {x.dtype for x in seen} == {torch.float32}
    batches = [x for x in seen if len(x) < 1000]
    assert len(batches) >= 2 * 5 * 10
    for x in batches:
        np.testing.assert_allclose(x[:, 3], 7, atol=1e-5)
        np.testing.assert_allclose(x[:, 0].mean(), 5, atol=1)


def test_a_callable_may_write_into_its_rows_and_draw_from_torch_itself(table):
    def in_place(x, generator):
        x[torch.rand(x.shape) < 0.2] = 0  # torch's global generator, lent and put back
        return x

    before = torch.random.get_rng_state()
    X = table.copy()
    one, two = (quick(noise=in_place, noise_level=1).fit(X).transform(X) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(X, table)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_callable_under_another_default_device(digits):
    X, _ = digits
    here = quick(4, noise=lambda x, generator: 1.1 * x).fit(X)
    with torch.device("meta"):
        there = quick(4, noise=lambda x, generator: 1.1 * x).fit(X)
    np.testing.assert_array_equal(here.transform(X), there.transform(X))


def test_there_is_no_noise_after_the_fit(digits):
    X, _ = digits
    fitted = quick(4, noise_level=1.0).fit(X)
    np.testing.assert_array_equal(fitted.transform(X), fitted.transform(X))
    np.testing.assert_array_equal(fitted.score_samples(X), fitted.score_samples(X))
    np.testing.assert_array_equal(fitted.denoise(X), fitted.reconstruct(X))


def test_auto_is_a_level_for_every_share_of_cells(digits):
    X, _ = digits
    levels = {"masking": 0.25, "salt_pepper": 0.1, "swap": 0.15}
    for noise, level in levels.items():
        auto = quick(4, noise=noise).fit(X)
        told = quick(4, noise=noise, noise_level=level).fit(X)
        np.testing.assert_array_equal(auto.transform(X), told.transform(X))
        assert f'{level} for "{noise}"' in " ".join(DenoisingAutoencoder.__doc__.split())


@pytest.mark.parametrize("scaling", ["global", "feature", None])
def test_under_auto_every_row_draws_its_level(scaling):
    X = np.random.RandomState(0).normal(size=(1000, 200)) * 3 + 1
    x, clean = seen_by_a_fit(X, scaling=scaling, hidden_layer_sizes=(8,), max_iter=1)[0]
    levels = (x - clean).std(axis=1)
    # Uniform in their logarithms, from 0.08 to 1; a row of 200 tells its own to 5 %.
    steps = np.quantile(np.log(levels) / np.log(0.08), [0.25, 0.5, 0.75])
    np.testing.assert_allclose(steps, [0.25, 0.5, 0.75], atol=0.06)
    assert 0.065 < levels.min() < 0.095
    assert 0.9 < levels.max() < 1.25


def test_under_auto_noise_of_any_usual_size_is_undone():
    X = StandardScaler().fit_transform(load_diabetes().data)
    train, clean = train_test_split(X, random_state=0)
    fitted = DenoisingAutoencoder(random_state=0).fit(train)
    noise = np.random.RandomState(0).normal(size=clean.shape)
    for level in (0.25, 0.5, 1.0, 2.0):
        denoised = fitted.denoise(clean + level * noise)
        assert mse(denoised, clean) < mse(level * noise, 0)


def test_levels_per_column_leave_columns_alone(digits):
    X = digits[0][:, 20:30]
    level = [0.8] * 5 + [0] * 5
    X_noisy = X + np.array(level) * X.std(0) * np.random.RandomState(0).normal(size=X.shape)
    fitted = quick(noise_level=level, hidden_layer_sizes=(32,), max_iter=40).fit(X)
    X_hat = fitted.denoise(X_noisy)
    assert mse(X_hat[:, :5], X[:, :5]) < 0.6 * mse(X_noisy[:, :5], X[:, :5])
    assert mse(X_hat[:, 5:], X[:, 5:]) < 0.02 * X.var()


@pytest.mark.parametrize("noise", ["gaussian", "masking", "salt_pepper", "swap"])
@pytest.mark.parametrize("loss", ["mse", "bce", "kl"])
def test_every_noise_is_undone_with_every_kind_of_output(digits, noise, loss):
    X, _ = digits
    settings = {"learning_rate_init": 0.01, "max_iter": 20}
    fitted = quick(noise=noise, noise_level=0.3, loss=loss, **settings).fit(X[:500])
    rng = np.random.RandomState(1)
    hit = rng.uniform(size=(100, 64)) < 0.3
    X_noisy = {
        "gaussian": X[500:] + 0.3 * np.sqrt(X.var(0).mean()) * rng.normal(size=(100, 64)),
        "masking": np.where(hit, X.mean(0), X[500:]),
        "salt_pepper": np.where(hit, hit * rng.choice(2, size=(100, 64)), X[500:]),
        "swap": np.where(hit, X[rng.permutation(500)[:100]], X[500:]),
    }[noise]
    assert mse(fitted.denoise(X_noisy), X[500:]) < 0.95 * mse(X_noisy, X[500:])


# -- pairs -------------------------------------------------------------------


def test_pairs_are_learnt(pairs):
    X_noisy, X = pairs
    fitted = quick(max_iter=20).fit(X_noisy[:500], X_clean=X[:500])
    assert mse(fitted.denoise(X_noisy[500:]), X[500:]) < 0.8 * mse(X_noisy[500:], X[500:])


def test_pairs_have_no_other_noise_unless_a_level_is_a_number(pairs):
    X_noisy, X = pairs
    auto = quick(4).fit(X_noisy, X_clean=X)
    zero = quick(4, noise_level=0).fit(X_noisy, X_clean=X)
    callable_ = quick(4, noise=lambda x, generator: x + 1).fit(X_noisy, X_clean=X)
    some = quick(4, noise_level=0.5).fit(X_noisy, X_clean=X)
    np.testing.assert_array_equal(auto.transform(X), zero.transform(X))
    np.testing.assert_array_equal(auto.transform(X), callable_.transform(X))
    assert not np.allclose(auto.transform(X), some.transform(X), atol=1e-2)


def test_pairs_in_other_units(pairs):
    # What goes in and what comes out need not lie in the same place.
    X_noisy, X = pairs
    fitted = quick(max_iter=20).fit(100 * X_noisy + 7, X_clean=3 * X - 40)
    X_hat = fitted.denoise(100 * X_noisy + 7)
    assert mse((X_hat + 40) / 3, X) < 0.7 * mse(X_noisy, X)


def test_a_loss_asks_for_its_domain_of_the_clean_rows_only(pairs):
    X_noisy, X = pairs
    assert X_noisy.min() < 0
    fitted = quick(loss="bce").fit(X_noisy, X_clean=X)
    X_hat = fitted.denoise(X_noisy)
    assert 0 <= X_hat.min() <= X_hat.max() <= 1
    with pytest.raises(ValueError, match=r"^X_clean has values from .* in \[0, 1\]"):
        quick(loss="bce").fit(X, X_clean=X_noisy)


def test_score_is_r2_against_the_clean_rows(pairs):
    X_noisy, X = pairs
    fitted = quick().fit(X_noisy, X_clean=X)
    X_hat = fitted.denoise(X_noisy)
    for clean, score in (
        (X, fitted.score(X_noisy, X_clean=X)),
        (X_noisy, fitted.score(X_noisy)),
        (X_noisy, fitted.score(X_noisy, X_clean=None)),
    ):
        expected = r2_score(clean, X_hat, multioutput="variance_weighted")
        assert score == pytest.approx(expected)


def test_pairs_are_sliced_and_carried_by_cross_validation_and_pipelines(pairs):
    X_noisy, X = pairs
    with config_context(enable_metadata_routing=True):
        dae = quick().set_fit_request(X_clean=True).set_score_request(X_clean=True)
        routed = cross_validate(dae, X_noisy, cv=3, params={"X_clean": X})["test_score"]
        pipeline = Pipeline([("scale", StandardScaler(with_std=False)), ("dae", dae)])
        pipeline.fit(X_noisy, X_clean=X)
        grid = GridSearchCV(dae, {"n_components": [2, 16]}, cv=2)
        grid.fit(X_noisy, X_clean=X)
    by_hand = []
    for fold in range(3):
        held_out = np.arange(len(X)) // 200 == fold
        fitted = quick().fit(X_noisy[~held_out], X_clean=X[~held_out])
        by_hand.append(fitted.score(X_noisy[held_out], X_clean=X[held_out]))
    np.testing.assert_allclose(routed, by_hand)
    assert grid.best_params_ == {"n_components": 16}
    centred = X_noisy - X_noisy.mean(axis=0)
    alone = quick().fit(centred, X_clean=X)
    np.testing.assert_allclose(
        pipeline.transform(X_noisy), alone.transform(centred), atol=1e-6
    )


def test_a_pipeline_can_transform_the_clean_rows_too(pairs):
    X_noisy, X = pairs
    with config_context(enable_metadata_routing=True):
        dae = quick().set_fit_request(X_clean=True)
        pipeline = Pipeline(
            [("scale", StandardScaler()), ("dae", dae)], transform_input=["X_clean"]
        )
        pipeline.fit(X_noisy, X_clean=X)
    scaler = StandardScaler().fit(X_noisy)
    alone = quick().fit(scaler.transform(X_noisy), X_clean=scaler.transform(X))
    np.testing.assert_allclose(
        pipeline[-1].denoise(scaler.transform(X)), alone.denoise(scaler.transform(X))
    )


def test_without_routing_pairs_pass_by_step_name(pairs):
    X_noisy, X = pairs
    pipeline = make_pipeline(StandardScaler(with_std=False), quick())
    codes = pipeline.fit_transform(X_noisy, denoisingautoencoder__X_clean=X)
    assert codes.shape == X.shape
    direct = quick().fit_transform(X_noisy, X_clean=X)
    assert direct.shape == X.shape


def test_pairs_as_tables(pairs):
    X_noisy, X = pairs
    names = [f"p{i}" for i in range(64)]
    noisy, clean = pd.DataFrame(X_noisy, columns=names), pd.DataFrame(X, columns=names)
    # Sums over columns in another order in memory differ by a rounding, which decides
    # where codes of no spread lie: of 8 components none is.
    tables = quick(n_components=8).fit(noisy, X_clean=clean)
    arrays = quick(n_components=8).fit(X_noisy, X_clean=X)
    np.testing.assert_allclose(tables.denoise(noisy), arrays.denoise(X_noisy), atol=1e-3)
    quick().fit(noisy, X_clean=X)
    with pytest.raises(ValueError, match="same names in the same order"):
        quick().fit(noisy, X_clean=clean[names[::-1]])


def test_rows_given_as_their_own_clean_ones_get_no_noise(digits):
    X, _ = digits
    same, copied = quick(4).fit(X, X_clean=X), quick(4).fit(X, X_clean=X.copy())
    np.testing.assert_allclose(same.denoise(X), copied.denoise(X), atol=1e-6)


@pytest.mark.parametrize("has_pairs", [True, False])
def test_validation_scores_are_those_of_noisy_rows_in_the_users_units(digits, has_pairs):
    X = digits[0] * np.linspace(1, 30, 64)
    X_noisy = X + 0.5 * X.std(axis=0) * np.random.RandomState(0).normal(size=X.shape)
    still = {"learning_rate_init": 1e-12, "scaling": "feature", "validation_fraction": 0.9}
    if has_pairs:
        fitted = quick(init="random", **still).fit(X_noisy * 5, X_clean=X)
        told = fitted.score(X_noisy * 5, X_clean=X)
    else:
        fitted = quick(noise_level=0.5, **still).fit(X)
        told = fitted.score(X_noisy, X_clean=X)
        assert fitted.score(X) > told + 0.05
    assert fitted.validation_scores_[-1] == pytest.approx(told, abs=0.04)


def test_without_validation_rows_noisy_training_rows_judge(digits):
    X, _ = digits
    scores = []

    class Keeper(Callback):
        def on_train_end(self, net, **kwargs):
            scores.extend(net.best_weights.scores_)

    fitted = quick(
        noise_level=1.0, early_stopping=False, max_iter=1, callbacks=[Keeper()]
    ).fit(X)
    assert scores[0] < fitted.score(X) - 0.05


def test_a_start_that_is_kept_is_fitted_to_all_rows(pairs):
    X_noisy, X = pairs
    settings = {"max_iter": 1, "learning_rate_init": 1e-12}
    kept = quick(8, **settings).fit(X_noisy, X_clean=X)
    assert (kept.best_iter_, kept.n_iter_) == (0, 1)
    linear = quick(8, hidden_layer_sizes=()).fit(X_noisy, X_clean=X)
    np.testing.assert_allclose(kept.denoise(X_noisy), linear.denoise(X_noisy), atol=1e-9)
    codes = kept.transform(X_noisy)
    together = np.corrcoef(codes.T) - np.eye(8)
    assert np.abs(together).max() < 1e-6


def test_score_samples_against_clean_rows(pairs):
    X_noisy, X = pairs
    fitted = quick(loss="bce").fit(X_noisy, X_clean=X)
    scores = fitted.score_samples(X_noisy, X_clean=X)
    x_hat = fitted.denoise(X_noisy)
    expected = (X * np.log(x_hat) + (1 - X) * np.log(1 - x_hat)).mean(axis=1)
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    with pytest.raises(ValueError, match=r"^X has values from"):
        fitted.score_samples(X_noisy)
    with pytest.raises(ValueError, match="expected the same"):
        fitted.score_samples(X_noisy, X_clean=X[:, :3])


def test_pairs_with_means_far_away_are_refused_by_name(pairs):
    X_noisy, X = pairs
    with pytest.raises(ValueError, match=r"^X_clean has means"):
        quick(scaling=None).fit(X_noisy, X_clean=X + 1e7)
    with pytest.raises(ValueError, match=r"^X_clean has means"):
        quick(loss="kl").fit(X_noisy, X_clean=X + 1e7)
    quick(loss="kl").fit(X_noisy + 1e7, X_clean=X)
    with pytest.raises(ValueError, match=r"^X_clean has values up to"):
        quick().fit(X_noisy, X_clean=X * 1e200)


def test_a_module_as_noise_is_called_and_not_trained(bent):
    class Mixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 4)

        def forward(self, x, generator):
            return x + 0.1 * self.layer(x)

    module = Mixed()
    quick(2, noise=module).fit(bent)
    quick(2, noise=module, init="random").fit(bent)
    assert module.layer.weight.grad is None


@pytest.mark.parametrize("noise", ["gaussian", "masking", "salt_pepper", "swap"])
def test_one_row(noise):
    X = np.array([[1.0, 2.0, 3.0]])
    fitted = quick(noise=noise).fit(X)
    np.testing.assert_allclose(fitted.denoise(X), X, atol=1e-5)


def test_pairs_are_left_alone(pairs):
    X_noisy, X = pairs
    before = X_noisy.copy(), X.copy()
    X_noisy, X = X_noisy.copy(), X.copy()  # fixtures are others' too
    X_noisy.flags.writeable = X.flags.writeable = False
    quick().fit(X_noisy, X_clean=X)
    np.testing.assert_array_equal(X_noisy, before[0])
    np.testing.assert_array_equal(X, before[1])


def test_warm_start_goes_on_with_pairs(pairs):
    X_noisy, X = pairs
    fitted = quick(warm_start=True, hidden_layer_sizes=(64,), max_iter=10)
    fitted.fit(X_noisy, X_clean=X)
    assert fitted.best_iter_ > 0
    best = fitted.validation_scores_[fitted.best_iter_]
    # The same seed chooses the same validation rows.
    fitted.fit(X_noisy, X_clean=X)
    assert fitted.validation_scores_[0] == pytest.approx(best, abs=1e-5)


# -- bad input ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"noise": "pepper"}, "noise"),
        ({"noise": 3}, "noise"),
        ({"noise_level": "high"}, "noise_level"),
        ({"noise_level": None}, "noise_level"),
        ({"noise_level": -0.1}, "of at least 0"),
        ({"noise_level": np.nan}, "finite"),
        ({"noise_level": np.inf}, "finite"),
        ({"noise_level": [0.1, 0.2, -1, 0]}, "of at least 0"),
        ({"noise_level": [0.1, 0.2]}, "each of the 4 columns"),
        ({"noise_level": np.ones((4, 1))}, "each of the 4 columns"),
        ({"noise_level": ["a", "b", "c", "d"]}, "noise_level"),
        ({"noise": lambda x, g: x, "noise_level": [1, 1, 1, 0]}, "own"),
        ({"noise": "masking", "noise_level": 1.2}, "from 0 to 1"),
        ({"noise": "salt_pepper", "noise_level": 2}, "from 0 to 1"),
        ({"noise": "swap", "noise_level": [0, 0, 0, 1.01]}, "from 0 to 1"),
    ],
)
def test_bad_noise(bent, params, match):
    fitted = quick(2).fit(bent)
    before = fitted.transform(bent)
    fitted.set_params(**params)
    with pytest.raises(ValueError, match=match):
        fitted.fit(bent)
    np.testing.assert_array_equal(fitted.transform(bent), before)


@pytest.mark.parametrize(
    ("noise", "match"),
    [
        (lambda x, generator: x[:, :2], "expected a tensor of the same shape"),
        (lambda x, generator: x[:3], "expected a tensor of the same shape"),
        (lambda x, generator: x.numpy(), "expected a tensor of the same shape"),
        (lambda x, generator: None, "expected a tensor of the same shape"),
        (lambda x, generator: x * float("nan"), "expected finite values"),
        (lambda x: x, r"callable \(x, generator\)"),
        (torch.nn.Identity(), r"callable \(x, generator\)"),
        (lambda x, generator: x.double() * 1e300, "expected finite values"),
    ],
)
def test_bad_callable(bent, noise, match):
    with pytest.raises(ValueError, match=match):
        quick(2, noise=noise).fit(bent)


@pytest.mark.parametrize("shape", [(199, 4), (200, 3), (200, 5)])
def test_pairs_of_different_shape(bent, shape):
    fitted = quick(2).fit(bent)
    with pytest.raises(ValueError, match="expected the same") as error:
        fitted.fit(bent, X_clean=np.ones(shape))
    assert str(shape) in str(error.value)
    assert str(bent.shape) in str(error.value)
    with pytest.raises(ValueError, match="expected the same"):
        fitted.score(bent, X_clean=np.ones(shape))


def test_clean_rows_that_are_not_finite(bent):
    X_clean = bent.copy()
    X_clean[3, 1] = np.inf
    with pytest.raises(ValueError, match="X_clean contains"):
        quick(2).fit(bent, X_clean=X_clean)


@pytest.mark.parametrize("name", ["score", "column_scores", "score_samples", "cell_scores"])
def test_missing_clean_cells_after_a_fit_without_any(bent, name):
    X_clean = bent.copy()
    X_clean[3, 1] = np.nan
    fitted = quick(2).fit(bent)
    with pytest.raises(ValueError, match="X_clean has missing cells"):
        getattr(fitted, name)(bent, X_clean=X_clean)
    with pytest.raises(ValueError, match="X_clean_val has missing cells"):
        fitted.fit(bent, X_clean=bent, X_val=bent, X_clean_val=X_clean)


def test_clean_cells_that_are_missing_count_in_nothing(bent):
    X_clean = bent.copy()
    X_clean[3, 1] = np.nan
    fitted = quick(2).fit(bent, X_clean=X_clean)
    assert np.isfinite(fitted.denoise(bent)).all()
    assert fitted.cell_scores(bent, X_clean=X_clean)[3, 1] == 0


def test_clean_rows_are_given_by_keyword(bent):
    with pytest.raises(TypeError):
        quick(2).fit(bent, None, bent)


def test_clone_keeps_noise(bent):
    level = [0.1, 0.2, 0.3, 0.4]
    copy = clone(DenoisingAutoencoder(2, noise="swap", noise_level=level))
    assert copy.noise == "swap"
    assert copy.noise_level == level
