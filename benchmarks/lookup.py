"""Forward: ``X @ W`` selects rows of W and sums them over the fields."""

from collections.abc import Callable

import numpy as np

from benchmarks.data import BACKENDS, B, draw_codes, draw_table, one_hot, use_backend
from onehot import OneHot

repeat = (5, 200, 1.0)


class TableHeight:
    """From a table that fits into the first-level cache to one that fits into none."""

    params = ([1_000, 1_000_000], BACKENDS)
    param_names = ("V", "backend")

    def setup(self, V: int, backend: str) -> None:
        use_backend(backend)
        self.X, self.W = one_hot(4096, 10, V), draw_table(V, 16)
        self.X @ self.W  # compiles

    def time_forward(self, V: int, backend: str) -> None:
        self.X @ self.W


class BatchSize:
    params = ([32, 1024, 65_536],)
    param_names = ("n",)

    def setup(self, n: int) -> None:
        self.X, self.W = one_hot(n, 10, 10_000), draw_table(10_000, 16)
        self.X @ self.W

    def time_forward(self, n: int) -> None:
        self.X @ self.W


class Batch:
    """What comes before the product in a loop over batches: rows of a matrix, or a matrix of its own."""

    params = (["X[rows]", "OneHot(codes, n_categories)"],)
    param_names = ("by",)

    def setup(self, by: str) -> None:
        n_categories, X = [1_000] * 10, one_hot(65_536, 10, 10_000)
        codes, rows = draw_codes(65_536, 10, 10_000), np.random.default_rng(0).permutation(65_536)[:B]
        takes: dict[str, Callable[[], OneHot]] = {
            "X[rows]": lambda: X[rows],
            "OneHot(codes, n_categories)": lambda: OneHot(codes[rows], n_categories),
        }
        self.take = takes[by]
        assert np.array_equal(self.take().indices, X.indices[rows])

    def time_batch(self, by: str) -> None:
        self.take()


class TableWidth:
    params = ([2, 16, 128], ["float32", "float64"])
    param_names = ("d", "dtype")

    def setup(self, d: int, dtype: str) -> None:
        self.X, self.W = one_hot(4096, 10, 10_000, dtype=dtype), draw_table(10_000, d, dtype)
        self.X @ self.W

    def time_forward(self, d: int, dtype: str) -> None:
        self.X @ self.W
