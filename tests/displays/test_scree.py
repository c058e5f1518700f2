"""ScreeDisplay draws what the first components keep, beside PCA."""

import numpy as np
import pytest
from sklearn.decomposition import PCA, FactorAnalysis

from sklearn_ae import AutoencoderTransformer, ScreeDisplay

SETTINGS = {"hidden_layer_sizes": (16,), "max_iter": 5, "random_state": 0}


def shares(display):
    return [np.asarray(line.get_ydata(), dtype=float) for line in display.lines_]


def test_of_nested_codes_the_points_are_scores_of_cuts(pyplot, digits):
    X, _ = digits
    ae = AutoencoderTransformer(4, ordered=True, **SETTINGS).fit(X)
    display = ScreeDisplay.from_estimator(ae, X)
    ours, of_pca = shares(display)
    np.testing.assert_allclose(ours, [ae.truncate(k).score(X) for k in (1, 2, 3, 4)])
    np.testing.assert_allclose(of_pca, PCA(4).fit(X).explained_variance_ratio_.cumsum())
    assert list(display.lines_[0].get_xdata()) == [1, 2, 3, 4]
    assert display.ax_.get_xlabel() == "number of components"
    assert [line.get_label() for line in display.lines_] == [
        "AutoencoderTransformer",
        "PCA",
    ]


def test_of_linear_codes_both_curves_are_one(pyplot, digits):
    X, _ = digits
    linear = AutoencoderTransformer(5, hidden_layer_sizes=()).fit(X)
    np.testing.assert_allclose(*shares(ScreeDisplay.from_estimator(linear, X)), rtol=1e-6)
    np.testing.assert_allclose(*shares(ScreeDisplay.from_estimator(PCA(5).fit(X), X)))


def test_of_other_codes_the_later_ones_are_at_their_mean(pyplot, quick, digits):
    X, _ = digits
    fitted = quick(3, max_iter=15).fit(X)
    ours, _ = shares(ScreeDisplay.from_estimator(fitted, X))
    assert ours[-1] == pytest.approx(fitted.score(X))
    codes = fitted.transform(X)
    codes[:, 1:] = codes[:, 1:].mean(axis=0)
    wrong = ((fitted.inverse_transform(codes) - X) ** 2).sum()
    assert ours[0] == pytest.approx(1 - wrong / ((X - X.mean(axis=0)) ** 2).sum())


def test_of_long_codes_some_lengths_are_drawn(pyplot):
    X = np.random.RandomState(0).normal(size=(120, 90))
    linear = AutoencoderTransformer(80, hidden_layer_sizes=()).fit(X)
    lengths = ScreeDisplay.from_estimator(linear, X).lines_[0].get_xdata()
    assert lengths[0] == 1
    assert lengths[-1] == 80
    assert len(lengths) <= 40


def test_a_table_of_categories_has_no_pca(pyplot, bent):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(bent, columns=list("abcd"))
    table["kind"] = np.where(bent[:, 0] > 3, "high", "low")
    nested = AutoencoderTransformer(3, ordered=True, **SETTINGS).fit(table)
    assert len(ScreeDisplay.from_estimator(nested, table).lines_) == 1
    together = AutoencoderTransformer(3, **{**SETTINGS, "max_iter": 30}).fit(table)
    with pytest.raises(ValueError, match=r"categories or .*; expected .*ordered=True"):
        ScreeDisplay.from_estimator(together, table)


def test_ticks_of_ones_own_stay(pyplot, bent):
    _, ax = pyplot.subplots()
    ax.set_xticks([1, 3])
    linear = AutoencoderTransformer(3, hidden_layer_sizes=()).fit(bent)
    assert list(ScreeDisplay.from_estimator(linear, bent, ax=ax).ax_.get_xticks()) == [1, 3]


def test_what_gives_no_rows_back_is_refused(pyplot, bent):
    with pytest.raises(ValueError, match=r"FactorAnalysis was given, .*; expected"):
        ScreeDisplay.from_estimator(FactorAnalysis(2).fit(bent), bent)


def test_numbers_of_ones_own(pyplot):
    _, ax = pyplot.subplots()
    display = ScreeDisplay(n_codes=[1, 2], explained=[0.4, 0.5], name="mine").plot(ax=ax)
    assert display.ax_ is ax
    assert [line.get_label() for line in display.lines_] == ["mine"]
