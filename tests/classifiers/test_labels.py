"""Labels of any one type: what is wrong with them is named."""

from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from classifiers import SoftmaxRegression
from classifiers.reading.labels import classes_of, index_of, read_labels

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
        (np.array(["2026", "NaT"] * 2, "M8[Y]"), r"y, row 1: the label is missing \(NaT\)"),
        (np.array([Fraction(1, k) for k in (3, 7, 7, 3)]), "continuous"),
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


def test_labels_are_scored_as_they_are_fitted():
    class Answer(StrEnum):
        NO = "no"
        YES = "yes"

    y = [Answer.NO, Answer.YES, Answer.NO, Answer.YES]
    assert SoftmaxRegression().fit(CODES, y).score(CODES, y) == 1
