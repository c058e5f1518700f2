"""What is refused is told in three parts: given, expected, and the way out."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import MinMaxScaler
from skorch.callbacks import Callback
from torch import nn

from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    VariationalAutoencoder,
    _fit,
)
from sklearn_ae._training import _steps, _stopping

TABLES = {
    "images": (np.zeros((9, 4, 4)), ValueError, r"shape \(9, 4, 4\).*X.reshape\(len\(X"),
    "tensor of images": (torch.zeros(9, 4, 4), ValueError, r"Reshape it: X\.reshape"),
    "ragged": ([[1, 2], [3]], ValueError, "rows of 1 to 2 values; expected as many"),
    "nested": ([[[1, 2]], [[3, 4]]], ValueError, r"shape \(2, 1, 2\); expected two"),
    "dict": ({"a": [1, 2], "b": [3, 4]}, ValueError, r"dict; expected a table.*DataFrame"),
    "lazy": (pl.LazyFrame({"a": [1.0, 2.0]}), ValueError, r"LazyFrame.*X\.collect\(\)"),
    "text": (
        np.array([["a", "b"], ["c", "d"]]),
        ValueError,
        "holds text.*expected numbers",
    ),
    "words": ([["a", "b"], ["c", "d"]], ValueError, "holds text.*Encode"),
    "text in pandas": (
        pd.DataFrame({"town": ["x", "y", "z"], "b": [1.0, 2, 3]}),
        ValueError,
        "no numbers: 'town'; expected numbers.*OneHotEncoder",
    ),
    "text in polars": (
        pl.DataFrame({"town": ["x", "y", "z"], "b": [1.0, 2, 3]}),
        ValueError,
        "no numbers: 'town'; expected numbers",
    ),
    "dates": (
        pd.DataFrame({"day": pd.date_range("2020", periods=3), "b": [1.0, 2, 3]}),
        ValueError,
        "no numbers: 'day'|Column 'day' of X holds dates",
    ),
    "names twice": (
        pd.DataFrame(np.eye(3), columns=["a", "b", "a"]),
        ValueError,
        "several columns called 'a'; expected a name of its own.*to_numpy",
    ),
}


@pytest.mark.parametrize("table", TABLES)
def test_tables_that_are_none(quick, bent, table):
    X, kind, message = TABLES[table]
    if not table.startswith("text in"):  # levels, where the fit has none
        with pytest.raises(kind, match=message):
            quick().fit(X)
    fitted = quick().fit(bent[:, : np.shape(bent)[1]])
    with pytest.raises(kind, match=message):
        fitted.transform(X)


@pytest.mark.parametrize("hole", [pd.NA, None, np.nan], ids=str)
def test_holes_of_all_kinds_are_filled(quick, hole):
    numbers = pd.array([1, 2, hole, 4], dtype="Int64" if hole is pd.NA else "object")
    table = pd.DataFrame({"a": numbers, "b": [1.0, 2, 3, 4], "c": ["1", "2", "3", "5"]})
    filled = quick(1).fit(table).impute(table)
    assert filled.notna().all(axis=None)
    assert filled["c"].tolist() == ["1", "2", "3", "5"]


def test_clean_rows_and_codes_that_are_no_tables(bent):
    dae = DenoisingAutoencoder(2, max_iter=1, random_state=0)
    with pytest.raises(ValueError, match=r"X_clean has shape .*X_clean\.reshape"):
        dae.fit(bent, X_clean=bent[:, :, np.newaxis])
    with pytest.raises(ValueError, match=r"codes has shape .*codes\.reshape"):
        dae.fit(bent).inverse_transform(np.zeros((2, 2, 2)))


@pytest.mark.parametrize("name", ["n_components", "batch_size", "max_iter"])
def test_booleans_are_no_counts(quick, bent, name):
    with pytest.raises(ValueError, match=f"{name}=True is a boolean; expected a number"):
        quick().set_params(**{name: True}).fit(bent)


def test_booleans_are_no_count_of_epochs(bent):
    with pytest.raises(ValueError, match="kl_warmup=True is a boolean"):
        VariationalAutoencoder(2, kl_warmup=True).fit(bent)


def test_what_is_refused_is_not_told_as_a_way_out(quick, bent):
    with pytest.raises(ValueError, match=r"in the range \[1, inf\), None, .*Got -1"):
        quick(-1).fit(bent)


@pytest.mark.parametrize("sizes", [True, (8, True)])
def test_booleans_are_no_layers(quick, bent, sizes):
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=.*True.* must hold integers"):
        quick(hidden_layer_sizes=sizes).fit(bent)


def normalised(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 8), nn.BatchNorm1d(8), nn.Linear(8, n_out))


@pytest.mark.parametrize(("n_rows", "batch_size"), [(3, "auto"), (20, 1)])
def test_batches_of_one_row_and_batch_normalisation(quick, bent, n_rows, batch_size):
    estimator = quick(1, encoder=normalised, batch_size=batch_size)
    with pytest.raises(ValueError, match=r"BatchNorm1d.*one row.*expected.*LayerNorm"):
        estimator.fit(bent[:n_rows])
    estimator.set_params(encoder=nn.Linear).fit(bent[:3])


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (lambda a, b: (a - b).square().mean().detach(), "without a gradient"),
        (lambda a, b: (a - b).square().mean() * 1j, "of torch.complex64"),
        (lambda a, b: (a - b).square().mean().long(), "of torch.int64"),
        (lambda a, b: (a - b).square().mean() > 0, "of torch.bool"),
    ],
    ids=["detached", "complex", "integer", "boolean"],
)
def test_losses_that_cannot_be_minimised(quick, bent, loss, told):
    with pytest.raises(ValueError, match=rf"returned a tensor, one ({told}); expected"):
        quick(2, loss=loss).fit(bent)


def test_penalties_and_optimizers_without_groups(quick, bent):
    with pytest.raises(ValueError, match=r"LBFGS takes no groups.*alpha=0\.1.*alpha=0"):
        quick(2, solver=torch.optim.LBFGS, alpha=0.1).fit(bent)


@pytest.mark.parametrize("sizes", [(10**6, 10**6), (10**18,), (10**19,)])
def test_layers_that_no_memory_holds(quick, bent, sizes):
    with pytest.raises(ValueError, match=r"asks for about .* weights.*Use smaller layers"):
        quick(2, hidden_layer_sizes=sizes, batch_size="auto").fit(bent)


def ask_for_too_much(*args, **kwargs):
    torch.empty(10**15)


# Gradients, the best weights so far, and what the optimizer keeps from its first step on.
GREEDY = {
    "gradients": (_steps.FlatWeights, "__init__"),
    "best weights": (_stopping.BestWeights, "judge_start"),
    "optimizer": (torch.optim.Adam, "_init_group"),
}


@pytest.mark.parametrize("where", GREEDY)
def test_training_that_no_memory_holds(monkeypatch, bent, where):
    estimator = AutoencoderTransformer(2, hidden_layer_sizes=(40, 40), max_iter=2).fit(bent)
    before = dict(vars(estimator))
    monkeypatch.setattr(*GREEDY[where], ask_for_too_much)
    told = r"=\(40, 40\), and \(40, 40\) in the decoder, asks for about .* weights.*memory"
    with pytest.raises(ValueError, match=told) as raised:
        estimator.fit(bent)
    assert isinstance(raised.value.__cause__, RuntimeError)
    assert vars(estimator) == before


def test_what_memory_is_short_of_is_named_by_what_is_largest(monkeypatch, digits):
    X = np.tile(digits[0], (40, 1))
    monkeypatch.setattr(_fit.Fit, "_train", ask_for_too_much)
    with pytest.raises(ValueError, match=r"^X has 24000 rows.*Fit a sample of the rows"):
        AutoencoderTransformer(2).fit(X)
    with pytest.raises(ValueError, match=r"^batch_size=9000 .*Use a smaller batch_size"):
        AutoencoderTransformer(2, batch_size=9000).fit(X)


@pytest.mark.parametrize(
    ("error", "is_lack"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory. Tried to reserve 2.00 GiB."), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("of the user's"), False),
        (TypeError("of the user's"), False),
    ],
    ids=repr,
)
def test_other_errors_in_training_pass_as_they_are(bent, error, is_lack):
    class Failing(Callback):
        def on_batch_end(self, net, **kwargs):
            raise error

    own = AutoencoderTransformer(2, encoder=torch.nn.Linear, callbacks=[Failing()])
    with pytest.raises(type(error)) as raised:
        own.fit(bent)
    assert raised.value is error
    with pytest.raises(ValueError if is_lack else type(error)):
        AutoencoderTransformer(2, callbacks=[Failing()]).fit(bent)


@pytest.mark.parametrize("level", [1e8, 1e300])
def test_noise_that_leaves_nothing(bent, level):
    dae = DenoisingAutoencoder(2, noise_level=level, max_iter=1)
    with pytest.raises(ValueError, match=r"noise_level is .* times what.*at most 1e\+06"):
        dae.fit(bent)
    # In the units of large values it is not loud.
    dae.set_params(noise_unit="data", noise_level=1e8).fit(bent * 1e6)
    dae.set_params(scaling=None, hidden_layer_sizes=()).fit(bent * 1e6)


USES = ("transform", "reconstruct", "score", "score_samples", "cell_scores")


@pytest.mark.parametrize(("loss", "beyond"), [("bce", 1.02), ("bce", -0.3), ("kl", -0.3)])
def test_values_just_outside_of_a_loss_are_taken_in_use(quick, loss, beyond):
    X = MinMaxScaler().fit_transform(load_breast_cancer().data)[:200, :8]
    fitted = quick(4, loss=loss, max_iter=3).fit(X + (loss == "kl"))
    edge, outside = X[:20].copy(), X[:20].copy()
    edge[0, 0], outside[0, 0] = np.clip(beyond, 0, 1), beyond
    for use in USES:
        assert np.isfinite(getattr(fitted, use)(outside)).all()
    # Other rows of the batch are as they were, and the cell counts as one at the edge.
    told = fitted.score_samples(outside), fitted.score_samples(edge)
    np.testing.assert_allclose(told[0][1:], told[1][1:])
    assert told[0][0] == pytest.approx(told[1][0], rel=0.2)


def test_rows_in_other_units_are_refused_where_a_loss_is_told(quick):
    X = MinMaxScaler().fit_transform(load_breast_cancer().data)[:200, :8]
    fitted = quick(4, loss="bce", max_iter=3).fit(X)
    for use in ("score_samples", "cell_scores"):
        with pytest.raises(ValueError, match=r"from .* to .*; loss='bce' expected values"):
            getattr(fitted, use)(255 * X)


def test_a_column_of_ones_by_a_rounding(quick):
    X = np.random.default_rng(0).uniform(size=(60, 4))
    X[:, 0] = 1 + 5e-7
    assert np.isfinite(quick(2, loss="bce", max_iter=2).fit(X).score(X))
