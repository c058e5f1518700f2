"""What a stream trains on next: a chunk of rows, and what is continued with them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._columns import ScaledRows
from ._linear import LinearCode
from ._objectives import Start
from ._plan import Plan
from ._training import Rows, TrainingState, to_rows
from .nn import BottleneckNetwork

__all__ = ["Chunk"]

_SPREAD_OF_CONSTANT = 1e-15  # in which what is learnt disappears


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
    seed : int
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
    seed: int
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

    @staticmethod
    def settle(arrays: dict[str, np.ndarray], plan: Plan) -> None:
        """Let columns that never varied be rebuilt as they were, in use.

        In training they may: the next chunk may be the first in which they vary.
        """
        made_of = plan.architecture
        if made_of.table is None and made_of.output_activation == "identity":
            never = plan.output_columns.variance_ == 0
            spread = np.where(never, _SPREAD_OF_CONSTANT, arrays["decoder.spread"])
            arrays["decoder.spread"] = spread

    def rows(self, network: BottleneckNetwork, plan: Plan) -> Rows:
        """Return what is trained on, in units of the network."""
        everyone: Any = np.arange(len(self.X))
        x, target = ScaledRows(self.X, plan.columns), None
        if not plan.target_is_input:
            wanted = self.X if self.X_clean is None else self.X_clean
            target = ScaledRows(wanted, plan.output_columns)
        return to_rows(network, x, target, everyone, everyone[:0], weight=self.weight)[0]
