import pytest

import onehot
from onehot._errors import field_label


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (onehot.CodeError, ValueError),
        (onehot.ShapeError, ValueError),
        (onehot.DTypeError, TypeError),
        (onehot.RowIndexError, IndexError),
        (onehot.UnsupportedError, TypeError),
    ],
)
def test_each_error_is_one_of_the_family_and_the_one_numpy_would_raise(error, builtin):
    assert issubclass(error, onehot.OneHotError)
    assert issubclass(error, builtin)


def test_a_field_is_called_by_its_name_where_it_has_one():
    assert field_label(2) == "field 2"
    assert field_label(2, ["a", "b", "city"]) == "field 2 ('city')"
