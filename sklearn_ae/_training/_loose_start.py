"""Where the linear start explains little, training is not held to it.

Hidden layers that start at nothing beside PCA follow its axes. Where PCA explains most of
the variance, that is what they are to do; with two components of fifty columns it is a
trap. So the linear part starts at the share of the variance that it explains, and the
hidden layers at the rest. PCA itself stays the first candidate of all that are judged.
"""

from skorch.callbacks import Callback

__all__ = ["LooseStart"]


class LooseStart(Callback):
    """Once the start is judged, loosen it by what it leaves unexplained.

    Adam moves a weight by about the rate in a step. A training whose rates do not even add
    up to 1 could not come back to where it was, and is sent the less far away.
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        r2 = net.best_weights.scores_[0]
        unexplained = 1 - min(max(r2, 0.0), 1.0)
        n_steps = net.max_epochs * net.n_batches
        way = net.lr * n_steps / 2  # the mean of a cycle is half of its peak
        net.module_.loosen(1 - unexplained * min(way, 1.0), net.generator)
