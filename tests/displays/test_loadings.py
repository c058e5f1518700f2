"""LoadingsDisplay draws how features move with two components."""

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA, FastICA
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer, LoadingsDisplay


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("kind", ["ours", "PCA"])
def test_of_a_linear_result_they_are_correlations(pyplot, kind, whiten):
    X, _ = load_wine(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    ours = AutoencoderTransformer(3, hidden_layer_sizes=(), whiten=whiten)
    fitted = {"ours": ours, "PCA": PCA(3, whiten=whiten)}[kind].fit(X)
    display = LoadingsDisplay.from_estimator(fitted, X, components=(2, 0))
    together = np.corrcoef(X.T, fitted.transform(X).T)[:13, [15, 13]]
    np.testing.assert_allclose(display.loadings, together, rtol=1e-6)
    assert np.linalg.norm(display.loadings, axis=1).max() < 1


def test_the_longest_arrows_are_drawn_with_their_names(pyplot):
    X, _ = load_wine(return_X_y=True, as_frame=True)
    settings = {"scaling": "feature", "max_iter": 3, "random_state": 0}
    ae = AutoencoderTransformer(2, hidden_layer_sizes=(8,), **settings).fit(X)
    display = LoadingsDisplay.from_estimator(ae, X, n_features=4)
    lengths = np.linalg.norm(display.loadings, axis=1)
    longest = np.argsort(-lengths)[:4]
    assert [text.get_text() for text in display.texts_] == list(X.columns[longest])
    ends = np.column_stack([display.arrows_.U, display.arrows_.V])
    np.testing.assert_allclose(ends, display.loadings[longest])
    assert display.ax_.get_xlabel() == "autoencodertransformer0"
    assert display.ax_.get_xlim()[1] > np.abs(ends).max()


def test_arrows_follow_rows_that_move_by_the_mean_code(pyplot, quick, digits):
    X, _ = digits
    fitted = quick(2, max_iter=15).fit(X)
    display = LoadingsDisplay.from_estimator(fitted, X)
    codes = fitted.transform(X)
    # The fit's own mean is that of all rows but for a few digits.
    middle, step = codes.mean(axis=0), np.diag(codes.std(axis=0)) * 1e-4
    moved = (
        fitted.inverse_transform(middle + step) - fitted.inverse_transform(middle - step)
    ) / 2e-4
    varies = X.std(axis=0) > 0
    expected = (moved / np.where(varies, X.std(axis=0), 1)).T
    np.testing.assert_allclose(display.loadings[varies], expected[varies], atol=2e-3)
    assert np.isnan(display.loadings[~varies]).all()


def test_categories_have_no_arrow(pyplot, bent):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(bent, columns=list("abcd"))
    table["kind"] = np.where(bent[:, 0] > 3, "high", "low")
    table.loc[::9, "b"] = np.nan
    settings = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
    ae = AutoencoderTransformer(2, **settings).fit(table)
    display = LoadingsDisplay.from_estimator(ae, table)
    assert sorted(text.get_text() for text in display.texts_) == list("abcd")


@pytest.mark.parametrize("kind", [FastICA, StandardScaler])
@pytest.mark.filterwarnings("ignore:FastICA did not converge")
def test_other_kinds_of_codes_are_refused(pyplot, bent, kind):
    with pytest.raises(ValueError, match=rf"A {kind.__name__} was given, .*; expected"):
        LoadingsDisplay.from_estimator(kind().fit(bent), bent)


def test_one_code_has_no_plane_and_arrows_have_a_number(pyplot, bent):
    one = AutoencoderTransformer(1, hidden_layer_sizes=()).fit(bent)
    with pytest.raises(ValueError, match=r"one component; expected two.*bars"):
        LoadingsDisplay.from_estimator(one, bent)
    two = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(bent)
    with pytest.raises(ValueError, match=r"n_features=-1 must be"):
        LoadingsDisplay.from_estimator(two, bent, n_features=-1)


@pytest.mark.parametrize("components", [(0,), (0, 1, 2), (0, 0), (0, 5), "ab"])
def test_other_than_two_codes_are_refused(pyplot, bent, components):
    ae = AutoencoderTransformer(3, hidden_layer_sizes=()).fit(bent)
    with pytest.raises(ValueError, match=r"components=.*; expected"):
        LoadingsDisplay.from_estimator(ae, bent, components=components)
