"""Fields beside numbers: what `test_design_matrix`, which holds them to the dense matrix [C | N], does not meet."""

import numpy as np

from classifiers.mixed_matrix import MixedMatrix
from onehot import OneHot


def test_a_missing_field_selects_nothing(dtype):
    X = MixedMatrix(OneHot([[0, -1], [1, 2]], [2, 3], missing="zero", dtype=dtype), np.array([[2], [3]], dtype))
    assert X.tocsr().toarray().tolist() == [[1, 0, 0, 0, 0, 2], [0, 1, 0, 0, 1, 3]]
    assert (X @ np.arange(6, dtype=dtype)[:, None]).ravel().tolist() == [10, 20]
    assert (X.T @ np.ones((2, 1), dtype)).toarray().ravel().tolist() == [1, 1, 0, 0, 1, 5]
    assert X.nnz == 5


def test_the_gradient_of_numbers_of_which_some_are_zero(dtype):
    X = MixedMatrix(OneHot([0, 1], 2, dtype=dtype), np.array([[2, 0], [0, 0]], dtype))
    dW = X.T @ np.ones((2, 1), dtype)
    assert dW.toarray().ravel().tolist() == [1, 1, 2, 0]
    assert dW.coalesce()[0].tolist() == [0, 1, 2]


def test_both_parts_change_their_precision(dtype):
    X = MixedMatrix(OneHot([0, 1], 2, dtype=dtype), np.ones((2, 1), dtype)).astype(np.float64)
    assert X.codes.dtype == X.numbers.dtype == np.float64


def test_the_gradient_of_numbers_of_which_the_first_are_zero(dtype):
    X = MixedMatrix(OneHot([0, 1], 2, dtype=dtype), np.array([[0, 2], [0, 0]], dtype))
    dW = X.T @ np.ones((2, 1), dtype)
    assert dW.toarray().ravel().tolist() == [1, 1, 0, 2]
    assert dW.coalesce()[0].tolist() == [0, 1, 3]
