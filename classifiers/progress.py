"""How far training is: a bar in a terminal or a notebook, elsewhere a line per epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from classifiers.stopping import EpochRecord

__all__ = ["progress"]


@contextmanager
def progress(verbose: int, max_iter: int) -> Iterator[Callable[[EpochRecord], None]]:
    """Give a function to be called with each epoch's record.

    Parameters
    ----------
    verbose : int
        0 shows nothing. 1 shows a bar, with the time left until `max_iter` epochs, where tqdm is installed and somebody
        looks on: in a terminal or a notebook. Elsewhere it prints lines, as 2 always does.
    max_iter : int

    Examples
    --------
    >>> with progress(verbose=2, max_iter=1) as report:
    ...     report(EpochRecord(1, 0.5, 0.75, None, None, (), 0.1, 0.01))
    epoch    1  loss 0.5000  acc 0.7500  0.01 s
    """
    bar = _bar(max_iter) if verbose == 1 else None
    if bar is None:
        yield _print if verbose else lambda record: None
        return

    def advance(record: EpochRecord) -> None:
        bar.set_postfix(_postfix(record), refresh=False)
        bar.update()

    with bar:
        yield advance
        _complete(bar)


def _bar(max_iter: int) -> Any:
    """Return a bar of tqdm, or None where there is no tqdm or nobody to see it."""
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError:
        return None
    layout = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
    # disable=None: where stderr is not a terminal.
    bar = tqdm(total=max_iter, bar_format=layout, disable=None, dynamic_ncols=True)
    return None if bar.disable else bar


def _complete(bar: Any) -> None:
    """Make epochs that a rule spared count as done: a notebook paints a bar red that ends before its total."""
    bar.total = bar.n
    if hasattr(bar, "container"):
        bar.container.children[1].max = bar.n
    bar.refresh()


def _postfix(record: EpochRecord) -> dict[str, str]:
    """Return what fits beside a bar in a line of 80 characters."""
    shown = {"loss": record.loss, "acc": record.accuracy}
    if record.val_loss is not None and record.val_accuracy is not None:
        shown = {"loss": record.loss, "val_loss": record.val_loss, "val_acc": record.val_accuracy}
    return {name: f"{value:.4f}" for name, value in shown.items()}


def _print(record: EpochRecord) -> None:
    print(record, flush=True)
