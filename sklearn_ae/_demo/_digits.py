"""The demo without a file: PCA and an autoencoder on handwritten digits."""

import struct
import time
import zlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_ae import AutoencoderTransformer

__all__ = ["demo_of_digits"]

SIZES = (2, 4, 8, 16)
GRID = {
    "autoencodertransformer__n_components": [4, 8],
    "autoencodertransformer__hidden_layer_sizes": [(64,), (128, 128)],
    "autoencodertransformer__loss": ["mse", "bce"],
}
# Ten colours that differ in hue and lightness (Tableau 10), one per digit.
COLOURS = "4e79a7 f28e2b e15759 76b7b2 59a14f edc948 b07aa1 ff9da7 9c755f 444444"
PICTURE = "sklearn_ae_demo.png"
# Letters of 3 x 5 dots, row by row: enough to write PCA and AE without matplotlib, which is
# an optional dependency.
LETTERS = {
    "P": "111101111100100",
    "C": "111100100100111",
    "A": "010101111101101",
    "E": "111100111100111",
}


def demo_of_digits():
    """Run the demo."""
    start = time.perf_counter()
    X, y = load_digits(return_X_y=True)
    data = train_test_split(X / 16, y, test_size=0.25, stratify=y, random_state=0)
    X_train, X_test, _, y_test = data
    print(f"1797 handwritten digits of 8 x 8 pixels, {len(X_test)} of them held out.\n")
    fitted = compare_sizes(*data)
    tune(X_train, X_test)
    path = draw(X_test, y_test, fitted)
    print(
        f"\nPicture: {path}\n"
        "  above: held-out digits, and what PCA and the autoencoder make of 8 numbers\n"
        "  below: all held-out digits as codes of 2 numbers, by PCA and by the autoencoder"
    )
    print(f"\nDone in {time.perf_counter() - start:.0f} s.")


def compare_sizes(X_train, X_test, y_train, y_test):
    """Print PCA and the autoencoder by code size; return both, fitted, by size."""
    print("           variance explained      10-nearest-neighbour accuracy")
    print("code size      PCA  autoencoder           PCA  autoencoder   seconds to fit")
    fitted = {}
    for size in SIZES:
        pair, cells = (PCA(size), AutoencoderTransformer(size, random_state=0)), []
        for reducer in pair:
            begin = time.perf_counter()
            reducer.fit(X_train)
            seconds = time.perf_counter() - begin
            codes = reducer.transform(X_test)
            X_hat = reducer.inverse_transform(codes)
            r2 = r2_score(X_test, X_hat, multioutput="variance_weighted")
            neighbours = KNeighborsClassifier(10).fit(reducer.transform(X_train), y_train)
            cells.append((r2, neighbours.score(codes, y_test)))
        (pca_r2, pca_accuracy), (ae_r2, ae_accuracy) = cells
        print(
            f"{size:9d} {pca_r2:8.3f} {ae_r2:12.3f} {pca_accuracy:13.3f} "
            f"{ae_accuracy:12.3f} {seconds:16.1f}",
            flush=True,
        )
        fitted[size] = pair
    return fitted


def tune(X_train, X_test):
    """Print a grid search over code size, hidden layers and loss, in a Pipeline."""
    print("\nGridSearchCV over code size, hidden layers and loss, in a Pipeline:")
    pipeline = make_pipeline(
        MinMaxScaler(clip=True), AutoencoderTransformer(random_state=0)
    )
    search = GridSearchCV(pipeline, GRID, cv=3, n_jobs=2, verbose=1).fit(X_train)
    print("rank  code size  hidden layers  loss  cross-validated R2")
    results = search.cv_results_
    for i in np.argsort(results["rank_test_score"]):
        size, hidden, loss = (results[f"param_{name}"][i] for name in GRID)
        print(
            f"{results['rank_test_score'][i]:4d} {size:10d}  {hidden!s:13}  {loss:4}  "
            f"{results['mean_test_score'][i]:.3f}"
        )
    print(f"The best one explains {search.score(X_test):.3f} of the held-out variance.")


def draw(X_test, y_test, fitted):
    """Save originals, reconstructions and 2-D codes as a picture, and return its path."""
    one_of_each = X_test[[np.flatnonzero(y_test == digit)[0] for digit in range(10)]]
    rows = [one_of_each]
    for reducer in fitted[8]:
        rows.append(reducer.inverse_transform(reducer.transform(one_of_each)))
    above = np.vstack([np.hstack([_enlarged(x) for x in row]) for row in rows])
    above = np.hstack([np.ones((len(above), 40, 3)), above])
    _write(above, "PCA", top=100, left=2)
    _write(above, "AE", top=172, left=2)
    means = [X_test[y_test == digit].mean(0) for digit in range(10)]
    panels = [_scatter(reducer.transform(X_test), y_test, means) for reducer in fitted[2]]
    _write(panels[0], "PCA", top=12, left=12)
    _write(panels[1], "AE", top=12, left=12)
    below = np.hstack(panels)
    path = Path.cwd() / PICTURE
    _save_png(path, np.vstack([above, below]))
    return path


def _write(picture, text, top, left, dot=3):
    """Write ``text`` into a picture, in place."""
    for letter in text:
        dots = np.array(list(LETTERS[letter]), dtype=int).reshape(5, 3)
        ink = np.kron(dots, np.ones((dot, dot)))[:, :, np.newaxis]
        picture[top : top + 5 * dot, left : left + 3 * dot] *= 1 - ink * 0.7
        left += 4 * dot


def _enlarged(x, size=72):
    """Return a digit as dark ink on white, (size, size, 3), with a margin."""
    tile = np.full((size, size, 3), 1.0)
    ink = 1 - np.clip(x, 0, 1).reshape(8, 8)
    tile[4:-4, 4:-4] = np.kron(ink, np.ones((8, 8)))[:, :, np.newaxis]
    return tile


def _scatter(codes, labels, means, size=380):
    """Return codes as dots, with the mean digit of each label, (size, size, 3)."""
    panel = np.full((size, size, 3), 1.0)
    panel[[4, -5], 4:-4] = panel[4:-4, [4, -5]] = 0.8
    low, high = np.percentile(codes, [0.5, 99.5], axis=0)
    inside = np.clip((codes - low) / (high - low), 0, 1) * (size - 40) + 20
    palette = [np.frombuffer(bytes.fromhex(c), np.uint8) / 255 for c in COLOURS.split()]
    for (across, up), label in zip(inside.astype(int), labels, strict=True):
        panel[size - up - 2 : size - up + 2, across - 2 : across + 2] = palette[label]
    for label, mean in enumerate(means):
        across, up = np.median(inside[labels == label], axis=0).astype(int)
        ink = np.kron(mean.reshape(8, 8), np.ones((4, 4)))[:, :, np.newaxis]
        place = panel[size - up - 16 : size - up + 16, across - 16 : across + 16]
        place[:] = (1 - ink) * (0.6 + 0.4 * place) + ink * palette[label] * 0.8
    return panel


def _save_png(path, picture):
    """Write an array in [0, 1] of shape (height, width, 3) as PNG, with zlib alone."""
    pixels = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    height, width, _ = pixels.shape
    lines = np.hstack([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)])

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines.tobytes(), 9))
        + chunk(b"IEND", b"")
    )
