"""One row far out does not undo what has been learnt."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_ae import AutoencoderTransformer
from sklearn_ae._training._steps import GradientClip


def clipped(sizes):
    """Return the norms that gradients of these norms are given, one after another."""
    weight = nn.Parameter(torch.zeros(1, 2))
    clip, left = GradientClip([weight]), []
    for size in sizes:
        weight.grad = torch.tensor([[0.6 * size, 0.8 * size]])
        clip.shorten()
        left.append(weight.grad.norm().item())
    return np.array(left)


def test_usual_gradients_are_left_and_long_ones_shortened_to_twice_the_usual():
    left = clipped([1.0] * 30 + [100.0] + [1.5])
    np.testing.assert_allclose(left[:30], 1, rtol=1e-6)
    np.testing.assert_allclose(left[30], 2, rtol=1e-3)
    np.testing.assert_allclose(left[31], 1.5, rtol=1e-6)


def test_the_limit_grows_with_gradients_that_stay_long():
    left = clipped([1.0] * 30 + [10.0] * 60)
    assert left[30] < 2.1
    np.testing.assert_allclose(left[-1], 10, rtol=1e-6)


def test_no_gradient_at_first_is_no_limit():
    np.testing.assert_allclose(clipped([0.0] * 30 + [3.0])[-1], 3, rtol=1e-6)


@pytest.mark.parametrize("seed", [2, 3])
def test_heavy_tails_are_learnt(seed):
    """Log-normal columns: rows at 40 standard deviations."""
    rng = np.random.RandomState(seed)
    X = np.exp(2 * rng.normal(size=(3000, 3)) @ rng.normal(size=(3, 12)))
    ae = AutoencoderTransformer(3, scaling="feature", random_state=seed).fit(X)
    error = ((X - ae.reconstruct(X)) / X.std(axis=0)) ** 2
    assert 1 - error.mean() > 0.96
