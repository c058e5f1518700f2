"""A sample of a stream: bounded, the same in any order, and counted exactly."""

import numpy as np
import pytest

from sklearn_ae._columns import RowSample, keys_of


@pytest.fixture
def rows():
    return np.random.RandomState(0).normal(size=(1000, 3)).round(2)


def sampled(rows, size, most=100, weight=None):
    weight = np.ones(len(rows)) if weight is None else weight
    sample = RowSample.of(most, rows.shape[1])
    for first in range(0, len(rows), size):
        part = slice(first, first + size)
        sample = sample.after(rows[part], weight[part])
    return sample


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_order_and_chunks_do_not_matter(rows, size):
    order = np.random.RandomState(1).permutation(1000)
    one, other = sampled(rows, 100), sampled(rows[order], size)
    np.testing.assert_array_equal(one.rows, other.rows)
    np.testing.assert_array_equal(one.weight, other.weight)
    assert len(one.rows) == 100


def test_rows_are_counted_exactly_while_there_is_room(rows):
    often = np.vstack([rows, rows[:500], rows[:200]])
    weight = np.repeat([1.0, 2.0, 0.5], [1000, 500, 200])
    sample = sampled(often, 150, most=1000, weight=weight)
    count = 1 + 2 * (np.arange(1000) < 500) + 0.5 * (np.arange(1000) < 200)
    expected = dict(zip(map(tuple, rows), count, strict=True))
    assert [expected[tuple(row)] for row in sample.rows] == list(sample.weight)


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_a_row_that_comes_often_has_its_share(share):
    """And one that came once stands for as many as are left out."""
    shares = []
    for seed in range(20):
        draw = np.random.RandomState(seed)
        rows = draw.normal(size=(2000, 2))
        rows[draw.uniform(size=2000) < share] = seed
        sample = sampled(rows, 100)
        is_often = (sample.rows == seed).all(axis=1)
        shares.append(sample.weight[is_often].sum() / sample.weight.sum())
    assert np.mean(shares) == pytest.approx(share, rel=0.1)
    assert np.std(shares) < 0.1


def test_all_rows_are_kept_while_there_is_room(rows):
    sample = sampled(rows, 100, most=2000)
    assert sorted(map(tuple, sample.rows)) == sorted(map(tuple, rows))


def test_a_sample_is_like_the_rows(rows):
    sample = sampled(rows, 100, most=300)
    np.testing.assert_allclose(sample.rows.mean(axis=0), 0, atol=4 / np.sqrt(300))
    share = sample.is_validation(sample.keys, 0.3).mean()
    assert share == pytest.approx(0.3, abs=0.1)


def test_the_same_values_have_the_same_key(rows):
    whole = np.arange(12.0).reshape(4, 3)
    for other in (whole.astype(int), whole.astype(np.float32), whole.astype(np.uint8)):
        np.testing.assert_array_equal(keys_of(whole), keys_of(other))
    np.testing.assert_array_equal(keys_of(-np.zeros((1, 3))), keys_of(np.zeros((1, 3))))
    np.testing.assert_array_equal(keys_of(np.asfortranarray(rows)), keys_of(rows))


def test_other_rows_have_other_keys(rows):
    flags = (np.arange(2**12)[:, np.newaxis] >> np.arange(12)) % 2
    assert len(np.unique(keys_of(flags))) == 2**12
    assert len(np.unique(keys_of(rows[:1] + np.eye(3) * 1e-12))) == 3
    key = keys_of(np.arange(10000.0)[:, np.newaxis])
    bits = (key[:, np.newaxis] >> np.arange(64, dtype=np.uint64)) % 2
    np.testing.assert_allclose(bits.mean(axis=0), 0.5, atol=0.03)


def test_a_missing_cell_has_no_other_bits():
    other = np.array([[0x7FF8000000000001]], np.uint64).view(np.float64)
    for nan in (-np.nan, other[0, 0]):
        np.testing.assert_array_equal(
            keys_of(np.array([[nan]])), keys_of(np.array([[np.nan]]))
        )


def test_holes_are_values():
    rows = np.array([[np.nan, 1.0], [np.nan, 2.0], [np.nan, 1.0]])
    assert list(sampled(rows, 1).weight) in ([1, 2], [2, 1])


def test_narrow_numbers_stay_narrow(rows):
    assert sampled(rows.astype(np.float32), 100).rows.dtype == np.float32
    assert sampled(rows, 100).rows.dtype == np.float64
