"""Arrays only: linear answers in closed form, where training starts and codes are shown."""

from ._pca import principal_axes
from ._start import linear_start

__all__ = ["linear_start", "principal_axes"]
