"""PCA and the autoencoder by code size and by column, in tables of text."""

import time
import warnings

import numpy as np

from sklearn_ae import AutoencoderTransformer

from ._columns import is_number, short
from ._usual_pca import UsualPCA

__all__ = ["compare_sizes", "print_columns"]

MOST_COLUMNS = 30  # in a list of columns and in a picture
AHEAD, EQUAL = 0.005, 0.0005  # of shares

HOW_SHARES_ARE_COUNTED = """
A share is how much of the variation of a column its codes keep, in the held-out rows: R2
of numbers, 1 - cross-entropy / entropy of categories. 1 is everything, and 0 no better
than always saying the mean, or how frequent each category is. Missing cells count nowhere.
PCA gets the usual encoding: median or most frequent for missing cells, one-hot,
standardised. What it reconstructs of one-hot columns becomes probabilities in its favour:
clipped below, where that is best for each column in the training rows, and divided by
their sum. The autoencoder gets the table as it is."""


def compare_sizes(train, test, sizes):
    """Print shares by code size; return the fitted pair, and the shares, by size.

    Shares are of all columns, (n_columns, 2), NaN where a column does not vary in ``test``.
    """
    print(HOW_SHARES_ARE_COUNTED, end="\n\n")
    print("           mean share of columns           seconds to fit")
    print("code size      PCA  autoencoder         PCA   autoencoder", flush=True)
    fits, shares = {}, {}
    notes: dict[str, int] = {}
    for size in sizes:
        pair = (
            UsualPCA(size),
            AutoencoderTransformer(size, scaling="feature", random_state=0),
        )
        seconds, messages = zip(*(_fit(reducer, train) for reducer in pair), strict=True)
        notes |= dict.fromkeys(messages[1], size)
        pair[0].choose_limits(train)
        columns = np.column_stack([reducer.column_scores(test) for reducer in pair])
        columns[np.isnan(columns[:, 0])] = np.nan
        pca, autoencoder = np.nanmean(columns, axis=0)
        print(
            f"{size:9d} {pca:8.3f} {autoencoder:12.3f} {seconds[0]:11.1f} "
            f"{seconds[1]:13.1f}",
            flush=True,
        )
        fits[size], shares[size] = pair, columns
    for note, size in notes.items():
        print(f"Code size {size}, the autoencoder warns: {note}")
    return fits, shares


def _fit(reducer, train):
    """Fit, and return the seconds that it took, and the messages of warnings."""
    begin = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reducer.fit(train)
    seconds = time.perf_counter() - begin
    return seconds, [str(warning.message) for warning in caught]


def print_columns(train, shares, size):
    """Print a line per column; return the shares that are listed, as a DataFrame."""
    import pandas as pd

    told = pd.DataFrame(shares, index=train.columns, columns=["PCA", "autoencoder"])
    gain = told["autoencoder"] - told["PCA"]
    listed = told
    if len(told) > MOST_COLUMNS:
        far = gain.abs().round(3).sort_values(ascending=False, kind="stable").index
        far = far[:MOST_COLUMNS]
        listed = told.loc[[name for name in told.index if name in set(far)]]
    print(f"\nWhat {size} numbers keep of each column:")
    print(f"{'column':32}  kind      missing    PCA  autoencoder")
    for name, (pca, autoencoder) in zip(listed.index, listed.to_numpy(), strict=True):
        kind = "number" if is_number(train[name]) else "category"
        print(
            f"{short(name):32}  {kind:8} {train[name].isna().mean():8.1%} "
            f"{_cell(pca):>6} {_cell(autoencoder):>12}"
        )
    if len(listed) < len(told):
        least = gain[listed.index].abs().min()
        print(
            f"and {len(told) - len(listed)} columns more, where the two differ by no more "
            f"than {least:.3f}"
        )
    if no_share := [short(name) for name in told.index[told["PCA"].isna()]]:
        print(
            f"Without a share, as they do not vary in held-out rows: {', '.join(no_share)}."
        )
    if gain.abs().max() < EQUAL:
        print("Nothing better than PCA was found: the autoencoder stayed where it starts.")
    else:
        print(
            f"By more than {AHEAD} the autoencoder keeps more of {(gain > AHEAD).sum()} "
            f"columns, and PCA of {(gain < -AHEAD).sum()}."
        )
    return listed


def _cell(share):
    return "-" if np.isnan(share) else f"{share:.3f}"
