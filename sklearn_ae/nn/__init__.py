"""Tensors only: what the network is, what goes wrong on the way in, how wrong it is."""

from ._activations import ACTIVATIONS
from ._bound import EvidenceLowerBound
from ._corruption import NOISES, Corruption, UserNoise
from ._gradients import DenseGradients
from ._likelihoods import make_likelihood
from ._losses import LOSSES, ReconstructionLoss, make_loss
from ._networks import Autoencoder
from ._variational import VariationalNetwork

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "NOISES",
    "Autoencoder",
    "Corruption",
    "DenseGradients",
    "EvidenceLowerBound",
    "ReconstructionLoss",
    "UserNoise",
    "VariationalNetwork",
    "make_likelihood",
    "make_loss",
]
