import copy
import operator
import pickle
import re
from typing import Any

import numpy as np
import pytest

from onehot import DTypeError, OneHot, RowGradient, ShapeError, UnsupportedError
from tests.onehot.oracle import DTYPES, INTEGERS, LAYOUTS, assert_product, one_hot

pytestmark = pytest.mark.usefixtures("backend")

CODES = np.array([[0, 5], [3, 0], [1, 5], [3, 2], [2, 1]])
DENSE = one_hot(CODES, (4, 6))


@pytest.mark.parametrize("d", [None, 0, 1, 3, 17])
@pytest.mark.parametrize("dtype_of_G", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_backward(case, dtype, dtype_of_G, d):
    X = case.matrix(dtype)
    G = np.random.default_rng(1).normal(size=X.shape[:1] if d is None else (X.shape[0], d)).astype(dtype_of_G)
    for dW in (X.T @ G, X.T.dot(G), np.matmul(X.T, G), np.dot(X.T, G), X.transpose() @ G):
        assert type(dW) is RowGradient
        assert dW.shape == (X.shape[1], *G.shape[1:])
        assert dW.dtype == np.result_type(dtype, dtype_of_G)
        assert_product(dW.toarray(), case.dense.T, G, terms=case.codes.size)
    rmatvec = X.rmatvec(G)
    assert_product(rmatvec, case.dense.T, G, terms=case.codes.size)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_backward_takes_any_layout(dtype, layout):
    X = OneHot(CODES)
    for shape in [(5,), (5, 3)]:
        G = np.random.default_rng(2).normal(size=shape).astype(dtype)
        np.testing.assert_array_equal(X.T @ LAYOUTS[layout](G), X.T @ G)


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool", "float16"])
def test_backward_takes_any_real_number_up_to_float64(dtype):
    G = np.random.default_rng(3).integers(0, 100, (5, 2)).astype(dtype)
    dW = OneHot(CODES).T @ G
    assert dW.dtype == (np.float32 if dtype == "float16" else np.float64)
    np.testing.assert_array_equal(dW, DENSE.T @ G)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16"])
def test_backward_counts_beyond_what_float32_can(dtype):
    n = 2**24 + 3
    counts = OneHot(np.zeros(n, np.int8), 1).T @ np.ones(n, dtype)
    assert counts.toarray().tolist() == [n]


@pytest.mark.parametrize("dtype", ["complex64", object, "U1"])
def test_backward_refuses_other_types(dtype):
    with pytest.raises(DTypeError, match=re.escape("X.T @ G takes real numbers, got G of")):
        OneHot(CODES).T @ np.ones((5, 2)).astype(dtype)


@pytest.mark.skipif(np.dtype(np.longdouble) == np.float64, reason="on this platform longdouble is float64")
def test_backward_refuses_longdouble():
    with pytest.raises(DTypeError, match=r"got G of float\d+; pass G.astype\(np.float64\)"):
        OneHot(CODES).T @ np.ones((5, 2), np.longdouble)


@pytest.mark.parametrize("shape", [(), (4,), (6, 2), (6, 0), (2, 5), (5, 2, 2)])
def test_backward_refuses_other_shapes(shape):
    with pytest.raises(
        ShapeError, match=re.escape(f"X.T @ G: G has shape {shape}, but X has 5 rows; G must be (5, d)")
    ):
        OneHot(CODES).T @ np.zeros(shape)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_gradient_outlives_a_change_of_its_output_gradient(layout):
    G = LAYOUTS[layout](np.ones((5, 2), np.float32))
    dW = OneHot(CODES).T @ G
    if G.flags.writeable:
        G[...] = np.nan
    np.testing.assert_array_equal(dW, DENSE.T @ np.ones((5, 2)))


@pytest.mark.parametrize("m", [None, 0, 1, 3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_product_from_the_left_selects_columns(case, dtype, m):
    X = case.matrix(dtype)
    A = np.random.default_rng(4).normal(size=X.shape[1:] if m is None else (m, X.shape[1])).astype(dtype)
    for product in (A @ X.T, np.matmul(A, X.T), np.dot(A, X.T)):
        assert_product(product, A, case.dense.T, terms=case.codes.shape[1])
        assert product.dtype == dtype
    assert_product(A @ (X.T * 0.5), A, 0.5 * case.dense.T, terms=case.codes.shape[1])


def test_product_from_the_left_needs_as_many_columns():
    for shape in [(), (9,), (2, 11), (10, 2), (2, 2, 10)]:
        with pytest.raises(
            ShapeError, match=re.escape(f"A @ X.T: A has shape {shape}, but X has 10 columns; A must be (m, 10)")
        ):
            np.matmul(np.zeros(shape), OneHot(CODES).T)


SCALED: dict[str, Any] = {
    "2 * X.T": (lambda A: 2 * A, 2),
    "X.T * 2.5": (lambda A: A * 2.5, 2.5),
    "X.T / 4": (lambda A: A / 4, 0.25),
    "-X.T": (lambda A: -A, -1),
    "np.float32(0.5) * X.T": (lambda A: np.float32(0.5) * A, 0.5),
    "X.T * np.float64(0.5)": (lambda A: A * np.float64(0.5), 0.5),
    "np.int64(3) * X.T": (lambda A: np.int64(3) * A, 3),
    "np.array(3) * X.T": (lambda A: np.array(3) * A, 3),
    "X.T / 2**70": (lambda A: A / 2**70, 2.0**-70),
    "-0.5 * X.T / 2": (lambda A: -0.5 * A / 2, -0.25),
    "2 * X.T * 3": (lambda A: 2 * A * 3, 6),
    "X.T / np.float64(4)": (lambda A: A / np.float64(4), 0.25),
}


@pytest.mark.parametrize("expression", SCALED)
def test_a_number_may_come_before_the_product(expression):
    scale, factor = SCALED[expression]
    X, G = OneHot(CODES), np.arange(10.0).reshape(5, 2)
    scaled = scale(X.T)
    np.testing.assert_array_equal(scaled @ G, factor * DENSE.T @ G)
    np.testing.assert_array_equal(scaled, factor * DENSE.T)
    np.testing.assert_array_equal(scaled.tocsr().toarray(), factor * DENSE.T)
    dtype = scale(DENSE.T.astype(np.float32)).dtype
    assert scaled.dtype == scaled.toarray().dtype == scaled.tocsr().dtype == dtype
    assert (scaled @ G.astype(np.float32)).dtype == (np.ones((1, 10), np.float32) @ scaled).dtype == dtype
    assert repr(scaled) == f"{float(factor)} * {X!r}.T"
    assert np.shape(scaled) == (10, 5)
    np.testing.assert_array_equal(X.T, DENSE.T)


def test_a_scaled_matrix_is_not_transposed_back():
    with pytest.raises(UnsupportedError, match=re.escape("scale the result instead: c * (X @ W)")):
        _ = (2 * OneHot(CODES).T).T


@pytest.mark.parametrize("three", [3, np.float16(3), np.float32(3)], ids=repr)
def test_a_quotient_is_not_rounded_to_the_type_of_the_divisor(three):
    np.testing.assert_array_equal(OneHot(CODES, dtype=np.float64).T / three, DENSE.T / 3)


def test_a_division_by_zero_is_that_of_an_array():
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal((OneHot(CODES).T / 0).toarray(), DENSE.T / 0)


def test_one_as_a_factor_may_change_the_type_only():
    X = OneHot(CODES)
    assert (X.T * 1).T is X
    wider = (X.T * np.float64(1)).T
    assert (X.T * np.float64(1)).toarray().dtype == wider.dtype == np.float64
    np.testing.assert_array_equal(wider, DENSE)


@pytest.mark.parametrize("factor", [np.ones(5), np.ones((10, 5)), [1, 2]], ids=lambda f: type(f).__name__)
def test_only_a_number_scales(factor):
    for multiply in (lambda A, c: A * c, lambda A, c: c * A):
        with pytest.raises(UnsupportedError, match=r"X\.T can be multiplied by a number only"):
            multiply(OneHot(CODES).T, factor)


def test_no_other_matrix_scales():
    X = OneHot(CODES)
    with pytest.raises(UnsupportedError, match=r"X\.T can be multiplied by a number only"):
        X.T * X
    with pytest.raises(UnsupportedError, match=r"np\.multiply is not defined for a lazy one-hot matrix"):
        X * X.T


def test_it_is_the_transpose():
    X = OneHot(CODES)
    np.testing.assert_array_equal(X.T.toarray(), DENSE.T)
    np.testing.assert_array_equal(X.T.tocsr().toarray(), DENSE.T)
    assert X.T.shape == (10, 5)
    assert len(X.T) == 10
    assert X.T.ndim == 2
    assert X.T.dtype == X.dtype
    assert repr(X.T) == f"{X!r}.T"


REFUSED: dict[str, Any] = {
    "==": (lambda A: A == A, "== is not defined"),
    "iteration": (list, "iterate over X.indices"),
    "assignment": (lambda A: A.__setitem__(0, 1), "cannot be changed"),
    "ufunc": (np.exp, "np.exp is not defined for a lazy one-hot matrix"),
    "function": (np.sum, "np.sum is not defined for a lazy one-hot matrix"),
    "method": (lambda A: A.sum(), "sum is not defined for a lazy one-hot matrix; use X.tocsr()"),
    "sum": (lambda A: A + A, "use X.tocsr() for sums with other matrices"),
    "scaling with out": (lambda A: np.multiply(A, 2.0, out=np.empty((10, 5))), "np.multiply is not defined"),
    "Gram matrix": (lambda A: np.matmul(A, A.T), "use X.tocsr() for products with other matrices"),
    "Gram matrix by @": (lambda A: A @ A.T, "a product of two lazy one-hot matrices is not defined"),
}


@pytest.mark.parametrize("operation", REFUSED)
def test_what_it_cannot_do_it_refuses(operation):
    do, message = REFUSED[operation]
    with pytest.raises(UnsupportedError, match=re.escape(message)):
        do(OneHot(CODES).T)


@pytest.mark.parametrize("through", [lambda A: pickle.loads(pickle.dumps(A)), copy.copy, copy.deepcopy, np.copy])
def test_it_travels(through):
    A, G = 0.5 * OneHot(CODES).T, np.arange(10.0).reshape(5, 2)
    np.testing.assert_array_equal(through(A) @ G, 0.5 * DENSE.T @ G)


@pytest.mark.parametrize("factor", ["2", 1j, None, 10**400])
@pytest.mark.parametrize("scale", [operator.mul, operator.truediv])
def test_what_is_no_real_number_does_not_scale(factor, scale):
    with pytest.raises(
        UnsupportedError, match=r"X\.T can be multiplied by a real number only, of float64 at most, got"
    ):
        scale(OneHot([0, 1], 2).T, factor)


def test_np_multiply_takes_the_number_on_either_side():
    X = OneHot([2, 0, 2], 4)
    for scaled in (np.multiply(X.T, 2.0), np.multiply(2.0, X.T)):
        np.testing.assert_array_equal(scaled, 2 * X.T.toarray())


def test_an_outer_product_is_refused():
    with pytest.raises(UnsupportedError, match="outer"):
        np.multiply.outer(2.0, OneHot([0, 1], 2).T)
