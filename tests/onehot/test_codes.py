"""The door: what is let in, as what, and what is turned away with which words."""

import re
from typing import Any

import numpy as np
import pytest

from onehot import CodeError, DTypeError, OneHot, ShapeError, _codes
from tests.onehot.oracle import INTEGERS, LAYOUTS, peak_memory

CODES = np.array([[0, 5], [3, 0], [1, 5], [3, 2]])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [*INTEGERS, "float16", "float32", "float64", "longdouble"])
def test_any_number_type_in_any_layout_gives_the_same_indices(dtype, layout):
    X = OneHot(LAYOUTS[layout](CODES.astype(dtype)))
    assert X.n_categories == (4, 6)
    np.testing.assert_array_equal(X.indices, CODES + np.array([0, 4]))
    assert X.indices.dtype == np.int32
    assert X.indices.flags.c_contiguous
    assert type(X.indices) is np.ndarray


@pytest.mark.parametrize("codes", [[2, 0, 1], (2, 0, 1), np.array([2, 0, 1]), [[2], [0], [1]], [2.0, -0.0, 1.0]])
def test_one_field_may_be_flat(codes):
    X = OneHot(codes)
    assert X.shape == (3, 3)
    assert X.indices.tolist() == [[2], [0], [1]]


@pytest.mark.parametrize(
    ("n_categories", "expected"),
    [(None, (4, 6)), (7, (7, 7)), ([4, 9], (4, 9)), (np.array([5, 6], np.uint8), (5, 6)), (np.int16(6), (6, 6))],
)
def test_n_categories(n_categories, expected):
    X = OneHot(CODES, n_categories)
    assert X.n_categories == expected
    assert [type(count) for count in X.n_categories] == [int, int]
    assert X.shape == (4, sum(expected))
    assert X.offsets.tolist() == [0, expected[0]]
    np.testing.assert_array_equal(X.indices - X.offsets, CODES)


def test_no_rows_need_n_categories():
    assert OneHot([], 3).shape == (0, 3)
    assert OneHot(np.empty((0, 2), int), [2, 3]).shape == (0, 5)
    with pytest.raises(CodeError, match="no rows to count categories in; pass n_categories"):
        OneHot([])


@pytest.mark.parametrize(
    ("V", "dtype"), [(2**31 - 1, np.int32), (2**31, np.int64), (2**31 + 5, np.int64), (2**63 - 2, np.int64)]
)
def test_indices_are_as_narrow_as_the_table_allows(V, dtype):
    X = OneHot([0, V - 1], V)
    assert X.indices.dtype == dtype
    assert X.indices.ravel().tolist() == [0, V - 1]


def test_offsets_count_towards_the_width_of_indices():
    X = OneHot(np.array([[0, 1], [2**31 - 2, 1]]))
    assert X.indices.dtype == np.int64
    assert X.indices.tolist() == [[0, 2**31], [2**31 - 2, 2**31]]


@pytest.mark.parametrize(
    ("codes", "n_categories"),
    [
        (np.array([2**64 - 1], np.uint64), None),
        (np.array([2**63 - 1]), None),
        (np.array([2**63 + 3], np.uint64), 2**64 - 1),
        (np.array([[2**62, 0], [0, 2**62]]), None),
    ],
)
def test_a_table_that_int64_cannot_index_is_refused(codes, n_categories):
    with pytest.raises(CodeError, match=r"field 0 has \d+ categories, more than 64-bit indices can count; renumber"):
        OneHot(codes, n_categories)


@pytest.mark.parametrize("dtype", ["int8", "int64", "float16", "float64"])
def test_missing_zero_is_a_block_without_a_one(dtype):
    X = OneHot(np.array([[-1, 1], [0, -1]], dtype), [2, 2], missing="zero")
    assert X.indices.tolist() == [[-1, 3], [0, -1]]
    assert X.toarray().tolist() == [[0, 0, 0, 1], [1, 0, 0, 0]]
    assert X.nnz == 2


@pytest.mark.parametrize("dtype", ["int8", "int64", "float16", "float64"])
def test_missing_own_is_one_more_category_a_field(dtype):
    X = OneHot(np.array([[-1, 1], [0, -1]], dtype), [2, 2], missing="own")
    assert X.n_categories == (3, 3)
    assert X.indices.tolist() == [[2, 4], [0, 5]]
    assert X.nnz == 4


def test_missing_own_keeps_its_category_where_nothing_is_missing():
    assert OneHot([0, 1], 2, missing="own").shape == OneHot([0, -1], 2, missing="own").shape == (2, 3)


@pytest.mark.parametrize(("missing", "code"), [("zero", -1), ("own", 2)])
def test_nan_is_missing(missing, code):
    X = OneHot([np.nan, 1.0], 2, missing=missing)
    assert X.indices.ravel().tolist() == [code, 1]


def test_a_field_of_missing_codes_has_one_category():
    assert OneHot([-1, -1], missing="zero").shape == (2, 1)
    assert OneHot([-1, -1], missing="own").shape == (2, 2)


def test_the_row_of_missing_codes_counts_where_tables_end():
    assert OneHot([0], 2**63 - 2, missing="own").shape == (1, 2**63 - 1)
    with pytest.raises(CodeError, match="more than 64-bit indices can count"):
        OneHot([0], 2**63 - 1, missing="own")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_dense_one_hot_matrix_is_not_taken_for_codes(dtype):
    A = np.eye(3, dtype=dtype)[[2, 0, 2]]
    with pytest.raises(
        CodeError, match=r"are a one-hot matrix; pass it to OneHot\.from_dense, or pass n_categories if"
    ):
        OneHot(A)
    assert OneHot(A, 2).shape == (3, 6)
    assert OneHot(A.astype(int)).shape == (3, 5), "no code of the second field is 1"
    assert OneHot(A[:, [0, 2]]).shape == (3, 4), "of two fields it is not so clear"


def test_missing_own_at_the_end_of_a_narrow_type():
    X = OneHot(np.array([127, -1], np.int8), missing="own")
    assert X.indices.ravel().tolist() == [127, 128]


DASH = "if -1 means missing, pass missing='zero' or missing='own'"
NAN = "if NaN means missing, pass missing='zero' or missing='own'"
NEGATIVE = "negative ones do not count from the end here"
LARGER = "pass a larger n_categories if the code is right"
WHOLE = "codes are whole numbers from 0"


@pytest.mark.parametrize(
    ("codes", "n_categories", "missing", "message"),
    [
        ([0, -1], 3, "error", f"field 0, row 1: code -1 is not in [0, 3); {DASH}"),
        ([0, -2], 3, "error", f"field 0, row 1: code -2 is not in [0, 3); {NEGATIVE}"),
        ([0, -2], 3, "zero", f"field 0, row 1: code -2 is not in [0, 3); {NEGATIVE}"),
        ([-1, -2], 3, "own", f"field 0, row 1: code -2 is not in [0, 3); {NEGATIVE}"),
        ([0, -2], None, "error", f"field 0, row 1: code -2 is not in [0, 1); {NEGATIVE}"),
        ([0, 3], 3, "error", f"field 0, row 1: code 3 is not in [0, 3); {LARGER}"),
        ([-1, 3], 3, "zero", f"field 0, row 1: code 3 is not in [0, 3); {LARGER}"),
        ([-1, 3], 3, "own", f"field 0, row 1: code 3 is not in [0, 3); {LARGER}"),
        ([[0, 0], [1, 7]], [2, 5], "error", f"field 1, row 1: code 7 is not in [0, 5); {LARGER}"),
        (np.array([2**64 - 1], np.uint64), 3, "zero", f"row 0: code {2**64 - 1} is not in [0, 3); {LARGER}"),
        ([[2.0, 0.5]], 3, "error", f"field 1, row 0: 0.5 is not a code; {WHOLE}"),
        ([0.0, np.inf], 3, "zero", f"field 0, row 1: inf is not a code; {WHOLE}"),
        ([0.0, -np.inf], None, "zero", f"field 0, row 1: -inf is not a code; {WHOLE}"),
        ([1e300], 3, "error", f"field 0, row 0: 1e+300 is not a code; {WHOLE}, and from 2**53 on such floats skip"),
        ([2.0**53], None, "error", f"field 0, row 0: 9007199254740992.0 is not a code; {WHOLE}, and from 2**53 on"),
        (np.array([0, 2**24], np.float32), None, "error", f"row 1: 16777216.0 is not a code; {WHOLE}, and from 2**24"),
        (np.array([2048], np.float16), 4096, "zero", f"row 0: 2048.0 is not a code; {WHOLE}, and from 2**11 on such"),
        (np.array([np.inf], np.float16), 3, "error", f"field 0, row 0: inf is not a code; {WHOLE}"),
        ([0.0, np.nan], 3, "error", f"field 0, row 1: nan is not a code; {NAN}"),
        ([0.0, -1.0], 3, "error", f"field 0, row 1: code -1 is not in [0, 3); {DASH}"),
        ([0], 3, "ignore", "missing='ignore' is not known; pass 'error', 'zero' or 'own'"),
        ([0], 0, "error", "n_categories[0] is 0; every field needs at least one category"),
        ([[0, 0]], [2, -1], "error", "n_categories[1] is -1; every field needs at least one category"),
    ],
)
def test_what_is_not_a_code_is_named(codes, n_categories, missing, message):
    with pytest.raises(CodeError, match=re.escape(message)):
        OneHot(codes, n_categories, missing=missing)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n", [63, 64, 65, 200, 1000])
def test_many_rows_are_read_as_few(n, layout):
    counts = (3, 40, 7)
    codes = np.random.default_rng(0).integers(0, counts, (n, 3))
    X = OneHot(LAYOUTS[layout](codes), counts)
    np.testing.assert_array_equal(X.indices, codes + np.array([0, 3, 43]))
    for row, field in [(0, 0), (n // 2, 1), (n - 1, 2)]:
        for wrong in (-2, counts[field]):
            changed = codes.copy()
            changed[row, field] = wrong
            with pytest.raises(CodeError, match=re.escape(f"field {field}, row {row}: code {wrong} is not in")):
                OneHot(LAYOUTS[layout](changed), counts)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_a_negative_code_never_passes_for_a_large_one(dtype, layout):
    """Read as unsigned, -1 is 255, and so is a byte-swapped -256: codes of a table that is tall enough, it seems."""
    for code in (-1, -2, -128 if dtype == "int8" else -256):
        codes = LAYOUTS[layout](np.array([[0], [code]], dtype))
        with pytest.raises(CodeError, match=f"row 1: code {code} is not in"):
            OneHot(codes, 2**40)


@pytest.mark.parametrize("dtype", ["int16", "int64", "uint32"])
def test_a_byte_swapped_code_is_read_in_its_own_order(dtype):
    codes = np.array([256], np.dtype(dtype).newbyteorder())
    assert OneHot(codes, 257).indices.tolist() == [[256]]
    with pytest.raises(CodeError, match="code 256 is not in"):
        OneHot(codes, 10)


def test_missing_codes_of_a_narrow_type_are_found_in_a_wide_table():
    codes = np.array([-1, 127], np.int8)
    assert OneHot(codes, 1000, missing="zero").indices.ravel().tolist() == [-1, 127]
    assert OneHot(codes, 1000, missing="own").indices.ravel().tolist() == [1000, 127]


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([True, False], "codes must be integers, got bool; for a boolean one-hot matrix use OneHot.from_dense"),
        (["a", "b"], "codes must be integers, got <U1; turn strings into codes first, with np.unique"),
        (np.array([b"a"]), "codes must be integers, got |S1; turn strings into codes first"),
        (np.array(["a"], np.dtypes.StringDType()), "got StringDType(); turn strings into codes first"),
        (np.array([1, "a"], object), "got object; field 0, row 1: 'a' is not a code; turn strings into codes first"),
        (
            np.array([1, None], object),
            "got object; field 0, row 1: None is not a code; pass an array of integers",
        ),
        (np.array([1, True], object), "got object; field 0, row 1: True is not a code; pass an array"),
        ([10**30], f"got object; field 0, row 0: {10**30} is not a code; "),
        ([1j], "codes must be integers, got complex128; pass an integer array"),
        (np.array(["2020-01-01"], "datetime64[D]"), "got datetime64[D]; pass an integer array"),
        (np.ma.array([0, 1], mask=[False, True]), "codes are a masked array; pass codes.filled(-1), and missing="),
    ],
)
def test_what_is_not_a_number_is_named(codes, message):
    with pytest.raises(DTypeError, match=re.escape(message)):
        OneHot(codes, 3)


def test_a_matrix_is_not_taken_for_codes():
    X = OneHot([0, 1])
    matrices: list[Any] = [X, X.T, X.tocsr()]
    for A in matrices:
        with pytest.raises(DTypeError, match=f"got {type(A).__name__}; from_sparse takes a one-hot matrix"):
            OneHot(A)


def test_a_masked_array_without_a_masked_entry_is_an_array():
    assert OneHot(np.ma.array([0, 1], mask=[False, False])).shape == (2, 2)


@pytest.mark.parametrize(
    ("codes", "n_categories", "message"),
    [
        (3, None, "codes must have shape (n,) or (n, f), got ()"),
        (np.zeros((2, 2, 2), int), None, "codes must have shape (n,) or (n, f), got (2, 2, 2)"),
        (np.zeros((3, 0), int), None, "codes of shape (3, 0) have no fields; one-hot needs at least one column"),
        ([[0, 0]], [2, 2, 2], "n_categories has shape (3,), but codes have 2 field(s); pass one number per field"),
        ([0], [[2]], "n_categories has shape (1, 1), but codes have 1 field(s)"),
    ],
)
def test_shapes_that_do_not_fit(codes, n_categories, message):
    with pytest.raises(ShapeError, match=re.escape(message)):
        OneHot(codes, n_categories)


@pytest.mark.parametrize("n_categories", [2.0, True, "3", [2.5]])
def test_n_categories_are_integers(n_categories):
    with pytest.raises(DTypeError, match="n_categories must be integers, got"):
        OneHot([0], n_categories)


@pytest.mark.parametrize("dtype", ["int32", "float16", "complex64", ">f4", object])
def test_the_ones_are_floats(dtype):
    with pytest.raises(DTypeError, match="dtype must be float32 or float64, got"):
        OneHot([0], dtype=dtype)


class Table:
    """What counts of a DataFrame."""

    columns = ("user", "city")

    def __init__(self, codes):
        self.codes = codes

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.codes, dtype)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([[0, 0], [0, 9]], "field 1 ('city'), row 1: code 9 is not in [0, 3)"),
        ([[0, 0.5]], "field 1 ('city'), row 0: 0.5 is not a code"),
        ([[np.nan, 0]], "field 0 ('user'), row 0: nan is not a code"),
    ],
)
def test_fields_are_called_by_their_names(codes, message):
    for build in (lambda: OneHot(Table(codes), 3), lambda: OneHot(codes, 3, names=["user", "city"])):
        with pytest.raises(CodeError, match=re.escape(message)):
            build()


def test_names_go_before_those_of_a_frame_and_are_as_many_as_fields():
    with pytest.raises(CodeError, match=re.escape("field 0 ('who'), row 0: code 9 is not in [0, 3)")):
        OneHot(Table([[9, 0]]), 3, names=["who", "where"])
    with pytest.raises(ShapeError, match=re.escape("1 names were given for 2 field(s)")):
        OneHot([[0, 0]], 3, names=["who"])


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "float64"])
def test_the_codes_may_be_changed_afterwards(dtype):
    codes = CODES.astype(dtype)
    X = OneHot(codes)
    before = X.indices.copy()
    codes[...] = 77
    np.testing.assert_array_equal(X.indices, before)


@pytest.mark.parametrize("attribute", ["indices", "offsets"])
def test_what_was_checked_cannot_be_changed(attribute):
    for X in (OneHot(CODES), OneHot(CODES)[:2], OneHot(CODES)[[0, 1]]):
        with pytest.raises(ValueError, match="read-only"):
            getattr(X, attribute)[0] = 9


def test_names_are_counted_before_they_are_used():
    with pytest.raises(ShapeError, match=re.escape("1 names were given for 2 field(s)")):
        OneHot([[0, 0.5]], 3, names=["who"])


def test_floats_of_two_categories_each_are_codes():
    assert OneHot(np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])).n_categories == (2, 2, 2)


def test_counts_beyond_64_bits_are_refused():
    with pytest.raises(CodeError, match=rf"n_categories={10**20} is more than 64-bit indices can count"):
        OneHot([0], 10**20)


def test_a_row_of_another_length_is_named():
    with pytest.raises(ShapeError, match="row 1 of codes has 1 values, but row 0 has 2"):
        OneHot([[1, 2], [3]])


def test_the_column_of_a_table_is_named():
    pd = pytest.importorskip("pandas", reason="in the test extra")
    with pytest.raises(DTypeError, match=r"field 1 \('b'\), row 0: 'x' is not a code; turn strings into codes first"):
        OneHot(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))


@pytest.mark.parametrize("code", [107.0, 2.0**53 - 1, np.float32(2**24 - 1), np.float16(2**11 - 1)], ids=repr)
def test_floats_are_codes_as_far_as_they_can_count(code):
    assert OneHot(np.array([code, 0]), 2**53 + 1).indices.ravel().tolist() == [int(code), 0]


@pytest.mark.parametrize("missing", ["zero", "own"])
@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float16, np.float64])
def test_codes_read_a_few_rows_at_a_time_are_those_read_at_once(dtype, missing, monkeypatch):
    codes = np.random.default_rng(0).integers(0, 9, (20, 3)).astype(dtype)
    codes[[4, 18], [1, 2]] = np.nan if codes.dtype.kind == "f" else -1
    at_once = OneHot(codes, missing=missing)
    monkeypatch.setattr(_codes, "NUMBERS_AT_ONCE", 7)
    X = OneHot(codes, missing=missing)
    assert (X.toarray() == at_once.toarray()).all()
    assert X.n_categories == at_once.n_categories
    assert X.nnz == (60 if missing == "own" else 58)


@pytest.mark.parametrize("code", [-1, -2, 5, 0.5, np.nan])
def test_the_row_of_a_wrong_code_counts_from_the_first(code, monkeypatch):
    monkeypatch.setattr(_codes, "NUMBERS_AT_ONCE", 7)
    codes = np.zeros((20, 2), type(code))
    codes[13, 1] = codes[17, 0] = code
    with pytest.raises(CodeError, match="field 1, row 13: "):
        OneHot(codes, 5)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
@pytest.mark.parametrize("missing", ["zero", "own"])
def test_missing_codes_take_the_memory_of_the_others(missing, dtype):
    codes = np.zeros((400_000, 10), dtype)
    codes[7, 3] = -1
    assert peak_memory(lambda: OneHot(codes, 5, missing=missing)) < 1.5 * codes.nbytes, "of which the indices are 1"
