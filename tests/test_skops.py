"""skops, and MLflow by it, need the name of one class to be trusted: the estimator's."""

import zipfile

import numpy as np
import pytest
from estimators import ESTIMATORS
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

skops = pytest.importorskip("skops.io")


def check(fitted, X, path, kind):
    skops.dump(fitted, path)
    names = [f"{kind.__module__}.{kind.__name__}"]
    assert skops.get_untrusted_types(file=path) == names
    loaded = skops.load(path, trusted=names)
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
    return loaded


@pytest.mark.parametrize("params", [{}, {"sampler": "gmm"}, {"hidden_layer_sizes": ()}])
def test_a_pipeline_needs_one_name(params, quick, digit_rows, tmp_path):
    step = quick(**params)
    pipeline = make_pipeline(StandardScaler(), step).fit(digit_rows)
    loaded = check(pipeline, digit_rows, tmp_path / "model.skops", type(step))
    new, same = (one[-1].sample(5, random_state=0) for one in (loaded, pipeline))
    np.testing.assert_array_equal(new, same)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_table_of_levels_and_holes_needs_no_other(kind, tmp_path):
    pd = pytest.importorskip("pandas")
    rng = np.random.RandomState(0)
    u = rng.normal(size=80)
    df = pd.DataFrame({"u": u, "w": pd.cut(u, 3, labels=["a", "b", "c"]), "f": u > 0})
    df = df.mask(rng.rand(*df.shape) < 0.1)
    fitted = kind(1, max_iter=1, random_state=0).fit(df)
    loaded = check(fitted, df, tmp_path / "model.skops", kind)
    pd.testing.assert_frame_equal(loaded.impute(df), fitted.impute(df))


def test_a_file_holds_nothing_that_only_a_pickle_could_read(quick, digit_rows, tmp_path):
    path = tmp_path / "model.skops"
    skops.dump(quick(sampler="gmm").fit(digit_rows), path)
    with zipfile.ZipFile(path) as archive:
        kinds = {name.rpartition(".")[2] for name in archive.namelist()}
        assert kinds == {"json", "npy"}
        for name in archive.namelist():
            if name.endswith(".npy"):
                with archive.open(name) as file:
                    np.lib.format.read_array(file, allow_pickle=False)
