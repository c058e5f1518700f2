"""Affine maps between the user and the network: units of rows, and axes of codes.

Both are parts of the network, so that the module alone takes and gives what users do.
"""

import torch
from torch import nn

__all__ = ["CodeAxes", "Units"]


class Units(nn.Module):
    """From the user's units to the network's, (x - offset) / scale, and back.

    Starts as the identity. Buffers have the shape (n_features,) once they are set.

    Examples
    --------
    >>> import torch
    >>> units = Units()
    >>> units.set(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0]))
    >>> units(torch.tensor([[3.0, 6.0]]))
    tensor([[1., 1.]])
    """

    offset: torch.Tensor
    rest: torch.Tensor | None
    scale: torch.Tensor

    def __init__(self):
        super().__init__()
        self.register_buffer("offset", torch.zeros((), dtype=torch.float32, device="cpu"))
        self.register_buffer("rest", None)
        self.register_buffer("scale", torch.ones((), dtype=torch.float32, device="cpu"))

    def set(
        self, offset: torch.Tensor, scale: torch.Tensor, rest: torch.Tensor | None = None
    ) -> None:
        """Set what is subtracted and divided by, each (n_features,).

        In float32 ``rest`` holds the digits that ``offset`` has no room for. All may be
        float64 where float32 is too narrow; what comes out has the dtype of what went in.
        """
        self.offset, self.scale, self.rest = offset, scale, rest

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.scale.dtype != x.dtype:
            return ((x - self.offset) / self.scale).to(x.dtype)
        x = torch.sub(x, self.offset)  # memory of its own, which may be overwritten
        if self.rest is not None:
            x = x.sub_(self.rest)
        return x.div_(self.scale)  # (n_rows, n_features)

    def inverse(self, x: torch.Tensor) -> torch.Tensor:
        # The rest is less than the last digit of the offset.
        return torch.addcmul(self.offset, x, self.scale).to(x.dtype)


class CodeAxes(nn.Module):
    """code_shown = code @ weight + bias, and back. Starts as the identity.

    Any rotation of the code is as good to the network as any other. Users want one
    answer: decorrelated codes, the widest first, with a fixed sign.

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
