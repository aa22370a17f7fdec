"""Stopping rules on histories written by hand."""

import math
import pickle

import pytest

from classifiers import SoftmaxRegression
from classifiers.stopping import (
    AnyOf,
    DivergenceError,
    EpochRecord,
    GradientNorm,
    LossChange,
    MaxEpochs,
    StoppingRule,
    ValidationLoss,
    check_divergence,
    check_start,
)


def history(losses, val_losses=None, norms=(3.0, 4.0)):
    val_losses = val_losses or [None] * len(losses)
    return [
        EpochRecord(epoch, loss, 0.5, val_loss, val_loss and 0.25, norms, 0.1, 2.0)
        for epoch, (loss, val_loss) in enumerate(zip(losses, val_losses, strict=True), start=1)
    ]


FALLING, FLAT, RISING = [3.0, 2.0, 1.0], [1.0, 0.9999, 0.9998], [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("rule", "records", "reason"),
    [
        (MaxEpochs(3), history(FALLING[:2]), None),
        (MaxEpochs(3), history(FALLING), "reached 3 epochs"),
        (MaxEpochs(0), [], "reached 0 epochs"),
        (GradientNorm(5.1), history(FALLING), "gradient norm 5 is below 5.1"),
        (GradientNorm(5), history(FALLING), None),
        (GradientNorm(5), [], None),
        (LossChange(0.01, 2), history(FALLING), None),
        (LossChange(0.01, 2), history(FLAT), "training loss did not improve by 0.01 in 2 epochs"),
        (LossChange(0.01, 3), history(FLAT), None),
        (LossChange(0.01, 2), history([1, 0.994, 0.988, 0.982, 0.976]), None),
        (LossChange(0.01, 1), history([1, 0.98, 0.975]), "training loss did not improve by 0.01 in 1 epochs"),
        (LossChange(0, 2), history(FLAT), None),
        (LossChange(0, 1), history([1.0, 1.0]), "training loss did not improve by 0 in 1 epochs"),
        (LossChange(0, 2), history([1, 2, 0.5, 0.6]), None),
        (LossChange(0, 2), [], None),
        (ValidationLoss(2), history(RISING, FALLING), None),
        (ValidationLoss(2), history(FALLING, RISING), "validation loss did not improve by 0 in 2 epochs"),
        (ValidationLoss(2, tol=0.01), history(FALLING, FLAT), "validation loss did not improve by 0.01 in 2 epochs"),
        (ValidationLoss(2), [], None),
        (MaxEpochs(3) | LossChange(0.01, 2), history(FLAT), "reached 3 epochs"),
        (LossChange(0.01, 2) | MaxEpochs(3), history(FLAT), "training loss did not improve by 0.01 in 2 epochs"),
        (GradientNorm(1) | LossChange(0.01, 2) | MaxEpochs(9), history(FALLING), None),
        (AnyOf(()), history(FLAT), None),
    ],
    ids=lambda value: repr(value) if isinstance(value, StoppingRule) else None,
)
def test_a_rule_gives_its_reason(rule, records, reason):
    assert rule(records) == reason
    assert rule(records) == reason, "a rule keeps no state"
    assert pickle.loads(pickle.dumps(rule)) == rule


def test_best_weights_are_asked_for_by_any_rule_that_does():
    assert ValidationLoss().restores_best
    assert (MaxEpochs(3) | (LossChange(0.1) | ValidationLoss())).restores_best
    assert not (MaxEpochs(3) | LossChange(0.1)).restores_best


def test_a_validation_rule_asks_for_validation_data():
    with pytest.raises(ValueError, match="needs validation data: pass X_val and y_val, or early_stopping=True"):
        ValidationLoss()(history(FALLING))


def test_a_rule_of_ones_own_needs_a_call():
    class Mine(StoppingRule):
        pass

    with pytest.raises(TypeError, match=r"Mine.*__call__"):
        Mine()  # type: ignore[abstract]

    class AfterLunch(StoppingRule):
        def __call__(self, history):
            return "lunch" if len(history) == 2 else None

    assert (AfterLunch() | MaxEpochs(5))(history(FALLING[:2])) == "lunch"


@pytest.mark.parametrize("losses", [FALLING, RISING, [2.0, 1999.0], [1e-3, 999.0], [5.0], [9e5]])
def test_ordinary_losses_are_no_divergence(losses):
    check_divergence(history(losses), 0.1)


@pytest.mark.parametrize("last", [math.nan, math.inf, 2001.0])
def test_divergence_names_the_epoch_and_a_learning_rate(last):
    message = rf"training diverged in epoch 3: the loss is {last}; try learning_rate=0\.05, a tenth of the present one"
    with pytest.raises(DivergenceError, match=message):
        check_divergence(history([2.0, 1.0, last]), 0.5)


def test_the_first_epoch_can_diverge_too():
    message = r"epoch 1: the loss is 2000000\.0; try learning_rate=0\.01, .*; columns of X should be"
    with pytest.raises(DivergenceError, match=message):
        check_divergence(history([2e6]), 0.1)
    check_divergence(history([2e6]), None)  # of L-BFGS, which has come down to it
    for learning_rate in (None, 0.0):
        with pytest.raises(DivergenceError, match="the loss is inf; columns of X should be scaled to about 1"):
            check_divergence(history([math.inf]), learning_rate)


def test_what_comes_down_from_afar_does_not_diverge():
    check_divergence(history([9e5, 5e6]), 0.1)
    with pytest.raises(DivergenceError, match="epoch 2"):
        check_divergence(history([9e5, 1e9]), 0.1)


def test_a_record_prints_on_a_line():
    (record,) = history([0.5])
    assert str(record) == "epoch    1  loss 0.5000  acc 0.5000  2.00 s"
    (record,) = history([0.5], [0.75])
    assert str(record) == "epoch    1  loss 0.5000  acc 0.5000  val_loss 0.7500  val_acc 0.2500  2.00 s"


def test_the_norm_is_that_of_the_last_epoch():
    records = [*history([3.0], norms=(0.1,)), *history([3.0], norms=(6.0, 8.0)), *history([3.0], norms=(0.3, 0.4))]
    assert GradientNorm(1)(records) == "gradient norm 0.5 is below 1"
    assert GradientNorm(1)(records[:2]) is None


def test_a_small_first_loss_counts_as_one():
    with pytest.raises(DivergenceError, match="epoch 2"):
        check_divergence(history([0.5, 1001.0]), None)


@pytest.mark.parametrize(
    ("rule", "settings", "message"),
    [
        (MaxEpochs, (-1,), r"MaxEpochs: n=-1 must be an integer in \[0, inf\)"),
        (MaxEpochs, (2.5,), "MaxEpochs: n=2.5 must be an integer"),
        (GradientNorm, (-1,), r"GradientNorm: epsilon=-1 must be a number in \[0, inf\)"),
        (LossChange, (math.nan,), "LossChange: tol=nan must be a number"),
        (
            LossChange,
            (
                0,
                0,
            ),
            r"LossChange: patience=0 must be an integer in \[1, inf\)",
        ),
        (ValidationLoss, (0,), "ValidationLoss: patience=0 must be an integer"),
        (
            ValidationLoss,
            (
                3,
                "x",
            ),
            "ValidationLoss: tol='x' must be a number",
        ),
    ],
)
def test_a_setting_without_a_meaning_is_refused(rule, settings, message):
    with pytest.raises(ValueError, match=message):
        rule(*settings)


@pytest.mark.parametrize("other", [3, lambda history: None])
def test_only_rules_are_joined(other):
    with pytest.raises(
        TypeError, match="is not a stopping rule; subclass StoppingRule and put the function in __call__"
    ):
        MaxEpochs(3) | other


class SaysTrue(StoppingRule):
    def __call__(self, history, /):
        return len(history) > 1


def test_a_rule_returns_a_reason_or_none():
    with pytest.raises(TypeError, match=r"returned False; a rule returns the reason to stop, a string, or None"):
        SoftmaxRegression(solver="sgd", stopping=SaysTrue()).fit([[0], [1]], [0, 1])


def test_a_history_that_is_longer_already_is_enough():
    assert MaxEpochs(2)(history(FALLING)) == "reached 2 epochs"


@pytest.mark.parametrize("rule", [GradientNorm, LossChange, lambda tol: ValidationLoss(3, tol)])
def test_an_infinite_tolerance_is_refused(rule):
    with pytest.raises(ValueError, match=r"=inf must be a number in \[0, inf\)"):
        rule(math.inf)


def test_losses_are_held_against_the_first_one():
    check_divergence(history([2.0, 2000.0]), 0.1)
    with pytest.raises(DivergenceError, match="epoch 3"):
        check_divergence(history([1.0, 900.0, 5000.0]), 0.1)


def test_columns_are_spoken_of_in_the_first_epoch_only():
    with pytest.raises(DivergenceError, match=r"a tenth of the present one$"):
        check_divergence(history([2.0, 1e9]), 0.1)


def test_a_first_epoch_may_reach_a_million_and_no_more_at_any_rate():
    check_divergence(history([1e6]), 0.1)
    for rate in (0.1, 0.0):
        with pytest.raises(DivergenceError, match="epoch 1"):
            check_divergence(history([1.1e6]), rate)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_at_the_start_is_not_blamed_on_the_steps(loss):
    with pytest.raises(DivergenceError, match=f"the loss is {loss} before the first step"):
        check_start(loss)
    check_start(1e300)
