"""Codes that are missing or unknown: the policies of `OneHot`, kept apart by the estimators."""

import copy

import numpy as np
import pytest

from classifiers import SoftmaxRegression
from onehot import CodeError, OneHot
from tests.onehot.oracle import peak_memory

CODES = np.array([[0, 1], [2, 0], [-1, 1], [1, 0], [2, 1]])
COUNTS, Y = (3, 2), [0, 1, 1, 0, 1]


def as_floats(codes):
    return np.where(codes == -1, np.nan, codes)


def read(X, fitted_to=CODES, **settings):
    """Return the design matrix that a fitted model reads X as."""
    model = SoftmaxRegression(max_iter=500, n_categories=COUNTS, **settings).fit(fitted_to, Y)
    design = model._read(X)
    assert isinstance(design, OneHot)
    return design.toarray()


@pytest.mark.parametrize("convert", [np.asarray, as_floats], ids=["-1", "NaN"])
@pytest.mark.parametrize("unknown", ["error", "ignore"])
@pytest.mark.parametrize("policy", ["zero", "own"])
def test_missing_codes_are_what_OneHot_makes_of_them(policy, unknown, convert):
    X = convert(CODES)
    design = read(X, X, handle_missing=policy, handle_unknown=unknown)
    assert (design == OneHot(CODES, COUNTS, missing=policy).toarray()).all()


@pytest.mark.parametrize("policy", ["zero", "own"])
def test_every_format_of_missing_codes_gives_one_model(policy):
    X = OneHot(CODES, COUNTS, missing=policy)
    models = [
        SoftmaxRegression(n_categories=COUNTS, handle_missing=policy, max_iter=500, dtype=np.float64).fit(A, Y)
        for A in (CODES, as_floats(CODES), X, X.tocsr(), X.toarray())
    ]
    for model in models:
        assert model.n_categories_ == X.n_categories
        assert model.coef_ == pytest.approx(models[0].coef_)


@pytest.mark.parametrize("policy", ["error", "zero"])
def test_a_matrix_without_missing_categories_is_not_taken_for_one_with(policy):
    wider = OneHot(np.abs(CODES), (4, 3), missing=policy)
    for last_step in ("fit", "predict"):
        model = SoftmaxRegression(n_categories=COUNTS, handle_missing="own", max_iter=500)
        with pytest.raises(CodeError, match=rf"OneHot made with missing='{policy}'.*pass OneHot\(codes, .*'own'\)"):
            model.fit(wider, Y) if last_step == "fit" else model.fit(CODES, Y).predict(wider)
    assert model.predict(OneHot(np.abs(CODES), COUNTS, missing="own")).shape == (5,)


def test_without_n_categories_the_missing_one_comes_last():
    model = SoftmaxRegression(handle_missing="own", max_iter=500).fit(CODES, Y)
    assert model.n_categories_ == (4, 3)
    names = ["x0=0", "x0=1", "x0=2", "x0=<missing>"]
    assert model.get_feature_names_out().tolist()[:4] == names
    assert copy.copy(model).set_params(handle_missing="zero").get_feature_names_out().tolist()[:4] == names
    assert model.predict(CODES).shape == (5,)


@pytest.mark.parametrize("X", [[[3, 0]], [[0, 2]]])
def test_the_missing_category_is_no_code(X):
    with pytest.raises(CodeError, match=r"code [32] is not in \[0, [32]\); .*handle_unknown='ignore'"):
        read(np.array(X), handle_missing="own")
    assert read(np.array(X), handle_missing="own", handle_unknown="ignore").sum() == 1


@pytest.mark.parametrize(
    ("settings", "row"),
    [
        ({"handle_missing": "own", "handle_unknown": "ignore"}, [0, 0, 0, 0, 0, 0, 1]),
        ({"handle_missing": "zero", "handle_unknown": "ignore"}, [0, 0, 0, 0, 0]),
        ({"handle_missing": "own"}, [0, 0, 0, 1, 0, 0, 1]),
        ({"handle_missing": "zero"}, [0, 0, 0, 0, 0]),
    ],
    ids=str,
)
def test_minus_one_among_floats_is_unknown_where_unknown_is_ignored(settings, row):
    """As `OrdinalEncoder(unknown_value=-1)` gives it, NaN standing for missing."""
    assert read(np.array([[-1.0, np.nan]]), **settings)[0].tolist() == row


def test_strict_by_default():
    known = np.abs(CODES)
    for X in (CODES, as_floats(CODES)):
        with pytest.raises(CodeError, match=r"field 0, row 2: .*handle_missing='own' .* or 'zero'"):
            read(X, known)
    assert read(CODES, known, handle_unknown="ignore")[2].tolist() == [0, 0, 0, 0, 1]
    with pytest.raises(CodeError, match="field 0, row 2: Input X contains NaN"):
        read(as_floats(CODES), known, handle_unknown="ignore")


@pytest.mark.parametrize("convert", [np.asarray, as_floats], ids=["-1", "NaN"])
@pytest.mark.parametrize("policy", ["zero", "own"])
def test_missing_codes_are_read_in_the_memory_of_the_indices(policy, convert):
    model = SoftmaxRegression(n_categories=COUNTS, handle_missing=policy).fit(CODES, Y)
    X = convert(np.tile(CODES, (400_000, 1)))
    indices = 4 * X.size  # bytes
    assert peak_memory(lambda: model._read(X)) < 1.5 * indices


@pytest.mark.parametrize("policy", ["error", "zero", "own"])
def test_codes_that_are_all_known_take_no_more_where_others_would_be_ignored(policy):
    model = SoftmaxRegression(n_categories=COUNTS, handle_missing=policy, handle_unknown="ignore")
    X = np.tile(np.abs(CODES), (400_000, 1))
    model.fit(X[:5], Y)
    assert peak_memory(lambda: model._read(X)) < 1.5 * 4 * X.size
