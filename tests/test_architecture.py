"""The house plan of docs/architecture.md, held by reading the imports."""

import ast
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import sklearn_ae

PACKAGE = Path(sklearn_ae.__file__).parent

# What each room may import; an estimator's file imports no other estimator.
ESTIMATORS = {"_autoencoder", "_denoising", "_variational"}
FLOOR_0 = {
    "nn",
    "_columns",
    "_linear",
    "_code_density",
    "_architecture",
    "_validation",
    "_version",
}
ROOMS = {
    "nn": {"torch"},
    "_columns": {"numpy", "scipy", "sklearn"},
    "_linear": {"numpy", "scipy", "sklearn"},
    "_code_density": {"numpy", "scipy", "sklearn"},
    "_callbacks": {"sklearn", "skorch"},
    "_html": {"sklearn"},
    "_start": {"numpy", "sklearn_ae._linear"},
    "_architecture": {"numpy"},
    "_validation": {"numpy", "sklearn"},
    "_version": set(),
    "_training": {"torch", "skorch", "numpy", "sklearn_ae.nn"},
    "_fitted_network": {"numpy", "sklearn", "sklearn_ae._training", "sklearn_ae._columns"},
    "_base": {
        "numpy",
        "sklearn",
        "sklearn_ae._callbacks",
        "sklearn_ae._html",
        "sklearn_ae._training",
        "sklearn_ae._fitted_network",
        "sklearn_ae._start",
        *(f"sklearn_ae.{room}" for room in FLOOR_0),
    },
    "_autoencoder": {"sklearn_ae._base", "sklearn_ae._validation", "sklearn_ae.nn"},
    "_denoising": {
        "numpy",
        "sklearn",
        "sklearn_ae._base",
        "sklearn_ae._callbacks",
        "sklearn_ae._validation",
        "sklearn_ae.nn",
    },
    "_variational": {
        "numpy",
        "sklearn",
        "sklearn_ae._architecture",
        "sklearn_ae._base",
        "sklearn_ae._linear",
        "sklearn_ae._start",
        "sklearn_ae._validation",
        "sklearn_ae.nn",
    },
    "_displays": {"numpy", "sklearn", "matplotlib", "sklearn_ae._validation"},
    "__init__": {
        "sklearn_ae." + room for room in ESTIMATORS | {"_displays", "_training", "_version"}
    },
    "__main__": {"numpy", "sklearn", "torch", "sklearn_ae"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path):
    """Yield the absolute dotted names that a file imports, the standard library's too."""
    package = ("sklearn_ae", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_under(name, allowed):
    return name == allowed or name.startswith(allowed + ".")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_below(path):
    room = room_of(path)
    own = "sklearn_ae" if room.startswith("__init__") else f"sklearn_ae.{room}"
    for name in imports_of(path):
        if name.split(".")[0] in sys.stdlib_module_names:
            continue
        allowed = ROOMS[room] | ({own} if path.parent != PACKAGE else set())
        assert any(is_under(name, entry) for entry in allowed), f"{room} imports {name}"


def test_every_room_is_on_the_plan():
    assert {room_of(path) for path in FILES} == set(ROOMS)


def test_arrays_become_tensors_in_one_file():
    pattern = re.compile(r"\b(torch\.(tensor|as_tensor|from_numpy)\(|\.numpy\(\))")
    found = {path.name for path in FILES if pattern.search(_code(path))}
    assert found == {"_trainer.py"}


def test_private_names_of_scikit_learn_pass_one_door():
    found = {
        path.name
        for path in FILES
        for name in imports_of(path)
        if name.startswith("sklearn.") and re.search(r"\._", name)
    }
    assert found == {"_validation.py"}


def test_hooks_of_scikit_learn_have_a_file_each():
    files = {
        r"_skl_callbacks|_init_callback_context": "_callbacks.py",
        r"_repr_html_inner|_repr_mimebundle_|_doc_link": "_html.py",
    }
    for pattern, file in files.items():
        assert {path.name for path in FILES if re.search(pattern, _code(path))} == {file}


def test_nothing_global_is_seeded():
    pattern = re.compile(r"torch\.manual_seed|np\.random\.seed|random\.seed")
    # Lent, and put back, to parts of the user's own.
    assert {path.name for path in FILES if pattern.search(_code(path))} == {"_device.py"}


def _code(path):
    """Return the source without docstrings and comments."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
    return ast.unparse(tree)


def test_all_is_sorted_and_true():
    for path in FILES:
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                assert set(ast.literal_eval(node.value)) <= set(_top_level_names(tree)), (
                    path
                )
    assert sorted(sklearn_ae.__all__) == [
        "AutoencoderTransformer",
        "CodeDisplay",
        "CodePlaneDisplay",
        "ConvergenceError",
        "DenoisingAutoencoder",
        "LossCurveDisplay",
        "ReconstructionDisplay",
        "VariationalAutoencoder",
        "__version__",
    ]


def _top_level_names(tree):
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (
                target.id for target in node.targets if isinstance(target, ast.Name)
            )
        elif isinstance(node, ast.AnnAssign):
            yield node.target.id
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Try):
            yield from _top_level_names(node)


def test_classes_are_abstract_or_final():
    from sklearn_ae._base import BaseAutoencoder

    assert BaseAutoencoder.__abstractmethods__
    for kind in BaseAutoencoder.__subclasses__():
        if kind.__module__.startswith("sklearn_ae"):
            assert not kind.__abstractmethods__
            assert not [sub for sub in kind.__subclasses__() if "sklearn_ae" in str(sub)]


def test_importing_is_cheap():
    """The package brings nothing of weight beside torch, skorch and scikit-learn."""
    program = """
        import sys, torch, skorch, sklearn.decomposition, sklearn.metrics
        before = set(sys.modules)
        import sklearn_ae
        print(*{name.split(".")[0] for name in set(sys.modules) - before})
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"matplotlib", "pandas", "torch"} & set(run.stdout.split())
