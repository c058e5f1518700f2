"""From parameters and data to the sizes and activations of a network, or an error."""

from numbers import Integral

import numpy as np

__all__ = ["check_domain", "is_linear", "resolve_architecture"]

# What a loss asks of data and output: the interval, and the activations that keep it.
_DOMAINS = {
    "bce": ((0.0, 1.0), ("logistic",)),
    "kl": ((0.0, np.inf), ("softplus", "logistic")),
}


def resolve_architecture(estimator, X: np.ndarray, n_components: int | None) -> dict:
    """Return the keyword arguments of the network that ``estimator`` asks for.

    Parameters
    ----------
    estimator : BaseAutoencoder
        Whose parameters are read.
    X : ndarray of shape (n_samples, n_features)
    n_components : int or None
        Wanted code size.

    Raises
    ------
    ValueError
        Two parameters, or a parameter and the data, do not go together.
    """
    encoder_sizes = _as_sizes("hidden_layer_sizes", estimator.hidden_layer_sizes)
    decoder_sizes = encoder_sizes[::-1]
    if estimator.decoder_hidden_layer_sizes is not None:
        decoder_sizes = _as_sizes(
            "decoder_hidden_layer_sizes", estimator.decoder_hidden_layer_sizes
        )
    return {
        "n_features": X.shape[1],
        "n_components": _code_size(n_components, X),
        "hidden_layer_sizes": encoder_sizes,
        "decoder_hidden_layer_sizes": decoder_sizes,
        "activation": estimator.activation,
        "code_activation": estimator.code_activation,
        "output_activation": _output_activation(
            estimator.output_activation, estimator.loss
        ),
        "dropout": estimator.dropout,
        "linear_skip": estimator.init == "pca",
        "encoder": estimator.encoder,
        "decoder": estimator.decoder,
    }


def is_linear(architecture: dict, loss) -> bool:
    """Return whether the network is PCA itself, which needs no training."""
    a = architecture
    return (
        isinstance(loss, str)
        and loss == "mse"
        and a["linear_skip"]
        and not a["hidden_layer_sizes"] + a["decoder_hidden_layer_sizes"]
        and a["encoder"] is a["decoder"] is None
        and a["code_activation"] == a["output_activation"] == "identity"
    )


def check_domain(loss, X: np.ndarray) -> None:
    """Raise ValueError if ``X`` has values that ``loss`` cannot measure."""
    if not isinstance(loss, str) or loss not in _DOMAINS:
        return
    (low, high), _ = _DOMAINS[loss]
    least, most = X.min(), X.max()
    if least < low or most > high:
        expected = "values in [0, 1]" if high == 1 else "non-negative values"
        raise ValueError(
            f"X has values from {least:.6g} to {most:.6g}; loss={loss!r} expected "
            f"{expected}. Scale X first, with MinMaxScaler(clip=True) for one, or use "
            "loss='mse'."
        )


def _as_sizes(name: str, sizes) -> tuple[int, ...]:
    wanted = tuple(np.atleast_1d(np.asarray(sizes, dtype=object)))
    if not all(isinstance(size, Integral) and size >= 1 for size in wanted):
        raise ValueError(
            f"{name}={sizes!r} must hold integers of at least 1, one per hidden layer. "
            "Use () for no hidden layer."
        )
    return tuple(int(size) for size in wanted)


def _code_size(n_components: int | None, X: np.ndarray) -> int:
    most = min(X.shape)
    if n_components is None:
        return most
    if n_components > most:
        raise ValueError(
            f"n_components={n_components!r} must be between 1 and min(n_samples, "
            f"n_features)={most}: X has {X.shape[0]} rows and {X.shape[1]} columns. Use "
            f"a smaller n_components, or None to take {most}."
        )
    return int(n_components)


def _output_activation(output_activation: str, loss) -> str:
    domain = _DOMAINS.get(loss) if isinstance(loss, str) else None
    if output_activation == "auto":
        return "identity" if domain is None else domain[1][0]
    if domain is not None and output_activation not in domain[1]:
        (low, high), _ = domain
        raise ValueError(
            f"output_activation={output_activation!r} lets outputs leave [{low:g}, "
            f"{high:g}]; loss={loss!r} expected an output inside. Use "
            "output_activation='auto'."
        )
    return output_activation
