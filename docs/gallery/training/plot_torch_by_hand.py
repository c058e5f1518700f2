"""
The same network written in plain torch
=======================================

The autoencoder that most tutorials show has a hidden layer on each side of the code, ReLU
after every layer but the last, a sigmoid at the output, and binary cross-entropy between
pixels in [0, 1]. Here it is written in torch, with its loop, and then in one line.
"""

# %%
# Digits in [0, 1], a quarter of them held out.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.functional import binary_cross_entropy

from sklearn_ae import AutoencoderTransformer

# sphinx_gallery_thumbnail_number = 2
torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)

# %%
# In plain torch
# --------------
# 64 pixels, 128 hidden nodes, a code of 16 components, and back.


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 16), nn.ReLU()
        )
        self.decoder = nn.Sequential(
            nn.Linear(16, 128), nn.ReLU(), nn.Linear(128, 64), nn.Sigmoid()
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


torch.manual_seed(0)
network = Autoencoder()
optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
rows = torch.tensor(X_train, dtype=torch.float32)
losses = []
for _ in range(40):
    total = 0.0
    for batch in torch.randperm(len(rows)).split(64):
        optimizer.zero_grad()
        loss = binary_cross_entropy(network(rows[batch]), rows[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    losses.append(total / len(rows))

with torch.no_grad():
    X_hat = network(torch.tensor(X_test, dtype=torch.float32)).numpy()

# %%
# In one line
# -----------
# The layers and the loss are parameters, and so are the settings of the loop above: random
# weights, no scaling of the columns, a constant learning rate, no validation rows.

layers = {
    "n_components": 16,
    "hidden_layer_sizes": (128,),
    "activation": "relu",
    "code_activation": "relu",
    "output_activation": "logistic",
    "loss": "bce",
}
loop = {
    "init": "random",
    "scaling": None,
    "learning_rate": "constant",
    "learning_rate_init": 1e-3,
    "batch_size": 64,
    "early_stopping": False,
}
same = AutoencoderTransformer(**layers, **loop, random_state=0).fit(X_train)
print(same.net_.module_.encoder)

# %%
# Both have the same number of weights. With the default settings of its loop the estimator
# starts at PCA, its learning rate rises and falls, and validation rows choose the
# epoch.


def count(module):
    return sum(weights.numel() for weights in module.parameters())


print("weights in plain torch:", count(network), " here:", count(same.net_.module_))
default = AutoencoderTransformer(**layers, random_state=0).fit(X_train)

# %%
# Loss by epoch
# -------------
# Pixels are shades of grey: where one is a half, the loss cannot fall below log 2. The
# dotted line is that floor, the entropy of the pixels. The torch loop and the same loop
# here draw their random weights differently, somewhat wider here, and end at similar but
# not equal losses. The start at PCA is ahead from the first epoch on.

floor = binary_cross_entropy(rows, rows).item()
curves = {
    "plain torch": losses,
    "one line, the same loop": same.loss_curve_,
    "one line, its own loop": default.loss_curve_,
}
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for (name, curve), style in zip(curves.items(), ("C1-", "C0--", "C0-"), strict=True):
    ax.plot(range(1, len(curve) + 1), curve, style, label=name)
ax.axhline(floor, color="black", linestyle=":", label="floor")
ax.set(xlabel="epoch", ylabel="training loss (binary cross-entropy)", ylim=(0.18, None))
ax.set_title("Loss by epoch, in plain torch and in one line")
ax.legend(frameon=False)
plt.show()

# %%
# Reconstructions
# ---------------
# Held-out digits and their reconstructions from a code of 16 components, with the held-out
# loss above the floor of those rows.


def excess(X_hat):
    clean, reconstructed = torch.tensor(X_test), torch.tensor(X_hat).double()
    floor = binary_cross_entropy(clean, clean)
    return (binary_cross_entropy(reconstructed, clean) - floor).item()


reconstructed = {
    "plain torch": X_hat,
    "the same loop": same.reconstruct(X_test),
    "its own loop": default.reconstruct(X_test),
}
shown = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
figure, axes = plt.subplots(4, 10, figsize=(8, 3.6), layout="constrained")
for (name, images), line in zip(
    {"held out": X_test, **reconstructed}.items(), axes, strict=True
):
    for image, ax in zip(images[shown], line, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    label = name if name == "held out" else f"{name}\n{excess(images):.4f}"
    line[0].set_ylabel(label, rotation=0, ha="right", va="center")
figure.suptitle("Held-out digits, and binary cross-entropy above the floor")
plt.show()

# %%
# Dead components
# ---------------
# Much of the difference is due to chance: with a ReLU on the code, a component whose first
# weights point the wrong way is zero for every row, and has no gradient. The
# network is then smaller than intended.

with torch.no_grad():
    codes = {"plain torch": network.encoder(rows).numpy()}
codes |= {
    "the same loop": same.transform(X_train),
    "its own loop": default.transform(X_train),
}
for name, code in codes.items():
    dead = int((code.max(axis=0) == 0).sum())
    print(f"{name:13} {dead} of 16 components are zero for all training rows")

# %%
# That ReLU is not needed. With ``code_activation="identity"``, the default, codes may be
# negative, and keep more of the data.

layers["code_activation"] = "identity"
straight = AutoencoderTransformer(**layers, random_state=0).fit(X_train)
print(f"R² on held-out rows: ReLU {default.score(X_test):.3f}, ", end="")
print(f"identity {straight.score(X_test):.3f}")
