"""A network whose code is a distribution.

The encoder gives q(z | x) = N(mean(x), std(x)²), the prior is p(z) = N(0, I), and rows are
distributed around the decoded z with a spread set by the noise level. Kingma and Welling,
"Auto-encoding variational Bayes" (2014).
"""

import math
from typing import Any

import torch
from torch import nn

from ._activations import ACTIVATIONS
from ._layers import Dense
from ._networks import BottleneckNetwork, Decoder
from ._table import TableInput

__all__ = ["Draw", "VariationalEncoder", "VariationalNetwork"]


# What the bound is computed from. The reconstruction is first, since skorch takes the first
# element of a tuple as the prediction:
#   x_hat       (n_rows, n_features), the reconstruction; in training that of a draw
#   drawn       reconstructions from drawn codes, a tuple
#   divergence  of each row's codes from the prior, (n_rows,)
#   log_scale   the logarithm of the noise level, ()
Draw = tuple[torch.Tensor, tuple[torch.Tensor, ...], torch.Tensor, torch.Tensor]


class VariationalEncoder(nn.Module):
    """From rows to normal distributions over codes with independent components.

    Parameters
    ----------
    layers : nn.Module or None
        (n_rows, n_in) -> (n_rows, 2 n_out), the means and the log standard deviations.
        None: the skip gives the means, and all rows have the same standard deviations.
    skip : Dense or None
        The linear shortcut to the means.
    code_activation : str
        Activation of the means.
    n_components : int
        Length of the code.
    table : TableInput or None
        See Encoder.
    """

    def __init__(
        self,
        layers: nn.Module | None,
        skip: Dense | None,
        code_activation: str,
        n_components: int,
        table: TableInput | None,
    ):
        super().__init__()
        self.table = table
        self.layers = layers
        self.skip = skip
        self.activation = ACTIVATIONS[code_activation]()
        self.log_std = nn.Parameter(_zeros(n_components))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.posterior(x)[0]

    def posterior(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return means and log standard deviations, each (n_rows, n_components)."""
        blocks = x
        if self.table is not None:
            x = self.table(x)
            blocks = x[:, : self.table.layout.n_blocks]
        mean = 0.0 if self.skip is None else self.skip(blocks)
        log_std = self.log_std.expand(x.shape[0], -1)  # tracing asks for no len()
        if self.layers is not None:
            bent_mean, bent_log_std = self.layers(x).chunk(2, dim=1)
            mean, log_std = mean + bent_mean, log_std + bent_log_std
        # No wider than the prior: without that bound outlying rows have codes drawn from
        # anywhere, and training diverges. The correction is detached, so that gradients
        # pass: a clamp has none beyond the bound, and values there could not return.
        return self.activation(mean), log_std - torch.relu(log_std).detach()


class VariationalNetwork(BottleneckNetwork):
    """The variational network: every row has a distribution over codes.

    A row's code is the mean. Only the bound uses draws: new ones in training, and the fixed
    ``points`` elsewhere.

    Examples
    --------
    >>> import torch
    >>> network = VariationalNetwork(
    ...     n_features=6, n_components=2, hidden_layer_sizes=(16,),
    ...     decoder_hidden_layer_sizes=(16,), generator=torch.Generator())
    >>> x = torch.zeros(5, 6)
    >>> network.encode(x).shape, network(x).shape
    (torch.Size([5, 2]), torch.Size([5, 6]))
    """

    outputs_per_component = 2

    encoder: VariationalEncoder
    decoder: Decoder
    least_log_scale: torch.Tensor
    points: torch.Tensor

    def __init__(self, **architecture):
        super().__init__(**architecture)
        self.generator = architecture.get("generator")
        self.log_scale = nn.Parameter(_zeros())
        # The bound is infinite where data are fitted exactly. A buffer, since the limit
        # depends on the data and belongs to the fitted weights.
        self.register_buffer("least_log_scale", _zeros() + math.log(1e-3))
        # An attribute and not a buffer: it follows from the number of components alone, so
        # it need not be stored.
        self.points = normal_points(architecture["n_components"])

    @staticmethod
    def _make_encoder(layers, skip, code_activation, n_components, table):
        return VariationalEncoder(layers, skip, code_activation, n_components, table)

    def outcome(self, x: torch.Tensor) -> Any:
        """Return the reconstruction, and what the bound is computed from."""
        mean, log_std = self.encoder.posterior(x)
        draw = self._draw(mean, log_std)
        # Of means, which are the codes of users.
        return draw if self.head is None else self.with_head(draw, mean)

    def _draw(self, mean: torch.Tensor, log_std: torch.Tensor) -> Draw:
        std, log_scale = log_std.exp(), self.noise_level
        divergence = divergence_from_prior(mean, log_std)
        if self.training:
            x_hat = self.decoder(mean + std * normal_like(mean, self.generator))
            return x_hat, (x_hat,), divergence, log_scale
        # Each row gets one of the points and its opposite: a pair costs two decodings
        # instead of hundreds, and opposite points cancel errors of odd order.
        half = self.points[: len(self.points) // 2].to(mean)
        error = std * half[torch.arange(len(mean), device=mean.device) % len(half)]
        drawn = self.decoder(mean + error), self.decoder(mean - error)
        return self.decoder(mean), drawn, divergence, log_scale

    @property
    def noise_level(self) -> torch.Tensor:
        """Logarithm of the noise level in scaled units, ()."""
        # As for the posterior's width: gradients pass the limit, so that a noise level
        # below it can rise again.
        missing = torch.relu(self.least_log_scale - self.log_scale)
        return self.log_scale + missing.detach()

    def posterior(self, x: torch.Tensor) -> torch.Tensor:
        """Return means and standard deviations of codes, (n_rows, 2, n_components)."""
        mean, log_std = self.encoder.posterior(self.units_in(x))
        # The axes are only reordered, scaled or reflected, so that each row of the weight
        # has one element, and standard deviations need its absolute value.
        return torch.stack([self.axes(mean), log_std.exp() @ self.axes.weight.abs()], 1)


def _zeros(*shape: int) -> torch.Tensor:
    """Return float32 zeros on the CPU, whatever the user's defaults for torch are."""
    return torch.zeros(shape, dtype=torch.float32, device="cpu")


def divergence_from_prior(mean: torch.Tensor, log_std: torch.Tensor) -> torch.Tensor:
    """Return KL(N(mean, std²) || N(0, I)) of every row, (n_rows,)."""
    return ((mean**2 + (2 * log_std).exp() - 1) / 2 - log_std).sum(1)


def normal_like(x: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
    """Return standard normal numbers of the shape of ``x``."""
    # Drawn on the CPU, as the generator is, so that a seed gives the same on a GPU.
    normal = torch.empty(x.shape, dtype=x.dtype, device="cpu")
    return normal.normal_(generator=generator).to(x.device)


# The covariance of the points can be exact only with at least as many pairs as components.
# At least 32, since decoders are not quadratic; at most 256, since the time per row is
# proportional to the number of points. Neither bound was measured.
_FEWEST_PAIRS, _USUAL_PAIRS, _MOST_PAIRS = 32, 64, 256


def normal_points(n_components: int, n_pairs: int | None = None) -> torch.Tensor:
    """Return points that represent N(0, I), (n_points, n_components), in float64.

    They are pairs of opposite points, so that their mean is zero. Up to 256 components
    their covariance is the identity: expectations of quadratic functions are exact. More
    of them come closer to those of other functions.
    """
    if n_pairs is None:
        n_pairs = max(_FEWEST_PAIRS, min(2 * n_components, _USUAL_PAIRS), n_components)
        n_pairs = min(n_pairs, _MOST_PAIRS)
    if n_components > n_pairs:
        # Too few points for an exact covariance. The seed makes them the same in each call.
        half = torch.empty((n_pairs, n_components), dtype=torch.float64, device="cpu")
        half.normal_(generator=torch.Generator(device="cpu").manual_seed(0))
        return torch.cat([half, -half])
    # In few dimensions Sobol's sequence is more evenly distributed than random numbers.
    sobol = torch.quasirandom.SobolEngine(n_components, scramble=True, seed=0)
    # The first point would depend on the user's default dtype; it is computed here.
    first = sobol.quasi.to(torch.float32) / 2**sobol.MAXBIT
    uniform = sobol.draw(n_pairs, dtype=torch.float64)
    # Clamped, since the quantiles of 0 and 1 are infinite.
    uniform = torch.cat([first[None], uniform[1:]]).clamp(1e-6, 1 - 1e-6)
    half = torch.special.ndtri(uniform)
    # half' half / n_pairs = L L'. Multiplying by the inverse of L makes it the identity.
    factor = torch.linalg.cholesky(half.T @ half / n_pairs)
    half = torch.linalg.solve_triangular(factor, half.T, upper=False).T
    return torch.cat([half, -half])
