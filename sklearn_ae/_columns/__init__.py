"""Arrays only: the user's table to and from the float matrix that the network sees."""

from ._scaler import Scaler

__all__ = ["Scaler"]
