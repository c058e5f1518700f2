"""The site hangs together: pages are reachable, links lead somewhere, snippets run."""

import os
import re
from pathlib import Path

import pytest

import sklearn_ae

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BUILT = ("_build", "auto_gallery", "generated")
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if not set(BUILT) & set(path.relative_to(DOCS).parts)
)
LINKING = [*PAGES, ROOT / "README.md", ROOT / "benchmarks" / "README.md"]


def fenced(text, opening):
    """Return the bodies of the code blocks that open with ``opening``."""
    return re.findall(
        rf"^```{re.escape(opening)}\n(.*?)^```", text, re.MULTILINE | re.DOTALL
    )


def toctree(page):
    """Return the files that the toctrees of a page name, the gallery's aside."""
    entries = [
        entry.split("<")[-1].rstrip(">").strip()
        for block in fenced(page.read_text(), "{toctree}")
        for entry in block.splitlines()
        if entry.strip() and not entry.startswith(":")
    ]
    return [
        Path(os.path.normpath(page.parent / f"{entry}.md"))
        for entry in entries
        if entry.split("/")[0] not in BUILT
    ]


def test_every_page_is_reached_from_the_landing_page():
    reached, ahead = set(), [DOCS / "index.md"]
    while ahead:
        page = ahead.pop()
        assert page.exists(), f"a toctree names {page}, which is not there"
        assert page not in reached, f"two toctrees name {page}"
        reached.add(page)
        ahead += toctree(page)
    assert reached == set(PAGES)


def slugs(page):
    """Return the anchors of a page's headings, as MyST and GitHub make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,3} (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-") for name in headings}


@pytest.mark.parametrize("page", LINKING, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_are_there(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if set(BUILT) & set(Path(path).parts):
            continue  # Sphinx itself warns of these
        assert file.exists(), f"{page.name} points to {target}, which is not there"
        if anchor:
            assert anchor in slugs(file), f"{page.name} points to {target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_scripts_of_pictures_are_there(page):
    for script in re.findall(r"^\.\. plot:: (\S+)$", page.read_text(), re.MULTILINE):
        assert (DOCS / script).exists(), f"{page.name} shows {script}, which is not there"


def test_every_page_of_the_guide_has_a_picture():
    for page in (DOCS / "user_guide").glob("*.md"):
        pictures = re.findall(r"^\.\. plot:: |^!\[", page.read_text(), re.MULTILINE)
        assert pictures or page.stem == "index", page.name


def test_every_picture_has_a_text_in_its_place():
    for page in LINKING:
        assert "![](" not in page.read_text(), page.name
        for block in fenced(page.read_text(), "{eval-rst}"):
            plots = [part for part in block.split(".. ") if part.startswith("plot::")]
            assert all(":alt:" in plot for plot in plots), page.name


def test_every_public_name_is_on_the_api_page():
    blocks = fenced((DOCS / "api" / "index.md").read_text(), "{eval-rst}")
    listed = [name for block in blocks for name in re.findall(r"^   (\w+)$", block, re.M)]
    assert sorted(listed) == sorted(set(sklearn_ae.__all__) - {"__version__"})


def test_snippets_of_the_landing_page_run_one_after_the_other(capsys):
    code = "\n".join(fenced((DOCS / "index.md").read_text(), "python"))
    told = re.findall(r"^print\(.*\)\n# (.+)$", code, re.MULTILINE)
    exec(compile(code, "index.md", "exec"), {"__name__": "landing"})
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(told) >= 3
    for found, comment in zip(printed, told, strict=True):
        about = re.match(r"about (\d\.\d+)", comment)
        if about:
            assert float(found) == pytest.approx(float(about[1]), abs=0.03)
        else:
            assert found == comment
