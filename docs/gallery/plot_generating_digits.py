"""
Generating digits
=================

New rows from the code space: numbers are drawn where codes lie, and decoded. Where codes
lie is known beforehand for a :class:`~sklearn_ae.VariationalAutoencoder`, which holds them
to the standard normal distribution, and learnt from the training rows' codes for the
others, as one normal density or a mixture of several.
"""

# sphinx_gallery_thumbnail_number = 3

# %%
# Images of 8 x 8 pixels, never negative and half of them zero, which ``relu`` at the output
# gives exactly. The network learns longer than by default: new rows show what
# reconstructions of old ones forgive.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer, CodePlaneDisplay, VariationalAutoencoder

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
settings = {"output_activation": "relu", "max_iter": 60, "random_state": 0}


def show(rows, axes):
    for row, ax in zip(rows, np.ravel(axes), strict=True):
        ax.imshow(row.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        ax.set(xticks=[], yticks=[])


# %%
# New rows
# --------
# Drawn from one normal density of PCA codes, from one of an autoencoder's codes, from a
# mixture of several, and from the prior of a variational autoencoder.

linear = AutoencoderTransformer(8, hidden_layer_sizes=()).fit(X_train)  # PCA
gaussian = AutoencoderTransformer(8, sampler="gaussian", **settings).fit(X_train)
gmm = AutoencoderTransformer(8, sampler="gmm", **settings).fit(X_train)
vae = VariationalAutoencoder(8, **settings).fit(X_train)
generators = {
    "real": None,
    "PCA, gaussian": linear,
    "autoencoder,\ngaussian": gaussian,
    "autoencoder, gmm": gmm,
    "variational": vae,
}
figure, axes = plt.subplots(len(generators), 12, figsize=(8, 3.9), layout="constrained")
for (name, generator), line in zip(generators.items(), axes, strict=True):
    show(X_test[:12] if name == "real" else generator.sample(12, random_state=2), line)
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
figure.suptitle("Twelve real digits, and twelve from each generator, not selected")
plt.show()

# %%
# Where codes lie
# ---------------
# Codes of a plain autoencoder are not normal. Here are two components, coloured by digit:
# draws of a normal density fall between the clusters, where there is nothing to decode,
# those of a mixture much less (new rows, encoded again). A variational autoencoder brings
# the codes themselves to where its prior is.

flat = {"output_activation": "relu", "max_iter": 80, "random_state": 0}
plain = AutoencoderTransformer(2, **flat).fit(X_train)
mixed = AutoencoderTransformer(2, sampler="gmm", **flat).fit(X_train)
plane = VariationalAutoencoder(2, **flat).fit(X_train)
mean, std = plane.posterior(X_train)
draws = np.random.RandomState(0).normal(size=mean.shape)
panels = {
    "codes of an autoencoder": (plain.transform(X_train), y_train),
    "gaussian draws": (plain.transform(plain.sample(1347, random_state=0)), None),
    "gmm draws": (mixed.transform(mixed.sample(1347, random_state=0)), None),
    "codes of a variational one": (mean + std * draws, y_train),
}
figure, axes = plt.subplots(1, 4, figsize=(9, 2.7), layout="constrained")
for (name, (codes, labels)), ax in zip(panels.items(), axes, strict=True):
    ax.scatter(*codes.T, c="0.4" if labels is None else plt.cm.tab10(labels), s=3)
    ax.set(title=name, xticks=[], yticks=[], xlabel="first component")
axes[0].set_ylabel("second component")
limits = axes[0].axis()
for ax in axes[1:3]:
    ax.axis(limits)
plt.show()

# %%
# The plane of codes
# ------------------
# All of the plane, two standard deviations of the prior to each side, decoded.

figure, ax = plt.subplots(figsize=(6, 6), layout="constrained")
CodePlaneDisplay.from_estimator(plane, n_steps=16, image_shape=(8, 8), ax=ax)
ax.set_title("The plane of codes, decoded")
plt.show()

# %%
# Between two rows
# ----------------
# From one digit to another, by their pixels and by their codes. On the way pixels show
# both at once; codes turn the one into the other.

start, end = X_test[np.flatnonzero(y_test == 6)[0]], X_test[np.flatnonzero(y_test == 0)[1]]
share = np.linspace(0, 1, 10)[:, np.newaxis]
by_pixels = (1 - share) * start + share * end
codes = vae.transform(np.array([start, end]))
by_codes = vae.inverse_transform((1 - share) * codes[0] + share * codes[1])
figure, axes = plt.subplots(2, 10, figsize=(8, 1.9), layout="constrained")
show(by_pixels, axes[0])
show(by_codes, axes[1])
for name, line in zip(("pixels", "codes"), axes, strict=True):
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
figure.suptitle("Between two digits")
plt.show()
