"""What the benchmarks of mixed tables share: files as frames of numbers and categories."""

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["behind", "drawn", "kinds", "read_csv", "read_npz", "tidy"]

MOST_LEVELS = 200
AHEAD = 0.005  # of a score: less is a tie


def read_csv(path: Path) -> pd.DataFrame:
    """Return any CSV file: separated by commas or semicolons, in UTF-8 or Latin-1."""
    for encoding in ("utf-8", "latin-1"):
        try:
            frame = pd.read_csv(path, na_values="?", low_memory=False, encoding=encoding)
            if frame.shape[1] == 1:
                again = pd.read_csv(path, na_values="?", sep=";", encoding=encoding)
                frame = again if again.shape[1] > 1 else frame
            return frame
        except UnicodeDecodeError:
            continue
    msg = f"{path} is neither UTF-8 nor Latin-1. Save it as UTF-8."
    raise ValueError(msg)


def read_npz(path: Path) -> pd.DataFrame:
    """Return the numbers of a set, without its target."""
    with np.load(path) as file:
        X = file["X"].astype(float)
        names = file["columns"] if "columns" in file else range(X.shape[1])
    return pd.DataFrame(X, columns=[str(name) for name in names])


def tidy(frame: pd.DataFrame, *, most_levels: int = MOST_LEVELS) -> pd.DataFrame:
    """Return the columns that can be learnt: floats, and strings of not too many levels.

    Left out: columns of fewer than two values, and identifiers and free text, which no
    method could reconstruct in rows that it has not seen. Booleans are categories.
    """
    kept = {}
    for name in frame:
        x = frame[name]
        is_number = pd.api.types.is_numeric_dtype(x) and x.dtype != bool
        if is_number:
            x = x.astype(float).replace([np.inf, -np.inf], np.nan)
        else:
            x = x.astype(object).where(x.notna(), np.nan)
            x = x.map(str, na_action="ignore").astype(object)
        n_levels = x.nunique()
        if n_levels > 1 and (is_number or n_levels <= most_levels):
            kept[str(name)] = x
    return pd.DataFrame(kept, index=frame.index)


def kinds(frame: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the names of the numbers and of the categories."""
    numbers = frame.select_dtypes("number").columns.tolist()
    return numbers, [name for name in frame if name not in numbers]


def drawn(n_rows: int, seed: int = 0) -> pd.DataFrame:
    """Return a table of a known answer: everything follows from three numbers, nonlinearly.

    Six numbers, six categories, a tenth of the cells missing, and a target of two classes.
    """
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(n_rows, 3))
    bent = np.c_[codes, np.sin(2 * codes), codes[:, :1] * codes[:, 1:]]
    X = bent @ rng.normal(size=(bent.shape[1], 6)) + rng.normal(size=(n_rows, 6)) / 5
    frame = pd.DataFrame(X, columns=[f"number {j}" for j in range(6)])
    for j in range(6):
        logits = 2 * bent @ rng.normal(size=(bent.shape[1], j + 2))
        level = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
        frame[f"category {j}"] = [f"level {i}" for i in level]
    frame = frame.mask(rng.random(frame.shape) < 0.1)
    frame["target"] = np.where(codes[:, 0] * codes[:, 1] > 0, "same", "different")
    return frame


def behind(cases: list[dict], ours: str, theirs: str, *, is_error: bool = False) -> str:
    """Return how often, and where most, ours is worse than another of the same cases."""
    gaps = [
        ((case[ours] - case[theirs]) * (1 if is_error else -1), case["case"])
        for case in cases
        if np.isfinite(case.get(ours, np.nan)) and np.isfinite(case.get(theirs, np.nan))
    ]
    if not gaps:
        return "no case"
    most, where = max(gaps)
    n_behind = sum(gap > AHEAD for gap, _ in gaps)
    told = f"{n_behind} of {len(gaps)}"
    if n_behind:
        told += f", at most by {most:.3f}: {', '.join(map(str, where))}"
    return told
