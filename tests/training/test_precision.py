"""bfloat16 where it pays, and nowhere else."""

import numpy as np
import pytest
import torch
from estimators import Watching

from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    VariationalAutoencoder,
    _plan,
)
from sklearn_ae._training import pays_in_bfloat16
from sklearn_ae._training._precision import Bfloat16Gradients
from sklearn_ae.nn import LOSSES, ReconstructionLoss

ON_BOTH_PATHS = pytest.mark.parametrize(
    "callbacks", [None, [Watching()]], ids=["dense", "skorch"]
)


@pytest.fixture
def bfloat16_steps(monkeypatch):
    """Hold an entry for every step whose gradients are found in bfloat16."""
    steps = []
    find = Bfloat16Gradients.__call__

    def counted(self, *batch):
        steps.append(self.copies[0].dtype)
        return find(self, *batch)

    monkeypatch.setattr(Bfloat16Gradients, "__call__", counted)
    return steps


@ON_BOTH_PATHS
@pytest.mark.parametrize(
    "kind", [AutoencoderTransformer, DenoisingAutoencoder, VariationalAutoencoder]
)
def test_three_digits_are_enough(digit_rows, kind, callbacks):
    options = {"max_iter": 10, "random_state": 0, "callbacks": callbacks}
    exact = kind(8, precision="float32", **options).fit(digit_rows)
    rough = kind(8, precision="bfloat16", **options).fit(digit_rows)
    assert rough.loss_curve_ != exact.loss_curve_
    assert abs(rough.score(digit_rows) - exact.score(digit_rows)) < 0.01
    assert rough.transform(digit_rows).dtype == np.float64
    assert {weight.dtype for weight in rough.net_.module_.parameters()} == {torch.float32}


@ON_BOTH_PATHS
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_told_in_float32(digit_rows, loss, callbacks, monkeypatch):
    told = set()
    for name in ("forward", "with_slope"):
        numbers = ReconstructionLoss.__subclasses__()
        below = [sub for parent in numbers for sub in parent.__subclasses__()]
        for kind in (*numbers, *below):
            if name in vars(kind):
                tell = vars(kind)[name]

                def watched(self, x_hat, x, weight=None, *, tell=tell):
                    told.add(x_hat.dtype)
                    return tell(self, x_hat, x, weight)

                monkeypatch.setattr(kind, name, watched)
    AutoencoderTransformer(
        4, loss=loss, precision="bfloat16", max_iter=3, callbacks=callbacks, random_state=0
    ).fit(digit_rows)
    assert told == {torch.float32}


@pytest.mark.parametrize("learning_rate", ["one_cycle", "constant"])
def test_the_last_tenth_of_the_steps_is_float32(digit_rows, bfloat16_steps, learning_rate):
    AutoencoderTransformer(
        2,
        precision="bfloat16",
        batch_size=60,
        max_iter=20,
        early_stopping=False,
        learning_rate=learning_rate,
    ).fit(digit_rows)
    n_batches = 10
    assert len(bfloat16_steps) == 18 * n_batches
    assert set(bfloat16_steps) == {torch.bfloat16}


def test_float32_is_float32(digit_rows, bfloat16_steps, monkeypatch):
    monkeypatch.setattr(_plan, "pays_in_bfloat16", lambda *situation: True)
    AutoencoderTransformer(2, precision="float32", max_iter=2).fit(digit_rows)
    assert not bfloat16_steps
    AutoencoderTransformer(2, precision="auto", max_iter=2).fit(digit_rows)
    assert bfloat16_steps


@pytest.mark.parametrize(
    ("situation", "pays"),
    [
        ({}, True),
        ({"device": "cuda:0"}, False),
        ({"n_rows": 32}, False),
        ({"n_multiplications": 5e4}, False),
        ({"farthest_mean": 100.0}, False),
    ],
    ids=str,
)
def test_it_pays_for_much_work_of_a_cpu_made_for_it(situation, pays, monkeypatch):
    usual = {"device": "cpu", "n_rows": 512, "n_multiplications": 1e6, "farthest_mean": 0.0}
    vectors = {"amx_bf16": False, "avx512_bf16": True}
    for knows, expected in (
        ({"amx_bf16": True}, pays),
        ({"amx_bf16": True, "avx512_bf16": True, "cpu_name": "Intel(R) Xeon(R)"}, pays),
        (vectors | {"cpu_name": "AMD EPYC"}, pays),
        (vectors | {"cpu_name": "Intel(R) Xeon(R)"}, False),
        (vectors, False),
        ({"cpu_name": "AMD EPYC"}, False),
        ({}, False),
    ):
        monkeypatch.setattr(
            torch.cpu, "get_capabilities", lambda knows=knows: knows, raising=False
        )
        assert pays_in_bfloat16(**{**usual, **situation}) == expected
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert not pays_in_bfloat16(**usual)


def test_it_pays_earlier_by_vectors_than_by_tiles(monkeypatch):
    some = {"device": "cpu", "n_rows": 512, "n_multiplications": 1e5, "farthest_mean": 0.0}
    for knows, pays in (
        ({"avx512_bf16": True, "cpu_name": "AMD EPYC"}, True),
        ({"avx512_bf16": True, "cpu_name": "AMD EPYC", "amx_bf16": True}, False),
    ):
        monkeypatch.setattr(
            torch.cpu, "get_capabilities", lambda knows=knows: knows, raising=False
        )
        assert pays_in_bfloat16(**some) is pays


@pytest.mark.parametrize(
    ("options", "farthest"),
    [
        ({}, 0.0),
        ({"scaling": "feature"}, 0.0),
        ({"scaling": None}, 100.0),
        ({"output_activation": "relu"}, 100.0),
    ],
    ids=str,
)
def test_auto_asks_how_far_means_are_from_zero(options, farthest, monkeypatch):
    asked = []

    def pays(device, n_rows, n_multiplications, farthest_mean):
        asked.append((n_rows, n_multiplications, farthest_mean))
        return False

    monkeypatch.setattr(_plan, "pays_in_bfloat16", pays)
    X = np.random.RandomState(0).normal(100, 1, size=(200, 6))
    AutoencoderTransformer(
        2, hidden_layer_sizes=(5,), batch_size=20, max_iter=1, **options
    ).fit(X)
    ((n_rows, n_multiplications, farthest_mean),) = asked
    assert n_rows == 20
    assert n_multiplications == 2 * (6 * 2 + 6 * 5 + 5 * 2)
    assert farthest_mean == pytest.approx(farthest, abs=10)
    assert (farthest_mean == 0) == (farthest == 0)


def test_auto_leaves_distributions_and_own_layers_alone(digit_rows, monkeypatch):
    monkeypatch.setattr(_plan, "pays_in_bfloat16", lambda *situation: True)
    options = {"max_iter": 2, "random_state": 0}

    def own(n_in, n_out):
        return torch.nn.Linear(n_in, n_out)

    for kind, extra in (
        (VariationalAutoencoder, {}),
        (AutoencoderTransformer, {"encoder": own}),
    ):
        auto = kind(2, **options, **extra).fit(digit_rows)
        exact = kind(2, **options, **extra, precision="float32").fit(digit_rows)
        assert auto.loss_curve_ == exact.loss_curve_


def test_other_words_are_an_error(digit_rows):
    with pytest.raises(ValueError, match="'precision' parameter"):
        AutoencoderTransformer(2, precision="float16").fit(digit_rows)
