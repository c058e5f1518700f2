"""ExportMixin: a fit in forms that other programs use."""

from abc import ABC
from typing import TYPE_CHECKING

from sklearn.utils.validation import check_is_fitted

from ._fitted import Fitted

if TYPE_CHECKING:
    from ._export import NumpyAutoencoder

__all__ = ["ExportMixin"]


class ExportMixin(ABC):
    """Methods that give a fit away."""

    _fitted: Fitted

    def to_numpy(self) -> "NumpyAutoencoder":
        """Return the fit as numpy arrays, for use where torch is not installed.

        What comes back has ``transform``, ``inverse_transform`` and ``reconstruct``, with
        the results of this estimator to rounding errors; it pickles, and saves to a file.

        Returns
        -------
        frozen : NumpyAutoencoder
            A copy: later fits do not change it.

        Raises
        ------
        ValueError
            The fit has an ``encoder`` or a ``decoder`` of your own, columns of categories,
            or columns of missing cells alone.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from sklearn_ae import AutoencoderTransformer
        >>> X, y = load_digits(return_X_y=True)
        >>> ae = AutoencoderTransformer(n_components=8, max_iter=2, random_state=0)
        >>> frozen = ae.fit(X).to_numpy()
        >>> frozen.transform(X[:5]).shape
        (5, 8)
        """
        check_is_fitted(self)
        from ._export import from_fitted

        return from_fitted(self._fitted, getattr(self, "feature_names_in_", None))
