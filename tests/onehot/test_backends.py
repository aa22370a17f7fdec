"""Who runs the inner loops, and what happens where one of them cannot be imported."""

import importlib
import os
import subprocess
import sys

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


def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv("ONEHOT_BACKEND", "")
    assert onehot.get_backend() == onehot.available_backends()[0]


def test_the_variable_is_named_where_it_is_wrong(monkeypatch):
    monkeypatch.setenv("ONEHOT_BACKEND", "cuda")
    with pytest.raises(onehot.BackendError, match=r"^ONEHOT_BACKEND=cuda: backend 'cuda' is not known"):
        onehot.get_backend()


@pytest.mark.parametrize("error", [ImportError, OSError, SystemError])
def test_a_backend_that_fails_to_import_gives_way_to_the_next(monkeypatch, error):
    def import_module(name, load=importlib.import_module):
        if name.endswith("_numba"):
            raise error("Numba needs NumPy 2.3 or less")
        return load(name)

    monkeypatch.setattr(importlib, "import_module", import_module)
    monkeypatch.delenv("ONEHOT_BACKEND", raising=False)
    assert onehot.get_backend() == "scipy"
    assert onehot.available_backends() == ["scipy"]
    message = r"'numba' cannot be imported \(Numba needs NumPy 2.3 or less\): pip install"
    with pytest.raises(onehot.BackendError, match=message) as caught:
        onehot.set_backend("numba")
    assert isinstance(caught.value.__cause__, error)


@pytest.mark.skipif("numba" not in onehot.available_backends(), reason="the extra is not installed")
def test_without_a_compiler_scipy_computes():
    code = "import onehot; print(onehot.get_backend(), (onehot.OneHot([1]) @ [[1.0], [2.0]]).tolist())"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "ONEHOT_BACKEND": "auto"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("scipy [[2.0]]\n", "")


def test_an_unknown_backend_is_named():
    with pytest.raises(onehot.OneHotError, match="backend 'cuda' is not known; choose 'auto', 'scipy' or 'numba'"):
        onehot.set_backend("cuda")
