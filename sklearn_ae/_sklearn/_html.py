"""The diagram of a fitted network in a notebook: layers as bars, with their parameters."""

import math
from html import escape

from sklearn.utils import estimator_html_repr

__all__ = ["DrawnNetworkMixin", "network_diagram"]

_STEP, _BAR = 88, 16  # from bar to bar, and its width
_TALLEST, _TOP = 72, 20
_LAYER, _CODE = "#1f77b4", "#ff7f0e"


class DrawnNetworkMixin:
    """Mixin of an estimator whose fitted network is shown in notebooks."""

    _doc_link_module = "sklearn_ae"
    _doc_link_template = (
        "https://sklearn-ae.readthedocs.io/en/latest/api/generated/"
        "{estimator_module}.{estimator_name}.html"
    )

    def _repr_html_inner(self):
        html = estimator_html_repr(self)
        if hasattr(self, "_fitted"):
            html += network_diagram(self._fitted.architecture, self._fitted.n_parameters)
        return html

    def _repr_mimebundle_(self, **kwargs):
        # Of BaseEstimator, which stands behind every mixin.
        bundle = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        if "text/html" in bundle:
            bundle["text/html"] = self._repr_html_inner()
        return bundle


def network_diagram(architecture, n_parameters) -> str:
    """Return an SVG of the widths of layers and of the number of parameters between them.

    Parameters
    ----------
    architecture : Architecture
    n_parameters : dict of int
        Size of each weight of the network, by name.
    """
    counts = _parameters_by_layer(n_parameters)
    halves = (
        ("encoder", architecture.encoder, architecture.hidden_layer_sizes),
        ("decoder", architecture.decoder, architecture.decoder_hidden_layer_sizes),
    )
    widths, between, roles = [architecture.n_features], [], ["input"]
    ends = (architecture.n_components, "code"), (architecture.n_features, "output")
    for (half, own, sizes), (end, role) in zip(halves, ends, strict=True):
        if own is None and counts[half]:
            widths += sizes
            roles += [""] * len(sizes)
            between += [(n, "") for n in counts[half]]
        elif own is not None:
            between.append((sum(counts[half]), "your network"))
        else:
            between.append((counts["shortcut"].get(half, 0), "linear"))
        widths.append(end)
        roles.append(role)
    shortcut, total = sum(counts["shortcut"].values()), sum(n_parameters.values())
    summary = f"{' → '.join(f'{n:,}' for n in widths)}, {total:,} parameters"
    if shortcut == total:
        summary += ", all linear"
    elif shortcut:
        summary += f", {shortcut:,} of them in the linear shortcut"
    return _drawn(widths, between, roles, summary)


def _parameters_by_layer(n_parameters: dict[str, int]):
    """Return the number of parameters of each layer of both halves, and of shortcuts."""
    counts: dict[str, dict[str, int]] = {"encoder": {}, "decoder": {}, "shortcut": {}}
    for name, size in n_parameters.items():
        half, kind, *_ = *name.split("."), ""
        if kind == "layers":
            layer = name.rpartition(".")[0]
            counts[half][layer] = counts[half].get(layer, 0) + size
        elif kind == "skip":
            counts["shortcut"][half] = counts["shortcut"].get(half, 0) + size
    halves = {half: list(counts[half].values()) for half in ("encoder", "decoder")}
    return {**halves, "shortcut": counts["shortcut"]}


def _drawn(widths, between, roles, summary):
    right = _STEP * (len(widths) - 1)
    # Logarithmic, so that a code of 2 beside layers of 784 is still visible.
    heights = [8 + _TALLEST * math.log1p(n) / math.log1p(max(widths)) for n in widths]
    middle = _TOP + (8 + _TALLEST) / 2
    foot = middle + max(heights) / 2 + 16
    parts = []
    for i, (n_parameters, kind) in enumerate(between):
        x, left, next_ = i * _STEP + _BAR, heights[i] / 2, heights[i + 1] / 2
        end = x + _STEP - _BAR
        parts.append(
            f'<path d="M{x} {middle - left:.1f} L{end} {middle - next_:.1f} '
            f'V{middle + next_:.1f} L{x} {middle + left:.1f}Z" fill="{_LAYER}" '
            f'opacity="0.15"/>'
        )
        if n_parameters:
            parts.append(_text((x + end) / 2, middle + 4, f"{n_parameters:,}", 10))
        parts.append(_text((x + end) / 2, middle + 16, kind, 9))
    for i, (width, height, role) in enumerate(zip(widths, heights, roles, strict=True)):
        colour = _CODE if role == "code" else _LAYER
        parts.append(
            f'<rect x="{i * _STEP}" y="{middle - height / 2:.1f}" width="{_BAR}" '
            f'height="{height:.1f}" rx="3" fill="{colour}"/>'
        )
        parts.append(_text(i * _STEP + _BAR / 2, foot, f"{width:,}", 12))
        parts.append(_text(i * _STEP + _BAR / 2, foot + 14, role, 10))
    margin = 28
    box = f"{-margin} 0 {right + _BAR + 2 * margin} {foot + 22:.0f}"
    return (
        f'<figure style="margin: 0.5em 0; overflow-x: auto"><svg viewBox="{box}" '
        f'role="img" aria-label="{escape(summary)}" style="display: block; width: '
        f'{right + 2 * margin}px; max-width: none" fill="currentColor" '
        f'font-family="sans-serif">{"".join(parts)}</svg>'
        f'<figcaption style="font-size: 0.85em">{escape(summary)}</figcaption></figure>'
    )


def _text(x, y, text, size):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="middle">{text}'
        "</text>"
    )
