"""Scaling is exact both ways, in float64 whatever comes in, and safe on constants."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from sklearn_ae._columns import ScaledRows, Scaler, _scaler, column_variance, row_slices
from sklearn_ae._training import to_rows

KINDS = ["global", "feature", "magnitude", None]


def scaled(scaler, X, dtype=None):
    """Return ``X`` as the network sees it in training."""
    return ScaledRows(X, scaler)[:].astype(X.dtype if dtype is None else dtype)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_round_trip(kind, dtype):
    X = (np.random.RandomState(0).rand(50, 3) * [1, 10, 100]).astype(dtype)
    scaler = Scaler(kind).fit(X)
    X_scaled = scaled(scaler, X)
    assert X_scaled.dtype == dtype
    assert X_scaled.flags["C_CONTIGUOUS"]
    assert not np.shares_memory(X_scaled, X)
    np.testing.assert_allclose(X_scaled * scaler.scale_ + scaler.offset_, X, rtol=1e-5)


def test_global_makes_the_mean_variance_1_with_one_number():
    X = np.random.RandomState(0).rand(50, 3) * [1, 10, 100]
    scaler = Scaler("global").fit(X)
    assert len(set(scaler.scale_)) == 1
    assert scaled(scaler, X).var(0).mean() == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_constant_columns(kind, value):
    X = np.full((10, 3), value)
    scaler = Scaler(kind).fit(X)
    assert np.isfinite(scaled(scaler, X)).all()
    np.testing.assert_allclose(scaled(scaler, X) * scaler.scale_ + scaler.offset_, X)


def test_float32_far_from_zero_keeps_its_digits():
    X = (1e6 + np.random.RandomState(0).randint(0, 9, (2000, 1))).astype(np.float32)
    X_scaled = scaled(Scaler("feature").fit(X), X)
    assert X_scaled.mean() == pytest.approx(0, abs=1e-5)
    assert X_scaled.std() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_in_passes_are_scaled_as_at_once(monkeypatch, dtype):
    monkeypatch.setattr(_scaler, "_CELLS_PER_PASS", 64)
    rng = np.random.RandomState(0)
    X = (1e4 + rng.normal(size=(1001, 4)) * [1, 2, 30, 0]).astype(dtype)
    scaler, at_once = Scaler("feature").fit(X), StandardScaler().fit(X)
    np.testing.assert_allclose(scaler.mean_, at_once.mean_, rtol=1e-12)
    np.testing.assert_allclose(scaler.scale_, at_once.scale_, rtol=1e-9)
    assert scaler.scale_[3] == 1
    expected = (X - scaler.mean_) / scaler.scale_
    slices = list(row_slices(X.shape))
    assert len(slices) > 60
    rows = ScaledRows(X, scaler)
    np.testing.assert_array_equal(np.concatenate([rows[s] for s in slices]), expected)
    variance = column_variance(rows[s] for s in slices)
    np.testing.assert_allclose(variance, expected.var(axis=0), rtol=1e-9, atol=1e-25)


def test_variance_of_columns_far_from_zero_has_all_digits():
    X = 1e8 + np.random.RandomState(0).normal(size=(1000, 3))
    variance = column_variance(np.array_split(X, 7))
    np.testing.assert_allclose(variance, X.var(axis=0), rtol=1e-9)


def test_no_variance_of_constant_columns_is_negative_however_many_rows():
    values = [0.9609640316267165, 0.12011117825660166, 0.1]  # roundings of two lead below 0
    part = np.tile(values, (174_762, 1))
    assert next(row_slices((10**8, 3))) == slice(0, len(part))
    variance = column_variance([part] * 69)
    assert ((variance >= 0) & (variance < 1e-30)).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool, np.float32])
def test_rows_of_an_index_come_in_its_order_as_floats(dtype):
    X = np.random.RandomState(0).randint(0, 2, (50, 3)).astype(dtype)
    scaler, index = Scaler("feature").fit(X), np.random.RandomState(1).permutation(50)[:20]
    rows = ScaledRows(X, scaler, index)
    assert rows.shape == (20, 3)
    expected = StandardScaler().fit_transform(X.astype(float))[index][5:15]
    np.testing.assert_allclose(rows[5:15], expected, atol=1e-12)
    assert rows[5:15].dtype == np.float64


@pytest.mark.parametrize("kind", ["global", "feature", "magnitude", None])
@pytest.mark.parametrize("offset", [0.0, 1e4, -1e7])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_units_lead_where_transform_leads(kind, offset, dtype):
    rng = np.random.RandomState(0)
    X = (offset + rng.normal(size=(50, 4)) * [1, 2, 30, 0]).astype(dtype)
    scaler = Scaler(kind).fit(X)
    *offsets, scale = scaler.units(dtype)
    X_scaled = X.copy()
    for part in offsets:
        X_scaled -= part
    X_scaled /= scale
    assert X_scaled.dtype == dtype
    # What is told is as exact as float32 rows are, not as their distance from zero.
    expected = scaled(scaler, X.astype(np.float64))
    rtol = 1e-6 if dtype == "float32" else 1e-13
    atol = rtol * np.abs(expected - expected.mean(axis=0)).max()
    np.testing.assert_allclose(X_scaled, expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("size", [1e-35, 1e35])
def test_units_of_extreme_size_are_told_in_float64(size):
    X = (size * np.random.RandomState(0).normal(size=(50, 4))).astype(np.float32)
    assert {unit.dtype.name for unit in Scaler("global").fit(X).units("float32")} == {
        "float64"
    }


def test_what_float32_cannot_hold_is_infinite_without_a_word():
    X = np.array([[1e40, 1.0], [-1e40, 2.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = ScaledRows(X, Scaler(None).fit(X))
        in_float32 = torch.nn.Linear(1, 1, dtype=torch.float32)
        train, _ = to_rows(in_float32, rows, None, np.arange(2), np.arange(0))
    assert train.x[:, 0].isinf().all()


def test_differences_whose_squares_vanish_are_refused():
    X = np.random.RandomState(0).normal(size=(10, 2)) * 1e-170
    with pytest.raises(ValueError, match=r"X has columns that vary by .*1e-150"):
        Scaler("global").fit(X)
    assert not Scaler("global").fit(np.full((10, 2), 1e-170)).varies_
