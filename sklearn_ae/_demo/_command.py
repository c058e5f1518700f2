"""The command line of the demo."""

import argparse
import sys
from io import TextIOWrapper
from pathlib import Path

import torch

from ._digits import demo_of_digits
from ._refusal import Refusal
from ._table import SIZES, demo_of_table

__all__ = ["main"]

DESCRIPTION = """\
Compare PCA and an autoencoder: on handwritten digits, or on a table of yours.

Without TABLE: digits, in under a minute. With TABLE: how much codes of 2, 4, 8 and 16
numbers keep of each column, in rows held out; often in 5 to 12 seconds.
"""
EPILOG = """\
examples:
  python -m sklearn_ae
  python -m sklearn_ae my_table.csv
  python -m sklearn_ae my_table.csv --target price

Nothing in the table needs to be prepared: categories may be text, cells may be missing.
The current folder gets <TABLE>_sklearn_ae.joblib, the fitted autoencoder, and, with
matplotlib installed, <TABLE>_sklearn_ae.png.
"""


def main(argv=None, *, sizes=SIZES):
    """Run the demo; what cannot be used ends the program with exit code 2.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the command line.
    sizes : tuple of int, default=(2, 4, 8, 16)
        Sizes of codes to compare on a table, of which those of too few columns are left
        out. The first one is 2, for the picture.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.target is not None and arguments.table is None:
        parser.error(
            f"--target {arguments.target} without TABLE; expected the file that has this "
            "column. Name it first: python -m sklearn_ae my_table.csv --target COLUMN."
        )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Names of columns may have letters that a terminal has not.
            stream.reconfigure(errors="replace")
    # An application may set the number of threads, a library may not.
    torch.set_num_threads(1)
    if arguments.table is None:
        demo_of_digits()
        return
    try:
        demo_of_table(arguments.table, arguments.target, sizes=sizes)
    except Refusal as refusal:
        parser.exit(2, f"{parser.prog}: {refusal}\n")


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m sklearn_ae",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "table",
        nargs="?",
        type=Path,
        metavar="TABLE",
        help="a file with names of columns in its first line (.csv, .tsv, also with .gz; "
        "separated by commas, semicolons or tabs), or a .parquet file",
    )
    parser.add_argument(
        "--target",
        metavar="COLUMN",
        help="a column that is not compressed, but predicted from the codes",
    )
    return parser
