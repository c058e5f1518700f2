"""LossCurveDisplay draws the losses that the fit recorded."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from sklearn_ae import AutoencoderTransformer, LossCurveDisplay

NAMES = {
    "AutoencoderTransformer": "PCA",
    "DenoisingAutoencoder": "best linear",
    "VariationalAutoencoder": "probabilistic PCA",
}


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_lines_are_the_losses_of_the_fit(pyplot, quick, bent):
    estimator = quick().fit(bent)
    display = LossCurveDisplay.from_estimator(estimator)
    training, validation = display.lines_
    assert list(training.get_xdata()) == list(range(1, estimator.n_iter_ + 1))
    assert list(training.get_ydata()) == estimator.loss_curve_
    assert list(validation.get_xdata()) == list(range(estimator.n_iter_ + 1))
    assert list(validation.get_ydata()) == estimator.validation_loss_curve_
    assert display.ax_.get_xlabel() == "epoch"


def test_the_level_of_the_start_has_its_name(pyplot, quick, bent):
    estimator = quick().fit(bent)
    display = LossCurveDisplay.from_estimator(estimator)
    assert set(display.start_line_.get_ydata()) == {estimator.validation_loss_curve_[0]}
    assert NAMES[type(estimator).__name__] in labels(display.ax_)


def test_the_name_of_other_starts_is_start(pyplot, quick, bent):
    for params in ({"init": "random"}, {"warm_start": True}):
        display = LossCurveDisplay.from_estimator(quick(**params).fit(bent))
        assert "start" in labels(display.ax_)
        assert not set(NAMES.values()) & set(labels(display.ax_))


def test_the_kept_epoch_is_marked(pyplot, quick, bent):
    estimator = quick(max_iter=10).fit(bent)
    display = LossCurveDisplay.from_estimator(estimator)
    ((epoch, loss),) = display.best_line_.get_xydata()
    assert epoch == estimator.best_iter_
    assert loss == estimator.validation_loss_curve_[estimator.best_iter_]
    assert f"kept: epoch {estimator.best_iter_}" in labels(display.ax_)


def test_a_start_that_is_kept_is_marked_at_zero(pyplot):
    noise = np.random.RandomState(0).normal(size=(100, 10))
    pca = AutoencoderTransformer(3, max_iter=5, random_state=0).fit(noise)
    assert pca.best_iter_ == 0
    display = LossCurveDisplay.from_estimator(pca)
    assert display.best_line_.get_xydata().tolist() == [[0, pca.validation_loss_curve_[0]]]


def test_without_validation_rows_there_is_the_training_loss(pyplot, quick, bent):
    estimator = quick(early_stopping=False).fit(bent)
    display = LossCurveDisplay.from_estimator(estimator)
    assert [line.get_label() for line in display.lines_] == ["training"]
    assert display.start_line_ is None
    assert set(display.best_line_.get_xdata()) == {estimator.best_iter_}


def test_a_start_of_which_no_loss_is_known_is_still_marked(pyplot):
    display = LossCurveDisplay(loss_curve=[2.0, 3.0], best_iter=0).plot()
    assert set(display.best_line_.get_xdata()) == {0}


@pytest.mark.parametrize(
    ("losses", "scale"),
    [([3.0, 2.0], "linear"), ([30.0, 2.0], "log"), ([30.0, -2.0], "linear")],
)
def test_scale(pyplot, losses, scale):
    display = LossCurveDisplay(loss_curve=losses, validation_loss_curve=(3.0, 2.5, 2.1))
    assert display.plot().ax_.get_yscale() == scale


def test_ticks_of_ones_own_stay(pyplot, quick, bent):
    _, ax = pyplot.subplots()
    ax.set_xticks([1, 3])
    display = LossCurveDisplay.from_estimator(quick(2).fit(bent), ax=ax)
    assert list(display.ax_.get_xticks()) == [1, 3]


def test_what_has_no_epochs_is_refused(pyplot, quick, bent):
    linear = quick(hidden_layer_sizes=()).fit(bent)
    with pytest.raises(ValueError, match=r"closed form.*expected.*hidden_layer_sizes="):
        LossCurveDisplay.from_estimator(linear)


def test_others_have_no_losses_of_epochs(pyplot, bent):
    with pytest.raises(ValueError, match="PCA was given"):
        LossCurveDisplay.from_estimator(PCA().fit(bent))


def test_an_axis_of_ones_own_scale_keeps_it(pyplot, quick, bent):
    _, ax = pyplot.subplots()
    ax.set_xscale("log")
    display = LossCurveDisplay.from_estimator(quick(2).fit(bent), ax=ax)
    assert display.ax_.get_xscale() == "log"
