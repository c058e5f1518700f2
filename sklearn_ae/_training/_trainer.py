"""The skorch net that trains an autoencoder: the one place where arrays become tensors."""

import dis
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import numpy as np
import torch
from skorch import NeuralNet
from skorch.dataset import Dataset

from ..nn import Corruption, DenseGradients
from ._batches import ROWS_PER_PASS, TensorBatches
from ._dense import DenseTraining
from ._device import usable_device
from ._optimizers import OPTIMIZERS
from ._precision import REFINED

__all__ = ["ReconstructionNet"]

# Training rows that are judged before and after training where none validate. All of many
# would take a third of an epoch each time, and of so many the mean hardly differs.
_MOST_JUDGED = 8192


class _Stop(Exception):
    """Ends the loop; raised by nobody but this file."""


class _ArrayNet(NeuralNet):
    """The abstract base of a net that takes arrays and gives arrays.

    ``encode``, ``decode``, ``reconstruct`` and ``posterior`` take and give the units that
    were set, the network's own if none were; everything else is in the network's own.
    """

    corruption: Corruption | None = None
    generator: torch.Generator
    units_in_: Sequence[torch.Tensor] = ()
    units_out_: Sequence[torch.Tensor] = ()

    # -- using ---------------------------------------------------------------

    def prepare_for_use(self, dtype: str, device: str) -> None:
        """Initialise module and loss alone: no optimizer, no callbacks, no data."""
        self.device = usable_device(device, dtype)
        self.callbacks = "disable"
        self._initialize_virtual_params()
        self._initialize_callbacks()
        self._initialize_module()
        self._initialize_criterion()
        self._initialize_history()
        self._set_training(False)  # here: concurrent first calls might half switch it
        self.initialized_ = True

    def set_units(self, units_in: list[np.ndarray], units_out: list[np.ndarray]) -> None:
        """Set the units of rows; see Scaler.units.

        Each are offsets and a scale: (x - offsets) / scale is what the network sees.
        """
        self.units_in_ = [self._to_device(unit) for unit in units_in]
        self.units_out_ = [self._to_device(unit) for unit in units_out]

    def _to_device(self, unit: np.ndarray) -> torch.Tensor:
        if torch.device(self.device).type == "mps":
            unit = unit.astype(np.float32)  # Apple's GPUs have no float64
        return torch.tensor(unit, device=self.device)

    def encode(self, X: np.ndarray) -> np.ndarray:
        """Return codes, (n_rows, n_components)."""
        return self._apply(lambda x: self.module_.encode(self._scaled(x)), X)

    def decode(self, code: np.ndarray) -> np.ndarray:
        """Return rows, (n_rows, n_features)."""
        return self._apply(lambda code: self._unscaled(self.module_.decode(code)), code)

    def reconstruct(self, X: np.ndarray) -> np.ndarray:
        """Return decode(encode(X)), (n_rows, n_features)."""
        return self._apply(lambda x: self._unscaled(self.module_(self._scaled(x))), X)

    def _scaled(self, x: torch.Tensor) -> torch.Tensor:
        """Return ``x``, overwritten if that can be, in the units of the network."""
        if not self.units_in_:
            return x
        *offsets, scale = self.units_in_
        if scale.dtype != x.dtype:
            return ((x - offsets[0]) / scale).to(x.dtype)
        for offset in offsets:
            x = x.sub_(offset)
        return x.div_(scale)

    def _unscaled(self, x_hat: torch.Tensor) -> torch.Tensor:
        if not self.units_out_:
            return x_hat
        # A second offset is less than the last digit of the first.
        offset, *_, scale = self.units_out_
        return torch.addcmul(offset, x_hat, scale).to(x_hat.dtype)

    def row_losses(self, X: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the loss of every row, (n_rows,)."""
        return self._apply(lambda x, t: self.criterion_.rows(self.infer(x), t), X, target)

    def posterior(self, X: np.ndarray) -> np.ndarray:
        """Return means and deviations of codes, (n_rows, 2, n_components)."""
        return self._apply(lambda x: self.module_.posterior(self._scaled(x)), X)

    def bound(self, X: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the evidence lower bound of every row, (n_rows,)."""
        return self._apply(partial(self.criterion_.bound, self.module_), X, target)

    def log_density(
        self,
        X: np.ndarray,
        target: np.ndarray,
        n_draws: int,
        generator: torch.Generator,
    ) -> np.ndarray:
        """Return the importance-weighted log density of every row, (n_rows,)."""
        estimate = partial(
            self.criterion_.log_density,
            self.module_,
            n_draws=n_draws,
            generator=generator,
        )
        return self._apply(estimate, X, target)

    @torch.no_grad()
    def _apply(self, function: Callable, *arrays: np.ndarray) -> np.ndarray:
        self._set_training(False)
        tensors = [self._to_tensor(array).split(ROWS_PER_PASS) for array in arrays]
        parts = [function(*rows) for rows in zip(*tensors, strict=True)]
        return (parts[0] if len(parts) == 1 else torch.cat(parts)).cpu().numpy()

    def _set_training(self, training=True):
        # Walking the modules at every batch costs more than a small layer.
        if self.module_.training != training:
            super()._set_training(training)

    # -- arrays and tensors --------------------------------------------------

    def _to_tensor(self, array: np.ndarray) -> torch.Tensor:
        # torch.tensor copies: from_numpy would write through to the user's array, where
        # _scaled and own layers may write.
        dtype = next(self.module_.parameters()).dtype
        if min(array.strides, default=0) < 0:  # which torch does not know
            array = np.ascontiguousarray(array)
        return torch.tensor(array, dtype=dtype, device=self.device)

    def _make_dataset(self, X, target):
        x = self._to_tensor(X)
        return Dataset(x, x if target is X else self._to_tensor(target))

    def get_dataset(self, X, y=None):
        if isinstance(X, Dataset):
            return X
        X = np.asarray(X)
        return self._make_dataset(X, X if y is None else np.asarray(y))

    def copy_weights(self) -> dict[str, torch.Tensor]:
        """Return a copy of the weights, by name."""
        return {name: w.detach().clone() for name, w in self.module_.state_dict().items()}

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the weights as arrays, by name."""
        return {name: w.cpu().numpy() for name, w in self.copy_weights().items()}

    @property
    def n_parameters(self) -> dict[str, int]:
        """Size of each weight that training moves, by name."""
        return {name: weight.numel() for name, weight in self.module_.named_parameters()}

    def load_arrays(self, arrays: dict[str, np.ndarray], dtype: str) -> None:
        """Overwrite the weights that ``arrays`` names, and compute in ``dtype``.

        Apple's GPUs have no float64 and stay at float32.
        """
        if torch.device(self.device).type == "mps":
            dtype = "float32"
        self.module_.to(getattr(torch, dtype))
        weights = self.module_.state_dict()
        with torch.no_grad():
            for name, array in arrays.items():
                weight = weights[name]
                weight.copy_(torch.tensor(array, dtype=weight.dtype, device="cpu"))

    # -- noise ---------------------------------------------------------------

    def measure_noise(self, X: np.ndarray, offset: np.ndarray, scale: np.ndarray) -> None:
        """Let noise, if there is any, take its units from the columns of ``X``.

        In the user's units that is ``X * scale + offset``.
        """
        if self.corruption is not None:
            self.corruption.measure(*map(_to_float64, (X, offset, scale)))

    def noise_moments(self) -> tuple[np.ndarray, ...] | None:
        """Return what is known of noisy cells; see Corruption. None: nothing."""
        moments = None if self.corruption is None else self.corruption.moments()
        return moments and tuple(moment.numpy() for moment in moments)

    def corrupt(self, X: np.ndarray) -> np.ndarray:
        """Return a noisy copy of ``X``, or ``X`` where there is no noise."""
        if self.corruption is None:
            return X
        # In random order, as in training.
        order = torch.randperm(len(X), generator=self.generator, device="cpu")
        noisy = self.corruption(_to_float64(X)[order], self.generator)
        return noisy[order.argsort()].numpy()


class ReconstructionNet(_ArrayNet):
    """A skorch net whose target is a reconstruction.

    Differs from NeuralNet in what small networks need: batches are slices of tensors that
    lie in memory on the device, dense layers are trained without autograd, losses are
    summed as tensors and read once an epoch, callbacks of our own tell when to stop, and
    Ctrl-C is an error, not an end.

    Parameters
    ----------
    module : nn.Module
        (n_rows, n_features) -> (n_rows, n_features)
    criterion : ReconstructionLoss
    best_weights : BestWeights or None
        Decides when training ends, and what it leaves. None is for use only.
    loose_start : LooseStart or None
        Leaves a linear start that explains little.
    schedule : OneCycle or None
        Moves the learning rate.
    clip : GradientClip or None
        Shortens gradients.
    warmup : DivergenceWarmup or None
        Moves the weight of the divergence.
    corruption : Corruption or None
        Noise that falls on what goes in while the net is trained, never afterwards.
    watchers : list of Callback
        See how training goes, and change nothing but its end.
    generator : torch.Generator or None
        Shuffles the rows and draws the noise.
    bfloat16 : bool
        Whether matrices are multiplied in bfloat16, in all but the last steps.
    **kwargs
        Of NeuralNet.
    """

    dense_: DenseTraining | None = None  # until training begins, where it suits

    def __init__(
        self,
        module,
        criterion,
        *,
        best_weights=None,
        loose_start=None,
        schedule=None,
        clip=None,
        warmup=None,
        watchers=(),
        corruption=None,
        generator=None,
        bfloat16=False,
        **kwargs,
    ):
        ours = {
            "iterator_train": TensorBatches,
            "iterator_train__generator": generator,
            "iterator_valid": TensorBatches,
            "train_split": None,
        }
        super().__init__(module, criterion, **{**ours, **kwargs})
        self.best_weights = best_weights
        self.loose_start = loose_start
        self.schedule = schedule
        self.clip = clip
        self.warmup = warmup
        self.watchers = watchers
        self.corruption = corruption
        self.generator = generator
        self.bfloat16 = bfloat16

    def get_default_callbacks(self):
        # The weight of the divergence first: best_weights judges the start by it, and only
        # a start that is judged may be loosened.
        ours = [("warmup", self.warmup), ("best_weights", self.best_weights)]
        ours += [("loose_start", self.loose_start)]
        ours += [("schedule", self.schedule), ("clip", self.clip)]
        return ours + [(type(watcher).__name__, watcher) for watcher in self.watchers]

    # -- training ------------------------------------------------------------

    def train_on(self, X, target, *, train, valid, cell_weights):
        """Train in float32, from the weights that the module has now.

        Parameters
        ----------
        X, target : ndarray of shape (n_samples, n_features)
            What goes in and what should come out, maybe one array.
        train, valid : ndarray of int
            Rows to train on, and rows that choose the epoch; if none, the training
            rows judge.
        cell_weights : ndarray of shape (n_features,)
            Scale of each column, so that R² is told in the user's units.
        """
        self.module_.float()
        self.cell_weights_ = self._to_tensor(cell_weights / cell_weights.max()) ** 2
        both = self._make_dataset(X, target)
        train, valid = _take(both, train), _take(both, valid) if len(valid) else None
        if self.corruption is not None:
            self.noise_ = self.corruption.to(self.device, torch.float32)
        if self.is_dense:
            groups = self.get_params_for("optimizer")["param_groups"]
            self.dense_ = DenseTraining(
                self.module_,
                self.criterion_,
                [pattern for pattern, _ in groups],
                in_bfloat16=self.bfloat16,
            )
            self.initialize_optimizer()
        # Judged rows have noise that stays, so that epochs can be compared.
        if valid is not None:
            valid = Dataset(self._noisy(valid.X), valid.y)
        self.datasets_ = train, valid
        # Beside validation rows, which lack rare outliers, all are judged. Rows are in
        # random order: the first are as good as any.
        n_judged = _MOST_JUDGED if valid is None else len(train)
        judged = train.X[:n_judged], train.y[:n_judged]
        self.judged_train_ = Dataset(self._noisy(judged[0]), judged[1])
        with suppress(_Stop):
            self.notify("on_train_begin", X=train.X, y=train.y)
            self.fit_loop(train)
        if self.history and "train_loss" not in self.history[-1]:
            self.history.pop()  # a callback stopped in the midst of an epoch
        with suppress(_Stop):
            self.notify("on_train_end", X=train.X, y=train.y)
        return self

    @property
    def is_dense(self) -> bool:
        """Whether gradients are found without autograd.

        Callbacks of the user's own may do anything to weights, gradients and optimizer, as
        they know them from skorch, and get skorch's own steps.
        """
        by_name = any(self.optimizer is known for known, _ in OPTIMIZERS.values())
        return by_name and not self.callbacks and DenseGradients.suits(self.module_)

    @property
    def is_in_bfloat16(self) -> bool:
        """Whether the present step of training is."""
        if not self.bfloat16:
            return False
        progress = len(self.history) / self.max_epochs
        if self.schedule is not None:
            progress = self.schedule.progress
        return progress <= 1 - REFINED

    def get_all_learnable_params(self):
        if self.dense_ is None:
            return super().get_all_learnable_params()
        return iter(self.dense_.vectors.items())

    @property
    def trained_weights(self) -> list[torch.nn.Parameter]:
        """What the optimizer moves."""
        return [w for group in self.optimizer_.param_groups for w in group["params"]]

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        return len(self.get_iterator(self.datasets_[0], training=True))

    @property
    def n_epochs_left(self) -> int:
        """Epochs that are left at most."""
        if self.schedule is None:
            return self.max_epochs - len(self.history)
        return math.ceil((self.schedule.n_steps_ - self.schedule.step_) / self.n_batches)

    def get_split_datasets(self, X, y=None, **fit_params):
        return self.datasets_

    def infer(self, x, **fit_params):
        if not (self.module_.training and self.is_in_bfloat16):
            return self.module_.outcome(x)
        with torch.autocast(torch.device(self.device).type, torch.bfloat16):
            outcome = self.module_.outcome(x)
        return _to_float32(outcome)

    def evaluation_step(self, batch, training=False):
        # A prediction is a reconstruction, whatever else the loss takes.
        outcome = super().evaluation_step(batch, training)
        return outcome[0] if isinstance(outcome, tuple) else outcome

    def train_step(self, batch, **fit_params):
        if self.dense_ is None:
            return super().train_step(batch, **fit_params)
        with torch.no_grad():
            self._set_training(True)
            loss = self.dense_.find_gradients(batch, in_bfloat16=self.is_in_bfloat16)
            self.notify("on_grad_computed", named_parameters=(), batch=batch, training=True)
            self.optimizer_.bare_step()
        return {"loss": loss}

    def _noisy(self, x: torch.Tensor) -> torch.Tensor:
        return x if self.corruption is None else self.noise_(x, self.generator)

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        # BestWeights judges the validation rows; a pass by batch is for user callbacks.
        if iterator is None or not (training or self.callbacks):
            return
        total = torch.zeros((), device=self.device)
        for x, target in iterator:
            batch = (self._noisy(x) if training else x), target
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            loss, n_rows = step["loss"].detach(), len(batch[0])
            total += loss * n_rows
            if self.callbacks:
                self.history.record_batch(f"{prefix}_loss", loss.item())
                self.history.record_batch(f"{prefix}_batch_size", n_rows)
            self.notify("on_batch_end", batch=batch, training=training, **step)
        self.history.record(f"{prefix}_loss", total.item() / len(iterator.dataset))
        self.history.record(f"{prefix}_batch_count", len(iterator))

    def notify(self, method_name, **cb_kwargs):
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt as interrupt:
            if not _raised_on_purpose(interrupt):
                raise  # Ctrl-C
            raise _Stop from interrupt
        if method_name == "on_epoch_end" and self.best_weights.stop_:
            raise _Stop


def _to_float64(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float64, device="cpu")


def _to_float32(outcome):
    """Return tensors, or tuples of tensors, in the numbers that losses are told in."""
    if isinstance(outcome, tuple):
        return tuple(map(_to_float32, outcome))
    return outcome.float()


def _take(dataset: Dataset, rows: np.ndarray) -> Dataset:
    """Return some rows of a dataset of tensors, with one tensor where it has one."""
    chosen = torch.tensor(rows, device=dataset.X.device)
    x = dataset.X[chosen]
    return Dataset(x, x if dataset.y is dataset.X else dataset.y[chosen])


def _raised_on_purpose(interrupt: BaseException) -> bool:
    """Whether a callback's hook raised this itself, as skorch's EarlyStopping does.

    Ctrl-C comes from elsewhere, or at any instruction but a ``raise``.
    """
    traceback = interrupt.__traceback__
    assert traceback is not None
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code
    return (
        code.co_name.startswith("on_")
        and code.co_code[traceback.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    )
