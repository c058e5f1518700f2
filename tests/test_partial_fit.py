"""Chunks of a stream: what a pass over each teaches, and that nothing before is lost."""

import pickle
import warnings
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from estimators import ESTIMATORS, Watching
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import IncrementalPCA

import sklearn_ae
from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    VariationalAutoencoder,
)
from sklearn_ae._chunk import Chunk
from sklearn_ae._columns import keys_of
from sklearn_ae._objectives import Start
from sklearn_ae._training._schedule import DivergenceWarmup

LINEAR = {"hidden_layer_sizes": ()}
SMALL = {"hidden_layer_sizes": (16,), "batch_size": 32, "random_state": 0}
LAYERS = {
    "plain": {},
    "feature": {"scaling": "feature"},
    "unscaled": {"scaling": None},
    "whiten": {"whiten": True},
    "random": {"init": "random"},
    "no validation": {"early_stopping": False},
    "constant rate": {"learning_rate": "constant"},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "optimizer": {"solver": torch.optim.RMSprop},
    "callback": {"callbacks": [Watching()]},
    "code activation": {"code_activation": "tanh"},
    "bounded": {"output_activation": "relu"},
}


def in_chunks(X, size):
    return [X[first : first + size] for first in range(0, len(X), size)]


def passed(estimator, X, size, n_passes=1):
    """Return ``estimator`` after passes over chunks of ``X``."""
    for _ in range(n_passes):
        for chunk in in_chunks(X, size):
            estimator.partial_fit(chunk)
    return estimator


@pytest.fixture(scope="module")
def digits():
    """All 1797 of them, (1797, 64), from 0 to 16, and their labels."""
    return load_digits(return_X_y=True)


@pytest.fixture(scope="module")
def pixels(digits):
    return digits[0][:600, 20:40]


@pytest.fixture(scope="module")
def trained(pixels):
    """An autoencoder that chunks have led away from PCA."""
    ae = passed(AutoencoderTransformer(2, **SMALL), pixels, 100, 4)
    assert ae.best_iter_ == ae.n_iter_ == 24
    return ae


# -- known answers -----------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e6])
@pytest.mark.parametrize("by_class", [False, True])
def test_a_linear_network_is_incremental_pca(digits, by_class, scale):
    X, y = digits[0][:1740] * scale, digits[1][:1740]
    X = X[np.argsort(y, kind="stable")] if by_class else X
    ae = AutoencoderTransformer(8, **LINEAR, random_state=0)
    pca = IncrementalPCA(8)
    for chunk in in_chunks(X, 60):
        ae.partial_fit(chunk)
        pca.partial_fit(chunk)
    np.testing.assert_allclose(ae.transform(X), pca.transform(X), atol=1e-8 * scale)
    np.testing.assert_allclose(ae.components_, pca.components_, atol=1e-10)
    np.testing.assert_allclose(ae.mean_, pca.mean_)
    assert ae.n_samples_ == 1740


def test_a_linear_fit_goes_on_as_incremental_pca(digits):
    X = digits[0]
    for whiten in (False, True):
        ae = AutoencoderTransformer(8, **LINEAR, whiten=whiten, random_state=0).fit(X[:600])
        pca = IncrementalPCA(8, batch_size=600).fit(X[:600])
        ae.partial_fit(X[600:])
        pca.partial_fit(X[600:])
        np.testing.assert_allclose(ae.components_, pca.components_, atol=1e-10)
        np.testing.assert_allclose(ae.mean_, pca.mean_)


def test_weights_count_as_repeated_rows(pixels):
    weight = np.tile([1, 2, 3], 40)
    by_weight, repeated = (AutoencoderTransformer(2, **LINEAR) for _ in range(2))
    for rows in (slice(0, 120), slice(120, 240)):
        by_weight.partial_fit(pixels[rows], sample_weight=weight)
        repeated.partial_fit(np.repeat(pixels[rows], weight, axis=0))
    np.testing.assert_allclose(by_weight.components_, repeated.components_, atol=1e-9)
    np.testing.assert_allclose(by_weight.mean_, repeated.mean_)
    np.testing.assert_allclose(
        by_weight.explained_variance_ratio_, repeated.explained_variance_ratio_
    )


def test_weights_of_chunks_are_compared(pixels):
    heavy, light = pixels[:100] + 50, pixels[100:200]
    ae = AutoencoderTransformer(2, **LINEAR)
    ae.partial_fit(heavy, sample_weight=np.full(100, 30.0))
    ae.partial_fit(light, sample_weight=np.full(100, 10.0))
    expected = 0.75 * heavy.mean(axis=0) + 0.25 * light.mean(axis=0)
    np.testing.assert_allclose(ae.mean_, expected)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_means_are_those_of_all_rows(estimator):
    chunks = [np.random.RandomState(m).normal(m, size=(100, 5)) for m in (0, 50, 100)]
    one = estimator(2, **SMALL)
    for chunk in chunks:
        one.partial_fit(chunk)
    np.testing.assert_allclose(one.mean_, np.vstack(chunks).mean(axis=0))
    assert one.n_samples_ == 300
    assert one.score(np.vstack(chunks)) > 0.99


# -- what passes reach ---------------------------------------------------------------


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_passes_reach_what_as_many_epochs_do(estimator, digits):
    X = digits[0]
    one = passed(estimator(8, random_state=0), X, 450, 4)
    fitted = estimator(8, max_iter=4, random_state=0).fit(X)
    assert one.score(X) > 0.98 * fitted.score(X)
    assert one.n_samples_ == 4 * len(X)
    assert one.n_iter_ == len(one.loss_curve_) == 16
    assert len(one.validation_scores_) == len(one.validation_loss_curve_) == 17


def test_chunks_in_order_of_a_class_are_never_behind_pca(digits):
    X = digits[0][np.argsort(digits[1], kind="stable")]
    pca = passed(AutoencoderTransformer(8, **LINEAR), X, 200)
    ae = AutoencoderTransformer(8, random_state=0)
    scores = [passed(ae, X, 200).score(X) for _ in range(5)]
    assert min(scores) > pca.score(X) - 0.005
    assert scores[-1] > pca.score(X) + 0.1


@pytest.mark.parametrize("size", [100.0, 1000.0, 1e6, 1e12, 1e25])
def test_a_late_odd_row_costs_nothing(size, trained, pixels):
    before = trained.score(pixels)
    odd = [np.full((1, 20), (1 + part / 7) * size) for part in range(7)]
    keys = [keys_of(row) for row in odd]
    sides = [bool(trained._stream.sample.is_validation(key, 0.1)[0]) for key in keys]
    for is_valid in {*sides}:  # whether it is trained on or validates
        row = odd[sides.index(is_valid)]
        ae = deepcopy(trained).partial_fit(row)
        assert ae.score(pixels) > before - 0.01
        ae.partial_fit(pixels[:100])
        assert ae.score(pixels) > before - 0.01
    among = deepcopy(trained).partial_fit(np.vstack([pixels[:100], odd[0]]))
    assert among.score(pixels) > before - 0.01


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_rows_may_come_one_by_one(estimator, pixels):
    one = estimator(2, **SMALL)
    for i in range(12):
        one.partial_fit(pixels[i : i + 1])
        codes = one.transform(pixels[:5])
        assert np.isfinite(codes).all()
        assert np.isfinite(one.inverse_transform(codes)).all()
        assert np.isfinite(one.explained_variance_ratio_).all()
    assert one.n_samples_ == 12
    whole = AutoencoderTransformer(2, **LINEAR).fit(pixels[:12])
    assert one.score(pixels[:12]) > 0.9 * whole.score(pixels[:12])


def test_a_fit_goes_on(digits):
    X = digits[0]
    ae = AutoencoderTransformer(8, max_iter=10, random_state=0).fit(X[:900])
    before, n_iter = ae.score(X), ae.n_iter_
    passed(ae, X[900:], 300, 3)
    assert ae.score(X) > before + 0.01
    assert ae.n_samples_ == 900 + 3 * 897
    assert ae.n_iter_ == n_iter + 9
    np.testing.assert_allclose(
        ae.mean_, (X[:900].sum(0) + 3 * X[900:].sum(0)) / (900 + 3 * 897)
    )


def test_a_fit_after_chunks_starts_anew(pixels):
    ae = AutoencoderTransformer(2, **SMALL, max_iter=2)
    passed(ae, pixels + 100, 100).fit(pixels)
    fresh = AutoencoderTransformer(2, **SMALL, max_iter=2).fit(pixels)
    np.testing.assert_array_equal(ae.transform(pixels), fresh.transform(pixels))
    ae.partial_fit(pixels)  # from here, and not from the chunks before the fit
    assert ae.n_samples_ == 2 * len(pixels)


@pytest.mark.parametrize("scaling", ["global", "feature"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_column_may_vary_later(estimator, scaling, pixels):
    X = np.column_stack([pixels, 2 * pixels[:, 5], np.full(600, 5.0)])
    X[:100, 20] = 0
    one = estimator(4, **SMALL, scaling=scaling)
    for _ in range(6):
        for chunk in in_chunks(X, 100):
            one.partial_fit(chunk)
    assert one.best_iter_ > 0
    assert one.column_scores(X[100:])[20] > 0.5
    np.testing.assert_allclose(one.reconstruct(X)[:, 21], 5, atol=1e-9)
    moved = X.copy()
    moved[:, 21] = 9
    np.testing.assert_allclose(one.transform(moved), one.transform(X), atol=1e-9)


# -- every kind of table and setting -----------------------------------------------


def use_all(estimator, X):
    """Call all that a fitted estimator can."""
    codes = estimator.transform(X)
    assert np.isfinite(np.asarray(codes, dtype=float)).all()
    estimator.inverse_transform(codes)
    estimator.sample(3, random_state=0)
    for name in ("score", "score_samples", "cell_scores", "column_scores"):
        assert np.isfinite(np.nanmean(getattr(estimator, name)(X)))
    assert estimator.components_.shape[0] == estimator.n_components_
    return np.asarray(codes, dtype=float)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [(AutoencoderTransformer, name) for name in LAYERS]
    + [(estimator, name) for estimator in ESTIMATORS[1:] for name in ("plain", "random")],
)
def test_every_setting_goes_on_after_a_pickle(estimator, name, pixels):
    one = estimator(2, **SMALL | LAYERS[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of variational codes that nothing is in
        passed(one, pixels[:200], 100)
        again = pickle.loads(pickle.dumps(one))
        for each in (one, again):
            passed(each, pixels[200:400], 100)
    np.testing.assert_array_equal(use_all(one, pixels), use_all(again, pixels))
    assert one.n_iter_ == 4


def mixed(n_rows, seed, *, holes=False, levels="abc"):
    draw = np.random.RandomState(seed)
    letter = draw.choice(list(levels), n_rows)
    numbers = draw.normal(size=(n_rows, 3)) + (letter == "a")[:, np.newaxis]
    frame = pd.DataFrame(numbers, columns=["x", "y", "z"]).assign(letter=letter)
    if holes:
        frame = frame.mask(draw.uniform(size=frame.shape) < 0.1)
    return frame


def with_holes(X, seed):
    holes = np.random.RandomState(seed).uniform(size=X.shape) < 0.1
    return np.where(holes, np.nan, X)


TABLES = {
    "categories": [mixed(80, i) for i in range(3)],
    "holes later": [mixed(80, i, holes=i > 0) for i in range(3)],
    "levels later": [mixed(80, i, levels="abc" if i == 0 else "abcd") for i in range(3)],
    "few rows, then holes": [mixed(3, 0), mixed(80, 1), mixed(80, 2, holes=True)],
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_tables(estimator, name):
    one = estimator(2, **SMALL)
    for frame in TABLES[name]:
        one.partial_fit(frame)
    use_all(one, TABLES[name][-1])
    assert list(one.sample(2).columns) == ["x", "y", "z", "letter"]
    one.impute(TABLES[name][-1])


@pytest.mark.parametrize(
    ("estimator", "way"),
    [*((one, "chunks") for one in ESTIMATORS), (VariationalAutoencoder, "fit")],
)
def test_holes_that_come_late_cost_nothing(estimator, way, pixels):
    one = estimator(2, **SMALL | {"batch_size": 16})
    if way == "fit":
        one.fit(pixels)
    else:
        passed(one, pixels, 100, 5)
    assert one.best_iter_ > 0
    before = one.score(pixels)
    one.partial_fit(with_holes(pixels[:20], 0))
    assert one.score(pixels) > before - 0.01
    assert one.impute(with_holes(pixels, 9)).shape == pixels.shape
    passed(one, with_holes(pixels, 1), 200)
    assert one.score(pixels) > before - 0.05


@pytest.mark.parametrize("missing", [0, 1, 2])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_column_may_be_missing_from_a_chunk(estimator, missing, pixels):
    chunks = in_chunks(pixels[:300].copy(), 100)
    chunks[missing][:, 3] = np.nan
    one = estimator(2, **SMALL)
    for chunk in chunks:
        one.partial_fit(chunk)
    X = np.vstack(chunks)
    np.testing.assert_allclose(one.mean_, np.nanmean(X, axis=0))
    assert np.isfinite(one.impute(X)).all()


def test_fewer_rows_than_codes_may_come_first():
    first = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"], "c": [0.0, 1.0]})
    ae = AutoencoderTransformer(3, **SMALL).partial_fit(first)
    assert np.isfinite(ae.partial_fit(first[:1]).transform(first)).all()
    holes = AutoencoderTransformer(2, **SMALL).partial_fit([[1.0, np.nan, 3.0, 4.0]])
    assert holes.transform([[1.0, 2.0, 3.0, 4.0]]).shape == (1, 2)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_sparse_chunks_and_other_dtypes_are_the_same_rows(estimator, pixels):
    dense, sparse, whole = (estimator(2, **SMALL) for _ in range(3))
    for i, chunk in enumerate(in_chunks(pixels, 150)):
        dense.partial_fit(chunk)
        sparse.partial_fit(sp.csr_array(chunk) if i % 2 else sp.coo_matrix(chunk))
        whole.partial_fit(chunk.astype(["uint8", "float32", "int64", "float64"][i]))
    expected = dense.transform(pixels)
    np.testing.assert_allclose(sparse.transform(pixels), expected, atol=1e-9)
    np.testing.assert_allclose(whole.transform(pixels), expected, atol=1e-4)


def test_long_chunks_are_passed_over_in_parts(pixels, monkeypatch):
    at_once = passed(AutoencoderTransformer(2, **SMALL), pixels, 200)
    monkeypatch.setattr("sklearn_ae._streaming._CELLS_AT_ONCE", 200 * 20)
    in_parts = AutoencoderTransformer(2, **SMALL).partial_fit(sp.csr_array(pixels))
    expected = at_once.transform(pixels)
    np.testing.assert_allclose(in_parts.transform(pixels), expected, atol=1e-9)


def test_pairs(pixels):
    noise = np.random.RandomState(0).normal(size=pixels.shape, scale=3)
    dae = DenoisingAutoencoder(10, **SMALL)
    chunks = [*zip(in_chunks(pixels + noise, 100), in_chunks(pixels, 100), strict=True)]
    for noisy, clean in chunks * 3:
        dae.partial_fit(noisy, X_clean=clean)
    error = ((dae.denoise(pixels + noise) - pixels) ** 2).mean()
    assert error < 0.8 * (noise**2).mean()
    with pytest.raises(ValueError, match=r"called without X_clean, and .* with it; expec"):
        dae.partial_fit(pixels)
    with pytest.raises(ValueError, match=r"called with X_clean, and .* without it; expec"):
        DenoisingAutoencoder(4, **SMALL).partial_fit(pixels).partial_fit(
            pixels, X_clean=pixels
        )


def test_the_number_of_codes_may_be_none(pixels):
    ae = AutoencoderTransformer(**SMALL).partial_fit(pixels[:7]).partial_fit(pixels[7:90])
    assert ae.n_components_ == 7


# -- state ----------------------------------------------------------------------------


def test_the_same_chunks_give_the_same(pixels):
    codes = [
        passed(AutoencoderTransformer(2, **SMALL), pixels, 100).transform(pixels)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*codes)


def test_a_clone_has_seen_nothing(trained, pixels):
    assert clone(trained).partial_fit(pixels[:10]).n_samples_ == 10


def test_a_truncated_copy_goes_on(pixels):
    ae = passed(AutoencoderTransformer(4, **SMALL, ordered=True), pixels, 200, 2)
    short = ae.truncate(2)
    assert short.partial_fit(pixels[:100]).transform(pixels).shape == (600, 2)
    assert ae.transform(pixels).shape == (600, 4)


def test_after_an_error_the_estimator_is_what_it_was(trained, pixels):
    ae = deepcopy(trained)
    before = dict(vars(ae))
    bad = pixels[:10].copy()
    bad[3, 4] = np.inf
    for chunk, message in (
        (bad, "infinity"),
        (pixels[:10, :5], "5 features"),
        (pixels[:0], "0 sample"),
    ):
        with pytest.raises(ValueError, match=message):
            ae.partial_fit(chunk)
        assert vars(ae) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"n_components": 0.9},
            r"n_components=0\.9 is found by fits .*; expected an integ",
        ),
        ({"n_components": "mle"}, r"n_components='mle' .*; expected an integer"),
        ({"n_components": True}, r"n_components=True is a boolean; expected a number"),
        (
            {"target_weight": 0.5},
            r"target_weight=0\.5 needs y .*; expected target_weight=0",
        ),
        ({"n_components": 21}, r"n_components=21"),
        ({"loss": "kl"}, r"loss='kl'"),
    ],
)
def test_what_chunks_cannot_have(settings, message, pixels):
    ae = AutoencoderTransformer(**SMALL | settings)
    with pytest.raises(ValueError, match=message):
        ae.partial_fit(pixels - 1, y=np.arange(len(pixels)) % 2)
    assert not hasattr(ae, "n_features_in_")


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"hidden_layer_sizes": (8,)}, "hidden_layer_sizes"),
        ({"n_components": 3}, "n_components"),
        ({"scaling": "feature"}, "scaling"),
        ({"categorical_features": [0]}, "categorical_features"),
    ],
)
def test_the_network_cannot_change(settings, name, pixels):
    frame = pd.DataFrame(pixels)
    frame.columns = [f"pixel{i}" for i in range(20)]
    ae = AutoencoderTransformer(2, **SMALL).partial_fit(frame[:100])
    ae.set_params(**settings)
    with pytest.raises(ValueError, match=rf"partial_fit found .*{name}.* changed"):
        ae.partial_fit(frame[100:])


def test_training_may_change(pixels):
    """The rate for one, by hand, for a stream that has settled."""
    ae = passed(AutoencoderTransformer(2, **SMALL), pixels, 100)
    still = deepcopy(ae).set_params(learning_rate_init=1e-12)
    still.partial_fit(pixels[:100])
    moved = deepcopy(ae).partial_fit(pixels[:100])
    weights = [
        one._stream.state.weights["encoder.skip.weight"] for one in (ae, still, moved)
    ]
    np.testing.assert_allclose(weights[1], weights[0], atol=1e-9)
    assert np.abs(weights[2] - weights[0]).max() > 1e-5


def test_a_training_that_changes_goes_on(trained, pixels):
    """Penalties, callbacks, losses and optimizers group weights in other ways."""
    ae, before = deepcopy(trained), trained.score(pixels)
    for settings in (
        {"alpha": 0.1},
        {"callbacks": [Watching()]},
        {"callbacks": None, "alpha": 0.0},
        {"loss": "huber"},
        {"solver": torch.optim.RMSprop, "learning_rate_init": 1e-4},
        {"solver": "sgd"},
        {"solver": "adam", "loss": "mse"},
    ):
        ae.set_params(**settings).partial_fit(pixels[:100])
        assert ae.best_iter_ == ae.n_iter_
        assert ae.score(pixels) > before - 0.05
    with pytest.raises(ValueError, match="The 'batch_size' parameter"):
        ae.set_params(batch_size=-1).partial_fit(pixels[:100])


def test_what_the_optimizer_knows_goes_on_by_name(trained, pixels):
    """Steps of autograd and steps of long vectors have the same moments."""
    states = [trained._stream.state]
    for callbacks in ([Watching()], None):
        ae = deepcopy(trained).set_params(callbacks=callbacks, learning_rate_init=1e-12)
        states.append(ae.partial_fit(pixels[:100])._stream.state)
    before, by_autograd, by_vectors = states
    for after in (by_autograd, by_vectors):
        assert after.counts["step"] == after.n_steps > before.n_steps
        assert after.usual[1] == after.n_steps
    for key in ("exp_avg", "exp_avg_sq"):
        for name, moment in by_vectors.moments[key].items():
            largest = np.abs(moment).max()
            np.testing.assert_allclose(
                by_autograd.moments[key][name], moment, atol=1e-3 * largest
            )


def test_few_kinds_of_rows_are_all_learnt():
    draw = np.random.RandomState(0)
    flags = (draw.uniform(size=(600, 3)) < [0.2, 0.5, 0.8]).astype(float)
    ae = passed(AutoencoderTransformer(1, random_state=0), flags, 100, 8)
    fitted = AutoencoderTransformer(1, max_iter=8, random_state=0).fit(flags)
    assert ae.score(flags) > fitted.score(flags)


@pytest.mark.parametrize("fraction", [0.001, 0.999])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_some_rows_validate_and_some_do_not(estimator, fraction, pixels):
    one = estimator(2, **SMALL, validation_fraction=fraction)
    passed(one, pixels[:200], 50)
    assert len(one.loss_curve_) > 0


def test_nested_codes_learn_as_in_epochs_of_fit(digits):
    X, settings = digits[0][:300], {"ordered": True, "random_state": 0}
    ae = passed(AutoencoderTransformer(6, **settings), X, 50, 3)
    fitted = AutoencoderTransformer(6, max_iter=3, **settings).fit(X)
    assert ae.score(X) > 0.95 * fitted.score(X)


def test_weights_that_cannot_be_added_up(pixels):
    ae = AutoencoderTransformer(2, **LINEAR)
    for weight in (1e300, 1e-300):
        with pytest.raises(ValueError, match=r"sample_weight has values from .*; expected"):
            ae.partial_fit(pixels, sample_weight=np.full(600, weight))


def test_light_rows_of_a_heavy_chunk_train_as_they_do_in_a_light_one(pixels):
    draw = np.random.RandomState(0).uniform(1, 3, size=600)
    codes = []
    for unit in (1.0, 2.0**10):
        ae = AutoencoderTransformer(2, **SMALL)
        for rows in np.array_split(np.arange(600), 4) * 3:
            ae.partial_fit(pixels[rows], sample_weight=unit * draw[rows])
        assert ae.best_iter_ > 0
        codes.append(ae.transform(pixels))
    np.testing.assert_allclose(*codes, atol=1e-3 * np.abs(codes[0]).max())


def test_pairs_go_on_after_a_fit_to_pairs(pixels):
    dae = DenoisingAutoencoder(4, **SMALL, max_iter=2).fit(pixels + 1, X_clean=pixels)
    with pytest.raises(ValueError, match="without X_clean, and was called with it"):
        deepcopy(dae).partial_fit(pixels)
    assert dae.partial_fit(pixels + 1, X_clean=pixels).n_samples_ == 1200


def test_training_begins_anew_where_rows_have_moved(pixels):
    """Of few rows near zero, units would be far too small for all that come."""
    ae = AutoencoderTransformer(2, **SMALL).partial_fit(pixels[:60] * 1e-3)
    scale = ae.scale_[0]
    ae.partial_fit(pixels[:30])  # not for so few rows
    assert (ae._stream.size_at_start, ae.scale_[0]) == (60, scale)
    ae.partial_fit(pixels[30:90])
    assert ae._stream.size_at_start == 150
    assert ae.scale_[0] > 100 * scale


def test_codes_keep_the_units_of_the_start_of_their_training(trained, pixels):
    """The linear start of all rows so far has others by now."""
    ae = deepcopy(trained)
    unit = ae._stream.code_unit
    np.testing.assert_array_equal(ae.partial_fit(3 * pixels)._stream.code_unit, unit)
    chunk = Chunk(pixels, None, None, None, 0, None, None, unit, waits=False)
    np.testing.assert_array_equal(chunk.started_at(Start({}, 3.0)).code_unit, unit)


def test_the_weight_of_a_divergence_rises_once(pixels, monkeypatch):
    seen, move = [], DivergenceWarmup.move

    def spy(warmup):
        move(warmup)
        seen.append(warmup.share)

    monkeypatch.setattr(DivergenceWarmup, "move", spy)
    vae = VariationalAutoencoder(2, **SMALL, kl_warmup=4)
    for rows in (slice(100), slice(100, 200), slice(0, 600), slice(300, 320), slice(100)):
        vae.partial_fit(pixels[rows])
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] == 1
    vae = VariationalAutoencoder(2, **SMALL, kl_warmup=2, max_iter=15).fit(pixels)
    assert vae.best_iter_ > 0
    seen.clear()
    vae.partial_fit(pixels)
    assert not seen or set(seen) == {1}


def test_the_table_stays_that_of_the_first_missing_cells(pixels):
    ae = AutoencoderTransformer(2, **SMALL).partial_fit(with_holes(pixels[:200], 0))
    table = ae._fitted.architecture.table
    ae.partial_fit(pixels[200:])
    assert ae._fitted.architecture.table == table
    assert ae._stream.plan.frequencies is not None
    assert ae._stream.plan.costs is ae._fitted.costs


def test_weights_of_zero_are_no_rows(pixels):
    weight = np.repeat([0.0, 1.0], 50)
    ae = AutoencoderTransformer(2, **LINEAR).partial_fit(pixels[:100], sample_weight=weight)
    assert ae.n_samples_ == 50
    np.testing.assert_allclose(ae.mean_, pixels[50:100].mean(axis=0))
    with pytest.raises(ValueError, match="sample_weight is zero for all 100 rows"):
        ae.partial_fit(pixels[:100], sample_weight=np.zeros(100))


def test_the_kept_sample_is_bounded(pixels, monkeypatch):
    monkeypatch.setattr("sklearn_ae._stream._MOST_ROWS", 150)
    ae = passed(AutoencoderTransformer(2, **SMALL), pixels, 100, 2)
    assert len(ae._stream.sample.rows) == 150
    np.testing.assert_allclose(ae.mean_, pixels.mean(axis=0))
    assert ae.n_samples_ == 1200


def test_every_chunk_has_random_numbers_of_its_own(pixels, monkeypatch):
    states, reseed = [], Chunk.reseed

    def spy(chunk, generator):
        reseed(chunk, generator)
        states.append(tuple(generator.get_state().tolist()))

    monkeypatch.setattr(Chunk, "reseed", spy)
    passed(AutoencoderTransformer(2, **SMALL), pixels, 100)
    assert len(set(states)) == len(states) == 6


def test_rows_beside_the_sample_are_checked_too(pixels, monkeypatch):
    monkeypatch.setattr("sklearn_ae._stream._MOST_ROWS", 100)
    X = pixels.copy()
    X[::7, 3] = -5
    for rows in np.array_split(X[X[:, 3] < 0], 3):
        ae = AutoencoderTransformer(2, **SMALL, loss="kl").partial_fit(pixels)
        with pytest.raises(ValueError, match="loss='kl'"):
            ae.partial_fit(np.vstack([pixels, rows[:1]]))


def test_light_weights_do_not_make_rows_fewer(pixels):
    light, plain = (AutoencoderTransformer(2, **LINEAR) for _ in range(2))
    light.partial_fit(pixels, sample_weight=np.full(600, 0.001))
    plain.partial_fit(pixels)
    for name in ("explained_variance_ratio_", "explained_variance_", "mean_"):
        np.testing.assert_allclose(getattr(light, name), getattr(plain, name), rtol=1e-6)
    columns = [one._fitted.columns for one in (light, plain)]
    np.testing.assert_allclose(columns[0].deviation_, columns[1].deviation_)


def test_random_weights_do_not_replace_a_network_in_use(pixels):
    ae = passed(AutoencoderTransformer(2, **SMALL, init="random"), pixels[:300], 100)
    assert not ae._stream.plan.recipe.keeps_network


def test_a_missing_cell_beside_the_sample_is_one(pixels, monkeypatch):
    monkeypatch.setattr("sklearn_ae._stream._MOST_ROWS", 100)
    ae = AutoencoderTransformer(2, **SMALL).partial_fit(pixels)
    for row in pixels[:8].copy():  # most of which are beside it
        row[3] = np.nan
        one = deepcopy(ae).partial_fit(np.vstack([pixels[:50], row]))
        assert one._fitted.architecture.table.rank > 0


def test_chunks_with_and_without_weights_are_counted_together(pixels):
    ae = AutoencoderTransformer(2, **LINEAR)
    ae.partial_fit(pixels[:3], sample_weight=[0.5, 0.5, 0.5]).partial_fit(pixels[3:6])
    expected = np.average(pixels[:6], axis=0, weights=[0.5] * 3 + [1] * 3)
    np.testing.assert_allclose(ae.mean_, expected)


def test_curves_and_counts_of_epochs_agree(pixels):
    ae = AutoencoderTransformer(2, **SMALL)
    for rows in np.array_split(pixels, 60):  # the first of which are too few
        ae.partial_fit(rows)
    assert ae.best_iter_ in (0, ae.n_iter_)
    assert ae.n_iter_ == len(ae.loss_curve_) < 60
    assert len(ae.validation_loss_curve_) == ae.n_iter_ + 1


def test_verbose_reports_each_chunk(pixels, capsys):
    passed(AutoencoderTransformer(2, **SMALL, verbose=1), pixels[:300], 100)
    assert capsys.readouterr().out.count("\n") >= 3


@pytest.mark.parametrize("name", ["AutoencoderTransformer", "DenoisingAutoencoder"])
def test_weights_are_routed_metadata(name, pixels):
    with config_context(enable_metadata_routing=True):
        one = getattr(sklearn_ae, name)(2).set_partial_fit_request(sample_weight=True)
        requests = one.get_metadata_routing().partial_fit.requests
    assert requests["sample_weight"] is True


def test_a_distribution_goes_on_with_its_noise_level(pixels):
    vae = passed(VariationalAutoencoder(2, **SMALL), pixels, 150, 3)
    fitted = VariationalAutoencoder(2, **SMALL, max_iter=3).fit(pixels)
    assert vae.noise_variance_ == pytest.approx(fitted.noise_variance_, rel=0.2)
    assert (vae.posterior(pixels)[1] > 0).all()
