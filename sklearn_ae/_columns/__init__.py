"""Arrays only: the user's table as rows of floats and back, and the scaling of columns."""

from ._levels import (
    block_units,
    column_costs,
    column_totals,
    fit_scaler,
    level_floors,
    level_frequencies,
    log_frequencies,
)
from ._scaler import ScaledRows, Scaler, column_variance, row_slices
from ._table import Table
from ._unseen import keep_digits, put_back_cells

__all__ = [
    "ScaledRows",
    "Scaler",
    "Table",
    "block_units",
    "column_costs",
    "column_totals",
    "column_variance",
    "fit_scaler",
    "keep_digits",
    "level_floors",
    "level_frequencies",
    "log_frequencies",
    "put_back_cells",
    "row_slices",
]
