"""The report on the benchmarks, built from a few results made up here, in the format in which asv keeps them."""

import importlib
import json
import math
import operator
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.results import MissingResultsError, find
from benchmarks.sections import SECTIONS, VERSIONS
from benchmarks.tables import as_duration, crossover, markdown

LIBRARIES = ["onehot", "torch", "scikit-learn"]
OLD, NEW = "0" * 40, "1" * 40
NAN = math.nan
EXISTING, BUILT = ("existing", sys.executable), ("virtualenv", "3.11")


def keep(folder, commit, results, environment=EXISTING, repeat=3, quartiles=None):
    """Write what asv keeps of a run: each benchmark a row of results, parameters as text, repetitions and quartiles."""
    rows = {
        name: [values, [[repr(value) for value in axis] for axis in axes], values and [repeat] * len(values), quartiles]
        for name, (values, axes) in results.items()
    }
    machine = {"cpu": "a processor", "num_cpu": "2", "ram": "8000000000", "machine": "here"}
    tool, python = environment
    name = f"{tool}-py{python.replace('/', '_')}"
    run = {
        "commit_hash": commit,
        "env_name": name,
        "python": python,
        "params": machine,
        "result_columns": ["result", "params", "stats_repeat", "stats_q_25"],
        "results": rows,
    }
    (folder / "here").mkdir(exist_ok=True, parents=True)
    (folder / "here" / "machine.json").write_text(json.dumps(machine))
    (folder / "benchmarks.json").write_text("{}")
    (folder / "here" / f"{commit[:8]}-{name}.json").write_text(json.dumps(run))


def write(results, output, *options):
    """Write the report of the newer commit, and return it."""
    report.main(["--results", str(results), "--output", str(output), "--commit", NEW, *options])
    return (output / "RESULTS.md").read_text(encoding="utf-8")


STEP = ([2e-3, 1e-3, NAN, 1e-6], [[1_000, 10_000_000], ["dense", "OneHot"]])
RATIOS = ([2.0, 0.5, 0.5, 0.5], [[10, 1_000], ["dense", "CSR"]])
MEASURED = {
    **{name: ([0.2], [["a case"], ["codes"]]) for section in SECTIONS for name in section.benchmarks},
    VERSIONS: ([0, 0, 1], [["Python 3.99.1", "numpy 9.8.7", "no numba"]]),
    "training_step.SmallTable.time_step": STEP,
    "training_step.LargeTable.time_step": ([3e-3], [[100_000], ["CSR"]]),
    "ratios.OneField.track_forward": RATIOS,
    "ratios.OneField.track_training_step": RATIOS,
    "ratios.ManyFields.track_forward": RATIOS,
    "ratios.ManyFields.track_training_step": RATIOS,
    "ratios.ManyFieldsWithoutNumba.track_training_step": RATIOS,
    "peers.SoftmaxEpoch.time_epoch": ([0.5, 0.1, NAN], [["K=10, f=10, V=1e3"], LIBRARIES]),
    "peers.MLPEpoch.time_epoch": (None, [["H=64, f=10, V=1e3"], LIBRARIES]),
    "imports.timeraw_classifiers": ([0.2], []),
    "memory.Epoch.peakmem_fit_epoch": ([100e6, 500e6, 110e6], [["imports alone", "dense", "codes"]]),
}
PREDICT = "peers.Estimator.time_predict_proba"
FEW = {name: MEASURED[name] for name in ("ratios.OneField.track_forward", "estimators.Minibatch.time_predict")}


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    keep(folder, OLD, {"lookup.BatchSize.time_forward": ([123.0], [[32]])})
    keep(folder, NEW, MEASURED)
    return folder


@pytest.fixture
def written(results, tmp_path, capsys):
    text = write(results, tmp_path)
    assert str(tmp_path / "RESULTS.md") in capsys.readouterr().out
    return text


def test_one_commit_is_reported(written):
    assert f"Commit {NEW[:8]} on a processor, 2 cores of which one is used, 8 GB" in written
    assert "123" not in written, "a result of the older commit"


def test_by_default_it_is_the_one_that_is_checked_out(tmp_path, monkeypatch):
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], [*who, "commit", "--quiet", "--allow-empty", "--message=a"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True, text=True)
    monkeypatch.chdir(tmp_path)
    keep(Path("results"), OLD, MEASURED)
    with pytest.raises(MissingResultsError, match=rf"^no results of HEAD \({head.stdout[:8]}\)"):
        find(Path("results"))
    keep(Path("results"), head.stdout.strip(), MEASURED)
    assert find(Path("results")).commit == head.stdout.strip()


def test_the_versions_are_those_that_were_recorded(written):
    assert "8 GB; Python 3.99.1, numpy 9.8.7, no numba. A ratio" in written


def test_by_default_the_environment_is_the_running_interpreter(results):
    keep(results, NEW, FEW, BUILT)
    measured = find(results, NEW)
    assert measured.tool == "existing"
    assert measured.values.keys() == MEASURED.keys()


def test_another_environment_is_reported_if_asked_for(results, tmp_path):
    keep(results, NEW, MEASURED | {"imports.timeraw_onehot": ([0.3], [])}, BUILT)
    text = write(results, tmp_path, "--environment", "virtualenv")
    assert "300 ms |" in text
    assert f"    asv run '{NEW[:8]}^!'\n" in text
    assert f"    python -m benchmarks.report --commit {NEW[:8]} --environment virtualenv\n" in text


def test_of_times_the_lower_quartile_is_reported(tmp_path):
    times = {"peers.SoftmaxEpoch.time_epoch": ([0.3, 7.0, NAN], [LIBRARIES])}
    keep(tmp_path, NEW, times, quartiles=[0.2, None, None])
    values = find(tmp_path, NEW).values["peers.SoftmaxEpoch.time_epoch"]
    assert list(values) == [(library,) for library in LIBRARIES]
    ours, theirs, missing = values.values()
    assert (ours, theirs) == (0.2, 7.0), "no samples are kept of what is not a time"
    assert str(missing) == "nan"


def test_without_results_of_the_commit_it_says_which_there_are(tmp_path):
    keep(tmp_path, OLD, FEW)
    keep(tmp_path, NEW, FEW, BUILT)
    with pytest.raises(SystemExit, match=rf"no results of {NEW}.* measured in ") as error:
        write(tmp_path, tmp_path)
    message = str(error.value)
    assert sys.executable in message
    assert f"    here/{OLD[:8]}-existing-py" in message
    assert f"    here/{NEW[:8]}-virtualenv-py3.11.json\n" in message
    assert "--commit and --environment" in message
    assert not (tmp_path / "RESULTS.md").exists()


def test_of_several_environments_it_does_not_choose(tmp_path):
    keep(tmp_path, NEW, FEW, BUILT)
    keep(tmp_path, NEW, FEW, ("virtualenv", "3.12"))
    with pytest.raises(MissingResultsError, match=r"^several results of 1111.*measured in virtualenv"):
        find(tmp_path, NEW, "virtualenv")
    assert find(tmp_path, NEW, "py3.12").values.keys() == FEW.keys()


def test_a_partial_run_does_not_overwrite_the_report(tmp_path):
    (tmp_path / "RESULTS.md").write_text("what was there")
    keep(tmp_path, NEW, {name: row for name, row in MEASURED.items() if name not in (VERSIONS, *FEW)})
    with pytest.raises(SystemExit, match=rf"not all of {NEW[:8]} is measured") as error:
        write(tmp_path, tmp_path)
    assert (
        "    The first lines: versions.Versions.track_missing\n"
        "    Where lookup wins, and where not: ratios.OneField.track_forward\n"
        "    The estimators in three formats: estimators.Minibatch.time_predict\n"
    ) in str(error.value)
    assert "--bench '^(versions.Versions|ratios.OneField|estimators.Minibatch)'\n" in str(error.value)
    assert "--partial" in str(error.value)
    assert (tmp_path / "RESULTS.md").read_text() == "what was there"


def test_if_told_so_it_reports_the_part_there_is(tmp_path):
    keep(tmp_path / "results", NEW, FEW)
    text = write(tmp_path / "results", tmp_path / "new", "--partial")
    assert "the versions of Python and of the packages were not recorded" in text
    crossovers = text.partition("## Where lookup wins")[2].partition("\n## ")[0]
    assert "**`X @ W`, one field.**" in crossovers
    assert "Not measured: ratios.OneField.track_training_step, ratios.ManyFields.track_forward" in crossovers
    step = text.partition("## The training step")[2].partition("\n## ")[0]
    assert "Not measured: training_step.SmallTable.time_step, training_step.LargeTable.time_step; run `asv run" in step
    assert ".png" not in text, "nothing to draw"
    assert not list((tmp_path / "new").glob("*.png"))


def test_half_a_picture_is_drawn_of_half_a_section(tmp_path):
    name = "training_step.SmallTable.time_step"
    keep(tmp_path / "results", NEW, {name: STEP})
    text = write(tmp_path / "results", tmp_path, "--partial")
    assert "(time_against_V.png)" in text
    assert (tmp_path / "time_against_V.png").exists()


@pytest.mark.parametrize(("repeat", "rough"), [(1, True), (3, False)])
def test_a_quick_run_is_said_to_be_one(tmp_path, repeat, rough):
    keep(tmp_path, NEW, FEW, repeat=repeat)
    assert ("A rough report" in write(tmp_path, tmp_path, "--partial")) == rough


def test_ratios_stand_beside_times_and_say_who_wins(written):
    assert "| V = 1,000 | 2.00 ms | 1.00 ms |  | 2.00× |  |" in written
    assert "| V = 10,000,000 | n/a | 1.00 µs |  |  |  |" in written
    assert "| softmax regression, K=10, f=10, V=1e3 | 500 ms | 100 ms | n/a | 0.20× (torch wins) |  |" in written
    assert "| MLP, H=64, f=10, V=1e3 | failed | failed | failed |  |  |" in written


def test_what_benchmarks_assert_is_said_where_they_ran(results, tmp_path, written):
    assert "has brought torch's loss down" not in written, "one of them failed"
    peers = ([0.5, 0.1], [["onehot", "scikit-learn"]])
    keep(results, NEW, MEASURED | dict.fromkeys(("peers.Estimator.time_fit_lbfgs", PREDICT), peers))
    assert "scikit-learn on CSR. Our objective is no worse.\n" in write(results, tmp_path)
    keep(results, NEW, MEASURED | dict.fromkeys(("peers.Estimator.time_fit_lbfgs", PREDICT), (None, peers[1])))
    assert "Our objective is no worse" not in write(results, tmp_path)


def test_a_partial_report_says_how_it_was_made(results, tmp_path):
    assert "    python -m benchmarks.report --partial\n" in write(results, tmp_path, "--partial")


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
        (
            {4: 0.5, 400: 2.0, 1000: 0.9, 4096: 20},
            "Below V ≈ 40 dense wins, above V ≈ 1,000 `OneHot`; in between it is now the one, now the other.",
        ),
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


@pytest.mark.parametrize("name", MEASURED)
def test_what_the_report_shows_is_a_benchmark_of_the_suite(name):
    module, _, benchmark = name.partition(".")
    assert callable(operator.attrgetter(benchmark)(importlib.import_module(f"benchmarks.{module}")))
