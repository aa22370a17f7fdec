"""The minibatch loop.

Each epoch meets every sample once, in a random order that depends on the seed alone: the same batches, whatever the
format of X.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers._threads import one_blas_thread
from classifiers.dataset import Dataset
from classifiers.gradient_flow import GradientFlowMonitor
from classifiers.network import Gradients, Network
from classifiers.optimizers import Optimizer
from classifiers.schedules import factor_at
from classifiers.stopping import EpochRecord, StoppingRule, check_divergence, check_start
from onehot import get_backend

__all__ = ["train", "train_epoch"]

Array = npt.NDArray[Any]


def train(
    network: Network,
    data: Dataset,
    optimizer: Optimizer,
    *,
    schedule: Callable[[float], float],
    batch_size: int,
    stopping: StoppingRule,
    rng: np.random.Generator,
    validation: Dataset | None = None,
    report: Callable[[EpochRecord], None] = lambda record: None,
) -> tuple[list[EpochRecord], str]:
    """Train `network` in place until a rule says stop; return the history and the reason.

    Raises
    ------
    ValueError
        If the data do not fit together or to the network, or `batch_size` is not positive.
    DivergenceError
        When the loss is no longer finite, or has grown as `classifiers.stopping.check_divergence` forbids.
    """
    for each in (data, validation):
        if each is not None:
            each.check(len(network.biases[-1]))
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size!r} must be positive")
    history: list[EpochRecord] = []
    learning_rate = optimizer.learning_rate
    watch = GradientFlowMonitor()
    best: float | None = None
    try:
        while (reason := stopping(history)) is None:
            optimizer.learning_rate = learning_rate * factor_at(schedule, len(history))
            record = train_epoch(
                network, data, optimizer, batch_size=batch_size, rng=rng, epoch=len(history) + 1, validation=validation
            )
            history.append(record)
            report(record)
            check_divergence(history, learning_rate)
            watch(record)
            if stopping.restores_best and record.val_loss is not None and (best is None or record.val_loss < best):
                if best is None:
                    kept = network.copy()
                else:
                    kept.assign(network)
                best = record.val_loss
    finally:
        optimizer.learning_rate = learning_rate
    if best is not None:
        network.assign(kept)
    network.fold()
    return history, reason


def train_epoch(
    network: Network,
    data: Dataset,
    optimizer: Optimizer,
    *,
    batch_size: int,
    rng: np.random.Generator,
    epoch: int,
    validation: Dataset | None = None,
) -> EpochRecord:
    """Make one pass over the data, a step per batch; return its record.

    Not checked: that the data fit together and to the network; `train` does. Raises DivergenceError where epoch 1
    begins with a loss that is not finite.
    """
    start = time.perf_counter()
    n = len(data.y)
    order = rng.permutation(n)
    first, others = order[:batch_size], order[batch_size:]
    compiled_steps = _compiled_steps(network, data, optimizer)
    with one_blas_thread if compiled_steps else nullcontext():  # layers so small gain nothing from more
        first_loss, first_correct, gradients = _sums_and_gradients(network, data, first)
        if epoch == 1:
            check_start(first_loss)
        norms = gradients.norms()
        optimizer.step(network.parameters, gradients.parameters)
        del gradients  # where X is dense, as large as the table
        make_steps = compiled_steps or _make_steps
        loss, correct = make_steps(network, data, optimizer, others, batch_size)
    total = n if data.sample_weight is None else float(data.sample_weight.sum(dtype=np.float64)) or 1.0
    loss, accuracy = (first_loss + loss) / total, (first_correct + correct) / total
    val_loss, val_accuracy = network.evaluate(*validation) if validation else (None, None)
    return EpochRecord(
        epoch=epoch,
        loss=loss,
        accuracy=accuracy,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
        gradient_norms=norms,
        learning_rate=optimizer.learning_rate,
        seconds=time.perf_counter() - start,
        n_rows=n,
    )


def _make_steps(
    network: Network, data: Dataset, optimizer: Optimizer, order: Array, batch_size: int
) -> tuple[float, float]:
    """Make a step for each batch of the samples `order`.

    Return the sum of their losses and the number classified right, of each batch before its step.
    """
    loss = correct = 0.0
    for start in range(0, len(order), batch_size):
        batch_loss, batch_correct, gradients = _sums_and_gradients(network, data, order[start : start + batch_size])
        optimizer.step(network.parameters, gradients.parameters)
        loss, correct = loss + batch_loss, correct + batch_correct
    return loss, correct


def _sums_and_gradients(network: Network, data: Dataset, batch: Array) -> tuple[float, float, Gradients]:
    """Return the loss and the number classified right, summed over a batch, and the gradients of its mean loss."""
    loss, accuracy, gradients = network.loss_and_gradients(*data.rows(batch))
    return loss * len(batch), accuracy * len(batch), gradients


def _compiled_steps(network: Network, data: Dataset, optimizer: Optimizer) -> Any:
    """Return what makes the steps of `_make_steps` in compiled code, or None where nothing does."""
    if get_backend() != "numba":
        return None
    from classifiers import _compiled_sgd

    return _compiled_sgd.make_steps if _compiled_sgd.can_step(network, data.X, optimizer) else None
