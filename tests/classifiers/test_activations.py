"""Activations against scalar oracles, central differences, and the laws that they obey."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifiers.activations import (
    Activation,
    elu,
    elu_with,
    gelu,
    gelu_tanh,
    get_activation,
    identity,
    leaky_relu,
    leaky_relu_with,
    relu,
    sigmoid,
    softmax,
    tanh,
)
from tests.tolerance import assert_close

DTYPES = [np.float32, np.float64]
ELEMENTWISE = [identity, sigmoid, tanh, relu, leaky_relu, leaky_relu_with(slope=0.3), elu, elu_with(alpha=2.5)]
ELEMENTWISE += [gelu, gelu_tanh]
BY_NAME = {activation.name: activation for activation in ELEMENTWISE}
ALL = [*ELEMENTWISE, softmax]
Z = np.linspace(-8, 8, 641)


def logistic(z):
    return 1 / (1 + math.exp(-z))


def normal_cdf(z):
    return math.erfc(-z / math.sqrt(2)) / 2


def density(z):
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def u(z):
    return math.sqrt(8 / math.pi) * (z + 0.044715 * z**3)


def du(z):
    return math.sqrt(8 / math.pi) * (1 + 3 * 0.044715 * z**2)


# name: the value at a scalar z, and the terms whose sum is the derivative there.
ORACLES = {
    "identity": (lambda z: z, lambda z: [1]),
    "sigmoid": (logistic, lambda z: [logistic(z) * logistic(-z)]),
    "tanh": (math.tanh, lambda z: [1, -(math.tanh(z) ** 2)]),
    "relu": (lambda z: max(z, 0.0), lambda z: [float(z > 0)]),
    "leaky_relu": (lambda z: z if z > 0 else 0.01 * z, lambda z: [1 if z > 0 else 0.01]),
    "leaky_relu(slope=0.3)": (lambda z: z if z > 0 else 0.3 * z, lambda z: [1 if z > 0 else 0.3]),
    "elu": (lambda z: z if z > 0 else math.expm1(z), lambda z: [1] if z > 0 else [1, math.expm1(z)]),
    "elu(alpha=2.5)": (
        lambda z: z if z > 0 else 2.5 * math.expm1(z),
        lambda z: [1] if z > 0 else [2.5, 2.5 * math.expm1(z)],
    ),
    "gelu": (lambda z: z * normal_cdf(z), lambda z: [normal_cdf(z), z * density(z)]),
    "gelu_tanh": (
        lambda z: z * logistic(u(z)),
        lambda z: [logistic(u(z)), z * logistic(u(z)) * logistic(-u(z)) * du(z)],
    ),
}


def test_every_activation_has_an_oracle():
    assert ORACLES.keys() == BY_NAME.keys()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ORACLES)
def test_value_and_derivative_equal_the_scalar_oracle(name, dtype):
    value, derivative_terms = ORACLES[name]
    z = Z.astype(dtype)
    # A relative error of eps in an exponent of size |u| is a relative error of |u| eps in the exponential.
    condition = 1 + np.abs([u(x) for x in z.tolist()])
    expected = np.array([value(x) for x in z.tolist()])
    assert_close(BY_NAME[name](z), expected, dtype, scale=condition * np.abs(expected), terms=8)
    summands = [derivative_terms(x) for x in z.tolist()]
    scale = condition * np.array([sum(map(abs, terms)) for terms in summands])
    assert_close(BY_NAME[name].derivative(z), [float(sum(terms)) for terms in summands], dtype, scale=scale, terms=8)


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=repr)
def test_derivative_is_the_central_difference(activation):
    z = Z[Z != 0]  # the kinks
    h = np.finfo(z.dtype).eps ** (1 / 3)
    difference = (activation(z + h) - activation(z - h)) / (2 * h)
    # Truncation and rounding are both of order h², times |φ'''| and |φ| respectively.
    assert np.abs(activation.derivative(z) - difference).max() <= h**2 * np.abs(z).max()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ELEMENTWISE, ids=repr)
def test_backprop_multiplies_by_the_derivative(activation, dtype):
    z = Z.astype(dtype)
    da = np.random.default_rng(0).standard_normal(z.shape, dtype=dtype)
    a, backprop = activation.forward(z)
    np.testing.assert_array_equal(a, activation(z))
    np.testing.assert_array_equal(backprop(da), da * activation.derivative(z))
    np.testing.assert_array_equal(backprop(da), backprop(da), err_msg="backprop changed what it keeps")


@pytest.mark.parametrize(
    ("activation", "z", "derivative", "digits"),
    [
        (sigmoid, 0, 0.25, 15),
        (sigmoid, 1, 0.1966, 4),
        (sigmoid, 3, 0.0452, 4),
        (sigmoid, 10, 4.5e-5, 6),
        (sigmoid, -10, 4.5e-5, 6),
        (tanh, 0, 1, 15),
        (relu, 0, 0, 15),
        (leaky_relu, 0, 0.01, 15),
        (elu, 0, 1, 15),
        (elu, -20, 2.0611536e-9, 16),
        (gelu, 0, 0.5, 15),
        (gelu_tanh, 0, 0.5, 15),
    ],
)
def test_known_derivatives(activation, z, derivative, digits):
    assert round(float(activation.derivative(z)), digits) == derivative


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ELEMENTWISE, ids=repr)
def test_far_from_zero_each_is_at_its_limit(activation, dtype):
    left = {"identity": -1e4, "tanh": -1, "leaky_relu": -100, "leaky_relu(slope=0.3)": -3000}
    left |= {"elu": -1, "elu(alpha=2.5)": -2.5}
    limits = np.array([left.get(activation.name, 0), 1 if activation in (sigmoid, tanh) else 1e4])
    slopes = np.array([{"identity": 1, "leaky_relu": 0.01, "leaky_relu(slope=0.3)": 0.3}.get(activation.name, 0), 1])
    slopes[1] = 0 if activation in (sigmoid, tanh) else 1
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a, backprop = activation.forward(np.array([-1e4, 1e4], dtype))
        dz = backprop(np.ones(2, dtype))
    assert_close(a, limits, dtype)
    assert_close(dz, slopes, dtype, scale=1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_sigmoid_loses_neither_tail(dtype):
    z = np.array([-80, -20, 20, 80], dtype)
    expected = np.exp(-np.abs(z.astype(np.float64)))  # to a relative error of exp(-20)
    assert_close(
        sigmoid.derivative(z) / expected, np.ones(4), dtype, terms=4, scale=1 + np.exp(-20) / np.finfo(dtype).eps
    )


@given(arrays(np.float64, 7, elements=st.floats(-1e4, 1e4)))
def test_symmetries(z):
    assert_close(sigmoid(z) + sigmoid(-z), np.ones(7), terms=4)
    assert_close(2 * sigmoid(2 * z) - 1, tanh(z), scale=1, terms=4)
    assert_close(relu(z) - relu(-z), z)
    for gate in (gelu, gelu_tanh):
        assert_close(gate(z) - gate(-z), z, scale=np.abs(z), terms=8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gate", [gelu, gelu_tanh], ids=repr)
def test_gates_are_0_or_1_far_out(gate, dtype):
    z = np.array([40, 41, 1e7, 1e13, 1e19, 3e38, np.finfo(dtype).max, np.inf], dtype)
    np.testing.assert_array_equal(gate(z), z, strict=True)
    np.testing.assert_array_equal(gate.derivative(z), np.ones_like(z), strict=True)
    assert (np.abs([gate(-z), gate.derivative(-z)]) < 1e-33).all()


def test_gelu_tanh_approximates_gelu():
    assert 0 < np.abs(gelu_tanh(Z) - gelu(Z)).max() < 0.0005


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ALL, ids=repr)
@pytest.mark.parametrize("shape", [(5,), (0, 4), (1, 1), (6, 40), (2, 3, 4)])
def test_shape_and_dtype_are_kept_and_the_input_is_left_alone(activation, shape, dtype):
    z = np.random.default_rng(1).standard_normal(shape, dtype=dtype)
    da = z + 1
    for array in (z, da):
        array.flags.writeable = False
    a, backprop = activation.forward(z)
    for result in (a, activation(z), backprop(da)):
        assert (result.shape, result.dtype) == (shape, dtype)
    for view in (np.asfortranarray(z), np.repeat(z, 2, axis=0)[::2]):
        assert_close(activation(view), a, scale=np.abs(a), terms=8 + shape[-1])


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=repr)
def test_scalars_lists_and_integers_are_taken_as_float64(activation):
    expected = activation(np.array([-1.0, 0.0, 2.0]))
    np.testing.assert_array_equal(activation([-1, 0, 2]), expected)
    assert_close([activation(z) for z in (-1, 0, 2)], expected, terms=8)
    assert activation(np.array([1, 2])).dtype == np.float64
    assert np.shape(activation.derivative(0.5)) == ()


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=repr)
def test_nan_passes_through_silently(activation):
    assert np.isnan(activation([np.nan, 1.0])).tolist() == [True, False]


@pytest.mark.parametrize("activation", ALL, ids=repr)
def test_copies_and_pickles_are_equal(activation):
    for twin in (pickle.loads(pickle.dumps(activation)), copy.deepcopy(activation)):
        assert twin == activation
        assert hash(twin) == hash(activation)
        np.testing.assert_array_equal(twin(Z), activation(Z))


def test_activations_are_frozen_and_differ_by_parameter():
    assert leaky_relu_with(slope=0.2) == leaky_relu_with(slope=0.2) != leaky_relu_with(slope=0.3)
    assert elu_with(alpha=2) != elu
    with pytest.raises(AttributeError, match="name"):
        relu.name = "other"  # type: ignore[misc] # that is the test


def test_repr_names_the_activation_and_its_parameter():
    assert [repr(a) for a in (relu, softmax)] == ["Activation('relu')", "Activation('softmax')"]
    assert repr(leaky_relu_with(slope=0.2)) == "Activation('leaky_relu(slope=0.2)')"
    assert repr(elu_with(alpha=2)) == "Activation('elu(alpha=2)')"


@pytest.mark.parametrize("slope", [0, 1, -0.1, 2, math.nan])
def test_a_slope_that_does_not_bend_is_refused(slope):
    with pytest.raises(ValueError, match=rf"slope={slope!r} is not between 0 and 1; for 0 pass relu"):
        leaky_relu_with(slope=slope)


@pytest.mark.parametrize("alpha", [0, -1, math.inf, math.nan])
def test_an_elu_that_does_not_saturate_below_zero_is_refused(alpha):
    with pytest.raises(ValueError, match=rf"alpha={alpha!r} is not positive and finite"):
        elu_with(alpha=alpha)


def test_an_activation_of_your_own():
    swish = Activation("swish", lambda z: z * sigmoid(z), lambda z: sigmoid(z) + z * sigmoid.derivative(z))
    assert get_activation(swish) is swish
    z, da = Z.astype(np.float32), np.full(Z.shape, 3, np.float32)
    a, backprop = swish.forward(z)
    np.testing.assert_array_equal(a, z * sigmoid(z))
    np.testing.assert_array_equal(backprop(da), 3 * swish.derivative(z))
    assert backprop(da).dtype == np.float32


@pytest.mark.parametrize("activation", [a for a in ALL if "(" not in a.name], ids=repr)
def test_names_resolve(activation):
    assert get_activation(activation.name) is activation


def test_any_object_with_forward_is_an_activation():
    class Doubling:
        def forward(self, z):
            return 2 * z, lambda da: 2 * da

    doubling = Doubling()
    assert get_activation(doubling) is doubling


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match=r"activation 'rulu' is not one of elu, gelu, gelu_tanh, identity, leaky_relu"):
        get_activation("rulu")
    with pytest.raises(TypeError, match=r"has no forward\(z\).*pass a name, or Activation\(name, function, derivative"):
        get_activation(np.tanh)  # type: ignore[arg-type] # that is the test
    with pytest.raises(TypeError, match=r"activation <class '.*Activation'> has no forward\(z\)"):
        get_activation(Activation)  # type: ignore[arg-type] # a class is no activation


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("K", [1, 2, 31, 32, 100])
class TestSoftmax:
    """Both memory layouts: the shorter axes are reduced in another one than the longer."""

    @staticmethod
    def batch(K, dtype):
        return np.random.default_rng(K).normal(scale=3, size=(2, 9, K)).astype(dtype)

    def test_equals_its_definition(self, K, dtype):
        z = self.batch(K, dtype)
        exp = np.exp(z.astype(np.float64))
        expected = exp / exp.sum(axis=-1, keepdims=True)
        spread = np.ptp(z, axis=-1, keepdims=True) + 1  # the condition of exp(z - max z)
        p = softmax(z)
        assert_close(p, expected, dtype, scale=expected * spread, terms=K + 4)
        assert_close(p.sum(axis=-1), np.ones((2, 9)), dtype, terms=2 * K)
        assert p.flags.c_contiguous

    def test_is_equivariant_to_permutation_and_invariant_to_shift(self, K, dtype):
        z = np.round(self.batch(K, dtype))  # integers, so that the shift is exact
        order = np.random.default_rng(0).permutation(K)
        assert_close(softmax(z[..., order]), softmax(z)[..., order], dtype, terms=2 * K)
        np.testing.assert_array_equal(softmax(z + 1000), softmax(z))

    def test_jvp_and_backprop_apply_the_jacobian(self, K, dtype):
        z = self.batch(K, dtype)
        v = np.random.default_rng(7).standard_normal(z.shape, dtype=dtype)
        p, backprop = softmax.forward(z)
        jacobian = np.eye(K) * p[..., None, :] - p[..., :, None] * p[..., None, :].astype(np.float64)
        scale = p * (np.abs(v) + np.vecdot(p, np.abs(v))[..., None])
        assert_close(softmax.jvp(z, v), np.vecdot(jacobian, v[..., None, :]), dtype, scale=scale, terms=K + 2)
        np.testing.assert_array_equal(backprop(v), softmax.jvp(z, v))

    def test_jacobian_is_its_own_adjoint(self, K, dtype):
        z = self.batch(K, dtype)
        v, w = np.random.default_rng(8).standard_normal((2, *z.shape), dtype=dtype)
        p = softmax(z)
        scale = np.vecdot(p * np.abs(v), np.abs(w)) + np.vecdot(p, np.abs(v)) * np.vecdot(p, np.abs(w))
        assert_close(
            np.vecdot(softmax.jvp(z, v), w), np.vecdot(v, softmax.jvp(z, w)), dtype, scale=scale, terms=2 * K + 4
        )

    def test_is_stable(self, K, dtype):
        z = np.full((3, K), -1e4, dtype)
        z[:, K // 2] = 1e4
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            p, backprop = softmax.forward(z)
            dz = backprop(p)
        np.testing.assert_array_equal(p, np.arange(K) == np.full((3, 1), K // 2))
        np.testing.assert_array_equal(dz, np.zeros_like(z))


def test_softmax_has_no_elementwise_derivative():
    with pytest.raises(TypeError, match=r"Jacobian-vector product, softmax\.jvp\(z, v\)"):
        softmax.derivative(Z)
