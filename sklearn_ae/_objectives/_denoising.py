"""The objective of the denoising autoencoder: reconstruct clean rows from noisy ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from .._linear import code_axes, fit_linear_denoiser, fit_wide_linear_denoiser
from ..nn import NOISES, Autoencoder, UserNoise, make_loss
from ._objective import Objective, Start, regressed_start

__all__ = ["Denoising"]

# With more columns the exact regression, cubic in their number, would take too long.
_MOST_COLUMNS_TO_REGRESS = 1000

# Of large tables, so many rows are noisy at once: 128 MiB in float64, held twice.
_CELLS_TO_START, _FEWEST_ROWS_TO_START = 2**24, 100


@dataclass(frozen=True)
class Denoising(Objective):
    """The denoising autoencoder: it starts at the best linear denoiser.

    Parameters
    ----------
    noise : str, callable or None
        Noise added to rows in training: a key of NOISES, or a user-supplied callable.
        None: the rows are noisy, and clean ones are given.
    level : float, sequence of float or None
        Amount of noise, for noise by name; None is that of "auto".
    unit : str
        Of the level; see Corruption.
    """

    noise: str | Callable | None
    level: float | Sequence[float] | None = None
    unit: str = "scaled"

    starts_at_pca: ClassVar[bool] = False
    trains_in_bfloat16: ClassVar[bool] = True
    kl_warmup: ClassVar[int] = 0

    @property
    def calls_user_code(self):
        return callable(self.noise)

    def build(self, architecture, loss, unit, costs, generator):
        network = Autoencoder(**vars(architecture), generator=generator)
        noise = None
        if isinstance(self.noise, str):
            noise = NOISES[self.noise](self.level, self.unit)
        elif self.noise is not None:
            noise = UserNoise(self.noise)
        return network, make_loss(loss, architecture.table, costs), noise

    def random_start(self, wanted):
        return {}

    def linear_start(self, problem):
        if problem.x.is_large and self._draws(problem):  # dense rows, which are all held
            n_rows = max(_CELLS_TO_START // problem.x.shape[1], _FEWEST_ROWS_TO_START)
            problem = problem.sampled(n_rows)
        wide = problem if problem.response is None else problem.widened()
        linear = self._best_linear(wide)
        if problem.response is not None:
            linear = problem.turned(linear)
        if problem.code_activation == "identity":
            return Start(*linear.skip_weights())
        return regressed_start(linear, problem)

    def _draws(self, problem):
        """Whether noisy rows are drawn, as where moments of the noise are not enough."""
        return (
            problem.x.shape[1] > _MOST_COLUMNS_TO_REGRESS
            or problem.moments is None
            or problem.code_activation != "identity"
        )

    def _best_linear(self, problem):
        x, n_components = problem.x, problem.n_components
        if x.shape[1] > _MOST_COLUMNS_TO_REGRESS:
            pair = problem.draw_noisy(x), problem.wanted
            return fit_wide_linear_denoiser(*pair, n_components, problem.seed, x.weight)
        # Without moments, as for pairs or a user-supplied noise, one draw has to do.
        if problem.moments is None:
            noisy = problem.draw_noisy(x)
            return fit_linear_denoiser(noisy, problem.wanted, n_components, weight=x.weight)
        return fit_linear_denoiser(
            x, problem.target, n_components, problem.moments, x.weight
        )

    def read_codes(
        self, codes, x, blocks, unit, network, *, is_activated, is_pca, whiten, seed
    ):
        # Also if the start was kept: codes of a regression are uncorrelated on noisy rows,
        # while ``codes`` are of clean ones if noise is added in training.
        turn = None if is_activated else "rotate"
        if turn is not None and network.nested is not None:
            turn = "straighten"
        how = {"turn": turn, "whiten": whiten, "weight": x.weight}
        return *code_axes(codes, blocks, unit, **how), codes

    def report(self, fitted):
        return {}, None
