"""Gradients far longer than usual are shortened.

One row far out makes a gradient that undoes many steps. What is usual depends on the loss
and on the data, so the limit follows the gradients themselves, in the manner of AutoClip
(Seetharaman et al., 2020).
"""

from skorch.callbacks import Callback
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

__all__ = ["GradientClip"]

# Longer than so many times the usual is too long; the usual is a mean over so many steps.
_FACTOR = 2.0
_STEPS = 20


class GradientClip(Callback):
    """Shorten the gradient of a step to twice the usual norm."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.weights_ = list(net.module_.parameters())
        self.n_steps_, self.usual_ = 0, 0.0

    def on_grad_computed(self, net, named_parameters=None, **kwargs):
        total = get_total_norm([w.grad for w in self.weights_ if w.grad is not None])
        norm, limit = total.item(), _FACTOR * self.usual_  # read: most steps need no more
        self.n_steps_ += 1
        if self.n_steps_ > _STEPS and 0 < limit < norm:
            clip_grads_with_norm_(self.weights_, limit, total)
            norm = limit
        self.usual_ += (norm - self.usual_) / min(self.n_steps_, _STEPS)
