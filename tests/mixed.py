"""A small table with columns of all kinds, for tests of what serves it."""

import math

import numpy as np

from sklearn_ae._columns import is_missing


def mixed_frame(pandas, n=160):
    """Return a DataFrame of pandas that is near a line, a seventh of some columns missing.

    Text, booleans, numbers as categories, more than 100 ids, and numbers of several dtypes.
    """
    rng = np.random.RandomState(0)
    t = rng.normal(size=n)
    noisy = t + rng.normal(size=n) / 2
    df = pandas.DataFrame(
        {
            "size": 50 * (t + 3),
            "rooms": np.rint(3 + 2 * noisy).astype(int),
            "kind": np.where(t > 0.5, "house", np.where(noisy > -0.5, "flät", "")),
            "garden": noisy > 0,
            "floor": pandas.Categorical(np.rint(noisy).clip(-1, 1).astype(int)),
            "id": [f"id {i}" for i in rng.permutation(n) % 120],
            "stars": pandas.array(np.rint(3 + noisy).astype(int), dtype="Int8"),
            "share": (t / 10).astype(np.float32),
        }
    )
    for i, name in enumerate(["size", "kind", "floor", "id", "stars"]):
        df.loc[i::7, name] = None
    return df


def as_polars(polars, df):
    """Return the same table as polars has it."""
    cells = df.astype(object).where(df.notna(), None)
    return polars.DataFrame({name: cells[name].to_list() for name in df}, strict=False)


def assert_same_cells(found, expected, tolerance=1e-9, is_tied=False):
    """Check an array of objects against a frame: numbers nearly, all else exactly.

    ``is_tied``, of the shape of ``found``, are cells that may be another level.
    """
    if hasattr(expected, "to_dict") and not hasattr(expected, "iloc"):  # of polars
        columns = [expected[name].to_list() for name in expected.columns]
    else:
        columns = [expected[name].tolist() for name in expected.columns]
    assert found.shape == (len(expected), len(columns))
    is_tied = np.broadcast_to(is_tied, found.shape)
    for ours, theirs, tied in zip(found.T, columns, is_tied.T, strict=True):
        # Of numbers far apart, the small ones have the roundings of the large ones.
        numbers = [abs(b) for b in theirs if isinstance(b, float) and math.isfinite(b)]
        size = max([1, *numbers])
        for a, b, may_differ in zip(ours, theirs, tied, strict=True):
            if may_differ:
                continue
            if isinstance(b, (str, bool, np.bool_)):
                assert a == b
                assert type(a) is (str if isinstance(b, str) else bool)
            elif math.isnan(a):
                assert is_missing(b)
            else:
                assert abs(a - b) <= tolerance * max(size, abs(b))


def many_levels(pandas, has_holes):
    """Two columns of 110 levels each, which are embedded, (220, 2)."""
    ids = [f"id {i % 110}" for i in range(220)]
    X = pandas.DataFrame({"id": ids, "other": ids[::-1]})
    if has_holes:
        X.loc[:20, "id"] = None
    assert X.nunique().min() == 110
    return X
