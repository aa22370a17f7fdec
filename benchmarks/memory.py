"""Peak memory of an epoch. X counts, since asv counts `setup`; so do the imports, which stand alone for comparison."""

from benchmarks.estimators import draw_input
from classifiers import SoftmaxRegression


class Epoch:
    params = (["imports alone", "dense", "CSR", "codes"],)
    param_names = ("format",)

    def setup(self, format: str) -> None:
        if format != "imports alone":
            self.X, self.y, n_categories = draw_input(format, 100_000, 10, 1_000, 2)
            self.model = SoftmaxRegression(solver="sgd", max_iter=1, n_categories=n_categories, random_state=0)

    def peakmem_fit_epoch(self, format: str) -> None:
        if format != "imports alone":
            self.model.fit(self.X, self.y)
