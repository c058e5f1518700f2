"""Noise on the input of a network: one class per kind.

Every noise also gives its first two moments, from which the best linear denoiser follows
in closed form.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from copy import copy
from typing import ClassVar, NamedTuple

import torch

__all__ = [
    "NOISES",
    "Corruption",
    "GaussianNoise",
    "HiddenCells",
    "MaskingNoise",
    "Moments",
    "SaltPepperNoise",
    "SwapNoise",
    "UserNoise",
]


_LOUDEST = 1e6  # noise to data: of the seven digits of float32, the data have one left


class Moments(NamedTuple):
    """Moments of noisy cells, which are independent given x.

    Each is of shape (n_features,). A noisy cell has the mean ``keep * x + shift``, and a
    noisy column the variance keep^2 var(x) + ``variance``.
    """

    keep: torch.Tensor
    shift: torch.Tensor
    variance: torch.Tensor


class Corruption(ABC):
    """Noise, in the units of the columns that it is added to.

    Parameters
    ----------
    level : float, sequence of float (n_features,) or None
        Amount of noise; the classes define its unit. None is that of "auto".
    unit : {"scaled", "deviation", "data"}
        Of levels that are a size: 1 in what the network sees, the standard deviation of
        the column, or 1 in the user's units. Levels that are fractions of cells have none.
    """

    auto: ClassVar[float]  # the level that "auto" selects
    most: ClassVar[float] = 1.0  # the largest level, for levels that are fractions of cells
    n_epochs: int = 1  # for which the same noise may serve

    level: torch.Tensor
    size: torch.Tensor  # of one unit of the level, in what the network sees
    offset: torch.Tensor
    scale: torch.Tensor
    mean: torch.Tensor
    variance: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor
    is_level: torch.Tensor | None

    def __init__(self, level: float | Sequence[float] | None, unit: str = "scaled"):
        self._given_level = self.auto if level is None else level
        self.is_auto = level is None
        self.unit = unit

    def measure(
        self,
        *,
        mean: torch.Tensor,
        variance: torch.Tensor,
        low: torch.Tensor,
        high: torch.Tensor,
        offset: torch.Tensor,
        scale: torch.Tensor,
        is_level: torch.Tensor | None = None,
    ) -> None:
        """Determine the units of the columns, each of shape (n_features,).

        In the user's units rows x, (n_rows, n_features), are ``x * scale + offset``; the
        mean and variance of a column, its least and its largest value, are those of x.
        ``is_level`` is True where x is the index of a level, and None in tables of complete
        numbers.
        """
        self.level = scale.new_tensor(self._given_level).expand(len(scale))
        self.offset, self.scale, self.is_level = offset, scale, is_level
        # Of a constant column both are roundings, by which noise would change it.
        varies = low < high
        self.mean, self.variance = mean.where(varies, low), variance.where(varies, 0.0)
        self.low, self.high = low, high
        sizes = {"deviation": self.variance.sqrt(), "data": 1 / scale}
        self.size = sizes.get(self.unit, torch.ones_like(scale))
        amount = (self.level * self.size).max()
        width = self.variance.max().sqrt().item() or 1.0
        if self.most == math.inf and amount > _LOUDEST * width and is_level is None:
            raise ValueError(
                f"noise_level is {amount / width:.3g} times what the widest column varies "
                f"by; expected at most {_LOUDEST:g} times, since nothing of the data is "
                "left. Use noise_level='auto', or see noise_unit."
            )

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "Corruption":
        """Return the same noise with its units on ``device`` and in ``dtype``."""
        # A copy: the original stays in float64 for the moments of the linear start.
        moved = copy(self)
        for name, units in vars(self).items():
            if isinstance(units, Corruption):
                setattr(moved, name, units.to(device, dtype))
            elif isinstance(units, torch.Tensor):
                is_number = units.is_floating_point()
                setattr(moved, name, units.to(device, dtype if is_number else None))
        return moved

    @abstractmethod
    def __call__(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return a noisy copy of ``x``, (n_rows, n_features)."""

    @abstractmethod
    def moments(self) -> Moments | None:
        """Return the moments of noisy cells; None if they are not known."""

    def _choose(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return which cells of ``x`` are replaced, a fraction ``level`` of each column."""
        return _uniform(x, generator) < self.level


def _uniform(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return numbers in [0, 1) of the shape of ``x``.

    As all draws in this file they are made on the CPU, as the generator is, so that a seed
    gives the same on a GPU.
    """
    drawn = torch.rand(x.shape, generator=generator, dtype=x.dtype, device="cpu")
    return drawn.to(x.device)


def _others(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return ``x`` with every column shifted cyclically by a number of rows of its own."""
    n_rows, n_columns = x.shape
    steps = torch.randint(1, n_rows, (n_columns,), generator=generator, device="cpu")
    rows = torch.arange(n_rows, device=x.device)[:, None]
    return x.gather(0, (rows + steps.to(x.device)) % n_rows)


def _swap(
    x: torch.Tensor, chosen: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """Return ``x`` with the ``chosen`` cells taken from other rows."""
    return torch.where(chosen, _others(x, generator), x) if x.shape[0] > 1 else x


class GaussianNoise(Corruption):
    """x + level * a standard normal number.

    Under "auto", where the level is not known, every row draws its own, as in Zhang, K.,
    Zuo, W., Chen, Y., Meng, D. and Zhang, L. (2017). Beyond a Gaussian denoiser. IEEE
    Transactions on Image Processing, 26(7), 3142-3155. Here its logarithm is uniform.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[0.0, 5.0], [2.0, 5.0]])
    >>> noise = GaussianNoise(0.5, unit="deviation")
    >>> zero, one = torch.zeros(2), torch.ones(2)
    >>> noise.measure(
    ...     mean=x.mean(0), variance=x.var(0, correction=0), low=x.amin(0),
    ...     high=x.amax(0), offset=zero, scale=one)
    >>> noise(x, torch.Generator())[:, 1]
    tensor([5., 5.])
    """

    auto, most = 1.0, math.inf
    quietest: ClassVar[float] = 0.08  # of the levels that rows draw, as a share of "auto"

    def __call__(self, x, generator):
        normal = torch.randn(x.shape, generator=generator, dtype=x.dtype, device="cpu")
        if self.is_auto:
            normal *= self.quietest ** _uniform(normal[:, :1], generator)
        noisy = x + self.level * self.size * normal.to(x.device)
        if self.is_level is None:
            return noisy
        # Levels have no size; some become those of other rows.
        swapped = _swap(x, _uniform(x, generator) < SwapNoise.auto, generator)
        return torch.where(self.is_level, swapped, noisy)

    def moments(self):
        keep, variance = torch.ones_like(self.level), (self.level * self.size) ** 2
        if self.is_auto:
            # The mean square of a number whose logarithm is uniform.
            variance *= (1 - self.quietest**2) / (2 * math.log(1 / self.quietest))
        return Moments(keep, 0 * keep, variance)


class MaskingNoise(Corruption):
    """A fraction ``level`` of cells is set to the mean of its column.

    In tables with levels or holes these cells are missing.
    """

    auto = 0.25

    def __call__(self, x, generator):
        # The mean and not zero, which in uncentred columns would be an outlier.
        masked = self.mean if self.is_level is None else torch.nan
        return torch.where(self._choose(x, generator), masked, x)

    def moments(self):
        keep = 1 - self.level
        return Moments(keep, self.level * self.mean, keep * self.level * self.variance)


class SaltPepperNoise(Corruption):
    """A fraction ``level`` of cells is set to the extremes of its column, half to each.

    Levels, which have no extremes, become those of other rows.
    """

    auto = 0.1

    def __call__(self, x, generator):
        # One draw decides both whether a cell is replaced and by which extreme.
        drawn = _uniform(x, generator)
        noisy = torch.where(drawn < self.level, self.high, x)
        noisy = torch.where(drawn < self.level / 2, self.low, noisy)
        if self.is_level is None:
            return noisy
        noisy = torch.where(x.isnan(), x, noisy)
        return torch.where(self.is_level, _swap(x, drawn < self.level, generator), noisy)

    def moments(self):
        # Total variance of a mixture: within its two parts, and between their means.
        keep, middle = 1 - self.level, (self.low + self.high) / 2
        inside = keep * (self.variance + (self.mean - middle) ** 2)
        extremes = ((self.high - self.low) / 2) ** 2
        return Moments(keep, self.level * middle, self.level * (inside + extremes))


class SwapNoise(Corruption):
    """A fraction ``level`` of cells takes the value of its column in another row.

    Rows have to be in random order. Each column is then shifted cyclically by its own
    random number of rows. For any single row this is an independent draw of another row
    per column, in a tenth of the time of a sort.
    """

    auto = 0.15

    def __call__(self, x, generator):
        return _swap(x, self._choose(x, generator), generator)

    def moments(self):
        # A swapped cell has the same distribution as its column, so that the variance of
        # the column does not change: keep^2 var + (1 - keep^2) var.
        keep = 1 - self.level
        return Moments(keep, self.level * self.mean, (1 - keep**2) * self.variance)


# Before other cells are hidden. With 8 in place of 1 adult kept 0.02 less of complete rows,
# with 4 it kept 0.005 less; filling takes most of the time of a fit.
_EPOCHS_HIDDEN = 4


class HiddenCells(Corruption):
    """Other noise, if any, and cells that are missing, a share drawn for every row.

    What is hidden in training is what a network learns to do without: rows have from none
    to twice as many more holes as the rows of the fit: a share of 0.05 to 0.5 at most.

    Parameters
    ----------
    noise : Corruption or None
    share : float
        Of the cells of the fit that are holes.
    """

    auto = most = 1.0

    def __init__(self, noise: Corruption | None, share: float):
        super().__init__(min(max(0.05, 2 * share), 0.5))
        self.noise = noise
        self.n_epochs = _EPOCHS_HIDDEN if noise is None else 1

    def __call__(self, x, generator):
        if self.noise is not None:
            x = self.noise(x, generator)
        share = self.level[0] * _uniform(x[:, :1], generator)
        return torch.where(_uniform(x, generator) < share, torch.nan, x)

    def moments(self):
        return None


class UserNoise(Corruption):
    """User-supplied noise: ``noise(x, generator) -> x`` on rows in the user's units.

    Parameters
    ----------
    noise : callable
        Called with a copy of a batch in float32 on the CPU, (n_rows, n_features).
    """

    auto = most = 1.0  # the callable sets its own level

    def __init__(self, noise: Callable):
        super().__init__(1.0)
        self.noise = noise

    def __call__(self, x, generator):
        before = (x * self.scale + self.offset).to("cpu", torch.float32)
        after = self._call(before.clone(), generator)
        # Only the difference is added, so that cells without noise do not change by the
        # rounding errors of two conversions.
        return x + (after - before).to(x) / self.scale

    @torch.no_grad()
    def _call(self, x, generator):
        shape, name = tuple(x.shape), getattr(self.noise, "__name__", repr(self.noise))
        try:
            noisy = self.noise(x, generator)
        except TypeError as error:
            raise ValueError(
                f"noise={name} failed on rows of shape {shape}: {error}. Expected a "
                "callable (x, generator) that returns x with noise, drawn from that "
                "torch.Generator."
            ) from error
        given = tuple(noisy.shape) if isinstance(noisy, torch.Tensor) else type(noisy)
        if given != shape:
            raise ValueError(
                f"noise={name} turned rows of shape {shape} into {given}; expected a "
                "tensor of the same shape. Return x with noise added or cells replaced."
            )
        # Here and not in the loss: a NaN would look like divergence of the training.
        noisy = noisy.to("cpu", torch.float32)
        if not torch.isfinite(noisy).all():
            raise ValueError(
                f"noise={name} returned NaN or infinity; expected finite values. Set "
                "missing cells to a number, the mean of their column for one."
            )
        return noisy

    def moments(self):
        return None


NOISES: dict[str, type[Corruption]] = {
    "gaussian": GaussianNoise,
    "masking": MaskingNoise,
    "salt_pepper": SaltPepperNoise,
    "swap": SwapNoise,
}
