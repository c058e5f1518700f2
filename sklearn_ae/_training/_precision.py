"""In which numbers matrices are multiplied in training: float32, or bfloat16 where it pays.

bfloat16 has the range of float32 and three digits. Weights, losses, and all that judges or
uses a network stay float32, and so do the last steps of training.
"""

import torch

from ..nn import Autoencoder, DenseGradients, ReconstructionLoss
from ._flat_weights import FlatWeights

__all__ = ["PRECISIONS", "REFINED", "Bfloat16Gradients", "pays_in_bfloat16"]

PRECISIONS = ("auto", "float32", "bfloat16")

# With fewer multiplications per batch, to turn numbers into bfloat16 and back costs what
# the faster products save.
_WORTH_BFLOAT16 = 1e8

REFINED = 0.1  # share of the steps, the last ones, that are float32


def pays_in_bfloat16(n_multiplications: float, device: str) -> bool:
    """Tell whether this machine trains faster in bfloat16.

    Parameters
    ----------
    n_multiplications : float
        Work in one batch.
    device : str
        Where. Of others than the CPU nothing was measured.
    """
    if device != "cpu" or n_multiplications < _WORTH_BFLOAT16:
        return False
    if not hasattr(torch.cpu, "get_capabilities"):  # older than torch 2.11
        return False
    knows = torch.cpu.get_capabilities()
    return bool(knows.get("amx_bf16") or knows.get("avx512_bf16"))


class Bfloat16Gradients:
    """DenseGradients of copies in bfloat16, for weights that are float32.

    Parameters
    ----------
    network : Autoencoder
    loss : ReconstructionLoss
    flat : FlatWeights
        Of ``network``; gets the gradients.
    """

    def __init__(self, network: Autoencoder, loss: ReconstructionLoss, flat: FlatWeights):
        self.vectors = list(flat.vectors.values())
        self.copies = [vector.detach().bfloat16() for vector in self.vectors]
        self.slopes = [torch.zeros_like(copy) for copy in self.copies]
        self.results = flat.slopes
        self.tell = DenseGradients(
            network, loss, flat.views(self.copies), flat.views(self.slopes)
        )

    @torch.no_grad()
    def __call__(self, x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Overwrite the gradients by those of a batch; return its mean loss."""
        for copy, vector in zip(self.copies, self.vectors, strict=True):
            copy.copy_(vector)
        loss = self.tell(x, target)
        for result, slope in zip(self.results, self.slopes, strict=True):
            result.copy_(slope)
        return loss
