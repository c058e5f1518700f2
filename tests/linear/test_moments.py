"""Sums over parts of the rows give the moments that all rows have at once."""

import numpy as np
import pytest

from sklearn_ae._linear._moments import Moments


@pytest.mark.parametrize("place", [0.0, 1e8])
@pytest.mark.parametrize("has_target", [False, True])
def test_moments_of_parts_are_those_of_all_rows_however_far_from_zero(place, has_target):
    rng = np.random.RandomState(0)
    x = place + rng.normal(size=(1000, 3)) @ rng.normal(size=(3, 3))
    target = x[:, :2] + rng.normal(size=(1000, 2)) if has_target else x
    moments = Moments()
    for rows in np.array_split(np.arange(1000), 4):
        moments.add(x[rows], target[rows] if has_target else None)
    assert moments.n_rows == 1000
    np.testing.assert_allclose(moments.mean, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moments.target_mean, target.mean(axis=0), rtol=1e-12)
    centred, wanted = x - x.mean(axis=0), target - target.mean(axis=0)
    expected = centred.T @ centred, centred.T @ wanted, (wanted**2).sum(axis=0)
    target_mean = moments.target_mean if has_target else None
    for told, sums in zip(moments.about(moments.mean, target_mean), expected, strict=True):
        np.testing.assert_allclose(told, sums / 1000, rtol=0, atol=1e-6)
