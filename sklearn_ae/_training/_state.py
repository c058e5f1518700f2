"""Where training stands between two chunks of a stream."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ._steps import AveragedWeights, GradientClip, copy_weights

__all__ = ["TrainingState"]


@dataclass(frozen=True)
class TrainingState:
    """What the next chunk of a stream continues.

    Parameters
    ----------
    weights : dict of Tensor
        Of the network, by name, as the last step left them.
    averages : list of Tensor
        Their averages.
    n_steps : int
        Number of steps so far.
    moments : list of dict
        What the optimizer keeps of each weight.
    usual : tuple (float, int)
        Usual length of gradients, and the number of steps that it is known from.
    """

    weights: dict[str, torch.Tensor]
    averages: list[torch.Tensor]
    n_steps: int
    moments: list[dict[str, Any]]
    usual: tuple[float, int]

    @classmethod
    def of(cls, network: nn.Module, step: Any, average: AveragedWeights) -> "TrainingState":
        """Return a copy of the present state."""
        clip = step.clip or GradientClip(())
        return cls(
            weights=copy_weights(network),
            averages=[a.clone() for a in average.averages],
            n_steps=average.n_steps,
            moments=[deepcopy(step.optimizer.state.get(w, {})) for w in step.weights],
            usual=(clip.usual, clip.n_steps),
        )

    def load(self, network: nn.Module, step: Any, average: AveragedWeights) -> None:
        """Continue from this state."""
        network.load_state_dict(self.weights)
        for weight, moments in zip(step.weights, self.moments, strict=True):
            step.optimizer.state[weight] = deepcopy(moments)
        if step.clip is not None:
            step.clip.usual, step.clip.n_steps = self.usual
        average.go_on(self.averages, self.n_steps)
