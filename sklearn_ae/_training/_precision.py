"""Precision of matrix products in training: float32, or bfloat16 where that is faster.

bfloat16 has the range of float32 and about three digits. Weights, losses, evaluation and
use of a network stay in float32, and so do the last steps of training.
"""

from typing import TYPE_CHECKING

import torch

from ..nn import Autoencoder, DenseGradients, ReconstructionLoss

if TYPE_CHECKING:
    from ._steps import FlatWeights

__all__ = ["REFINED", "Bfloat16Gradients"]

REFINED = 0.1  # fraction of the steps, the last ones, that use float32


class Bfloat16Gradients:
    """DenseGradients of bfloat16 copies of float32 weights.

    Parameters
    ----------
    network : Autoencoder
    loss : ReconstructionLoss
    flat : FlatWeights
        Weights of ``network``; the gradients are written to it.
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
        # From float32 at every step: updates smaller than bfloat16's digits add up in
        # float32 and would be lost in the copies.
        for copy, vector in zip(self.copies, self.vectors, strict=True):
            copy.copy_(vector)
        loss = self.find(x, target, weight)
        for vector, slope in zip(self.vectors, self.slopes, strict=True):
            assert vector.grad is not None
            vector.grad.copy_(slope)
        return loss
