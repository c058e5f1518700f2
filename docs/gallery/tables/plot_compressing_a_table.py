"""
Compressing a table
===================

Storing codes instead of rows is a lossy compression. Its size is that of the codes, plus
that of what decodes them: the mean and the components of a PCA, or the decoder
of an autoencoder. A decoder is larger. So the question is whether there are enough rows to
make up for it.
"""

# %%
# A synthetic table of sensors: twenty readings of a machine with three drives, its speed,
# its load and the warmth around it. Each reading is a sum of powers, products and waves of
# those, with noise of 2 %.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
rng = np.random.RandomState(0)
speed, load, warmth = rng.uniform(size=(3, 20_000))
effects = [speed, load, warmth, speed**2, speed * load, load * warmth, speed**3 * load]
effects += [np.exp(-3 * load), np.sin(6 * speed), np.cos(6 * warmth)]
readings = StandardScaler().fit_transform(np.transpose(effects)) @ rng.normal(size=(10, 20))
sensors = StandardScaler().fit_transform(readings)
sensors += 0.02 * rng.normal(size=sensors.shape)

# %%
# A real table with few rows: measurements of breast tumours.

tumours = StandardScaler().fit_transform(load_breast_cancer().data)

# %%
# All numbers are counted as float32, four bytes each, including those of the tables. To
# decode PCA's codes takes ``components_`` and ``mean_``. To decode an autoencoder's takes
# the decoder of the fitted network, the axes of the codes and the units of the columns.


def size_of_pca(pca):
    return 4 * (pca.components_.size + pca.mean_.size)


def size_of_autoencoder(ae):
    network = ae.net_.module_
    weights = sum(part.numel() for part in network.decoder.state_dict().values())
    axes = sum(part.numel() for part in network.axes.state_dict().values())
    return 4 * (weights + axes + ae.mean_.size + ae.scale_.size)


def error(X, reducer):
    X_hat = reducer.inverse_transform(reducer.transform(X))
    return np.sqrt(((X - X_hat) ** 2).mean())


# %%
# Layers of 64 keep the decoder small. The sensors' autoencoder is trained on a tenth of the
# rows, and evaluated, like PCA, on the whole table, since that is what will be decoded.


def compress(X, n_fitted, sizes):
    """Return bytes of codes, bytes of codes and model, and the error, by method."""
    story = {"PCA": [], "autoencoder": []}
    for n_components in sizes:
        codes = 4 * n_components * len(X)
        pca = PCA(n_components).fit(X)
        story["PCA"].append((codes, codes + size_of_pca(pca), error(X, pca)))
        ae = AutoencoderTransformer(n_components, hidden_layer_sizes=(64,), random_state=0)
        ae.fit(X[:n_fitted])
        with_model = codes + size_of_autoencoder(ae)
        story["autoencoder"].append((codes, with_model, error(X, ae)))
    return {name: np.transpose(points) for name, points in story.items()}


stories = {
    "20000 rows of 20 sensors": (sensors, compress(sensors, 2000, [1, 2, 3, 4, 6, 8])),
    "569 rows of 30 measurements": (tumours, compress(tumours, 569, [1, 2, 3, 4, 6, 8])),
}

# %%
# Thin lines count the codes alone, thick ones also what is needed to decode them. By codes
# alone the autoencoder is better on both tables. With the model counted it stays better
# where there are many rows, since all share one decoder. On the small table PCA stores less
# for the same error: more than half of what the autoencoder needs for codes of length
# three is decoder.

figure, axes = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
for (title, (X, story)), ax in zip(stories.items(), axes, strict=True):
    for (name, (codes, total, errors)), style in zip(story.items(), "so", strict=True):
        colour = {"PCA": "0.5", "autoencoder": "C0"}[name]
        share = 100 / (4 * X.size)
        ax.plot(
            share * codes, errors, lw=0.8, ls="--", color=colour, label=f"{name}, codes"
        )
        label = f"{name}, codes and model"
        ax.plot(share * total, errors, style + "-", lw=2, color=colour, label=label)
    ax.set(title=title, xlabel="bytes, % of the table", yscale="log")
    ax.set_ylabel("root mean squared error, standard deviations")
    ticks = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5]
    ax.set_yticks(ticks, ticks)
    ax.minorticks_off()
handles, labels = ax.get_legend_handles_labels()
figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
figure.suptitle("Error against size: fewer bytes to the left, better below")
plt.show()

# %%
# The same in numbers, for codes of length three.

for title, (X, story) in stories.items():
    print(f"{title}: {4 * X.size} bytes")
    for name, columns in story.items():
        codes, total, rmse = columns[:, 2]
        print(f"  {name:11} codes {codes:.0f}, with model {total:.0f}, error {rmse:.3f}")
