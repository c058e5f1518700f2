"""Every parameter does what its text says."""

import numpy as np
import pytest
import torch
from estimators import is_variational
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler


def shapes(fitted):
    module = fitted.net_.module_
    return [
        [tuple(w.shape) for n, w in half.named_parameters() if n.endswith("weight")]
        for half in (module.encoder, module.decoder)
    ]


def test_hidden_layer_sizes_and_their_mirror(quick, bent):
    fitted = quick(2, hidden_layer_sizes=(9, 5), max_iter=1).fit(bent)
    encoder, decoder = shapes(fitted)
    told = 4 if is_variational(fitted) else 2  # means and deviations
    assert encoder == [(9, 4), (5, 9), (told, 5), (2, 4)]
    assert decoder == [(5, 2), (9, 5), (4, 9), (4, 2)]


@pytest.mark.parametrize("sizes", [7, [7], np.array([7])])
def test_hidden_layer_sizes_of_any_kind(quick, bent, sizes):
    fitted = quick(2, hidden_layer_sizes=sizes, max_iter=1).fit(bent)
    assert shapes(fitted)[0][0] == (7, 4)
    clone(fitted)


def test_decoder_hidden_layer_sizes(quick, bent):
    fitted = quick(2, decoder_hidden_layer_sizes=(3,), max_iter=1).fit(bent)
    assert shapes(fitted)[1] == [(3, 2), (4, 3), (4, 2)]
    linear = quick(2, decoder_hidden_layer_sizes=(), max_iter=1).fit(bent)
    assert shapes(linear)[1] == [(4, 2)]


@pytest.mark.parametrize("activation", ["relu", "silu", "gelu", "elu", "tanh", "logistic"])
def test_activations_learn(quick, digits, activation):
    X, _ = digits
    fitted = quick(2, activation=activation, max_iter=20, learning_rate_init=0.02).fit(X)
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]


@pytest.mark.parametrize(
    ("code_activation", "low", "high"),
    [("relu", 0, np.inf), ("tanh", -1, 1), ("logistic", 0, 1), ("elu", -1, np.inf)],
)
def test_code_activation_bounds_the_codes(quick, digits, code_activation, low, high):
    X = digits[0] * 16
    fitted = quick(4, code_activation=code_activation).fit(X)
    codes = fitted.transform(X)
    assert codes.min() >= low
    assert codes.max() <= high
    np.testing.assert_allclose(
        fitted.inverse_transform(codes), fitted.reconstruct(X), atol=1e-6
    )


@pytest.mark.parametrize(
    ("output_activation", "low", "high"),
    [("logistic", 0, 1), ("relu", 0, np.inf), ("tanh", -1, 1)],
)
def test_output_activation_bounds_the_users_units(
    quick, digits, output_activation, low, high
):
    X, _ = digits
    fitted = quick(8, output_activation=output_activation, max_iter=10).fit(X)
    X_hat = fitted.reconstruct(X)
    assert X_hat.min() >= low
    assert X_hat.max() <= high
    assert fitted.score(X) > 0.5


def test_the_classic_network_with_relu_codes_and_a_sigmoid_output(quick, digits):
    X, _ = digits
    settings = {"activation": "relu", "code_activation": "relu"}
    fitted = quick(
        8, hidden_layer_sizes=(64,), output_activation="logistic", max_iter=30, **settings
    ).fit(X)
    pca = PCA(8).fit(X)
    X_hat = pca.inverse_transform(pca.transform(X))
    pca_score = 1 - ((X - X_hat) ** 2).sum() / ((X - X.mean(0)) ** 2).sum()
    assert fitted.score(X) > pca_score


@pytest.mark.parametrize(
    "loss", ["mse", "mae", "huber", "bce", "kl", torch.nn.SmoothL1Loss()]
)
def test_every_loss_falls_and_keeps_the_data(quick, digits, loss):
    X, _ = digits
    if loss == "kl" and is_variational(quick()):
        X = 16 * X  # as a likelihood it is one of counts
    fitted = quick(8, loss=loss, max_iter=20).fit(X)
    assert fitted.best_iter_ > 0
    assert fitted.score(X) > 0.6
    scores = fitted.score_samples(X)
    assert scores.shape == (600,)
    assert scores.dtype == X.dtype


@pytest.mark.parametrize("loss", ["bce", "kl"])
def test_a_domain_is_held_up_to_rounding(quick, loss):
    X = MinMaxScaler().fit_transform(load_breast_cancer().data)
    assert X.max() > 1  # by a rounding
    X = X - (loss == "kl") * 1e-17
    fitted = quick(4, loss=loss).fit(X)
    assert np.isfinite(fitted.score_samples(X)).all()


def test_kl_takes_counts_of_any_size(quick):
    counts = np.random.RandomState(0).poisson(500, (300, 8)) * [1, 2, 3, 4, 5, 6, 7, 8]
    fitted = quick(3, loss="kl", max_iter=20).fit(counts)
    assert (fitted.reconstruct(counts) > 0).all()
    linear = quick(3, hidden_layer_sizes=()).fit(counts)
    assert fitted.score(counts) > linear.score(counts) - 0.02


@pytest.mark.filterwarnings("ignore:None of the 1 components is in use")
def test_mae_leaves_outliers_aside(quick, bent):
    # A tenth of the rows are thrown far off along a direction of their own.
    rng = np.random.RandomState(1)
    X = bent.copy()
    far = rng.choice(200, 20, replace=False)
    X[far] += rng.normal(size=(20, 4)) * 20
    errors = {}
    for loss in ("mse", "mae"):
        settings = {"hidden_layer_sizes": (32, 32), "max_iter": 100, "batch_size": 16}
        fitted = quick(1, loss=loss, **settings).fit(X)
        errors[loss] = np.abs(fitted.reconstruct(bent) - bent).mean()
    assert errors["mae"] < errors["mse"]


@pytest.mark.parametrize("scaling", ["global", "feature", None])
def test_scaling_is_undone(quick, digits, scaling):
    X = digits[0] * np.linspace(1, 3, 64) + 5
    fitted = quick(16, scaling=scaling, max_iter=10).fit(X)
    assert fitted.score(X) > 0.7
    np.testing.assert_allclose(fitted.mean_, X.mean(0))
    varies = X.std(0) > 0
    scale = fitted.scale_[varies]
    if scaling == "feature":
        np.testing.assert_allclose(scale, X.std(0)[varies])
    elif scaling == "global":
        np.testing.assert_allclose(scale, np.sqrt(X.var(0).mean()))
    else:
        np.testing.assert_array_equal(fitted.scale_, 1)


def test_global_scaling_keeps_wide_columns_and_feature_scaling_treats_all_alike(quiet):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 4)) * [1000, 1, 1, 1]
    X[:, 2] = X[:, 1] + 0.1 * X[:, 2]
    kept = {}
    for scaling in ("global", "feature"):
        fitted = quiet(1, hidden_layer_sizes=(), scaling=scaling).fit(X)
        kept[scaling] = 1 - (X - fitted.reconstruct(X)).var(0) / X.var(0)
    assert kept["global"][0] > 0.99
    assert kept["global"][1] < 0.1
    assert kept["feature"][0] < 0.1
    # The mean of a posterior is drawn towards that of all rows.
    assert kept["feature"][1] > (0.85 if is_variational(quiet()) else 0.9)


def test_random_init_has_no_linear_part(quick, digits):
    fitted = quick(2, init="random").fit(digits[0])
    assert not any("skip" in name for name, _ in fitted.net_.module_.named_parameters())
    assert fitted.validation_scores_[0] < 0.1


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_validation_fraction(digits, share):
    from skorch.callbacks import Callback

    from sklearn_ae import AutoencoderTransformer

    sizes = []

    class Keeper(Callback):
        def on_train_begin(self, net, **kwargs):
            sizes.append(len(net.datasets_[1]))

    AutoencoderTransformer(
        2, validation_fraction=share, max_iter=1, callbacks=[Keeper()]
    ).fit(digits[0])
    assert sizes == [600 * share]


def test_device_auto(quick, bent):
    assert quick(device="auto").fit_transform(bent).shape == (200, 2)


def test_codes_are_no_metadata(quick):
    assert not hasattr(quick(), "set_inverse_transform_request")


def test_metadata_routing_may_be_on(quick, bent):
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        fitted = quick().fit(bent)
        fitted.get_metadata_routing()
        assert fitted.fit_transform(bent).shape == (200, 2)
