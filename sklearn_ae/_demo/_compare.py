"""PCA and the autoencoder by code size and by column, in tables of text."""

import time
import warnings

import numpy as np

from sklearn_ae import AutoencoderTransformer

from ._columns import is_number, short
from ._usual_pca import UsualPCA

__all__ = ["compare_sizes", "print_columns"]

MOST_COLUMNS = 30  # in a list of columns and in a picture

HOW_SHARES_ARE_COUNTED = """
A share is what codes keep of the variation of a column, in the held-out rows: of numbers
R2, of categories 1 - cross-entropy / entropy. 1 is all, and 0 is no better than always
saying the mean of a column, or how frequent its categories are. Missing cells count in
nothing. PCA fills missing cells (median, most frequent), encodes one-hot and standardises;
what it reconstructs of indicators becomes probabilities in its favour, clipped below where
that is best in the rows to fit to. The autoencoder takes the table as it is."""


def compare_sizes(train, test, sizes):
    """Print shares by code size; return the fitted pair, and the shares, by size.

    Shares are of all columns, (n_columns, 2), NaN where a column does not vary in ``test``.
    """
    print(HOW_SHARES_ARE_COUNTED, end="\n\n")
    print("           mean share of columns           seconds to fit")
    print("code size      PCA  autoencoder         PCA   autoencoder", flush=True)
    fits, shares, notes = {}, {}, {}
    for size in sizes:
        pair = (
            UsualPCA(size),
            AutoencoderTransformer(size, scaling="feature", random_state=0),
        )
        seconds = []
        for reducer in pair:
            begin = time.perf_counter()
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                reducer.fit(train)
            seconds.append(time.perf_counter() - begin)
        notes |= {str(warning.message): size for warning in caught}  # of the autoencoder
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


def print_columns(train, shares, size):
    """Print a line per column; return the shares that are listed, as a DataFrame."""
    import pandas as pd

    told = pd.DataFrame(shares, index=train.columns, columns=["PCA", "autoencoder"])
    gain = told["autoencoder"] - told["PCA"]
    listed = told
    if len(told) > MOST_COLUMNS:
        far = gain.abs().sort_values(ascending=False, kind="stable").index[:MOST_COLUMNS]
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
    if told["PCA"].isna().any():
        print("-: in the held-out rows the column does not vary, and has no share")
    print(
        f"The autoencoder keeps more of {(gain > 0).sum()} columns, and PCA of "
        f"{(gain < 0).sum()}."
    )
    return listed


def _cell(share):
    return "-" if np.isnan(share) else f"{share:.3f}"
