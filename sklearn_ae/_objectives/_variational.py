"""The objective of the variational autoencoder: a lower bound of the likelihood."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from .._columns import column_variance, row_slices
from .._linear import (
    LinearCode,
    code_axes,
    decoder_start,
    fit_probabilistic_pca,
)
from .._training import by_chunk, make_generator
from ..nn import EvidenceLowerBound, VariationalNetwork, make_loss, normal_points
from ._objective import Objective, Start

if TYPE_CHECKING:
    from .._fitted import Fitted

__all__ = [
    "Variational",
    "bound",
    "covariance",
    "log_density",
    "noise_variance",
    "posterior",
]

# Components whose mean has a larger variance are in use (Burda et al., 2016).
_ACTIVE = 0.01

# Smallest noise level, as a fraction of the typical standard deviation of a column: the
# likelihood of data that are fitted exactly grows without bound as it goes to zero.
_LEAST_NOISE = 1e-3

_PAIRS = 2048  # of codes that stand for the prior


@dataclass(frozen=True)
class Variational(Objective):
    """The variational autoencoder: it starts at probabilistic PCA.

    Parameters
    ----------
    beta : float
        Weight of the divergence of codes from the prior.
    kl_warmup : int
        Epochs over which that weight rises from zero.
    """

    beta: float = 1.0
    kl_warmup: int = 0

    starts_at_pca: ClassVar[bool] = False
    calls_user_code: ClassVar[bool] = False
    trains_in_bfloat16: ClassVar[bool] = False

    def build(self, architecture, loss, unit, costs, generator):
        network = VariationalNetwork(**vars(architecture), generator=generator)
        likelihood = make_loss(loss, architecture.table, costs).likelihood(unit)
        return network, EvidenceLowerBound(likelihood, self.beta), None

    def random_start(self, wanted):
        # The noise level starts where the decoder explains nothing. Constant data have no
        # spread, whose logarithm would be infinite: 1 stands in.
        parts = (wanted[rows] for rows in row_slices(wanted.shape))
        variance = column_variance(parts, wanted.weight)
        if np.isnan(variance).any():  # holes, of which the scaling knows
            variance = wanted.scaler.variance_ / wanted.scaler.scale_**2
        spread = np.log(np.sqrt(variance.mean()) or 1.0)
        return {"log_scale": spread, "least_log_scale": spread + np.log(_LEAST_NOISE)}

    def linear_start(self, problem):
        code = fit_probabilistic_pca(
            problem.x, problem.n_components, self.beta, problem.seed, problem.x.weight
        )
        weights = {
            "encoder.skip.weight": code.projection,
            "encoder.skip.bias": -code.projection @ code.mean,
        }
        std = code.std
        if problem.code_activation != "identity":
            linear = LinearCode.of(code.projection, code.mean, code.spread)
            weights = linear.activated_skip_weights(problem.x, problem.code_activation)
            # Codes were scaled for the activation; their uncertainty scales with them.
            std = std * _stretch(code.projection, weights["encoder.skip.weight"])
        # The noise level is in units of the output, while PCA saw those of the input.
        noise_variance = code.noise_variance * np.mean(problem.relative_scale**2)
        weights |= self.random_start(problem.wanted) | {
            "encoder.log_std": np.log(std),
            "log_scale": np.log(noise_variance) / 2,
        }
        # Least squares map means of codes to rows. Draws of codes have more variance than
        # their means, which ``shrinkage`` accounts for.
        weights |= decoder_start(problem.encoded(problem.x, weights), code.shrinkage)
        return Start(weights, 1.0)

    def read_codes(
        self, codes, x, blocks, unit, network, *, is_activated, is_pca, whiten, seed
    ):
        # Components of a distribution are independent; rotated, they would not be.
        how = {"whiten": whiten, "weight": x.weight}
        if is_activated:
            axes = code_axes(codes, blocks, unit, turn=None, **how)
        else:
            axes = code_axes(codes, blocks, np.ones_like(unit), turn="order", **how)
        # One draw from each row's posterior: means alone have too little variance, and new
        # codes drawn like them would miss part of where codes are. Axes and units are not
        # set yet, so posteriors are in those of the network.
        draws = np.random.RandomState(seed).normal(size=codes.shape)
        for rows in row_slices(x.shape):
            both = by_chunk(network.posterior, network, x[rows])
            draws[rows] = both[:, 0] + both[:, 1] * draws[rows]
        return *axes, draws

    def report(self, fitted):
        variance = fitted.code_variance
        n_active, complaint = int((variance > _ACTIVE).sum()), None
        # Constant data need no component, so this is no reason for a warning.
        if n_active == 0 and fitted.columns.varies_:
            complaint = (
                f"None of the {len(variance)} components is in use: all rows have the same "
                "code and are rebuilt as the mean. Expected at least one whose mean has a "
                f"variance above {_ACTIVE}. Use a smaller beta than {self.beta:g}, or "
                "kl_warmup; for loss='kl' pass counts, since values far below 1 say next "
                "to nothing; else all is noise, or rows are too few."
            )
        return {"active_components_": n_active}, complaint


def posterior(fitted: "Fitted", X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means and standard deviations of codes, each (n_samples, n_components)."""
    both = fitted.apply(lambda network, loss, x: network.posterior(x), X)
    return both[:, 0], both[:, 1]


def bound(fitted: "Fitted", X: np.ndarray) -> np.ndarray:
    """Return the evidence lower bound of every row in the user's units, (n_samples,)."""
    return _log_density(fitted, X, lambda network, loss, *rows: loss.bound(network, *rows))


def log_density(fitted: "Fitted", X: np.ndarray, n_draws: int, seed: int) -> np.ndarray:
    """Return the importance-weighted log density of every row, (n_samples,)."""
    generator = make_generator(seed)

    def estimate(network, loss, x, target):
        return loss.log_density(network, x, target, n_draws, generator)

    return _log_density(fitted, X, estimate)


def noise_variance(fitted: "Fitted") -> float:
    """Return the variance of rows around what their code is decoded to, in scaled units."""
    return float(np.exp(2 * fitted.network("float64").noise_level.item()))


def covariance(fitted: "Fitted") -> np.ndarray:
    """Return the covariance of rows by a model with normal noise, in the user's units."""
    points = normal_points(fitted.architecture.n_components, _PAIRS).numpy()
    rows = fitted.decode(points @ fitted.arrays["axes.weight"] + fitted.arrays["axes.bias"])
    noise = noise_variance(fitted) * fitted.output_columns.scale_**2
    return np.cov(rows.T, bias=True) + np.diag(np.broadcast_to(noise, rows.shape[1]))


def _log_density(fitted, X, estimate):
    # The density of scaled rows is that of rows times the scale of every column; its
    # logarithm is corrected for that. Probabilities do not depend on units.
    log_unit = float(np.log(fitted.output_columns.scale_).sum())

    def of_rows(network, loss, x):
        log_densities = estimate(network, loss, network.units_in(x), network.units_out(x))
        return log_densities - (0.0 if loss.likelihood.is_discrete else log_unit)

    return fitted.apply(of_rows, X)


def _stretch(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the ratio of lengths of each row of a matrix, 1 where it was zero."""
    lengths = np.linalg.norm(before, axis=1)
    none = lengths == 0
    return np.where(none, 1.0, np.linalg.norm(after, axis=1) / np.where(none, 1, lengths))
