"""The objective of the plain autoencoder: reconstruct the input."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._linear import RunningPca, code_axes, fit_pca
from ..nn import Autoencoder, make_loss
from ._objective import Objective, Start, regressed_start

__all__ = ["Reconstruction"]


@dataclass(frozen=True)
class Reconstruction(Objective):
    """The plain autoencoder: it starts at PCA, or at such codes turned towards y."""

    starts_at_pca: ClassVar[bool] = True
    calls_user_code: ClassVar[bool] = False
    trains_in_bfloat16: ClassVar[bool] = True
    kl_warmup: ClassVar[int] = 0

    def build(self, architecture, loss, unit, costs, generator):
        network = Autoencoder(**vars(architecture), generator=generator)
        return network, make_loss(loss, architecture.table, costs), None

    def random_start(self, wanted):
        return {}

    def linear_start(self, problem):
        x = problem.x
        wide = problem if problem.response is None else problem.widened()
        pca = problem.pca
        if pca is None and x.shape[0] < wide.n_components:  # of a stream that begins
            width = x.shape[1]
            pca = RunningPca.of(wide.n_components, width)
            pca = pca.after(x, x.weight, np.ones(width)).code(
                np.zeros(width), np.ones(width)
            )
        elif pca is None:
            pca = fit_pca(x, wide.n_components, problem.seed, x.weight)
        if problem.response is not None:
            pca = problem.turned(pca)
        # The inverse transform of PCA gives the input. If the target has other units, or
        # codes pass an activation, the decoder is a regression instead.
        if problem.target is None and problem.code_activation == "identity":
            weights, unit = pca.skip_weights()
            return Start(weights, unit, pca.is_exact)
        return regressed_start(pca, problem)

    def read_codes(
        self, codes, x, blocks, unit, network, *, is_activated, is_pca, whiten, seed
    ):
        # Codes of PCA are on principal axes already, and rotating them again would change
        # their last digits. After an activation the axes carry meaning: a rotation of relu
        # codes would no longer be non-negative.
        turn = None if is_pca or is_activated else "rotate"
        if turn is not None and network.nested is not None:
            turn = "straighten"
        how = {"turn": turn, "whiten": whiten, "weight": x.weight}
        return *code_axes(codes, blocks, unit, **how), codes

    def report(self, fitted):
        return {}, None
