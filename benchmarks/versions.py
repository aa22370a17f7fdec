"""What the benchmarks ran on. asv records parameters, but no versions of packages: so versions are parameters here.

The report reads them from the results, not from the interpreter that writes it. As in every benchmark lower is better:
the value is 0, or 1 for a package that is missing.
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
