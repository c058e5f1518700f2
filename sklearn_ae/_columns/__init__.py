"""Arrays only: the scaling of the user's columns to the input of the network and back."""

from ._scaler import ScaledRows, Scaler, column_variance, row_slices

__all__ = ["ScaledRows", "Scaler", "column_variance", "row_slices"]
