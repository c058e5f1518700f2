"""Two processes share a fit: one result, that of one process; and a failure ends both."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import sklearn_ae
from sklearn_ae import SharedTrainingError, shared_training

SETTINGS = {"hidden_layer_sizes": (16,), "max_iter": 4, "random_state": 0}
LBFGS = {"solver": torch.optim.LBFGS, "batch_size": 200}
CASES = {
    "plain": ("AutoencoderTransformer", {}),
    "autograd": ("AutoencoderTransformer", {"dropout": 0.1}),
    "optimizer": ("AutoencoderTransformer", {"solver": torch.optim.RMSprop}),
    "several losses a step": ("AutoencoderTransformer", LBFGS),
    "without validation": ("AutoencoderTransformer", {"early_stopping": False}),
    "noise": ("DenoisingAutoencoder", {}),
    "swaps": ("DenoisingAutoencoder", {"noise": "swap"}),
    "distribution": ("VariationalAutoencoder", {}),
    "holes": ("AutoencoderTransformer", {}),
    "own layers": ("AutoencoderTransformer", {}),
    "chunks": ("AutoencoderTransformer", {}),
}
# Runs in both processes; each writes what it found.
PROGRAM = """
import json, os, sys
from datetime import timedelta
import torch, torch.distributed
torch.set_num_threads(1)
from test_shared_training import CASES, fit_case, rows
from sklearn_ae import AutoencoderTransformer, SharedTrainingError, shared_training

folder, what = sys.argv[1:]
rank = int(os.environ["RANK"])
limit = timedelta(seconds=60)
torch.distributed.init_process_group("gloo", timeout=limit)
found = {}
with shared_training():
    if what == "cases":
        for name in CASES:
            found[name] = fit_case(name)
        for name, X, seed in (
            ("rows", rows()[: 100 + 50 * rank], 0), ("seeds", rows(), rank)
        ):
            try:
                AutoencoderTransformer(2, random_state=seed).fit(X)
            except SharedTrainingError as error:
                found[name] = str(error)
    else:
        from skorch.callbacks import Callback
        class Failing(Callback):
            def on_epoch_end(self, net, **kwargs):
                if rank == 1 and len(net.history) == 2:
                    os._exit(3)
        try:
            AutoencoderTransformer(2, callbacks=[Failing()], random_state=0).fit(rows())
        except SharedTrainingError as error:
            found["error"] = str(error)
with open(os.path.join(folder, f"{rank}.json"), "w") as file:
    json.dump(found, file)
torch.distributed.destroy_process_group()
"""


def rows():
    return load_digits(return_X_y=True)[0][:600, 20:40]


class Layers(torch.nn.Sequential):
    """Own layers that count what they see of their rows."""

    def __init__(self, n_in, n_out):
        super().__init__(
            torch.nn.Linear(n_in, 8),
            torch.nn.BatchNorm1d(8),
            torch.nn.ReLU(),
            torch.nn.Linear(8, n_out),
        )


def fit_case(name):
    """Return codes and R² of a fit, of this process alone or of all."""
    kind, settings = CASES[name]
    settings = dict(settings)
    X = rows()
    if name == "holes":
        X = np.where(np.random.RandomState(0).uniform(size=X.shape) < 0.1, np.nan, X)
    if name == "own layers":
        settings["encoder"] = Layers
    estimator = getattr(sklearn_ae, kind)(4, **SETTINGS | settings)
    if name == "chunks":
        for chunk in np.array_split(X, 3) * 3:
            estimator.partial_fit(chunk)
    else:
        estimator.fit(X)
    return {"codes": estimator.transform(X).tolist(), "score": estimator.score(X)}


def run(folder, what):
    """Run the program in two processes; return their exit codes and what each found."""
    script = folder / "program.py"
    script.write_text(textwrap.dedent(PROGRAM))
    port = str(29000 + os.getpid() % 5000)
    both = []
    for rank in "01":
        environment = dict(os.environ, RANK=rank, WORLD_SIZE="2", MASTER_PORT=port)
        environment |= {"MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
        paths = [os.path.dirname(__file__), os.path.dirname(sklearn_ae.__path__[0])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
        command = [sys.executable, str(script), str(folder), what]
        both.append(subprocess.Popen(command, env=environment, start_new_session=True))
    try:
        codes = [process.wait(timeout=110) for process in both]
    finally:
        for process in both:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    files = [folder / f"{rank}.json" for rank in "01"]
    return codes, [json.loads(f.read_text()) if f.exists() else None for f in files]


@pytest.mark.slow
def test_two_processes_find_what_one_finds_or_both_an_error(tmp_path):
    codes, found = run(tmp_path, "cases")
    assert codes == [0, 0]
    for name in CASES:
        first, second = (of_one[name] for of_one in found)
        np.testing.assert_array_equal(first["codes"], second["codes"], err_msg=name)
        alone = fit_case(name)
        # The same batches but for single rows; each draws dropout and noise for its half.
        slack = 0.005 if CASES[name][1] == {} and name != "noise" else 0.03
        assert abs(first["score"] - alone["score"]) < slack, name
    for of_one in found:  # errors in both, after which both go on
        for name, message in (
            ("rows", "rows differs"),
            ("seeds", "random_numbers differs"),
        ):
            assert message in of_one[name]
            assert "Expected the same rows" in of_one[name]


@pytest.mark.slow
def test_a_failing_process_ends_the_other(tmp_path):
    codes, found = run(tmp_path, "failure")
    assert codes == [0, 3]
    assert "Process 0 of 2 lost the others" in found[0]["error"]


def test_without_a_group_there_is_an_error():
    with (
        pytest.raises(SharedTrainingError, match=r"without a process group .*; expected"),
        shared_training(),
    ):
        pass


def test_one_process_alone_changes_nothing():
    store = torch.distributed.HashStore()
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        with shared_training():
            shared = fit_case("plain")
    finally:
        torch.distributed.destroy_process_group()
    assert shared == fit_case("plain")
