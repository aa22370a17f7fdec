"""DataFrames as they are, of pandas and polars: the trajectory of codes and of the dense matrix that they stand for."""

import warnings
from datetime import date
from enum import StrEnum

import narwhals as nw
import numpy as np
import pytest
from scipy import sparse
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from classifiers import MLPClassifier, SoftmaxRegression
from classifiers.diagnostics import gradient_check, sample_losses
from classifiers.mixed_matrix import MixedMatrix
from classifiers.reading.tables import Names
from classifiers.stopping import MaxEpochs
from onehot import CodeError, DTypeError, OneHot, ShapeError
from tests.classifiers.oracle import assert_same_trajectory
from tests.tolerance import assert_close

WHY = "in the test extra; without it, only DataFrames go untested"
ARROW = "Arrow is the reader's own choice; no extra brings it"
SOLVERS = ["lbfgs", "sgd", "momentum", "adagrad", "rmsprop", "adam"]
EPOCHS, N = 3, 80
ROUNDINGS = EPOCHS * 4 * 500  # of 4 batches an epoch, each with the sums of a step
CITIES = ["Bergen", "Oslo", "Tromsø", "Voss"]
FIELDS, NUMBERS = ["city", "member"], ["age", "income"]


@pytest.fixture(params=["pandas", "polars"])
def frame(request):
    """Return the function that makes a DataFrame of a dict of columns."""
    return pytest.importorskip(request.param, reason=WHY).DataFrame


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(0)
    return {
        "city": rng.choice(CITIES, N).tolist(),
        "age": rng.integers(18, 80, N).tolist(),
        "member": rng.choice([True, False], N).tolist(),
        "income": rng.lognormal(10, 1, N).tolist(),
    }


@pytest.fixture(scope="module")
def y(columns):
    rng = np.random.default_rng(1)
    score = np.array([c in "Oslo Voss" for c in columns["city"]]) + np.array(columns["age"]) / 40
    return np.digitize(score + rng.normal(scale=0.3, size=N), [1, 2])


def model(hidden=(), **settings):
    settings = {"batch_size": 20, "random_state": 0, "dtype": np.float64, "alpha": 0.01, **settings}
    return MLPClassifier(hidden, "tanh", **settings) if hidden else SoftmaxRegression(**settings)


@pytest.mark.parametrize("hidden", [(), (5,)], ids=str)
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_table_its_codes_and_its_dense_matrix_follow_one_trajectory(frame, columns, y, solver, hidden):
    settings = {"solver": solver, "learning_rate": 0.1, "stopping": MaxEpochs(EPOCHS)}
    X = frame(columns)
    on_frame = model(hidden, **settings).fit(X, y)
    assert len(on_frame.history_) == EPOCHS

    numbers = np.column_stack([columns[name] for name in NUMBERS])
    fields = np.column_stack([np.array(columns[name], dtype=object) for name in FIELDS])
    codes = np.column_stack([OrdinalEncoder().fit_transform(fields), numbers])
    on_codes = model(hidden, **settings, categorical_features=[0, 1]).fit(codes, y)
    assert_same_trajectory(on_codes, on_frame, ROUNDINGS)

    one_hot = OneHotEncoder(sparse_output=False).fit_transform(fields)
    dense = np.hstack([one_hot, StandardScaler().fit_transform(numbers)])
    on_dense = model(hidden, **settings).fit(dense, y)
    assert_same_trajectory(on_dense, on_frame, ROUNDINGS)
    assert_close(on_dense.predict_log_proba(dense), on_frame.predict_log_proba(X), terms=ROUNDINGS)
    assert_same_trajectory(model(hidden, **settings).fit(sparse.csr_array(dense), y), on_frame, ROUNDINGS)


@pytest.mark.parametrize("solver", ["lbfgs", "adagrad"])
def test_a_table_of_fields_only_is_its_codes(frame, columns, y, solver):
    X = frame({name: columns[name] for name in FIELDS})
    codes = OrdinalEncoder(dtype=int).fit_transform(np.array([columns[name] for name in FIELDS], dtype=object).T)
    on_frame = model(solver=solver, max_iter=EPOCHS, stopping=MaxEpochs(EPOCHS)).fit(X, y)
    on_codes = model(solver=solver, max_iter=EPOCHS, stopping=MaxEpochs(EPOCHS)).fit(codes, y)
    assert_same_trajectory(on_frame, on_codes, ROUNDINGS)
    assert (on_frame.predict(X) == on_codes.predict(codes)).all()


def test_learning_by_parts(frame, columns, y):
    X = frame(columns)
    fitted = model((5,), solver="adam").partial_fit(X, y, range(3)).partial_fit(X[:30], y[:30])
    again = model((5,), solver="adam").partial_fit(X, y, range(3)).partial_fit(X[:30], y[:30])
    assert_same_trajectory(fitted, again, ROUNDINGS)
    assert len(fitted.history_) == 2


def test_weights_are_repetition(frame, columns, y):
    weight = np.random.default_rng(2).integers(0, 3, N)
    repeated = {name: np.repeat(np.array(values), weight).tolist() for name, values in columns.items()}
    settings = {"alpha": 0.1, "tol": 1e-9, "max_iter": 1000}
    weighted = model(**settings).fit(frame(columns), y, weight)
    expected = model(**settings).fit(frame(repeated), np.repeat(y, weight))
    assert weighted.coef_ == pytest.approx(expected.coef_, abs=1e-5)  # both stop beside the one minimum


def test_what_is_learned_has_names(frame, columns, y):
    fitted = model().fit(frame(columns), y)
    assert fitted.feature_names_in_.tolist() == ["city", "age", "member", "income"]
    assert fitted.n_features_in_ == 4
    assert fitted.n_categories_ == (4, 2)
    names = [f"city={city}" for city in CITIES] + ["member=False", "member=True", *NUMBERS]
    assert fitted.get_feature_names_out().tolist() == names
    assert fitted.coef_.shape == (3, len(names))
    assert isinstance(fitted._read(frame(columns)), MixedMatrix)


def test_columns_that_differ_at_predict_are_named(frame, columns, y):
    fitted = model().fit(frame(columns), y)
    others = {("town" if name == "city" else name): values for name, values in columns.items()}
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- town\n.*now missing:\n- city"):
        fitted.predict(frame(others))
    shuffled = {name: columns[name] for name in ("age", "city", "member", "income")}
    with pytest.raises(ValueError, match=r"same order.*\n+Pass X\[\['city', 'age', 'member', 'income'\]\]"):
        fitted.predict(frame(shuffled))
    with pytest.raises(ValueError, match=r"now missing:\n- income"):
        fitted.predict(frame({name: columns[name] for name in ("city", "age", "member")}))
    with pytest.raises(DTypeError, match=r"column 1 \('age'\): expected numbers, got String"):
        fitted.predict(frame({**columns, "age": ["old"] * N}))
    with pytest.raises(CodeError, match=r"column 0 \('city'\), row 2: 'Rome' is not one of the 4 categories"):
        fitted.predict(frame({**columns, "city": ["Oslo", "Voss", "Rome"] + ["Oslo"] * (N - 3)}))
    with pytest.raises(ShapeError, match=r"needs at least one sample"):
        fitted.predict(frame(columns)[:0])


def test_a_missing_column_is_no_matter_of_order():
    pd = pytest.importorskip("pandas", reason=WHY)
    X = pd.DataFrame({"order": ["a", "b"], "n": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"yet now missing:\n- order\n$"):
        model().fit(X, [0, 1]).predict(X[["n"]])


def test_a_frame_of_narwhals_is_held_to_the_names_of_its_columns(frame, columns, y):
    fitted = model().fit(nw.from_native(frame(columns)), y)
    assert fitted.feature_names_in_.tolist() == [*columns]
    X = nw.from_native(frame(columns))
    assert_close(fitted.predict_proba(X), fitted.predict_proba(frame(columns)), terms=ROUNDINGS)
    with pytest.raises(ValueError, match="in the same order"):
        fitted.predict(X.select(reversed(X.columns)))


def test_names_are_there_for_older_releases_of_scikit_learn(frame, columns):
    assert Names(frame(columns)).__dataframe__().column_names() == [*columns]


def test_unknown_categories_contribute_nothing_on_request(frame, columns, y):
    fitted = model(handle_unknown="ignore", class_weight="balanced").fit(frame(columns), y)
    row = {name: values[:1] for name, values in columns.items()}
    known, unknown = (fitted.explain(frame({**row, "city": [city]})) for city in ("Oslo", "Rome"))
    assert known.features[0] == "city=Oslo"
    assert unknown.features[0] == "city: nothing"
    assert (unknown.contributions[0] == 0).all()
    assert (unknown.contributions[1:] == known.contributions[1:]).all()


@pytest.mark.parametrize("policy", ["error", "zero", "own"])
def test_missing_values_are_an_error_nothing_or_a_category(frame, columns, y, policy):
    X = frame({**columns, "city": [None, *columns["city"][1:]]})
    unfitted = model(handle_missing=policy)
    if policy == "error":
        with pytest.raises(
            CodeError, match=r"column 0 \('city'\), row 0: (None|nan) is not a category; .*'own'.*'zero'"
        ):
            unfitted.fit(X, y)
        return
    fitted = unfitted.fit(X, y)
    assert ("city=<missing>" in fitted.get_feature_names_out()) == (policy == "own")
    assert fitted.explain(X[:1]).features[0] == ("city=<missing>" if policy == "own" else "city: nothing")


@pytest.mark.parametrize("policy", ["error", "zero"])
def test_what_a_missing_value_is_may_change_after_fit(frame, columns, y, policy):
    X = frame({**columns, "city": [None, *columns["city"][1:]]})
    fitted = model(handle_missing="zero" if policy == "error" else "error").fit(frame(columns), y)
    fitted.set_params(handle_missing=policy)
    if policy == "error":
        with pytest.raises(CodeError, match=r"column 0 \('city'\), row 0: (None|nan) is not a category"):
            fitted.predict(X)
    else:
        assert fitted.explain(X[:1]).features[0] == "city: nothing"
    with pytest.raises(ValueError, match=r"handle_missing='own', but it was not 'own' when .* was fitted"):
        fitted.set_params(handle_missing="own").predict(X)


def test_numbers_among_objects_are_numbers(columns, y):
    X = pytest.importorskip("pandas", reason=WHY).DataFrame(columns)
    fitted = model().fit(X, y)
    row = X.iloc[3].to_frame().T
    assert set(row.dtypes) == {np.dtype(object)}
    assert (fitted.predict_proba(row) == fitted.predict_proba(X[3:4])).all()
    rows = X[:2].astype(object)
    rows.loc[1, "income"] = "high"
    with pytest.raises(
        DTypeError, match=r"column 3 \('income'\), row 1: expected numbers, got str; make numbers of it"
    ):
        fitted.predict(rows)


def test_a_missing_number_is_named(frame, columns, y):
    X = frame({**columns, "income": [*columns["income"][:5], None, *columns["income"][6:]]})
    with pytest.raises(ValueError, match=r"column 3 \('income'\), row 5: Input X contains NaN"):
        model().fit(X, y)


def test_a_frame_of_integers_is_codes(frame, columns):
    codes, labels = {"a": [0, 1, 2, 0], "b": [1, 0, 0, 1]}, [0, 1, 1, 0]
    fitted = model().fit(frame(codes), labels)
    assert fitted.n_categories_ == (3, 2)
    assert fitted.get_feature_names_out().tolist() == ["a=0", "a=1", "a=2", "b=0", "b=1"]
    assert fitted.explain(frame(codes)[2:3]).features == ("a=2", "b=0")
    with pytest.raises(CodeError, match=r"field 0 \('a'\), row 0: code 3 is not in \[0, 3\)"):
        fitted.predict(frame({"a": [3], "b": [0]}))


def test_a_frame_of_integers_may_have_gaps(frame):
    codes, labels = {"a": [0, 1, None, 0], "b": [1, 0, 0, 1]}, [0, 1, 1, 0]
    X = frame(codes).astype("Int64") if frame.__module__.startswith("pandas") else frame(codes)
    fitted = model(handle_missing="own").fit(X, labels)
    assert fitted.n_categories_ == (3, 3)
    assert fitted.explain(X[2:3]).features == ("a=<missing>", "b=0")
    with pytest.raises(CodeError, match=r"field 0 \('a'\), row 2: Input X contains NaN, .*handle_missing='own'"):
        model().fit(X, labels)


def test_integers_may_be_numbers_or_labels(frame):
    X, labels = frame({"year": [2013, 2014, 2013], "n": [1, 2, 3]}), [0, 1, 1]
    assert model(categorical_features=None).fit(X, labels).get_feature_names_out().tolist() == ["year", "n"]
    mixed = model(categorical_features=["year"]).fit(X, labels)
    assert mixed.get_feature_names_out().tolist() == ["year=2013", "year=2014", "n"]
    assert mixed.explain(X[:1]).features == ("year=2013", "n=1")


def test_a_gap_is_no_unknown_code(frame):
    X = frame({"a": [0, None, 2, 0]})
    X = X.astype("Int64") if frame.__module__.startswith("pandas") else X
    with pytest.raises(CodeError, match=r"field 0 \('a'\), row 1: Input X contains NaN"):
        model(handle_unknown="ignore").fit(X, [0, 1, 1, 0])


@pytest.mark.parametrize("years", [["2023", "2024"], ["2024", "2023"]], ids=str)
def test_unknown_categories_of_another_type_are_reported_wherever_they_stand(frame, years):
    X = frame({"year": [2024, 2025] * 3})
    fitted = model(categorical_features=["year"], handle_unknown="ignore").fit(X, ["a", "b"] * 3)
    with pytest.warns(
        UserWarning, match=rf"row {years.index('2024')}: '2024' is not one of .*2024 is: give the column"
    ):
        fitted.predict(frame({"year": years}))


def test_a_constant_number_has_no_deviation_under_any_weights(frame):
    X = frame({"a": list("xyxyxy"), "n": [-11.08] * 6})
    fitted = model().fit(X, [0, 1] * 3, sample_weight=[2.2, 0.3, 0.1, 0.7, 2.2, 0.3])
    assert fitted.score(X, [0, 1] * 3) == 1


@pytest.mark.parametrize("constant", [75.74, 52.38, 7.7, -1e9])
def test_a_row_without_weight_makes_no_number_vary(frame, constant):
    rng = np.random.default_rng(0)
    weight = np.append(rng.random(99), 0)
    text, n, y = rng.choice(list("abc"), 100), np.append(np.full(99, constant), constant + 5), np.arange(100) % 2
    learned = model().fit(frame({"a": list(text), "n": n}), y, sample_weight=weight)._encoder
    assert (learned.mean.tolist(), learned.scale.tolist()) == ([constant], [1])


def test_a_number_that_varies_by_rounding_alone_has_no_deviation(frame):
    X = frame({"a": list("xyxyxy"), "km": [3.3, 1.1 * 3] * 3})
    assert model().fit(X, [0, 1] * 3)._encoder.scale.tolist() == [1]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_a_weight_that_is_none_is_named_for_tables_too(frame, wrong):
    X = frame({"a": list("xyxy"), "n": [1.0, 2.0, 3.0, 4.0]})
    with pytest.raises(ValueError, match=rf"sample_weight, row 2: {wrong:g}"):
        model().fit(X, [0, 1, 0, 1], sample_weight=[1.0, 1.0, wrong, 1.0])


def test_validation_data_in_the_place_of_weights_are_found_for_tables_too(frame):
    X = frame({"a": list("xyxy"), "n": [1.0, 2.0, 3.0, 4.0]})
    with pytest.raises(ValueError, match=r"sample_weight has shape \(4, 2\), .* by name, X_val= and y_val="):
        model().fit(X, [0, 1, 0, 1], X, [0, 1, 0, 1])


def test_weights_may_be_as_large_as_numbers_are(frame):
    X = frame({"a": list("xyxy"), "n": [1.0, 2.0, 3.0, 4.0]})
    large, alike = (model().fit(X, [0, 1, 0, 1], sample_weight=[w] * 4) for w in (1e308, 1.0))
    assert large.coef_.tolist() == alike.coef_.tolist()


@pytest.mark.parametrize("offset", [1e12, 1.7e18])
def test_numbers_far_from_zero_are_standardized(frame, offset):
    X = frame({"a": list("xyxy"), "n": [offset + 1e6 * k for k in (0, 1, 0, 1)]})
    N = model().fit(X, [0, 1, 0, 1])._read(X).tocsr().toarray()[:, -1]
    assert N.tolist() == pytest.approx([-1, 1, -1, 1], abs=1e-3)  # floats of that size are 256 apart


def test_one_weight_for_all_is_as_none(frame):
    X = frame({"a": list("xyxy"), "n": [1.0, 2.0, 3.0, 4.0]})
    weighted, alike = model().fit(X, [0, 1, 0, 1], sample_weight=2.0), model().fit(X, [0, 1, 0, 1])
    np.testing.assert_array_equal(weighted.coef_, alike.coef_)


def test_a_column_may_have_any_name(frame):
    X = frame({"_mask": ["a", "b", "a"], "n": [1.0, 2.0, 3.0]})
    assert model().fit(X, [0, 1, 0]).score(X, [0, 1, 0]) == 1


def test_numbers_too_large_to_be_standardized(frame):
    X = frame({"a": list("xyxyxy"), "n": [1e300, 2e300, 3e300, 1e300, 0, 0]})
    with pytest.raises(ValueError, match=r"column 1 \('n'\): its numbers are too large to be standardized"):
        model().fit(X, [0, 1] * 3)


def test_names_of_columns_are_as_many_as_the_columns():
    X = np.array([["Oslo", "no", 40], ["Bergen", "yes", 20]], dtype=object)
    fitted = model().fit(X, [0, 1])
    assert fitted.get_feature_names_out(["p", "q", "r"])[-1] == "r"
    with pytest.raises(ValueError, match="input_features has 2 names, but SoftmaxRegression was fitted to 3 columns"):
        fitted.get_feature_names_out(["p", "q"])


def test_integers_beside_floats_are_ambiguous(frame):
    X, labels = frame({"code": [0, 1, 2], "x": [0.5, 0.25, 0.0]}), [0, 1, 1]
    with pytest.warns(
        UserWarning, match=r"integer columns \['code'\] beside \['x'\], .*categorical_features=\['code'\]"
    ):
        fitted = model().fit(X, labels)
    assert fitted.n_categories_ is None
    assert fitted.coef_.shape == (2, 2)


def test_bools_alone_are_a_design_matrix(frame):
    X = frame({"is_a": [True, False], "is_b": [False, True]})
    fitted = model().fit(X, [0, 1])
    assert fitted.n_categories_ is None
    assert fitted.get_feature_names_out().tolist() == ["is_a", "is_b"]


def test_a_date_is_neither(frame):
    import datetime

    X = frame({"day": [datetime.datetime(2013, 1, 1), datetime.datetime(2013, 1, 2)], "c": ["a", "b"]})
    with pytest.raises(DTypeError, match=r"column 0 \('day'\) is of Datetime.*cast it to strings"):
        model().fit(X, [0, 1])


def test_parameters_that_do_not_go_together(frame, columns, y):
    with pytest.raises(ValueError, match="n_categories=4 counts codes, but the categories of a table are learned"):
        model(n_categories=4).fit(frame(columns), y)
    with pytest.raises(ValueError, match="names columns of a table, but X is a OneHot"):
        model(categorical_features=[0]).fit(OneHot([[0], [1]]), [0, 1])
    with pytest.raises(ShapeError, match="fitted to a table of 4 columns"):
        model().fit(frame(columns), y).predict(OneHot([[0]]))
    with pytest.raises(ValueError, match="handle_missing='drop' must be 'error', 'zero' or 'own'"):
        model(handle_missing="drop").fit(frame(columns), y)


def test_the_gradient_of_mixed_columns_is_right(frame, columns, y):
    report = gradient_check(model((4,)), frame(columns)[:20], y[:20])
    assert report.ok, str(report)
    assert {check.format for check in report.checks} == {"mixed", "dense", "sparse"}
    assert sample_losses(model().fit(frame(columns), y), frame(columns), y).shape == (N,)


def test_validation_search_and_cross_validation(frame, columns, y):
    X = frame(columns)
    search = GridSearchCV(model(solver="adam", max_iter=3), {"alpha": [0.1, 1.0]}, cv=2)
    assert search.fit(X, y).best_estimator_.n_categories_ == (4, 2)
    assert cross_val_score(model(max_iter=500), X, y, cv=3).shape == (3,)
    fitted = model((4,), solver="adam", early_stopping=True, max_iter=5).fit(X, y, X_val=X[:20], y_val=y[:20])
    assert fitted.history_[0].val_loss is not None


def test_rows_without_names_are_taken_by_position(frame, columns, y):
    fitted = model().fit(frame(columns), y)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        predicted = fitted.predict_proba([[columns[name][3] for name in columns]])
    assert (predicted == fitted.predict_proba(frame(columns)[3:4])).all()


def test_pandas_categories_keep_their_order_and_those_that_do_not_occur():
    pd = pytest.importorskip("pandas", reason=WHY)
    for ordered in (False, True):
        dtype = pd.CategoricalDtype(["small", "medium", "large"], ordered=ordered)
        X = pd.DataFrame({"size": pd.Series(["large", "small", "large"], dtype=dtype)})
        fitted = model().fit(X, [0, 1, 0])
        assert fitted.get_feature_names_out().tolist() == ["size=small", "size=medium", "size=large"]
        assert fitted.predict(pd.DataFrame({"size": ["medium"]})).shape == (1,)


def test_polars_enums_keep_their_order_and_categoricals_are_sorted():
    pl = pytest.importorskip("polars", reason=WHY)
    enum = pl.Enum(["small", "medium", "large"])
    X = pl.DataFrame(
        {"size": pl.Series(["large", "small"], dtype=enum), "c": pl.Series(["z", "a"], dtype=pl.Categorical)}
    )
    fitted = model().fit(X, [0, 1])
    assert fitted.get_feature_names_out().tolist() == ["size=small", "size=medium", "size=large", "c=a", "c=z"]


@pytest.mark.parametrize("dtype", ["string", "object", "str"])
def test_every_string_dtype_of_pandas(dtype):
    pd = pytest.importorskip("pandas", reason=WHY)
    X = pd.DataFrame({"c": pd.Series(["b", None, "a"], dtype=dtype), "n": pd.array([1, 2, 3], dtype="Int64")})
    fitted = model(handle_missing="own").fit(X, [0, 1, 0])
    assert fitted.get_feature_names_out().tolist() == ["c=a", "c=b", "c=<missing>", "n"]


def test_arrow_backed_strings():
    pd = pytest.importorskip("pandas", reason=WHY)
    pa = pytest.importorskip("pyarrow", reason=ARROW)
    table = pa.table({"c": ["b", None, "a"], "n": [1.5, 2.0, 3.0]})
    for X in (table, table.to_pandas(types_mapper=pd.ArrowDtype)):
        fitted = model(handle_missing="own").fit(X, [0, 1, 0])
        assert fitted.get_feature_names_out().tolist() == ["c=a", "c=b", "c=<missing>", "n"]


def test_arrow_dictionaries_of_pandas_are_sorted():
    pd = pytest.importorskip("pandas", reason=WHY)
    pa = pytest.importorskip("pyarrow", reason=ARROW)
    table = pa.table({"c": pa.array(["b", "a", "b"]).dictionary_encode()})
    for X in (table, table.to_pandas(types_mapper=pd.ArrowDtype)):
        assert model().fit(X, [0, 1, 0]).get_feature_names_out().tolist() == ["c=a", "c=b"]


@pytest.mark.parametrize(
    ("fitted_to", "given"),
    [
        ([1, 2, 12], ["1", "2", "12"]),
        (["1", "2", "12"], [1, 2, 12]),
        (["1", "2", "12"], ["1.0", "2.0", "12.0"]),
        ([True, False, True], ["True", "False", "True"]),
        (["true", "false", "true"], [True, False, True]),
    ],
)
def test_categories_of_another_type_are_reported(frame, fitted_to, given):
    X, new = ({"month": values, "c": ["a", "b", "a"]} for values in (fitted_to, given))
    settings = {"categorical_features": ["month", "c"]}
    message = rf"column 0 \('month'\), row 0: {given[0]!r} is not one .*; {fitted_to[0]!r} is: give the column the type"
    with pytest.raises(CodeError, match=message):
        model(**settings).fit(frame(X), [0, 1, 0]).predict(frame(new))
    ignoring = model(handle_unknown="ignore", **settings).fit(frame(X), [0, 1, 0])
    with pytest.warns(UserWarning, match=f"{message}.*until then it contributes nothing"):
        ignoring.predict(frame(new))
    ignoring.predict(frame({"month": [7 if fitted_to[0] == 1 else "7"], "c": ["z"]}))  # unknown, and no warning


def test_numbers_where_strings_were_are_reported(frame):
    names = frame({"city": ["Oslo", "Voss", "Oslo"]})
    ignoring = model(handle_unknown="ignore").fit(names, [0, 1, 0])
    ignoring.predict(frame({"city": ["Rome"]}))
    with pytest.warns(
        UserWarning, match=r"column 0 \('city'\), row 1: 7 is not one of .*; give the column the type that"
    ):
        ignoring.predict(pytest.importorskip("pandas", reason=WHY).DataFrame({"city": ["Oslo", 7]}))


def test_explain_shows_numbers_as_they_are(frame):
    numbers = [0.0, 1.0, 4.0, 1000001.0]
    X = frame({"c": ["a", "b", "a", "b"], "n": numbers})
    fitted = SoftmaxRegression().fit(X, [0, 1, 0, 1])
    shown = [fitted.explain(X[i : i + 1]).features[1] for i in range(4)]
    assert shown == ["n=0", "n=1", "n=4", "n=1000001"]


def test_what_is_no_table_is_refused(columns, y):
    pd = pytest.importorskip("pandas", reason=WHY)
    X = pd.DataFrame(columns)
    fitted = model().fit(X, y)
    with pytest.raises(ValueError, match=r"X is a Series, one row or column; for a row pass df\[i:i \+ 1\]"):
        fitted.predict(X.iloc[0])
    twice = pd.concat([X, X[["city"]]], axis=1)
    with pytest.raises(ValueError, match=r"columns of one name \(.*'city' 2 times\); rename them"):
        model().fit(twice, y)
    dated = X.assign(day=pd.to_datetime(["2013-01-01"] * N))
    with pytest.raises(DTypeError, match=r"expected numbers, got Datetime.*; cast it to strings"):
        model(categorical_features=["city", "member"]).fit(dated, y)


def test_a_frame_that_is_yet_to_be_computed_is_refused(columns, y):
    pl = pytest.importorskip("polars", reason=WHY)
    X = pl.DataFrame(columns)
    fitted = model().fit(X, y)
    codes = pl.DataFrame({"a": [0, 1], "b": [1, 0]})
    of_codes = model().fit(codes, [0, 1])
    for call in (
        lambda: model().fit(X.lazy(), y),
        lambda: fitted.predict(X.lazy()),
        lambda: of_codes.predict(codes.lazy()),
    ):
        with pytest.raises(TypeError, match=r"X is a LazyFrame, whose rows are not there yet; pass X\.collect\(\)"):
            call()


def test_columns_numbered_by_pandas_are_taken_by_position(columns, y):
    pd = pytest.importorskip("pandas", reason=WHY)
    X = pd.DataFrame(dict(enumerate(columns.values())))
    fitted = model(categorical_features=[0, 2]).fit(X, y)
    assert not hasattr(fitted, "feature_names_in_")
    named = [*(f"city={city}" for city in CITIES), "member=False", "member=True", "age", "income"]
    assert fitted.get_feature_names_out(["city", "age", "member", "income"]).tolist() == named
    assert fitted.get_feature_names_out().tolist()[0] == "x0=Bergen"
    with pytest.raises(ValueError, match="input_features has 3 names, but SoftmaxRegression was fitted to 4 columns"):
        fitted.get_feature_names_out(["city", "age", "member"])


def test_an_ordinal_encoder_in_front(frame, columns, y):
    """Its default output: float64, -1 for unknown, NaN for missing."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    X = frame({"city": columns["city"], "member": [str(member) for member in columns["member"]]})
    new = frame({"city": ["Oslo", "Rome", None], "member": ["True", "True", "False"]})
    for settings in ({"n_categories": (4, 2)}, {"categorical_features": [0, 1]}):
        fitted = make_pipeline(encoder, model(handle_unknown="ignore", **settings)).fit(X, y)
        assert fitted.predict(new[:2]).shape == (2,)
        ordinal = encoder.fit(X).transform(new)
        assert fitted[-1].explain(ordinal[1:2]).features[0] == "x0: nothing"
        with pytest.raises(ValueError, match="handle_missing"):
            fitted[-1].predict([[np.nan, 0.0]])

        fitted = make_pipeline(encoder, model(handle_unknown="ignore", handle_missing="own", **settings)).fit(X, y)
        assert fitted[-1].n_categories_ == (5, 3)
        assert fitted[-1].explain([[np.nan, 0.0]]).features[0] == "x0=<missing>"
        assert fitted[-1].explain([[-1.0, 0.0]]).features[0] == "x0: nothing"


def test_a_column_transformer_in_front(columns, y):
    pd = pytest.importorskip("pandas", reason=WHY)
    X = pd.DataFrame(columns)
    encode = make_column_transformer(
        (OrdinalEncoder(dtype=int), make_column_selector(dtype_exclude="number")), remainder="passthrough"
    )
    pipeline = make_pipeline(encode, model(categorical_features=[0, 1])).fit(X, y)
    assert_close(pipeline.predict_proba(X), model().fit(X, y).predict_proba(X), terms=ROUNDINGS)


@pytest.mark.parametrize("of_codes", [True, False])
def test_text_is_not_read_as_numbers(frame, of_codes):
    X = frame({"m": [0, 1, 2, 1] if of_codes else [0.5, 2.5, 1, 3]})
    fitted = model().fit(X, [0, 1, 0, 1])
    with pytest.raises(DTypeError, match=r"column 0 \('m'\): expected numbers, got String; make numbers of it"):
        fitted.predict(frame({"m": ["1"]}))


def test_categoricals_and_times_are_not_read_as_numbers():
    pd = pytest.importorskip("pandas", reason=WHY)
    fitted = model().fit(pd.DataFrame({"m": [0.5, 2.5, 1, 3]}), [0, 1, 0, 1])
    with pytest.raises(DTypeError, match=r"column 0 \('m'\), row 0: expected numbers, got str"):
        fitted.predict(pd.DataFrame({"m": pd.Categorical(["1"])}))
    with pytest.raises(DTypeError, match=r"column 0 \('m'\): expected numbers, got Datetime"):
        fitted.predict(pd.DataFrame({"m": [pd.Timestamp("2026")]}))
    numbers = pd.DataFrame({"m": pd.Categorical([1, 3])})
    assert fitted.predict(numbers).tolist() == fitted.predict(numbers.astype(float)).tolist()


def test_a_column_of_nothing_makes_no_table_of_codes():
    pl = pytest.importorskip("polars", reason=WHY)  # to pandas, nothing is of dtype object
    X = pl.DataFrame({"a": [None] * 6, "b": [0, 1, 2] * 2})
    fitted = SoftmaxRegression(n_categories=5, handle_missing="zero").fit(X, [0, 1] * 3)
    assert fitted.n_categories_ == (5, 5)


def test_a_column_of_nothing_but_missing_numbers_misses_them(frame):
    fitted = model().fit(frame({"c": list("xyxy"), "n": [1.0, 2.0, 3.0, 4.0]}), [0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"column 1 \('n'\), row 0: Input X contains NaN"):
        fitted.predict(frame({"c": ["x"], "n": [None]}))
    with pytest.raises(CodeError, match=r"column 1 \('n'\) has no category at all: every value is missing; drop it"):
        model().fit(frame({"c": list("xyxy"), "n": [None] * 4}), [0, 1, 0, 1])


@pytest.mark.parametrize("beside", [{}, {"n": [1.5, 2, 3, 4]}])
def test_periods_are_neither_categories_nor_numbers(beside):
    pd = pytest.importorskip("pandas", reason=WHY)
    X = pd.DataFrame({"m": pd.period_range("2026", periods=4, freq="M"), **beside})
    with pytest.raises(
        DTypeError, match=r"column 0 \('m'\) is of period\[M\], which is neither categories nor numbers"
    ):
        model().fit(X, [0, 1, 0, 1])


@pytest.mark.parametrize("beside", [{}, {"n": [0.5, 1, 2, 3]}, {"s": list("abab")}], ids=["alone", "number", "text"])
def test_sparse_columns_of_pandas_are_as_dense_ones(beside):
    pd = pytest.importorskip("pandas", reason=WHY)
    a = pd.DataFrame({"a": list("xyzx")})
    sparse_model, dense_model = (
        model().fit(pd.get_dummies(a, sparse=is_sparse).assign(**beside), [0, 1, 0, 1]) for is_sparse in (True, False)
    )
    assert sparse_model.coef_.tolist() == dense_model.coef_.tolist()


def test_members_of_an_enumeration_are_categories_that_a_file_holds(tmp_path):
    pd = pytest.importorskip("pandas", reason=WHY)

    class Color(StrEnum):
        GREEN = "green"
        RED = "red"

    X = pd.DataFrame({"c": [Color.GREEN, Color.RED] * 2, "n": [1.0, 2.0, 3.0, 4.0]})
    fitted = model().fit(X, [0, 1, 0, 1])
    fitted.save(tmp_path / "model.npz")
    loaded = SoftmaxRegression.load(tmp_path / "model.npz")
    assert loaded.predict_proba(X).tolist() == fitted.predict_proba(X).tolist()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"z": [None] * 4, "n": [1.0, 2.0, 3.0, 4.0]}, r"column 0 \('z'\), row 0: Input X contains NaN"),
        ({"z": [None] * 4, "c": list("abab")}, r"column 0 \('z'\) has no category at all: every value is missing"),
        ({"d": [date(2026, 1, 1)] * 4, "n": [1.0, 2.0, 3.0, 4.0]}, r"column 0 \('d'\) is of Date, which is neither"),
        ({"l": [[1], [2]] * 2}, r"column 0 \('l'\) is of List\(Int64\), which is neither categories nor numbers"),
    ],
    ids=str,
)
@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_columns_of_neither_categories_nor_numbers_are_named(library, columns, message):
    package = pytest.importorskip(library, reason=ARROW if library == "pyarrow" else WHY)
    X = package.table(columns) if library == "pyarrow" else package.DataFrame(columns)
    with pytest.raises((ValueError, TypeError), match=message):
        model().fit(X, [0, 1, 0, 1])


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_missing_bool_among_bools_is_named(library):
    table = {"a": [True, None, False], "b": [False, True, True]}
    made = pytest.importorskip(library, reason=WHY)
    X = made.table(table) if library == "pyarrow" else made.DataFrame(table)
    if library == "pandas":
        X = X.astype("boolean")
    with pytest.raises(ValueError, match=r"column 0 \('a'\), row 1: Input X contains NaN; numbers must be finite"):
        SoftmaxRegression().fit(X, [0, 1, 0])
    fitted = SoftmaxRegression(categorical_features=["a", "b"], handle_missing="own").fit(X, [0, 1, 0])
    assert fitted.n_categories_ == (3, 3)
