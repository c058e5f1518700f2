"""Likelihoods are densities: they integrate to one, and have the field's formulas."""

import math

import pytest
import torch
from scipy import stats
from scipy.integrate import quad

from sklearn_ae.nn import make_loss


def log_density(loss, x_hat, x, scale=1.0, unit=1.0):
    """Return the log density of one cell."""
    cells = (torch.tensor([[value]], dtype=torch.float64) for value in (x_hat, x))
    log_scale = torch.tensor(math.log(scale), dtype=torch.float64)
    return make_loss(loss).likelihood(unit).rows(*cells, log_scale).item()


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_densities_integrate_to_one(loss, scale):
    def density(x):
        return math.exp(log_density(loss, 0.7, x, scale))

    parts = [quad(density, *ends)[0] for ends in ((-150, 0.7), (0.7, 150))]
    assert sum(parts) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("x", [-1.0, 0.7, 5.0])
def test_normal_and_laplace(x):
    assert log_density("mse", 0.7, x, 2.0) == pytest.approx(stats.norm(0.7, 2).logpdf(x))
    assert log_density("mae", 0.7, x, 2.0) == pytest.approx(stats.laplace(0.7, 2).logpdf(x))


@pytest.mark.parametrize("x", [0, 1])
def test_bernoulli(x):
    expected = stats.bernoulli(0.3).logpmf(x)
    assert log_density("bce", 0.3, float(x)) == pytest.approx(expected)


@pytest.mark.parametrize("count", [0, 1, 7, 300])
@pytest.mark.parametrize("unit", [1.0, 12.5])
def test_poisson_in_any_unit(count, unit):
    expected = stats.poisson(40.0).logpmf(count)
    told = log_density("kl", 40.0 / unit, count / unit, unit=unit)
    assert told == pytest.approx(expected, rel=1e-9)


def test_a_loss_of_ones_own_is_a_density_up_to_a_constant():
    smooth = torch.nn.SmoothL1Loss()
    told = [log_density(smooth, 0.0, x) for x in (0.0, 2.0)]
    assert told == pytest.approx([0.0, -1.5])


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "bce", "kl", torch.nn.MSELoss()])
def test_a_batch_is_the_mean_of_its_rows(loss):
    generator = torch.Generator().manual_seed(0)
    x_hat, x = (torch.rand(5, 3, generator=generator) for _ in range(2))
    likelihood, log_scale = make_loss(loss).likelihood(2.0), torch.tensor(0.3)
    rows = likelihood.rows(x_hat, x, log_scale)
    assert rows.shape == (5,)
    assert likelihood(x_hat, x, log_scale) == pytest.approx(rows.mean().item(), rel=1e-5)
