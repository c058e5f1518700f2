"""DenoisingAutoencoder: learns to remove noise that it adds, or that of given pairs."""

from collections.abc import Callable
from numbers import Real
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from ._base import BaseAutoencoder
from ._objectives import Denoising, Objective, Reconstruction
from ._scores import column_scores
from ._sklearn._typed import fits, with_callbacks
from ._sklearn._validation import (
    StrOptions,
    could_be_clean_rows,
    refuse_holes,
    validate_clean_rows,
    validate_rows,
    warn_user,
)
from ._types import (
    Activation,
    Callbacks,
    CategoricalFeatures,
    Floats,
    Init,
    Loss,
    NetworkFactory,
    Noise,
    NoiseLevel,
    NoiseUnit,
    Precision,
    RandomState,
    Sampler,
    Scaling,
    Schedule,
    Size,
    Sizes,
    Solver,
)
from .nn import NOISES, UserNoise

__all__ = ["DenoisingAutoencoder"]


class DenoisingAutoencoder(BaseAutoencoder):
    """Noise removal and robust codes by an autoencoder that is trained on noisy samples.

    In training, noise is added to the input, and the output is compared with the clean
    samples. Alternatively, pairs of noisy and clean samples are given. Training starts at
    the best linear denoiser of that code length, the reduced-rank regression from noisy to
    clean samples. The weights with the lowest loss on the validation samples are kept, and
    the start is one of the candidates.

    Parameters
    ----------
    n_components : int, float, "mle" or None, default=None
        Length of the code. A larger value keeps more of the data and compresses less.
        None uses ``min(n_samples, n_features)``, as in PCA. A float between 0 and 1 is the
        share of the variance of validation samples to be kept: the fewest components that
        keep it are found by up to six fits of other lengths. "mle" takes the number that
        scikit-learn's PCA finds. ``n_components_`` is the length.

    noise : {"gaussian", "masking", "salt_pepper", "swap"} or callable, \
            default="gaussian"
        Noise added to the input of the network, drawn anew for every batch and once for
        the samples that only evaluate; never after ``fit``. "gaussian" adds normal
        noise. "masking" sets values to the mean of their feature. "salt_pepper" sets
        them to the minimum or maximum of their feature. "swap" replaces them by the
        value of the same feature in another sample, drawn per feature, which suits
        tables. A callable ``(x, generator) -> x`` takes a float32 tensor of shape
        (n_samples, n_features) in the units of ``X``, on the CPU, and the
        ``torch.Generator`` to draw from.

    noise_level : float, array-like of shape (n_features,) or "auto", default="auto"
        Amount of noise, one number or one per feature: for "gaussian" its standard
        deviation, see ``noise_unit``; otherwise the fraction of values that are replaced.
        A larger value removes more noise and more of the data. "auto" is 0.25 for
        "masking", 0.1 for "salt_pepper" and 0.15 for "swap"; for "gaussian" every sample
        has its own level, from 0.08 to 1 with a uniform logarithm, so that noise of any
        usual size is removed; a known level does better. With ``X_clean`` "auto" adds no
        noise, since the given samples are already noisy. 0 adds no
        noise: the result is that of AutoencoderTransformer. A callable sets its own level:
        0 turns it off, any other number turns it on. A grid search over levels needs
        ``X_clean`` in ``score``: if samples are compared with themselves, no noise always
        wins.

    noise_unit : {"scaled", "data"}, default="scaled"
        Unit of ``noise_level`` for "gaussian". "scaled" is the unit that the network sees:
        with ``scaling="global"`` the root of the mean variance of all features, the same
        for every feature; with "feature" the standard deviation of each feature, so that
        constant ones get no noise; with None that of ``X``. "data" is the unit of ``X``,
        for noise of a known size; ``noise_level`` is then a number. Levels that are
        fractions have no unit, and a callable works in the units of ``X``.

    hidden_layer_sizes : int or array-like of int, default=(128, 128)
        Number of nodes in each hidden layer of the encoder, from input to code. More
        and wider layers fit more complex nonlinear structure, and need more samples and
        training time. ``()`` gives the linear solution: the best linear denoiser, for
        ``loss="mse"`` in closed form and without training.

    decoder_hidden_layer_sizes : int or array-like of int, default=None
        Number of nodes in each hidden layer of the decoder, from code to output. None
        mirrors the encoder. More and wider layers reconstruct more detail from the same
        code, and need more samples and training time.

    activation : {"relu", "silu", "gelu", "elu", "tanh", "logistic", "identity"}, \
            default="silu"
        Activation function after every hidden layer. "silu" and "gelu" are smooth and
        need the fewest epochs; "relu" is a little faster per epoch; "tanh" and
        "logistic" saturate, which limits the influence of outliers.

    code_activation : {"relu", "silu", "gelu", "elu", "tanh", "logistic", "identity"}, \
            default="identity"
        Activation function applied to the code. Any choice other than "identity"
        restricts the values that codes can take, which loses some of their capacity.
        The codes then keep the axes of the network and are not rotated to principal
        axes.

    output_activation : {"auto", "relu", "silu", "gelu", "elu", "tanh", "logistic", \
            "identity"}, default="auto"
        Activation function applied to the output. "auto" follows the loss: "logistic"
        for "bce", softplus for "kl" and "identity" otherwise. With any choice other
        than "identity", ``scaling`` does not apply to the output: the data must be in
        [0, 1] for "logistic", in [-1, 1] for "tanh" and non-negative for "relu". Data
        outside that range raise an error.

    loss : {"mse", "mae", "huber", "bce", "kl"} or callable, default="mse"
        Loss that training minimises, a mean over all samples and features. "mse"
        estimates the mean, as PCA does. "mae" and "huber" give less weight to outliers
        and more to the bulk of the samples. "bce", for data in [0, 1], and "kl", for
        non-negative data such as counts, give more weight to errors near the bounds of
        that range. A callable is a torch loss, ``(x_hat, x) -> Tensor``, for example
        ``torch.nn.SmoothL1Loss()``.

    init : {"pca", "random"}, default="pca"
        "pca" adds a linear shortcut in parallel to the hidden layers, which starts at
        the linear solution; see ``hidden_layer_sizes``. "random" is the plain network
        without the shortcut, from random weights: it needs more epochs and may end up
        worse than the linear solution.

    scaling : {"global", "feature"} or None, default="global"
        How features are scaled before the network; the scaling is undone after it.
        "global" centres each feature and divides all of them by the same number, which
        preserves PCA's geometry: features with a large variance have the most weight.
        "feature" centres each feature and divides it by its standard deviation, so that
        all have the same weight. None leaves the features as they are, which slows
        training unless their range is about 1.

    ordered : bool, default=False
        Whether codes are nested, as PCA's are: for every j the first j components are a
        usable code by themselves, and ``truncate(j)`` keeps only those, without training.
        Many samples of each batch are then decoded from their first components only, which
        costs training time, and some accuracy with all components. Not available with a
        user-supplied ``encoder`` or ``decoder``.

    target_weight : float, default=0.0
        How much codes keep of what predicts ``y``, from 0 to below 1. 0 ignores ``y``,
        of any type. Above 0, training minimises ``1 - target_weight`` times the loss of
        reconstructions plus ``target_weight`` times the loss of a linear model of ``y`` on
        the codes, each relative to that of the mean; the loss curves show that sum. A
        larger value makes ``y`` easier to predict from codes, and costs R²; begin with
        0.25. The linear model is not kept: add a classifier or a regression after this
        step, and cross-validate both together in a Pipeline, since codes depend on
        ``y``.

    categorical_features : "from_dtype", None, or array-like of str, int or bool, \
            default="from_dtype"
        Which features are categories; all others are numbers. "from_dtype": the features
        of a DataFrame that hold strings, booleans, categories or objects; none in an
        array. Otherwise names, indices or a mask; numbers may also represent categories.
        With categories every feature has the same weight in ``loss`` and ``score``, as with
        ``scaling="feature"``: numbers by their squared error, categories by their
        cross-entropy, each divided by the loss of predicting the mean, or the frequencies.
        A category not seen in ``fit`` counts as missing.

    whiten : bool, default=False
        Whether to scale codes to unit variance. This helps later estimators that are
        sensitive to scale, and discards which component has more variance.
        ``inverse_transform`` undoes it exactly.

    sampler : {"gaussian", "gmm"}, default="gaussian"
        Density from which ``sample`` draws codes. "gaussian" has the mean and
        covariance of the codes of the training samples. "gmm" is a Gaussian mixture of
        1, 2, 4, 8, 16 or 32 components, chosen by the Bayesian information criterion:
        it follows clusters and nonlinear structure, and ``fit`` takes seconds longer
        with many samples or components.

    dropout : float, default=0.0
        Fraction of hidden values set to zero in each training step. A larger value
        reduces overfitting on few samples and slows learning.

    alpha : float, default=0.0
        Strength of the L2 penalty on the weights of the hidden layers, divided by the
        batch size as in MLPRegressor. A larger value reduces overfitting, and moves the
        result towards the linear start.

    solver : {"adam", "adamw", "sgd"} or torch optimizer class, default="adam"
        Optimizer for the weights. "adam" needs no tuning; "sgd", with a momentum of
        0.9, needs ``learning_rate_init`` to be tuned. With an optimizer class, all
        weights use the same learning rate, and long gradients are not clipped.

    learning_rate_init : float, default=0.005
        Maximum learning rate. For ``loss="mse"`` the linear shortcut uses a tenth of
        it. A larger value learns faster, until training diverges; layers much wider
        than the default need a smaller value.

    learning_rate : {"one_cycle", "constant"}, default="one_cycle"
        Schedule of the learning rate over the ``max_iter`` epochs. "one_cycle" rises to
        ``learning_rate_init`` within 30 % of the epochs, at most 10, and then decays to
        zero; it needs no tuning. "constant" keeps the rate fixed: it allows a custom
        schedule in ``callbacks``, and converges less precisely.

    batch_size : int or "auto", default="auto"
        Number of samples in each batch. A larger value makes epochs faster and needs
        more of them. "auto" uses the power of two between 16 and 512 that gives about
        16 batches, and lets an epoch pass several times over 50 to 500 samples; see
        ``max_iter``.

    max_iter : int, default=40
        Maximum number of epochs, that is, passes over the training samples. With a
        larger value the learning rate decays more slowly, which gives somewhat better
        codes in proportionally more time. With ``batch_size="auto"`` an epoch of
        ``50 <= n <= 500`` samples is ``1000 // n`` passes, so that few samples give enough
        steps; not for more features than samples, without ``early_stopping``, or for
        user-supplied layers or optimizers.

    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as progress, as a fraction
        of its value at the start; of the training loss without ``early_stopping``. A
        larger value stops training earlier and may miss slow progress.

    n_iter_no_change : int, default=10
        Number of epochs without progress after which training ends. A larger value
        takes longer and can get past plateaus. "one_cycle" counts epochs from its peak
        on, and then lets the learning rate decay to zero within as many epochs again.

    early_stopping : bool, default=True
        Whether to set aside validation samples, which select the best epoch and end
        training early. False trains on all samples, until the training loss makes no
        progress, and keeps the last epoch, or the start if its loss on the training
        samples, at most 8192 of them, is lower. One or two samples are never split.

    validation_fraction : float, default=0.1
        Fraction of the samples to set aside for validation, after shuffling; at least
        two samples are taken. A larger value selects the epoch more reliably and leaves
        fewer samples for training. Not used where ``fit`` is given ``X_val``.

    warm_start : bool, default=False
        Whether ``fit`` continues from the weights and the scaling of the previous fit
        instead of starting anew, unless that fit stayed linear. This saves epochs if
        the samples are similar. If they are not, the old scaling may not suit them. An
        epoch then replaces the start whenever its loss is lower, even by chance.

    encoder : callable, default=None
        Builds a user-supplied network, ``(n_in, n_out) -> torch.nn.Module``, in place
        of the encoder's hidden layers. It maps an input of shape (n_samples, n_in) to
        (n_samples, n_out). With ``init="pca"`` its output is added to the linear
        shortcut, multiplied by a learned factor that starts at zero; with
        ``init="random"`` it is the whole encoder.

    decoder : callable, default=None
        The same for the decoder, which maps codes to reconstructions.

    device : str, default="cpu"
        Device on which the network is trained and used, as torch names it. "auto" uses
        an accelerator if there is one, which pays off for wide layers and many samples.

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of matrix products in training. "bfloat16" has about three
        significant digits and is two to three times faster for wide layers on CPUs made
        for it: with matrix units (AMX), or AMD's with AVX512-BF16. The last tenth of the
        steps that ``max_iter`` allows, the weights, the losses and every use of the
        network are float32. "auto" uses bfloat16 where it was measured to pay off:
        on such a CPU, with at least 64 samples and 1e8 multiplications per batch (3e7 on
        AMD's), for features whose means are subtracted or small, and not with
        user-supplied layers. Results then differ from those of other CPUs by more than
        rounding errors.

    callbacks : list of skorch callbacks, default=None
        Called during training. They are copied with the lists, dicts, sets, arrays and
        tensors in them, so that the given ones do not change; all else in them, such as
        a writer or a trial of Optuna, is shared, and clones share all. Pickles leave out
        a callback that cannot be pickled, with a warning. With callbacks, training steps
        use autograd: results are the same up to rounding (but where cells are missing, as
        others are hidden in training), and small layers take longer.
        A callback that raises KeyboardInterrupt ends training, as in skorch; Ctrl-C
        that arrives while a callback runs ends it too.

    verbose : int, default=0
        1 prints a line per epoch with the losses, R² on the validation samples and the
        maximum number of seconds left. This prints many lines in a grid search; there
        ``set_callbacks`` with scikit-learn's ``ProgressBar`` is more compact.

    random_state : int or RandomState instance, default=None
        Controls the initial weights, the validation split, the order of samples,
        dropout, noise and sampled codes. Pass an int for identical results on the same
        machine and number of threads. Global random states are neither read nor
        changed, even with None.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        A copy of the fitted network in float32: changes of its weights change nothing
        else. It predicts in scaled units and cannot be trained further. Its ``module_``
        is the torch module, which takes and returns the units of ``X``: ``module_(x)``
        reconstructs, ``module_.encode(x)`` and ``module_.decode(code)`` are its two halves.

    n_components_ : int
        Length of the code.

    n_features_in_ : int
        Number of features seen in ``fit``.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features seen in ``fit``, if all of them are strings.

    n_samples_ : int
        Number of samples seen in ``fit``, without those of weight 0.

    n_iter_ : int
        Number of epochs that were run; 1 for the closed form without hidden layers.

    best_iter_ : int
        Epoch whose weights were kept; 0 is the start. An epoch replaces the linear
        start only if its gain on the validation samples exceeds a margin based on its
        standard error, and if its loss on the training samples is not higher. A start
        that is kept is refitted to all samples, including the validation samples.

    loss_curve_ : list of float
        Training loss of each epoch that was run, with the noise of that epoch; empty
        for the closed form.

    validation_loss_curve_ : list of float or None
        Loss on the validation samples, the start first, ``n_iter_ + 1`` values. None
        without validation samples, and for the closed form.

    validation_scores_ : list of float or None
        R² on the validation samples, from noisy to clean, the start first, ``n_iter_ +
        1`` values; with ``ordered=True`` from as many components as in training, so below
        ``score``. Their noise is drawn once. None without validation samples, and for the
        closed form.

    code_variance_ : ndarray of shape (n_components_,)
        Variance of the training samples' codes along each axis, before whitening.

    explained_variance_ : ndarray of shape (n_components_,)
        ``explained_variance_ratio_`` times the variance of all features, summed.

    explained_variance_ratio_ : ndarray of shape (n_components_,)
        What each component adds to R² of the training samples when later ones stay at
        their mean, so that the sum is R²: PCA's own where the fit stayed PCA. Of a
        nonlinear network a component may add little or less than nothing on its own.
        Up to 2000 samples are used; far fewer for many components after few epochs.

    components_ : ndarray of shape (n_components_, n_features_in_)
        How a sample moves with each component, at the mean code, in the units of the
        features: the slope of the decoder. NaN for categories.
        Computed when it is read, as is the next.

    singular_values_ : ndarray of shape (n_components_,)
        Root of ``explained_variance_`` times n_samples - 1.

    mean_ : ndarray of shape (n_features_in_,)
        Mean of each feature of ``X``; clean samples have their own.

    scale_ : ndarray of shape (n_features_in_,)
        What each feature was divided by.

    See Also
    --------
    AutoencoderTransformer : The same network, trained without noise.
    sklearn.decomposition.KernelPCA : With ``fit_inverse_transform``, another denoiser.

    Notes
    -----
    With ``n_components=None`` the code is not a bottleneck: noise alone keeps the network
    from copying its input, which is best for ``denoise``. Set ``n_components`` for codes.

    With ``scaling="global"`` noise has the same size in every feature, as in an image, and
    features of large variance have the most weight in the loss, as in PCA. If features
    have different units, use ``scaling="feature"``.

    The weights evaluated and kept after an epoch are an average over the last two epochs.
    Gradients longer than twice their usual length are clipped to that length.

    Without hidden layers and with ``loss="mse"`` the result is the reduced-rank regression
    in closed form. With all components, gaussian noise and enough samples this is the
    Wiener filter. With few samples the map is shrunk towards one factor per feature. The
    strength is the one with the smallest error on every fifth sample, or fixed below 10
    samples. For a callable the closed form uses a single draw of noise. Beyond 1000
    features it is a regression on the 500 leading principal axes.

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

    set_fit_request: Callable[..., Self]
    set_partial_fit_request: Callable[..., Self]
    set_score_request: Callable[..., Self]

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "noise": [StrOptions(set(NOISES)), callable],
        "noise_level": [StrOptions({"auto"}), Real, "array-like"],
        "noise_unit": [StrOptions(set(get_args(NoiseUnit)))],
    }

    def __init__(
        self,
        n_components: Size = None,
        *,
        noise: Noise = "gaussian",
        noise_level: NoiseLevel = "auto",
        noise_unit: NoiseUnit = "scaled",
        hidden_layer_sizes: Sizes = (128, 128),
        decoder_hidden_layer_sizes: Sizes | None = None,
        activation: Activation = "silu",
        code_activation: Activation = "identity",
        output_activation: Activation | Literal["auto"] = "auto",
        loss: Loss = "mse",
        init: Init = "pca",
        scaling: Scaling | None = "global",
        ordered: bool = False,
        target_weight: float = 0.0,
        categorical_features: CategoricalFeatures | None = "from_dtype",
        whiten: bool = False,
        sampler: Sampler = "gaussian",
        dropout: float = 0.0,
        alpha: float = 0.0,
        solver: Solver = "adam",
        learning_rate_init: float = 0.005,
        learning_rate: Schedule = "one_cycle",
        batch_size: int | Literal["auto"] = "auto",
        max_iter: int = 40,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        encoder: NetworkFactory | None = None,
        decoder: NetworkFactory | None = None,
        device: str = "cpu",
        precision: Precision = "auto",
        callbacks: Callbacks | None = None,
        verbose: int = 0,
        random_state: RandomState = None,
    ):
        self.n_components = n_components
        self.noise = noise
        self.noise_level = noise_level
        self.noise_unit = noise_unit
        self.hidden_layer_sizes = hidden_layer_sizes
        self.decoder_hidden_layer_sizes = decoder_hidden_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.output_activation = output_activation
        self.loss = loss
        self.init = init
        self.scaling = scaling
        self.ordered = ordered
        self.target_weight = target_weight
        self.categorical_features = categorical_features
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

    def _clean_rows(self, X_clean, X):
        """Return the clean samples of ``X`` in use, ``X`` itself if none are given."""
        if X_clean is None:
            return X
        X_clean = validate_clean_rows(self, X_clean, X)
        if self._fitted.architecture.table is None:
            refuse_holes(X_clean, "X_clean")
        return X_clean

    def _make_objective(self, n_features: int, has_pairs: bool) -> Objective:
        is_auto = isinstance(self.noise_level, str)
        if has_pairs and is_auto:
            return Denoising(noise=None)
        kind = UserNoise if callable(self.noise) else NOISES[self.noise]
        level = None if is_auto else self._as_level(n_features, kind.most)
        if is_auto or np.any(level):
            return Denoising(self.noise, level, self._as_unit(is_auto))
        # Without any noise this is the plain autoencoder, which starts at PCA of all
        # samples: level 0 then gives the same results as AutoencoderTransformer.
        return Denoising(noise=None) if has_pairs else Reconstruction()

    def _as_unit(self, is_auto):
        """Return the unit of the level, by its name in ``nn``."""
        if self.noise_unit == "data":
            if is_auto and self.noise == "gaussian":
                raise ValueError(
                    "noise_level='auto' is a level in scaled units, and noise_unit='data' "
                    "expected one in the units of X. Give noise_level as the standard "
                    "deviation of the noise, or use noise_unit='scaled'."
                )
            return "data"
        # A constant feature is not scaled: its unit would be that of X.
        return "deviation" if self.scaling == "feature" else "scaled"

    def _as_level(self, n_features, most):
        """Return ``noise_level`` as a number or a list of one per column."""
        if callable(self.noise):
            most = np.inf  # it sets its own level, so only 0 or not 0 matters here
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
    def fit(
        self,
        X: ArrayLike,
        y: Any = None,
        *,
        X_clean: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        X_clean_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the network to reconstruct clean samples from noisy ones.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Clean samples, to which noise is added in training; noisy samples if
            ``X_clean`` is given.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Not used, of any type, while ``target_weight`` is 0; if it
            then looks like clean samples, a warning names ``X_clean``. Otherwise what codes
            predict. Text, booleans, categories and whole numbers are classes. Other
            numbers are numbers, and so are whole numbers with more than 30 values that have
            wide gaps or hardly two samples each; scale others, such as counts with few
            values, to have them taken for numbers.
            None, NaN, and -1 among whole numbers with two or more other classes, are
            missing: these samples train reconstructions alone.
        X_clean : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Clean samples that belong to those of ``X``, in the same order and units.
            Further noise is then added only if ``noise_level`` is not "auto".
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, at least 0: how often it counts, in the scaling, the
            linear start, the training loss, the choice of the epoch and all fitted
            statistics. Samples of weight 0 are left out. Weights that are all equal, and
            None, give every sample the same weight.
        X_val : array-like of shape (n_validation_samples, n_features), default=None
            Validation samples, with the features of ``X``. They select the epoch, all of
            ``X`` is trained on, and ``validation_fraction`` is not used. They have no
            weights and no ``y``: with ``target_weight`` reconstructions alone select the
            epoch. None: they are drawn from ``X``. Needs ``early_stopping=True``.
        X_clean_val : array-like of shape (n_validation_samples, n_features), default=None
            Clean samples that belong to those of ``X_val``; needed where both ``X_clean``
            and ``X_val`` are given.

        Returns
        -------
        self : object
            The fitted estimator. If ``fit`` raises, the estimator is unchanged.

        Raises
        ------
        ValueError
            ``X``, ``X_clean``, a weight, the validation samples or a parameter is invalid;
            the message says how to correct it.
        ConvergenceError
            Training diverged.
        """
        is_ignored = y is not None and not self.target_weight
        if is_ignored and X_clean is None and could_be_clean_rows(y, X):
            objective = self._make_objective(np.shape(X)[1], has_pairs=False)
            if isinstance(objective, Denoising):  # else nothing is to be undone
                warn_user(
                    f"y is a table of numbers of the shape of X, {np.shape(X)}, and is "
                    "ignored, as y always is: X is taken for clean, and noise is added to "
                    "it. Expected clean samples in X_clean. Pass them as "
                    "fit(X, X_clean=...), or y=None if y has none.",
                    UserWarning,
                )
        return self._fit(X, y, X_clean, sample_weight, X_val, X_clean_val)

    def denoise(self, X: ArrayLike) -> Floats:
        """Return ``X`` without noise; an alias of ``reconstruct``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Noisy samples.

        Returns
        -------
        X_hat : ndarray of shape (n_samples, n_features)
            Denoised samples, in the units of the clean ones.
        """
        return self.reconstruct(X)

    @fits
    def partial_fit(
        self,
        X: ArrayLike,
        y: Any = None,
        *,
        X_clean: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Continue training with ``X``, the next chunk of the samples: one pass over it.

        Scaling and PCA are those of all samples so far. Other attributes are estimated from
        a sample of at most 4096 of them, which is kept with the estimator and in its
        pickles. About ``validation_fraction`` of it is not trained on, but for samples that
        come more than once in a chunk, and selects between the network and the linear
        start. The others are trained on again with each chunk, so that chunks may come in
        any order. ``max_iter``, ``tol`` and ``n_iter_no_change`` are not used: for another
        pass, call it for all chunks again. After ``fit`` it continues from there, with
        generated samples in place of those of ``fit``.

        The first chunk sets the features, their categories unless a dtype lists them, and
        ``n_components`` if that is None. ``n_components`` cannot be a share, and
        ``target_weight`` has to be 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The next samples, of any number from one on, with the features of the first.
        y : object, default=None
            Not used, of any type.
        X_clean : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Clean samples that belong to those of ``X``; of all chunks, or of none.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, at least 0, in the same unit for all chunks. None gives
            every sample a weight of 1.

        Returns
        -------
        self : object
            The fitted estimator. If ``partial_fit`` raises, the estimator is unchanged.

        Raises
        ------
        ValueError
            ``X``, a weight or a parameter is invalid, or scaling, categories or what the
            network is built from have changed; the message says how to correct it.
        ConvergenceError
            Training diverged.
        """
        return self._partial_fit(X, y, X_clean, sample_weight)

    def score(
        self,
        X: ArrayLike,
        y: Any = None,
        *,
        X_clean: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Return the fraction of the variance of clean samples that denoising explains.

        R², as in the other estimators, between ``X_clean`` and ``denoise(X)``. Without
        ``X_clean`` it is computed between ``X`` and ``denoise(X)``; if ``X`` is noisy,
        that rewards keeping the noise. In a grid search leave ``scoring`` out: scorers by
        name, "r2" among them, ask for ``predict`` and give NaN, as for PCA.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Noisy samples, or clean ones without ``X_clean``.
        y : Ignored
            Not used, of any type; a grid search passes it on.
        X_clean : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Clean samples that belong to those of ``X``. None uses ``X`` itself.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, as in ``r2_score``. None: all have the same weight.

        Returns
        -------
        score : float
            R² of the denoised samples: 1 is perfect, 0 is no better than predicting the
            mean of the clean samples.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        clean = self._clean_rows(X_clean, X)
        return self._r2(X, clean, sample_weight)

    def column_scores(self, X: ArrayLike, *, X_clean: ArrayLike | None = None) -> Floats:
        """Return the fraction of the variance of each feature that is explained.

        R² of every feature, in its units, between ``X_clean`` and ``denoise(X)``:
        scikit-learn's ``r2_score(..., multioutput="raw_values")``. The mean, weighted by
        the variance of the features, is ``score``. Where one feature has most of the
        variance, ``score`` describes that feature; this method shows the others.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Noisy samples, or clean ones without ``X_clean``.
        X_clean : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Clean samples that belong to those of ``X``. None uses ``X`` itself.

        Returns
        -------
        scores : ndarray of shape (n_features,)
            1 is perfect, 0 is no better than the mean of the clean feature, and a
            negative score is worse. A constant clean feature scores 1 if it is
            reconstructed exactly, else 0. NaN for a feature without any value in
            ``fit``, and for all of a single sample.

        Raises
        ------
        ValueError
            ``X`` has other features than in ``fit``, ``X_clean`` has another shape, or one
            of them is not finite.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        clean = self._clean_rows(X_clean, X)
        return column_scores(self._fitted, X, clean)

    def score_samples(self, X: ArrayLike, *, X_clean: ArrayLike | None = None) -> Floats:
        """Return minus the loss of each sample: higher is more like the training samples.

        ``-mean(loss(X_clean, denoise(X)))`` over the features of a sample, with the loss
        and the units that training uses. Without ``X_clean`` samples are compared with
        themselves, which suits clean ones.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Noisy samples, or clean ones without ``X_clean``.
        X_clean : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Clean samples that belong to those of ``X``. None uses ``X`` itself.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            For "mse", "mae" and "huber" at most 0, the score of a sample that is denoised
            without error.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        clean = self._clean_rows(X_clean, X)
        return self._row_scores(X, clean, "X" if X_clean is None else "X_clean")

    def cell_scores(self, X: ArrayLike, *, X_clean: ArrayLike | None = None) -> Floats:
        """Return minus the loss of each value, to find which feature is unusual.

        ``-loss(X_clean, denoise(X))``, with the loss and the units that training uses;
        the mean over the features of a sample is ``score_samples``. With
        ``scaling="global"`` features of large variance have larger losses: divide by the
        usual loss of the feature before comparing features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Noisy samples, or clean ones without ``X_clean``.
        X_clean : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Clean samples that belong to those of ``X``. None uses ``X`` itself.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_features)
            For "mse", "mae" and "huber" at most 0, the score of a value that is
            reconstructed without error.

        Raises
        ------
        ValueError
            ``X`` or ``X_clean`` is invalid or beyond the domain of ``loss`` by half its
            width, or ``loss`` is a callable that is not a mean over values.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        clean = self._clean_rows(X_clean, X)
        return self._cell_scores(X, clean, "X" if X_clean is None else "X_clean")
