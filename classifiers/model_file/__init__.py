"""Models as files: what a fitted model is, and that a file holds just that.

    parameters   what the constructor was given
    learned      classes, columns, categories, history
    network      weights, with the scale of the first, and biases
    training     optimizer, its state and its steps, and the random generator: `partial_fit` goes on as if never stopped

A file is read, and checked in whole, before a model is made of it. Nothing in it is run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from classifiers._scaled_table import ScaledTable
from classifiers.activations import SupportsForward
from classifiers.model_file._archive import (
    ARRAY_KINDS,
    Arrays,
    ModelFileError,
    check_target,
    read_archive,
    write_archive,
)
from classifiers.model_file._plain_values import check_field_types, decode, encode
from classifiers.network import Network
from classifiers.optimizers import Optimizer
from classifiers.reading.column_encoder import ColumnEncoder
from classifiers.stopping import EpochRecord

__all__ = ["ModelFileError", "check_target", "load", "save"]

Array = npt.NDArray[Any]
LEARNED = ("classes_", "n_features_in_", "feature_names_in_", "n_categories_", "n_iter_", "history_", "stop_reason_")
OPTIONAL = "feature_names_in_"


def save(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator to `path`, at once or not at all.

    Parameters
    ----------
    model : SoftmaxRegression or MLPClassifier, fitted
    path : path
        As it is: ``.npz`` is the usual suffix, and is not added.

    Raises
    ------
    ModelFileError
        If a parameter is an object of another library's or your own class, or the last fit did not finish.
    """
    check_is_fitted(model)
    arrays: Arrays = {}
    content = {name: encode(value, name, arrays) for name, value in _state_of(model).items()}
    _model_of(content, dict(arrays), [type(model)])  # what is written can be read
    write_archive(path, content, arrays)


def load(path: str | os.PathLike[str], classes: Sequence[type]) -> Any:
    """Return the estimator in a file, of one of these classes.

    Raises
    ------
    OSError
        If there is no such file, or no permission to read it.
    ModelFileError
        If it is truncated, altered, of another version or class, or does not hold together.
    """
    try:
        return _model_of(*read_archive(path), classes)
    except ModelFileError as error:
        raise ModelFileError(f"{os.fspath(path)}: {error}") from error.__cause__


def _state_of(model: Any) -> dict[str, Any]:
    learned = {name: getattr(model, name) for name in LEARNED if hasattr(model, name)}
    for name in LEARNED:
        if name not in learned and name != OPTIONAL:
            raise ModelFileError(f"the model has no {name}: its last fit did not finish")
    model._check_missing_policy()
    network, optimizer, encoder = model._network, model._optimizer, model._encoder
    return {
        "class": type(model).__name__,
        "parameters": model.get_params(deep=False),
        "learned": learned,
        "columns": None if encoder is None else encoder.state_dict(),
        "weights": [network.weights[0].values, *network.weights[1:]],
        "scale": network.weights[0].scale,
        "biases": network.biases,
        "activation": network.activation,
        "optimizer": optimizer,
        "steps": 0 if optimizer is None else optimizer.n_steps,
        "moments": [] if optimizer is None else optimizer.states,
        "generator": model._generator.bit_generator.state,
    }


def _model_of(content: dict[str, Any], arrays: Arrays, classes: Sequence[type]) -> Any:
    """Return the model, or raise ModelFileError."""
    for cls in classes:
        if cls.__name__ == content.get("class"):
            break
    else:
        names = " or ".join(cls.__name__ for cls in classes)
        raise ModelFileError(f"it holds {content.get('class')!r}, not {names}; load it by the class it holds")
    try:
        return _assemble(cls, {name: decode(value, arrays) for name, value in content.items()}, arrays)
    except ModelFileError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ModelFileError(f"the file is inconsistent ({error})") from error


def _assemble(cls: Any, state: dict[str, Any], left_over: Arrays) -> Any:
    _require(not left_over, f"arrays that belong to nothing: {sorted(left_over)}")
    model = cls(**state.pop("parameters"))
    model._check_parameters()
    model._network = network = _network(
        state.pop("weights"), state.pop("scale"), state.pop("biases"), state.pop("activation")
    )
    model._optimizer = _optimizer(state.pop("optimizer"), state.pop("steps"), state.pop("moments"), network)
    model._generator = _generator(state.pop("generator"))
    model._encoder = encoder = _encoder(state.pop("columns"))
    model._own_missing = model.handle_missing == "own"
    learned = state.pop("learned")
    _require(learned.keys() | {OPTIONAL} == set(LEARNED), f"learned: unknown or missing keys: {sorted(learned)}")
    _check_learned(learned, encoder, network)
    vars(model).update(learned)
    _require(state.keys() == {"class"}, f"unknown keys: {sorted(state)}")
    return model


def _network(weights: Any, scale: Any, biases: Any, activation: SupportsForward) -> Network:
    _require(len(weights) == len(biases) > 0, f"{len(weights)} weights and {len(biases)} biases")
    dtype, width = weights[0].dtype, weights[0].shape[0]
    _require(dtype in (np.float32, np.float64), f"weights of {dtype}")
    for layer, (W, b) in enumerate(zip(weights, biases, strict=True)):
        _require(
            W.dtype == b.dtype == dtype and W.ndim == 2 and W.shape == (width, *b.shape),
            f"layer {layer}: W is {W.dtype} {W.shape} and b is {b.dtype} {b.shape}, after a layer of {width}",
        )
        width = len(b)
    _require(isinstance(scale, float | np.floating) and 0 < scale < np.inf, f"scale={scale!r}")
    _require(callable(getattr(activation, "forward", None)), f"activation={activation!r}")
    table = ScaledTable(weights[0])
    table.scale = scale
    return Network([table, *weights[1:]], biases, activation)


def _optimizer(optimizer: Any, steps: Any, moments: Any, network: Network) -> Optimizer | None:
    _require(isinstance(optimizer, Optimizer | None), f"optimizer={optimizer!r}")
    _require(type(steps) is int and steps >= 0 and isinstance(moments, list), f"steps={steps!r} of an optimizer")
    if optimizer is None:
        _require(not moments, "moments without an optimizer")
        return None
    for W, state in zip(network.parameters, moments, strict=True) if moments else ():
        expected = {name: (a.shape, a.dtype) for name, a in optimizer._new_state(W).items()}
        found = {name: (a.shape, a.dtype) for name, a in state.items()}
        _require(found == expected, f"the optimizer's state has {found} where {expected} belongs")
    optimizer.n_steps, optimizer.states = steps, moments
    restored: Optimizer = optimizer
    return restored


def _generator(state: dict[str, Any]) -> np.random.Generator:
    bits = np.random.PCG64()
    bits.state = cast(Any, state)
    _require(bits.state == state, "the state of the random generator")
    return np.random.Generator(bits)


def _encoder(state: dict[str, Any] | None) -> ColumnEncoder | None:
    if state is None:
        return None
    encoder: ColumnEncoder = check_field_types(ColumnEncoder.from_state_dict(state))
    _require(state.keys() == encoder.state_dict().keys(), f"columns: unknown keys: {sorted(state)}")
    f, m = len(encoder.fields), len(encoder.numbers)
    _require(sorted((*encoder.fields, *encoder.numbers)) == list(range(len(encoder.names))), "columns: their positions")
    distinct = all(len(set(known)) == len(known) > 0 for known in encoder.categories)
    _require(len(encoder.categories) == f and distinct, f"columns: {f} fields and their categories")
    _require(encoder.mean.shape == encoder.scale.shape == (m,), f"columns: mean and scale of {m} numbers")
    _require(np.isfinite(encoder.mean).all() and (encoder.scale > 0).all(), "columns: mean and scale")
    _require(encoder.handle_missing in ("error", "zero", "own"), f"columns: handle_missing={encoder.handle_missing!r}")
    return encoder


def _check_learned(learned: dict[str, Any], encoder: ColumnEncoder | None, network: Network) -> None:
    V, K = network.weights[0].shape[0], len(network.biases[-1])
    classes = learned["classes_"]
    _require(isinstance(classes, np.ndarray) and classes.dtype.kind in ARRAY_KINDS + "O", "classes")
    _require(classes.shape == (K,) and K > 1, f"{classes.shape} classes for {K} outputs")
    _require(all(isinstance(c, str | int | float) for c in classes.tolist()) or classes.dtype.kind in "SmM", "classes")
    _require(np.array_equal(np.unique(classes), classes), "classes are not sorted and distinct")

    width, counts, names = learned["n_features_in_"], learned["n_categories_"], learned.get(OPTIONAL)
    _require(isinstance(width, int | np.integer), f"n_features_in_={width!r}")
    _require(counts is None or (isinstance(counts, tuple) and min(counts) >= 0), f"n_categories_={counts!r}")
    if encoder is not None:
        columns, height = {len(encoder.names)}, sum(encoder.n_categories) + len(encoder.numbers)
        _require((counts or ()) == encoder.n_categories, f"n_categories_={counts!r} of columns")
    elif counts is not None:
        columns, height = {len(counts), V}, sum(counts)
    else:
        columns, height = {V}, V
    _require(height == V and width in columns, f"a table of {V} rows for {height} categories in {width} columns")
    if names is not None:
        _require(len(names) == width and all(isinstance(name, str) for name in names), f"{OPTIONAL}={names!r}")
    _require(all(type(record) is EpochRecord for record in learned["history_"]), "history")
    _require(isinstance(learned["history_"], list) and type(learned["n_iter_"]) is int, "history")
    _require(isinstance(learned["stop_reason_"], str), f"stop_reason_={learned['stop_reason_']!r}")


def _require(holds: bool | np.bool, what: str) -> None:
    if not holds:
        raise ModelFileError(f"the file is inconsistent: {what}")
