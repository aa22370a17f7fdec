import copy
import operator
import pickle
import re
from typing import Any

import numpy as np
import pytest

import onehot
from onehot import DTypeError, OneHot, RowGradient, RowIndexError, ShapeError, UnsupportedError
from tests.onehot.oracle import DTYPES, LAYOUTS, one_hot
from tests.tolerance import assert_close

pytestmark = pytest.mark.usefixtures("backend")

CODES = np.array([[0, 5], [3, 0], [1, 5], [3, 2], [2, 1]])
DENSE = one_hot(CODES, (4, 6))
V, d = 10, 3


def integers(seed, shape):
    """Small integers as floats: every sum of them is exact, whatever its order."""
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(float)


def gradient(seed=0, dtype=np.float64, shape=(5, d)):
    """Return a gradient and the dense array that it stands for."""
    G = integers(seed, shape).astype(dtype)
    return OneHot(CODES, dtype=np.float32).T @ G, (DENSE.T @ G).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_coalesce_gives_the_rows_that_occur_and_their_sums(case, dtype):
    X = case.matrix()
    for shape in [X.shape[:1], (X.shape[0], d)]:
        G = integers(0, shape).astype(dtype)
        rows, sums = (X.T @ G).coalesce()
        dense = case.dense.T @ G
        assert rows.tolist() == np.flatnonzero(case.dense.any(axis=0)).tolist()
        assert rows.dtype == X.indices.dtype
        np.testing.assert_array_equal(sums, dense[rows])
        assert sums.dtype == dtype


def test_coalesce_of_a_sum_covers_both():
    g = OneHot([1, 1], 6).T @ [[1.0], [2.0]]
    h = OneHot([[0, 1], [1, -1]], [2, 4], missing="zero").T @ [[10.0], [20.0]]
    rows, sums = (g - 2 * h).coalesce()
    assert rows.tolist() == [0, 1, 3]
    assert sums.ravel().tolist() == [-20, 3 - 40, -20]


def table_like(g):
    """Return an array of powers of two, by which products and quotients are exact, of the shape of g."""
    return 2.0 ** np.random.default_rng(4).integers(0, 4, g.shape)


def h_like(g):
    """Return another gradient, of rows that are partly those of g, of the kind that g is."""
    rows, values = np.array([1, V - 1, 1]), integers(5, (3, *g.shape[1:])).astype(g.dtype)
    h = RowGradient(rows, values, n_rows=V)
    return h if isinstance(g, RowGradient) else h.toarray()


EXPRESSIONS: dict[str, Any] = {
    "2 * g": lambda g: 2 * g,
    "g * 0.5": lambda g: g * 0.5,
    "g / 4": lambda g: g / 4,
    "g / 4.0": lambda g: g / 4.0,
    "-g": lambda g: -g,
    "-(2 * g) / 4 * 3": lambda g: -(2 * g) / 4 * 3,
    "float32 * g": lambda g: np.float32(0.5) * g,
    "g * float64": lambda g: g * np.float64(0.5),
    "g / float32": lambda g: g / np.float32(4),
    "g / float64": lambda g: g / np.float64(4),
    "int64 * g": lambda g: np.int64(3) * g,
    "float16 * g": lambda g: np.float16(3) * g,
    "0-d array * g": lambda g: np.array(3.0) * g,
    "np.multiply": lambda g: np.multiply(g, 3),
    "g + g": lambda g: g + g,
    "g - 2 * g": lambda g: g - 2 * g,
    "(g + g) / 2 - g": lambda g: (g + g) / 2 - g,
    "abs(g)": abs,
    "np.abs(-g)": lambda g: np.abs(-g),
    "g ** 2": lambda g: g**2,
    "g ** float32": lambda g: g ** np.float32(2),
    "g * g": lambda g: g * g,
    "np.square": np.square,
    "np.sqrt(g ** 2)": lambda g: np.sqrt(g**2),
    "np.sign": np.sign,
    "g * W": lambda g: g * table_like(g),
    "W * g": lambda g: table_like(g) * g,
    "g / W": lambda g: g / table_like(g),
    "g * float32 array": lambda g: g * table_like(g).astype(np.float32),
    "g * int array": lambda g: g * table_like(g).astype(int),
    "g / int array": lambda g: g / table_like(g).astype(np.int8),
    "g * row": lambda g: g * table_like(g)[:1],
    "g * list": lambda g: g * table_like(g)[0].tolist(),
    "g / Fortran": lambda g: g / np.asfortranarray(table_like(g)),
    "g *= W": lambda g: operator.imul(g, table_like(g).astype(g.dtype)),
    "g /= W": lambda g: operator.itruediv(g, table_like(g).astype(g.dtype)),
    "g.copy()": lambda g: g.copy(),
    "np.copy": np.copy,
    "g.astype(float32)": lambda g: g.astype(np.float32),
    "g.astype(float64)": lambda g: g.astype("float64"),
    "g.__iadd__": lambda g: operator.iadd(g, 2 * g),
    "g *= float64": lambda g: operator.imul(g, np.float64(0.5)),
    "g += W": lambda g: operator.iadd(g, table_like(g)),
    "g -= W": lambda g: operator.isub(g, table_like(g)),
    "g += int array": lambda g: operator.iadd(g, table_like(g).astype(int)),
    "g * 0.5 * g": lambda g: g * 0.5 * g,
    "g * h": lambda g: g * h_like(g),
    "g.__isub__": lambda g: operator.isub(g, 2 * g),
    "g.__imul__": lambda g: operator.imul(g, 3),
    "g.__itruediv__": lambda g: operator.itruediv(g, 4),
}


@pytest.mark.parametrize("shape", [(5, d), (5,)], ids=["matrix", "vector"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_stay_gradients_of_the_dtype_that_arrays_have(expression, dtype, shape):
    compute = EXPRESSIONS[expression]
    g, dense = gradient(dtype=dtype, shape=shape)
    result, expected = compute(g), compute(dense)
    assert type(result) is RowGradient
    assert result.shape == expected.shape
    assert result.dtype == result.toarray().dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(g, dense)
    assert (result is g) == (expected is dense), "changed in place where an array is"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("other", DTYPES)
def test_a_sum_of_two_has_the_wider_dtype(dtype, other):
    g, dense_g = gradient(0, dtype)
    h, dense_h = gradient(1, other)
    assert (g + h).dtype == np.result_type(dtype, other)
    np.testing.assert_array_equal(g + h, dense_g + dense_h)
    np.testing.assert_array_equal(h - g, dense_h - dense_g)


@pytest.mark.parametrize("shape", [(V, d), (V, 1), (1, d), (d,), (1,), (1, 1)])
def test_arrays_that_broadcast_to_a_gradient_multiply_and_divide_it(shape):
    g, dense = gradient()
    A = 2.0 ** np.arange(np.prod(shape)).reshape(shape)
    for result, expected in [(g * A, dense * A), (A * g, dense * A), (g / A, dense / A)]:
        assert type(result) is RowGradient
        np.testing.assert_array_equal(result, expected)


def test_of_an_array_only_the_rows_that_occur_are_read():
    g = RowGradient([1, 1], np.array([1.0, 2.0]), n_rows=3)
    assert (g / np.array([0.0, 2.0, np.nan])).toarray().tolist() == [0, 1.5, 0]
    assert (g * np.array([np.inf, 2.0, np.nan])).toarray().tolist() == [0, 6, 0]
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert (g / np.zeros(3)).toarray().tolist() == [0, np.inf, 0]


@pytest.mark.parametrize("shape", [(2, V, d), (1, V, d), (V,), (2, d)])
def test_an_array_that_would_enlarge_a_gradient_is_refused(shape):
    message = f"the gradient has shape (10, 3), to which an array of shape {shape} does not broadcast"
    for do in (operator.mul, operator.truediv):
        with pytest.raises(ShapeError, match=re.escape(message)):
            do(gradient()[0], np.ones(shape))


def adagrad(W, G, g):
    G += g**2
    W -= 0.5 * g / (np.sqrt(G) + 1e-8)


def adagrad_by_products(W, G, g):
    G += g * g
    W += -0.5 * g / np.sqrt(G + 1e-8)


@pytest.mark.parametrize("step", [adagrad, adagrad_by_products])
def test_adagrad_by_hand(step):
    tables = [np.ones((V, d)) for _ in range(2)], [np.zeros((V, d)) for _ in range(2)]
    for seed in range(3):
        for W, G, g in zip(*tables, gradient(seed), strict=True):
            step(W, G, g)
    for by_rows, by_arrays in tables:
        np.testing.assert_array_equal(by_rows, by_arrays)


SAME_AS_DENSE: dict[str, Any] = {
    "np.shape": np.shape,
    "np.ndim": np.ndim,
    "np.size": np.size,
    "size": lambda g: g.size,
    "np.zeros_like": np.zeros_like,
    "np.zeros_like of a type": lambda g: np.zeros_like(g, dtype=np.float32),
    "np.zeros_like of a type by position": lambda g: np.zeros_like(g, np.float32),
    "np.allclose": lambda g: np.allclose(g, 2 * g),
    "np.allclose by name": lambda g: np.allclose(a=g, b=g),
    "np.isclose": lambda g: np.isclose(0.0, g),
    "np.array_equal": lambda g: np.array_equal(g, g),
    "np.iscomplexobj": np.iscomplexobj,
    "np.isrealobj": np.isrealobj,
    "np.asarray": np.asarray,
}


@pytest.mark.parametrize("shape", [(5, d), (5,)], ids=["matrix", "vector"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", SAME_AS_DENSE)
def test_functions_that_answer_as_for_an_array(function, dtype, shape):
    g, dense = gradient(dtype=dtype, shape=shape)
    actual, expected = SAME_AS_DENSE[function](g), SAME_AS_DENSE[function](dense)
    np.testing.assert_array_equal(actual, expected, strict=True)


def test_the_norm_by_numpy_is_its_own():
    g = gradient()[0]
    assert np.linalg.norm(g) == g.norm()


@pytest.mark.parametrize(
    "compare",
    [
        np.testing.assert_array_equal,
        np.testing.assert_equal,
        np.testing.assert_allclose,
        np.testing.assert_almost_equal,
        np.testing.assert_array_almost_equal,
    ],
)
def test_the_assertions_of_numpy_take_it(compare):
    g, dense = gradient()
    for pair in [(g, dense), (dense, g)]:
        compare(*pair)
    with pytest.raises(AssertionError):
        compare(g, dense + 1)


INTO_ARRAYS: dict[str, Any] = {
    "W + g": lambda W, g: W + g,
    "W - g": lambda W, g: W - g,
    "g + W": lambda W, g: g + W,
    "g - W": lambda W, g: g - W,
    "0.5 * W - 2 * g": lambda W, g: 0.5 * W - 2 * g,
    "np.add with out": lambda W, g: np.add(W, g, out=np.full(W.shape, 7.0)),
    "np.subtract from with out": lambda W, g: np.subtract(g, W, out=np.full(W.shape, 7.0)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dtype_of_W", [*DTYPES, "int64", "uint8", "bool"])
@pytest.mark.parametrize("expression", INTO_ARRAYS)
def test_sums_with_arrays_are_new_arrays(expression, dtype_of_W, dtype):
    compute, W = INTO_ARRAYS[expression], abs(integers(1, (V, d))).astype(dtype_of_W)
    g, dense = gradient(dtype=dtype)
    before = W.copy()
    result, expected = compute(W, g), compute(W, dense)
    assert type(result) is np.ndarray
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(W, before)


IN_PLACE: dict[str, Any] = {
    "W -= g": operator.isub,
    "W += g": operator.iadd,
    "np.add(W, g, out=W)": lambda W, g: np.add(W, g, out=W),
    "np.add(g, W, out=W)": lambda W, g: np.add(g, W, out=W),
    "np.subtract(W, g, out=W)": lambda W, g: np.subtract(W, g, out=W),
    "np.subtract(g, W, out=W)": lambda W, g: np.subtract(g, W, out=W),
}


@pytest.mark.parametrize("layout", ["C", "Fortran"])
@pytest.mark.parametrize("operation", IN_PLACE)
def test_in_place_the_table_is_the_same_object(operation, layout):
    update = IN_PLACE[operation]
    W = LAYOUTS[layout](integers(1, (V, d)))
    g, dense = gradient()
    expected = update(np.array(W), dense)
    assert update(W, g) is W
    np.testing.assert_array_equal(W, expected)
    np.testing.assert_array_equal(g, dense)


@pytest.mark.parametrize("layout", ["C", "Fortran"])
def test_it_adds_itself_to_a_table(layout):
    W, (g, dense) = LAYOUTS[layout](integers(1, (V, d))), gradient()
    expected = W - 2 * dense
    g.add_to(W, -2.0)
    np.testing.assert_array_equal(W, expected)


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "read-only"])
@pytest.mark.parametrize("shape", [(V, d), (V,)], ids=["matrix", "vector"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", "complex64"])
def test_in_place_takes_any_table_that_holds_floats_in_any_layout(dtype, shape, layout):
    W = LAYOUTS[layout](integers(1, shape).astype(dtype))
    table, (g, dense) = W, gradient(shape=(5, *shape[1:]))
    expected = np.array(W) - dense
    W -= g
    assert W is table
    np.testing.assert_array_equal(W, expected)


@pytest.mark.parametrize(("dtype", "dtype_of_W"), [("int64", "float64"), ("float64", "complex128")])
def test_an_output_that_cannot_hold_the_sum_is_left_as_it_was(dtype, dtype_of_W):
    (g, _), out = gradient(), np.full((V, d), 7, dtype)
    with pytest.raises(TypeError):
        np.add(np.ones((V, d), dtype_of_W), g, out=out)
    np.testing.assert_array_equal(out, 7)


def test_in_place_on_a_memory_map(tmp_path):
    W = np.memmap(tmp_path / "W", np.float32, "w+", shape=(V, d))
    table, (g, dense) = W, gradient()
    W -= g
    assert W is table
    W.flush()
    np.testing.assert_array_equal(np.fromfile(tmp_path / "W", np.float32).reshape(V, d), -dense)


def test_only_the_rows_that_occur_are_touched():
    W = np.full((V, d), np.nan)
    g, dense = gradient()
    W[dense.any(axis=1)] = 0
    W -= g
    np.testing.assert_array_equal(W, np.where(dense.any(axis=1)[:, None], -dense, np.nan))


def test_a_gradient_of_many_batches_goes_into_the_table_at_once():
    W, total, dense = np.zeros((V, d)), gradient(0)[0], gradient(0)[1]
    for seed in range(1, 4):
        g, more = gradient(seed)
        total += g
        dense = dense + more
    for target in (W, np.asfortranarray(W)):
        target -= 0.5 * total / 4
        np.testing.assert_array_equal(target, -0.125 * dense)


@pytest.mark.parametrize("dtype", [int, "uint8", bool])
def test_a_table_of_integers_is_refused_as_numpy_does(dtype):
    g, dense = gradient()
    W = np.zeros((V, d), dtype)
    with pytest.raises(TypeError):
        W -= dense
    with pytest.raises(DTypeError, match=f"to a table of {W.dtype}; make the table of floats"):
        W -= g


def test_a_read_only_table_is_refused():
    W = LAYOUTS["read-only"](np.zeros((V, d)))
    with pytest.raises(ValueError, match="the table is read-only: a gradient cannot be added in place; pass"):
        W -= gradient()[0]


@pytest.mark.parametrize("shape", [(), (V,), (V, 1), (V, d + 1), (V - 1, d), (V + 1, d), (1, d), (2, V, d)])
def test_shapes_must_be_equal(shape):
    g, W = gradient()[0], np.zeros(shape)
    message = re.escape(f"the gradient has shape (10, 3), the array it is added to {shape}")
    for add in (lambda: W - g, lambda: g + W, lambda: np.add(W, g, out=W), lambda: g.add_to(W)):
        with pytest.raises(ShapeError, match=message):
            add()


@pytest.mark.parametrize("shape", [(V, 5), (2, V, 1), (V,)])
def test_the_output_of_a_sum_must_have_its_shape(shape):
    """An output that NumPy could broadcast to would be written through a kernel that trusts shapes."""
    g = gradient(shape=(5, 1))[0]
    out = np.zeros(shape)
    with pytest.raises(ShapeError, match=re.escape(f"the sum has shape (10, 1), but out has shape {shape}")):
        np.add(np.zeros((V, 1)), g, out=out)
    assert not out.any()


def test_gradients_of_different_tables_do_not_add_up():
    with pytest.raises(ShapeError, match=re.escape("tables of different shapes, (10, 3) and (10, 2)")):
        gradient()[0] + gradient(shape=(5, 2))[0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_norm_is_of_the_summed_rows(dtype):
    g, dense = gradient(dtype=dtype)
    assert_close(g.norm(), np.linalg.norm(dense.astype(np.float64)), terms=dense.size)
    assert type(g.norm()) is float
    assert (g - g).norm() == 0
    assert (OneHot([], 3).T @ np.zeros((0, 2))).norm() == 0


def test_norm_of_float32_does_not_overflow():
    g = RowGradient([0, 1], np.full(2, 3e38, np.float32), n_rows=2)
    assert np.isfinite(g.norm())


def test_clip_shortens_what_is_longer():
    g, dense = gradient()
    norm = np.linalg.norm(dense)
    np.testing.assert_array_equal(g.clip(norm + 1), dense)
    assert_close(g.clip(norm / 2).toarray(), dense / 2, terms=dense.size)
    assert_close(g.clip(1e-3).norm(), 1e-3, terms=dense.size)
    for max_norm in (0, -1.0, np.nan):
        with pytest.raises(ValueError, match="max_norm must be positive, got"):
            g.clip(max_norm)


@pytest.mark.parametrize("scale", [1e300, 1e-200, 5e-324])
def test_a_norm_is_exact_where_squares_are_no_numbers(scale):
    g = RowGradient([0, 2], np.array([3 * scale, 4 * scale]), n_rows=3)
    assert g.norm() == pytest.approx(5 * scale, rel=1e-15, abs=0)
    if scale > 1e-300:
        assert g.clip(scale / 1e4).toarray() == pytest.approx([6e-5 * scale, 0, 8e-5 * scale], rel=1e-15, abs=0)


def test_a_factor_may_be_an_integer_of_any_size_that_floats_have():
    g = gradient()[0]
    np.testing.assert_array_equal(g * 2**70 / 2**70, g)


def test_a_quotient_whose_divisor_has_no_inverse():
    g = RowGradient([1], np.array([1e-310]), n_rows=2)
    np.testing.assert_array_equal(g / 1e-309, g.toarray() / 1e-309)


def test_a_sum_is_rounded_to_a_narrower_output_at_the_end():
    W, g, out = np.array([1e8 + 1]), RowGradient([0], np.array([-1e8]), n_rows=1), np.zeros(1, np.float32)
    assert np.add(W, g, out=out) is out
    assert out.tolist() == [1]
    assert np.subtract(W, -g, out=out).tolist() == [1]


MASKED = np.ma.masked_equal(np.arange(1.0, 1 + V * d).reshape(V, d), 2)
OF_MASKED = [operator.mul, operator.truediv, operator.add, operator.sub, operator.iadd, operator.isub]


@pytest.mark.parametrize("of_both", OF_MASKED)
def test_what_is_masked_is_not_read(of_both):
    with pytest.raises(DTypeError, match=r"masked values would be read; pass the array\.filled\(value\)"):
        of_both(gradient()[0], MASKED)


@pytest.mark.parametrize("add", [operator.iadd, operator.isub])
@pytest.mark.parametrize("shape", [(), (V,), (V, 1), (V, d + 1), (V - 1, d), (V + 1, d), (1, d), (2, V, d)])
def test_an_array_that_is_added_to_a_gradient_has_its_shape(shape, add):
    message = re.escape(f"the gradient has shape (10, 3), the array it is added to {shape}")
    with pytest.raises(ShapeError, match=message):
        add(gradient()[0], np.zeros(shape))


REFUSED: dict[str, Any] = {
    "g * a string": (lambda g: g * "2", UnsupportedError, "np.multiply is not defined"),
    "g * nothing": (lambda g: g * None, UnsupportedError, "np.multiply is not defined"),
    "g * what no float is": (lambda g: g * 10**400, UnsupportedError, "np.multiply is not defined"),
    "n_rows that is no integer": (lambda g: RowGradient([0], np.ones(1), n_rows=2.5), DTypeError, "n_rows=2.5 must be"),  # type: ignore[arg-type]
    "n_rows beyond arrays": (lambda g: RowGradient([0], np.ones(1), n_rows=2**70), ShapeError, "is more than an array"),
    "extended by a half": (lambda g: g.extended(V + 0.5), DTypeError, "must be an integer"),
    "sum of a list": (lambda g: sum([g, g]), ShapeError, "and sum() from the first gradient: sum(gs[1:], gs[0])"),
    "a buffer from 0": (lambda g: 0.9 * 0 + g, ShapeError, "a buffer starts from np.zeros_like(W), and sum()"),
    "g + 1": (lambda g: g + 1, ShapeError, "a number is added to g.toarray()"),
    "exp": (np.exp, UnsupportedError, "np.exp is not defined for a RowGradient; np.asarray(g) makes it dense (O(V d))"),
    "1 / g": (lambda g: 1 / g, UnsupportedError, "rows, sums = g.coalesce() gives the rows that occur"),
    "g ** 0": (lambda g: g**0, UnsupportedError, "np.power is not defined"),
    "2 ** g": (lambda g: 2**g, UnsupportedError, "np.power is not defined"),
    "array / g": (lambda g: np.ones((V, d)) / g, UnsupportedError, "np.divide is not defined"),
    "g * complex array": (lambda g: g * np.ones(d, complex), UnsupportedError, "np.multiply is not defined"),
    "g // 2": (lambda g: g // 2, UnsupportedError, "np.floor_divide is not defined"),
    "np.maximum": (lambda g: np.maximum(g, 2), UnsupportedError, "np.maximum is not defined"),
    "g ** array": (lambda g: g ** np.ones(d), UnsupportedError, "np.power is not defined"),
    "norms of the columns": (lambda g: np.linalg.norm(g, axis=0), UnsupportedError, "np.linalg.norm is not defined"),
    "g * X": (lambda g: g * OneHot([0] * V, d), UnsupportedError, "np.multiply is not defined"),
    "array *= g": (
        lambda g: operator.imul(np.ones((V, d)), g),
        UnsupportedError,
        "np.multiply with out= (or in place)",
    ),
    "g / g": (lambda g: g / g, UnsupportedError, "np.divide is not defined"),
    "complex": (lambda g: 1j * g, UnsupportedError, "np.multiply is not defined"),
    "==": (lambda g: g == g, UnsupportedError, "np.equal is not defined"),
    "product": (lambda g: np.ones((2, V)) @ g, UnsupportedError, "np.matmul is not defined"),
    "reduction": (np.add.reduce, UnsupportedError, "np.add.reduce is not defined"),
    "sum of columns": (
        lambda g: g.sum(axis=0),
        UnsupportedError,
        "sum along an axis is not defined for a RowGradient; np.asarray(g)",
    ),
    "np.sum of columns": (lambda g: np.sum(g, axis=0), UnsupportedError, "sum along an axis is not defined"),
    "np.max of columns": (lambda g: np.max(g, axis=0), UnsupportedError, "max along an axis is not defined"),
    "np.std": (np.std, UnsupportedError, "np.std is not defined"),
    "np.median": (np.median, UnsupportedError, "np.median is not defined"),
    "np.round": (np.round, UnsupportedError, "np.round is not defined"),
    "np.concatenate": (lambda g: np.concatenate([g, g]), UnsupportedError, "np.concatenate is not defined"),
    "np.save": (lambda g: np.save("never written", g), UnsupportedError, "np.save is not defined"),
    "another norm": (lambda g: np.linalg.norm(g, 1), UnsupportedError, "np.linalg.norm is not defined"),
    "np.clip": (lambda g: np.clip(g, -1, 1), UnsupportedError, "g.clip(max_norm) limits the norm; to limit each entry"),
    "clip of an array": (lambda g: g.clip(-1, 1), UnsupportedError, "RowGradient(rows, np.clip(sums, -1, 1)"),
    "mean": (lambda g: g.mean(axis=0), UnsupportedError, "mean along an axis is not defined"),
    "max": (lambda g: g.max(0), UnsupportedError, "max along an axis is not defined"),
    "min": (lambda g: g.min(0), UnsupportedError, "min along an axis is not defined"),
    "std": (lambda g: g.std(), UnsupportedError, "rows, sums = g.coalesce() gives the rows that occur"),
    "T": (lambda g: g.T, UnsupportedError, "T is not defined for a RowGradient"),
    "a name that arrays have not": (lambda g: g.nonsense, AttributeError, "'RowGradient' object has no attribute"),
    "astype(int)": (lambda g: g.astype(int), DTypeError, "values must be float32 or float64, got int64"),
    "a row": (lambda g: g[0], UnsupportedError, "g[...] is not defined for a RowGradient"),
    "assignment": (
        lambda g: operator.setitem(g, 0, 0),
        UnsupportedError,
        "a RowGradient cannot be changed; rows, sums",
    ),
    "where": (lambda g: np.add(np.zeros((V, d)), g, where=False), UnsupportedError, "np.add with where= is not"),
    "into a gradient": (lambda g: np.add(g, g, out=g), UnsupportedError, "np.add with out= (or in place) is not"),
    "an array into a gradient": (
        lambda g: np.add(np.zeros((V, d)), g, out=g),
        UnsupportedError,
        "np.add with out= (or in place) is not defined",
    ),
    "scaled into": (lambda g: np.multiply(g, 2, out=np.zeros((V, d))), UnsupportedError, "np.multiply with out="),
    "no copy": (lambda g: np.array(g, copy=False), ValueError, "a RowGradient has no dense array to share"),
    "hash": (hash, TypeError, "unhashable"),
    "iteration": (list, UnsupportedError, "a RowGradient is not iterated over: rows, sums = g.coalesce()"),
}


@pytest.mark.parametrize("operation", REFUSED)
def test_what_it_cannot_do_it_refuses(operation):
    do, error, message = REFUSED[operation]
    with pytest.raises(error, match=re.escape(message)):
        do(gradient()[0])


@pytest.mark.skipif(np.dtype(np.longdouble) == np.float64, reason="on this platform longdouble is float64")
def test_it_does_not_become_longdouble():
    with pytest.raises(UnsupportedError, match=r"np\.multiply is not defined"):
        np.longdouble(2) * gradient()[0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_sum_of_all_entries(dtype):
    g, dense = gradient(dtype=dtype)
    assert (np.sum(g), g.sum(), np.sum(g**2)) == (dense.sum(), dense.sum(), (dense**2).sum())
    assert np.sum(g).dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [[2, 0, 2], [0, 1, 2, 3, 1], []], ids=["some rows", "all rows", "no row"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("reduce", [np.sum, np.mean, np.max, np.amax, np.min, np.amin])
def test_reductions_are_of_the_dense_gradient(reduce, sign, rows, dtype):
    values = sign * np.arange(1, 2 * len(rows) + 1, dtype=dtype).reshape(-1, 2)
    g = RowGradient(np.array(rows, int), values, n_rows=4)
    result = reduce(g)
    assert result == reduce(g.toarray())
    assert result == getattr(g, reduce.__name__.replace("ama", "ma").replace("ami", "mi"))()
    assert result.dtype == dtype


def test_the_largest_entry_in_size():
    """What one looks at first when training blows up; of NaN it says NaN."""
    g, dense = gradient()
    assert np.abs(g).max() == np.abs(dense).max()
    assert np.isnan(RowGradient([1, 2], np.array([np.nan, 1.0]), n_rows=4).max())


@pytest.mark.parametrize("power", [0.5, 1, 3])
def test_any_positive_power(power):
    g = RowGradient([0, 2], np.array([4.0, 9.0]), n_rows=3)
    assert_close((g**power).toarray(), np.array([4.0, 0, 9.0]) ** power, terms=4)


def test_the_gradient_of_a_vector_as_a_column():
    g = RowGradient([1, 2, 1], np.array([1.0, 2.0, 4.0]), n_rows=4)
    np.testing.assert_array_equal(g[:, None], g.toarray()[:, None])
    np.testing.assert_array_equal(g[:, None] * np.ones((4, 2)), [[0, 0], [5, 5], [2, 2], [0, 0]])
    for key in (None, (None, slice(None)), (slice(1), None), 0):
        with pytest.raises(UnsupportedError, match=r"g\[...\] is not defined"):
            g[key]
    with pytest.raises(UnsupportedError, match=r"g\[...\] is not defined"):
        g[:, None][:, None]


def test_a_change_in_place_is_seen_under_every_name():
    """Clipping the gradients in a list, or adding weight decay to them, must not be lost."""
    g, dense = gradient()
    W, grads, arrays = table_like(g), [g], [dense]
    for each in (grads, arrays):
        for dW in each:
            dW *= 0.5
            dW += 0.25 * W
            dW /= 2
            dW -= dW * dW
    np.testing.assert_array_equal(g, dense)
    before = g.copy()
    g **= 2
    np.testing.assert_array_equal(g, dense**2)
    g *= 0
    assert not g.toarray().any()
    np.testing.assert_array_equal(before, dense)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_array_of_any_layout_is_added_to_a_gradient(layout):
    array = LAYOUTS[layout](np.arange(12.0).reshape(4, 3))
    g = RowGradient([0], np.ones((1, 3)), n_rows=4)
    g += array
    g -= 0.5 * array
    W = np.zeros((4, 3))
    W += g
    np.testing.assert_array_equal(W, 0.5 * np.arange(12.0).reshape(4, 3) + [[1], [0], [0], [0]])


@pytest.mark.parametrize("max_norm", [1.0, 1000.0])
def test_what_clip_returns_is_another_gradient(max_norm):
    g, dense = gradient()
    clipped = g.clip(max_norm)
    clipped *= 0
    np.testing.assert_array_equal(g, dense)


def test_gradients_of_different_shapes_are_not_multiplied():
    for shape in [(3, d), (4, 1), (4,)]:
        other = RowGradient([0], np.ones((1, *shape[1:])), n_rows=shape[0])
        with pytest.raises(ShapeError, match="gradients of different shapes"):
            RowGradient([0], np.ones((1, d)), n_rows=4) * other


def test_a_gradient_that_is_added_to_holds_no_more_than_the_table():
    """A velocity, v = mu v + g, must not keep the batches of all steps."""
    v = g = gradient()[0]
    for _ in range(50):
        v = 0.5 * v + g
    assert sum(part.indices.size for part in v._parts) <= 2 * V + CODES.size
    np.testing.assert_allclose(v.toarray(), 2 * gradient()[1], rtol=1e-12)


def test_a_sum_of_many_gradients_holds_few_parts():
    """Or each that is added would cost as much as all before it."""
    V, steps = 10_000, 500
    rng = np.random.default_rng(6)
    codes, G = rng.integers(0, V, (steps, 4)), integers(7, (steps, 4, 2))
    of_step = [OneHot(codes[step], V).T @ G[step] for step in range(steps)]
    total = sum(of_step[1:], of_step[0])
    assert len(total._parts) < 20
    pairs = [first + second for first, second in zip(of_step[::2], of_step[1::2], strict=True)]
    total_of_pairs = sum(pairs[1:], pairs[0])
    assert len(total_of_pairs._parts) < 20
    dense = (OneHot(codes.ravel(), V).T @ G.reshape(-1, 2)).toarray()
    np.testing.assert_array_equal(total, dense)
    np.testing.assert_array_equal(total_of_pairs, dense)


def test_few_gradients_are_kept_as_they_are():
    of_batch = [gradient(seed)[0] for seed in range(2)]
    total = OneHot(CODES, 100).T @ integers(0, (5, d)) + OneHot(CODES, 100).T @ integers(1, (5, d))
    assert [part.values.tolist() for part in total._parts] == [g._parts[0].values.tolist() for g in of_batch]


@pytest.mark.parametrize("factor", [np.inf, -np.inf, np.nan, np.float64(np.inf)])
def test_a_factor_that_is_not_finite_multiplies_the_sums_of_rows(factor):
    """The entries of a row one by one would add up to Inf - Inf."""
    g = RowGradient([1, 1, 2], np.array([3.0, -1.0, -1.0]), n_rows=4)
    for product in (factor * g, g * factor):
        np.testing.assert_array_equal(product, [0, factor * 2, factor * -1, 0])


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
def test_a_quotient_by_zero_is_of_the_sums_of_rows():
    g = RowGradient([1, 1, 2, 3, 3], np.array([3.0, -1.0, -1.0, 1.0, -1.0]), n_rows=4)
    np.testing.assert_array_equal(g / 0, [0, np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(g / np.float32(0), [0, np.inf, -np.inf, np.nan])


def test_a_sum_with_a_narrow_table_is_rounded_once():
    W = np.full(2, 6e4, np.float16)
    W -= RowGradient([0], np.array([7e4], np.float32), n_rows=2)
    np.testing.assert_array_equal(W, np.array([-1e4, 6e4], np.float16))


@pytest.mark.parametrize("change", [operator.add, operator.sub, operator.iadd, operator.isub, np.add, np.subtract])
def test_a_data_frame_plus_a_gradient_is_refused(change):
    """Pandas would add it to its blocks, which are the transpose of the table: wrong, unseen, where that is square."""
    pd = pytest.importorskip("pandas", reason="pandas is an extra")
    g = RowGradient([0, 0, 1], np.ones((3, 2)), n_rows=2)
    table = pd.DataFrame(np.zeros((2, 2)))
    with pytest.raises(UnsupportedError, match=r"to a DataFrame add g\.toarray\(\)"):
        change(table, g)
    np.testing.assert_array_equal(table, np.zeros((2, 2)))
    np.testing.assert_array_equal(g + table, [[2, 2], [1, 1]])
    np.testing.assert_array_equal(g * (table + 3), [[6, 6], [3, 3]])


@pytest.mark.parametrize("name", ["shape", "dtype"])
def test_attributes_that_the_kernels_trust_cannot_be_set(name):
    X = OneHot(CODES)
    for lazy in (X, X.T, X.T @ np.ones(5)):
        with pytest.raises(AttributeError, match=f"the {name} of a {type(lazy).__name__} cannot be set; build another"):
            setattr(lazy, name, getattr(lazy, name))


def test_an_optimizer_of_scipy_takes_a_gradient_that_is_not_dense():
    from scipy.optimize import minimize

    y = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    X = OneHot(CODES, dtype=np.float64)

    def loss(w):
        return np.logaddexp(0, X @ w).sum() - y @ (X @ w)

    def gradient_of_loss(w):
        return X.T @ (1 / (1 + np.exp(-(X @ w))) - y)

    def of_dense(w):
        return DENSE.T @ (1 / (1 + np.exp(-(DENSE @ w))) - y)

    start = np.zeros(V)
    found, expected = (minimize(loss, start, jac=jac, options={"maxiter": 5}) for jac in (gradient_of_loss, of_dense))
    np.testing.assert_allclose(found.x, expected.x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("layout", ["C", "F"])
def test_a_wide_gradient_is_scaled_before_it_is_added_to_a_narrow_table(layout):
    X, W = OneHot([0, 1], 2), np.zeros((2, 2), np.float32, order=layout)
    W -= (X.T @ np.full((2, 2), 1e-50)) / 1e-50
    W -= 1e-60 * (X.T @ np.full((2, 2), 1e60))
    np.testing.assert_array_equal(W, np.full((2, 2), -2))


def test_a_factor_may_be_one_that_a_narrow_table_cannot_hold():
    g = RowGradient([0, 1], np.array([1e-20, 0.0], np.float32), n_rows=3)
    np.testing.assert_allclose((g / 1e-40).toarray(), [1e20, 0, 0], rtol=1e-6)
    np.testing.assert_allclose((g / 1e-30 * 1e-40 / 1e-30).toarray(), [1, 0, 0], rtol=1e-6)


def test_an_extended_gradient_has_indices_of_the_taller_table():
    V = 2**31 - 5
    g = RowGradient([V - 1], np.ones((1, 1)), n_rows=V).extended(2**31 + 7)
    rows, sums = (g + RowGradient([2**31 + 6], np.ones((1, 1)), n_rows=2**31 + 7)).coalesce()
    assert rows.tolist() == [V - 1, 2**31 + 6]
    assert rows.dtype == np.int64
    assert sums.tolist() == [[1], [1]]
    assert len(g.extended(len(g))) == len(g)


def test_a_table_that_cannot_hold_the_sum_is_left_as_it_is():
    g, _ = gradient()
    W, out = np.ones((V, d), int), np.full((V, d), 7)
    with pytest.raises(DTypeError, match="cannot be added in place to a table of int64"):
        g.add_to(W)
    with pytest.raises(DTypeError, match="cannot be added in place to a table of int64"):
        np.add(W, g, out=out)
    assert (W == 1).all()
    assert (out == 7).all()


def test_masked_values_are_refused():
    masked, rows = np.ma.masked_equal(np.ones((2, 2)), 1.0), np.ma.masked_equal([0, 1], 1)
    X = OneHot([0, 1], 2)
    for use in (
        lambda: RowGradient([0, 1], masked, n_rows=2),
        lambda: X @ masked,
        lambda: X.T @ masked,
        lambda: OneHot.from_dense(masked),
        lambda: onehot.lookup(masked, [0]),
        lambda: onehot.scatter_add(masked, [0, 1], n_rows=2),
        lambda: onehot.scatter_add(np.ones((2, 1)), rows, n_rows=2),
        lambda: onehot.lookup(np.eye(2), rows),
        lambda: RowGradient(rows, np.ones(2), n_rows=2),
        lambda: X[rows],
    ):
        with pytest.raises(DTypeError, match="is a masked array, whose masked values would be read; pass"):
            use()


def test_a_table_has_no_fewer_than_no_rows():
    with pytest.raises(ShapeError, match="n_rows=-3 must not be negative"):
        RowGradient([], np.zeros((0, 2)), n_rows=-3)


def test_division_by_zero_is_what_it_is_for_arrays():
    g = RowGradient([0], np.ones(1), n_rows=1)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert (g / 0).toarray().tolist() == [np.inf]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("integer", ["int8", "int64", "uint64"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_built_from_rows(dtype, integer, layout):
    rows, values = np.array([3, 1, 3], integer), integers(2, (3, d)).astype(dtype)
    if layout != "byte-swapped":
        values = LAYOUTS[layout](values)
    g = RowGradient(LAYOUTS[layout](rows), values, n_rows=5)
    expected = np.zeros((5, d), dtype)
    np.add.at(expected, rows, values)
    np.testing.assert_array_equal(g, expected)
    assert g.dtype == dtype
    assert (g.shape, g.ndim, len(g)) == ((5, d), 2, 5)
    assert repr(g) == f"RowGradient(shape=(5, 3), dtype={np.dtype(dtype)}, entries=3)"


def test_built_from_no_rows():
    g = RowGradient([], np.zeros((0, 2)), n_rows=3)
    assert g.toarray().tolist() == [[0, 0]] * 3
    assert g.coalesce()[0].tolist() == []


def test_built_of_a_copy():
    rows, values = np.array([1]), np.array([1.0])
    g = RowGradient(rows, values, n_rows=2)
    rows[0], values[0] = -9, np.nan
    assert g.toarray().tolist() == [0, 1]


@pytest.mark.parametrize(
    ("rows", "values", "error", "message"),
    [
        ([-1], np.ones((1, 2)), RowIndexError, "row -1 is not in [0, 3)"),
        ([3], np.ones((1, 2)), RowIndexError, "row 3 is not in [0, 3)"),
        (np.array([2**64 - 1], np.uint64), np.ones((1, 2)), RowIndexError, f"row {2**64 - 1} is not in [0, 3)"),
        (np.array([-128], np.int8), np.ones(1), RowIndexError, "row -128 is not in [0, 3)"),
        ([0.0], np.ones((1, 2)), DTypeError, "rows must be integers, got float64"),
        ([True], np.ones((1, 2)), DTypeError, "rows must be integers, got bool"),
        ([0], np.ones((1, 2), int), DTypeError, "values must be float32 or float64, got int64"),
        ([0], np.ones((1, 2), ">f4"), DTypeError, "values must be float32 or float64, got >f4"),
        ([0, 1], np.ones((1, 2)), ShapeError, "rows (u,) and values (u, d) do not fit: got (2,) and (1, 2)"),
        ([[0]], np.ones((1, 2)), ShapeError, "do not fit: got (1, 1) and (1, 2)"),
        ([0], np.ones((1, 2, 2)), ShapeError, "do not fit: got (1,) and (1, 2, 2)"),
        (0, np.ones(()), ShapeError, "do not fit: got () and ()"),
    ],
)
def test_built_from_what_does_not_fit(rows, values, error, message):
    with pytest.raises(error, match=re.escape(message)):
        RowGradient(rows, values, n_rows=3)


@pytest.mark.parametrize("name", ["std", "T", "flags", "__array_interface__", "__dataframe__", "iloc", "todense"])
def test_what_is_not_there_is_found_missing(name):
    assert not hasattr(gradient()[0], name)
    assert not hasattr(RowGradient, name)


@pytest.mark.parametrize("through", [lambda g: pickle.loads(pickle.dumps(g)), copy.copy, copy.deepcopy])
def test_it_travels(through):
    g, dense = gradient()
    np.testing.assert_array_equal(through(2 * g + g), 3 * dense)
    W = np.zeros((V, d))
    W += through(g)
    np.testing.assert_array_equal(W, dense)


def test_extended_adds_rows_of_zeros_below():
    X = OneHot([2, 0, 2], 3)
    g = X.T @ np.array([[1.0], [10.0], [100.0]])
    taller = (2 * g).extended(5)
    assert taller.shape == (5, 1)
    assert taller.toarray().ravel().tolist() == [20, 0, 202, 0, 0]
    W = np.zeros((5, 1))
    W += taller + RowGradient([4], np.array([[7.0]]), n_rows=5)
    assert W.ravel().tolist() == [20, 0, 202, 0, 7]
    with pytest.raises(ShapeError, match="a gradient of 3 rows cannot be extended to 2"):
        g.extended(2)


def test_a_gradient_of_one_column_broadcasts_as_an_array_would():
    g = OneHot([[0, 1], [0, 2]], [3, 3], dtype=np.float64).T @ np.array([[2.0], [3.0]])
    F = np.arange(12.0).reshape(6, 2) + 1
    for product, expected in [(g * F, g.toarray() * F), (F * g, F * g.toarray()), (g / F, g.toarray() / F)]:
        assert isinstance(product, RowGradient)
        assert product.shape == (6, 2)
        assert np.array_equal(product.toarray(), expected)
    with pytest.raises(ShapeError, match=r"the gradient has shape \(6, 1\), to which an array of shape \(2, 6, 1\)"):
        g * np.ones((2, 6, 1))
    with pytest.raises(ShapeError, match=r"to which an array of shape \(5, 2\) does not broadcast"):
        g * F[:5]


@pytest.mark.parametrize("factor", [operator.imul, operator.itruediv])
def test_a_gradient_keeps_its_shape_in_place(factor):
    g = OneHot([0, 2], 4, dtype=np.float64).T @ np.ones((2, 1))
    with pytest.raises(ShapeError, match=r"in place, a gradient of shape \(4, 1\) cannot become one of shape \(4, 3\)"):
        factor(g, np.ones((4, 3)))
    assert g.toarray().ravel().tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("d", [(), (2,)], ids=str)
def test_many_small_entries_of_a_row_are_not_lost_beside_a_large_number(d):
    n, steps = 20_000, 20
    X, G = OneHot(np.zeros(n, int), 2), np.full((n, *d), 1 / n)
    W = np.ones((2, *d), np.float32)
    for _ in range(steps):
        W -= 0.0005 * (X.T @ G)
    expected = np.ones((2, *d))
    expected[0] -= steps * 0.0005
    assert_close(W, expected, np.float32, scale=1, terms=3 * steps)


@pytest.mark.parametrize("lazy", [OneHot([0, 1]), OneHot([0, 1]).T @ np.ones((2, 1))], ids=["matrix", "gradient"])
def test_the_truth_is_ambiguous(lazy):
    with pytest.raises(UnsupportedError, match="ambiguous, as that of an array"):
        bool(lazy)


def test_a_matrix_times_a_gradient_says_what_to_write():
    X = OneHot([0, 2], 4)
    with pytest.raises(UnsupportedError, match=r"write X @ g\.toarray\(\), O\(V d\)"):
        X @ (X.T @ np.ones((2, 1)))
