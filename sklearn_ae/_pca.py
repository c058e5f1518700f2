"""PCA, twice: where training starts, and the axes in which codes are shown.

Both are closed forms on arrays. The first turns the PCA solution into the
weights of the linear skips; the second turns the codes of a trained network to
their principal axes.
"""

import numpy as np
from sklearn.decomposition import PCA

__all__ = ["least_squares", "principal_axes", "start_at_pca"]

# A direction whose spread is below this share of the widest is noise of rounding.
_NO_SPREAD = 1e-7

# An SVD of so many multiplications, an eigendecomposition of so many columns: about
# 50 ms and 500 ms on one core.
_SVD_AFFORDABLE = 3e7
_EIGH_AFFORDABLE = 1000

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


def start_at_pca(net, X_scaled, target, code_activation, seed) -> np.ndarray:
    """Set the linear skips of ``net`` so that it starts as PCA, codes of unit size.

    Parameters
    ----------
    net : ReconstructionNet
        Its hidden layers contribute nothing yet.
    X_scaled : ndarray of shape (n_samples, n_features)
        What goes into the network.
    target : ndarray of shape (n_samples, n_features)
        What should come out; ``X_scaled`` itself, or the data in units of the output.
    code_activation : str
        What the code passes through.
    seed : int
        For the randomised solver, which scikit-learn takes for wide data.

    Returns
    -------
    spread : ndarray of shape (n_components,)
        Standard deviation of the PCA codes before they were given unit size.
    """
    n_components = net.module_.n_components
    # float64: the covariance of float32 data loses half of the digits.
    X_double = np.asarray(X_scaled, dtype=np.float64)
    pca = PCA(n_components, svd_solver=_solver(*X_double.shape), random_state=seed)
    with np.errstate(invalid="ignore"):  # PCA divides by n_samples - 1, even for one row
        pca.fit(X_double)
    spread = pca.singular_values_ / np.sqrt(len(X_scaled))
    widest = spread[0] if spread[0] > 0 else 1.0
    spread = np.where(spread > _NO_SPREAD * widest, spread, widest)
    weight = pca.components_ / spread[:, np.newaxis]
    bias = -weight @ pca.mean_
    if code_activation != "identity":
        factor, least = _PLACES[code_activation]
        weight, bias = factor * weight, factor * bias
        if least is not None:
            bias = bias + least - (X_scaled @ weight.T + bias).min(axis=0)
    net.load_arrays({"encoder.skip.weight": weight, "encoder.skip.bias": bias})
    if code_activation == "identity" and target is X_scaled:
        decoder_weight, decoder_bias = pca.components_.T * spread, pca.mean_
    else:
        decoder_weight, decoder_bias = least_squares(net.encode(X_scaled), target)
    net.load_arrays(
        {"decoder.skip.weight": decoder_weight, "decoder.skip.bias": decoder_bias}
    )
    return spread


def _solver(n_samples: int, n_features: int) -> str:
    """Return an exact solver where one is affordable; "auto" takes a random one sooner."""
    if n_samples * n_features * min(n_samples, n_features) <= _SVD_AFFORDABLE:
        return "full"
    return "covariance_eigh" if n_features <= _EIGH_AFFORDABLE else "auto"


def least_squares(code: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weight and bias of the best affine map from ``code`` to ``target``.

    Parameters
    ----------
    code : ndarray of shape (n_samples, n_components)
    target : ndarray of shape (n_samples, n_features)

    Returns
    -------
    weight : ndarray of shape (n_features, n_components)
    bias : ndarray of shape (n_features,)
    """
    code_mean = code.mean(axis=0, dtype=np.float64)
    target_mean = target.mean(axis=0, dtype=np.float64)
    centred = code - code_mean
    weight = np.linalg.lstsq(
        centred.T @ centred, centred.T @ target - np.outer(centred.sum(0), target_mean)
    )[0].T
    return weight, target_mean - weight @ code_mean


def principal_axes(
    code: np.ndarray, X: np.ndarray, unit: np.ndarray, *, rotate: bool, whiten: bool
) -> dict[str, np.ndarray]:
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
        Whether codes may be centred and turned; not if an activation gave them
        a meaning of their own.
    whiten : bool
        Whether codes are shown with unit variance.

    Returns
    -------
    dict of ndarray
        Weights of the network's CodeAxes, by name.
    """
    n_samples, n_components = code.shape
    forward, backward = np.diag(unit), np.diag(1 / unit)
    centre = np.zeros(n_components)
    if rotate:
        centre = code.mean(axis=0, dtype=np.float64)
        widened = (code - centre) * unit
        _, turn = np.linalg.eigh(widened.T @ widened)
        turn = turn[:, ::-1]  # the widest first
        together = (widened @ turn).T @ X  # (n_components, n_features)
        largest = np.abs(together).argmax(axis=1)
        turn = turn * np.where(together[np.arange(n_components), largest] < 0, -1, 1)
        forward, backward = forward @ turn, turn.T @ backward
    if whiten:
        shown = (code - centre) @ forward
        spread = shown.std(axis=0, ddof=1) if n_samples > 1 else np.zeros(n_components)
        spread = np.where(spread > _NO_SPREAD * max(spread.max(), 1e-300), spread, 1.0)
        forward, backward = forward / spread, spread[:, np.newaxis] * backward
    return {
        "axes.weight": forward,
        "axes.bias": -centre @ forward,
        "axes.inverse_weight": backward,
    }
