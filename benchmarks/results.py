"""What asv has measured: its results of one commit in one environment, as numbers by benchmark and parameters."""

from __future__ import annotations

import ast
import itertools
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

__all__ = ["Measured", "MissingResultsError", "Values", "find"]

COMMAND = "asv run --python=same --set-commit-hash $(git rev-parse HEAD)"

Values: TypeAlias = Mapping[tuple[Any, ...], float | None]  # None where the benchmark failed, NaN where it is n/a


class MissingResultsError(Exception):
    """There is nothing to report on; the message says what there is, and which command measures the rest."""


class Measured(NamedTuple):
    """The results of one commit in one environment.

    `tool` made the environment, and is "existing" where asv was given one; `quick` is whether some call was timed once.
    """

    commit: str
    tool: str
    quick: bool
    machine: dict[str, str]
    values: dict[str, Values]

    def lacks(self, benchmarks: Iterable[str]) -> list[str]:
        """Return those benchmarks that have no results, not even a failure."""
        return [name for name in benchmarks if name not in self.values]

    def command(self, benchmarks: Iterable[str] = ()) -> str:
        """Return what to type to measure these benchmarks, or all, for this commit in this environment."""
        run = COMMAND if self.tool == "existing" else f"asv run '{self.commit[:8]}^!'"
        classes = list(dict.fromkeys(name.rpartition(".")[0] for name in benchmarks))
        return f"{run} --bench '^({'|'.join(classes)})'" if classes else run


def find(folder: Path, revision: str = "HEAD", environment: str | None = None) -> Measured:
    """Read the one file of asv's that has the results of a commit in an environment.

    The environment is that of the running interpreter, as ``asv run --python=same`` has it, or the one whose file has
    `environment` in its path below the folder.

    Raises
    ------
    MissingResultsError
        If no file fits, or several do.
    """
    runs = {
        file.relative_to(folder).as_posix(): json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.rglob("*.json"))
        if file.name not in ("machine.json", "benchmarks.json")
    }
    if not runs:
        raise MissingResultsError(f"no results in {folder}; run\n    asv machine --yes\n    {COMMAND}")
    commit = _commit(revision)
    fitting = [
        name
        for name, run in runs.items()
        if run["commit_hash"].startswith(commit) and (_is_running(run) if environment is None else environment in name)
    ]
    if len(fitting) != 1:
        what = f"{revision} ({commit[:8]}), measured in {environment or sys.executable}"
        there_is = "\n".join(f"    {name}" for name in fitting or runs)
        raise MissingResultsError(
            f"{'several' if fitting else 'no'} results of {what}. {folder} has\n{there_is}\n"
            f"Choose with --commit and --environment (any part of such a path), or measure with\n    {COMMAND}"
        )
    run = runs[fitting[0]]
    columns = run["result_columns"]
    rows = {name: dict(zip(columns, row, strict=False)) for name, row in run["results"].items()}
    quick = any(repeat == 1 for row in rows.values() for repeat in row.get("stats_repeat") or [])
    values = {name: _by_parameters(row) for name, row in rows.items()}
    return Measured(run["commit_hash"], run["env_name"].partition("-")[0], quick, run["params"], values)


def _commit(revision: str) -> str:
    """Return the hash of a revision; what git does not know may still be the beginning of one."""
    command = ["git", "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip() or revision
    except OSError:
        return revision


def _is_running(run: dict[str, Any]) -> bool:
    """Whether a run was on this interpreter, under whichever of its names: python, python3, ..."""
    measured, ours = Path(run["python"]), Path(sys.executable)
    return measured.parent == ours.parent and measured.resolve() == ours.resolve()


def _by_parameters(row: dict[str, Any]) -> Values:
    """Return the results: of times, the lower quartiles of the samples, as whatever else the machine does only adds."""
    cases = list(itertools.product(*([ast.literal_eval(value) for value in axis] for axis in row["params"])))
    results = row["result"] or [None] * len(cases)
    quartiles = row.get("stats_q_25") or [None] * len(cases)
    values = [result if quartile is None else quartile for result, quartile in zip(results, quartiles, strict=True)]
    return dict(zip(cases, values, strict=True))
