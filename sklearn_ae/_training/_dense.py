"""Training of dense layers: gradients written down, weights in a few vectors."""

from typing import TYPE_CHECKING

import torch

from ..nn import DenseGradients
from ._flat_weights import FlatWeights
from ._optimizers import OPTIMIZERS
from ._precision import Bfloat16Gradients

if TYPE_CHECKING:
    from ._trainer import ReconstructionNet

__all__ = ["DenseTraining"]


class DenseTraining:
    """Moves the weights of a net into long vectors, and finds their gradients.

    Parameters
    ----------
    net : ReconstructionNet
        About to be trained.

    Attributes
    ----------
    vectors : dict of str to nn.Parameter
        What an optimizer is to move; see FlatWeights.
    """

    def __init__(self, net: "ReconstructionNet"):
        groups = net.get_params_for("optimizer")["param_groups"]
        flat = FlatWeights(net.module_, [pattern for pattern, _ in groups])
        self.vectors = flat.vectors
        network, loss = net.module_, net.criterion_
        self.exact = DenseGradients(network, loss, flat.weights, flat.gradients)
        self.rough = Bfloat16Gradients(network, loss, flat) if net.bfloat16 else self.exact

    @staticmethod
    def suits(net: "ReconstructionNet") -> bool:
        """Tell whether a net can be trained so: dense layers, and an optimizer by name.

        Callbacks of the user's own may do anything to weights, gradients and optimizer, as
        they know them from skorch.
        """
        by_name = any(net.optimizer is known for known, _ in OPTIMIZERS.values())
        return by_name and not net.callbacks and DenseGradients.suits(net.module_)

    def find_gradients(self, batch, *, is_rough: bool) -> torch.Tensor:
        """Put the gradients of a batch into those of the vectors; return its loss."""
        return (self.rough if is_rough else self.exact)(*batch)
