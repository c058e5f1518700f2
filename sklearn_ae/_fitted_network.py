"""A fitted network as arrays and settings, rebuilt as a skorch net when it is used."""

import threading
from contextlib import nullcontext
from itertools import pairwise

import numpy as np
from sklearn.utils import gen_batches

from ._training import ReconstructionNet, borrowed_random_state, limited_threads

__all__ = ["FittedNetwork", "foreign_draws", "n_multiplications"]

_ROWS_PER_CHUNK = 4096  # rows that the network sees at once: bounds the memory
_building = threading.Lock()  # one thread at a time rebuilds a network


class FittedNetwork:
    """What is left of a network after its training, and pickles: no tensor, no optimizer.

    Parameters
    ----------
    kind : type
        The estimator's class, which answers which network and which loss.
    architecture : dict
        Keyword arguments of the network.
    loss : str or callable
        The parameter ``loss``.
    arrays : dict of ndarray
        Weights by name.
    device : str
        Where the network is used if that is possible, else on the CPU.
    """

    def __init__(self, kind, architecture, loss, arrays, device):
        self.kind = kind
        self.architecture = architecture
        self.loss = loss
        self.arrays = arrays
        self.device = device
        self._nets = {}

    def __getstate__(self):
        return {**vars(self), "_nets": {}}

    def net(self, dtype: str) -> ReconstructionNet:
        """Return the net that computes in ``dtype``, so that float64 keeps its digits."""
        with _building:
            if dtype not in self._nets:
                with foreign_draws(self.architecture, self.loss, seed=0):
                    network = self.kind._make_network(self.architecture, None)
                net = ReconstructionNet(network, self.kind._make_loss(self.loss))
                net.prepare_for_use(dtype, self.device)
                net.load_arrays(self.arrays)
                self._nets[dtype] = net
            return self._nets[dtype]

    def apply(self, step, X: np.ndarray, n_columns: int | None) -> np.ndarray:
        """Return ``step(net, rows)`` of all rows of ``X``, a chunk at a time.

        Parameters
        ----------
        step : callable
            ``(net, rows) -> ndarray``
        X : ndarray of shape (n_samples, n_columns_in)
            Its dtype is that of the computation and of the result.
        n_columns : int or None
            Width of the result; None if it is one number per row.
        """
        net = self.net(X.dtype.name)
        shape = len(X) if n_columns is None else (len(X), n_columns)
        result = np.empty(shape, dtype=X.dtype)
        work = n_multiplications(self.architecture) * min(len(X), _ROWS_PER_CHUNK)
        with limited_threads(work):
            for rows in gen_batches(len(X), _ROWS_PER_CHUNK):
                result[rows] = step(net, X[rows])
        return result


def n_multiplications(architecture: dict) -> int:
    """Return how many numbers are multiplied to reconstruct one row."""
    a = architecture
    total = 2 * a["n_features"] * a["n_components"]
    for sizes in (a["hidden_layer_sizes"], a["decoder_hidden_layer_sizes"][::-1]):
        widths = (a["n_features"], *sizes, a["n_components"])
        total += sum(n_in * n_out for n_in, n_out in pairwise(widths))
    return total


def foreign_draws(architecture: dict, loss, *, seed: int):
    """Lend torch's global random state to parts of the user's own, if there are any."""
    parts = (architecture["encoder"], architecture["decoder"], loss)
    return borrowed_random_state(seed) if any(map(callable, parts)) else nullcontext()
