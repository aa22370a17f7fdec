"""Peak memory of an epoch. asv counts `setup` too, hence X and the imports; "imports alone" is there to be subtracted.

Memory for drawing the data is not counted: `setup_cache` runs in another process, and the data are read from a file.
"""

from benchmarks.data import Problem, draw_problem, in_format
from classifiers import SoftmaxRegression
from onehot import OneHot


def setup_cache() -> Problem:
    return draw_problem(100_000, 10, 1_000, 2)


class Epoch:
    params = (["imports alone", "dense", "CSR", "codes"],)
    param_names = ("format",)

    def setup(self, problem: Problem, format: str) -> None:
        codes, n_categories, self.y = problem
        if format != "imports alone":
            self.X = codes if format == "codes" else in_format(format, OneHot(codes, n_categories))
            self.model = SoftmaxRegression(solver="sgd", max_iter=1, n_categories=n_categories, random_state=0)

    def peakmem_fit_epoch(self, problem: Problem, format: str) -> None:
        if format != "imports alone":
            self.model.fit(self.X, self.y)
