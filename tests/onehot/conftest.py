from collections.abc import Iterator

import pytest

import onehot
from tests.onehot.oracle import CASES, Case


@pytest.fixture(scope="module", params=onehot.available_backends())
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run every test of a module once a backend: ``pytestmark = pytest.mark.usefixtures("backend")``."""
    before = onehot.get_backend()
    onehot.set_backend(request.param)
    yield request.param
    onehot.set_backend(before)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    """Codes, as the oracle's table lists them."""
    return CASES[request.param]
