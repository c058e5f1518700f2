"""The interface of an objective, and the linear start that all of them share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from .._columns import Response, ScaledRows, row_slices
from .._linear import LinearCode, decoder_start, turn_towards, width_to_turn
from .._training import by_chunk, load_arrays
from ..nn import BottleneckNetwork, Corruption, TrainingLoss

if TYPE_CHECKING:
    from .._fitted import Fitted
    from .._plan import Architecture

__all__ = ["Objective", "Start", "StartProblem", "regressed_start"]


class Start(NamedTuple):
    """Weights of the linear skips by name, and the size of one unit of each component.

    ``is_exact`` is whether all rows are reconstructed to the last digit of float32, so that
    no training could improve them.
    """

    weights: dict[str, np.ndarray]
    code_unit: np.ndarray | float
    is_exact: bool = False


@dataclass(frozen=True)
class StartProblem:
    """Data and settings for the best linear network; rows are in the network's units.

    Parameters
    ----------
    network : BottleneckNetwork
    x : ScaledRows of shape (n_samples, n_features)
        Input, before noise is added, with the weights of the rows.
    target : ScaledRows of shape (n_samples, n_features) or None
        Target of the reconstruction. None uses ``x``.
    n_components : int
    code_activation : str
    relative_scale : ndarray of shape (n_features,)
        Size of one unit of each input column, in units of the output.
    draw_noisy : callable
        ``draw_noisy(x)`` returns x with noise, an array, or x if there is none.
    moments : tuple of ndarray or None
        Moments of the noise if they are known; see Corruption.
    seed : int
    response : Response or None
        y of the rows, in scaled values, if codes are to keep what it needs.
    pca : LinearCode or None
        PCA of the rows, if it is known already.
    """

    network: BottleneckNetwork
    x: ScaledRows
    target: ScaledRows | None
    n_components: int
    code_activation: str
    relative_scale: np.ndarray
    draw_noisy: Callable[[ScaledRows], ScaledRows | np.ndarray]
    moments: tuple[np.ndarray, ...] | None
    seed: int
    response: Response | None
    pca: LinearCode | None = None

    @property
    def wanted(self) -> ScaledRows:
        """Target of the reconstruction, (n_samples, n_features)."""
        return self.x if self.target is None else self.target

    def widened(self) -> "StartProblem":
        """Return the problem of more components, among which those for y too are found."""
        n_components = width_to_turn(self.n_components, self.x.shape)
        return replace(self, n_components=n_components)

    def sampled(self, n_rows: int) -> "StartProblem":
        """Return the problem of fewer rows, drawn at random."""
        rows = np.random.RandomState(self.seed).permutation(self.x.shape[0])[:n_rows]
        target = None if self.target is None else self.target.take(rows)
        response = None if self.response is None else self.response.take(rows)
        return replace(self, x=self.x.take(rows), target=target, response=response)

    def turned(self, code: LinearCode) -> LinearCode:
        """Return the code within a wider one that keeps most of the rows and of y."""
        assert self.response is not None
        return turn_towards(code, self.x, self.response, self.n_components, self.seed)

    def encoded(
        self, x: ScaledRows | np.ndarray, weights: dict[str, np.ndarray]
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
        """Yield codes of ``x`` for given weights, targets and weights of rows, by slice.

        In float64; weights of rows are None if all have the same.
        """
        of_rows = self.x.weight
        load_arrays(self.network, weights, "float64")
        for rows in row_slices(x.shape):
            codes = by_chunk(self.network.encoder, self.network, x[rows])
            yield codes, self.wanted[rows], None if of_rows is None else of_rows[rows]


def regressed_start(linear: LinearCode, problem: StartProblem) -> Start:
    """Return the start at a linear code that is decoded by least squares.

    For codes that pass an activation, and for a ``linear`` without a map to the target.
    """
    rows: ScaledRows | np.ndarray = problem.x
    unit: np.ndarray | float = 1.0
    if problem.code_activation != "identity":
        # Noisy rows, since the network sees these: their codes are wider, and must stay
        # where the activation is close to linear.
        rows = problem.draw_noisy(problem.x)
        weights = linear.activated_skip_weights(rows, problem.code_activation)
    else:
        weights, unit = linear.skip_weights()
    # Regressed on the network's own codes, so that activations are accounted for.
    weights |= decoder_start(problem.encoded(rows, weights))
    return Start(weights, unit)


class Objective(ABC):
    """What a network has to learn: all that differs between the estimators.

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
        self, architecture: "Architecture", loss, unit: float, costs, generator
    ) -> tuple[BottleneckNetwork, TrainingLoss, Corruption | None]:
        """Return the network, its training loss, and the noise added to training rows.

        Parameters
        ----------
        architecture : Architecture
        loss : str or callable
            The parameter ``loss``.
        unit : float
            Size of one unit of the network's output, for losses of counts.
        costs : tuple of ndarray (costs, floors), or None
            Of the columns and the levels of a table; see TableLoss.
        generator : torch.Generator or None
            Draws the weights. None if they will be loaded.
        """

    @abstractmethod
    def random_start(self, wanted: ScaledRows) -> dict[str, np.ndarray]:
        """Return weights by name that depend on the target, in the network's units.

        All others are drawn at random.
        """

    @abstractmethod
    def linear_start(self, problem: StartProblem) -> Start:
        """Return the best linear network."""

    @abstractmethod
    def read_codes(
        self,
        codes: np.ndarray,
        x: ScaledRows,
        blocks: Any,
        unit: np.ndarray,
        network: BottleneckNetwork,
        *,
        is_activated: bool,
        is_pca: bool,
        whiten: bool,
        seed: int,
    ) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """Return the axes in which users see codes, and codes for the sampling density.

        Parameters
        ----------
        codes : ndarray of shape (n_samples, n_components)
            Codes of ``x`` in the network's axes and units.
        x : ScaledRows of shape (n_samples, n_features)
            Rows in the network's units.
        blocks : rows of shape (n_samples, n_blocks)
            The same as numbers alone, without holes.
        unit : ndarray of shape (n_components,)
            Size of one unit of each component in the user's units.
        network : BottleneckNetwork
        is_activated : bool
            Whether codes have passed an activation.
        is_pca : bool
            Whether the network is PCA, whose codes are on principal axes.
        whiten : bool
            Whether codes are scaled to unit variance.
        seed : int

        Returns
        -------
        axes : dict of ndarray
            Weights of the network's CodeAxes, by name.
        variance : ndarray of shape (n_components,)
            Variance along each axis, before codes are whitened.
        followed : ndarray of shape (n_samples, n_components)
            Codes to estimate the sampling density from, in the network's axes and units.
        """

    @abstractmethod
    def report(self, fitted: "Fitted") -> tuple[dict[str, Any], str | None]:
        """Return the attributes specific to this objective, and a warning or None."""
