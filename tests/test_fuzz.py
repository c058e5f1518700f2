"""Any table, any parameters: a finite result of the right shape, or a documented error.

Cases are drawn by hypothesis. In the suite they are 120, the same in every run; more of
them, other ones in every run:

    HYPOTHESIS_CASES=5000 python -m pytest tests/test_fuzz.py
"""

import os
import pickle
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.base import clone

from sklearn_ae import (
    AutoencoderTransformer,
    ConvergenceError,
    DenoisingAutoencoder,
    VariationalAutoencoder,
    load,
)

pytest.importorskip("safetensors")
hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

N_CASES = int(os.environ.get("HYPOTHESIS_CASES", "120"))
DOCUMENTED = (ValueError, ConvergenceError)

DTYPES = ["f8", "f4", "f2", "i8", "i4", "u1", "?", ">f8", ">i4", "longdouble", "object"]


def normal(rng, shape):
    return rng.normal(size=shape)


def mixed_scales(rng, shape):
    return rng.normal(size=shape) * 10.0 ** rng.integers(-6, 7, size=shape[1])


def one_outlier(rng, shape):
    X = rng.normal(size=shape)
    X[rng.integers(shape[0]), rng.integers(shape[1])] = 10.0 ** rng.integers(3, 30)
    return X


VALUES = {
    "normal": normal,
    "curved": lambda rng, shape: np.sin(
        rng.normal(size=(shape[0], 1)) + np.arange(shape[1])
    ),
    "constant": lambda rng, shape: np.full(shape, 3.0),
    "zeros": lambda rng, shape: np.zeros(shape),
    "duplicates": lambda rng, shape: np.repeat(rng.normal(size=(1, shape[1])), shape[0], 0),
    "constant columns": lambda rng, shape: (
        normal(rng, shape) * rng.integers(2, size=shape[1])
    ),
    "far away": lambda rng, shape: rng.normal(size=shape) + 1e6,
    "huge": lambda rng, shape: rng.normal(size=shape) * 10.0 ** rng.integers(30, 300),
    "tiny": lambda rng, shape: rng.normal(size=shape) * 10.0 ** -rng.integers(30, 300),
    "subnormal": lambda rng, shape: rng.integers(9, size=shape) * 5e-324,
    "mixed scales": mixed_scales,
    "outlier": one_outlier,
    "bits": lambda rng, shape: rng.integers(2, size=shape).astype(float),
    "counts": lambda rng, shape: rng.poisson(3, size=shape).astype(float),
    "shares": lambda rng, shape: rng.uniform(size=shape),
    "large integers": lambda rng, shape: 2.0**53 - rng.integers(9, size=shape),
}

LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "backwards": lambda X: X[::-1, ::-1],
    "every second": lambda X: np.repeat(X, 2, axis=0)[::2],
    "read only": lambda X: _read_only(X.copy()),
    "mapped": lambda X: X if X.dtype == object else _mapped(X),
}


def _read_only(X):
    X.flags.writeable = False
    return X


def _mapped(X):
    with tempfile.TemporaryFile() as file:
        file.write(X.tobytes())
        file.flush()
        return np.memmap(file, dtype=X.dtype, mode="r", shape=X.shape)


@st.composite
def tables(draw):
    shape = draw(st.integers(1, 60) | st.integers(1, 200)), draw(st.integers(1, 50))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    X = VALUES[draw(st.sampled_from(sorted(VALUES)))](rng, shape)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X = X.astype(draw(st.sampled_from(DTYPES)))
    return LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](X)


def own_layers(n_in, n_out):
    return torch.nn.Sequential(torch.nn.Linear(n_in, 4), torch.nn.Linear(4, n_out))


def own_loss(x_hat, x):
    return (x_hat - x).abs().pow(1.5).mean()


SHARED = {
    "n_components": [None, 1, 2, 5, 0.5, 0.95, "mle"],
    "ordered": [False, True],
    "hidden_layer_sizes": [(), (4,), (5, 3), 8],
    "activation": ["silu", "relu", "tanh", "elu", "gelu", "logistic"],
    "code_activation": ["identity", "tanh", "relu"],
    "output_activation": ["auto", "identity", "logistic", "relu", "tanh", "elu"],
    "loss": ["mse", "mae", "huber", "bce", "kl", own_loss],
    "init": ["pca", "random"],
    "scaling": ["global", "feature", None],
    "whiten": [False, True],
    "sampler": ["gaussian", "gmm"],
    "dropout": [0.0, 0.5],
    "alpha": [0.0, 0.1, 100.0],
    "solver": ["adam", "adamw", "sgd", torch.optim.RMSprop, torch.optim.LBFGS],
    "learning_rate_init": [0.005, 1e-12, 0.5, 1e6],
    "learning_rate": ["one_cycle", "constant"],
    "batch_size": ["auto", 1, 7, 1000],
    "early_stopping": [True, False],
    "validation_fraction": [0.1, 0.9],
    "n_iter_no_change": [1, 10],
    "warm_start": [False, True],
    "encoder": [None, own_layers],
    "decoder": [None, own_layers],
    "precision": ["auto", "float32", "bfloat16"],
}
OWN = {
    AutoencoderTransformer: {},
    DenoisingAutoencoder: {
        "noise": ["gaussian", "masking", "salt_pepper", "swap"],
        "noise_level": ["auto", 0.0, 0.3, 1.0],
        "noise_unit": ["scaled", "data"],
    },
    VariationalAutoencoder: {"beta": [1.0, 0.0, 4.0], "kl_warmup": [0, 2]},
}


@st.composite
def estimators(draw):
    kind = draw(st.sampled_from(sorted(OWN, key=lambda kind: kind.__name__)))
    known = SHARED | OWN[kind]
    # Few at once: what all parameters together ask for is nearly always refused.
    names = draw(st.lists(st.sampled_from(sorted(known)), max_size=4, unique=True))
    chosen = {name: draw(st.sampled_from(known[name])) for name in names}
    settings = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}
    return kind(**settings | chosen)


def as_bytes(X):
    return X.tobytes() if X.dtype != object else pickle.dumps(X.tolist())


def global_state():
    ours = torch.get_rng_state().tolist(), torch.get_num_threads()
    return *ours, np.random.get_state()[1].tolist()  # noqa: NPY002


def is_saved(estimator, X):
    """A file gives the same bits, or the error says what in it is code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        estimator.save(path)
        other = load(path)
    np.testing.assert_array_equal(other.transform(X), estimator.transform(X))
    np.testing.assert_array_equal(other.reconstruct(X), estimator.reconstruct(X))


def is_served_by_numpy(estimator, X):
    """Plain arrays give the same but for roundings."""
    frozen = estimator.to_numpy()
    for name in ("transform", "reconstruct"):
        expected, found = getattr(estimator, name)(X), getattr(frozen, name)(X)
        assert found.dtype == expected.dtype
        size = np.abs(expected).max() or 1.0
        rounding = 1e-3 if expected.dtype == np.float32 else 1e-6
        np.testing.assert_allclose(found / size, expected / size, atol=rounding)


def is_taught_in_chunks(estimator, X):
    """Chunks give something finite, or the error leaves what the last one gave."""
    stream = clone(estimator).partial_fit(X[: 1 + len(X) // 2])
    try:
        stream.partial_fit(X)
    finally:
        assert np.isfinite(stream.transform(X)).all()


def is_taught_sparse_rows(estimator, X):
    """The same rows, stored as sparse ones, are a table too."""
    S = sparse.csr_array(np.asarray(X, dtype=np.float64))
    ae = clone(estimator).fit(S)
    codes = ae.transform(S)
    assert codes.shape == (len(X), ae.n_components_)
    assert np.isfinite(codes).all()
    assert np.isfinite(ae.score_samples(S)).all()


WAYS = {
    "saved": is_saved,
    "numpy": is_served_by_numpy,
    "chunks": is_taught_in_chunks,
    "sparse": is_taught_sparse_rows,
}


@hypothesis.settings(
    max_examples=N_CASES,
    derandomize=N_CASES == 120,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(estimator=estimators(), X=tables(), way=st.sampled_from(sorted(WAYS)))
def test_any_table_and_any_parameters(estimator, X, way):
    given, before = as_bytes(X), global_state()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check_uses(estimator, X)
            WAYS[way](estimator, X)
        except DOCUMENTED as error:
            told = str(error)
            assert len(told) > 40, told
            hypothesis.event(f"refused: {told.split(maxsplit=1)[0]}")
    assert as_bytes(X) == given
    assert global_state() == before


def check_uses(estimator, X):
    before = dict(vars(estimator))
    try:
        estimator.fit(X)
    except DOCUMENTED:
        assert vars(estimator) == before
        raise
    kept = np.float32 if X.dtype == np.float32 else np.float64
    codes = estimator.transform(X)
    assert codes.shape == (len(X), estimator.n_components_)
    assert codes.dtype == kept
    assert np.isfinite(codes).all()
    X_hat = estimator.inverse_transform(codes)
    assert X_hat.shape == X.shape
    assert X_hat.dtype == kept
    assert np.isfinite(X_hat).all()
    np.testing.assert_array_equal(estimator.transform(X), codes)
    again = clone(estimator).fit(X)
    np.testing.assert_array_equal(again.transform(X), codes)
    other = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(other.transform(X), codes)
    size = np.abs(codes).max() or 1.0
    few = estimator.transform(X[:3])
    np.testing.assert_allclose(few / size, codes[:3] / size, atol=1e-4)
    if estimator.ordered:
        cut = estimator.truncate(1)
        np.testing.assert_allclose(cut.transform(X) / size, codes[:, :1] / size, atol=1e-4)
        assert np.isfinite(cut.reconstruct(X)).all()
    assert np.isfinite(estimator.explained_variance_ratio_).all()
    assert np.isfinite(estimator.score_samples(X)).all()
    assert np.isfinite(estimator.sample(2, random_state=0)).all()
    if len(X) > 1:
        assert np.isfinite(estimator.score(X))
