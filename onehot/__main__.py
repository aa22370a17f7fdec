"""``python -m onehot``: prints the equivalence and the speed-up, as the number of categories grows."""

from __future__ import annotations

import argparse

import numpy as np

from onehot import get_backend
from onehot._equivalence import check_equivalence

TITLE = "The same products by dense matrix, CSR and lookup, as V grows, with the difference in ULP."
HEIGHTS = (10, 100, 1_000, 10_000, 100_000, 1_000_000)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m onehot", description=TITLE)
    parser.add_argument("-n", type=int, default=64, help="samples in the batch (default: %(default)s)")
    parser.add_argument("-d", type=int, default=16, help="columns of the table (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="stop at V = 10,000")
    arguments = parser.parse_args()
    print(TITLE)
    print(
        f"{arguments.n} samples of one field, table (V, {arguments.d}) of float32, backend {get_backend()}. "
        "Ratio: time of the format / time of OneHot;\nbelow 1, lookup loses. Memory is that of X.\n"
    )
    columns = f"{'V':>9s}  {'stage':9s}{'format':7s}{'time':>14s}{'ratio':>10s}{'memory of X':>17s}"
    print(columns + f"{'largest difference':>21s}")
    for V in HEIGHTS[:4] if arguments.quick else HEIGHTS:
        codes = np.random.default_rng(0).integers(0, V, arguments.n)
        _print_height(V, codes, arguments.d)


def _print_height(V: int, codes: np.ndarray, d: int) -> None:
    report = check_equivalence(codes, V, d=d)
    ours = f"OneHot, {get_backend()}"
    seconds = {c.stage: c.seconds for c in report.comparisons if c.format == ours}
    for c in report.comparisons:
        if c.format in ("dense", "CSR", ours):
            ratio = f"{c.seconds / seconds[c.stage]:9.1f}x" if c.format != ours else " " * 10
            print(
                f"{V:9,d}  {c.stage:9s}{c.format.split(',')[0]:7s}{c.seconds * 1e6:11.1f} us{ratio}"
                f"{c.n_bytes:15,d} B{c.ulp:17.2f} ULP" + ("" if c.ok else "  outside the contract!")
            )
    print()


if __name__ == "__main__":
    main()
