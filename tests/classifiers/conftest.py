from collections.abc import Iterator

import pytest

import onehot
from tests.classifiers.oracle import Problem, make_problem
from tests.onehot.oracle import DTYPES


@pytest.fixture(scope="session")
def problem() -> Problem:
    """Ninety samples of four fields, the second with one category only, and three classes."""
    return make_problem()


@pytest.fixture(params=DTYPES, ids=lambda dtype: dtype.__name__)
def dtype(request: pytest.FixtureRequest) -> type:
    """Each precision that a model may have."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def numba_backend() -> Iterator[None]:
    """The compiled kernels for a test, and those of before after it."""
    before = onehot.get_backend()
    onehot.set_backend("numba")
    yield
    onehot.set_backend(before)
