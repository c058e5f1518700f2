"""Sparse tables: how much memory a fit takes, and what codes of texts keep.

Memory: a table of 100,000 rows and 20,000 columns, of which 0.1 % is stored, is fitted
(--epochs, two by default), transformed and scored in a process of its own. Printed: the
peak of the process, imports included, and the seconds.

Texts: 5000 functions and classes of the standard library of Python, as TfidfVectorizer
counts their words: 5000 columns at most, 1 % stored. 30 % are held out, two splits.
Printed by length of the code: held-out R² (variance around the mean) of TruncatedSVD,
PCA and the autoencoder; held-out accuracy of logistic regression on the codes, of the 20
modules that have most of the texts; seconds of a fit.

Dense: what a fit of the same table takes as sparse and as dense rows.

    python benchmarks/sparse.py
    python benchmarks/sparse.py --parts memory --epochs 1
    python benchmarks/sparse.py --quick
"""

import argparse
import ast
import resource
import subprocess
import sys
import sysconfig
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_ae import AutoencoderTransformer

N_TEXTS, N_WORDS, N_MODULES, SHORTEST = 5000, 5000, 20, 200
WORDS = r"[a-zA-Z]{3,}"


def random_table(n_rows, n_columns, density=1e-3):
    """Return rows of compressed counts in no order."""
    rng, n = np.random.default_rng(0), int(n_rows * n_columns * density)
    places = rng.integers(0, n_rows, n), rng.integers(0, n_columns, n)
    return sp.coo_array((rng.random(n) + 0.5, places), shape=(n_rows, n_columns)).tocsr()


def peak():
    """Return the largest memory of this process until now, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def alone(n_rows, n_columns, n_epochs):
    """Fit, transform and score one table, and print what it took."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    X = random_table(n_rows, n_columns)
    print(f"| imports and the table, {X.data.nbytes * 1.5 / 1e6:.0f} MB | | {peak():.2f} |")
    ae = AutoencoderTransformer(8, max_iter=n_epochs, random_state=0)
    for name in ("fit", "transform", "score", "score_samples"):
        start = time.perf_counter()
        getattr(ae, name)(X)
        print(f"| {name} | {time.perf_counter() - start:.1f} | {peak():.2f} |", flush=True)


def of_memory(arguments):
    n_rows, n_columns = (4000, 10_000) if arguments.quick else (100_000, 20_000)
    dense = 8 * n_rows * n_columns / 1e9
    print(f"\n{n_rows} x {n_columns}, {arguments.epochs} epochs; dense: {dense:.1f} GB\n")
    print("| step | seconds | peak so far, GB |\n|---|---:|---:|", flush=True)
    sizes = map(str, (n_rows, n_columns, arguments.epochs))
    subprocess.run([sys.executable, __file__, "--alone", *sizes], check=True)


def texts(n_texts):
    """Return sources of functions and classes, and the modules that they are from."""
    found = []
    folder = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        if {"site-packages", "test", "tests", "idlelib", "lib2to3"} & set(parts):
            continue
        try:
            source = path.read_text()
            tree = ast.parse(source)
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                text = ast.get_source_segment(source, node)
                if len(text) >= SHORTEST:
                    found.append((text, parts[0].removesuffix(".py")))
    chosen = np.random.default_rng(0).permutation(len(found))[:n_texts]
    return [found[i][0] for i in chosen], np.array([found[i][1] for i in chosen])


def r2(X, X_hat):
    return r2_score(X.toarray(), X_hat, multioutput="variance_weighted")


def of_texts(arguments):
    documents, modules = texts(1000 if arguments.quick else N_TEXTS)
    words = TfidfVectorizer(token_pattern=WORDS, min_df=3, max_features=N_WORDS)
    X = words.fit_transform(documents)
    often = [name for name, _ in Counter(modules).most_common(N_MODULES)]
    share = X.nnz / np.prod(X.shape)
    print(f"\n{X.shape[0]} texts, {X.shape[1]} words, {100 * share:.1f} % stored\n")
    print(
        "| components | split | kind | R² | accuracy | seconds |\n"
        "|---:|---:|---|---:|---:|---:|"
    )
    for size in (8, 32):
        for seed in range(1 if arguments.quick else 2):
            rows = train_test_split(X, modules, test_size=0.3, random_state=seed)
            train, test, y_train, y_test = rows
            for kind in (TruncatedSVD, PCA, AutoencoderTransformer):
                fixed = {"svd_solver": "arpack"} if kind is PCA else {}
                codes, start = kind(size, random_state=seed, **fixed), time.perf_counter()
                codes.fit(train)
                seconds = time.perf_counter() - start
                known, asked = np.isin(y_train, often), np.isin(y_test, often)
                logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
                logistic.fit(codes.transform(train[known]), y_train[known])
                accuracy = logistic.score(codes.transform(test[asked]), y_test[asked])
                kept = r2(test, codes.inverse_transform(codes.transform(test)))
                cells = f"{kept:.3f} | {accuracy:.3f} | {seconds:.1f}"
                print(f"| {size} | {seed} | {kind.__name__} | {cells} |", flush=True)


def of_dense(arguments):
    n_rows = 1000 if arguments.quick else 3000
    print("\n| rows x 5000, 0.1 % | sparse, s | dense, s |\n|---:|---:|---:|")
    for n in (n_rows, 2 * n_rows):
        X, seconds = random_table(n, 5000), []
        for rows in (X, X.toarray()):
            start = time.process_time()
            AutoencoderTransformer(8, max_iter=2, random_state=0).fit(rows)
            seconds.append(time.process_time() - start)
        print(f"| {n} | {seconds[0]:.1f} | {seconds[1]:.1f} |", flush=True)


PARTS = {"memory": of_memory, "texts": of_texts, "dense": of_dense}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--epochs", type=int, default=2, help="of the large table")
    parser.add_argument("--quick", action="store_true", help="small tables")
    parser.add_argument("--alone", nargs=3, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        alone(*arguments.alone)
        return
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        for part in arguments.parts:
            PARTS[part](arguments)


if __name__ == "__main__":
    main()
