"""R² of held-out digits after each pass of partial_fit, beside fits of all rows at once."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import IncrementalPCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
X_train, X_test = train_test_split(load_digits().data, random_state=0)
chunks = np.array_split(X_train, 7)
passes, kept = range(1, 21), []
ae = AutoencoderTransformer(8, random_state=0)
for _ in passes:
    for chunk in chunks:
        ae.partial_fit(chunk)
    kept.append(ae.score(X_test))
pca = IncrementalPCA(8)
for chunk in chunks:
    pca.partial_fit(chunk)
X_hat = pca.inverse_transform(pca.transform(X_test))
by_pca = r2_score(X_test, X_hat, multioutput="variance_weighted")
whole = AutoencoderTransformer(8, max_iter=20, random_state=0).fit(X_train).score(X_test)

figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.plot(passes, kept, "o-", color="C0", label="AutoencoderTransformer.partial_fit")
ax.axhline(whole, color="C0", ls="--", label="AutoencoderTransformer.fit, 20 epochs")
ax.axhline(by_pca, color="0.5", label="IncrementalPCA, one pass")
ax.set(
    xlabel="passes over seven chunks", ylabel="R² of held-out digits", xticks=[1, 5, 10, 20]
)
ax.legend(frameon=False, loc="center right")
ax.spines[["top", "right"]].set_visible(False)
