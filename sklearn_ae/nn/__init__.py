"""Tensors only: what the network is, and how wrong it is."""

from ._activations import ACTIVATIONS
from ._losses import LOSSES, ReconstructionLoss, make_loss
from ._networks import Autoencoder, Decoder, Encoder

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "Autoencoder",
    "Decoder",
    "Encoder",
    "ReconstructionLoss",
    "make_loss",
]
