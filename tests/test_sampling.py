"""New rows, from every estimator: reproducible, in range, where the training rows lie."""

import pickle
import random

import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder, VariationalAutoencoder

SAMPLERS = ["gaussian", "gmm"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_rows_in_the_users_units(quick, digits, sampler):
    X = digits[0] * np.linspace(1, 3, 64) + 5
    rows = quick(8, sampler=sampler, max_iter=20).fit(X).sample(1000, random_state=0)
    assert rows.shape == (1000, 64)
    assert isinstance(rows, np.ndarray)
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(rows.mean(0), X.mean(0), atol=0.25)
    assert 0.4 < rows.var(0).sum() / X.var(0).sum() < 1.1


def test_one_row_unless_asked_for_more(quick, bent):
    fitted = quick().fit(bent)
    assert fitted.sample().shape == (1, 4)
    assert fitted.sample(np.int64(3)).shape == (3, 4)
    assert fitted.sample(n_samples=2, random_state=None).shape == (2, 4)
    assert fitted.sample(10_000).shape == (10_000, 4)  # more than one pass


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_seed_gives_the_same_rows(quick, bent, sampler):
    fitted = quick(sampler=sampler).fit(bent)
    first, again, other = (fitted.sample(9, random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.sample(9, random_state=0), first)
    refitted = quick(sampler=sampler).fit(bent)
    np.testing.assert_array_equal(refitted.sample(9, random_state=0), first)


def test_a_random_state_goes_on_and_none_is_new_every_time(quick, bent):
    fitted = quick().fit(bent)
    state = np.random.RandomState(0)
    assert not np.array_equal(fitted.sample(5, random_state=state), fitted.sample(5))
    first = fitted.sample(5, random_state=np.random.RandomState(0))
    state = np.random.RandomState(0)
    np.testing.assert_array_equal(fitted.sample(5, random_state=state), first)
    assert not np.array_equal(fitted.sample(5, random_state=state), first)
    assert not np.array_equal(fitted.sample(5), fitted.sample(5))


@pytest.mark.parametrize("seed", [None, 0])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_global_states_stay_as_they_are(quick, bent, sampler, seed):
    before = np.random.get_state(), torch.get_rng_state(), random.getstate()  # noqa: NPY002
    fitted = quick(sampler=sampler, random_state=seed).fit(bent)
    fitted.sample(20, random_state=seed)
    if hasattr(fitted, "log_likelihood"):
        fitted.log_likelihood(bent, 3, random_state=seed)
        fitted.score_samples(bent)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0][1])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[1])
    assert random.getstate() == before[2]


@pytest.mark.parametrize(
    ("params", "low", "high"),
    [
        ({"loss": "bce"}, 0, 1),
        ({"loss": "kl"}, 0, np.inf),
        ({"output_activation": "tanh"}, -1, 1),
        ({"output_activation": "relu"}, 0, np.inf),
    ],
    ids=str,
)
def test_rows_stay_in_the_range_of_the_output(quick, digits, params, low, high):
    rows = quick(4, **params).fit(digits[0]).sample(2000, random_state=0)
    assert rows.min() >= low
    assert rows.max() <= high


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_codes_as_users_see_them_do_not_change_what_is_drawn(digits, whiten, sampler):
    X, _ = digits
    ae = AutoencoderTransformer(
        4, hidden_layer_sizes=(), whiten=whiten, sampler=sampler
    ).fit(X)
    rows = ae.sample(50_000, random_state=0)
    np.testing.assert_allclose(np.cov(rows.T), np.cov(ae.reconstruct(X).T), atol=0.006)


@pytest.mark.parametrize("kind", [AutoencoderTransformer, VariationalAutoencoder])
def test_a_mixture_keeps_clusters_apart(kind):
    X, _ = make_blobs(900, 5, centers=4, cluster_std=0.3, random_state=0)
    settings = {"hidden_layer_sizes": (), "random_state": 0}

    def distance(sampler):
        rows = kind(4, sampler=sampler, **settings).fit(X).sample(300, random_state=0)
        return np.median([np.linalg.norm(X - row, axis=1).min() for row in rows])

    assert distance("gmm") < 0.5 * distance("gaussian")


def test_the_mixture_is_as_large_as_the_clusters_ask_for():
    X, _ = make_blobs(900, 5, centers=4, cluster_std=0.3, random_state=0)
    ae = AutoencoderTransformer(4, hidden_layer_sizes=(), sampler="gmm").fit(X)
    assert len(ae._fitted.density.weights_) == 4
    normal = np.random.RandomState(0).normal(size=(500, 3))
    ae.fit(np.column_stack([normal, normal @ [1, 1, 1]]))
    assert len(ae._fitted.density.weights_) == 1


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_few_rows(quick, bent, sampler, n_rows):
    fitted = quick(1, sampler=sampler).fit(bent[:n_rows])
    assert np.isfinite(fitted.sample(20)).all()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_rows_that_repeat(quick, sampler):
    X = np.repeat(np.eye(4), 50, axis=0)
    fitted = quick(2, sampler=sampler).fit(X)
    assert np.isfinite(fitted.sample(20)).all()
    constant = quick(2, sampler=sampler).fit(np.full((40, 4), 7.0))
    np.testing.assert_allclose(constant.sample(5), 7, atol=1e-6)


@pytest.mark.parametrize("seed", ["a", -1, 1.5, np.random.default_rng(0)])
def test_what_is_no_seed(quick, bent, seed):
    fitted = quick().fit(bent)
    with pytest.raises(ValueError, match=r"random_state=.* must be None, an integer"):
        fitted.sample(random_state=seed)


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("n_features", [2, 5])
def test_a_mixture_finds_clusters_along_one_direction(whiten, n_features):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(1000, n_features))
    X[:, 0] += 20 * rng.randint(0, 4, 1000)
    ae = AutoencoderTransformer(
        n_features, hidden_layer_sizes=(), sampler="gmm", whiten=whiten
    )
    first = ae.fit(X).sample(1000, random_state=0)[:, 0]
    assert np.abs(first - 20 * np.round(first / 20)).max() < 6


def test_a_mixture_under_array_api_dispatch(bent):
    ae = AutoencoderTransformer(2, hidden_layer_sizes=(), sampler="gmm")
    try:
        with config_context(array_api_dispatch=True):
            ae.fit(bent)
    except ImportError as error:
        pytest.skip(str(error))  # scikit-learn before 1.8 asks for another package
    assert np.isfinite(ae.sample(5)).all()


@pytest.mark.parametrize("n_samples", [0, -1, 1.5, "10", None, True])
def test_how_many_is_a_count(quick, bent, n_samples):
    with pytest.raises(ValueError, match=r"n_samples=.* must be an integer of at least 1"):
        quick().fit(bent).sample(n_samples)


def test_sampling_before_a_fit(quick):
    with pytest.raises(NotFittedError, match="Call 'fit'"):
        quick().sample()


@pytest.mark.parametrize("kind", [AutoencoderTransformer, DenoisingAutoencoder])
def test_the_prior_is_of_distributions_only(kind, bent):
    with pytest.raises(ValueError, match="The 'sampler' parameter of"):
        kind(2, sampler="prior").fit(bent)


def test_noisy_rows_are_not_what_is_drawn(digits):
    X, _ = digits
    dae = DenoisingAutoencoder(8, noise_level=1.0, hidden_layer_sizes=(), max_iter=5)
    rows = dae.fit(X).sample(2000, random_state=0)
    assert rows.var(0).sum() < X.var(0).sum()
