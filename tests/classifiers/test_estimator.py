"""What both estimators share: weights, going on from earlier fits, unknown codes, validation, scikit-learn's tools."""

import copy
import pickle
import re
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from classifiers import MLPClassifier, SoftmaxRegression
from classifiers.diagnostics import gradient_check
from classifiers.optimizers import Adagrad, Adam, Momentum, RMSProp
from classifiers.schedules import Step
from classifiers.stopping import DivergenceError, GradientNorm, LossChange, MaxEpochs, ValidationLoss
from onehot import CodeError, DTypeError, OneHot
from onehot._threads import n_threads
from tests.classifiers.oracle import FORMATS, make_problem
from tests.onehot.oracle import one_hot, peak_memory
from tests.tolerance import assert_close

MINIBATCH = ["sgd", "momentum", "adagrad", "rmsprop", "adam"]
SOLVERS = ["lbfgs", *MINIBATCH]
ROUNDINGS = 10_000  # of some epochs, each a chain of sums


@pytest.fixture(params=[SoftmaxRegression, MLPClassifier], ids=lambda Model: Model.__name__)
def model(request, problem):
    """Return an estimator with these settings; by default, of double precision and five epochs."""

    def build(**settings):
        defaults = {
            "solver": "sgd",
            "learning_rate": 0.1,
            "batch_size": 20,
            "stopping": None if "max_iter" in settings or "early_stopping" in settings else MaxEpochs(5),
            "n_categories": problem.n_categories,
            "dtype": np.float64,
            "random_state": 0,
        }
        if request.param is MLPClassifier:
            defaults |= {"hidden_layer_sizes": (6,), "activation": "tanh"}
        return request.param(**(defaults | settings))

    return build


def parameters(model):
    return [np.array(parameter) for parameter in model._network.parameters]


def assert_same(model, expected, terms=ROUNDINGS):
    for parameter, other in zip(parameters(model), parameters(expected), strict=True):
        assert_close(parameter, other, terms=terms)


# Where a gradient is zero, g / (sqrt(v) + 1e-8) magnifies the rounding of its sum; this epsilon does not.
ADAPTIVE = [Adagrad(0.1, epsilon=1e-3), RMSProp(0.1, epsilon=1e-3), Adam(0.1, epsilon=1e-3)]


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "momentum", *ADAPTIVE], ids=str)
def test_sample_weights_are_repetition(model, problem, solver):
    settings = {"solver": solver, "batch_size": 10_000}  # a batch is all of the data, in any order
    weighted = model(**settings).fit(problem.codes, problem.y, problem.weight)
    times = problem.weight.astype(int)
    repeated = model(**settings).fit(np.repeat(problem.codes, times, axis=0), np.repeat(problem.y, times))
    assert_same(weighted, repeated)
    scaled = model(**settings).fit(problem.codes, problem.y, 7 * problem.weight)
    assert_same(weighted, scaled)


@pytest.mark.parametrize("sample_weight", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("class_weight", [{0: 2.0, 2: 0.5}, {0: 1, 1: 3, 2: 2}, "balanced"], ids=str)
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_class_weights_are_sample_weights(model, problem, solver, class_weight, sample_weight):
    weight = problem.weight if sample_weight else np.ones(len(problem.y))
    of_class = class_weight
    if class_weight == "balanced":
        of_class = {k: 1 / weight[problem.y == k].sum() for k in range(problem.K)}
    by_hand = model(solver=solver).fit(problem.codes, problem.y, weight * [of_class.get(k, 1) for k in problem.y])
    given = problem.weight if sample_weight else None
    assert_same(model(solver=solver, class_weight=class_weight).fit(problem.codes, problem.y, given), by_hand)


def test_a_class_weight_may_be_of_a_class_that_a_part_lacks(model, problem):
    first_two = problem.y < 2
    heavy = model(class_weight={2: 5.0})
    heavy.partial_fit(problem.codes[first_two], problem.y[first_two], classes=range(3))
    plain = model().partial_fit(problem.codes[first_two], problem.y[first_two], classes=range(3))
    assert_same(heavy, plain, terms=1)


@pytest.mark.parametrize("solver", MINIBATCH)
def test_partial_fits_are_the_epochs_of_fit(model, problem, solver):
    for schedule in ("constant", "cosine"):
        whole = model(solver=solver, schedule=schedule).fit(problem.codes, problem.y)
        parts = model(solver=solver, schedule=schedule)
        for _ in range(5):
            parts.partial_fit(problem.codes, problem.y, classes=[0, 1, 2])
        assert_same(parts, whole, terms=1)
        assert [(r.epoch, r.loss, r.learning_rate) for r in parts.history_] == [
            (r.epoch, r.loss, r.learning_rate) for r in whole.history_
        ]
        assert (parts.n_iter_, parts.stop_reason_) == (5, "partial_fit makes one epoch")


def test_partial_fit_goes_on_after_fit(model, problem):
    going_on = model(solver="momentum").fit(problem.codes, problem.y).partial_fit(problem.codes, problem.y)
    longer = model(solver="momentum", stopping=MaxEpochs(6)).fit(problem.codes, problem.y)
    assert_same(going_on, longer)
    assert going_on.n_iter_ == 6


@pytest.mark.parametrize("changed", [{"alpha": 0.3}, {"momentum": 0.2}, {"solver": "adam"}, {"learning_rate": 0.3}])
def test_parameters_set_between_parts_hold_from_then_on(model, problem, changed):
    data = problem.codes, problem.y
    unchanged = model(solver="momentum").partial_fit(*data, classes=range(3))
    steps = unchanged._optimizer.n_steps
    going_on = copy.deepcopy(unchanged).set_params(**changed).partial_fit(*data)
    assert going_on._optimizer.n_steps == (steps if "solver" in changed else 2 * steps), "averages go on"
    unchanged.partial_fit(*data)
    assert going_on.partial_fit(*data).history_[2].loss != unchanged.partial_fit(*data).history_[2].loss


@pytest.mark.parametrize("wrong", [{"alpha": -1}, {"schedule": "soon"}], ids=str)
def test_parameters_set_between_parts_are_checked(model, problem, wrong):
    begun = model().partial_fit(problem.codes, problem.y, classes=range(3))
    with pytest.raises(ValueError, match=next(iter(wrong))):
        begun.set_params(**wrong).partial_fit(problem.codes, problem.y)


@pytest.mark.parametrize(
    ("settings", "classes"),
    [({"class_weight": "balanced"}, [0, 1, 2]), ({}, [0, 1]), ({"learning_rate": 1e300}, [0, 1, 2])],
)
def test_a_first_part_that_fails_leaves_no_model_behind(model, problem, settings, classes):
    part = model(**settings)
    with pytest.raises((ValueError, DivergenceError)):
        part.partial_fit(problem.codes, problem.y, classes=classes)
    with pytest.raises(NotFittedError):
        part.predict(problem.codes)
    part.set_params(class_weight=None, learning_rate=0.1).partial_fit(problem.codes, problem.y, classes=[0, 1, 2])
    expected = model().partial_fit(problem.codes, problem.y, classes=[0, 1, 2])
    assert_same(part, expected)


def test_a_later_part_that_is_refused_changes_nothing(model, problem):
    part = model().partial_fit(problem.codes, problem.y, classes=[0, 1, 2])
    before = parameters(part)
    with pytest.raises(ValueError, match="class 7 is not one of"):
        part.partial_fit(problem.codes, np.full_like(problem.y, 7))
    for parameter, expected in zip(parameters(part), before, strict=True):
        np.testing.assert_array_equal(parameter, expected)


def test_a_part_that_diverges_leaves_no_model_behind(model, problem):
    part = model().partial_fit(problem.codes, problem.y, classes=[0, 1, 2])
    with pytest.raises(DivergenceError):
        part.set_params(alpha=0, learning_rate=1e300).partial_fit(problem.codes, problem.y)
    with pytest.raises(NotFittedError):
        part.predict(problem.codes)


@pytest.mark.parametrize("weight", [4.0, 100.0, 1e-6])
def test_a_record_is_a_mean_whatever_the_mean_of_the_weights(model, problem, weight):
    alike, weighted = model(learning_rate=1e-30), model(learning_rate=1e-30)
    alike.partial_fit(problem.codes, problem.y, classes=[0, 1, 2])
    weighted.partial_fit(problem.codes, problem.y, classes=[0, 1, 2], sample_weight=np.full(len(problem.y), weight))
    assert_close(weighted.history_[0].loss, alike.history_[0].loss, terms=ROUNDINGS)
    assert_close(weighted.history_[0].accuracy, alike.history_[0].accuracy, terms=ROUNDINGS)


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_validation_data_are_weighted_by_class_as_the_training_data_are(model, problem, solver):
    fitted = model(solver=solver, class_weight={0: 3.0}, stopping=MaxEpochs(1))
    record = fitted.fit(problem.codes, problem.y, X_val=problem.codes, y_val=problem.y).history_[-1]
    weight = np.where(problem.y == 0, 3.0, 1.0)
    P = fitted.predict_proba(problem.codes)[np.arange(len(problem.y)), problem.y]
    assert_close(record.val_loss, np.average(-np.log(P), weights=weight), terms=ROUNDINGS)


def test_what_is_wrong_with_validation_data_is_said_of_them(model, problem):
    wrong = problem.codes.copy()
    wrong[5, 2] = 99
    with pytest.raises(CodeError, match="validation data: field 2, row 5: code 99 is not in"):
        model().fit(problem.codes, problem.y, X_val=wrong, y_val=problem.y)
    with pytest.raises(DTypeError, match=r"validation data: X holds datetime64\[s\]"):
        model().fit(problem.codes, problem.y, X_val=wrong.astype("M8[s]"), y_val=problem.y)


def test_classes_may_be_absent_from_parts(model, problem):
    by_class = model()
    for k in (2, 0, 1, 0):
        rows = problem.y == k
        by_class.partial_fit(problem.codes[rows], problem.y[rows], classes=range(3))
    assert by_class.classes_.tolist() == [0, 1, 2]
    assert by_class.predict_proba(problem.codes).shape == (len(problem.y), 3)


def test_partial_fit_is_not_for_lbfgs(model):
    assert not hasattr(model(solver="lbfgs"), "partial_fit")
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'") as raised:
        model(solver="lbfgs").partial_fit([[0]], [0])
    assert "solver='lbfgs' needs all data at once" in str(raised.value.__cause__)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_warm_start_goes_on_and_a_cold_one_starts_again(model, problem, solver):
    cold = model(solver=solver).fit(problem.codes, problem.y)
    expected, first = parameters(cold), cold.history_[0].loss
    cold.fit(problem.codes, problem.y)
    for parameter, other in zip(parameters(cold), expected, strict=True):
        assert (parameter == other).all()
    warm = model(solver=solver, warm_start=True).fit(problem.codes, problem.y)
    reached = warm.history_[-1].loss
    warm.fit(problem.codes, problem.y)
    assert warm.history_[0].loss < (first + reached) / 2
    assert warm.history_[-1].loss < reached


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64", "float32"])
def test_an_unknown_code_contributes_nothing(model, problem, dtype):
    fitted = model(handle_unknown="ignore").fit(problem.codes.astype(dtype), problem.y)
    codes = problem.codes.astype(dtype)
    codes[:20, 0], codes[10:30, 3] = 4, 100
    if not dtype.startswith("u"):
        codes[5, 3] = -1  # what OrdinalEncoder makes of unknown values, if so told
    X = one_hot(np.where(codes < problem.n_categories, codes.astype(int), -1), problem.n_categories)
    assert_close(fitted.predict_proba(codes), fitted.predict_proba(X), terms=100)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_validation_data_are_evaluated_after_each_epoch(model, problem, solver, name):
    X_val, y_val = FORMATS[name](problem.codes[:30], problem.n_categories), problem.y[:30]
    fitted = model(solver=solver).fit(problem.codes, problem.y, X_val=X_val, y_val=y_val)
    log_proba = fitted.predict_log_proba(X_val)
    record = fitted.history_[-1]
    assert_close(record.val_loss, -log_proba[np.arange(30), y_val].mean(), terms=200)
    assert record.val_accuracy == pytest.approx(fitted.score(X_val, y_val))
    plain = model(solver=solver).fit(problem.codes, problem.y)
    assert_same(plain, fitted, terms=1)
    assert plain.history_[-1].val_loss is None


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_early_stopping_returns_to_the_best_weights(model, problem, solver):
    noise = np.random.default_rng(0).permutation(problem.y)
    fitted = model(solver=solver, early_stopping=True, n_iter_no_change=3, learning_rate=0.3, alpha=0)
    fitted.fit(problem.codes[:60], noise[:60], X_val=problem.codes[60:], y_val=noise[60:])
    val_losses = [record.val_loss for record in fitted.history_]
    assert fitted.stop_reason_ == "validation loss did not improve by 0.0001 in 3 epochs"
    assert len(val_losses) < 200
    nll = -fitted.predict_log_proba(problem.codes[60:])[np.arange(30), noise[60:]]
    assert_close(nll.mean(), min(val_losses), terms=200)


def test_early_stopping_looks_at_the_data_that_were_set_aside(model, problem, monkeypatch):
    parts: list[Any] = []
    split = SoftmaxRegression._split

    def watched(*args):
        parts[:] = split(*args)
        return parts

    fitted = model(early_stopping=True, stopping=MaxEpochs(1))
    monkeypatch.setattr(type(fitted), "_split", watched)
    record = fitted.fit(problem.codes, problem.y).history_[-1]
    assert_close((record.val_loss, record.val_accuracy), fitted._network.evaluate(*parts[1]), terms=ROUNDINGS)


@pytest.mark.parametrize("names", [[], ["a"], ["a", "b", "c"]], ids=len)
def test_names_are_as_many_as_columns(names):
    fitted = SoftmaxRegression().fit([[0.5, 1.0], [1.0, 0.5]], [0, 1])
    with pytest.raises(ValueError, match=f"input_features has {len(names)} names, .* fitted to 2 columns"):
        fitted.get_feature_names_out(names)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"max_iter": 3}, "reached 3 epochs"),
        ({"max_iter": 0}, "reached 0 epochs"),
        ({"max_iter": 100, "tol": 100.0, "n_iter_no_change": 4}, "training loss did not improve by 100 in 4 epochs"),
        ({"stopping": GradientNorm(100.0)}, r"gradient norm .* is below 100"),
        ({"stopping": LossChange(100.0, 2) | MaxEpochs(1)}, "reached 1 epochs"),
        ({"solver": "lbfgs", "tol": 1e-3, "max_iter": 1000}, r"no component of the gradient exceeds 0\.001"),
        ({"solver": "lbfgs", "stopping": MaxEpochs(2)}, "reached 2 epochs"),
    ],
    ids=str,
)
def test_stop_reason_says_why(model, problem, settings, reason):
    fitted = model(**settings).fit(problem.codes, problem.y)
    assert fitted.n_iter_ == len(fitted.history_)
    assert [record.epoch for record in fitted.history_] == list(range(1, fitted.n_iter_ + 1))
    assert re.fullmatch(reason, fitted.stop_reason_)


def test_lbfgs_warns_when_it_runs_out_of_iterations(model, problem):
    with pytest.warns(ConvergenceWarning, match=r"L-BFGS did not converge \(.*\); increase max_iter=2 or tol=0\.0001"):
        model(solver="lbfgs", max_iter=2).fit(problem.codes, problem.y)
    with pytest.warns(ConvergenceWarning, match=r"\(reached 0 iterations\); increase max_iter=0 or tol"):
        model(solver="lbfgs", max_iter=0).fit(problem.codes, problem.y)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [0.1, 0.1, 0.1, 0.1]),
        ("inverse_scaling", [0.1, 0.1 / 2**0.5, 0.1 / 3**0.5, 0.05]),
        (Step(2), [0.1, 0.1, 0.01, 0.01]),
    ],
    ids=str,
)
@pytest.mark.parametrize("solver", ["sgd", Momentum(0.1)], ids=str)
def test_a_schedule_sets_the_rates(model, problem, solver, schedule, rates):
    fitted = model(solver=solver, schedule=schedule, stopping=MaxEpochs(4)).fit(problem.codes, problem.y)
    assert_close([record.learning_rate for record in fitted.history_], rates, terms=4)


@pytest.mark.filterwarnings("ignore::classifiers.gradient_flow.GradientFlowWarning")
def test_divergence_is_an_error(model, problem):
    message = r"training diverged in epoch \d: the loss is .*; try learning_rate=1e\+06, a tenth of the present one"
    settings = {"learning_rate": 1e7, "alpha": 0}
    with pytest.raises(DivergenceError, match=message):
        model(**settings).fit(problem.codes, problem.y)
    with pytest.raises(DivergenceError, match=message):
        model(**settings).partial_fit(problem.codes, problem.y, classes=[0, 1, 2])


class RootActivation:
    """NaN for negative z, so that an untrained network knows no loss."""

    name = "root"

    def forward(self, z):
        with np.errstate(invalid="ignore"):
            return np.sqrt(z), lambda da: da / 2


def nan_initializer(shape, **_):
    return np.full(shape, np.nan)


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("settings", [{"activation": RootActivation()}, {"initializer": nan_initializer}], ids=str)
def test_a_loss_that_is_nan_before_the_first_step_is_not_blamed_on_the_steps(settings, solver):
    model = MLPClassifier((8,), solver=solver, random_state=0, **settings)
    with pytest.raises(DivergenceError, match=r"the loss is nan before the first step: look at the activation, the"):
        model.fit([[0, 1], [1, 0], [2, 1]], [0, 1, 1])


def test_numbers_too_large_for_lbfgs_are_not_taken_for_a_fit():
    message = r"\(the line search found no lower point\); not even its first step succeeded: columns of X should be"
    with pytest.warns(ConvergenceWarning, match=message):
        SoftmaxRegression(dtype=np.float64).fit([[1e200], [0.5], [0.25]], [0, 1, 1])


def test_verbose_prints_a_line_an_epoch(model, problem, capsys):
    fitted = model(verbose=1).fit(problem.codes, problem.y)
    assert capsys.readouterr().out.splitlines() == [str(record) for record in fitted.history_]


def test_probabilities_are_those_of_the_logits(model, problem):
    fitted = model().fit(problem.codes, problem.y)
    Z = fitted.decision_function(problem.codes)
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    assert_close(fitted.predict_proba(problem.codes), P, terms=16)
    assert_close(fitted.predict_log_proba(problem.codes), np.log(P), terms=16)
    assert (fitted.predict(problem.codes) == Z.argmax(axis=1)).all()


def test_of_two_classes_the_logit_is_one_number(model, problem):
    y = np.where(problem.y > 0, "yes", "no")
    fitted = model().fit(problem.codes, y)
    z, P = fitted.decision_function(problem.codes), fitted.predict_proba(problem.codes)
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert_close(1 / (1 + np.exp(-z)), P[:, 1], terms=32)
    assert (fitted.predict(problem.codes) == np.where(z > 0, "yes", "no")).all()


@pytest.mark.parametrize("rate", [0.1, np.float64(0.1), np.float32(0.1)], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"], ids=str)
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_the_precision_asked_for_is_kept(model, problem, solver, dtype, rate):
    fitted = model(solver=solver, dtype=dtype, learning_rate=rate).fit(problem.codes, problem.y, problem.weight)
    outputs = [method(problem.codes) for method in (fitted.predict_proba, fitted.decision_function)]
    assert {array.dtype for array in (*parameters(fitted), *outputs)} == {np.dtype(dtype)}


@pytest.mark.parametrize("name", ["dense", "csr"])
def test_what_was_fitted_to_a_design_matrix_never_reads_codes(model, problem, name):
    fitted = model(n_categories=None).fit(problem.to(name), problem.y)
    assert fitted.n_categories_ is None
    integers = one_hot(problem.codes, problem.n_categories).astype(int)
    assert (fitted.predict_proba(integers) == fitted.predict_proba(integers.astype(float))).all()
    none = np.zeros_like(integers)
    assert (fitted.predict_proba(none) == fitted.predict_proba(none.astype(float))).all()


@pytest.mark.parametrize("n_categories", [6, (6, 6, 6, 6), np.array([6, 6, 6, 6])], ids=repr)
@pytest.mark.parametrize("as_codes", [np.asarray, lambda codes: OneHot(codes, 6), lambda codes: codes.astype(float)])
def test_one_number_of_categories_is_for_every_field(model, problem, n_categories, as_codes):
    fitted = model(n_categories=n_categories).fit(as_codes(problem.codes), problem.y)
    assert fitted.n_categories_ == (6, 6, 6, 6)
    assert parameters(fitted)[0].shape[0] == 24


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("solver", ["lbfgs", "momentum"])
def test_arguments_are_not_modified(model, problem, solver, name):
    X = problem.to(name)
    before = pickle.dumps(X)
    arrays = [problem.y.copy(), problem.weight.copy()]
    estimator = model(solver=solver, early_stopping=True, n_iter_no_change=2)
    settings = estimator.get_params()
    estimator.fit(X, *arrays).predict(X)
    assert pickle.dumps(X) == before
    assert (arrays[0] == problem.y).all()
    assert (arrays[1] == problem.weight).all()
    assert estimator.get_params() == settings


@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
def test_predicting_changes_nothing(model, problem, solver):
    fitted = model(solver=solver).fit(problem.codes, problem.y)
    if solver == "sgd":
        fitted.partial_fit(problem.codes, problem.y)
    before = pickle.dumps(fitted._network)
    for parameter in fitted._network.parameters:
        getattr(parameter, "values", parameter).flags.writeable = False  # as of a model that is memory-mapped
    fitted.predict_proba(problem.codes)
    assert pickle.dumps(fitted._network) == before


def test_an_optimizer_passed_in_stays_fresh(model, problem):
    solver = Adam(0.01)
    first, second = (model(solver=solver).fit(problem.codes, problem.y) for _ in range(2))
    assert solver == Adam(0.01)
    assert_same(first, second, terms=1)


@pytest.mark.parametrize("solver", ["lbfgs", "adam", Momentum(0.1)], ids=str)
def test_a_model_is_pickled_and_cloned(model, problem, solver):
    fitted = model(solver=solver, stopping=ValidationLoss(2) | MaxEpochs(5))
    fitted.fit(problem.codes, problem.y, X_val=problem.codes, y_val=problem.y)
    again = pickle.loads(pickle.dumps(fitted))
    assert (again.predict_proba(problem.codes) == fitted.predict_proba(problem.codes)).all()
    fresh = clone(fitted)
    assert not hasattr(fresh, "classes_")
    assert_same(fresh.fit(problem.codes, problem.y, X_val=problem.codes, y_val=problem.y), fitted, terms=1)


def test_stale_names_are_forgotten(model, problem):
    pd = pytest.importorskip("pandas", reason="in the test extra; without it, only DataFrames go untested")
    fitted = model().fit(pd.DataFrame(problem.codes, columns=list("abcd")), problem.y)
    assert fitted.feature_names_in_.tolist() == list("abcd")
    fitted.fit(problem.to("OneHot"), problem.y)
    assert not hasattr(fitted, "feature_names_in_")
    assert fitted.predict(problem.codes).shape == problem.y.shape


# scikit-learn's tools


@pytest.mark.parametrize("name", FORMATS)
def test_cross_validation_takes_every_format(model, problem, name):
    scores = cross_val_score(model(), problem.to(name), problem.y, cv=3)
    assert scores == pytest.approx(cross_val_score(model(), problem.codes, problem.y, cv=3))


def test_a_grid_is_searched_over_settings_and_objects(model, problem):
    grid = {"solver": ["sgd", Adam(0.05)], "alpha": np.logspace(-4, -2, 2), "learning_rate": np.logspace(-2, -1, 2)}
    search = GridSearchCV(model(dtype=np.float32), grid, cv=2).fit(problem.to("OneHot"), problem.y)
    assert len(search.cv_results_["params"]) == 8
    assert search.best_estimator_.predict(problem.codes).shape == problem.y.shape


def test_encoders_come_before_it_in_a_pipeline(model, problem):
    cities = np.array(["Aachen", "Bergen", "Chartres", "Delft", "Esbjerg", "Faro"])
    words = cities[problem.codes]
    ordinal = OrdinalEncoder(dtype=int, handle_unknown="use_encoded_value", unknown_value=-1)
    pipelines = [
        make_pipeline(ordinal, model(handle_unknown="ignore")),
        make_pipeline(OneHotEncoder(handle_unknown="ignore"), model(n_categories=None)),
        make_pipeline(OneHotEncoder(sparse_output=False, handle_unknown="ignore"), model(n_categories=None)),
    ]
    unseen = [[*words[0, :3], "Ghent"], words[1]]
    outputs = [pipeline.fit(words, problem.y).predict_proba(unseen) for pipeline in pipelines]
    assert_close(outputs[1], outputs[0], terms=ROUNDINGS)
    assert_close(outputs[2], outputs[0], terms=ROUNDINGS)


@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
def test_of_all_weights_with_the_same_probabilities_the_centred_ones_are_found(problem, solver):
    """Softmax is blind to what all classes have in common; the penalty and the start at zero are not."""
    fitted = SoftmaxRegression(solver=solver, alpha=0.01, max_iter=500, dtype=np.float64, random_state=0)
    fitted.fit(problem.codes, problem.y)
    for weights in (fitted.coef_, fitted.intercept_):
        assert np.abs(weights).max() > 0.01
        assert_close(weights.sum(axis=0), np.zeros(weights.shape[1:]), scale=np.abs(weights).max(), terms=10_000)


def test_another_sample_of_the_same_kind_is_predicted_well():
    codes, _, y, *_ = make_problem(n=2000)
    for estimator in (SoftmaxRegression(), MLPClassifier((16,), learning_rate=0.01, max_iter=20, random_state=0)):
        assert estimator.fit(codes[:1000], y[:1000]).score(codes[1000:], y[1000:]) > 0.7


@pytest.mark.parametrize("warm_start", [False, True])
def test_a_fit_that_diverges_leaves_no_model_behind(warm_start):
    codes, y = np.arange(60)[:, None] % 5, np.arange(60) % 3
    model = SoftmaxRegression(solver="sgd", n_categories=[5], max_iter=3, warm_start=warm_start).fit(codes, y)
    model.set_params(learning_rate=1e38, alpha=0.0, max_iter=50)
    with pytest.raises(DivergenceError):
        model.fit(codes, y)
    with pytest.raises(NotFittedError):
        model.predict(codes)
    assert not hasattr(model, "history_")


def test_unknown_codes_are_ignored_at_predict_but_not_at_fit():
    model = SoftmaxRegression(n_categories=[2, 3], handle_unknown="ignore")
    with pytest.raises(CodeError, match=r"field 1, row 2: code 7 is not in \[0, 3\)"):
        model.fit([[0, 0], [1, 1], [0, 7]], [0, 1, 0])
    model.fit([[0, 0], [1, 1], [0, 2]], [0, 1, 0])
    assert model.predict([[0, 7]]).shape == (1,)


@pytest.mark.parametrize("name", ["coef_", "intercept_"])
def test_weights_of_a_model_that_is_not_fitted(name):
    assert not hasattr(SoftmaxRegression(), name)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(SoftmaxRegression(), name)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(MLPClassifier(), f"{name[:-1]}s_")


def test_the_array_of_an_initializer_is_not_trained():
    codes, y = np.arange(60)[:, None] % 5, np.arange(60) % 3
    first_layer, last_layer = np.full((5, 4), 0.25), np.linspace(-1, 1, 12).reshape(4, 3)
    before = first_layer.copy()
    first_layer.flags.writeable = False

    def pretrained(shape, **_):
        return first_layer if shape == (5, 4) else last_layer

    settings: dict[str, Any] = {"solver": "sgd", "max_iter": 2, "tol": 0, "dtype": np.float64, "random_state": 0}
    losses = [MLPClassifier((4,), initializer=pretrained, **settings).fit(codes, y).history_[0].loss for _ in range(2)]
    assert losses[0] == losses[1]
    np.testing.assert_array_equal(first_layer, before)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_momentum_minimises_the_penalised_objective(problem, momentum, nesterov):
    n_categories, alpha = list(problem.n_categories), 0.05
    best = SoftmaxRegression(alpha=alpha, tol=1e-10, n_categories=n_categories, dtype=np.float64)
    best.fit(problem.codes, problem.y)
    solver = Momentum(0.5 * (1 - momentum), momentum=momentum, nesterov=nesterov)
    settings: dict[str, Any] = {"batch_size": len(problem.y), "max_iter": 2000, "dtype": np.float64}
    settings["stopping"] = MaxEpochs(2000)
    model = SoftmaxRegression(solver=solver, alpha=alpha, n_categories=n_categories, random_state=0, **settings)
    model.fit(problem.codes, problem.y)
    np.testing.assert_allclose(model.coef_, best.coef_, atol=1e-6)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["a", "b", "c", 3], r"classes, row 3: 3 is of type int, but 'a' in row 0 of str"),
        ([["a", "b", "c"]], r"classes=\[\['a', 'b', 'c'\]\] must be a list of labels"),
        ({"a"}, r"classes=\{'a'\} must be a list of labels"),
        ("ab", "classes='ab' must be a list of labels"),
        (["a", "b", None], r"classes, row 2: the label is missing"),
        ([0.0, np.nan], r"classes, row 1: (Input classes contains NaN|the label is missing)"),
        (["a"], "classes has only one class, 'a'"),
        ([], "classes has no class; a classifier needs"),
    ],
)
def test_classes_are_labels(classes, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxRegression(solver="sgd").partial_fit([[0], [1], [2]], ["a", "b", "c"], classes=classes)


def test_classes_may_be_of_numpys_strings():
    codes, y = [[0], [1], [2]], np.array(["a", "b", "c"], np.dtypes.StringDType())
    model = SoftmaxRegression(solver="sgd").partial_fit(codes, y, classes=y)
    assert model.classes_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("change", [{"hidden_layer_sizes": (9,)}, {"dtype": np.float64}, {"activation": "tanh"}])
@pytest.mark.parametrize("go_on", ["partial_fit", "fit"])
def test_another_network_is_not_gone_on_with(go_on, change):
    codes, y = np.arange(60)[:, None] % 5, np.arange(60) % 3
    model = MLPClassifier((4,), max_iter=1, tol=0, warm_start=True, n_categories=[5]).fit(codes, y)
    model.set_params(**change)
    with pytest.raises(
        ValueError, match=r"the parameters ask for .*, but the network that is to be trained further has"
    ):
        getattr(model, go_on)(codes, y)


@pytest.mark.parametrize("go_on", ["partial_fit", "fit"])
def test_a_table_of_other_categories_is_not_gone_on_with(go_on):
    codes, y = np.arange(60)[:, None] % 5, np.arange(60) % 3
    model = SoftmaxRegression(solver="sgd", max_iter=1, tol=0, warm_start=True, n_categories=[5]).fit(codes, y)
    getattr(model.set_params(n_categories=5), go_on)(codes, y)
    for other in ([6], 6):
        with pytest.raises(ValueError, match=r"further has n_categories_=\(5,\); set it back"):
            getattr(model.set_params(n_categories=other), go_on)(codes, y)
    model = SoftmaxRegression(solver="sgd", max_iter=1, tol=0, warm_start=True).fit(codes + 0.5, y)
    with pytest.raises(ValueError, match="n_categories_=None; set it back"):
        getattr(model.set_params(n_categories=5), go_on)(codes + 0.5, y)


def test_without_hidden_layers_the_activation_is_no_matter():
    codes, y = np.arange(60)[:, None] % 5, np.arange(60) % 3
    model = MLPClassifier((), max_iter=1, tol=0, warm_start=True).fit(codes, y)
    assert len(model.set_params(activation="tanh").partial_fit(codes, y).history_) == 2


def test_samples_without_weight_are_not_held_out(problem):
    weight = np.zeros(len(problem.y))
    there = np.sort(np.random.default_rng(0).permutation(len(weight))[:40])
    weight[there] = 2
    settings: dict[str, Any] = {"solver": "sgd", "early_stopping": True, "max_iter": 3, "dtype": np.float64}
    settings |= {"n_categories": list(problem.n_categories), "random_state": 0, "validation_fraction": 0.25}
    weighted = SoftmaxRegression(**settings).fit(problem.codes, problem.y, sample_weight=weight)
    alone = SoftmaxRegression(**settings).fit(problem.codes[there], problem.y[there])
    assert [r.val_loss for r in weighted.history_] == pytest.approx([r.val_loss for r in alone.history_], rel=1e-12)


def test_a_wrong_argument_leaves_a_model_to_go_on_with():
    codes, y = np.arange(60)[:, None] % 5, np.arange(60) % 3
    model = SoftmaxRegression(solver="sgd", warm_start=True, max_iter=1, tol=0).fit(codes, y)
    before = model.predict_proba(codes)
    with pytest.raises(ValueError, match="X_val and y_val go together"):
        model.fit(codes, y, X_val=codes)
    np.testing.assert_array_equal(model.predict_proba(codes), before)


def test_predictions_take_the_memory_of_the_result():
    codes = np.random.default_rng(0).integers(0, 50, (300_000, 3))
    model = SoftmaxRegression(n_categories=[50] * 3, max_iter=1, solver="sgd", tol=0)
    model.fit(codes[:1000], codes[:1000, 0] % 20)
    for predict in (model.predict_proba, model.predict):
        predict(codes)
        size = predict(codes).nbytes
        chunks = 4 * 2**14 * 20 * 8 * (1 + n_threads())
        assert peak_memory(lambda predict=predict: predict(codes)) < size + chunks


@pytest.mark.parametrize(
    ("solver", "n_tables"), [("sgd", 1), ("momentum", 2), ("adagrad", 2), ("rmsprop", 2), ("adam", 3)]
)
def test_a_fit_takes_the_memory_of_the_table_and_of_what_the_solver_keeps(solver, n_tables):
    V, n, f, K = 400_000, 20_000, 4, 8
    codes = np.random.default_rng(0).integers(0, V // f, (n, f))
    model = SoftmaxRegression(solver=solver, max_iter=2, tol=0, n_categories=[V // f] * f)
    model.fit(codes[:500], codes[:500, 0] % K)
    table, indices = 4 * V * K, 4 * n * f
    assert peak_memory(lambda: model.fit(codes, codes[:, 0] % K)) < (n_tables + 0.2) * table + 5 * indices


@pytest.mark.parametrize("alpha", [np.float32(0.01), np.float16(0.01)])
def test_the_objective_is_in_float64_whatever_alpha_is(alpha):
    rng = np.random.default_rng(1)
    X, y = rng.integers(0, 4, (200, 3)), rng.integers(0, 3, 200)
    given, plain = (SoftmaxRegression(alpha=each, tol=1e-7).fit(X, y) for each in (alpha, float(alpha)))
    assert np.array_equal(given.coef_, plain.coef_)
    assert given.stop_reason_ == plain.stop_reason_
    assert gradient_check(given, X, y).ok


def test_a_share_to_validate_on_may_be_of_any_float_type():
    X, y = np.arange(40)[:, None] % 4, np.arange(40) % 2
    share: Any = np.float32(0.25)
    assert SoftmaxRegression(solver="sgd", early_stopping=True, validation_fraction=share).fit(X, y).history_


@pytest.mark.parametrize("unit", ["D", "ns"])
def test_classes_that_are_dates_have_their_weights(unit):
    X, days = np.arange(30)[:, None] % 5, np.array(["2020", "2021"] * 15, f"M8[{unit}]")
    weights = dict(zip(np.unique(days), [50, 1], strict=True))
    weighted = SoftmaxRegression(class_weight=weights).fit(X, days)
    expected = SoftmaxRegression().fit(X, days, np.where(days == days[0], 50, 1))
    assert np.array_equal(weighted.coef_, expected.coef_)


def test_a_scaled_table_is_read_as_a_copy_that_nobody_writes_into():
    model = MLPClassifier((4,), solver="sgd", random_state=0).partial_fit([[0], [1]], [0, 1], classes=[0, 1])
    with pytest.raises(ValueError, match="read-only"):
        model.coefs_[0][:] = 0


@pytest.mark.parametrize("labels", [[b"no", b"yes"], [2**70, 3]], ids=str)
def test_all_labels_that_are_learned_have_a_score(labels):
    X, y = [[0], [1], [1], [0]], [labels[0], labels[1], labels[1], labels[1]]
    model = SoftmaxRegression(alpha=0.01).fit(X, y)
    assert model.score(X, model.predict(X)) == 1


def test_a_weight_of_all_samples_has_no_effect_on_the_score():
    model = SoftmaxRegression().fit([[0], [1], [1]], [0, 1, 0], 2.0)
    assert model.score([[0], [1], [1]], [0, 1, 0], 2.0) == model.score([[0], [1], [1]], [0, 1, 0])
