import re
import sys

import onehot
from onehot import __main__ as program
from onehot import _equivalence


def test_it_prints_every_stage_and_format_for_every_height(monkeypatch, capsys):
    monkeypatch.setattr(_equivalence, "SECONDS_PER_TIMING", 0.0)
    monkeypatch.setattr(program, "HEIGHTS", (10, 1000))
    monkeypatch.setattr(sys, "argv", ["onehot", "-n", "8", "-d", "2"])
    program.main()
    head, *rows = capsys.readouterr().out.splitlines()
    assert head == program.TITLE
    assert any(onehot.get_backend() in row for row in rows)
    line = re.compile(r" +([\d,]+) +(forward|backward|SGD step) +(dense|CSR|OneHot) +[\d.]+ us.* [\d,]+ B +[\d.]+ ULP")
    found = [match.groups() for row in rows if (match := line.fullmatch(row))]
    stages, formats = ("forward", "backward", "SGD step"), ("dense", "CSR", "OneHot")
    assert found == [(V, stage, form) for V in ("10", "1,000") for stage in stages for form in formats]
