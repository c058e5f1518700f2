"""What each noise tells of itself is what it does."""

import pytest
import torch
from estimators import measure

from sklearn_ae.nn import NOISES, UserNoise

N_ROWS = 200_000


@pytest.fixture
def x():
    """Rows of three skewed columns away from zero and one that is constant."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.empty(N_ROWS, 4, dtype=torch.float64).exponential_(generator=generator)
    x = drawn * torch.tensor([1.0, 3.0, 0.1, 0.0], dtype=torch.float64)
    return x + torch.tensor([5.0, -20.0, 0.0, 0.1], dtype=torch.float64)


@pytest.mark.parametrize("unit", ["deviation", "scaled", "data"])
@pytest.mark.parametrize("name", sorted(NOISES))
@pytest.mark.parametrize("level", [0.2, [0.1, 0.5, 0.4, 0.3], None])
def test_moments(x, name, level, unit):
    noise = NOISES[name](level, unit)
    measure(noise, x, scale=torch.full((4,), 2.0, dtype=x.dtype))
    noisy = noise(x, torch.Generator().manual_seed(1))
    keep, shift, variance = noise.moments()
    spread = noisy.std(0).clamp(min=1e-3)
    expected = keep * x.mean(0) + shift
    torch.testing.assert_close(noisy.mean(0) / spread, expected / spread, atol=0.05, rtol=0)
    expected = keep**2 * x.var(0) + variance
    torch.testing.assert_close(noisy.var(0), expected, atol=1e-9, rtol=0.05)
    together = ((noisy - noisy.mean(0)) * (x - x.mean(0))).mean(0)
    expected = keep * x.var(0) / spread**2
    torch.testing.assert_close(together / spread**2, expected, atol=0.05, rtol=0)
    if name != "gaussian" or unit == "deviation":
        assert (noisy[:, 3] == x[:, 3]).all()


def test_a_column_that_never_varies_has_exactly_no_variance(x):
    noise, constant = NOISES["gaussian"](0.5), x[:, 3:]
    # As a scaler has them: both are roundings.
    noise.measure(
        mean=constant[0] + 1e-17,
        variance=constant[0] * 1e-33,
        low=constant[0],
        high=constant[0],
        offset=torch.zeros(1),
        scale=torch.ones(1),
    )
    assert noise.variance == 0
    assert noise.mean == constant[0]


def test_units_move_and_the_original_stays(x):
    noise = NOISES["gaussian"](0.5)
    measure(noise, x)
    moved = noise.to("cpu", torch.float32)
    assert moved.variance.dtype == torch.float32
    assert noise.variance.dtype == torch.float64
    assert moved(x.float(), torch.Generator()).dtype == torch.float32


def test_cells_that_a_callable_leaves_keep_every_bit():
    def first_column(x, generator):
        x[:, 0] = 0
        return x

    x = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    noise = UserNoise(first_column)
    measure(noise, x, offset=torch.full((3,), 7.3), scale=torch.full((3,), 0.37))
    noisy = noise(x, torch.Generator())
    assert torch.equal(noisy[:, 1:], x[:, 1:])
    torch.testing.assert_close(noisy[:, 0] * 0.37 + 7.3, torch.zeros(100))
