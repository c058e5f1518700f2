"""Any DataFrame: the same columns back, holes filled, nothing else changed; or an error.

As test_fuzz.py draws arrays. In the suite they are 60 cases, the same in every run:

    HYPOTHESIS_CASES=5000 python -m pytest tests/test_fuzz_frames.py
"""

import os
import pickle
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from mixed import assert_same_cells
from test_fuzz import DOCUMENTED, OWN, SHARED, VALUES, global_state

from sklearn_ae import load

hypothesis = pytest.importorskip("hypothesis")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
st = hypothesis.strategies

N_CASES = int(os.environ.get("HYPOTHESIS_CASES", "60"))

# Of these parameters some values are refused with levels, or have no meaning for them.
FEW = {
    "n_components",
    "hidden_layer_sizes",
    "init",
    "scaling",
    "whiten",
    "sampler",
    "dropout",
    "code_activation",
    "solver",
    "batch_size",
    "early_stopping",
    "warm_start",
    "precision",
    "noise",
    "noise_level",
    "beta",
    "ordered",
}


def numbers(rng, n, dtype):
    x = VALUES[rng.choice(sorted(VALUES))](rng, (n, 1))[:, 0]
    with np.errstate(all="ignore"):
        return pd.Series(np.clip(x, -1e30, 1e30).astype(dtype))


def integers(rng, n):
    return pd.Series(rng.poisson(3, n)).astype("Int64")


def texts(rng, n):
    return pd.Series([f"level {i}" for i in rng.zipf(1.6, n) % 40], dtype=object)


def categories(rng, n):
    levels = ["low", "middle", "high", "never"]
    kind = pd.CategoricalDtype(levels, ordered=bool(rng.integers(2)))
    return pd.Series(pd.Categorical.from_codes(rng.integers(3, size=n), dtype=kind))


COLUMNS = {
    "float": lambda rng, n: numbers(rng, n, "f8"),
    "float32": lambda rng, n: numbers(rng, n, "f4"),
    "nullable": integers,
    "integer": lambda rng, n: pd.Series(rng.integers(-5, 5, n)),
    "text": texts,
    "str": lambda rng, n: texts(rng, n).astype("str"),
    "category": categories,
    "flag": lambda rng, n: pd.Series(rng.integers(2, size=n) == 1),
    "nullable flag": lambda rng, n: pd.Series(rng.integers(2, size=n) == 1).astype(
        "boolean"
    ),
    "one level": lambda rng, n: pd.Series(["same"] * n, dtype=object),
    "many levels": lambda rng, n: pd.Series([f"id {i}" for i in rng.integers(400, size=n)]),
    "nothing": lambda rng, n: pd.Series([None] * n, dtype=object),
    "no number": lambda rng, n: pd.Series(np.full(n, np.nan)),
    "dates": lambda rng, n: pd.Series(pd.date_range("2024-01-01", periods=n)),
    "mixed cells": lambda rng, n: pd.Series([["text", 3][i % 2] for i in range(n)]),
}
REFUSED = "dates", "mixed cells"


@st.composite
def frames(draw):
    usable = sorted(set(COLUMNS) - set(REFUSED))
    kinds = draw(st.lists(st.sampled_from(usable), min_size=1, max_size=8))
    if draw(st.integers(0, 20)) == 0:
        kinds.append(draw(st.sampled_from(REFUSED)))
    n = draw(st.integers(1, 40) | st.integers(1, 200))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    df = pd.DataFrame(
        {f"{j} {kind}": COLUMNS[kind](rng, n) for j, kind in enumerate(kinds)}
    )
    share = draw(st.sampled_from([0.0, 0.0, 0.1, 0.6]))
    if share:
        df = df.mask(rng.random(df.shape) < share)
    if draw(st.booleans()):
        df.index = rng.permutation(n) + 10
    weight = rng.integers(3, size=n) if draw(st.integers(0, 3)) == 0 else None
    if draw(st.booleans()):
        return df, weight
    columns = {name: [None if pd.isna(x) else x for x in df[name]] for name in df}
    return pl.DataFrame(columns, strict=False), weight


@st.composite
def estimators(draw):
    kind = draw(st.sampled_from(sorted(OWN, key=lambda kind: kind.__name__)))
    known = {name: x for name, x in (SHARED | OWN[kind]).items() if name in FEW}
    names = draw(st.lists(st.sampled_from(sorted(known)), max_size=3, unique=True))
    chosen = {name: draw(st.sampled_from(known[name])) for name in names}
    settings = {"n_components": 1, "hidden_layer_sizes": (4,), "max_iter": 2}
    return kind(**settings | {"random_state": 0} | chosen)


def cells(frame):
    """Return the cells of a frame as text, and which are missing."""
    if isinstance(frame, pl.DataFrame):
        frame = pd.DataFrame(frame.to_dict(as_series=False), dtype=object)
    return frame.astype(object).to_numpy(), frame.isna().to_numpy()


@hypothesis.settings(
    max_examples=N_CASES,
    derandomize=N_CASES == 60,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(estimator=estimators(), table=frames())
def test_any_frame_and_its_holes(estimator, table):
    X, weight = table
    given = X.clone() if isinstance(X, pl.DataFrame) else X.copy()
    before = global_state()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check_uses(estimator, X, weight)
        except DOCUMENTED as error:
            told = str(error)
            assert len(told) > 40, told
            hypothesis.event(f"refused: {told[:30]}")
    assert X.equals(given)
    assert global_state() == before


def is_served_by_numpy(estimator, X, codes):
    """Plain arrays give the same but for roundings, cells too."""
    frozen = estimator.to_numpy()
    size = np.abs(codes).max() or 1.0
    found = frozen.transform(X)
    assert found.dtype == codes.dtype
    np.testing.assert_allclose(found / size, codes / size, atol=1e-6)
    back, cells = estimator.reconstruct(X), frozen.reconstruct(X)
    if isinstance(back, np.ndarray):
        size = np.nanmax(np.abs(back), initial=0) or 1.0
        np.testing.assert_allclose(cells / size, back / size, atol=1e-6)
    else:
        assert_same_cells(cells, back, 1e-6, are_tied(estimator, X))


def are_tied(estimator, X):
    """Return of which cells the two likeliest levels differ by roundings alone."""

    def logits(network, loss, x):
        return network.decoder(network.encoder(network.units_in(x)))

    rows, layout = estimator._table.read(X), estimator._fitted.architecture.table
    tied = np.zeros(rows.shape, dtype=bool)
    if layout is not None and layout.categories:
        output = estimator._fitted.apply(logits, rows)
        for j, places in layout.logits():
            if layout.n_levels[j] == 1:
                continue
            *_, second, first = np.sort(output[:, places]).T
            tied[:, j] = first - second <= 1e-6 * (1 + np.abs(first))
    return tied


def check_uses(estimator, X, weight):
    before = dict(vars(estimator))
    try:
        estimator.fit(X, sample_weight=weight)
    except DOCUMENTED:
        assert vars(estimator) == before
        raise
    codes = estimator.transform(X)
    assert codes.shape == (len(X), estimator.n_components_)
    assert np.isfinite(codes).all()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(estimator)).transform(X), codes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        estimator.save(path)
        loaded = load(path)
    np.testing.assert_array_equal(loaded.transform(X), codes)
    back, filled = estimator.inverse_transform(codes), estimator.impute(X)
    same = loaded.inverse_transform(codes)
    assert type(same) is type(back)
    if not isinstance(back, np.ndarray):
        assert same.equals(back)
    names = list(X.columns)
    if not isinstance(back, np.ndarray):
        assert list(back.columns) == list(filled.columns) == names
        kinds = list(X.dtypes), list(back.dtypes)
        assert all(a == b or "bool" in f"{a}{b}" for a, b in zip(*kinds, strict=True))
        (values, holes), (after, left) = cells(X), cells(filled)
        assert (values[~holes] == after[~holes]).all()
        empty = holes[weight > 0] if weight is not None else holes
        assert (left.all(axis=0) | ~left.any(axis=0) | empty.all(axis=0)).all()
    if estimator.ordered:
        cut = estimator.truncate(1)
        scale = np.abs(codes).max() or 1.0
        np.testing.assert_allclose(
            cut.transform(X) / scale, codes[:, :1] / scale, atol=1e-4
        )
        assert len(cut.reconstruct(X)) == len(X)
    if len(X) % 4 == 0:
        is_served_by_numpy(estimator, X, codes)
    shares = estimator.column_scores(X)
    if not isinstance(back, np.ndarray) and len(X) > 1:
        assert (np.isfinite(shares) | empty.all(axis=0)).all()
    assert np.isfinite(estimator.cell_scores(X)).all()
    assert np.isfinite(estimator.score_samples(X)).all()
    assert len(estimator.sample(2, random_state=0)) == 2
