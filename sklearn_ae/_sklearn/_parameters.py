"""What each parameter that all estimators share may be, for scikit-learn's validation."""

from numbers import Integral, Real
from typing import get_args

from .._code_density import DENSITIES
from .._training import OPTIMIZERS, SCHEDULES
from .._types import Init, Precision, Scaling
from ..nn import ACTIVATIONS, LOSSES
from ._validation import Interval, RealNotInt, StrOptions

__all__ = ["CONSTRAINTS"]

# "softplus" is left out: it exists for the output of loss="kl", which "auto" selects.
_ACTIVATIONS = set(ACTIVATIONS) - {"softplus"}
_COUNT = Interval(Integral, 1, None, closed="left")

CONSTRAINTS: dict = {
    "n_components": [
        _COUNT,
        None,
        Interval(RealNotInt, 0, 1, closed="neither"),
        StrOptions({"mle"}),
    ],
    "hidden_layer_sizes": ["array-like", _COUNT],
    "decoder_hidden_layer_sizes": ["array-like", _COUNT, None],
    "activation": [StrOptions(_ACTIVATIONS)],
    "code_activation": [StrOptions(_ACTIVATIONS)],
    "output_activation": [StrOptions(_ACTIVATIONS | {"auto"})],
    "loss": [StrOptions(set(LOSSES)), callable],
    "init": [StrOptions(set(get_args(Init)))],
    "scaling": [StrOptions(set(get_args(Scaling))), None],
    "ordered": ["boolean"],
    "target_weight": [Interval(Real, 0, 1, closed="left")],
    "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    "sampler": [StrOptions(set(DENSITIES) - {"prior"})],
    "whiten": ["boolean"],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "solver": [StrOptions(set(OPTIMIZERS)), type],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "learning_rate": [StrOptions(set(SCHEDULES))],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "max_iter": [_COUNT],
    "tol": [Interval(Real, 0, None, closed="left")],
    "n_iter_no_change": [_COUNT],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "warm_start": ["boolean"],
    "encoder": [callable, None],
    "decoder": [callable, None],
    "device": [str],
    "precision": [StrOptions(set(get_args(Precision)))],
    "callbacks": [list, tuple, None],
    "verbose": ["verbose"],
    "random_state": ["random_state"],
}
