import re
from typing import Any

import numpy as np
import pytest

import onehot
from onehot import CodeError, OneHot, _equivalence, check_equivalence
from onehot._kernels import _scipy as kernels
from tests.onehot.oracle import DTYPES

rng = np.random.default_rng(0)
CODES: dict[str, Any] = {
    "one field": (rng.integers(0, 50, 200), 50),
    "one field, skewed": (np.minimum(rng.zipf(1.5, 300), 40) - 1, 40),
    "one row": ([3], 5),
    "no rows": ([], 5),
    "five fields": (rng.integers(0, 7, (100, 5)), 7),
    "all the same": (np.zeros((64, 3), int), 2),
    "counts inferred": ([[0, 2], [1, 2], [0, 0]], None),
}
FORMATS = ["dense", "CSR", *(f"OneHot, {backend}" for backend in onehot.available_backends())]


@pytest.fixture(autouse=True)
def short_timings(monkeypatch):
    monkeypatch.setattr(_equivalence, "SECONDS_PER_TIMING", 0.0)


@pytest.mark.parametrize("d", [1, 8])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CODES)
def test_the_contract_holds(name, dtype, d):
    codes, n_categories = CODES[name]
    report = check_equivalence(codes, n_categories, d=d, dtype=dtype)
    assert report.ok, str(report)
    assert [c.stage for c in report.comparisons[:: len(FORMATS)]] == ["forward", "backward", "SGD step"]
    assert [c.format for c in report.comparisons] == FORMATS * 3


@pytest.mark.parametrize("name", ["one field", "one field, skewed", "one row"])
def test_one_field_forward_is_the_same_to_the_bit(name):
    codes, n_categories = CODES[name]
    for c in check_equivalence(codes, n_categories).comparisons:
        if c.stage == "forward":
            assert c.ulp == c.bound == 0, c


@pytest.mark.parametrize("name", CODES)
def test_backward_of_csr_and_lookup_is_the_same_to_the_bit(name):
    for c in check_equivalence(*CODES[name]).comparisons:
        if c.stage == "backward" and c.format != "dense":
            assert c.ulp == c.bound == 0, c


def test_the_bounds_are_those_of_the_contract():
    codes = np.array([[0, 1], [0, 0], [0, 1]])  # n = 3, f = 2, and row 0 of the table takes three additions
    bounds = {(c.stage, c.format): c.bound for c in check_equivalence(codes).comparisons}  # two errors of k u: k ULP
    assert bounds["forward", "dense"] == bounds["forward", "OneHot, scipy"] == 2 - 1
    assert bounds["backward", "dense"] == 3
    assert bounds["backward", "OneHot, scipy"] == bounds["backward", "CSR"] == 0
    assert bounds["SGD step", "dense"] == bounds["SGD step", "OneHot, scipy"] == 3 + 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_bytes_are_those_of_x(dtype):
    codes = np.arange(10) % 7
    X = OneHot(codes, 7, dtype=dtype)
    csr = X.tocsr()
    expected = {"dense": X.toarray().nbytes, "CSR": csr.data.nbytes + csr.indices.nbytes + csr.indptr.nbytes}
    for c in check_equivalence(codes, 7, dtype=dtype).comparisons:
        assert c.n_bytes == expected.get(c.format, X.indices.nbytes)
        assert c.seconds > 0


@pytest.mark.parametrize(("kernel", "stages"), [("gather_sum", {"forward"}), ("scatter_add", {"backward", "SGD step"})])
def test_a_kernel_that_is_off_by_a_little_is_found(monkeypatch, kernel, stages):
    right = getattr(kernels, kernel)

    def wrong(*args):
        right(*args)
        out = args[2] if kernel == "gather_sum" else args[3]
        out.flat[0] += 64 * np.finfo(out.dtype).eps * max(abs(out.flat[0]), 1)

    monkeypatch.setattr(kernels, kernel, wrong)
    report = check_equivalence(np.zeros((4, 2), int), 3)
    assert not report.ok
    assert {c.stage for c in report.comparisons if not c.ok} == stages
    assert {c.format for c in report.comparisons if not c.ok} == {"OneHot, scipy"}
    assert "<- outside the contract" in str(report)


def test_str_is_a_table():
    head, *rows = str(check_equivalence([0, 1, 1], 3)).splitlines()
    assert re.split(r"\s{2,}", head.strip()) == ["stage", "format", "difference", "allowed", "time", "X in memory"]
    assert len(rows) == 3 * len(FORMATS)
    assert re.fullmatch(r"forward +dense +0\.00 ULP +0 ULP +\d+\.\d us +36 B", rows[0])


@pytest.mark.parametrize("d", [-1, 2.5, "4"])
def test_columns_are_counted(d):
    with pytest.raises(ValueError, match=f"d={d!r} must be a number of columns"):
        check_equivalence([0, 1], d=d)


def test_the_same_seed_compares_the_same_numbers():
    def differences(**options):
        return [c.ulp for c in check_equivalence(np.zeros((50, 3), int), 2, **options).comparisons]

    assert differences() == differences(seed=0)
    assert differences() != differences(seed=1)


@pytest.mark.parametrize("name", onehot.available_backends())
def test_the_backend_is_left_as_it_was(name):
    before = onehot.get_backend()
    onehot.set_backend(name)
    try:
        check_equivalence([0, 1])
        assert onehot.get_backend() == name
    finally:
        onehot.set_backend(before)


def test_codes_are_checked():
    with pytest.raises(CodeError, match=re.escape("field 0, row 1: code 5 is not in [0, 3)")):
        check_equivalence([0, 5], 3)
