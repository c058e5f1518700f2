"""Under engines of others: stores, searches and launchers that the package does not import.

Each is a program, in a process of its own: some start workers, and none may be stopped by
warnings of another library that the suite turns into errors.
"""

import json
import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import sklearn_ae

pytestmark = pytest.mark.slow

START = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np, torch
torch.set_num_threads(1)
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn_ae import AutoencoderTransformer

X = load_digits(return_X_y=True)[0][:300]

def make(**params):
    settings = {"n_components": 4, "hidden_layer_sizes": (16,), "max_iter": 2}
    return AutoencoderTransformer(random_state=0, **{**settings, **params})

def show(**found):
    print(json.dumps(found))
"""

STORES = """
import h5py, os, zarr
folder = sys.argv[1]
rows = np.tile(X, (250, 1)).astype(np.float32)  # more than are read at once
file = h5py.File(os.path.join(folder, "rows.h5"), "w")
stores = {
    "hdf5": file.create_dataset("X", data=rows, chunks=(1000, 64)),
    "hdf5 without chunks": file.create_dataset("whole", data=rows),
    "zarr": zarr.create_array(os.path.join(folder, "zarr"), data=rows, chunks=(1000, 64)),
}
near = make(max_iter=1).fit(rows)
for name, store in stores.items():
    far = make(max_iter=1).fit(store)
    same = np.array_equal(far.transform(store), near.transform(rows))
    show(store=name, same=same, scores=[far.score(store), near.score(rows)])
"""

RAY = """
import ray
from joblib import parallel_config
from ray.util.joblib import register_ray
from sklearn.model_selection import GridSearchCV
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
register_ray()
search = GridSearchCV(make(), {"n_components": [2, 4]}, cv=2)
with parallel_config("ray", n_jobs=2):
    far = clone(search).fit(X).cv_results_["mean_test_score"].tolist()
show(far=far, near=search.fit(X).cv_results_["mean_test_score"].tolist())
ray.shutdown()
"""

OPTUNA = """
import optuna
from optuna_integration import OptunaSearchCV
from sklearn.model_selection import cross_val_score
optuna.logging.set_verbosity(optuna.logging.ERROR)
space = {"n_components": optuna.distributions.IntDistribution(2, 4)}
how = {"cv": 3, "n_trials": 4, "random_state": 0}
search = OptunaSearchCV(make(), space, **how).fit(X)
best = cross_val_score(clone(search.best_estimator_), X, cv=3).mean()
pruned = OptunaSearchCV(make(), space, enable_pruning=True, max_iter=3, **how).fit(X)

def objective(trial):
    ae, value = make(n_components=trial.suggest_int("n_components", 2, 6)), None
    for step in range(4):
        for start in range(0, 200, 100):
            ae.partial_fit(X[start : start + 100])
        value = ae.score(X[200:])
        trial.report(value, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return value

pruner = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=1)
sampler = optuna.samplers.RandomSampler(seed=0)
study = optuna.create_study(direction="maximize", pruner=pruner, sampler=sampler)
study.optimize(objective, n_trials=8)
show(
    far=search.best_score_, near=best, size=search.best_params_["n_components"],
    pruned=[pruned.best_score_, pruned.best_params_["n_components"]],
    codes=pruned.transform(X[:2]).shape,
    states=sorted({trial.state.name for trial in study.trials}),
    best=study.best_params["n_components"],
    most=max(trial.params["n_components"] for trial in study.trials),
)
"""

DASK_ML = """
import dask
import dask.array as da
from dask_ml.wrappers import Incremental, ParallelPostFit
dask.config.set(scheduler="synchronous")
rows = da.from_array(X, chunks=(100, 64))
far = Incremental(make(), shuffle_blocks=False).fit(rows)
near = make()
for start in range(0, 300, 100):
    near.partial_fit(X[start : start + 100])
wrapped = ParallelPostFit(make()).fit(X)
lazy = wrapped.transform(rows)
show(
    far=far.estimator_.transform(X).tolist(), near=near.transform(X).tolist(),
    lazy=isinstance(lazy, da.Array), codes=lazy.compute().tolist(),
    same=wrapped.estimator.transform(X).tolist(),
)
"""

ACCELERATE = """
from accelerate import PartialState
from sklearn_ae import shared_training
state = PartialState(cpu=True)
with shared_training():
    ae = make(max_iter=4).fit(X)
with open(f"{sys.argv[1]}/{state.process_index}.json", "w") as file:
    json.dump({"codes": ae.transform(X).tolist(), "score": ae.score(X)}, file)
if state.is_main_process:
    show(n_processes=state.num_processes, alone=make(max_iter=4).fit(X).score(X))
state.destroy_process_group()
"""


def run(folder, program, *packages, launcher=()):
    """Return what a program shows, a dict per line; skip without its packages."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    path = folder / "program.py"
    path.write_text(textwrap.dedent(START + program))
    places = [str(Path(sklearn_ae.__path__[0]).parent), os.environ.get("PYTHONPATH", "")]
    # Without the variables, Ray asks for a token, and every library counts threads anew.
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(places), OMP_NUM_THREADS="1")
    environment |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, *launcher, path, str(folder)],
        timeout=110,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_hdf5_and_zarr_give_what_arrays_give(tmp_path):
    found = run(tmp_path, STORES, "h5py", "zarr")
    assert [line["store"] for line in found] == ["hdf5", "hdf5 without chunks", "zarr"]
    for line in found:
        assert line["same"], line
        assert line["scores"][0] == line["scores"][1]


def test_a_search_on_ray_has_the_scores_of_one_process(tmp_path):
    (found,) = run(tmp_path, RAY, "ray")
    assert found["far"] == found["near"]


def test_optuna_searches_and_prunes(tmp_path):
    (found,) = run(tmp_path, OPTUNA, "optuna", "optuna_integration")
    assert found["far"] == pytest.approx(found["near"], abs=1e-12)
    assert found["size"] == 4  # more components keep more
    assert found["pruned"][1] == found["codes"][1] == 4
    assert found["pruned"][0] > 0.3
    assert found["states"] == ["COMPLETE", "PRUNED"]
    assert found["best"] == found["most"]


def test_dask_ml_fits_in_chunks_and_transforms_when_asked(tmp_path):
    (found,) = run(tmp_path, DASK_ML, "dask_ml")
    assert found["far"] == found["near"]
    assert found["lazy"]
    np.testing.assert_allclose(found["codes"], found["same"], atol=1e-9)


def test_accelerate_connects_processes_that_share_a_fit(tmp_path):
    # On machines without GPUs accelerate launch starts one process, and torchrun many.
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2"]
    launcher += [f"--master-port={34000 + os.getpid() % 5000}"]
    (found,) = run(tmp_path, ACCELERATE, "accelerate", launcher=launcher)
    assert found["n_processes"] == 2
    first, second = (json.loads((tmp_path / f"{i}.json").read_text()) for i in (0, 1))
    assert first == second
    assert abs(first["score"] - found["alone"]) < 0.005
