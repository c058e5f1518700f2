"""What an objective answers, and the linear start that all share."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from .._linear import LinearCode, decoder_start
from .._training import by_chunk, load_arrays
from ..nn import BottleneckNetwork, Corruption, TrainingLoss

if TYPE_CHECKING:
    from .._fitted import Fitted
    from .._plan import Architecture

__all__ = ["Objective", "Start", "StartProblem", "regressed_start"]


class Start(NamedTuple):
    """Weights of the linear skips by name, and what one unit of each code is worth."""

    weights: dict[str, np.ndarray]
    code_unit: np.ndarray | float


@dataclass(frozen=True)
class StartProblem:
    """For what the best linear network is sought; rows are in the network's units.

    Parameters
    ----------
    network : BottleneckNetwork
    x : ndarray of shape (n_samples, n_features)
        What goes in, before noise falls on it.
    target : ndarray of shape (n_samples, n_features) or None
        What should come out. None: what goes in.
    n_components : int
    code_activation : str
    relative_scale : ndarray of shape (n_features,)
        One unit of each column that goes in, in units of what comes out.
    draw_noisy : callable
        ``draw_noisy()`` is x with noise, or x where none falls on it.
    moments : tuple of ndarray or None
        What is known of the noise; see Corruption.
    seed : int
    """

    network: BottleneckNetwork
    x: np.ndarray
    target: np.ndarray | None
    n_components: int
    code_activation: str
    relative_scale: np.ndarray
    draw_noisy: Callable[[], np.ndarray]
    moments: tuple[np.ndarray, ...] | None
    seed: int

    @property
    def wanted(self) -> np.ndarray:
        """What should come out, (n_samples, n_features)."""
        return self.x if self.target is None else self.target

    def encode(self, x: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
        """Return the network's own codes of ``x`` with some weights, in float64."""
        load_arrays(self.network, weights, "float64")
        return by_chunk(self.network.encoder, self.network, x)


def regressed_start(linear: LinearCode, problem: StartProblem) -> Start:
    """Return the start at a linear code whose way back is that of least squares.

    That is for codes that pass an activation, and for a ``linear`` that does not lead to
    what should come out.
    """
    rows, unit = problem.x, 1.0
    if problem.code_activation != "identity":
        rows = problem.draw_noisy()
        weights = linear.activated_skip_weights(rows, problem.code_activation)
    else:
        weights, unit = linear.skip_weights()
    weights |= decoder_start(problem.encode(rows, weights), problem.wanted)
    return Start(weights, unit)


class Objective(ABC):
    """What a network is to learn, in the answers in which estimators differ.

    Attributes
    ----------
    starts_at_pca : bool
        Whether the linear start is PCA, which hardly overfits, whose codes lie on
        principal axes, and which may be loosened. Other starts are regressions, or fit a
        noise level: they overfit the rows that they have seen.
    trains_in_bfloat16 : bool
        Whether ``precision="auto"`` may take bfloat16: that it does no harm was measured.
    calls_user_code : bool
        Whether noise is the user's.
    kl_warmup : int
        Epochs in which the weight of a divergence rises; 0 where there is none.
    """

    starts_at_pca: ClassVar[bool]
    trains_in_bfloat16: ClassVar[bool]

    @property
    @abstractmethod
    def calls_user_code(self) -> bool: ...

    @property
    @abstractmethod
    def kl_warmup(self) -> int: ...

    @abstractmethod
    def build(
        self, architecture: "Architecture", loss, unit: float, generator
    ) -> tuple[BottleneckNetwork, TrainingLoss, Corruption | None]:
        """Return a network, what is minimised, and the noise that falls on training rows.

        Parameters
        ----------
        architecture : Architecture
        loss : str or callable
            The parameter ``loss``.
        unit : float
            What one unit of the network's output is worth, for losses of counts.
        generator : torch.Generator or None
            Draws the weights. None: they are to be loaded.
        """

    @abstractmethod
    def random_start(self, wanted: np.ndarray) -> dict[str, np.ndarray]:
        """Return weights by name that depend on what should come out, in network units.

        All others are drawn.
        """

    @abstractmethod
    def linear_start(self, problem: StartProblem) -> Start:
        """Return the best network that is linear."""

    @abstractmethod
    def read_codes(
        self,
        codes: np.ndarray,
        x: np.ndarray,
        unit: np.ndarray,
        network: BottleneckNetwork,
        *,
        is_activated: bool,
        stays_linear: bool,
        whiten: bool,
        seed: int,
    ) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """Return how users see codes, and where codes lie.

        Parameters
        ----------
        codes : ndarray of shape (n_samples, n_components)
            The network's own, of ``x``.
        x : ndarray of shape (n_samples, n_features)
            In the network's units.
        unit : ndarray of shape (n_components,)
            What one unit of each code is worth to the user.
        network : BottleneckNetwork
        is_activated : bool
            Whether codes have passed an activation.
        stays_linear : bool
            Whether the network is its linear start.
        whiten : bool
            Whether codes are shown with unit variance.
        seed : int

        Returns
        -------
        axes : dict of ndarray
            Weights of the network's CodeAxes, by name.
        variance : ndarray of shape (n_components,)
            Along each axis, before codes are whitened.
        followed : ndarray of shape (n_samples, n_components)
            Codes to estimate the sampling density from, the network's own.
        """

    @abstractmethod
    def report(self, fitted: "Fitted") -> tuple[dict[str, Any], str | None]:
        """Return the attributes that this objective alone has, and a warning or None."""
