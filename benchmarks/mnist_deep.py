"""How small does the error of the deep autoencoder of 2006 get, and how soon?

784-1000-500-250-30 and back, 60,000 training images of MNIST in [0, 1], squared error
summed over the pixels, mean over the 10,000 test images. Hinton and Salakhutdinov (2006)
report 3.00, and 13.87 for PCA; Martens (2010) 2.28 or less.

Three recipes: "60 epochs" learns from the images as they are, with decoupled weight decay;
"shifted, 12 epochs" also from the same images moved by one pixel up, down, left and right,
which holds overfitting back; "shifted, 60 epochs" for longer. No image of the test part
chooses anything: all epochs are run, and the last averaged weights are kept.

    python benchmarks/mnist_deep.py --data FOLDER            a quarter of an hour
    python benchmarks/mnist_deep.py --data FOLDER --quick    4 epochs, under a minute
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA

from sklearn_ae import AutoencoderTransformer

N_COMPONENTS = 30
MOVES = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
RECIPES = {
    "60 epochs": {"max_iter": 60, "alpha": 150.0},
    "shifted, 12 epochs": {"max_iter": 12, "alpha": 50.0},
    "shifted, 60 epochs": {"max_iter": 60, "alpha": 50.0},
}


def shifted(X):
    """Return the images, and each of them moved by one pixel in four directions."""
    images = X.reshape(-1, 28, 28)
    return np.concatenate([np.roll(images, move, (1, 2)) for move in MOVES]).reshape(
        -1, 784
    )


def error(X, X_hat):
    return float(((X - X_hat) ** 2).sum(axis=1).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with mnist.npz")
    parser.add_argument("--quick", action="store_true", help="4 epochs of the first")
    arguments = parser.parse_args()
    with np.load(arguments.data / "mnist.npz") as file:
        images = file["X"].astype(np.float32) / 255
    train, test = images[:60_000], images[60_000:]
    recipes = RECIPES
    if arguments.quick:
        recipes = {"4 epochs": {"max_iter": 4, "alpha": 150.0}}
    print("| recipe | seconds | training error | test error |\n|---|---:|---:|---:|")
    pca = PCA(N_COMPONENTS).fit(train)
    test_hat = pca.inverse_transform(pca.transform(test))
    print(f"| PCA | | | {error(test, test_hat):.2f} |", flush=True)
    for name, options in recipes.items():
        X = shifted(train) if name.startswith("shifted") else train
        ae = AutoencoderTransformer(
            N_COMPONENTS,
            hidden_layer_sizes=(1000, 500, 250),
            batch_size=512,
            solver="adamw",
            learning_rate_init=0.01,
            early_stopping=False,
            random_state=0,
            **options,
        )
        start = time.perf_counter()
        ae.fit(X)
        seconds = time.perf_counter() - start
        errors = error(train, ae.reconstruct(train)), error(test, ae.reconstruct(test))
        print(f"| {name} | {seconds:.0f} | {errors[0]:.2f} | {errors[1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
