"""Linear codes: PCA as the start of training, and principal axes of codes after it.

Both are closed forms on arrays. The first is the linear code that training starts
from; the second rotates the codes of a trained network to their principal axes.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

__all__ = [
    "LinearCode",
    "decoder_start",
    "fit_pca",
    "ordered_axes",
    "principal_axes",
    "solve_pca",
]

# Largest SVD, in multiplications, and largest eigendecomposition, in columns, that are
# computed exactly: about 50 ms and 500 ms on one core.
_SVD_AFFORDABLE = 3e7
_EIGH_AFFORDABLE = 1000


# A direction whose spread is below this fraction of the largest is a rounding error.
_NO_SPREAD = 1e-7

# A variance per direction left out that is below this fraction of all is lost in float32.
_LEFT_OUT = float(np.finfo(np.float32).eps) ** 2

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
    spread : ndarray of shape (n_components,)
        Standard deviation of each code, none of them 0.
    way_back : ndarray of shape (n_features, n_components) or None
        Linear map from codes to the target, if it is known.
    target_mean : ndarray of shape (n_features,) or None
    is_exact : bool
        Whether the way back gives all rows again, as far as float32 could tell.
    """

    projection: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    way_back: np.ndarray | None = None
    target_mean: np.ndarray | None = None
    is_exact: bool = False

    @classmethod
    def of(cls, projection, mean, spread, **way_back) -> "LinearCode":
        """Return a code in which zeros of ``spread`` are replaced by the largest spread."""
        # Codes are divided by their spread. Directions without variance would otherwise be
        # scaled up until rounding errors look like data.
        widest = spread[0] if spread[0] > 0 else 1.0
        spread = np.where(spread > _NO_SPREAD * widest, spread, widest)
        return cls(projection, mean, spread, **way_back)

    def skip_weights(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Return the linear skips of a code without activation, by name, and its unit.

        The code of largest variance has unit variance in the network. The spread of the
        others, relative to it, is split evenly between encoder and decoder, as its square
        root. If all of it were in one of them, the first training steps would be too large
        or too small for codes of small variance.
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

    def activated_skip_weights(
        self, X: np.ndarray, code_activation: str
    ) -> dict[str, np.ndarray]:
        """Return the encoder's linear skip of codes that pass an activation, by name.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Input of the network.
        code_activation : str
            Codes are shifted to where it is closest to linear.
        """
        factor, least = _PLACES[code_activation]
        weight = self.projection / self.spread[:, np.newaxis]
        bias = -weight @ self.mean
        weight, bias = factor * weight, factor * bias
        if least is not None:
            bias = bias + least - (X @ weight.T + bias).min(axis=0)
        return {"encoder.skip.weight": weight, "encoder.skip.bias": bias}


def decoder_start(
    code: np.ndarray, target: np.ndarray, shrinkage: np.ndarray | float = 1.0
) -> dict[str, np.ndarray]:
    """Return the decoder's linear skip as the least-squares affine map, weights by name.

    Parameters
    ----------
    code : ndarray of shape (n_samples, n_components)
        Output of the encoder.
    target : ndarray of shape (n_samples, n_features)
        Target of the reconstruction. If it is the input, least squares gives the inverse
        transform of PCA.
    shrinkage : float or ndarray of shape (n_components,)
        Factor of the weights.
    """
    code_mean = code.mean(axis=0, dtype=np.float64)
    target_mean = target.mean(axis=0, dtype=np.float64)
    # The normal equations: small, n_components squared, however many rows there are. lstsq
    # and not solve, since codes without variance make them singular.
    centred = code - code_mean
    weight = np.linalg.lstsq(centred.T @ centred, centred.T @ (target - target_mean))[0].T
    weight = weight * shrinkage
    bias = target_mean - weight @ code_mean
    return {"decoder.skip.weight": weight, "decoder.skip.bias": bias}


def fit_pca(X: np.ndarray, n_components: int, seed: int) -> LinearCode:
    """Return the PCA of ``X``, (n_samples, n_features), as a code, with its inverse."""
    pca = solve_pca(X, n_components, seed)
    # Not explained_variance_, which divides by n_samples - 1 and is NaN for one row.
    spread = pca.singular_values_ / np.sqrt(pca.n_samples_)
    way_back = {"way_back": pca.components_.T, "target_mean": pca.mean_}
    # Of one row the variance is NaN, and its PCA exact.
    is_exact = not pca.noise_variance_ > _LEFT_OUT * pca.explained_variance_.sum()
    return LinearCode.of(pca.components_, pca.mean_, spread, **way_back, is_exact=is_exact)


def solve_pca(X: np.ndarray, n_components: int, seed: int) -> PCA:
    """Return the PCA of ``X``, (n_samples, n_features), exact where that is affordable.

    scikit-learn's "auto" may use a randomised solver, from 501 rows or columns on.
    """
    n_samples, n_features = X.shape
    if n_samples * n_features * min(n_samples, n_features) <= _SVD_AFFORDABLE:
        solver = "full"
    else:
        solver = "covariance_eigh" if n_features <= _EIGH_AFFORDABLE else "auto"
    pca = PCA(n_components, svd_solver=solver, random_state=seed)
    with np.errstate(invalid="ignore"):  # PCA divides by n_samples - 1, even for one row
        # float64: the covariance squares the data, which in float32 leaves half the digits.
        return pca.fit(np.asarray(X, dtype=np.float64))


def principal_axes(
    code: np.ndarray, X: np.ndarray, unit: np.ndarray, *, rotate: bool, whiten: bool
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the map to uncorrelated codes of decreasing variance, with fixed signs.

    Parameters
    ----------
    code : ndarray of shape (n_samples, n_components)
        Codes in the network's axes and units.
    X : ndarray of shape (n_samples, n_features)
        Fixes the signs: the column with the largest covariance, in absolute value, with
        a code has a positive one, as with scikit-learn's ``svd_flip`` for PCA.
    unit : ndarray of shape (n_components,)
        Size of one unit of each code in the user's units, so that codes of a PCA start
        are those of PCA.
    rotate : bool
        Whether codes are centred and rotated.
    whiten : bool
        Whether codes are scaled to unit variance.

    Returns
    -------
    axes : dict of ndarray
        Weights of the network's CodeAxes, by name.
    variance : ndarray of shape (n_components,)
        Variance along each axis, before codes are whitened.
    """
    forward, backward = np.diag(unit), np.diag(1 / unit)
    centre = np.zeros(len(unit))
    if rotate:
        centre = code.mean(axis=0, dtype=np.float64)
        # Rotated in the user's units: the axes of codes in other units would differ.
        turn = _turn((code - centre) * unit, X)
        forward, backward = forward @ turn, turn.T @ backward
    return _axes(code, centre, forward, backward, whiten)


def ordered_axes(
    code: np.ndarray, X: np.ndarray, *, whiten: bool
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the map to the same codes in order of decreasing variance, with fixed signs.

    Parameters are those of principal_axes. Components of a distribution over codes are
    independent in the axes of the network: after a rotation they would not be.
    """
    order = np.argsort(-code.std(axis=0, dtype=np.float64), kind="stable")
    turn = np.eye(len(order))[:, order]
    turn = turn * _signs((code - code.mean(axis=0)) @ turn, X)
    return _axes(code, np.zeros(len(order)), turn, turn.T, whiten)


def _axes(code, centre, forward, backward, whiten):
    """Return the weights of (code - centre) @ forward and its inverse, and variances."""
    shown = (code - centre) @ forward
    # n - 1, as PCA's explained_variance_ has, but 0 and not NaN for a single row.
    variance = shown.var(axis=0, dtype=np.float64, ddof=min(1, len(code) - 1))
    if whiten:
        spread = np.sqrt(variance)
        # Codes without variance are not divided: rounding errors would get unit variance.
        spread = np.where(spread > _NO_SPREAD * spread.max(), spread, 1.0)
        forward, backward = forward / spread, spread[:, np.newaxis] * backward
    axes = {
        "axes.weight": forward,
        "axes.bias": -centre @ forward,
        "axes.inverse_weight": backward,
    }
    return axes, variance


def _turn(code: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return the rotation of centred codes to principal axes, signs fixed by ``X``."""
    # eigh gives an orthogonal matrix, so that its transpose is an exact inverse.
    _, turn = np.linalg.eigh(code.T @ code)
    turn = turn[:, ::-1]  # eigh sorts by increasing variance
    return turn * _signs(code @ turn, X)


def _signs(code: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return 1 or -1 per component: the sign of its largest covariance with a column."""
    # Only signs are needed. Codes get the dtype of X, since X, which may be large, would
    # otherwise be copied, and unit size, which cannot overflow in float32.
    code = (code / np.abs(code).max()).astype(X.dtype) if code.any() else code
    together = code.T @ X  # (n_components, n_features)
    largest = np.abs(together).argmax(axis=1)
    return np.where(together[np.arange(len(together)), largest] < 0, -1, 1)
