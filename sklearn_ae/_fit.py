"""One fit, from a plan to a fitted network: start, train, finish."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._chunk import Chunk
from ._code_density import DENSITIES, CodeDensity, DeferredDensity
from ._columns import Response, ScaledRows, column_variance
from ._data_checks import refuse_lack_of_memory
from ._fit_cases import (
    block_rows,
    check_batches,
    choose_fills,
    explain_codes,
    explain_numbers,
    ignore_columns,
    load_table,
    own_validation_rows,
    verify_rebuilt,
)
from ._fitted import Fitted
from ._head import add_head
from ._objectives import BlockRows, Start, StartProblem, start_of_table
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
    set_training,
    thaw,
    to_arrays,
    to_rows,
    to_tensor,
    user_code,
)
from .nn import UNCROSSED, HiddenCells

__all__ = ["Fit"]

_FEWEST_ROWS_TO_SPLIT = 3  # two to validate, one to train


class Fit:
    """A fit in progress; to be run once.

    Parameters
    ----------
    plan : Plan
    X : ndarray of shape (n_samples, n_features)
    X_clean : ndarray of shape (n_samples, n_features) or None
        Target of the reconstruction. None uses ``X``.
    random_state : RandomState
        Draws a seed, and the validation rows.
    weight : ndarray of shape (n_samples,) or None
    own_rows : tuple of ndarray (X_val, X_clean_val), or None
        Validation rows, with targets or None. None: they are drawn from ``X``.
    response : Response or None
        y that codes are to predict too; None if it is ignored.
    chunk : Chunk or None
        What of a stream is trained on next, if ``X`` is a sample of it.
    """

    def __init__(
        self,
        plan: Plan,
        X: np.ndarray,
        X_clean: np.ndarray | None,
        random_state: np.random.RandomState,
        *,
        weight: np.ndarray | None = None,
        own_rows: tuple[np.ndarray, np.ndarray | None] | None = None,
        response: Response | None = None,
        chunk: Chunk | None = None,
    ):
        self.plan, self.weight, self.own_rows = plan, weight, own_rows
        self.chunk = chunk
        # Numbers of y are scaled once, by the same for training and validation rows.
        self.response = response and response.scaled(weight)
        self.starts_at_pca = plan.objective.starts_at_pca and response is None
        self.is_activated = plan.architecture.code_activation != "identity"
        self.X, self.wanted = X, X if X_clean is None else X_clean
        self.size = float(len(X) if weight is None else weight.sum())
        # The seed is drawn first, so that it does not depend on the number of rows.
        self.seed = int(random_state.randint(np.iinfo(np.int32).max))
        order, n_valid = random_state.permutation(len(X)), 0
        splits = plan.validation_fraction > 0 and own_rows is None
        if splits and len(X) >= _FEWEST_ROWS_TO_SPLIT:
            # At least two, since the standard error of one row is not defined.
            n_valid = min(max(2, round(plan.validation_fraction * len(X))), len(X) - 1)
        self.valid, self.train = order[:n_valid], order[n_valid:]
        if chunk is not None:
            (self.valid, self.train), self.seed = chunk.split(), chunk.seeds[0]
        self.start: Start | None = None  # None unless training starts at a linear network
        self.training: Training | None = None  # stays None in closed form

    def run(self, watchers: Sequence[Watcher] = ()) -> Fitted:
        """Train the network if needed, and return the fitted one."""
        plan = self.plan
        # User code may draw from torch's global generator, which is lent to it seeded for
        # each call; without user code there is no need to touch it.
        architecture, recipe = plan.architecture, plan.recipe
        own = architecture.encoder, architecture.decoder, plan.loss, recipe.solver
        is_foreign = any(map(callable, own)) or plan.objective.calls_user_code
        seed = self.seed if is_foreign else None
        try:
            with borrowed_globals(recipe.n_multiplications, seed):
                self.generator = make_generator(self.seed)
                self._build()
                if plan.starts_linear:
                    # PCA hardly overfits, so it uses all rows. Regressions and noise levels
                    # do: fitted to the validation rows too, they would have an advantage
                    # over epochs.
                    sees_all = self.starts_at_pca or plan.is_closed_form
                    self.start = self._find_linear_start(None if sees_all else self.train)
                # Training could only lose digits of a start that gives all rows back.
                # Layers and losses of the user's are run: what they are for is not known.
                is_done = self.start is not None and self.start.is_exact
                if is_done and (architecture.has_own_layers or callable(plan.loss)):
                    is_done = False
                # Other axes may say more of y, but where rows are fewer than columns, which
                # a linear model fits without error.
                if self.response is not None and len(self.X) > self.X.shape[1]:
                    is_done = False
                if self.chunk is not None:  # one odd row can make all others a rounding
                    is_done = self.chunk.waits or (is_done and self.chunk.state is None)
                if not (is_done or plan.is_closed_form):
                    self._train(watchers)
                return self._finish()
        except (RuntimeError, MemoryError, TypeError) as error:
            refuse_lack_of_memory(error, architecture, len(self.X), recipe.batch_size)
            raise

    def _build(self) -> None:
        """Build the network, its loss and the noise, and say how rows are scaled."""
        plan, objective = self.plan, self.plan.objective
        unit = float(plan.output_columns.scale_[0])
        with user_code.random_state:
            network, self.loss, self.noise = objective.build(
                plan.architecture, plan.loss, unit, plan.costs, self.generator
            )
        self.network = network.to(plan.recipe.device).eval()
        self.sizes = {name: w.numel() for name, w in network.named_parameters()}
        self.loss.eval()
        spread = plan.output_columns.spread_
        if plan.architecture.output_activation in UNCROSSED:
            # In front of such a link 0 is no mean, so a narrow column has a way to go too.
            spread = np.ones_like(spread)
        # What is loaded and not learnt.
        self.constants = {"decoder.spread": spread}
        # They give float64, so that the linear start agrees with PCA to rounding errors of
        # float64; training converts rows to float32.
        weight = self.weight
        self.x, self.target = ScaledRows(self.X, plan.columns, None, weight), None
        if not plan.target_is_input:
            self.target = ScaledRows(self.wanted, plan.output_columns, None, weight)
        # Of numbers alone, rows are what linear maps see.
        self.blocks: ScaledRows | BlockRows = self.x
        table = plan.architecture.table
        if table is not None:
            known = plan.last_arrays if self.chunk is None else self.chunk.known(plan)
            how: Any = {"spread": spread, "known": known, "seed": self.seed}
            self.constants = load_table(plan, self.network, self.x, **how)
            self.blocks = block_rows(self.network, self.x)
        noises = [] if self.noise is None else [self.noise]
        if table is not None and table.rank:
            self.noise = HiddenCells(self.noise, table.hole_share)
            noises.append(self.noise)
        n_levels = None if table is None else table.n_levels
        for noise in noises:
            measure_noise(noise, plan.columns.known(n_levels))

    def _find_linear_start(self, index: np.ndarray | None) -> Start:
        """Return the best linear network for the rows at ``index``; None for all."""
        if index is not None and self.x.run > 1:
            index = np.sort(index)  # a file is read from its first row to its last
        plan, noise, x, target = self.plan, self.noise, self.x, self.target
        response = self.response
        if index is not None:
            x = ScaledRows(self.X, plan.columns, index, self.weight)
            if target is not None:
                target = ScaledRows(self.wanted, plan.output_columns, index, self.weight)
            response = response and response.take(index)
        problem = StartProblem(
            network=self.network,
            x=x,
            target=target,
            n_components=plan.architecture.n_components,
            code_activation=plan.architecture.code_activation,
            relative_scale=plan.columns.scale_ / plan.output_columns.scale_,
            draw_noisy=lambda x: x if noise is None else corrupt(noise, x, self.generator),
            moments=None if noise is None else noise_moments(noise),
            seed=self.seed,
            response=response,
            pca=None if self.chunk is None else self.chunk.pca,
        )
        if plan.architecture.table is None:
            start = plan.objective.linear_start(problem)
        else:
            start = start_of_table(plan.objective, problem, plan.frequencies or ())
        # Training moves the decoder in units of each column's spread.
        spread = self.constants["decoder.spread"]
        start.weights.update(self.constants)
        start.weights["decoder.skip.weight"] /= spread[:, np.newaxis]
        start.weights["decoder.skip.bias"] /= spread
        return start

    def _train(self, watchers: Sequence[Watcher]) -> None:
        """Train in float32, and load the best weights into the network."""
        plan = self.plan
        if plan.architecture.encoder or plan.architecture.decoder:
            check_batches(plan, self.network, len(self.train))
        if self.start is not None:
            weights = self.start.weights
        elif plan.last_arrays is None:
            weights = plan.objective.random_start(self.target or self.x) | self.constants
        else:
            # Axes belong to the codes of the last fit; they are determined anew at the end,
            # and training expects the identity.
            last = plan.last_arrays.items()
            weights = {name: w for name, w in last if not name.startswith("axes.")}
        load_arrays(self.network, weights, "float32")
        like = next(self.network.parameters())
        scale, table = plan.output_columns.scale_, plan.architecture.table
        column_weights = None
        if table is None or not table.categories:
            # Relative to the largest: squares of scales can overflow in float32.
            column_weights = to_tensor(scale / scale.max(), like) ** 2
        target: Any = self.target
        if self.response is not None:
            y: Any = {"response": self.response, "train": self.train, "seed": self.seed}
            joint = add_head(self.network, self.loss, self.x, target or self.x, **y)
            self.loss, target = joint
        rows = self.x, target, self.train, self.valid
        stays = self.x.is_large and table is None  # others are read in advance
        train, valid = to_rows(self.network, *rows, weight=self.weight, stay_in_table=stays)
        if self.own_rows is not None:
            valid = own_validation_rows(plan, self.network, self.loss, *self.own_rows)
        noise = self.noise and self.noise.to(like.device, like.dtype)
        how: Any = {"column_weights": column_weights, "noise": noise}
        how |= {"generator": self.generator, "recipe": plan.recipe}
        if self.chunk is not None:
            train = self.chunk.rows(self.network, plan)
            how["state"] = thaw(self.chunk.state, like)
        self.training = Training(self.network, self.loss, train, valid, **how)
        if self.chunk is not None:
            self.chunk.reseed(self.generator)
        self.training.run(watchers)

    def _finish(self) -> Fitted:
        """Return the fitted network; a linear start that was kept has all its digits."""
        plan, start = self.plan, self.start
        arrays = to_arrays(self.network)
        own = plan.architecture.encoder, plan.architecture.decoder
        best_iter = 0 if self.training is None else self.training.best.best_epoch_
        # Training has rounded the start to float32. If it won, the digits are put back, so
        # that codes agree with PCA's to rounding errors of float64.
        if start is not None and best_iter == 0:
            if not (self.starts_at_pca or plan.is_closed_form):
                # The epoch is chosen, so that the validation rows can be used for the fit.
                start = self._find_linear_start(None)
            load_arrays(self.network, start.weights, "float64")
            arrays |= start.weights
            if own == (None, None):
                # Hidden layers give zero, and are left out in use.
                for name in list(arrays):
                    if ".layers." in name:
                        del arrays[name]
        elif start is not None and self.chunk is not None:
            start = self.chunk.started_at(start)
        constant = np.flatnonzero(plan.columns.variance_ == 0)
        if len(constant) and own[0] is None:
            ignore_columns(arrays, plan.architecture.table, constant, self.X, self.blocks)
        if self.chunk is not None:
            arrays["decoder.spread"] = self.chunk.settled(arrays["decoder.spread"], plan)
        if plan.architecture.table is not None and plan.architecture.table.rank:
            rows = self.x.take(self.valid)
            if self.own_rows is not None:
                rows = ScaledRows(self.own_rows[0], plan.columns)
            chosen = choose_fills(self.network, rows, self.seed)
            arrays["encoder.table.by_network"] = chosen
        n_epochs = 0 if self.training is None else len(self.training.losses)
        density = DENSITIES[plan.sampler]()
        fitted = self._describe(arrays, start, best_iter, density, n_epochs)
        # Here, before fit returns: a network that cannot be rebuilt would fail only in
        # transform, or silently give other codes after unpickling.
        if own != (None, None):
            verify_rebuilt(self.network, fitted, self.x, self.seed)
        return fitted

    def snapshot(self) -> Fitted:
        """Return the fitted network as if training ended with the current epoch."""
        training = self.training
        assert training is not None
        with training.average.in_place():
            arrays, best_iter = to_arrays(self.network), len(training.losses)
            # Evaluation mode, or dropout would change the codes described here.
            set_training(self.network, self.loss, False)
            # The density is fitted when it is used: callbacks rarely sample, and a mixture
            # in every epoch would take seconds each.
            density = DeferredDensity(DENSITIES[self.plan.sampler]())
            # In the time that one epoch allows, since there may be one in every epoch.
            return self._describe(arrays, self.start, best_iter, density, n_epochs=1)

    def _describe(
        self, arrays, start, best_iter, density: CodeDensity, n_epochs: int
    ) -> Fitted:
        """Determine the axes in which users see codes, and fit the density of codes.

        What components explain is told by as many rows as a fit of ``n_epochs`` allows.
        """
        plan, training = self.plan, self.training
        code_unit = plan.code_unit if start is None else plan.code_unit * start.code_unit
        codes = by_chunk(self.network.encoder, self.network, self.x)
        keeps = start is not None and best_iter == 0
        how: Any = {"is_activated": self.is_activated, "whiten": plan.whiten}
        how |= {"is_pca": keeps and self.starts_at_pca, "seed": self.seed}
        rows: Any = (codes, self.x, self.blocks, code_unit, self.network)
        axes, axes_variance, followed = plan.objective.read_codes(*rows, **how)
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
            costs=plan.costs,
            arrays=arrays | axes,
            density=density.fit(followed, code_unit, self.seed, self.weight),
            stays_linear=keeps,
            is_pca=how["is_pca"],
            code_variance=column_variance(codes, self.weight),
            axes_variance=axes_variance,
            code_mean=np.average(codes, axis=0, weights=self.weight),
            whitens=plan.whiten,
            explained_ratio=self._explain(codes, axes, axes_variance, keeps, n_epochs),
            n_parameters={n: size for n, size in self.sizes.items() if n in arrays},
            n_samples=len(self.X),
            size=self.size,
            # scikit-learn requires n_iter_ >= 1, also for a closed form.
            n_iter=1 if training is None else len(training.losses),
            best_iter=best_iter,
            loss_curve=[] if training is None else list(training.losses),
            validation_loss_curve=None if best is None else list(best.losses_),
            validation_scores=None if best is None else list(best.scores_),
            complaint=None if training is None else training.best.complaint_,
        )

    def _explain(
        self, codes, axes, axes_variance, stays_linear: bool, n_epochs: int
    ) -> np.ndarray:
        """Return what each further component adds to R², the later ones at their means."""
        plan = self.plan
        scale = plan.output_columns.scale_ / plan.output_columns.scale_.max()
        variance = plan.output_columns.variance_.sum()
        is_nested = plan.architecture.ordered and not stays_linear
        if plan.architecture.table is not None or (is_nested and variance > 0):
            how = {"codes": codes, "rows": self.train, "axes": axes, "is_nested": is_nested}
            how |= {"target": self.target or self.x, "weight": self.weight}
            return explain_codes(plan, self.network, self.loss, **how)
        if not variance > 0:
            return np.zeros(codes.shape[1])
        is_pca = stays_linear and self.starts_at_pca and plan.shares_units
        is_pca = is_pca and not self.is_activated
        if is_pca and np.all(scale == 1):
            # As PCA's, which divides both variances by n - 1.
            return axes_variance / (variance * self.size / (self.size - 1))
        how = {"codes": codes, "rows": self.train, "axes": axes, "n_epochs": n_epochs}
        how |= {"target": self.target or self.x, "weight": self.weight}
        return explain_numbers(plan, self.network, scale, **how)
