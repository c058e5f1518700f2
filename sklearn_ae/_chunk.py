"""What a stream trains on next: a chunk of rows, and what is continued with them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._columns import SPREAD_OF_CONSTANT, ScaledRows
from ._linear import LinearCode
from ._objectives import Start
from ._plan import Plan
from ._training import Rows, TrainingState, to_rows
from .nn import BottleneckNetwork

__all__ = ["Chunk"]


@dataclass(frozen=True)
class Chunk:
    """Rows to train on, beside the sample of a stream that they belong to.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
    X_clean : ndarray of shape (n_rows, n_features) or None
        Target of the reconstruction. None uses ``X``.
    weight : ndarray of shape (n_rows,) or None
    is_valid : ndarray of bool of shape (n_samples,)
        Which rows of the sample are never trained on.
    seeds : tuple of int
        Of the network and what validates, and of what is drawn for this chunk.
    pca : LinearCode or None
        PCA of all rows so far, if it is known; else the sample says what it is.
    state : TrainingState or None
        Where training continues, in arrays. None: at the start.
    code_unit : ndarray of shape (n_components,), float or None
        Of the start from which that state came; see Start.
    waits : bool
        Whether there are too few rows to train on yet.
    """

    X: np.ndarray
    X_clean: np.ndarray | None
    weight: np.ndarray | None
    is_valid: np.ndarray
    seeds: tuple[int, int]
    pca: LinearCode | None
    state: TrainingState | None
    code_unit: np.ndarray | float | None
    waits: bool

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of the sample that validate, and all others."""
        return np.flatnonzero(self.is_valid), np.flatnonzero(~self.is_valid)

    def known(self, plan: Plan) -> dict[str, Any] | None:
        """Return the weights that training continues from, by name; None at the start.

        None too where they are those of a network that knew nothing of a table yet.
        """
        known: Any = plan.last_arrays if self.state is None else self.state.weights
        is_of_table = known and any(n.startswith("encoder.table") for n in known)
        return known if is_of_table else None

    def started_at(self, start: Start) -> Start:
        """Return the start of a trained network, given that of all rows so far."""
        if self.code_unit is None:
            return start
        return start._replace(code_unit=self.code_unit)

    def reseed(self, generator: Any) -> None:
        """Let every chunk have an order and random numbers of its own."""
        drawn = np.random.RandomState(self.seeds)
        generator.manual_seed(int(drawn.randint(2**31 - 1)))

    @staticmethod
    def settled(spread: np.ndarray, plan: Plan) -> np.ndarray:
        """Return spreads in which columns that never varied stay as they are, in use.

        In training they may: the next chunk may be the first in which they vary.
        """
        made_of, columns = plan.architecture, plan.output_columns
        if made_of.table is not None or made_of.output_activation != "identity":
            return spread
        return np.where(columns.variance_ == 0, SPREAD_OF_CONSTANT, spread)

    def rows(self, network: BottleneckNetwork, plan: Plan) -> Rows:
        """Return what is trained on, in units of the network."""
        everyone: Any = np.arange(len(self.X))
        x, target = ScaledRows(self.X, plan.columns), None
        if not plan.target_is_input:
            wanted = self.X if self.X_clean is None else self.X_clean
            target = ScaledRows(wanted, plan.output_columns)
        return to_rows(network, x, target, everyone, everyone[:0], weight=self.weight)[0]
