"""What the README shows is true: the code runs, figures are measured, the commands work."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
NUMBER = re.compile(r"\d+\.\d+")


def blocks(language, text=README):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"))
def test_code_runs(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    # Comments at the end say what is printed; processors differ in the last digit.
    said = [line[2:] for line in code.splitlines() if line.startswith("# ")]
    printed = capsys.readouterr().out.splitlines()
    for of_comment, of_code in zip(said, printed, strict=True):
        assert NUMBER.sub("", of_comment) == NUMBER.sub("", of_code)
        numbers = [[*map(float, NUMBER.findall(line))] for line in (of_comment, of_code)]
        assert numbers[0] == pytest.approx(numbers[1], abs=0.015)


def test_there_is_code():
    assert len(blocks("python")) >= 1


def test_the_tree_is_the_tree():
    page = (ROOT / "docs" / "architecture.md").read_text()
    (tree,) = [block for block in blocks("text", page) if "sklearn_ae/\n" in block]
    told = set(re.findall(r"(\w+\.py)\b", tree))
    files = {path.name for path in (ROOT / "sklearn_ae").rglob("*.py")}
    assert told | {"__init__.py"} == files
    for line in tree.splitlines():
        assert re.search(r"\S {2,}\S", line) or line.endswith("/"), f"no comment: {line}"


def rows_of(text):
    """Yield name, number of components, and figures of lines such as "name (10 x 2) | 8 |".

    A name that is left out is that of the line before.
    """
    name = None
    for line in re.findall(r"^\|(.* \| \d+ \| .*\d\**) \|$", text, re.M):
        first, n_components, *figures = (cell.strip() for cell in line.split("|"))
        name = first.partition(" (")[0].lower() or name
        yield name, n_components, NUMBER.findall(" ".join(figures))


@pytest.mark.parametrize(
    ("page", "n_rows"), [("README.md", 8), ("docs/user_guide/code_size.md", 9)]
)
def test_figures_are_those_of_the_benchmark(page, n_rows):
    log = (ROOT / "benchmarks" / "README.md").read_text().replace("_", " ").lower()
    short = {"covertype": "covertype 20k", "speech": "pd speech"}
    short["gas sensors"] = "gas sensor drift"
    found = 0
    for name, n_components, figures in rows_of((ROOT / page).read_text()):
        if len(figures) != 2:  # of another table
            continue
        start = rf"^\| {short.get(name, name)} \| {n_components} \| {figures[0]} \|"
        assert re.search(rf"{start}( [-\d.]+ \|)* {figures[1]} \|", log, re.M), name
        found += 1
    assert found == n_rows


def test_two_commands():
    found = re.findall(r"^python -m pip install -c \.ci/constraints\.txt .*$", README, re.M)
    assert found == [
        "python -m pip install -c .ci/constraints.txt . && python -m sklearn_ae",
        'python -m pip install -c .ci/constraints.txt ".[test]" && python -m pytest',
    ]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="is about the repository")
def test_no_file_is_stray():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    allowed = {"pyproject.toml", "README.md", "LICENSE", "sklearn_ae", "tests"}
    allowed |= {"docs", "benchmarks", "noxfile.py"}
    assert {name for name in top if not name.startswith(".")} <= allowed
