"""Linear codes: PCA as the start of training, and principal axes of codes after it.

Both are closed forms on arrays. The first is the linear code that training starts
from; the second turns the codes of a trained network to their principal axes.
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

# An SVD of so many multiplications, an eigendecomposition of so many columns: about
# 50 ms and 500 ms on one core.
_SVD_AFFORDABLE = 3e7
_EIGH_AFFORDABLE = 1000


# A direction whose spread is below this share of the widest is noise of rounding.
_NO_SPREAD = 1e-7

# Where a code activation is close to the identity: codes of unit variance are
# multiplied by the first number, then moved so that their least is the second.
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
    """code = projection @ (x - mean), uncorrelated, the widest first.

    Parameters
    ----------
    projection : ndarray of shape (n_components, n_features)
    mean : ndarray of shape (n_features,)
    spread : ndarray of shape (n_components,)
        Standard deviation of each code, none of them 0.
    way_back : ndarray of shape (n_features, n_components) or None
        From codes to the target, if that is known.
    target_mean : ndarray of shape (n_features,) or None
    """

    projection: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    way_back: np.ndarray | None = None
    target_mean: np.ndarray | None = None

    @classmethod
    def of(cls, projection, mean, spread, **way_back) -> "LinearCode":
        """Return a code whose ``spread`` has no zeros, which are roundings, left."""
        widest = spread[0] if spread[0] > 0 else 1.0
        spread = np.where(spread > _NO_SPREAD * widest, spread, widest)
        return cls(projection, mean, spread, **way_back)

    def skip_weights(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Return the linear skips of a code without activation, by name, and its unit.

        The widest code has unit size in the network. Half of a code's spread, in
        proportion to the widest, goes into the encoder and half into the decoder. With all
        of it in one of them, the first steps of training would harm narrow codes or be
        lost on them.
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
            What the network sees.
        code_activation : str
            Codes are moved to where it is closest to linear.
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
    """Return the decoder's linear skip as the best affine map, weights by name.

    Parameters
    ----------
    code : ndarray of shape (n_samples, n_components)
        As the encoder makes them.
    target : ndarray of shape (n_samples, n_features)
        What should come out. If it is what went in, least squares gives PCA's own
        way back.
    shrinkage : float or ndarray of shape (n_components,)
        What the weights are multiplied by.
    """
    code_mean = code.mean(axis=0, dtype=np.float64)
    target_mean = target.mean(axis=0, dtype=np.float64)
    centred = code - code_mean
    weight = np.linalg.lstsq(centred.T @ centred, centred.T @ (target - target_mean))[0].T
    weight = weight * shrinkage
    bias = target_mean - weight @ code_mean
    return {"decoder.skip.weight": weight, "decoder.skip.bias": bias}


def fit_pca(X: np.ndarray, n_components: int, seed: int) -> LinearCode:
    """Return the PCA of ``X``, (n_samples, n_features), as a code, with the way back."""
    pca = solve_pca(X, n_components, seed)
    spread = pca.singular_values_ / np.sqrt(pca.n_samples_)
    way_back = {"way_back": pca.components_.T, "target_mean": pca.mean_}
    return LinearCode.of(pca.components_, pca.mean_, spread, **way_back)


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
