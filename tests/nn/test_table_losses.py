"""Losses of levels are those of probabilities, none of which is less than its floor."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from sklearn_ae._columns import Scaler, column_costs, level_floors, level_frequencies
from sklearn_ae.nn import TableLayout
from sklearn_ae.nn._losses import make_loss
from sklearn_ae.nn._table_losses import LevelLosses, TableLoss

# Columns of 2 and 3 levels are computed together, that of 20 alone.
LAYOUT = TableLayout((2, 0, 20, 3), rank=0)
NAN = float("nan")


@pytest.fixture
def rows():
    random = np.random.RandomState(0)
    columns = [
        random.randint(n, size=50) if n else random.normal(size=50) for n in (2, 0, 20, 3)
    ]
    x = np.column_stack(columns).astype(float)
    x[:40, 3] = np.nan
    return x


@pytest.fixture
def floors(rows):
    n_cells = (~np.isnan(rows)).sum(axis=0)
    return level_floors(level_frequencies(rows, LAYOUT.n_levels), n_cells)


def costs_of_levels(floors, output, column):
    """Return the cost of every level of a column, (n_levels,), for one output."""
    x = torch.zeros((LAYOUT.n_levels[column], 4))
    x[:, column] = torch.arange(float(len(x)))
    cells = torch.zeros_like(x)
    LevelLosses(LAYOUT, floors)(output.expand(len(x), -1), x, cells)
    return cells[:, column]


@pytest.mark.parametrize("column", [0, 2, 3])
def test_levels_of_a_column_have_probabilities_that_sum_to_one(floors, column):
    output = 5 * torch.randn((1, LAYOUT.n_out), generator=torch.Generator().manual_seed(0))
    chances = (-costs_of_levels(floors, output, column)).exp()
    assert float(chances.sum()) == pytest.approx(1, abs=1e-5)


def test_no_level_is_less_probable_than_its_floor(floors):
    output = torch.zeros((1, LAYOUT.n_out))
    output[0, -1] = 1e4  # sure of the last level of the last column
    chances = (-costs_of_levels(floors, output, 3)).exp()
    np.testing.assert_allclose(chances[:2], floors[-3:-1], rtol=1e-5)
    assert float(chances[2]) == pytest.approx(1 - floors[-3:-1].sum(), rel=1e-5)


def test_floors_are_frequencies_and_larger_where_fewer_cells_are_seen(rows, floors):
    frequencies = level_frequencies(rows, LAYOUT.n_levels)
    shares = [part.sum() for part in np.split(floors, [2, 22])]
    np.testing.assert_allclose(shares, [2 / 54, 2 / 54, 2 / 14])
    np.testing.assert_allclose(floors[:2], shares[0] * frequencies[0])
    assert (floors > 0).all()


@pytest.mark.parametrize(
    ("counts", "least"),
    [((999, 1, 0), 10 / 1000), ((500, 500, 0), 0.5), ((8, 1, 1), 0.5), ((90, 10), 0.1)],
)
def test_a_column_costs_as_if_ten_cells_differed(counts, least):
    p = np.array(counts) / sum(counts)
    scaler, n_cells = Scaler("feature").fit(np.zeros((2, 1))), np.array([sum(counts)])
    cost = column_costs("mse", scaler, [p], n_cells)
    np.testing.assert_allclose(cost, max(entropy(p), entropy([least, 1 - least])))
    assert column_costs("mse", scaler, [np.array([1.0, 0.0])], n_cells) == 0


def test_without_floors_it_is_the_cross_entropy():
    output = torch.randn((6, LAYOUT.n_out), generator=torch.Generator().manual_seed(0))
    x = torch.zeros((6, 4))
    x[:, 3], x[2, 3] = torch.tensor([0.0, 1, 2, 0, 1, 2]), NAN
    cells = torch.zeros_like(x)
    LevelLosses(LAYOUT, np.zeros(25))(output, x, cells)
    nats = torch.nn.functional.cross_entropy(
        output[:, -3:], x[:, 3].nan_to_num(0).long(), reduction="none"
    )
    nats[2] = 0  # a missing cell
    torch.testing.assert_close(cells[:, 3], nats)


def test_the_slope_is_that_of_autograd_and_zero_at_missing_cells(rows, floors):
    loss = TableLoss(make_loss("mse"), LAYOUT, [1.0, 2.0, 3.0, 0.0], floors)
    x = torch.from_numpy(rows).float()
    x[:, 1] = NAN
    output = torch.randn((50, LAYOUT.n_out), generator=torch.Generator().manual_seed(0))
    mean, slope = loss.with_slope(output, x)
    assert slope.isfinite().all()
    assert (slope[:, 0] == 0).all()  # the number, missing in all rows
    assert (slope[:40, -3:] == 0).all()
    assert slope[40:, -3:].abs().min() > 0
    step = 1e-2 * slope / slope.norm()
    assert float(loss(output + step, x) - mean) == pytest.approx(
        1e-2 * float(slope.norm()), rel=0.05
    )
