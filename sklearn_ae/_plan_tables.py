"""What follows from the columns of a table with levels or holes, or an error."""

from collections.abc import Callable, Sequence

import numpy as np

from ._columns import Scaler, column_costs, fit_scaler, level_floors, level_frequencies
from .nn import LOSSES, TableLayout

__all__ = ["fit_scalers", "measure_levels", "plan_table"]

# Widest blocks whose holes are filled from a density of full rank, and the rank of others.
_MOST_TO_FILL, _RANK_OF_WIDE = 100, 64


def plan_table(
    settings, X: np.ndarray, n_levels: tuple[int, ...], hole_share: float
) -> TableLayout:
    """Return the layout of a table with levels or holes, if the loss suits them.

    ``hole_share`` is known of rows of which ``X`` is a sample; 0 where it is all rows.
    """
    loss, what = settings.loss, "columns of levels" if any(n_levels) else "missing cells"
    if callable(loss):
        raise ValueError(
            f"loss={loss!r} is a callable, and X has {what}; expected a loss by name, "
            "which knows what to do with them. Use loss='mse', 'mae' or 'huber'."
        )
    if callable(getattr(settings, "noise", None)):
        raise ValueError(
            f"noise={settings.noise!r} is a callable, and X has {what}; expected noise by "
            "name, which knows what to do with them. Use noise='swap', or 'masking'."
        )
    is_bent = settings.output_activation not in ("auto", "identity")
    if any(n_levels) and (LOSSES[loss].outputs or is_bent):
        raise ValueError(
            f"loss={loss!r} and output_activation={settings.output_activation!r} bound "
            "outputs, and X has columns of levels, whose outputs are probabilities; "
            "expected loss='mse', 'mae' or 'huber' and output_activation='auto'. Use "
            "these, or pass columns of numbers alone."
        )
    share = max(np.isnan(X).mean() if X.dtype.kind == "f" else 0.0, hole_share)
    if share == 0:
        return TableLayout(n_levels, 0)
    n_blocks = TableLayout(n_levels, 0).n_blocks
    # What holes are filled from is a normal density, of full rank if that is affordable.
    rank = n_blocks - 1 if n_blocks <= _MOST_TO_FILL else _RANK_OF_WIDE
    return TableLayout(n_levels, max(rank, 1), float(share))


def fit_scalers(
    table: TableLayout,
    kind: str | None,
    X: np.ndarray,
    X_clean: np.ndarray | None,
    weight: np.ndarray | None,
) -> tuple[Scaler, Scaler]:
    """Return the scaling of the input and of the target of a table with levels."""
    # Columns have no common unit: each counts the same.
    kind = kind and "feature"
    columns = fit_scaler(kind, X, "X", table.n_levels, weight)
    if X_clean is None:
        return columns, columns
    return columns, fit_scaler(kind, X_clean, "X_clean", table.n_levels, weight)


def measure_levels(
    table: TableLayout,
    loss: str | Callable,
    wanted: np.ndarray,
    columns: Scaler,
    weight: np.ndarray | None,
) -> tuple[Sequence[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return frequencies of the levels, and the costs and floors of a TableLoss.

    Parameters
    ----------
    table : TableLayout
    loss : str
    wanted : ndarray of shape (n_samples, n_columns)
        What rows should become.
    columns : Scaler
        Of ``wanted``.
    weight : ndarray of shape (n_samples,) or None
    """
    frequencies = level_frequencies(wanted, table.n_levels, weight)
    n_cells = (np.ones(len(wanted)) if weight is None else weight) @ ~np.isnan(wanted)
    floors = level_floors(frequencies, n_cells)
    if not table.categories:
        return frequencies, (np.ones(len(table.n_levels)), floors)
    assert isinstance(loss, str)
    return frequencies, (column_costs(loss, columns, frequencies, n_cells), floors)
