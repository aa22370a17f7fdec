"""Weights of samples and of classes: what is wrong with them is named."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from classifiers import SoftmaxRegression
from classifiers.reading.sample_weights import weights_of

CODES = np.array([[0], [1], [0], [1]])


def test_weights_may_be_as_large_as_numbers_are():
    fitted = SoftmaxRegression().fit(CODES, [0, 1, 0, 1], sample_weight=[1e308] * 4)
    assert fitted.score(CODES, [0, 1, 0, 1]) == 1
    with (
        pytest.raises(ValueError, match="a sample_weight times a class_weight is infinite"),
        np.errstate(over="ignore"),
    ):
        SoftmaxRegression(class_weight={0: 10.0}).fit(CODES, [0, 1, 0, 1], sample_weight=[1e308] * 4)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"yes": 1, "maybe": 2}, r"class_weight names 'maybe', .* classes, \['no', 'yes'\], and does not name 'no'$"),
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


def test_class_weights_may_name_a_class_that_a_part_of_the_data_lacks():
    y = ["no", "yes", "yes", "no"]
    of_all, of_these = ({"no": 1, "yes": 3, "maybe": 9}, {"no": 1, "yes": 3})
    with_more, alike = (SoftmaxRegression(class_weight=weights).fit(CODES, y) for weights in (of_all, of_these))
    np.testing.assert_array_equal(with_more.coef_, alike.coef_)


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_what_is_no_weight_is_named(wrong):
    with pytest.raises(ValueError, match=rf"sample_weight, row 2: {wrong}\. "):
        SoftmaxRegression().fit(CODES, [0, 1, 0, 1], [1, 0, wrong, 1])


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, None, 1, 1], r"sample_weight, row 1: None\. Input sample_weight contains NaN"),
        (pd.Series([1, 1, pd.NA, 1]), r"sample_weight, row 2: <NA>\. Input sample_weight contains NaN"),
        (["1", "2", "3", "4"], r"sample_weight, row 0: '1'\. Weights are numbers"),
        ([1, 1, 1, 10**400], r"sample_weight, row 3: 10+\. Input sample_weight contains infinity"),
        (-1.0, r"sample_weight, row 0: -1\.0\. Negative values in data passed to `sample_weight`"),
        ([1.0], r"sample_weight\.shape == \(1,\), expected \(4,\)"),
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


def test_balanced_weights_may_be_large_and_small():
    weight: Any = weights_of(np.array([1e308, 1e308, 1.0, 1e308]), "balanced", np.array([0, 1]), np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(weight, [0.5, 0.5, 1e-308, 1], atol=1e-300)


def test_weights_may_be_of_any_type_of_number():
    codes, y = np.array([[0], [1], [2], [0]]), [0, 1, 1, 0]
    expected = SoftmaxRegression().fit(codes, y, [3.0, 1.0, 2.0, 1.0]).predict_proba(codes)
    kinds: tuple[Any, ...] = ([Decimal(w) for w in (3, 1, 2, 1)], np.array([3, np.True_, 2, np.True_], object))
    for weights in kinds:
        assert_array_equal(SoftmaxRegression().fit(codes, y, weights).predict_proba(codes), expected)
    SoftmaxRegression(class_weight={0: Decimal(2)}).fit(codes, y)


def test_a_part_of_the_data_weighs_something_too():
    with pytest.raises(ValueError, match="leave no weight at all"):
        SoftmaxRegression(solver="sgd").partial_fit(CODES, [0, 1, 0, 1], classes=[0, 1], sample_weight=[0] * 4)


def test_no_weight_at_all_cannot_be_balanced():
    with pytest.raises(ValueError, match="leave no weight at all"):
        weights_of(np.zeros(4), "balanced", np.array([0, 1]), np.array([0, 0, 1, 1]))


def test_a_part_whose_weights_round_to_zero_has_a_loss():
    model = SoftmaxRegression(solver="sgd")
    model.partial_fit([[0], [1]], [0, 1], classes=[0, 1], sample_weight=[1e-300, 1e-300])
    assert np.isfinite(model.history_[0].loss)
