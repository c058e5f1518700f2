"""What of a table is used: its target, its columns, training rows and held-out rows."""

from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from ._columns import is_number, reason_against, short
from ._refusal import Refusal

__all__ = ["Parts", "prepare"]

FEWEST_ROWS = 20
FEWEST_COLUMNS = 3  # else a code of 2 numbers is as long as a row


class Parts(NamedTuple):
    """Training rows and held-out rows, with their targets, None without one."""

    train: Any  # DataFrames
    test: Any
    y: Any  # Series
    y_test: Any


def prepare(frame, target, most_rows):
    """Return the parts of a table, and print what is left out and why.

    Parameters
    ----------
    frame : DataFrame
    target : str or None
        Name of its target.
    most_rows : int
        For training.

    Raises
    ------
    Refusal
        There are too few rows or columns, or the target cannot be used.
    """
    y, left_out = None, {}
    if target is not None:
        frame, y = _split_off(frame, target)
        left_out[target] = "the target: not compressed, but predicted from the codes"
    rows, held_out = _draw(len(frame), most_rows)
    if y is not None and y.iloc[rows].nunique() < 2:
        raise Refusal(
            f"--target {target} has one value in the {len(rows)} training rows, which are "
            "drawn at random; expected two. Use a table with more rows of the others."
        )
    reasons = {name: _reason(frame[name], rows) for name in frame}
    left_out |= {name: reason for name, reason in reasons.items() if reason}
    _print_left_out(left_out)
    frame = _finite(frame[[name for name in frame if not reasons[name]]])
    if len(frame.columns) < FEWEST_COLUMNS:
        raise Refusal(
            f"Of the table's columns, {len(frame.columns)} can be compressed"
            f"{_names(frame)}; expected at least {FEWEST_COLUMNS}, of numbers or of "
            "categories. Add columns; those left out are named above, with the reasons."
        )
    held_out = _comparable(frame, rows, held_out)
    _print_used(frame, rows, held_out)
    targets = (None, None) if y is None else (y.iloc[rows], y.iloc[held_out])
    return Parts(frame.iloc[rows], frame.iloc[held_out], *targets)


def _split_off(frame, target):
    """Return the rows that have a target, without it, and the target."""
    if target not in frame:
        names = list(frame.columns)
        near = get_close_matches(target, names, n=3, cutoff=0.5) or names[:5]
        near += [name for name in names if name.lower() == target.lower()][:1]
        told = ", ".join(repr(name) for name in dict.fromkeys(near))
        raise Refusal(
            f"--target {target} is no column of the table; expected one of its "
            f"{len(names)} names. Did you mean one of {told}?"
        )
    y = frame[target]
    if reason := reason_against(y):
        raise Refusal(
            f"--target {target} holds {reason}; expected numbers or categories of more "
            "than one value. Name another column, or leave out --target."
        )
    there = y.notna()
    if not there.all():
        print(f"Rows without a target, left out: {(~there).sum()}.")
    return frame[there].drop(columns=target), y[there]


def _draw(n_rows, most_rows):
    """Return the numbers of the training rows, and of those that are held out."""
    if n_rows < FEWEST_ROWS:
        raise Refusal(
            f"The table has {n_rows} rows that can be used; expected at least "
            f"{FEWEST_ROWS}, of which a quarter is held out. Use a larger table, or see "
            "whether the file was cut off."
        )
    n_held_out = n_rows // 4
    return train_test_split(
        np.arange(n_rows),
        train_size=min(n_rows - n_held_out, most_rows),
        test_size=min(n_held_out, most_rows // 3),
        random_state=0,
    )


def _reason(x, rows):
    reason = reason_against(x)
    if reason is None and x.iloc[rows].nunique() < 2:
        return "fewer than two different values in the training rows"
    return reason


def _finite(frame):
    """Return a table with missing cells in the place of infinite numbers."""
    finite = frame.replace([np.inf, -np.inf], np.nan)
    n_infinite = finite.isna().sum() - frame.isna().sum()
    for name, n in n_infinite[n_infinite > 0].items():
        print(f"Infinite numbers in {short(name)!r}, taken for missing cells: {n}.")
    return finite


def _comparable(frame, rows, held_out):
    """Return the held-out rows whose missing cells the fit can know something about."""
    holes = frame.isna().any(axis=1).to_numpy()
    if holes[rows].any() or not holes[held_out].any():
        return held_out
    print(
        f"Held-out rows left out, as only they have missing cells: {holes[held_out].sum()}."
    )
    return held_out[~holes[held_out]]


def _print_left_out(left_out):
    if left_out:
        print("\nColumns left out:")
        for name, reason in left_out.items():
            print(f"  {short(name):32}  {reason}")


def _print_used(frame, rows, held_out):
    n_numbers = sum(is_number(frame[name]) for name in frame)
    print(
        f"\nColumns to compress: {len(frame.columns)}, {n_numbers} of numbers and "
        f"{len(frame.columns) - n_numbers} of categories, with "
        f"{frame.isna().to_numpy().mean():.1%} of their cells missing.\n"
        f"Rows, drawn at random: {len(rows)} for training and {len(held_out)} held out, of "
        f"{len(frame)}.",
        flush=True,
    )


def _names(frame):
    return f" ({', '.join(short(name) for name in frame)})" if len(frame.columns) else ""
