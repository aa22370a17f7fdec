"""A multilayer perceptron whose first layer looks its rows up.

    A_1 = h(X @ W_1 + b_1),  ...,  Z = A_(L-1) @ W_L + b_L,   P = softmax(Z)

with L layers, all but the last of them hidden, and the activation h.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from classifiers._estimator import CategoricalClassifier
from classifiers.activations import get_activation
from classifiers.initializers import get_initializer
from classifiers.network import Network, initialize
from classifiers.stopping import StoppingRule

__all__ = ["MLPClassifier"]


class MLPClassifier(CategoricalClassifier):
    """Multilayer perceptron on codes, one-hot matrices or any design matrix.

    Minimises mean cross-entropy + alpha/2 * ||W||^2 over the weights of all layers; biases are not penalised. Solvers
    lbfgs, sgd and momentum do exactly that; for the others, adam among them, the penalty is decoupled weight decay.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int
        Units of each hidden layer; one and two layers are the usual choices.
    activation : str or Activation
        Of the hidden layers: "relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "sigmoid", "tanh", "identity", or an
        object of `classifiers.activations`.
    solver : {"adam", "sgd", "momentum", "adagrad", "rmsprop", "lbfgs"} or Optimizer
        As for `SoftmaxRegression`.
    learning_rate : float
        Of the minibatch solvers; an optimizer object brings its own. The default suits "adam" and "rmsprop", whose
        steps are about as long as it is; "sgd", "momentum" and "adagrad" want 0.1 or so.
    initializer : str or callable
        Of the weights; ``"auto"`` picks by activation. Fan-in of the first layer is the number of active inputs, f.
    alpha, momentum, schedule, batch_size, max_iter, tol
        As for `SoftmaxRegression`.
    early_stopping, validation_fraction, n_iter_no_change, stopping
        As for `SoftmaxRegression`.
    n_categories, categorical_features, handle_unknown, handle_missing, standardize
        As for `SoftmaxRegression`.
    class_weight, dtype, warm_start, random_state, verbose
        As for `SoftmaxRegression`. `random_state` decides the initial weights too.

    Attributes
    ----------
    coefs_ : list of array
        (V, H_1), (H_1, H_2), ..., (H_(L-1), K).
    intercepts_ : list of array
        (H_1,), ..., (K,).
    classes_, n_features_in_, feature_names_in_, n_categories_, n_iter_, history_, stop_reason_
        As for `SoftmaxRegression`.

    Notes
    -----
    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.5. Not checked: whether the units stay
    alive; see `classifiers.diagnostics`.

    Examples
    --------
    Exclusive or, which no linear model can learn:

    >>> from classifiers import MLPClassifier
    >>> codes, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> model = MLPClassifier((8,), "tanh", solver="lbfgs", random_state=0).fit(codes, y)
    >>> model.predict(codes)
    array([0, 1, 1, 0])
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (64,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        learning_rate: float = 1e-3,
        initializer: Any = "auto",
        alpha: float = 1e-4,
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
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.learning_rate = learning_rate
        self.initializer = initializer
        self.alpha = alpha
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
        activation = get_activation(self.activation)
        hidden = get_initializer(self.initializer, activation)
        last = get_initializer(self.initializer, "softmax")
        initializers = [hidden] * len(self.hidden_layer_sizes) + [last]
        sizes = (V, *map(int, self.hidden_layer_sizes), K)
        return initialize(sizes, initializers, activation, fan_in=fan_in, rng=rng, dtype=self.dtype)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        get_activation(self.activation)
        sizes: Any = self.hidden_layer_sizes
        is_sequence = isinstance(sizes, Sequence | np.ndarray) and np.ndim(sizes) == 1
        is_bool = is_sequence and bool in map(type, sizes)
        if not is_sequence or is_bool or not all(isinstance(H, Integral) and int(H) > 0 for H in sizes):
            raise ValueError(f"hidden_layer_sizes={sizes!r} must be a sequence of positive integers, like (64,)")

    def _architecture(self) -> dict[str, Any]:
        layers = [int(H) for H in self.hidden_layer_sizes]
        activation = {"activation": get_activation(self.activation)} if layers else {}
        return {**super()._architecture(), "layers": layers, **activation}

    @property
    def coefs_(self) -> list[npt.NDArray[Any]]:
        """Weights of each layer, (inputs, outputs)."""
        check_is_fitted(self)
        return [np.asarray(W) for W in self._network.weights]

    @property
    def intercepts_(self) -> list[npt.NDArray[Any]]:
        """Biases of each layer."""
        check_is_fitted(self)
        return self._network.biases
