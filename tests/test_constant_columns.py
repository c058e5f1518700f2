"""Columns that never varied in training say nothing of a row, whatever they are in use."""

import numpy as np
import pytest

SETTINGS = [
    {},
    {"scaling": "feature"},
    {"scaling": None},
    {"loss": "kl"},
    {"code_activation": "tanh"},
    {"init": "random"},
    {"hidden_layer_sizes": ()},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_codes_do_not_move_with_them(quick, bent, settings, dtype):
    X = np.c_[9 * np.abs(bent), np.full(len(bent), 0.7), np.zeros(len(bent))].astype(dtype)
    fitted = quick(2, max_iter=3, **settings).fit(X)
    moved = X.copy()
    moved[:, -2:] += 5
    np.testing.assert_array_equal(fitted.transform(moved), fitted.transform(X))


def test_what_they_are_is_counted_in_where_it_is_not_centred(quick, bent):
    X = np.c_[bent, np.full(len(bent), 3.0)]
    # The last epoch is kept, whose loss is that of the weights before they are moved.
    fitted = quick(2, max_iter=3, scaling=None, init="random", early_stopping=False).fit(X)
    layer = fitted._fitted.arrays["encoder.layers.0.weight"]
    assert np.all(layer[:, -1] == 0)
    assert np.abs(fitted._fitted.arrays["encoder.layers.0.bias"]).max() > 0.1


def test_what_stays_linear_has_no_hidden_layers(quick):
    X = np.random.default_rng(0).normal(size=(60, 9))  # nothing to learn beyond PCA
    kept, linear = quick(2).fit(X), quick(2, hidden_layer_sizes=()).fit(X)
    assert kept.best_iter_ == 0
    assert not any(".layers" in name for name in kept._fitted.arrays)
    assert kept._fitted.network("float64").encoder.layers is None
    assert len(kept.net_.module_.encoder.layers) > 0  # as the parameters say
    np.testing.assert_allclose(kept.reconstruct(X), linear.reconstruct(X))


def test_a_warm_start_may_learn_from_a_column_that_was_constant(quick, bent):
    first = np.c_[bent, np.full(len(bent), 0.5)]
    settings = {"init": "random", "early_stopping": False, "max_iter": 3}
    fitted = quick(2, warm_start=True, **settings).fit(first)
    second = np.c_[bent, bent[:, 0]]
    codes = fitted.fit(second).transform(second)
    assert np.any(fitted._fitted.arrays["encoder.layers.0.weight"][:, -1])
    moved = second.copy()
    moved[:, -1] += 1
    assert np.abs(fitted.transform(moved) - codes).max() > 0
