"""How small does the error of the deep autoencoder of 2006 get, and how soon?

784-1000-500-250-30 and back, 60,000 training images of MNIST in [0, 1], squared error
summed over the pixels, mean over the 10,000 test images. Hinton and Salakhutdinov (2006)
report 3.00, and 13.87 for PCA; the best of Martens (2010) is quoted as 2.28.

Default parameters but for the layers, the epochs, a learning rate of 0.004 for layers as
wide as these, and no validation rows: all epochs are run. "as they are" learns from the
60,000 images; "shifted" also from the same images moved by one pixel up, down, left and
right, 300,000 in all, which holds overfitting back. Where the CPU has tiles for bfloat16,
precision="auto" takes it.

    python benchmarks/mnist_deep.py --data FOLDER                        five minutes
    python benchmarks/mnist_deep.py --data FOLDER --shifted-epochs 150   half an hour
    python benchmarks/mnist_deep.py --data FOLDER --quick                under a minute
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from timing import seconds_of

from sklearn_ae import AutoencoderTransformer

N_COMPONENTS = 30
LEARNING_RATE = 0.004  # least training error after 10 epochs, of 0.002, 0.004 and 0.01
MOVES = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]


def shifted(X):
    """Return the images, and each of them moved by one pixel in four directions."""
    images = X.reshape(-1, 28, 28)
    moved = [np.roll(images, move, (1, 2)) for move in MOVES]
    return np.concatenate(moved).reshape(-1, 784)


def error(X, X_hat):
    return float(((X - X_hat) ** 2).sum(axis=1).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with mnist.npz")
    parser.add_argument("--epochs", type=int, default=30, help="of images as they are")
    parser.add_argument("--shifted-epochs", type=int, default=12)
    parser.add_argument("--quick", action="store_true", help="4 epochs, none shifted")
    arguments = parser.parse_args()
    with np.load(arguments.data / "mnist.npz") as file:
        images = file["X"].astype(np.float32) / 255
    train, test = images[:60_000], images[60_000:]
    print("| images | epochs | seconds | training error | test error |")
    print("|---|---:|---:|---:|---:|")
    pca = PCA(N_COMPONENTS).fit(train)
    test_hat = pca.inverse_transform(pca.transform(test))
    print(f"| PCA | | | | {error(test, test_hat):.2f} |", flush=True)
    recipes = [("as they are", train, arguments.epochs)]
    if arguments.quick:
        recipes = [("as they are", train, 4)]
    else:
        recipes.append(("shifted", shifted(train), arguments.shifted_epochs))
    for name, X, n_epochs in recipes:
        ae = AutoencoderTransformer(
            N_COMPONENTS,
            hidden_layer_sizes=(1000, 500, 250),
            learning_rate_init=LEARNING_RATE,
            max_iter=n_epochs,
            early_stopping=False,
            random_state=0,
        )
        seconds = seconds_of(lambda ae=ae, X=X: ae.fit(X))
        errors = [error(part, ae.reconstruct(part)) for part in (train, test)]
        print(
            f"| {name} | {n_epochs} | {seconds:.0f} | {errors[0]:.2f} | {errors[1]:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
