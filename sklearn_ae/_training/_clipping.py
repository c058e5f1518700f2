"""Gradients far longer than usual are shortened.

One row far out makes a gradient that undoes many steps. What is usual depends on the loss
and on the data, so the limit follows the gradients themselves, in the manner of AutoClip
(Seetharaman et al., 2020).
"""

import math

import torch
from skorch.callbacks import Callback

__all__ = ["GradientClip"]

# Longer than so many times the usual is too long; the usual is a mean over so many steps.
_FACTOR = 2.0
_STEPS = 20


class GradientClip(Callback):
    """Shorten the gradient of a step to twice the usual norm."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.weights_ = net.trained_weights
        self.n_steps_, self.usual_ = 0, 0.0

    def on_grad_computed(self, net, named_parameters=None, **kwargs):
        gradients = [w.grad for w in self.weights_ if w.grad is not None]
        norms = torch.stack([torch.linalg.vector_norm(g) for g in gradients])
        norm, limit = math.hypot(*norms.tolist()), _FACTOR * self.usual_
        self.n_steps_ += 1
        if self.n_steps_ > _STEPS and 0 < limit < norm:
            for gradient in gradients:
                gradient.mul_(limit / norm)
            norm = limit
        self.usual_ += (norm - self.usual_) / min(self.n_steps_, _STEPS)
