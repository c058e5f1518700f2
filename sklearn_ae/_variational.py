"""VariationalAutoencoder: a distribution over codes, and new rows from it."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._base import BaseAutoencoder
from ._data_checks import check_loss_domain
from ._objectives import Variational, bound, log_density, posterior
from ._sklearn._callbacks import with_callbacks
from ._sklearn._validation import (
    Interval,
    StrOptions,
    fits,
    fresh_random_state,
    validate_count,
    validate_rows,
)

__all__ = ["VariationalAutoencoder"]


class VariationalAutoencoder(BaseAutoencoder):
    """Generation of new rows, and codes with their uncertainty, by a probabilistic model.

    Each row has a normal distribution over codes in place of one code; all codes together
    are held to the standard normal distribution, so that new rows are drawn by decoding
    numbers from it. Training raises a lower bound of the likelihood of the rows, in which
    ``loss`` is read as a likelihood whose noise level is learned. It starts at
    probabilistic PCA, and the best weights seen on validation rows are kept, the start
    among them.

    Parameters
    ----------
    n_components : int, default=None
        Length of the code. More components keep more of the data and compress
        less. None takes ``min(n_samples, n_features)``, as PCA does.

    beta : float, default=1.0
        Weight of the divergence between the codes of a row and the standard normal
        distribution. 1 is the bound of the likelihood. More uses fewer components, each
        for something of its own, and rebuilds rows less exactly, down to none in use;
        less rebuilds them more exactly, and ``sample`` leaves the data sooner.

    kl_warmup : int, default=0
        Epochs in which that weight rises from zero. More helps where components fall out
        of use that should not, as from random weights, or where training is long in
        leaving its start; it leaves fewer epochs for the bound itself.

    hidden_layer_sizes : int or array-like of int, default=(128, 128)
        Nodes of each hidden layer of the encoder, from input to code. More and
        wider layers are more nonlinear and need more rows and time. ``()`` is the linear
        answer: probabilistic PCA, for ``loss="mse"`` in closed form and without
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

    sampler : {"prior", "gaussian", "gmm"}, default="prior"
        Density that ``sample`` draws codes from. "gaussian" has the mean and covariance of
        the training rows' codes. "gmm" is a mixture of 1, 2, 4, 8, 16 or 32 normal ones,
        whichever is best by the Bayesian information criterion: it follows clusters and
        curves, and ``fit`` takes seconds longer where rows or components are many. "prior"
        is the standard normal one that codes are held to.

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
        network are float32. "auto" is float32 here, since for distributions over codes
        nothing was measured.

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
    active_components_ : int
        Components that are in use: whose mean has a variance above 0.01 over the training
        rows, where the prior has 1. The others hold the prior for every row.

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
        Epoch whose weights were kept; 0 is the start. In place of probabilistic PCA an
        epoch is kept only if its gain on the validation rows is not in doubt, and if it
        loses nothing on the training rows; a start that is kept is fitted again, to the
        validation rows too.

    loss_curve_ : list of float
        Training loss of each epoch that was run: minus the bound per cell, in nats of
        scaled rows, under the weight of the divergence in that epoch.

    validation_loss_curve_ : list of float or None
        Loss on the validation rows, the start first, ``n_iter_ + 1`` values. None if
        none were set aside, and for the closed form.

    validation_scores_ : list of float or None
        R² on the validation rows, the start first, ``n_iter_ + 1`` values; epochs are
        chosen by the bound. None if no rows were set aside, and for the
        closed form.

    explained_variance_ : ndarray of shape (n_components_,)
        Variance over the training rows of each code's mean, before whitening: near 0
        where a component tells nothing.

    mean_ : ndarray of shape (n_features_in_,)
        Mean of each column.

    scale_ : ndarray of shape (n_features_in_,)
        What each column was divided by.

    See Also
    --------
    AutoencoderTransformer : One code per row; ``sample`` from a density fitted to them.
    sklearn.decomposition.PCA : Its ``score`` is the likelihood of probabilistic PCA.
    sklearn.mixture.GaussianMixture : Generation for few columns.

    Notes
    -----
    ``loss`` names the likelihood of a cell around what the decoder makes of a code: "mse"
    normal, "mae" Laplace, "huber" normal with exponential tails, each with one noise level
    in scaled units that is learned; "bce" Bernoulli and "kl" Poisson, which have none. So
    the bound needs no weight set by hand. "bce" of data between 0 and 1 is no likelihood
    of theirs, but of black and white ones with that mean; "kl" reads values as counts,
    which say the less the smaller they are, and those in thousands "mse" learns better.
    A callable is minus the logarithm of a density of which no more is known: likelihoods
    are up to a constant, and the weight ``beta`` is for you to set.

    Codes keep the axes of the network, in which their components are independent, the one
    whose mean varies most first, each with a fixed sign. They are in the units of the
    prior. ``transform``, ``reconstruct`` and ``score`` take means of codes, never draws;
    reconstructions are somewhat closer to the mean than those of PCA for that reason.
    ``score`` is R², as in the other estimators, and not the mean of ``score_samples``.

    ``sample`` gives what the decoder makes of codes, without the noise of the likelihood,
    which is what codes do not hold: rates in place of counts, and less variance. Densities
    other than the prior are fitted to draws of the training rows' posteriors.

    An ``encoder`` of your own is asked for two numbers per component, ``n_out`` is
    ``2 * n_components``: the means, then the logarithms of the standard deviations. A
    ``code_activation`` bounds the means, which those of "relu" and "logistic" keep away
    from the prior: draw new rows with another ``sampler`` then.

    Without hidden layers and with ``loss="mse"`` it is probabilistic PCA in closed form,
    also for other ``beta`` than 1. The noise level is at least a thousandth of the typical
    standard deviation of a column, since where data fit exactly likelihoods have no end.

    References
    ----------
    Kingma, D. P. and Welling, M. (2014). Auto-encoding variational Bayes. ICLR.

    Higgins, I. et al. (2017). beta-VAE: Learning basic visual concepts with a constrained
    variational framework. ICLR.

    Rybkin, O., Daniilidis, K. and Levine, S. (2021). Simple and effective VAE training
    with calibrated decoders. ICML.

    Tipping, M. E. and Bishop, C. M. (1999). Probabilistic principal component analysis.
    Journal of the Royal Statistical Society B, 61(3), 611-622.

    Lucas, J., Tucker, G., Grosse, R. and Norouzi, M. (2019). Don't blame the ELBO! A
    linear VAE perspective on posterior collapse. NeurIPS.

    Burda, Y., Grosse, R. and Salakhutdinov, R. (2016). Importance weighted autoencoders.
    ICLR.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from sklearn_ae import VariationalAutoencoder
    >>> X, _ = load_digits(return_X_y=True)
    >>> vae = VariationalAutoencoder(n_components=8, random_state=0).fit(X[:1500])
    >>> vae.sample(5, random_state=0).shape
    (5, 64)
    >>> pca = PCA(n_components=8).fit(X[:1500])
    >>> bool(vae.log_likelihood(X[1500:]).mean() > pca.score(X[1500:]) + 10)
    True
    """

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "sampler": [StrOptions({"prior", "gaussian", "gmm"})],
        "beta": [Interval(Real, 0, None, closed="left")],
        "kl_warmup": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        n_components=None,
        *,
        beta=1.0,
        kl_warmup=0,
        hidden_layer_sizes=(128, 128),
        decoder_hidden_layer_sizes=None,
        activation="silu",
        code_activation="identity",
        output_activation="auto",
        loss="mse",
        init="pca",
        scaling="global",
        whiten=False,
        sampler="prior",
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
        self.beta = beta
        self.kl_warmup = kl_warmup
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
        return Variational(self.beta, self.kl_warmup)

    @with_callbacks
    @fits
    def fit(self, X, y=None):
        """Learn to encode and decode the rows of ``X``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows, in any units; see ``scaling``.
        y : Ignored
            May be of any type, so that the estimator stands in front of a classifier.

        Returns
        -------
        self : object
            The fitted estimator. After an error it is as it was before.

        Raises
        ------
        ValueError
            ``X`` or a parameter cannot be used; the message names the way out.
        ConvergenceError
            Training diverged.
        """
        return self._fit(X, y, None)

    def score(self, X, y=None):
        """Return the share of the variance of ``X`` that its reconstruction keeps.

        ``1 - sum((X - X_hat) ** 2) / sum((X - X.mean(axis=0)) ** 2)`` over the cells of
        all columns that vary, in the user's units: scikit-learn's ``r2_score(X, X_hat,
        multioutput="variance_weighted")``. It is the same scale whatever ``loss`` is,
        so that a grid search can compare losses.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to rebuild, best those that ``fit`` has not seen.
        y : Ignored
            May be of any type; a grid search passes it on.

        Returns
        -------
        score : float
            1 is perfect, 0 is no better than telling the mean of ``X``.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        return self._r2(X, X)

    def posterior(self, X):
        """Return the mean and the standard deviation of the codes of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns of ``fit``, in the same units.

        Returns
        -------
        mean : ndarray of shape (n_samples, n_components_)
            As ``transform`` gives it.
        std : ndarray of shape (n_samples, n_components_)
            In the units of ``mean``; those of the prior, whose own is 1, unless ``whiten``.

        Raises
        ------
        ValueError
            ``X`` has other columns than in ``fit``, or is not finite.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        return posterior(self._fitted, X)

    def score_samples(self, X):
        """Return the evidence lower bound of each row: the higher, the more likely.

        The expectation over codes runs over 64 to 512 points that stay the same: every call
        gives the same, which is exact for a linear network of up to 256 components and else
        close. Whatever ``beta`` was in training, it is 1 here.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns of ``fit``, in the same units.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            In nats, of rows in your units; see ``log_likelihood``.

        Raises
        ------
        ValueError
            ``X`` cannot be used, or has values that ``loss`` cannot measure.
        """
        check_is_fitted(self)
        return bound(self._fitted, self._validate_in_domain(X))

    def log_likelihood(self, X, n_importance_samples=100, *, random_state=None):
        """Return the importance-weighted estimate of the log likelihood of each row.

        The logarithm of the mean of p(row, code) / q(code | row) over codes drawn from the
        posterior q: on average at least ``score_samples``, and at most the likelihood.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns of ``fit``, in the same units.
        n_importance_samples : int, default=100
            Codes drawn for each row. More come closer to the likelihood and take
            proportionally longer.
        random_state : int or RandomState instance, default=None
            Draws the codes. With None they are others in every call.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            In nats, of rows in your units: a density for "mse", "mae" and "huber", a
            probability for "bce" and "kl".

        Raises
        ------
        ValueError
            ``n_importance_samples`` is no count, ``random_state`` no seed, or ``X`` has
            values that ``loss`` cannot measure.
        """
        check_is_fitted(self)
        validate_count("n_importance_samples", n_importance_samples)
        seed = fresh_random_state(random_state).randint(np.iinfo(np.int32).max)
        X = self._validate_in_domain(X)
        return log_density(self._fitted, X, n_importance_samples, int(seed))

    def _validate_in_domain(self, X):
        X = validate_rows(self, X, reset=False)
        check_loss_domain(self._fitted.loss, X)
        return X
