"""Rows of memory maps: where they lie in the map, and in which order they are read."""

import mmap

import numpy as np
import pytest

from sklearn_ae._columns import _files

N_ROWS, N_COLUMNS = 40_000, 5


def rows():
    return np.arange(N_ROWS * N_COLUMNS, dtype=np.float64).reshape(N_ROWS, N_COLUMNS)


@pytest.fixture
def whole(tmp_path):
    np.save(tmp_path / "rows.npy", rows())
    return np.load(tmp_path / "rows.npy", mmap_mode="r")


def part_of_a_raw_file(tmp_path, first):
    rows().tofile(tmp_path / "rows.bin")
    shape = N_ROWS - first, N_COLUMNS
    offset = first * N_COLUMNS * 8
    return np.memmap(tmp_path / "rows.bin", np.float64, "r", offset=offset, shape=shape)


@pytest.mark.parametrize("first", [0, 7, 30_000])
def test_rows_are_found_in_the_map(whole, first, tmp_path):
    for X in (
        whole[first:],
        np.asarray(whole)[first:],
        part_of_a_raw_file(tmp_path, first),
        part_of_a_raw_file(tmp_path, 0)[first:],
        whole[first::2],
    ):
        file, place = _files._map_of(X)
        assert file[place : place + 40] == rows()[first].tobytes()
    file, place = _files._map_of(whole[first:, 1:3])
    assert file[place : place + 16] == rows()[first, 1:3].tobytes()


def test_only_the_pages_of_the_rows_are_asked_for(whole, monkeypatch):
    asked = []

    class Watched(mmap.mmap):
        def madvise(self, option, start, length):
            asked.append((option, start, length))
            super().madvise(option, start, length)

    before = _files._map_of

    def watched(X):
        file, place = before(X)
        return Watched(-1, len(file)), place

    monkeypatch.setattr(_files, "_map_of", watched)
    _files.fetch_rows(whole[100:], 3000, 3010)
    ((option, start, length),) = asked
    first_byte = 128 + 3100 * 40  # after the header of the file
    assert option == mmap.MADV_WILLNEED
    assert start == first_byte - first_byte % mmap.PAGESIZE
    assert start + length == first_byte + 400


def test_other_tables_are_read_row_by_row(whole):
    X = rows()
    assert _files.rows_of_run(whole) == _files._BYTES_OF_RUN // 40
    assert _files.rows_of_run(whole[:, :-1]) == _files._BYTES_OF_RUN // 40
    repeated = np.broadcast_to(whole[:1], (100, N_COLUMNS))
    for table in (X, X[::2], whole[::-1], whole[:, ::2], whole.T, repeated):
        assert _files.rows_of_run(table) == 1
    _files.fetch_rows(X, 3, 5)  # of memory there is nothing to ask for
    assert _files.rows_of_run(np.zeros((3, 0))) == 1


def test_rows_longer_than_a_run_are_read_one_by_one(whole, monkeypatch):
    monkeypatch.setattr(_files, "_BYTES_OF_RUN", 39)
    assert _files.rows_of_run(whole) == 1


def test_the_last_rows_of_some_columns_may_be_asked_for(whole):
    _files.fetch_rows(whole[:, 2:4], N_ROWS - 3, N_ROWS)


@pytest.mark.parametrize("index", [[], [5], [9, 2, 2, 30_000, 4], range(500, 100, -1)])
def test_rows_come_in_the_order_that_is_asked_for(whole, index):
    index = np.array(index, dtype=int)
    np.testing.assert_array_equal(_files.read_rows(whole, index), rows()[index])


def test_rows_far_from_each_other_are_asked_for_one_by_one(whole, monkeypatch):
    asked = []
    monkeypatch.setattr(_files, "fetch_rows", lambda X, *rows: asked.append(rows))
    _files.read_rows(whole, np.array([30_000, 2, 10_000]))
    assert asked == [(2, 3), (10_000, 10_001), (30_000, 30_001)]
    asked.clear()
    _files.read_rows(whole, np.arange(100, 400)[::-1])
    assert asked == []
