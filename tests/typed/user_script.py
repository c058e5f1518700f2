"""What users write: every line has to pass type checkers, and to run."""

import numpy as np
import pandas as pd
import polars as pl
import torch
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder, VariationalAutoencoder


def shifted(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return x + torch.rand(x.shape, generator=generator)


def main(X: NDArray[np.float64]) -> None:
    ae = AutoencoderTransformer(2, loss="huber", batch_size=64, scaling=None, max_iter=3)
    ae = ae.set_params(random_state=np.random.RandomState(0)).fit(X)
    codes: NDArray[np.floating] = ae.transform(X)
    score: float = ae.score(X, ["any", "labels"]) + ae.loss_curve_[0]
    names: list[str] = ae.get_feature_names_out().tolist()
    module_codes: torch.Tensor = ae.net_.module_.encode(torch.ones(3, X.shape[1]))
    print(score, names, module_codes, ae.inverse_transform(codes) - ae.mean_)

    weights = X[:, 0] ** 2
    ae = ae.fit(X, X_val=X[:9], sample_weight=weights)
    print(ae.score(X, sample_weight=weights))

    solver, loss = torch.optim.RMSprop, torch.nn.SmoothL1Loss()
    dae = DenoisingAutoencoder(2, noise=shifted, solver=solver, loss=loss, max_iter=3)
    print(dae.set_output(transform="polars").fit_transform(pl.DataFrame(X)))
    dae = DenoisingAutoencoder(2, noise_level=[0.1] * X.shape[1], max_iter=3)
    print(dae.fit(X + 1, X_clean=X).denoise(X.tolist()))
    dae = dae.fit(
        X + 1, X_clean=X, X_val=X + 1, X_clean_val=X, sample_weight=[1.0] * len(X)
    )
    with config_context(enable_metadata_routing=True):
        dae.set_fit_request(X_clean=True).set_score_request(X_clean=True)

    vae = VariationalAutoencoder(2, hidden_layer_sizes=[16], encoder=None, max_iter=3)
    mean, std = vae.fit(pd.DataFrame(X)).posterior(X)
    print(mean / std, vae.active_components_, vae.sample(5, random_state=0).round())

    search = GridSearchCV(make_pipeline(clone(ae)), {"autoencodertransformer__tol": [0.1]})
    print(search.fit(X).best_score_)
