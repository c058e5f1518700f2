"""The linear shortcut beside the hidden layers, which starts as PCA or another linear map.

With hidden layers g and h whose last layers start at zero,

    encoder(x) = P x + p + g(x)        decoder(code) = P' code + p' + h(code)

is PCA when P and P' hold the projection and its transpose. Kramer, "Nonlinear
principal component analysis using autoassociative neural networks" (1991);
"PCA-boosted autoencoders for nonlinear dimensionality reduction in low data
regimes" (2022).
"""

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["Gate", "LinearSkip"]


def zeros(*shape: int) -> torch.Tensor:
    """Return float32 zeros on the CPU, whatever the user's defaults for torch are."""
    return torch.zeros(shape, dtype=torch.float32, device="cpu")


class LinearSkip(nn.Module):
    """An affine map that is born as zero, so that it waits for its start.

    Parameters
    ----------
    n_in, n_out : int
        Number of columns of the input and of the output.

    Examples
    --------
    >>> import torch
    >>> skip = LinearSkip(3, 2)
    >>> skip(torch.ones(4, 3)).abs().sum().item()
    0.0
    """

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.weight = nn.Parameter(zeros(n_out, n_in))
        self.bias = nn.Parameter(zeros(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight, self.bias)  # (n_rows, n_out)

    def extra_repr(self) -> str:
        n_out, n_in = self.weight.shape
        return f"in_features={n_in}, out_features={n_out}"


class Gate(nn.Module):
    """A learned factor that starts at zero, in front of a network of the user's own.

    Our own hidden layers start at zero by their last layer; of a stranger's
    network nothing is known, so its output is multiplied by a factor that
    training opens (ReZero: Bachlechner et al., 2021).
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network
        self.factor = nn.Parameter(zeros())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.factor * self.network(x)
