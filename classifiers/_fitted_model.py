"""What a fitted estimator answers: classes and probabilities, why, the names of its columns, and its file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from classifiers.explanation import Explanation, explain
from classifiers.losses import log_softmax, softmax
from classifiers.model_file import load, save
from classifiers.network import Network
from classifiers.prediction import predict
from classifiers.reading.reader import InputReader
from classifiers.reading.tables import refuse_near_tables
from onehot import OneHot, ShapeError

__all__ = ["FittedModel"]

Array = npt.NDArray[Any]


class FittedModel(InputReader):
    """The side of an estimator that is there once it is fitted; nothing here changes it."""

    if TYPE_CHECKING:
        classes_: Array
        _network: Network

    def decision_function(self, X: Any) -> Array:
        """Return the logits: (n, K), or for two classes (n,), the second's minus the first's."""
        return self._outputs(X, lambda Z: Z if Z.shape[1] > 2 else Z[:, 1] - Z[:, 0])

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each row, (n,)."""
        return self._outputs(X, lambda Z: self.classes_[Z.argmax(axis=1)])

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, (n, K), in the order of `classes_`."""
        return self._outputs(X, softmax)

    def predict_log_proba(self, X: Any) -> Array:
        """Return log-probabilities, (n, K), exact where the probability itself would round to 0."""
        return self._outputs(X, log_softmax)

    def explain(self, X: Any) -> Explanation:
        """Return what each column of one row contributes to the logit of each class.

        Parameters
        ----------
        X : as for `predict`, of one row
            Like ``df[3:4]``.

        Returns
        -------
        Explanation
            Without hidden layers the contributions are exact: rows of W, that add up to the logits. With hidden layers
            each is the change of the logits when the column is left out; see `classifiers.explanation`.
        """
        check_is_fitted(self)
        design = self._read(X)
        if design.shape[0] != 1:
            raise ShapeError(f"X has {design.shape[0]} rows; explain takes one, like X[3:4]")
        x = design.tocsr()
        counts, if_present = self.n_categories_ or (), self.get_feature_names_out().tolist()
        V = sum(counts)
        numbers = x[:, V:].toarray()[0] if self._encoder is None else self._encoder.numbers_of(self._as_table(X))[0]
        if_present[V:] = [f"{name}={number:.10g}" for name, number in zip(if_present[V:], numbers, strict=True)]
        if_absent = [f"{name}: nothing" for name in self._field_names()] + if_present[V:]
        widths = [*counts, *[1] * len(numbers)]
        is_plain = not counts and self._encoder is None  # a design matrix of any width: its zeros are not worth a line
        return explain(self._network, x, self.classes_, widths, if_absent, if_present, present_only=is_plain)

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the rows of the first layer: ``city=Oslo`` of a field, ``age`` of a number, (V + m,).

        Parameters
        ----------
        input_features : sequence of str, optional
            Names of the columns of X, where X had none; by default "x0", "x1", ...
        """
        check_is_fitted(self)
        names = self._column_names(input_features)
        if self._encoder is not None:
            rows = self._encoder.row_names(names)
        elif self.n_categories_ is None or len(names) != len(self.n_categories_):
            rows = names
        else:
            rows = [
                f"{name}=<missing>" if self._own_missing and code == count - 1 else f"{name}={code}"
                for name, count in zip(names, self.n_categories_, strict=True)
                for code in range(count)
            ]
        return np.asarray(rows, dtype=object)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to one file, without pickle, from which `load` makes the same model again.

        Parameters
        ----------
        path : path
            As it is: ``.npz`` is the usual suffix, and is not added. A file that is there is replaced at once, or, if
            anything goes wrong, left alone.

        Raises
        ------
        ModelFileError
            If a parameter is an object of another library's or your own class; see `classifiers.model_file`.
        """
        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Return the model that `save` wrote; its `partial_fit` goes on bit for bit.

        Raises
        ------
        ModelFileError
            If the file is truncated, altered, or not of this class. It is checked in whole before a model is made of
            it, and nothing in it is run.
        """
        model: Self = load(path, [cls])
        return model

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_network")

    def _logits(self, X: Any) -> Array:
        return self._outputs(X, lambda Z: Z)

    def _outputs(self, X: Any, finish: Callable[[Array], Array]) -> Array:
        """Return ``finish(logits)`` for the rows of X."""
        check_is_fitted(self)
        if self._encoder is not None:
            design = self._read(X)
            fields = self.n_categories_ if isinstance(design, OneHot) else None
            return predict(self._network, design, lambda rows: rows, finish, fields)
        refuse_near_tables(X)
        X = self._checked(X)
        are_codes = self._are_plain_codes(X)
        return predict(self._network, X, self._design, finish, self.n_categories_, are_codes=are_codes)

    def _field_names(self) -> list[str]:
        if self._encoder is not None:
            return [self._encoder.names[j] for j in self._encoder.fields]
        names, f = self._column_names(None), len(self.n_categories_ or ())
        return names if len(names) == f else [f"x{j}" for j in range(f)]

    def _column_names(self, given: Any) -> list[str]:
        """Return a name for each column of X at `fit`."""
        learned = getattr(self, "feature_names_in_", None)
        if given is not None and learned is not None and list(given) != list(learned):
            raise ValueError("input_features is not equal to feature_names_in_")
        fields = self.n_categories_ if self._encoder is None else None
        f = self.n_features_in_ if fields is None else len(fields)
        if given is not None and len(given) not in (self.n_features_in_, f):
            raise ValueError(
                f"input_features has {len(given)} names, but {type(self).__name__} was fitted to "
                f"{self.n_features_in_} columns"
            )
        names = learned if learned is not None else given
        return [str(name) for name in names] if names is not None else [f"x{j}" for j in range(f)]
