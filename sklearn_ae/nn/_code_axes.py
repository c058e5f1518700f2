"""The axes in which users see codes: an invertible affine map of the network's own.

Any rotation of the code is as good to the network as any other. Users want one
answer: decorrelated codes, the widest first, with a fixed sign. The map stands
between the encoder and the user, and its inverse between the user and the decoder,
so reconstructions do not change by a bit.
"""

import torch
from torch import nn

__all__ = ["CodeAxes"]


class CodeAxes(nn.Module):
    """code_shown = code @ weight + bias, and back. Starts as the identity.

    Parameters
    ----------
    n_components : int
        Length of the code.

    Examples
    --------
    >>> import torch
    >>> axes = CodeAxes(2)
    >>> code = torch.tensor([[1.0, 2.0]])
    >>> axes.inverse(axes(code))
    tensor([[1., 2.]])
    """

    weight: torch.Tensor
    inverse_weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, n_components: int):
        super().__init__()
        identity = torch.eye(n_components, dtype=torch.float32, device="cpu")
        self.register_buffer("weight", identity)
        self.register_buffer("inverse_weight", identity.clone())
        self.register_buffer("bias", identity[0] * 0)

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        return code @ self.weight + self.bias  # (n_rows, n_components)

    def inverse(self, code: torch.Tensor) -> torch.Tensor:
        return (code - self.bias) @ self.inverse_weight  # (n_rows, n_components)
