"""The head's loss: known answers, slopes, and missing cells."""

import numpy as np
import pytest
import torch

from sklearn_ae._columns import Response
from sklearn_ae.nn import (
    Autoencoder,
    DenseGradients,
    HeadLoss,
    ResponseLoss,
    make_loss,
)

LAYOUTS = [(0,), (2,), (4,), (0, 2, 4), (3, 0, 2, 5, 2)]


def drawn(n_levels, n_rows=40, missing=0.0):
    rng = np.random.RandomState(0)
    columns = [
        rng.randint(n, size=n_rows) if n else rng.normal(size=n_rows) for n in n_levels
    ]
    y = np.column_stack(columns).astype(float)
    y[rng.uniform(size=y.shape) < missing] = np.nan
    return torch.tensor(y, dtype=torch.float32)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize("n_levels", LAYOUTS)
def test_slopes_are_those_of_autograd(n_levels, missing, weighted):
    y = drawn(n_levels, missing=missing)
    loss = ResponseLoss(n_levels, [1.0 + j for j in range(len(n_levels))], missing == 0)
    output = torch.randn(len(y), loss.n_out, generator=torch.Generator().manual_seed(0))
    weight = torch.linspace(0.5, 1.5, len(y)) if weighted else None
    leaf = output.clone().requires_grad_()
    rows = loss.rows(leaf, y, 0.0)
    wanted = rows.mean() if weight is None else (weight * rows).mean()
    (slope,) = torch.autograd.grad(wanted, leaf)
    found, found_slope = loss.with_slope(output.clone(), y, weight)
    torch.testing.assert_close(found, wanted.detach())
    torch.testing.assert_close(found_slope, slope)


@pytest.mark.parametrize("missing", [0.0, 0.5])
@pytest.mark.parametrize("n_levels", LAYOUTS)
def test_knowing_no_row_costs_one(n_levels, missing):
    y = drawn(n_levels, 500, missing).double()
    response = Response(y.numpy(), n_levels, 0.3).scaled(None)
    loss = ResponseLoss(n_levels, response.factors(None), missing == 0)
    output = torch.zeros(len(y), loss.n_out, dtype=torch.float64)
    frequencies = response.frequencies(None)
    for place, j in enumerate(loss.flags, start=len(loss.numbers)):
        p = frequencies[j]
        output[:, place] = float(np.log(p[1] / p[0]))
    for j, part in loss.logits:
        output[:, part] = torch.tensor(frequencies[j]).log()
    rows = loss.rows(output, torch.tensor(response.values), 0.0)
    assert float(rows.mean()) == pytest.approx(1, rel=1e-5)


def test_a_class_that_is_sure_and_wrong_costs_a_bounded_amount_where_epochs_compare():
    y = torch.tensor([[0.0, 1.0]])
    loss = ResponseLoss((3, 2), (1.0, 1.0), True)
    output = torch.tensor([[-50.0, 0.0, 50.0, 0.0]])
    assert float(loss.rows(output, y, 0.0)) > 50
    assert float(loss.rows(output, y)) < 8


def test_without_y_a_row_costs_what_its_reconstruction_does():
    loss = HeadLoss(make_loss("mse"), 0.5, ResponseLoss((3,), (1.0,), False), 1.0)
    x_hat, x = torch.zeros(4, 2), torch.ones(4, 2)
    output, y = torch.randn(4, 3), torch.full((4, 1), torch.nan)
    target = torch.cat([x, y], 1)
    torch.testing.assert_close(
        loss.rows((x_hat, x_hat, output), target), torch.full((4,), 0.5)
    )
    assert float(loss((x_hat, x_hat, output), target)) == 0.5
    torch.testing.assert_close(loss.cells((x_hat, x_hat, output), target), torch.ones(4, 2))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ordered": True},
        {"code_activation": "tanh"},
        {"output_activation": "relu"},
        {"linear_skip": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("weighted", [False, True])
def test_dense_gradients_are_those_of_autograd(options, weighted):
    def build():
        network = Autoencoder(
            n_features=6,
            n_components=3,
            hidden_layer_sizes=(8,),
            decoder_hidden_layer_sizes=(8,),
            generator=torch.Generator().manual_seed(0),
            **options,
        )
        network.attach_head(5)
        torch.manual_seed(0)
        for weight in network.parameters():
            torch.nn.init.normal_(weight, std=0.3)
        return network.train()

    loss = HeadLoss(make_loss("mse"), 0.7, ResponseLoss((0, 4), (0.5, 0.2), False), 1.0)
    x, y = torch.rand(20, 6), drawn((0, 4), 20, 0.3)
    target = torch.cat([x, y], 1)
    weight = torch.linspace(0.5, 1.5, 20) if weighted else None
    network = build()
    wanted = loss(network.outcome(x), target, weight)
    wanted.backward()
    other = build()
    weights = {name: w.detach() for name, w in other.named_parameters()}
    slopes = {name: torch.zeros_like(w) for name, w in weights.items()}
    found = DenseGradients(other, loss, weights, slopes)(x, target, weight)
    torch.testing.assert_close(found, wanted.detach())
    for name, w in network.named_parameters():
        torch.testing.assert_close(slopes[name], w.grad, msg=name)
