"""What all tests share: one torch thread, scikit-learn's full checks, small data."""

import os

os.environ["SCIPY_ARRAY_API"] = "1"  # before scipy: else one common check is skipped
os.environ.setdefault("MPLBACKEND", "agg")  # displays are drawn without a screen

from importlib.util import find_spec

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS
from sklearn.datasets import load_digits

torch.set_num_threads(1)


def pytest_collection_modifyitems(items):
    """Leave examples out whose extra is not installed."""
    needs = {"_displays": "matplotlib", "to_onnx": "onnx", "register_onnx": "skl2onnx"}
    for part, library in needs.items():
        if find_spec(library) is None:
            for item in items:
                if isinstance(item, pytest.DoctestItem) and part in item.nodeid:
                    item.add_marker(pytest.mark.skip(reason=f"needs {library}"))


@pytest.fixture(params=ESTIMATORS, ids=lambda kind: kind.__name__)
def quick(request):
    """A factory of small, quick, seeded estimators of each public class."""

    def make(n_components=2, **params):
        settings = {"hidden_layer_sizes": (16,), "max_iter": 5, "random_state": 0}
        # That of "auto" for 600 rows; few rows are passed over once, and not ten times.
        settings["batch_size"] = 32
        return request.param(n_components, **{**settings, **params})

    return make


@pytest.fixture
def quiet(quick):
    """The same factory without noise: what starts at PCA."""

    def make(n_components=2, **params):
        estimator = quick(n_components, **params)
        if hasattr(estimator, "noise_level"):
            estimator.set_params(noise_level=0)
        return estimator

    return make


@pytest.fixture(scope="session")
def digits():
    """600 digits in [0, 1], (600, 64), and their labels."""
    X, y = load_digits(return_X_y=True)
    return X[:600] / 16, y[:600]


@pytest.fixture(scope="session")
def digit_rows(digits):
    """The same 600 digits, (600, 64), without their labels."""
    return digits[0]


@pytest.fixture
def bent():
    """200 rows near a parabola in four dimensions, (200, 4): PCA(1) cannot follow it."""
    rng = np.random.RandomState(0)
    t = rng.uniform(-1, 1, 200)
    X = np.column_stack([t, 2 * t**2, -t, t**2]) + 0.02 * rng.normal(size=(200, 4))
    return X + 3
