"""The scores of a hyper-parameter search over two of its parameters, the others at their best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

__all__ = ["SearchGrid", "search_grid"]

Array = npt.NDArray[Any]


class SearchGrid(NamedTuple):
    """Mean and standard deviation over the folds, NaN where none could be computed; the parameters down and across."""

    mean: Array
    std: Array
    was_tried: Array
    best: tuple[int, int]
    parameters: tuple[str, str]
    row_names: list[str]
    column_names: list[str]
    score_name: str


def search_grid(search: Any, parameters: tuple[str, str] | None, metric: str) -> SearchGrid:
    """Return what `plots.hyperparameter_grid` is to draw; its docstring lists the errors."""
    if hasattr(search, "to_dict"):  # cv_results_ as a DataFrame, in which many look at it
        search = search.to_dict("list")
    if not isinstance(search, Mapping):
        if not hasattr(search, "fit"):
            raise TypeError(f"search is {search!r}; pass a fitted GridSearchCV, or its cv_results_")
        check_is_fitted(search, "cv_results_")
    results = search if isinstance(search, Mapping) else search.cv_results_
    if parameters is not None and (np.shape(parameters) != (2,) or len({*parameters}) != 2):
        raise ValueError(f"parameters={parameters!r} must be a pair of two names")
    _check_known(f"{metric=}", [metric], "mean_test_", results)
    _check_known(f"{parameters=}", parameters or (), "param_", results)
    if parameters is None:
        parameters = _two_that_vary(results)
    (row_of, row_names), (column_of, column_names) = (_levels(results[f"param_{name}"]) for name in parameters)
    mean = np.full((len(row_names), len(column_names)), np.nan)
    std, last = mean.copy(), np.full(mean.shape, -1)
    rounds = results.get("iter", [0] * len(row_of))  # of a search that halves: earlier rounds score on fewer samples
    for number, score, spread, i, j in zip(
        rounds, results[f"mean_test_{metric}"], results[f"std_test_{metric}"], row_of, column_of, strict=True
    ):
        is_better = score > mean[i, j] or np.isnan(mean[i, j])  # a fit that failed is no better than any
        if number > last[i, j] or (number == last[i, j] and is_better):
            mean[i, j], std[i, j], last[i, j] = score, spread, number
    if np.isnan(mean).all():
        raise ValueError(f"every mean_test_{metric} is NaN: no fit succeeded, or no score could be computed")
    finalists = np.where(last == last.max(), mean, np.nan)
    best = np.nanargmax(finalists if np.isfinite(finalists).any() else mean)
    row, column = divmod(int(best), mean.shape[1])
    names = parameters, row_names, column_names, _score_name(search, metric)
    return SearchGrid(mean, std, last >= 0, (row, column), *names)


def _two_that_vary(results: Mapping[str, Any]) -> tuple[str, str]:
    varying = [
        name for name in _names("param_", results) if len({str(value) for value in results[f"param_{name}"]}) > 1
    ]
    if len(varying) != 2:
        raise ValueError(f"a heat map has two axes, but {len(varying)} parameters vary: {varying}; pass parameters=")
    return varying[0], varying[1]


def _names(prefix: str, results: Mapping[str, Any]) -> list[str]:
    return [key.removeprefix(prefix) for key in results if key.startswith(prefix)]


def _check_known(given: str, names: Iterable[str], prefix: str, results: Mapping[str, Any]) -> None:
    known = _names(prefix, results)
    if not set(names) <= set(known):
        raise ValueError(f"{given}: the search has {', '.join(known)}")


def _score_name(search: Any, metric: str) -> str:
    scoring = getattr(search, "scoring", metric)
    if scoring is None:
        return "accuracy" if is_classifier(search) else "score"
    return scoring if isinstance(scoring, str) else metric


def _levels(values: Any) -> tuple[list[int], list[str]]:
    """Return the position of each value among the distinct ones, numbers in ascending order, and their names."""
    distinct = {str(value): value for value in values}
    names = list(distinct)
    if all(isinstance(value, Real) for value in distinct.values()):
        names.sort(key=distinct.__getitem__)
    return [names.index(str(value)) for value in values], names
