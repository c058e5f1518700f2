"""Fills missing cells by their mean under a Gaussian, given the rest of their row."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

__all__ = ["FillHoles"]

# Rows are solved together with rows of up to this many times as many holes: a few unknowns
# more cost less than one more call.
_LIKE = 1.25
# Cells of the systems solved at once: 16 MiB in float64.
_CELLS_PER_SOLVE = 2**21
# Up to here the inverse covariance is held whole, 32 MiB in float64.
_MOST_COLUMNS_HELD = 2048
# Up to so many numbers, 32 MiB, the products of every column's loadings are held too.
_MOST_SQUARES_HELD = 2**22


class FillHoles(nn.Module):
    """Replace NaN in rows by its conditional mean under a Gaussian.

    Its covariance is loadings @ loadings.T + diag(noise). A new module has zeros for the
    mean and the loadings, and fills with zeros until they are loaded. Nothing is trained:
    what it holds are buffers, and its output has no gradient.

    Parameters
    ----------
    n_features : int
    rank : int
        Number of columns of the loadings.
    owners : sequence of int, one per feature, or None
        Features of the same owner are missing together. None: each has its own.

    Examples
    --------
    >>> import torch
    >>> fill = FillHoles(2, rank=1)
    >>> _ = fill.loadings.fill_(1.0)
    >>> fill(torch.tensor([[3.0, torch.nan]]))
    tensor([[3.0000, 1.5000]])
    """

    mean: torch.Tensor
    loadings: torch.Tensor
    noise: torch.Tensor

    def __init__(self, n_features: int, rank: int, owners: Sequence[int] | None = None):
        super().__init__()
        numbers = range(n_features) if owners is None else owners
        # The first feature of each owner, and the place of each feature's owner.
        first = {owner: j for j, owner in reversed([*enumerate(numbers)])}
        places = {owner: place for place, owner in enumerate(first)}
        self._first = list(first.values())
        self._owners = [places[owner] for owner in numbers]
        new: dict[str, Any] = {"dtype": torch.float32, "device": "cpu"}
        self.register_buffer("mean", torch.zeros(n_features, **new))
        self.register_buffer("loadings", torch.zeros((n_features, rank), **new))
        self.register_buffer("noise", torch.ones(n_features, **new))
        self._last: tuple[list[Any], _Solver, list[torch.Tensor]] | None = None

    @torch.no_grad()
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        holes = x.isnan()
        counts = holes.sum(dim=1)
        counts, order = counts.sort(stable=True)
        known = counts.tolist()
        if not any(known):
            return x
        # float32, and mps has no more, lacks the digits of columns that nearly depend on
        # each other.
        device = torch.device("cpu") if x.device.type == "mps" else x.device
        solve = self._solver(device)
        filled = x.clone()
        for first, stop in _groups(known, solve.rank):
            rows = order[first:stop]
            row, column = holes[rows].to(device).nonzero(as_tuple=True)
            number = counts[first:stop].to(device)
            place = torch.arange(len(row), device=device)
            place -= (number.cumsum(0) - number)[row]
            columns = _one_each(len(rows), x.shape[1], known[stop - 1], device)
            columns[row, place] = column
            found = solve(x[rows].to(device).double(), columns)[row, place]
            filled[rows[row.to(x.device)], column.to(x.device)] = found.to(filled)
        return filled

    def _solver(self, device: torch.device) -> "_Solver":
        """Return what solves for holes, the last one unless the buffers have changed."""
        buffers = list(self.buffers())
        # Tensors made in inference mode have no version.
        if any(b.is_inference() for b in buffers):
            return self._new_solver(device)
        made_of = [device, *((b.data_ptr(), b.device, b._version) for b in buffers)]
        if self._last is None or self._last[0] != made_of:
            solver = self._new_solver(device)
            # The buffers are kept, so that no other one gets their address.
            self._last = made_of, solver, buffers
        return self._last[1]

    def _new_solver(self, device: torch.device) -> "_Solver":
        mean, loadings, noise = (b.to(device).double() for b in self.buffers())
        return _Solver(mean, loadings, noise, self._first, self._owners)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_last": None}


class _Solver:
    """Conditional means of holes, for rows with about as many.

    What belongs to columns is padded with zeros for the columns that only make a row as
    long as the others. ``first`` and ``owners`` are the first feature of each owner, and
    the place of each feature's owner among them.
    """

    def __init__(
        self,
        mean: torch.Tensor,
        loadings: torch.Tensor,
        noise: torch.Tensor,
        first: list[int],
        owners: list[int],
    ):
        self.first = first
        self.n_features, self.rank = loadings.shape
        pad = nn.functional.pad
        eye = torch.eye(self.rank, dtype=loadings.dtype, device=loadings.device)
        # A column without variance has no loadings: any noise leaves it at its mean.
        inverse = noise.where(noise > 0, 1.0).reciprocal()
        scaled = inverse[:, None] * loadings  # D^-1 W
        self.inner = loadings.T @ scaled + eye  # I + W' D^-1 W
        self.mean = pad(mean, (0, self.n_features))
        self.loadings = pad(loadings, (0, 0, 0, self.n_features))
        self.scaled = pad(scaled, (0, 0, 0, self.n_features))
        # What a hole takes from the system of the factors: one product for all rows.
        self.squares = None
        if self.n_features * self.rank**2 <= _MOST_SQUARES_HELD:
            squares = (loadings[:, :, None] * scaled[:, None]).flatten(1)
            place = torch.tensor(owners, device=mean.device)
            self.squares = squares.new_zeros((len(first), self.rank**2))
            self.squares.index_add_(0, place, squares)
        self.precision = None
        if self.n_features <= _MOST_COLUMNS_HELD:
            factor = torch.linalg.cholesky(self.inner)
            U = torch.linalg.solve_triangular(factor, scaled.T, upper=False)
            self.precision = torch.block_diag(torch.diag(inverse) - U.T @ U, eye)

    def __call__(self, x: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return the values of the holes, (n_rows, most_holes), at the given columns."""
        y = (x - self.mean[: self.n_features]).nan_to_num_(nan=0.0)
        if self.precision is None or columns.shape[1] > self.rank:
            found = self._by_factors(y, columns)
        else:
            found = self._by_holes(y, columns, self.precision)
        return found + self.mean[columns]

    def _by_holes(self, y, columns, P):
        """Solve for the holes: -P_MM^-1 (P y)_M, where P is the inverse covariance."""
        at = columns[:, :, None] * len(P) + columns[:, None, :]
        # Several times faster than P[rows, columns].
        blocks = P.flatten().index_select(0, at.flatten()).view(at.shape)
        return _solved(blocks, -(y @ P[: self.n_features]).gather(1, columns))

    def _by_factors(self, y, columns):
        """Solve for the factors, of which the loadings give the holes."""
        right = y @ self.scaled[: self.n_features]
        if self.squares is None:
            W = self.loadings[columns]
            systems = torch.baddbmm(self.inner, W.mT, self.scaled[columns], alpha=-1)
        else:
            is_hole = y.new_zeros((len(y), len(self.loadings)))
            is_hole.scatter_(1, columns, 1.0)
            lost = is_hole[:, self.first] @ self.squares
            systems = self.inner - lost.view(-1, self.rank, self.rank)
        return (_solved(systems, right) @ self.loadings.T).gather(1, columns)


def _solved(systems: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    factor = torch.linalg.cholesky(systems)
    return torch.cholesky_solve(right[:, :, None], factor)[:, :, 0]


def _one_each(n_rows: int, n_features: int, most: int, device) -> torch.Tensor:
    """Return n_features, n_features + 1, ... in each row."""
    each = torch.arange(n_features, n_features + most, device=device)
    return each.expand(n_rows, -1).clone()


def _groups(counts: list[int], rank: int) -> Iterator[tuple[int, int]]:
    """Give (start, stop) of rows that are solved together, in order of their holes."""
    start = bisect_right(counts, 0)
    while start < len(counts):
        most = int(_LIKE * counts[start]) + 2
        if counts[start] <= rank:
            most = min(most, rank)
        most = min(most, counts[-1])
        n_rows = max(1, _CELLS_PER_SOLVE // (most * min(most, max(rank, 1))))
        stop = min(bisect_right(counts, most), start + n_rows)
        yield start, stop
        start = stop
