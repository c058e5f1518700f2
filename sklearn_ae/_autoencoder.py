"""AutoencoderTransformer: the plain autoencoder, a drop-in for PCA."""

from sklearn.utils.validation import check_is_fitted

from ._base import BaseAutoencoder
from ._objectives import Reconstruction
from ._sklearn._callbacks import with_callbacks
from ._sklearn._validation import fits, validate_rows

__all__ = ["AutoencoderTransformer"]


class AutoencoderTransformer(BaseAutoencoder):
    """Nonlinear dimensionality reduction by an autoencoder that starts at PCA.

    An encoder squeezes each row into a code of ``n_components`` numbers and a
    decoder rebuilds the row from it; both are trained together so that the
    rebuilt rows come close to the rows. Beside the hidden layers runs a linear
    shortcut that starts at the PCA solution, or where that explains little, on the
    way to it. The best weights seen on validation rows are kept, PCA among them: on
    those rows the result is PCA or better, by the loss that training minimises.

    Parameters
    ----------
    n_components : int, default=None
        Length of the code. More components keep more of the data and compress
        less. None takes ``min(n_samples, n_features)``, as PCA does.

    hidden_layer_sizes : int or array-like of int, default=(128, 128)
        Nodes of each hidden layer of the encoder, from input to code. More and
        wider layers are more nonlinear and need more rows and time. ``()`` is the linear
        answer: PCA, for ``loss="mse"`` in closed form and without training.

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
        Epoch whose weights were kept; 0 is the start. In place of PCA an epoch is kept
        only if its gain on the validation rows is not in doubt, and if it loses
        nothing on the training rows.

    loss_curve_ : list of float
        Training loss of each epoch that was run; none for the closed form.

    validation_loss_curve_ : list of float or None
        Loss on the validation rows, the start first, ``n_iter_ + 1`` values. None if
        none were set aside, and for the closed form.

    validation_scores_ : list of float or None
        R² on the validation rows, the start first, ``n_iter_ + 1`` values. None if
        none were set aside, and for the closed form.

    explained_variance_ : ndarray of shape (n_components_,)
        Variance of the training rows' codes along each axis, before whitening. For
        ``scaling="global"`` and an output that nothing bends it is PCA's where the result
        is PCA. A code that bends can hold more of the data than its variance tells;
        ``score`` tells what is kept.

    mean_ : ndarray of shape (n_features_in_,)
        Mean of each column.

    scale_ : ndarray of shape (n_features_in_,)
        What each column was divided by.

    See Also
    --------
    VariationalAutoencoder : A distribution over codes, and a likelihood of rows.
    DenoisingAutoencoder : The same network, trained to undo noise.
    sklearn.decomposition.PCA : The linear answer, and the start of this one.
    sklearn.decomposition.KernelPCA : Nonlinear, with a cost that grows with the
        square of the rows.
    sklearn.neural_network.MLPRegressor : The same network, if fitted to ``(X, X)``,
        without codes.

    Notes
    -----
    Codes are turned to their principal axes: uncorrelated on the training rows, the
    widest first, each with a fixed sign, in units in which the codes of a linear
    autoencoder are those of PCA.

    The best epoch is chosen by the loss on the validation rows. For ``loss="mse"``
    with ``scaling="global"`` that is the same as by R².

    Training begins with the share of PCA's map that is the share of the variance it
    explains, and with hidden layers at the rest of their usual size. It begins at PCA
    itself with a code or output activation, layers of your own, ``scaling=None``, a
    penalty, a constant rate or a solver other than Adam, and near it if steps are few.

    What is judged and kept after an epoch is an average of the weights over the last two.
    Gradients of more than twice the usual length are shortened to that.

    Gradients of dense layers are computed by hand, in about half of autograd's time for
    small ones. With ``callbacks``, an optimizer class or layers of your own, steps use
    autograd: the same to a rounding, and slower.

    References
    ----------
    Kramer, M. A. (1991). Nonlinear principal component analysis using
    autoassociative neural networks. AIChE Journal, 37(2), 233-243.

    Hinton, G. E. and Salakhutdinov, R. R. (2006). Reducing the dimensionality of data
    with neural networks. Science, 313, 504-507.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.metrics import r2_score
    >>> from sklearn_ae import AutoencoderTransformer
    >>> X, _ = load_digits(return_X_y=True)
    >>> ae = AutoencoderTransformer(n_components=8, random_state=0).fit(X)
    >>> ae.transform(X).shape
    (1797, 8)
    >>> pca = PCA(n_components=8).fit(X)
    >>> X_hat = pca.inverse_transform(pca.transform(X))
    >>> bool(ae.score(X) > r2_score(X, X_hat, multioutput="variance_weighted") + 0.1)
    True
    """

    def __init__(
        self,
        n_components=None,
        *,
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
        return Reconstruction()

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

    def score_samples(self, X):
        """Return minus the loss of each row: the higher, the more like the training rows.

        ``-mean(loss(X_scaled, X_hat_scaled))`` over the columns of a row, with the loss
        and the units in which training measures it; see ``loss`` and ``scaling``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to rebuild.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            For "mse", "mae" and "huber" at most 0, which is a row rebuilt without error.
        """
        check_is_fitted(self)
        X = validate_rows(self, X, reset=False)
        return self._row_scores(X, X, "X")
