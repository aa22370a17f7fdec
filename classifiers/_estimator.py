"""What both estimators share: fitting, by a full-batch solver or in minibatches.

`__init__` stores, `fit` validates and learns, `predict` checks. A subclass says which layers its network has.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from classifiers._fitted_model import FittedModel
from classifiers._settings import Settings
from classifiers._warn import warn
from classifiers.dataset import Dataset
from classifiers.design_matrix import DesignMatrix
from classifiers.gradient_flow import GradientFlowWarning, gradient_flow_problem
from classifiers.held_out import hold_out
from classifiers.lbfgs import fit_lbfgs
from classifiers.network import Network
from classifiers.optimizers import Optimizer
from classifiers.progress import progress
from classifiers.reading.labels import classes_of, index_of, read_classes, read_labels
from classifiers.reading.sample_weights import mean_one, read_weights, weights_of
from classifiers.schedules import factor_at
from classifiers.stopping import DivergenceError, EpochRecord, MaxEpochs, check_divergence
from classifiers.training import train, train_epoch

__all__ = ["CategoricalClassifier", "check_is_model"]

Array = npt.NDArray[Any]
Report = Callable[[EpochRecord], None]


def _steps_through_batches(estimator: CategoricalClassifier) -> bool:
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit is for the minibatch solvers; solver='lbfgs' needs all data at once")
    return True


class CategoricalClassifier(ClassifierMixin, FittedModel, Settings, ABC):
    """Base of `SoftmaxRegression` and `MLPClassifier`."""

    if TYPE_CHECKING:
        history_: list[EpochRecord]
        _optimizer: Optimizer | None
        _generator: np.random.Generator

    def _architecture(self) -> dict[str, Any]:
        """Return what the parameters fix of the network."""
        return {"dtype": np.dtype(self.dtype), "layers": []}

    @abstractmethod
    def _new_network(self, V: int, K: int, fan_in: int, rng: np.random.Generator) -> Network:
        """Return the untrained network of this model."""

    def fit(
        self,
        X: Any,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        X_val: Any = None,
        y_val: npt.ArrayLike | None = None,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : DataFrame, OneHot, sparse array (n, V), float array (n, V) or integer codes (n, f)
        y : array, shape (n,)
            Labels of two classes or more: strings, integers or bools.
        sample_weight : array of float, shape (n,), optional
            Not negative; a weight of 2 is the sample twice.
        X_val, y_val : optional
            Validation data, evaluated after each epoch with the weights of `class_weight` ("balanced" goes by their
            own frequencies), and what `early_stopping` goes by.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            For bad input, naming field, row and value (`onehot.CodeError` is a ValueError, `onehot.DTypeError` a
            TypeError).
        DivergenceError
            If the loss grows out of bounds.
        """
        self._check_parameters()
        weight = read_weights(sample_weight)
        from_scratch = not (self.warm_start and hasattr(self, "_network"))
        if from_scratch:
            self._forget()
        design = self._design_to_train_on(X, weight, from_scratch)
        labels = read_labels(X, y)
        if from_scratch:
            self.classes_ = classes_of(labels)
        data = self._labelled(design, labels, weight)
        self._generator = _new_generator(self.random_state)
        training, validation = self._split(data, X_val, y_val)
        try:
            if from_scratch:
                self._begin(design)
            self._solve(training, validation)
        except BaseException:
            self._forget()  # what is left of a failed fit must not predict
            raise
        self.n_iter_ = len(self.history_)
        return self

    @available_if(_steps_through_batches)  # type: ignore[untyped-decorator]  # scikit-learn has no types
    def partial_fit(
        self, X: Any, y: npt.ArrayLike, classes: npt.ArrayLike | None = None, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Make one epoch over this data, going on from where the model is, with the parameters that it has now.

        What the first call learned of columns stays: `standardize` and `categorical_features` have had their effect.
        No rule stops it: `stopping` is not asked, and early_stopping=True is refused where no `fit` has heeded it.

        Parameters
        ----------
        X, y : as for `fit`
            Not all classes need to occur.
        classes : array, shape (K,), optional
            All classes there will be; needed at the first call.
        sample_weight : array of float, shape (n,), optional
            Used as given: unlike in `fit` they are not scaled to mean 1, since the calls to come are not known.

        Returns
        -------
        self
        """
        self._check_parameters()
        weight = read_weights(sample_weight)
        from_scratch = not hasattr(self, "_network")
        design = self._design_to_train_on(X, weight, from_scratch)
        labels = read_labels(X, y)
        if from_scratch:
            if classes is None:
                raise ValueError("the first call of partial_fit needs classes=, all labels there will be")
            if self.early_stopping:
                raise ValueError("early_stopping=True is for fit: set it to False, each partial_fit makes one epoch")
            self.classes_ = read_classes(classes)
        elif classes is not None and not np.array_equal(read_classes(classes), self.classes_):
            raise ValueError(f"classes={classes!r} differ from those of the first call, {self.classes_.tolist()}")
        if self.class_weight == "balanced":
            raise ValueError("class_weight='balanced' needs all data at once; pass a dict, or sample_weight")
        data = self._labelled(design, labels, weight, normalize=False)
        try:
            if from_scratch:
                self._generator = _new_generator(self.random_state)
                self._begin(design)
            self._make_epoch(data)
        except BaseException as error:
            if from_scratch or isinstance(error, DivergenceError):
                self._forget()  # neither an untrained network nor NaN must predict
            raise
        self.stop_reason_ = "partial_fit makes one epoch"
        self.n_iter_ = len(self.history_)
        return self

    def score(self, X: Any, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return the mean accuracy of ``predict(X)``, with labels and weights read as `fit` reads them."""
        check_is_fitted(self)
        labels, weight = read_labels(X, y), read_weights(sample_weight)
        if weight is not None and weight.ndim == 0:
            weight = None  # all equal
        kinds = labels.dtype.kind + self.classes_.dtype.kind
        if "S" in kinds or "O" in kinds:  # bytes and large integers, of which scikit-learn has no accuracy
            check_consistent_length(labels, weight)
            return float(np.average(self.predict(X) == labels, weights=weight))
        accuracy: float = super().score(X, labels, weight)
        return accuracy

    def _design_to_train_on(self, X: Any, weight: Array | None, from_scratch: bool) -> DesignMatrix:
        """Return X as a design matrix, its columns learned, or those of the network whose training goes on."""
        if from_scratch:
            return self._learn(X, weight)
        self._check_goes_on()
        self._make_writable()
        return self._read(X)

    def _begin(self, design: DesignMatrix) -> None:
        """Become an untrained model for data like these."""
        fan_in = max(1, round(design.nnz / design.shape[0]))
        try:
            self._network = self._new_network(design.shape[1], len(self.classes_), fan_in, self._generator)
        except MemoryError as error:
            raise MemoryError(f"{error}; {self._widest_field()}") from None
        self._optimizer = None
        self.history_ = []

    def _index_of(self, labels: Array) -> Array:
        """Return labels as positions in `classes_`."""
        return index_of(self.classes_, labels)

    def _dataset(self, X: Any, y: Any) -> Dataset:
        """Return X and y as this model reads them, weighted by its `class_weight`."""
        return self._labelled(self._read(X), read_labels(X, y))

    def _labelled(
        self, design: DesignMatrix, labels: Array, weight: Array | None = None, *, normalize: bool = True
    ) -> Dataset:
        """Return rows with their labels and with weights, of mean 1 if normalized, or None where all are equal."""
        y_index = self._index_of(labels)
        weight = weights_of(weight, self.class_weight, self.classes_, y_index)
        if weight is not None:
            if normalize:
                weight = mean_one(weight)
            if self.solver != "lbfgs":
                weight = weight.astype(self.dtype)
        return Dataset(design, y_index, weight)

    def _split(self, data: Dataset, X_val: Any, y_val: Any) -> tuple[Dataset, Dataset | None]:
        """Return training and validation data."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together: pass both or neither")
        if X_val is not None:
            try:
                return data, self._dataset(X_val, y_val)
            except (TypeError, ValueError) as error:
                raise type(error)(f"validation data: {error}") from error
        if not self.early_stopping:
            return data, None
        return hold_out(data, float(self.validation_fraction), seed=int(self._generator.integers(2**31)))

    def _solve(self, data: Dataset, validation: Dataset | None) -> None:
        """Train until a rule says stop."""
        solve = self._solve_full_batch if self.solver == "lbfgs" else self._solve_in_minibatches
        # What overflows becomes NaN or Inf, and is reported as divergence.
        with progress(self.verbose, self.max_iter) as report, np.errstate(all="ignore"):
            solve(data, validation, report)

    def _solve_full_batch(self, data: Dataset, validation: Dataset | None, report: Report) -> None:
        self._optimizer = None
        self.history_, self.stop_reason_, converged = fit_lbfgs(
            self._network,
            data,
            alpha=float(self.alpha),  # a NumPy number of low precision would round the objective
            max_iter=int(self.max_iter),
            tol=float(self.tol),
            stopping=self._stopping_rule(),
            validation=validation,
            report=report,
        )
        if not converged:
            advice = f"increase max_iter={self.max_iter} or tol={self.tol}"
            if self.max_iter and not self.history_:
                advice = "not even its first step succeeded: columns of X should be scaled to about 1"
            warn(f"L-BFGS did not converge ({self.stop_reason_}); {advice}", ConvergenceWarning)

    def _solve_in_minibatches(self, data: Dataset, validation: Dataset | None, report: Report) -> None:
        self._optimizer = self._new_optimizer()
        self.history_, self.stop_reason_ = train(
            self._network,
            data,
            self._optimizer,
            schedule=self._new_schedule(),
            batch_size=int(self.batch_size),
            stopping=MaxEpochs(self.max_iter) | self._stopping_rule(),
            rng=self._generator,
            validation=validation,
            report=report,
        )

    def _make_epoch(self, data: Dataset) -> None:
        """Make one more epoch, and report on it as `_solve` does."""
        self._optimizer = self._running_optimizer()
        factor = factor_at(self._new_schedule(), len(self.history_))
        self._optimizer.learning_rate = self._base_learning_rate() * factor
        with np.errstate(all="ignore"):
            record = train_epoch(
                self._network,
                data,
                self._optimizer,
                batch_size=int(self.batch_size),
                rng=self._generator,
                epoch=len(self.history_) + 1,
            )
        if self.verbose:
            print(record, flush=True)
        problem = gradient_flow_problem(record)
        if problem and not (self.history_ and gradient_flow_problem(self.history_[-1])):  # once, where it begins
            warn(problem, GradientFlowWarning)
        self.history_ = [*self.history_, record]
        check_divergence(self.history_, self._base_learning_rate())

    def _running_optimizer(self) -> Optimizer:
        """Return an optimizer of the present parameters that goes on from the last one, if that is of the same kind."""
        optimizer = self._new_optimizer()
        running = self._optimizer
        if running is not None and optimizer.goes_on_from(running):
            optimizer.n_steps, optimizer.states = running.n_steps, running.states
        return optimizer

    def _check_goes_on(self) -> None:
        """Raise if the parameters describe another network than the one whose training is to go on."""
        super()._check_goes_on()
        network = self._network
        layers = [len(b) for b in network.biases[:-1]]
        made = {"dtype": network.biases[0].dtype, "layers": layers, "activation": network.activation}
        wanted = self._architecture()
        made = {name: made[name] for name in wanted}
        if made != wanted:
            raise ValueError(
                f"the parameters ask for {wanted}, but the network that is to be trained further has {made}; "
                "set them back, or fit anew without warm_start"
            )

    def _make_writable(self) -> None:
        """Copy parameters that joblib has mapped into memory: training changes them in place."""
        if self._network.is_read_only:
            self._network, self._optimizer = self._network.copy(), copy.deepcopy(self._optimizer)

    def _forget(self) -> None:
        """Become an unfitted model."""
        for name in ("_network", "_optimizer", "history_", "n_iter_", "stop_reason_"):
            self.__dict__.pop(name, None)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True  # of codes; a design matrix may be negative
        tags.input_tags.allow_nan = self.handle_missing != "error"
        return tags


def _new_generator(random_state: Any) -> np.random.Generator:
    return np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def check_is_model(model: Any, *, fitted: bool = True) -> None:
    """Raise unless `model` is one of this package and, if it must be, fitted."""
    if not isinstance(model, CategoricalClassifier):
        hint = ""
        if hasattr(model, "best_estimator_"):
            hint = "; pass search.best_estimator_"
        elif hasattr(model, "steps"):
            hint = "; pass pipeline[-1], and pipeline[:-1].transform(X) for X"
        raise TypeError(f"expected a SoftmaxRegression or an MLPClassifier, got a {type(model).__name__}{hint}")
    if fitted:
        check_is_fitted(model)
