#!/usr/bin/env python3
# /// script
# dependencies = ["nox"]
# ///
"""What CI runs, session by session, each in a virtual environment of its own."""

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "virtualenv"  # with pip, which knows the CPU build

CONSTRAINTS = ".ci/constraints.txt"
FORMS = ".github/ISSUE_TEMPLATE"
SCHEMAS = {
    "citation-file-format": ["docs/CITATION.cff"],
    "dependabot": [".github/dependabot.yml"],
    "github-issue-config": [f"{FORMS}/config.yml"],
    "github-issue-forms": [f"{FORMS}/bug.yml", f"{FORMS}/feature.yml"],
    "github-workflows": [".github/workflows/ci.yml", ".github/workflows/publish.yml"],
    "readthedocs": [".readthedocs.yaml"],
}


def install(session, *packages, constraints=CONSTRAINTS):
    """Install through the constraints, so that torch is the same build for all."""
    session.install("-c", constraints, *packages)


@nox.session
def tests(session):
    """Run the tests; arguments after "--" go to pytest."""
    install(session, "-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(default=False)
def oldest(session):
    """Run the tests with the oldest versions that are supported."""
    install(session, "-e", ".[test]", constraints=".ci/constraints-oldest.txt")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lint(session):
    """Check format and lint."""
    install(session, "ruff")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")


@nox.session
def types(session):
    """Check types, here and in what users write."""
    install(session, "-e", ".[test]", "basedpyright", "mypy")
    session.run("mypy")
    session.run("python", "-m", "pytest", "-q", "tests/test_typing.py")


@nox.session
def docs(session):
    """Run the examples of the pages, and build the pages; no warning passes."""
    install(session, "-e", ".[docs]")
    session.run("python", "-m", "pytest", "-q", "docs", "--doctest-glob=*.md")
    built = "docs/_build/html"
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "-b", "html", "docs", built)


@nox.session
def build(session):
    """Build the source distribution and the wheel into dist/, and check both."""
    install(session, "build", "pyroma", "twine")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    built = sorted(str(path) for path in Path("dist").iterdir())
    session.run("twine", "check", "--strict", *built)
    sdist = next(path for path in built if path.endswith(".tar.gz"))
    session.run("pyroma", "--min=10", "--skip-tests=AuthorEmail", sdist)


@nox.session
def project(session):
    """Check the files around the code: workflows, forms, settings, how to cite."""
    install(session, "check-jsonschema", "sp-repo-review[cli]", "zizmor")
    for schema, paths in SCHEMAS.items():
        session.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *paths)
    session.run("zizmor", "--offline", ".github")
    session.run("repo-review", ".")


if __name__ == "__main__":
    nox.main()
