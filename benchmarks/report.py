"""``python -m benchmarks.report``: RESULTS.md and its pictures, from the latest results that asv has kept."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import peers
from benchmarks.pictures import draw_throughput, draw_time_against_V
from benchmarks.results import COMMAND, Measured, MissingResultsError, latest
from benchmarks.sections import EPOCHS, SECTIONS, STEP, Section
from benchmarks.tables import Rows, as_duration, as_ratio, as_rows, as_size, crossover, markdown

PACKAGES = ["numpy", "scipy", "scikit-learn", "numba", "torch"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument(
        "--results", type=Path, default=Path(".asv/results"), help="asv's folder (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="where RESULTS.md goes")
    options = parser.parse_args(arguments)
    try:
        measured = latest(options.results)
    except MissingResultsError as error:
        sys.exit(str(error))
    target: Path = options.output / "RESULTS.md"
    target.write_text(report(measured, options.output), encoding="utf-8")
    print(f"wrote {target}")


def report(measured: Measured, folder: Path) -> str:
    """Return the report in Markdown, after drawing its pictures into `folder`."""
    parts: list[tuple[str, Callable[[], str]]] = [
        (STEP.title, lambda: _step(measured, folder)),
        ("Where lookup wins, and where not", lambda: _crossovers(measured)),
        (EPOCHS.title, lambda: _epochs(measured, folder)),
        ("Peak memory of an epoch", lambda: _memory(measured)),
        *((section.title, lambda section=section: _section(measured, section)) for section in SECTIONS),
    ]
    return "\n\n".join([_head(measured), *(f"## {title}\n\n{_or_missing(write)}" for title, write in parts)]) + "\n"


def _head(measured: Measured) -> str:
    m, ram = measured.machine, int(measured.machine.get("ram") or 0)
    return "\n".join(
        [
            "# Measured",
            "",
            f"Commit {measured.commit[:8]} on {m.get('cpu')}, {m.get('num_cpu')} cores of which one is used, "
            f"{ram / 1e9:.0f} GB; Python {platform.python_version()}, {', '.join(_versions())}. A ratio above 1 says "
            "how many times faster this library is; where it is slower, the table says who wins.",
            "",
            f"    {COMMAND}",
            "    python -m benchmarks.report",
        ]
    )


def _versions() -> list[str]:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"no {package}")
    return found


def _or_missing(write: Callable[[], str]) -> str:
    try:
        return write()
    except MissingResultsError as error:
        return f"Not measured: {error}"


def _section(measured: Measured, section: Section) -> str:
    tables = [markdown(_rows(measured, table), as_duration, section.ours) for table in section.tables]
    return "\n\n".join([section.text, *tables])


def _rows(measured: Measured, table: Sequence[tuple[str, str]]) -> dict[str, dict[str, float | None]]:
    rows: dict[str, dict[str, float | None]] = {}
    for label, benchmark in table:
        rows |= as_rows(measured.of(benchmark), label)
    return rows


def _step(measured: Measured, folder: Path) -> str:
    text = _section(measured, STEP)
    times = {key: value for _, name in STEP.tables[0] for key, value in measured.of(name).items()}
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
    lines = ["Time of the format / time of `OneHot`, measured in turns on a batch of 256 samples, K = 10."]
    for suite, axis, what in [
        ("OneField", "V", "one field"),
        ("ManyFields", "f", "f fields that share V = 1,000 columns"),
    ]:
        for method, stage in [("track_forward", "`X @ W`"), ("track_training_step", "the training step")]:
            values = measured.of(f"ratios.{suite}.{method}")
            ratios = {key: 1 / value if value else value for key, value in values.items()}
            sentences = [
                crossover({x: ratio for (x, name), ratio in ratios.items() if name == format}, axis, format)
                for format in ("dense", "CSR")
            ]
            table = markdown(as_rows(ratios, f"{axis} = {{}}"), as_ratio)
            lines += [f"**{stage[0].upper()}{stage[1:]}, {what}.** {' '.join(sentences)}", table]
    return "\n\n".join(lines)


def _memory(measured: Measured) -> str:
    peak = {name: value for (name,), value in measured.of("memory.Epoch.peakmem_fit_epoch").items()}
    imports = peak.pop("imports alone") or 0.0
    beyond: Rows = {"X and an epoch of SGD": {k: v - imports if v is not None else None for k, v in peak.items()}}
    text = f"Beyond the {as_size(imports)} of the imports: 100,000 samples, 10 fields, V = 1,000, K = 2."
    return f"{text}\n\n{markdown(beyond, as_size, 'codes')}"


if __name__ == "__main__":
    main()
