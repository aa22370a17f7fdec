"""Losses: facts worked out by hand, stability, gradients against differences, and weights that are repetition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.activations import relu, sigmoid
from classifiers.losses import accuracy, cross_entropy, log_softmax, mse, sample_nll, softmax
from onehot import DTypeError
from tests.tolerance import assert_close

DTYPES = [np.float32, np.float64]


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return rng.normal(scale=3, size=(7, 4)), rng.integers(0, 4, size=7)


def test_the_mse_of_three_salaries():
    loss, dprediction = mse([480_000, 310_000, 690_000], [500_000, 300_000, 700_000])
    assert loss == 200_000_000
    assert_close(dprediction, [-40_000 / 3, 20_000 / 3, -20_000 / 3])


@pytest.mark.parametrize("dtype", DTYPES)
def test_ten_equal_logits_cost_ln_10(dtype):
    z = np.full((3, 10), 0.7, dtype)
    assert_close(sample_nll(z, [0, 4, 9]), np.full(3, math.log(10)), dtype, terms=10)
    assert_close(cross_entropy(z, [0, 4, 9])[0], math.log(10), dtype, terms=12)


def test_the_worked_example_of_two_weights():
    x, y, lr = 2.0, 10.0, 0.01

    def loss_and_gradients(w1, b1, w2, b2):
        h, backprop = relu.forward(np.array([w1 * x + b1]))
        loss, dprediction = mse(w2 * h + b2, [y])
        dz = backprop(dprediction * w2)
        return loss, np.array([dz[0] * x, dz[0], dprediction[0] * h[0], dprediction[0]])

    parameters = np.array([1.0, 0.0, 1.0, 0.0])
    loss, gradients = loss_and_gradients(*parameters)
    assert loss == 64
    assert gradients.tolist() == [-32, -16, -32, -16]
    parameters -= lr * gradients
    assert parameters == pytest.approx([1.32, 0.16, 1.32, 0.16])
    assert loss_and_gradients(*parameters)[0] == pytest.approx(37.75, abs=0.005)


def test_the_worked_example_of_a_sigmoid():
    a2, y, z2 = 0.646, 0.8, np.array([0.6])
    _, dprediction = mse([a2], [y])
    dz2 = dprediction / 2 * sigmoid.derivative(z2)  # the example's loss is half the squared error
    assert dz2[0] == pytest.approx(-0.035, abs=5e-4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_logits_of_ten_thousand_are_exact(dtype):
    z = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 1e4]], dtype)
    assert_close(sample_nll(z, [1, 0]), np.array([2e4, 2e4 + math.log(2)], dtype))
    assert softmax(z).tolist() == [[1, 0, 0], [0, 0.5, 0.5]]
    assert log_softmax(z)[0].tolist() == [0, -2e4, -1e4]
    loss, dlogits = cross_entropy(z, [0, 1])
    assert_close(loss, math.log(2) / 2, dtype, terms=4)
    assert dlogits.tolist() == [[0, 0, 0], [0, -0.25, 0.25]]
    assert {softmax(z).dtype, log_softmax(z).dtype, sample_nll(z, [0, 0]).dtype, dlogits.dtype} == {np.dtype(dtype)}


def test_cross_entropy_is_the_mean_of_sample_nll(batch):
    z, y = batch
    nll = [-math.log(math.exp(row[k]) / sum(map(math.exp, row))) for row, k in zip(z, y, strict=True)]
    assert_close(sample_nll(z, y), nll, terms=8)
    assert_close(cross_entropy(z, y)[0], np.mean(nll), terms=16)


def difference(function, at, direction, step=1e-6):
    return (function(at + step * direction) - function(at - step * direction)) / (2 * step)


@pytest.mark.parametrize("weight", [None, np.array([0, 1, 2, 3, 0.5, 0, 1])])
def test_the_gradient_of_cross_entropy_is_its_difference_quotient(batch, weight):
    z, y = batch
    _, dlogits = cross_entropy(z, y, weight)
    for direction in np.random.default_rng(1).normal(size=(5, *z.shape)):
        numeric = difference(lambda at: cross_entropy(at, y, weight)[0], z, direction)
        assert numeric == pytest.approx(np.vdot(dlogits, direction), abs=1e-8)
    assert_close(dlogits.sum(axis=1), np.zeros(len(y)), scale=1, terms=8)


def test_the_gradient_of_mse_is_its_difference_quotient(batch):
    prediction, target = batch[0], batch[0] ** 2
    _, dprediction = mse(prediction, target)
    direction = np.random.default_rng(1).normal(size=prediction.shape)
    numeric = difference(lambda at: mse(at, target)[0], prediction, direction)
    assert numeric == pytest.approx(np.vdot(dprediction, direction), rel=1e-8)


@given(weight=st.lists(st.integers(0, 3), min_size=7, max_size=7).filter(any))
def test_weights_are_repetition(weight):
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(7, 4)), rng.integers(0, 4, size=7)
    loss, dlogits = cross_entropy(z, y, weight)
    expected, parts = cross_entropy(np.repeat(z, weight, axis=0), np.repeat(y, weight))
    assert_close(loss, expected, terms=64)
    assert_close(dlogits, [parts[np.repeat(np.arange(7), weight) == i].sum(axis=0) for i in range(7)], terms=8)


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: np.repeat(a, 2, axis=0)[::2], lambda a: a[::-1][::-1]])
def test_layout_and_integer_type_do_not_matter(batch, layout):
    z, y = batch
    weight = np.arange(7.0)
    loss, dlogits = cross_entropy(z, y, weight)
    z, y, weight = layout(z), layout(y.astype(np.uint8)), layout(weight)
    y.flags.writeable = z.flags.writeable = False
    other_loss, other_dlogits = cross_entropy(z, y, weight)
    assert other_loss == loss
    assert (other_dlogits == dlogits).all()


def test_nan_is_not_hidden():
    loss, _ = cross_entropy([[math.nan, 0.0], [0.0, 1.0]], [0, 1])
    assert math.isnan(loss)


def test_accuracy_counts_the_first_of_equal_logits():
    assert accuracy([[1, 1, 0], [0, 2, 2], [3, 0, 0]], [0, 2, 0]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cross_entropy(np.zeros((2, 3)), [0, 3]), r"row 1: label 3 is not in \[0, 3\)"),
        (lambda: sample_nll(np.zeros((2, 3)), [-1, 0]), r"row 0: label -1 is not in \[0, 3\)"),
        (lambda: accuracy(np.zeros((2, 3)), [0.0, 1.0]), r"integer labels, got float64; np\.unique\(y, return_inverse"),
        (lambda: sample_nll(np.zeros((2, 3)), [0]), r"do not fit or are empty; got \(2, 3\) and \(1,\)"),
        (lambda: sample_nll(np.zeros((2, 3)), np.eye(3)[:2]), r"of one-hot labels, pass y\.argmax\(axis=1\)"),
        (lambda: sample_nll(np.zeros((0, 3)), []), r"do not fit or are empty; got \(0, 3\) and \(0,\)"),
        (
            lambda: cross_entropy(np.zeros((2, 3)), [0, 1], [1, -1]),
            "sample_weight, row 1: -1 is not a weight; weights are numb",
        ),
        (lambda: cross_entropy(np.zeros((2, 3)), [0, 1], [0, 0]), "all of sample_weight is zero"),
        (lambda: cross_entropy(np.zeros((2, 3)), [0, 1], [1, np.inf]), "sample_weight, row 1: inf is not a weight"),
        (lambda: cross_entropy(np.zeros((2, 3)), [0, 1], [1]), r"shape \(1,\), expected \(2,\), one weight per sample"),
        (lambda: mse([1.0, 2.0], [1.0]), r"one shape, not empty; got \(2,\), \(1,\)"),
        (lambda: mse([], []), r"one shape, not empty"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-46, 1.0, 1e38, 5e307])
def test_the_scale_of_the_weights_changes_nothing(scale, dtype):
    Z, y = np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 0.0]], dtype), [1, 0, 1]
    loss, dlogits = cross_entropy(Z, y, np.array([1.0, 2.0, 1.0]) * scale)
    expected, expected_dlogits = cross_entropy(Z, y, [1.0, 2.0, 1.0])
    assert loss == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(dlogits, expected_dlogits, rtol=1e-6)


def test_log_softmax_of_rows_far_apart():
    Z = np.array([[0.0, 1e4], [0.0, 0.0], [-1e4, -1e4]])
    np.testing.assert_allclose(log_softmax(Z)[1:], -np.log(2))


@pytest.mark.parametrize("function", [softmax, log_softmax])
@pytest.mark.parametrize("Z", [3.0, np.empty((2, 0))], ids=str)
def test_a_softmax_needs_a_class(function, Z):
    with pytest.raises(ValueError, match=r"logits must have shape \(\.\.\., K\) with a class or more, got \("):
        function(Z)


def test_logits_have_two_axes():
    with pytest.raises(ValueError, match=r"logits \(n, K\) and y \(n,\) do not fit"):
        accuracy(np.zeros((2, 2, 2)), [0, 1])


def test_masked_values_are_refused():
    masked, Z = np.ma.array([0, 1], mask=[False, True]), np.zeros((2, 2))
    with pytest.raises(DTypeError, match="y is a masked array"):
        cross_entropy(Z, masked)
    with pytest.raises(DTypeError, match="y is a masked array"):
        sample_nll(Z, masked)
    with pytest.raises(DTypeError, match="logits is a masked array"):
        sample_nll(np.ma.array(Z, mask=np.eye(2, dtype=bool)), [0, 1])
    with pytest.raises(DTypeError, match="sample_weight is a masked array"):
        cross_entropy(Z, [0, 1], masked)
    with pytest.raises(DTypeError, match="prediction is a masked array"):
        mse(masked, [1.0, 1.0])


@pytest.mark.parametrize("values", [["1", "2"], [1j, 2]])
def test_only_real_numbers_have_a_loss(values):
    with pytest.raises(DTypeError, match="must be real numbers, got"):
        softmax(np.array(values))
    with pytest.raises(DTypeError, match="prediction must be real numbers, got"):
        mse(values, [1.0, 2.0])


def test_the_squared_error_of_large_single_numbers_is_finite():
    loss, _ = mse(np.array([1e20], np.float32), np.array([0], np.float32))
    assert_close(loss, 1e40, np.float32)


def test_underflow_is_no_error():
    with np.errstate(all="raise"):
        assert log_softmax([[0.0, 1e4]]).tolist() == [[-1e4, 0]]
        assert softmax([[0.0, 1e4]]).tolist() == [[0, 1]]
        assert cross_entropy([[0.0, 1e4]], [1])[0] == 0
        cross_entropy(np.zeros((2, 2), np.float32), [1, 0], [1.0, 1e-40])
