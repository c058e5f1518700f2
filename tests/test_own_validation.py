"""Own validation rows: they select the epoch, and all of X is trained on."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder

SMALL = {"hidden_layer_sizes": (16,), "max_iter": 4, "random_state": 0}


@pytest.fixture
def parts(digit_rows):
    """510 rows to train on and 90 others to validate with."""
    return digit_rows[:510], digit_rows[510:]


def test_scores_are_those_of_the_given_rows(quiet, parts):
    X, X_val = parts
    fitted = quiet(4, **SMALL).fit(X, X_val=X_val)
    assert len(fitted.validation_scores_) == fitted.n_iter_ + 1
    assert fitted.best_iter_ > 0
    told = fitted.validation_scores_[fitted.best_iter_]
    assert told == pytest.approx(fitted.score(X_val), abs=1e-3)
    assert told != pytest.approx(fitted.score(X), abs=1e-3)


def test_all_rows_of_X_are_trained_on(quick, parts, monkeypatch):
    X, X_val = parts
    seen = []

    class Seen(Exception):
        pass

    def train(network, loss, train, valid, **how):
        seen.extend([train.x, valid.x])
        raise Seen

    monkeypatch.setattr("sklearn_ae._fit.Training", train)
    fitted = quick(4)
    with pytest.raises(Seen):
        fitted.fit(X, X_val=X_val)
    train, valid = (x.numpy() * X.var(0).mean() ** 0.5 + X.mean(0) for x in seen)
    order = np.lexsort(X.T)
    np.testing.assert_allclose(train[np.lexsort(np.round(train, 4).T)], X[order], atol=1e-5)
    np.testing.assert_allclose(valid, X_val, atol=1e-5)


def test_the_fraction_is_not_used(quick, parts):
    X, X_val = parts
    codes = [
        quick(4, max_iter=2, validation_fraction=share).fit(X, X_val=X_val).transform(X)
        for share in (0.1, 0.6)
    ]
    np.testing.assert_array_equal(*codes)


def test_scaling_and_start_are_those_of_X_alone(parts):
    X, X_val = parts
    fitted = AutoencoderTransformer(4, learning_rate_init=1e-12, **SMALL)
    fitted.fit(X, X_val=X_val + 5)
    assert fitted.best_iter_ == 0
    assert fitted.n_samples_ == 510
    np.testing.assert_allclose(fitted.mean_, X.mean(axis=0))
    codes = PCA(4, svd_solver="full").fit(X).transform(X)
    np.testing.assert_allclose(fitted.transform(X), codes, atol=1e-10)


def test_the_closed_form_needs_no_validation(quick, parts):
    X, X_val = parts
    linear = quick(4, hidden_layer_sizes=()).fit(X, X_val=X_val)
    assert linear.validation_scores_ is None
    expected = quick(4, hidden_layer_sizes=()).fit(X)
    np.testing.assert_array_equal(linear.transform(X), expected.transform(X))


def test_weights_are_those_of_X(quick, parts):
    X, X_val = parts
    counts = np.arange(510) % 2
    weighted = quick(4, max_iter=2).fit(X, X_val=X_val, sample_weight=counts)
    expected = quick(4, max_iter=2).fit(X[counts > 0], X_val=X_val)
    np.testing.assert_array_equal(weighted.transform(X), expected.transform(X))


def test_validation_selects_by_its_own_rows(parts):
    X, _ = parts
    pca = PCA(4, svd_solver="full").fit(X)
    flat = pca.inverse_transform(pca.transform(X))  # where PCA makes no error
    fitted = AutoencoderTransformer(4, **SMALL).fit(X, X_val=flat)
    assert fitted.best_iter_ == 0
    assert AutoencoderTransformer(4, **SMALL).fit(X, X_val=X).best_iter_ > 0


def test_pairs_have_pairs_to_validate_with(parts):
    X, X_val = parts
    rng = np.random.RandomState(0)
    noisy, noisy_val = (rows + 0.3 * rng.normal(size=rows.shape) for rows in parts)
    fitted = DenoisingAutoencoder(8, **SMALL)
    fitted.fit(noisy, X_clean=X, X_val=noisy_val, X_clean_val=X_val)
    told = fitted.validation_scores_[fitted.best_iter_]
    score = fitted.score(noisy_val, X_clean=X_val)
    assert fitted.best_iter_ == 0 or told == pytest.approx(score, abs=1e-5)
    assert fitted.validation_scores_[0] > fitted.score(noisy_val)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X_clean_val": 0}, "X_clean_val is given without X_val; expected.+Pass both"),
        (
            {"X_val": 0, "X_clean": 0},
            "without X_clean_val; expected pairs.+Pass X_clean_val",
        ),
        ({"X_val": 0, "X_clean_val": 0}, "without X_clean; expected clean.+Pass X_clean"),
        (
            {"X_clean": 0, "X_val": 0, "X_clean_val": 2},
            r"X_clean_val has shape \(508, 64\) and X_val has.+expected the same.+Pass",
        ),
    ],
)
def test_half_pairs_are_refused(parts, given, message):
    X, _ = parts
    given = {name: X[first:] for name, first in given.items()}
    with pytest.raises(ValueError, match=message):
        DenoisingAutoencoder(4, **SMALL).fit(X, **given)


def test_other_columns_are_refused(quick, parts):
    X, X_val = parts
    with pytest.raises(
        ValueError, match=r"X_val has 9 columns and X has 64; expected.+Pass"
    ):
        quick(4, max_iter=2).fit(X, X_val=X_val[:, :9])
    X, X_val = (pd.DataFrame(rows).add_prefix("x") for rows in parts)
    other = X_val[X_val.columns[::-1]]
    with pytest.raises(ValueError, match=r"X_val has columns.+expected.+Pass X_val\[X"):
        quick(4, max_iter=2).fit(X, X_val=other)
    assert quick(4, max_iter=1).fit(X, X_val=X_val).n_samples_ == 510
    with pytest.raises(ValueError, match="X_val has missing cells"):
        quick(4, max_iter=2).fit(X, X_val=X_val.replace(0.0, np.nan))


def test_rows_that_would_be_ignored_are_refused(quick, parts):
    X, X_val = parts
    fitted = quick(4, early_stopping=False)
    with pytest.raises(ValueError, match=r"early_stopping=False.+expected.+Set"):
        fitted.fit(X, X_val=X_val)
    assert not hasattr(fitted, "n_features_in_")


def test_validation_rows_have_the_range_of_the_loss(parts):
    X, X_val = parts
    fitted = AutoencoderTransformer(4, loss="bce", **SMALL)
    with pytest.raises(ValueError, match=r"X_val has values from.+expected"):
        fitted.fit(X, X_val=2 * X_val)


def test_a_pipeline_transforms_them_too(quick, parts):
    X, X_val = parts
    scaler = StandardScaler().fit(X)
    expected = quick(4, max_iter=2).fit(scaler.transform(X), X_val=scaler.transform(X_val))
    with config_context(enable_metadata_routing=True):
        steps = [
            ("scaler", StandardScaler()),
            ("autoencoder", quick(4, max_iter=2).set_fit_request(X_val=True)),
        ]
        piped = Pipeline(steps, transform_input=["X_val"]).fit(X, X_val=X_val)
    scores = piped[-1].validation_scores_
    np.testing.assert_array_equal(scores, expected.validation_scores_)
