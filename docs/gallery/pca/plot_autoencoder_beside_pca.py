"""
An autoencoder beside PCA
=========================

The same two lines, once with :class:`~sklearn.decomposition.PCA` and once with
:class:`~sklearn_ae.AutoencoderTransformer`, on images of handwritten digits. Codes of two
components, also called embeddings in a latent space, are plotted as points in a plane, and
evaluated on held-out rows by two questions: how much of the data do they keep, and how well
do neighbours classify digits?
"""

# %%
# A quarter of the rows is held out. Both reducers have the same parameter and the same
# methods.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from sklearn_ae import AutoencoderTransformer, CodeDisplay, ReconstructionDisplay

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
reducers = {
    "PCA": PCA(n_components=2).fit(X_train),
    "autoencoder": AutoencoderTransformer(n_components=2, random_state=0).fit(X_train),
}

# %%
# R² is the share of the held-out variance that is kept by the two numbers after decoding.
# The accuracy is that of ten nearest neighbours in the plane. Neither reducer has seen the
# labels.


def judge(reducer):
    codes = reducer.transform(X_test)
    X_hat = reducer.inverse_transform(codes)
    r2 = r2_score(X_test, X_hat, multioutput="variance_weighted")
    neighbours = KNeighborsClassifier(10).fit(reducer.transform(X_train), y_train)
    return r2, neighbours.score(codes, y_test)


for name, reducer in reducers.items():
    print("{:11} R² {:.3f}, 10-NN accuracy {:.3f}".format(name, *judge(reducer)))

# %%
# Every held-out digit is a point, and the name of a digit stands at the median of its
# points. PCA places most digits on top of each other, since it can only project the data;
# the nonlinear plane of the autoencoder separates most of them.

figure, axes = plt.subplots(1, 2, figsize=(9, 4.4), layout="constrained")
for (name, reducer), ax in zip(reducers.items(), axes, strict=True):
    display = CodeDisplay.from_estimator(reducer, X_test, y_test, ax=ax)
    display.legend_.remove()  # digits stand at their points
    for digit in range(10):
        place = np.median(display.codes[y_test == digit], axis=0)
        box = {"boxstyle": "circle,pad=0.2", "fc": "white", "lw": 0.5}
        ax.annotate(digit, place, ha="center", va="center", weight="bold", bbox=box)
    r2, accuracy = judge(reducer)
    ax.set(title=f"{name}: R² {r2:.2f}, 10-NN accuracy {accuracy:.2f}")
figure.suptitle("Held-out digits as codes of two numbers")
plt.show()

# %%
# Reconstructions from two numbers: one held-out image of every digit, the first of its
# kind. PCA returns a blend of the mean and two patterns; the autoencoder returns mostly the
# right digit, and another one where the codes of two digits overlap.

shown = X_test[[np.flatnonzero(y_test == digit)[0] for digit in range(10)]]
figure, axes = plt.subplots(2, 1, figsize=(8, 4.6), layout="constrained")
for (name, reducer), ax in zip(reducers.items(), axes, strict=True):
    ReconstructionDisplay.from_estimator(reducer, shown, image_shape=(8, 8), ax=ax)
    ax.set_title(name)
figure.suptitle("Ten held-out digits, reconstructed from two numbers")
plt.show()

# %%
# Two components are few. With more components the difference gets smaller, and both keep
# more of the data.

print("components   PCA  autoencoder")
for n_components in (2, 4, 8, 16):
    pca = PCA(n_components).fit(X_train)
    ae = AutoencoderTransformer(n_components, random_state=0).fit(X_train)
    print(f"{n_components:10} {judge(pca)[0]:.3f} {judge(ae)[0]:12.3f}")
