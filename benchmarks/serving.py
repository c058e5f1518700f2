"""How light is a fit to serve?

Digits, (128, 128), a code of 8. A process of its own loads a pickle and encodes one row:
time until the codes are there, and the most memory that it held (Linux only), of PCA, of
what ``to_numpy`` returns, of ONNX Runtime, of the estimator, and of the estimator from the
file of ``save``, beside numpy alone. Then latencies in one process.

    python benchmarks/serving.py            a minute
    python benchmarks/serving.py --quick    fewer repeats
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from timing import interleaved, on_threads

from sklearn_ae import AutoencoderTransformer

N_ROWS = 1, 1000

SERVE = """
import sys, time
start = time.perf_counter()
import numpy as np
if len(sys.argv) > 1:
    path = sys.argv[1]
    if path.endswith(".onnx"):
        import onnxruntime
        session = onnxruntime.InferenceSession(path)
        session.run(None, {"X": np.zeros((1, 64), np.float32)})
    else:
        if path.endswith(".pkl"):
            import pickle
            with open(path, "rb") as file:
                model = pickle.load(file)
        else:
            import sklearn_ae
            model = sklearn_ae.load(path)
        model.transform(np.zeros((1, 64)))
seconds = time.perf_counter() - start
# Not getrusage: its peak has that of the process that started this one in it.
with open("/proc/self/status") as file:
    (line,) = [line for line in file if line.startswith("VmHWM")]
print(seconds, int(line.split()[1]) / 1024)
"""


def process_that_serves(told, *pickled):
    """Note the seconds and the megabytes that a process needs for its first row."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", SERVE, *map(str, pickled)]
    done = subprocess.run(command, check=True, env=kept, capture_output=True, text=True)
    told.append([float(number) for number in done.stdout.split()])


def processes(models, folder, n_repeats):
    paths = {name: folder / f"{i}.pkl" for i, name in enumerate(models)}
    for name, path in paths.items():
        path.write_bytes(pickle.dumps(models[name]))
    ae = models["estimator"]
    paths |= {"ONNX Runtime": folder / "ae.onnx", "load": folder / "ae.safetensors"}
    paths["ONNX Runtime"].write_bytes(ae.to_onnx().SerializeToString())
    ae.save(paths["load"])
    told = {name: [] for name in ("numpy alone", *paths)}
    interleaved(
        {
            name: partial(process_that_serves, told[name], *filter(None, [paths.get(name)]))
            for name in told
        },
        1 + n_repeats,
    )
    print("| what | first row | memory | file |\n|---|---:|---:|---:|")
    for name, numbers in told.items():
        seconds, megabytes = np.median(numbers[1:], axis=0)  # the first one compiles
        size = f"{paths[name].stat().st_size / 1024:.0f} kB" if name in paths else ""
        print(f"| {name} | {seconds:.2f} s | {megabytes:.0f} MB | {size} |", flush=True)


def latencies(models, X, n_repeats):
    print("\n| dtype | rows | " + " | ".join(models) + " | to_numpy / PCA |")
    print("|---|---:|" + "---:|" * (len(models) + 1))
    for dtype in (np.float64, np.float32):
        for n_rows in N_ROWS:
            x, n_calls = X[:n_rows].astype(dtype), max(5, 1000 // n_rows)

            def calls(function, x=x, n_calls=n_calls):
                for _ in range(n_calls):
                    function(x)

            ways = {
                name: partial(calls, getattr(model, "transform", model))
                for name, model in models.items()
            }
            seconds = interleaved(ways, n_repeats)
            told = " | ".join(f"{1000 * seconds[name] / n_calls:.3f} ms" for name in models)
            ratio = seconds["to_numpy"] / seconds["PCA"]
            print(f"| {np.dtype(dtype)} | {n_rows} | {told} | {ratio:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    n_repeats = 3 if parser.parse_args().quick else 11
    X = load_digits().data
    ae = AutoencoderTransformer(8, max_iter=20, random_state=0).fit(X)
    assert not ae._fitted.stays_linear  # else it would be PCA
    models = {"PCA": PCA(8).fit(X), "to_numpy": ae.to_numpy(), "estimator": ae}
    with tempfile.TemporaryDirectory() as folder:
        processes(models, Path(folder), n_repeats)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(ae.to_onnx().SerializeToString(), options)

    def by_onnx(x):  # in float32, as the graph is
        return session.run(None, {"X": x.astype(np.float32, copy=False)})[0]

    def by_torch(x):
        network = ae._fitted.network(x.dtype.name)
        with torch.inference_mode():
            return network.encode(torch.from_numpy(x)).numpy()

    with on_threads(1):
        latencies(models | {"ONNX Runtime": by_onnx, "torch": by_torch}, X, n_repeats)


if __name__ == "__main__":
    main()
