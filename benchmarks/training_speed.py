"""How fast are rows learnt, beside the same network in other hands?

The same layers, batches and epochs; rectified linear units, Adam, no validation rows:

    S  digits, 1797 x 64, hidden 128, code 8, batches of 32 and of 256, one thread
    M  50,000 x 100, hidden 256 and 128, code 16, batches of 512, all threads
    L  60,000 x 784 (MNIST with --data, else rows like it), hidden 1000, 500 and 250,
       code 30, batches of 512, all threads

"same network" is AutoencoderTransformer(init="random", precision="float32"), the whole of
fit, with averages of weights and the length of gradients, which no other computes;
"default" has besides its linear shortcut, its start at PCA and precision="auto". Beside
them a bare torch loop (fused Adam over slices of one tensor), in bfloat16 too where
"default" is, MLPRegressor.fit(X, X) in float32, whose code is rectified too, and on S
skorch as its documentation shows it, but without its validation rows, PyOD's AutoEncoder,
which also scores the rows, and Keras on torch, as far as they are installed
(python -m pip install -c .ci/constraints.txt pyod keras). One round is not counted. 20
epochs of S, 10 of M and L.

    python benchmarks/training_speed.py --data FOLDER    about fifteen minutes
    python benchmarks/training_speed.py --quick          S alone, under a minute
    python benchmarks/training_speed.py --device cuda    L on a GPU, bare loop and ours
"""

import argparse
import importlib.util
import os
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from timing import interleaved, on_threads
from torch import nn

from sklearn_ae import AutoencoderTransformer


def rows_like_images(n_rows, n_columns):
    """Return rows in [0, 1] of 30 hidden causes."""
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(n_rows, 30)).astype(np.float32)
    ways = rng.normal(size=(30, n_columns)).astype(np.float32)
    return 1 / (1 + np.exp(-causes @ ways))


def chain(n_features, hidden, n_components):
    """Return the network of all contestants, as torch modules in a row."""
    sizes = (n_features, *hidden, n_components, *hidden[::-1], n_features)
    layers = []
    for place, (n_in, n_out) in enumerate(pairwise(sizes)):
        layers.append(nn.Linear(n_in, n_out))
        if place not in (len(hidden), 2 * len(hidden) + 1):
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def bare_loop(
    X, hidden, n_components, batch_size, n_epochs, *, device="cpu", bfloat16=False
):
    """Train by the fewest lines of torch that are known to be fast."""
    network = chain(X.shape[1], hidden, n_components).to(device)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    x = torch.tensor(X, device=device)
    for _ in range(n_epochs):
        shuffled = x[torch.randperm(len(x)).to(device)]
        for batch in shuffled.split(batch_size):
            optimizer.zero_grad()
            with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
                loss = F.mse_loss(network(batch), batch)
            loss.backward()
            optimizer.step()
    if device != "cpu":
        torch.accelerator.synchronize()


def ours(X, hidden, n_components, batch_size, n_epochs, **options):
    AutoencoderTransformer(
        n_components,
        hidden_layer_sizes=hidden,
        activation="relu",
        batch_size=batch_size,
        max_iter=n_epochs,
        early_stopping=False,
        random_state=0,
        **options,
    ).fit(X)


def scikit_learn(X, hidden, n_components, batch_size, n_epochs):
    MLPRegressor(
        hidden_layer_sizes=(*hidden, n_components, *hidden[::-1]),
        batch_size=batch_size,
        max_iter=n_epochs,
        n_iter_no_change=n_epochs + 1,
        random_state=0,
    ).fit(X, X)


def skorch(X, hidden, n_components, batch_size, n_epochs):
    from skorch import NeuralNetRegressor

    NeuralNetRegressor(
        chain(X.shape[1], hidden, n_components),
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=batch_size,
        max_epochs=n_epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    ).fit(X, X)


def pyod(X, hidden, n_components, batch_size, n_epochs):
    from pyod.models.auto_encoder import AutoEncoder

    AutoEncoder(
        hidden_neuron_list=[*hidden, n_components],
        batch_norm=False,
        dropout_rate=0.0,
        batch_size=batch_size,
        epoch_num=n_epochs,
        verbose=0,
    ).fit(X)


def keras(X, hidden, n_components, batch_size, n_epochs):
    import keras

    layers = [keras.layers.Dense(width, "relu") for width in hidden]
    layers += [keras.layers.Dense(n_components)]
    layers += [keras.layers.Dense(width, "relu") for width in hidden[::-1]]
    layers += [keras.layers.Dense(X.shape[1])]
    network = keras.Sequential([keras.Input((X.shape[1],)), *layers])
    network.compile("adam", "mse")
    network.fit(X, X, batch_size=batch_size, epochs=n_epochs, verbose=0)


def compare(name, task, *, n_repeats, n_threads):
    """Print the rows per second of each, and how many times faster each of ours is.

    A task is rows, hidden layers, code size, batch size and epochs.
    """
    X, _, _, batch_size, n_epochs = task
    contestants = {
        "same network": lambda: ours(*task, init="random", precision="float32"),
        "default": lambda: ours(*task),
        "bare torch loop": lambda: bare_loop(*task),
        "MLPRegressor": lambda: scikit_learn(*task),
    }
    if name == "L":
        contestants["bare loop, bfloat16"] = lambda: bare_loop(*task, bfloat16=True)
    if name == "S":
        contestants["skorch"] = lambda: skorch(*task)
        if importlib.util.find_spec("pyod"):
            contestants["PyOD"] = lambda: pyod(*task)
        if importlib.util.find_spec("keras"):
            contestants["Keras on torch"] = lambda: keras(*task)
    with on_threads(n_threads):
        if name == "S":
            interleaved(contestants, 1)  # imports, and what is loaded with a first call
        seconds = interleaved(contestants, n_repeats)
    for who, taken in seconds.items():
        speed = n_epochs * len(X) / taken
        ratios = [taken / seconds[own] for own in ("same network", "default")]
        print(
            f"| {name}, batches of {batch_size} | {who} | {speed:,.0f} | "
            f"{ratios[0]:.2f} | {ratios[1]:.2f} |",
            flush=True,
        )


def compare_on(device, X):
    """Print the same for L on an accelerator, where MLPRegressor cannot be."""
    task = X, (1000, 500, 250), 30, 512, 10
    contestants = {
        "same network": lambda: ours(*task, init="random", device=device),
        "bare torch loop": lambda: bare_loop(*task, device=device),
    }
    seconds = interleaved(contestants, 3)
    for who, taken in seconds.items():
        ratio = taken / seconds["same network"]
        print(f"| L on {device} | {who} | {10 * len(X) / taken:,.0f} | {ratio:.2f} | |")


def main():
    os.environ["KERAS_BACKEND"] = "torch"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with mnist.npz")
    parser.add_argument("--device", help="an accelerator, as torch names it")
    parser.add_argument("--quick", action="store_true", help="S alone, fewer repeats")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("| task | who | rows per second | same network is faster by | default by |")
    print("|---|---|---:|---:|---:|")
    large = None
    if arguments.device or not arguments.quick:
        large = rows_like_images(60_000, 784)
        if arguments.data:
            with np.load(arguments.data / "mnist.npz") as file:
                large = file["X"][:60_000].astype(np.float32) / 255
    if arguments.device:
        return compare_on(arguments.device, large)
    digits = (load_digits().data / 16).astype(np.float32)
    n_threads = torch.get_num_threads()
    for batch_size in (32, 256):
        n_repeats = 3 if arguments.quick else 7
        task = digits, (128,), 8, batch_size, 20
        compare("S", task, n_repeats=n_repeats, n_threads=1)
    if arguments.quick:
        return
    task = rows_like_images(50_000, 100), (256, 128), 16, 512, 10
    compare("M", task, n_repeats=3, n_threads=n_threads)
    task = large, (1000, 500, 250), 30, 512, 10
    compare("L", task, n_repeats=3, n_threads=n_threads)


if __name__ == "__main__":
    main()
