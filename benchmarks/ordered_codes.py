"""What do ordered codes keep at each length, beside networks trained at that length?

Digits as scikit-learn bundles them, and of --data satimage, isolet, MNIST and
Fashion-MNIST, 10,000 rows at most; 30 % of the rows are held out. Codes of 16 and of 32.

Printed per table and size: held-out R² of PCA, of separate fits, and of one ordered fit cut
to a quarter, to half, and whole, with layers of the default size and with layers twice as
wide; over all lengths the least lead over PCA, and how far R² falls at most from one length
to a longer one; CPU time of the ordered fit, in fits of unordered codes of that size.

Then n_components=0.9: the number that is found, the fewest components of fits of single
sizes that explain as much of the same validation rows, PCA's number, and the time in fits.

    python benchmarks/ordered_codes.py --data FOLDER
    python benchmarks/ordered_codes.py --quick              digits alone, codes of 8
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

TABLES = "satimage", "isolet", "mnist", "fashion_mnist"
MOST_ROWS = 10_000
SHARE = 0.9
LAYERS = (128, 128), (256, 256)


def load(name, folder):
    if name == "digits":
        return load_digits().data
    X = np.load(folder / f"{name}.npz")["X"].astype(np.float32)
    return X[np.random.default_rng(0).permutation(len(X))[:MOST_ROWS]]


def kept_by_pca(size, X, held_out):
    pca = PCA(size, random_state=0).fit(X)
    X_hat = pca.inverse_transform(pca.transform(held_out))
    return r2_score(held_out, X_hat, multioutput="variance_weighted")


def fitted(X, n_components, **settings):
    """Return a fit, and its CPU seconds."""
    start = time.process_time()
    ae = AutoencoderTransformer(n_components, random_state=0, **settings).fit(X)
    return ae, time.process_time() - start


def prefixes(name, size, X, held_out):
    """Return a line of the first table."""
    lengths = [size // 4, size // 2, size]
    of_pca = [kept_by_pca(k, X, held_out) for k in range(1, size + 1)]
    separate = []
    for k in lengths:
        ae, seconds = fitted(X, k)
        separate.append(ae.score(held_out))
    nested, lead, fall, times = [], [], [], []
    for sizes in LAYERS:
        ae, own = fitted(X, size, ordered=True, hidden_layer_sizes=sizes)
        kept = np.array([ae.truncate(k).score(held_out) for k in range(1, size + 1)])
        nested.append(kept)
        lead.append(f"{(kept - of_pca).min():.3f}")
        fall.append(f"{max(0.0, (np.maximum.accumulate(kept) - kept).max()):.4f}")
        times.append(f"{own / seconds:.1f}")
    cells = [name, size]
    for k, own in zip(lengths, separate, strict=True):
        told = [of_pca[k - 1], own, *(kept[k - 1] for kept in nested)]
        cells.append(" / ".join(f"{r2:.3f}" for r2 in told))
    return [*cells, " / ".join(lead), " / ".join(fall), " / ".join(times)]


def reaches(X, size):
    ae, seconds = fitted(X, size)
    return ae.validation_scores_[ae.best_iter_] >= SHARE, seconds


def share(name, X):
    """Return a line of the second table."""
    found, seconds = fitted(X, SHARE)
    n_found = found.n_components_
    reached, seconds_of_one = reaches(X, n_found)
    # Fits of single sizes, from what was found on.
    fewest = n_found
    if reached:
        for size in range(n_found - 1, max(0, n_found - 4), -1):
            if reaches(X, size)[0]:
                fewest = size
    else:
        while not reached:
            fewest += 1
            reached = reaches(X, fewest)[0]
    of_pca = PCA(SHARE).fit(X).n_components_
    return [name, n_found, fewest, of_pca, f"{seconds / seconds_of_one:.1f}"]


def print_table(head, lines):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head), flush=True)
    for line in lines:
        print("| " + " | ".join(map(str, line)) + " |", flush=True)
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--sets", nargs="+", help="only these")
    parser.add_argument("--sizes", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--quick", action="store_true", help="digits, codes of 8")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    names = arguments.sets or ["digits", *(TABLES if arguments.data else ())]
    sizes = [8] if arguments.quick else arguments.sizes
    tables = {name: load(name, arguments.data) for name in names}
    halves = {
        name: train_test_split(X, test_size=0.3, random_state=0)
        for name, X in tables.items()
    }
    head = [
        "data",
        "components",
        "a quarter: PCA / separate / ordered / wide",
        "half",
        "all",
    ]
    head += ["least lead over PCA", "largest fall", "time in fits"]
    cases = ((name, size) for name in names for size in sizes)
    print_table(head, (prefixes(name, size, *halves[name]) for name, size in cases))
    head = ["data", f"n_components={SHARE}", "fewest that do", "PCA", "time in fits"]
    print_table(head, (share(name, halves[name][0]) for name in names))


if __name__ == "__main__":
    main()
