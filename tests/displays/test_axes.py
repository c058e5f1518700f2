"""What all displays do: they draw where they are told, and only if they can."""

import subprocess
import sys

import numpy as np
import pytest

from sklearn_ae import (
    AutoencoderTransformer,
    CodeDisplay,
    LossCurveDisplay,
    ReconstructionDisplay,
)


def test_without_matplotlib_its_installation_is_told(draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(
        ImportError, match=r"cannot be imported.*expected.*pip install matplotlib"
    ):
        draw()


def test_importing_the_package_leaves_matplotlib_alone():
    program = "import sys, sklearn_ae; print('matplotlib' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


def test_a_figure_is_made_where_none_is_given(pyplot, draw):
    display = draw()
    assert pyplot.get_fignums() == [display.figure_.number]
    assert display.ax_.figure is display.figure_


def test_a_given_axes_is_drawn_on_and_nothing_else(pyplot, draw):
    figure, (left, right) = pyplot.subplots(1, 2)
    pyplot.figure()
    other, before = pyplot.gcf(), dict(pyplot.rcParams)
    display = draw(ax=right)
    assert display.ax_ is right or not right.axison
    assert display.ax_.figure is display.figure_ is figure
    assert pyplot.gcf() is other
    assert pyplot.rcParams == before
    assert len(pyplot.get_fignums()) == 2
    assert not left.has_data()
    assert not left.get_xlabel()
    assert not other.axes


def test_plot_returns_itself_and_draws_again(pyplot, draw):
    first = draw()
    ax = first.ax_
    assert first.plot() is first
    assert first.ax_ is not ax


def test_it_can_be_rendered(pyplot, draw):
    draw().figure_.canvas.draw()  # a warning would be an error


def test_what_is_not_fitted_is_refused(pyplot, quick, bent):
    from sklearn.exceptions import NotFittedError

    from sklearn_ae import CodePlaneDisplay, LossCurveDisplay

    for display in (LossCurveDisplay, CodePlaneDisplay):
        with pytest.raises(NotFittedError):
            display.from_estimator(quick())
    for display in (ReconstructionDisplay, CodeDisplay):
        with pytest.raises(NotFittedError):
            display.from_estimator(quick(), bent)


class TestSplit:
    """Displays that need several axes."""

    @pytest.fixture(params=["bars", "pairs"])
    def several(self, request, bent):
        """Draw on three axes in a row, or on a grid of two by two."""
        estimator = AutoencoderTransformer(3, hidden_layer_sizes=()).fit(bent)
        if request.param == "bars":
            return (3,), lambda ax: ReconstructionDisplay.from_estimator(
                estimator, bent, ax=ax
            )
        return (2, 2), lambda ax: CodeDisplay.from_estimator(estimator, bent, ax=ax)

    def test_one_axes_is_split(self, pyplot, several):
        shape, draw = several
        figure, ax = pyplot.subplots()
        display = draw(ax)
        assert display.ax_.shape == shape
        assert not ax.axison
        frame = ax.get_position()
        for part in display.ax_.ravel():
            assert part.figure is figure
            assert frame.x0 - 1e-9 <= part.get_position().x0
            assert part.get_position().y1 <= frame.y1 + 1e-9

    def test_an_array_is_taken(self, pyplot, several):
        shape, draw = several
        axes = pyplot.subplots(*(shape if len(shape) == 2 else (1, *shape)))[1]
        assert (draw(axes).ax_ == axes).all()

    def test_an_array_of_another_size_is_refused(self, pyplot, several):
        _, draw = several
        axes = pyplot.subplots(1, 2)[1]
        with pytest.raises(ValueError, match=r"ax has 2 axes.*expected.*Pass plt.subplots"):
            draw(axes)

    def test_axes_outside_a_grid_are_refused(self, pyplot, several):
        _, draw = several
        ax = pyplot.figure().add_axes([0.1, 0.1, 0.8, 0.8])
        with pytest.raises(ValueError, match=r"no place in a grid.*expected.*Make it with"):
            draw(ax)


def test_new_figures_hold_no_state_of_each_other(pyplot, bent):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=()).fit(bent)
    one = CodeDisplay.from_estimator(estimator, bent)
    two = CodeDisplay.from_estimator(estimator, bent[:50])
    assert one.figure_ is not two.figure_
    assert len(np.asarray(one.scatter_.get_offsets())) == 200


@pytest.mark.parametrize("given", ["figure", "array"])
def test_what_is_no_axes_is_refused(pyplot, quick, bent, given):
    figure, axes = pyplot.subplots(1, 2)
    ax = figure if given == "figure" else axes
    with pytest.raises(ValueError, match=r"ax is a .*; expected one matplotlib Axes.*Pass"):
        LossCurveDisplay.from_estimator(quick(2).fit(bent), ax=ax)
