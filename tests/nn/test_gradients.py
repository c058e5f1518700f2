"""Gradients by hand are those of autograd."""

import pytest
import torch

from sklearn_ae.nn import ACTIVATIONS, LOSSES, Autoencoder, DenseGradients, make_loss

HIDDEN = [name for name in ACTIVATIONS if name != "softplus"]


def network(seed=0, **options):
    """Return a network whose weights, the skips' among them, are all drawn."""
    generator = torch.Generator().manual_seed(seed)
    options = {"hidden_layer_sizes": (7, 5), "decoder_hidden_layer_sizes": (6,), **options}
    net = Autoencoder(n_features=9, n_components=3, generator=generator, **options)
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) / 2)
        net.decoder.spread.uniform_(0.1, 1, generator=generator)
    return net


def assert_same_as_autograd(net, loss, n_rows=11, *, rtol=1e-4, dtype=torch.float32):
    x, target = torch.rand((2, n_rows, 9), generator=torch.Generator().manual_seed(1))
    expected = loss(net(x), target)
    expected.backward()
    named = dict(net.named_parameters())
    weights = {name: weight.detach().to(dtype) for name, weight in named.items()}
    gradients = {name: torch.full_like(w, torch.nan) for name, w in weights.items()}
    tell = DenseGradients(net, loss, weights, gradients)
    for _ in range(2):  # the second time in memory that is used
        told = tell(x, target)
        torch.testing.assert_close(told, expected.detach(), rtol=rtol, atol=1e-6)
        for name, weight in named.items():
            atol = rtol * weight.grad.abs().max().item()
            torch.testing.assert_close(
                gradients[name].float(), weight.grad, rtol=rtol, atol=atol
            )


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("linear_skip", [True, False])
def test_every_loss(loss, linear_skip):
    output = {"bce": "logistic", "kl": "softplus"}.get(loss, "identity")
    net = network(linear_skip=linear_skip, output_activation=output)
    assert_same_as_autograd(net, make_loss(loss))


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_activation(activation):
    net = network(activation=activation, code_activation=activation)
    assert_same_as_autograd(net, make_loss("mse"))


@pytest.mark.parametrize("output_activation", HIDDEN)
def test_every_output(output_activation):
    net = network(output_activation=output_activation)
    assert_same_as_autograd(net, make_loss("mse"))


@pytest.mark.parametrize("hidden", [(), (4,), (8, 6, 4)])
@pytest.mark.parametrize("linear_skip", [True, False])
def test_every_depth(hidden, linear_skip):
    net = network(
        hidden_layer_sizes=hidden, decoder_hidden_layer_sizes=(), linear_skip=linear_skip
    )
    assert_same_as_autograd(net, make_loss("mse"))


def test_a_loss_of_the_users_own():
    assert_same_as_autograd(network(), make_loss(torch.nn.SmoothL1Loss(beta=0.1)))


def test_bfloat16_is_close():
    assert_same_as_autograd(network(), make_loss("mse"), rtol=0.03, dtype=torch.bfloat16)


def test_dropout_drops_the_same_on_the_way_back():
    net = network(dropout=0.5)
    loss = make_loss("mse")
    x = torch.rand((11, 9), generator=torch.Generator().manual_seed(1))
    state = net.encoder.layers[2].generator.get_state()
    loss(net(x), x).backward()
    net.encoder.layers[2].generator.set_state(state)
    named = dict(net.named_parameters())
    gradients = {name: torch.zeros_like(weight) for name, weight in named.items()}
    DenseGradients(net, loss, {n: w.detach() for n, w in named.items()}, gradients)(x, x)
    for name, weight in named.items():
        torch.testing.assert_close(gradients[name], weight.grad, rtol=1e-4, atol=1e-6)


def test_batches_of_two_sizes_in_turn():
    net, loss = network(), make_loss("mse")
    named = dict(net.named_parameters())
    gradients = {name: torch.zeros_like(weight) for name, weight in named.items()}
    tell = DenseGradients(net, loss, {n: w.detach() for n, w in named.items()}, gradients)
    rows = torch.rand((23, 9), generator=torch.Generator().manual_seed(1))
    before = rows.clone()
    for part in 2 * rows.tensor_split(2):
        net.zero_grad()
        loss(net(part), part).backward()
        tell(part, part)
        for name, weight in named.items():
            torch.testing.assert_close(gradients[name], weight.grad, rtol=1e-4, atol=1e-6)
    assert torch.equal(rows, before)


def test_layers_of_the_users_own_are_left_to_autograd():
    def own(n_in, n_out):
        return torch.nn.Sequential(torch.nn.Linear(n_in, n_out))

    assert DenseGradients.suits(network())
    unknown = network()
    unknown.encoder.layers[1] = torch.nn.Softplus()
    assert not DenseGradients.suits(unknown)
    for linear_skip in (True, False):
        assert not DenseGradients.suits(network(encoder=own, linear_skip=linear_skip))
        assert not DenseGradients.suits(network(decoder=own, linear_skip=linear_skip))
