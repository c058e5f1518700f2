"""The digit 0 from four numbers, in fits where zeros count once, and twenty times."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
zeros = X[y == 0]
lines = {"zeros": zeros}
for times in (1, 20):
    ae = AutoencoderTransformer(4, max_iter=10, random_state=0)
    ae.fit(X, sample_weight=np.where(y == 0, times, 1))
    title = f"reconstructed, zeros of weight {times}: R² {ae.score(zeros):.2f}"
    lines[title] = ae.reconstruct(zeros)

figure, axes = plt.subplots(3, 1, figsize=(7, 3.4), layout="constrained")
for (title, images), ax in zip(lines.items(), axes, strict=True):
    strip = np.hstack([np.pad(image.reshape(8, 8), 1) for image in images[:12]])
    ax.imshow(strip, cmap="gray_r", vmin=0, vmax=16)
    ax.set_title(title, fontsize=10, loc="left")
    ax.set_axis_off()
