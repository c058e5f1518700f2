"""NumpyAutoencoder: what was fitted, as plain arrays that encode and decode."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._format import find_fault, read_file, write_file
from ._road import Road
from ._table import Table, as_floats, check_names

__all__ = ["NumpyAutoencoder"]

# Processed at once, which bounds the memory: hidden layers may be wider than rows.
_ROWS_PER_PASS = 1024


@dataclass(frozen=True, eq=False, repr=False)
class NumpyAutoencoder:
    """A fitted autoencoder as numpy arrays, which needs neither torch nor skorch.

    It is made by ``to_numpy`` of a fitted estimator, or by ``load`` from a file. It encodes
    and decodes as the estimator does, up to rounding errors, and cannot be trained. It can
    be pickled; loading and using the pickle imports only numpy. Tables with categories go
    in as DataFrames, dicts of columns or arrays of objects, and come out as arrays.

    Parameters
    ----------
    settings : dict
        Sizes of layers, names of activations and of columns, categories, as in the file.
    arrays : dict of ndarray
        Weights and units of columns by name.

    See Also
    --------
    sklearn_ae.AutoencoderTransformer.to_numpy : Makes one.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_ae import AutoencoderTransformer, NumpyAutoencoder
    >>> X, y = load_digits(return_X_y=True)
    >>> ae = AutoencoderTransformer(n_components=8, max_iter=2, random_state=0).fit(X)
    >>> path = os.path.join(tempfile.mkdtemp(), "ae.npz")
    >>> ae.to_numpy().save(path)
    >>> frozen = NumpyAutoencoder.load(path)
    >>> frozen
    NumpyAutoencoder(n_features_in_=64, n_components_=8)
    >>> bool(abs(frozen.transform(X) - ae.transform(X)).max() < 1e-9)
    True
    """

    settings: dict[str, Any]
    arrays: dict[str, np.ndarray]
    _roads: dict[str, Road] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        fault = find_fault(self.settings, self.arrays)
        if fault is not None:
            raise ValueError(
                f"settings and arrays have {fault}; expected those of a fit. Make it by "
                "est.to_numpy(), or by NumpyAutoencoder.load(path)."
            )

    def __getstate__(self) -> dict[str, Any]:
        # Without what is built from both: a pickle holds each array once.
        return {"settings": self.settings, "arrays": self.arrays, "_roads": {}}

    def __repr__(self) -> str:
        sizes = f"n_features_in_={self.n_features_in_}, n_components_={self.n_components_}"
        return f"NumpyAutoencoder({sizes})"

    @property
    def n_features_in_(self) -> int:
        """Number of columns of a row."""
        return self.settings["n_features"]

    @property
    def n_components_(self) -> int:
        """Length of a code."""
        return self.settings["n_components"]

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return the codes of the samples in ``X``.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features), or dict
            Samples with the columns of the fit, in the same order and units; of a dict
            each value is a column, (n_samples,), in any order. Cells may be missing, as
            None, NaN or NA of pandas, if some were in the fit; columns of categories always
            may. A category that the fit had not counts as missing.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components_)
            Has dtype float32 if ``X`` is an array or DataFrame of float32, and the fit had
            no categories; otherwise float64.

        Raises
        ------
        ValueError
            ``X`` has other columns than the fit, by number, names or order; or cells of
            another kind, such as text in place of numbers; or infinite cells, or missing
            ones where the fit had none; or a result is not finite.
        """
        return self._apply("encode", self._rows(X), "X")

    def inverse_transform(self, codes: ArrayLike) -> NDArray[Any]:
        """Return the samples that ``codes`` represent.

        Parameters
        ----------
        codes : array-like of shape (n_samples, n_components_)
            As returned by ``transform``.

        Returns
        -------
        X_hat : ndarray of shape (n_samples, n_features)
            In the units of the fit. Has dtype float32 if ``codes`` has, otherwise float64.
            If the fit had categories that are no floats, text for one, it has dtype object.
            Numbers are floats there too, rounded for columns of integers and booleans as
            in the DataFrame of the estimator; decimals are not rounded. A column without
            any value in the fit is NaN.

        Raises
        ------
        ValueError
            ``codes`` are not a table of finite numbers with ``n_components_`` columns, or a
            result is not finite.
        """
        codes = _numbers(codes, "codes", self.n_components_)
        return self._cells(self._apply("decode", codes, "codes"))

    def reconstruct(self, X: ArrayLike) -> NDArray[Any]:
        """Return ``inverse_transform(transform(X))`` in one call.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features), or dict
            Samples with the columns of the fit, as in ``transform``.

        Returns
        -------
        X_hat : ndarray of shape (n_samples, n_features)
            Reconstructions, as in ``inverse_transform``.

        Raises
        ------
        ValueError
            As in ``transform``.
        """
        return self._cells(self._apply("reconstruct", self._rows(X), "X"))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a file that ``load`` reads, in numpy's format .npz, without pickle.

        The file is written as a whole or not at all, even if writing is interrupted.

        Parameters
        ----------
        path : str or path
            Exact path of the file; an existing file is replaced.
        """
        write_file(path, self.settings, self.arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Return what ``save`` wrote to a file. No code in it is run.

        Parameters
        ----------
        path : str or path
            Path of the file.

        Returns
        -------
        frozen : NumpyAutoencoder
            As it was saved.

        Raises
        ------
        ValueError
            The file is of another kind, or is damaged.
        OSError
            There is no file, or it cannot be opened.
        """
        return cls(*read_file(path))

    @cached_property
    def _table(self) -> Table:
        return Table(self.settings)

    def _rows(self, X: Any) -> np.ndarray:
        """Return ``X`` as rows of numbers, or raise ValueError."""
        may_lack = self.settings["rank"] is not None
        if "columns" in self.settings or isinstance(X, dict):
            X = self._table.read(X)
        elif hasattr(X, "columns"):
            check_names(list(X.columns), self.settings["feature_names"])
        return _numbers(X, "X", self.n_features_in_, may_lack)

    def _cells(self, rows: np.ndarray) -> np.ndarray:
        """Return rows of numbers as the cells of a table, where these are different."""
        return self._table.write(rows) if "columns" in self.settings else rows

    def _apply(self, name: str, x: np.ndarray, of: str) -> np.ndarray:
        """Return what the road makes of all rows, some at a time."""
        # Integers, and floats of other sizes, are computed in float64.
        dtype = "float32" if x.dtype == np.float32 else "float64"
        if dtype not in self._roads:
            # Threads that build at once all build the same.
            self._roads[dtype] = Road(self.settings, self.arrays, dtype)
        function = getattr(self._roads[dtype], name)
        with np.errstate(all="ignore"):  # the error below says more
            parts = [
                function(x[start : start + _ROWS_PER_PASS].astype(dtype, copy=False))
                for start in range(0, len(x), _ROWS_PER_PASS)
            ]
        result = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if not np.isfinite(result).all():
            self._check_range(name, result, x, of)
        return result

    def _check_range(self, name: str, result: np.ndarray, x: np.ndarray, of: str) -> None:
        """Raise ValueError for a result that is no finite number and should be one."""
        if name != "encode":
            # A column without any value in the fit stays missing.
            result = result[:, ~np.isnan(self.arrays["units_out.float64"][0])]
        if not np.isfinite(result).all():
            largest = float(np.fmax.reduce(np.abs(x), axis=None))
            raise ValueError(
                f"{of} has values up to {largest:.3g}, for which a result "
                f"is no longer a finite number in {result.dtype}; expected values nearer "
                f"to those of the fit. Pass {of} as float64, or in the units of the fit."
            )


def _numbers(X: Any, name: str, n_columns: int, may_lack: bool = False) -> np.ndarray:
    """Return ``X`` as finite numbers, (n_rows, n_columns), or raise ValueError."""
    rows: Any
    try:
        rows = np.asarray(X)
        if rows.dtype.kind not in "fiub":
            cells = rows.ravel().tolist() if rows.dtype.kind == "O" else None
            rows = None if cells is None else as_floats(cells).reshape(rows.shape)
    except Exception:  # of whatever X is
        rows = None
    if rows is None or rows.ndim != 2 or rows.shape[1] != n_columns or not len(rows):
        what = f"is a {type(X).__name__}" if rows is None else f"has shape {rows.shape}"
        raise ValueError(
            f"{name} {what}; expected numbers of shape (n_samples, {n_columns}), and one "
            f"sample or more. Pass {name}.reshape(1, -1) for one sample, "
            f"{name}.toarray() of a sparse one."
        )
    # NaN is a missing cell.
    if np.isinf(rows).any() if may_lack else not np.isfinite(rows).all():
        raise ValueError(
            f"{name} has missing or infinite cells; expected finite numbers, as in the "
            "fit. Leave these rows out, or fill the cells before."
        )
    return rows
