"""What computes where SciPy's private products are not what they were."""

from types import SimpleNamespace

import numpy as np
import pytest

import onehot
from onehot import OneHot
from onehot._kernels import _scipy as kernels
from tests.onehot.oracle import DTYPES

PUBLIC = {"_add_gathered": kernels._add_gathered_public, "_add_scattered": kernels._add_scattered_public}


@pytest.fixture
def public_products(monkeypatch):
    before = onehot.get_backend()
    onehot.set_backend("scipy")
    for name, function in PUBLIC.items():
        monkeypatch.setattr(kernels, name, function)
    yield
    onehot.set_backend(before)


def integers(seed, shape, dtype):
    """Small integers as floats: every sum of them is exact, whatever its order."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(dtype)


@pytest.mark.usefixtures("public_products")
@pytest.mark.parametrize("d", [0, 1, 3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_it_gives_the_same_numbers(case, dtype, d):
    X = case.matrix(dtype)
    W, G = integers(0, (X.shape[1], d), dtype), integers(1, (X.shape[0], d), dtype)
    np.testing.assert_array_equal(X @ W, case.dense @ W)
    np.testing.assert_array_equal(X.T @ G, case.dense.T @ G)
    expected = W - 0.5 * case.dense.T @ G
    W -= 0.5 * (X.T @ G)
    np.testing.assert_array_equal(W, expected)


@pytest.mark.usefixtures("public_products")
def test_it_takes_tables_beyond_32_bits():
    V = 2**31 + 5
    X = OneHot([V - 1, 0, V - 1], V)
    rows, sums = (X.T @ np.array([[1.0], [2.0], [4.0]])).coalesce()
    assert rows.tolist() == [0, V - 1]
    assert sums.ravel().tolist() == [2, 5]


def test_the_private_products_are_what_they_were():
    assert kernels._private_products_work()
    assert kernels._add_gathered is not PUBLIC["_add_gathered"]
    assert kernels._add_scattered is not PUBLIC["_add_scattered"]


def overwriting(n, V, d, pointers, indices, data, X, Y):
    """Set where it should add."""
    Y[:] = 0


def of_other_arguments(matrix, X, Y):
    """Take what a future SciPy might take."""


@pytest.mark.parametrize("product", ["csr_matvecs", "csc_matvecs"])
@pytest.mark.parametrize("changed", [None, overwriting, of_other_arguments])
def test_a_private_product_that_changed_is_found_out(monkeypatch, product, changed):
    private = vars(kernels)["_sparsetools"]
    products = {"csr_matvecs": private.csr_matvecs, "csc_matvecs": private.csc_matvecs} | {product: changed}
    monkeypatch.setattr(kernels, "_sparsetools", SimpleNamespace(**{k: v for k, v in products.items() if v}))
    assert not kernels._private_products_work()


def test_the_public_products_pass_the_same_trial(monkeypatch):
    for name, function in PUBLIC.items():
        monkeypatch.setattr(kernels, name, function)
    assert kernels._private_products_work()


@pytest.mark.parametrize("dtype", DTYPES)
def test_more_entries_than_32_bits_count_go_in_chunks(monkeypatch, case, dtype):
    """The chunks that SciPy's 32-bit pointers ask for, at a size that fits a test."""
    monkeypatch.setattr(kernels, "MAX_ENTRIES", 7)
    sizes, as_csr = [], kernels._as_csr

    def recorded(chunk, *args):
        sizes.append(chunk.shape)
        return as_csr(chunk, *args)

    monkeypatch.setattr(kernels, "_as_csr", recorded)
    indices, has_missing = case.matrix().indices, case.missing == "zero"
    V = sum(case.n_categories)
    table, values = integers(0, (V, 2), dtype), integers(1, (len(indices), 2), dtype)
    out = np.full((len(indices), 2), np.nan, dtype)
    kernels.gather_sum(table, indices, out, has_missing)
    np.testing.assert_array_equal(out, case.dense @ table)
    kernels.scatter_add(values, indices, 2.0, table, has_missing)
    np.testing.assert_array_equal(table, integers(0, (V, 2), dtype) + 2 * case.dense.T @ values)
    assert all(n == 1 or n * f <= 7 for n, f in sizes)
