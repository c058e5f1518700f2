"""Probabilistic PCA under a weight of the divergence is where its loss is least."""

import numpy as np
import pytest

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
    best = weights_of(fit_probabilistic_pca(X, n_components, beta, seed=0))
    least = loss(*best, beta)
    rng = np.random.RandomState(1)
    for size in (1e-3, 1e-2, 0.1, 0.5):
        for _ in range(50):
            moved = [np.asarray(w) + size * rng.normal(size=np.shape(w)) for w in best]
            assert loss(*moved, beta) >= least - 1e-9


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
