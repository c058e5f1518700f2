"""PCA as the start of training: from rows at once, or from their covariance."""

import numpy as np

from sklearn_ae._linear import _pca, fit_pca


def test_codes_beyond_the_rank_of_a_tall_table_have_no_variance():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(4000, 10)) @ rng.normal(size=(10, 100))
    assert X.size * 100 > _pca._SVD_AFFORDABLE
    assert np.linalg.eigvalsh(np.cov(X.T)).min() < 0  # by a rounding
    code = fit_pca(X, 100, seed=0)
    np.testing.assert_allclose(code.variance[:10].sum(), X.var(axis=0).sum())
    np.testing.assert_allclose(code.variance[10:], 0, atol=1e-9)
    assert (code.variance >= 0).all()
    assert np.isfinite(code.spread).all()


class Computed:
    """Rows that are computed when they are read, and remembered here."""

    def __init__(self, X):
        self.X, self.shape, self.read = X, X.shape, []

    def __getitem__(self, rows):
        self.read.append(self.X[rows].copy())
        return self.read[-1]


def test_an_array_is_left_as_it_is_and_computed_rows_are_not_copied_again():
    X = 5 + np.random.RandomState(0).normal(size=(50, 4))
    before, rows = X.copy(), Computed(X)
    code, same = fit_pca(X, 2, seed=0), fit_pca(rows, 2, seed=0)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(code.projection, same.projection)
    # PCA has centred them where they were.
    np.testing.assert_allclose(rows.read[0], X - X.mean(axis=0), atol=1e-12)
