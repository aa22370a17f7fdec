"""How an estimator reads X: what `fit` learns of its columns, and what later calls hold it to.

A table, that is a DataFrame with categories, an array with strings, or anything where `categorical_features` is given,
goes through a `column_encoder.ColumnEncoder`; codes and design matrices go through `codes_or_matrix.as_design_matrix`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import _check_feature_names, _get_feature_names

from classifiers.design_matrix import DesignMatrix
from classifiers.reading.codes_or_matrix import as_design_matrix
from classifiers.reading.column import columns_of
from classifiers.reading.column_encoder import ColumnEncoder
from classifiers.reading.misreadings import warn_if_ids, warn_of_integers_beside_floats
from classifiers.reading.policies import IF_MISSING, check_policies
from classifiers.reading.python_objects import as_numbers
from classifiers.reading.tables import (
    Names,
    are_numbers,
    describe_kinds,
    has_names,
    is_frame,
    is_table,
    refuse_near_tables,
)
from onehot import CodeError, DTypeError, OneHot, ShapeError
from onehot._codes import normalize_n_categories
from onehot._errors import field_label

__all__ = ["InputReader"]

Array = npt.NDArray[Any]


class InputReader(BaseEstimator):
    """Makes a design matrix of X, and remembers what it learned of the columns at `fit`."""

    if TYPE_CHECKING:
        n_categories: Any
        categorical_features: Any
        handle_unknown: str
        handle_missing: str
        standardize: bool
        dtype: Any

        n_features_in_: int
        feature_names_in_: Array
        n_categories_: tuple[int, ...] | None
        _encoder: ColumnEncoder | None
        _own_missing: bool

    def _learn(self, X: Any, sample_weight: Array | None) -> DesignMatrix:
        """Return X as a design matrix, and learn its width, its names and its categories."""
        refuse_near_tables(X)
        self._encoder = None
        self._own_missing = self.handle_missing == "own"
        return self._learn_table(X, sample_weight) if self._is_table(X) else self._learn_codes_or_matrix(X)

    def _read(self, X: Any) -> DesignMatrix:
        """Return X as a design matrix of the columns that were learned."""
        refuse_near_tables(X)
        return self._design(self._checked(X)) if self._encoder is None else self._read_table(X)

    def _check_missing_policy(self) -> None:
        """Raise if `handle_missing` has become "own", or ceased to be, since `fit` made the table."""
        check_policies(self.handle_unknown, self.handle_missing)
        if self.n_categories_ is not None and (self.handle_missing == "own") != self._own_missing:
            was = "" if self._own_missing else "not "
            raise ValueError(
                f"handle_missing={self.handle_missing!r}, but it was {was}'own' when {type(self).__name__} was "
                "fitted, and that decides how many categories there are; fit it again"
            )

    def _check_goes_on(self) -> None:
        """Raise where `n_categories` asks for another table than the one that training is to go on with."""
        self._check_missing_policy()
        learned = self.n_categories_
        if self._given_n_categories(len(learned or ())) not in (None, learned):
            raise ValueError(
                f"n_categories={self.n_categories!r}, but the table that is to be trained further has "
                f"n_categories_={learned}; set it back, or fit anew without warm_start"
            )

    def _is_table(self, X: Any) -> bool:
        """Tell whether the columns of X are to be learned."""
        by_dtype = isinstance(self.categorical_features, str) and self.categorical_features == "from_dtype"
        if isinstance(X, OneHot) or sparse.issparse(X):
            if by_dtype or self.categorical_features is None:
                return False
            raise ValueError(
                f"categorical_features={self.categorical_features!r} names columns of a table, but X is a "
                f"{type(X).__name__}; leave categorical_features='from_dtype'"
            )
        return not by_dtype or is_table(X)

    def _learn_table(self, X: Any, sample_weight: Array | None) -> DesignMatrix:
        if self.n_categories is not None:
            raise ValueError(
                f"n_categories={self.n_categories!r} counts codes, but the categories of a table are learned; "
                "leave n_categories=None"
            )
        self._check_names(X, fitting=True)
        X = self._as_table(X)
        self.n_features_in_ = X.shape[1]
        names = getattr(self, "feature_names_in_", None)
        columns = columns_of(X, names)
        self._encoder = ColumnEncoder.learn(
            columns,
            names=names,
            categorical_features=self.categorical_features,
            handle_missing=self.handle_missing,
            standardize=self.standardize,
            sample_weight=sample_weight,
        )
        self.n_categories_ = self._encoder.n_categories or None
        return self._encoder.transform(columns, dtype=self.dtype, handle_unknown=self.handle_unknown)

    def _read_table(self, X: Any) -> DesignMatrix:
        """Return rows of a table as the design matrix that this model was fitted to."""
        assert self._encoder is not None
        if isinstance(X, OneHot) or sparse.issparse(X):
            raise ShapeError(
                f"X is a {type(X).__name__}, but {type(self).__name__} was fitted to a table of {self.n_features_in_} "
                "columns; pass such a table"
            )
        self._check_missing_policy()
        self._check_names(X, fitting=False)
        X = self._as_table(X)
        self._check_width(X)
        return self._encoder.transform(
            X, dtype=self.dtype, handle_unknown=self.handle_unknown, handle_missing=self.handle_missing
        )

    def _check_names(self, X: Any, *, fitting: bool) -> None:
        """Learn the names of the columns of X, or raise where they are not those learned."""
        X = nw.to_native(X, pass_through=True)
        if has_names(X) and _get_feature_names(X) is None:  # scikit-learn before 1.9: it would take them in any order
            X = Names(X)
        try:
            _check_feature_names(self, X, reset=fitting)
        except ValueError as error:
            if "in the same order" not in str(error):
                raise
            raise ValueError(f"{error}\nPass X[{list(self.feature_names_in_)}].") from None

    def _as_table(self, X: Any) -> Any:
        """Return a DataFrame or a two-dimensional array of a row or more."""
        if is_frame(X):
            if 0 in X.shape:
                raise ShapeError(
                    f"X has shape {X.shape}; {type(self).__name__} needs at least one sample and one column"
                )
            return X
        X = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)
        return check_array(X, dtype=None, ensure_all_finite=False, input_name="X", estimator=self)

    def _learn_codes_or_matrix(self, X: Any) -> DesignMatrix:
        self._check_names(X, fitting=True)
        if is_frame(X) and not X.shape[1]:
            raise ShapeError(f"X has shape {X.shape}; {type(self).__name__} needs at least one column")
        frame, X = X, self._as_2d(X)
        if self.n_categories is None and is_frame(frame):
            X = _codes_or_numbers(frame, X, self.handle_missing)
        self.n_categories_ = self._given_n_categories(_n_columns(X))
        design = self._design(X, fitted=False)
        if isinstance(design, OneHot):
            if self.n_categories_ is None:
                warn_if_ids(design, self._learned_names(len(design.n_categories)))
            self.n_categories_ = design.n_categories
        self.n_features_in_ = X.shape[1]
        return design

    def _checked(self, X: Any) -> Any:
        """Return codes or a matrix as `_as_2d` does, of a width that fits."""
        self._check_missing_policy()
        if not isinstance(X, OneHot):
            self._check_names(X, fitting=False)
        X = self._as_2d(X)
        self._check_width(X)
        return X

    def _learned_names(self, n_columns: int) -> Any:
        """Return the names learned, or None where they are not those of so many fields or columns."""
        names = getattr(self, "feature_names_in_", None)
        return names if names is not None and len(names) == n_columns else None

    def _design(self, X: Any, *, fitted: bool = True) -> DesignMatrix:
        """Return rows of a checked X as a design matrix of `n_categories_`."""
        return as_design_matrix(
            X,
            self.n_categories_,
            dtype=self.dtype,
            names=self._learned_names(_n_columns(X)),
            fitted=fitted,
            ignore_unknown=self.handle_unknown == "ignore",
            missing=self.handle_missing,
        )

    def _widest_field(self) -> str:
        """Return which field has the most categories, for messages about the size of the table."""
        if not self.n_categories_:
            return f"X has {self.n_features_in_} columns"
        widest, V = int(np.argmax(self.n_categories_)), sum(self.n_categories_)
        names = self._learned_names(len(self.n_categories_))
        return f"the table has {V} rows, of which {self.n_categories_[widest]} are for {field_label(widest, names)}"

    def _are_plain_codes(self, X: Any) -> bool:
        """Tell whether a checked X is an array of integers, of which each that is in range is its own category."""
        f = len(self.n_categories_ or ())
        is_integer = isinstance(X, np.ndarray) and X.dtype.kind in "iu"
        return is_integer and X.shape[1] == f and self.handle_missing != "own"

    def _as_2d(self, X: Any) -> Any:
        """Return X as a OneHot, a CSR array or an array of numbers, of two dimensions and a row or more."""
        if isinstance(X, OneHot):
            if not len(X):
                raise ShapeError(f"X is a OneHot of no rows; {type(self).__name__} needs at least one sample")
            return X
        if is_frame(X) and not are_numbers(X):  # at fit it is a table, unless all cells of these columns are missing
            X = np.column_stack([column.numbers() for column in columns_of(X, self._learned_names(X.shape[1]))])
        elif isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype.kind in "OSTU"):
            X = as_numbers(X)
        array = check_array(X, accept_sparse="csr", ensure_all_finite=False, input_name="X", estimator=self)
        if array.dtype.kind in "mM":
            raise DTypeError(
                f"X holds {array.dtype}, neither codes nor numbers; pass X.astype(str), or make numbers of it"
            )
        return array.astype(np.float64) if array.dtype.kind == "O" else array  # bools of polars, None among them

    def _given_n_categories(self, f: int) -> tuple[int, ...] | None:
        """Return the rows of each field's block, where the user said how many categories each of f fields has."""
        if self.n_categories is None:
            return None
        if np.ndim(self.n_categories):  # not one number for all fields
            f = np.size(self.n_categories)
        own = self.handle_missing == "own"
        return tuple(count + own for count in normalize_n_categories(self.n_categories, f))

    def _check_width(self, X: Any) -> None:
        expected, fields = {self.n_features_in_}, ""
        if self._encoder is None and self.n_categories_ is not None:
            if isinstance(X, OneHot):  # read field by field, with a better message
                return
            f, V = len(self.n_categories_), sum(self.n_categories_)
            expected, fields = {f, V}, f" ({f} fields, {V} categories)"
        if X.shape[1] not in expected:
            raise ShapeError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input{fields}"
            )


def _n_columns(X: Any) -> int:
    """Return the number of columns, of a OneHot those that its codes had."""
    return len(X.n_categories) if isinstance(X, OneHot) else int(X.shape[1])


def _codes_or_numbers(frame: Any, array: Array, missing: str) -> Array:
    """Return the values of a DataFrame of numbers: integers, -1 where missing, if all its columns are of integers."""
    integers, others = describe_kinds(frame)
    if not others and array.dtype.kind == "f":
        if missing == "error":
            for row, column in np.argwhere(np.isnan(array))[:1].tolist():
                label = field_label(column, integers)
                raise CodeError(f"{label}, row {row}: Input X contains NaN, which is not a code; {IF_MISSING}")
        return np.where(np.isnan(array), -1, array).astype(np.int64)
    if integers and others:
        warn_of_integers_beside_floats(integers, others)
    return array
