"""Where training stands between two chunks of a stream."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch

from ._steps import AveragedWeights, GradientClip, copy_weights

__all__ = ["TrainingState"]


@dataclass(frozen=True)
class TrainingState:
    """What the next chunk of a stream continues, by the names of the weights.

    So that the next training may take other steps, and a network that has got inputs more.

    Parameters
    ----------
    weights : dict of Tensor
        Of the network, as the last step left them.
    averages : dict of Tensor
        Their averages.
    n_steps : int
        Number of steps so far.
    solver : str
        Name of the optimizer.
    moments : dict of (dict of Tensor)
        What it keeps of each weight, by what it calls that.
    counts : dict
        What it keeps of all, such as the number of steps.
    usual : tuple (float, int)
        Usual length of gradients, and the number of steps that it is known from.
    warmth : float in [0, 1]
        How far the weight of a divergence has risen.
    """

    weights: dict[str, torch.Tensor]
    averages: dict[str, torch.Tensor]
    n_steps: int = 0
    solver: str = ""
    moments: dict[str, dict[str, torch.Tensor]] | None = None
    counts: dict[str, Any] | None = None
    usual: tuple[float, int] = (0.0, 0)
    warmth: float = 0.0

    @classmethod
    def of(
        cls, network: Any, step: Any, average: AveragedWeights, warmup: Any
    ) -> "TrainingState":
        """Return a copy of the present state."""
        clip, averages = step.clip or GradientClip(()), iter(average.averages)
        means = [next(averages) if w.requires_grad else w.detach() for w in step.weights]
        moments, counts = _of_optimizer(network, step)
        return cls(
            weights=copy_weights(network),
            averages={
                name: mean.clone() for name, mean in _named(network, step, means).items()
            },
            n_steps=average.n_steps,
            solver=type(step.optimizer).__name__,
            moments=moments,
            counts=counts,
            usual=(clip.usual, clip.n_steps),
            warmth=1.0 if warmup is None else warmup.share,
        )

    @torch.no_grad()
    def load(self, network: Any, step: Any, average: AveragedWeights) -> None:
        """Continue from this state."""
        table = network.encoder.table
        n_blocks = None if table is None else table.layout.n_blocks

        def fill(tensors: dict[str, torch.Tensor], given: dict[str, torch.Tensor]) -> None:
            for name, tensor in tensors.items():
                if name in given:
                    tensor.copy_(_widened(given[name], tensor, n_blocks))

        weights = copy_weights(network)
        fill(weights, self.weights)
        network.load_state_dict(weights)
        means = [w.detach().clone() for w in step.weights]
        fill(_named(network, step, means), self.averages)
        of_grown = [m for m, w in zip(means, step.weights, strict=True) if w.requires_grad]
        average.go_on(of_grown, self.n_steps)
        if type(step.optimizer).__name__ == self.solver and self.moments:
            for weight in step.weights:
                step.optimizer.state[weight] = deepcopy(self.counts)
            for key, of_each in self.moments.items():
                fresh = [torch.zeros_like(weight) for weight in step.weights]
                fill(_named(network, step, fresh), of_each)
                for weight, tensor in zip(step.weights, fresh, strict=True):
                    step.optimizer.state[weight][key] = tensor
        if step.clip is not None:
            step.clip.usual, step.clip.n_steps = self.usual


def _named(network: Any, step: Any, tensors: list) -> dict[str, torch.Tensor]:
    """Return tensors, one for each weight of a step, by the names in the network.

    Of a step whose weights are long vectors, views of the tensors.
    """
    if hasattr(step, "views"):
        return step.views(tensors)
    names = {id(weight): name for name, weight in network.named_parameters()}
    return {names[id(w)]: t for w, t in zip(step.weights, tensors, strict=True)}


def _of_optimizer(
    network: Any, step: Any
) -> tuple[dict[str, dict[str, torch.Tensor]], dict[str, Any]]:
    """Return what an optimizer keeps, by name; nothing if it is of no known kind."""
    of_each = [step.optimizer.state.get(weight, {}) for weight in step.weights]
    moments: dict[str, dict[str, torch.Tensor]] = {}
    counts: dict[str, Any] = {}
    for key, value in max(of_each, key=len).items():
        if isinstance(value, torch.Tensor) and value.ndim:
            given = zip(step.weights, of_each, strict=True)
            values = [kept.get(key, torch.zeros_like(w)) for w, kept in given]
            if any(v.shape != w.shape for v, w in zip(values, step.weights, strict=True)):
                return {}, {}
            moments[key] = {
                name: v.clone() for name, v in _named(network, step, values).items()
            }
        elif isinstance(value, torch.Tensor | int | float):
            counts[key] = deepcopy(value)
        elif value is not None:  # LBFGS keeps lists
            return {}, {}
    return moments, counts


def _widened(before: torch.Tensor, now: torch.Tensor, n_blocks: int | None) -> torch.Tensor:
    """Return weights in the shape of ``now``: nothing comes from inputs that are new.

    These are marks of missing cells, which stand after ``n_blocks`` others.
    """
    if before.shape == now.shape:
        return before
    if n_blocks is None or before.ndim != 2 or len(before) != len(now):
        return now
    n_new = now.shape[1] - before.shape[1]
    new = before.new_zeros((len(before), n_new))
    return torch.cat([before[:, :n_blocks], new, before[:, n_blocks:]], 1)
