"""What the README shows is true: the code runs, the tree is the tree, the commands work."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"))
def test_code_runs(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    # A comment behind a print tells what it prints.
    told = re.findall(r"^print\(.*\)\s+# (.+)$", code, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == told


def test_there_is_code():
    assert len(blocks("python")) >= 1


def test_the_tree_is_the_tree():
    (tree,) = [block for block in blocks("text") if "sklearn_ae/" in block]
    told = set(re.findall(r"(\w+\.py)\b", tree))
    files = {path.name for path in (ROOT / "sklearn_ae").rglob("*.py")}
    assert told | {"__init__.py"} == files
    for line in tree.splitlines():
        assert re.search(r"\S {2,}\S", line) or line.endswith("/"), f"no comment: {line}"


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
