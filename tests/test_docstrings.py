"""Docstrings say what the code does: the same parameters, defaults and shared texts."""

import ast
import inspect
import re

import pytest
from estimators import ESTIMATORS

import sklearn_ae

HEADING = re.compile(r"^(\w+) : (.+)$")


def section_of(kind, title):
    """Return {name: (type line, text)} of a numpydoc section."""
    lines = inspect.cleandoc(kind.__doc__).splitlines()
    start = lines.index(title) + 2
    entries, name = {}, None
    for i in range(start, len(lines)):
        if i + 1 < len(lines) and re.fullmatch(r"-{3,}", lines[i + 1]):
            break
        found = HEADING.match(lines[i])
        if found:
            name = found.group(1)
            entries[name] = [found.group(2), ""]
        elif name and lines[i].startswith("        ") and not entries[name][1]:
            entries[name][0] += " " + lines[i].strip()  # a type over two lines
        elif name:
            entries[name][1] += lines[i].strip() + " "
    return entries


@pytest.fixture(params=ESTIMATORS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


def test_parameters_are_those_of_the_signature_in_its_order(kind):
    documented = list(section_of(kind, "Parameters"))
    assert documented == [
        name for name in inspect.signature(kind.__init__).parameters if name != "self"
    ]
    assert set(documented) == set(kind._parameter_constraints)


def test_defaults_are_those_of_the_signature(kind):
    entries = section_of(kind, "Parameters")
    for name, parameter in inspect.signature(kind.__init__).parameters.items():
        if name == "self":
            continue
        told = entries[name][0]
        default = re.search(r"default=(.+)$", told).group(1)
        assert ast.literal_eval(default) == parameter.default, name


def test_all_but_the_first_parameter_are_by_keyword(kind):
    _, first, *others = inspect.signature(kind.__init__).parameters.values()
    assert first.name == "n_components"
    assert {parameter.kind for parameter in others} == {inspect.Parameter.KEYWORD_ONLY}


# Properties, which have types of their own.
COMPUTED = {"components_", "singular_values_", "noise_variance_"}


def test_fitted_attributes_are_documented_and_no_others(kind, bent):
    fitted = kind(2, max_iter=1, hidden_layer_sizes=(4,)).fit(bent)
    public = {
        name
        for name in [*vars(fitted), "net_", "components_", "singular_values_"]
        if name.endswith("_") and not name.startswith("_")
    }
    if kind is sklearn_ae.AutoencoderTransformer:
        public |= {"noise_variance_"}  # of linear results
    assert public | {"feature_names_in_"} == set(section_of(kind, "Attributes"))
    unfitted = vars(kind())
    assert not [name for name in unfitted if name.endswith("_")]


DISPLAYS = [
    getattr(sklearn_ae, name) for name in sklearn_ae.__all__ if name.endswith("Display")
]
# Of scikit-learn, declared in _typed.pyi; and a property.
ELSEWHERE = {"n_features_in_", "feature_names_in_", "net_"}


@pytest.mark.parametrize("kind", [*ESTIMATORS, *DISPLAYS], ids=lambda kind: kind.__name__)
def test_attributes_have_types(kind):
    typed = {
        name
        for base in kind.__mro__
        for name in inspect.get_annotations(base)
        if name.endswith("_")
    }
    documented = set(section_of(kind, "Attributes")) - COMPUTED
    assert typed | (ELSEWHERE if kind in ESTIMATORS else set()) == documented


def test_every_parameter_says_something(kind):
    for name, (_, text) in section_of(kind, "Parameters").items():
        assert len(text.split()) >= 5, name


def texts_that_differ(kinds):
    """Return the parameters that two of ``kinds`` share, but not their text."""
    texts = {}
    for kind in kinds:
        for name, (_, text) in section_of(kind, "Parameters").items():
            texts.setdefault(name, set()).add(text)
    return {name for name, told in texts.items() if len(told) > 1}


# Their closed form, the numbers that were measured, and their densities differ; codes that
# are distributions are not nested.
OWN_TEXTS = {"hidden_layer_sizes", "ordered", "precision", "sampler", "target_weight"}


def test_parameters_share_their_text_where_they_mean_the_same():
    assert texts_that_differ(ESTIMATORS) == OWN_TEXTS


def test_a_text_that_differs_is_found():
    class Other:
        """Not the same.

        Parameters
        ----------
        alpha : float, default=0.0
            Something else.
        """

    assert texts_that_differ([*ESTIMATORS, Other]) == {"alpha", *OWN_TEXTS}


@pytest.mark.parametrize(
    "method",
    [
        "fit",
        "transform",
        "inverse_transform",
        "reconstruct",
        "score",
        "score_samples",
        "sample",
    ],
)
def test_methods_give_shapes(kind, method):
    text = inspect.getdoc(getattr(kind, method))
    assert "Parameters\n---" in text
    assert "Returns\n---" in text
    assert "shape (n_samples, " in text


def test_everything_public_has_a_docstring():
    for name in sklearn_ae.__all__:
        public = getattr(sklearn_ae, name)
        if inspect.isclass(public):
            assert public.__doc__
            for method, member in inspect.getmembers(public, inspect.isfunction):
                if not method.startswith("_"):
                    assert inspect.getdoc(member), method


# What numpydoc finds in methods and exceptions, and is meant. Estimators have no list.
LEFT_OUT = {
    "ES01": "a method whose first line says it all needs no second one",
    "EX01": "the example of the class shows its methods at work",
    "RT02": "what comes back has a name, as in scikit-learn: codes, X_hat, scores",
    "SA01": "the class says what else to see",
}


def public_objects():
    """Return the paths of all that ``sklearn_ae`` adds to what scikit-learn brings."""
    paths = []
    for name in sklearn_ae.__all__:
        public = getattr(sklearn_ae, name)
        if not inspect.isclass(public):
            continue
        paths.append(f"sklearn_ae.{name}")
        for base in public.__mro__:
            if base.__module__.split(".")[0] == "sklearn_ae":
                members = [member for member in vars(base) if not member.startswith("_")]
                paths += [f"sklearn_ae.{name}.{member}" for member in members]
    return sorted(set(paths))


def test_public_objects_are_ours():
    paths = public_objects()
    assert "sklearn_ae.ConvergenceError" in paths
    assert "sklearn_ae.DenoisingAutoencoder.net_" in paths
    assert "sklearn_ae.VariationalAutoencoder.fit" in paths
    assert "sklearn_ae.VariationalAutoencoder.get_params" not in paths


@pytest.mark.parametrize("path", public_objects())
def test_numpydoc_finds_nothing(path):
    validate = pytest.importorskip("numpydoc.validate").validate
    is_estimator = path.removeprefix("sklearn_ae.") in {
        kind.__name__ for kind in ESTIMATORS
    }
    left_out = {} if is_estimator else LEFT_OUT
    found = validate(path)["errors"]
    assert [told for told in found if told[0] not in left_out] == []
