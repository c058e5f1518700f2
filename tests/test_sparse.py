"""Sparse tables: the same results as of dense ones, and never dense as a whole."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sklearn_ae
import sklearn_ae._columns._scaler as scaler
from sklearn_ae import (
    AutoencoderTransformer,
    DenoisingAutoencoder,
    VariationalAutoencoder,
)
from sklearn_ae._columns import SparseTable
from sklearn_ae._linear import fit_pca
from sklearn_ae._objectives import StartProblem

DENOISING = "sklearn_ae._objectives._denoising"


def with_duplicates(X):
    """The same numbers, each stored in two halves, in no order."""
    X = sp.coo_array(X)
    places = tuple(np.concatenate([place, place]) for place in X.coords)
    return sp.coo_array((np.concatenate([X.data, X.data]) / 2, places), shape=X.shape)


def with_long_indices(X):
    X = sp.csr_array(X)
    long = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return sp.csr_array((X.data, *long), shape=X.shape)


FORMATS = {
    "csr array": sp.csr_array,
    "csr matrix": sp.csr_matrix,
    "csc array": sp.csc_array,
    "coo matrix": sp.coo_matrix,
    "duplicates": with_duplicates,
    "long indices": with_long_indices,
}
SCORES = "score_samples", "cell_scores", "column_scores", "score"
# Denoisers of rows that stay in the table draw other noise for validation rows.
SETTINGS = {
    "plain": {},
    "feature": {"scaling": "feature"},
    "unscaled": {"scaling": None},
    "kl": {"loss": "kl"},
    "logistic": {"loss": "bce"},
    "code activation": {"code_activation": "tanh"},
    "no validation": {"early_stopping": False},
    "linear": {"hidden_layer_sizes": ()},
    "ordered": {"ordered": True},
    "random": {"init": "random"},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "share": {"n_components": 0.6},
}


@pytest.fixture(scope="module")
def counts():
    """200 rows of 30 columns in [0, 1], 80 % zeros, of three directions."""
    rng = np.random.default_rng(0)
    X = np.abs(rng.normal(size=(200, 3)) @ rng.normal(size=(3, 30)))
    X = np.where(rng.random(X.shape) < 0.2, X, 0)
    return X / X.max()


@pytest.fixture
def stays_in_table(monkeypatch):
    """Let all sparse tables be taken for large ones."""
    monkeypatch.setattr(scaler, "_MOST_DENSE_CELLS", 0)


def agree(dense, thin, X, S):
    """Assert that two fits give the same for the same table, whichever way it is stored."""
    np.testing.assert_allclose(thin.transform(S), dense.transform(X), atol=1e-9)
    for name in ("reconstruct", *SCORES):
        found, wanted = getattr(thin, name)(S), getattr(dense, name)(X)
        np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-9, err_msg=name)
    codes = dense.transform(X[:5])
    assert isinstance(thin.inverse_transform(codes), np.ndarray)


@pytest.mark.parametrize("form", FORMATS)
def test_results_are_those_of_dense_tables(quick, counts, form):
    S = FORMATS[form](counts)
    agree(quick().fit(counts), quick().fit(S), counts, S)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8, np.bool_])
def test_dtypes(quick, counts, dtype):
    X = (counts * 9).astype(dtype)
    S = sp.csr_array(X)
    dense, thin = quick().fit(X), quick().fit(S)
    found, wanted = thin.transform(S), dense.transform(X)
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


CASES = [(AutoencoderTransformer, name) for name in SETTINGS]
CASES += [(VariationalAutoencoder, name) for name in ("plain", "kl", "no validation")]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_rows_that_stay_in_the_table(kind, counts, name, stays_in_table):
    settings = {"n_components": 2, "hidden_layer_sizes": (16,), "max_iter": 3}
    settings |= {"random_state": 0, "batch_size": 32} | SETTINGS[name]
    S = sp.csr_array(counts)
    agree(kind(**settings).fit(counts), kind(**settings).fit(S), counts, S)


def test_weights_validation_rows_and_y(quiet, counts, stays_in_table):
    S, rng = sp.csr_array(counts), np.random.default_rng(1)
    weight, y = rng.integers(0, 4, len(counts)), counts[:, 0] > counts[:, 1]
    for params, given in (
        ({}, {"sample_weight": weight}),
        ({"early_stopping": False}, {"sample_weight": weight, "y": y}),
        ({"target_weight": 0.3}, {"y": y}),
    ):
        dense = quiet(**params).fit(counts, **given)
        agree(dense, quiet(**params).fit(S, **given), counts, S)
    dense = quiet().fit(counts[:150], X_val=counts[150:])
    agree(dense, quiet().fit(S[:150], X_val=S[150:]), counts, S)
    agree(dense, quiet().fit(S[:150], X_val=counts[150:]), counts, S)
    agree(dense, quiet().fit(counts[:150], X_val=S[150:]), counts, S)


@pytest.mark.parametrize(
    "params", [{}, {"noise": "swap"}, {"code_activation": "tanh"}, {"target_weight": 0.3}]
)
def test_denoisers_of_rows_that_stay_in_the_table(counts, params, stays_in_table):
    """Validation rows get other noise; results are as good."""
    params = {"hidden_layer_sizes": (32,), "random_state": 0, "max_iter": 10} | params
    params["batch_size"] = 32
    dense, thin = (DenoisingAutoencoder(3, **params) for _ in range(2))
    S, y = sp.csr_array(counts), counts[:, 0] > counts[:, 1]
    dense.fit(counts, y)
    thin.fit(S, y)
    assert thin.score(S) > max(0.2, dense.score(counts) - 0.15)


def test_pairs(counts, stays_in_table):
    noisy = np.where(np.random.default_rng(0).random(counts.shape) < 0.1, 0, counts)
    S, clean = sp.csr_array(noisy), sp.csr_array(counts)
    settings = {"hidden_layer_sizes": (16,), "max_iter": 5, "random_state": 0}
    make = lambda: DenoisingAutoencoder(3, **settings)  # noqa: E731
    dense = make().fit(noisy, X_clean=counts)
    wanted = dense.score(noisy, X_clean=counts)
    for rows, target in ((S, clean), (S, counts), (noisy, clean)):
        thin = make().fit(rows, X_clean=target)
        assert thin.score(rows, X_clean=target) == pytest.approx(wanted, abs=0.02)


def wide_rows(n_rows=2500, n_columns=1200):
    rng = np.random.default_rng(0)
    n = n_rows * n_columns // 100
    places = rng.integers(0, n_rows, n), rng.integers(0, n_columns, n)
    X = sp.coo_array((rng.random(n), places), shape=(n_rows, n_columns)).tocsr()
    return X @ sp.diags_array(1 / (1 + np.arange(n_columns)))


def test_a_wide_linear_autoencoder_is_pca():
    """Means are subtracted from products: more cells than are decomposed at once."""
    S = wide_rows()
    pca = PCA(5, svd_solver="arpack", random_state=0).fit(S)
    linear = AutoencoderTransformer(5, hidden_layer_sizes=()).fit(S)
    np.testing.assert_allclose(linear.transform(S), pca.transform(S), atol=1e-9)
    np.testing.assert_allclose(linear.explained_variance_, pca.explained_variance_)
    np.testing.assert_allclose(linear.mean_, pca.mean_, atol=1e-12)


def test_weights_of_wide_rows_repeat_them():
    S, weight = wide_rows(), np.arange(2500) % 3
    linear = AutoencoderTransformer(5, hidden_layer_sizes=()).fit(S, sample_weight=weight)
    again = sp.csr_array(S)[np.repeat(np.arange(2500), weight)]
    pca = PCA(5, svd_solver="arpack", random_state=0).fit(again)
    np.testing.assert_allclose(linear.transform(S), pca.transform(S), atol=1e-9)


def test_variance_left_out_of_wide_rows():
    S = wide_rows()
    rows = scaler.ScaledRows(SparseTable(S), scaler.Scaler("feature").fit(SparseTable(S)))
    thin = fit_pca(rows, 5, 0)
    variance = np.linalg.eigvalsh(np.cov(rows[:].T, bias=True))[::-1]
    np.testing.assert_allclose(thin.variance, variance[:5])
    np.testing.assert_allclose(thin.mean, 0, atol=1e-12)
    assert not thin.is_exact
    # Of some rows only, as where a start is fitted to training rows.
    some = np.random.RandomState(0).permutation(2500)[:2000]
    variance = np.linalg.eigvalsh(np.cov(rows[some].T, bias=True))[::-1]
    np.testing.assert_allclose(fit_pca(rows.take(some), 5, 0).variance, variance[:5])


def test_as_many_codes_as_rows():
    """Of which ARPACK finds fewer."""
    S = wide_rows(60, 20_000)
    linear = AutoencoderTransformer(hidden_layer_sizes=()).fit(S)
    assert linear.n_components_ == 60
    assert linear.score(S) == pytest.approx(1, abs=1e-9)


LIMITS = {
    "_columns._scaler": ("_MOST_DENSE_CELLS", "_CELLS_PER_PASS"),
    "_training._tensors": ("CELLS_PER_PASS",),
    "_training._table_rows": ("_MOST_CELLS",),
    "_linear._pca": ("_MOST_CELLS",),
    "_objectives._denoising": ("_CELLS_TO_START",),
    "_fit_cases": ("_CELLS_TO_EXPLAIN",),
    "_head": ("_MOST_CELLS",),
    "_fitted": ("CELLS_PER_PASS",),
}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"early_stopping": False},
        {"target_weight": 0.3},
        {"ordered": True},
        {"code_activation": "tanh"},
    ],
    ids=str,
)
def test_no_table_is_dense_as_a_whole(quick, params, monkeypatch):
    """With limits as much smaller than usual as the table is."""
    for room, names in LIMITS.items():
        for name in names:
            monkeypatch.setattr(f"sklearn_ae.{room}.{name}", 2**14)
    most, read = [0], SparseTable.__getitem__

    def counted(self, rows):
        dense = read(self, rows)
        most[0] = max(most[0], dense.size)
        return dense

    S, y = wide_rows(2000, 120), np.arange(2000) % 2
    monkeypatch.setattr(SparseTable, "__getitem__", counted)
    if hasattr(quick(), "posterior") and {"ordered", "code_activation"} & set(params):
        pytest.skip("has no ordered codes; none of tanh are in use after an epoch")
    ae = quick(max_iter=1, init="random", **params).fit(S, y)
    if not params.get("ordered"):
        ae = quick(max_iter=1, **params).fit(S, y)
    for use in (ae.transform, ae.score, ae.score_samples, ae.column_scores):
        use(S)
    assert 2**13 < most[0] <= 2**14  # of 240,000


def test_the_usual_encoders(quick, digits):
    """Default outputs of OneHotEncoder and ColumnTransformer are sparse."""
    X = np.round(digits[0][:, 2:12] * 4)
    encode = OneHotEncoder(handle_unknown="ignore")
    assert sp.issparse(encode.fit_transform(X))
    assert make_pipeline(encode, quick()).fit_transform(X).shape == (600, 2)
    columns = make_column_transformer(
        (OneHotEncoder(), list(range(8))), (StandardScaler(), [8, 9])
    )
    assert sp.issparse(columns.fit_transform(X))
    assert make_pipeline(columns, quick()).fit(X).score(X) > 0.05


def test_the_users_matrix_stays_as_it_is(quick, counts):
    S = sp.csr_array(with_duplicates(counts).tocsr())
    S = sp.csr_array((np.tile(S.data, 1)[::-1].copy(), S.indices[::-1].copy(), S.indptr))
    before = [array.copy() for array in (S.data, S.indices, S.indptr)]
    ae = quick().fit(S)
    ae.transform(S)
    for array, then in zip((S.data, S.indices, S.indptr), before, strict=True):
        np.testing.assert_array_equal(array, then)


@pytest.mark.parametrize("form", [sp.coo_array, sp.csr_array])
def test_sums_of_duplicates_beyond_integers(quick, form):
    largest = np.iinfo(np.int64).max // 2 + 1
    places = np.array([0, 0, 1, 2, 3, 4]), np.array([0, 0, 1, 0, 1, 0])
    S = sp.coo_array((np.array([largest, largest, 1, 2, 3, 4]), places), shape=(5, 2))
    if form is sp.csr_array:
        ends = np.array([0, 2, 3, 4, 5, 6])
        S = sp.csr_array((S.data, S.coords[1], ends), shape=S.shape)
    with pytest.raises(ValueError, match=r"duplicate.*beyond int64.*astype\(float\)"):
        quick(1).fit(S)
    assert quick(1, scaling="feature").fit(S.astype(float)).mean_[0] > 1e18


def test_impute_gives_back_what_has_no_holes(quick, counts):
    S = sp.csr_array(counts)
    filled = quick().fit(S).impute(S)
    assert sp.issparse(filled)
    assert (filled != S).nnz == 0


def test_a_fit_with_holes_takes_sparse_rows(quick, counts):
    holed = counts.copy()
    holed[::7, 3] = np.nan
    ae, S = quick().fit(holed), sp.csr_array(counts)
    validated = quick().fit(holed, X_val=S).transform(S)
    np.testing.assert_allclose(quick().fit(holed, X_val=counts).transform(S), validated)
    np.testing.assert_allclose(ae.transform(S), ae.transform(counts))
    assert ae.score(S) == pytest.approx(ae.score(counts))
    np.testing.assert_allclose(ae.impute(S), counts)
    if hasattr(ae, "denoise"):
        wanted = ae.score(counts, X_clean=counts)
        assert ae.score(counts, X_clean=S) == pytest.approx(wanted)
        found = ae.cell_scores(counts, X_clean=S)
        np.testing.assert_allclose(found, ae.cell_scores(counts, X_clean=counts))


def test_clean_rows_with_holes_of_sparse_rows(counts):
    clean, settings = counts.copy(), {"hidden_layer_sizes": (8,), "max_iter": 2}
    clean[::7, 3] = np.nan
    dense, thin = (DenoisingAutoencoder(2, random_state=0, **settings) for _ in range(2))
    dense.fit(counts, X_clean=clean)
    thin.fit(sp.csr_array(counts), X_clean=clean)
    np.testing.assert_allclose(thin.transform(counts), dense.transform(counts))


def test_warm_starts(quick, counts):
    S = sp.csr_array(counts)
    dense, thin = (quick(warm_start=True).fit(X).fit(X) for X in (counts, S))
    np.testing.assert_allclose(thin.transform(S), dense.transform(counts), atol=1e-9)


def test_errors_of_values(quick, counts):
    holed = counts.copy()
    holed[3, 4] = np.nan
    ae = quick().fit(counts)
    for use in (quick().fit, ae.transform, ae.score):
        with pytest.raises(ValueError, match=r"sparse and stores 1 missing.*toarray\(\)"):
            use(sp.csr_array(holed))
    with pytest.raises(ValueError, match=r"X_val is sparse and stores 1 missing"):
        quick().fit(counts, X_val=sp.csr_array(holed))
    with pytest.raises(ValueError, match="infinity"):
        quick().fit(sp.csr_array(np.where(counts > 0.5, np.inf, counts)))
    with pytest.raises(ValueError, match=r"values from -1 to 0; loss='kl'.*non-negative"):
        quick(loss="kl").fit(sp.csr_array(-counts / counts.max()))
    with pytest.raises(ValueError, match="expecting 30 features"):
        ae.transform(sp.csr_array(counts[:, 1:]))
    with pytest.raises(ValueError, match="no longer a finite number"):
        quick().fit(sp.csr_array(counts * 1e200))


def test_errors_of_uses(quick, counts):
    S = sp.csr_array(counts)
    with pytest.raises(TypeError, match=r"dense data is required.*toarray\(\)"):
        quick(categorical_features=[0]).fit(S)
    with pytest.raises(TypeError, match=r"codes is a sparse.*dense"):
        quick().fit(S).inverse_transform(S[:, :2])


def test_a_table_is_no_array(counts):
    table = SparseTable(sp.csr_array(counts))
    assert len(table) == 200
    with pytest.raises(TypeError, match="read by rows"):
        np.asarray(table)
    with pytest.raises(TypeError, match="isnan"):
        np.isnan(table)
    for ufunc in (np.fmin, np.fmax):
        np.testing.assert_array_equal(ufunc.reduce(table), ufunc.reduce(counts))
        assert ufunc.reduce(table, axis=None) == ufunc.reduce(counts, axis=None)


@pytest.mark.parametrize("kind", [AutoencoderTransformer, VariationalAutoencoder])
@pytest.mark.parametrize("value", [0, 1])
def test_wide_rows_without_variance(kind, value):
    """In no direction of which ARPACK could start."""
    S = sp.csr_array(np.tile(np.arange(8000) % 50 == value, (64, 1)).astype(float) * value)
    ae = kind(2, hidden_layer_sizes=(4,), max_iter=1).fit(S)
    np.testing.assert_allclose(ae.reconstruct(S[:3]), S[:3].toarray(), atol=1e-9)


def test_formats_that_store_more_than_their_numbers(quick):
    """Diagonals: zeros on them, and what lies outside of the table."""
    X = sp.dia_array((np.array([[0, 1, 2], [9, 1, 1]]), [0, 1]), shape=(3, 3))
    quick(1).fit(X)
    X = sp.vstack([X] * 5)
    for form in ("lil", "dok", "bsr"):
        quick(1).fit(X.asformat(form))


def test_duplicates_of_narrow_integers(quick):
    places = np.array([0, 0, 1, 2, 3]), np.array([0, 0, 1, 0, 1])
    S = sp.coo_array((np.array([60000, 60000, 1, 2, 3], np.uint16), places), shape=(4, 2))
    with pytest.raises(ValueError, match="beyond uint16"):
        quick(1).fit(S)


def test_no_flag_is_no_category(quick, counts):
    flags = [False] * counts.shape[1]
    assert quick(categorical_features=flags).fit(sp.csr_array(counts))._table is None


def test_clean_rows_as_y_get_a_warning(counts):
    S = sp.csr_array(counts)
    dae = DenoisingAutoencoder(2, hidden_layer_sizes=(4,), max_iter=1)
    for y in (S * 2, counts * 2):
        with pytest.warns(UserWarning, match="X_clean"):
            dae.fit(S, y)


@pytest.mark.parametrize("name", ["Loadings", "CodePlane", "Reconstruction", "Scree"])
def test_displays(counts, name):
    pytest.importorskip("matplotlib")
    draw = getattr(sklearn_ae, f"{name}Display").from_estimator
    ae = AutoencoderTransformer(2, hidden_layer_sizes=(4,), max_iter=1).fit(counts)
    draw(ae, sp.csr_array(counts))


def test_counts_stay_counts(quick, digits):
    X = np.where(digits[0] > 0.7, np.round(digits[0] * 16), 0)
    new = quick(4).fit(sp.csr_array(X)).sample(50, random_state=0)
    np.testing.assert_array_equal(new, np.round(new))
    assert new.min() >= 0


def test_statistics_of_columns(counts):
    """What the scaling knows of them, with weights and in float32."""
    weight = np.random.default_rng(0).integers(1, 4, len(counts)).astype(float)
    for X in (counts, (counts + (counts > 0) * 1e7).astype(np.float32)):
        for share in (None, weight):
            dense = scaler.Scaler("magnitude").fit(X, weight=share)
            thin = scaler.Scaler("magnitude").fit(
                SparseTable(sp.csr_array(X)), weight=share
            )
            for name in ("mean_", "variance_", "deviation_", "low_", "high_", "scale_"):
                found, wanted = getattr(thin, name), getattr(dense, name)
                np.testing.assert_allclose(found, wanted, rtol=1e-11, err_msg=name)
            np.testing.assert_array_equal(thin.is_whole_, dense.is_whole_)


def test_rows_of_rows(counts):
    """With their weights, whether they are sparse or not."""
    weight, scale = np.arange(200.0), scaler.Scaler("feature").fit(counts)
    for X in (counts, SparseTable(sp.csr_array(counts))):
        rows = scaler.ScaledRows(X, scale, np.arange(50, 150), weight)
        some = rows.take(np.array([3, 99, 0]))
        np.testing.assert_array_equal(some[:], rows[:][[3, 99, 0]])
        np.testing.assert_array_equal(some.weight, [53, 149, 50])
        assert some.shape == (3, 30)
        assert scaler.ScaledRows(X, scale).take(np.array([1])).weight is None


def test_columns_of_which_a_row_is_more_than_is_explained_by(quick, counts, monkeypatch):
    limit = "sklearn_ae._fit_cases._CELLS_TO_EXPLAIN"
    monkeypatch.setattr(limit, 10)  # of a row's 30
    assert np.isfinite(quick(init="random").fit(counts).explained_variance_ratio_).all()


def test_columns_far_from_zero_of_wide_rows():
    """Stored without a zero, so that they can be centred."""
    X, rng = wide_rows().toarray(), np.random.default_rng(1)
    X[:, 5], X[:, 7] = 1e8 + 3 * rng.normal(size=2500), rng.normal(size=2500) - 1e7
    centred = X - X.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:3]
    codes = AutoencoderTransformer(3, hidden_layer_sizes=()).fit(sp.csr_array(X))
    wanted = np.abs(centred @ axes.T)
    np.testing.assert_allclose(np.abs(codes.transform(X)), wanted, atol=1e-5)


@pytest.mark.parametrize("noise", ["gaussian", "masking"])
def test_linear_denoisers_see_all_rows_where_no_noise_is_drawn(
    counts, noise, stays_in_table, monkeypatch
):
    monkeypatch.setattr(f"{DENOISING}._CELLS_TO_START", 0)
    linear = {"hidden_layer_sizes": (), "noise": noise, "random_state": 0}
    dense, thin = (DenoisingAutoencoder(3, **linear) for _ in range(2))
    S = sp.csr_array(counts)
    agree(dense.fit(counts), thin.fit(S), counts, S)


@pytest.mark.parametrize("case", ["moments", "pairs", "wide", "code activation"])
def test_denoisers_sample_rows_where_noise_is_drawn(
    counts, case, stays_in_table, monkeypatch
):
    sizes, sampled = [], StartProblem.sampled

    def counted(problem, n_rows):
        sizes.append(n_rows)
        return sampled(problem, n_rows)

    monkeypatch.setattr(StartProblem, "sampled", counted)
    if case == "wide":
        monkeypatch.setattr(f"{DENOISING}._MOST_COLUMNS_TO_REGRESS", 29)
    activation = "tanh" if case == "code activation" else "identity"
    S, settings = sp.csr_array(counts), {"hidden_layer_sizes": (4,), "max_iter": 1}
    dae = DenoisingAutoencoder(2, code_activation=activation, **settings)
    dae.fit(S, X_clean=S * 2 if case == "pairs" else None)
    assert bool(sizes) == (case != "moments")
