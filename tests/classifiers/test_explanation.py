"""Contributions: exact rows of W without hidden layers; with them, what leaving a column out changes."""

import numpy as np
import pytest
from scipy import sparse

from classifiers import MLPClassifier, SoftmaxRegression
from onehot import OneHot, ShapeError
from tests.tolerance import assert_close

X = np.array([["Oslo", 40.0], ["Bergen", 20.0], ["Oslo", 30.0], ["Voss", 60.0]], dtype=object)
Y = ["a", "b", "c", "a"]


def test_of_a_linear_model_they_are_rows_of_the_weights_exactly():
    model = SoftmaxRegression(alpha=0.1, dtype=np.float64).fit(X, Y)
    told = model.explain(X[1:2])
    W = model.coef_.T
    z = (20 - 37.5) / np.std([40, 20, 30, 60])
    assert told.features == ("x0=Bergen", "x1=20")
    assert (told.contributions[0] == W[0]).all()
    assert_close(told.contributions[1], z * W[3], terms=10)
    assert (told.baseline == model.intercept_).all()
    assert not told.interaction.any()
    assert (told.logits == model.decision_function(X[1:2])[0]).all()
    assert_close(told.baseline + told.contributions.sum(axis=0), told.logits, terms=10)


def test_of_a_network_they_are_the_change_when_a_column_is_left_out():
    model = MLPClassifier((5,), solver="adam", max_iter=20, handle_missing="zero", dtype=np.float64, random_state=0)
    model.fit(X, Y)
    told = model.explain(X[:1])
    without = np.array([[None, 40.0], ["Oslo", 37.5]], dtype=object)
    assert_close(told.contributions, told.logits - model.decision_function(without), terms=100)
    assert_close(told.baseline, model.decision_function(np.array([[None, 37.5]], dtype=object))[0], terms=100)
    assert_close(told.baseline + told.contributions.sum(axis=0) + told.interaction, told.logits, terms=100)
    assert "(interaction)" in str(told)


@pytest.mark.parametrize(
    "convert",
    [
        np.asarray,
        lambda c: OneHot(c, [3, 2]),
        lambda c: OneHot(c, [3, 2]).tocsr(),
        lambda c: OneHot(c, [3, 2]).toarray(),
    ],
    ids=["codes", "OneHot", "csr", "dense"],
)
def test_every_format_of_a_row_is_told_alike(convert):
    codes = np.array([[0, 1], [2, 0], [1, 1]])
    model = SoftmaxRegression(n_categories=[3, 2]).fit(codes, [0, 1, 1])
    told = model.explain(convert(codes[1:2]))
    assert told.features == ("x0=2", "x1=0")
    assert (told.contributions == model.coef_.T[[2, 3]]).all()


def test_of_a_design_matrix_its_zeros_are_left_out():
    A = sparse.csr_array(np.array([[0, 0.5, 0, 2], [1, 0, 0, 0]]))
    model = SoftmaxRegression().fit(A, [0, 1])
    told = model.explain(A[:1])
    assert told.features == ("x1=0.5", "x3=2")
    assert_close(told.contributions, A.toarray()[0, [1, 3], None] * model.coef_.T[[1, 3]], np.float32, terms=2)


@pytest.mark.parametrize("model", [SoftmaxRegression(), MLPClassifier((3,), max_iter=1, random_state=0)], ids=repr)
def test_of_a_row_of_zeros_there_is_the_baseline(model):
    A = np.array([[0, 0.5], [1, 0], [0, 0]])
    told = model.fit(A, [0, 1, 0]).explain(A[2:])
    assert told.features == ()
    assert told.contributions.shape == (0, 2)
    np.testing.assert_array_equal(told.logits, told.baseline)


def test_one_row_at_a_time():
    model = SoftmaxRegression().fit(X, Y)
    with pytest.raises(ShapeError, match=r"X has 2 rows; explain takes one, like X\[3:4\]"):
        model.explain(X[:2])


def test_it_prints_as_a_table():
    lines = str(SoftmaxRegression(alpha=0.1).fit(X, Y).explain(X[:1])).splitlines()
    assert lines[0].split() == ["a", "b", "c"]
    assert [line.split()[0] for line in lines[1:]] == ["x0=Oslo", "x1=40", "(baseline)", "logit"]
    assert len({len(line) for line in lines}) == 1
