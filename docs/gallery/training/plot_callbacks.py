"""
Callbacks of skorch
===================

Training can be followed as a net of `skorch <https://skorch.readthedocs.io>`_:
``callbacks`` takes skorch's own callbacks, for scores by epoch, learning rates or early
stopping, and any that you write. The start, the validation rows and the choice of the
best epoch do not change.
"""

# %%
# Monitoring
# ----------
# A callback is a class with hooks, which are given the net. This one records the length of
# every gradient, and after each epoch the learning rates of the hidden layers and
# of the linear shortcut, and the score that :class:`~skorch.callbacks.EpochScoring` has
# computed before it: the mean absolute error on the validation rows, in scaled units.
# Callbacks are copied before training, so results go to a list outside of them.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, LRScheduler

from sklearn_ae import AutoencoderTransformer, LossCurveDisplay

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X_train, X_test = train_test_split(X, random_state=0)
notes = []


class Watch(Callback):
    def on_epoch_begin(self, net, **kwargs):
        self.lengths_ = []

    def on_grad_computed(self, net, named_parameters, **kwargs):
        squares = [weights.grad.square().sum().item() for _, weights in named_parameters]
        self.lengths_.append(np.sqrt(sum(squares)))

    def on_epoch_end(self, net, **kwargs):
        rates = [group["lr"] for group in net.optimizer_.param_groups]
        notes.append([*rates, np.mean(self.lengths_), net.history[-1]["mean_error"]])


def mean_error(net, X, y):
    return np.abs(net.predict(X) - np.asarray(y)).mean()


scoring = EpochScoring(mean_error, use_caching=False)
watched = AutoencoderTransformer(8, callbacks=[scoring, Watch()], random_state=0)
watched.fit(X_train)

# %%
# The learning rate rises and falls; the rate of the shortcut is a tenth of the other.
# Gradients are longest at the start, grow again where the rate is at its peak, and get
# shorter towards the end of training.

layers, shortcut, lengths, errors = np.transpose(notes)
epoch = np.arange(1, len(notes) + 1)
figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
axes[0].plot(epoch, layers, color="C0", label="hidden layers")
axes[0].plot(epoch, shortcut, "--", color="C0", label="linear shortcut")
axes[0].set(ylabel="learning rate", ylim=(0, 0.0068))
axes[0].legend(loc="upper right", frameon=False)
axes[1].plot(epoch, lengths)
axes[1].set(ylabel="mean length of the gradients", ylim=(0, None))
axes[2].plot(epoch, errors)
axes[2].set(ylabel="mean absolute error, validation rows", ylim=(0, None))
for ax in axes:
    ax.set_xlabel("epoch")
figure.suptitle("What three callbacks see in each epoch")
plt.show()

# %%
# Control
# -------
# ``learning_rate="constant"`` leaves the rate to :class:`~skorch.callbacks.LRScheduler`,
# which takes any schedule of torch. :class:`~skorch.callbacks.EarlyStopping` ends training
# by its own rule, here when the validation loss has not fallen by 2 % for three
# epochs.
#
# With one cycle training leaves PCA before its first step, which costs at first; with your
# own learning rate it starts from PCA itself. All of them end close together here.

cosine = LRScheduler("CosineAnnealingLR", T_max=40)
stopping = EarlyStopping(monitor="valid_loss", patience=3, threshold=0.02)
candidates = {
    "default": {},
    "cosine": {"learning_rate": "constant", "callbacks": [cosine]},
    "stopped early": {"callbacks": [stopping]},
}
figure, axes = plt.subplots(1, 3, figsize=(9, 3.8), sharey=True, layout="constrained")
for (name, settings), ax in zip(candidates.items(), axes, strict=True):
    ae = AutoencoderTransformer(8, **settings, random_state=0).fit(X_train)
    LossCurveDisplay.from_estimator(ae, ax=ax)
    ax.set_title(f"{name}, held-out R² {ae.score(X_test):.3f}")
    ax.set_xlim(-1, 41)
figure.suptitle("Losses by epoch under three schedules")
plt.show()

# %%
# With callbacks, training steps use autograd, which is slower for small layers. Leave
# callbacks out where speed matters.
