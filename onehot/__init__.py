"""One-hot products without one-hot matrices.

Row i of the one-hot matrix X has a single 1, in column ``indices[i]``. So

    (X @ W)[i]   =  W[indices[i]]                               forward: select rows
    (X.T @ G)[r] =  sum of G[i] over all i with indices[i] = r  backward: add rows up

With f categorical columns X has f ones a row, and ``X @ W`` is the sum of f rows of W. `OneHot` is such an X: a model
written as the textbook writes it, ``X @ W`` and ``W -= lr * (X.T @ dZ)``, then multiplies by no zeros.
"""

from onehot._equivalence import EquivalenceReport, check_equivalence
from onehot._errors import (
    BackendError,
    CodeError,
    DTypeError,
    OneHotError,
    RowIndexError,
    ShapeError,
    UnsupportedError,
)
from onehot._kernels import available_backends, get_backend, set_backend
from onehot._lookup import embed, lookup, scatter_add
from onehot._matrix import OneHot
from onehot._row_gradient import RowGradient

__all__ = [
    "BackendError",
    "CodeError",
    "DTypeError",
    "EquivalenceReport",
    "OneHot",
    "OneHotError",
    "RowGradient",
    "RowIndexError",
    "ShapeError",
    "UnsupportedError",
    "available_backends",
    "check_equivalence",
    "embed",
    "get_backend",
    "lookup",
    "scatter_add",
    "set_backend",
]

__version__ = "0.1.0"
