"""The five losses of one cell, as the package computes them."""

import matplotlib.pyplot as plt
import torch

from sklearn_ae.nn import make_loss


def curve(loss, x, x_hat):
    """Return the loss of telling each of ``x_hat`` where ``x`` is true."""
    cells = torch.tensor(x_hat)[:, None]
    return make_loss(loss).rows(cells, torch.full_like(cells, x)).numpy()


figure, (errors, shares, counts) = plt.subplots(
    1, 3, figsize=(9, 3.2), layout="constrained"
)
error = torch.linspace(-3, 3, 301).tolist()
for loss, style in {"mse": "-", "huber": "--", "mae": "-"}.items():
    errors.plot(error, curve(loss, 0.0, error), style, label=loss)
errors.set(xlabel="X_hat - X, scaled", ylabel="loss of the cell", ylim=(0, 5))
errors.set_title("one curve for every X", fontsize=10)
errors.legend(frameon=False)

share = torch.linspace(0.005, 0.995, 301).tolist()
for place, x in enumerate((0.0, 0.3, 1.0)):
    shares.plot(share, curve("bce", x, share), color=f"C{place + 3}", label=f"X = {x:g}")
shares.set(xlabel="X_hat", ylim=(0, 5), xlim=(0, 1))
shares.set_title('"bce", X in [0, 1]', fontsize=10)
shares.legend(frameon=False, loc="upper center")

count = torch.linspace(0.02, 16, 401).tolist()
for place, x in enumerate((0.0, 2.0, 8.0)):
    counts.plot(count, curve("kl", x, count), color=f"C{place + 6}", label=f"X = {x:g}")
counts.set(xlabel="X_hat", ylim=(0, 5), xlim=(0, 16))
counts.set_title('"kl", X from 0 on', fontsize=10)
counts.legend(frameon=False, loc="upper right")
