"""BaseAutoencoder: the scikit-learn contract and the road X -> code -> X_hat."""

import warnings
from abc import ABCMeta, abstractmethod
from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from ._architecture import check_domain, is_linear, resolve_architecture
from ._columns import Scaler
from ._fitted_network import FittedNetwork, foreign_draws, n_multiplications
from ._pca import principal_axes, start_at_pca
from ._training import (
    OPTIMIZERS,
    SCHEDULES,
    limited_threads,
    make_generator,
    make_training_net,
    rows_per_batch,
)
from ._validation import (
    Interval,
    StrOptions,
    fits,
    fresh_random_state,
    validate_codes,
    validate_rows,
)
from ._version import __version__
from .nn import LOSSES

__all__ = ["BaseAutoencoder"]

_ACTIVATIONS = {"identity", "relu", "silu", "gelu", "elu", "tanh", "logistic"}
_COUNT = Interval(Integral, 1, None, closed="left")

_FEWEST_ROWS_TO_SPLIT = 10  # with fewer, none is spared for validation


class BaseAutoencoder(
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """What all autoencoders share.

    A final class lists its parameters and answers which network and which loss.
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
    def _make_loss(loss):
        """Which loss: return a ReconstructionLoss."""

    # -- fitting -------------------------------------------------------------

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
        continues = self.warm_start and self.__sklearn_is_fitted__()
        with _all_or_nothing(self):
            X = validate_rows(self, X, reset=not continues)
            check_domain(self.loss, X)
            random_state = fresh_random_state(self.random_state)
            self._fix_architecture(X, continues)
            if not continues:
                self._fit_columns(X)
            linear = is_linear(self._architecture, self.loss)
            # PCA in closed form keeps the digits of the data; training is in float32.
            dtype = X.dtype if linear else np.float32
            X_scaled, target = self._to_network_units(X, dtype)
            seed = int(random_state.randint(np.iinfo(np.int32).max))
            work = n_multiplications(self._architecture)
            work *= rows_per_batch(self.batch_size, len(X))
            with (
                limited_threads(work),
                foreign_draws(self._architecture, self.loss, seed=seed),
            ):
                net = self._make_net(seed, len(X), continues)
                net.compute_in(X_scaled.dtype)
                self._set_start(net, X_scaled, target, seed, continues and not linear)
                if not linear:
                    self._train(net, X_scaled, target, random_state)
                self._record(net, X_scaled)
        return self

    def _fix_architecture(self, X, continues):
        n_components = self.n_components
        if continues and n_components is None:
            n_components = self.n_components_
        architecture = resolve_architecture(self, X, n_components)
        if continues and architecture != self._architecture:
            changed = [k for k, v in architecture.items() if v != self._architecture[k]]
            raise ValueError(
                f"warm_start=True found {', '.join(changed)} changed since the last fit; "
                "expected the network that it continues. Set the old values, or "
                "warm_start=False to start anew."
            )
        self._architecture = architecture
        self.n_components_ = architecture["n_components"]

    def _fit_columns(self, X):
        self._columns = Scaler(self.scaling).fit(X)
        # A bent output speaks in units of its own: the data's, or for an output of one
        # sign any multiple of them.
        output = self._architecture["output_activation"]
        if output == "identity":
            self._output_columns = self._columns
        else:
            kind = None if output in ("logistic", "tanh") else "magnitude"
            self._output_columns = Scaler(kind).fit(X)
        self.mean_, self.scale_ = self._columns.mean_, self._columns.scale_

    def _to_network_units(self, X, dtype):
        """Return what goes into the network and what should come out of it."""
        X_scaled = self._columns.transform(X, dtype)
        if self._output_columns is self._columns:
            return X_scaled, X_scaled
        return X_scaled, self._output_columns.transform(X, dtype)

    def _make_net(self, seed, n_rows, continues):
        generator = make_generator(seed)
        trust_start = continues or self._architecture["linear_skip"]
        network = self._make_network(self._architecture, generator)
        return make_training_net(
            self,
            network,
            self._make_loss(self.loss),
            generator,
            n_rows=n_rows,
            trust_start=trust_start,
        )

    def _set_start(self, net, X_scaled, target, seed, continues):
        """Give the network the weights that training starts from."""
        if continues:
            net.load_arrays(
                {k: v for k, v in self._network.arrays.items() if "axes" not in k}
            )
            return
        self._code_unit = np.ones(self.n_components_)
        if self._architecture["linear_skip"]:
            code_activation = self._architecture["code_activation"]
            spread = start_at_pca(net, X_scaled, target, code_activation, seed)
            if code_activation == "identity":
                self._code_unit = spread
        if self.scaling == "global":
            self._code_unit = self._code_unit * self.scale_[0]

    def _train(self, net, X_scaled, target, random_state):
        n_rows = len(X_scaled)
        n_valid = 0
        if self.early_stopping and n_rows >= _FEWEST_ROWS_TO_SPLIT:
            n_valid = min(max(1, round(self.validation_fraction * n_rows)), n_rows - 1)
        order = random_state.permutation(n_rows)
        valid, train = order[:n_valid], order[n_valid:]
        pairs = []
        for rows in (train, valid):
            part = X_scaled[rows]
            pairs += [part, part if target is X_scaled else target[rows]]
        net.train_on(*pairs, cell_weights=self._output_columns.scale_)

    def _record(self, net, X_scaled):
        """Keep what the fitted estimator is: arrays, settings and the story of the fit."""
        best = net.best_weights
        self.n_samples_ = len(X_scaled)
        self.n_iter_ = len(net.history)
        self.best_iter_ = best.best_epoch_
        self.loss_curve_ = [epoch["train_loss"] for epoch in net.history]
        self.validation_scores_ = best.scores_ if best.chooses_ else None
        axes = principal_axes(
            net.encode(X_scaled),
            X_scaled,
            self._code_unit,
            rotate=self._architecture["code_activation"] == "identity",
            whiten=self.whiten,
        )
        arrays = {**net.to_arrays(), **axes}
        self._network = FittedNetwork(
            type(self), self._architecture, self.loss, arrays, self.device
        )

    # -- using ---------------------------------------------------------------

    def transform(self, X):
        """Return the codes of the rows of ``X``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components_)
            float32 if ``X`` is, else float64.
        """
        check_is_fitted(self)
        return self._encode(validate_rows(self, X, reset=False))

    def inverse_transform(self, codes):
        """Return the rows that ``codes`` stand for, in the user's units.

        Parameters
        ----------
        codes : array-like of shape (n_samples, n_components_)
            As ``transform`` gives them.

        Returns
        -------
        X_hat : ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        return self._decode(validate_codes(self, codes))

    def reconstruct(self, X):
        """Return ``inverse_transform(transform(X))`` in one call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        X_hat : ndarray of shape (n_samples, n_features)
            In the user's units.
        """
        check_is_fitted(self)
        return self._reconstruct(validate_rows(self, X, reset=False))

    def score(self, X, y=None):
        """Return the share of the variance of ``X`` that its reconstruction keeps.

        ``1 - sum((X - X_hat) ** 2) / sum((X - X.mean(axis=0)) ** 2)`` over the cells of
        all columns that vary, in the user's units: scikit-learn's ``r2_score(X, X_hat,
        multioutput="variance_weighted")``. It is the same scale whatever ``loss`` is,
        so that a grid search can compare losses.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : Ignored

        Returns
        -------
        score : float
            1 is perfect, 0 is no better than telling the mean of ``X``.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        return r2_score(X, self._reconstruct(X), multioutput="variance_weighted")

    def score_samples(self, X):
        """Return minus the loss of each row: the higher, the more like the training rows.

        ``-mean(loss(X_scaled, X_hat_scaled))`` over the columns of a row, with the loss
        and the units in which training measures it; see ``loss`` and ``scaling``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        check_domain(self._network.loss, X)
        return -self._network.apply(self._row_losses, X, None)

    def _encode(self, X):
        return self._network.apply(self._encode_rows, X, self.n_components_)

    def _encode_rows(self, net, X):
        return net.encode(self._columns.transform(X))

    def _decode(self, codes):
        return self._network.apply(self._decode_rows, codes, self.n_features_in_)

    def _decode_rows(self, net, codes):
        return self._output_columns.inverse_transform(net.decode(codes))

    def _reconstruct(self, X):
        return self._network.apply(self._reconstruct_rows, X, self.n_features_in_)

    def _reconstruct_rows(self, net, X):
        X_hat = net.reconstruct(self._columns.transform(X))
        return self._output_columns.inverse_transform(X_hat)

    def _row_losses(self, net, X):
        return net.row_losses(*self._to_network_units(X, X.dtype))

    @property
    def net_(self):
        """The skorch net, in float32, rebuilt from the fitted arrays when asked for."""
        check_is_fitted(self)
        return self._network.net("float32")

    @property
    def _n_features_out(self):
        return self.n_components_

    # -- scikit-learn's protocols --------------------------------------------

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_network")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __getstate__(self):
        return dict(super().__getstate__(), _sklearn_ae_version=__version__)

    def __setstate__(self, state):
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
