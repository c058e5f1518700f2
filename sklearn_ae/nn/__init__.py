"""Tensors only: what the network is, what goes wrong on the way in, how wrong it is."""

from ._activations import ACTIVATIONS
from ._corruption import NOISES, Corruption, UserNoise
from ._losses import LOSSES, ReconstructionLoss, make_loss
from ._networks import Autoencoder

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "NOISES",
    "Autoencoder",
    "Corruption",
    "ReconstructionLoss",
    "UserNoise",
    "make_loss",
]
