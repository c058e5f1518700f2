"""Three courses of validation R²: PCA is kept, the last epoch is best, R² peaks."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits, load_wine
from sklearn.preprocessing import scale

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
digits, wine = load_digits().data, scale(load_wine().data)
noise = np.random.RandomState(0).normal(size=(100, 10))
fits = {
    "stays PCA": AutoencoderTransformer(3, random_state=0).fit(noise),
    "the last epoch is the best": AutoencoderTransformer(8, random_state=0).fit(digits),
    "peaks, and falls": AutoencoderTransformer(5, random_state=0).fit(wine),
}
figure, axes = plt.subplots(1, 3, figsize=(8, 2.6), layout="constrained")
for ax, (name, ae) in zip(axes, fits.items(), strict=True):
    ax.plot(ae.validation_scores_, color="C0")
    ax.axhline(ae.validation_scores_[0], color="0.5", lw=1)
    ax.plot(ae.best_iter_, ae.validation_scores_[ae.best_iter_], "o", color="C3")
    ax.set(
        title=f"{name}\nbest_iter_={ae.best_iter_}, n_iter_={ae.n_iter_}", xlabel="epoch"
    )
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("validation_scores_")
