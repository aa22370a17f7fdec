"""Train, predict and evaluate on files: ``python -m classifiers train data.csv --target y --save model.npz``.

A column of text holds categories, unless all its cells are numbers. The exit code is 0, or 1 where something is wrong
with data, files or training, 2 where the command cannot be read, and 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix

from classifiers._text_table import aligned
from classifiers.command_line._file_columns import columns_for, features_in, labels_as, labels_to_learn
from classifiers.command_line._options import OPTION_OF, in_options, parser
from classifiers.command_line.data_files import SEPARATORS, read_table
from classifiers.ctrl_c import CtrlC
from classifiers.diagnostics import sample_losses, worst_predictions
from classifiers.mlp import MLPClassifier
from classifiers.model_file import check_target, load
from classifiers.softmax_regression import SoftmaxRegression
from onehot import OneHotError

__all__ = ["main"]

Array = npt.NDArray[Any]
Model = SoftmaxRegression | MLPClassifier
MODELS: dict[str, type[Model]] = {"softmax": SoftmaxRegression, "mlp": MLPClassifier}
MINIBATCH_PARAMETERS = {"batch_size", "learning_rate", "schedule"}
MOST_SHOWN = 12  # classes in a table, names in a line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = parser().parse_args(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return COMMANDS[options.command](options)
        except BrokenPipeError:  # whoever was reading, `head` for one, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (OSError, ValueError, ArithmeticError, ImportError, OneHotError) as error:
            text = in_options(str(error))
            of_data = text.startswith(("column ", "field ", "X "))
            print(f"error: {options.data}: {text}" if of_data else f"error: {text}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("Interrupted: nothing was kept.", file=sys.stderr)
            return 130


def _train(options: argparse.Namespace) -> int:
    model = _new_model(options)
    for path in (options.save, options.plot):
        if path is not None:
            _check_output(path, options.data)
    if None not in (options.save, options.plot) and Path(options.save).resolve() == Path(options.plot).resolve():
        raise ValueError(f"{options.plot}: the model is written there; give the picture another name")
    if options.save is not None:
        check_target(options.save)
    if options.plot is not None:
        _check_plot(options.plot)
    frame = read_table(options.data)
    y = np.asarray(labels_to_learn(frame, options.target, options.data))
    for pattern in (*options.drop, *options.categorical):
        if pattern == options.target:
            raise ValueError(f"{options.data}: {pattern!r} is the target, and no column to learn from")
    frame, categorical = features_in(frame.drop(options.target), options.drop, options.categorical, options.data)
    model.set_params(categorical_features=categorical or None)
    print(f"{options.data}: {len(y)} rows, {len(np.unique(y))} classes")
    _print_columns("categories", categorical)
    _print_columns("numbers", [name for name in frame.columns if name not in categorical])

    ctrl_c = CtrlC()
    model.set_params(verbose=1, stopping=model._stopping_rule() | ctrl_c)
    start = time.perf_counter()
    with ctrl_c:
        model.fit(frame.to_native(), y)
    seconds = time.perf_counter() - start
    model.set_params(verbose=0, stopping=None)

    print(f"{model.n_iter_} epochs in {seconds:.1f} s; stopped because: {model.stop_reason_}")
    if model.history_:
        _print_kept(model)
    if ctrl_c.pressed and not model.n_iter_:
        print("no epoch was made: nothing is written")
        return 130
    if options.save is not None:
        model.save(options.save)
        print(f"wrote {options.save}")
    if options.plot is not None and not model.history_:
        print(f"did not write {options.plot}: no epoch, no curve")
    elif options.plot is not None:
        _draw(model, options.plot)
        print(f"wrote {options.plot}")
    return 130 if ctrl_c.pressed else 0


def _predict(options: argparse.Namespace) -> int:
    to_screen, suffix = options.output is None, Path(options.output or "").suffix.lower()
    if not to_screen:
        _check_output(options.output, options.model, options.data)
    if suffix not in {"", *SEPARATORS}:
        raise ValueError(f"{options.output}: predictions are written as {', '.join(SEPARATORS)}, not as {suffix}")
    model = load(options.model, list(MODELS.values()))
    P = model.predict_proba(columns_for(model, read_table(options.data), options.data))
    with nullcontext(sys.stdout) if to_screen else open(options.output, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=SEPARATORS.get(suffix, ","), lineterminator="\n")
        writer.writerow(["prediction", *(f"P({label})" for label in model.classes_)])
        for label, p in zip(model.classes_[P.argmax(axis=1)], P.tolist(), strict=True):
            writer.writerow([label, *(f"{each:.9g}" for each in p)])
        file.flush()
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    model = load(options.model, list(MODELS.values()))
    frame = read_table(options.data)
    named = {str(label): label for label in model.classes_}
    labels = labels_as(named, frame, options.target, options.data)
    for row, label in enumerate(labels):
        if label not in named:
            raise ValueError(f"{options.data}: column {options.target!r}, row {row}: the model has no class {label!r}")
    y = np.array([named[label] for label in labels], model.classes_.dtype)
    has_names = hasattr(model, "feature_names_in_")
    X = columns_for(model, frame if has_names else frame.drop(options.target), options.data)
    losses, predicted = sample_losses(model, X, y), model.predict(X)
    print(f"{len(y)} rows   accuracy {np.mean(predicted == y):.4f}   NLL {losses.mean():.4f} nats")
    if len(named) <= MOST_SHOWN:
        print("\nrows by true class (down) and predicted class (across)")
        counts = zip(named, _confusion(model, y, predicted), strict=True)
        print(aligned([["", *named], *([name, *row] for name, row in counts)]))
    print("\nthe worst predictions")
    print(worst_predictions(model, X, y, k=5))
    return 0


def _new_model(options: argparse.Namespace) -> Model:
    model = MODELS[options.model]()
    given = vars(options).keys() & MLPClassifier().get_params().keys()
    for name in sorted(given - model.get_params().keys()):
        raise ValueError(f"{OPTION_OF[name]} does not apply to --model {options.model}; pass --model mlp")
    model.set_params(**{name: getattr(options, name) for name in given})
    model.set_params(early_stopping=getattr(options, "validation_fraction", 0) != 0)
    if model.solver == "lbfgs":
        unused = MINIBATCH_PARAMETERS if model.early_stopping else MINIBATCH_PARAMETERS | {"n_iter_no_change"}
        if "n_iter_no_change" in given & unused:
            raise ValueError("--patience is for --valid, with which validation data decide when to stop; pass that too")
        for name in sorted(given & unused):
            raise ValueError(f"{OPTION_OF[name]} does not apply to --solver lbfgs; pass another, like --solver adam")
    model._check_parameters()
    return model


def _print_columns(kind: str, names: Sequence[str]) -> None:
    columns = "column" if len(names) == 1 else "columns"
    print(f"  {len(names)} {columns} of {kind}" + (f": {', '.join(names)}" if 0 < len(names) <= MOST_SHOWN else ""))


def _print_kept(model: Model) -> None:
    history = model.history_
    kept, text = history[-1], "kept the weights of the last epoch"
    if kept.val_loss is not None:
        kept = history[int(np.argmin([record.val_loss or 0.0 for record in history]))]
        text = f"kept the weights of epoch {kept.epoch}, the best on validation data"
    print(f"{text}:\n  {kept}")


def _confusion(model: Any, y: Array, predicted: Array) -> list[list[int]]:
    index = [model._index_of(labels) for labels in (y, predicted)]
    counts: list[list[int]] = confusion_matrix(*index, labels=np.arange(len(model.classes_))).tolist()
    return counts


def _check_output(path: str, *inputs: str) -> None:
    """Raise now, and not after training, where a file could not be written or is one that is read."""
    if not Path(path).resolve().parent.is_dir():
        raise ValueError(f"{path}: there is no such folder")
    if Path(path).is_dir():
        raise ValueError(f"{path}: this is a folder; give the name of a file")
    if any(Path(path).exists() and Path(each).exists() and Path(path).samefile(each) for each in inputs):
        raise ValueError(f"{path}: this file is read, and would be overwritten; give another name")


def _check_plot(path: str) -> None:
    """Raise now, and not after training, where the picture could not be drawn."""
    try:
        from matplotlib import backend_bases
    except ModuleNotFoundError:
        raise ModuleNotFoundError("--plot needs matplotlib: python -m pip install 'onehot-lookup[plots]'") from None
    known = [f".{kind}" for kind in backend_bases.FigureCanvasBase.get_supported_filetypes()]
    suffix = Path(path).suffix
    if suffix.lower() not in known:
        raise ValueError(f"{path}: {suffix!r} is not one of {', '.join(known)}")


def _draw(model: Model, path: str) -> None:
    from matplotlib.figure import Figure

    from classifiers.plots import learning_curves

    figure = Figure(figsize=(6, 6.5), layout="constrained")  # not by pyplot, whose backend is the caller's business
    for ax, metric in zip(figure.subplots(2, sharex=True), ("loss", "accuracy"), strict=True):
        learning_curves(model, metric=metric, ax=ax)
    figure.savefig(path, dpi=150)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"warning: {in_options(str(message))}", file=sys.stderr)


COMMANDS = {"train": _train, "predict": _predict, "evaluate": _evaluate}
