import copy
import operator
import pickle
import re
from typing import Any

import joblib
import numpy as np
import pytest
from scipy import sparse

from onehot import CodeError, DTypeError, OneHot, RowIndexError, ShapeError, UnsupportedError
from tests.onehot.oracle import CASES, DTYPES, INTEGERS, LAYOUTS, assert_product, one_hot
from tests.tolerance import assert_close

pytestmark = pytest.mark.usefixtures("backend")

CODES = np.array([[0, 5], [3, 0], [1, 5], [3, 2], [2, 1]])
DENSE = one_hot(CODES, (4, 6))


@pytest.mark.parametrize("d", [None, 0, 1, 3, 17])
@pytest.mark.parametrize("dtype_of_W", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_forward(case, dtype, dtype_of_W, d):
    X, f = case.matrix(dtype), case.codes.shape[1]
    W = np.random.default_rng(1).normal(size=X.shape[1:] if d is None else (X.shape[1], d)).astype(dtype_of_W)
    for product in (X @ W, X.dot(W), np.matmul(X, W), np.dot(X, W), X.matvec(W)):
        assert_product(product, case.dense, W, terms=f)
        assert product.dtype == np.result_type(dtype, dtype_of_W)
        assert type(product) is np.ndarray


@pytest.mark.parametrize("dtype_of_b", DTYPES)
@pytest.mark.parametrize("dtype_of_W", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_layer_in_one_pass_has_the_bits_of_two(case, dtype, dtype_of_W, dtype_of_b):
    X, rng = case.matrix(dtype), np.random.default_rng(1)
    W, b = rng.normal(size=(X.shape[1], 3)).astype(dtype_of_W), rng.normal(size=3).astype(dtype_of_b)
    for layout in LAYOUTS.values():
        np.testing.assert_array_equal(X.affine(layout(W), layout(b)), X @ W + b, strict=True)


def test_a_column_of_numbers_is_added_as_to_any_product():
    W, column = np.arange(50.0).reshape(10, 5), np.arange(5.0)[:, None]
    X = OneHot(CODES, dtype=np.float64)
    np.testing.assert_array_equal(X.affine(W, column), X @ W + column)


def test_entries_of_a_sparse_matrix_that_are_there_twice_are_summed_first():
    S = sparse.csr_array((np.ones(3), [0, 3, 1], [0, 3]), shape=(1, 4))
    with pytest.raises(CodeError, match="row 0 has more than one 1 in field 0"):
        OneHot.from_sparse(S, [2, 2])
    twice = sparse.csr_array((np.ones(2), [0, 0], [0, 2]), shape=(1, 4))
    with pytest.raises(CodeError, match=r"row 0, column 0: 2.0 is neither 0 nor 1"):
        OneHot.from_sparse(twice)


def test_a_sparse_matrix_is_no_dense_one():
    matrix: Any = sparse.csr_array(np.eye(3))
    with pytest.raises(DTypeError, match=r"from_dense takes an array, got a csr_array; use OneHot\.from_sparse"):
        OneHot.from_dense(matrix)


def test_a_bias_of_another_width_is_refused():
    for wrong in (np.zeros(2), np.zeros((5, 2))):
        with pytest.raises(ValueError, match="could not be broadcast together"):
            OneHot(CODES).affine(np.zeros((10, 3)), wrong)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name", ["one row of three fields", "all different", "some missing", "a large batch of one field"]
)
def test_forward_takes_any_layout(name, dtype, layout):
    X = CASES[name].matrix()
    for shape in [X.shape[1:], (X.shape[1], 3)]:
        W = np.random.default_rng(2).normal(size=shape).astype(dtype)
        np.testing.assert_array_equal(X @ LAYOUTS[layout](W), X @ W)


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool", "float16", "longdouble", "complex64", "complex128"])
def test_forward_takes_any_number_type(dtype):
    W = np.random.default_rng(3).integers(0, 100, (10, 2)).astype(dtype)
    product = OneHot(CODES) @ W
    assert product.dtype == np.result_type(np.float32, dtype)
    np.testing.assert_array_equal(product, DENSE @ W)


@pytest.mark.parametrize("codes", [CODES, CODES[:, :1]], ids=["two fields", "one field"])
@pytest.mark.parametrize("dtype", ["U", "S"])
def test_a_table_of_strings_is_refused(codes, dtype):
    X = OneHot(codes)
    with pytest.raises(DTypeError, match=r"X @ W takes numbers, got W of [<|][US]1"):
        X @ np.full((X.shape[1], 2), "a", dtype)


def test_forward_takes_lists():
    assert (OneHot([1, 0]) @ [5, 7]).tolist() == [7, 5]
    assert (OneHot([1, 0]) @ [[5, 0], [7, 1]]).tolist() == [[7, 1], [5, 0]]


def test_forward_returns_new_memory():
    for codes in (CODES, CODES[:, :1]):
        X = OneHot(codes)
        W = np.ones((X.shape[1], 2), np.float32)
        Z = X @ W
        Z[...] = 9
        assert (W == 1).all()


def test_an_unsigned_row_among_others_never_becomes_negative():
    with pytest.raises(RowIndexError, match=rf"row {2**64 - 1} is not in \[0, 3\)"):
        OneHot([0, 1, 2], 3)[np.array([0, 2**64 - 1], np.uint64)]


@pytest.mark.parametrize("exponent", [1, 2, 0.5, np.float32(3)])
def test_powers_of_ones_and_zeros_are_what_they_were(exponent):
    X = OneHot([[-1, 0], [1, 2]], missing="zero")
    assert X**exponent is X
    assert np.power(X, exponent) is X
    assert np.square(X) is X * X is X
    np.testing.assert_array_equal(X.toarray() ** exponent, X.toarray())


@pytest.mark.parametrize("exponent", [0, -1, np.nan, 2j, "2", np.ones(3)])
def test_other_powers_are_refused(exponent):
    with pytest.raises(UnsupportedError, match="would have ones where X has zeros; only positive powers are X"):
        OneHot(CODES) ** exponent
    with pytest.raises(UnsupportedError, match=r"np\.power is not defined for a lazy one-hot matrix"):
        OneHot(CODES).T ** exponent


def test_what_is_not_finite_stays_in_its_rows():
    W = np.array([[1.0], [np.nan], [np.inf]])
    np.testing.assert_array_equal(OneHot([0, 2, 1, 0], 3) @ W, W[[0, 2, 1, 0]])


@pytest.mark.parametrize("m", [None, 0, 1, 3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_product_from_the_left(case, dtype, m):
    X = case.matrix(dtype)
    A = np.random.default_rng(4).normal(size=X.shape[:1] if m is None else (m, X.shape[0])).astype(dtype)
    for product in (A @ X, np.matmul(A, X), np.dot(A, X)):
        assert_product(product, A, case.dense, terms=max(case.codes.size, 1))
        assert product.dtype == dtype


def test_sparse_operands_give_dense_products():
    X, S = OneHot(CODES), sparse.csr_array(np.random.default_rng(0).integers(0, 2, (10, 5)))
    assert_close(X @ S, DENSE @ S.toarray())
    assert_close(S @ X, S.toarray() @ DENSE)


@pytest.mark.parametrize("codes", [CODES, CODES[:, :1]], ids=["two fields", "one field"])
@pytest.mark.parametrize("change", [-1, 1, 90])
def test_a_table_of_another_height_is_refused(codes, change):
    X = OneHot(codes)
    V = X.shape[1]
    for shape in [(V + change,), (V + change, 2), (V + change, 0), (2, V + change)]:
        with pytest.raises(ShapeError, match=re.escape(f"W has shape {shape}, but X has {V} columns")):
            X @ np.zeros(shape, np.float32)
    with pytest.raises(
        ShapeError, match=re.escape(f"A @ X: A has shape (2, {5 + change}), but X has 5 rows; A must be (m, 5)")
    ):
        np.zeros((2, 5 + change)) @ X


@pytest.mark.parametrize("codes", [CODES, CODES[:, :1]], ids=["two fields", "one field"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_table_of_another_dimension_is_refused(codes, dtype):
    X = OneHot(codes)
    for W in (np.zeros((X.shape[1], 2, 2), dtype), np.array(1.0, dtype), dtype(1)):
        with pytest.raises(ShapeError, match=re.escape(f"W has shape {W.shape}, but X has")):
            X @ W


def test_toarray_and_tocsr(case):
    for dtype in DTYPES:
        X = case.matrix(dtype)
        dense, csr = X.toarray(), X.tocsr()
        np.testing.assert_array_equal(dense, case.dense)
        np.testing.assert_array_equal(np.asarray(X), dense)
        np.testing.assert_array_equal(csr.toarray(), dense)
        assert dense.dtype == csr.dtype == dtype
        assert csr.indices.dtype == csr.indptr.dtype == X.indices.dtype
        assert csr.has_canonical_format
        assert X.nnz == csr.nnz == np.count_nonzero(dense)


def test_asarray_takes_a_dtype():
    assert np.asarray(OneHot([1, 0]), dtype=int).tolist() == [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match="no dense array to share"):
        np.array(OneHot([0]), copy=False)


def test_shape_and_its_kin():
    X = OneHot(CODES)
    assert X.shape == np.shape(X) == (5, 10)
    assert X.ndim == np.ndim(X) == 2
    assert len(X) == 5
    assert X.T.shape == X.transpose().shape == np.transpose(X).shape == (10, 5)
    assert X.T.T is X
    assert X.size == X.T.size == np.size(X) == 50
    assert X.nbytes == X.indices.nbytes


def test_repr():
    assert repr(OneHot(CODES)) == ("OneHot(shape=(5, 10), n_categories=(4, 6), dtype=float32, 5 x 2 indices of int32)")
    many = OneHot(np.zeros((1, 20), int))
    assert "n_categories=(1, 1, 1, 1, 1, 1, … 20 fields)" in repr(many)


def test_astype_shares_the_indices():
    X = OneHot(CODES)
    Y = X.astype(np.float64)
    assert Y.dtype == np.float64
    assert X.dtype == np.float32
    assert Y.indices is X.indices
    with pytest.raises(DTypeError, match="dtype must be float32 or float64, got int64"):
        X.astype(int)


SELECTIONS: dict[str, Any] = {
    "slice": slice(1, 4),
    "slice from the end": slice(-2, None),
    "slice with a step": slice(None, None, 2),
    "slice backwards": slice(None, None, -1),
    "empty slice": slice(3, 1),
    "slice beyond": slice(2, 99),
    "integers, repeated": [4, 0, 4],
    "unsigned integers": np.array([4, 0], np.uint64),
    "byte-swapped integers": np.array([4, 0], ">i4"),
    "nothing": [],
    "no strings": np.array([], "U3"),
    "no dates": np.array([], "M8[s]"),
    "mask": [True, False, False, True, True],
    "empty mask": np.zeros(5, bool),
}


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("codes", [CODES, CODES[:, :1]], ids=["two fields", "one field"])
def test_rows(codes, selection):
    rows = SELECTIONS[selection]
    X = OneHot(codes)
    dense = X.toarray()[np.array(rows, int) if selection.startswith("no") else rows]
    for Y in (X[rows], X[rows, :], X[rows, ...]):
        np.testing.assert_array_equal(Y.toarray(), dense)
        assert Y.shape == dense.shape
        assert Y.n_categories == X.n_categories
        assert Y.indices.flags.c_contiguous
        np.testing.assert_array_equal(Y @ np.arange(X.shape[1]), dense @ np.arange(X.shape[1]))


def test_rows_where_something_holds():
    X, mask = OneHot([0, 1, 2, 1], 3), np.array([True, False, True, True])
    for selection in (np.nonzero(mask), np.where(mask)):
        np.testing.assert_array_equal(X[selection].toarray(), X.toarray()[selection])


def test_rows_keep_what_is_missing():
    case = CASES["some missing"]
    X = case.matrix()[10:30]
    np.testing.assert_array_equal(X.toarray(), case.dense[10:30])
    assert_product(X @ np.eye(15), case.dense[10:30], np.eye(15), terms=3)


def test_rows_across_the_sizes_of_a_batch():
    codes = np.random.default_rng(5).integers(0, 7, 3000)
    X, W = OneHot(codes), np.random.default_rng(6).normal(size=(7, 2))
    for n in (1023, 1024, 1025, 3000):
        np.testing.assert_array_equal(X[:n] @ W, W[codes[:n]])
        np.testing.assert_array_equal(X[:n][::2][:5] @ W, W[codes[:n]][::2][:5])


REFUSED: dict[str, Any] = {
    "==": (lambda X: X == X, UnsupportedError, "== is not defined for a lazy one-hot matrix; compare X.indices"),
    "!=": (lambda X: X != 0, UnsupportedError, "compare X.indices and X.n_categories"),
    "hash": (hash, TypeError, "unhashable type: 'OneHot'"),
    "assignment": (lambda X: operator.setitem(X, 0, 1), UnsupportedError, "cannot be changed; build a new OneHot"),
    "iteration": (list, UnsupportedError, "are not iterated over; iterate over X.indices"),
    "a row": (lambda X: X[3], UnsupportedError, "for row 3 pass X[[3]]"),
    "a row from the end": (lambda X: X[-1], UnsupportedError, "for row 4 pass X[[4]]"),
    "a row before the first": (lambda X: X[-6], RowIndexError, "row -6 is not in [0, 5)"),
    "a negative row": (lambda X: X[[0, -1]], RowIndexError, "row -1 is not in [0, 5); negative ones do not"),
    "a row too many": (lambda X: X[[5]], RowIndexError, "row 5 is not in [0, 5)"),
    "a huge row": (lambda X: X[np.array([2**64 - 1], np.uint64)], RowIndexError, f"row {2**64 - 1} is not in [0, 5)"),
    "half a row": (lambda X: X[[0.5]], DTypeError, "rows must be integers or a boolean mask, got float64"),
    "a short mask": (lambda X: X[[True]], ShapeError, "a mask of 1 rows cannot select from 5"),
    "a matrix of rows": (
        lambda X: X[[[0, 1]]],
        UnsupportedError,
        "a 1-D integer array or a mask; got an array of shape (1, 2)",
    ),
    "a matrix mask": (lambda X: X[np.ones((5, 10), bool)], UnsupportedError, "got an array of shape (5, 10)"),
    "an entry": (
        lambda X: X[0, 1],
        UnsupportedError,
        "columns of a lazy one-hot matrix cannot be selected; use X.tocsr()",
    ),
    "some columns": (lambda X: X[:, 1:], UnsupportedError, "use X.tocsr()[rows, columns]"),
    "an array of columns": (lambda X: X[:, np.array([1, 2])], UnsupportedError, "use X.tocsr()[rows, columns]"),
    "codes of the ones": (lambda X: np.argmax(X, axis=1), UnsupportedError, "and X.indices - X.offsets the codes"),
    "ufunc": (np.exp, UnsupportedError, "np.exp is not defined for a lazy one-hot matrix; X @ W and X.T @ G are"),
    "reduction": (np.sum, UnsupportedError, "np.sum is not defined for a lazy one-hot matrix; use X.tocsr()"),
    "ufunc.reduce": (np.add.reduce, UnsupportedError, "np.add.reduce is not defined for a lazy one-hot matrix"),
    "norm": (np.linalg.norm, UnsupportedError, "np.linalg.norm is not defined for a lazy one-hot matrix"),
    "scaling": (lambda X: np.float64(2) * X, UnsupportedError, "np.multiply is not defined for a lazy one-hot matrix"),
    "X * 2": (lambda X: X * 2, UnsupportedError, "scale the result instead, c * (X @ W), or use X.tocsr()"),
    "2 * X": (lambda X: 2 * X, UnsupportedError, "np.multiply is not defined for a lazy one-hot matrix"),
    "X / 2": (lambda X: X / 2, UnsupportedError, "np.divide is not defined for a lazy one-hot matrix; scale the"),
    "-X": (operator.neg, UnsupportedError, "np.negative is not defined for a lazy one-hot matrix; scale the"),
    "X + X": (lambda X: X + X, UnsupportedError, "use X.tocsr() for sums with other matrices"),
    "X - 1": (lambda X: X - 1, UnsupportedError, "X.toarray() for sums with numbers"),
    "1 - X": (lambda X: 1 - X, UnsupportedError, "np.subtract is not defined for a lazy one-hot matrix"),
    "X + array": (lambda X: X + DENSE, UnsupportedError, "np.add is not defined for a lazy one-hot matrix"),
    "array + X": (lambda X: DENSE + X, UnsupportedError, "np.add is not defined for a lazy one-hot matrix"),
    "square by @": (lambda X: X @ X, UnsupportedError, "a product of two lazy one-hot matrices is not defined"),
    "Gram matrix by @": (lambda X: X @ X.T, UnsupportedError, "use X.tocsr() for products with other matrices"),
    "square": (lambda X: np.matmul(X, X), UnsupportedError, "use X.tocsr() for products with other matrices"),
    "what has no product": (lambda X: X @ "W", TypeError, "unsupported operand type(s) for @: 'OneHot' and 'str'"),
    "dot with out": (lambda X: np.dot(X, np.eye(10), np.empty((5, 10))), UnsupportedError, "np.dot is not defined"),
    "dot with out=": (lambda X: np.dot(X, np.eye(10), out=np.empty((5, 10))), UnsupportedError, "np.dot is not"),
    "matmul with out": (lambda X: np.matmul(X, np.eye(10), out=np.empty((5, 10))), UnsupportedError, "np.matmul is"),
    "size along an axis": (lambda X: np.size(X, axis=0), UnsupportedError, "np.size is not defined"),
    "X.sum()": (
        lambda X: X.sum(axis=0),
        UnsupportedError,
        "sum is not defined for a lazy one-hot matrix; use X.tocsr()",
    ),
    "X.mean()": (lambda X: X.mean(), AttributeError, "np.bincount(X.indices.ravel(), minlength=X.shape[1])"),
    "X.reshape()": (lambda X: X.reshape(-1), AttributeError, "X.toarray() or X.tocsr() take everything else"),
    "a name that arrays have not": (lambda X: X.iloc, AttributeError, "'OneHot' object has no attribute 'iloc'"),
    "X[None]": (lambda X: X[None], UnsupportedError, "takes a slice, a 1-D integer array or a mask; got None; X[:] is"),
    "X[...]": (lambda X: X[...], UnsupportedError, "got Ellipsis; X[:] is all of it"),
    "concatenate": (
        lambda X: np.concatenate([X, X]),
        UnsupportedError,
        "join the codes: OneHot(np.concatenate((codes1, codes2)), n_categories)",
    ),
    "hstack": (
        lambda X: np.hstack([X, X]),
        UnsupportedError,
        "OneHot(np.column_stack((codes1, codes2)), n_categories)",
    ),
}


@pytest.mark.parametrize("operation", REFUSED)
def test_what_it_cannot_do_it_refuses(operation):
    do, error, message = REFUSED[operation]
    with pytest.raises(error, match=re.escape(message)):
        do(OneHot(CODES))


@pytest.mark.parametrize("name", ["sum", "flags", "__array_interface__", "__dataframe__", "iloc", "todense"])
def test_what_is_not_there_is_found_missing(name):
    X = OneHot(CODES)
    for lazy in (X, X.T, OneHot):
        assert not hasattr(lazy, name)
        assert name not in dir(lazy) or lazy is OneHot  # a class lists what its instances refuse


def test_the_counts_that_the_messages_advise():
    X = OneHot(CODES)
    counts = np.bincount(X.indices.ravel(), minlength=X.shape[1])
    assert counts.tolist() == X.tocsr().sum(axis=0).tolist() == DENSE.sum(axis=0).tolist()


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 4), (np.float64, 8)])
def test_a_dense_array_that_would_fill_memory_is_made_only_if_asked_for(dtype, size, transpose):
    X = OneHot([0], 2**30, dtype=dtype)
    with pytest.raises(UnsupportedError, match=rf"takes {size}\.00 GiB; call X\.toarray\(\) if that is what you want"):
        np.asarray(X.T if transpose else X)


def test_a_dense_array_shares_no_memory_with_it():
    X = OneHot(CODES)
    assert not np.may_share_memory(X, np.asarray(X))


@pytest.mark.parametrize("name", ["dtype", "indices", "missing", "n_categories", "offsets", "shape"])
def test_its_attributes_cannot_be_set(name):
    X = OneHot(CODES)
    with pytest.raises(AttributeError, match=f"the {name} of a OneHot cannot be set; build another OneHot"):
        setattr(X, name, getattr(X, name))


def test_tables_beyond_32_bits():
    V = 2**31 + 5
    X = OneHot([[2**31 + 1, 0], [0, 1]], [V, 2])
    assert X.shape == (2, V + 2)
    assert X.indices.dtype == X.tocsr().indices.dtype == np.int64
    assert (X @ np.empty((V + 2, 0))).shape == (2, 0)
    ones = np.broadcast_to(np.float32(1), (V + 2, 1))  # takes no memory
    assert (X @ ones).tolist() == [[2], [2]]
    rows, sums = (X.T @ np.array([[1.0], [10.0]])).coalesce()
    assert rows.tolist() == [0, 2**31 + 1, V, V + 1]
    assert sums.ravel().tolist() == [10, 1, 1, 10]
    assert X[[1]].tocsr().nnz == 2


@pytest.mark.parametrize("field", [1, 2])
@pytest.mark.parametrize(
    "through",
    [pickle.dumps, copy.copy, copy.deepcopy, OneHot.copy, np.copy],
    ids=["pickle", "copy", "deepcopy", "X.copy()", "np.copy"],
)
def test_it_travels(through, field):
    X = OneHot(CODES[:, :field], dtype=np.float64, missing="zero")
    Y = pickle.loads(through(X)) if through is pickle.dumps else through(X)
    W, G = np.random.default_rng(7).normal(size=(2, 10, 3))
    W, G = W[: X.shape[1]], G[: X.shape[0]]
    np.testing.assert_array_equal(Y @ W, X @ W)
    np.testing.assert_array_equal(Y.T @ G, X.T @ G)
    assert repr(Y) == repr(X)
    assert Y.dtype is X.dtype, "the shortest way through X @ W asks for the very object"
    assert not Y.indices.flags.writeable
    assert not Y.offsets.flags.writeable


def test_it_works_on_memory_that_joblib_maps(tmp_path):
    X, W = OneHot(CODES), np.random.default_rng(8).normal(size=(10, 3)).astype(np.float32)
    joblib.dump((X, W), tmp_path / "model")
    Y, V = joblib.load(tmp_path / "model", mmap_mode="r")
    assert isinstance(Y.indices, np.memmap)
    np.testing.assert_array_equal(Y @ V, X @ W)
    np.testing.assert_array_equal(Y[1:3] @ V, X[1:3] @ W)
    np.testing.assert_array_equal(Y.T @ V[:5], X.T @ W[:5])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "bool"])
def test_from_dense_and_from_sparse_read_what_they_wrote(case, dtype):
    X = case.matrix()
    dense = X.toarray().astype(dtype)
    formats = [sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.csr_matrix]
    builders = [OneHot.from_dense(dense, case.n_categories, missing=case.missing)]
    builders += [OneHot.from_sparse(S(dense), case.n_categories, missing=case.missing) for S in formats]
    for Y in builders:
        np.testing.assert_array_equal(Y.indices, X.indices)
        assert Y.n_categories == X.n_categories


def test_from_sparse_leaves_its_argument_alone():
    S = sparse.coo_array((np.ones(2), ([0, 1], [1, 1])), shape=(2, 3))
    unsorted = sparse.csr_array((np.array([0.0, 1.0, 1.0]), [2, 0, 1], [0, 2, 3]), shape=(2, 3))
    for matrix in (S, unsorted):
        before = matrix.copy()
        OneHot.from_sparse(matrix)
        np.testing.assert_array_equal(matrix.toarray(), before.toarray())
        assert matrix.nnz == before.nnz


def test_from_dense_takes_one_block_by_default():
    assert OneHot.from_dense(np.eye(3)).n_categories == (3,)
    assert OneHot.from_dense(np.zeros((2, 3)), missing="zero").nnz == 0
    assert OneHot.from_dense([[0, 0], [0, 1]], missing="own").indices.tolist() == [[2], [1]]


MISSING = "if that means missing, pass missing='zero' or missing='own'"


@pytest.mark.parametrize("build", [OneHot.from_dense, lambda A, c: OneHot.from_sparse(sparse.csr_array(A), c)])
@pytest.mark.parametrize(
    ("A", "n_categories", "message"),
    [
        ([[1, 0], [0, 2]], None, "row 1, column 1: 2 is neither 0 nor 1: not a one-hot matrix"),
        ([[1, 0], [0, -1.5]], None, "row 1, column 1: -1.5 is neither 0 nor 1"),
        ([[1, 0], [np.nan, 0]], None, "row 1, column 0: nan is neither 0 nor 1"),
        ([[1, 0], [1, 1]], None, "row 1 has more than one 1 in field 0: not a one-hot matrix; of several fields, pass"),
        ([[1, 0, 0, 1]], [1, 1, 2], "row 0 has no 1 in field 1: not a one-hot matrix; " + MISSING),
        ([[1, 1, 1, 1]], [1, 1, 2], "row 0 has more than one 1 in field 2"),
        ([[1, 0], [0, 0]], None, "row 1 has no 1 in field 0: not a one-hot matrix; " + MISSING),
        ([[1, 0, 1]], [2, 2], "n_categories (2, 2) add up to 4, but the matrix has 3 columns"),
    ],
)
def test_what_is_not_one_hot_is_named(build, A, n_categories, message):
    with pytest.raises((CodeError, ShapeError), match=re.escape(message)):
        build(np.array(A), n_categories)


def test_what_is_not_a_matrix_is_named():
    with pytest.raises(ShapeError, match=re.escape("a one-hot matrix has shape (n, V), got (3,)")):
        OneHot.from_dense([0, 1, 0])
    for S in (np.eye(2), sparse.coo_array([0, 1, 0])):
        with pytest.raises(
            DTypeError,
            match=f"from_sparse takes a 2-D scipy sparse array, got {type(S).__name__}; use OneHot.from_dense",
        ):
            OneHot.from_sparse(S)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [slice(1, 3), np.array([2, 0]), np.array([True, False, True, False])], ids=str)
def test_a_batch_has_the_dtype_of_its_matrix(dtype, rows):
    X = OneHot([0, 1, 2, 1], 3, dtype=dtype)
    assert X[rows].dtype == dtype
    assert (X[rows] @ np.eye(3, dtype=np.float32)).dtype == dtype


def test_astype_takes_copy_as_arrays_do():
    X = OneHot([0, 2], 3)
    assert X.astype(np.float64, copy=False).dtype == np.float64
    g = X.T @ np.ones((2, 1), np.float32)
    assert g.astype(np.float32, copy=False) is g
    assert g.astype(np.float32) is not g
    assert g.astype(np.float64, copy=False).dtype == np.float64
