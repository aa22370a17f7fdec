"""Backward: ``W -= lr * (X.T @ G)`` adds rows of G to the selected rows of W, whose repetition is the question here."""

from benchmarks.data import BACKENDS, draw_table, one_hot, use_backend

SKEWS = ["uniform", "zipf", "one row"]

number = 1  # W is changed in place
repeat = (5, 200, 1.0)


class Update:
    params = (SKEWS, BACKENDS)
    param_names = ("skew", "backend")

    def setup(self, skew: str, backend: str) -> None:
        use_backend(backend)
        self.X, self.W, self.G = one_hot(4096, 10, 100_000, skew=skew), draw_table(100_000, 16), draw_table(4096, 16)
        self.time_update(skew, backend)  # compiles

    def time_update(self, skew: str, backend: str) -> None:
        self.W -= 1e-3 * (self.X.T @ self.G)


class Coalesce:
    """The distinct rows of a batch and their gradients, as Adam and the norm of the gradient need them."""

    params = (SKEWS,)
    param_names = ("skew",)

    def setup(self, skew: str) -> None:
        self.X, self.G = one_hot(4096, 10, 100_000, skew=skew), draw_table(4096, 16)
        self.time_coalesce(skew)

    def time_coalesce(self, skew: str) -> None:
        (self.X.T @ self.G).coalesce()
