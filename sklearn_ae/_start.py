"""Where training starts: at the best that is linear."""

from typing import NamedTuple

import numpy as np

from ._linear import (
    LinearCode,
    decoder_start,
    encoder_start,
    fit_linear_denoiser,
    fit_pca,
    fit_probabilistic_pca,
    fit_wide_linear_denoiser,
    known_decoder_start,
)

__all__ = ["Start", "linear_start", "probabilistic_start"]

_MOST_COLUMNS_TO_REGRESS = 1000  # with more, their covariance takes too long


class Start(NamedTuple):
    """Weights of the linear skips by name, and what one unit of each code is worth."""

    weights: dict[str, np.ndarray]
    code_unit: np.ndarray | float


def linear_start(net, network, X_scaled: np.ndarray, target: np.ndarray) -> Start:
    """Put the linear skips of ``net`` where training starts, in float64.

    Parameters
    ----------
    net : ReconstructionNet
    network : FittedNetwork
        The plan of it.
    X_scaled, target : ndarray of shape (n_samples, n_features)
        What goes in, before noise of the net's own falls on it, and what should come out.
    """
    code_activation = network.architecture.code_activation
    linear = _best_linear(net, network, X_scaled, target)
    is_bent = code_activation != "identity"
    rows = net.corrupt(X_scaled) if is_bent else X_scaled
    weights = encoder_start(linear, rows, code_activation)
    # The way back of PCA leads to what went in.
    if is_bent or not (network.removes_noise or target is X_scaled):
        net.load_arrays(weights, "float64")
        weights |= decoder_start(net.encode(rows), target)
    else:
        weights |= known_decoder_start(linear)
    net.load_arrays(weights, "float64")
    return Start(weights, 1.0 if is_bent else linear.unit)


def _best_linear(net, network, X_scaled, target) -> LinearCode:
    n_components = network.architecture.n_components
    if not network.removes_noise:
        return fit_pca(X_scaled, n_components, network.seed)
    if X_scaled.shape[1] > _MOST_COLUMNS_TO_REGRESS:
        noisy = net.corrupt(X_scaled)
        return fit_wide_linear_denoiser(noisy, target, n_components, network.seed)
    moments = net.noise_moments()
    if moments is None:  # the noise is in the rows, or of the user's own
        return fit_linear_denoiser(net.corrupt(X_scaled), target, n_components)
    return fit_linear_denoiser(X_scaled, target, n_components, moments)


def probabilistic_start(
    net, network, X_scaled: np.ndarray, target: np.ndarray, beta: float
) -> Start:
    """Put the linear skips and the noise of ``net`` where probabilistic PCA has them.

    Parameters are those of linear_start; ``beta`` is the weight of the divergence.
    """
    code_activation = network.architecture.code_activation
    n_components = network.architecture.n_components
    code = fit_probabilistic_pca(X_scaled, n_components, beta, network.seed)
    weights = {
        "encoder.skip.weight": code.projection,
        "encoder.skip.bias": -code.projection @ code.mean,
    }
    std = code.std
    if code_activation != "identity":
        linear = LinearCode.of(code.projection, code.mean, code.spread)
        weights = encoder_start(linear, X_scaled, code_activation)
        std = std * _rescaled(code.projection, weights["encoder.skip.weight"])
    # The noise level is told in units of the output.
    units = network.columns.scale_ / network.output_columns.scale_
    weights |= {
        "encoder.log_std": np.log(std),
        "log_scale": np.log(code.noise_variance * np.mean(units**2)) / 2,
    }
    net.load_arrays(weights, "float64")
    # Least squares lead from means of codes to rows; codes themselves are wider.
    weights |= decoder_start(net.encode(X_scaled), target, code.shrinkage)
    net.load_arrays(weights, "float64")
    return Start(weights, 1.0)


def _rescaled(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return how many times longer each row of a matrix has become, 1 for none."""
    lengths = np.linalg.norm(before, axis=1)
    none = lengths == 0
    return np.where(none, 1.0, np.linalg.norm(after, axis=1) / np.where(none, 1, lengths))
