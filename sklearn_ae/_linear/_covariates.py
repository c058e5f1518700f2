"""Linear codes that keep what y needs: principal covariates regression.

Of all linear codes of a length, these have the least sum of two errors: that of X, and that
of y as a ridge regression on X predicts it (de Jong and Kiers, "Principal covariates
regression", 1992). With a weight of 0 for y they are PCA's.
"""

from dataclasses import replace

import numpy as np
from sklearn.preprocessing import StandardScaler

from .._columns import Response, row_slices
from ._pca import LinearCode

__all__ = ["regress_number", "turn_towards", "width_to_turn"]

# Leading components of X among which codes are found, in codes and at least.
_CODES, _FEWEST = 2, 200

_MOST_ROWS = 5000  # with y that the regression is fitted to
# Ridges, as fractions of the mean variance of a component: leave-one-out chooses.
_RIDGES = np.logspace(-4, 3, 15)
_RIDGE_OF_CODES = 1e-3  # of numbers on codes of unit variance, per sample
_NO_VARIANCE = 1e-12  # of a component, as a fraction of the largest


def width_to_turn(n_components: int, shape: tuple[int, ...]) -> int:
    """Return of how many components ``turn_towards`` is to be given a code."""
    return min(max(_CODES * n_components, _FEWEST), *shape)


def turn_towards(
    code: LinearCode, X, response: Response, n_components: int, seed: int
) -> LinearCode:
    """Return the code of ``n_components`` within a longer one that keeps X and y.

    Parameters
    ----------
    code : LinearCode
        Of more components, with its way back to X, whose columns have unit length.
    X : rows of shape (n_samples, n_features)
        With their weights.
    response : Response
    n_components : int
    seed : int
        Of the rows that the regression is fitted to, if there are many.
    """
    n_used = int((code.variance > _NO_VARIANCE * code.variance[0]).sum())
    assert code.way_back is not None
    if n_used <= n_components:
        return _first(code, n_components)
    used = replace(code, spread=code.spread[:n_used], projection=code.projection[:n_used])
    spread, variance = used.spread, used.spread**2
    joint = np.diag((1 - response.share) * variance / variance.sum())
    joint += response.share * _explained(used, X, response, seed)
    axes = np.linalg.eigh(joint)[1][:, : -n_components - 1 : -1]
    way_back = code.way_back[:, :n_used] * spread @ axes
    # A component is as long as what it stands for, as PCA's are.
    size = np.linalg.norm(way_back, axis=0)
    order = np.argsort(-size)
    size, axes, way_back = size[order], axes[:, order], way_back[:, order]
    projection = (axes.T / spread) @ used.projection * size[:, np.newaxis]
    back = {"way_back": way_back / size, "target_mean": code.target_mean}
    return LinearCode.of(projection, code.mean, size, **back)


def _explained(code: LinearCode, X, response: Response, seed: int) -> np.ndarray:
    """Return what of y is predicted from the components, by direction.

    As a share of the variance of y, for components of unit variance, (n_components,
    n_components).
    """
    from sklearn.linear_model import RidgeCV  # it takes longest to import

    weight, spread = X.weight, code.spread
    wanted, rows = response.indicators(weight)
    if len(rows) > _MOST_ROWS:  # not the first ones: rows are often sorted by class
        rows = np.random.RandomState(seed).permutation(rows)[:_MOST_ROWS]
    if len(rows) < 2:
        return np.zeros((len(spread), len(spread)))
    parts = (X[rows[part]] - code.mean for part in row_slices((len(rows), X.shape[1])))
    codes = np.vstack([part @ code.projection.T for part in parts])
    share = None if weight is None else weight[rows]
    # Components have unequal variances, so that the ridge shrinks small ones most.
    size = len(rows) if share is None else share.sum()
    ridge = RidgeCV(_RIDGES * size * np.mean(spread**2))
    ridge.fit(codes, wanted[rows], sample_weight=share)
    coefficients = np.atleast_2d(ridge.coef_) * spread
    return coefficients.T @ coefficients


def _first(code: LinearCode, n: int) -> LinearCode:
    """Return the first ``n`` components of a code; what it lacks are zeros."""
    rest = max(0, n - len(code.variance))
    assert code.way_back is not None
    return replace(
        code,
        projection=np.pad(code.projection[:n], ((0, rest), (0, 0))),
        variance=np.pad(code.variance[:n], (0, rest)),
        spread=np.pad(code.spread[:n], (0, rest), mode="edge"),
        way_back=np.pad(code.way_back[:, :n], ((0, 0), (0, rest))),
    )


def regress_number(
    codes: np.ndarray, y: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, float]:
    """Return the coefficients, (n_components,), and the constant of y, linear in codes.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_components)
    y : ndarray of shape (n_samples,)
        NaN where it is missing; these samples do not count.
    weight : ndarray of shape (n_samples,) or None
        Of each row.
    """
    from sklearn.linear_model import Ridge

    known = ~np.isnan(y)
    if not known.any():
        return np.zeros(codes.shape[1]), 0.0
    share = np.ones(known.sum()) if weight is None else weight[known]
    scaler = StandardScaler().fit(codes[known], sample_weight=share)
    ridge = Ridge(_RIDGE_OF_CODES * share.sum())
    ridge.fit(scaler.transform(codes[known]), y[known], sample_weight=share)
    coefficients = ridge.coef_ / scaler.scale_
    return coefficients, float(ridge.intercept_ - coefficients @ scaler.mean_)
