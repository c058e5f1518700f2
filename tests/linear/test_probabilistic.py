"""Probabilistic PCA under a weight of the divergence is where its loss is least."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from sklearn_ae._linear import fit_probabilistic_pca

RNG = np.random.RandomState(0)
X = RNG.normal(size=(400, 6)) * [3, 2, 1.5, 1, 0.7, 0.5] @ RNG.normal(size=(6, 6))


def loss(way_back, encoder, log_std, log_noise, beta):
    """Return minus the bound per row of a linear network, by its formula."""
    centred = X - X.mean(0)
    z = centred @ encoder.T
    variance, noise = np.exp(2 * log_std), np.exp(log_noise)
    error = ((centred - z @ way_back.T) ** 2).sum(1).mean()
    error += (variance * (way_back**2).sum(0)).sum()
    divergence = ((z**2).mean(0) + variance - 1 - 2 * log_std).sum() / 2
    return error / noise / 2 + X.shape[1] * log_noise / 2 + beta * divergence


def weights_of(code):
    axes = np.linalg.lstsq(X - X.mean(0), (X - X.mean(0)) @ code.projection.T)[0].T
    np.testing.assert_allclose(axes, code.projection)
    z = (X - X.mean(0)) @ code.projection.T
    squares = np.where((z**2).sum(0) > 1e-12, (z**2).sum(0), 1)
    way_back = (X - X.mean(0)).T @ z / squares * code.shrinkage
    return way_back, code.projection, np.log(code.std), np.log(code.noise_variance)


@pytest.mark.parametrize("beta", [0.2, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("n_components", [1, 3, 6])
def test_no_step_from_it_is_better(beta, n_components):
    code = fit_probabilistic_pca(X, n_components, beta, seed=0)
    best = weights_of(code)
    for which, weight in enumerate(best):
        if n_components == X.shape[1] and beta <= 1:
            continue  # noise that nothing needs, see below
        # Central differences, as steps of one sign have the curvature in them.
        up, down = (
            approx_fprime(
                np.ravel(weight),
                lambda flat, i=which: loss(*moved(best, i, flat), beta),
                step,
            )
            for step in (1e-5, -1e-5)
        )
        np.testing.assert_allclose((up + down) / 2, 0, atol=1e-4)


def moved(weights, which, flat):
    weights = list(weights)
    weights[which] = flat.reshape(np.shape(weights[which]))
    return weights


def test_without_room_for_noise_it_is_free():
    free = fit_probabilistic_pca(X, 6, 1.0, seed=0)
    assert (free.shrinkage > 0.9).all()
    floor = fit_probabilistic_pca(X, 6, 0.5, seed=0)
    assert floor.noise_variance == pytest.approx(1e-6 * X.var(0).mean())


def test_more_beta_uses_fewer_components():
    used = [
        (fit_probabilistic_pca(X, 5, beta, seed=0).shrinkage > 0).sum()
        for beta in (0.1, 1, 3, 10, 100)
    ]
    assert used[0] == 5
    assert used[-1] == 0
    assert sorted(used, reverse=True) == used


def test_components_that_are_not_used_hold_the_prior():
    code = fit_probabilistic_pca(X, 5, 10.0, seed=0)
    idle = code.shrinkage == 0
    assert idle.any()
    np.testing.assert_array_equal(code.std[idle], 1)
    np.testing.assert_array_equal(code.projection[idle], 0)


@pytest.mark.parametrize("beta", [1e12, 1.7e308])
def test_however_large_beta_is_codes_are_the_prior_and_all_is_noise(beta):
    X = np.random.RandomState(0).normal(size=(200, 4)) * [2, 1, 1, 0.5]
    code = fit_probabilistic_pca(X, 2, beta, seed=0)
    np.testing.assert_array_equal(code.projection, np.zeros((2, 4)))
    np.testing.assert_array_equal(code.std, np.ones(2))
    np.testing.assert_allclose(code.noise_variance, X.var(0).mean())
