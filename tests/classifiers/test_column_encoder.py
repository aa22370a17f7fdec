"""What is learned of columns: categories, order, scale; what is refused, and in which words."""

import json

import numpy as np
import pytest

from classifiers.design_matrix import DenseMatrix
from classifiers.mixed_matrix import MixedMatrix
from classifiers.reading.column_encoder import ColumnEncoder, _mean_and_scale
from classifiers.reading.tables import is_table
from onehot import CodeError, DTypeError, OneHot

TABLE = np.array([["Oslo", 40, True], ["Bergen", 20, False], ["Oslo", 30, True]], dtype=object)
NAMES = ["city", "age", "member"]


def learned(X=TABLE, names=NAMES, **settings):
    return ColumnEncoder.learn(X, names=names, **settings)


def dense(design):
    return design.matrix if isinstance(design, DenseMatrix) else design.tocsr().toarray()


def test_categories_are_sorted_and_come_before_numbers():
    encoder = learned()
    assert encoder.categories == (("Bergen", "Oslo"), (False, True))
    assert encoder.n_categories == (2, 2)
    assert encoder.row_names() == ["city=Bergen", "city=Oslo", "member=False", "member=True", "age"]


def test_a_row_is_its_ones_and_its_standardised_numbers():
    design = learned().transform(TABLE, dtype=np.float64)
    assert isinstance(design, MixedMatrix)
    z = np.sqrt(1.5)
    assert dense(design) == pytest.approx(np.array([[0, 1, 0, 1, z], [1, 0, 1, 0, -z], [0, 1, 0, 1, 0]]))


def test_numbers_are_left_alone_on_request():
    encoder = learned(standardize=False)
    assert dense(encoder.transform(TABLE))[:, -1].tolist() == [40, 20, 30]


def test_a_constant_number_becomes_an_exact_zero():
    encoder = learned(np.array([["a", 0.1], ["b", 0.1], ["b", 0.1]], dtype=object), names=None)
    design = encoder.transform([["a", 0.1], ["b", 1.1]], dtype=np.float64)
    assert dense(design)[0, -1] == 0
    assert dense(design)[1, -1] == pytest.approx(1)


def test_weights_are_repetition():
    weight = np.array([2, 0, 3])
    weighted, repeated = learned(sample_weight=weight), learned(np.repeat(TABLE, weight, axis=0))
    assert weighted.mean == pytest.approx(repeated.mean)
    assert weighted.scale == pytest.approx(repeated.scale)


@pytest.mark.parametrize(
    ("columns", "kind"), [([0, 2], OneHot), ([1], DenseMatrix), ([0, 1], MixedMatrix), ([2, 0, 1], MixedMatrix)]
)
def test_without_numbers_it_is_one_hot_and_without_fields_dense(columns, kind):
    encoder = ColumnEncoder.learn(TABLE[:, columns])
    design = encoder.transform(TABLE[:, columns])
    assert type(design) is kind
    assert design.shape == (3, len(encoder.row_names()))


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ("from_dtype", (0, 2)),
        (["city", "age", "member"], (0, 1, 2)),
        ([1, 0], (0, 1)),
        ([True, False, False], (0,)),
        (np.array([0]), (0,)),
    ],
)
def test_fields_are_chosen_by_dtype_name_position_or_mask(given, fields):
    X = TABLE if 2 in fields else TABLE[:, :2]
    given = given[:2] if fields == (0,) and len(given) > 1 else given
    names = NAMES[: X.shape[1]]
    assert learned(X, names, categorical_features=given).fields == fields


@pytest.mark.parametrize("given", [None, []])
def test_no_column_is_a_field(given):
    encoder = learned(np.array([[1, 2], [3, 4]]), names=None, categorical_features=given)
    assert encoder.fields == ()
    assert encoder.numbers == (0, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["city", "height"], "categorical_features names 'height', which is not a column of X"),
        ([3], "categorical_features names column 3, but X has columns 0 to 2"),
        ([-1], "categorical_features names column -1"),
        ([True], "categorical_features is a mask of 1 columns, but X has 3"),
        ("city", "categorical_features='city' must be 'from_dtype', None, or a list"),
        ([0.5], r"categorical_features=\[0.5\] must be"),
        (["city", 1], r"categorical_features=\['city', 1\] must be"),
        (["age"], r"column 0 \('city'\), row 0: expected numbers, got str; .* name the column in categorical_features"),
    ],
)
def test_a_wrong_choice_is_named(given, message):
    with pytest.raises((ValueError, DTypeError), match=message):
        learned(categorical_features=given)


def test_names_need_names():
    with pytest.raises(ValueError, match="the columns of X have none; pass positions"):
        learned(names=None, categorical_features=["city"])


def test_an_unknown_category_is_named_or_ignored():
    X = np.array([["Oslo", 40, True], ["Rome", 20, False]], dtype=object)
    message = (
        r"^column 0 \('city'\), row 1: 'Rome' is not one of the 2 categories known from fit \('Bergen', 'Oslo'\); "
        "pass handle_unknown='ignore'"
    )
    with pytest.raises(CodeError, match=message):
        learned().transform(X)
    assert dense(learned().transform(X, handle_unknown="ignore"))[1, :4].tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("missing", [None, np.nan, float("nan")])
def test_a_missing_category_is_an_error_nothing_or_a_category(missing):
    X = np.array([[missing, 40], ["Oslo", 20]], dtype=object)
    with pytest.raises(CodeError, match=r"^column 0, row 0: (None|nan) is not a category; .*handle_missing='own'"):
        learned(X, None).transform(X)
    zero = learned(X, None, handle_missing="zero")
    assert dense(zero.transform(X, dtype=np.float64)).tolist() == [[0, 1], [1, -1]]
    own = learned(X, None, handle_missing="own")
    assert own.row_names() == ["x0=Oslo", "x0=<missing>", "x1"]
    assert dense(own.transform(X, dtype=np.float64)).tolist() == [[0, 1, 1], [1, 0, -1]]


def test_unknown_is_not_missing():
    X = np.array([[None], ["a"]], dtype=object)
    encoder = ColumnEncoder.learn(X, categorical_features=[0], handle_missing="own")
    unknown = np.array([["b"], [None]], dtype=object)
    assert dense(encoder.transform(unknown, handle_unknown="ignore")).tolist() == [[0, 0], [0, 1]]
    with pytest.raises(CodeError, match="'b' is not one of the 1 categories"):
        encoder.transform(unknown)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, r"column 1 \('age'\), row 2: Input X contains NaN; numbers must be finite"),
        (np.inf, r"column 1 \('age'\), row 2: Input X contains infinity"),
        (10**400, r"column 1 \('age'\), row 2: Input X contains infinity"),
        (-(10**400), r"column 1 \('age'\), row 2: Input X contains -?infinity"),
        (1e300, r"column 1 \('age'\), row 2: Input X contains 1e\+300, too large for float32"),
        ("forty", r"column 1 \('age'\), row 2: expected numbers, got str"),
    ],
)
def test_what_is_no_number_is_named(value, message):
    X = TABLE.copy()
    X[2, 1] = value
    with pytest.raises((ValueError, DTypeError), match=message):
        learned().transform(X)


def test_a_field_without_a_category_is_refused():
    with pytest.raises(CodeError, match=r"column 0 has no category at all: every value is missing"):
        ColumnEncoder.learn(np.array([[None], [None]], dtype=object), categorical_features=[0])


@pytest.mark.parametrize("value", [b"bytes", 1j])
def test_only_strings_and_numbers_are_categories(value):
    with pytest.raises(DTypeError, match=r"column 0: .* is neither a string nor a number"):
        ColumnEncoder.learn(np.array([[value], ["a"]], dtype=object), categorical_features=[0])


def test_an_unhashable_value_is_refused():
    X = np.array([["a"], ["b"]], dtype=object)
    X[0, 0] = ["a", "list"]
    with pytest.raises(DTypeError, match=r"column 0: values must be strings or numbers"):
        ColumnEncoder.learn(X, categorical_features=[0])


def test_numbers_are_categories_by_value():
    X = np.array([[3, 0.5], [1, 0.5], [3, -0.5]])
    encoder = ColumnEncoder.learn(X, categorical_features=[0])
    assert encoder.row_names() == ["x0=1.0", "x0=3.0", "x1"]
    assert dense(encoder.transform(np.array([[3, 0]])))[0, :2].tolist() == [0, 1]


@pytest.mark.parametrize("dtype", [np.str_, np.dtypes.StringDType(), object])
def test_arrays_of_strings_are_fields(dtype):
    X = np.array([["a", "y"], ["b", "x"]], dtype=dtype)
    assert is_table(X)
    encoder = ColumnEncoder.learn(X)
    assert encoder.row_names() == ["x0=a", "x0=b", "x1=x", "x1=y"]
    assert all(type(category) is str for known in encoder.categories for category in known)
    assert dense(encoder.transform(X)).tolist() == [[1, 0, 0, 1], [0, 1, 1, 0]]


@pytest.mark.parametrize("nan", [np.nan, np.float32("nan"), np.float64("nan"), None])
def test_every_nan_is_missing(nan):
    X = np.array([[1.0], [nan], [2.0], [nan]], dtype=object)
    encoder = ColumnEncoder.learn(X, categorical_features=[0], handle_missing="own")
    assert encoder.row_names() == ["x0=1.0", "x0=2.0", "x0=<missing>"]
    assert dense(encoder.transform(X)).argmax(axis=1).tolist() == [0, 2, 1, 2]


def test_strings_with_a_missing_value_of_their_own():
    X = np.array([["a"], [None]], dtype=np.dtypes.StringDType(na_object=None))
    encoder = ColumnEncoder.learn(X, handle_missing="own")
    assert dense(encoder.transform(X)).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.float32, bool])
def test_arrays_of_numbers_are_no_tables(dtype):
    assert not is_table(np.ones((2, 2), dtype))
    assert not is_table(np.ones((2, 2), dtype).astype(object))


def test_bools_that_are_not_chosen_are_numbers():
    encoder = learned(categorical_features=["city"], standardize=False)
    assert dense(encoder.transform(TABLE))[:, 2:].tolist() == [[40, 1], [20, 0], [30, 1]]


def test_the_state_goes_through_json_and_back():
    X = np.array([["a", 1.5, True, 7], [None, 2.5, False, 8]], dtype=object)
    encoder = ColumnEncoder.learn(X, categorical_features=[0, 2, 3], handle_missing="own")
    state = encoder.state_dict()
    arrays = {name: state.pop(name) for name in ("mean", "scale")}
    back = ColumnEncoder.from_state_dict({**json.loads(json.dumps(state)), **arrays})
    assert back.row_names() == encoder.row_names()
    assert back.categories == encoder.categories
    assert [type(category) for category in back.categories[1]] == [bool, bool]
    assert (dense(back.transform(X)) == dense(encoder.transform(X))).all()


def test_a_variance_that_comes_out_below_zero_is_zero():
    rng = np.random.default_rng(0)
    for _ in range(300):
        N, weight = np.full((int(rng.integers(2, 9)), 1), 1e8 + 0.1), rng.random(9)
        with np.errstate(all="raise"):
            mean, scale = _mean_and_scale(N, weight[: len(N)])
        assert (mean[0], scale[0]) == (N[0, 0], 1)
