"""PCA, twice: where training starts, and the axes in which codes are shown.

Both are closed forms on arrays. The first is the linear code that training starts
from; the second turns the codes of a trained network to their principal axes.
"""

import numpy as np
from sklearn.decomposition import PCA

from ._code import NO_SPREAD, LinearCode

__all__ = ["fit_pca", "ordered_axes", "principal_axes", "solve_pca", "spread_of"]

# An SVD of so many multiplications, an eigendecomposition of so many columns: about
# 50 ms and 500 ms on one core.
_SVD_AFFORDABLE = 3e7
_EIGH_AFFORDABLE = 1000


def fit_pca(X: np.ndarray, n_components: int, seed: int) -> LinearCode:
    """Return the PCA of ``X``, (n_samples, n_features), as a code, with the way back."""
    pca = solve_pca(X, n_components, seed)
    way_back = {"way_back": pca.components_.T, "target_mean": pca.mean_}
    return LinearCode.of(pca.components_, pca.mean_, spread_of(pca), **way_back)


def spread_of(pca: PCA) -> np.ndarray:
    """Return the standard deviation along each axis, (n_components,)."""
    return pca.singular_values_ / np.sqrt(pca.n_samples_)


def solve_pca(X: np.ndarray, n_components: int, seed: int) -> PCA:
    """Return the PCA of ``X``, (n_samples, n_features), exact where that is affordable.

    scikit-learn's "auto" takes a randomised solver sooner, from 501 rows on.
    """
    n_samples, n_features = X.shape
    if n_samples * n_features * min(n_samples, n_features) <= _SVD_AFFORDABLE:
        solver = "full"
    else:
        solver = "covariance_eigh" if n_features <= _EIGH_AFFORDABLE else "auto"
    pca = PCA(n_components, svd_solver=solver, random_state=seed)
    with np.errstate(invalid="ignore"):  # PCA divides by n_samples - 1, even for one row
        # float64: the covariance of float32 data loses half of the digits.
        return pca.fit(np.asarray(X, dtype=np.float64))


def principal_axes(
    code: np.ndarray, X: np.ndarray, unit: np.ndarray, *, rotate: bool, whiten: bool
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the map to decorrelated codes, the widest first, with fixed signs.

    Parameters
    ----------
    code : ndarray of shape (n_samples, n_components)
        Codes as the network makes them.
    X : ndarray of shape (n_samples, n_features)
        Fixes the signs: the column that goes most with a code goes up with it,
        as scikit-learn's ``svd_flip`` does for PCA.
    unit : ndarray of shape (n_components,)
        What one unit of each code is worth, so that codes of a PCA start are
        shown as PCA's.
    rotate : bool
        Whether codes are centred and turned.
    whiten : bool
        Whether codes are shown with unit variance.

    Returns
    -------
    axes : dict of ndarray
        Weights of the network's CodeAxes, by name.
    variance : ndarray of shape (n_components,)
        Along each axis, before codes are whitened.
    """
    forward, backward = np.diag(unit), np.diag(1 / unit)
    centre = np.zeros(len(unit))
    if rotate:
        centre = code.mean(axis=0, dtype=np.float64)
        turn = _turn((code - centre) * unit, X)
        forward, backward = forward @ turn, turn.T @ backward
    return _axes(code, centre, forward, backward, whiten)


def ordered_axes(
    code: np.ndarray, X: np.ndarray, *, whiten: bool
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the map to the same codes in order, the widest first, with fixed signs.

    Parameters are those of principal_axes. Components of a distribution over codes are
    independent as the network has them: turned, they would not be.
    """
    order = np.argsort(-code.std(axis=0, dtype=np.float64), kind="stable")
    turn = np.eye(len(order))[:, order]
    turn = turn * _signs((code - code.mean(axis=0)) @ turn, X)
    return _axes(code, np.zeros(len(order)), turn, turn.T, whiten)


def _axes(code, centre, forward, backward, whiten):
    """Return the weights of (code - centre) @ forward and its way back, and variances."""
    shown = (code - centre) @ forward
    variance = shown.var(axis=0, dtype=np.float64, ddof=min(1, len(code) - 1))
    if whiten:
        spread = np.sqrt(variance)
        spread = np.where(spread > NO_SPREAD * spread.max(), spread, 1.0)
        forward, backward = forward / spread, spread[:, np.newaxis] * backward
    axes = {
        "axes.weight": forward,
        "axes.bias": -centre @ forward,
        "axes.inverse_weight": backward,
    }
    return axes, variance


def _turn(code: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return the rotation of centred codes to principal axes, signs fixed by ``X``."""
    _, turn = np.linalg.eigh(code.T @ code)
    turn = turn[:, ::-1]  # the widest first
    return turn * _signs(code @ turn, X)


def _signs(code: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return 1 or -1 per component, so that the column that goes most with it goes up."""
    # Signs alone are wanted: no copy of X in the dtype of codes, and codes of unit size.
    code = (code / np.abs(code).max()).astype(X.dtype) if code.any() else code
    together = code.T @ X  # (n_components, n_features)
    largest = np.abs(together).argmax(axis=1)
    return np.where(together[np.arange(len(together)), largest] < 0, -1, 1)
