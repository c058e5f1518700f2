"""What leaves an estimator: how it does, stands in ``_export``, which is above it."""

import os
from typing import TYPE_CHECKING, Any, Literal, Self

from sklearn.utils.validation import check_is_fitted

from ._fitted import Fitted
from ._plain import from_plain, to_plain

if TYPE_CHECKING:
    from onnx import ModelProto

    from ._columns import Table
    from ._numpy import NumpyAutoencoder

__all__ = ["ExportMixin"]

# What holds objects of ours, which pickles and skops then need not know by their names.
_OURS = "_fitted", "_table"


class ExportMixin:
    """Mixin of an estimator that can be saved, and used elsewhere."""

    _fitted: Fitted
    _table: "Table | None"

    def __getstate__(self) -> dict[str, Any]:
        scikit_learn: Any = super()
        state = dict(scikit_learn.__getstate__())
        for name in state.keys() & set(_OURS):
            state[name] = to_plain(state[name], _itself, other=_itself)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        for name in state.keys() & set(_OURS):
            state[name] = from_plain(state[name], _itself)
        scikit_learn: Any = super()
        scikit_learn.__setstate__(state)

    def __copy__(self) -> Self:
        # Not by the state: a shallow copy shares what is fitted, and the networks in it.
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other

    def save(self, path: str | os.PathLike) -> None:
        """Write the fitted estimator to a file that holds no code.

        One file of safetensors: arrays, with the parameters as JSON in its header.
        ``sklearn_ae.load`` reads it, and runs no code from it. A file at ``path``
        is kept until the whole new file is on the disk.

        The next ``partial_fit`` after loading continues as after a ``fit``: the rows that
        a stream keeps are not in the file. Callbacks are not either.

        Parameters
        ----------
        path : str or path-like
            Path of the file. An existing file is replaced.

        Raises
        ------
        ImportError
            The package safetensors is not installed.
        NotFittedError
            The estimator is not fitted.
        OSError
            The file cannot be written; an existing file is left as it is.
        ValueError
            A parameter is code: a user-supplied network, loss or noise. Or columns or
            categories have names or dtypes other than numbers and text, such as dates.

        See Also
        --------
        sklearn_ae.load : Read it.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> from sklearn_ae import AutoencoderTransformer, load
        >>> X = np.random.RandomState(0).rand(100, 4)
        >>> ae = AutoencoderTransformer(2, max_iter=2, random_state=0).fit(X)
        >>> ae.save(tempfile.mkdtemp() + "/ae.safetensors")
        """
        from ._export._file import save

        save(self, path)

    def to_numpy(self) -> "NumpyAutoencoder":
        """Return the fit as numpy arrays, for use where torch is not installed.

        The result has ``transform``, ``inverse_transform`` and ``reconstruct``, which agree
        with this estimator up to rounding errors. It can be pickled and saved to a file.
        Tables may have categories and missing cells, as in ``fit``. Names of columns that
        are neither text nor integers, such as dates and tuples, are not kept: then only
        the number of columns is checked, and not their order.

        Returns
        -------
        frozen : NumpyAutoencoder
            A copy: later fits do not change it.

        Raises
        ------
        ValueError
            The fit has a user-supplied ``encoder`` or ``decoder``, or categories that are
            neither text, booleans nor numbers, such as intervals of pandas.

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
        from ._numpy import from_fitted

        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        return from_fitted(self._fitted, names, self._table)

    def to_onnx(
        self, part: Literal["encode", "decode", "reconstruct"] = "encode"
    ) -> "ModelProto":
        """Return a part of the fit as a model of ONNX, for runtimes without Python.

        The model takes and returns float32 in the units of ``fit``, for any number of
        samples. NaN is a missing cell, if some cells of the fit were missing. It needs the
        package onnx, which the extra ``onnx`` installs. For pipelines use
        ``sklearn_ae.register_onnx``.

        If the fit had categories, the model has one input per column instead of "X", with
        the name of the column and of shape (n_samples, 1), and outputs named
        "<column>_hat" instead of "X_hat". Text goes in and comes out as strings, and an
        empty string is a missing cell, unless the fit had that category. Booleans are
        booleans, integers that are categories are int64, and all other columns float32.
        The columns of an array are called "x0", "x1", and so on. A name that is already
        taken gets an underscore at its end.

        Parameters
        ----------
        part : {"encode", "decode", "reconstruct"}, default="encode"
            "encode": what ``transform`` computes, from "X" to "codes". "decode": what
            ``inverse_transform`` computes, from "codes" to "X_hat". "reconstruct": both,
            from "X" to "X_hat".

        Returns
        -------
        model : onnx.ModelProto
            ``onnx.save(model, path)`` writes it to a file.

        Raises
        ------
        NotFittedError
            The estimator is not fitted.
        ValueError
            ``part`` is invalid; or the fit cannot be written as ONNX: it has an
            ``encoder`` or ``decoder`` of your own, a column with categories of more than
            one type, text and booleans for one, or missing cells in a table so wide that
            filling them takes too much memory.
        ImportError
            onnx is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_ae import AutoencoderTransformer
        >>> X = np.random.RandomState(0).normal(size=(100, 4))
        >>> model = AutoencoderTransformer(n_components=2, max_iter=2).fit(X).to_onnx()
        >>> [output.name for output in model.graph.output]
        ['codes']
        """
        from ._export._onnx import to_onnx

        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        return to_onnx(self._fitted, part, names, self._table)


def _itself(value: Any) -> Any:
    """Return ``value``: in memory an array needs nothing that stands for it."""
    return value
