"""CodePlaneDisplay decodes a plane of the code."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ae import (
    AutoencoderTransformer,
    CodeDisplay,
    CodePlaneDisplay,
    VariationalAutoencoder,
)


def decoded(estimator, display, middle, pair=(0, 1)):
    """Return the rows of the grid, one by one."""
    n_steps = len(display.X_hat)
    rows = []
    for up in range(n_steps):
        for across in range(n_steps):
            code = np.array(middle, dtype=float)
            code[list(pair)] = display.steps[0, across], display.steps[1, up]
            rows.append(estimator.inverse_transform(code[np.newaxis])[0])
    return np.reshape(rows, display.X_hat.shape)


def test_tiles_are_decoded_codes_in_their_places(pyplot, quick, digit_rows):
    estimator = quick(2).fit(digit_rows)
    display = CodePlaneDisplay.from_estimator(
        estimator, digit_rows, n_steps=4, image_shape=(8, 8)
    )
    assert np.allclose(display.X_hat, decoded(estimator, display, [0, 0]), atol=1e-6)
    picture = display.image_.get_array()
    left, right, bottom, top = display.image_.get_extent()
    for up in range(4):
        for across in range(4):
            # From code units to pixels: the middle of the tile.
            x, y = display.steps[0, across], display.steps[1, up]
            j = round((x - left) / (right - left) * 40) - 4
            i = round((top - y) / (top - bottom) * 40) - 4
            tile = display.X_hat[up, across].reshape(8, 8)
            assert np.array_equal(picture[i : i + 8, j : j + 8], tile)


def test_the_range_is_that_of_the_codes_of_X(pyplot, quick, bent):
    estimator = quick(3).fit(bent)
    X = bent[bent[:, 0] > 3]  # their mean code is not zero
    codes = estimator.transform(X)
    display = CodePlaneDisplay.from_estimator(estimator, X, components=(2, 0), n_steps=3)
    ends = np.quantile(codes, [0.02, 0.98], axis=0)[:, [2, 0]]
    assert np.allclose(display.steps[:, [0, -1]], ends.T)
    expected = decoded(estimator, display, codes.mean(axis=0), (2, 0))
    assert np.allclose(display.X_hat, expected, rtol=1e-4, atol=1e-5)
    assert display.ax_.get_xlabel() == estimator.get_feature_names_out()[2]
    assert display.ax_.get_ylabel() == estimator.get_feature_names_out()[0]


@pytest.mark.parametrize("scaling", ["global", "feature"])
@pytest.mark.parametrize("whiten", [False, True])
def test_without_X_it_is_that_of_the_fit(pyplot, bent, whiten, scaling):
    settings = {"scaling": scaling, "max_iter": 3, "random_state": 0}
    estimator = AutoencoderTransformer(3, whiten=whiten, **settings)
    display = CodePlaneDisplay.from_estimator(estimator.fit(bent), n_steps=3)
    spread = estimator.transform(bent).std(axis=0, ddof=1)[:2]
    assert np.allclose(display.steps, np.outer(spread, [-2, 0, 2]), atol=1e-4)
    assert np.allclose(display.X_hat, decoded(estimator, display, [0, 0, 0]), atol=1e-5)


def test_without_X_a_prior_is_the_range(pyplot, bent):
    vae = VariationalAutoencoder(3, max_iter=3, random_state=0).fit(bent)
    assert vae.code_variance_[2] < 0.9  # codes are narrower
    display = CodePlaneDisplay.from_estimator(vae, components=(0, 2), n_steps=3)
    assert np.allclose(display.steps, [[-2, 0, 2]] * 2)


def test_bent_codes_are_looked_for_within_their_bounds(pyplot, bent):
    estimator = AutoencoderTransformer(
        2, code_activation="logistic", max_iter=3, random_state=0
    )
    display = CodePlaneDisplay.from_estimator(estimator.fit(bent))
    assert 0 <= display.steps.min() < display.steps.max() <= 1
    codes = estimator.transform(bent)
    assert np.allclose(display.steps.mean(axis=1), codes.mean(axis=0), atol=codes.std())


def test_a_component_that_tells_nothing_still_has_an_axis(pyplot):
    X = np.outer(np.arange(50.0), [1, 2, 3])
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(X)
    display = CodePlaneDisplay.from_estimator(estimator, X)
    assert (np.diff(display.steps, axis=1) > 0).all()
    display.figure_.canvas.draw()


def test_a_column_by_name_and_by_index(pyplot, named):
    estimator = AutoencoderTransformer(2, max_iter=3, random_state=0).fit(named)
    for feature in ("west", 2):
        display = CodePlaneDisplay.from_estimator(estimator, named, feature=feature)
        values = display.image_.get_array()
        assert np.array_equal(values, display.X_hat[::-1, :, 2])
        assert display.colorbar_.ax.get_ylabel() == "west"


def test_unasked_the_column_that_varies_most_is_drawn(pyplot, bent):
    estimator = AutoencoderTransformer(2, max_iter=3, random_state=0).fit(bent)
    display = CodePlaneDisplay.from_estimator(estimator)
    assert display.feature == display.X_hat.std(axis=(0, 1)).argmax()
    assert display.colorbar_.ax.get_ylabel() == f"x{display.feature}"


def test_codes_can_be_drawn_on_top(pyplot, digit_rows):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(digit_rows)
    plane = CodePlaneDisplay.from_estimator(estimator, digit_rows, image_shape=(8, 8))
    codes = CodeDisplay.from_estimator(estimator, digit_rows, ax=plane.ax_)
    left, right, bottom, top = plane.image_.get_extent()
    x, y = estimator.transform(digit_rows).T
    assert np.mean((left < x) & (x < right) & (bottom < y) & (y < top)) > 0.9
    assert codes.ax_ is plane.ax_


def test_images_are_not_distorted(pyplot, digit_rows):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(digit_rows)
    display = CodePlaneDisplay.from_estimator(estimator, image_shape=(4, 16), n_steps=5)
    display.figure_.canvas.draw()
    box = display.image_.get_window_extent()
    assert box.width / box.height == pytest.approx(18 / 6, rel=0.01)


def test_it_draws_pca_and_with_rows_pipelines_too(pyplot, bent):
    CodePlaneDisplay.from_estimator(PCA(2).fit(bent))
    pipeline = make_pipeline(StandardScaler(), PCA(2)).fit(bent)
    CodePlaneDisplay.from_estimator(pipeline, bent)
    with pytest.raises(ValueError, match=r"X=None.*expected.*Pass the training rows"):
        CodePlaneDisplay.from_estimator(pipeline)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"components": (0, 2)}, "components=.*expected different"),
        ({"components": (0,)}, "make no plane; expected two"),
        ({"components": 1}, "make no plane; expected two"),
        ({"n_steps": 1}, "n_steps=1 makes no plane; expected"),
        ({"n_steps": 2.5}, "n_steps=2.5 makes no plane; expected"),
        ({"image_shape": (2, 3)}, r"image_shape=\(2, 3\) does not fit.*expected"),
        ({"feature": "east"}, "feature='east' is no column; expected"),
        ({"feature": 4}, "feature=4 is no column; expected"),
        ({"feature": True}, "feature=True is no column; expected"),
        ({"feature": 0, "image_shape": (2, 2)}, "expected one of them. Leave out"),
    ],
)
def test_errors(pyplot, bent, params, message):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(bent)
    with pytest.raises(ValueError, match=message):
        CodePlaneDisplay.from_estimator(estimator, bent, **params)
    assert not pyplot.get_fignums()


def test_one_component_is_no_plane(pyplot, bent):
    estimator = AutoencoderTransformer(1, hidden_layer_sizes=()).fit(bent)
    with pytest.raises(ValueError, match=r"code of 1.*n_components=2"):
        CodePlaneDisplay.from_estimator(estimator, bent)
