"""What asv has measured: its results of one commit on one machine, as numbers by benchmark and parameters."""

from __future__ import annotations

import ast
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

__all__ = ["COMMAND", "Measured", "MissingResultsError", "Values", "latest"]

COMMAND = "asv run --python=same --set-commit-hash $(git rev-parse HEAD)"

Values: TypeAlias = Mapping[tuple[Any, ...], float | None]  # None where the benchmark failed, NaN where it is n/a


class MissingResultsError(Exception):
    """There is nothing to report on; the message says which command measures it."""


class Measured(NamedTuple):
    """The results of one commit on one machine."""

    commit: str
    machine: dict[str, str]
    values: dict[str, Values]

    def of(self, benchmark: str) -> Values:
        """Return the values of one benchmark by its parameters."""
        if benchmark not in self.values:
            command = f"{COMMAND} --bench '^{benchmark}'"
            raise MissingResultsError(f"{benchmark} is not among the results of {self.commit[:8]}; run `{command}`")
        return self.values[benchmark]


def latest(folder: Path) -> Measured:
    """Read the results of the latest commit in asv's results folder; of several runs of it, the last.

    Raises
    ------
    MissingResultsError
        If there are none.
    """
    runs = []
    for file in folder.glob("*/*.json"):
        if file.name != "machine.json":
            run = json.loads(file.read_text(encoding="utf-8"))
            runs.append((run["date"], file.stat().st_mtime, run))
    if not runs:
        raise MissingResultsError(f"no results in {folder}; run\n    asv machine --yes\n    {COMMAND}")
    *_, run = max(runs, key=lambda entry: entry[:2])
    columns = run["result_columns"]
    values = {name: _by_parameters(dict(zip(columns, row, strict=False))) for name, row in run["results"].items()}
    return Measured(run["commit_hash"], run["params"], values)


def _by_parameters(row: dict[str, Any]) -> Values:
    cases = list(itertools.product(*([ast.literal_eval(value) for value in axis] for axis in row["params"])))
    return dict(zip(cases, row["result"] or [None] * len(cases), strict=True))
