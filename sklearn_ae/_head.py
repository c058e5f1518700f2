"""What training with y needs: a head on the codes, its loss, and y beside the rows."""

from typing import Any

import numpy as np

from ._columns import Response, ScaledRows
from ._linear import regress_level, regress_number
from ._training import by_chunk, load_arrays, to_tensor
from .nn import (
    BottleneckNetwork,
    EvidenceLowerBound,
    HeadLoss,
    ResponseLoss,
    TrainingLoss,
)

__all__ = ["RowsAndResponse", "add_head"]

_MOST_ROWS = 2000  # that the head is fitted to at the start
_MOST_CELLS = 2**23  # of rows from which the unit of the loss of rows is found


class RowsAndResponse:
    """What rows should become, and y beside it; read as ScaledRows is.

    Parameters
    ----------
    rows : ScaledRows of shape (n_samples, n_columns)
    y : ndarray of shape (n_samples, n_responses)
    """

    def __init__(self, rows: ScaledRows, y: np.ndarray):
        self.rows, self.y = rows, y
        self.shape = rows.shape[0], rows.shape[1] + y.shape[1]
        self.run = rows.run

    def __getitem__(self, rows) -> np.ndarray:
        return np.hstack([self.rows[rows], self.y[rows]])

    def fetch(self, first: int, last: int) -> None:
        """See ScaledRows."""
        self.rows.fetch(first, last)


def add_head(
    network: BottleneckNetwork,
    loss: TrainingLoss,
    x: ScaledRows,
    target: ScaledRows,
    *,
    response: Response,
    train: np.ndarray,
    seed: int,
) -> tuple[HeadLoss, RowsAndResponse]:
    """Give ``network`` a head; return the joint loss, and targets with y beside them.

    Parameters
    ----------
    network : BottleneckNetwork
        The head is the best linear one for its present codes.
    loss : TrainingLoss
        Of rows alone.
    x, target : ScaledRows of shape (n_samples, n_columns)
    response : Response
        In scaled values.
    train : ndarray of int
        Rows that are trained on.
    seed : int
    """
    weight = None if x.weight is None else x.weight[train]
    learnt = response.take(train)
    is_complete = not np.isnan(learnt.values).any()
    factors = [response.share * factor for factor in learnt.factors(weight)]
    of_response = ResponseLoss(response.n_levels, factors, is_complete)
    network.attach_head(of_response.n_out)
    labelled = train[~np.isnan(learnt.values).all(axis=1)][:_MOST_ROWS]
    codes = by_chunk(network.encoder, network, x.take(labelled)).astype(np.float64)
    weight = None if x.weight is None else x.weight[labelled]
    head = _fit_head(codes, response.take(labelled), of_response, weight, seed)
    load_arrays(network, head, "float32")
    like = next(network.parameters())
    unit = 1.0
    if not isinstance(loss, EvidenceLowerBound):  # which is in nats
        n_rows = max(1, min(_MOST_ROWS, _MOST_CELLS // target.shape[1]))
        rows = to_tensor(target[train[:n_rows]], like)
        unit = float(loss.of_mean(None, rows))
    unit = unit if 0 < unit < np.inf else 1.0
    joint = HeadLoss(loss, (1 - response.share) / unit, of_response, response.share)
    # As the network is, with which its mode is switched.
    return joint.eval(), RowsAndResponse(target, response.values)


def _fit_head(
    codes: np.ndarray, response: Response, layout: ResponseLoss, weight, seed: int
) -> dict[str, np.ndarray]:
    """Return the weights of the best head for ``codes``, (n_samples, n_components)."""
    shape = layout.n_out, codes.shape[1]
    coefficients, bias = np.zeros(shape), np.zeros(layout.n_out)
    frequencies = response.frequencies(weight)
    for place, j in enumerate(layout.numbers):
        column = response.values[:, j]
        coefficients[place], bias[place] = regress_number(codes, column, weight)
    places: list[tuple[int, Any]] = [
        (j, len(layout.numbers) + i) for i, j in enumerate(layout.flags)
    ]
    for j, place in [*places, *layout.logits]:
        found = regress_level(codes, response.values[:, j], frequencies[j], seed, weight)
        if layout.n_levels[j] == 2:
            found = tuple(part[1] - part[0] for part in found)
        coefficients[place], bias[place] = found
    return {"head.weight": coefficients, "head.bias": bias}
