"""What the net does with memory, and with read-only arrays."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from estimators import is_variational
from skorch.callbacks import Callback


@pytest.mark.parametrize(
    "solver", ["adam", "adamw", "sgd", torch.optim.RMSprop, torch.optim.LBFGS]
)
def test_every_solver_learns(quick, digits, solver):
    settings = {"learning_rate_init": 1e-3, "max_iter": 10}
    if solver == "sgd":
        settings["learning_rate_init"] = 0.1
    elif solver is torch.optim.LBFGS:  # asks for all rows at once, and one loss of them
        if is_variational(quick()):
            pytest.skip("its line search does not bear a loss that is drawn anew")
        settings.update(learning_rate_init=0.1, batch_size=600)
    fitted = quick(4, solver=solver, **settings).fit(digits[0])
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    assert fitted.best_iter_ > 0


def test_alpha_pulls_towards_pca(quick, digits):
    X, _ = digits
    free, held = (quick(2, alpha=alpha, max_iter=20).fit(X).score(X) for alpha in (0, 100))
    pca = quick(2, hidden_layer_sizes=()).fit(X).score(X)
    assert free > pca + 0.1
    assert abs(held - pca) < 0.02


def test_alpha_is_the_penalty_of_mlpregressor(quick, digits):
    decays = []

    class Keeper(Callback):
        def on_train_begin(self, net, **kwargs):
            for group in net.optimizer_.param_groups:
                decays.append((len(group["params"]), group["weight_decay"]))

    quick(alpha=0.5, batch_size=50, callbacks=[Keeper()]).fit(digits[0])
    # Four weight matrices of hidden layers; their biases and the skips go free, and so do
    # the noise levels of codes and rows.
    levels = [(2, 0)] if is_variational(quick()) else []
    assert decays == [(4, 0.01), (4, 0), (4, 0), *levels]
    decays.clear()
    quick(solver="adamw", callbacks=[Keeper()]).fit(digits[0])
    assert decays == [(8, 0), (4, 0), *levels]


def test_dropout_works_in_training_only(quick, digits):
    X, _ = digits
    fitted = quick(4, dropout=0.5).fit(X)
    np.testing.assert_array_equal(fitted.transform(X), fitted.transform(X))
    assert fitted.loss_curve_ != quick(4).fit(X).loss_curve_


def test_a_read_only_memory_map_is_neither_written_nor_a_crash(tmp_path):
    program = f"""
        import numpy as np, warnings
        warnings.simplefilter("error")
        from sklearn_ae import AutoencoderTransformer
        np.save(r"{tmp_path / "X.npy"}", np.random.RandomState(0).rand(200, 6))
        X = np.load(r"{tmp_path / "X.npy"}", mmap_mode="r")
        for scaling in ("global", None):
            ae = AutoencoderTransformer(2, max_iter=2, scaling=scaling).fit(X)
            ae.inverse_transform(np.asarray(ae.transform(X)))
            ae.score(X)
            ae.score_samples(X)
        assert np.array_equal(X, np.random.RandomState(0).rand(200, 6))
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=120
    )


def test_chunks_do_not_show(quick, digits):
    X = np.vstack([digits[0]] * 15)  # more rows than a chunk holds
    fitted = quick(2).fit(digits[0])
    codes = fitted.transform(X)
    parts = [fitted.transform(part) for part in np.array_split(X, 7)]
    np.testing.assert_allclose(codes, np.vstack(parts), atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_after_use_can_use_and_fit():
    """Of wide layers, which the parent has run on two threads."""
    program = """
        import multiprocessing, numpy as np, torch
        torch.set_num_threads(2)
        from sklearn_ae import AutoencoderTransformer
        X = np.random.RandomState(0).rand(600, 200)
        options = dict(hidden_layer_sizes=(512,), max_iter=1, random_state=0)
        ae = AutoencoderTransformer(2, **options).fit(X)
        expected = ae.transform(X)
        def use(X):
            AutoencoderTransformer(2, **options).fit(X)
            return ae.transform(X)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            codes = pool.map_async(use, [X, X]).get(timeout=60)
        for code in codes:
            np.testing.assert_allclose(code, expected, atol=1e-9)
        assert torch.get_num_threads() == 2
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        check=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
    )


@pytest.mark.slow
def test_a_spawned_process_can_use_and_fit(tmp_path):
    """The start of processes on Windows and macOS; an estimator goes there and back."""
    path = tmp_path / "program.py"  # which spawned processes import
    program = """
        import multiprocessing, numpy as np
        from sklearn_ae import AutoencoderTransformer, DenoisingAutoencoder
        if __name__ == "__main__":
            X = np.random.RandomState(0).rand(300, 20)
            options = dict(hidden_layer_sizes=(8,), max_iter=1, random_state=0)
            kinds = AutoencoderTransformer(2, **options), DenoisingAutoencoder(2, **options)
            with multiprocessing.get_context("spawn").Pool(2) as pool:
                for ae in kinds:
                    far = pool.map_async(ae.fit, [X, X]).get(timeout=60)
                    expected = ae.fit(X).transform(X)
                    codes = pool.map_async(ae.transform, [X, X]).get(timeout=60)
                    for code in (*codes, *(other.transform(X) for other in far)):
                        np.testing.assert_array_equal(code, expected)
            print("same")
    """
    path.write_text(textwrap.dedent(program))
    done = subprocess.run(
        [sys.executable, path], check=True, timeout=110, capture_output=True, text=True
    )
    assert done.stdout == "same\n"


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_fit_where_gradients_are_off(quick, digits, mode):
    X, _ = digits
    expected = quick().fit(X).transform(X)
    with mode():
        fitted = quick().fit(X)
        np.testing.assert_array_equal(fitted.transform(X), expected)
        bent = quick(output_activation="silu").fit(X)
        assert np.isfinite(bent.reconstruct(X)).all()
        x = torch.zeros(3, 64)
        network = fitted.net_.module_
    np.testing.assert_array_equal(fitted.transform(X), expected)
    network(x.clone().requires_grad_()).sum().backward()  # what was built is no less
