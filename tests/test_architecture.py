"""The architecture, held to: who may import whom, and what is public."""

import ast
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]

# A file imports only from the files above it in its list, imports for the type checker included.
# `__init__` stands last but one: it hands out what the others define.
LAYOUT = {
    "onehot": [
        "_errors",
        "_arrays",
        "_threads",
        "_kernels",
        "_codes",
        "_decoding",
        "_refusals",
        "_gradient_algebra",
        "_row_gradient",
        "_lazy_matrix",
        "_transpose",
        "_row_selection",
        "_matrix",
        "_lookup",
        "_equivalence",
        "__init__",
        "__main__",
    ],
    "onehot._kernels": [
        "_cache_size",
        "_numpy_codes",
        "_scipy",
        "_numba_row",
        "_numba_loops",
        "_numba_softmax",
        "_numba_coalesce",
        "_numba",
        "__init__",
    ],
    "classifiers": [
        "_threads",
        "_warn",
        "_text_table",
        "_aligned_arrays",
        "_floats",
        "losses",
        "activations",
        "initializers",
        "_compiled_updates",
        "_optimizer",
        "optimizers",
        "schedules",
        "stopping",
        "gradient_flow",
        "design_matrix",
        "mixed_matrix",
        "_scaled_table",
        "network",
        "dataset",
        "_compiled_sgd",
        "training",
        "full_batch",
        "lbfgs",
        "prediction",
        "reading",
        "held_out",
        "model_file",
        "explanation",
        "_fitted_model",
        "_settings",
        "progress",
        "_estimator",
        "softmax_regression",
        "mlp",
        "_gradient_check",
        "diagnostics",
        "loss_landscape",
        "plots",
        "_demonstration",
        "ctrl_c",
        "command_line",
        "__init__",
        "__main__",
    ],
    "classifiers.full_batch": [
        "duplicates",
        "fused_fields",
        "__init__",
    ],
    "classifiers.reading": [
        "policies",
        "python_objects",
        "tables",
        "misreadings",
        "codes_or_matrix",
        "labels",
        "sample_weights",
        "column",
        "category_codes",
        "categorical_features",
        "column_encoder",
        "reader",
        "__init__",
    ],
    "classifiers.model_file": [
        "_archive",
        "_plain_values",
        "__init__",
    ],
    "classifiers.plots": [
        "_axes",
        "_decision_grid",
        "_search_grid",
        "_maps",
        "__init__",
    ],
    "classifiers.command_line": [
        "_cells",
        "data_files",
        "_file_columns",
        "_options",
        "__init__",
    ],
}
DEPENDENCIES = {
    "onehot": {"numpy", "scipy"},
    "classifiers": {"narwhals", "numpy", "onehot", "scipy", "sklearn", "threadpoolctl"},
}
# One distribution, two packages: what `classifiers` takes that is not public. Whoever needs more enters it here.
FRIENDS = {
    "onehot._arrays": {"as_array", "index_dtype"},
    "onehot._codes": {"exact_bits", "float_remedy", "normalize_n_categories"},
    "onehot._errors": {"field_label"},
    "onehot": {"_kernels", "_threads"},
    "onehot._kernels._cache_size": {"LINE", "is_far"},
    "onehot._kernels._numba_loops": {"compiled", "gather_sum", "scatter_add"},
    "onehot._kernels._numpy_codes": {"add_row", "column_max"},
    "onehot._kernels._numba_row": {"fill", "load", "plus", "prefetch_row", "store", "times"},
    "onehot._kernels._numba_softmax": {"constant_classes", "softmax_cross_entropy"},
}
EXTRAS = {
    "onehot/_kernels/_numba.py": {"numba"},
    "onehot/_kernels/_numba_loops.py": {"numba"},
    "onehot/_kernels/_numba_row.py": {"llvmlite", "numba"},
    "onehot/_kernels/_numba_softmax.py": {"numba"},
    "classifiers/_compiled_sgd.py": {"numba"},
    "classifiers/_compiled_updates.py": {"numba"},
    "classifiers/plots/_axes.py": {"matplotlib"},
    "classifiers/plots/_maps.py": {"matplotlib"},
    "classifiers/plots/__init__.py": {"matplotlib"},
    "classifiers/progress.py": {"tqdm"},
    "classifiers/_demonstration.py": {"matplotlib"},
    "classifiers/command_line/data_files.py": {"pandas", "polars"},
    "classifiers/command_line/__init__.py": {"matplotlib"},
}

PACKAGES = list(DEPENDENCIES)
FILES = sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def module_name(file: str) -> str:
    """``onehot/_kernels/__init__.py`` -> ``onehot._kernels.__init__``."""
    return file.removesuffix(".py").replace("/", ".")


def imports(source: str, module: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the dotted name of every import, wherever it stands; ``from a import b`` yields ``a.b``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*parent, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def entry(name: str, package: str) -> str | None:
    """Return the entry of ``LAYOUT[package]`` that a dotted name belongs to, None where it lies outside the package."""
    if name == package:
        return "__init__"
    if not name.startswith(package + "."):
        return None
    first = name.removeprefix(package + ".").split(".")[0]
    return first if first in LAYOUT[package] else "__init__"


def upward_imports(source: str, module: str) -> list[str]:
    """Return a complaint for each import of a file that does not stand above ``module``."""
    complaints = []
    for package, order in LAYOUT.items():
        own = entry(module, package)
        if own is None:
            continue
        for line, name in imports(source, module):
            other = entry(name, package)
            if other is not None and order.index(other) > order.index(own):
                complaints.append(f"line {line} imports {name}: {other} does not stand above {own} in {package}")
    return complaints


def foreign_imports(source: str, module: str) -> set[str]:
    """Return the top-level packages that ``module`` imports, the standard library and its own package left out."""
    names = {name.split(".")[0] for _, name in imports(source, module)}
    return names - sys.stdlib_module_names - {module.split(".")[0]}


def loaded_by(statement: str) -> set[str]:
    """Return the packages that a statement loads in an interpreter of its own, on the backend that needs no extra."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*(sys.modules.keys() - before))"
    environment = {**os.environ, "ONEHOT_BACKEND": "scipy"}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    return loaded & (packages_distributions().keys() | set(PACKAGES))


@pytest.mark.parametrize("package", LAYOUT)
def test_every_file_has_its_place(package):
    folder = ROOT.joinpath(*package.split("."))
    found = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    unplaced = sorted(found - set(LAYOUT[package]))
    assert not unplaced, f"{unplaced} of {package}: enter each in LAYOUT, below the files that it imports"


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_only_from_files_above_it(file):
    assert upward_imports((ROOT / file).read_text(encoding="utf-8"), module_name(file)) == []


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_declared_dependencies_only(file):
    allowed = DEPENDENCIES[file.split("/")[0]] | EXTRAS.get(file, set())
    assert foreign_imports((ROOT / file).read_text(encoding="utf-8"), module_name(file)) <= allowed


def test_classifiers_take_no_other_private_name_of_onehot():
    taken = {
        name
        for file in FILES
        if file.startswith("classifiers/")
        for _, name in imports((ROOT / file).read_text(encoding="utf-8"), module_name(file))
        if name.startswith("onehot.") and "._" in name
    }
    assert taken == {f"{module}.{name}" for module, names in FRIENDS.items() for name in names}


@pytest.mark.parametrize("file", [file for file in FILES if not Path(file).name.startswith("_")])
def test_a_public_module_needs_no_extra_to_be_imported(file):
    assert importlib.import_module(module_name(file)).__all__


@pytest.mark.parametrize(
    ("source", "module", "complaint"),
    [
        ("from onehot._errors import OneHotError", "onehot._codes", None),
        ("from onehot import _kernels as kernels", "onehot._row_gradient", None),
        ("from ._errors import CodeError", "onehot._codes", None),
        ("from .._errors import OneHotError", "onehot._kernels.__init__", None),
        ("from .._codes import encode", "onehot._kernels._scipy", "_codes does not stand above _kernels in onehot"),
        ("from onehot import OneHot", "onehot.__main__", None),
        ("from onehot import OneHot", "classifiers.activations", None),
        ("import onehot_encoders, numpy.typing", "onehot._errors", None),
        ("from onehot import OneHot", "onehot._codes", "line 1 imports onehot.OneHot: __init__ does not stand above"),
        ("import onehot", "onehot._codes", "line 1 imports onehot: __init__ does not stand above _codes in onehot"),
        ("import onehot._matrix", "onehot._codes", "_matrix does not stand above _codes"),
        ("from . import _matrix", "onehot._codes", "_matrix does not stand above _codes"),
        ("from .._matrix import OneHot", "onehot._kernels._numba", "_matrix does not stand above _kernels in onehot"),
        ("from . import gather_sum", "onehot._kernels._scipy", "__init__ does not stand above _scipy"),
        ("def f():\n    from .mlp import MLPClassifier", "classifiers.network", "line 2 imports classifiers.mlp"),
    ],
)
def test_the_scan_finds_what_it_looks_for(source, module, complaint):
    complaints = upward_imports(source, module)
    assert (complaints == []) if complaint is None else (complaint in complaints[0])


def test_the_scan_names_foreign_packages():
    source = "import os, numpy.typing\nfrom . import _codes\nfrom scipy import sparse\ndef f():\n    import torch.nn"
    assert foreign_imports(source, "onehot._matrix") == {"numpy", "scipy", "torch"}


def test_onehot_loads_numpy_and_scipy_only():
    assert loaded_by("import onehot") == {"numpy", "onehot", "scipy"}


def test_classifiers_load_no_extra():
    loaded = loaded_by("import classifiers, classifiers.plots")
    assert {"classifiers", "onehot", "sklearn"} <= loaded
    loaded -= loaded_by("import sklearn.model_selection")  # which may load pandas where it is installed
    assert loaded.isdisjoint({"matplotlib", "numba", "pandas", "polars", "torch", "tqdm"})


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_sorted_complete_and_documented(name):
    package = importlib.import_module(name)
    names = package.__all__
    assert names == sorted(set(names))
    assert [n for n in names if not getattr(package, n).__doc__] == []
    defined = {n for n, value in vars(package).items() if not n.startswith("_") and not isinstance(value, ModuleType)}
    assert defined - {"annotations"} <= set(names), "public, but not in __all__"
