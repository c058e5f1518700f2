"""The house plan of docs/architecture.md, held by reading the imports."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import sklearn_ae
from sklearn_ae._fit import Fit
from sklearn_ae._fitted import Fitted
from sklearn_ae._objectives import Objective, Reconstruction
from sklearn_ae._plan import Architecture, Plan, make_plan
from sklearn_ae._training import Recipe

PACKAGE = Path(sklearn_ae.__file__).parent

# What each room may import; an estimator's file imports no other estimator.
ESTIMATORS = {"_autoencoder", "_denoising", "_variational"}
LIBRARIES = {"numpy", "scipy", "sklearn"}
FLOOR_0 = {"sklearn_ae._columns", "sklearn_ae._linear", "sklearn_ae._code_density"}
FLOOR_1 = {"sklearn_ae._training", "sklearn_ae.nn"}
FLOOR_2 = {
    f"sklearn_ae.{room}"
    for room in (
        "_data_checks",
        "_plan_tables",
        "_plan",
        "_fit_cases",
        "_head",
        "_scores",
        "_fit",
        "_fitted",
        "_objectives",
        "_sizes",
        "_truncate",
        "_chunk",
        "_stream",
        "_plain",
    )
}
FLOOR_3 = {
    f"sklearn_ae.{room}"
    for room in (
        *("_base", "_exporting", "_loadings", "_streaming"),
        *("_sklearn", "_types", "_version"),
    )
}
ROOMS = {
    "nn": {"torch"},
    "_numpy": {"numpy"},
    "_columns": LIBRARIES | {"pandas", "polars", "sklearn_ae._numpy"},
    "_linear": LIBRARIES | {"sklearn_ae._columns"},
    "_code_density": LIBRARIES,
    "_version": set(),
    "_types": {"numpy", "torch", "sklearn_ae.nn"},
    "_training": {"torch", "skorch", "numpy", "sklearn_ae.nn"},
    "_objectives": {"numpy", *FLOOR_0, *FLOOR_1},
    "_data_checks": {"numpy", *FLOOR_0, *FLOOR_1},
    "_plan": {"numpy", *FLOOR_0, *FLOOR_1, *FLOOR_2},
    "_fitted": {"numpy", *FLOOR_0, *FLOOR_1, *FLOOR_2},
    "_plan_tables": {"numpy", *FLOOR_0, *FLOOR_1, *FLOOR_2},
    "_scores": {"numpy", "sklearn", *FLOOR_0, *FLOOR_1, *FLOOR_2},
    "_fit_cases": {"numpy", *FLOOR_0, *FLOOR_1, *FLOOR_2},
    "_head": {"numpy", *FLOOR_0, *FLOOR_1, *FLOOR_2},
    "_fit": {"numpy", *FLOOR_0, *FLOOR_1, *FLOOR_2},
    "_truncate": {"numpy", *FLOOR_0, *FLOOR_1, *FLOOR_2},
    "_sizes": {"numpy", "sklearn", *FLOOR_0, *FLOOR_1, *FLOOR_2},
    "_chunk": {"numpy", *FLOOR_0, *FLOOR_1, *FLOOR_2},
    "_stream": {"numpy", *FLOOR_0, *FLOOR_1, *FLOOR_2},
    "_plain": {
        *("numpy", "sklearn_ae._plain_frames"),
        *(*FLOOR_0, *FLOOR_1, *FLOOR_2),
    },
    "_plain_frames": {"numpy", "pandas", "polars", "pyarrow", "sklearn_ae._numpy"},
    "_plain_types": {"numpy"},
    "_sklearn": {
        *("numpy", "sklearn", "sklearn_ae._types", "sklearn_ae._version"),
        *FLOOR_0,
        *FLOOR_1,
    },
    "_loadings": {*LIBRARIES, *FLOOR_2, *FLOOR_3},
    "_streaming": {"numpy", "sklearn", *FLOOR_0, *FLOOR_1, *FLOOR_2, *FLOOR_3},
    "_base": {"numpy", "sklearn", *FLOOR_0, *FLOOR_1, *FLOOR_2, *FLOOR_3},
    **{
        name: {"numpy", "sklearn", *FLOOR_0, *FLOOR_1, *FLOOR_2, *FLOOR_3}
        for name in ESTIMATORS
    },
    "_exporting": {"sklearn", "sklearn_ae._export", "sklearn_ae._numpy", *FLOOR_2},
    "_export": {
        *("numpy", "safetensors", "sklearn", "torch", "sklearn_ae._plain_types"),
        *("onnx", "skl2onnx", "sklearn_ae._numpy"),
        *(*FLOOR_0, *FLOOR_2, *FLOOR_3),
        *(f"sklearn_ae.{name}" for name in ESTIMATORS),
    },
    "_displays": {"numpy", "sklearn", "matplotlib", "sklearn_ae._sklearn"},
    # All other names of the package are imported when they are used.
    "__init__": {"sklearn_ae._version"},
    "_demo": LIBRARIES
    | {"joblib", "matplotlib", "pandas", "torch"}
    | {"sklearn_ae.AutoencoderTransformer", "sklearn_ae.CodeDisplay"},
    "__main__": {"sklearn_ae._demo"},
}
BELOW_ESTIMATORS = {
    "nn",
    "_columns",
    "_linear",
    "_code_density",
    "_training",
    "_objectives",
    "_data_checks",
    "_plan",
    "_plan_tables",
    "_fit_cases",
    "_head",
    "_scores",
    "_fit",
    "_fitted",
    "_sizes",
    "_truncate",
    "_chunk",
    "_stream",
    "_plain",
    "_plain_frames",
    "_plain_types",
}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path):
    """Yield the absolute dotted names that a file imports, the standard library's too.

    What stands under TYPE_CHECKING is for readers of annotations and is not imported.
    """
    package = ("sklearn_ae", *path.relative_to(PACKAGE).parent.parts)
    for node in _run_nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _run_nodes(tree):
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _run_nodes(child)


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
    # In nn, which knows no arrays, tensors are made of plain numbers.
    files = [path for path in FILES if room_of(path) != "nn"]
    found = {path.name for path in files if pattern.search(_code(path))}
    assert found == {"_tensors.py"}


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
    assert not {path.name for path in FILES if pattern.search(_code(path))}
    # Lent, and put back, to parts of the user's own.
    lends = {path.name for path in FILES if "default_generator" in _code(path)}
    assert lends == {"_user_code.py"}


def _calls(tree):
    """Yield the names that a source calls, in full: "np.load", "eval"."""
    origin = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = ((part.asname or part.name, part.name) for part in node.names)
            origin |= {here: f"{node.module}.{there}" for here, there in names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            yield origin.get(name, name)


RUNS_CODE = re.compile(
    r"(builtins\.)?(eval|exec|compile|__import__)|torch\.(load|jit\.load|hub\.load)|"
    r"(cloud|_)?pickle\.(loads?|Unpickler)|(joblib|dill|marshal|shelve)\.(loads?|open)|"
    r"(pd|pandas)\.read_pickle"
)


def test_no_file_and_no_text_is_run_as_code():
    found = {
        (path.name, name)
        for path in FILES
        for name in _calls(ast.parse(path.read_text()))
        if RUNS_CODE.fullmatch(name)
    }
    assert not found
    assert not {path.name for path in FILES if "allow_pickle=True" in _code(path)}


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "exec(text)",
        "torch.load(path)",
        "pickle.load(file)",
        "from pickle import loads as read\nread(raw)",
        "from joblib import load\nload(path)",
    ],
)
def test_what_runs_code_is_found(source):
    assert any(RUNS_CODE.fullmatch(name) for name in _calls(ast.parse(source)))
    assert not any(
        map(RUNS_CODE.fullmatch, _calls(ast.parse("network.eval(); np.load(a)")))
    )


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
        "DominantColumnWarning",
        "LoadingsDisplay",
        "LossCurveDisplay",
        "NumpyAutoencoder",
        "ReconstructionDisplay",
        "ScreeDisplay",
        "SharedTrainingError",
        "VariationalAutoencoder",
        "__version__",
        "load",
        "register_onnx",
        "shared_training",
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
        elif isinstance(node, ast.Try | ast.If):
            yield from _top_level_names(node)


PARAMETERS_OF_FIT = ("estimator", "est", "self_", "transformer")


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if room_of(path) in BELOW_ESTIMATORS],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_nothing_below_them_is_given_an_estimator(path):
    """Not by the name of a parameter, and not by its annotation."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    assert argument.arg not in PARAMETERS_OF_FIT, node.name
                    annotation = argument.annotation and ast.unparse(argument.annotation)
                    assert not re.search("Estimator|BaseAutoencoder", str(annotation))


def test_a_fit_runs_on_settings_that_are_no_estimator():
    X = np.random.RandomState(0).normal(size=(80, 5))
    settings = {"n_components": 2, "hidden_layer_sizes": (8,), "max_iter": 3}
    estimator = sklearn_ae.AutoencoderTransformer(**settings, random_state=0)
    stand_in = SimpleNamespace(**estimator.get_params())
    plan = make_plan(stand_in, Reconstruction(), X, None, None)
    fitted = Fit(plan, X, None, np.random.RandomState(0)).run()
    np.testing.assert_array_equal(fitted.encode(X), estimator.fit_transform(X))


def classes_of_the_package():
    for module in pkgutil.walk_packages([str(PACKAGE)], "sklearn_ae."):
        if not module.name.endswith("__main__"):
            for _, kind in inspect.getmembers(importlib.import_module(module.name)):
                if isinstance(kind, type) and kind.__module__ == module.name:
                    yield kind


@pytest.mark.parametrize("kind", sorted(set(classes_of_the_package()), key=str), ids=str)
def test_implemented_methods_are_not_overridden(kind):
    for base in kind.__mro__[1:]:
        if base.__module__.startswith("sklearn_ae"):
            for name, own in vars(kind).items():
                theirs = vars(base).get(name)
                is_method = inspect.isfunction(theirs) or isinstance(theirs, property)
                if is_method and not name.startswith("__"):
                    assert getattr(theirs, "__isabstractmethod__", False), (base, name)
                    assert own is not theirs


def test_what_is_planned_and_fitted_is_frozen():
    for kind in (Plan, Architecture, Fitted, Recipe, *Objective.__subclasses__()):
        assert kind.__dataclass_params__.frozen


def test_files_classes_and_functions_are_of_a_size_to_be_read():
    estimators = {f"{name}.py" for name in ESTIMATORS}
    for path in FILES:
        text = path.read_text()
        assert path.name in estimators or text.count("\n") <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name != "__init__":
                assert _n_lines_of_code(node) <= 40, (path.name, node.name)
            if isinstance(node, ast.ClassDef) and path.name not in estimators | {
                "_base.py"
            }:
                methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
                assert len(methods) <= 15, (path.name, node.name)


def _n_lines_of_code(function):
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_classes_are_abstract_or_final():
    from sklearn_ae._base import BaseAutoencoder

    assert BaseAutoencoder.__abstractmethods__
    for kind in BaseAutoencoder.__subclasses__():
        if kind.__module__.startswith("sklearn_ae"):
            assert not kind.__abstractmethods__
            assert not [sub for sub in kind.__subclasses__() if "sklearn_ae" in str(sub)]


def new_modules(program):
    """Return the modules that the statement ``program`` imports beside torch's."""
    program = f"""
        import sys, torch, sklearn
        before = set(sys.modules)
        {program}
        print(*set(sys.modules) - before)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


def test_importing_is_cheap():
    """What takes long to import comes with the first use of it."""
    found = new_modules("from sklearn_ae import AutoencoderTransformer")
    assert "sklearn.preprocessing" in found
    late = {
        "onnx",
        "skl2onnx",
        "skorch",
        "matplotlib",
        "pandas",
        "polars",
        "sklearn.metrics",
    }
    late |= {"sklearn.decomposition", "sklearn.linear_model", "sklearn.mixture"}
    assert not late & found


def test_the_package_alone_imports_none_of_its_rooms():
    rooms = {name for name in new_modules("import sklearn_ae") if "sklearn_ae" in name}
    assert rooms == {"sklearn_ae", "sklearn_ae._version"}


def test_names_imported_late_are_those_that_type_checkers_read():
    """The table of __getattr__ repeats the imports under TYPE_CHECKING."""
    (branch,) = [
        node
        for node in ast.parse((PACKAGE / "__init__.py").read_text()).body
        if isinstance(node, ast.If)
    ]
    told = {alias.name: "." + node.module for node in branch.body for alias in node.names}
    assert told == sklearn_ae._HOMES
    assert set(told) | {"__version__"} == set(sklearn_ae.__all__)


def test_public_names_are_found_and_no_others():
    assert set(sklearn_ae.__all__) <= set(dir(sklearn_ae))
    for name in sklearn_ae.__all__:
        assert getattr(sklearn_ae, name) is not None
    assert sklearn_ae.nn.Autoencoder
    with pytest.raises(AttributeError, match="has no attribute 'Autoencodr'"):
        sklearn_ae.Autoencodr  # noqa: B018
