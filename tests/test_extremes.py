"""Finite rows give finite results, or an error that names their range."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from torch import nn

from sklearn_ae import AutoencoderTransformer, ConvergenceError

USES = ["transform", "reconstruct", "score", "score_samples"]


def finite_or_refused(use, X, name="X"):
    """Tell whether ``use(X)`` is refused; else it has to be finite."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            found = use(X)
        except ValueError as error:
            told = str(error)
        else:
            assert np.isfinite(found).all()
            return False
    assert f"{name} has values up to" in told
    assert "no longer a finite number in" in told
    assert f"Divide {name} by a unit" in told
    return True


EDGES = [(np.float32, 3e38), (np.float64, 1.7e308)]


@pytest.mark.parametrize("sizes", [(16,), ()], ids=["layers", "linear"])
@pytest.mark.parametrize(("dtype", "size"), EDGES)
def test_rows_at_the_edge_are_refused_or_give_finite_results(
    quick, bent, sizes, dtype, size
):
    fitted = quick(hidden_layer_sizes=sizes, scaling="feature").fit(bent.astype(dtype))
    X = (bent / np.abs(bent).max() * size).astype(dtype)
    refused = {m: finite_or_refused(getattr(fitted, m), X) for m in USES}
    assert refused["transform"]
    assert refused["score_samples"]
    codes = np.full((3, 2), size, dtype)
    finite_or_refused(fitted.inverse_transform, codes, "codes")


@pytest.mark.parametrize(("dtype", "size"), EDGES)
def test_codes_at_the_edge_are_refused(bent, dtype, size):
    ae = AutoencoderTransformer(2, hidden_layer_sizes=(), whiten=True)
    fitted = ae.fit(1e3 * bent.astype(dtype))
    codes = np.full((3, 2), size, dtype)
    assert finite_or_refused(fitted.inverse_transform, codes, "codes")


def test_what_float32_has_no_room_for_float64_has(quick, bent):
    fitted = quick(hidden_layer_sizes=()).fit(bent)
    X = np.float32(1e37) * bent.astype(np.float32)
    with pytest.raises(ValueError, match="as float64"):
        fitted.score_samples(X)
    assert np.isfinite(fitted.score_samples(X.astype(np.float64))).all()


@pytest.mark.parametrize("size", [1e30, 1e170])
def test_a_score_does_not_depend_on_the_unit_of_rows(bent, size):
    X = bent - bent.mean(axis=0)
    fitted = AutoencoderTransformer(1, hidden_layer_sizes=()).fit(X)
    assert fitted.score(size * X) == pytest.approx(fitted.score(X), abs=1e-3)


@pytest.mark.parametrize("size", [1e-170, 1e-310])
def test_a_score_without_a_finite_value_is_refused(quick, bent, size):
    assert finite_or_refused(quick().fit(bent).score, size * bent)


def test_one_row_has_no_score_as_in_scikit_learn(quick, bent):
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(quick().fit(bent).score(bent[:1]))


@pytest.mark.filterwarnings("ignore:Training ended with a loss")
def test_layers_of_ones_own_may_be_the_cause(quick, bent):
    class Failing(nn.Linear):
        fails = False

        def forward(self, x):
            return super().forward(x) / (0.0 if self.fails else 1.0)

    fitted = quick(encoder=Failing, init="random").fit(bent)
    Failing.fails = True
    with pytest.raises(ValueError, match="of your own have to be finite"):
        fitted.transform(bent)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_fit_at_the_edge_of_float32_is_that_of_other_units(quick, bent, dtype):
    X = (bent - 3) * [2, 1, 1, 1]
    X = (X / np.abs(X).max()).astype(dtype)  # the first column spans more than float32
    size = dtype(2.5e38)  # the largest are 3.4e38, which a reconstruction may exceed
    fitted, plain = quick(1).fit(size * X), quick(1).fit(X)
    assert fitted.score(size * X) == pytest.approx(plain.score(X), abs=1e-2)


@pytest.mark.parametrize("size", [1e148, 1e150, 1e155])
def test_all_that_a_fit_tells_of_large_rows_is_finite(quick, bent, size):
    if size > 1e151:
        with pytest.raises(ValueError, match="no longer a finite number"):
            quick().fit(size * bent)
        return
    fitted = quick().fit(size * bent)
    variances = ("code_variance_", "explained_variance_", "explained_variance_ratio_")
    for name in (*variances, "mean_", "scale_", "loss_curve_"):
        assert np.isfinite(getattr(fitted, name)).all(), name
    assert np.isfinite(fitted.score(size * bent))


def test_holes_beside_values_whose_squares_float32_has_no_room_for(quick):
    """Training fails with words, or works; filling the holes does not fail before it."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 4))
    X[:, 1] = np.where(rng.rand(60) > 0.5, 1e30, -1e30)
    X[rng.rand(60, 4) < 0.1] = np.nan
    with pytest.raises(ConvergenceError, match="scaling="):
        quick(1, scaling=None).fit(X)
    assert np.isfinite(quick(1, scaling="feature").fit(X).impute(X)).all()
