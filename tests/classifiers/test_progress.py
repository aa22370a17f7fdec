"""A bar where somebody looks on and tqdm is there, lines elsewhere."""

import io
import re
import sys
from contextlib import redirect_stderr

import pytest

from classifiers import MLPClassifier, SoftmaxRegression
from classifiers.progress import progress
from classifiers.stopping import EpochRecord

RECORD = EpochRecord(1, 0.5, 0.75, None, None, (), 0.1, 0.01)
CHECKED = EpochRecord(2, 0.25, 0.8, 0.3, 0.7, (), 0.1, 0.01)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def last_line(screen):
    return re.split(r"[\r\n]", screen.getvalue().rstrip())[-1]


def test_a_bar_shows_losses_and_the_time_left(capsys):
    with redirect_stderr(Terminal()) as terminal, progress(1, max_iter=4) as report:
        report(RECORD)
        report(CHECKED)
    line = last_line(terminal)
    assert "0/4" in terminal.getvalue()
    assert "2/2" in line, "a rule that spared two epochs is no failure"
    assert re.search(r"\[\d\d:\d\d<", line), "elapsed<left"
    assert "loss=0.2500, val_loss=0.3000, val_acc=0.7000" in line
    assert len(line) <= 80
    assert capsys.readouterr().out == ""


def test_a_bar_is_closed_after_an_error():
    terminal = Terminal()

    def fail():
        with redirect_stderr(terminal), progress(1, max_iter=4) as report:
            report(RECORD)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert terminal.getvalue().endswith("\n")


def test_lines_where_stderr_is_no_terminal(capsys):
    with progress(1, max_iter=4) as report:
        report(RECORD)
    assert capsys.readouterr() == (f"{RECORD}\n", "")


def test_lines_where_there_is_no_tqdm(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with redirect_stderr(Terminal()) as terminal, progress(1, max_iter=4) as report:
        report(RECORD)
    assert terminal.getvalue() == ""
    assert capsys.readouterr().out == f"{RECORD}\n"


def test_lines_on_demand(capsys):
    with redirect_stderr(Terminal()) as terminal, progress(2, max_iter=4) as report:
        report(RECORD)
    assert terminal.getvalue() == ""
    assert capsys.readouterr().out == f"{RECORD}\n"


def test_nothing_by_default(capsys):
    with redirect_stderr(Terminal()) as terminal, progress(0, max_iter=4) as report:
        report(RECORD)
    assert terminal.getvalue() == ""
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("model", [SoftmaxRegression(verbose=1), MLPClassifier(verbose=1, max_iter=3)])
def test_fit_shows_a_bar(model, problem, capsys):
    with redirect_stderr(Terminal()) as terminal:
        model.fit(problem.codes, problem.y)
    assert f"0/{model.max_iter}" in terminal.getvalue()
    assert f"{model.n_iter_}/{model.n_iter_}" in last_line(terminal)
    assert capsys.readouterr().out == ""
