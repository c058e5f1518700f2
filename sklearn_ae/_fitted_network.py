"""What a fit leaves: arrays and settings that encode and decode, and that pickle."""

import threading
from contextlib import contextmanager, nullcontext

import numpy as np

from ._columns import Scaler
from ._training import (
    ROWS_PER_PASS,
    ReconstructionNet,
    borrowed_random_state,
    limited_threads,
    make_generator,
    with_gradients,
)

__all__ = ["FittedNetwork", "is_mse"]

# One thread at a time rebuilds a network, whose own parts may use another one.
_building = threading.RLock()

_ROWS_TO_VERIFY = 16

# Standard deviations from zero to the mean that training in float32 bears, where data
# enter uncentred, and where only the output is not.
_FARTHEST_MEAN_IN, _FARTHEST_MEAN_OUT = 1e3, 1e5


def is_mse(loss) -> bool:
    """Whether the parameter ``loss`` names the squared error; it may be any callable."""
    return isinstance(loss, str) and loss == "mse"


class FittedNetwork:
    """Columns and weights as arrays; nets are rebuilt from them, one per dtype.

    Parameters
    ----------
    kind : type
        The estimator's class, which answers which network and which loss.
    architecture : Architecture
        What the network is built from.
    loss : str or callable
        The parameter ``loss``.
    device : str
        Where the network is used if that is possible, else on the CPU.

    Attributes
    ----------
    columns, output_columns : Scaler
        The user's units to those of the network's input, and of its output.
    code_unit : ndarray of shape (n_components,)
        What one unit of the network's own codes is worth to the user.
    arrays : dict of ndarray
        Weights by name; none until they are fitted.
    density : CodeDensity
        Where new codes are drawn, the network's own.
    seed : int
        What the network was built with, since parts of the user's own may draw more
        than their weights.
    removes_noise : bool
        Whether what goes in is not what should come out.
    stays_linear : bool
        Whether the fit ended where it started, at the best linear answer.
    code_variance : ndarray of shape (n_components,)
        Of the training rows' codes, the network's own.
    n_parameters : dict of int
        Size of each weight that was trained, by name.
    explained_variance : ndarray of shape (n_components,)
        Of the same codes, along the axes in which users see them, before whitening.
    """

    def __init__(self, kind, architecture, loss, device):
        self.kind = kind
        self.architecture = architecture
        self.loss = loss
        self.device = device
        self.arrays = {}
        self.seed = 0
        self.removes_noise = False
        self.stays_linear = False
        self._unfitted_density = None
        self._nets = {}

    # -- planning ------------------------------------------------------------

    @property
    def is_closed_form(self) -> bool:
        """Whether the answer is linear and needs no training: PCA if there is no noise."""
        return is_mse(self.loss) and self.architecture.is_linear

    @property
    def starts_linear(self) -> bool:
        """Whether there are linear skips to start from, and no weights of a last fit."""
        return self.architecture.linear_skip and not self.arrays

    @property
    def has_unit_spread(self) -> bool:
        """Whether columns go in, and are to come out, centred and of unit spread."""
        return self.columns.centres and self.output_columns.centres

    def fit_columns(self, X: np.ndarray, X_clean: np.ndarray, scaling: str | None) -> None:
        """Learn the units of what goes in and what should come out, maybe one array."""
        self.columns = self.output_columns = Scaler(scaling).fit(X)
        output = self.architecture.output_activation
        kind = scaling
        if output != "identity":
            # A bent output speaks in units of its own: the data's, or for an output of
            # one sign any multiple of them.
            kind = None if output in ("logistic", "tanh") else "magnitude"
        if X_clean is not X or output != "identity":
            name = "X" if X_clean is X else "X_clean"
            self.output_columns = Scaler(kind).fit(X_clean, name)
        if not self.is_closed_form:
            self._refuse_lost_digits(scaling)
        self.code_unit = np.ones(self.architecture.n_components)
        if scaling == "global" and self.architecture.code_activation == "identity":
            self.code_unit *= self.output_columns.scale_[0]

    @property
    def farthest_mean(self) -> float:
        """Mean of a column as the network sees it, in standard deviations from zero."""
        scalers = self.columns, self.output_columns
        return max(0.0 if scaler.centres else scaler.distance_ for scaler in scalers)

    def _refuse_lost_digits(self, scaling):
        """Raise ValueError if means that are not subtracted drown what varies."""
        output = self.architecture.output_activation
        if scaling is None:
            both = self.columns.distance_, self.output_columns.distance_
            cause, distance, farthest = "scaling=None", max(both), _FARTHEST_MEAN_IN
        elif output != "identity":
            distance, farthest = self.output_columns.distance_, _FARTHEST_MEAN_OUT
            cause = f"an output of {output!r}"
        else:
            return
        if distance <= farthest:
            return
        name = "X" if distance == self.columns.distance_ else "X_clean"
        raise ValueError(
            f"{name} has means {distance:.2g} standard deviations away from zero, "
            f"which {cause} does not subtract; expected at most {farthest:g}, since "
            "training in float32 would lose the digits that vary. Subtract the means "
            "first, or use scaling='global' with loss='mse'."
        )

    def continue_from(self, last: "FittedNetwork", scaling: str | None) -> None:
        """Take over units and weights of the last fit."""
        now, then = vars(self.architecture), vars(last.architecture)
        changed = [name for name in now if now[name] != then[name]]
        changed = ["init" if name == "linear_skip" else name for name in changed]
        if scaling != last.columns.kind:
            changed.append("scaling")
        if changed:
            raise ValueError(
                f"warm_start=True found {', '.join(changed)} changed since the last fit; "
                "expected the network that it continues. Set the old values, or "
                "warm_start=False to start anew."
            )
        self.columns, self.output_columns = last.columns, last.output_columns
        self.code_unit = last.code_unit
        self.arrays = {
            name: array
            for name, array in last.arrays.items()
            if not name.startswith("axes.")
        }

    def to_network_units(
        self, X: np.ndarray, X_clean: np.ndarray, dtype
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what goes into the network and what should come out, maybe one array."""
        X_scaled = self.columns.transform(X, dtype)
        if X_clean is X and self.output_columns is self.columns:
            return X_scaled, X_scaled
        return X_scaled, self.output_columns.transform(X_clean, dtype)

    def set_density(self, density, codes: np.ndarray) -> None:
        """Let ``density`` follow ``codes``, the network's own, once rows are drawn."""
        self._unfitted_density = density, codes

    def fit_density(self) -> None:
        """Fit the density that was set, and forget the codes."""
        density, codes = self._unfitted_density
        self.density = density.fit(codes, self.code_unit, self.seed)
        self._unfitted_density = None

    @contextmanager
    def borrowed_globals(self, n_rows: int, is_foreign: bool):
        """Borrow what is global in torch, for ``n_rows`` at once.

        That of random states is lent to parts of the user's own, if there are any.
        """
        work = self.architecture.n_multiplications * n_rows
        with limited_threads(work), with_gradients(), self._foreign_draws(is_foreign):
            yield

    def _foreign_draws(self, is_foreign: bool):
        return borrowed_random_state(self.seed) if is_foreign else nullcontext()

    def verify(self, net: ReconstructionNet, X_scaled: np.ndarray) -> None:
        """Raise ValueError unless the arrays hold all that ``net`` has learnt."""
        if not self.architecture.has_own_layers:
            return
        rows = X_scaled[:_ROWS_TO_VERIFY].astype(np.float64)
        trained = net.reconstruct(rows)
        X_hat = self.net("float64").reconstruct(self.columns.inverse_transform(rows))
        rebuilt = self.output_columns.transform(X_hat)
        if not np.allclose(trained, rebuilt, rtol=1e-2, atol=1e-2 * np.abs(trained).max()):
            raise ValueError(
                "An encoder or decoder of your own rebuilds other rows after its weights "
                "are put into a new copy of it; expected the same. Register all that it "
                "draws or learns as a parameter or by register_buffer()."
            )

    def make_loss(self):
        """Return the loss, in the units of the network's output."""
        return self.kind._make_loss(self.loss, float(self.output_columns.scale_[0]))

    # -- using ---------------------------------------------------------------

    def __getstate__(self):
        return {**vars(self), "_nets": {}}

    def encode(self, X: np.ndarray) -> np.ndarray:
        """Return codes, (n_samples, n_components), in the dtype of ``X``."""
        return self._by_chunk(ReconstructionNet.encode, X)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return rows in the user's units, (n_samples, n_features)."""
        return self._by_chunk(ReconstructionNet.decode, codes)

    def reconstruct(self, X: np.ndarray) -> np.ndarray:
        """Return decode(encode(X)), (n_samples, n_features)."""
        return self._by_chunk(ReconstructionNet.reconstruct, X)

    def draw(self, n_samples: int, random_state: np.random.RandomState) -> np.ndarray:
        """Return new rows in the user's units, (n_samples, n_features)."""
        if self._unfitted_density is not None:
            self.fit_density()
        codes = self.density.draw(n_samples, random_state)
        return self.decode(codes @ self.arrays["axes.weight"] + self.arrays["axes.bias"])

    def row_losses(self, X: np.ndarray, X_clean: np.ndarray) -> np.ndarray:
        """Return the loss of every row, (n_rows,), against what should come out."""

        def step(net, rows, clean):
            return net.row_losses(*self.to_network_units(rows, clean, X.dtype))

        return self._by_chunk(step, X, X_clean)

    def posterior(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return means and deviations of codes, each (n_samples, n_components)."""
        both = self._by_chunk(ReconstructionNet.posterior, X)
        return both[:, 0], both[:, 1]

    def bound(self, X: np.ndarray) -> np.ndarray:
        """Return the evidence lower bound of every row in the user's units, (n_rows,)."""
        return self._log_density(X, lambda net, both: net.bound(*both))

    def log_density(self, X: np.ndarray, n_draws: int, seed: int) -> np.ndarray:
        """Return the importance-weighted log density of every row, (n_rows,)."""
        generator = make_generator(seed)
        return self._log_density(
            X, lambda net, both: net.log_density(*both, n_draws, generator)
        )

    def _log_density(self, X, tell):
        def step(net, rows):
            return tell(net, self.to_network_units(rows, rows, rows.dtype))

        log_density = self._by_chunk(step, X)
        if self.make_loss().likelihood.is_discrete:
            return log_density
        # A density of scaled rows is that of rows, times the scale of every column.
        return log_density - float(np.log(self.output_columns.scale_).sum())

    def _by_chunk(self, step, *arrays):
        n_rows, net = len(arrays[0]), self.net(arrays[0].dtype.name)
        work = self.architecture.n_multiplications * min(n_rows, ROWS_PER_PASS)
        with limited_threads(work):
            first = step(net, *(array[:ROWS_PER_PASS] for array in arrays))
            if n_rows <= ROWS_PER_PASS:
                return first
            result = np.empty((n_rows, *first.shape[1:]), first.dtype)
            result[:ROWS_PER_PASS] = first
            for start in range(ROWS_PER_PASS, n_rows, ROWS_PER_PASS):
                rows = slice(start, start + ROWS_PER_PASS)
                result[rows] = step(net, *(array[rows] for array in arrays))
        return result

    def net(self, dtype: str) -> ReconstructionNet:
        """Return the net that computes in ``dtype``, so that float64 keeps its digits."""
        if dtype in self._nets:
            return self._nets[dtype]
        # The locks in the order in which a fit takes them.
        is_foreign = self.architecture.has_own_layers or callable(self.loss)
        with with_gradients(), self._foreign_draws(is_foreign), _building:
            if dtype not in self._nets:
                network = self.kind._make_network(self.architecture, None)
                net = ReconstructionNet(network, self.make_loss())
                net.prepare_for_use(dtype, self.device)
                net.load_arrays(self.arrays, dtype)
                net.set_units(self.columns.units(dtype), self.output_columns.units(dtype))
                self._nets[dtype] = net
            return self._nets[dtype]
