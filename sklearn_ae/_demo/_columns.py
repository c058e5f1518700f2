"""Which columns of a table can be learnt, and why the others are left out."""

import warnings

import numpy as np

__all__ = ["is_number", "names_of_numbers", "reason_against", "short"]

MOST_LEVELS = 200
LARGEST = 1e30  # float32, in which networks compute, ends at 3e38
# What pandas.api.types.infer_dtype says of cells.
NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}
CATEGORIES = {"string", "boolean", "categorical"}
DATES = {"datetime64", "datetime", "date", "period"}
TIMES = {"time", "timedelta", "timedelta64"}
# Three groups of digits, the name of a month and a year, or a year and the number of one.
DATE = r"\d+\D+\d+\D+\d{2}.*|.*[A-Za-z]{3}.*\d{4}.*|\d{4}-\d{2}"


def is_number(x):
    """Return whether a column holds numbers, rather than categories."""
    return _kind(x) in NUMBERS


def names_of_numbers(frame):
    """Return the names of the columns of numbers."""
    return [name for name in frame if is_number(frame[name])]


def reason_against(x):
    """Return why a column cannot be learnt, or None if it can."""
    kind, values = _kind(x), x.dropna()
    if not len(values):
        return "empty"
    if kind in DATES or (kind == "string" and _look_like_dates(values)):
        return f"dates, such as {_example(values)}; the year, or days as a number, would do"
    if kind in TIMES:
        return f"times, such as {_example(values)}; hours or days as a number would do"
    if kind not in NUMBERS | CATEGORIES:
        return f"cells that are neither numbers nor text, such as {_example(values)}"
    if values.nunique() == 1:
        return f"one value, {_example(values)}"
    return _reason_against_numbers(x) if kind in NUMBERS else _reason_against_levels(values)


def _reason_against_numbers(x):
    if x.replace([np.inf, -np.inf], np.nan).abs().max() > LARGEST:
        return f"numbers as large as {x.abs().max():.0e}; divided by a unit they would do"
    is_whole = _kind(x) == "integer" and x.is_unique and x.notna().all()
    if is_whole and int(x.max()) - int(x.min()) + 1 == len(x):
        return "row numbers: consecutive whole numbers, each once"
    return None


def _reason_against_levels(values):
    n = values.nunique()
    if n <= MOST_LEVELS and n <= len(values) / 2:
        return None
    example = _example(values)
    return (
        f"names or free text: {n} different ones in {len(values)} cells, such as {example}"
    )


def short(text, width=32):
    """Return text for one line of a table, long text without its middle."""
    text = " ".join(str(text).split())
    n_last = width // 3
    return text if len(text) <= width else f"{text[: width - n_last - 2]}..{text[-n_last:]}"


def _kind(x):
    from pandas.api.types import infer_dtype

    return infer_dtype(x, skipna=True)


def _example(values):
    value = values.iloc[0]
    return repr(short(value)) if isinstance(value, str) else short(value)


def _look_like_dates(values):
    """Return whether text has the form of dates, and pandas reads it as dates."""
    import pandas as pd

    values = values.drop_duplicates()[:200]
    # By itself pandas takes "10-12", as of years of age, for a date too.
    if not values.str.fullmatch(DATE).all():
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that day and month were guessed
        dates = pd.to_datetime(values, errors="coerce", format="mixed", utc=True)
    return bool(dates.notna().mean() > 0.95)
