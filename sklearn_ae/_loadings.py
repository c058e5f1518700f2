"""What PCA says of its components, and what stands in its place in nonlinear networks.

Computed when it is asked for: a fit pays nothing.
"""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._fitted import Fitted
from ._objectives import covariance, noise_variance
from ._sklearn._counts import validate_count
from ._truncate import truncated
from ._types import Floats, Size

__all__ = ["LoadingsMixin"]


class LoadingsMixin(ABC):
    """Attributes and methods that users of PCA write after ``pca.``."""

    _fitted: Fitted
    n_components: Size
    n_components_: int
    explained_variance_: Floats

    @abstractmethod
    def _with(self, fitted: Fitted) -> Self:
        """Return a copy with another fit."""

    @property
    def components_(self) -> Floats:
        """How a sample moves with each component, at the mean code.

        The decoder's derivative, a row for each component, in the units of the features
        by those of a component before whitening. NaN where a feature is a category.
        """
        check_is_fitted(self)
        return _components(self._fitted)

    @property
    def singular_values_(self) -> Floats:
        """Root of ``explained_variance_`` times n_samples - 1, for each component."""
        check_is_fitted(self)
        left = max(0.0, self._fitted.size - 1)
        return np.sqrt(np.maximum(self.explained_variance_, 0) * left)

    @property
    def noise_variance_(self) -> float:
        """Mean variance that codes leave out, for linear results and distributions.

        It is the variance of the samples in the remaining directions, as in
        ``PCA.noise_variance_``; with ``scaling="feature"`` the mean over features, each in
        its own units. For a VariationalAutoencoder it is the square of its noise level.
        """
        check_is_fitted(self)
        fitted = self._fitted
        if _is_distribution(fitted):
            return noise_variance(fitted) * float(np.mean(fitted.output_columns.scale_**2))
        _refuse_nonlinear(fitted, "noise_variance_")
        return float(_noise(fitted) * np.mean(fitted.output_columns.scale_**2))

    def truncate(self, n_components: int) -> Self:
        """Return a fitted copy whose components are the first ones of this fit's.

        Nothing is trained. With nested codes, see ``ordered``, the decoder has learnt to
        use only the first components; for a linear result the others stay at their mean.

        Parameters
        ----------
        n_components : int
            Number of components, at most ``n_components_``.

        Returns
        -------
        truncated : estimator of this class
            With ``n_components`` components, and a smaller pickle. Attributes of the
            training, such as ``validation_scores_``, are those of all components.

        Raises
        ------
        ValueError
            Codes are not nested and the result is not linear, or have fewer components.
        """
        check_is_fitted(self)
        validate_count("n_components", n_components, self.n_components_)
        other = self._with(truncated(self._fitted, int(n_components)))
        other.n_components = int(n_components)
        return other

    def get_covariance(self) -> Floats:
        """Return the covariance of the features by the model.

        For linear results it is as in ``PCA.get_covariance``: what the components explain,
        and noise of the same size in all other directions. For a VariationalAutoencoder it
        is the covariance of decoded points that represent the prior, plus its noise.

        Returns
        -------
        covariance : ndarray of shape (n_features_in_, n_features_in_)
            In the units of the features.

        Raises
        ------
        AttributeError
            The fit is neither PCA nor a normal distribution: it is nonlinear, has
            categories or missing cells, or is a VariationalAutoencoder with another loss
            than "mse".
        """
        check_is_fitted(self)
        fitted = self._fitted
        scale = fitted.output_columns.scale_
        if _is_distribution(fitted):
            return covariance(fitted)
        _refuse_nonlinear(fitted, "get_covariance")
        C, noise = _components(fitted), _noise(fitted)
        length = ((C / scale) ** 2).sum(axis=1)
        kept = np.maximum(fitted.axes_variance - noise / np.where(length > 0, length, 1), 0)
        return (C.T * kept) @ C + np.diag(np.broadcast_to(noise * scale**2, C.shape[1]))

    def get_precision(self) -> Floats:
        """Return the inverse of ``get_covariance()``.

        Returns
        -------
        precision : ndarray of shape (n_features_in_, n_features_in_)
            In the inverse units of the features.

        Raises
        ------
        AttributeError
            See ``get_covariance``.
        """
        return np.linalg.inv(self.get_covariance())


def _components(fitted: Fitted) -> np.ndarray:
    """Return the derivative of what is decoded by each component, at the mean code."""
    n = fitted.architecture.n_components
    mean = fitted.code_mean @ fitted.arrays["axes.weight"] + fitted.arrays["axes.bias"]

    def slope(network, loss, code, direction):
        return network.decode_slope(code, direction)

    rows = fitted.apply(slope, np.tile(mean, (n, 1)), np.eye(n), name="codes")
    table: Any = fitted.architecture.table
    if table is not None:
        rows[:, table.categories] = np.nan
    if fitted.whitens:
        spread = np.sqrt(fitted.axes_variance)
        rows = rows / np.where(spread > 0, spread, 1.0)[:, np.newaxis]
    return rows


def _is_distribution(fitted: Fitted) -> bool:
    """Return whether rows are normal around what a code is decoded to."""
    is_normal = fitted.loss == "mse" and fitted.architecture.table is None
    return is_normal and "log_scale" in fitted.arrays


def _noise(fitted: Fitted) -> float:
    """Return the variance per direction that is left out, in the network's units."""
    columns, n = fitted.output_columns, fitted.size
    n_left = min(len(columns.variance_), fitted.n_samples) - len(fitted.axes_variance)
    if n_left <= 0:
        return 0.0
    total = (columns.variance_ / columns.scale_**2).sum() * n / max(1, n - 1)
    lengths = ((_components(fitted) / columns.scale_) ** 2).sum(axis=1)
    left = total - fitted.axes_variance @ lengths
    return max(left, 0.0) / n_left


def _refuse_nonlinear(fitted: Fitted, name: str) -> None:
    """Raise AttributeError unless the result is PCA, or linear like it."""
    made_of = fitted.architecture
    is_pca = fitted.is_pca
    is_pca &= made_of.code_activation == made_of.output_activation == "identity"
    if not is_pca or made_of.table is not None:
        raise AttributeError(
            f"{name} is that of a normal distribution, and this fit is not PCA; expected a "
            "linear result of complete numbers, as of hidden_layer_sizes=(). Use "
            "numpy.cov(estimator.sample(10000).T) for the covariance of what codes keep."
        )
