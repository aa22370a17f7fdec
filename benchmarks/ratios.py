"""Time of `OneHot` over the time of dense one-hot and of CSR, measured in turns: below 1, lookup wins."""

from benchmarks.data import B, draw_table, use_backend
from benchmarks.measure import assert_agree, ratio
from benchmarks.training_step import K, batch, textbook_step


class _OneHotOver:
    unit = "time of OneHot / time of the format"

    def prepare(self, V: int, f: int, format: str) -> None:
        self.ours, self.theirs, self.W = batch("OneHot", V, f), batch(format, V, f), draw_table(V, K)
        assert_agree(self.ours[0] @ self.W, self.theirs[0] @ self.W, terms=f - 1)  # of one field: bit for bit
        textbook_step(*self.ours)
        textbook_step(*self.theirs)
        assert_agree(self.ours[2], self.theirs[2], terms=f + B + 2)

    def track_forward(self, x: int, format: str) -> float:
        return ratio(lambda: self.ours[0] @ self.W, lambda: self.theirs[0] @ self.W)

    def track_training_step(self, x: int, format: str) -> float:
        return ratio(lambda: textbook_step(*self.ours), lambda: textbook_step(*self.theirs))


class OneField(_OneHotOver):
    """The wider the one-hot matrix, the more of it is zero."""

    params = ([4, 32, 256, 4_096, 65_536], ["dense", "CSR"])
    param_names = ("V", "format")

    def setup(self, V: int, format: str) -> None:
        self.prepare(V, 1, format)


class ManyFields(_OneHotOver):
    """The more fields share the same V = 1,000 columns, the less of the matrix is zero."""

    params = ([1, 10, 50, 100, 250, 500], ["dense", "CSR"])
    param_names = ("f", "format")

    def setup(self, f: int, format: str) -> None:
        self.prepare(1_000, f, format)


class ManyFieldsWithoutNumba(ManyFields):
    """The same on NumPy and SciPy alone."""

    def setup(self, f: int, format: str) -> None:
        use_backend("scipy")
        super().setup(f, format)
