"""Bad input: each message names field, row and value, and what to pass instead."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from classifiers import MLPClassifier, SoftmaxRegression
from classifiers._estimator import CategoricalClassifier
from classifiers._scaled_table import ScaledTable
from classifiers.losses import cross_entropy, sample_nll
from classifiers.optimizers import SGD
from onehot import DTypeError, OneHot, RowGradient, lookup, scatter_add
from tests.onehot.oracle import INTEGERS, one_hot

CODES = np.array([[0, 0, 2], [1, 1, 0], [2, 3, 1], [3, 2, 2], [0, 1, 0], [1, 0, 1]])
COUNTS = (4, 4, 3)
Y = np.array(["no", "yes", "yes", "no", "yes", "no"])
DENSE = one_hot(CODES, COUNTS)

IF_MISSING = "if it means missing, pass handle_missing='own' .*, or 'zero' to let it contribute nothing"
NEGATIVE = rf"field 1, row 2: Negative values in data: code -1, and codes count from 0; {IF_MISSING}$"
NAN = rf"field 1, row 2: Input X contains NaN, which is not a code; {IF_MISSING}$"


def put(value, at=(2, 1), into=CODES, dtype=None):
    """Return a copy with one value changed."""
    X = np.array(into, dtype or into.dtype)
    X[at] = value
    return X


def csr(value, at=(2, 5)):
    return sparse.csr_array(put(value, at, DENSE))


@pytest.fixture(params=[SoftmaxRegression, MLPClassifier], ids=lambda Model: Model.__name__)
def Model(request):
    return lambda **settings: request.param(**({"solver": "sgd", "max_iter": 1} | settings))


AT_FIT = [
    ("negative code", put(-1), {}, NEGATIVE),
    ("negative code in few bits", put(-1, dtype=np.int8), {"n_categories": COUNTS}, NEGATIVE),
    ("negative code as float", put(-1, dtype=float), {"n_categories": COUNTS}, NEGATIVE),
    (
        "negative infinity",
        put(-np.inf, dtype=float),
        {"n_categories": COUNTS},
        "field 1, row 2: Negative values in data: code -inf, and codes count from 0; only -1 can mean missing",
    ),
    (
        "code too large",
        put(4),
        {"n_categories": COUNTS},
        r"field 1, row 2: code 4 is not in \[0, 4\); pass a larger n_c",
    ),
    (
        "unsigned code too large",
        put(255, dtype=np.uint8),
        {"n_categories": COUNTS},
        r"field 1, row 2: code 255 is not in",
    ),
    (
        "largest of codes",
        put(2**64 - 1, dtype=np.uint64),
        {},
        "field 1 has 18446744073709551616 categories, .* renumber",
    ),
    (
        "fraction",
        put(1.5, dtype=float),
        {"n_categories": 4},
        "field 1, row 2: 1.5 is not a code; codes are whole numbers",
    ),
    (
        "infinite code",
        put(np.inf, dtype=float),
        {"n_categories": 4},
        "field 1, row 2: inf is not a code; codes are whole",
    ),
    ("beyond 2**53", put(1e300, dtype=float), {"n_categories": 4}, r"field 1, row 2: 1e\+300 is not a code"),
    (
        "beyond 2**11",
        put(2048, dtype=np.float16),
        {"n_categories": 4},
        r"field 1, row 2: 2048 is not a code; codes are whole numbers from 0, and from 2\*\*11 on such floats",
    ),
    ("missing code", put(np.nan, dtype=float), {"n_categories": COUNTS}, NAN),
    ("yes and no", DENSE[:, :3].astype(bool), {"n_categories": 4}, r"got bool; .* pass codes.astype\(int\)"),
    (
        "NaN",
        put(np.nan, into=DENSE),
        {},
        "column 1, row 2: Input X contains NaN; .* must be finite, so fill such values in",
    ),
    (
        "infinity",
        put(-np.inf, into=DENSE),
        {},
        "column 1, row 2: Input X contains infinity; .* must be finite, so fill such values in",
    ),
    (
        "too large for its type",
        put(1e39, into=DENSE),
        {},
        r"column 1, row 2: Input X contains 1e\+39, too large for float32; s",
    ),
    ("sparse NaN", csr(np.nan), {}, "column 5, row 2: Input X contains NaN; .* must be finite, so fill such values in"),
    (
        "sparse infinity",
        csr(np.inf, (5, 0)),
        {},
        "column 0, row 5: Input X contains infinity; .* must be finite, so fill such values in",
    ),
    ("sparse, too large", csr(-1e39), {}, r"column 5, row 2: Input X contains -1e\+39, too large for float32; scale"),
    ("no rows", CODES[:0], {}, r"Found array with 0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"),
    ("no rows, lazy", OneHot(CODES[:0], COUNTS), {}, "X is a OneHot of no rows; .* needs at least one sample"),
    ("no rows, sparse", sparse.csr_array((0, 3)), {}, r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is req"),
    ("no columns", CODES[:, :0], {}, r"0 feature\(s\) \(shape=\(6, 0\)\) while a minimum of 1 is required"),
    ("one dimension", CODES[:, 0], {}, r"Expected 2D array, got 1D array instead.*reshape\(-1, 1\)"),
    ("one dimension of words", Y, {}, "Expected 2D array, got 1D array instead"),
    ("three dimensions", CODES[None], {}, "Found array with dim 3"),
    (
        "too few fields",
        CODES,
        {"n_categories": [4, 4]},
        r"X has 3 columns, but n_categories has 2 fields and 8 .*\(n, 8\)",
    ),
    (
        "sparse of another width",
        csr(1),
        {"n_categories": [4, 4]},
        r"X has 11 columns, .*pass a sparse matrix of .*\(n, 8\)",
    ),
    (
        "no categories",
        CODES,
        {"n_categories": [4, 0, 3]},
        r"n_categories\[1\] is 0; every field needs at least one category",
    ),
    ("half a category", CODES, {"n_categories": 2.5}, "n_categories must be integers, got 2.5"),
    (
        "other categories",
        OneHot(CODES, 5),
        {"n_categories": COUNTS},
        "field 0: X has 5 categories, expected 4; pass n_cat",
    ),
    ("other fields", OneHot(CODES, 5), {"n_categories": [7, 8]}, "X has 3 fields, expected 2"),
]


@pytest.mark.parametrize(("X", "settings", "message"), [case[1:] for case in AT_FIT], ids=[case[0] for case in AT_FIT])
def test_what_cannot_be_fitted_to(Model, X, settings, message):
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
        Model(**settings).fit(X, Y[: X.shape[0]])


AT_PREDICT = [
    ("negative code", put(-1), NEGATIVE),
    ("negative code as float", put(-1, dtype=float), NEGATIVE),
    (
        "code too large",
        put(4),
        r"field 1, row 2: code 4 is not in \[0, 4\); pass a larger n_categories if the code is right, "
        "or handle_unknown='ignore' to let it contribute nothing$",
    ),
    (
        "unsigned code too large",
        put(200, dtype=np.uint8),
        r"field 1, row 2: code 200 is not in \[0, 4\); pass a larger",
    ),
    ("next to a code", put(0.9999999, dtype=float), "field 1, row 2: 0.9999999 is not a code; codes are whole"),
    ("fraction", put(1.5, dtype=float), "field 1, row 2: 1.5 is not a code; codes are whole numbers from 0$"),
    ("infinite code", put(np.inf, dtype=float), "field 1, row 2: inf is not a code; codes are whole numbers from 0$"),
    ("missing code", put(np.nan, dtype=float), NAN),
    ("word", put("Oslo", dtype=object), "field 1, row 2: 'Oslo' is not a code; turn strings into codes first"),
    (
        "NaN",
        put(np.nan, (5, 9), into=DENSE),
        "column 9, row 5: Input X contains NaN; .* must be finite, so fill such values in",
    ),
    ("sparse NaN", csr(np.nan), "column 5, row 2: Input X contains NaN; .* must be finite, so fill such values in"),
    (
        "too few columns",
        CODES[:, :2],
        r"X has 2 features, but .* is expecting 3 features as input \(3 fields, 11 categ",
    ),
    (
        "too many columns",
        DENSE[:, :10],
        r"X has 10 features, but .* is expecting 3 features as input \(3 fields, 11 cat",
    ),
    ("sparse codes", sparse.csr_array(CODES), r"X has 3 columns, .* pass a sparse matrix of shape \(n, 11\)"),
    ("lazy, too wide", OneHot(CODES, 4), "field 2: X has 4 categories, expected 3; pass n_categories to OneHot"),
    ("lazy, too narrow", OneHot(CODES * 0), "field 0: X has 1 categories, expected 4; pass n_categories to OneHot"),
    (
        "other order",
        OneHot(CODES[:, ::-1], (3, 4, 4)),
        "field 0: X has 3 categories, expected 4; pass n_categories to One",
    ),
    (
        "other fields",
        OneHot(CODES[:, :1], 11),
        r"X has 1 fields, expected 3; pass a OneHot with n_categories=\[4, 4, 3\], or codes",
    ),
    ("no rows", CODES[:0], r"Found array with 0 sample\(s\)"),
    ("no rows, lazy", OneHot(CODES[:0], COUNTS), "X is a OneHot of no rows; .* needs at least one sample"),
    ("one dimension", CODES[0], "Expected 2D array, got 1D array instead"),
]


@pytest.mark.parametrize("handle_unknown", ["error", "ignore"])
@pytest.mark.parametrize(("X", "message"), [case[1:] for case in AT_PREDICT], ids=[case[0] for case in AT_PREDICT])
def test_what_cannot_be_predicted(Model, X, message, handle_unknown):
    model = Model(handle_unknown=handle_unknown).fit(CODES, Y)
    if handle_unknown == "ignore" and "code -1" in message:
        X = np.where(X == -1, -2, X)
        message = message.replace("-1", "-2").replace(IF_MISSING, "only -1 can mean missing; .*")
    elif handle_unknown == "ignore" and "is not in" in message:
        assert model.predict(X).shape == Y.shape
        return
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
        model.predict(X)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y[:5], r"inconsistent numbers of samples: \[6, 5\]"),
        (["no"] * 6, "y has only one class, 'no'; a classifier needs samples of 2 classes or more"),
        ([7] * 6, "y has only one class, 7; a classifier needs samples of 2 classes or more"),
        (None, "requires y to be passed, but the target y is None"),
        (np.linspace(0, 1, 6), "Unknown label type: continuous"),
        ([0, 1, 0, 1, 0, np.nan], "Input y contains NaN"),
        (
            np.eye(6),
            r"y should be a 1d array, got an array of shape \(6, 6\) instead; of one-hot labels, pass y\.argmax",
        ),
    ],
)
def test_labels_that_are_none(Model, y, message):
    for X in (CODES, OneHot(CODES), sparse.csr_array(DENSE)):
        with pytest.raises(ValueError, match=message):
            Model().fit(X, y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sample_weight": np.ones(5)}, r"sample_weight.shape == \(5,\), expected \(6,\)"),
        ({"sample_weight": -np.ones(6)}, "Negative values in data passed to `sample_weight`"),
        ({"sample_weight": np.zeros(6)}, "leave no weight at all|at least one non-zero number"),
        ({"sample_weight": np.full(6, np.nan)}, "Input sample_weight contains NaN"),
        ({"X_val": CODES}, "X_val and y_val go together: pass both or neither"),
        ({"y_val": Y}, "X_val and y_val go together: pass both or neither"),
        ({"X_val": put(-1), "y_val": Y}, NEGATIVE),
        (
            {"X_val": CODES, "y_val": ["no", "no", "maybe", "no", "no", "no"]},
            r"y, row 2: class 'maybe' is not one of \['no', 'y",
        ),
        ({"X_val": CODES, "y_val": np.arange(6)}, r"y, row 0: class 0 is not one of \['no', 'yes'\]"),
        ({"X_val": CODES, "y_val": Y[:4]}, r"inconsistent numbers of samples: \[6, 4\]"),
        ({"X_val": CODES[:, :2], "y_val": Y}, "X has 2 features, but .* is expecting 3 features"),
    ],
    ids=str,
)
def test_what_else_cannot_be_fitted_to(Model, arguments, message):
    with pytest.raises(ValueError, match=message):
        Model().fit(CODES, Y, **arguments)


def test_a_class_too_rare_to_set_aside(Model):
    message = r"early_stopping cannot set validation data aside \(.*\); pass X_val and y_val, or another .* than 0\.1$"
    with pytest.raises(ValueError, match=message):
        Model(early_stopping=True).fit(CODES, Y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.partial_fit(CODES, Y), "the first call of partial_fit needs classes=, all labels there will be"),
        (lambda m: m.partial_fit(CODES, Y, ["no"]), "classes has only one class, 'no'"),
        (lambda m: m.partial_fit(CODES, Y, ["no", "maybe"]), r"y, row 1: class 'yes' is not one of \['maybe', 'no'\]"),
        (lambda m: m.fit(CODES, Y).partial_fit(CODES, Y, [1, 2]), r"classes=\[1, 2\] differ from .* \['no', 'yes'\]"),
        (lambda m: m.fit(CODES, Y).partial_fit(put(-1), Y), NEGATIVE),
        (lambda m: m.fit(CODES, Y).partial_fit(put(9), Y), r"field 1, row 2: code 9 is not in \[0, 4\)"),
        (lambda m: m.fit(CODES, Y).partial_fit(CODES[:, :2], Y), "X has 2 features, but .* is expecting 3 features"),
        (
            lambda m: m.set_params(warm_start=True).fit(CODES, Y).fit(CODES, Y[::-1] + "!"),
            "y, row 0: class 'no!' is not one",
        ),
        (
            lambda m: m.set_params(class_weight="balanced").partial_fit(CODES, Y, ["no", "yes"]),
            "class_weight='balanced' needs all data at once; pass a dict, or sample_weight",
        ),
        (
            lambda m: m.set_params(early_stopping=True).partial_fit(CODES, Y, ["no", "yes"]),
            "early_stopping=True is for fit: set it to False, each partial_fit makes one epoch",
        ),
    ],
)
def test_what_training_cannot_go_on_with(Model, call, message):
    with pytest.raises(ValueError, match=message):
        call(Model())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": -1}, r"alpha=-1 must be a number in \[0, inf\)"),
        ({"alpha": True}, r"alpha=True must be a number in \[0, inf\)"),
        ({"learning_rate": np.nan}, r"learning_rate=nan must be a number in \[0, inf\)"),
        ({"momentum": 1}, r"momentum=1 must be a number in \[0, 1\)"),
        ({"batch_size": 0}, r"batch_size=0 must be an integer in \[1, inf\)"),
        ({"max_iter": 2.5}, r"max_iter=2\.5 must be an integer in \[0, inf\)"),
        ({"tol": None}, r"tol=None must be a number in \[0, inf\)"),
        ({"n_iter_no_change": 0}, r"n_iter_no_change=0 must be an integer in \[1, inf\)"),
        ({"validation_fraction": 1.0}, r"validation_fraction=1\.0 must be a number in \[0, 1\)"),
        ({"handle_unknown": "skip"}, "handle_unknown='skip' must be 'error' or 'ignore'"),
        ({"dtype": None}, "dtype=None must be numpy.float32 or numpy.float64"),
        ({"dtype": "foo"}, "dtype='foo' must be numpy.float32 or numpy.float64"),
        ({"solver": ["sgd"]}, r"solver=\['sgd'\] is not known; pass 'lbfgs', 'sgd'"),
        ({"solver": SGD(0.0)}, "learning_rate=0 must be positive"),
        ({"dtype": int}, "dtype=<class 'int'> must be numpy.float32 or numpy.float64"),
        ({"solver": "newton"}, "solver='newton' is not known; pass 'lbfgs', 'sgd'"),
        ({"schedule": "linear"}, "schedule 'linear' is not one of constant"),
        ({"class_weight": "even"}, "class_weight='even' must be None, 'balanced', or a dict"),
        ({"learning_rate": 0}, "learning_rate=0 must be positive"),
        ({"standardize": "yes"}, "standardize='yes' must be True or False"),
        ({"early_stopping": 1}, "early_stopping=1 must be True or False"),
        ({"verbose": "x"}, "verbose='x' must be 0, 1, 2 or more"),
        ({"stopping": "soon"}, r"stopping='soon' must be a rule of classifiers.stopping, like LossChange\(1e-4\)"),
        ({"learning_rate": 2.0, "alpha": 0.5}, r"decay by 1 in a step, which must be in \[0, 1\); .*alpha"),
    ],
    ids=str,
)
def test_settings_without_meaning(Model, settings, message):
    with pytest.raises(ValueError, match=message):
        Model(**settings).fit(CODES, Y)


@pytest.mark.parametrize("as_table", [False, True], ids=["codes", "strings"])
def test_masked_values_are_refused(Model, as_table):
    X = np.array(CODES).astype(str) if as_table else np.array(CODES)
    masked = np.ma.masked_array(X, mask=np.eye(len(X), X.shape[1], k=1) == 1)
    message = r"column 1, row 0: the value is masked, and would be read; pass X\.filled\(-1\) of codes"
    with pytest.raises(TypeError, match=message):
        Model().fit(masked, Y)
    model = Model().fit(X, Y)
    with pytest.raises(TypeError, match=message):
        model.predict(masked)
    assert (model.predict(np.ma.masked_array(X)) == model.predict(X)).all()


def test_unsigned_codes_that_no_table_is_tall_enough_for(Model):
    X = np.array([[0], [2**63 + 1]] * 3, np.uint64)
    for policy in ("error", "ignore"):
        with pytest.raises(ValueError, match="field 0 has 9223372036854775810 categories, more than"):
            Model(handle_unknown=policy).fit(X, Y)


@pytest.mark.parametrize("policies", [{}, {"handle_unknown": "ignore", "handle_missing": "own"}], ids=str)
def test_bools_are_no_codes(Model, policies):
    model = Model(**policies).fit(np.array([[0], [1], [2]] * 2), Y)
    with pytest.raises(TypeError, match="codes must be integers, got bool"):
        model.predict(np.array([[True], [False]]))


def test_codes_in_half_precision_are_read_without_a_warning(Model):
    X = np.array(CODES, np.float16)
    model = Model(n_categories=COUNTS).fit(X, Y)
    assert (model.predict(X) == model.predict(CODES)).all()


def test_a_policy_that_the_table_was_not_made_for(Model, tmp_path):
    model = Model(n_categories=COUNTS).fit(CODES, Y).set_params(handle_missing="own")
    for call in (lambda: model.predict(CODES), lambda: model.save(tmp_path / "model.npz")):
        with pytest.raises(
            ValueError, match=r"handle_missing='own', but it was not 'own' when .* was fitted.*fit it again"
        ):
            call()
    assert Model(n_categories=COUNTS).fit(CODES, Y).set_params(handle_missing="zero").predict([[-1, 0, 0]]).size == 1


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "decision_function"])
def test_a_model_that_is_not_fitted(Model, method):
    model = Model()
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        getattr(model, method)(CODES)
    with pytest.raises(ValueError, match="only one class"):
        model.fit(CODES, ["no"] * 6)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        getattr(model, method)(CODES)


@pytest.mark.parametrize("wrap", [np.asarray, ScaledTable])
def test_a_table_of_the_wrong_height(wrap):
    X = OneHot(CODES, COUNTS)
    message = r"X @ W: W has shape \(9, 2\), but X has 11 columns \(n_categories \(4, 4, 3\)\); W must be \(11, d\)"
    with pytest.raises(ValueError, match=message):
        X @ wrap(np.ones((9, 2)))


@pytest.mark.parametrize("wrong", [-1, -4, -11])
@pytest.mark.parametrize("dtype", [name for name in INTEGERS if not name.startswith("u")] + ["float32", "float64"])
def test_negative_codes_never_count_from_the_end(Model, dtype, wrong):
    """They would in ``W[codes]``: -1 would silently be the last category of the last field."""
    for at in ((0, 0), (5, 2)):
        X, model = put(wrong, at, dtype=dtype), Model(n_categories=COUNTS)
        message = f"field {at[1]}, row {at[0]}: Negative values in data: code {wrong},"
        for call in (
            lambda model=model, X=X: model.fit(X, Y),
            lambda model=model, X=X: model.partial_fit(X, Y, ["no", "yes"]),
            lambda model=model, X=X: model.fit(CODES, Y, X_val=X, y_val=Y),
            lambda model=model, X=X: model.fit(CODES, Y).predict(X),
            lambda model=model, X=X: model.fit(CODES, Y).predict_proba(X),
        ):
            with pytest.raises(ValueError, match=message):
                call()


@pytest.mark.parametrize("wrong", [-1, -4, -11])
def test_no_other_index_counts_from_the_end(wrong):
    W = np.ones((11, 2))
    calls: list[Any] = [
        lambda: OneHot([wrong], 11),
        lambda: OneHot([0], 11)[[wrong]],
        lambda: lookup(W, [wrong]),
        lambda: scatter_add(np.ones((1, 2)), [wrong], out=W),
        lambda: RowGradient([wrong], np.ones((1, 2)), n_rows=11),
        lambda: sample_nll(W, [wrong] * 11),
        lambda: cross_entropy(W, [wrong] * 11),
    ]
    for call in calls:
        with pytest.raises((ValueError, IndexError), match=f"{wrong}"):
            call()
    assert (W == 1).all()


WHOLE = (
    r"X holds whole numbers up to 3 as float64, and is taken as the design matrix; .* X.astype\(int\).* n_categories"
)
EXACTLY = (
    r"X of integers is exactly one-hot, but is read as codes of 4 fields; .* X.astype\(float\), or n_categories=\[4\]"
)


@pytest.mark.parametrize(
    ("X", "message"),
    [(np.eye(4, dtype=int)[[0, 1, 2, 3, 0, 1]], EXACTLY), (CODES.astype(float), WHOLE)],
    ids=["integer one-hot matrix", "whole floats"],
)
def test_a_matrix_that_may_be_something_else(Model, X, message):
    with pytest.warns(UserWarning, match=message) as warned:
        model = Model().fit(X, Y)
    assert [warning.filename for warning in warned] == [__file__], "the warning points to the call of fit"
    assert model.predict(X).shape == Y.shape, "said once, at fit"


@pytest.mark.parametrize(
    ("X", "n_categories"),
    [
        (np.eye(4, dtype=int)[[0, 1, 2, 3, 0, 1]], [4]),
        (np.eye(4)[[0, 1, 2, 3, 0, 1]], None),
        (np.eye(2, dtype=int)[[0, 1, 0, 1, 0, 1]], None),
        (np.eye(4, dtype=int)[[0, 1, 2, 3, 0, 1]] * 2, None),
        (CODES.astype(float), COUNTS),
        (CODES + 0.5, None),
        (CODES, None),
        (DENSE, None),
    ],
)
def test_a_matrix_that_is_clear_needs_no_warning(Model, X, n_categories):
    assert Model(n_categories=n_categories).fit(X, Y).predict(X).shape == Y.shape


def test_the_names_of_a_data_frame_are_in_the_messages(Model):
    pd = pytest.importorskip("pandas", reason="in the test extra; without it, only DataFrames go untested")

    def frame(X):
        return pd.DataFrame(X, columns=["day", "city", "size"])

    model, counted = Model().fit(frame(CODES), Y), Model(n_categories=COUNTS)
    for call, message in [
        (lambda: counted.fit(frame(put(7)), Y), r"field 1 \('city'\), row 2: code 7 is not in \[0, 4\)"),
        (lambda: counted.fit(frame(put(-1)), Y), r"field 1 \('city'\), row 2: Negative values in data: code -1"),
        (lambda: counted.fit(frame(put(0.5, dtype=float)), Y), r"field 1 \('city'\), row 2: 0.5 is not a code"),
        (lambda: Model().fit(frame(put(np.nan, dtype=float)), Y), r"column 1 \('city'\), row 2: Input X contains NaN"),
        (
            lambda: model.predict(frame(put(9))),
            r"field 1 \('city'\), row 2: code 9 is not in .* handle_unknown='ignore'",
        ),
        (lambda: model.predict(frame(put(-1))), r"field 1 \('city'\), row 2: Negative values in data: code -1"),
        (
            lambda: model.predict(OneHot(CODES[:, ::-1], (3, 4, 4))),
            r"field 0 \('day'\): X has 3 categories, expected 4",
        ),
        (lambda: model.predict(frame(CODES)[["city", "day", "size"]]), "Feature names must be in the same order"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("dtype", ["M8[D]", "m8[s]"])
def test_times_are_neither_codes_nor_numbers(Model, dtype):
    with pytest.raises(DTypeError, match=r"X holds (datetime|timedelta)64\[.\], neither codes nor numbers; pass"):
        Model().fit(np.array([[0], [1]]).astype(dtype), [0, 1])


@pytest.mark.filterwarnings("default")
def test_a_column_of_ids_is_named_before_its_table_is_made(Model, monkeypatch):
    def allocate(*_):
        raise MemoryError

    monkeypatch.setattr(CategoricalClassifier, "_begin", allocate)
    X = np.array([[0, 5], [1, 10**9]])
    with pytest.warns(UserWarning, match=r"field 1: codes go up to 1000000000 in 2 rows"), pytest.raises(MemoryError):
        Model().fit(X, [0, 1])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA], ids=str)
@pytest.mark.parametrize("kind", [list, lambda X: np.array(X, dtype=object), lambda X: pd.DataFrame(X, dtype=object)])
def test_rows_of_objects_may_miss_a_code(kind, missing):
    rows = [[0, 1], [1, 2], [missing, 3], [1, 0]]
    settings: dict[str, Any] = {"n_categories": [2, 4], "handle_missing": "own"}
    fitted = SoftmaxRegression(**settings).fit(rows, Y[:4])
    floats = np.array([*rows[:2], [np.nan, 3], [1, 0]], float)
    assert fitted.coef_.tolist() == SoftmaxRegression(**settings).fit(floats, Y[:4]).coef_.tolist()
    assert fitted.predict_proba(kind(rows)).tolist() == fitted.predict_proba(floats).tolist()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[0, 1], [1, 10**400]], "field 1, row 1: 10+ is larger than any float64"),
        (
            [[0, 1], [1, 2**64]],
            r"field 1, row 1: 1\.8446744073709552e\+19 is not a code; codes are whole",
        ),
        ([[0, 1], [1]], "row 1 of X has 1 values, but row 0 has 2"),
        ([["a", 1], ["b", 1, 2]], "row 1 of X has 3 values, but row 0 has 2"),
        (pd.DataFrame(index=range(2)), r"X has shape \(2, 0\); SoftmaxRegression needs at least one column"),
    ],
    ids=str,
)
def test_rows_of_objects_are_named(X, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxRegression(n_categories=None if isinstance(X, pd.DataFrame) else [2, 3]).fit(X, ["a", "b"])


def test_an_object_that_is_no_number_is_named():
    with pytest.raises(DTypeError, match=r"field 0, row 1: \{\} is neither a code nor a number \(float\(\) argument"):
        SoftmaxRegression().fit(np.array([[0, 1], [{}, 1]]), ["a", "b"])


def test_integers_that_are_objects_are_codes():
    codes = np.array([[0], [1], [2], [1]])
    fitted = SoftmaxRegression().fit(codes.astype(object), Y[:4])
    assert fitted.coef_.tolist() == SoftmaxRegression().fit(codes, Y[:4]).coef_.tolist()


def test_duplicate_entries_are_finite_together():
    half = np.array([3e38, 3e38, 1, 1], np.float32)
    X = sparse.csr_array((half, np.array([0, 0, 1, 0]), np.array([0, 2, 3, 4])), shape=(3, 2))
    with pytest.raises(ValueError, match="column 0, row 0: Input X contains infinity"):
        SoftmaxRegression().fit(X, Y[:3])


@pytest.mark.parametrize("policy", ["handle_unknown", "handle_missing"])
@pytest.mark.parametrize("X", [[[0], [1], [2]], [["a"], ["b"], ["c"]]], ids=["codes", "table"])
def test_a_policy_is_one_at_predict_too(policy, X):
    fitted = SoftmaxRegression().fit(X, Y[:3]).set_params(**{policy: "Ignore"})
    with pytest.raises(ValueError, match=f"{policy}='Ignore' must be 'error'"):
        fitted.predict(X)


def test_a_number_beyond_floats_is_no_setting():
    with pytest.raises(ValueError, match=r"alpha=10+ must be a number in"):
        SoftmaxRegression(alpha=10**400).fit([[0], [1]], [0, 1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"verbose": -1}, "verbose=-1 must be 0, 1, 2 or more"),
        pytest.param(
            {"hidden_layer_sizes": (H for H in [8])}, "must be a sequence of positive integers", id="a generator"
        ),
        ({"hidden_layer_sizes": {8}}, r"hidden_layer_sizes=\{8\} must be a sequence of positive integers"),
    ],
    ids=str,
)
def test_settings_of_an_mlp_without_a_meaning(settings, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**settings).fit([[0], [1]], [0, 1])


def test_score_refuses_what_is_no_weight():
    model = SoftmaxRegression().fit([[0], [1]], [0, 1])
    with pytest.raises(ValueError, match=r"sample_weight, row 0: -1\. Negative values"):
        model.score([[0], [1]], [0, 0], sample_weight=[-1, 3])


def test_a_table_that_does_not_fit_into_memory_says_which_field_makes_it_tall():
    codes = np.array([[2**44, 0], [1, 0]])
    message = r"the table has 17592186044418 rows, of which 17592186044417 are for field 0"
    with pytest.warns(UserWarning, match="codes go up to"), pytest.raises(MemoryError, match=message):
        SoftmaxRegression().fit(codes, [0, 1])


def test_one_hot_integers_of_several_fields_are_reported():
    rng = np.random.default_rng(0)
    one_hot = np.hstack([np.eye(4, dtype=int)[rng.integers(0, 4, 200)] for _ in range(2)])
    with pytest.warns(UserWarning, match=r"is read as codes of 8 fields; .* pass X.astype\(float\)$"):
        SoftmaxRegression().fit(one_hot, rng.integers(0, 2, 200))


def test_layers_are_no_bools():
    with pytest.raises(ValueError, match="must be a sequence of positive integers"):
        MLPClassifier((True,)).fit([[0], [1]], [0, 1])
