"""The demo on a table: what codes keep, a picture of it, and the fitted autoencoder."""

import os
import time
import warnings
from pathlib import Path

import joblib

from ._columns import is_number, short
from ._compare import compare_sizes, print_columns
from ._files import read_table
from ._picture import draw
from ._refusal import Refusal
from ._rows import prepare
from ._target import print_predictions

__all__ = ["SIZES", "demo_of_table"]

SIZES = (2, 4, 8, 16)
SIZE_TOLD = 8  # whose columns are listed, and whose autoencoder is saved
MOST_ROWS = 10_000  # for training: more take longer, and rarely change what is seen here


def demo_of_table(path, target=None, *, sizes=SIZES):
    """Run the demo on a file.

    Parameters
    ----------
    path : Path
    target : str or None
        Name of a column that is predicted from the codes.
    sizes : tuple of int
        Of codes, the first one 2; those that the table is too small for are left out.

    Raises
    ------
    Refusal
        The file or the target cannot be used. Nothing is written then.
    """
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the autoencoder's fits are printed
        _run(path, target, sizes)
    print(f"\nDone in {time.perf_counter() - start:.0f} s.")


def _run(path, target, sizes):
    if not os.access(Path.cwd(), os.W_OK):
        raise Refusal(
            f"The current folder, {Path.cwd()}, cannot be written to; expected one for the "
            "picture and the model. Change to another folder."
        )
    frame, code = read_table(path)
    print(f"{path.name}: {len(frame)} rows, {len(frame.columns)} columns.", flush=True)
    train, test, y, y_test = prepare(frame, target, MOST_ROWS)
    sizes = [size for size in sizes if size < min(train.shape)]
    fits, shares = compare_sizes(train, test, sizes)
    told = max(size for size in fits if size <= SIZE_TOLD)
    listed = print_columns(train, shares[told], told)
    if y is not None:
        print_predictions(fits, (train, test), y, y_test)
    stem = Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem
    _save_model(Path.cwd() / f"{stem}_sklearn_ae.joblib", fits[told][1], code)
    names = "PCA", "autoencoder"
    pair = zip(names, fits[sizes[0]], strict=True)
    codes = {name: reducer.transform(test) for name, reducer in pair}
    colour = _first_category(test) if y is None else y_test
    _save_picture(Path.cwd() / f"{stem}_sklearn_ae.png", listed, told, codes, colour)


def _save_model(path, autoencoder, code):
    joblib.dump(autoencoder, path)
    print(
        f"\nThe autoencoder with codes of {autoencoder.n_components} numbers: {path}\n"
        "To use it:\n"
        "  import joblib, pandas as pd\n"
        f"  ae = joblib.load({path.name!r})\n"
        f"  codes = ae.transform({code}[ae.feature_names_in_])"
    )


def _save_picture(path, shares, size, codes, colour):
    try:
        draw(path, shares, size, codes, colour)
    except ImportError:
        print("No picture without matplotlib: python -m pip install matplotlib")
        return
    print(
        f"Picture: {path}\n"
        "  left: the shares of columns, as listed above\n"
        f"  right: held-out rows as codes of 2 numbers, coloured by {short(colour.name)!r}"
    )


def _first_category(test):
    """Return the first column of categories, or the first of all."""
    return test[next((name for name in test if not is_number(test[name])), test.columns[0])]
