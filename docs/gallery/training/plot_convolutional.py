"""
A convolutional autoencoder
===========================

``encoder`` and ``decoder`` take networks of your own, as callables ``(n_in, n_out) ->
torch.nn.Module``. Input and output are flat rows, as everywhere in scikit-learn; the module
reshapes them into images. The start at PCA, the loop, the scores and the Pipeline stay.
"""

# %%
# Two convolutions with a stride of 2 look at neighbouring pixels only, and use the same
# few weights at every position. The decoder reverses them.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from sklearn_ae import AutoencoderTransformer, ReconstructionDisplay

torch.set_num_threads(1)


def encoder(n_in, n_out):
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 16, 3, stride=2, padding=1),  # 16 maps of 4 x 4
        nn.SiLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),  # 32 maps of 2 x 2
        nn.SiLU(),
        nn.Flatten(),
        nn.Linear(128, n_out),
    )


def decoder(n_in, n_out):
    return nn.Sequential(
        nn.Linear(n_in, 128),
        nn.SiLU(),
        nn.Unflatten(1, (32, 2, 2)),
        nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1),  # 16 maps of 4 x 4
        nn.SiLU(),
        nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),  # 8 x 8
        nn.Flatten(),
    )


# %%
# They are compared with the dense default and PCA, all with eight components. With
# ``init="random"`` your network is used alone; otherwise it is added to a linear shortcut
# that starts at PCA.

X, y = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(X, y, stratify=y, random_state=0)
own = {"encoder": encoder, "decoder": decoder}
candidates = {
    "PCA": {"hidden_layer_sizes": ()},
    "dense": {},
    "convolutional": own,
    "convolutional, init random": {**own, "init": "random", "learning_rate_init": 0.01},
}
fitted = {
    name: AutoencoderTransformer(8, **settings, random_state=0).fit(X_train)
    for name, settings in candidates.items()
}
print(fitted["convolutional"].net_.module_.decoder)

# %%
# The number of weights, and R² on held-out rows. On images of 8 x 8 pixels, all centred,
# convolutions have few positions over which to share weights: they come close to the dense
# network, with a third of its weights.


def count(ae):
    module = ae.net_.module_
    parts = (module.encoder, module.decoder)
    return sum(weights.numel() for part in parts for weights in part.parameters())


for name, ae in fitted.items():
    print(f"{name:26} {count(ae):6} weights, R² {ae.score(X_test):.3f}")

# %%
# Held-out digits and their reconstructions. The numbers are root mean squared errors, of
# pixels from 0 to 16.

shown = X_test[[np.flatnonzero(y_test == digit)[0] for digit in range(10)]]
figure, axes = plt.subplots(3, 1, figsize=(8, 6.6), layout="constrained")
for name, ax in zip(("PCA", "dense", "convolutional"), axes, strict=True):
    ReconstructionDisplay.from_estimator(fitted[name], shown, image_shape=(8, 8), ax=ax)
    ax.set_title(f"{name}, R² {fitted[name].score(X_test):.3f} on all held-out rows")
figure.suptitle("Ten held-out digits, reconstructed from eight components")
plt.show()

# %%
# R² of each fit by epoch, on its own validation rows. With the shortcut epoch 0 is PCA, to
# which your own network is added; with random weights a network starts without it.

figure, ax = plt.subplots(figsize=(8, 3.8), layout="constrained")
for name, style in zip(list(fitted)[1:], ("C0-", "C9-", "C9--"), strict=True):
    ax.plot(fitted[name].validation_scores_, style, label=name)
ax.set(xlabel="epoch", ylabel="R² on validation rows", ylim=(0, 1), title="R² by epoch")
ax.legend(loc="lower right", frameon=False)
plt.show()
