"""A warning of columns of text that were hardly meant as categories."""

import numpy as np

from .._columns import Table

__all__ = ["complaint_of_categories"]

# Categories of which nearly each occurs once are names: nothing can be learnt of them.
_FEWEST_NAMES, _SHARE_OF_NAMES = 50, 0.9

# A column of numbers becomes text by a few words in it, "unknown" for one.
_FEWEST_NUMBERS, _SHARE_OF_NUMBERS = 10, 0.8

_MOST_SHOWN = 3


def complaint_of_categories(table: Table, rows: np.ndarray) -> str | None:
    """Return a warning of the first column of odd categories, None if there is none.

    ``rows`` are those that ``table`` has read, (n_samples, n_features).
    """
    for j, levels in enumerate(table.levels):
        known = () if levels is None else levels
        texts = [level for level in known if isinstance(level, str)]
        name = j if table.names is None else repr(table.names[j])
        words = [text for text in texts if not _is_number(text)]
        n_numbers = len(texts) - len(words)
        if words and n_numbers >= max(_FEWEST_NUMBERS, _SHARE_OF_NUMBERS * len(texts)):
            return (
                f"Column {name} is text, and {n_numbers} of its {len(texts)} categories "
                f"are numbers; expected numbers, or categories. The others are "
                f"{_some(words)}. Turn it into numbers by pandas.to_numeric(column, "
                "errors='coerce'), which leaves these cells missing."
            )
        n_cells = int((~np.isnan(rows[:, j])).sum()) if texts else 0
        if len(texts) >= max(_FEWEST_NAMES, _SHARE_OF_NAMES * n_cells):
            return (
                f"Column {name} has {len(texts)} categories in {n_cells} cells, such as "
                f"{_some(texts)}; expected categories that come again, since nothing can "
                "be learnt of names, dates and free text. Drop it, or turn dates into "
                "numbers."
            )
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _some(texts: list[str]) -> str:
    more = ", ..." if len(texts) > _MOST_SHOWN else ""
    return ", ".join(map(repr, texts[:_MOST_SHOWN])) + more
