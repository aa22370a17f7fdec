"""The command line, on files as users have them: what it prints, writes and returns, and how it fails."""

import csv
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import polars as pl
import pytest

from classifiers import MLPClassifier, SoftmaxRegression
from classifiers.command_line import main
from classifiers.command_line._options import in_options
from classifiers.ctrl_c import CtrlC

ROOT = Path(__file__).resolve().parents[2]


def people(n=120):
    """Return a table in which a city and a three-digit number, that is a name, decide, and an age beside them."""
    rng = np.random.default_rng(0)
    city, zone, age = rng.choice(["Oslo", "Bergen"], n), rng.integers(0, 5, n), rng.normal(40, 9, n).round(1)
    label = np.where((city == "Oslo") ^ (zone == 3), "yes", "no")
    return pl.DataFrame({"id": np.arange(n), "city": city, "zone": [f"{z:03}" for z in zone], "age": age, "y": label})


WRITERS: dict[str, Callable[..., Any]] = {
    ".csv": pl.DataFrame.write_csv,
    ".tsv": lambda table, path: table.write_csv(path, separator="\t"),
    ".parquet": pl.DataFrame.write_parquet,
}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Write the table in every format; return the path of the CSV file. The working directory is its folder."""
    monkeypatch.chdir(tmp_path)
    for suffix, write in WRITERS.items():
        write(people(), f"people{suffix}")
    return "people.csv"


@pytest.fixture(params=["polars", "pandas"])
def reader(request, monkeypatch):
    """Read tables with one of both libraries."""
    if request.param == "pandas":
        leave_out_polars(monkeypatch)
    return request.param


def leave_out_polars(monkeypatch):
    """Let the reading of files find no polars; scikit-learn, which looks for it too, is left in peace."""

    def find_none(*_):
        raise ModuleNotFoundError("No module named 'polars'")

    monkeypatch.setattr("classifiers.command_line.data_files._read_by_polars", find_none)


TRAIN = ["train", "people.csv", "--target", "y", "--drop", "id", "--categorical", "zone"]
MLP = ["--model", "mlp", "--hidden", "16", "8", "--activation", "tanh", "--epochs", "20", "--seed", "0"]
ADAM = ["--solver", "adam", "--learning-rate", "0.01", "--batch-size", "8", "--alpha", "0"]


def run(capfd, *arguments):
    """Return the exit code, standard output and standard error."""
    code = main([str(argument) for argument in arguments])
    return code, *capfd.readouterr()


@pytest.mark.parametrize("suffix", WRITERS)
def test_train_predict_evaluate(suffix, data, reader, capfd):
    table = data.replace(".csv", suffix)
    train = [argument.replace(".csv", suffix) for argument in TRAIN]
    code, out, err = run(capfd, *train, *MLP, *ADAM, "--valid", "0.1", "--save", "m.npz")
    assert (code, err) == (0, "")
    assert "people" + suffix + ": 120 rows, 2 classes" in out
    assert "2 columns of categories: city, zone\n" in out
    assert "1 column of numbers: age\n" in out
    assert "20 epochs in" in out
    assert re.search(r"kept the weights of epoch \d+, the best on validation data", out)
    model = MLPClassifier.load("m.npz")
    assert (model.hidden_layer_sizes, model.max_iter, model.stopping, model.verbose) == ([16, 8], 20, None, 0)
    assert model.get_feature_names_out()[:2].tolist() == ["city=Bergen", "city=Oslo"]
    assert "zone=003" in model.get_feature_names_out()

    code, out, err = run(capfd, "predict", "m.npz", table, "-o", "out.csv")
    assert (code, out, err) == (0, "", "")
    with open("out.csv", newline="") as file:
        head, *rows = csv.reader(file)
    P = np.array([row[1:] for row in rows], float)
    assert head == ["prediction", "P(no)", "P(yes)"]
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-6)
    assert [row[0] for row in rows] == [head[1:][k][2:-1] for k in P.argmax(axis=1)]

    y = people()["y"].to_numpy()
    accuracy = np.mean(y == [row[0] for row in rows])
    assert accuracy > 0.9
    nll = -np.log(P[np.arange(len(y)), (y == "yes").astype(int)]).mean()
    code, out, err = run(capfd, "evaluate", "m.npz", table, "--target", "y")
    assert (code, err) == (0, "")
    assert f"120 rows   accuracy {accuracy:.4f}   NLL {nll:.4f} nats" in out
    assert len(out.split("the worst predictions\n")[1].splitlines()) == 6


def test_formats_and_readers_make_one_model(data, capfd, monkeypatch):
    def trained(path):
        assert main(["train", path, *TRAIN[2:], "--save", "m.npz"]) == 0
        return SoftmaxRegression.load("m.npz")

    models = [trained(f"people{suffix}") for suffix in WRITERS]
    leave_out_polars(monkeypatch)
    models += [trained(f"people{suffix}") for suffix in WRITERS]
    for model in models:
        np.testing.assert_array_equal(model.coef_, models[0].coef_)
        assert model._encoder.categories == models[0]._encoder.categories


def test_predictions_go_to_standard_output(data, capfd):
    assert run(capfd, *TRAIN, "--save", "m.npz")[0] == 0
    pl.read_csv(data, infer_schema=False)[:2].drop("y").write_csv("new.csv")
    code, out, _ = run(capfd, "predict", "m.npz", "new.csv")
    assert code == 0
    assert [line.split(",")[0] for line in out.splitlines()] == ["prediction", *people()["y"][:2]]


def test_all_columns_of_numbers_can_be_categories(tmp_path, capfd):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (60, 3))
    path = tmp_path / "codes.csv"
    pl.DataFrame(codes, schema=["a", "b", "c"]).with_columns(y=codes[:, 0] % 2).write_csv(path)
    save = ["--save", tmp_path / "m.npz"]
    code, out, _ = run(capfd, "train", path, "--target", "y", "--categorical", "*", *save)
    assert (code, "3 columns of categories: a, b, c" in out) == (0, True)
    assert SoftmaxRegression.load(save[1]).n_categories_ == (4, 4, 4)
    code, out, err = run(capfd, "train", path, "--target", "y", *save)
    assert (code, err, "0 columns of categories\n  3 columns of numbers: a, b, c" in out) == (0, "", True)
    assert SoftmaxRegression.load(save[1]).coef_.shape == (2, 3)


@pytest.mark.filterwarnings("default")
def test_a_column_of_numbers_with_a_word_in_it_is_reported(tmp_path, capfd):
    path = tmp_path / "gaps.csv"
    ages = ["NA", *map(str, range(19))]
    pl.DataFrame({"age": ages, "city": ["Oslo", "Voss"] * 10, "y": [0, 1] * 10}).write_csv(path)
    code, out, err = run(capfd, "train", path, "--target", "y")
    assert (code, "2 columns of categories: age, city" in out) == (0, True)
    assert err.startswith(f"warning: {path}: column 'age', row 0: 'NA' is not a number, as most others are; the column")


@pytest.mark.parametrize(("first", "second"), [("csv", "parquet"), ("parquet", "csv")])
def test_numbers_that_are_categories_are_the_same_in_any_file(first, second, tmp_path, capfd):
    rng = np.random.default_rng(0)
    month = rng.integers(1, 13, 200)
    table = pl.DataFrame({"month": month, "km": rng.random(200), "y": np.where(month > 6, "late", "early")})
    table.write_csv(tmp_path / "t.csv")
    table.write_parquet(tmp_path / "t.parquet")
    model = tmp_path / "m.npz"
    train = ["train", tmp_path / f"t.{first}", "--target", "y", "--categorical", "month", "--save", model]
    assert run(capfd, *train)[0] == 0
    code, out, _ = run(capfd, "evaluate", model, tmp_path / f"t.{second}", "--target", "y")
    assert (code, out.startswith("200 rows   accuracy 1.0000")) == (0, True)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("policy", ["error", "ignore"])
def test_numbers_that_a_gap_has_made_floats_are_the_same_categories(policy, tmp_path, capfd, reader):
    month = np.random.default_rng(0).integers(1, 13, 200)
    table = pl.DataFrame({"month": month, "y": np.where(month > 6, "late", "early")})
    table.write_csv(tmp_path / "whole.csv")
    options = ["--categorical", "month", "--handle-missing", "zero", "--handle-unknown", policy]
    assert trained(capfd, tmp_path / "whole.csv", *options, "--save", str(tmp_path / "m.npz"))[0] == 0
    gap = table.with_columns(pl.Series("month", [None, *month[1:].astype(float)]))
    gap.write_parquet(tmp_path / "gap.parquet")
    code, out, err = run(capfd, "evaluate", tmp_path / "m.npz", tmp_path / "gap.parquet", "--target", "y")
    assert (code, err) == (0, "")
    assert float(out.split("accuracy ")[1].split()[0]) >= 0.995
    gap.write_csv(tmp_path / "gap.csv")
    code, out, err = run(capfd, "predict", tmp_path / "m.npz", tmp_path / "gap.csv")
    assert code == (1 if policy == "error" else 0)
    assert f"'{float(month[1])}' is not one of" in err
    assert f"; '{month[1]}' is: give the column the type and the spelling that it had at fit" in err


@pytest.mark.parametrize("words", [("True", "False"), ("true", "false"), ("TRUE", "FALSE")])
def test_bools_are_the_same_in_any_file(words, tmp_path, capfd, reader):
    member = np.random.default_rng(0).random(60) > 0.5
    said = [words[0] if m else words[1] for m in member]
    table = pl.DataFrame({"member": member, "y": np.where(member, "yes", "no")})
    table.write_parquet(tmp_path / "bools.parquet")
    table.with_columns(pl.Series("member", said)).write_csv(tmp_path / "words.csv")
    for first, second in ("bools.parquet", "words.csv"), ("words.csv", "bools.parquet"):
        assert trained(capfd, tmp_path / first, "--save", str(tmp_path / "m.npz"))[0] == 0
        code, out, err = run(capfd, "evaluate", tmp_path / "m.npz", tmp_path / second, "--target", "y")
        assert (code, err) == (0, "")
        assert "accuracy 1.0000" in out


@pytest.mark.parametrize("labels", [[True, False], [1, 2]], ids=["bools", "integers"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("t.csv", "t.parquet"),
        ("t.parquet", "t.csv"),
        ("t.csv", "f.parquet"),
        ("f.parquet", "t.csv"),
        ("t.parquet", "f.csv"),
    ],
)
def test_labels_are_the_same_in_any_file(first, second, labels, tmp_path, capfd, reader):
    table = pl.DataFrame({"x": [0.0, 1.0] * 20, "y": labels * 20})
    table.write_csv(tmp_path / "t.csv")
    table.write_parquet(tmp_path / "t.parquet")
    if labels[0] is not True:
        table = table.cast({"y": pl.Float64})
    table.write_parquet(tmp_path / "f.parquet")
    table.write_csv(tmp_path / "f.csv")
    assert trained(capfd, tmp_path / first, "--save", str(tmp_path / "m.npz"))[0] == 0
    code, out, err = run(capfd, "evaluate", tmp_path / "m.npz", tmp_path / second, "--target", "y")
    assert (code, err) == (0, "")
    assert "accuracy 1.0000" in out


def test_a_name_of_digits_is_no_number(tmp_path, capfd, reader):
    pl.DataFrame({"x": [0.0, 1.0] * 20, "y": ["7", "8"] * 20}).write_csv(tmp_path / "t.csv")
    (tmp_path / "other.csv").write_text("x,y\n0.0,007\n")
    assert trained(capfd, tmp_path / "t.csv", "--save", str(tmp_path / "m.npz"))[0] == 0
    code, _, err = run(capfd, "evaluate", tmp_path / "m.npz", tmp_path / "other.csv", "--target", "y")
    assert code == 1
    assert "column 'y', row 0: the model has no class '007'" in err


def test_no_rows_are_held_out_where_their_share_is_0(tmp_path, capfd, reader):
    pl.DataFrame({"x": [0.0, 1.0] * 20, "y": ["a", "b"] * 20}).write_csv(tmp_path / "t.csv")
    code, out, err = trained(capfd, tmp_path / "t.csv", "--solver", "adam", "--epochs", "3", "--valid", "0")
    assert (code, err) == (0, "")
    assert "val_loss" not in out


def test_what_is_neither_true_nor_false_is_no_bool(tmp_path, capfd, reader):
    pl.DataFrame({"member": [True, False] * 4, "y": [1, 0] * 4}).write_parquet(tmp_path / "bools.parquet")
    assert trained(capfd, tmp_path / "bools.parquet", "--save", str(tmp_path / "m.npz"))[0] == 0
    (tmp_path / "maybe.csv").write_text("member,y\ntrue,1\nmaybe,0\n")
    code, _, err = run(capfd, "predict", tmp_path / "m.npz", tmp_path / "maybe.csv")
    assert code == 1
    assert "column 0 ('member'), row 0: 'true' is not one of the 2 categories known from fit (False, True)" in err


def test_a_quoted_empty_cell_is_missing_too(tmp_path, capfd, reader):
    (tmp_path / "quoted.csv").write_text('"age","city","y"\n"40","Oslo","a"\n"","Voss","b"\n"30","","a"\n')
    code, _, err = trained(capfd, tmp_path / "quoted.csv", "--drop", "city")
    assert (code, "column 0 ('age'), row 1: Input X contains NaN" in err) == (1, True)
    assert "if they are codes, train with --categorical and --handle-missing\n" in err
    code, _, err = trained(capfd, tmp_path / "quoted.csv", "--drop", "age")
    assert (code, "column 0 ('city'), row 2: None is not a category" in err.replace("nan", "None")) == (1, True)


@pytest.mark.filterwarnings("default")
def test_row_labels_without_a_name_are_no_feature(tmp_path, capfd, reader):
    frame = pd.DataFrame({"km": np.random.default_rng(0).random(40), "y": ["a"] * 20 + ["b"] * 20})
    frame.to_csv(tmp_path / "labelled.csv")
    code, out, err = trained(capfd, tmp_path / "labelled.csv", "--save", str(tmp_path / "m.npz"))
    assert (code, "1 column of numbers: km\n" in out) == (0, True)
    assert err == f"warning: {tmp_path}/labelled.csv: column 0 has no name, as row labels have none; it is left out\n"


def test_models_from_python_read_files(data, capfd):
    table = pd.read_csv(data)
    y = (table["y"] == "yes").astype(int)
    model = SoftmaxRegression(categorical_features=["city", "zone"])
    model.fit(table[["age", "zone", "city"]], y).save("m.npz")
    code, out, _ = run(capfd, "predict", "m.npz", data)
    assert code == 0
    assert [int(line[0]) for line in out.splitlines()[1:]] == model.predict(table[["age", "zone", "city"]]).tolist()
    table.assign(y=y).to_csv("numbered.csv", index=False)
    code, out, _ = run(capfd, "evaluate", "m.npz", "numbered.csv", "--target", "y")
    assert f"accuracy {model.score(table[['age', 'zone', 'city']], y):.4f}" in out


def test_a_model_of_bare_codes_reads_files(problem, tmp_path, capfd):
    model = SoftmaxRegression().fit(problem.codes, problem.y)
    model.save(tmp_path / "m.npz")
    np.savetxt(tmp_path / "codes.csv", problem.codes, "%d", ",", header="a,b,c,d", comments="")
    code, out, _ = run(capfd, "predict", tmp_path / "m.npz", tmp_path / "codes.csv")
    assert code == 0
    assert [int(line[0]) for line in out.splitlines()[1:]] == model.predict(problem.codes).tolist()


def test_a_model_of_an_array_of_strings_reads_files(tmp_path, capfd, reader):
    X = np.array([["Oslo", 41], ["Bergen", 23], ["Oslo", 35], ["Voss", 58]], dtype=object)
    SoftmaxRegression(alpha=1e-3).fit(X, ["a", "b", "a", "b"]).save(tmp_path / "m.npz")
    (tmp_path / "new.csv").write_text("city,age\nVoss,58\nOslo,41\n")
    code, out, err = run(capfd, "predict", tmp_path / "m.npz", tmp_path / "new.csv")
    assert (code, err) == (0, "")
    assert [line[0] for line in out.splitlines()[1:]] == ["b", "a"]
    (tmp_path / "known.csv").write_text("y,city,age\nb,Voss,58\na,Oslo,41\n")
    code, out, err = run(capfd, "evaluate", tmp_path / "m.npz", tmp_path / "known.csv", "--target", "y")
    assert (code, err) == (0, "")
    assert out.startswith("2 rows   accuracy 1.0000")
    code, _, err = run(capfd, "predict", tmp_path / "m.npz", tmp_path / "known.csv")
    assert code == 1
    assert "3 columns of features, but the model was fitted to 2, whose names it does not know" in err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes on this system")
def test_a_pipe_that_no_model_can_replace_is_refused_before_training(data, capfd):
    os.mkfifo("pipe")
    code, out, err = run(capfd, *TRAIN, "--save", "pipe")
    assert (code, out) == (1, "")
    assert "this is not a regular file, so a model cannot replace it" in err


@pytest.mark.parametrize(("suffix", "head"), [("png", b"\x89PNG"), ("PDF", b"%PDF")])
def test_curves_are_drawn_and_leave_the_backend_of_the_session(suffix, head, data, capfd):
    with matplotlib.rc_context({"backend": "svg"}):
        code, out, _ = run(capfd, *TRAIN, "--plot", f"curves.{suffix}")
        assert matplotlib.get_backend() == "svg"
    assert code == 0
    assert out.endswith(f"wrote curves.{suffix}\n")
    assert Path(f"curves.{suffix}").read_bytes().startswith(head)


def test_without_an_epoch_there_is_no_picture(data, capfd):
    code, out, _ = run(capfd, *TRAIN, *MLP, "--epochs", "0", "--plot", "curves.png")
    assert code == 0
    assert out.endswith("did not write curves.png: no epoch, no curve\n")
    assert not Path("curves.png").exists()


def press_after(epochs):
    """Return a report that presses Ctrl-C in the epochs given."""

    def report(record):
        print(record)
        if record.epoch in epochs:
            signal.raise_signal(signal.SIGINT)

    return report


@pytest.mark.parametrize("options", [[*MLP, *ADAM, "--valid", "0.2"], [*MLP, "--solver", "sgd"]])
def test_ctrl_c_keeps_the_best_weights(options, data, capfd, monkeypatch):
    assert run(capfd, *TRAIN, *options, "--epochs", "3", "--save", "three.npz")[0] == 0
    monkeypatch.setattr("classifiers.progress._print", press_after([3]))
    before = signal.getsignal(signal.SIGINT)
    code, out, err = run(capfd, *TRAIN, *options, "--save", "m.npz")
    assert code == 130
    assert signal.getsignal(signal.SIGINT) == before
    assert "stopping after this epoch; once more to drop its weights" in err
    assert "3 epochs in" in out
    assert "stopped because: Ctrl-C\nkept the weights of" in out
    assert out.endswith("wrote m.npz\n")
    interrupted, whole = MLPClassifier.load("m.npz"), MLPClassifier.load("three.npz")
    for W, expected in zip(interrupted.coefs_, whole.coefs_, strict=True):
        np.testing.assert_array_equal(W, expected)
    assert interrupted.stop_reason_ == "Ctrl-C"


def test_ctrl_c_before_the_first_epoch_writes_nothing(data, capfd, monkeypatch):
    Path("m.npz").write_text("a good model")
    monkeypatch.setattr(CtrlC, "__enter__", lambda rule: rule._on_signal() or rule)
    monkeypatch.setattr(CtrlC, "__exit__", lambda *_: None)
    code, out, _ = run(capfd, *TRAIN, *MLP, "--save", "m.npz", "--plot", "curves.png")
    assert (code, out.endswith("no epoch was made: nothing is written\n")) == (130, True)
    assert Path("m.npz").read_text() == "a good model"
    assert not Path("curves.png").exists()


def test_predictions_are_separated_as_their_suffix_says(data, capfd):
    assert run(capfd, *TRAIN, "--save", "m.npz")[0] == 0
    assert run(capfd, "predict", "m.npz", data, "-o", "out.tsv")[0] == 0
    assert Path("out.tsv").read_text().startswith("prediction\tP(no)\tP(yes)\n")


def test_ctrl_c_stops_lbfgs(data, capfd, monkeypatch):
    monkeypatch.setattr("classifiers.progress._print", press_after([2]))
    code, out, _ = run(capfd, *TRAIN, "--save", "m.npz")
    assert (code, "2 epochs in" in out) == (130, True)
    assert SoftmaxRegression.load("m.npz").n_iter_ == 2


def test_ctrl_c_twice_gives_up(data, capfd, monkeypatch):
    def twice(record):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("classifiers.progress._print", twice)
    before = signal.getsignal(signal.SIGINT)
    code, _, err = run(capfd, *TRAIN, "--save", "m.npz")
    assert code == 130
    assert err.endswith("Interrupted: nothing was kept.\n")
    assert not Path("m.npz").exists()
    assert signal.getsignal(signal.SIGINT) == before


def write(name, text):
    Path(name).write_text(text)
    return name


FAILURES = {
    "no file": (["train", "none.csv", "--target", "y"], "No such file or directory: 'none.csv'"),
    "no target": (
        ["train", "people.csv", "--target", "Y"],
        "people.csv: no column 'Y'; there are 'id', 'city', 'zone', 'age', 'y'",
    ),
    "no column": ([*TRAIN, "zip*"], "people.csv: no column 'zip*'"),
    "nothing left": (["train", "people.csv", "--target", "y", "--drop", "*"], "no column is left to learn from"),
    "another suffix": (["train", "people.xls", "--target", "y"], "'.xls' is not one of .csv, .tsv"),
    "hidden units of no MLP": (
        [*TRAIN, "--hidden", "3"],
        "--hidden does not apply to --model softmax; pass --model mlp",
    ),
    "out of bounds": ([*TRAIN, "--alpha", "-1"], "error: --alpha -1.0 must be a number in [0, inf)"),
    "no validation": ([*TRAIN, "--valid", "0.001"], "error: --valid cannot set validation data aside"),
    "one file for both": (
        [*TRAIN, "--save", "m.png", "--plot", "m.png"],
        "m.png: the model is written there; give the picture another name",
    ),
    "no picture": ([*TRAIN, "--plot", "curves.foo"], "curves.foo: '.foo' is not one of .eps, "),
    "no CSV": (
        ["predict", "m.npz", "people.csv", "-o", "o.parquet"],
        "o.parquet: predictions are written as .csv, ",
    ),
    "steps of no L-BFGS": (
        [*TRAIN, "--learning-rate", "0.1"],
        "--learning-rate does not apply to --solver lbfgs; pass another, like --solver adam",
    ),
    "a schedule of no steps": ([*TRAIN, "--schedule", "cosine"], "--schedule does not apply to --solver lbfgs"),
    "patience without end": (
        [*TRAIN, "--patience", "3"],
        "--patience is for --valid, with which validation data",
    ),
    "a target that is dropped": ([*TRAIN, "--drop", "y"], "people.csv: 'y' is the target, and no column to learn from"),
    "a folder": ([*TRAIN, "--save", "."], "error: .: this is a folder; give the name of a file"),
    "the data": ([*TRAIN, "--save", "people.csv"], "people.csv: this file is read, and would be overwritten"),
    "the input": (
        ["predict", "m.npz", "people.csv", "-o", "./people.csv"],
        "./people.csv: this file is read, and would be overwritten; give another name",
    ),
    "the model": (["predict", "m.npz", "people.csv", "-o", "m.npz"], "m.npz: this file is read, and would be"),
    "no spreadsheet": (["predict", "m.npz", "people.csv", "-o", "o.xlsx"], "o.xlsx: predictions are written as .csv, "),
    "no activation": ([*TRAIN, "--activation", "relu"], "--activation does not apply to --model softmax"),
    "no folder": ([*TRAIN, "--save", "none/m.npz"], "none/m.npz: there is no such folder"),
    "divergence": (
        [*TRAIN, *MLP, "--solver", "sgd", "--learning-rate", "1e9", "--alpha", "0"],
        "training diverged in epoch",
    ),
    "one class": (["train", "one.csv", "--target", "y"], "y has only one class"),
    "no rows": (["train", "empty.csv", "--target", "y"], "empty.csv: there are no rows"),
    "no label": (["train", "gap.csv", "--target", "y"], "gap.csv: column 'y', row 1: the label is missing"),
    "no number": (["train", "gap.csv", "--target", "other", "--drop", "city", "y"], "gap.csv: column 0 ('age'), row 2"),
    "no category": (
        ["train", "gap.csv", "--target", "other", "--drop", "age", "y"],
        "train with --handle-missing own to give",
    ),
    "no table": (["train", "noise.parquet", "--target", "y"], "noise.parquet: "),
    "no model": (["predict", "people.csv", "people.csv"], "people.csv: not a model file"),
    "no column to predict by": (
        ["predict", "m.npz", "gap.csv"],
        "gap.csv: no column 'zone', which the model was fitted to",
    ),
    "new category": (
        ["predict", "m.npz", "new.csv"],
        "new.csv: column 0 ('city'), row 0: 'Bodø' is not one of the 2 categories known from fit",
    ),
    "new number": (["predict", "m.npz", "old.csv"], "column 'age', row 0: 'old' is not a number"),
    "new class": (
        ["evaluate", "m.npz", "new.csv", "--target", "y"],
        "column 'y', row 0: the model has no class 'maybe'",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), FAILURES.values(), ids=FAILURES)
def test_mistakes_are_answered_without_a_traceback(arguments, message, data, reader, capfd):
    write("one.csv", "a,y\n1,b\n2,b\n")
    write("empty.csv", "a,y\n")
    write("gap.csv", "age,city,y,other\n1,Oslo,a,u\n2,Oslo,,v\n,Bergen,b,v\n4,,b,u\n")
    write("noise.parquet", "noise")
    write("new.csv", "city,zone,age,y\nBodø,001,40,maybe\n")
    write("old.csv", "city,zone,age,y\nOslo,001,old,yes\n")
    if arguments[1] == "m.npz":
        assert main([*TRAIN, "--save", "m.npz"]) == 0
    capfd.readouterr()
    code, _, err = run(capfd, *arguments)
    assert code == 1
    assert err.startswith("error: ")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.filterwarnings("default")
def test_warnings_are_one_line(data, capfd):
    code, _, err = run(capfd, *TRAIN, "--epochs", "1")
    assert code == 0
    assert err.startswith("warning: L-BFGS did not converge")
    assert err.endswith("increase --epochs 1\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["fly"], ["train"], ["train", "people.csv", "--target", "y", "--solver", "newton"]]
)
def test_a_wrong_command_is_answered_with_the_usage(arguments, capfd):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: python -m classifiers" in capfd.readouterr().err


def test_missing_extras_are_named(data, capfd, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'onehot-lookup[plots]'" in run(capfd, *TRAIN, "--plot", "curves.png")[2]
    leave_out_polars(monkeypatch)
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert "pip install 'onehot-lookup[tables]'" in run(capfd, *TRAIN)[2]


def test_pandas_without_pyarrow_is_answered_too(data, capfd, monkeypatch):
    def find_none(*_, **__):
        raise ImportError("Unable to find a usable engine")

    leave_out_polars(monkeypatch)
    monkeypatch.setattr(pd, "read_parquet", find_none)
    code, _, err = run(capfd, "train", "people.parquet", "--target", "y")
    assert (code, err) == (1, "error: Unable to find a usable engine\n")


@pytest.mark.parametrize(
    "message",
    [
        "column 1 ('learning_rate'), row 3: 'x' is no number",
        "y, row 0: no class 'alpha=3'",
        "there are 'id', 'batch_size'",
    ],
)
def test_what_is_the_users_is_not_taken_for_a_parameter(message):
    assert in_options(message) == message


def test_a_parameter_is_named_as_the_option_it_is():
    assert in_options("max_iter=5, and class_weight='balanced'") == "--epochs 5, and --class-weight balanced"
    assert in_options("try activation='relu' or initializer='auto'") == "try --activation relu or initializer='auto'"


def trained(capfd, path, *options):
    return run(capfd, "train", str(path), "--target", "y", *options)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_large_integers_are_told_apart(kind, tmp_path, capfd, reader):
    frame = pl.DataFrame({"id": [2**53, 2**53 + 1] * 20, "y": ["a", "b"] * 20})
    frame.write_parquet(tmp_path / "ids.parquet")
    frame.write_csv(tmp_path / "ids.csv")
    model = str(tmp_path / "m.npz")
    assert trained(capfd, tmp_path / "ids.parquet", "--categorical", "id", "--save", model)[0] == 0
    code, out, _ = run(capfd, "evaluate", model, str(tmp_path / f"ids.{kind}"), "--target", "y")
    assert (code, out.split("\n")[0].split()[3]) == (0, "1.0000")


def test_large_integers_beside_gaps_cannot_be_numbers(tmp_path, capfd, reader):
    pl.DataFrame({"id": [2**53, 2**53 + 1], "y": ["a", "b"]}).write_parquet(tmp_path / "ids.parquet")
    (tmp_path / "gaps.csv").write_text(f"id,k\n{2**53 + 1},0\n,0\n")
    model = str(tmp_path / "m.npz")
    assert trained(capfd, tmp_path / "ids.parquet", "--categorical", "id", "--save", model)[0] == 0
    code, _, err = run(capfd, "predict", model, str(tmp_path / "gaps.csv"))
    assert code == 1
    assert "column 'id', row 0: 9007199254740993 is too large to be told from its neighbours" in err


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("city,km,y\n" + "Oslo,1,bike,0\nVoss,9,bus,1\n" * 4, "row 0 has 4 cells, but the header 3"),
        ("x,y\n1,a\n2,b\n\n3,a\n", "column 'y', row 2: the label is missing$"),
        ("a,a,y\n1,2,0\n3,4,1\n", "2 columns have the name 'a'$"),
        ("a,,y\n1,2,0\n3,4,1\n", "column 1 has no name; give it one in the first line$"),
    ],
    ids=["rows longer than the header", "an empty line is a row", "columns of one name", "a column without a name"],
)
def test_what_is_wrong_with_a_file_is_said_by_either_reader(text, problem, tmp_path, capfd, reader):
    (tmp_path / "wrong.csv").write_text(text)
    code, _, err = trained(capfd, tmp_path / "wrong.csv")
    assert code == 1
    assert re.search(rf"^error: .*wrong\.csv: .*{problem}", err.strip(), re.DOTALL)


def test_numbers_may_be_larger_than_floats_tell_apart(tmp_path, capfd, reader):
    (tmp_path / "big.csv").write_text("n,y\n" + f"{2**60 + 1},a\n{10**30},b\n0.5,a\n" * 4)
    code, out, err = trained(capfd, tmp_path / "big.csv")
    assert (code, err) == (0, "")
    assert "1 column of numbers: n" in out


def test_an_underscore_makes_a_name_of_digits(tmp_path, capfd, reader):
    (tmp_path / "ids.csv").write_text("id,y\n" + "1_1,a\n11,b\n" * 5)
    code, out, _ = trained(capfd, tmp_path / "ids.csv")
    assert code == 0
    assert "1 column of categories: id" in out


def test_a_bracket_in_a_name_stands_for_itself(tmp_path, capfd, reader):
    (tmp_path / "t.csv").write_text("temp [C],x1,x[1],y\n" + "1,2,3,a\n4,5,6,b\n" * 5)
    code, out, _ = trained(capfd, tmp_path / "t.csv", "--drop", "x[1]", "temp [C]")
    assert code == 0
    assert "1 column of numbers: x1" in out


def test_row_labels_that_pandas_stored_are_no_feature(tmp_path, capfd, reader):
    frame = pd.DataFrame({"x": [1, 2, 3, 4], "y": ["a", "b", "a", "b"]})
    frame[frame.x != 3].to_parquet(tmp_path / "some.parquet")
    code, out, _ = trained(capfd, tmp_path / "some.parquet")
    assert code == 0
    assert "1 column of numbers: x\n" in out


def test_a_column_of_dates_is_answered_in_one_line(tmp_path, capfd, reader):
    pl.DataFrame({"day": [date(2026, 1, 1), date(2026, 1, 2)] * 3, "y": ["a", "b"] * 3}).write_parquet(
        tmp_path / "days.parquet"
    )
    code, _, err = trained(capfd, tmp_path / "days.parquet")
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith("error: ")


def test_predictions_are_in_utf8_in_any_locale(tmp_path):
    train, out = tmp_path / "train.csv", tmp_path / "out.csv"
    train.write_text("city,y\n" + "Ålesund,ærlig\nBergen,nei\n" * 4, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    for arguments in (
        ["train", str(train), "--target", "y", "--epochs", "2", "--save", str(tmp_path / "m.npz")],
        ["predict", str(tmp_path / "m.npz"), str(train), "-o", str(out)],
    ):
        run = subprocess.run([sys.executable, "-m", "classifiers", *arguments], env=environment, capture_output=True)
        assert run.returncode == 0, run.stderr
    assert "P(ærlig)" in out.read_text(encoding="utf-8")


def test_a_reader_that_has_seen_enough_is_no_error(data, capfd):
    assert run(capfd, *TRAIN, "--save", "m.npz")[0] == 0
    command = [sys.executable, "-m", "classifiers", "predict", "m.npz", data]
    read, write = os.pipe()
    os.close(read)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, env=environment)
    os.close(write)
    assert (result.returncode, result.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("cells", "warning"),
    [
        (["1", "1.0", "2"], "holds '1' and '1.0', which are taken as different; spell numbers alike"),
        (["0.5", "1.25", "7"], "holds fractions, and each of its 3 numbers is taken as a class"),
        (["a", "b", "c"], None),
        (["1", "2", "003"], None),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("default")
def test_labels_that_are_hardly_meant_as_classes_are_reported(cells, warning, tmp_path, capfd, reader):
    path = tmp_path / "labels.csv"
    path.write_text("x,y\n" + "".join(f"{'abc'[row % 3]},{cells[row % 3]}\n" for row in range(30)), encoding="utf-8")
    code, _, err = run(capfd, "train", str(path), "--target", "y")
    assert code == 0
    assert err == ("" if warning is None else f"warning: {path}: column 'y' {warning}\n")


@pytest.mark.filterwarnings("default")
def test_categories_in_two_spellings_are_reported(tmp_path, capfd, reader):
    path = tmp_path / "categories.csv"
    path.write_text("x,y\n" + "5,a\n5.0,b\n6,a\n" * 10, encoding="utf-8")
    code, _, err = run(capfd, "train", str(path), "--target", "y", "--categorical", "x")
    assert code == 0
    assert err == (
        f"warning: {path}: column 'x' holds '5' and '5.0', which are taken as different; spell numbers alike\n"
    )


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (b"c,3,no\n", "row 2 has 3 cells, but the header 2"),
        (b"\xff\xfe,yes\n", "row 2 is not in UTF-8; write the file"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(row, problem, tmp_path, capfd, reader):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"x,y\na,yes\nb,no\n" + row + b"a,no\n")
    code, _, err = run(capfd, "train", str(path), "--target", "y")
    assert code == 1
    assert err.startswith(f"error: {path}: {problem}")
