"""Values as JSON and arrays, and back; what comes back is plain values and our own settings objects, never code.

    None, bool, int, str, finite float, list    themselves
    other floats                                {"float": "nan"}
    tuple, dict                                 {"tuple": [...]}, {"dict": {...}}, {"items": [[key, value], ...]}
    NumPy arrays                                {"array": name}: stored under that name
    NumPy scalars                               {"scalar": ["float32", 0.5]}
    arrays of objects                           {"objects": [...]}
    float32 and float64                         {"dtype": "float32"}
    optimizers, schedules, rules, records       {"object": ["Adam", {"learning_rate": 0.001, ...}]}
    activations, initializers                   {"activation": ["leaky_relu", 0.2]}, {"initializer": "he_normal"}

Types are kept to the letter, of NumPy's scalars too: a float32 array times a float64 scalar is not what it is times a
Python float, and training is to go on bit for bit.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from numbers import Integral, Real
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from classifiers import activations, initializers, optimizers, schedules, stopping
from classifiers.model_file._archive import ARRAY_KINDS, Arrays, ModelFileError

__all__ = ["check_field_types", "decode", "encode"]

Array = npt.NDArray[Any]
SETTINGS = {
    name: each
    for module in (optimizers, schedules, stopping)
    for name, each in vars(module).items()
    if is_dataclass(each) and each is not optimizers.Optimizer
}
PARAMETRIC: dict[str, tuple[str, Callable[..., activations.Activation]]] = {
    "leaky_relu": ("slope", activations.leaky_relu_with),
    "elu": ("alpha", activations.elu_with),
}
SCALARS = (bool, int, float, str)
DTYPES: dict[str, type] = {"float": float, "float32": np.float32, "float64": np.float64}


def encode(value: Any, name: str, arrays: Arrays) -> Any:
    """Return `value` as JSON; put its arrays into `arrays`, under `name` and names below it.

    Raises
    ------
    ModelFileError
        If something in it is of a foreign kind, by name.

    Examples
    --------
    >>> arrays = {}
    >>> encode((1, np.arange(2)), "x", arrays), arrays
    ({'tuple': [1, {'array': 'x/1'}]}, {'x/1': array([0, 1])})
    """

    def each(values: Any) -> list[Any]:
        return [encode(v, f"{name}/{i}", arrays) for i, v in enumerate(values)]

    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if kind is list:
        return each(value)
    if kind is tuple:
        return {"tuple": each(value)}
    if kind is dict:
        keys, values = each(value), [encode(v, f"{name}/{k}", arrays) for k, v in value.items()]
        pairs = list(zip(keys, values, strict=True))
        return {"dict": dict(pairs)} if all(type(k) is str for k in keys) else {"items": [list(pair) for pair in pairs]}
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind == "O":
        return {"objects": each(value.tolist())}
    if isinstance(value, np.ndarray) and value.dtype.kind in ARRAY_KINDS:
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic) and type(value.item()) in SCALARS:
        return {"scalar": [kind.__name__, encode(value.item(), name, arrays)]}
    if SETTINGS.get(kind.__name__) is kind:
        settings = {f.name: encode(getattr(value, f.name), f"{name}/{f.name}", arrays) for f in fields(value) if f.init}
        return {"object": [kind.__name__, settings]}
    known = _by_name(value)
    if known is None:
        raise ModelFileError(f"{name.replace('/', ', ')}={value!r} is not of a kind that a model file holds")
    return known


def decode(value: Any, arrays: Arrays) -> Any:
    """Return the value that `encode` was given; take its arrays out of `arrays`.

    Raises
    ------
    ModelFileError, LookupError, TypeError, ValueError
        If it is not what `encode` returns.

    Examples
    --------
    >>> decode({"tuple": [1, {"array": "x/1"}]}, {"x/1": np.arange(2)})
    (1, array([0, 1]))
    """
    if isinstance(value, list):
        return [decode(v, arrays) for v in value]
    if not isinstance(value, dict):
        return value
    ((tag, content),) = value.items()
    match tag:
        case "array":
            return arrays.pop(content)
        case "scalar":
            dtype, item = np.dtype(str(content[0])), decode(content[1], arrays)
            if dtype.kind not in "biufU" or type(item) is not type(dtype.type().item()):
                raise ModelFileError(f"{item!r} is no {dtype}")
            return dtype.type(item)
        case "object":
            name, settings = content
            kind: Any = SETTINGS[name]
            return check_field_types(kind(**{key: decode(v, arrays) for key, v in settings.items()}))
        case "activation":
            name, *number = content
            if not number:
                return activations.get_activation(str(name))
            setting, make = PARAMETRIC[name]
            return make(**{setting: number[0]})
        case "initializer":
            return initializers.get_initializer(str(content))
        case "dtype":
            return DTYPES[content]
        case "float":
            return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[content]
        case "tuple":
            return tuple(decode(content, arrays))
        case "dict":
            return {key: decode(v, arrays) for key, v in content.items()}
        case "items":
            return {decode(k, arrays): decode(v, arrays) for k, v in content}
        case "objects":
            objects = np.empty(len(content), dtype=object)
            objects[:] = decode(content, arrays)
            return objects
    raise ModelFileError(f"{tag!r} is not a kind of value")


def check_field_types(settings: Any) -> Any:
    """Return a dataclass; raise ModelFileError if its values are not of the types that its fields declare."""
    hints = get_type_hints(type(settings))
    for field in fields(settings):
        value = getattr(settings, field.name)
        if not _is_of_type(value, hints[field.name]):
            raise ModelFileError(f"{type(settings).__name__}: {field.name}={value!r} is not {field.type}")
    return settings


def _is_of_type(value: Any, hint: Any) -> bool:
    origin, of = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_is_of_type(value, each) for each in of)
    if origin is Callable:
        return callable(value)
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_of_type(v, of[0]) for v in value)
    if hint in (float, int):
        return isinstance(value, Real if hint is float else Integral) and not isinstance(value, bool)
    return isinstance(value, origin or hint)


def _by_name(value: Any) -> dict[str, Any] | None:
    """Return what names an activation, an initializer or a dtype of ours, and None for anything else."""
    if isinstance(value, activations.Activation):
        name, _, is_parametric = value.name.partition("(")
        if not is_parametric and name in activations.__all__ and getattr(activations, name) == value:
            return {"activation": [name]}
        if is_parametric and name in PARAMETRIC:
            setting, make = PARAMETRIC[name]
            number = getattr(value.rule, setting, None)
            if number is not None and make(**{setting: number}) == value:
                return {"activation": [name, number]}
        return None
    if callable(value) and value in (getattr(initializers, name) for name in initializers.__all__):
        return {"initializer": value.__name__}
    if isinstance(value, type | np.dtype):
        return next(({"dtype": name} for name, each in DTYPES.items() if value == each), None)
    return None
