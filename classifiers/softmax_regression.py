"""Softmax (multinomial logistic) regression: the network with no hidden layer.

    Z = X @ W + b,    P(y = k | x) = exp(Z_k) / sum_c exp(Z_c)

Its loss is convex in W and b: every start leads to the same minimum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from classifiers._estimator import CategoricalClassifier
from classifiers.activations import identity
from classifiers.initializers import zeros
from classifiers.network import Network, initialize
from classifiers.stopping import StoppingRule

__all__ = ["SoftmaxRegression"]


class SoftmaxRegression(CategoricalClassifier):
    """Multinomial logistic regression on codes, one-hot matrices or any design matrix.

    Minimises mean cross-entropy + alpha/2 * ||W||^2; the intercept is not penalised.

    Parameters
    ----------
    solver : {"lbfgs", "sgd", "momentum", "adagrad", "rmsprop", "adam"} or Optimizer
        ``"lbfgs"`` takes all data in every iteration, in float64; the others go through minibatches.
    alpha : float
        Strength of the L2 penalty. For SGD and momentum the penalty is exact, for the other minibatch solvers it is
        decoupled weight decay, to which the same value is another penalty. All rows decay in every step.
    learning_rate : float
        Of the minibatch solvers; an optimizer object brings its own. The default suits "sgd", "momentum" and "adagrad";
        "rmsprop" and "adam", whose steps are about as long as it is, want 0.01 or less.
    momentum : float
        Of solver ``"momentum"``.
    schedule : str or callable
        Factor of the learning rate by epoch: "constant", "step", "exponential", "inverse_scaling", "cosine",
        "warmup_cosine", or an object of `classifiers.schedules`.
    batch_size : int
        Samples in a minibatch; the last one of an epoch may be smaller.
    max_iter : int
        Epochs, or iterations of L-BFGS.
    tol : float
        L-BFGS stops when no component of the gradient exceeds it, in units in which rare categories count as frequent
        ones do (`classifiers.lbfgs`), or the objective no longer changes; the others when the loss has not come down by
        `tol` in `n_iter_no_change` epochs.
    early_stopping : bool
        Stop when the validation loss no longer improves, and return to the best weights. Validation data are X_val and
        y_val of `fit`, or else a stratified `validation_fraction` of the training data.
    validation_fraction : float
        Share of the training data, in (0, 1), that early stopping holds out where `fit` is given no validation data.
    n_iter_no_change : int
        Patience, in epochs.
    stopping : StoppingRule, optional
        In place of the rules above, beside `max_iter`: see `classifiers.stopping`.
    n_categories : int or sequence of int, optional
        Categories of each field; a single number is for every column of codes. By default learned: the largest code of
        each field, plus 1. Where given as a list, the width of X decides whether it is codes (n, f) or a matrix (n, V).
    categorical_features : "from_dtype", list of str, of int or of bool, or None
        Which columns of a table are fields: those of string, category, bool and object dtype; those named, at these
        positions, or in this mask; none. All others are numbers. With "from_dtype" a DataFrame of numbers only, or of
        bools only, is not a table but what its array is, codes or a design matrix.
    handle_unknown : {"error", "ignore"}
        What codes and categories that were not known at `fit` do at `predict`: raise, or contribute nothing to the
        logits. With "ignore" -1 is such a code, as scikit-learn's `OrdinalEncoder` can make of unknown values.
    handle_missing : {"error", "zero", "own"}
        What None, NaN and NA do in a field, and NaN and -1 as codes: raise, contribute nothing, or be one more category
        of the field, its last. (-1 in an array of floats is unknown rather than missing where unknown is ignored.)
    standardize : bool
        Whether numbers of a table are reduced to mean 0 and standard deviation 1, as learned at `fit`. A design matrix
        is taken as it is.
    class_weight : dict or "balanced", optional
    dtype : {numpy.float32, numpy.float64}
        Of weights and computation; L-BFGS computes in float64 and stores `dtype`.
    warm_start : bool
        Go on from the present weights, and with what was learned of the columns, at the next `fit`.
    random_state : int, RandomState or None
        Decides the order of the samples, and which of them `early_stopping` sets aside.
    verbose : int
        1 shows a progress bar in a terminal or a notebook (the ``progress`` extra), and elsewhere prints a line an
        epoch, as 2 always does.

    Attributes
    ----------
    classes_ : array, shape (K,)
    coef_ : array, shape (K, V)
    intercept_ : array, shape (K,)
    n_features_in_ : int
        Columns of X at `fit`.
    feature_names_in_ : array of str
        Where X had names. `get_feature_names_out` names the columns of `coef_`.
    n_categories_ : tuple of int or None
        Of the fields; None for a design matrix of unknown fields. With m numbers, `coef_` has m columns more.
    n_iter_ : int
    history_ : list of EpochRecord
    stop_reason_ : str

    Notes
    -----
    Source: Bishop, "Pattern Recognition and Machine Learning", 2006, section 4.3.4. Input is checked once in each
    call, not in each batch. Not checked: that classes or categories are frequent enough to learn from.

    Examples
    --------
    >>> from classifiers import SoftmaxRegression
    >>> codes, y = [[0, 1], [1, 1], [2, 0], [0, 0]], ["no", "yes", "yes", "no"]
    >>> model = SoftmaxRegression(n_categories=[3, 2]).fit(codes, y)
    >>> model.predict([[1, 0], [0, 1]])
    array(['yes', 'no'], dtype='<U3')
    """

    def __init__(
        self,
        *,
        solver: Any = "lbfgs",
        alpha: float = 1e-4,
        learning_rate: float = 0.1,
        momentum: float = 0.9,
        schedule: Any = "constant",
        batch_size: int = 256,
        max_iter: int = 200,
        tol: float = 1e-4,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        stopping: StoppingRule | None = None,
        n_categories: Any = None,
        categorical_features: Any = "from_dtype",
        handle_unknown: str = "error",
        handle_missing: str = "error",
        standardize: bool = True,
        class_weight: Any = None,
        dtype: Any = np.float32,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.solver = solver
        self.alpha = alpha
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.schedule = schedule
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.stopping = stopping
        self.n_categories = n_categories
        self.categorical_features = categorical_features
        self.handle_unknown = handle_unknown
        self.handle_missing = handle_missing
        self.standardize = standardize
        self.class_weight = class_weight
        self.dtype = dtype
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _new_network(self, V: int, K: int, fan_in: int, rng: np.random.Generator) -> Network:
        return initialize((V, K), [zeros], identity, fan_in=fan_in, rng=rng, dtype=self.dtype)

    @property
    def coef_(self) -> npt.NDArray[Any]:
        """Weights, (K, V)."""
        check_is_fitted(self)
        return np.asarray(self._network.weights[0]).T

    @property
    def intercept_(self) -> npt.NDArray[Any]:
        """Biases, (K,)."""
        check_is_fitted(self)
        return self._network.biases[0]
