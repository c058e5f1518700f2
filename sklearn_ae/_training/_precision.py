"""In which numbers matrices are multiplied in training: float32, or bfloat16 where it pays.

bfloat16 has the range of float32 and three digits. Weights, losses, and all that judges or
uses a network stay float32, and so do the last steps of training.
"""

from typing import TYPE_CHECKING

import torch

from ..nn import Autoencoder, DenseGradients, ReconstructionLoss

if TYPE_CHECKING:
    from ._steps import FlatWeights

__all__ = ["PRECISIONS", "REFINED", "Bfloat16Gradients"]

PRECISIONS = ("auto", "float32", "bfloat16")

REFINED = 0.1  # share of the steps, the last ones, that are float32


class Bfloat16Gradients:
    """DenseGradients of copies in bfloat16, for weights that are float32.

    Parameters
    ----------
    network : Autoencoder
    loss : ReconstructionLoss
    flat : FlatWeights
        Of ``network``; gets the gradients.
    """

    def __init__(self, network: Autoencoder, loss: ReconstructionLoss, flat: "FlatWeights"):
        self.vectors = list(flat.vectors.values())
        self.copies = [vector.detach().bfloat16() for vector in self.vectors]
        self.slopes = [torch.zeros_like(copy) for copy in self.copies]
        self.find = DenseGradients(
            network, loss, flat.views(self.copies), flat.views(self.slopes)
        )

    @torch.no_grad()
    def __call__(
        self, x: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Overwrite the gradients by those of a batch; return its mean loss."""
        for copy, vector in zip(self.copies, self.vectors, strict=True):
            copy.copy_(vector)
        loss = self.find(x, target, weight)
        for vector, slope in zip(self.vectors, self.slopes, strict=True):
            assert vector.grad is not None
            vector.grad.copy_(slope)
        return loss
