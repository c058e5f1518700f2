"""The checks that scikit-learn runs on others' estimators, and on its own."""

from unittest import SkipTest

import pytest
from estimators import ESTIMATORS
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

# Checks that scikit-learn runs on its own estimators only.
OWN_CHECKS = [
    "check_dataframe_column_names_consistency",
    "check_param_validation",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_get_feature_names_out_error",
    "check_inplace_ensure_writeable",
]


# Weights are as good as repeated rows in closed form; see below.
TRAINED = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "training draws other batches and validation rows from repeated rows, and of these "
        "there are more for n_components=None to count"
    )
    for kind in ("dense", "sparse")
}


@parametrize_with_checks(
    [kind() for kind in ESTIMATORS], expected_failed_checks=lambda estimator: TRAINED
)
def test_common_checks(estimator, check):
    try:
        check(estimator)
    except SkipTest as reason:
        pytest.fail(f"skipped: {reason}")  # none is to be skipped


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("check", OWN_CHECKS)
@pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)
def test_own_checks(kind, check):
    getattr(estimator_checks, check)(kind.__name__, kind(max_iter=2))


@pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("scaling", ["global", "feature", None])
def test_in_closed_form_weights_are_repeated_rows(kind, scaling):
    linear = kind(3, hidden_layer_sizes=(), scaling=scaling)
    if hasattr(linear, "noise_level"):
        linear.set_params(noise_level=0)  # of nine rows and of many a denoiser differs
    for check in TRAINED:
        getattr(estimator_checks, check)(kind.__name__, linear)
