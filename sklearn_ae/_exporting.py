"""What leaves an estimator: a file. How, stands in ``_export``, which is above it."""

import os
from typing import Any, Self

from ._plain import from_plain, to_plain

__all__ = ["ExportMixin"]

# What holds objects of ours, which pickles and skops then need not know by their names.
_OURS = "_fitted", "_table"


class ExportMixin:
    """Mixin of an estimator that can be saved."""

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
        ``sklearn_ae.load`` reads it, and runs nothing that is in it. What was at ``path``
        stays until the whole new file is on the disk.

        The next ``partial_fit`` of what is loaded goes on as after a ``fit``: the rows that
        a stream keeps are not in the file. Callbacks are not either.

        Parameters
        ----------
        path : str or path-like
            Where to. A file that is there is replaced.

        Raises
        ------
        ImportError
            The package safetensors is not installed.
        NotFittedError
            The estimator is not fitted.
        OSError
            The file cannot be written; what was there is left as it is.
        ValueError
            A parameter is code: a network, a loss or noise of one's own.

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


def _itself(value: Any) -> Any:
    """Return ``value``: in memory an array needs nothing that stands for it."""
    return value
