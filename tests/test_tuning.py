"""GridSearchCV without a word on scoring: code size, hidden layers and loss at once."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

GRID = {
    "n_components": [2, 6],
    "hidden_layer_sizes": [(), (16,)],
    "loss": ["mse", "mae", "bce"],
}


@pytest.mark.parametrize("in_a_pipeline", [False, True])
def test_grid_over_size_layers_and_loss(quick, digits, in_a_pipeline):
    X = digits[0][:240]
    estimator, grid = quick(batch_size=32), GRID
    if in_a_pipeline:
        step = type(estimator).__name__.lower()
        estimator = make_pipeline(MinMaxScaler(clip=True), estimator)
        grid = {f"{step}__{name}": values for name, values in GRID.items()}
    search = GridSearchCV(estimator, grid, cv=2, n_jobs=2, error_score="raise").fit(X)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    best = {name.split("__")[-1]: value for name, value in search.best_params_.items()}
    assert best["n_components"] == 6
    assert search.best_score_ == scores.max()


def test_losses_are_compared_on_the_r2_scale(quick, digits):
    X = digits[0][:240]
    cv = KFold(2, shuffle=True, random_state=0)
    estimator = quick(4, batch_size=32)
    search = GridSearchCV(estimator, {"loss": ["mse", "mae", "huber", "kl"]}, cv=cv).fit(X)
    for i, params in enumerate(search.cv_results_["params"]):
        by_hand = [
            clone(estimator).set_params(**params).fit(X[train]).score(X[test])
            for train, test in cv.split(X)
        ]
        assert search.cv_results_["mean_test_score"][i] == pytest.approx(np.mean(by_hand))
