"""Labels of any one type, and the weights of classes: what is wrong with them is named."""

from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from classifiers import SoftmaxRegression
from classifiers.labels import classes_of, index_of, read_labels, weights_of

CODES = np.array([[0], [1], [0], [1]])


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (np.array([True, False, True, False], dtype=object), [False, True]),
        (np.array([3, 1, 3, 1], dtype=object), [1, 3]),
        (np.array(["b", "a", "b", "a"], dtype=object), ["a", "b"]),
        (np.array(["b", "a", "b", "a"], dtype=np.dtypes.StringDType()), ["a", "b"]),
        ([2.0, 1.0, 2.0, 1.0], [1.0, 2.0]),
    ],
    ids=str,
)
def test_labels_of_one_type(y, classes):
    fitted = SoftmaxRegression().fit(CODES, y)
    assert fitted.classes_.tolist() == classes
    assert fitted.predict(CODES).tolist() == list(y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array(["a", "b", None, "a"], dtype=object), r"y, row 2: the label is missing \(None\)"),
        (np.array(["a", float("nan"), "b", "a"], dtype=object), "y, row 1: Input y contains NaN"),
        ([0.0, 1.0, 1.0, np.nan], "y, row 3: Input y contains NaN; every sample needs a label"),
        ([0.0, np.inf, 1.0, 0.0], "y, row 1: Input y contains infinity"),
        (np.array(["a", "b", 1, "a"], dtype=object), "y, row 2: 1 is of type int, but 'a' in row 0 of str"),
        (np.array([0, "b", 1, "a"], dtype=object), "y, row 1: 'b' is of type str, but 0 in row 0 of int"),
        (np.array([0.0, 1.0, np.inf, 0.0], dtype=object), "y, row 2: Input y contains infinity"),
        (np.array([b"a", b"b", 1, b"a"], dtype=object), "y, row 2: 1 is of type int, but b'a' in row 0 of bytes"),
        (
            np.array([date(2026, 1, 1)] * 4),
            r"y, row 0: datetime.date\(2026, 1, 1\) is of type date; labels are strings",
        ),
        (np.array(["a", [1], "b", "a"], dtype=object), r"y, row 1: \[1\] is of type list; labels are strings or num"),
        (["a", "b", np.nan, "b"], "y, row 2: Input y contains NaN"),
        ([1, "b", 1, "b"], "y, row 1: 'b' is of type str, but 1 in row 0 of int"),
        (pd.Series([(1, 2), (1, 2), (3, 4), (3, 4)]), r"y, row 0: \(1, 2\) is of type tuple; labels are strings or"),
        (np.array(["2026", "2027"] * 2, "M8[Y]"), r"y is of datetime64\[Y\]; labels .* pass y\.astype\(str\)"),
        (pd.Series([pd.Timestamp("2026", tz="UTC"), pd.NaT] * 2), "y, row 0: Timestamp.* is of type Timestamp; labels"),
        ([0.5, 0.25, 1.5, 0.1], "Unknown label type: continuous"),
    ],
    ids=str,
)
def test_what_is_no_label_is_named(y, message):
    with pytest.raises(ValueError, match=message):
        read_labels(CODES, y)


@pytest.mark.parametrize("dtype", ["Int64", "UInt8", "boolean", "int64[pyarrow]", "bool[pyarrow]"])
@pytest.mark.parametrize("kind", [pd.Series, pd.Index, pd.array])
def test_labels_of_pandas_that_could_have_gaps_stay_what_they_are(kind, dtype):
    big = 2**53 if "64" in dtype else 0
    values = [True, False, True, False] if dtype.startswith("bool") else [big, big + 1, big + 2, big]
    fitted = SoftmaxRegression().fit(CODES, kind(values, dtype=dtype))
    assert fitted.classes_.tolist() == sorted(set(values))
    assert fitted.classes_.dtype.kind in "biu"
    with pytest.raises(ValueError, match=r"y, row 1: (the label is missing|Input y contains NaN)"):
        SoftmaxRegression().fit(CODES, kind([values[0], None, *values[2:]], dtype=dtype))


def test_members_of_an_enumeration_are_the_strings_that_they_equal():
    class When(StrEnum):
        LATE = "late"
        ON_TIME = "on time"

    for y in ([When.LATE, When.ON_TIME] * 2, pd.Series([When.LATE, When.ON_TIME] * 2)):
        fitted = SoftmaxRegression().fit(CODES, y)
        assert [type(name) for name in fitted.classes_.tolist()] == [str, str]
        assert fitted.predict(CODES).tolist() == list(y)


def test_integers_that_no_type_holds_together_are_not_rounded():
    y = [2**63, -1, 2**63, -1]
    assert SoftmaxRegression().fit(CODES, y).predict(CODES).tolist() == y


def test_masked_labels_are_refused():
    with pytest.raises(ValueError, match="y, row 2: the label is masked"):
        SoftmaxRegression().fit(CODES, np.ma.masked_array([0, 1, 1, 0], mask=[False, False, True, False]))


def test_weights_may_be_as_large_as_numbers_are():
    fitted = SoftmaxRegression().fit(CODES, [0, 1, 0, 1], sample_weight=[1e308] * 4)
    assert fitted.score(CODES, [0, 1, 0, 1]) == 1
    with (
        pytest.raises(ValueError, match="a sample_weight times a class_weight is infinite"),
        np.errstate(over="ignore"),
    ):
        SoftmaxRegression(class_weight={0: 10.0}).fit(CODES, [0, 1, 0, 1], sample_weight=[1e308] * 4)


def test_no_labels_at_all():
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[4, 0\]"):
        read_labels(CODES, np.array([], dtype=object))


@pytest.mark.parametrize(
    ("y", "y_val", "message"),
    [
        (np.array(["a", "b", "a", "b"], object), [0, 1, 1, 0], "class 0 is not one of"),
        ([0, 1, 1, 0], np.array(["a", "b", "a", "b"], object), "class 'a' is not one of"),
    ],
    ids=["numbers", "strings"],
)
def test_validation_labels_of_another_type(y, y_val, message):
    with pytest.raises(ValueError, match=f"validation data: y, row 0: {message}"):
        SoftmaxRegression().fit(CODES, y, X_val=CODES, y_val=y_val)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"yes": 1, "maybe": 2}, r"class_weight names 'maybe', which is not one of the classes, \['no', 'yes'\]"),
        ({"yes": -3}, "class_weight of 'yes' is -3; weights are numbers from 0"),
        ({"yes": np.nan}, "class_weight of 'yes' is nan"),
        ({"yes": None}, "class_weight of 'yes' is None; weights are numbers from 0"),
        ({"yes": 10**400}, "class_weight of 'yes' is 10+; weights are numbers from 0"),
        ({"yes": "3"}, "class_weight of 'yes' is '3'"),
        ({"yes": 0, "no": 0}, "leave no weight at all"),
    ],
    ids=str,
)
def test_class_weights_that_mean_nothing(class_weight, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxRegression(class_weight=class_weight).fit(CODES, ["no", "yes", "yes", "no"])


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_what_is_no_weight_is_named(wrong):
    with pytest.raises(ValueError, match=rf"sample_weight, row 2: {wrong:g}\. "):
        SoftmaxRegression().fit(CODES, [0, 1, 0, 1], [1, 0, wrong, 1])


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, None, 1, 1], r"sample_weight, row 1: None\. Input sample_weight contains NaN"),
        (pd.Series([1, 1, pd.NA, 1]), r"sample_weight, row 2: <NA>\. Input sample_weight contains NaN"),
        (["1", "2", "3", "4"], r"sample_weight, row 0: '1'\. Input"),
        ([1, 1, 1, 10**400], r"sample_weight, row 3: 10+\. Input sample_weight contains infinity"),
        (-1.0, r"sample_weight, row 0: -1\. Negative values in data passed to `sample_weight`"),
        ([1.0], r"sample_weight\.shape == \(1,\), expected \(4,\), one weight a sample"),
    ],
    ids=str,
)
def test_what_else_is_no_weight(weight, message):
    for X in (CODES, pd.DataFrame({"a": list("xyxy"), "n": [1.0, 2.0, 3.0, 4.0]})):
        with pytest.raises(ValueError, match=message):
            SoftmaxRegression().fit(X, [0, 1, 0, 1], weight)


def test_one_weight_for_all_may_be_an_array():
    alike = SoftmaxRegression().fit(CODES, [0, 1, 0, 1])
    assert_array_equal(SoftmaxRegression().fit(CODES, [0, 1, 0, 1], np.array(2.0)).coef_, alike.coef_)


def test_a_masked_weight_is_named():
    with pytest.raises(
        ValueError, match=r"sample_weight, row 2: the weight is masked; pass sample_weight\.filled\(0\)"
    ):
        SoftmaxRegression().fit(CODES, [0, 1, 0, 1], np.ma.masked_equal([1, 1, 9, 1], 9))


def test_weights_of_bool_classes():
    weighted = SoftmaxRegression(class_weight={True: 3}).fit(CODES, [True, False, False, True])
    given = SoftmaxRegression().fit(CODES, [True, False, False, True], [3, 1, 1, 3])
    assert weighted.coef_ == pytest.approx(given.coef_)


def test_validation_data_in_the_place_of_weights_are_found():
    with pytest.raises(ValueError, match=r"sample_weight has shape \(4, 1\), .* by name, X_val= and y_val="):
        SoftmaxRegression().fit(CODES, [0, 1, 0, 1], CODES)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e308])
def test_balanced_weights_do_not_depend_on_the_scale_of_the_others(scale):
    classes, y_index = np.array([0, 1]), np.array([0, 1, 1, 1])
    weight: Any = weights_of(np.full(4, scale), "balanced", classes, y_index)
    np.testing.assert_allclose(weight / weight[0], [1, 1 / 3, 1 / 3, 1 / 3])


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint64", "bool", "float64", "U4"])
@pytest.mark.parametrize("extremes", ["", "both", "last"])
def test_classes_and_positions_are_those_of_unique_and_searchsorted(dtype, extremes):
    labels = np.random.default_rng(0).integers(0, 100, 500).astype(dtype)
    if extremes == "both" and labels.dtype.kind in "iu":
        labels[:2] = np.iinfo(dtype).min, np.iinfo(dtype).max
    elif extremes == "last" and labels.dtype.kind in "iu":
        labels += np.iinfo(dtype).max - labels.max()
    classes = classes_of(labels)
    expected, index = np.unique(labels, return_inverse=True)
    assert_array_equal(classes, expected, strict=True)
    assert_array_equal(index_of(classes, labels), index)


def test_sparse_labels_are_refused():
    y: Any = sparse.csr_array([[1, 2, 1, 2]])
    with pytest.raises(TypeError, match="Sparse data was passed"):
        read_labels(CODES, y)


@pytest.mark.parametrize("wrong", [-1, 3, 9, 10**6])
def test_a_class_that_is_none_is_named_wherever_it_lies(wrong):
    classes = np.array([0, 2, 8])
    with pytest.raises(ValueError, match=f"y, row 2: class {wrong} is not one of"):
        index_of(classes, np.array([0, 2, wrong]))


def test_balanced_weights_may_be_large_and_small():
    weight: Any = weights_of(np.array([1e308, 1e308, 1.0, 1e308]), "balanced", np.array([0, 1]), np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(weight, [0.5, 0.5, 1e-308, 1], atol=1e-300)
