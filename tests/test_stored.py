"""Tables in files are read in chunks, and give what the same rows in memory give."""

import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder
from sklearn_ae._sklearn import _stored


class Store:
    """Has what arrays of h5py and zarr have, and counts how many rows are read at once."""

    chunks = (16, 4)

    def __init__(self, X):
        self.X, self.shape, self.dtype, self.most = X, X.shape, X.dtype, 0

    def __len__(self):
        return len(self.X)

    def __getitem__(self, rows):
        part = self.X[rows]
        self.most = max(self.most, len(part))
        return part

    def __array__(self, dtype=None, copy=None):
        self.most = len(self.X)
        return np.array(self.X, dtype)


@pytest.fixture(autouse=True)
def ten_rows_at_once(monkeypatch):
    monkeypatch.setattr(_stored, "_MOST_CELLS_AT_ONCE", 120)


@pytest.fixture
def rows(digits):
    """200 rows of 12 pixels."""
    return digits[0][:200, 18:30]


def quick(kind=AutoencoderTransformer):
    return kind(3, hidden_layer_sizes=(8,), max_iter=2, random_state=0)


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "u2", "f2", ">f8", ">i4", "?"])
def test_fit_and_use_read_some_rows_at_a_time(rows, dtype):
    X = rows.astype(dtype)
    near = quick().fit(X)
    uses = {
        "fit": lambda ae, X: ae.fit(X).transform(near_rows),
        "fit with own validation rows": lambda ae, X: ae.fit(near_rows, X_val=X).score(X),
        "partial_fit": lambda ae, X: ae.partial_fit(X).transform(near_rows),
        "transform": lambda ae, X: near.transform(X),
        "reconstruct": lambda ae, X: near.reconstruct(X),
        "score": lambda ae, X: near.score(X),
        "score_samples": lambda ae, X: near.score_samples(X),
    }
    near_rows = X
    for name, use in uses.items():
        store = Store(X)
        np.testing.assert_array_equal(use(quick(), store), use(quick(), X), err_msg=name)
        assert 0 < store.most <= 10, name


def test_codes_and_clean_rows_may_be_stored(rows):
    ae = quick().fit(rows)
    store = Store(np.repeat(ae.transform(rows), 4, axis=0))
    np.testing.assert_array_equal(
        ae.inverse_transform(store), ae.inverse_transform(store.X)
    )
    assert 0 < store.most <= 40
    store = Store(rows)
    noisy = rows + np.random.RandomState(0).normal(size=rows.shape)
    far = quick(DenoisingAutoencoder).fit(noisy, X_clean=store)
    near = quick(DenoisingAutoencoder).fit(noisy, X_clean=rows)
    np.testing.assert_array_equal(far.transform(rows), near.transform(rows))
    assert 0 < store.most <= 10


def test_stored_tables_are_checked_as_others_are(rows):
    X = rows.copy()
    X[150, 3] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        quick().fit(Store(X))
    with pytest.raises(ValueError, match="12"):
        quick().fit(rows).transform(Store(rows[:, :11]))
    with pytest.raises(ValueError, match="one"):
        quick().fit(Store(np.where(rows > 3, "one", "two")))
    store = Store(rows.astype(object))  # no file can hold its cells
    assert quick().fit(store).n_features_in_ == 12
    assert store.most == 200
    store = Store(rows)
    store.dtype = "float64"  # of a library whose dtypes are not numpy's
    assert quick().fit(store).n_features_in_ == 12
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        quick().fit(rows).transform(Store(rows[:0]))


def test_arrays_of_dask_are_computed_chunk_by_chunk(rows):
    array = pytest.importorskip("dask.array")
    lazy, most = array.from_array(rows, chunks=(50, 12)), []

    def watched(part):
        most.append(len(part))
        return part

    lazy = lazy.map_blocks(watched, dtype=rows.dtype, meta=np.empty((0, 12)))
    near = quick().fit(rows)
    np.testing.assert_array_equal(quick().fit(lazy).transform(lazy), near.transform(rows))
    assert max(most) <= 50
    # Of lengths that dask does not know, it computes the whole.
    unknown = array.from_array(rows, chunks=(50, 12))
    unknown = unknown[unknown[:, 0] > -1]
    np.testing.assert_array_equal(near.transform(unknown), near.transform(rows))


@pytest.mark.parametrize("dtype", ["u2", ">f4"])
def test_maps_of_other_numbers_become_floats_in_a_file(tmp_path, rows, dtype, monkeypatch):
    np.save(tmp_path / "rows.npy", rows.astype(dtype))
    X, found = np.load(tmp_path / "rows.npy", mmap_mode="r"), []
    copied = _stored.from_store(X, "X", [np.float64])
    assert isinstance(copied, np.memmap)
    assert copied.dtype == np.float64
    monkeypatch.setattr(_stored, "_copy", lambda *given: found.append(given[1]) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        quick().fit(X)
    assert found == ["X"]


def test_other_maps_are_read_as_they_are(tmp_path, rows):
    np.save(tmp_path / "rows.npy", rows)
    X, ae = np.load(tmp_path / "rows.npy", mmap_mode="r"), quick().fit(rows)
    assert _stored.from_store(X, "X", [np.float64]) is X
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        ae.transform(X[200:])
    np.save(tmp_path / "line.npy", rows.ravel().astype("u2"))
    with pytest.raises(ValueError, match="Expected 2D array, got 1D"):
        ae.transform(np.load(tmp_path / "line.npy", mmap_mode="r"))


def test_a_disk_without_room_is_an_error(rows, monkeypatch):
    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def write(self, part):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(_stored.tempfile, "TemporaryFile", lambda prefix: Full())
    ae = quick()
    with pytest.raises(OSError, match=r"No space .*expected 19200 bytes.*tempfile.tempdir"):
        ae.fit(Store(rows))
    assert not hasattr(ae, "n_components_")


def test_parts_of_another_dtype_than_the_whole_says_are_refused(rows):
    class Liar(Store):
        def __getitem__(self, part):
            return self.X[part] + 0.5

    with pytest.raises(ValueError, match="dtype int64, and gives rows of float64"):
        quick().fit(Liar(rows.astype(int)))


@pytest.mark.parametrize(
    "y", [np.zeros(200, int), np.zeros((200, 12)), np.zeros((200, 3))], ids=np.shape
)
def test_labels_do_not_read_all_rows(rows, y):
    store = Store(rows)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        quick(DenoisingAutoencoder).fit(store, y)
    # Clean rows given as y are compared with X as a whole, which has to fit into memory.
    assert (store.most == 200) == (y.shape == rows.shape) == bool(caught)


def test_what_impute_gives_is_a_copy(rows):
    ae, X = quick().fit(rows), rows.copy()
    ae.impute(X)[:] = 0
    np.testing.assert_array_equal(X, rows)
    S = csr_array(rows)
    filled = ae.impute(S)
    filled.data[:] = 0
    np.testing.assert_array_equal(S.toarray(), rows)


def test_a_map_of_a_file_that_became_shorter_is_refused(tmp_path, rows):
    path = tmp_path / "rows.npy"
    np.save(path, rows)
    X, ae = np.load(path, mmap_mode="r"), quick().fit(rows)
    np.testing.assert_array_equal(ae.transform(X[20:]), ae.transform(rows)[20:])
    with path.open("r+b") as file:
        file.truncate(5000)
    for use in (ae.transform, ae.score, quick().fit, quick().partial_fit):
        for part in (X, X[100:], X[::-2], X[100:][10:]):
            with pytest.raises(
                ValueError, match="has 5000 bytes now; expected 19328 or more"
            ):
                use(part)
    assert ae.transform(X[:20]).shape == (20, 3)
    np.save(path, rows)
    X = np.load(path, mmap_mode="r")
    repeated = np.lib.stride_tricks.as_strided(X, (9000, 12), (0, X.strides[1]), subok=True)
    assert repeated.nbytes > path.stat().st_size
    assert ae.transform(repeated).shape == (9000, 3)
    path.unlink()  # what is mapped stays
    np.testing.assert_array_equal(ae.transform(X), ae.transform(rows))
