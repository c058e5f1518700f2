"""ReconstructionDisplay draws rows beside what the estimator makes of them."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer, ReconstructionDisplay


def widths(container):
    return np.array([bar.get_width() for bar in container])


def test_images_are_the_rows_and_their_reconstructions(pyplot, quick, digit_rows):
    estimator = quick().fit(digit_rows)
    display = ReconstructionDisplay.from_estimator(
        estimator, digit_rows, n_rows=4, image_shape=(8, 8)
    )
    picture = display.image_.get_array()
    assert picture.shape == (20, 40)
    X_hat = estimator.reconstruct(digit_rows[:4])
    for line, rows in enumerate([digit_rows[:4], X_hat]):
        for i, row in enumerate(rows):
            tile = picture[1 + 10 * line : 9 + 10 * line, 1 + 10 * i : 9 + 10 * i]
            assert np.array_equal(tile, row.reshape(8, 8))
    assert display.image_.get_clim() == (digit_rows[:4].min(), digit_rows[:4].max())


def test_errors_are_those_of_the_rows(pyplot, digit_rows):
    pca = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(digit_rows)
    display = ReconstructionDisplay.from_estimator(pca, digit_rows, image_shape=(8, 8))
    squares = (digit_rows[:10] - pca.reconstruct(digit_rows[:10])) ** 2
    assert np.allclose(display.errors_, np.sqrt(squares.mean(axis=1)))
    told = [float(label.get_text()) for label in display.ax_.get_xticklabels()]
    assert np.allclose(told, display.errors_, rtol=0.01)


def test_images_in_colours(pyplot):
    X = np.random.RandomState(0).uniform(size=(20, 2 * 3 * 3))
    pca = AutoencoderTransformer(18, hidden_layer_sizes=()).fit(X)
    display = ReconstructionDisplay.from_estimator(pca, X, n_rows=2, image_shape=(2, 3, 3))
    picture = display.image_.get_array()
    assert picture.shape == (8, 10, 3)
    share = (X[0] - X[:2].min()) / np.ptp(X[:2])
    assert np.allclose(picture[1:3, 1:4], share.reshape(2, 3, 3))
    assert np.allclose(picture[5:7, 1:4], share.reshape(2, 3, 3))  # all components


def test_bars_are_values_and_rebuilt_ones_in_standard_deviations(pyplot, quick, bent):
    estimator = quick().fit(bent)
    display = ReconstructionDisplay.from_estimator(estimator, bent, n_rows=2)
    assert display.ax_.shape == (2,)
    for row, (value, rebuilt) in enumerate(display.bars_):
        units = bent.mean(axis=0), bent.std(axis=0)
        assert np.allclose(widths(value), (bent[row] - units[0]) / units[1])
        X_hat = estimator.reconstruct(bent[row : row + 1])[0]
        assert np.allclose(widths(rebuilt), (X_hat - units[0]) / units[1])
        rmse = np.sqrt(((widths(value) - widths(rebuilt)) ** 2).mean())
        assert np.isclose(display.errors_[row], rmse)


def test_a_column_that_does_not_vary_is_in_its_units(pyplot, bent):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(bent)
    display = ReconstructionDisplay.from_estimator(estimator, bent[:1])
    assert np.allclose(widths(display.bars_[0][0]), bent[0])
    assert display.ax_.get_legend() is not None  # one axes, no array


def test_names_are_those_of_the_table(pyplot, named):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(named)
    display = ReconstructionDisplay.from_estimator(estimator, named)
    told = [label.get_text() for label in display.ax_[0].get_yticklabels()]
    assert told == ["east", "north", "west", "up"]
    assert display.ax_[0].yaxis_inverted()


def test_of_wide_tables_the_columns_rebuilt_worst_are_drawn(pyplot, digit_rows):
    X = np.hstack([digit_rows] * 11)  # 704 columns
    estimator = AutoencoderTransformer(3, hidden_layer_sizes=()).fit(X)
    display = ReconstructionDisplay.from_estimator(estimator, X)
    varies = X.min(axis=0) < X.max(axis=0)
    scale = np.where(varies, X.std(axis=0), 1)
    lost = (((X - estimator.reconstruct(X)) / scale)[:3] ** 2).sum(axis=0)
    shown = [int(label.get_text()[1:]) for label in display.ax_[0].get_yticklabels()]
    assert len(shown) == len(display.bars_[0][0]) == 30
    assert lost[shown].min() > np.delete(lost, shown).max() - 1e-9
    assert "of 704" in display.ax_[0].get_ylabel()


def test_more_rows_than_there_are_is_all_of_them(pyplot, digit_rows):
    pca = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(digit_rows)
    display = ReconstructionDisplay.from_estimator(
        pca, digit_rows[:3], n_rows=5, image_shape=(8, 8)
    )
    assert display.errors_.shape == (3,)


def test_it_draws_pca_and_pipelines_too(pyplot, named):
    for other in (PCA(2), make_pipeline(StandardScaler(), PCA(2))):
        display = ReconstructionDisplay.from_estimator(other.fit(named), named)
        X_hat = other.inverse_transform(other.transform(named[:3]))
        assert np.allclose(display.X_hat, X_hat)


def test_errors(pyplot, digit_rows):
    pca = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(digit_rows)
    for shape in ((8, 9), 64, (4, 4, 4), (8, 8, 3)):
        with pytest.raises(ValueError, match=r"image_shape=.*expected.*Pass the shape"):
            ReconstructionDisplay.from_estimator(pca, digit_rows, image_shape=shape)
    with pytest.raises(ValueError, match="n_rows=0 must be"):
        ReconstructionDisplay.from_estimator(pca, digit_rows, n_rows=0)
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("image_shape", [None, (8, 8)])
def test_a_display_does_not_keep_the_table(pyplot, digit_rows, image_shape):
    linear = AutoencoderTransformer(4, hidden_layer_sizes=()).fit(digit_rows)
    display = ReconstructionDisplay.from_estimator(
        linear, digit_rows, n_rows=2, image_shape=image_shape
    )
    assert display.X.base is None
    assert len(display.X) == 2


def test_axes_of_ones_own_are_drawn_alike(pyplot, bent):
    linear = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(bent)
    _, axes = pyplot.subplots(1, 3)
    display = ReconstructionDisplay.from_estimator(linear, bent, ax=axes)
    assert len({ax.get_ylim() for ax in display.ax_}) == 1
    assert len({ax.get_xlim() for ax in display.ax_}) == 1
    assert display.ax_[0].get_ylim()[0] > 0 > display.ax_[0].get_ylim()[1]
    texts = [[text.get_text() for text in ax.get_yticklabels()] for ax in display.ax_]
    assert texts[0] == ["x0", "x1", "x2", "x3"]


def test_a_row_alone_has_no_deviations(pyplot, bent):
    linear = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(bent)
    display = ReconstructionDisplay.from_estimator(linear, bent[:1])
    assert display.ax_.get_xlabel() == "value"
    assert np.array_equal(widths(display.bars_[0][0]), bent[0])


def test_missing_cells_in_other_rows_do_not_change_the_unit(pyplot, bent):
    linear = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(bent)
    holes = bent.copy()
    holes[-1] = np.nan
    display = ReconstructionDisplay.from_estimator(linear, holes, n_rows=2)
    assert np.allclose(display.scale, bent[:-1].std(axis=0))


def test_a_name_with_dollars_is_no_formula(pyplot, bent):
    pandas = pytest.importorskip("pandas")
    names = [r"price $\\frac$", "$5-$10", "up", "down"]
    frame = pandas.DataFrame(bent, columns=names)
    linear = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(frame)
    display = ReconstructionDisplay.from_estimator(linear, frame)
    display.figure_.canvas.draw()
    label = display.ax_[0].get_yticklabels()[1].get_text()
    assert label.replace("\\$", "$") == "$5-$10"
