"""Who runs the inner loops, and what happens where one of them cannot be imported."""

import importlib

import pytest

import onehot
from onehot import _kernels


@pytest.fixture(autouse=True)
def undecided(monkeypatch):
    """Begin as a new process does, and leave the backend as it was."""
    monkeypatch.setattr(_kernels, "active", _kernels.active)
    monkeypatch.delattr(_kernels, "active")


@pytest.mark.parametrize("name", onehot.available_backends())
def test_the_environment_chooses_until_somebody_does(monkeypatch, name):
    monkeypatch.setenv("ONEHOT_BACKEND", name)
    assert onehot.get_backend() == name
    onehot.set_backend("auto")
    assert onehot.get_backend() == onehot.available_backends()[0]


def test_a_backend_that_fails_to_import_gives_way_to_the_next(monkeypatch):
    def import_module(name, load=importlib.import_module):
        if name.endswith("_numba"):
            raise ImportError("Numba needs NumPy 2.3 or less")
        return load(name)

    monkeypatch.setattr(importlib, "import_module", import_module)
    monkeypatch.delenv("ONEHOT_BACKEND", raising=False)
    assert onehot.get_backend() == "scipy"
    assert onehot.available_backends() == ["scipy"]
    with pytest.raises(onehot.BackendError, match="'numba' cannot be imported: pip install"):
        onehot.set_backend("numba")


def test_an_unknown_backend_is_named():
    with pytest.raises(onehot.OneHotError, match="backend 'cuda' is not known; choose 'auto', 'scipy' or 'numba'"):
        onehot.set_backend("cuda")
