"""One training, from a plan to what is fitted: start, train, finish."""

from collections.abc import Sequence

import numpy as np

from ._code_density import DENSITIES, DeferredDensity
from ._fitted import Fitted
from ._objectives import Start, StartProblem
from ._plan import Plan
from ._training import (
    Training,
    Watcher,
    borrowed_globals,
    by_chunk,
    corrupt,
    load_arrays,
    make_generator,
    measure_noise,
    noise_moments,
    scale_rows,
    set_training,
    to_arrays,
    to_rows,
    to_tensor,
    user_code,
)

__all__ = ["Fit"]

_ROWS_TO_VERIFY = 16

_FEWEST_ROWS_TO_SPLIT = 3  # two to validate, one to train


class Fit:
    """A fit under way; to be run once.

    Parameters
    ----------
    plan : Plan
    X : ndarray of shape (n_samples, n_features)
    X_clean : ndarray of shape (n_samples, n_features) or None
        What rows should become. None: what they are.
    random_state : RandomState
        Draws a seed, and the rows that choose the epoch.
    """

    def __init__(
        self,
        plan: Plan,
        X: np.ndarray,
        X_clean: np.ndarray | None,
        random_state: np.random.RandomState,
    ):
        self.plan = plan
        self.X, self.X_clean = X, X_clean
        self.seed = int(random_state.randint(np.iinfo(np.int32).max))
        order, n_valid = random_state.permutation(len(X)), 0
        if plan.validation_fraction > 0 and len(X) >= _FEWEST_ROWS_TO_SPLIT:
            # Two rows at least, since one row has no standard error.
            n_valid = min(max(2, round(plan.validation_fraction * len(X))), len(X) - 1)
        self.valid, self.train = order[:n_valid], order[n_valid:]
        self.start: Start | None = None  # until it is found; none from random weights
        self.training: Training | None = None  # until it begins; none in closed form

    def run(self, watchers: Sequence[Watcher] = ()) -> Fitted:
        """Return what is fitted."""
        plan = self.plan
        architecture, recipe = plan.architecture, plan.recipe
        own = architecture.encoder, architecture.decoder, plan.loss, recipe.solver
        is_foreign = any(map(callable, own)) or plan.objective.calls_user_code
        seed = self.seed if is_foreign else None
        with borrowed_globals(recipe.n_multiplications, seed):
            self._build()
            self._set_start()
            if not plan.is_closed_form:
                self._train(watchers)
            return self._finish()

    def _build(self) -> None:
        """Build the network, its loss and the noise, and scale the rows."""
        plan, objective = self.plan, self.plan.objective
        self.generator = make_generator(self.seed)
        unit = float(plan.output_columns.scale_[0])
        with user_code.random_state:
            network, self.loss, self.noise = objective.build(
                plan.architecture, plan.loss, unit, self.generator
            )
        self.network = network.to(plan.recipe.device).eval()
        self.loss.eval()
        # A linear start keeps all digits; training sees those of float32.
        dtype = np.float64 if plan.starts_linear else np.float32
        self.x = scale_rows(self.X, plan.columns.offset_, plan.columns.scale_, dtype)
        self.target = None
        if not plan.target_is_input:
            wanted = self.X if self.X_clean is None else self.X_clean
            offset, scale = plan.output_columns.offset_, plan.output_columns.scale_
            self.target = scale_rows(wanted, offset, scale, dtype)
        if self.noise is not None:
            measure_noise(self.noise, self.x, plan.columns.offset_, plan.columns.scale_)

    def _set_start(self) -> None:
        """Give the network the weights that training starts from."""
        plan = self.plan
        if plan.starts_linear:
            sees_all = plan.objective.starts_at_pca or plan.is_closed_form
            rows = slice(None) if sees_all else self.train
            self.start = self._find_linear_start(rows)
            weights = self.start.weights
        elif plan.last_arrays is None:
            wanted = self.x if self.target is None else self.target
            weights = plan.objective.random_start(wanted)
        else:
            last = plan.last_arrays.items()
            weights = {name: w for name, w in last if not name.startswith("axes.")}
        load_arrays(self.network, weights, "float64")

    def _find_linear_start(self, rows) -> Start:
        """Return the best that is linear for some rows."""
        plan, noise, x = self.plan, self.noise, self.x[rows]
        problem = StartProblem(
            network=self.network,
            x=x,
            target=None if self.target is None else self.target[rows],
            n_components=plan.architecture.n_components,
            code_activation=plan.architecture.code_activation,
            relative_scale=plan.columns.scale_ / plan.output_columns.scale_,
            draw_noisy=lambda: x if noise is None else corrupt(noise, x, self.generator),
            moments=None if noise is None else noise_moments(noise),
            seed=self.seed,
        )
        return plan.objective.linear_start(problem)

    def _train(self, watchers: Sequence[Watcher]) -> None:
        """Train in float32, and leave the network with the best weights."""
        plan = self.plan
        load_arrays(self.network, {}, "float32")
        like = next(self.network.parameters())
        scale = plan.output_columns.scale_
        valid = None
        if len(self.valid):
            valid = to_rows(self.network, self.x, self.target, self.valid)
        self.training = Training(
            self.network,
            self.loss,
            to_rows(self.network, self.x, self.target, self.train),
            valid,
            column_weights=to_tensor(scale / scale.max(), like) ** 2,
            noise=self.noise and self.noise.to(like.device, like.dtype),
            generator=self.generator,
            recipe=plan.recipe,
        )
        self.training.run(watchers)

    def _finish(self) -> Fitted:
        """Return what training left; the linear start to the last digit if it won."""
        plan, start = self.plan, self.start
        arrays = to_arrays(self.network)
        best_iter = 0 if self.training is None else self.training.best.best_epoch_
        if start is not None and best_iter == 0:
            if not (plan.objective.starts_at_pca or plan.is_closed_form):
                start = self._find_linear_start(slice(None))  # validation rows too
            load_arrays(self.network, start.weights, "float64")
            arrays |= start.weights
        fitted = self._describe(arrays, start, best_iter)
        own = plan.architecture.encoder, plan.architecture.decoder
        if any(layers is not None for layers in own):
            self._verify(fitted)
        return fitted

    def snapshot(self) -> Fitted:
        """Return what would be fitted if training ended with the present epoch."""
        training = self.training
        assert training is not None
        with training.average.in_place():
            arrays, best_iter = to_arrays(self.network), len(training.losses)
            set_training(self.network, self.loss, False)
            return self._describe(arrays, self.start, best_iter, is_final=False)

    def _describe(self, arrays, start, best_iter, *, is_final=True) -> Fitted:
        """Find the axes in which users see codes, and where codes lie."""
        plan, training = self.plan, self.training
        code_unit = plan.code_unit if start is None else plan.code_unit * start.code_unit
        codes = by_chunk(self.network.encoder, self.network, self.x)
        axes, explained_variance, followed = plan.objective.read_codes(
            codes,
            self.x,
            code_unit,
            self.network,
            is_activated=plan.architecture.code_activation != "identity",
            stays_linear=start is not None and best_iter == 0,
            whiten=plan.whiten,
            seed=self.seed,
        )
        density = DENSITIES[plan.sampler]()
        density = density if is_final else DeferredDensity(density)
        best = training.best if training is not None and training.best.chooses_ else None
        return Fitted(
            objective=plan.objective,
            architecture=plan.architecture,
            loss=plan.loss,
            device=plan.device,
            seed=self.seed,
            columns=plan.columns,
            output_columns=plan.output_columns,
            shares_units=plan.shares_units,
            code_unit=code_unit,
            arrays=arrays | axes,
            density=density.fit(followed, code_unit, self.seed),
            stays_linear=start is not None and best_iter == 0,
            code_variance=codes.var(axis=0, dtype=np.float64),
            explained_variance=explained_variance,
            n_parameters={n: w.numel() for n, w in self.network.named_parameters()},
            n_samples=len(self.x),
            # As scikit-learn counts, a closed form takes one iteration.
            n_iter=1 if training is None else len(training.losses),
            best_iter=best_iter,
            loss_curve=[] if training is None else list(training.losses),
            validation_loss_curve=best and list(best.losses_),
            validation_scores=best and list(best.scores_),
        )

    def _verify(self, fitted: Fitted) -> None:
        """Raise ValueError unless a network built from arrays does as the trained one."""

        def rebuild(network):
            rows = self.x[:_ROWS_TO_VERIFY].astype(np.float64)
            with borrowed_globals(np.inf, self.seed):  # what layers draw in use is the same
                return by_chunk(
                    lambda x: network.decoder(network.encoder(x)), network, rows
                )

        load_arrays(self.network, {}, "float64")

        trained, rebuilt = rebuild(self.network), rebuild(fitted.network("float64"))
        if not np.allclose(trained, rebuilt, rtol=1e-2, atol=1e-2 * np.abs(trained).max()):
            raise ValueError(
                "An encoder or decoder of your own rebuilds other rows after its weights "
                "are put into a new copy of it; expected the same. Register all that it "
                "draws or learns as a parameter or by register_buffer()."
            )
