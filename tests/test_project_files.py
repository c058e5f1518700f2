"""Files that repeat what pyproject.toml says, say the same."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest

import sklearn_ae

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NAMES_OF_PIP = {"pytorch": "torch", "matplotlib-base": "matplotlib"}
EXTRAS_OF_USERS = ("pandas", "plot", "progress", "export", "onnx", "scale")

in_repository = pytest.mark.skipif(
    not (ROOT / ".ci").exists(), reason="dot folders are not in the source distribution"
)


def by_name(requirements):
    """Return {name: lower bound} of requirements such as "numpy>=2.0"."""
    pattern = r"([\w-]+)(?:\[\w+\])? ?>=([\d.]+)"
    return dict(re.fullmatch(pattern, told).groups() for told in requirements)


def recipe():
    """Return the text of the conda recipe, its variables filled in."""
    text = (ROOT / ".conda" / "recipe.yaml").read_text("utf-8")
    for name, value in re.findall(r'^  (\w+): "(.+)"$', text, re.MULTILINE)[:2]:
        text = text.replace(f"${{{{ {name} }}}}", value)
    return text


def listed(text, key):
    """Return the list under ``key`` of a recipe, without comments, by pip's names."""
    (block,) = re.findall(rf"^  {key}:\n((?:    - .+\n|  +#.+\n)+)", text, re.MULTILINE)
    told = by_name(re.findall(r"^    - ([^#\n]+?) *(?:#.*)?$", block, re.MULTILINE))
    return {NAMES_OF_PIP.get(name, name): bound for name, bound in told.items()}


def extra(name):
    """Return the requirements of an extra, and of the extras that it names."""
    found = []
    for requirement in PROJECT["optional-dependencies"][name]:
        others = re.fullmatch(rf"{PROJECT['name']}\[(.+)\]", requirement)
        found += (
            [r for o in others[1].split(",") for r in extra(o)] if others else [requirement]
        )
    return found


def pins(name):
    """Return {package: version} of a file of constraints."""
    text = (ROOT / ".ci" / name).read_text("utf-8")
    return dict(re.findall(r"^([\w-]+)==([\w.]+)$", text, re.MULTILINE))


@in_repository
def test_conda_installs_what_pip_installs():
    run = listed(recipe(), "run")
    assert run.pop("python") == PROJECT["requires-python"].removeprefix(">=")
    assert run == by_name(PROJECT["dependencies"])


@in_repository
def test_conda_constrains_the_extras_of_users():
    extras = PROJECT["optional-dependencies"]
    told = [requirement for name in EXTRAS_OF_USERS for requirement in extras[name]]
    assert listed(recipe(), "run_constraints") == by_name(told)


def test_the_extra_for_bars_brings_what_rich_needs_in_a_notebook():
    pytest.importorskip("rich")
    needs = " ".join(r for r in requires("rich") if r.startswith("ipywidgets"))
    (name,) = re.findall(r"""extra == ['"](\w+)['"]""", needs)
    assert [f"rich[{name}]"] == [r.partition(">=")[0] for r in extra("progress")]


@in_repository
def test_a_bound_that_differs_is_found():
    older = recipe().replace("numpy >=2.0", "numpy >=1.26")
    assert listed(older, "run") != listed(recipe(), "run")


@in_repository
def test_conda_describes_the_same_package():
    text = recipe()
    assert f"  name: {PROJECT['name']}\n" in text
    assert f"  version: {sklearn_ae.__version__}\n" in text
    assert f'  summary: "{PROJECT["description"]}"\n' in text
    assert f"  license: {PROJECT['license']}\n" in text
    assert f"  repository: {PROJECT['urls']['Source']}\n" in text


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="needs the docs")
def test_citation_names_this_version():
    told = (ROOT / "docs" / "CITATION.cff").read_text("utf-8").splitlines()
    assert f"version: {sklearn_ae.__version__}" in told
    assert f"license: {PROJECT['license']}" in told
    assert [f"  - {word}" for word in PROJECT["keywords"]] == told[
        told.index("keywords:") + 1 :
    ][: len(PROJECT["keywords"])]


@in_repository
def test_the_oldest_versions_are_the_lower_bounds():
    oldest = pins("constraints-oldest.txt")
    bounds = by_name(PROJECT["dependencies"] + extra("test"))
    # One build of torch for all machines; CI puts the bound in its place.
    assert oldest.pop("torch") == pins("constraints.txt")["torch"]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    assert f"torch=={bounds.pop('torch')}.0/" in workflow
    for name, bound in bounds.items():
        assert f"{oldest[name]}.".startswith(f"{bound}."), name


@in_repository
def test_what_the_tests_install_is_pinned():
    bounds = by_name(PROJECT["dependencies"] + extra("test"))
    assert set(bounds) <= set(pins("constraints.txt"))


@in_repository
def test_every_python_with_a_classifier_is_tested():
    told = re.findall(r":: Python :: (3\.\d+)$", "\n".join(PROJECT["classifiers"]), re.M)
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    (tested,) = re.findall(r"^        python-version: \[(.+)\]$", workflow, re.MULTILINE)
    assert tested == ", ".join(f'"{version}"' for version in told)


def test_the_lower_bound_of_torch_is_past_its_known_faults():
    """CVE-2026-24747 and CVE-2025-32434: files that torch.load took for harmless."""
    bound = by_name(PROJECT["dependencies"])["torch"]
    assert tuple(map(int, bound.split("."))) >= (2, 10)
    assert f"torch {bound}" in (ROOT / "docs" / "security.md").read_text("utf-8")


def test_warnings_fail_the_tests():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
    first, *others = settings["ini_options"]["filterwarnings"]
    assert first == "error"
    # What is left out is told by its text: never a whole class of warnings.
    assert all(re.fullmatch(r"ignore:[^:]+", other) for other in others)
