"""
What scaling does
=================

Wine has thirteen columns in different units: some run into the hundreds and one beyond a
thousand, others stay near one. A method that keeps the most variance, PCA or an
autoencoder, keeps the widest columns and little else, unless each column is divided by its
own unit. ``scaling`` is that choice. The plot shows how much of each column two components
keep, on held-out rows.
"""

# %%
# ``"global"``, the default, keeps distances as they are, as PCA does; ``"feature"`` gives
# every column the same variance, as a :class:`~sklearn.preprocessing.StandardScaler` in
# front would, and returns rows in the user's units. The first fit would warn that one
# column holds nearly all variance, which is what this page shows.

import warnings

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_wine
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from sklearn_ae import AutoencoderTransformer, DominantColumnWarning

warnings.simplefilter("ignore", DominantColumnWarning)
torch.set_num_threads(1)
wine = load_wine()
X_train, X_test = train_test_split(wine.data, random_state=0)
kept = {}
for scaling in ("global", "feature"):
    ae = AutoencoderTransformer(2, scaling=scaling, random_state=0).fit(X_train)
    kept[scaling] = r2_score(X_test, ae.reconstruct(X_test), multioutput="raw_values")

# %%
# The standard deviations of the columns, which decide with "global":

for column in np.argsort(-X_train.std(axis=0)):
    print(f"{wine.feature_names[column]:29} {X_train[:, column].std():8.2f}")

# %%
# If one number divides all columns, two components keep the two widest almost completely,
# and of the others what is correlated with those. If each is divided by its own standard
# deviation, all are kept in part. An R² below zero, where the mean would have been better,
# is drawn as zero.

order = np.argsort(-X_train.std(axis=0))
names = [wine.feature_names[column].replace("_", " ") for column in order]
figure, ax = plt.subplots(figsize=(8, 4.4), layout="constrained")
places = np.arange(len(order))
for shift, (scaling, r2) in zip((0.2, -0.2), kept.items(), strict=True):
    colour = {"global": "C0", "feature": "C9"}[scaling]
    label = f'scaling="{scaling}", mean {np.maximum(r2, 0).mean():.2f}'
    ax.barh(places - shift, np.maximum(r2[order], 0), 0.38, color=colour, label=label)
ax.set_yticks(places, names)
ax.invert_yaxis()
ax.set_xlim(0, 1)
ax.set_xlabel("share of the column's variance that two components keep (R²)")
ax.set_title("Wine in its own units, the widest column on top", loc="left")
figure.legend(loc="outside lower center", ncols=2, frameon=False)
plt.show()
