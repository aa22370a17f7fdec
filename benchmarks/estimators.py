"""The estimators on a dense matrix, on CSR and on codes: one epoch, one prediction, and L-BFGS on duplicate rows."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from benchmarks.data import Array, draw_problem, in_format, optional
from classifiers import MLPClassifier, SoftmaxRegression
from onehot import OneHot

FORMATS = ["dense", "CSR", "codes"]
MODELS = {"SoftmaxRegression": SoftmaxRegression, "MLPClassifier": MLPClassifier}

number = 1  # a model that has been fitted is another model
repeat = (3, 20, 1.0)


@cache
def draw_input(
    format: str, n: int, f: int, V: int, K: int, *, distinct: int | None = None
) -> tuple[Any, Array, list[int]]:
    """Return what an estimator is given: X in a format, y, and the categories of each field."""
    codes, n_categories, y = draw_problem(n, f, V, K, distinct=distinct)
    return codes if format == "codes" else in_format(format, OneHot(codes, n_categories)), y, n_categories


class Minibatch:
    params = (list(MODELS), FORMATS)
    param_names = ("model", "format")

    def setup(self, model: str, format: str) -> None:
        self.X, self.y, n_categories = draw_input(format, 8192, 10, 2_000, 10)
        self.model = MODELS[model](solver="sgd", max_iter=1, n_categories=n_categories, random_state=0)
        self.model.fit(self.X[:512], self.y[:512]).predict(self.X[:512])  # compiles

    def time_fit_epoch(self, model: str, format: str) -> None:
        self.model.fit(self.X, self.y)

    def time_predict(self, model: str, format: str) -> None:
        self.model.predict(self.X)


class Solver:
    """The other solvers' epochs beside that of SGD, on codes."""

    params = (list(MODELS), ["sgd", "momentum", "adagrad", "rmsprop", "adam"])
    param_names = ("model", "solver")

    def setup(self, model: str, solver: str) -> None:
        self.X, self.y, n_categories = draw_input("codes", 8192, 10, 2_000, 10)
        self.model = MODELS[model](solver=solver, learning_rate=0.01, max_iter=1, n_categories=n_categories)
        self.model.fit(self.X[:512], self.y[:512])

    def time_fit_epoch(self, model: str, solver: str) -> None:
        self.model.fit(self.X, self.y)


class Table:
    """A DataFrame of strings: an epoch and the prediction of one row, beside a pipeline of scikit-learn's."""

    params = (["codes", "DataFrame", "scikit-learn"],)
    param_names = ("input",)

    def setup(self, input: str) -> None:
        codes, self.y, n_categories = draw_input("codes", 8192, 10, 2_000, 10)
        self.X: Any = codes
        if input != "codes":
            self.X = optional("pandas").DataFrame(codes.astype(str), columns=[f"field {j}" for j in range(10)])
        if input == "scikit-learn":
            sgd = SGDClassifier(loss="log_loss", max_iter=1, tol=None, random_state=0)
            self.model: Any = make_pipeline(OneHotEncoder(handle_unknown="ignore"), sgd)
        else:
            counts = n_categories if input == "codes" else None
            self.model = SoftmaxRegression(solver="sgd", max_iter=1, n_categories=counts, random_state=0)
        self.model.fit(self.X, self.y).predict_proba(self.X[:1])

    def time_fit_epoch(self, input: str) -> None:
        self.model.fit(self.X, self.y)

    def time_predict_one(self, input: str) -> None:
        self.model.predict_proba(self.X[:1])


class FullBatch:
    """Twenty iterations of L-BFGS, with and without duplicate rows."""

    params = (["none", "200 rows each"], ["CSR", "codes"])
    param_names = ("duplicates", "format")

    def setup(self, duplicates: str, format: str) -> None:
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is not meant to get there
        distinct = None if duplicates == "none" else 100
        self.X, self.y, n_categories = draw_input(format, 20_000, 10, 2_000, 10, distinct=distinct)
        self.model = SoftmaxRegression(max_iter=20, tol=0.0, n_categories=n_categories)
        self.model.fit(self.X[:512], self.y[:512])

    def time_fit(self, duplicates: str, format: str) -> None:
        self.model.fit(self.X, self.y)
