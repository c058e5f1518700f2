"""How many nats does a VariationalAutoencoder need for an MNIST test image?

The set-up of the literature: pixels binarised at random with their grey value as
probability, a Bernoulli likelihood, two hidden layers of 200 units, 50 components, and on
the 10000 test images the importance-weighted estimate of the log likelihood. Burda, Grosse
and Salakhutdinov (2016) report 86.8 nats with tanh layers, 3280 passes over the training
images and 5000 importance samples.

Theirs are binarised anew in every pass; here ``--draws`` binarisations of the 60000
training images are stacked, so that an epoch is as many passes.

    python benchmarks/mnist_bound.py --data FOLDER            a quarter of an hour
    python benchmarks/mnist_bound.py --data FOLDER --quick    a minute, few passes
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from sklearn_ae import VariationalAutoencoder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with mnist.npz")
    parser.add_argument("--draws", type=int, default=3, help="binarisations to train on")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--samples", type=int, default=1000, help="importance samples")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draws, epochs = (1, 10) if arguments.quick else (arguments.draws, arguments.epochs)
    n_samples, n_test = (100, 1000) if arguments.quick else (arguments.samples, 10_000)
    torch.set_num_threads(1)
    with np.load(arguments.data / "mnist.npz") as file:
        grey = file["X"].astype(np.float32) / 255
    rng = np.random.default_rng(arguments.seed)

    def binarised(images):
        return (rng.random(images.shape, dtype=np.float32) < images).astype(np.float32)

    test = binarised(grey[60_000:])[:n_test]
    train = np.concatenate([binarised(grey[:60_000]) for _ in range(draws)])
    vae = VariationalAutoencoder(
        50,
        hidden_layer_sizes=(200, 200),
        loss="bce",
        scaling=None,
        learning_rate_init=0.003,
        batch_size=256,
        max_iter=epochs,
        early_stopping=False,  # draws of an image are on both sides of any split
        random_state=arguments.seed,
    )
    start = time.perf_counter()
    vae.fit(train)
    seconds = time.perf_counter() - start
    bound = vae.score_samples(test).mean()
    estimate = vae.log_likelihood(test, n_samples, random_state=arguments.seed)
    error = estimate.std() / np.sqrt(len(test))
    print(f"{draws * epochs} passes in {seconds:.0f} s, {len(test)} test images")
    print(f"evidence lower bound           {bound:8.2f} nats")
    print(
        f"{n_samples:5} importance samples       {estimate.mean():8.2f} nats "
        f"(standard error {error:.2f})"
    )
    print(f"components in use              {vae.active_components_:5} of 50")


if __name__ == "__main__":
    main()
