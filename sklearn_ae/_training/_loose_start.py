"""Where the linear start explains little, training is not held to it.

Hidden layers that start at nothing beside PCA follow its axes. Where PCA explains most of
the variance, that is what they are to do; with two components of fifty columns it is a
trap. So the linear part starts at the share of the variance that it explains, and the
hidden layers at the rest. PCA itself stays the first candidate of all that are judged.
"""

from skorch.callbacks import Callback

__all__ = ["LooseStart", "may_loosen"]


def may_loosen(estimator, network) -> bool:
    """Tell whether the start is PCA, and all that bears on leaving it was measured.

    Parameters
    ----------
    estimator : BaseAutoencoder
    network : FittedNetwork
        The plan of it.
    """
    return (
        network.starts_linear
        # What noise leaves unexplained is no trap.
        and not network.removes_noise
        # Hidden layers are drawn for rows and codes of about unit size.
        and network.has_unit_spread
        # A penalty draws the layers back to nothing, a constant rate never settles.
        and estimator.alpha == 0
        and estimator.learning_rate == "one_cycle"
        and estimator.solver in ("adam", "adamw")
    )


class LooseStart(Callback):
    """Once the start is judged, loosen it by what it leaves unexplained.

    Adam moves a weight by about the rate in a step. A training whose rates do not even add
    up to 1 could not come to an end elsewhere, and is sent the less far away.
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        unexplained = 1 - min(max(net.best_weights.train_r2_, 0.0), 1.0)
        n_steps = net.max_epochs * net.n_batches
        way = net.lr * n_steps / 2  # the mean of a cycle is half of its peak
        net.module_.loosen(1 - unexplained * min(way, 1.0), net.generator)
