"""``python -m benchmarks.report``: RESULTS.md and its pictures, from what asv has kept of one commit.

Unless told otherwise, of the commit that is checked out, measured on the interpreter that runs the report.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import peers
from benchmarks.pictures import draw_throughput, draw_time_against_V
from benchmarks.results import Measured, MissingResultsError, find
from benchmarks.sections import CROSSOVERS, EPOCHS, MEMORY, SECTIONS, STEP, VERSIONS, Section
from benchmarks.tables import Rows, as_duration, as_ratio, as_rows, as_size, crossover, is_number, markdown

QUICK = "**A rough report:** some was measured with `--quick`, by one call, the first."


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument(
        "--results", type=Path, default=Path(".asv/results"), help="asv's folder (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="where RESULTS.md goes")
    parser.add_argument("--commit", default="HEAD", help="of which commit (default: the one that is checked out)")
    parser.add_argument(
        "--environment",
        metavar="PART",
        help="measured in which environment: any part of the path of its file among the results, as virtualenv "
        "(default: the interpreter that runs this)",
    )
    parser.add_argument("--partial", action="store_true", help="write what there is, though some is not measured")
    options = parser.parse_args(arguments)
    try:
        measured = find(options.results, options.commit, options.environment)
        if not options.partial:
            _assert_complete(measured)
    except MissingResultsError as error:
        sys.exit(str(error))
    options.output.mkdir(parents=True, exist_ok=True)
    target: Path = options.output / "RESULTS.md"
    target.write_text(report(measured, options.output, partial=options.partial), encoding="utf-8")
    print(f"wrote {target}")


def report(measured: Measured, folder: Path, *, partial: bool = False) -> str:
    """Return the report in Markdown, after drawing its pictures into `folder`."""
    write: dict[str, Callable[[], str]] = {
        STEP.title: lambda: _step(measured, folder),
        CROSSOVERS.title: lambda: _crossovers(measured),
        EPOCHS.title: lambda: _epochs(measured, folder),
        MEMORY.title: lambda: _memory(measured),
    }
    parts = [_head(measured, partial=partial)]
    for section in SECTIONS:
        parts.append(f"## {section.title}")
        missing = measured.lacks(section.benchmarks)
        if len(missing) < len(section.benchmarks):
            parts.append(write.get(section.title, lambda section=section: _section(measured, section))())
        if missing:
            parts.append(f"Not measured: {', '.join(missing)}; run `{measured.command(missing)}`.")
    return "\n\n".join(parts) + "\n"


def _assert_complete(measured: Measured) -> None:
    needed = {"The first lines": [VERSIONS]} | {section.title: section.benchmarks for section in SECTIONS}
    missing = {title: measured.lacks(benchmarks) for title, benchmarks in needed.items()}
    if any(missing.values()):
        lines = [f"    {title}: {', '.join(names)}" for title, names in missing.items() if names]
        command = measured.command(name for names in missing.values() for name in names)
        raise MissingResultsError(
            "\n".join([f"not all of {measured.commit[:8]} is measured. There is nothing for", *lines])
            + f"\nMeasure it, at this commit, with\n    {command}\nor report what there is with --partial"
        )


def _head(measured: Measured, *, partial: bool) -> str:
    m, ram = measured.machine, int(measured.machine.get("ram") or 0)
    options = "" if measured.tool == "existing" else f" --commit {measured.commit[:8]} --environment {measured.tool}"
    options += " --partial" if partial else ""
    return "\n".join(
        [
            "# Measured",
            "",
            f"Commit {measured.commit[:8]} on {m.get('cpu')}, {m.get('num_cpu')} cores of which one is used, "
            f"{ram / 1e9:.0f} GB; {_versions(measured)}. A ratio above 1 says "
            "how many times faster this library is; where it is slower, the table says who wins. "
            "Times are lower quartiles: what else the machine does only adds. "
            "n samples of f fields, V categories in all of them, K classes; W has d columns, a hidden layer H units.",
            *(["", QUICK] if measured.quick else []),
            "",
            f"    {measured.command()}",
            f"    python -m benchmarks.report{options}",
        ]
    )


def _versions(measured: Measured) -> str:
    if measured.lacks([VERSIONS]):
        return "the versions of Python and of the packages were not recorded"
    return ", ".join(version for (version,) in measured.values[VERSIONS])


def _section(measured: Measured, section: Section) -> str:
    tables = [rows for table in section.tables if (rows := _rows(measured, table))]
    text = section.text
    if section.checked and all(is_number(row.get(section.checked[0])) for rows in tables for row in rows.values()):
        text += f" {section.checked[1]}"
    return "\n\n".join([text, *(markdown(rows, as_duration, section.ours) for rows in tables)])


def _rows(measured: Measured, table: Sequence[tuple[str, str]]) -> dict[str, dict[str, float | None]]:
    rows: dict[str, dict[str, float | None]] = {}
    for label, benchmark in table:
        rows |= as_rows(measured.values.get(benchmark, {}), label)
    return rows


def _step(measured: Measured, folder: Path) -> str:
    text = _section(measured, STEP)
    times = {key: value for name in STEP.benchmarks for key, value in measured.values.get(name, {}).items()}
    draw_time_against_V(times, ["OneHot", "CSR", "dense"], folder / "time_against_V.png")
    return f"![Time of a training step against V, in three formats](time_against_V.png)\n\n{text}"


def _epochs(measured: Measured, folder: Path) -> str:
    text, rows = _section(measured, EPOCHS), _rows(measured, EPOCHS.tables[0])
    samples = {f"softmax regression, {case}": peers.SAMPLES for case in peers.SOFTMAX}
    samples |= {f"MLP, {case}": n for case, (n, *_) in peers.MLP.items()}
    speeds = {
        case: {library: samples[case] / t if t is not None else None for library, t in row.items()}
        for case, row in rows.items()
    }
    draw_throughput(speeds, folder / "throughput.png")
    return f"![Samples a second, beside peers](throughput.png)\n\n{text}"


def _crossovers(measured: Measured) -> str:
    lines = [CROSSOVERS.text]
    for what, benchmark in CROSSOVERS.tables[0]:
        if measured.lacks([benchmark]):
            continue
        ratios = {key: 1 / value if value else value for key, value in measured.values[benchmark].items()}
        axis = "V" if "OneField" in benchmark else "f"
        sentences = [
            crossover({x: ratio for (x, name), ratio in ratios.items() if name == format}, axis, format)
            for format in ("dense", "CSR")
        ]
        table = markdown(as_rows(ratios, f"{axis} = {{}}"), as_ratio)
        lines += [f"**{what}.** {' '.join(sentences)}", table]
    return "\n\n".join(lines)


def _memory(measured: Measured) -> str:
    peak = {name: value for (name,), value in measured.values[MEMORY.benchmarks[0]].items()}
    imports = peak.pop("imports alone") or 0.0
    beyond: Rows = {MEMORY.tables[0][0][0]: {k: v - imports if v is not None else None for k, v in peak.items()}}
    return f"{MEMORY.text.format(as_size(imports))}\n\n{markdown(beyond, as_size, MEMORY.ours)}"


if __name__ == "__main__":
    main()
