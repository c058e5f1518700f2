"""PCA of a table after the usual encoding, and what it explains of each column."""

import numpy as np
from scipy.stats import entropy
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ._columns import names_of_numbers

__all__ = ["UsualPCA"]

# A category that PCA tells with certainty, and wrongly, would cost infinitely much.
LIMITS = 1e-3, 3e-3, 1e-2, 3e-2, 0.1


class UsualPCA:
    """Missing cells filled, categories one-hot, all standardised, and PCA of that.

    What PCA reconstructs of the indicators of a category becomes probabilities in its
    favour: clipped below, at the limit that is best on the rows of ``choose_limits``, and
    divided by their sum.

    Parameters
    ----------
    n_components : int
    """

    def __init__(self, n_components):
        self.n_components = n_components

    def fit(self, frame):
        """Fit the encoding and PCA."""
        self.numbers = names_of_numbers(frame)
        self.categories = [name for name in frame if name not in self.numbers]
        one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        by_mode = make_pipeline(SimpleImputer(strategy="most_frequent"), one_hot)
        self.encoder = ColumnTransformer(
            [
                ("numbers", SimpleImputer(strategy="median"), self.numbers),
                ("categories", by_mode, self.categories),
            ]
        )
        self.pca = make_pipeline(StandardScaler(), PCA(self.n_components, random_state=0))
        self.pca.fit(self.encoder.fit_transform(self._plain(frame)))
        self.levels = {}
        if self.categories:
            found = self.encoder.named_transformers_["categories"][-1].categories_
            self.levels = dict(zip(self.categories, found, strict=True))
        self.limits = dict.fromkeys(self.categories, LIMITS[0])
        return self

    def transform(self, frame):
        """Return codes."""
        return self.pca.transform(self.encoder.transform(self._plain(frame)))

    def choose_limits(self, frame):
        """Choose, for each category, from where on probabilities are clipped."""
        shares = [self._scores(frame, dict.fromkeys(self.levels, x)) for x in LIMITS]
        best = np.argmax(np.nan_to_num(shares, nan=-np.inf), axis=0)
        places = {name: j for j, name in enumerate(frame)}
        self.limits = {name: LIMITS[best[places[name]]] for name in self.levels}
        return self

    def column_scores(self, frame):
        """Return the share explained of each column, NaN where nothing varies."""
        return self._scores(frame, self.limits)

    def _scores(self, frame, limits):
        plain, rows = self._plain(frame), self.pca.inverse_transform(self.transform(frame))
        ends = np.cumsum([len(levels) for levels in self.levels.values()])
        starts = len(self.numbers) + np.append(0, ends).astype(int)
        indicators = dict(
            zip(self.levels, np.split(rows, starts, axis=1)[1:], strict=False)
        )
        shares = {
            name: _share_of_number(plain[name].to_numpy(), rows[:, j])
            for j, name in enumerate(self.numbers)
        }
        for name, levels in self.levels.items():
            level = _level_numbers(plain[name], levels)
            weights = np.maximum(indicators[name], limits[name])
            shares[name] = _share_of_category(level, weights)
        return np.array([shares[name] for name in frame])

    def _plain(self, frame):
        """Return a table of floats and text, as scikit-learn's encoders expect it."""
        plain = {name: frame[name].astype(float) for name in self.numbers}
        for name in self.categories:
            text = frame[name].astype(object)
            plain[name] = text.where(text.notna(), np.nan).map(str, na_action="ignore")
        return frame.assign(**plain).astype(dict.fromkeys(self.categories, object))


def _level_numbers(x, levels):
    """Return each cell's place among the levels of the fit, -1 where it has none."""
    import pandas as pd

    return pd.Index(levels).get_indexer(x)


def _share_of_number(x, x_hat):
    there = ~np.isnan(x)
    if len(np.unique(x[there])) < 2:
        return np.nan
    return r2_score(x[there], x_hat[there])


def _share_of_category(level, weights):
    there = level >= 0
    most = entropy(np.bincount(level[there])) if there.any() else 0
    if not most:
        return np.nan
    chances = weights[there] / weights[there].sum(axis=1, keepdims=True)
    return 1 - log_loss(level[there], chances, labels=range(weights.shape[1])) / most
