"""Whether what a file holds is an estimator that was fitted: its sizes, then its use."""

from typing import Any

import numpy as np

from .._columns import Column, Table
from .._fitted import Fitted
from .._plain_types import is_of

__all__ = ["OTHERS", "check_sizes", "check_use"]

# Beside what follows from what is fitted: what is known of the columns, and of the output.
OTHERS = "feature_names_in_", "n_features_in_", "_table", "_sklearn_output_config"

# Where a fit stayed linear its hidden layers are not stored, so that a header may lie about
# them: so many are believed, 4 GiB in the float32 of ``net_``.
_MOST_WEIGHTS, _MOST_LAYERS = 2**30, 1000
_OF_COLUMNS = (
    *("mean_", "offset_", "scale_", "variance_", "spread_", "deviation_"),
    *("low_", "high_", "is_whole_"),
)
_LIBRARIES = "default", "pandas", "polars", None


def check_sizes(fitted: Any, others: dict[str, Any]) -> None:
    """Raise ValueError unless sizes are those of what is stored.

    Before a network is built, which would take the memory that they ask for.
    """
    _expect(type(fitted) is Fitted, "a fit")
    _expect(set(others) <= set(OTHERS), f"no attributes but {OTHERS}")
    one, arrays = fitted.architecture, fitted.arrays
    sizes = one.n_features, one.n_components
    hidden = one.hidden_layer_sizes + one.decoder_hidden_layer_sizes
    _expect(all(0 < n < 2**31 for n in (*sizes, *hidden)), "sizes")
    _expect(len(hidden) <= max(_MOST_LAYERS, len(arrays)), "as many layers as weights")
    stored = sum(np.size(array) for array in arrays.values())
    _expect(arrays["axes.weight"].shape == (one.n_components,) * 2, "square axes")
    if one.table is not None:
        _check_table(one.table, others.get("_table"))
        ranks = [x.shape[-1] for key, x in arrays.items() if key.endswith("fill.loadings")]
        _expect(one.table.rank in (0, *ranks), "a factor for each column of its loadings")
    n_weights = one.n_multiplications
    if not one.linear_skip:  # it counts all the same
        n_in, n_out = (
            2 * sizes[:1] if one.table is None else (one.table.n_in, one.table.n_out)
        )
        n_weights -= (n_in + n_out) * one.n_components
    is_stored = n_weights <= stored
    is_small = fitted.stays_linear and n_weights <= _MOST_WEIGHTS
    _expect(is_stored or is_small, "the weights of its layers")
    for scaler in (fitted.columns, fitted.output_columns):
        _check_scaler(scaler, one)
    _expect(is_of(vars(fitted.density), dict[str, np.ndarray | int]), "a density")
    n_drawn = getattr(fitted.density, "n_components_", one.n_components)
    _expect(n_drawn == one.n_components, "a density of its codes")
    names = others.get("feature_names_in_")
    _expect(names is None or names.shape == (one.n_features,), "a name for each column")
    _expect(others["n_features_in_"] == one.n_features, "as many features as columns")
    wanted = others.get("_sklearn_output_config", {})
    _expect(set(wanted) <= {"transform"}, "an output")
    _expect(set(wanted.values()) <= set(_LIBRARIES), "a library of frames")


def _check_scaler(scaler: Any, one: Any) -> None:
    known = vars(scaler)
    _expect(is_of(known, dict[str, np.ndarray | float | bool | str | None]), "scaling")
    of_columns = [np.shape(known[name]) for name in _OF_COLUMNS]
    _expect(set(of_columns) == {(one.n_features,)}, "a number for each column")
    levels = one.table.categories if one.table is not None else []
    # A network looks for levels at the places that these say.
    stay = (known["offset_"][levels] == 0) & (known["scale_"][levels] == 1)
    _expect(bool(stay.all()), "indices of levels as they are")


def _check_table(layout: Any, table: Any) -> None:
    _expect(layout.rank >= 0 and min(layout.n_levels) >= 0, "numbers of levels")
    if table is not None:
        _expect(is_of(table, Table), "a table")
        _expect(is_of(table._columns, list[Column]), "columns")
        # The name of a dtype may ask for cells of any width.
        _expect(not any(isinstance(c.dtype, str) for c in table._columns), "dtypes")
        _expect(is_of(table.levels, list[np.ndarray | None]), "levels")
        stored = tuple(0 if x is None else len(x) for x in table.levels)
        _expect(table.n_columns == len(layout.n_levels) == len(table._columns), "columns")
        _expect(stored == layout.n_levels == table.n_levels, "the levels of each column")
    else:
        _expect(not any(layout.n_levels), "no levels without a table")


def check_use(estimator: Any) -> None:
    """Use a fit once, so that what cannot be used fails here; any error may come."""
    fitted = estimator._fitted
    network = fitted.network("float64")
    wanted = {n for n in network.state_dict() if not n.startswith(("units_", "head."))}
    _expect(wanted <= set(fitted.arrays), "all weights of the network")
    rows = np.nan_to_num(fitted.columns.mean_)[np.newaxis]
    codes = fitted.encode(rows)
    _expect(codes.shape == (1, fitted.architecture.n_components), "codes")
    fitted.decode(codes)
    fitted.draw(1, np.random.RandomState(0))
    fitted.row_losses(rows, rows)
    if estimator._table is not None:
        estimator.transform(estimator._table.write(rows))


def _expect(is_so: bool, what: str) -> None:
    if not is_so:
        raise ValueError(f"expected {what}")
