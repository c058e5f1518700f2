"""Training of dense layers: gradients written down, weights in a few vectors."""

from collections.abc import Sequence

import torch

from ..nn import Autoencoder, DenseGradients, ReconstructionLoss
from ._flat_weights import FlatWeights
from ._precision import Bfloat16Gradients

__all__ = ["DenseTraining"]


class DenseTraining:
    """Moves the weights of a network into long vectors, and finds their gradients.

    Parameters
    ----------
    network : Autoencoder
        Which DenseGradients suits.
    loss : ReconstructionLoss
    patterns : sequence of str
        Names of weights that are trained otherwise than the rest; see FlatWeights.
    in_bfloat16 : bool
        Whether some of the steps will be in bfloat16.

    Attributes
    ----------
    vectors : dict of str to nn.Parameter
        What an optimizer is to move.
    """

    def __init__(
        self,
        network: Autoencoder,
        loss: ReconstructionLoss,
        patterns: Sequence[str],
        *,
        in_bfloat16: bool,
    ):
        flat = FlatWeights(network, patterns)
        self.vectors = flat.vectors
        self.float32 = DenseGradients(network, loss, flat.weights, flat.gradients)
        self.bfloat16 = Bfloat16Gradients(network, loss, flat) if in_bfloat16 else None

    def find_gradients(self, batch, *, in_bfloat16: bool) -> torch.Tensor:
        """Put the gradients of a batch into those of the vectors; return its loss."""
        find = self.bfloat16 if in_bfloat16 and self.bfloat16 else self.float32
        return find(*batch)
