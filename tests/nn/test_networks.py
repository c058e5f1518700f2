"""Networks have the asked shape, start where they should, and draw from their generator."""

import pytest
import torch
from torch import nn

from sklearn_ae.nn import ACTIVATIONS, Autoencoder
from sklearn_ae.nn._activations import LINK_INVERSES, output_link_inverse
from sklearn_ae.nn._layers import Dropout


def make(**changes):
    settings = {
        "n_features": 6,
        "n_components": 2,
        "hidden_layer_sizes": (9, 5),
        "decoder_hidden_layer_sizes": (7,),
        "generator": torch.Generator().manual_seed(0),
    }
    return Autoencoder(**{**settings, **changes})


def widths(half):
    return [
        tuple(layer.weight.shape[::-1])
        for layer in half.layers
        if isinstance(layer, nn.Linear)
    ]


def test_layer_sizes():
    network = make()
    assert widths(network.encoder) == [(6, 9), (9, 5), (5, 2)]
    assert widths(network.decoder) == [(2, 7), (7, 6)]
    assert make(hidden_layer_sizes=()).encoder.layers is None


def test_hidden_layers_start_silent_beside_a_skip_and_learn_all_the_same():
    network, x = make(), torch.randn(4, 6, generator=torch.Generator())
    assert network(x).abs().max() == 0
    nn.init.ones_(network.decoder.skip.weight)
    nn.init.ones_(network.encoder.skip.weight)
    network(x).square().sum().backward()
    assert network.encoder.layers[-1].weight.grad.abs().max() > 0
    assert network.decoder.layers[-1].weight.grad.abs().max() > 0


def test_without_skip_it_is_the_plain_network():
    network, x = make(linear_skip=False), torch.ones(4, 6)
    assert network.encoder.skip is network.decoder.skip is None
    assert network(x).abs().max() > 0


def test_weights_come_from_the_generator():
    first, second = make(), make()
    other = make(generator=torch.Generator().manual_seed(1))
    assert torch.equal(first.encoder.layers[0].weight, second.encoder.layers[0].weight)
    assert not torch.equal(first.encoder.layers[0].weight, other.encoder.layers[0].weight)


def test_encode_then_decode_is_forward():
    network = make(linear_skip=False)
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]])
    network.axes.weight.copy_(turn)
    network.axes.inverse_weight.copy_(turn.T)
    network.axes.bias.fill_(3)
    x = torch.ones(4, 6)
    assert not torch.equal(network.encode(x), network.encoder(x))
    torch.testing.assert_close(network.decode(network.encode(x)), network(x))


@pytest.mark.parametrize(
    "name", ["identity", "relu", "elu", "tanh", "logistic", "softplus"]
)
def test_links_are_undone_inside_the_range_and_clipped_outside(name):
    activation = ACTIVATIONS[name]()
    inside = activation(torch.linspace(-2, 2, 9, dtype=torch.float64))
    if name == "relu":
        inside = inside[inside > 0]
    torch.testing.assert_close(
        activation(output_link_inverse(name, inside)), inside, rtol=1e-9, atol=1e-9
    )
    outside = torch.tensor([-50.0, 50.0])
    limits = activation(torch.tensor([-1e3, 1e3])).clamp(-50, 50)
    torch.testing.assert_close(
        activation(output_link_inverse(name, outside)), limits, rtol=0, atol=2e-3
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_trains_as_an_output(name):
    network = make(output_activation=name)
    nn.init.constant_(network.decoder.skip.bias, 0.5)  # relu does not move at 0
    x = torch.full((3, 6), 0.5)
    network(x).sum().backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    assert any(gradient.abs().max() > 0 for gradient in gradients)


def decoder_at(name, mean, slope=0.25):
    """Return a decoder of one component that is ``mean`` at a code of 2."""
    mean = torch.as_tensor(mean, dtype=torch.float64)
    network = make(
        n_features=len(mean),
        n_components=1,
        output_activation=name,
        decoder_hidden_layer_sizes=(),
    )
    decoder = network.double().decoder
    decoder.skip.weight.data.fill_(slope)
    decoder.skip.bias.data.copy_(mean - 2 * slope)
    return decoder, mean


@pytest.mark.parametrize("name", LINK_INVERSES)
def test_a_skip_before_the_link_is_tangent_to_what_it_was(name):
    decoder, mean = decoder_at(name, [0.2, 0.5, 0.7])
    code = torch.tensor([[2.0]], dtype=torch.float64)

    def at(code):
        return decoder(code)[0]

    before = at(code), torch.autograd.functional.jacobian(at, code)
    decoder.uncross(mean)
    assert not decoder.crosses_link
    torch.testing.assert_close(at(code), before[0])
    torch.testing.assert_close(torch.autograd.functional.jacobian(at, code), before[1])
    torch.testing.assert_close(at(code), mean)
    # Straight before the link, and no longer after it.
    far = decoder.skip(code + 4) - decoder.skip(code)
    torch.testing.assert_close(
        decoder.activation(decoder.skip(code + 4)), decoder(code + 4)
    )
    torch.testing.assert_close(far, 4 * decoder.skip.weight.T)


def test_a_skip_before_a_logistic_link_is_that_of_logits():
    decoder, mean = decoder_at("logistic", [0.2, 0.5])
    decoder.uncross(mean)
    weight = decoder.skip.weight.flatten().tolist()
    assert weight == pytest.approx([0.25 / (0.2 * 0.8), 1.0])
    assert (decoder.skip.bias + 2 * decoder.skip.weight[:, 0]).tolist() == pytest.approx(
        [-1.3862944, 0.0]
    )


def test_a_skip_is_not_made_steep_without_end_near_the_edge():
    # 1 / (0.01 * 0.99) is 101; a column that is nothing but 0 has nothing to follow.
    decoder, mean = decoder_at("logistic", [0.01, 0.0])
    decoder.uncross(mean)
    assert decoder.skip.weight.flatten().tolist() == pytest.approx([10 * 0.25, 0])
    far = decoder(torch.full((1, 1), 1e3, dtype=torch.float64))
    assert far[0].tolist() == pytest.approx([1, 1e-3])


@pytest.mark.parametrize("name", ["identity", "relu"])
def test_where_there_is_no_inverse_nothing_is_crossed(name):
    network = make(output_activation=name)
    assert not network.decoder.crosses_link
    assert "decoder.crosses_link_flag" not in network.state_dict()
    assert not make(output_activation="tanh", linear_skip=False).decoder.crosses_link


def test_dropout_keeps_the_mean_and_draws_from_its_generator():
    x = torch.ones(200, 100)
    layers = [Dropout(0.3, torch.Generator().manual_seed(1)) for _ in range(2)]
    first, second = (layer.train()(x) for layer in layers)
    assert torch.equal(first, second)
    assert not torch.equal(first, layers[0](x))
    assert first.mean().item() == pytest.approx(1, abs=0.02)
    assert (first == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(layers[0].eval()(x), x)
