"""The report on the benchmarks, built from a few results made up here, in the format in which asv keeps them."""

import json
import math
import os

import pytest

from benchmarks import report
from benchmarks.results import latest
from benchmarks.tables import as_duration, crossover, markdown

LIBRARIES = ["onehot", "torch", "scikit-learn"]
OLD, NEW = "0" * 40, "1" * 40
NAN = math.nan


def keep(folder, commit, date, results):
    """Write what asv keeps of a run: each benchmark a row of result and parameters, these as text."""
    rows = {
        name: [values, [[repr(value) for value in axis] for axis in axes]] for name, (values, axes) in results.items()
    }
    machine = {"cpu": "a processor", "num_cpu": "2", "ram": "8000000000", "machine": "here"}
    run = {
        "commit_hash": commit,
        "date": date,
        "params": machine,
        "result_columns": ["result", "params"],
        "results": rows,
    }
    (folder / "here").mkdir(exist_ok=True)
    (folder / "here" / "machine.json").write_text(json.dumps(machine))
    file = folder / "here" / f"{commit[:8]}-{len(list(folder.rglob('*.json')))}.json"
    file.write_text(json.dumps(run))
    return file


STEP = ([2e-3, 1e-3, NAN, 1e-6], [[1_000, 10_000_000], ["dense", "OneHot"]])


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "benchmarks.json").write_text("{}")
    keep(folder, OLD, 1, {"lookup.BatchSize.time_forward": ([123.0], [[32]])})
    ratios = ([2.0, 0.5, 0.5, 0.5], [[10, 1_000], ["dense", "CSR"]])
    epochs = ([0.5, 0.1, NAN], [["K=10, f=10, V=1e3"], LIBRARIES])
    measured = {
        "training_step.SmallTable.time_step": STEP,
        "training_step.LargeTable.time_step": ([3e-3], [[100_000], ["CSR"]]),
        "ratios.OneField.track_forward": ratios,
        "ratios.OneField.track_training_step": ratios,
        "ratios.ManyFields.track_forward": ratios,
        "ratios.ManyFields.track_training_step": ratios,
        "peers.SoftmaxEpoch.time_epoch": epochs,
        "peers.MLPEpoch.time_epoch": (None, [["H=64, f=10, V=1e3"], LIBRARIES]),
        "memory.Epoch.peakmem_fit_epoch": ([100e6, 500e6, 110e6], [["imports alone", "dense", "codes"]]),
        "imports.timeraw_onehot": ([0.2], []),
    }
    keep(folder, NEW, 2, measured)
    return folder


@pytest.fixture
def written(results, tmp_path, capsys):
    report.main(["--results", str(results), "--output", str(tmp_path)])
    assert str(tmp_path / "RESULTS.md") in capsys.readouterr().out
    return (tmp_path / "RESULTS.md").read_text(encoding="utf-8")


def test_the_latest_commit_is_reported(written):
    assert f"Commit {NEW[:8]} on a processor, 2 cores of which one is used, 8 GB" in written
    assert "123" not in written, "a result of the older commit"


def test_the_later_of_two_runs_of_a_commit_is_reported(results):
    again = keep(results, NEW, 2, {"imports.timeraw_onehot": ([0.3], [])})
    after = max(file.stat().st_mtime for file in results.glob("*/*.json")) + 1
    os.utime(again, (after, after))
    assert latest(results).values == {"imports.timeraw_onehot": {(): 0.3}}


def test_ratios_stand_beside_times_and_say_who_wins(written):
    assert "| V = 1,000 | 2.00 ms | 1.00 ms |  | 2.00× |  |" in written
    assert "| V = 10,000,000 | n/a | 1.00 µs |  |  |  |" in written
    assert "| softmax regression, K=10, f=10, V=1e3 | 500 ms | 100 ms | n/a | 0.20× (torch wins) |  |" in written
    assert "| MLP, H=64, f=10, V=1e3 | failed | failed | failed |  |  |" in written


def test_the_crossover_is_said_in_words(written):
    assert "**`X @ W`, one field.** Below V ≈ 100 dense wins, above it `OneHot`." in written
    assert "At every V measured `OneHot` wins over CSR." in written
    assert "| V = 10 | 0.50× (dense wins) | 2.00× |" in written


def test_memory_is_what_the_imports_do_not_explain(written):
    assert "Beyond the 100 MB of the imports" in written
    assert "| X and an epoch of SGD | 400 MB | 10 MB | 40.0× |" in written


def test_the_pictures_are_drawn(written, tmp_path):
    for name in ("time_against_V.png", "throughput.png"):
        assert f"({name})" in written
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_a_section_without_results_names_the_command(written):
    section = written.partition("## Real data")[2].partition("\n## ")[0]
    assert "Not measured: flights.Epoch.time_epoch" in section
    assert (
        "`asv run --python=same --set-commit-hash $(git rev-parse HEAD) --bench '^flights.Epoch.time_epoch'`" in section
    )


def test_no_results_at_all_names_the_command(tmp_path):
    with pytest.raises(SystemExit, match=r"no results in .*; run\n    asv machine --yes\n    asv run --python=same"):
        report.main(["--results", str(tmp_path), "--output", str(tmp_path)])
    assert not (tmp_path / "RESULTS.md").exists()


@pytest.mark.parametrize(
    ("ratios", "sentence"),
    [
        ({4: 0.5, 400: 2.0}, "Below V ≈ 40 dense wins, above it `OneHot`."),
        ({4: 2.0, 400: 0.5}, "Below V ≈ 40 `OneHot` wins, above it dense."),
        ({4: 2.0, 400: 3.0}, "At every V measured `OneHot` wins over dense."),
        ({4: 0.2, 400: 0.3}, "At every V measured dense wins over `OneHot`."),
        ({4: NAN, 400: None}, "dense: not measured."),
    ],
)
def test_crossover(ratios, sentence):
    assert crossover(ratios, "V", "dense") == sentence


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.5, "1.50 s"), (0.0123, "12.3 ms"), (0.9999, "1.00 s"), (4.56e-4, "456 µs"), (3e-7, "0.30 µs")],
)
def test_durations_have_three_digits(seconds, text):
    assert as_duration(seconds) == text


def test_without_a_column_of_ours_there_are_no_ratios():
    assert markdown({"d = 2": {"float32": 1.0}}, as_duration) == "|  | float32 |\n| --- | ---: |\n| d = 2 | 1.00 s |"
