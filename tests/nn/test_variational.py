"""The network whose code is a distribution, and the bound, against numbers by hand."""

import pytest
import torch

from sklearn_ae.nn import EvidenceLowerBound, VariationalNetwork, make_loss
from sklearn_ae.nn._variational import divergence_from_prior, normal_points


def make_network(n_components=3, generator=None):
    network = VariationalNetwork(
        n_features=5,
        n_components=n_components,
        hidden_layer_sizes=(8,),
        decoder_hidden_layer_sizes=(8,),
        linear_skip=False,
        generator=generator or torch.Generator().manual_seed(0),
    )
    return network.eval()


@pytest.mark.parametrize("n_components", [1, 2, 16, 50, 64, 200, 256])
def test_points_have_the_moments_of_the_prior(n_components):
    points = normal_points(n_components)
    assert points.shape[1] == n_components
    torch.testing.assert_close(points.mean(0), torch.zeros(n_components).double())
    identity = torch.eye(n_components).double()
    torch.testing.assert_close(points.T @ points / len(points), identity)


def test_more_components_than_points():
    points = normal_points(30_000)
    assert points.shape == (512, 30_000)
    torch.testing.assert_close(points.mean(0), torch.zeros(30_000).double())
    assert abs(points.square().mean().item() - 1) < 0.05


def test_divergence_is_that_of_torch():
    generator = torch.Generator().manual_seed(0)
    mean, log_std = (torch.randn(4, 3, generator=generator) for _ in range(2))
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(
        normal(mean, log_std.exp()), normal(torch.zeros(3), torch.ones(3))
    ).sum(1)
    torch.testing.assert_close(divergence_from_prior(mean, log_std), expected)


def test_draws_come_from_the_generator_in_training_only():
    x = torch.rand(6, 5, generator=torch.Generator().manual_seed(1))
    network = make_network()
    first, again = network.outcome(x)[1], network.outcome(x)[1]
    torch.testing.assert_close(first, again)
    network.train()
    state = network.generator.get_state()
    drawn, other = network.outcome(x)[0], network.outcome(x)[0]
    assert not torch.equal(drawn, other)
    network.generator.set_state(state)
    torch.testing.assert_close(network.outcome(x)[0], drawn)


def test_no_posterior_is_wider_than_the_prior():
    network = make_network()
    with torch.no_grad():
        network.encoder.log_std.fill_(100.0)
    _, log_std = network.encoder.posterior(torch.zeros(2, 5))
    assert (log_std == 0).all()


@pytest.mark.parametrize("name", ["log_scale", "encoder.log_std"])
def test_what_is_beyond_a_bound_finds_back(name):
    network = make_network().train()
    weights = dict(network.named_parameters())
    with torch.no_grad():
        weights[name].fill_(-100.0 if name == "log_scale" else 3.0)
    x = torch.rand(4, 5, generator=torch.Generator().manual_seed(1))
    loss = EvidenceLowerBound(make_loss("mse").likelihood(1.0))
    loss(network.outcome(x), x).backward()
    assert (weights[name].grad != 0).all()


def test_the_bound_by_many_draws():
    generator = torch.Generator().manual_seed(0)
    network = make_network(2).double()
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_(generator=generator).mul_(0.7)
    x = torch.rand(3, 5, generator=generator).double()
    bound = EvidenceLowerBound(make_loss("mse").likelihood(1.0))
    with torch.no_grad():
        mean, log_std = network.encoder.posterior(x)
        total = torch.zeros(3).double()
        for _ in range(20_000):
            code = mean + log_std.exp() * torch.randn(3, 2, generator=generator).double()
            total += bound.likelihood.rows(network.decoder(code), x, network.noise_level)
        expected = total / 20_000 - divergence_from_prior(mean, log_std)
        told = bound.bound(network, x, x)
    torch.testing.assert_close(told, expected, rtol=0.05, atol=0.1)


def test_beta_counts_in_rows_and_warmth_in_training_alone():
    network = make_network()
    x = torch.rand(4, 5, generator=torch.Generator().manual_seed(1))
    loss = EvidenceLowerBound(make_loss("mse").likelihood(1.0))
    draw = network.outcome(x)
    divergence = draw[2].mean() / 5
    plain = loss.eval()(draw, x)
    loss.beta, loss.warmth = 3.0, 0.5
    torch.testing.assert_close(loss(draw, x), plain + 2 * divergence)
    torch.testing.assert_close(loss.rows(draw, x).mean(), plain + 2 * divergence)
    torch.testing.assert_close(loss.train()(draw, x), plain + 0.5 * divergence)
