"""Held-out digits, and what PCA and the autoencoder make of them by four numbers each."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(X, y, random_state=0)
shown = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
lines = {"held-out digits": X_test}
for reducer in PCA(4), AutoencoderTransformer(4, random_state=0):
    codes = reducer.fit(X_train).transform(X_test)
    X_hat = reducer.inverse_transform(codes)
    kept = r2_score(X_test, X_hat, multioutput="variance_weighted")
    lines[f"{type(reducer).__name__}(4), R² {kept:.2f}"] = X_hat

figure, axes = plt.subplots(3, 1, figsize=(8, 3.6), layout="constrained")
for (title, images), ax in zip(lines.items(), axes, strict=True):
    strip = np.hstack([np.pad(images[i].reshape(8, 8), 1) for i in shown])
    ax.imshow(strip, cmap="gray_r", vmin=0, vmax=16)
    ax.set_title(title, fontsize=10, loc="left")
    ax.set_axis_off()
