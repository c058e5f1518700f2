"""BaseAutoencoder: the scikit-learn contract and the road X -> code -> X_hat."""

import warnings
from abc import ABCMeta, abstractmethod
from contextlib import contextmanager
from copy import copy
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.metrics import r2_score
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from ._architecture import (
    check_loss_domain,
    check_output_range,
    code_size,
    resolve_architecture,
)
from ._callbacks import CallbackSupportMixin, FitTask, with_callbacks
from ._code_density import DENSITIES
from ._fitted_network import FittedNetwork, is_mse
from ._html import DrawnNetworkMixin
from ._linear import principal_axes
from ._start import linear_start
from ._training import (
    OPTIMIZERS,
    PRECISIONS,
    SCHEDULES,
    make_generator,
    make_training_net,
    may_loosen,
    rows_per_batch,
)
from ._validation import (
    Interval,
    StrOptions,
    fits,
    fresh_random_state,
    validate_clean_rows,
    validate_codes,
    validate_count,
    validate_rows,
)
from ._version import __version__
from .nn import ACTIVATIONS, LOSSES, UserNoise

__all__ = ["BaseAutoencoder"]

_ACTIVATIONS = set(ACTIVATIONS) - {"softplus"}  # which "auto" alone takes
_COUNT = Interval(Integral, 1, None, closed="left")

_FEWEST_ROWS_TO_SPLIT = 3  # two to validate, one to train


class BaseAutoencoder(
    DrawnNetworkMixin,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """What all autoencoders share.

    A final class lists its parameters and answers which network, which loss and which
    corruption. It may answer otherwise where training starts, and how codes are shown.
    """

    _parameter_constraints: dict = {
        "n_components": [_COUNT, None],
        "hidden_layer_sizes": ["array-like", _COUNT],
        "decoder_hidden_layer_sizes": ["array-like", _COUNT, None],
        "activation": [StrOptions(_ACTIVATIONS)],
        "code_activation": [StrOptions(_ACTIVATIONS)],
        "output_activation": [StrOptions(_ACTIVATIONS | {"auto"})],
        "loss": [StrOptions(set(LOSSES)), callable],
        "init": [StrOptions({"pca", "random"})],
        "scaling": [StrOptions({"global", "feature"}), None],
        "whiten": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions(set(OPTIMIZERS)), type],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "learning_rate": [StrOptions(set(SCHEDULES))],
        "batch_size": [StrOptions({"auto"}), _COUNT],
        "max_iter": [_COUNT],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [_COUNT],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "warm_start": ["boolean"],
        "encoder": [callable, None],
        "decoder": [callable, None],
        "device": [str],
        "precision": [StrOptions(set(PRECISIONS))],
        "callbacks": [list, tuple, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    # -- what a final class answers ------------------------------------------

    @staticmethod
    @abstractmethod
    def _make_network(architecture, generator):
        """Which network: return a module, its weights drawn from ``generator``."""

    @staticmethod
    @abstractmethod
    def _make_loss(loss, unit):
        """Which loss: return a ReconstructionLoss.

        ``unit`` is what one unit of the network's output is worth, for losses that count.
        """

    @abstractmethod
    def _make_corruption(self, n_features, has_pairs):
        """Which corruption: return what falls on rows in training, or None.

        ``has_pairs`` tells whether rows are noisy as they come.
        """

    # -- fitting -------------------------------------------------------------

    @with_callbacks
    @fits
    def fit(self, X, y=None):
        """Learn to encode and decode the rows of ``X``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows, in any units; see ``scaling``.
        y : Ignored
            May be of any type, so that the estimator stands in front of a classifier.

        Returns
        -------
        self : object
            The fitted estimator. After an error it is as it was before.

        Raises
        ------
        ValueError
            ``X`` or a parameter cannot be used; the message names the way out.
        ConvergenceError
            Training diverged.
        """
        return self._fit(X, y, None)

    def _fit(self, X, y, X_clean):
        """Fit to rows that are their own target, or to noisy rows and clean ones."""
        has_pairs = X_clean is not None
        task = FitTask(self, X, y, X_clean)
        with _all_or_nothing(self):
            last = self._network_to_continue()
            X = validate_rows(self, X, reset=last is None)
            X_clean = validate_clean_rows(self, X_clean, X) if has_pairs else X
            corruption = self._make_corruption(X.shape[1], has_pairs)
            network = self._plan_network(X, X_clean, last)
            network.removes_noise = has_pairs or corruption is not None
            random_state = fresh_random_state(self.random_state)
            network.seed = int(random_state.randint(np.iinfo(np.int32).max))
            with self._borrowed_globals(network, corruption, len(X)):
                net = self._make_net(network, corruption, len(X), task.epochs)
                # A linear start keeps all digits; training sees those of float32.
                dtype = np.float64 if network.starts_linear else np.float32
                X_scaled, target = network.to_network_units(X, X_clean, dtype)
                train, valid = self._split(len(X), random_state)
                net.measure_noise(X_scaled, network.columns.offset_, network.columns.scale_)
                start = self._set_start(net, network, X_scaled, target, train)
                task.describe = partial(self._as_it_is, net, network, X_scaled, start)
                if not network.is_closed_form:
                    weights = network.output_columns.scale_
                    net.train_on(
                        X_scaled, target, train=train, valid=valid, cell_weights=weights
                    )
                self._keep_weights(net, network, X_scaled, target, start)
                network.verify(net, X_scaled)
            self._record(network, net, len(X))
            task.end()
        return self

    def _network_to_continue(self):
        """Return what a warm start goes on from, or None: what is linear starts anew."""
        if not (self.warm_start and self.__sklearn_is_fitted__()):
            return None
        last = self._network
        becomes_linear = last.architecture.is_linear and is_mse(self.loss)
        return None if last.stays_linear or becomes_linear else last

    def _plan_network(self, X, X_clean, last) -> FittedNetwork:
        """Return the network to be: architecture, columns, and old weights if any."""
        name = "X" if X_clean is X else "X_clean"
        check_loss_domain(self.loss, X_clean, name)
        n_components = self.n_components
        if last is None:
            n_components = code_size(n_components, X)
        elif n_components is None:
            n_components = last.architecture.n_components
        architecture = resolve_architecture(self, X.shape[1], n_components)
        check_output_range(architecture.output_activation, X_clean, name)
        network = FittedNetwork(type(self), architecture, self.loss, self.device)
        if last is None:
            network.fit_columns(X, X_clean, self.scaling)
        else:
            network.continue_from(last, self.scaling)
        return network

    def _borrowed_globals(self, network, corruption, n_rows):
        """Borrow what is global in torch, for code of the user's own too."""
        is_foreign = any(map(callable, (self.encoder, self.decoder, self.loss)))
        is_foreign = is_foreign or isinstance(corruption, UserNoise)
        batch_size = rows_per_batch(self.batch_size, n_rows)
        return network.borrowed_globals(batch_size, is_foreign)

    def _make_net(self, network, corruption, n_rows, epoch_tasks):
        generator = make_generator(network.seed)
        return make_training_net(
            self,
            self._make_network(network.architecture, generator),
            network.make_loss(),
            corruption,
            generator,
            n_rows=n_rows,
            starts_linear=network.starts_linear,
            may_loosen=may_loosen(self, network),
            n_multiplications=network.architecture.n_multiplications,
            farthest_mean=network.farthest_mean,
            epoch_tasks=epoch_tasks,
        )

    def _split(self, n_rows, random_state):
        """Return the rows to train on, and those that choose the epoch."""
        n_valid = 0
        if self.early_stopping and n_rows >= _FEWEST_ROWS_TO_SPLIT:
            # Two rows at least: from one, no chance can be told.
            n_valid = min(max(2, round(self.validation_fraction * n_rows)), n_rows - 1)
        order = random_state.permutation(n_rows)
        return order[n_valid:], order[:n_valid]

    def _set_start(self, net, network, X_scaled, target, train):
        """Give the network the weights that training starts from; return linear ones."""
        if not network.starts_linear:
            net.load_arrays(network.arrays, "float32")
            return None
        if self._start_flatters(network) and not network.is_closed_form:
            X_scaled, target = X_scaled[train], target[train]
        return self._linear_start(net, network, X_scaled, target)

    def _linear_start(self, net, network, X_scaled, target):
        """Put ``net`` at the best that is linear; return its weights."""
        return linear_start(net, network, X_scaled, target)

    def _start_flatters(self, network):
        """Tell whether a start judges the rows that it has seen far better than others.

        A regression does, more than PCA.
        """
        return network.removes_noise

    def _keep_weights(self, net, network, X_scaled, target, start):
        """Turn the weights that training left into arrays."""
        network.arrays = net.to_arrays()
        network.stays_linear = start is not None and net.best_weights.best_epoch_ == 0
        if network.stays_linear:
            if self._start_flatters(network) and not network.is_closed_form:
                start = self._linear_start(net, network, X_scaled, target)  # of all rows
            net.load_arrays(start.weights, "float64")  # to the last digit
            network.arrays |= start.weights
        self._describe(net, network, X_scaled, start)
        network.fit_density()

    def _describe(self, net, network, X_scaled, start):
        """Turn codes to the axes in which users see them, and tell where they lie."""
        network.n_parameters = net.n_parameters
        if start is not None:
            network.code_unit = network.code_unit * start.code_unit
        codes = net.encode(X_scaled)
        network.code_variance = codes.var(axis=0, dtype=np.float64)
        axes, network.explained_variance = self._code_axes(network, codes, X_scaled)
        network.arrays |= axes
        codes = self._codes_to_follow(net, network, X_scaled, codes)
        network.set_density(DENSITIES[self.sampler](), codes)

    def _codes_to_follow(self, net, network, X_scaled, codes):
        """Return codes whose density is that of new rows, one for each of ``X_scaled``."""
        return codes

    def _code_axes(self, network, codes, X_scaled):
        """Return the axes in which users see ``codes``, and the variance along each."""
        # Codes of PCA lie on principal axes; those of an activation mean what they are.
        stays_pca = network.stays_linear and not network.removes_noise
        rotate = not (stays_pca or network.architecture.has_bent_code)
        return principal_axes(
            codes, X_scaled, network.code_unit, rotate=rotate, whiten=self.whiten
        )

    def _as_it_is(self, net, network, X_scaled, start):
        """Return what the fitted attributes are with the weights of the present epoch."""
        fitted, network = copy(self), copy(network)
        with net.best_weights.average_.in_place():
            network.arrays = net.to_arrays()
            fitted._describe(net, network, X_scaled, start)
        fitted._record(network, net, len(X_scaled))
        fitted.best_iter_ = fitted.n_iter_
        return vars(fitted)

    def _record(self, network, net, n_rows):
        """Keep the network and the story of its fit."""
        self._network = network
        self.n_components_ = network.architecture.n_components
        self.n_samples_ = n_rows
        self.explained_variance_ = network.explained_variance
        self.mean_, self.scale_ = network.columns.mean_, network.columns.scale_
        self.n_iter_ = len(net.history)
        self.best_iter_ = net.best_weights.best_epoch_
        self.loss_curve_ = [epoch["train_loss"] for epoch in net.history]
        best = net.best_weights
        self.validation_loss_curve_ = list(best.losses_) if best.chooses_ else None
        self.validation_scores_ = list(best.scores_) if best.chooses_ else None

    # -- using ---------------------------------------------------------------

    def transform(self, X):
        """Return the codes of the rows of ``X``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns of ``fit``, in the same units.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components_)
            As float32 if ``X`` is, else as float64.
        """
        check_is_fitted(self)
        return self._network.encode(validate_rows(self, X, reset=False))

    def inverse_transform(self, codes):
        """Return the rows that ``codes`` stand for, in the user's units.

        Parameters
        ----------
        codes : array-like of shape (n_samples, n_components_)
            As ``transform`` gives them.

        Returns
        -------
        X_hat : ndarray of shape (n_samples, n_features)
            As float32 if ``codes`` are, else as float64.
        """
        check_is_fitted(self)
        return self._network.decode(validate_codes(self, codes))

    def reconstruct(self, X):
        """Return ``inverse_transform(transform(X))`` in one call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns of ``fit``, in the same units.

        Returns
        -------
        X_hat : ndarray of shape (n_samples, n_features)
            In the user's units.
        """
        check_is_fitted(self)
        return self._network.reconstruct(validate_rows(self, X, reset=False))

    def score(self, X, y=None):
        """Return the share of the variance of ``X`` that its reconstruction keeps.

        ``1 - sum((X - X_hat) ** 2) / sum((X - X.mean(axis=0)) ** 2)`` over the cells of
        all columns that vary, in the user's units: scikit-learn's ``r2_score(X, X_hat,
        multioutput="variance_weighted")``. It is the same scale whatever ``loss`` is,
        so that a grid search can compare losses.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to rebuild, best those that ``fit`` has not seen.
        y : Ignored
            May be of any type; a grid search passes it on.

        Returns
        -------
        score : float
            1 is perfect, 0 is no better than telling the mean of ``X``.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        return self._r2(X, X)

    def _r2(self, X, X_clean):
        X_hat = self._network.reconstruct(X)
        # float64: the squares of float32 data of extreme size overflow or vanish.
        return r2_score(
            X_clean.astype(np.float64),
            X_hat.astype(np.float64),
            multioutput="variance_weighted",
        )

    def score_samples(self, X):
        """Return minus the loss of each row: the higher, the more like the training rows.

        ``-mean(loss(X_scaled, X_hat_scaled))`` over the columns of a row, with the loss
        and the units in which training measures it; see ``loss`` and ``scaling``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to rebuild.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            For "mse", "mae" and "huber" at most 0, which is a row rebuilt without error.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        return self._row_scores(X, X)

    def _row_scores(self, X, X_clean):
        name = "X" if X_clean is X else "X_clean"
        check_loss_domain(self._network.loss, X_clean, name)
        return -self._network.row_losses(X, X_clean)

    def sample(self, n_samples=1, *, random_state=None):
        """Return new rows: codes that are drawn, decoded.

        They are what the codes stand for, as reconstructions are, without what codes leave
        out; see ``sampler``.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        random_state : int or RandomState instance, default=None
            Draws the codes. An int gives the same rows again; with None they are others
            in every call. Global random states are neither read nor changed.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features)
            In the user's units.

        Raises
        ------
        ValueError
            ``n_samples`` is no count, or ``random_state`` no seed.
        """
        check_is_fitted(self)
        validate_count("n_samples", n_samples)
        return self._network.draw(n_samples, fresh_random_state(random_state))

    @property
    def net_(self):
        """The skorch net in float32, for a look and for predictions in scaled units.

        It is rebuilt from the fitted arrays when asked for: it predicts, but has no
        optimizer, history or data to train on.
        """
        check_is_fitted(self)
        return self._network.net("float32")

    @property
    def _n_features_out(self):
        return self.n_components_

    # -- scikit-learn's protocols --------------------------------------------

    __metadata_request__inverse_transform = {"codes": UNUSED}  # they are no metadata

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_network")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __getstate__(self):
        return dict(super().__getstate__(), _sklearn_ae_version=__version__)

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_sklearn_ae_version", "unknown")
        if version != __version__:
            warnings.warn(
                f"This {type(self).__name__} was saved with sklearn_ae version {version} "
                f"and is loaded with version {__version__}; expected the same version. "
                "It may fail or give other results: fit it again, or install the version "
                "that saved it.",
                UserWarning,
                stacklevel=2,
            )
        super().__setstate__(state)


@contextmanager
def _all_or_nothing(estimator):
    """Put the attributes of ``estimator`` back if the block raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
