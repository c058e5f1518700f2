"""CodeDisplay draws the codes of rows."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV

from sklearn_ae import AutoencoderTransformer, CodeDisplay


@pytest.fixture
def four(bent):
    """A fit with four components."""
    return AutoencoderTransformer(4, hidden_layer_sizes=()).fit(bent)


def test_points_are_the_codes(pyplot, quick, bent, offsets):
    estimator = quick(2).fit(bent)
    display = CodeDisplay.from_estimator(estimator, bent)
    assert np.array_equal(offsets(display.scatter_), estimator.transform(bent))
    names = estimator.get_feature_names_out()
    assert [display.ax_.get_xlabel(), display.ax_.get_ylabel()] == names.tolist()
    assert display.legend_ is display.colorbar_ is None


def test_pairs_fill_the_lower_triangle(pyplot, four, bent, offsets):
    display = CodeDisplay.from_estimator(four, bent)
    codes = four.transform(bent)
    assert display.ax_.shape == (3, 3)
    pairs = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
    for scatter, (across, up) in zip(display.scatter_, pairs, strict=True):
        assert scatter.axes is display.ax_[up - 1, across]
        assert np.array_equal(offsets(scatter), codes[:, [across, up]])
    assert not any(ax.axison for ax in display.ax_[np.triu_indices(3, 1)])
    below = [ax.get_xlabel() for ax in display.ax_[-1]]
    assert below == [f"autoencodertransformer{i}" for i in range(3)]
    beside = [ax.get_ylabel() for ax in display.ax_[:, 0]]
    assert beside == [f"autoencodertransformer{i}" for i in range(1, 4)]


def test_components_are_chosen(pyplot, four, bent, offsets):
    display = CodeDisplay.from_estimator(four, bent, components=(3, 1))
    assert np.array_equal(offsets(display.scatter_), four.transform(bent)[:, [3, 1]])
    assert display.ax_.get_xlabel() == "autoencodertransformer3"


def test_unasked_four_components_are_drawn(pyplot, digit_rows):
    eight = AutoencoderTransformer(8, hidden_layer_sizes=()).fit(digit_rows)
    assert CodeDisplay.from_estimator(eight, digit_rows).ax_.shape == (3, 3)
    asked = CodeDisplay.from_estimator(eight, digit_rows, components=range(6))
    assert asked.ax_.shape == (5, 5)


@pytest.mark.parametrize("kind", [int, str, float, object])
def test_classes_get_a_legend_and_their_colours(pyplot, digits, kind):
    X, y = digits
    pca = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(X)
    display = CodeDisplay.from_estimator(pca, X, y.astype(str if kind is object else kind))
    told = [text.get_text() for text in display.legend_.get_texts()]
    assert told == np.unique(y.astype(kind)).astype(str).tolist()
    assert display.ax_.get_legend() is display.legend_
    display.figure_.canvas.draw()
    colours = display.scatter_.get_facecolors()[:, :3]
    keys = [handle.get_markerfacecolor() for handle in display.legend_.legend_handles]
    assert len(set(map(tuple, colours))) == 10
    for digit in range(10):
        assert np.allclose(
            colours[y == digit], pyplot.matplotlib.colors.to_rgb(keys[digit])
        )


def test_many_classes_differ_in_colour(pyplot, four, bent):
    y = [f"class {i % 25}" for i in range(200)]
    display = CodeDisplay.from_estimator(four, bent, y, components=(0, 1))
    display.figure_.canvas.draw()
    assert len(np.unique(display.scatter_.get_facecolors(), axis=0)) == 25


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_a_quantity_gets_a_colour_bar(pyplot, four, bent, columns):
    y = bent[:, 0]
    display = CodeDisplay.from_estimator(four, bent, y, components=range(columns))
    assert display.legend_ is None
    assert display.colorbar_.mappable is np.ravel(display.scatter_)[0]
    assert np.array_equal(display.colorbar_.mappable.get_array(), y)


def test_whole_numbers_of_many_values_are_a_quantity(pyplot):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    pca = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(X)
    display = CodeDisplay.from_estimator(pca, X, y)
    assert (y == y.round()).all()
    assert display.colorbar_.ax.get_ylabel() == "target"


def test_one_component_is_a_strip_in_lanes(pyplot, digits, offsets):
    X, y = digits
    one = AutoencoderTransformer(1, hidden_layer_sizes=()).fit(X)
    points = offsets(CodeDisplay.from_estimator(one, X, y).scatter_)
    assert np.array_equal(points[:, 0], one.transform(X)[:, 0])
    assert (np.round(points[:, 1]) == y).all()


def test_one_component_is_drawn_against_a_quantity(pyplot, bent, offsets):
    one = AutoencoderTransformer(1, hidden_layer_sizes=()).fit(bent)
    points = offsets(CodeDisplay.from_estimator(one, bent, bent[:, 1]).scatter_)
    assert np.array_equal(points, np.column_stack([one.transform(bent), bent[:, 1]]))


def test_the_name_of_y_is_told(pyplot, four, named):
    y = (named["up"] > named["up"].median()).rename("high")
    display = CodeDisplay.from_estimator(four, named.to_numpy(), y, components=(0, 1))
    assert display.legend_.get_title().get_text() == "high"


def test_output_as_a_frame_is_drawn(pyplot, named, offsets):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(named)
    codes = estimator.transform(named)
    display = CodeDisplay.from_estimator(estimator.set_output(transform="pandas"), named)
    assert np.array_equal(offsets(display.scatter_), codes)


def test_it_draws_pca_too(pyplot, bent):
    display = CodeDisplay.from_estimator(PCA(2).fit(bent), bent)
    assert display.ax_.get_xlabel() == "pca0"


@pytest.mark.parametrize("components", [4, (0, 4), (-1, 0), (0, 0), (0.0, 1.0), ((0, 1),)])
def test_components_that_are_not_there(pyplot, four, bent, components):
    with pytest.raises(ValueError, match=r"components=.*expected different.*Count them"):
        CodeDisplay.from_estimator(four, bent, components=components)


def test_labels_of_other_rows_are_refused(pyplot, four, bent):
    with pytest.raises(ValueError, match=r"inconsistent numbers.*200.*199"):
        CodeDisplay.from_estimator(four, bent, np.zeros(199))
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("n_classes", [21, 300])
def test_of_very_many_classes_only_so_many_are_named(pyplot, n_classes):
    X = np.random.RandomState(0).normal(size=(600, 3))
    labels = np.array([f"class {i % n_classes}" for i in range(600)])
    linear = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(X)
    display = CodeDisplay.from_estimator(linear, X, labels)
    assert n_classes == display.scatter_.cmap.N
    assert (display.legend_ is None) == (n_classes > 30)
    assert display.colorbar_ is None


def test_numbers_that_come_as_objects_are_numbers(pyplot, four, bent):
    quantity = np.linspace(0, 1, len(bent)).astype(object)
    display = CodeDisplay.from_estimator(four, bent, quantity)
    assert display.colorbar_ is not None


@pytest.mark.parametrize("missing", [None, np.nan, "NA of pandas"])
def test_missing_labels_are_refused(pyplot, four, bent, missing):
    labels = np.repeat([0.0, 1.0], len(bent) // 2).astype(object)
    labels[3] = missing
    if missing == "NA of pandas":
        labels[3] = pytest.importorskip("pandas").NA
    strings = np.where(np.arange(len(bent)) == 3, labels, "a class")
    for y in (labels, strings):
        with pytest.raises(ValueError, match=r"y has missing values; expected.*Pass"):
            CodeDisplay.from_estimator(four, bent, y)


def test_classes_of_pandas_keep_their_order(pyplot, four, bent):
    pandas = pytest.importorskip("pandas")
    order = ["low", "mid", "high"]
    labels = pandas.Categorical(np.resize(order, len(bent)), order, ordered=True)
    for y in (labels, pandas.Series(labels)):
        display = CodeDisplay.from_estimator(four, bent, y)
        texts = [text.get_text() for text in display.legend_.get_texts()]
        assert texts == order
        by_class = dict(zip(order, np.arange(3), strict=True))
        told = [by_class[label] for label in labels]
        assert np.array_equal(display.scatter_[0].get_array(), told)


def test_codes_of_a_search_are_numbered(pyplot, bent):
    search = GridSearchCV(PCA(), {"n_components": [2]}, scoring=lambda *_: 0.0)
    display = CodeDisplay.from_estimator(search.fit(bent), bent)
    assert display.ax_.get_xlabel() == "component 0"
