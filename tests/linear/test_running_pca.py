"""PCA of chunks: scikit-learn's IncrementalPCA, and what that cannot do."""

import numpy as np
import pytest
from sklearn.decomposition import PCA, IncrementalPCA

from sklearn_ae._linear import RunningPca

ONE, NONE = np.ones(6), np.zeros(6)


@pytest.fixture
def rows():
    draw = np.random.RandomState(0)
    return draw.normal(size=(200, 6)) @ draw.normal(size=(6, 6)) + 10


def after(rows, sizes, n_components=3, scale=ONE, weight=None):
    pca, first = RunningPca.of(n_components, rows.shape[1]), 0
    for size in sizes:
        part = slice(first, first + size)
        pca = pca.after(rows[part], None if weight is None else weight[part], scale)
        first += size
    assert first == len(rows)
    return pca


def test_it_is_incremental_pca(rows):
    one, other = after(rows, [20] * 10), IncrementalPCA(3)
    for first in range(0, 200, 20):
        other.partial_fit(rows[first : first + 20])
    code = one.code(NONE, ONE)
    np.testing.assert_allclose(code.projection, other.components_, atol=1e-12)
    np.testing.assert_allclose(code.mean, other.mean_)
    np.testing.assert_allclose(code.spread * np.sqrt(200), other.singular_values_)


@pytest.mark.parametrize("sizes", [[200], [1] * 200, [1, 2, 197], [199, 1]])
def test_with_all_components_it_is_pca(rows, sizes):
    code = after(rows, sizes, n_components=6).code(NONE, ONE)
    pca = PCA().fit(rows)
    np.testing.assert_allclose(code.projection, pca.components_, atol=1e-10)
    np.testing.assert_allclose(code.spread**2 * 200 / 199, pca.explained_variance_)
    assert code.is_exact
    assert not after(rows, sizes).code(NONE, ONE).is_exact


def test_columns_count_by_their_scale(rows):
    scale = rows.std(axis=0)
    pca = PCA().fit((rows - rows.mean(axis=0)) / scale)
    code = after(rows, [20] * 10, 6, scale).code(rows.mean(axis=0), scale)
    np.testing.assert_allclose(code.projection, pca.components_, atol=1e-10)
    np.testing.assert_allclose(code.mean, 0, atol=1e-12)


def test_weights_are_repetitions(rows):
    weight = np.tile([1, 2, 3, 4], 50)
    by_weight = after(rows, [100, 100], weight=weight)
    repeated = after(np.repeat(rows, weight, axis=0), [250, 250])
    np.testing.assert_allclose(by_weight.mean, repeated.mean)
    np.testing.assert_allclose(by_weight.scatter, repeated.scatter)
    codes = [pca.code(NONE, ONE).projection for pca in (by_weight, repeated)]
    np.testing.assert_allclose(*codes, atol=1e-10)


def test_fewer_rows_than_components_leave_codes_without_variance(rows):
    code = after(rows[:2], [1, 1], n_components=4).code(NONE, ONE)
    assert code.projection.shape == (4, 6)
    np.testing.assert_allclose(code.variance[1:], 0, atol=1e-20)
    codes = (rows[:2] - code.mean) @ code.projection.T
    np.testing.assert_allclose(codes @ code.projection + code.mean, rows[:2])


def test_long_chunks_are_taken_in_parts(rows, monkeypatch):
    expected = after(rows, [30, 30, 30, 110])
    monkeypatch.setattr("sklearn_ae._linear._running_pca._CELLS_AT_ONCE", 30 * 6)
    assert len(after(rows, [200]).rows) == len(expected.rows) == 3
    np.testing.assert_allclose(after(rows, [200]).scatter, expected.scatter)
