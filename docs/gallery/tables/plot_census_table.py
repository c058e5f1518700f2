"""
A census table in eight numbers
===============================

Answers to a census: numbers, categories and missing cells in one DataFrame.
:class:`~sklearn_ae.AutoencoderTransformer` takes it as it is, and is compared with
:class:`~sklearn.decomposition.PCA` of the usual encoding. Both reduce each person to eight
numbers. What do these keep, and what can be done with them?
:doc:`The user guide </user_guide/tables>` explains the methods.
"""

# %%
# The table
# ---------
# A random sample of *Adult* (Becker and Kohavi, 1996, UCI Machine Learning Repository,
# CC BY 4.0). To run this page yourself, put
# :download:`the file </gallery/data/adult_sample.csv.gz>` in a folder ``data`` beside the
# folder of the script; :download:`its source </gallery/data/SOURCE.txt>`. The income is set
# aside for the end, and a quarter of the rows is held out.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_ae import AutoencoderTransformer, CodeDisplay

torch.set_num_threads(1)
here = Path(globals().get("__file__", "notebook")).resolve()
people = pd.read_csv(here.parents[1] / "data" / "adult_sample.csv.gz")
income = people.pop("target")
train, test, income_train, income_test = train_test_split(people, income, random_state=0)
about = {
    "dtype": people.dtypes,
    "distinct": people.nunique(),
    "missing": people.isna().sum(),
}
print(pd.DataFrame(about))
print(f"{len(train)} training rows, {len(test)} held-out rows")

# %%
# Fit
# ---
# The autoencoder gets the DataFrame. For PCA, missing cells are filled with the most
# frequent category, categories become indicators, and all columns are standardised.

numbers = people.select_dtypes("number").columns
categories = people.columns.difference(numbers, sort=False)
indicators = make_pipeline(
    SimpleImputer(strategy="most_frequent"),
    OneHotEncoder(handle_unknown="ignore", sparse_output=False),
)
encoding = make_column_transformer(("passthrough", numbers), (indicators, categories))
pca = make_pipeline(encoding, StandardScaler(), PCA(n_components=8)).fit(train)
ae = AutoencoderTransformer(n_components=8, random_state=0).fit(train)
print(f"{train.shape[1]} columns; as numbers and indicators {pca[-1].n_features_in_}")

# %%
# What each column keeps
# ----------------------
# Held-out rows are reduced to eight numbers and reconstructed. The autoencoder returns a
# DataFrame. PCA returns numbers, of which the highest indicator of a column is
# taken. "Constant" needs no codes: it is the mean or the most frequent category.

from_ae = ae.reconstruct(test)
rows = pca[1:].inverse_transform(pca.transform(test))
from_pca = pd.DataFrame(rows[:, : len(numbers)], index=test.index, columns=numbers)
encoder = pca[0].named_transformers_["pipeline"][-1]
from_pca[categories] = encoder.inverse_transform(rows[:, len(numbers) :])
constant = train[numbers].mean().to_dict() | train[categories].mode().loc[0].to_dict()


def closeness(table, chosen):
    """Return R² of numbers and the accuracy of categories, over the chosen cells."""
    scores = {}
    for name, column in test.items():
        x, x_hat = column[chosen[name]], table.loc[chosen[name], name]
        scores[name] = r2_score(x, x_hat) if name in numbers else (x == x_hat).mean()
    return pd.Series(scores)


reconstructed = pd.DataFrame(
    {
        "constant": closeness(test.assign(**constant), test.notna()),
        "PCA": closeness(from_pca, test.notna()),
        "autoencoder": closeness(from_ae, test.notna()),
    }
)
print(reconstructed.round(3))

# %%
# The autoencoder is better than PCA in every column, or equal to it. Where one category is
# much more frequent than all others, as in ``native_country`` and ``race``, a high accuracy
# means little. Occupations are the weakest: eight numbers cannot hold all of them.
# PCA is below zero for ``capital_gain``, which is zero for most people and high for a few.

looks = {
    "constant": {"color": "black", "marker": "|", "ms": 12, "mew": 2},
    "PCA": {"color": "0.5", "marker": "s", "ms": 8},
    "autoencoder": {"color": "C0", "marker": "o"},
}


def draw(scores, title):
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    panels = {"accuracy of categories": categories, "R² of numbers": numbers}
    for (label, columns), ax in zip(panels.items(), axes, strict=True):
        for method in scores:
            shown = scores.loc[columns, method]
            ax.plot(shown, columns, ls="", label=method, **looks[method])
        ax.set(xlabel=label, xlim=(None, 1.04), ylim=(len(columns) - 0.5, -0.5))
        ax.grid(axis="y", alpha=0.4)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(title)
    plt.show()


draw(reconstructed, "Held-out rows, reconstructed from eight numbers")

# %%
# Accuracy depends only on the most likely category. ``column_scores`` uses the
# probabilities: 0 is the frequencies in the table, 1 is certainty of the right category.
# For numbers it is R². ``score`` is the mean over columns.

print(pd.Series(ae.column_scores(test), test.columns).round(3).to_string())
print(f"score: {ae.score(test):.3f}")

# %%
# The codes
# ---------
# Each point is a held-out person, at the first two of the eight components. The autoencoder
# was not given the income, yet higher incomes gather in one corner: among husbands with a
# long education. The printed correlations show what some components represent. One of them
# represents ``fnlwgt``, a weight of the survey: every column has the same weight in the
# loss, so leave out columns that do not matter to you.

codes = ae.transform(test)
columns = {
    0: ("education_num", test.education_num),
    1: ("being female", test.sex == "Female"),
    7: ("fnlwgt", test.fnlwgt),
}
for j, (name, column) in columns.items():
    print(f"component {j} and {name}: {np.corrcoef(codes[:, j], column)[0, 1]:.2f}")
figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained", sharey=True)
for ax, y in zip(axes, (test.relationship, income_test.rename("income")), strict=True):
    CodeDisplay.from_estimator(ae, test, y, components=[0, 1], ax=ax)
    ax.set(xlabel="component 0", ylabel="component 1")
figure.suptitle("Held-out people at the first two of eight components")
plt.show()

# %%
# Decode the table
# ----------------
# ``inverse_transform`` returns a DataFrame with the names and dtypes of the training rows.
# Three held-out rows, each beside its reconstruction from eight numbers:

back = ae.inverse_transform(codes)
print("same names and dtypes:", back.dtypes.equals(test.dtypes))
pairs = []
for i in range(3):
    pairs += [test.iloc[i].rename(f"row {i}"), back.iloc[i].rename("reconstructed")]
print(pd.concat(pairs, axis=1).to_string())

# %%
# The autoencoder has no rule that a gain is never negative or that most are exactly zero.

print(f"{(back.capital_gain < 0).mean():.0%} of the reconstructed gains are negative;")
print(f"{(test.capital_gain == 0).mean():.0%} of the gains in the table are zero")

# %%
# Missing cells
# -------------
# ``impute`` fills missing cells and leaves all others as they are. Six persons gave no
# occupation; the output shows what they gave, and what was filled in.

unknown = test[test.occupation.isna()].head(6)
shown = ["age", "education", "hours_per_week", "sex", "workclass", "occupation"]
print(unknown[shown].to_string())
print(ae.impute(unknown)[["workclass", "occupation"]].to_string())

# %%
# Nobody knows whether these values are right. So known cells are hidden, one in five, and
# filled from the rest of their rows.

drawn = np.random.RandomState(0).uniform(size=test.shape) < 0.2
hidden = test.notna() & drawn
filled = ae.impute(test.mask(hidden))
imputed = pd.DataFrame(
    {
        "constant": closeness(test.assign(**constant), hidden),
        "autoencoder": closeness(filled, hidden),
    }
)
print(imputed.round(3))
draw(imputed, "Hidden cells, filled from the rest of their rows")

# %%
# Most hidden cells of education, family and sex are recovered, since other columns predict
# them. There are three limitations. Gains are no closer than the mean, here worse.
# ``fnlwgt`` cannot be predicted, and hours, losses and the columns with one frequent
# category hardly better than by a constant. And a rule is learnt only approximately:

exact = train.groupby("education_num").education.nunique().max() == 1
rows = hidden.education & ~hidden.education_num
found = (filled.education == test.education)[rows].mean()
print("education_num gives education exactly:", exact)
print(f"education filled in correctly where education_num is known: {found:.3f}")

# %%
# Unusual cells
# -------------
# ``cell_scores`` is minus the loss of each cell, the lowest for the cell that fits its row
# least. The output shows the five lowest cells of different columns among the held-out
# rows, beside their reconstructions.

scores = pd.DataFrame(ae.cell_scores(test), test.index, test.columns)
for name in scores.min().nsmallest(5).index:
    row = scores[name].idxmin()
    print(f"{scores.loc[row, name]:6.1f} {name}: {test.loc[row, name]}, ", end="")
    print(f"reconstructed as {from_ae.loc[row, name]}")

# %%
# These are mostly rare categories, not errors: a score shows where to look, no more. To
# test whether errors are found, one is made: all husbands among the held-out rows are
# recorded as female. Which cell of each such row is now the lowest?

wrong = test[test.relationship == "Husband"].assign(sex="Female")
lowest = test.columns[ae.cell_scores(wrong).argmin(axis=1)]
print(f"{len(wrong)} rows, the lowest cell is")
print(lowest.value_counts().to_string())

# %%
# A classifier on the codes
# -------------------------
# Who has a high income? Logistic regression on eight components of each method, and on
# all columns as encoded for PCA; accuracy on three splits of all rows, mean and
# standard deviation. The reducers are fitted anew to the training rows of each split.

reducers = {
    "PCA, 8 components": [encoding, StandardScaler(), PCA(n_components=8)],
    "autoencoder, 8 components": [AutoencoderTransformer(n_components=8, random_state=0)],
    "all columns, as indicators": [encoding],
}
print(f"most frequent income: {income.value_counts(normalize=True).max():.3f}")
for name, steps in reducers.items():
    model = make_pipeline(*steps, StandardScaler(), LogisticRegression(max_iter=1000))
    accuracy = cross_val_score(model, people, income, cv=3)
    print(f"{name:26} {accuracy.mean():.3f} ± {accuracy.std():.3f}")

# %%
# The autoencoder's codes keep more of the table, but hardly predict the income better:
# compare the difference from PCA's with the standard deviations. All columns are better
# than eight components of either method.
