"""DenoisingAutoencoder: learns to undo noise, its own or that of given pairs."""

from numbers import Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._base import BaseAutoencoder
from ._objectives import Denoising, Reconstruction
from ._sklearn._callbacks import with_callbacks
from ._sklearn._validation import StrOptions, fits, validate_clean_rows, validate_rows
from .nn import NOISES, UserNoise

__all__ = ["DenoisingAutoencoder"]


class DenoisingAutoencoder(BaseAutoencoder):
    """Noise removal and robust codes by an autoencoder that is fed noisy rows.

    In training noise falls on the rows that go in, and the rows that come out are
    compared with the clean ones; or pairs of noisy and clean rows are given. Training
    starts at the best linear denoiser of that code length, the reduced-rank regression
    from noisy to clean rows, and the best weights seen on validation rows are kept,
    the start among them.

    Parameters
    ----------
    n_components : int, default=None
        Length of the code. More components keep more of the data and compress
        less. None takes ``min(n_samples, n_features)``, as PCA does.

    noise : {"gaussian", "masking", "salt_pepper", "swap"} or callable, \
            default="gaussian"
        What falls on the rows that go in, drawn anew for every batch, once on rows that
        only judge, never after the fit. "gaussian" adds normal numbers; "masking" sets
        cells to the mean of their column; "salt_pepper" sets them to its least or largest
        value; "swap" replaces them by the value of their column in another row, drawn
        per column, which suits tables. A callable ``(x, generator) -> x`` takes a float32
        tensor of shape (n_rows, n_features) in your units, on the CPU, and the
        ``torch.Generator`` to draw from.

    noise_level : float, array-like of shape (n_features,) or "auto", default="auto"
        How much noise, one number or one per column: for "gaussian" its standard
        deviation in standard deviations of the column, else the share of cells that are
        hit. More removes more noise and more of the data. "auto" is 0.5 for "gaussian",
        0.25 for "masking", 0.1 for "salt_pepper" and 0.15 for "swap"; with ``X_clean``
        it is none, since rows are noisy as they come. 0 is no noise: the result is that
        of AutoencoderTransformer. A callable knows its own level: any other number only
        turns it on. A grid search over levels needs ``X_clean`` in ``score``: between
        rows and themselves no noise always wins.

    hidden_layer_sizes : int or array-like of int, default=(128, 128)
        Nodes of each hidden layer of the encoder, from input to code. More and
        wider layers are more nonlinear and need more rows and time. ``()`` is the linear
        answer: the best linear denoiser, for ``loss="mse"`` in closed form and without
        training.

    decoder_hidden_layer_sizes : int or array-like of int, default=None
        Nodes of each hidden layer of the decoder, from code to output. None
        mirrors the encoder.

    activation : {"relu", "silu", "gelu", "elu", "tanh", "logistic", "identity"}, \
            default="silu"
        What follows every hidden layer. "silu" and "gelu" are smooth and need the
        fewest epochs; "relu" is a little faster per epoch; "tanh" and "logistic"
        saturate, which holds outliers back.

    code_activation : {"relu", "silu", "gelu", "elu", "tanh", "logistic", "identity"}, \
            default="identity"
        What the code passes through. Anything but "identity" bounds the codes and
        loses some of what they can hold; their axes are then the network's own
        and not turned to principal axes.

    output_activation : {"auto", "relu", "silu", "gelu", "elu", "tanh", "logistic", \
            "identity"}, default="auto"
        What the output passes through. "auto" follows the loss: "logistic" for
        "bce", positive for "kl", else "identity". With any other than "identity" the
        network rebuilds data in their own units, not the scaled ones, so that
        "logistic" means values in [0, 1], "tanh" in [-1, 1] and "relu" from 0 on; data
        outside are an error.

    loss : {"mse", "mae", "huber", "bce", "kl"} or callable, default="mse"
        What training minimises, a mean over all cells. "mse" aims at the mean, as
        PCA; "mae" and "huber" give outliers less weight and the bulk of the rows
        more; "bce", for data in [0, 1], and "kl", for non-negative data such as
        counts, weigh small values more. A callable is a torch loss, ``(x_hat, x) ->
        Tensor``, for example ``torch.nn.SmoothL1Loss()``.

    init : {"pca", "random"}, default="pca"
        "pca" runs a linear shortcut beside the hidden layers, which starts at that
        linear answer. "random" is the plain network, without shortcut, from random
        weights: it needs more epochs and may end behind the linear answer.

    scaling : {"global", "feature"} or None, default="global"
        What is done to the columns before the network, and undone after it.
        "global" centres and divides all by one number, which keeps PCA's geometry:
        columns with a wide range count most. "feature" divides each column by its
        standard deviation: all count the same. None leaves them alone, which
        slows training unless their range is about 1.

    whiten : bool, default=False
        Whether codes have unit variance. It evens out what later steps see, and
        loses which code carries more. ``inverse_transform`` undoes it exactly.

    sampler : {"gaussian", "gmm"}, default="gaussian"
        Density that ``sample`` draws codes from. "gaussian" has the mean and covariance of
        the training rows' codes. "gmm" is a mixture of 1, 2, 4, 8, 16 or 32 normal ones,
        whichever is best by the Bayesian information criterion: it follows clusters and
        curves, and ``fit`` takes seconds longer where rows or components are many.

    dropout : float, default=0.0
        Share of hidden values set to zero in each step of training. More holds
        back overfitting on few rows and slows learning.

    alpha : float, default=0.0
        Strength of the L2 penalty on the weights of the hidden layers, divided by the
        batch size as in MLPRegressor. More draws the result towards the linear
        start.

    solver : {"adam", "adamw", "sgd"} or torch optimizer class, default="adam"
        What turns gradients into steps. "adam" needs no tuning; "sgd", with a
        momentum of 0.9, needs a ``learning_rate_init`` of its own. With a class all
        weights learn at one rate, and long gradients are not shortened.

    learning_rate_init : float, default=0.005
        Highest learning rate, of which for ``loss="mse"`` the linear shortcut takes a
        tenth. More learns faster, until training diverges; layers much wider than the
        default need less.

    learning_rate : {"one_cycle", "constant"}, default="one_cycle"
        How the learning rate moves over the ``max_iter`` epochs. "one_cycle" climbs
        to ``learning_rate_init`` in 30 % of them, at most 10, and falls to zero, which
        needs no tuning. "constant" stays there: it suits a schedule of your own in
        ``callbacks``, and ends less exactly.

    batch_size : int or "auto", default="auto"
        Rows in each step. More makes epochs faster and needs more of them. "auto" is
        the power of two between 16 and 512 that makes about 16 batches, and lets an epoch
        pass several times over 500 rows or fewer; see ``max_iter``.

    max_iter : int, default=40
        Most epochs, passes over the training rows. More let the learning rate fall
        more slowly, for somewhat better codes in proportionally more time. With
        ``batch_size="auto"`` an epoch of ``n <= 500`` rows is ``1000 // n`` passes, so
        that few rows get enough steps; not without ``early_stopping``, nor for layers or
        optimizers of your own.

    tol : float, default=1e-4
        Least fall of the validation loss, as a share of its value at the start, that
        counts as progress. More stops earlier.

    n_iter_no_change : int, default=10
        Epochs without progress after which training ends. More takes longer and
        waits out plateaus. "one_cycle" counts them from its peak on, and then lets
        the learning rate fall to zero in as many epochs again.

    early_stopping : bool, default=True
        Whether to set validation rows aside, which choose the best epoch and end
        training in time. False trains on all rows and keeps the last epoch, or the
        start if that reconstructs the training rows better, judged on at most 8192 of
        them. One row or two are never split.

    validation_fraction : float, default=0.1
        Share of the rows set aside, shuffled, two at least. More chooses better and
        leaves fewer rows to learn from.

    warm_start : bool, default=False
        Whether ``fit`` continues from the weights and the scaling of the last fit
        instead of starting anew, unless that fit stayed linear. It saves epochs if the
        rows are alike, and holds on to a scaling that may not suit them if they are
        not; the guard that a linear start has of being replaced by chance is off.

    encoder : callable, default=None
        ``(n_in, n_out) -> torch.nn.Module``, a network of your own in place of the
        encoder's hidden layers, from rows of shape (n_rows, n_in) to (n_rows, n_out).
        With ``init="pca"`` it is added to the linear shortcut, with a factor that
        starts at zero; with ``init="random"`` it is the whole encoder.

    decoder : callable, default=None
        The same for the decoder, from codes to rows.

    device : str, default="cpu"
        Where the network is trained and used, as torch names it. "auto" takes an
        accelerator if there is one, which pays for wide layers and many rows.

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Numbers in which training multiplies matrices. "bfloat16" has three digits and is
        two to three times faster for wide layers on CPUs with tiles for it (AMX); the last
        tenth of the steps that ``max_iter`` allows, weights, losses and all use of the
        network are float32. "auto" takes it where it was measured to pay: on such a CPU,
        for 64 rows and 1e8 multiplications per batch or more, for columns whose means are
        subtracted or small, not for layers of your own. Results then
        differ from those of other CPUs by more than roundings.

    callbacks : list of skorch callbacks, default=None
        Called during training. They are copied, but for open files and connections; yours
        stay as they are. Where there are any, steps use autograd: the same to a rounding,
        and slower for small layers. One that raises KeyboardInterrupt ends training, as in
        skorch; so Ctrl-C that arrives while a callback runs ends it too.

    verbose : int, default=0
        1 prints a line per epoch: losses, R² on the validation rows, and how many
        seconds are left at most. It costs many lines in a grid search; there
        ``set_callbacks`` with scikit-learn's ``ProgressBar`` shows more in less.

    random_state : int or RandomState instance, default=None
        Draws the first weights, the validation rows, the order of rows, dropout, noise
        and codes.
        An int gives the same bits again on the same machine and number of threads.
        Global random states are neither read nor changed, with None neither.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The fitted network, in float32. It predicts, in scaled units; it is not there to be
        trained. Its ``module_`` is the torch module, which takes and gives your units:
        ``module_(x)`` reconstructs, ``module_.encode(x)`` and ``module_.decode(code)`` are
        the halves.

    n_components_ : int
        Length of the code.

    n_features_in_ : int
        Number of columns seen in ``fit``.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in ``fit``, if all were strings.

    n_samples_ : int
        Number of rows seen in ``fit``.

    n_iter_ : int
        Epochs that were run; 1 for the closed form without hidden layers.

    best_iter_ : int
        Epoch whose weights were kept; 0 is the start. In place of the linear start an
        epoch is kept only if its gain on the validation rows is not in doubt, and if
        it loses nothing on the training rows; a start that is kept is fitted again, to
        the validation rows too.

    loss_curve_ : list of float
        Training loss of each epoch that was run, under its noise; none for the closed form.

    validation_loss_curve_ : list of float or None
        Loss on the validation rows, the start first, ``n_iter_ + 1`` values. None if
        none were set aside, and for the closed form.

    validation_scores_ : list of float or None
        R² on the validation rows, from noisy to clean, the start first, ``n_iter_ + 1``
        values. Their noise is drawn once. None if none were set aside, and for the
        closed form.

    explained_variance_ : ndarray of shape (n_components_,)
        Variance of the training rows' codes along each axis, before whitening.

    mean_ : ndarray of shape (n_features_in_,)
        Mean of each column of ``X``; clean rows have one of their own.

    scale_ : ndarray of shape (n_features_in_,)
        What each column was divided by.

    See Also
    --------
    AutoencoderTransformer : The same without noise.
    sklearn.decomposition.KernelPCA : With ``fit_inverse_transform``, another denoiser.

    Notes
    -----
    With ``n_components=None`` nothing is squeezed: noise alone keeps the network from
    copying its input, which is best for ``denoise``. Set ``n_components`` for codes.

    Noise is measured column by column, but with ``scaling="global"`` the loss counts wide
    columns most, as PCA does, and narrow ones may be rebuilt worse than they came. For
    columns of different units take ``scaling="feature"``.

    What is judged and kept after an epoch is an average of the weights over the last two.
    Gradients of more than twice the usual length are shortened to that.

    Without hidden layers and with ``loss="mse"`` it is the reduced-rank regression in
    closed form; with all components, gaussian noise and rows enough that is the Wiener
    filter. With few rows the map is shrunk towards one factor per column, as strongly as
    has the least error on every fifth row, or by a fixed strength below 10 rows. Of a
    callable the closed form knows one draw of noise; beyond 1000 columns it regresses on
    the 500 leading principal axes.

    References
    ----------
    Vincent, P., Larochelle, H., Lajoie, I., Bengio, Y. and Manzagol, P.-A. (2010).
    Stacked denoising autoencoders. Journal of Machine Learning Research, 11, 3371-3408.

    Izenman, A. J. (1975). Reduced-rank regression for the multivariate linear model.
    Journal of Multivariate Analysis, 5(2), 248-264.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_ae import DenoisingAutoencoder
    >>> X, _ = load_digits(return_X_y=True)
    >>> rng = np.random.RandomState(0)
    >>> X_noisy = X + X.std(axis=0) * rng.normal(size=X.shape)
    >>> dae = DenoisingAutoencoder(noise_level=1.0, random_state=0).fit(X[:1500])
    >>> X_hat = dae.denoise(X_noisy[1500:])
    >>> before = ((X_noisy[1500:] - X[1500:]) ** 2).mean()
    >>> after = ((X_hat - X[1500:]) ** 2).mean()
    >>> bool(after < before / 3)
    True
    """

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "noise": [StrOptions(set(NOISES)), callable],
        "noise_level": [StrOptions({"auto"}), Real, "array-like"],
    }

    def __init__(
        self,
        n_components=None,
        *,
        noise="gaussian",
        noise_level="auto",
        hidden_layer_sizes=(128, 128),
        decoder_hidden_layer_sizes=None,
        activation="silu",
        code_activation="identity",
        output_activation="auto",
        loss="mse",
        init="pca",
        scaling="global",
        whiten=False,
        sampler="gaussian",
        dropout=0.0,
        alpha=0.0,
        solver="adam",
        learning_rate_init=0.005,
        learning_rate="one_cycle",
        batch_size="auto",
        max_iter=40,
        tol=1e-4,
        n_iter_no_change=10,
        early_stopping=True,
        validation_fraction=0.1,
        warm_start=False,
        encoder=None,
        decoder=None,
        device="cpu",
        precision="auto",
        callbacks=None,
        verbose=0,
        random_state=None,
    ):
        self.n_components = n_components
        self.noise = noise
        self.noise_level = noise_level
        self.hidden_layer_sizes = hidden_layer_sizes
        self.decoder_hidden_layer_sizes = decoder_hidden_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.output_activation = output_activation
        self.loss = loss
        self.init = init
        self.scaling = scaling
        self.whiten = whiten
        self.sampler = sampler
        self.dropout = dropout
        self.alpha = alpha
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.encoder = encoder
        self.decoder = decoder
        self.device = device
        self.precision = precision
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def _make_objective(self, n_features, has_pairs):
        is_auto = isinstance(self.noise_level, str)
        if has_pairs and is_auto:
            return Denoising(noise=None)
        kind = UserNoise if callable(self.noise) else NOISES[self.noise]
        level = kind.auto if is_auto else self._as_level(n_features, kind.most)
        if np.any(level):
            return Denoising(self.noise, level)
        # Without any noise it is the plain autoencoder.
        return Denoising(noise=None) if has_pairs else Reconstruction()

    def _as_level(self, n_features, most):
        """Return ``noise_level`` as a number or a list of one per column."""
        if callable(self.noise):
            most = np.inf  # only whether it is 0 counts
        try:
            level = np.asarray(self.noise_level, dtype=float)
        except (TypeError, ValueError):
            level = np.array(np.nan)
        if not np.all(np.isfinite(level) & (level >= 0) & (level <= most)):
            expected = (
                "of at least 0" if most == np.inf else "shares of cells, from 0 to 1,"
            )
            given = f"={self.noise_level!r}"
            if level.ndim > 0:
                given = f" with values from {level.min():g} to {level.max():g}"
            raise ValueError(
                f"noise_level{given} must be one finite number or one per "
                f"column, {expected} for noise={self.noise!r}. Use noise_level='auto' if "
                "in doubt."
            )
        if callable(self.noise) and level.ndim > 0:
            raise ValueError(
                f"noise_level={self.noise_level!r} holds a level per column, expected one "
                "number for a noise of your own, which it only turns on or off. Let the "
                "callable treat columns as it likes."
            )
        if level.ndim > 1 or (level.ndim == 1 and len(level) != n_features):
            raise ValueError(
                f"noise_level has shape {level.shape}, expected one number or one for each "
                f"of the {n_features} columns of X. Use 0 for columns without noise."
            )
        return level.tolist()

    @with_callbacks
    @fits
    def fit(self, X, y=None, *, X_clean=None):
        """Learn to undo noise on the rows of ``X``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Clean rows, on which noise falls in training; or noisy rows, if ``X_clean``
            is given.
        y : Ignored
            May be of any type, so that the estimator stands in front of a classifier.
        X_clean : array-like of shape (n_samples, n_features), default=None
            What the rows of ``X`` should become, in the same order and units. Noise of
            its own is then added only if ``noise_level`` is a number.

        Returns
        -------
        self : object
            The fitted estimator. After an error it is as it was before.

        Raises
        ------
        ValueError
            ``X``, ``X_clean`` or a parameter cannot be used; the message names the way
            out.
        ConvergenceError
            Training diverged.
        """
        return self._fit(X, y, X_clean)

    def denoise(self, X):
        """Return the rows of ``X`` without noise; another name for ``reconstruct``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Noisy rows.

        Returns
        -------
        X_hat : ndarray of shape (n_samples, n_features)
            Cleaned rows, in the user's units.
        """
        return self.reconstruct(X)

    def score(self, X, y=None, *, X_clean=None):
        """Return the share of the variance of clean rows that denoising ``X`` gives back.

        R², as in the other estimators, between ``X_clean`` and ``denoise(X)``. Without
        ``X_clean`` it is that between ``X`` and ``denoise(X)``, which rewards keeping
        the noise of noisy rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Noisy rows, or clean ones without ``X_clean``.
        y : Ignored
            May be of any type; a grid search passes it on.
        X_clean : array-like of shape (n_samples, n_features), default=None
            The clean rows that belong to ``X``. None: ``X`` itself.

        Returns
        -------
        score : float
            1 is perfect, 0 is no better than telling the mean of the clean rows.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        return self._r2(X, X if X_clean is None else validate_clean_rows(self, X_clean, X))

    def score_samples(self, X, *, X_clean=None):
        """Return minus the loss of each row: the higher, the more like the training rows.

        ``-mean(loss(X_clean, denoise(X)))`` over the columns of a row, with the loss and
        the units in which training measures it. Without ``X_clean`` rows are compared
        with themselves, which suits clean ones.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Noisy rows, or clean ones without ``X_clean``.
        X_clean : array-like of shape (n_samples, n_features), default=None
            The clean rows that belong to ``X``. None: ``X`` itself.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            For "mse", "mae" and "huber" at most 0, which is a row cleaned without error.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        clean = X if X_clean is None else validate_clean_rows(self, X_clean, X)
        return self._row_scores(X, clean, "X" if X_clean is None else "X_clean")
