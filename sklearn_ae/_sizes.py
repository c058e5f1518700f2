"""How many components a fit is to have: for a share of the variance, or as PCA finds."""

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import numpy as np

from ._columns import Response, ScaledRows, rows_at
from ._fit import Fit
from ._fitted import Fitted
from ._objectives import Objective, Reconstruction
from ._plan import Plan, make_plan
from ._scores import score

__all__ = ["TO_BE_FOUND", "SizeSearch"]

TO_BE_FOUND = float, str  # what is no number of components, but finds one

# Fits of different sizes: each takes as long as the one that is kept, unless it is linear.
_MOST_FITS, _MOST_LINEAR_FITS = 4, 12
# Of so many components PCA says what they explain; of tables of fewer, where each level
# costs a regression on all of them. What further ones leave falls at an even rate.
_MOST_COMPONENTS, _MOST_OF_LEVELS = 500, 32
# Rows that tell what a fit explains where none are left out for that.
_MOST_ROWS = 5000
# What is left unexplained, as a share of what PCA leaves, before any network is fitted.
_SHARE_OF_PCA = 0.6


class SizeSearch:
    """Finds the number of components for one table, by fits of other sizes.

    Parameters
    ----------
    settings : object
        Has the parameters that all estimators share as attributes. Every fit draws from a
        copy of its RandomState, so that all have the same validation rows.
    objective : Objective
    X : ndarray of shape (n_samples, n_features)
    X_clean : ndarray of shape (n_samples, n_features) or None
        Target of the reconstruction. None uses ``X``.
    n_levels : tuple of int
        See TableLayout; empty for complete numbers.
    weight : ndarray of shape (n_samples,) or None
    own_rows : tuple of ndarray (X_val, X_clean_val), or None
    response : Response or None

    Attributes
    ----------
    complaint_ : str or None
        What a user should know of the size that was found.
    """

    def __init__(
        self,
        settings: Any,
        objective: Objective,
        X: np.ndarray,
        X_clean: np.ndarray | None,
        *,
        n_levels: tuple[int, ...],
        weight: np.ndarray | None,
        own_rows: tuple[np.ndarray, np.ndarray | None] | None = None,
        response: Response | None = None,
    ):
        self.settings, self.objective = settings, objective
        self.X, self.X_clean = X, X_clean
        self.n_levels, self.weight, self.own_rows = n_levels, weight, own_rows
        self.response = response
        self.complaint_: str | None = None

    def find(self) -> int:
        """Return the number of components that ``settings.n_components`` asks for."""
        wanted = self.settings.n_components
        if isinstance(wanted, str):
            return self._by_likelihood()
        share = float(wanted)
        plan = self._plan(None)
        most = plan.architecture.n_components
        if self.own_rows is not None and len(self.own_rows[0]) < 2:
            raise ValueError(
                f"n_components={share:g} and X_val of one row, which has no variance; "
                "expected two rows or more, to find what codes explain. Give more rows, or "
                "a number of components."
            )
        if most == 1:
            return 1
        is_pca = plan.is_closed_form and self.objective.starts_at_pca and not self.n_levels
        rest = 1 - np.cumsum(self._explained_by_pca(most, are_all_told=is_pca))
        # PCA's own rule: the first number of components that explains more.
        is_more = np.flatnonzero(1 - rest > share)
        of_pca = int(is_more[0]) + 1 if len(is_more) else most
        if is_pca:
            return of_pca
        known = self._try_sizes(share, rest, plan)
        for size in sorted({max(of_pca, *known), most} - set(known)):
            if not any(found >= share for found in known.values()):
                known[size] = self._explained(*self._fit(size))
        enough = [size for size, found in known.items() if found >= share]
        if not enough:
            self._complain(share, most, known[most])
        return min(enough, default=most)

    def _try_sizes(self, share: float, rest: np.ndarray, plan: Plan) -> dict[int, float]:
        """Return what fits of some sizes explain: the last ones are next to each other.

        Each is where the share would be reached if what is left, on a logarithmic scale,
        differed from PCA's as it does at the sizes before.
        """
        most = plan.architecture.n_components
        wanted = np.log(1 - share)
        known: dict[int, float] = {}
        below, above = 0, most + 1
        offsets = {0: np.log(_SHARE_OF_PCA)}
        of_pca = _log(rest)
        fall = of_pca[-1] / len(of_pca)
        of_pca = np.append(of_pca, of_pca[-1] + fall * np.arange(1, most - len(of_pca) + 1))
        for _ in range(_MOST_LINEAR_FITS if plan.is_closed_form else _MOST_FITS):
            between = np.arange(below + 1, above)
            if not len(between):
                break
            sizes = np.array(sorted(offsets))
            offset = np.interp(between, sizes, [offsets[size] for size in sizes])
            reached = np.flatnonzero(of_pca[between - 1] + offset <= wanted)
            size = int(between[reached[0]] if len(reached) else between[-1])
            known[size] = self._explained(*self._fit(size))
            offsets.pop(0, None)
            offsets[size] = float(_log(1 - known[size])) - of_pca[size - 1]
            if known[size] >= share:
                above = size
            else:
                below = size
        return known

    def _by_likelihood(self) -> int:
        """Return the number of components that scikit-learn's PCA finds."""
        if self.n_levels or self.weight is not None:
            what = "categories or missing cells" if self.weight is None else "sample_weight"
            raise ValueError(
                f"n_components='mle' got {what}; expected complete numbers, a row as good "
                "as another, of which scikit-learn's PCA computes it. Use a number, or a "
                "share such as n_components=0.95."
            )
        n_rows, n_columns = self.X.shape
        if n_rows < n_columns:
            raise ValueError(
                "n_components='mle' is only supported if n_samples >= n_features; X has "
                f"{n_rows} rows of {n_columns} columns. Use a number, or a share such as "
                "n_components=0.95."
            )
        columns = self._plan(1).output_columns
        rows = ScaledRows(self.X if self.X_clean is None else self.X_clean, columns)
        from sklearn.decomposition import PCA  # it takes long to import

        with np.errstate(all="ignore"):
            found = PCA("mle", svd_solver="full").fit(rows[:]).n_components_
        return max(1, found)  # PCA finds 0 where all rows are equal; a code has a number

    def _explained_by_pca(self, most: int, *, are_all_told: bool) -> np.ndarray:
        """Return the share of the variance that each component of PCA explains."""
        most_told = _MOST_OF_LEVELS if any(self.n_levels) else _MOST_COMPONENTS
        linear = {
            "n_components": most if are_all_told else min(most, most_told),
            "hidden_layer_sizes": (),
            "decoder_hidden_layer_sizes": None,
            "loss": "mse",
            "code_activation": "identity",
            "output_activation": "identity",
            "init": "pca",
            "encoder": None,
            "decoder": None,
            "ordered": False,
            "target_weight": 0.0,
        }
        X = self.X if self.X_clean is None else self.X_clean
        settings = SimpleNamespace(**{**vars(self.settings), **linear})
        how: Any = {"n_levels": self.n_levels, "weight": self.weight}
        plan = make_plan(settings, Reconstruction(), X, None, None, **how)
        random_state = deepcopy(self.settings.random_state)
        fit = Fit(plan, X, None, random_state, weight=self.weight)
        return fit.run().explained_ratio

    def _plan(self, size: int | None) -> Plan:
        settings = {**vars(self.settings), "n_components": size, "callbacks": None}
        rows = self.X, self.X_clean, None
        how: Any = {"n_levels": self.n_levels, "weight": self.weight}
        return make_plan(SimpleNamespace(**settings), self.objective, *rows, **how)

    def _fit(self, size: int) -> tuple[Fit, Fitted]:
        """Return a fit of ``size`` components, and what it found."""
        how: Any = {"weight": self.weight, "own_rows": self.own_rows}
        how["response"] = self.response
        random_state = deepcopy(self.settings.random_state)
        fit = Fit(self._plan(size), self.X, self.X_clean, random_state, **how)
        return fit, fit.run()

    def _explained(self, fit: Fit, fitted: Fitted) -> float:
        """Return the share that is explained of validation rows, or else of all."""
        if self.own_rows is not None:
            X, clean = self.own_rows
            return score(fitted, X, X if clean is None else clean, None)
        rows = fit.valid if len(fit.valid) > 1 else fit.train[:_MOST_ROWS]
        weight = None if self.weight is None else self.weight[rows]
        return score(fitted, rows_at(self.X, rows), rows_at(fit.wanted, rows), weight)

    def _complain(self, share: float, most: int, found: float) -> None:
        self.complaint_ = (
            f"n_components={share:g} is not reached: all {most} components explain "
            f"{found:.3g} of the samples that judge a fit. Expected a share below that; "
            f"the fit has all {most}. Set n_components to a smaller share, or to a number."
        )


def _log(rest: Any) -> Any:
    """Return the logarithm of what is left, of rounding errors too."""
    return np.log(np.maximum(rest, 1e-12))
