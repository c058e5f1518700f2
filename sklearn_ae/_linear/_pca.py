"""Linear codes: PCA as the start of training, and principal axes of codes after it.

Both are closed forms. The first is the linear code that training starts from; the second
rotates the codes of a trained network to their principal axes. Rows are arrays, or what has
a shape and gives float64 arrays for slices, as ScaledRows does: large tables are read slice
by slice.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular, svd
from scipy.sparse.linalg import LinearOperator, svds
from sklearn.utils.extmath import randomized_svd, svd_flip

from .._columns import column_variance, row_slices
from ._moments import Moments

__all__ = [
    "LinearCode",
    "code_axes",
    "decoder_start",
    "fit_pca",
]

# Largest SVD, in multiplications, and largest eigendecomposition, in columns, that are
# computed exactly: about 50 ms and 500 ms on one core. An SVD holds the rows several times
# in float64, so their cells are limited too.
_SVD_AFFORDABLE, _MOST_CELLS = 3e7, 2**21
_EIGH_AFFORDABLE = 1000
_MOST_RANDOMISED = 0.8  # share of all components up to which PCA's "auto" is randomised


# A direction whose spread is below this fraction of the largest is a rounding error.
_NO_SPREAD = 1e-7

# A variance per direction left out that is below this fraction of all is lost in float32.
_LEFT_OUT = float(np.finfo(np.float32).eps) ** 2

# A variance below this fraction of the squared mean is that of equal rows.
_ROUNDING = 1e-14

# Where each activation is close to the identity: codes of unit variance are multiplied by
# the first number, then shifted so that their minimum is the second. relu and elu are the
# identity from 0 on, silu and gelu nearly so from 3 and 2 on; tanh and logistic are nearly
# linear around 0, so their codes are made smaller and not shifted.
_PLACES = {
    "relu": (1.0, 0.0),
    "elu": (1.0, 0.0),
    "silu": (1.0, 3.0),
    "gelu": (1.0, 2.0),
    "tanh": (0.25, None),
    "logistic": (0.5, None),
}


@dataclass(frozen=True)
class LinearCode:
    """code = projection @ (x - mean), uncorrelated, in order of decreasing variance.

    Parameters
    ----------
    projection : ndarray of shape (n_components, n_features)
    mean : ndarray of shape (n_features,)
    variance : ndarray of shape (n_components,)
        Of each component.
    spread : ndarray of shape (n_components,)
        Standard deviation of each component, the largest where it would be 0.
    way_back : ndarray of shape (n_features, n_components) or None
        Linear map from codes to the target, if it is known.
    target_mean : ndarray of shape (n_features,) or None
    is_exact : bool
        Whether the way back gives all rows again, as far as float32 could tell.
    """

    projection: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    spread: np.ndarray
    way_back: np.ndarray | None = None
    target_mean: np.ndarray | None = None
    is_exact: bool = False

    @classmethod
    def of(cls, projection, mean, spread, **way_back) -> "LinearCode":
        """Return a code in which zeros of ``spread`` are replaced by the largest spread."""
        # Codes are divided by their spread. Directions without variance would otherwise be
        # scaled up until rounding errors look like data.
        variance = spread**2
        widest = spread[0] if spread[0] > 0 else 1.0
        spread = np.where(spread > _NO_SPREAD * widest, spread, widest)
        return cls(projection, mean, variance, spread, **way_back)

    def skip_weights(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Return the linear skips of a code without activation, by name, and its unit.

        The code of largest variance has unit variance in the network. The spread of the
        others, relative to it, is split evenly between encoder and decoder, as its square
        root. If all of it were in one of them, the first training steps would be too large
        or too small for components of small variance.
        """
        unit = np.sqrt(self.spread[0] * self.spread)
        weight = self.projection / unit[:, np.newaxis]
        weights = {
            "encoder.skip.weight": weight,
            "encoder.skip.bias": -weight @ self.mean,
        }
        if self.way_back is not None:
            weights["decoder.skip.weight"] = self.way_back * unit
            weights["decoder.skip.bias"] = self.target_mean
        return weights, unit

    def activated_skip_weights(self, X, code_activation: str) -> dict[str, np.ndarray]:
        """Return the encoder's linear skip of codes that pass an activation, by name.

        Parameters
        ----------
        X : rows of shape (n_samples, n_features)
            Input of the network.
        code_activation : str
            Codes are shifted to where it is closest to linear.
        """
        factor, least = _PLACES[code_activation]
        weight = self.projection / self.spread[:, np.newaxis]
        bias = -weight @ self.mean
        weight, bias = factor * weight, factor * bias
        if least is not None:
            slices = row_slices(X.shape)
            lowest = [(X[rows] @ weight.T + bias).min(axis=0) for rows in slices]
            bias = bias + least - np.min(lowest, axis=0)
        return {"encoder.skip.weight": weight, "encoder.skip.bias": bias}


def decoder_start(
    pairs: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray | None]],
    shrinkage: np.ndarray | float = 1.0,
) -> dict[str, np.ndarray]:
    """Return the decoder's linear skip as the least-squares affine map, weights by name.

    Parameters
    ----------
    pairs : iterable of (code, target, weight), some thousand rows at a time
        Output of the encoder, (n_rows, n_components), target of the reconstruction,
        (n_rows, n_features), and weight of each row or None. If the target is the input,
        least squares gives the inverse transform of PCA.
    shrinkage : float or ndarray of shape (n_components,)
        Factor of the weights.
    """
    moments = Moments()
    for pair in pairs:
        moments.add(*pair)
    # The normal equations: small, n_components squared, however many rows there are. lstsq
    # and not solve, since components without variance make them singular.
    covariance, together, _ = moments.about(moments.mean, moments.target_mean)
    weight = np.linalg.lstsq(covariance, together)[0].T * shrinkage
    bias = moments.target_mean - weight @ moments.mean
    return {"decoder.skip.weight": weight, "decoder.skip.bias": bias}


def fit_pca(
    X, n_components: int, seed: int, weight: np.ndarray | None = None
) -> LinearCode:
    """Return the PCA of ``X``, (n_samples, n_features), as a code, with its inverse.

    With ``weight``, (n_samples,), it is that of rows repeated so often. It is exact where
    that is affordable; scikit-learn's "auto" may use a randomised solver, from 501 rows or
    columns on.
    """
    from sklearn.decomposition import PCA  # with the first fit: it takes long to import

    n_samples, n_features = X.shape
    n_cells = n_samples * n_features
    is_small = n_cells <= _MOST_CELLS and n_cells * min(X.shape) <= _SVD_AFFORDABLE
    is_wide = n_features > _EIGH_AFFORDABLE and not is_small
    # ARPACK finds fewer components than there are rows or columns.
    if is_wide and getattr(X, "is_sparse", False) and n_components < min(X.shape):
        axes, mean, spread, left_out = _solve_sparse(X, n_components, weight, seed)
    elif weight is not None and (is_small or n_features > _EIGH_AFFORDABLE):
        axes, mean, spread, left_out = _solve_weighted(
            X[:], n_components, weight, None if is_small else seed
        )
    elif is_small or n_features > _EIGH_AFFORDABLE:
        solver = "full" if is_small else "auto"
        # An array is its owner's; other rows are computed here, for PCA to overwrite.
        is_lent = isinstance(X, np.ndarray)
        pca = PCA(n_components, copy=is_lent, svd_solver=solver, random_state=seed)
        with np.errstate(invalid="ignore"):  # it divides by n_samples - 1, even for one row
            pca.fit(X[:])
        axes, mean = pca.components_, pca.mean_
        # Not explained_variance_, which divides by n_samples - 1 and is NaN for one row.
        spread = pca.singular_values_ / np.sqrt(n_samples)
        left_out = pca.noise_variance_ * (n_samples - 1) / n_samples
    else:
        axes, mean, spread, left_out = _solve_by_covariance(X, n_components, weight)
    # Of one row the variance left out is NaN, and its PCA exact.
    is_exact = not left_out > _LEFT_OUT * (spread**2).sum()
    way_back = {"way_back": axes.T, "target_mean": mean}
    return LinearCode.of(axes, mean, spread, **way_back, is_exact=is_exact)


def _solve_by_covariance(X, n_components: int, weight: np.ndarray | None):
    """Return axes, mean, spreads and the mean variance left out, reading ``X`` once.

    As scikit-learn's "covariance_eigh", which would need all rows at once.
    """
    moments = Moments()
    for rows in row_slices(X.shape):
        moments.add(X[rows], None, None if weight is None else weight[rows])
    covariance, _, _ = moments.about(moments.mean)
    variance, axes = np.linalg.eigh(covariance)  # by increasing variance
    variance = np.maximum(variance[::-1], 0)  # rounding can make zeros negative
    _, axes = svd_flip(None, axes.T[::-1][:n_components], u_based_decision=False)
    rest = variance[n_components:]
    left_out = rest.mean() if len(rest) else 0.0
    return axes, moments.mean, np.sqrt(variance[:n_components]), left_out


def _solve_sparse(X, n_components: int, weight: np.ndarray | None, seed: int):
    """Return axes, mean, spreads and the mean variance left out, of sparse rows.

    As scikit-learn's "arpack", which takes no weights: the mean is subtracted from products
    with the rows, which stay sparse.
    """
    rows, offset = X.uncentred()
    share = np.full(X.shape[0], 1 / X.shape[0])
    if weight is not None:
        share = weight / weight.sum()
    mean, root = share @ rows, np.sqrt(share)

    def times(v):
        return root * (rows @ v.ravel() - mean @ v.ravel())

    def transposed_times(u):
        u = root * u.ravel()
        return u @ rows - u.sum() * mean

    total = (share @ rows.power(2) - mean**2).sum()
    if total <= _ROUNDING * (mean @ mean):  # no direction, in which ARPACK would start
        return np.eye(n_components, X.shape[1]), mean - offset, np.zeros(n_components), 0.0
    centred = LinearOperator(X.shape, times, transposed_times, dtype=np.float64)
    first = np.random.RandomState(seed).uniform(-1, 1, size=min(X.shape))
    _, spread, axes = svds(centred, n_components, v0=first)
    _, axes = svd_flip(None, axes[::-1], u_based_decision=False)  # svds: the least first
    spread = spread[::-1]
    left_out = max(total - (spread**2).sum(), 0) / (min(X.shape) - n_components)
    return axes, mean - offset, spread, left_out


def _solve_weighted(X: np.ndarray, n_components: int, weight: np.ndarray, seed: int | None):
    """Return axes, mean, spreads and the mean variance left out, of weighted rows.

    scikit-learn's PCA takes no weights. ``seed`` is that of a randomised solver; None: it
    is exact.
    """
    size = weight.sum()
    mean = weight @ X / size
    # Rows times the roots of their weights have the second moments of repeated rows.
    rows = (X - mean) * np.sqrt(weight / size)[:, np.newaxis]
    if seed is None or n_components >= _MOST_RANDOMISED * min(X.shape):
        spread, axes = svd(rows, full_matrices=False)[1:]
    else:
        _, spread, axes = randomized_svd(rows, n_components, random_state=seed)
    _, axes = svd_flip(None, axes[:n_components], u_based_decision=False)
    spread, rest = spread[:n_components], min(X.shape) - n_components
    left_out = max((rows**2).sum() - (spread**2).sum(), 0) / rest if rest else 0.0
    return axes, mean, spread, left_out


def code_axes(
    code: np.ndarray,
    X,
    unit: np.ndarray,
    *,
    turn: str | None,
    whiten: bool,
    weight: np.ndarray | None = None,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the map to components of decreasing variance, with fixed signs.

    Parameters
    ----------
    code : ndarray of shape (n_samples, n_components)
        Codes in the network's axes and units.
    X : rows of shape (n_samples, n_features)
        Fixes the signs: the column with the largest covariance, in absolute value, with
        a component has a positive one, as with scikit-learn's ``svd_flip`` for PCA.
    unit : ndarray of shape (n_components,)
        Size of one unit of each component in the user's units, so that codes of a PCA
        start are those of PCA.
    turn : {"rotate", "order", "straighten", None}
        Whether codes are centred and rotated to their principal axes, where components
        are uncorrelated; or components are put in order only, as those that are independent
        in the axes of the network, and would not be after a rotation; or each is freed of
        what those before it say of it, which leaves the first ones a function of the first.
        None: they and their signs stay.
    whiten : bool
        Whether codes are scaled to unit variance.
    weight : ndarray of shape (n_samples,) or None
        Weight of each row.

    Returns
    -------
    axes : dict of ndarray
        Weights of the network's CodeAxes, by name.
    variance : ndarray of shape (n_components,)
        Variance along each axis, before codes are whitened.
    """
    forward, backward, centre = np.diag(unit), np.diag(1 / unit), np.zeros(len(unit))
    n = len(code) if weight is None else weight.sum()
    root = np.ones((len(code), 1)) if weight is None else np.sqrt(weight)[:, np.newaxis]
    if turn is not None:
        mean = code.mean(axis=0, dtype=np.float64) if weight is None else weight @ code / n
        # In the user's units: the principal axes of codes in other units would differ.
        centred = ((code[s] - mean) * root[s] * unit for s in row_slices(code.shape))
        together = sum(part.T @ part for part in centred)
        if turn == "rotate":
            # eigh gives an orthogonal matrix, so that its transpose is an exact inverse.
            centre, axes = mean, np.linalg.eigh(together)[1][:, ::-1]
        else:
            axes = np.eye(len(unit))[:, np.argsort(-np.diag(together), kind="stable")]
        back = axes.T
        if turn == "straighten":
            centre, axes, back = mean, *_in_turn(together)
        covariance = np.zeros((len(unit), X.shape[1]))
        for rows in row_slices(X.shape):
            part = (code[rows] - mean) * root[rows] ** 2
            covariance = covariance + (part @ forward @ axes).T @ X[rows]
        # Of columns of many levels alone there is nothing to fix the signs by.
        covariance = np.column_stack([covariance, np.zeros(len(unit))])
        largest = np.abs(covariance).argmax(axis=1)[:, np.newaxis]
        sign = np.where(np.take_along_axis(covariance, largest, 1) < 0, -1, 1)
        forward, backward = forward @ (axes * sign.T), sign * back @ backward
    moved = ((code[s] - centre) @ forward for s in row_slices(code.shape))
    variance = column_variance(moved, weight)
    # n - 1, as PCA's explained_variance_ has, but 0 and not NaN for a single row.
    variance = variance * (n / max(1, n - 1))
    if whiten:
        spread = np.sqrt(variance)
        # Those without variance are not divided: rounding errors would get unit variance.
        spread = np.where(spread > _NO_SPREAD * spread.max(), spread, 1.0)
        forward, backward = forward / spread, spread[:, np.newaxis] * backward
    weights = {
        "axes.weight": forward,
        "axes.bias": -centre @ forward,
        "axes.inverse_weight": backward,
    }
    return weights, variance


def _in_turn(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return maps between codes c and z = c V, uncorrelated: V and U, so that c = z U.

    Both are triangular, with ones on the diagonal: each component less what those
    before it say of it. With V they find covariance = U' D U, where D is diagonal.
    """
    rest, U = covariance.copy(), np.eye(len(covariance))
    least = np.finfo(float).eps * np.diag(covariance).max()
    for j in range(len(U) - 1):
        if rest[j, j] > least:  # else those before it say all of it
            U[j, j + 1 :] = rest[j, j + 1 :] / rest[j, j]
            rest[j + 1 :, j + 1 :] -= np.outer(rest[j, j + 1 :], U[j, j + 1 :])
    return solve_triangular(U, np.eye(len(U))), U
