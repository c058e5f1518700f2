"""A census table in six numbers: which cells come back, by PCA and by an autoencoder."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_ae import AutoencoderTransformer

torch.set_num_threads(1)
# Sphinx runs this in its own folder.
people = pd.read_csv("../gallery/data/adult_sample.csv.gz", nrows=2000)
people = people.drop(columns=["target", "fnlwgt", "native_country"])
people["female"] = people.pop("sex") == "Female"
train, test = train_test_split(people, random_state=0)
numbers = people.select_dtypes("number").columns
categories = people.columns.difference(numbers, sort=False)
one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
fill = SimpleImputer(strategy="most_frequent")
prepare = ColumnTransformer(
    [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        ("categories", make_pipeline(fill, one_hot), categories),
    ]
)
pca = make_pipeline(prepare, PCA(6)).fit(train)
ae = AutoencoderTransformer(6, random_state=0).fit(train)


def back_from_pca(rows):
    X_hat = pca[-1].inverse_transform(pca.transform(rows))
    back = {}
    for name, columns in (("numbers", numbers), ("categories", categories)):
        last = pca[0].named_transformers_[name][-1]
        cells = last.inverse_transform(X_hat[:, pca[0].output_indices_[name]])
        back |= dict(zip(columns, cells.T, strict=True))
    return pd.DataFrame(back)


def kept(back):
    for name in test:
        there = test[name].notna().to_numpy()
        cells, cells_hat = test[name][there], back[name].to_numpy()[there]
        if name in numbers:
            yield r2_score(cells, cells_hat.astype(float))
        else:
            yield (cells == cells_hat).mean()


usual = [0 if name in numbers else test[name].eq(train[name].mode()[0]).sum() /
         test[name].count() for name in test]  # fmt: skip
shares = {"PCA(6)": list(kept(back_from_pca(test)))}
shares["AutoencoderTransformer(6)"] = list(kept(ae.reconstruct(test)))
place = np.arange(test.shape[1])[::-1]

figure, ax = plt.subplots(figsize=(7.6, 4.6), layout="constrained")
for (name, line), colour, shift in zip(
    shares.items(), ("0.5", "C0"), (0.2, -0.2), strict=True
):
    ax.barh(
        place + shift, line, 0.38, color=colour, label=f"{name}, mean {np.mean(line):.2f}"
    )
ax.plot(usual, place, "|", color="C3", ms=20, mew=1.8, label="mean or most frequent")
labels = [f"{name}, R²" if name in numbers else f"{name}, right" for name in test]
ax.set_yticks(place, labels)
ax.set(xlim=(0, 1), xlabel="share of held-out cells that are right, or R²")
figure.legend(frameon=False, loc="outside upper center", ncols=3, fontsize=9)
ax.spines[["top", "right"]].set_visible(False)
