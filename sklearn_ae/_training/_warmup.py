"""The weight of the divergence rises in the first epochs, so that codes are not given up.

Early in training codes say little, and the divergence from the prior is saved fastest by
saying nothing (Bowman et al., "Generating sentences from a continuous space", 2016).
"""

from skorch.callbacks import Callback

__all__ = ["DivergenceWarmup"]


class DivergenceWarmup(Callback):
    """Raise the weight of the divergence to ``beta``, on a line from zero.

    Parameters
    ----------
    beta : float
        Weight where the rise ends, and of the losses that judge an epoch throughout.
    n_epochs : int
        Epochs of the rise.
    """

    def __init__(self, beta: float, n_epochs: int):
        self.beta = beta
        self.n_epochs = n_epochs

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        net.criterion_.beta = self.beta
        self.step_, self.n_steps_ = 0, self.n_epochs * net.n_batches

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        if training:
            self.step_ += 1
            net.criterion_.warmth = min(1.0, self.step_ / max(self.n_steps_, 1))

    @property
    def is_rising(self) -> bool:
        return self.step_ < self.n_steps_
