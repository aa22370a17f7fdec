"""Initialisers: the variances they promise, and what those variances buy over ten layers."""

import math
import pickle
from functools import partial

import numpy as np
import pytest

from classifiers import activations
from classifiers.initializers import (
    get_initializer,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    normal,
    zeros,
)
from tests.onehot.oracle import peak_memory
from tests.tolerance import assert_close

DTYPES = [np.float32, np.float64]
VARIANCES = {
    he_normal: lambda fan_in, fan_out: 2 / fan_in,
    he_uniform: lambda fan_in, fan_out: 2 / fan_in,
    glorot_normal: lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    glorot_uniform: lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    lecun_normal: lambda fan_in, fan_out: 1 / fan_in,
    lecun_uniform: lambda fan_in, fan_out: 1 / fan_in,
    normal: lambda fan_in, fan_out: 0.01**2,
    partial(normal, std=3): lambda fan_in, fan_out: 9,
    zeros: lambda fan_in, fan_out: 0,
}
UNIFORM = [he_uniform, glorot_uniform, lecun_uniform]


def draw(initializer, shape=(500, 200), *, fan_in=5.0, fan_out=20.0, seed=0, dtype=np.float32):
    return initializer(shape, fan_in=fan_in, fan_out=fan_out, rng=np.random.default_rng(seed), dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("fan_in", "fan_out"), [(1, 64), (8, 64), (512, 3)])
@pytest.mark.parametrize("initializer", VARIANCES)
def test_mean_and_variance(initializer, fan_in, fan_out, dtype):
    variance = VARIANCES[initializer](fan_in, fan_out)
    W = draw(initializer, fan_in=fan_in, fan_out=fan_out, dtype=dtype)
    assert W.dtype == dtype
    assert W.shape == (500, 200)
    # Five standard errors of the mean and of the variance of W.size normal numbers; those of uniform ones are smaller.
    W = W.astype(np.float64)
    assert abs(W.mean()) <= 5 * math.sqrt(variance / W.size)
    assert abs(W.var() - variance) <= 5 * variance * math.sqrt(2 / W.size)


@pytest.mark.parametrize("initializer", UNIFORM)
def test_uniform_numbers_fill_their_interval(initializer):
    W = draw(initializer, fan_in=4, fan_out=12, dtype=np.float64)
    limit = math.sqrt(3 * VARIANCES[initializer](4, 12))
    assert 0.999 * limit < np.abs(W).max() <= limit
    counts, _ = np.histogram(W, bins=10, range=(-limit, limit))
    assert np.abs(counts - W.size / 10).max() < 5 * math.sqrt(W.size / 10)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("initializer", UNIFORM)
def test_uniform_numbers_are_65536_values_as_many_on_either_side_of_zero(initializer, dtype):
    W = draw(initializer, (300_000, 4), fan_in=4, fan_out=12, dtype=dtype).astype(np.float64)
    limit = math.sqrt(3 * VARIANCES[initializer](4, 12))
    odd = W / limit * 2**16
    # Two roundings of float32 move a number of 16 bits by 2**-7 at most.
    np.testing.assert_allclose(odd, 2 * np.floor(odd / 2) + 1, rtol=0, atol=2**-7)
    assert len(np.unique(np.floor(odd / 2))) == 2**16
    np.testing.assert_allclose([odd.min(), odd.max()], [1 - 2**16, 2**16 - 1], rtol=1e-6)


@pytest.mark.parametrize("initializer", VARIANCES)
def test_the_generator_decides(initializer):
    np.testing.assert_array_equal(draw(initializer, seed=3), draw(initializer, seed=3))
    assert (draw(initializer, seed=3) != draw(initializer, seed=4)).any() == (initializer is not zeros)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("initializer", VARIANCES)
def test_a_table_is_held_once_and_in_its_own_dtype(initializer, dtype, monkeypatch):
    monkeypatch.setenv("ONEHOT_NUM_THREADS", "1")  # each thread holds the random bits of a part, 1 MB
    rng, shape = np.random.default_rng(0), (2_000_000, 8)
    peak = peak_memory(lambda: initializer(shape, fan_in=2, fan_out=8, rng=rng, dtype=dtype))
    assert peak < 1.1 * math.prod(shape) * np.dtype(dtype).itemsize


@pytest.mark.parametrize("initializer", [he_normal, he_uniform, lecun_normal, lecun_uniform, normal, zeros])
def test_fan_out_matters_to_glorot_only(initializer):
    np.testing.assert_array_equal(draw(initializer, fan_out=1), draw(initializer, fan_out=99))


@pytest.mark.parametrize("fan", [0, -3, math.inf, math.nan])
def test_a_fan_that_is_not_positive_is_refused(fan):
    with pytest.raises(ValueError, match=rf"fan_in={fan!r} is not positive.*inputs that are active in a row"):
        draw(he_normal, fan_in=fan)
    with pytest.raises(ValueError, match=rf"fan_out={fan!r} is not positive.*number of outputs"):
        draw(glorot_uniform, fan_out=fan)


def test_another_dtype_is_refused():
    with pytest.raises(TypeError, match="float16"):
        draw(he_normal, dtype=np.float16)


@pytest.mark.parametrize("rng", [0, None, np.random.RandomState(0)])
def test_another_kind_of_generator_is_refused(rng):
    with pytest.raises(TypeError, match=r"is not a numpy.random.Generator; pass numpy.random.default_rng\(0\), say"):
        he_uniform((2, 3), fan_in=1, fan_out=1, rng=rng)


@pytest.mark.parametrize("std", [-1, math.nan, math.inf, "0.1"])
def test_a_standard_deviation_that_is_none_is_refused(std):
    with pytest.raises(ValueError, match=rf"std={std!r} must be a number in \[0, inf\)"):
        normal((2, 3), fan_in=1, fan_out=1, rng=np.random.default_rng(0), std=std)


n, f, V, H, DEPTH = 256, 8, 8 * 1024, 512, 10


def second_moments(initializer, *, input_fan_in):
    """Return E[z²] of each of ten ReLU layers, on n one-hot rows of f fields."""
    rng = np.random.default_rng(0)
    indices = rng.integers(V // f, size=(n, f)) + np.arange(f) * (V // f)
    W = initializer((V, H), fan_in=input_fan_in, fan_out=H, rng=rng, dtype=np.float32)
    Z = W[indices].sum(axis=1)
    moments = [float(np.mean(np.square(Z)))]
    for _ in range(DEPTH - 1):
        W = initializer((H, H), fan_in=H, fan_out=H, rng=rng, dtype=np.float32)
        Z = np.maximum(Z, 0) @ W
        moments.append(float(np.mean(np.square(Z))))
    return np.array(moments)


@pytest.mark.parametrize("initializer", [he_normal, he_uniform])
def test_with_he_the_signal_keeps_its_variance_over_ten_layers(initializer):
    moments = second_moments(initializer, input_fan_in=f)
    # Each input is 1 in an active place, so E[z²] = (2 / f) · f in the first layer, and He keeps it.
    assert abs(moments[0] - 2) < 0.1
    assert (moments > 1).all()
    assert (moments < 4).all()


def test_without_the_factor_2_a_relu_halves_it_in_every_layer():
    moments = second_moments(lecun_normal, input_fan_in=f)
    expected = 0.5 ** np.arange(DEPTH)
    assert (moments > expected / 2).all()
    assert (moments < expected * 2).all()
    assert moments[-1] < 0.004


def test_with_fan_in_v_the_signal_starts_at_f_over_v_and_stays_there():
    active, wide = second_moments(he_normal, input_fan_in=f), second_moments(he_normal, input_fan_in=V)
    # ReLU layers without biases are homogeneous: what the first one loses, no later one restores.
    assert_close(wide / active, np.full(DEPTH, f / V), np.float32, terms=DEPTH * H)
    assert (wide < 4 * f / V).all()
    assert f / V < 0.001


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("relu", he_uniform),
        ("gelu_tanh", he_uniform),
        (activations.elu, he_uniform),
        (activations.leaky_relu_with(slope=0.2), he_uniform),
        ("tanh", glorot_uniform),
        (activations.softmax, glorot_uniform),
        ("selu", lecun_uniform),
        (activations.Activation("swish", np.sin, np.cos), lecun_uniform),
        (object(), lecun_uniform),
    ],
)
def test_auto_picks_by_activation(activation, expected):
    assert get_initializer("auto", activation) is expected


def test_auto_knows_every_activation_that_has_a_name():
    public = [getattr(activations, name) for name in activations.__all__]
    named = [each for each in public if isinstance(each, activations.Activation)]
    assert len(named) == 9
    assert lecun_uniform not in [get_initializer("auto", each) for each in named]


@pytest.mark.parametrize("initializer", [each for each in VARIANCES if hasattr(each, "__name__")])
def test_names_resolve_and_functions_pickle(initializer):
    assert get_initializer(initializer.__name__) is initializer
    assert pickle.loads(pickle.dumps(initializer)) is initializer


def test_an_initializer_of_your_own():
    def ones(shape, *, fan_in, fan_out, rng, dtype):
        return np.ones(shape, dtype)

    assert get_initializer(ones, "relu") is ones


def test_an_unknown_initializer_is_refused():
    with pytest.raises(ValueError, match="initializer 'xavier' is not one of auto, glorot_normal, glorot_uniform"):
        get_initializer("xavier")
    with pytest.raises(TypeError, match=r"initializer 0\.01 is not callable; pass a name, or a function"):
        get_initializer(0.01)  # type: ignore[arg-type] # that is the test


def test_zeros_are_floats():
    with pytest.raises(TypeError, match="is not float32 or float64"):
        zeros((1, 2), fan_in=1, fan_out=2, rng=np.random.default_rng(0), dtype=np.int32)
