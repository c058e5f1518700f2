"""Tensors only: what the network is, and how wrong it is."""

from ._activations import ACTIVATIONS
from ._losses import LOSSES, ReconstructionLoss, make_loss
from ._networks import Autoencoder

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "Autoencoder",
    "ReconstructionLoss",
    "make_loss",
]
