"""What the command line takes. Options are parameters of the estimators; one not given has the estimator's default."""

from __future__ import annotations

import argparse
import re

from classifiers.optimizers import OPTIMIZERS

__all__ = ["OPTION_OF", "in_options", "parser"]

# The option that sets each parameter.
OPTION_OF = {
    "activation": "--activation",
    "alpha": "--alpha",
    "batch_size": "--batch-size",
    "class_weight": "--class-weight",
    "handle_missing": "--handle-missing",
    "handle_unknown": "--handle-unknown",
    "hidden_layer_sizes": "--hidden",
    "learning_rate": "--learning-rate",
    "max_iter": "--epochs",
    "n_iter_no_change": "--patience",
    "random_state": "--seed",
    "schedule": "--schedule",
    "solver": "--solver",
    "validation_fraction": "--valid",
}


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    program = argparse.ArgumentParser(
        prog="python -m classifiers",
        description="Classify the rows of tables, CSV, TSV or Parquet. Without a command: a demonstration.",
    )
    commands = program.add_subparsers(dest="command", required=True, metavar="command")

    train = commands.add_parser("train", help="fit a model to a table", argument_default=argparse.SUPPRESS)
    train.set_defaults(drop=[], categorical=[], save=None, plot=None)
    train.add_argument("data", help=".csv, .tsv or .parquet")
    train.add_argument("--target", required=True, metavar="COLUMN", help="what to predict")
    train.add_argument("--drop", nargs="+", metavar="COLUMN", help="columns to leave out; * and ? are wildcards")
    train.add_argument(
        "--categorical",
        nargs="+",
        metavar="COLUMN",
        help="columns of numbers that are categories; * and ? are wildcards",
    )
    train.add_argument("--model", choices=["softmax", "mlp"], default="softmax")
    train.add_argument("--hidden", dest="hidden_layer_sizes", nargs="+", type=int, metavar="H", help="units a layer")
    train.add_argument("--activation", metavar="NAME", help="of the hidden layers: relu, tanh, gelu, ...")
    train.add_argument("--solver", choices=["lbfgs", *OPTIMIZERS])
    train.add_argument("--alpha", type=float, help="strength of the L2 penalty")
    train.add_argument("--learning-rate", type=float, metavar="LR")
    train.add_argument("--schedule", metavar="NAME", help="of the learning rate: constant, cosine, ...")
    train.add_argument("--batch-size", type=int, metavar="B")
    train.add_argument("--epochs", dest="max_iter", type=int, metavar="N", help="at most")
    train.add_argument(
        "--valid",
        dest="validation_fraction",
        type=float,
        metavar="SHARE",
        help="hold this share of the rows out, keep the weights that are best on it, and stop when they get no better",
    )
    train.add_argument("--patience", dest="n_iter_no_change", type=int, metavar="N", help="epochs without improvement")
    train.add_argument("--class-weight", choices=["balanced"])
    train.add_argument("--handle-unknown", choices=["error", "ignore"], help="categories not seen in training")
    train.add_argument("--handle-missing", choices=["error", "zero", "own"], help="empty cells of categories")
    train.add_argument("--seed", dest="random_state", type=int, metavar="N")
    train.add_argument("--save", metavar="FILE", help="write the model, as .npz")
    train.add_argument("--plot", metavar="FILE", help="draw the learning curves")

    predict = commands.add_parser("predict", help="write the class and the probabilities of each row")
    predict.add_argument("model", help="what train --save wrote")
    predict.add_argument("data", help=".csv, .tsv or .parquet")
    predict.add_argument("-o", "--output", metavar="FILE", help="a CSV or TSV file; by default standard output")

    evaluate = commands.add_parser("evaluate", help="hold a model against known labels")
    evaluate.add_argument("model", help="what train --save wrote")
    evaluate.add_argument("data", help=".csv, .tsv or .parquet")
    evaluate.add_argument("--target", required=True, metavar="COLUMN", help="the labels")
    return program


def in_options(message: str) -> str:
    """Return a message of the estimators with options in place of parameters.

    Examples
    --------
    >>> in_options("row 3: 'Rome' is unknown; pass handle_unknown='ignore' to let it contribute nothing")
    "row 3: 'Rome' is unknown; train with --handle-unknown ignore to let it contribute nothing"
    """
    message = message.replace("name the column in categorical_features, and pass", "train with --categorical and")
    message = re.sub(r" or tol=\S+", "", message).replace("early_stopping cannot", "--valid cannot")
    message = message.replace("pass X_val and y_val, or another", "pass another")
    for name, option in OPTION_OF.items():
        message = re.sub(rf"\bpass {name}=", f"train with {name}=", message)
        message = re.sub(rf"(?<!['\"\w]){name}='?([\w.+-]+)'?", rf"{option} \1", message)
        if "_" in name:  # in quotes it is a column or a label of theirs
            message = re.sub(rf"(?<!['\"\w]){name}(?!['\"\w])", option, message)
    return message
