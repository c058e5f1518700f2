"""The levels of a start are those of a multinomial regression on the codes."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sklearn_ae._linear import regress_level


def codes_and_levels(n_rows):
    random = np.random.RandomState(0)
    codes = random.normal(size=(n_rows, 2)) * [1, 5] + [3, 0]
    logits = (codes - [3, 0]) @ [[1, -1, 0], [0.2, 0.2, -0.4]]
    level = (logits + random.gumbel(size=logits.shape)).argmax(axis=1).astype(float)
    level[:3] = 0, 1, 2
    return codes, level


def chances(codes, level, weight=None):
    frequencies = np.bincount(level[~np.isnan(level)].astype(int)) / len(level)
    W, b = regress_level(codes, level, frequencies, seed=0, weight=weight)
    return softmax(codes @ W.T + b, axis=1)


@pytest.mark.parametrize("n_rows", [8, 500])
def test_it_is_logistic_regression_of_standardised_codes(n_rows):
    codes, level = codes_and_levels(n_rows)
    x = StandardScaler().fit_transform(codes)
    known = LogisticRegression().fit(x, level).predict_proba(x)
    np.testing.assert_allclose(chances(codes, level), known, atol=0.01)


def test_missing_cells_do_not_count():
    codes, level = codes_and_levels(300)
    holed = level.copy()
    holed[100:] = np.nan
    W, b = regress_level(codes[:100], level[:100], np.full(3, 1 / 3), seed=0)
    of_holed = regress_level(codes, holed, np.full(3, 1 / 3), seed=0)
    np.testing.assert_allclose(of_holed[0], W)
    np.testing.assert_allclose(of_holed[1], b)


def test_of_many_rows_some_are_drawn_by_the_seed():
    codes, level = codes_and_levels(5000)
    first, again, other = (
        regress_level(codes, level, np.full(3, 1 / 3), seed=seed)[0] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_allclose(first, other, atol=0.3)
