"""Bad input gets an error that names value, expectation and way out; nothing is lost."""

import os
import re
import signal
import threading
import warnings

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from sklearn_ae import ConvergenceError, DenoisingAutoencoder


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_components", 0),
        ("n_components", 1.5),
        ("hidden_layer_sizes", -1),
        ("activation", "swish"),
        ("code_activation", "softmax"),
        ("output_activation", "softplus"),
        ("loss", "squared_error"),
        ("init", "zeros"),
        ("scaling", "robust"),
        ("whiten", "yes"),
        ("dropout", 1.0),
        ("alpha", -1e-3),
        ("solver", "lbfgs"),
        ("learning_rate_init", 0),
        ("learning_rate", "fast"),
        ("batch_size", 0),
        ("max_iter", 0),
        ("tol", -1),
        ("n_iter_no_change", 0),
        ("validation_fraction", 1.0),
        ("encoder", "conv"),
        ("device", 0),
        ("callbacks", "print"),
        ("random_state", "today"),
    ],
)
def test_wrong_parameter(quick, bent, name, value):
    estimator = quick(**{name: value}) if name != "n_components" else quick(value)
    message = rf"The '{name}' parameter of {type(estimator).__name__} must be .* Got "
    with pytest.raises(ValueError, match=message):
        estimator.fit(bent)


@pytest.mark.parametrize("sizes", [(16, 0), (16, 2.5), ("wide",)])
def test_wrong_layer_sizes(quick, bent, sizes):
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=.* must hold integers"):
        quick(hidden_layer_sizes=sizes).fit(bent)


def test_bce_outside_0_1(quick, digits):
    X = digits[0] * 16
    with pytest.raises(ValueError, match=r"from 0 to 16; loss='bce' expected values in"):
        quick(loss="bce").fit(X)


def test_kl_of_negative_data(quick, digits):
    with pytest.raises(ValueError, match=r"from -0\.5 to 0\.5; loss='kl' expected non-neg"):
        quick(loss="kl").fit(digits[0] - 0.5)


def test_score_samples_outside_the_domain(quick, digits):
    X, _ = digits
    fitted = quick(loss="bce").fit(X)
    with pytest.raises(ValueError, match="loss='bce' expected"):
        fitted.score_samples(X * 2)


@pytest.mark.parametrize("loss", ["bce", "kl"])
def test_output_activation_that_leaves_the_domain(quick, digits, loss):
    with pytest.raises(ValueError, match=rf"'identity' lets outputs leave .*'{loss}'"):
        quick(loss=loss, output_activation="identity").fit(digits[0])


@pytest.mark.parametrize(
    ("activation", "range_"), [("logistic", "[0, 1]"), ("tanh", "[-1, 1]")]
)
def test_data_that_the_output_cannot_reach(quick, digits, activation, range_):
    message = rf"output_activation='{activation}' expected values in {re.escape(range_)}"
    with pytest.raises(ValueError, match=message):
        quick(output_activation=activation).fit(digits[0] * 16)
    with pytest.raises(ValueError, match="output_activation='relu' expected non-negative"):
        quick(output_activation="relu").fit(digits[0] - 1)


def test_a_class_where_an_instance_is_meant_and_the_reverse(quick, bent):
    with pytest.raises(
        ValueError, match=r"loss=MSELoss is a class.*Write loss=MSELoss\(\)"
    ):
        quick(loss=torch.nn.MSELoss).fit(bent)
    with pytest.raises(
        ValueError, match="is a Linear; expected a callable that builds one"
    ):
        quick(encoder=torch.nn.Linear(4, 2)).fit(bent)
    with pytest.raises(ValueError, match="solver=int is no optimizer"):
        quick(solver=int).fit(bent)
    with pytest.raises(ValueError, match=r"callbacks holds 3, expected instances of"):
        quick(callbacks=[3]).fit(bent)


def test_a_loss_that_gives_no_tensor(quick, bent):
    with pytest.raises(ValueError, match="returned float, expected a tensor"):
        quick(loss=lambda x_hat, x: 1.0).fit(bent)


@pytest.mark.parametrize(
    "params", [{"scaling": None}, {"loss": "kl"}, {"output_activation": "elu"}], ids=str
)
def test_means_so_far_away_that_float32_loses_what_varies(quick, bent, params):
    with pytest.raises(ValueError, match=r"standard deviations away from zero.*Subtract"):
        quick(**params).fit(bent + 1e9)
    assert quick().fit(bent + 1e9).score(bent + 1e9) > 0.5
    quick(hidden_layer_sizes=(), scaling=None).fit(bent + 1e9)


def test_an_infinite_loss_before_training_blames_the_scale(quick, bent):
    with pytest.raises(ConvergenceError, match=r"before training.*scaling='global'"):
        quick(scaling=None).fit(bent * 1e30)


def test_infinity(quick, bent):
    spoilt = bent.copy()
    spoilt[3, 1] = np.inf
    fitted = quick().fit(bent)
    for method in (fitted.fit, fitted.transform, fitted.reconstruct, fitted.score):
        with pytest.raises(ValueError, match="infinity"):
            method(spoilt)


def test_missing_cells_after_a_fit_without_any(quick, bent):
    spoilt = bent.copy()
    spoilt[3, 1] = np.nan
    fitted = quick().fit(bent)
    for method in (fitted.transform, fitted.reconstruct, fitted.score, fitted.impute):
        with pytest.raises(ValueError, match="samples of the fit had none"):
            method(spoilt)


def test_values_whose_variance_overflows(quick, bent):
    with pytest.raises(ValueError, match="no longer a finite number"):
        quick().fit(bent * 1e200)


def test_complex(quick, bent):
    with pytest.raises(ValueError, match="Complex data not supported"):
        quick().fit(bent + 1j)


def test_tensor_that_requires_grad(quick, bent):
    tensor = torch.tensor(bent, requires_grad=True)
    fitted = quick().fit(bent)
    for method in (fitted.fit, fitted.transform, fitted.score_samples):
        with pytest.raises(ValueError, match=r"requires grad.*X\.detach\(\)"):
            method(tensor)
    with pytest.raises(ValueError, match="requires grad"):
        fitted.inverse_transform(torch.zeros(3, 2, requires_grad=True))


def test_tensor_without_grad_is_data(quick, bent):
    np.testing.assert_array_equal(
        quick().fit(torch.tensor(bent)).transform(torch.tensor(bent)),
        quick().fit(bent).transform(bent),
    )


@pytest.mark.parametrize("method", ["transform", "reconstruct", "score", "score_samples"])
def test_use_before_the_fit(quick, bent, method):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(quick(), method)(bent)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        quick().inverse_transform(bent)
    assert not hasattr(quick(), "net_")


def test_codes_of_the_wrong_width(quick, bent):
    fitted = quick(2).fit(bent)
    with pytest.raises(ValueError, match=r"codes have 3 columns, expected n_components_=2"):
        fitted.inverse_transform(np.zeros((5, 3)))
    with pytest.raises(ValueError, match="2D array"):
        fitted.inverse_transform(np.zeros(2))


@pytest.mark.parametrize("method", ["transform", "reconstruct", "score", "score_samples"])
def test_wrong_number_of_columns_and_no_rows(quick, bent, method):
    fitted = quick().fit(bent)
    with pytest.raises(ValueError, match="4 features as input"):
        getattr(fitted, method)(bent[:, :3])
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        getattr(fitted, method)(bent[:0])


@pytest.mark.skipif(torch.cuda.is_available(), reason="is about machines without CUDA")
def test_cuda_where_there_is_none(quick, bent):
    with pytest.raises(ValueError, match=r"device='cuda' cannot be used.*device='cpu'"):
        quick(device="cuda").fit(bent)


@pytest.mark.parametrize("device", ["gpu", "meta"])
def test_device_that_nobody_knows(quick, bent, device):
    with pytest.raises(ValueError, match=f"device='{device}' cannot be used"):
        quick(device=device).fit(bent)


def test_divergence_names_the_learning_rate(quick, digits):
    with pytest.raises(ConvergenceError, match=r"diverged.*learning_rate_init=1000000\.0"):
        quick(learning_rate_init=1e6).fit(digits[0])


@pytest.mark.parametrize("activation", ["relu", "silu", "tanh"])
@pytest.mark.parametrize("early_stopping", [True, False])
def test_divergence_is_seen_whatever_the_activation(
    quick, digits, activation, early_stopping
):
    settings = {"activation": activation, "early_stopping": early_stopping}
    with pytest.raises(ConvergenceError):
        quick(learning_rate_init=1e6, **settings).fit(digits[0])


def test_a_diverging_candidate_is_one_nan_row_of_a_grid_search(quick, digits):
    grid = {"learning_rate_init": [1e-3, 1e8]}
    search = GridSearchCV(quick(4), grid, cv=3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(digits[0])
    assert FitFailedWarning in {w.category for w in caught}
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]
    assert search.best_params_ == {"learning_rate_init": 1e-3}


def test_a_failed_fit_changes_nothing(quick, digits, bent):
    fitted = quick().fit(bent)
    before, codes = dict(vars(fitted)), fitted.transform(bent)
    fitted.set_params(learning_rate_init=1e8)
    with pytest.raises(ConvergenceError):
        fitted.fit(digits[0])
    fitted.set_params(learning_rate_init=before["learning_rate_init"])
    assert vars(fitted) == before
    np.testing.assert_array_equal(fitted.transform(bent), codes)


def test_ctrl_c_is_an_error_and_not_an_end(quick, digits):
    fitted = quick().fit(digits[0])
    before = dict(vars(fitted))
    fitted.set_params(max_iter=10**6, tol=0, n_iter_no_change=10**6)
    # A shell may have started us in the background, deaf to the signal.
    before_signal = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            fitted.fit(digits[0])
    finally:
        signal.signal(signal.SIGINT, before_signal)
    assert fitted._fitted is before["_fitted"]


@pytest.mark.parametrize("where", ["own layers", "noise", "loss"])
def test_ctrl_c_in_code_of_the_users_that_is_no_callback_passes(where, digits):
    def interrupt(*args):
        raise KeyboardInterrupt

    class Interrupting(torch.nn.Linear):
        def forward(self, x):
            return interrupt() if self.training else super().forward(x)

    params = {
        "own layers": {"encoder": Interrupting},
        "noise": {"noise": interrupt},
        "loss": {"loss": interrupt},
    }[where]
    estimator = DenoisingAutoencoder(2, callbacks=[Callback()], **params)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(digits[0])
    assert not hasattr(estimator, "n_iter_")


def test_own_network_of_the_wrong_kind_or_width(quick, bent):
    with pytest.raises(ValueError, match=r"returned int .*expected a torch.nn.Module"):
        quick(encoder=lambda n_in, n_out: n_in).fit(bent)
    with pytest.raises(
        ValueError, match=r"into \(2, 7\); expected a tensor of shape \(2, 4\)"
    ):
        quick(decoder=lambda n_in, n_out: torch.nn.Linear(n_in, 7)).fit(bent)


def test_warm_start_with_another_network(quick, digits):
    X, _ = digits
    fitted = quick(4, warm_start=True, max_iter=15).fit(X)
    assert fitted.best_iter_ > 0
    fitted.set_params(hidden_layer_sizes=(8,), scaling="feature")
    with pytest.raises(ValueError, match=r"found hidden_layer_sizes, .*scaling changed"):
        fitted.fit(X)


# -- training that went nowhere --------------------------------------------------

BOUNDED = [
    {"loss": "bce"},
    {"output_activation": "logistic"},
    {"output_activation": "tanh"},
]


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("rate", [10.0, 1e3, 1e6, 1e20])
@pytest.mark.parametrize("output", BOUNDED, ids=lambda output: "-".join(output.values()))
def test_a_rate_too_high_is_named_where_the_loss_has_a_ceiling(kind, output, rate, digits):
    X = digits[0][:300] / 16
    settings = {"hidden_layer_sizes": (16,), "max_iter": 4, "random_state": 0, **output}
    estimator = kind(4, init="random", learning_rate_init=rate, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(
            (ConvergenceError, ConvergenceWarning), match="learning_rate_init"
        ):
            estimator.fit(X)
    assert not hasattr(estimator, "n_iter_")


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("early_stopping", [True, False])
def test_random_weights_are_no_candidate(kind, early_stopping, digits):
    X = digits[0][:300]
    penalised = kind(
        4, init="random", alpha=30.0, early_stopping=early_stopping, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        penalised.set_params(max_iter=5).fit(X)
    assert penalised.best_iter_ >= 1
