import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.model_file._archive import Arrays, ModelFileError
from classifiers.model_file._plain_values import decode, encode
from classifiers.stopping import AnyOf, LossChange, MaxEpochs

NUMPY_SCALARS = st.one_of(
    st.floats(width=32).map(np.float32),
    st.floats().map(np.float64),
    st.integers(-(2**63), 2**63 - 1).map(np.int64),
    st.booleans().map(np.bool_),
    st.text().map(np.str_),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), NUMPY_SCALARS)
KEYS = st.one_of(st.text(), st.integers(), st.booleans(), st.tuples(st.integers(), st.text()))
VALUES = st.recursive(
    LEAVES, lambda v: st.one_of(st.lists(v), st.lists(v).map(tuple), st.dictionaries(KEYS, v)), max_leaves=20
)


def same(a, b):
    """Tell whether two values are equal, and of equal types throughout; NaN equals NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    return a == b or (a != a and b != b)


@given(VALUES)
def test_values_come_back_through_json(value):
    arrays: Arrays = {}
    text = json.dumps(encode(value, "value", arrays), allow_nan=False)
    assert arrays == {}
    assert same(decode(json.loads(text), arrays), value)


@pytest.mark.parametrize(
    "array",
    [np.arange(6).reshape(2, 3), np.array(1.5), np.empty((0, 4), np.float32), np.array(["a", "bc"]), np.array([True])],
)
def test_arrays_come_back_beside_it(array):
    arrays: Arrays = {}
    value = encode({"x": [array]}, "value", arrays)
    assert list(arrays) == ["value/x/0"]
    np.testing.assert_array_equal(decode(value, arrays)["x"][0], array, strict=True)
    assert arrays == {}, "each array is taken once"


def test_arrays_of_objects_hold_plain_values():
    value = encode(np.array(["a", 1, None], dtype=object), "value", {})
    assert decode(value, {}).tolist() == ["a", 1, None]
    with pytest.raises(ModelFileError, match="value, 1=<object"):
        encode(np.array(["a", object()], dtype=object), "value", {})


def test_nested_settings_come_back():
    rule = MaxEpochs(3) | (MaxEpochs(4) | LossChange(np.float64(1e-3)))
    assert decode(json.loads(json.dumps(encode(rule, "rule", {}))), {}) == rule
    assert isinstance(rule, AnyOf)


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", 1j, np.float128(1) if hasattr(np, "float128") else 2j, int, len])
def test_foreign_values_are_refused(value):
    with pytest.raises(ModelFileError, match="is not of a kind that a model file holds"):
        encode([value], "value", {})


@pytest.mark.parametrize(
    "scalar", [["object", 1], ["float32", "a"], ["int8", 1000], ["datetime64[s]", 1], ["i4,i4", 1]]
)
def test_a_scalar_is_of_its_dtype(scalar):
    with pytest.raises((ModelFileError, OverflowError, TypeError, ValueError)):
        decode({"scalar": scalar}, {})


def test_infinities_are_written_as_json():
    assert encode([math.inf, -math.inf], "value", {}) == [{"float": "inf"}, {"float": "-inf"}]
