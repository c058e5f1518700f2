"""Shares explained: R² of numbers, and what tables with categories have in its place."""

from typing import Any

import numpy as np
from sklearn.metrics import r2_score

from ._columns import column_totals
from ._data_checks import check_result_range
from .nn import table_loss

__all__ = ["column_scores", "score", "squares_of_table"]


def score(
    fitted: Any, X: np.ndarray, X_clean: np.ndarray, weight: np.ndarray | None
) -> float:
    """Return R² of the reconstructions, of tables with levels the mean of columns.

    Columns count by their variance, but in tables with levels, which have no common
    unit. ``weight``, (n_samples,), is that of each row.
    """
    if len(X) == 1:
        return r2_score([0.0], [0.0])  # scikit-learn says that one row has no score
    with np.errstate(over="ignore", invalid="ignore"):
        error, total = fitted.squares(X, X_clean, weight)
        table = fitted.architecture.table
        weights = total > 0 if table is not None and table.categories else total
        scores = _shares_explained(error, total)
        score = np.average(scores, weights=weights if weights.any() else None)
    check_result_range(np.asarray(score), [X], "X", has_own_parts=False)
    return float(score)


def column_scores(fitted: Any, X: np.ndarray, X_clean: np.ndarray) -> np.ndarray:
    """Return the share explained of each column, (n_features,)."""
    if len(X) == 1:
        return np.full(X.shape[1], r2_score([0.0], [0.0]))
    return _shares_explained(*fitted.squares(X, X_clean))


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


def _shares_explained(error: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return R² of each column from its sums of squares, as scikit-learn's r2_score.

    Of a column without variance it is 1 without error, else 0.
    """
    scores = np.where(error > 0, 0.0, 1.0)
    varies = total > 0
    scores[varies] = 1 - error[varies] / total[varies]
    return scores
