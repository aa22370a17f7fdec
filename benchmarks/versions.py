"""What the benchmarks ran on. asv keeps no versions, but the parameters of every benchmark: so versions are parameters.

The report takes them from there, and not from the interpreter that writes it. The value is the lower the better, as
that of every benchmark: 1 for a package that is missing.
"""

import platform
from importlib.metadata import PackageNotFoundError, version

from onehot import get_backend


def found(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"


class Versions:
    params = (
        [
            f"Python {platform.python_version()}",
            *map(found, ["numpy", "scipy", "scikit-learn", "numba", "torch"]),
            f"kernels of {get_backend()}",
        ],
    )
    param_names = ("version",)
    unit = "missing"

    def track_missing(self, version: str) -> int:
        return int(version.startswith("no "))
