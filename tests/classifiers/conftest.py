import pytest

from tests.classifiers.oracle import Problem, make_problem


@pytest.fixture(scope="session")
def problem() -> Problem:
    """Ninety samples of four fields, the second with one category only, and three classes."""
    return make_problem()
