"""What a notebook shows of an estimator, and print of its net."""

from xml.etree import ElementTree

import pytest
from sklearn import config_context
from torch import nn

from sklearn_ae import AutoencoderTransformer


def diagram_of(fitted):
    """Return the label of the drawn network, its texts and its number of bars."""
    html = fitted._repr_html_()
    start, end = html.rindex("<figure"), html.rindex("</figure>") + len("</figure>")
    figure = ElementTree.fromstring(html[start:end])  # well-formed
    texts = [text.text for text in figure.iter("text")]
    return figure.find("svg").get("aria-label"), texts, len(list(figure.iter("rect")))


def n_parameters(fitted):
    return sum(weight.numel() for weight in fitted.net_.module_.parameters())


def test_a_fitted_network_is_drawn_with_its_parameters(quick, digits):
    settings = {"hidden_layer_sizes": (20, 10), "decoder_hidden_layer_sizes": (30,)}
    fitted = quick(3, max_iter=1, **settings).fit(digits[0])
    label, texts, n_bars = diagram_of(fitted)
    assert label.startswith("64 → 20 → 10 → 3 → 30 → 64, ")
    assert f" {n_parameters(fitted):,} parameters" in label
    assert n_bars == 6
    between = [fitted.net_.module_.encoder.layers, fitted.net_.module_.decoder.layers]
    for layer in [part for half in between for part in half]:
        if isinstance(layer, nn.Linear):
            assert f"{layer.weight.numel() + layer.bias.numel():,}" in texts
    assert {"input", "code", "output"} < set(texts)


def test_the_linear_network_is_its_shortcut(digits):
    fitted = AutoencoderTransformer(3, hidden_layer_sizes=()).fit(digits[0])
    label, _, n_bars = diagram_of(fitted)
    assert label == f"64 → 3 → 64, {n_parameters(fitted):,} parameters, all linear"
    assert n_bars == 3


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_a_network_of_ones_own_is_counted_as_one_layer(quick, digits, half):
    def own(n_in, n_out):
        return nn.Sequential(nn.Linear(n_in, 5), nn.ReLU(), nn.Linear(5, n_out))

    fitted = quick(3, max_iter=1, hidden_layer_sizes=(16,), **{half: own}).fit(digits[0])
    label, texts, n_bars = diagram_of(fitted)
    assert n_bars == 4  # one hidden layer in the other half
    assert f" {n_parameters(fitted):,} parameters" in label
    layers = getattr(fitted.net_.module_, half).layers
    assert f"{sum(weight.numel() for weight in layers.parameters()):,}" in texts


def test_before_a_fit_nothing_is_drawn(quick):
    assert "<figure" not in quick()._repr_html_()


def test_notebooks_are_shown_the_same(quick, digits):
    fitted = quick(max_iter=1).fit(digits[0])
    assert "<figure" in fitted._repr_mimebundle_()["text/html"]
    with config_context(display="text"):
        assert set(fitted._repr_mimebundle_()) == {"text/plain"}
        assert not hasattr(fitted, "_repr_html_")


def test_the_link_leads_to_the_page_of_the_class(quick):
    name = type(quick()).__name__
    assert f"/api/generated/sklearn_ae.{name}.html" in quick()._repr_html_()


def test_print_of_the_net_names_layers_and_counts(quick, digits):
    fitted = quick(3, max_iter=1, hidden_layer_sizes=(16,)).fit(digits[0])
    printed = str(fitted.net_)
    assert "(0): Linear(in_features=64, out_features=16, bias=True)" in printed
    assert f"{n_parameters(fitted):,} parameters" in printed
    assert "Undrawn" not in printed
