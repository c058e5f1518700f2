"""From parameters and data to the sizes and activations of a network, or an error."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral

import numpy as np

__all__ = [
    "Architecture",
    "check_loss_domain",
    "check_output_range",
    "code_size",
    "resolve_architecture",
]

# The outputs that stay inside what a loss can measure, which is the range of the first.
_OUTPUTS = {"bce": ("logistic",), "kl": ("softplus", "logistic")}

# What an output activation can give; the others have no bound worth a check.
_RANGES = {
    "logistic": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "softplus": (0.0, np.inf),
}

_ROUNDING = 1e-6  # what MinMaxScaler leaves may pass 1 by a rounding


@dataclass(frozen=True)
class Architecture:
    """What a network is built from; the fields are its keyword arguments."""

    n_features: int
    n_components: int
    hidden_layer_sizes: tuple[int, ...]
    decoder_hidden_layer_sizes: tuple[int, ...]
    activation: str
    code_activation: str
    output_activation: str
    dropout: float
    linear_skip: bool
    encoder: Callable | None
    decoder: Callable | None

    @property
    def is_linear(self) -> bool:
        """Whether the network is the linear skip alone."""
        return (
            self.linear_skip
            and not self.hidden_layer_sizes
            and not self.decoder_hidden_layer_sizes
            and not self.has_own_layers
            and not self.has_bent_code
            and self.output_activation == "identity"
        )

    @property
    def has_bent_code(self) -> bool:
        """Whether codes pass through an activation."""
        return self.code_activation != "identity"

    @property
    def has_own_layers(self) -> bool:
        """Whether the user's own networks stand in place of hidden layers."""
        return self.encoder is not None or self.decoder is not None

    @property
    def n_multiplications(self) -> int:
        """How many numbers are multiplied to reconstruct one row."""
        total = 2 * self.n_features * self.n_components
        for sizes in (self.hidden_layer_sizes, self.decoder_hidden_layer_sizes[::-1]):
            widths = (self.n_features, *sizes, self.n_components)
            total += sum(n_in * n_out for n_in, n_out in pairwise(widths))
        return total


def resolve_architecture(estimator, n_features: int, n_components: int) -> Architecture:
    """Return the network that the parameters of ``estimator`` ask for.

    Parameters
    ----------
    estimator : BaseAutoencoder
        Whose parameters are read.
    n_features, n_components : int
        Width of a row and of its code.

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
    return Architecture(
        n_features=n_features,
        n_components=n_components,
        hidden_layer_sizes=encoder_sizes,
        decoder_hidden_layer_sizes=decoder_sizes,
        activation=estimator.activation,
        code_activation=estimator.code_activation,
        output_activation=_output_activation(estimator.output_activation, estimator.loss),
        dropout=estimator.dropout,
        linear_skip=estimator.init == "pca",
        encoder=estimator.encoder,
        decoder=estimator.decoder,
    )


def check_loss_domain(loss, X: np.ndarray, name: str = "X") -> None:
    """Raise ValueError if ``X`` has values that ``loss`` cannot measure."""
    outputs = _outputs_of(loss)
    if outputs:
        _check_range(f"loss={loss!r}", outputs[0], X, name, "use loss='mse'")


def check_output_range(output_activation: str, X: np.ndarray, name: str = "X") -> None:
    """Raise ValueError if ``X`` has values that ``output_activation`` cannot give."""
    if output_activation in _RANGES:
        cause = f"output_activation={output_activation!r}"
        way_out = "use output_activation='auto'"
        _check_range(cause, output_activation, X, name, way_out)


def _outputs_of(loss) -> tuple[str, ...]:
    return _OUTPUTS.get(loss, ()) if isinstance(loss, str) else ()


def _check_range(
    cause: str, output_activation: str, X: np.ndarray, name: str, way_out: str
) -> None:
    low, high = _RANGES[output_activation]
    least, most = X.min(), X.max()
    slack = _ROUNDING * (max(abs(least), abs(most)) if high == np.inf else high - low)
    if least < low - slack or most > high + slack:
        expected = f"values in [{low:g}, {high:g}]"
        raise ValueError(
            f"{name} has values from {least:.6g} to {most:.6g}; {cause} expected "
            f"{'non-negative values' if high == np.inf else expected}. Scale {name} first, "
            f"with MinMaxScaler(clip=True) for one, or {way_out}."
        )


def _as_sizes(name: str, sizes) -> tuple[int, ...]:
    wanted = tuple(np.atleast_1d(np.asarray(sizes, dtype=object)))
    if not all(isinstance(size, Integral) and size >= 1 for size in wanted):
        raise ValueError(
            f"{name}={sizes!r} must hold integers of at least 1, one per hidden layer. "
            "Use () for no hidden layer."
        )
    return tuple(int(size) for size in wanted)


def code_size(n_components: int | None, X: np.ndarray) -> int:
    """Return the length of the code; None: as long as it can be for ``X``."""
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
    outputs = _outputs_of(loss)
    if output_activation == "auto":
        return outputs[0] if outputs else "identity"
    if outputs and output_activation not in outputs:
        low, high = _RANGES[outputs[0]]
        raise ValueError(
            f"output_activation={output_activation!r} lets outputs leave [{low:g}, "
            f"{high:g}]; loss={loss!r} expected an output inside. Use "
            "output_activation='auto'."
        )
    return output_activation
