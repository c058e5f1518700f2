"""bfloat16 where it pays, and nowhere else."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    VariationalAutoencoder,
)
from sklearn_ae._training import _precision, _recipe
from sklearn_ae._training._precision import Bfloat16Gradients


@pytest.fixture(name="digits")
def rows_of_digits(digits):
    """600 digits in [0, 1], (600, 64), without their labels."""
    return digits[0]


class Watching(Callback):
    """Changes nothing; where there is one, steps are skorch's own."""


@pytest.fixture
def rough_steps(monkeypatch):
    """Count the steps whose gradients are found in bfloat16."""
    steps = []
    tell = Bfloat16Gradients.__call__

    def counted(self, *batch):
        steps.append(self.copies[0].dtype)
        return tell(self, *batch)

    monkeypatch.setattr(Bfloat16Gradients, "__call__", counted)
    return steps


@pytest.mark.parametrize("callbacks", [None, [Watching()]], ids=["dense", "skorch"])
@pytest.mark.parametrize(
    "kind", [AutoencoderTransformer, DenoisingAutoencoder, VariationalAutoencoder]
)
def test_three_digits_are_enough(digits, kind, callbacks):
    options = {"max_iter": 10, "random_state": 0, "callbacks": callbacks}
    exact = kind(8, precision="float32", **options).fit(digits)
    rough = kind(8, precision="bfloat16", **options).fit(digits)
    assert rough.loss_curve_ != exact.loss_curve_
    assert abs(rough.score(digits) - exact.score(digits)) < 0.01
    assert rough.transform(digits).dtype == np.float64
    assert {weight.dtype for weight in rough.net_.module_.parameters()} == {torch.float32}


@pytest.mark.parametrize("loss", ["mae", "huber", "bce", "kl"])
@pytest.mark.parametrize("callbacks", [None, [Watching()]], ids=["dense", "skorch"])
def test_every_loss_is_told_in_float32(digits, loss, callbacks):
    ae = AutoencoderTransformer(
        4, loss=loss, precision="bfloat16", max_iter=3, callbacks=callbacks, random_state=0
    ).fit(digits)
    assert ae.best_iter_ > 0


def test_the_last_tenth_of_the_steps_is_float32(digits, rough_steps):
    options = {"batch_size": 60, "max_iter": 20, "early_stopping": False}
    AutoencoderTransformer(2, precision="bfloat16", **options).fit(digits)
    n_batches = 10
    assert len(rough_steps) == 18 * n_batches
    assert set(rough_steps) == {torch.bfloat16}


def test_float32_is_float32(digits, rough_steps, monkeypatch):
    monkeypatch.setattr(_precision, "_WORTH_BFLOAT16", 0)
    AutoencoderTransformer(2, precision="float32", max_iter=2).fit(digits)
    assert not rough_steps


@pytest.mark.parametrize("knows", [True, False])
def test_auto_takes_it_for_much_work_on_a_cpu_that_knows_it(
    digits, rough_steps, monkeypatch, knows
):
    monkeypatch.setattr(
        torch.cpu, "get_capabilities", lambda: {"avx512_bf16": knows}, raising=False
    )
    AutoencoderTransformer(2, max_iter=2).fit(digits)
    assert not rough_steps  # too little work
    monkeypatch.setattr(_precision, "_WORTH_BFLOAT16", 1e3)
    AutoencoderTransformer(2, max_iter=2).fit(digits)
    assert bool(rough_steps) == knows
    assert not _precision.pays_in_bfloat16(1e12, "cuda:0")


def test_auto_leaves_distributions_and_own_layers_alone(digits, monkeypatch):
    monkeypatch.setattr(_recipe, "pays_in_bfloat16", lambda work, device: True)
    options = {"max_iter": 2, "random_state": 0}

    def own(n_in, n_out):
        return torch.nn.Linear(n_in, n_out)

    for kind, extra in (
        (VariationalAutoencoder, {}),
        (AutoencoderTransformer, {"encoder": own}),
    ):
        auto = kind(2, **options, **extra).fit(digits)
        exact = kind(2, **options, **extra, precision="float32").fit(digits)
        assert auto.loss_curve_ == exact.loss_curve_


def test_other_words_are_an_error(digits):
    with pytest.raises(ValueError, match="'precision' parameter"):
        AutoencoderTransformer(2, precision="float16").fit(digits)
