"""Files as tables: csv, separated and encoded as many programs do it, and parquet."""

import gzip
import re
import zlib

import numpy as np

from ._columns import short
from ._refusal import Refusal

__all__ = ["read_table"]

SEPARATORS = ",", ";", "\t"
KINDS = ".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet"
# Bytes that no text has: neither in UTF-8 nor in Latin-1.
NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
MISSING = {"na_values": "?", "skipinitialspace": True}


def read_table(path):
    """Return a file as a DataFrame, and the Python expression that reads it so.

    Raises
    ------
    Refusal
        The file cannot be read as a table.
    """
    kind = _kind(path)
    pandas = _import_pandas()
    try:
        frame, code = _read_parquet(path) if kind == ".parquet" else _read_csv(path)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise Refusal(
            f"{path} cannot be read as {kind} ({_first_line(error)}); expected a table. "
            "Open it in the program that wrote it, and save it as CSV in UTF-8."
        ) from error
    if not isinstance(frame.index, pandas.RangeIndex):
        frame, code = frame.reset_index(allow_duplicates=True), code + ".reset_index()"
    if not all(isinstance(name, str) for name in frame.columns):
        frame, code = frame.rename(columns=str), code + ".rename(columns=str)"
    if frame.columns.nlevels > 1 or not frame.columns.is_unique:
        raise Refusal(
            f"{path} has names of columns that are no name of one column; expected one "
            "for each. Rename the columns, and save the table again."
        )
    return frame, code


def _kind(path):
    """Return the ending of a file's name, if it is one of those that can be read."""
    if not path.exists():
        raise Refusal(
            f"{path} does not exist; expected a file. Look at its name, and at the "
            "folder that you are in."
        )
    if path.is_dir():
        raise Refusal(f"{path} is a folder; expected a file. Name one of the files in it.")
    kind = next((kind for kind in KINDS if path.name.lower().endswith(kind)), None)
    if kind is None:
        raise Refusal(
            f"{path} ends in {path.suffix or 'nothing'!r}; expected {', '.join(KINDS)}. "
            "Save the table as CSV; of a spreadsheet, one sheet."
        )
    return kind


def _import_pandas():
    # Not at the top of the file: pandas is an optional dependency, and slow to import.
    try:
        import pandas
    except ImportError as error:
        raise Refusal(
            f"Files are read with pandas, which cannot be imported ({error}); expected "
            "pandas 2.2 or later. Install it: python -m pip install pandas."
        ) from error
    return pandas


def _read_parquet(path):
    import pandas as pd

    try:
        return pd.read_parquet(path), f"pd.read_parquet({str(path)!r})"
    except ImportError as error:
        raise Refusal(
            f"{path} is a parquet file, which pandas reads with pyarrow, and that cannot "
            "be imported; expected pyarrow, or a csv file. Install it: python -m pip "
            "install pyarrow."
        ) from error


def _read_csv(path):
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rb") as file:
        head = file.read(2**16)
    if not head.strip():
        raise Refusal(
            f"{path} is empty; expected a line of names and then a line per row. Look at "
            "what wrote the file."
        )
    if NOT_TEXT.search(head):
        raise Refusal(
            f"{path} holds bytes that no text has, but a spreadsheet, an archive or UTF-16 "
            "may; expected text in UTF-8 or Latin-1. Save the table as CSV in UTF-8."
        )
    try:
        return _read_text(path, {})
    except UnicodeDecodeError:
        return _read_text(path, {"encoding": "latin-1"})


def _read_text(path, options):
    import pandas as pd

    options = options | MISSING
    options["sep"] = _separator(path, options)

    def read(**more):
        return pd.read_csv(path, low_memory=False, **options, **more)

    frame = read()
    if options["sep"] != ",":
        other = read(decimal=",")
        if _n_numbers(other) > _n_numbers(frame):
            frame, options["decimal"] = other, ","
    if options["sep"] == ",":
        del options["sep"]
    _tell_doubled_names(path, options)
    told = "".join(f", {name}={value!r}" for name, value in options.items())
    return frame, f"pd.read_csv({str(path)!r}{told})"


def _separator(path, options):
    """Return the separator by which the first rows have the most cells."""
    import pandas as pd

    n_cells = {}
    for separator in SEPARATORS:
        try:
            head = pd.read_csv(path, sep=separator, nrows=200, **options)
        except pd.errors.ParserError:  # lines differ in their number of cells
            continue
        if len(head.columns) > 1:
            n_cells[separator] = head.notna().to_numpy().sum()
    return max(n_cells, key=lambda separator: n_cells[separator], default=",")


def _tell_doubled_names(path, options):
    """Print which names of columns pandas has made different by a number."""
    import pandas as pd

    first = pd.read_csv(path, header=None, nrows=1, dtype=str, **options).iloc[0].dropna()
    if doubled := list(first[first.duplicated()].unique()):
        names = ", ".join(map(short, doubled))
        print(f"Column names that occur more than once, numbered by .1, .2: {names}.")


def _n_numbers(frame):
    return len(frame.select_dtypes(np.number).columns)


def _first_line(error):
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
