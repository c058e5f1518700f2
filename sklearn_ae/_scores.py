"""Shares explained: R² of numbers, and what tables with categories have in its place."""

from typing import Any

import numpy as np

from ._columns import column_totals
from ._data_checks import check_result_range
from .nn import table_loss

__all__ = ["column_scores", "score", "squares_of_table"]

_ROUNDING = 1e-6  # of a cell, in the network's units


def score(
    fitted: Any, X: np.ndarray, X_clean: np.ndarray, weight: np.ndarray | None
) -> float:
    """Return R² of the reconstructions, of tables with levels the mean of columns.

    Columns count by their variance, but in tables with levels, which have no common
    unit. ``weight``, (n_samples,), is that of each row.
    """
    if len(X) == 1:
        return _score_of_one_row()
    with np.errstate(over="ignore", invalid="ignore"):
        error, total = fitted.squares(X, X_clean, weight)
        table = fitted.architecture.table
        weights = total > 0 if table is not None and table.categories else total
        scores = _shares_explained(fitted, error, total, len(X))
        known = ~np.isnan(scores)
        scores, weights = scores[known], weights[known]
        score = np.average(scores, weights=weights if weights.any() else None)
    check_result_range(np.asarray(score), [X], "X", has_own_parts=False)
    return float(score)


def column_scores(fitted: Any, X: np.ndarray, X_clean: np.ndarray) -> np.ndarray:
    """Return the share explained of each column, (n_features,).

    NaN where the fit saw no cell of a column, of which nothing is learnt.
    """
    if len(X) == 1:
        return np.full(X.shape[1], _score_of_one_row())
    error, total = fitted.squares(X, X_clean)
    return _shares_explained(fitted, error, total, len(X))


def squares_of_table(
    fitted: Any, X: np.ndarray, X_clean: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return what is wrong, and what there is to explain, of each column of a table.

    As Fitted.squares; of categories cross-entropies, and the entropy of all rows.
    """
    table: Any = fitted.architecture.table

    def errors(network, loss, x, clean):
        x_hat = network.decoder(network.encoder(network.units_in(x)))
        return table_loss(loss).squares(x_hat, network.units_out(clean))

    cells = fitted.apply(errors, X, X_clean)
    weight = np.ones(len(cells)) if weight is None else weight
    error = weight @ cells * fitted.output_columns.scale_**2
    return error, column_totals(X_clean, table.n_levels, weight)


def _score_of_one_row() -> float:
    """Return NaN, after scikit-learn's warning that one row has no score."""
    from sklearn.metrics import r2_score  # it takes long to import

    return r2_score([0.0], [0.0])


def _shares_explained(
    fitted: Any, error: np.ndarray, total: np.ndarray, n_rows: int
) -> np.ndarray:
    """Return R² of each column from its sums of squares, as scikit-learn's r2_score.

    Of a column without variance it is 1 without error, else 0.
    """
    table, columns, nothing = fitted.architecture.table, fitted.output_columns, 0.0
    if table is not None:
        # A constant level has a probability of 1 but for rounding.
        nothing = _ROUNDING * n_rows * columns.scale_**2
    scores = np.where(error > nothing, 0.0, 1.0)
    varies = total > 0
    scores[varies] = 1 - error[varies] / total[varies]
    if table is not None:
        scores[(np.array(table.n_levels) == 0) & np.isnan(columns.low_)] = np.nan
    return scores
