"""Arrays only: the user's table as rows of floats and back, and the scaling of columns."""

from ._cells import Column, distinct_cells, is_missing, kind_of, types_of
from ._levels import (
    block_units,
    column_costs,
    column_totals,
    fit_scaler,
    level_floors,
    level_frequencies,
    log_frequencies,
)
from ._response import Response
from ._row_sample import RowSample, keys_of
from ._scaler import SPREAD_OF_CONSTANT, ScaledRows, Scaler, column_variance, row_slices
from ._seen import Seen
from ._sparse import SparseTable, rows_at
from ._table import Table
from ._unseen import keep_digits, put_back_cells

__all__ = [
    "SPREAD_OF_CONSTANT",
    "Column",
    "Response",
    "RowSample",
    "ScaledRows",
    "Scaler",
    "Seen",
    "SparseTable",
    "Table",
    "block_units",
    "column_costs",
    "column_totals",
    "column_variance",
    "distinct_cells",
    "fit_scaler",
    "is_missing",
    "keep_digits",
    "keys_of",
    "kind_of",
    "level_floors",
    "level_frequencies",
    "log_frequencies",
    "put_back_cells",
    "row_slices",
    "rows_at",
    "types_of",
]
