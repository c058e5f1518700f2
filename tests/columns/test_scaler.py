"""Scaling is exact both ways, in float64 whatever comes in, and safe on constants."""

import warnings

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sklearn_ae._columns import Scaler, _scaler
from sklearn_ae._training import _tensors, scale_rows

KINDS = ["global", "feature", "magnitude", None]


def scaled(scaler, X, dtype=None):
    """Return ``X`` as the network sees it in training."""
    return scale_rows(X, scaler.offset_, scaler.scale_, X.dtype if dtype is None else dtype)


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
    monkeypatch.setattr(_tensors, "_CELLS_PER_PASS", 64)
    rng = np.random.RandomState(0)
    X = (1e4 + rng.normal(size=(1001, 4)) * [1, 2, 30, 0]).astype(dtype)
    scaler, at_once = Scaler("feature").fit(X), StandardScaler().fit(X)
    np.testing.assert_allclose(scaler.mean_, at_once.mean_, rtol=1e-12)
    np.testing.assert_allclose(scaler.scale_, at_once.scale_, rtol=1e-9)
    assert scaler.scale_[3] == 1
    expected = ((X - scaler.mean_) / scaler.scale_).astype(dtype)
    np.testing.assert_array_equal(scaled(scaler, X), expected)


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
        X_scaled = scaled(Scaler(None).fit(X), X, np.float32)
    assert np.isinf(X_scaled[:, 0]).all()


def test_differences_whose_squares_vanish_are_refused():
    X = np.random.RandomState(0).normal(size=(10, 2)) * 1e-170
    with pytest.raises(ValueError, match=r"X has columns that vary by .*1e-150"):
        Scaler("global").fit(X)
    assert not Scaler("global").fit(np.full((10, 2), 1e-170)).varies_
