"""Schedules: the laws that define each, the parameters refused, and the names."""

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    Schedule,
    Step,
    WarmUp,
    factor_at,
    get_schedule,
)
from tests.tolerance import assert_close

NAMES = ["constant", "step", "exponential", "inverse_scaling", "cosine", "warmup_cosine"]
DECAYING: list[Schedule] = [
    Constant(),
    Step(every=7, factor=0.3),
    Exponential(decay=0.9),
    InverseScaling(power=0.75),
    Cosine(horizon=40),
    Cosine(horizon=40, minimum=0.2),
]
ALL = [*DECAYING, *(WarmUp(each, length=5) for each in DECAYING)]

times = st.floats(0, 100)
shares = st.floats(0.01, 1)


@pytest.mark.parametrize("schedule", DECAYING, ids=repr)
def test_starts_at_one(schedule):
    assert schedule(0) == 1.0


@pytest.mark.parametrize("schedule", ALL, ids=repr)
@given(t=times)
def test_is_a_share_of_the_learning_rate_as_a_plain_float(schedule, t):
    assert type(schedule(t)) is float
    assert type(schedule(int(t))) is float
    assert 0 <= schedule(t) <= 1


@pytest.mark.parametrize("schedule", DECAYING, ids=repr)
@given(s=times, t=times)
def test_never_rises(schedule, s, t):
    assert schedule(max(s, t)) <= schedule(min(s, t))


@given(t=times, every=st.integers(1, 20), factor=shares)
def test_step_multiplies_once_in_a_period_and_is_constant_within(t, every, factor):
    step = Step(every, factor)
    k = math.floor(t / every)
    assert_close(step(t + every), factor * step(t), scale=factor ** (k + 1), terms=4)
    assert step(t) == step(every * k)


@given(s=times, t=times, decay=st.floats(0.5, 1))
def test_exponential_turns_sums_into_products(s, t, decay):
    schedule = Exponential(decay)
    # The rounding of s + t is a relative error of (s + t) |ln decay| roundings in the power.
    assert_close(schedule(s + t), schedule(s) * schedule(t), terms=4 + math.ceil((s + t) * -math.log(decay)))


@given(s=times, t=times, power=st.floats(0.1, 2))
def test_inverse_scaling_turns_products_of_one_plus_t_into_products(s, t, power):
    schedule = InverseScaling(power)
    assert_close(schedule((1 + s) * (1 + t) - 1), schedule(s) * schedule(t), terms=16)


def test_inverse_scaling_meets_the_conditions_of_robbins_and_monro():
    one, two = (sum(InverseScaling(power=1)(t) for t in range(k)) for k in (1_000, 100_000))
    assert abs(two - one - math.log(100)) < 1e-3, "the sum of the rates grows without bound"
    assert sum(InverseScaling(power=1)(t) ** 2 for t in range(100_000)) < math.pi**2 / 6


@given(share=st.floats(0, 1), horizon=st.floats(0.5, 1000), minimum=st.floats(0, 1))
def test_cosine_is_symmetric_about_its_middle_and_flat_after_its_end(share, horizon, minimum):
    cosine = Cosine(horizon, minimum)
    t = share * horizon
    assert_close(cosine(t) + cosine(horizon - t), 1 + minimum, terms=16)
    assert cosine(horizon) == cosine(2 * horizon) == minimum


def test_cosine_still_learns_in_its_last_epoch():
    assert Cosine(horizon=200)(199) > 0


@given(t=times, length=st.floats(0.5, 50), start=shares)
def test_warm_up_is_linear_to_its_end_and_nothing_after(t, length, start):
    ramp = WarmUp(Constant(), length, start)
    assert ramp(0) == start
    assert_close(ramp(length / 2), (1 + start) / 2, terms=4)
    assert ramp(length + t) == 1.0


@pytest.mark.parametrize("schedule", DECAYING, ids=repr)
@given(t=times)
def test_warm_up_is_a_product_on_the_same_clock(schedule, t):
    warm = WarmUp(schedule, length=10, start=0.5)
    assert warm(t) == WarmUp(Constant(), length=10, start=0.5)(t) * schedule(t)


def test_warm_ups_nest_and_take_any_function_of_time():
    assert WarmUp(WarmUp(lambda t: 4.0, length=2, start=0.5), length=2, start=0.5)(0) == 1.0


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_pickles_compares_and_prints_by_its_parameters(schedule):
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert eval(repr(schedule)) == schedule
    assert hash(eval(repr(schedule))) == hash(schedule)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Step(every=0), r"Step: every=0; pass every > 0, in epochs"),
        (lambda: Step(every=math.nan), r"Step: every=nan; pass every > 0"),
        (lambda: Step(every=5, factor=0), r"Step: factor=0; pass"),
        (lambda: Step(every=5, factor=1.5), r"Step: factor=1\.5; pass"),
        (lambda: InverseScaling(power=0), r"InverseScaling: power=0; pass"),
        (lambda: Cosine(horizon=0), r"Cosine: horizon=0; pass"),
        (lambda: Cosine(horizon=10, minimum=1.5), r"Cosine: minimum=1\.5; pass"),
        (lambda: WarmUp(Constant(), length=5, start=1.5), r"WarmUp: start=1\.5; pass"),
        (lambda: Step(every=5, factor=10), r"Step: factor=10; pass factor in \(0, 1\]"),
        (lambda: Exponential(decay=1.1), r"Exponential: decay=1\.1; pass decay in \(0, 1\]"),
        (lambda: Exponential(decay=0), r"Exponential: decay=0; pass"),
        (lambda: InverseScaling(power=-0.5), r"InverseScaling: power=-0\.5; pass power > 0"),
        (lambda: Cosine(horizon=math.inf), r"Cosine: horizon=inf; pass horizon > 0, in epochs, such as max_iter"),
        (lambda: Cosine(horizon=10, minimum=-0.1), r"Cosine: minimum=-0\.1; pass minimum in \[0, 1\]"),
        (lambda: WarmUp(Constant(), length=0), r"WarmUp: length=0; pass length > 0"),
        (lambda: WarmUp(Constant(), length=5, start=0), r"WarmUp: start=0; pass start in \(0, 1\]"),
    ],
)
def test_an_error_names_the_parameter_its_value_and_what_to_pass(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_warm_up_wraps_a_schedule_and_not_its_name():
    with pytest.raises(TypeError, match=r"WarmUp: schedule='cosine' is not callable"):
        WarmUp("cosine", length=5)  # type: ignore[arg-type] # that is the test


@pytest.mark.parametrize("max_iter", [1, 2, 3, 200])
@pytest.mark.parametrize("name", NAMES)
def test_every_name_resolves_to_a_schedule_that_learns_in_every_epoch_and_after(name, max_iter):
    schedule = get_schedule(name, max_iter=max_iter)
    assert all(0 < schedule(t) <= 1 for t in range(max_iter + 10))


def test_names_resolve_to_what_is_documented():
    assert get_schedule("constant", max_iter=200) == Constant()
    assert [get_schedule("step", max_iter=90)(t) for t in (29, 30, 60)] == pytest.approx([1, 0.1, 0.01])
    assert get_schedule("exponential", max_iter=200)(200) == pytest.approx(0.01)
    assert get_schedule("inverse_scaling", max_iter=200)(3) == 0.5
    assert get_schedule("cosine", max_iter=200) == Cosine(200, minimum=0.01)
    assert get_schedule("warmup_cosine", max_iter=200) == WarmUp(Cosine(200, minimum=0.01), length=10)


def test_an_object_is_returned_as_it_is():
    mine = Cosine(horizon=7)
    assert get_schedule(mine, max_iter=200) is mine
    assert get_schedule(math.exp, max_iter=200) is math.exp


def test_an_unknown_schedule_is_refused():
    with pytest.raises(ValueError, match="schedule 'linear' is not one of constant, step, exponential, inverse_sca"):
        get_schedule("linear", max_iter=10)
    with pytest.raises(ValueError, match="max_iter=0 is not positive; pass the number of epochs"):
        get_schedule("cosine", max_iter=0)
    with pytest.raises(TypeError, match=r"schedule 0\.5 is not a function of time"):
        get_schedule(0.5, max_iter=10)  # type: ignore[arg-type] # that is the test
    with pytest.raises(TypeError, match=r"Cosine'> is not a function of time; pass a name, or an object such as"):
        get_schedule(Cosine, max_iter=10)  # type: ignore[arg-type] # that is the test


def test_bounds_that_are_allowed():
    assert Exponential(decay=1)(7) == Cosine(horizon=4, minimum=1)(4) == 1
    assert WarmUp(Constant(), length=5, start=1)(0) == 1


@pytest.mark.parametrize(
    "build",
    [
        lambda: Step(every=math.inf),
        lambda: InverseScaling(power=math.inf),
        lambda: WarmUp(Constant(), length=math.inf),
        lambda: Cosine(horizon=math.inf),
    ],
)
def test_infinite_settings_are_refused(build):
    with pytest.raises(ValueError, match="=inf; pass"):
        build()


@pytest.mark.parametrize("factor", [-0.5, math.inf, math.nan, "0.5", None])
def test_a_factor_is_a_finite_number_that_is_not_negative(factor):
    with pytest.raises(ValueError, match=rf"the schedule returned {factor!r} at epoch 3; it must return a finite"):
        factor_at(lambda t: factor, 3)


@pytest.mark.parametrize("factor", [0, 1, Fraction(1, 2), np.float32(0.5)])
def test_a_factor_of_any_type_becomes_a_plain_float(factor):
    assert factor_at(lambda t: factor, 0) == factor
    assert type(factor_at(lambda t: factor, 0)) is float


def test_a_factor_of_one_as_an_integer_is_a_plain_float_too():
    assert type(Step(every=2, factor=1)(0)) is float


def test_a_short_budget_has_a_short_warm_up():
    assert get_schedule("warmup_cosine", max_iter=10) == WarmUp(Cosine(10, minimum=0.01), length=0.5)
