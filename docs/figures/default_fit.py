"""A default fit to digits, epoch by epoch: its learning rate, and R² on validation rows."""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from skorch.callbacks import Callback

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
rates = []


class Rates(Callback):
    """Note the rate of the layers at the end of each epoch."""

    def on_epoch_end(self, net, **kwargs):
        rates.append(net.optimizer_.param_groups[0]["lr"])


X = load_digits().data
ae = AutoencoderTransformer(8, callbacks=[Rates()], random_state=0).fit(X)
r2 = ae.validation_scores_

figure, (above, below) = plt.subplots(
    2, figsize=(6.4, 4.2), layout="constrained", sharex=True, height_ratios=[1, 2]
)
above.plot(range(1, len(rates) + 1), rates, color="C1")
above.set(ylabel="learning rate", yticks=[0, ae.learning_rate_init])
below.axhline(r2[0], color="0.5", lw=1)
below.plot(r2, color="C0")
below.plot(ae.best_iter_, r2[ae.best_iter_], "o", color="C3")
for epoch, shift, text in (
    (0, (12, 48), "epoch 0 is PCA"),
    (1, (16, -2), "the start is loosened: first a loss"),
    (ae.best_iter_, (-112, -22), "best epoch: it is kept"),
):
    below.annotate(
        text,
        (epoch, r2[epoch]),
        shift,
        textcoords="offset points",
        arrowprops={"arrowstyle": "-", "color": "0.6"},
        va="center",
    )
below.set(xlabel="epoch", ylabel="R² of validation rows")
for ax in (above, below):
    ax.spines[["top", "right"]].set_visible(False)
