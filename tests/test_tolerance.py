import numpy as np
import pytest

from tests.tolerance import assert_close, gamma

DTYPES = [np.float32, np.float64]


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_rounding_passes_and_a_few_fail(dtype):
    one, eps = dtype(1), np.finfo(dtype).eps
    assert_close(one + eps, one)
    with pytest.raises(AssertionError, match="differ by more than 1 rounding"):
        assert_close(one + 3 * eps, one)
    assert_close(one + 3 * eps, one, terms=3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_in_two_orders_are_close_and_a_lost_term_is_not(dtype):
    terms = 1000
    X = np.random.default_rng(0).normal(size=(terms, 3)).astype(dtype)
    scale = np.abs(X).sum(axis=0)
    assert_close(np.cumsum(X, axis=0)[-1], X.sum(axis=0), scale=scale, terms=terms)
    with pytest.raises(AssertionError):
        assert_close(X[1:].sum(axis=0), X.sum(axis=0), scale=scale, terms=terms)


def test_the_default_scale_follows_the_values():
    small = np.array([1e-8, 2e-8])
    assert_close(small, small)
    with pytest.raises(AssertionError, match=r"1 of 2 .* at \(1,\)"):
        assert_close(small * [1, 1.001], small)


def test_the_coarser_dtype_counts():
    third = 1 / 3
    assert_close(np.float32(third), third)
    with pytest.raises(AssertionError):
        assert_close(np.float32(third), third, np.float64)
    assert_close(float(np.float32(third)), third, np.float32)


def test_integers_and_zeros_must_be_equal():
    assert_close([1, 2], [1, 2])
    assert_close(np.zeros(0), np.zeros(0))
    with pytest.raises(AssertionError):
        assert_close([1, 2], [1, 3])
    with pytest.raises(AssertionError):
        assert_close(np.full(2, 1e-300), np.zeros(2))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_equals_itself_only(value):
    assert_close([1.0, value], [1.0, value])
    for other in {0.0, np.inf, -np.inf} - {value}:
        with pytest.raises(AssertionError):
            assert_close([1.0, value], [1.0, other])
        with pytest.raises(AssertionError):
            assert_close([1.0, other], [1.0, value])


def test_nothing_is_broadcast():
    with pytest.raises(AssertionError, match=r"shape \(\), expected \(1,\)"):
        assert_close(1.0, [1.0])


def test_a_tolerance_that_says_nothing_is_refused():
    with pytest.raises(ValueError, match="no correct digit"):
        gamma(2**24, np.float32)
    with pytest.raises(ValueError, match="scale is not finite"):
        assert_close(1.0, 1.0, scale=np.inf)
