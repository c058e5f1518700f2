"""The result of a fit: frozen arrays and settings that encode, decode and pickle."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ._code_density import CodeDensity
from ._columns import Scaler, SparseTable
from ._data_checks import check_result_range
from ._objectives import Objective
from ._plan import Architecture
from ._scores import squares_of_table
from ._training import (
    CELLS_PER_PASS,
    ROWS_PER_PASS,
    borrowed_globals,
    by_chunk,
    hooks_of,
    prepare_for_use,
    share_hooks,
    user_code,
)

if TYPE_CHECKING:
    from ._training._skorch_net import ReconstructionNet

__all__ = ["Fitted"]


@dataclass(frozen=True)
class Fitted:
    """A fitted network as arrays; modules are built from them when needed, one per dtype.

    Parameters
    ----------
    objective : Objective
        Which network, and which loss.
    architecture : Architecture
        What the network is built from.
    loss : str or callable
        The parameter ``loss``.
    device : str
        Where the network is used if that is possible, else on the CPU.
    seed : int
        Seed that the network was built with, since user-supplied layers may draw more
        than their weights.
    columns, output_columns : Scaler
        Scaling from the user's units to those of the network's input and output.
    shares_units : bool
        Whether both are the same.
    code_unit : ndarray of shape (n_components,)
        Size of one unit of the network's components in the user's units.
    costs : tuple of ndarray (costs, floors), or None
        Of the columns and the levels of a table; see TableLoss.
    arrays : dict of ndarray
        Weights by name.
    density : CodeDensity
        Density that new codes are drawn from, in the network's axes and units.
    stays_linear : bool
        Whether the fit kept its start, the best linear network.
    is_pca : bool
        Whether that is PCA.
    code_variance : ndarray of shape (n_components,)
        Variance of the training rows' codes, in the network's axes and units.
    axes_variance : ndarray of shape (n_components,)
        Variance of the same codes along the axes that users see, before whitening.
    code_mean : ndarray of shape (n_components,)
        Mean of the training rows' codes, in the network's axes and units.
    whitens : bool
        Whether codes that users see have unit variance.
    explained_ratio : ndarray of shape (n_components,)
        What each of these components adds to the R² of the training rows.
    n_parameters : dict of int
        Size of each trained weight, by name.
    n_samples, n_iter, best_iter : int
    size : float
        Sum of the weights of the training rows; their number without weights.
    loss_curve : list of float
    complaint : str or None
        Warning about the training.
    validation_loss_curve, validation_scores : list of float or None
        The estimator's attributes of these names.
    """

    objective: Objective
    architecture: Architecture
    loss: str | Callable
    device: str
    seed: int
    columns: Scaler
    output_columns: Scaler
    shares_units: bool
    code_unit: np.ndarray
    costs: tuple[np.ndarray, np.ndarray] | None
    arrays: dict[str, np.ndarray]
    density: CodeDensity
    stays_linear: bool
    is_pca: bool
    code_variance: np.ndarray
    axes_variance: np.ndarray
    code_mean: np.ndarray
    whitens: bool
    explained_ratio: np.ndarray
    n_parameters: dict[str, int]
    n_samples: int
    size: float
    n_iter: int
    best_iter: int
    loss_curve: list[float]
    validation_loss_curve: list[float] | None
    validation_scores: list[float] | None
    complaint: str | None
    _built: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __getstate__(self):
        # Without the built networks: a pickle holds no torch object, and so loads on a
        # machine without the GPU of the fit.
        return {**vars(self), "_built": {}}

    def network(self, dtype: str):
        """Return the network in ``dtype``; float64 keeps all digits of the weights."""
        return self._network_and_loss(dtype)[0]

    def net(self) -> "ReconstructionNet":
        """Return a skorch net around a network of its own, in float32.

        Changes to its weights change no use, in no dtype; hooks on its layers see all use,
        but for hidden layers of what stayed linear, which use leaves out.
        """
        from ._training._skorch_net import ReconstructionNet

        if "net" not in self._built:
            self._built.setdefault(
                "net", ReconstructionNet.for_use(*self._build("float32", self.architecture))
            )
        return self._built["net"]

    def apply(
        self,
        function: Callable,
        *arrays: np.ndarray,
        name: str = "X",
        gives_rows: bool = False,
    ) -> np.ndarray:
        """Return ``function(network, loss, *rows)`` of all rows, chunk by chunk.

        ``name`` is what an error calls them, if a result is no finite number;
        ``gives_rows`` is whether a result has the columns of the fit.
        """
        # Integers become float64, as in fit.
        dtype = "float32" if arrays[0].dtype == np.float32 else "float64"
        network, loss = self._network_and_loss(dtype)
        n_rows = min(len(arrays[0]), ROWS_PER_PASS)
        work = self.architecture.n_multiplications * n_rows
        seed = self._seed_of_user_code
        with borrowed_globals(work, seed):
            result = by_chunk(partial(function, network, loss), network, *arrays)
        checked = result
        if gives_rows and self.architecture.table is not None:
            # A column without any value in the fit stays missing.
            checked = result[:, ~np.isnan(self.output_columns.mean_)]
        check_result_range(checked, arrays, name, has_own_parts=seed is not None)
        return result

    def encode(self, X: np.ndarray) -> np.ndarray:
        """Return codes, (n_samples, n_components), in the dtype of ``X``."""
        return self.apply(lambda network, loss, x: network.encode(x), X)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return rows in the user's units, (n_samples, n_features)."""
        return self.apply(
            lambda network, loss, code: network.decode(code),
            codes,
            name="codes",
            gives_rows=True,
        )

    def reconstruct(self, X: np.ndarray) -> np.ndarray:
        """Return decode(encode(X)), (n_samples, n_features)."""
        return self.apply(lambda network, loss, x: network(x), X, gives_rows=True)

    def impute(self, X: Any) -> Any:
        """Return rows whose holes are filled, (n_samples, n_features)."""
        if self.architecture.table is None:  # then nothing is missing
            return (X.matrix if isinstance(X, SparseTable) else X).copy()
        X_hat = self.apply(lambda network, loss, x: network.impute(x), X, gives_rows=True)
        # The normal density also fills in what a column never was. NaN is no limit.
        columns = self.output_columns
        low, high = (a.astype(X_hat.dtype) for a in (columns.low_, columns.high_))
        return np.where(np.isnan(X), np.fmin(np.fmax(X_hat, low), high), X)

    def squares(
        self, X: np.ndarray, X_clean: np.ndarray, weight: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return two sums of squares for each column of ``X_clean``, each (n_features,).

        Of the errors of reconstructions, and of the differences from the mean, which is 0
        where a column is constant; both in the same unit. ``weight``, (n_samples,), is that
        of each row.
        """
        if self.architecture.table is not None:
            return squares_of_table(self, X, X_clean, weight)
        n_rows, n_features = X_clean.shape
        size = n_rows if weight is None else weight.sum()
        # Around 1: the squares of data of extreme size overflow or vanish. By a power of
        # two no digit changes.
        largest = max(abs(float(X_clean.min())), abs(float(X_clean.max())))
        unit = np.ldexp(1.0, int(np.frexp(largest)[1]) - 1)
        error, total, around = np.zeros((3, n_features))
        # From the first row on: columns without variance then have exactly none.
        first = X_clean[:1][0].astype(np.float64) / unit
        n_at_once = max(1, min(ROWS_PER_PASS, CELLS_PER_PASS // n_features))
        for start in range(0, n_rows, n_at_once):
            rows = slice(start, start + n_at_once)
            clean = X_clean[rows].astype(np.float64) / unit
            wrong = (clean - self.reconstruct(X[rows]) / unit) ** 2
            clean -= first
            if weight is not None:
                error += weight[rows] @ wrong
                total += weight[rows] @ clean
                around += weight[rows] @ clean**2
                continue
            error += wrong.sum(axis=0)
            total += clean.sum(axis=0)
            around += (clean**2).sum(axis=0)
        return error, np.maximum(around - total**2 / size, 0)

    def row_losses(self, X: np.ndarray, X_clean: np.ndarray) -> np.ndarray:
        """Return the loss of every row against its target, (n_samples,)."""

        def rows(network, loss, x, clean):
            return loss.rows(network.outcome(network.units_in(x)), network.units_out(clean))

        return self.apply(rows, X, X_clean)

    def cell_losses(self, X: np.ndarray, X_clean: np.ndarray) -> np.ndarray:
        """Return the loss of every cell, (n_samples, n_features), as row_losses does."""

        def cells(network, loss, x, clean):
            return loss.cells(
                network.outcome(network.units_in(x)), network.units_out(clean)
            )

        return self.apply(cells, X, X_clean)

    def draw(self, n_samples: int, random_state: np.random.RandomState) -> np.ndarray:
        """Return new rows in the user's units, (n_samples, n_features)."""
        # The density is in the network's axes, in which it was fitted; ``decode`` takes
        # codes in the user's.
        codes = self.density.draw(n_samples, random_state)
        rows = self.decode(codes @ self.arrays["axes.weight"] + self.arrays["axes.bias"])
        columns, whole = self.output_columns, self.output_columns.is_whole_
        # Counts stay counts: between them, and beyond their range, there are none.
        rows[:, whole] = (
            rows[:, whole].round().clip(columns.low_[whole], columns.high_[whole])
        )
        return rows

    def _network_and_loss(self, dtype: str):
        if dtype not in self._built:
            # Threads that build at once all build the same, and the first one's is kept: a
            # lock would be held while code of the user's runs.
            architecture = self.architecture
            if self.stays_linear and not architecture.has_own_layers:
                # Hidden layers give zero, and would only cost time.
                architecture = replace(
                    architecture, hidden_layer_sizes=(), decoder_hidden_layer_sizes=()
                )
            self._built.setdefault(dtype, self._build(dtype, architecture))
        return self._built[dtype]

    def _build(self, dtype: str, architecture: Architecture):
        unit = float(self.output_columns.scale_[0])
        units = self.columns.units(dtype), self.output_columns.units(dtype)
        with borrowed_globals(np.inf, self._seed_of_user_code), user_code.random_state:
            network, loss, _ = self.objective.build(
                architecture, self.loss, unit, self.costs, None
            )
            prepare_for_use(network, self.arrays, *units, dtype=dtype, device=self.device)
            # In one step: concurrent builders share what the first one has.
            share_hooks(network, self._built.setdefault("hooks", hooks_of(network)))
            return network, loss.eval().to(next(network.parameters()).device)

    @property
    def _seed_of_user_code(self) -> int | None:
        """What layers or a loss of the user's begin to draw with in every call, if any."""
        is_foreign = self.architecture.has_own_layers or callable(self.loss)
        return self.seed if is_foreign else None
