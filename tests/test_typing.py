"""Type checkers accept what users write, and find their mistakes.

The checkers, mypy and pyright (of basedpyright), come with the extra ``dev``.
"""

import ast
import inspect
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

import pytest
from estimators import ESTIMATORS
from sklearn.utils._param_validation import StrOptions

import sklearn_ae
from sklearn_ae._sklearn._typed import Transformer

TESTS, PACKAGE = Path(__file__).parent, Path(sklearn_ae.__file__).parent
SCRIPT = TESTS / "typed" / "user_script.py"

# What stands in the script, and what a user could write in its place by mistake.
MISTAKES = {
    "scaling=None, max_iter=3": 'scaling=None, max_iter="ten"',
    ").fit(X)\n": ").fitt(X)\n",
    'loss="huber"': 'loss="mse2"',
    "batch_size=64": 'batch_size="64"',
    "codes: NDArray[np.floating]": "codes: list[str]",
    "score: float": "score: str",
    "ae.loss_curve_": "ae.loss_curves_",
    "noise=shifted": "noise=torch.nn.functional",
    "solver=solver": "solver=torch.nn.Linear",
    'print(dae.set_output(transform="polars")': 'print(dae.set_output("polars")',
    "dae.fit(X + 1, X_clean=X)": "ae.fit(X + 1, X_clean=X)",
    "encoder=None": 'encoder="linear"',
    "VariationalAutoencoder(2, hidden": 'VariationalAutoencoder("two", hidden',
    "vae.sample(5, random_state=0)": 'vae.sample("5", random_state=0)',
}


def errors_of_mypy(folder, about):
    """Return {(file, line)} of all errors that mypy reports in a folder."""
    # A cache that stays, for torch, whose types take half a minute to read; one for each
    # test, since tests may run at the same time.
    cache = TESTS.parent / ".mypy_cache" / about
    strict = ["--strict", "--disable-error-code=import-untyped", "--output=json"]
    told = run("mypy", *strict, "--config-file=", f"--cache-dir={cache}", ".", cwd=folder)
    found = [json.loads(line) for line in told.splitlines()]
    return {
        (entry["file"], entry["line"]) for entry in found if entry["severity"] == "error"
    }


def errors_of_pyright(folder, about):
    """Return {(file, line)} of all errors that pyright reports in a folder."""
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    python = f"--pythonpath={sys.executable}"
    told = json.loads(run("basedpyright", "--outputjson", python, cwd=folder))
    assert told["summary"]["filesAnalyzed"]
    return {
        (Path(entry["file"]).name, entry["range"]["start"]["line"] + 1)
        for entry in told["generalDiagnostics"]
        if entry["severity"] == "error"
    }


def run(checker, *arguments, cwd):
    """Return what a checker prints about a folder; the package counts as installed."""
    if find_spec(checker) is None:
        pytest.skip(f"needs {checker}")
    done = subprocess.run(
        [sys.executable, "-m", checker, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


CHECKERS = pytest.mark.parametrize("errors_of", [errors_of_mypy, errors_of_pyright])


@CHECKERS
def test_the_script_of_a_user_passes_and_each_mistake_is_found(errors_of, tmp_path):
    right = SCRIPT.read_text()
    (tmp_path / SCRIPT.name).write_text(right)
    planted = set()
    for i, (given, mistake) in enumerate(MISTAKES.items()):
        assert right.count(given) == 1, given
        (tmp_path / f"mistake_{i}.py").write_text(right.replace(given, mistake))
        planted.add((f"mistake_{i}.py", right[: right.index(given)].count("\n") + 1))
    assert errors_of(tmp_path, "script") == planted


@pytest.mark.filterwarnings("ignore:n_components=.+ leaves nothing out")
def test_the_script_runs(bent):
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    runpy.run_path(SCRIPT)["main"](bent)


TYPED_SCIKIT_LEARN = """
class BaseEstimator: ...
class TransformerMixin: ...
"""


@CHECKERS
def test_estimators_are_those_of_a_scikit_learn_that_has_types(errors_of, tmp_path):
    stub = PACKAGE / "_sklearn" / "_typed.pyi"
    (tmp_path / "ours.pyi").write_text(stub.read_text())
    (tmp_path / "sklearn").mkdir()
    (tmp_path / "sklearn" / "__init__.pyi").touch()
    (tmp_path / "sklearn" / "base.pyi").write_text(TYPED_SCIKIT_LEARN)
    (tmp_path / "script.py").write_text(
        "from ours import Transformer\n"
        "from sklearn.base import BaseEstimator\n"
        "estimator: BaseEstimator = Transformer()\n"
        "number: BaseEstimator = 1\n"
    )
    found = errors_of(tmp_path, "typed")
    assert {told for told in found if told[0] == "script.py"} == {("script.py", 4)}


def alternatives(hint):
    """Return the members of a union, or the type itself."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


@pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)
def test_types_of_parameters_are_their_constraints(kind):
    hints = get_type_hints(kind.__init__)
    assert set(hints) == set(kind._parameter_constraints)
    for name, constraints in kind._parameter_constraints.items():
        parts = alternatives(hints[name])
        origins = [get_origin(part) for part in parts]
        literals = [get_args(part) for part in parts if get_origin(part) is Literal]
        named = [one.options for one in constraints if isinstance(one, StrOptions)]
        assert set().union(*literals) == set().union(*named), name
        takes_none = None in constraints or "random_state" in constraints
        assert (NoneType in parts) == takes_none, name
        assert (Callable in origins) == (callable in constraints), name
        assert (type in origins) == (type in constraints), name


def public_functions():
    """Yield the public functions of public classes that this package defines."""
    for kind in (getattr(sklearn_ae, public) for public in sklearn_ae.__all__):
        for name, member in inspect.getmembers(kind, callable):
            is_ours = str(getattr(member, "__module__", None)).startswith("sklearn_ae")
            if is_ours and (name == "__init__" or not name.startswith("_")):
                yield pytest.param(member, id=f"{kind.__name__}.{name}")


@pytest.mark.parametrize("function", list(public_functions()))
def test_every_parameter_and_result_has_a_type(function):
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.name != "self"]
    assert not [one.name for one in own if one.annotation is one.empty]
    if function.__name__ != "__init__":
        assert signature.return_annotation is not signature.empty


def methods_of_the_stub():
    """Return the names and parameters of what _typed.pyi says of scikit-learn."""
    tree = ast.parse((PACKAGE / "_sklearn" / "_typed.pyi").read_text())
    (kind,) = [node for node in tree.body if getattr(node, "name", "") == "Transformer"]
    methods = [node for node in kind.body if isinstance(node, ast.FunctionDef)]
    return [
        (node.name, {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)})
        for node in methods
    ]


@pytest.mark.parametrize(("name", "parameters"), methods_of_the_stub())
def test_scikit_learn_has_what_the_stub_says(name, parameters):
    if name == "set_callbacks" and not hasattr(Transformer, name):
        pytest.skip("needs scikit-learn 1.9")
    theirs = inspect.signature(getattr(Transformer, name)).parameters
    assert parameters - {"self"} == set(theirs) - {"self"}
