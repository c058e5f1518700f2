"""Arrays only: the scaling of the user's columns to the input of the network and back."""

from ._scaler import Scaler

__all__ = ["Scaler"]
