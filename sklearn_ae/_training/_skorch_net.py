"""The skorch net: the attribute ``net_``, and the net that skorch callbacks are given."""

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from copy import copy
from types import MethodType
from typing import Any, NoReturn

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.utils import TeeGenerator

from ..nn import BottleneckNetwork
from ._loop import Rows, StopTraining, Training, Watcher, batches, count_batches
from ._steps import copy_weights
from ._stopping import BestWeights
from ._tensors import to_tensor
from ._user_code import called_outside, user_code

__all__ = ["Callback", "CallbackHooks", "ReconstructionNet", "copied_callbacks"]

# Python's own; a class of somebody else's may write to a disk, as a shelf does.
_CONTAINERS = list, dict, deque, defaultdict, OrderedDict, Counter


class TensorBatches:
    """Iterate over (x, target) batches of two tensors in memory, in order.

    Parameters
    ----------
    dataset : skorch Dataset
        Its ``X`` and ``y`` are tensors of shape (n_rows, n_features).
    batch_size : int
        Maximum number of rows in a batch.
    """

    def __init__(self, dataset: Dataset, batch_size: int):
        self.dataset = dataset
        self.batch_size = batch_size

    def __len__(self) -> int:
        return count_batches(len(self.dataset), self.batch_size)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        rows = Rows(self.dataset.X, self.dataset.y)
        for x, target, _ in batches(rows, self.batch_size, None):
            yield x, target


class ReconstructionNet(NeuralNet):
    """A skorch net that reconstructs its input, in the network's units.

    Its network is trained outside of it: by the loop while ``training_`` is set, or before.
    It predicts, but cannot train.

    Parameters
    ----------
    module : BottleneckNetwork
    criterion : TrainingLoss
    **kwargs
        Parameters of NeuralNet.
    """

    module_: BottleneckNetwork
    training_: Training | None = None

    def __init__(self, module, criterion, **kwargs):
        # The same batches as in the loop, so that what callbacks count agrees with it,
        # and no split, since the fit has set validation rows aside.
        ours = {
            "iterator_train": TensorBatches,
            "iterator_valid": TensorBatches,
            "train_split": None,
        }
        super().__init__(module, criterion, **{**ours, **kwargs})

    @classmethod
    def for_use(cls, network, loss) -> "ReconstructionNet":
        """Return a net of a fitted network, without optimizer, callbacks or data."""
        # What NeuralNet.initialize does, without the optimizer, which a network that is not
        # to be trained does not need.
        device = str(next(network.parameters()).device)
        net = cls(network, loss, device=device, callbacks="disable")
        net._initialize_virtual_params()
        net._initialize_callbacks()
        net._initialize_module()
        net._initialize_criterion()
        net._initialize_history()
        net._set_training(False)
        net.initialized_ = True
        return net

    def get_default_callbacks(self):
        return []  # skorch's would compute and print losses that the loop already has

    def initialize(self):
        if self.training_ is None:
            _refuse_to_train("initialize")
        return super().initialize()

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        _refuse_to_train("fit")

    def initialize_optimizer(self, *args, **kwargs):
        # The loop's optimizer, so that a callback such as LRScheduler can change its rate.
        if self.training_ is not None:
            self.optimizer_ = self.training_.step.optimizer
        return self

    def get_dataset(self, X, y=None):
        if isinstance(X, Dataset):
            return X
        weight = next(self.module_.parameters())
        x = to_tensor(np.asarray(X), weight)
        return Dataset(x, x if y is None else to_tensor(np.asarray(y), weight))

    def infer(self, x, **fit_params):
        with user_code.random_state:
            return self.module_.outcome(x)

    def evaluation_step(self, batch, training=False):
        # A prediction is a reconstruction, without what else the loss is computed from.
        outcome = super().evaluation_step(batch, training)
        return outcome[0] if isinstance(outcome, tuple) else outcome

    # -- what callbacks may read during training -------------------------------

    @property
    def best_weights(self) -> BestWeights:
        """Losses and R² so far, and the best epoch."""
        return self._under_way.best

    @property
    def n_epochs_left(self) -> int:
        """Maximum number of epochs left."""
        return self._under_way.schedule.n_epochs_left

    @property
    def datasets_(self) -> tuple[Dataset, Dataset | None]:
        """Training rows, and validation rows or None."""
        train, valid = self._under_way.train, self._under_way.valid
        return (
            Dataset(train.x, train.wanted),
            None if valid is None else Dataset(valid.x, valid.target),
        )

    @property
    def judged_train_(self) -> Dataset:
        """Training rows that are evaluated, with noise that is drawn once."""
        return Dataset(self._under_way.judged.x, self._under_way.judged.target)

    def copy_weights(self) -> dict[str, torch.Tensor]:
        """Return a copy of the weights, by name."""
        return copy_weights(self.module_)

    @property
    def _under_way(self) -> Training:
        if self.training_ is None:
            raise AttributeError("This net is not in training; see the estimator instead.")
        return self.training_


def _refuse_to_train(what: str) -> NoReturn:
    raise AttributeError(
        f"The net_ of a fitted estimator was told to {what}; expected a look at it only, "
        "since it is a copy, which the estimator never reads again. Call fit of the "
        "estimator, with warm_start=True to go on from here, or train "
        "copy.deepcopy(net_.module_) in a torch loop of your own."
    )


class CallbackHooks(Watcher):
    """Calls the hooks of the user's skorch callbacks with a net that shows the training.

    A callback that raises KeyboardInterrupt ends the training, as in skorch.

    Parameters
    ----------
    training : Training
    callbacks : sequence of skorch callbacks, or of (name, callback)
        They are copied; see copied_callbacks.
    """

    def __init__(self, training: Training, callbacks):
        recipe = training.recipe
        self.net = ReconstructionNet(
            training.network,
            training.loss,
            lr=recipe.learning_rate_init,
            max_epochs=recipe.max_iter,
            batch_size=recipe.batch_size,
            callbacks=copied_callbacks(callbacks),
            verbose=0,  # no lines by skorch; the estimator prints its own
            device=recipe.device,
        )
        self.net.training_ = training

    def begin(self, training):
        self.net.initialize()
        train, valid = self.net.datasets_
        self.sets = {"dataset_train": train, "dataset_valid": valid}
        self._notify("on_train_begin", X=train.X, y=train.y)

    def begin_epoch(self, training):
        self._notify("on_epoch_begin", **self.sets)

    def begin_batch(self, x: torch.Tensor, target: torch.Tensor) -> None:
        """Observe a batch before its step."""
        self.batch = x, target
        self._notify("on_batch_begin", batch=self.batch, training=True)

    def on_gradients(self) -> None:
        """Observe the gradients of a batch."""
        named = TeeGenerator(self.net.get_all_learnable_params())
        with called_outside():
            self._notify(
                "on_grad_computed", named_parameters=named, batch=self.batch, training=True
            )

    def end_batch(self, loss: torch.Tensor, outcome) -> None:
        """Observe a batch after its step."""
        self._end_batch("train", self.batch, {"loss": loss, "y_pred": outcome})

    def end_epoch(self, training):
        self._record("train", training.losses[-1], self.sets["dataset_train"])
        if self.sets["dataset_valid"] is not None:
            self._pass_over_validation_rows()
            best, history = training.best, self.net.history
            history.record("valid_loss", best.losses_[-1])
            history.record("valid_loss_best", best.best_epoch_ == len(training.losses))
            history.record("valid_r2", best.scores_[-1])
        self._notify("on_epoch_end", **self.sets)

    def end(self, training):
        history = self.net.history
        if history and "train_loss" not in history[-1]:
            # A callback stopped training within an epoch, whose record is incomplete:
            # readers of the history expect a loss in every entry.
            history.pop()
        train = self.sets["dataset_train"]
        self._notify("on_train_end", X=train.X, y=train.y)

    def _pass_over_validation_rows(self) -> None:
        """Pass validation rows to callbacks batch by batch, with the current weights."""
        # The current weights and not their average, as in a skorch net: callbacks such as
        # Checkpoint see the same weights in the module.
        dataset, total = self.sets["dataset_valid"], 0.0
        for batch in self.net.get_iterator(dataset, training=False):
            self._notify("on_batch_begin", batch=batch, training=False)
            with user_code.random_state:
                step = self.net.validation_step(batch)
            total += step["loss"].item() * len(batch[0])
            self._end_batch("valid", batch, step)
        self._record("valid", total / len(dataset), dataset)

    def _end_batch(self, prefix, batch, step) -> None:
        self.net.history.record_batch(f"{prefix}_loss", step["loss"].item())
        self.net.history.record_batch(f"{prefix}_batch_size", len(batch[0]))
        self._notify("on_batch_end", batch=batch, training=prefix == "train", **step)

    def _record(self, prefix, loss: float, dataset: Dataset) -> None:
        n_batches = count_batches(len(dataset), self.net.batch_size)
        self.net.history.record(f"{prefix}_loss", loss)
        self.net.history.record(f"{prefix}_batch_count", n_batches)

    def _notify(self, hook: str, **kwargs) -> None:
        # Only around hooks: a KeyboardInterrupt anywhere else is Ctrl-C, and must not be
        # taken for a callback's request to stop.
        try:
            self.net.notify(hook, **kwargs)
        except KeyboardInterrupt as interrupt:
            raise StopTraining from interrupt


def copied_callbacks(callbacks) -> list:
    """Return copies of the user's callbacks, since skorch changes those that it runs.

    Callbacks are copied with the lists, dicts, sets, arrays and tensors in them, so that
    the user's stay as they were. All else that they hold is shared: it may stand for
    something outside, such as a file, a connection or a trial of Optuna, and what a copy is
    told would be lost, if there can be a copy at all.

    Parameters
    ----------
    callbacks : sequence of skorch callbacks, or of (name, callback)

    Returns
    -------
    copies : list
        What two callbacks share, their copies share too.
    """
    return _twin(list(callbacks), {})


def _twin(part: Any, memo: dict[int, Any]) -> Any:
    """Return a copy of a callback or of plain data; anything else is returned itself."""
    if id(part) in memo:
        return memo[id(part)]
    kind = type(part)
    if isinstance(part, Callback):
        twin = memo[id(part)] = copy(part)
        # From the original, since __getstate__ may leave out what is not to be saved.
        state = {name: _twin(value, memo) for name, value in vars(part).items()}
        vars(twin).update(state)
        return twin
    if kind in _CONTAINERS:
        twin = memo[id(part)] = copy(part)
        for place, value in part.items() if isinstance(part, dict) else enumerate(part):
            twin[place] = _twin(value, memo)
        return twin
    if kind is tuple:
        return tuple(_twin(value, memo) for value in part)
    if kind is MethodType:
        return MethodType(part.__func__, _twin(part.__self__, memo))
    if kind in (set, np.ndarray):
        memo[id(part)] = copy(part)
    elif kind is torch.Tensor and not part.requires_grad:  # else an optimizer may hold it
        memo[id(part)] = part.clone()
    return memo.get(id(part), part)
