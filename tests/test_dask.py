"""On a cluster of dask, two processes: searches, and transforms in parts."""

import json
import subprocess
import sys
import textwrap
from importlib.util import find_spec

import numpy as np
import pytest

missing = [name for name in ("dask", "distributed", "pandas") if find_spec(name) is None]
needs = pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")
pytestmark = [pytest.mark.slow, needs]

# A program, since its workers are started by spawn, and as a file, which they import.
PROGRAM = """
import json, os, signal, sys, threading, warnings
import dask, dask.array as da, dask.dataframe as dd
import numpy as np, pandas as pd
from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv
from sklearn.model_selection import (
    GridSearchCV, HalvingGridSearchCV, ParameterGrid, RandomizedSearchCV, cross_val_score
)
from sklearn_ae import AutoencoderTransformer

X = load_digits(return_X_y=True)[0][:200]
GRID = {"n_components": [2, 4], "hidden_layer_sizes": [(8,), (16,)]}

def make(**params):
    settings = {"hidden_layer_sizes": (16,), "max_iter": 2, "random_state": 0}
    return AutoencoderTransformer(4, **{**settings, **params})

def encode(part, model):
    return model.transform(part)

def mean_score(settings):
    return cross_val_score(clone(make(max_iter=10)).set_params(**settings), X, cv=3).mean()

def searches():
    half = {"factor": 2, "random_state": 0, "cv": 2}
    epochs = {"resource": "max_iter", "max_resources": 4, "min_resources": 2}
    yield "grid", GridSearchCV(make(), GRID, cv=2)
    yield "random", RandomizedSearchCV(make(), GRID, n_iter=2, cv=2, random_state=0)
    yield "halving of epochs", HalvingGridSearchCV(make(), GRID, **half, **epochs)
    yield "halving of samples", HalvingGridSearchCV(make(), GRID, min_resources=50, **half)

def scores_of(search):
    return search.cv_results_["mean_test_score"].tolist()

def main():
    found = {}
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:
        for name, search in searches():
            with parallel_config("dask"):
                far = scores_of(clone(search).fit(X))
            found[name] = far, scores_of(search.fit(X))

        ae, names = make().fit(X), [f"pixel {j}" for j in range(64)]
        rows = da.from_array(X, chunks=(75, 64))
        model = client.scatter(ae, broadcast=True)
        how = {"chunks": (rows.chunks[0], (4,)), "meta": np.empty((0, 0))}
        codes = rows.map_blocks(encode, model, **how)
        found["array"] = codes.compute().tolist(), ae.transform(X).tolist()
        found["shape"] = codes.shape, [200, 4]
        found["holders"] = len(client.who_has([model])[model.key]), 2

        table = pd.DataFrame(X, columns=names)
        ae = make().set_output(transform="pandas").fit(table)
        parts = dd.from_pandas(table, npartitions=3)
        model = client.scatter(ae, broadcast=True)
        codes = parts.map_partitions(encode, model, meta=ae.transform(table[:1]).iloc[:0])
        found["columns"] = list(codes.columns), list(ae.get_feature_names_out())
        found["frame"] = codes.compute().values.tolist(), ae.transform(X).values.tolist()

        settings = list(ParameterGrid(GRID))
        victim = next(iter(client.run(os.getpid).values()))
        futures = client.map(mean_score, settings)
        threading.Timer(0.2, os.kill, (victim, signal.SIGKILL)).start()
        found["killed"] = client.gather(futures), [mean_score(s) for s in settings]
        found["is gone"] = victim not in client.run(os.getpid).values()
    print(json.dumps(found))

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    path = tmp_path_factory.mktemp("dask") / "program.py"
    path.write_text(textwrap.dedent(PROGRAM))
    done = subprocess.run(
        [sys.executable, path], timeout=110, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "search", ["grid", "random", "halving of epochs", "halving of samples"]
)
def test_searches_find_what_they_find_in_one_process(found, search):
    far, near = found[search]
    assert far == near


def test_a_worker_that_is_killed_changes_no_result(found):
    far, near = found["killed"]
    assert found["is gone"]
    assert far == near


def test_arrays_and_frames_are_transformed_in_parts(found):
    for what in ("array", "frame", "shape"):
        # Products of fewer rows at once differ by roundings.
        np.testing.assert_allclose(*found[what], atol=1e-9)
    assert found["columns"][0] == found["columns"][1]


def test_a_model_is_sent_to_each_worker_once(found):
    assert found["holders"] == [2, 2]
