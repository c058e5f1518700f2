"""What docs/reliability.md promises and no other file holds, and that its tests exist."""

import ast
import random
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS
from sklearn.base import clone
from skorch.callbacks import Callback

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reliability.md"


def test_every_test_that_the_page_names_is_there():
    named = re.findall(r"`tests/([\w/]+\.py)::(\w+)`", PAGE.read_text("utf-8"))
    assert len(named) > 60
    # Each mention counts, so that none is passed over for the way it is written.
    assert len(named) == PAGE.read_text("utf-8").count("::test_")
    for file in sorted({file for file, _ in named}):
        tree = ast.parse((TESTS / file).read_text("utf-8"))
        there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        missing = {name for path, name in named if path == file} - there
        assert not missing, f"docs/reliability.md names tests that {file} has not"


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_constructor_keeps_what_it_is_given_and_does_nothing_else(kind):
    given = {name: object() for name in kind().get_params()}
    torch.manual_seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    made = kind(**given)
    assert all(getattr(made, name) is value for name, value in given.items())
    assert vars(made).keys() == given.keys()
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert random.getstate() == before[2]


class Renaming(Callback):
    """Has no attribute of the name of its argument, which scikit-learn's clone expects."""

    def __init__(self, limit):
        self.most = limit


def test_a_callback_that_renames_its_arguments_is_cloned(quick, bent):
    estimator = clone(quick(callbacks=[Renaming(3)], max_iter=2))
    assert estimator.callbacks[0].most == 3
    assert np.isfinite(estimator.fit(bent).score(bent))
    assert estimator.get_params().keys() == quick().get_params().keys()


def test_new_parameters_of_a_fitted_estimator_print_nothing(quick, bent, capsys):
    fitted = quick(verbose=1, max_iter=2).fit(bent)
    codes = fitted.transform(bent)
    assert capsys.readouterr().out  # of the fit
    fitted.set_params(n_components=1, hidden_layer_sizes=(4,), verbose=2)
    np.testing.assert_array_equal(fitted.transform(bent), codes)
    assert capsys.readouterr() == ("", "")


def test_numbers_that_float32_cannot_hold_keep_their_digits(quick):
    rng = np.random.RandomState(0)
    counts = 2**24 + rng.randint(0, 3, size=(80, 3))  # float32 has every second of these
    small = counts - 2.0**24
    found = quick().fit(counts).reconstruct(counts) - 2.0**24
    np.testing.assert_allclose(found, quick().fit(small).reconstruct(small), atol=1e-4)
    X = rng.normal(size=(80, 4))
    score = quick().fit(X).score(X)
    for size in (1e-46, 1e39):  # 0 and infinity as float32
        assert quick().fit(X * size).score(X * size) == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [(np.int8, -100, 100), (np.uint8, 0, 255), (np.float16, -6e4, 6e4)],
)
def test_differences_of_narrow_numbers_do_not_overflow(quick, dtype, low, high):
    X = np.random.RandomState(0).choice([low, high], size=(80, 4)).astype(dtype)
    wide = X.astype(np.float64)
    fitted, expected = quick().fit(X), quick().fit(wide)
    np.testing.assert_allclose(fitted.mean_, wide.mean(0))
    np.testing.assert_allclose(fitted.transform(X), expected.transform(wide), rtol=1e-6)


@pytest.mark.parametrize(
    "write", [lambda X: X.astype(str), lambda X: X.astype("U").tolist()]
)
def test_arrays_of_numbers_written_as_text_are_numbers(quick, bent, write):
    X = np.round(bent, 2)
    np.testing.assert_array_equal(
        quick().fit(write(X)).transform(write(X)), quick().fit(X).transform(X)
    )


def test_frames_of_pandas_share_memory_that_must_not_be_written(quick, bent):
    pd = pytest.importorskip("pandas")
    df = pd.DataFrame((bent - 3).astype(np.float32), columns=list("abcd"))
    before = df.copy(deep=True)

    def overwriting(n_in, n_out):
        return torch.nn.Sequential(
            torch.nn.ReLU(inplace=True), torch.nn.Linear(n_in, n_out)
        )

    fitted = quick(encoder=overwriting, scaling=None, init="random").fit(df)
    fitted.transform(df)
    fitted.reconstruct(df)
    pd.testing.assert_frame_equal(df, before)
