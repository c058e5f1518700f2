"""In which numbers matrices are multiplied in training: float32, or bfloat16 where it pays.

bfloat16 has the range of float32 and three digits. Weights, losses, and all that judges or
uses a network stay float32, and so do the last steps of training.
"""

from typing import TYPE_CHECKING

import torch

from ..nn import Autoencoder, DenseGradients, ReconstructionLoss

if TYPE_CHECKING:
    from ._steps import FlatWeights

__all__ = ["PRECISIONS", "REFINED", "Bfloat16Gradients", "pays_in_bfloat16"]

PRECISIONS = ("auto", "float32", "bfloat16")

# To turn weights and rows into bfloat16 and back costs what the faster products save, with
# fewer multiplications per batch or with fewer rows in it (benchmarks/crossings.py).
_WORTH_BFLOAT16 = 1e8
_FEWEST_ROWS = 64
# A column whose mean, in its own standard deviations, is farther from zero in what the
# network sees loses too many of its three digits to the mean.
_FARTHEST_MEAN = 4.0

REFINED = 0.1  # share of the steps, the last ones, that are float32


def pays_in_bfloat16(
    device: str, n_rows: int, n_multiplications: float, farthest_mean: float
) -> bool:
    """Tell whether this machine trains faster in bfloat16, and as well.

    Parameters
    ----------
    device : str
        Where. Of others than the CPU nothing was measured.
    n_rows : int
        In a batch.
    n_multiplications : float
        For one row.
    farthest_mean : float
        Of what the network sees, in standard deviations.
    """
    is_too_little = n_rows < _FEWEST_ROWS or n_rows * n_multiplications < _WORTH_BFLOAT16
    if device != "cpu" or is_too_little or farthest_mean > _FARTHEST_MEAN:
        return False
    if not hasattr(torch.cpu, "get_capabilities"):  # older than torch 2.11
        return False
    # Without tiles, products in bfloat16 took 1.6 times as long as in float32.
    return bool(torch.cpu.get_capabilities().get("amx_bf16"))


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
