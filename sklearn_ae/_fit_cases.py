"""What only some fits do: of tables, constant columns, own layers or validation rows."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ._columns import ScaledRows, block_units, column_totals
from ._data_checks import check_loss_domain, check_output_range
from ._fitted import Fitted
from ._head import RowsAndResponse
from ._linear import fit_gaussian
from ._objectives import BlockRows
from ._plan import Plan
from ._training import (
    Rows,
    borrowed_globals,
    by_chunk,
    count_batches,
    load_arrays,
    to_rows,
)
from .nn import (
    BottleneckNetwork,
    TableLayout,
    TrainingLoss,
    refuse_single_rows,
    table_loss,
)

__all__ = [
    "block_rows",
    "check_batches",
    "choose_fills",
    "explain_codes",
    "explain_numbers",
    "ignore_columns",
    "load_table",
    "own_validation_rows",
    "verify_rebuilt",
]

# Rows that tell what every component keeps, if there are more.
_MOST_ROWS_TO_EXPLAIN = 2000
_CELLS_TO_EXPLAIN = 2**23  # 64 MiB in float64, of which several copies are held

# Rows that tell what every component keeps. They are decoded once for each, in a fiftieth
# of the time of the fit, where an epoch takes some six decodings a row, or in milliseconds.
_FEWEST_ROWS_TO_EXPLAIN = 100
_EPOCHS_TO_EXPLAIN, _MULTIPLICATIONS_TO_EXPLAIN = 0.1, 1e8

# Parts in which cells of validation rows are hidden, and how many cells of a column it
# takes to say that the network fills it better.
_PARTS, _FEWEST_CELLS = 5, 20

_ROWS_TO_VERIFY = 16  # any difference in weights or buffers shows in a few rows

_OF_TABLE = "encoder.table."


def load_table(
    plan: Plan,
    network: BottleneckNetwork,
    x: ScaledRows,
    *,
    spread: np.ndarray,
    known: dict[str, Any] | None,
    seed: int,
) -> dict[str, np.ndarray]:
    """Load into ``network`` what it has to know of the columns; return it by name.

    Parameters
    ----------
    plan : Plan
    network : BottleneckNetwork
        It is left in float64.
    x : ScaledRows of shape (n_samples, n_columns)
    spread : ndarray of shape (n_columns,)
        See Scaler.
    known : dict of ndarray or None
        Weights that are continued from, of which these are a part.
    seed : int
    """
    table = plan.architecture.table
    assert table is not None
    if known is not None:
        last = known.items()
        arrays = {n: w for n, w in last if n.startswith(_OF_TABLE) and "embed" not in n}
        arrays["decoder.spread"] = known["decoder.spread"]
        load_arrays(network, arrays, "float64")
        return arrays
    n_numbers = len(table.numbers)
    wide = np.ones(table.n_out)
    wide[:n_numbers] = spread[table.numbers]
    units = block_units(plan.frequencies or (), table.indicated, n_numbers)
    arrays = {"decoder.spread": wide} | {_OF_TABLE + n: unit for n, unit in units.items()}
    load_arrays(network, arrays, "float64")
    if table.rank and table.n_blocks:
        first: Any = network.encoder.table
        rows = BlockRows(network, first.spread, x)
        normal = fit_gaussian(rows, rows.weight, seed)
        missing = table.rank - normal.loadings.shape[1]
        loadings = np.pad(normal.loadings, [(0, 0), (0, missing)])
        fill = {"mean": normal.mean, "loadings": loadings, "noise": normal.noise}
        arrays |= {f"{_OF_TABLE}fill.{name}": array for name, array in fill.items()}
        load_arrays(network, arrays, "float64")
    return arrays


def block_rows(network: BottleneckNetwork, x: ScaledRows) -> BlockRows:
    """Return the blocks of ``x``, with holes filled."""
    first: Any = network.encoder.table
    return BlockRows(network, first.blocks, x)


def check_batches(plan: Plan, network: BottleneckNetwork, n_rows: int) -> None:
    """Raise ValueError where layers of the user's would get a single row, and cannot."""
    if n_rows // count_batches(n_rows, plan.recipe.batch_size) < 2:
        refuse_single_rows(network, n_rows)


def choose_fills(network: BottleneckNetwork, rows: ScaledRows, seed: int) -> np.ndarray:
    """Return in which columns holes are to be reconstructed, (n_columns,).

    Where reconstructions of hidden cells of ``rows``, the first of the validation rows,
    (n_rows, n_columns), are closer than what holes are filled with in front of the network,
    by more than two standard errors. Each cell is hidden once, with a fifth of the others.
    """
    net: Any = network
    x = rows[:_MOST_ROWS_TO_EXPLAIN]
    first = net.encoder.table
    part = np.random.RandomState(seed).randint(_PARTS, size=x.shape)
    is_level = np.array(first.layout.n_levels) > 0

    def reconstruct(x):
        return net.to_rows(net.decoder(net.encoder(x)))

    gain = np.zeros(x.shape)
    for number in range(_PARTS):
        hidden = (part == number) & ~np.isnan(x)
        seen = np.where(hidden, np.nan, x)
        ways: tuple[Callable, ...] = first.complete, reconstruct
        errors = [by_chunk(way, network, seen) - x for way in ways]
        before, after = (np.where(is_level, error != 0, error**2) for error in errors)
        gain = np.where(hidden, before - after, gain)
    n_cells = np.maximum((~np.isnan(x)).sum(axis=0), 1)
    mean = gain.sum(axis=0) / n_cells
    error = np.sqrt(np.maximum((gain**2).sum(axis=0) / n_cells - mean**2, 0) / n_cells)
    # Embedded columns are filled by nothing else.
    is_embedded = np.isin(np.arange(len(is_level)), first.layout.embedded)
    return ((mean > 2 * error) & (n_cells >= _FEWEST_CELLS)) | is_embedded


def explain_codes(
    plan: Plan,
    network: BottleneckNetwork,
    loss: TrainingLoss,
    *,
    codes: np.ndarray,
    rows: np.ndarray,
    target: ScaledRows,
    weight: np.ndarray | None,
    axes: dict[str, np.ndarray],
    is_nested: bool,
) -> np.ndarray:
    """Return what each further component adds to the share explained, (n_components,).

    Of tables, and of nested codes.

    Parameters
    ----------
    plan : Plan
    network : BottleneckNetwork
    loss : TrainingLoss
    codes : ndarray of shape (n_samples, n_components)
        Of all rows, in the network's axes.
    rows : ndarray of int
        Of which the share is told, the first of them, if there are more rows.
    target : ScaledRows of shape (n_samples, n_columns)
        What all rows should become.
    weight : ndarray of shape (n_samples,) or None
        Of all rows.
    axes : dict of ndarray
        Weights of CodeAxes, by name.
    is_nested : bool
        Whether later components are missing; else they are at their mean.
    """
    table, n_rows = plan.architecture.table, len(codes)
    most = max(2, min(_MOST_ROWS_TO_EXPLAIN, _CELLS_TO_EXPLAIN // target.shape[1]))
    rows = np.arange(n_rows) if n_rows <= most else rows[:most]
    wanted = target[rows]

    def squares(code, x):
        x_hat = network.decoder(code)
        return (x_hat - x) ** 2 if table is None else table_loss(loss).squares(x_hat, x)

    of_rows = np.ones(len(codes)) if weight is None else weight
    centre = of_rows @ codes / of_rows.sum()
    of_rows = of_rows[rows]
    moved = (codes[rows] - centre) @ axes["axes.weight"]
    n_levels = (0,) * wanted.shape[1] if table is None else table.n_levels
    total = column_totals(wanted, n_levels, of_rows)
    share = (plan.output_columns.scale_ / plan.output_columns.scale_.max()) ** 2
    if table is not None and table.categories:
        share = 1 / np.where(total > 0, total, 1)
    share = np.where(total > 0, share, 0)
    share = share / ((total * share).sum() or 1.0)
    kept, explained = np.repeat(centre[np.newaxis], len(rows), axis=0), [0.0]
    for j, back in enumerate(axes["axes.inverse_weight"]):
        kept += np.outer(moved[:, j], back)
        given = kept
        if is_nested:
            missing = np.broadcast_to(np.arange(codes.shape[1]) > j, kept.shape)
            given = np.hstack([np.where(missing, 0, codes[rows]), missing])
        errors = of_rows @ by_chunk(squares, network, given, wanted)
        explained.append(1 - share @ errors)
    return np.diff(explained)


def explain_numbers(
    plan: Plan,
    network: BottleneckNetwork,
    scale: np.ndarray,
    *,
    codes: np.ndarray,
    rows: np.ndarray,
    target: ScaledRows,
    weight: np.ndarray | None,
    axes: dict[str, np.ndarray],
    n_epochs: int,
) -> np.ndarray:
    """Return what each further component adds to R², the later ones at their mean.

    Of columns of numbers; ``scale``, (n_columns,), is that of each relative to the widest,
    and ``n_epochs`` those of the fit, which may take a little longer. The others are those
    of explain_codes.
    """
    n_rows, n_components = codes.shape
    n_decodings = _MULTIPLICATIONS_TO_EXPLAIN / plan.architecture.n_multiplications
    n_decodings = max(n_decodings, _EPOCHS_TO_EXPLAIN * n_rows * n_epochs)
    most = max(n_decodings / n_components, _FEWEST_ROWS_TO_EXPLAIN)
    most = min(most, _MOST_ROWS_TO_EXPLAIN, _CELLS_TO_EXPLAIN / target.shape[1])
    most = max(2, int(most))
    rows = np.arange(n_rows) if n_rows <= most else rows[:most]
    wanted = target[rows]
    # As in R², where what is constant has no weight.
    scale = scale * (wanted.min(axis=0) < wanted.max(axis=0))
    wanted = wanted * scale
    centre = codes.mean(axis=0, dtype=np.float64)
    mean, share = wanted.mean(axis=0), np.ones((len(rows), 1))
    if weight is not None:
        centre = weight @ codes / weight.sum()
        share = weight[rows, np.newaxis]
        mean = (share * wanted).sum(axis=0) / share.sum()
    moved = (codes[rows] - centre) @ axes["axes.weight"]
    kept, explained = np.repeat(centre[np.newaxis], len(rows), axis=0), [0.0]
    total = (share * (wanted - mean) ** 2).sum() or 1.0  # of rows that are equal
    for j, back in enumerate(axes["axes.inverse_weight"]):
        kept += np.outer(moved[:, j], back)
        x_hat = by_chunk(network.decoder, network, kept)
        wrong = share * (wanted - x_hat * scale) ** 2
        explained.append(1 - wrong.sum() / total)
    return np.diff(explained)


def ignore_columns(
    arrays: dict[str, np.ndarray],
    table: TableLayout | None,
    columns: np.ndarray,
    X: np.ndarray,
    blocks: ScaledRows | BlockRows,
) -> None:
    """Let codes depend no more on the ``columns`` that are constant in ``X`` too.

    Columns that never varied have weights as they were drawn, which would move codes if
    the columns varied in use. A warm start has the columns of its first fit. ``blocks`` are
    the rows in units of the network.
    """
    columns = columns[(X.min(axis=0) == X.max(axis=0))[columns]]
    if table is not None:
        columns = np.flatnonzero(np.isin(table.owners, columns))
    x = blocks[:1][0]
    for name in ("encoder.skip", "encoder.layers.0"):
        if f"{name}.weight" in arrays:
            weight, bias = arrays[f"{name}.weight"].copy(), arrays[f"{name}.bias"]
            share = weight[:, columns] @ x[columns]
            weight[:, columns] = 0
            arrays[f"{name}.weight"] = weight
            arrays[f"{name}.bias"] = bias + share.astype(bias.dtype)


def own_validation_rows(
    plan: Plan,
    network: BottleneckNetwork,
    loss: TrainingLoss,
    X: np.ndarray,
    X_clean: np.ndarray | None,
) -> Rows:
    """Return validation rows of the user's own, in the order in which they came.

    They have no y, of which targets have columns beside if ``loss`` asks for it.
    """
    name, wanted = ("X_val", X) if X_clean is None else ("X_clean_val", X_clean)
    check_loss_domain(plan.loss, wanted, name)
    check_output_range(plan.architecture.output_activation, wanted, name)
    x = ScaledRows(X, plan.columns)
    target: Any = None
    if not plan.target_is_input:
        target = ScaledRows(wanted, plan.output_columns)
    if loss.n_responses:
        none = np.full((len(X), loss.n_responses), np.nan)
        target = RowsAndResponse(target or x, none)
    rows = x, target, np.arange(len(X)), np.arange(0)
    stays = x.is_large and plan.architecture.table is None
    return to_rows(network, *rows, stay_in_table=stays)[0]


def verify_rebuilt(
    network: BottleneckNetwork, fitted: Fitted, x: ScaledRows, seed: int
) -> None:
    """Raise ValueError unless a network built from arrays equals the trained one."""

    def rebuild(network):
        # float64, as rows may be far from zero and have few digits left in float32.
        rows = x[:_ROWS_TO_VERIFY]
        with borrowed_globals(np.inf, seed):  # what layers draw in use is the same
            return by_chunk(lambda x: network.decoder(network.encoder(x)), network, rows)

    load_arrays(network, {}, "float64")

    # A tolerance of a percent allows for layers that compute in float32 in either case.
    trained, rebuilt = rebuild(network), rebuild(fitted.network("float64"))
    if not np.allclose(trained, rebuilt, rtol=1e-2, atol=1e-2 * np.abs(trained).max()):
        raise ValueError(
            "An encoder or decoder of your own rebuilds other rows after its weights "
            "are put into a new copy of it; expected the same. Register all that it "
            "draws or learns as a parameter or by register_buffer()."
        )
