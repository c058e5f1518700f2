"""Losses agree with their formulas, by row and by batch."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import NMF
from torch import nn

from sklearn_ae.nn import LOSSES, make_loss

X = torch.tensor([[0.0, 0.5, 1.0], [0.2, 0.9, 0.4]], dtype=torch.float64)
X_HAT = torch.tensor([[0.1, 0.4, 0.8], [0.7, 0.3, 0.5]], dtype=torch.float64)

FORMULAS = {
    "mse": lambda x, y: (x - y) ** 2,
    "mae": lambda x, y: abs(x - y),
    "huber": lambda x, y: (x - y) ** 2 / 2,  # errors below 1
    "bce": lambda x, y: -x * np.log(y) - (1 - x) * np.log(1 - y),
    "kl": lambda x, y: np.where(x > 0, x * np.log(np.maximum(x, 1e-300) / y), 0) - x + y,
}


@pytest.mark.parametrize("name", LOSSES)
def test_rows_and_mean_follow_the_formula(name):
    cells = FORMULAS[name](X.numpy(), X_HAT.numpy())
    loss = make_loss(name)
    np.testing.assert_allclose(loss.rows(X_HAT, X), cells.mean(1))
    assert loss(X_HAT, X).item() == pytest.approx(cells.mean())


@pytest.mark.parametrize("name", LOSSES)
def test_a_perfect_reconstruction_is_the_least(name):
    loss, bits = make_loss(name), torch.tensor([[0.0, 1.0]])
    near = bits.clamp(0.01, 0.99)
    assert loss(bits, bits) <= 1e-6
    assert loss(near, bits) > 1e-6


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_right_and_finite_at_the_edge(name):
    x_hat = X_HAT.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda z: make_loss(name)(z, X), x_hat)
    edge = torch.tensor([[0.0, 1.0, 0.0]], requires_grad=True)
    make_loss(name)(edge, torch.tensor([[0.0, 1.0, 1.0]])).backward()
    assert torch.isfinite(edge.grad).all()


def test_kl_is_that_of_nmf():
    rng = np.random.RandomState(0)
    counts = rng.poisson(3, (20, 6)).astype(float)
    nmf = NMF(2, beta_loss="kullback-leibler", solver="mu", random_state=0, max_iter=500)
    x_hat = nmf.fit_transform(counts) @ nmf.components_
    # scikit-learn reports sqrt(2 D), summed over cells.
    ours = make_loss("kl")(torch.tensor(x_hat), torch.tensor(counts)).item() * counts.size
    assert np.sqrt(2 * ours) == pytest.approx(nmf.reconstruction_err_, rel=1e-6)


def test_a_loss_with_weights_of_its_own_does_not_learn_them():
    class Weighted(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, x_hat, x):
            return (self.weight * (x_hat - x) ** 2).mean()

    mine = Weighted()
    assert not [p for p in make_loss(mine).parameters() if p.requires_grad]
    assert mine.weight.requires_grad


@pytest.mark.parametrize(
    "given",
    [nn.MSELoss(), nn.MSELoss(reduction="none"), nn.functional.mse_loss],
    ids=["module", "unreduced", "function"],
)
def test_a_loss_of_the_users_own(given):
    own, ours = make_loss(given), make_loss("mse")
    torch.testing.assert_close(own.rows(X_HAT, X), ours.rows(X_HAT, X))
    torch.testing.assert_close(own(X_HAT, X), ours(X_HAT, X))
