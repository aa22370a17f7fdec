"""Which columns of a file are labels, categories or numbers, for a model to be trained and for one that has been.

A CSV file has text where a Parquet file has numbers or bools; a model must be the same from either, and read both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from typing import Any

import narwhals as nw

from classifiers._warn import warn
from classifiers.command_line._cells import (
    are_fractions,
    are_mostly_numbers,
    are_spelled_as_numbers,
    bools_of,
    labels_of,
    numbers_of,
    numeric_categories_of,
    two_spellings,
)
from classifiers.reading.python_objects import is_missing

__all__ = ["columns_for", "features_in", "labels_as", "labels_to_learn"]


def labels_in(frame: nw.DataFrame[Any], target: str, path: str) -> list[Any]:
    """Return the labels, of which there is at least one, and none missing."""
    if target not in frame.columns:
        raise _no_column(target, frame, path)
    labels: list[Any] = frame[target].to_list()
    for row, label in enumerate(labels):
        if is_missing(label):
            raise ValueError(f"{path}: column {target!r}, row {row}: the label is missing")
    if not labels:
        raise ValueError(f"{path}: there are no rows")
    return labels


def labels_to_learn(frame: nw.DataFrame[Any], target: str, path: str) -> list[Any]:
    """Return the labels; warn where they are hardly meant as classes."""
    labels = labels_in(frame, target, path)
    distinct = {*labels}
    if are_fractions(distinct):
        warn(f"{path}: column {target!r} holds fractions, and each of its {len(distinct)} numbers is taken as a class")
    _warn_of_two_spellings(path, target, distinct)
    return labels


def _warn_of_two_spellings(path: str, name: str, cells: Collection[Any]) -> None:
    if spellings := two_spellings(cells):
        warn(
            f"{path}: column {name!r} holds {spellings[0]!r} and {spellings[1]!r}, which are taken as different; "
            "spell numbers alike"
        )


def labels_as(known: Collection[str], frame: nw.DataFrame[Any], target: str, path: str) -> list[str]:
    """Return the labels as text, bools and numbers spelled as the known ones are, whatever file they come from."""
    labels = labels_in(frame, target, path)
    column = frame[target]
    if {*known} <= {"True", "False"}:
        column = bools_of(column)
    if _is_numeric_or_bool(column) or are_spelled_as_numbers(known):
        labels = labels_of(column, known).to_list()
    return [str(label) for label in labels]


def features_in(
    frame: nw.DataFrame[Any], drop: Sequence[str], categorical: Sequence[str], path: str
) -> tuple[nw.DataFrame[Any], list[str]]:
    """Return the columns to learn from, numbers as numbers, and the names of the others, which are categories.

    `drop` and `categorical` are patterns of names.
    """
    for pattern in (*drop, *categorical):
        if not any(_matches(name, [pattern]) for name in frame.columns):
            raise _no_column(pattern, frame, path)
    frame = frame.select([name for name in frame.columns if not _matches(name, drop)])
    if not frame.columns:
        raise ValueError(f"{path}: no column is left to learn from")
    categories, numbers = [], []
    for name in frame.columns:
        column = frame[name]
        if _matches(name, categorical) or not (column.dtype.is_numeric() or column.dtype == nw.String):
            categories.append(name)
            if column.dtype == nw.String:
                _warn_of_two_spellings(path, name, {*column.to_list()})
            continue
        try:
            numbers.append(numbers_of(column))
        except ValueError as error:
            categories.append(name)
            if are_mostly_numbers(column):
                warn(
                    f"{path}: {error}, as most others are; the column is read as categories. Fill in "
                    "what is not a number, or leave the column out by --drop"
                )
    return frame.with_columns(*numbers), categories


def columns_for(model: Any, frame: nw.DataFrame[Any], path: str) -> Any:
    """Return the columns that a model was fitted to, as it takes them: by name, or by position where they had none."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        for name in names:
            if name not in frame.columns:
                raise ValueError(f"{path}: no column {name!r}, which the model was fitted to")
        frame = frame.select(*names)
    encoder = model._encoder
    if encoder is not None and len(frame.columns) != len(encoder.names):
        raise ValueError(
            f"{path}: {len(frame.columns)} columns of features, but the model was fitted to {len(encoder.names)}, "
            "whose names it does not know"
        )
    fields = {} if encoder is None else dict(zip(encoder.fields, encoder.categories, strict=True))
    typed = []
    for j, column in enumerate(frame.iter_columns()):
        known = fields.get(j)
        if known is None:
            typed.append(numbers_of(column))
        elif all(isinstance(label, bool) for label in known):
            typed.append(bools_of(column))
        elif not all(isinstance(label, str) for label in known):
            typed.append(numeric_categories_of(column))
        elif _is_numeric_or_bool(column):
            typed.append(labels_of(column, known))
    X = frame.with_columns(*typed)
    return X.to_numpy() if names is None else X.to_native()


def _matches(name: str, patterns: Sequence[str]) -> bool:
    """Tell whether a name is one of the patterns, in which * and ? stand for any characters, and [ for itself."""
    return any(fnmatchcase(name, pattern.replace("[", "[[]")) for pattern in patterns)


def _is_numeric_or_bool(column: nw.Series[Any]) -> bool:
    return column.dtype.is_numeric() or column.dtype == nw.Boolean


def _no_column(name: str, frame: nw.DataFrame[Any], path: str) -> ValueError:
    return ValueError(f"{path}: no column {name!r}; there are {', '.join(map(repr, frame.columns))}")
