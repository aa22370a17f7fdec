"""Arrays that begin with a cache line, and are otherwise NumPy's."""

import numpy as np
import pytest

from classifiers import MLPClassifier, SoftmaxRegression, _aligned_arrays
from classifiers.optimizers import Adagrad, Adam
from tests.onehot.oracle import peak_memory


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(7, 3), (1000, 64), (5,)])
@pytest.mark.parametrize("name", ["empty", "zeros"])
def test_they_begin_with_a_line(name, shape, dtype):
    array, expected = getattr(_aligned_arrays, name)(shape, dtype), getattr(np, name)(shape, dtype)
    assert (array.shape, array.dtype) == (expected.shape, expected.dtype)
    assert array.flags.carray
    assert array.ctypes.data % 64 == 0
    if name == "zeros":
        assert not array.any()


def test_zeros_touch_no_memory():
    assert peak_memory(lambda: _aligned_arrays.zeros((1000, 64), np.float32)) < 1.1 * 1000 * 64 * 4


@pytest.mark.parametrize(
    "solver", ["sgd", "momentum", "adagrad", "rmsprop", "adam", Adam(), Adagrad(row_wise=True)], ids=str
)
@pytest.mark.parametrize("model", [SoftmaxRegression(max_iter=1), MLPClassifier((16,), max_iter=1)], ids=str)
def test_tables_and_what_optimizers_keep_of_them_do(model, solver):
    fitted = model.set_params(solver=solver).fit([[0, 1], [1, 0], [2, 1]], [0, 1, 1])
    states = [array for state in fitted._optimizer.states for array in state.values()]
    for array in (fitted._network.weights[0].values, *states):
        assert array.ctypes.data % 64 == 0


def test_a_negative_length_is_refused():
    with pytest.raises(ValueError, match=r"shape \(-3, 2\) has a negative length"):
        _aligned_arrays.empty((-3, 2), np.float32)
