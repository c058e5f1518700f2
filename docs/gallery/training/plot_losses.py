"""
Which loss for which data
=========================

``loss`` is what training minimises. It matters for two kinds of data: bits, which are
0 or 1 and nothing else, and measurements whose errors are sometimes very large.
"""

# %%
# Bits
# ----
# Digits with every pixel black or white. ``loss="bce"`` takes the output as the probability
# of black and never leaves [0, 1]. ``loss="mse"`` estimates the mean without bounds, but
# ``output_activation`` can give it bounds.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

# sphinx_gallery_thumbnail_number = 2
torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
bits = (X > 7).astype(float)
X_train, X_test, _, y_test = train_test_split(bits, y, stratify=y, random_state=0)
candidates = {
    "mse": {"loss": "mse"},
    "mse, logistic": {"loss": "mse", "output_activation": "logistic"},
    "bce": {"loss": "bce"},
}
reconstructed = {}
for name, settings in candidates.items():
    ae = AutoencoderTransformer(8, **settings, random_state=0).fit(X_train)
    reconstructed[name] = ae.reconstruct(X_test)

# %%
# Three measures on held-out rows: the share of pixels on the wrong side of a half, the
# mean squared error, and the mean number of nats per pixel, that is, its cross-entropy with
# the output as its probability of black. For the nats, outputs are clipped to [0.01, 0.99],
# since a pixel with probability 0 would cost infinitely many. "bce" is ahead by the last
# two, and its outputs are probabilities without clipping. By the first, which only needs
# the right side of a half, "mse" is level with it.


def nats(p):
    p = np.clip(p, 0.01, 0.99)
    return -(X_test * np.log(p) + (1 - X_test) * np.log(1 - p)).mean()


print("               wrong pixels  squared error    nats   range of output")
for name, X_hat in reconstructed.items():
    wrong, squared = ((X_hat > 0.5) != X_test).mean(), ((X_hat - X_test) ** 2).mean()
    print(f"{name:14} {wrong:12.4f} {squared:14.4f} {nats(X_hat):7.4f}", end="   ")
    print(f"{X_hat.min():.2f} to {X_hat.max():.2f}")

# %%
# Blue is below 0 and red above 1, by 0.05 or more, which no bit can be.

shown = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
colours = plt.get_cmap("gray_r").with_extremes(under="tab:blue", over="tab:red")
figure, axes = plt.subplots(4, 10, figsize=(8, 3.5), layout="constrained")
pictures = {"held out": X_test, **reconstructed}
for (name, images), line in zip(pictures.items(), axes, strict=True):
    for image, ax in zip(images[shown], line, strict=True):
        ax.imshow(image.reshape(8, 8), cmap=colours, vmin=-0.05, vmax=1.05)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
figure.suptitle("Held-out digits of bits, and their reconstructions")
plt.show()

# %%
# Heavy tails
# -----------
# Pulses at a random time and of a random width, recorded in fifty steps. Two numbers
# describe a clean one. The recording adds noise of Student's t distribution with 1.5
# degrees of freedom, whose variance is infinite: most errors are small, and some are larger
# than the pulse. The network is never given a clean pulse.

rng = np.random.RandomState(0)
time = np.linspace(0, 1, 50)


def record(n_rows):
    place = rng.uniform(0.2, 0.8, size=(n_rows, 1))
    width = rng.uniform(0.04, 0.12, size=(n_rows, 1))
    clean = np.exp(-(((time - place) / width) ** 2) / 2)
    return clean, clean + 0.1 * rng.standard_t(1.5, size=clean.shape)


_, train = record(2000)
clean, noisy = record(400)
smoothed = {}
for loss in ("mse", "huber", "mae"):
    ae = AutoencoderTransformer(2, loss=loss, random_state=0).fit(train)
    smoothed[loss] = ae.reconstruct(noisy)

# %%
# New recordings, and their reconstructions from codes of length two. A squared error gives
# one extreme cell more weight than all others, and "mse" uses its two numbers for such
# cells; "huber" and "mae" follow the majority of the cells.

styles = {"mse": "C0", "huber": "C9", "mae": "C6"}
figure, axes = plt.subplots(2, 3, figsize=(9, 4.6), sharey=True, layout="constrained")
for row, ax in enumerate(axes.flat):
    ax.plot(time, noisy[row], ".", color="0.7", label="recorded")
    ax.plot(time, clean[row], color="black", lw=1, ls=":", label="clean")
    for loss, X_hat in smoothed.items():
        off = np.abs(X_hat - clean).mean()
        label = f'loss="{loss}", mean error {off:.3f}'
        ax.plot(time, X_hat[row], color=styles[loss], label=label)
    ax.set(ylim=(-0.75, 1.5))
for ax in axes[-1]:
    ax.set_xlabel("time")
for ax in axes[:, 0]:
    ax.set_ylabel("signal")
handles, labels = ax.get_legend_handles_labels()
figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
figure.suptitle("Six pulses under heavy-tailed noise, reconstructed by three losses")
plt.show()
