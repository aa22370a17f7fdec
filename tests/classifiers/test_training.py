"""The minibatch loop: the same batches for every format, unbiased weights, the best weights restored, divergence."""

import dataclasses
import time
from itertools import chain
from typing import Any

import numpy as np
import pytest

from classifiers.activations import identity, tanh
from classifiers.dataset import Dataset
from classifiers.initializers import glorot_uniform
from classifiers.network import Network, initialize
from classifiers.optimizers import SGD
from classifiers.stopping import DivergenceError, EpochRecord, MaxEpochs, ValidationLoss
from classifiers.training import train, train_epoch
from onehot import OneHot
from tests.classifiers.oracle import DESIGNS, make_problem
from tests.tolerance import assert_close


class Spy:
    """A design matrix that notes which rows are asked for."""

    def __init__(self, X):
        self.X, self.batches, self.shape = X, [], X.shape

    def __getitem__(self, rows):
        self.batches.append(rows.tolist())
        return self.X[rows]


@dataclasses.dataclass
class Recorder(SGD):
    """Moves nothing, and keeps the gradients."""

    seen: list[list[np.ndarray]] = dataclasses.field(default_factory=list)

    def step(self, parameters, gradients):
        self.seen.append([np.array(gradient) for gradient in gradients])


@pytest.fixture
def network(problem):
    rng = np.random.default_rng(0)
    sizes = (sum(problem.n_categories), 5, problem.K)
    return initialize(sizes, [glorot_uniform] * 2, tanh, fan_in=4, rng=rng, dtype=np.float64)


def design(problem, name="OneHot"):
    return DESIGNS[name](problem.codes, problem.n_categories, np.float64)


def fit(network, data, **changes):
    settings = {
        "schedule": lambda t: 1.0,
        "batch_size": 20,
        "stopping": MaxEpochs(5),
        "rng": np.random.default_rng(0),
        **changes,
    }
    return train(network, data, settings.pop("optimizer", SGD(0.5)), **settings)


def test_every_format_meets_the_same_batches_and_each_sample_once_an_epoch(problem, network):
    n, met = len(problem.y), {}
    for name in DESIGNS:
        spy: Any = Spy(design(problem, name))
        fit(network.copy(), Dataset(spy, problem.y), stopping=MaxEpochs(2))
        met[name] = spy.batches
    assert met["OneHot"] == met["dense"] == met["csr"]
    assert [len(batch) for batch in met["csr"]] == 2 * [20, 20, 20, 20, 10]
    first, second = ([*chain.from_iterable(batches)] for batches in (met["csr"][:5], met["csr"][5:]))
    assert sorted(first) == sorted(second) == list(range(n))
    assert first != second, "each epoch has an order of its own"


@pytest.mark.parametrize("batch_size", [1, 20, 89, 90, 1000])
def test_batches_are_an_unbiased_view_of_the_weighted_data(problem, network, batch_size):
    X, y, n = design(problem), problem.y, len(problem.y)
    weight = problem.weight / problem.weight.mean()
    loss, accuracy, gradients = network.loss_and_gradients(X, y, weight)
    recorder = Recorder()
    rng = np.random.default_rng(0)
    record = train_epoch(network, Dataset(X, y, weight), recorder, batch_size=batch_size, rng=rng, epoch=1)
    shares = [min(batch_size, n - start) / n for start in range(0, n, batch_size)]
    for k, expected in enumerate([*gradients.weights, *gradients.biases]):
        mean = sum(share * batch[k] for share, batch in zip(shares, recorder.seen, strict=True))
        assert_close(mean, expected, terms=8 * n)
    assert_close((record.loss, record.accuracy), (loss, accuracy), terms=8 * n)


def test_a_schedule_sets_the_rate_of_each_epoch_and_leaves_the_optimizer_its_own(problem, network):
    optimizer = SGD(0.5)
    records, reason = fit(network, Dataset(design(problem), problem.y), optimizer=optimizer, schedule=lambda t: 2.0**-t)
    assert [record.learning_rate for record in records] == [0.5, 0.25, 0.125, 0.0625, 0.03125]
    assert [record.epoch for record in records] == [1, 2, 3, 4, 5]
    assert reason == "reached 5 epochs"
    assert optimizer.learning_rate == 0.5
    assert all(record.seconds >= 0 and len(record.gradient_norms) == 2 for record in records)


def test_an_interrupt_too_leaves_the_optimizer_its_own_rate(problem, network):
    def interrupt(record):
        if record.epoch == 3:
            raise KeyboardInterrupt

    optimizer, data = SGD(0.5), Dataset(design(problem), problem.y)
    with pytest.raises(KeyboardInterrupt):
        fit(network, data, optimizer=optimizer, schedule=lambda t: 2.0**-t, report=interrupt)
    assert optimizer.learning_rate == 0.5


def test_the_best_weights_on_validation_data_are_restored(problem, network):
    data, other = Dataset(design(problem), problem.y), make_problem(seed=1)
    validation = Dataset(design(other), other.y)
    records, reason = fit(network, data, validation=validation, stopping=ValidationLoss(3), optimizer=SGD(1.0))
    val_losses = [record.val_loss for record in records]
    assert val_losses[-1] > min(val_losses) == val_losses[-4]
    assert network.evaluate(*validation)[0] == min(val_losses)
    assert reason == "validation loss did not improve by 0 in 3 epochs"


def test_without_a_rule_that_asks_for_it_the_last_weights_stay(problem, network):
    validation = Dataset(design(problem), problem.y)
    records, _ = fit(network, validation, validation=validation)
    assert network.evaluate(*validation) == (records[-1].val_loss, records[-1].val_accuracy)


def test_each_record_is_reported_as_it_is_made(problem, network):
    seen: list[EpochRecord] = []
    records, _ = fit(network, Dataset(design(problem), problem.y), report=seen.append)
    assert seen == records


def test_divergence_names_the_epoch_and_suggests_a_rate(problem, network):
    data = Dataset(design(problem), problem.y)
    fit(network, data, stopping=MaxEpochs(1))
    message = r"training diverged in epoch 1: the loss is .*; try learning_rate=1e\+199, a tenth of the present one"
    with np.errstate(all="ignore"), pytest.raises(DivergenceError, match=message):
        fit(network, data, optimizer=SGD(1e200))


def test_the_scale_of_the_table_is_folded_in_at_the_end(problem, network):
    fit(network, Dataset(design(problem), problem.y), optimizer=SGD(0.1, weight_decay=0.1))
    assert network.weights[0].scale == 1


def test_the_epochs_take_no_longer_than_the_fit(problem, network):
    start = time.perf_counter()
    records, _ = fit(network, Dataset(design(problem), problem.y))
    assert sum(record.seconds for record in records) <= time.perf_counter() - start


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"y": np.array([0, 1, 3])}, r"y, row 2: 3 is not in \[0, 3\)"),
        ({"y": np.array([0, -1, 2])}, r"y, row 1: -1 is not in \[0, 3\)"),
        ({"y": np.array([0, 1])}, r"X has 3 rows, but y and the weights have shape \(2,\)"),
        ({"y": np.array([0.0, 1.0, 2.0])}, "y must hold positions of classes, integers, got float64"),
        ({"sample_weight": np.ones(2)}, r"X has 3 rows, but y and the weights have shape \(3,\) and \(2,\)"),
    ],
)
def test_data_that_do_not_fit_together_are_refused(data, message):
    network = Network([np.zeros((3, 3))], [np.zeros(3)], identity)
    dataset = Dataset(**{"X": OneHot([0, 1, 2], 3), "y": np.array([0, 1, 2]), **data})
    settings: Any = {"schedule": lambda t: 1.0, "stopping": MaxEpochs(1), "rng": np.random.default_rng(0)}
    with pytest.raises(ValueError, match=message):
        train(network, dataset, SGD(0.1), batch_size=2, **settings)


@pytest.mark.parametrize("batch_size", [0, -5])
def test_a_batch_has_a_sample_or_more(batch_size):
    network = Network([np.zeros((3, 3))], [np.zeros(3)], identity)
    settings: Any = {"schedule": lambda t: 1.0, "stopping": MaxEpochs(1), "rng": np.random.default_rng(0)}
    with pytest.raises(ValueError, match=f"batch_size={batch_size} must be positive"):
        train(network, Dataset(OneHot([0, 1, 2]), np.arange(3)), SGD(0.1), batch_size=batch_size, **settings)


def test_validation_data_that_do_not_fit_are_refused():
    network = Network([np.zeros((3, 3))], [np.zeros(3)], identity)
    good, bad = Dataset(OneHot([0, 1, 2], 3), np.arange(3)), Dataset(OneHot([0, 1, 2], 3), np.array([0, 1, 3]))
    settings: Any = {"schedule": lambda t: 1.0, "batch_size": 2, "stopping": MaxEpochs(1)}
    with pytest.raises(ValueError, match=r"y, row 2: 3 is not in \[0, 3\)"):
        train(network, good, SGD(0.1), rng=np.random.default_rng(0), validation=bad, **settings)


def test_an_epoch_that_diverged_is_reported_and_a_tenth_of_the_optimizers_own_rate_advised(problem, network):
    data, seen = Dataset(design(problem), problem.y), list[EpochRecord]()
    message = r"in epoch 1: .*; try learning_rate=1e\+199, a tenth"
    with np.errstate(all="ignore"), pytest.raises(DivergenceError, match=message):
        fit(network, data, optimizer=SGD(1e200), schedule=lambda t: 0.5, report=seen.append)
    assert [record.epoch for record in seen] == [1]


def test_a_later_epoch_that_starts_with_nan_is_blamed_on_the_steps(problem, network):
    rng, data = np.random.default_rng(0), Dataset(design(problem), problem.y)
    network.weights[0].values[:] = np.nan
    settings: Any = {"batch_size": 20, "rng": rng}
    with pytest.raises(DivergenceError, match="before the first step"):
        train_epoch(network, data, SGD(0.1), epoch=1, **settings)
    assert np.isnan(train_epoch(network, data, SGD(0.1), epoch=2, **settings).loss)
