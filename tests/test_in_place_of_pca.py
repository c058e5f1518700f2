"""Where PCA stands in a user's code, the autoencoder stands, held to the same words."""

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from estimators import ESTIMATORS, is_variational
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted


@pytest.fixture(params=[PCA, *ESTIMATORS], ids=lambda kind: kind.__name__)
def reducer(request):
    """A factory: ``reducer(n_components)`` is a PCA or what stands in its place."""

    def make(*args, **params):
        if request.param is not PCA:
            params = {"hidden_layer_sizes": (16,), "max_iter": 5, **params}
        return request.param(*args, **{"random_state": 0, **params})

    return make


@pytest.fixture
def table(digits):
    """Two blocks of digits as a DataFrame with an index of its own, (300, 20)."""
    X, _ = digits
    names = [f"pixel_{i}" for i in range(20)]
    return pd.DataFrame(X[:300, 20:40], columns=names, index=range(1000, 1300))


def test_in_front_of_a_classifier_with_string_labels(reducer, digits):
    X, y = digits
    labels = np.array(["even", "odd"])[y % 2]
    pipeline = make_pipeline(StandardScaler(), reducer(8), LogisticRegression(max_iter=500))
    assert cross_val_score(pipeline, X, labels, cv=3).mean() > 0.8


def test_grid_over_reducers_and_their_size(reducer, digits):
    X, y = digits
    pipeline = Pipeline([("reduce_dim", None), ("classify", KNeighborsClassifier())])
    grid = [
        {"reduce_dim": [reducer()], "reduce_dim__n_components": [2, 8]},
        {"reduce_dim": [SelectKBest(chi2)], "reduce_dim__k": [2]},
    ]
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_["reduce_dim__n_components"] == 8


def test_n_components_is_the_first_argument_and_none_means_all(reducer, bent):
    assert reducer(3).fit_transform(bent).shape == (200, 3)
    assert reducer().fit(bent).n_components_ == 4
    assert reducer().fit(bent[:3]).n_components_ == 3


@pytest.mark.parametrize("n_components", [5, 201])
def test_too_many_components_are_refused_with_the_bound(reducer, bent, n_components):
    with pytest.raises(ValueError, match=r"min\(n_samples, n_features\)=4"):
        reducer(n_components).fit(bent)


def test_set_output_pandas_keeps_the_index_and_names_the_codes(reducer, table):
    codes = reducer(2).set_output(transform="pandas").fit_transform(table)
    assert isinstance(codes, pd.DataFrame)
    assert list(codes.index) == list(table.index)
    name = type(reducer()).__name__.lower()
    assert list(codes.columns) == [f"{name}0", f"{name}1"]


def test_get_feature_names_out(reducer, table):
    fitted = reducer(3).fit(table)
    name = type(fitted).__name__.lower()
    assert list(fitted.get_feature_names_out()) == [f"{name}{i}" for i in range(3)]


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_inverse_transform_gives_a_table_in_the_users_units(reducer, table, output):
    if isinstance(reducer(2), PCA) and output != "default":
        pytest.skip("PCA gives arrays")
    fitted = reducer(2).set_output(transform=output).fit(table)
    X_hat = fitted.inverse_transform(np.asarray(fitted.transform(table)))
    kinds = {"default": np.ndarray, "pandas": pd.DataFrame, "polars": pl.DataFrame}
    assert isinstance(X_hat, kinds[output])
    if output != "default":
        assert list(X_hat.columns) == list(table.columns)
    X_hat = np.asarray(X_hat)
    assert X_hat.shape == table.shape
    np.testing.assert_allclose(X_hat.mean(0), table.mean(), atol=0.1)


def test_names_and_number_of_columns_are_remembered(reducer, table):
    fitted = reducer(2).fit(table)
    assert fitted.n_features_in_ == 20
    assert list(fitted.feature_names_in_) == list(table.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform(table[table.columns[::-1]])
    unnamed = reducer(2).fit(table.to_numpy())
    with pytest.raises(ValueError, match="20 features as input"):
        unnamed.transform(table.to_numpy()[:, :5])


def test_column_transformer(reducer, table):
    ten = list(table.columns[:10])
    columns = make_column_transformer((reducer(2), ten), remainder="drop")
    assert columns.fit_transform(table).shape == (300, 2)
    by_position = ColumnTransformer([("reduce", reducer(2), slice(0, 10))])
    np.testing.assert_allclose(
        by_position.fit_transform(table), columns.fit_transform(table)
    )


def test_feature_union_in_two_processes_on_read_only_memory(reducer, tmp_path):
    # 2 MB: above joblib's limit, so workers get a read-only memory map.
    X = np.random.RandomState(0).normal(size=(13000, 20))
    joblib.dump(X, tmp_path / "X")
    X_map = joblib.load(tmp_path / "X", mmap_mode="r")
    union = FeatureUnion(
        [
            ("two", reducer(2, **_one_epoch(reducer))),
            ("three", reducer(3, **_one_epoch(reducer))),
        ],
        n_jobs=2,
    )
    codes = union.fit(X_map).transform(X_map)
    assert codes.shape == (13000, 5)
    assert np.isfinite(codes).all()


def _one_epoch(reducer):
    return {} if isinstance(reducer(), PCA) else {"max_iter": 1}


def test_clone_and_parameters(reducer):
    copy = clone(reducer(3, whiten=True))
    assert copy.get_params()["n_components"] == 3
    assert copy.set_params(n_components=5).n_components == 5
    with pytest.raises(ValueError, match="Invalid parameter 'bottleneck'"):
        copy.set_params(bottleneck=3)


def test_not_fitted(reducer, bent):
    with pytest.raises(AttributeError):  # NotFittedError is one
        reducer(2).transform(bent)
    with pytest.raises(AttributeError):
        reducer(2).n_components_  # noqa: B018


@pytest.mark.parametrize("n_components", [-1, 2.5, "many"])
def test_wrong_type_or_range_is_an_error_at_fit(reducer, bent, n_components):
    with pytest.raises(ValueError, match="The 'n_components' parameter of"):
        reducer(n_components).fit(bent)


def test_whitened_codes_have_unit_variance_and_are_undone(reducer, digits):
    X, _ = digits
    plain, whitened = reducer(4).fit(X), reducer(4, whiten=True).fit(X)
    np.testing.assert_allclose(whitened.transform(X).std(0, ddof=1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        whitened.inverse_transform(whitened.transform(X)),
        plain.inverse_transform(plain.transform(X)),
        atol=1e-5,
    )


def test_codes_are_uncorrelated_widest_first(reducer, digits):
    X, _ = digits
    codes = reducer(4).fit_transform(X)
    covariance = np.cov(codes.T)
    widths = np.diag(covariance)
    assert (np.diff(widths) <= 0).all()
    if is_variational(reducer()):
        pytest.skip("components of a distribution keep the axes that make them independent")
    np.testing.assert_allclose(covariance - np.diag(widths), 0, atol=1e-5 * widths.max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float_types_are_kept(reducer, digits, dtype):
    X = digits[0].astype(dtype)
    fitted = reducer(2).fit(X)
    codes = fitted.transform(X)
    assert codes.dtype == dtype
    assert fitted.inverse_transform(codes).dtype == dtype


KINDS = ["list", "int8", "float16", "longdouble", "big endian", "Fortran", "reversed"]


@pytest.mark.parametrize("kind", [*KINDS, "object", "Int64", "polars"])
def test_other_numbers_are_taken_as_float64(reducer, digits, kind):
    X = np.round(digits[0][:100] * 16)
    given = {
        "list": X.tolist(),
        "int8": X.astype(np.int8),
        "float16": X.astype(np.float16),
        "longdouble": X.astype(np.longdouble),
        "big endian": X.astype(">f8"),
        "reversed": X[::-1, ::-1].copy()[::-1, ::-1],
        "object": X.astype(object),
        "Int64": pd.DataFrame(X).astype("Int64"),
        "polars": pl.DataFrame(X),
        "Fortran": np.asfortranarray(X),
    }[kind]
    fitted = reducer(2).fit(given)
    codes = fitted.transform(given)
    assert codes.dtype == np.float64
    np.testing.assert_allclose(np.asarray(codes), reducer(2).fit_transform(X), atol=1e-4)


def test_missing_values_of_pandas_and_polars_are_filled(reducer, bent):
    if isinstance(reducer(2), PCA):
        pytest.skip("PCA refuses missing values")
    missing = pd.DataFrame(bent).astype("Float64")
    missing.iloc[3, 1] = pd.NA
    filled = reducer(2).fit(missing).impute(missing)
    assert filled.notna().all(axis=None)
    frame = pl.DataFrame(bent, schema=list("abcd")).with_columns(
        pl.when(pl.col("a") > 3.5).then(None).otherwise(pl.col("a")).alias("a")
    )
    filled = reducer(2).set_output(transform="polars").fit(frame).impute(frame)
    assert not any(filled.null_count().row(0))


def test_score_of_a_table_warns_of_nothing(reducer, table):
    assert np.isfinite(reducer(2).fit(table).score(table))


def test_one_row(reducer):
    X = np.array([[1.0, 2.0, 3.0]])
    with np.errstate(invalid="ignore" if isinstance(reducer(), PCA) else "warn"):
        fitted = reducer(1).fit(X)
    assert fitted.transform(X).shape == (1, 1)
    np.testing.assert_allclose(fitted.inverse_transform(fitted.transform(X)), X, atol=1e-5)


def test_the_data_are_left_alone(reducer, digits):
    X = digits[0].copy()
    before = X.copy()
    fitted = reducer(2).fit(X)
    fitted.inverse_transform(fitted.transform(X))
    np.testing.assert_array_equal(X, before)


def test_fit_transform_is_fit_then_transform(reducer, digits):
    X, _ = digits
    np.testing.assert_allclose(
        reducer(3).fit_transform(X), reducer(3).fit(X).transform(X), atol=1e-6
    )


def test_check_is_fitted(reducer, bent):
    fitted = reducer(1).fit(bent)
    check_is_fitted(fitted)
    assert fitted.n_samples_ == 200
    np.testing.assert_allclose(fitted.mean_, bent.mean(0))


def test_arrays_after_a_fit_of_a_frame_warn_as_with_pca(reducer, table):
    fitted = reducer(3).fit(table)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        fitted.transform(table.to_numpy())


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_matrices_are_refused_as_with_pca(reducer, digits):
    fitted = reducer(3).fit(digits[0][:100])
    with pytest.raises(TypeError, match=r"np.matrix is not supported"):
        fitted.transform(np.asmatrix(digits[0][:5]))
