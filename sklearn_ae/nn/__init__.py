"""Tensors only: networks, their layers, the noise on their input, and losses."""

from ._activations import ACTIVATIONS, UNCROSSED
from ._bound import EvidenceLowerBound, table_loss
from ._corruption import NOISES, Corruption, HiddenCells, UserNoise
from ._gradients import DenseGradients
from ._head import HeadLoss, ResponseLoss
from ._holes import FillHoles
from ._layers import Units
from ._losses import LOSSES, ReconstructionLoss, TrainingLoss, make_loss
from ._networks import Autoencoder, BottleneckNetwork
from ._own_layers import NetworkFactory, refuse_single_rows
from ._table import TableInput, TableLayout
from ._table_losses import TableLoss
from ._variational import VariationalNetwork, normal_points

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "NOISES",
    "UNCROSSED",
    "Autoencoder",
    "BottleneckNetwork",
    "Corruption",
    "DenseGradients",
    "EvidenceLowerBound",
    "FillHoles",
    "HeadLoss",
    "HiddenCells",
    "NetworkFactory",
    "ReconstructionLoss",
    "ResponseLoss",
    "TableInput",
    "TableLayout",
    "TableLoss",
    "TrainingLoss",
    "Units",
    "UserNoise",
    "VariationalNetwork",
    "make_loss",
    "normal_points",
    "refuse_single_rows",
    "table_loss",
]
