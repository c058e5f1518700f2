"""Nested codes: how many components a row keeps, and what a decoder is given."""

import pytest
import torch

from sklearn_ae.nn import LOSSES, Autoencoder, DenseGradients
from sklearn_ae.nn._nested import NestedCode


def make(n_components, seed=0):
    return NestedCode(n_components, torch.Generator().manual_seed(seed))


def test_the_first_codes_are_kept_and_the_others_marked():
    code = torch.randn(500, 6, generator=torch.Generator().manual_seed(1))
    values, marks = make(6)(code).split(6, dim=1)
    assert set(marks.unique().tolist()) == {0.0, 1.0}
    # Marks begin somewhere and go on to the end.
    assert (marks.diff(dim=1) >= 0).all()
    assert (marks[:, 0] == 0).all()
    torch.testing.assert_close(values, code * (1 - marks))


@pytest.mark.parametrize("n_components", [1, 2, 3, 16, 32])
def test_every_length_has_its_share_of_a_batch(n_components):
    nested = make(n_components)
    assert nested.chances.sum() == pytest.approx(1)
    assert (nested.chances > 0).all()
    n_rows = 100
    kept = n_components - nested.missing(torch.zeros(n_rows, n_components)).sum(1)
    counts = torch.bincount(kept, minlength=n_components + 1)[1:]
    assert (counts - n_rows * nested.chances).abs().max() <= 2
    assert counts[-1] >= 50  # many rows keep all
    if n_components == 16:
        assert min(counts[7], counts[3]) > 10 * counts[5]  # half, and a quarter


def test_out_of_training_codes_pass():
    nested, code = make(3).eval(), torch.ones(4, 3)
    assert nested(code) is code
    with nested.by_place():
        first, again = nested(code), nested(code)
    assert torch.equal(first, again)
    assert first.shape == (4, 6)
    assert nested(code) is code


def network(**settings):
    layers = {"hidden_layer_sizes": (8,), "decoder_hidden_layer_sizes": (8,)}
    return Autoencoder(
        **{"n_features": 5, "n_components": 3, **layers, **settings},
        ordered=True,
        generator=torch.Generator().manual_seed(0),
    )


def test_a_decoder_given_all_codes_needs_no_marks():
    decoder = network().decoder
    with torch.no_grad():
        for weight in decoder.parameters():
            weight.uniform_(-1, 1, generator=torch.Generator().manual_seed(2))
    code = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    marked = torch.cat([code, torch.zeros(4, 3)], 1)
    torch.testing.assert_close(decoder(code), decoder(marked))
    fewer = torch.cat([code, torch.ones(4, 3)], 1)
    assert not torch.allclose(decoder(code), decoder(fewer))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"linear_skip": False},
        {"decoder_hidden_layer_sizes": ()},
        {"code_activation": "tanh"},
        {"output_activation": "logistic"},
    ],
)
def test_gradients_that_are_written_out_are_those_of_autograd(settings):
    ours = network(**settings)
    with torch.no_grad():
        for weight in ours.parameters():
            weight.uniform_(-1, 1, generator=torch.Generator().manual_seed(2))
    assert DenseGradients.suits(ours)
    weights = {name: weight.data for name, weight in ours.named_parameters()}
    found = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    x = torch.rand(40, 5, generator=torch.Generator().manual_seed(1))
    loss = LOSSES["mse"]()
    ours.nested.generator.manual_seed(5)
    value = DenseGradients(ours, loss, weights, found)(x, x)
    ours.nested.generator.manual_seed(5)
    expected = loss(ours.outcome(x), x)
    expected.backward()
    torch.testing.assert_close(value, expected.detach())
    for name, weight in ours.named_parameters():
        torch.testing.assert_close(found[name], weight.grad, msg=name)
