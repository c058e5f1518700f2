"""What an objective answers, and the linear start that all share."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from .._linear import LinearCode, decoder_start, encoder_start, known_decoder_start
from .._training import by_chunk, load_arrays
from ..nn import BottleneckNetwork, Corruption, TrainingLoss

if TYPE_CHECKING:
    from .._fitted import Fitted
    from .._plan import Architecture

__all__ = ["Objective", "Start", "StartProblem", "start_at"]


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
        Gets the weights, in float64.
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

    def load(self, weights: dict[str, np.ndarray]) -> None:
        """Put weights into the network, in float64."""
        load_arrays(self.network, weights, "float64")

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return the network's own codes of ``x``, (n_samples, n_components)."""
        return by_chunk(self.network.encoder, self.network, x)


def start_at(linear: LinearCode, problem: StartProblem, *, knows_way_back: bool) -> Start:
    """Put a network at a linear code; return its start.

    Parameters
    ----------
    linear : LinearCode
    problem : StartProblem
    knows_way_back : bool
        Whether ``linear`` leads back to what should come out, if codes have no activation.
        Else the way back is that of least squares.
    """
    is_activated = problem.code_activation != "identity"
    rows = problem.draw_noisy() if is_activated else problem.x
    weights = encoder_start(linear, rows, problem.code_activation)
    if knows_way_back and not is_activated:
        weights |= known_decoder_start(linear)
    else:
        problem.load(weights)
        weights |= decoder_start(problem.encode(rows), problem.wanted)
    problem.load(weights)
    return Start(weights, 1.0 if is_activated else linear.unit)


class Objective(ABC):
    """What a network is to learn, in the answers in which estimators differ.

    Attributes
    ----------
    starts_at_pca : bool
        Whether the linear start is PCA, which hardly overfits, whose codes lie on
        principal axes, and which may be loosened. Other starts are regressions, or fit a
        noise level: they flatter the rows that they have seen.
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
    def make_network(self, architecture: "Architecture", generator) -> BottleneckNetwork:
        """Return a network with weights from ``generator``; None: to be loaded."""

    @abstractmethod
    def make_loss(self, loss, unit: float) -> TrainingLoss:
        """Return what is minimised, given the parameter ``loss``.

        ``unit`` is what one unit of the network's output is worth, for losses of counts.
        """

    @abstractmethod
    def make_noise(self) -> Corruption | None:
        """Return what falls on rows in training, or None."""

    @abstractmethod
    def first_weights(self, wanted: np.ndarray) -> dict[str, np.ndarray]:
        """Return weights by name that depend on what should come out, in network units."""

    @abstractmethod
    def linear_start(self, problem: StartProblem) -> Start:
        """Put a network at the best that is linear; return its start."""

    @abstractmethod
    def code_axes(
        self,
        codes: np.ndarray,
        x: np.ndarray,
        unit: np.ndarray,
        *,
        is_activated: bool,
        stays_linear: bool,
        whiten: bool,
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Return the axes in which users see codes, and the variance along each.

        Parameters
        ----------
        codes : ndarray of shape (n_samples, n_components)
            The network's own, of ``x``.
        x : ndarray of shape (n_samples, n_features)
            In the network's units.
        unit : ndarray of shape (n_components,)
            What one unit of each code is worth to the user.
        is_activated : bool
            Whether codes have passed an activation.
        stays_linear : bool
            Whether the network is its linear start.
        whiten : bool
            Whether codes are shown with unit variance.
        """

    @abstractmethod
    def codes_for_density(
        self, network: BottleneckNetwork, x: np.ndarray, codes: np.ndarray, seed: int
    ) -> np.ndarray:
        """Return codes to estimate the sampling density from, one for each row of ``x``."""

    @abstractmethod
    def attributes(self, fitted: "Fitted") -> dict[str, Any]:
        """Return the estimator's attributes that this objective alone has, by name."""

    @abstractmethod
    def complaint(self, fitted: "Fitted") -> str | None:
        """Return what a user has to be warned of, or None."""
