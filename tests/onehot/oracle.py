"""The slow, obvious way, and the inputs that everything is held to it on."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from onehot import OneHot
from onehot._codes import Missing
from tests.tolerance import assert_close

ROOT = Path(__file__).resolve().parents[2]
DTYPES = [np.float32, np.float64]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


def one_hot(codes, n_categories):
    """``np.eye(V)[codes]``, a block a field; code -1 picks the row of zeros put behind each identity."""
    fields = np.asarray(codes, np.int64).T.reshape(len(n_categories), -1)
    blocks = [np.vstack([np.eye(V), np.zeros(V)])[field] for field, V in zip(fields, n_categories, strict=True)]
    return np.hstack(blocks)


def assert_product(product, A, B, terms):
    """Hold `product` to ``A @ B`` in float64: at most `terms` numbers are added up in the precision of the product."""
    A, B = np.asarray(A, np.float64), np.asarray(B, np.float64)
    assert_close(product, A @ B, product.dtype, scale=abs(A) @ abs(B), terms=max(terms, 1))


def peak_memory(run):
    """Return the most bytes that NumPy and Python held at a time for `run`."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def run_python(*arguments, **environment):
    """Run this interpreter in a process of its own; return what it prints."""
    command, folder = [sys.executable, *arguments], environment.get("PYTHONPATH", ROOT)
    run = subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


class Case(NamedTuple):
    codes: np.ndarray  # (n, f)
    n_categories: tuple[int, ...]
    missing: Missing = "error"

    @property
    def dense(self):
        return one_hot(self.codes, self.n_categories)

    def matrix(self, dtype=np.float32):
        return OneHot(self.codes, self.n_categories, missing=self.missing, dtype=dtype)


_rng = np.random.default_rng(0)

CASES = {
    "no rows": Case(np.empty((0, 1), int), (5,)),
    "no rows of three fields": Case(np.empty((0, 3), int), (5, 1, 2)),
    "one row": Case(np.array([[2]]), (5,)),
    "one row of three fields": Case(np.array([[4, 0, 1]]), (5, 1, 2)),
    "one category": Case(np.zeros((4, 1), int), (1,)),
    "all the same": Case(np.full((50, 2), 3), (4, 6)),
    "all different": Case(_rng.permutation(40)[:, None], (40,)),
    "skewed": Case(np.minimum(_rng.zipf(1.5, (200, 2)), 30) - 1, (30, 31)),
    "many fields": Case(_rng.integers(0, 3, (40, 9)), (3,) * 9),
    "a large batch of one field": Case(_rng.integers(0, 7, (1500, 1)), (7,)),
    "some missing": Case(_rng.integers(-1, 4, (60, 3)), (4, 5, 6), "zero"),
    "some missing of one field": Case(_rng.integers(-1, 4, (60, 1)), (4,), "zero"),
    "all missing": Case(np.full((3, 2), -1), (4, 5), "zero"),
}


def _strided(a):
    every_second = tuple(slice(None, None, 2) for _ in a.shape)
    view = np.zeros([2 * size for size in a.shape], a.dtype)[every_second]
    view[...] = a
    return view


def _misaligned(a):
    view = np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


def _read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


class Subclass(np.ndarray):
    """An array that NumPy's functions do not take for a plain one."""


# Each returns an equal array that lies otherwise in memory.
LAYOUTS: dict[str, Any] = {
    "C": np.array,
    "Fortran": np.asfortranarray,
    "strided": _strided,
    "reversed": lambda a: a[::-1].copy()[::-1],
    "misaligned": _misaligned,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "read-only": _read_only,
    "a subclass": lambda a: a.copy().view(Subclass),
}
