"""One `.npz` file of JSON and arrays: written at once or not at all, read with suspicion.

    metadata.json      {"format": ..., "version": ..., "sha256": ..., "content": ...}
    weights/0.npy      one entry an array, stored and not compressed

Nothing is pickled. Since nothing is compressed, no entry can declare more than the file holds, which is checked before
an array is made. The digest is over content and arrays: it tells what was altered, not by whom.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import secrets
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["ARRAY_KINDS", "Arrays", "ModelFileError", "check_target", "read_archive", "write_archive"]

Array = npt.NDArray[Any]
Arrays: TypeAlias = dict[str, Array]

FORMAT, VERSION = "onehot-lookup model", 1
METADATA, SUFFIX = "metadata.json", ".npy"
ARRAY_KINDS = "biufUSmM"  # the kinds of dtype that a .npy file holds without pickling
DAMAGE = (  # what reading a file that anybody may have written can raise
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)


class ModelFileError(ValueError):
    """A file holds no model that can be trusted to be whole, or a model holds what no file can."""

    __module__ = "classifiers.model_file"  # where users import it from


def write_archive(path: str | os.PathLike[str], content: dict[str, Any], arrays: Arrays) -> None:
    """Write the file, or leave what was there as it was.

    Parameters
    ----------
    path : path
    content : dict of JSON values
    arrays : dict of array
        Of the dtypes in `ARRAY_KINDS`.
    """
    arrays = {name: np.asarray(a, a.dtype.newbyteorder("<"), order="C") for name, a in arrays.items()}
    envelope = {"format": FORMAT, "version": VERSION, "sha256": _digest(content, arrays), "content": content}
    check_target(path)
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "xb") as file:
            _write_zip(file, envelope, arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_target(path: str | os.PathLike[str]) -> None:
    """Raise where no file can be written, or would replace what is not a file."""
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no folder to save a model in", str(target.parent))
    if target.exists() and not target.is_file():  # for root, even /dev/null would be replaced
        raise FileExistsError(errno.EEXIST, "this is not a regular file, so a model cannot replace it", str(target))


def read_archive(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Arrays]:
    """Return content and arrays of a file that `write_archive` wrote.

    Raises
    ------
    OSError
        If there is no such file, or no permission to read it.
    ModelFileError
        If it is anything but such a file, whole and unaltered.
    """
    with open(path, "rb") as file:
        try:
            return _read_zip(file)
        except ModelFileError:
            raise
        except DAMAGE as error:
            reason = str(error) or type(error).__name__
            raise ModelFileError(f"not a model file, or a damaged one ({reason})") from error


def _write_zip(file: IO[bytes], envelope: dict[str, Any], arrays: Arrays) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(METADATA), json.dumps(envelope, allow_nan=False))
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(name + SUFFIX), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, version=(1, 0), allow_pickle=False)


def _read_zip(file: IO[bytes]) -> tuple[dict[str, Any], Arrays]:
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if len(entries) < len(archive.infolist()):
            raise ModelFileError("two entries have one name")
        for entry in entries.values():
            if entry.compress_type != zipfile.ZIP_STORED:
                raise ModelFileError(f"entry {entry.filename!r} is compressed; entries of a model file are not")
        declared, actual = sum(entry.file_size for entry in entries.values()), os.fstat(file.fileno()).st_size
        if declared > actual:
            raise ModelFileError(f"entries declare {declared} bytes, in a file of {actual}")
        if METADATA not in entries:
            raise ModelFileError(f"not a model file: it has no {METADATA}")
        content, digest = _opened(json.loads(archive.read(entries.pop(METADATA))))
        arrays = {name.removesuffix(SUFFIX): _read_array(archive, entry) for name, entry in entries.items()}
    if _digest(content, arrays) != digest:
        raise ModelFileError("the content does not match its checksum: the file was altered")
    return content, {name: array.astype(array.dtype.newbyteorder("="), copy=False) for name, array in arrays.items()}


def _opened(envelope: Any) -> tuple[dict[str, Any], str]:
    """Return content and digest of an envelope of this format and version."""
    if not isinstance(envelope, dict) or envelope.get("format") != FORMAT:
        raise ModelFileError(f"not a model file: its format is not {FORMAT!r}")
    version = envelope.get("version")
    if version != VERSION:
        raise ModelFileError(f"version {version!r} of the format is not known; this release reads version {VERSION}")
    if envelope.keys() != {"format", "version", "sha256", "content"} or not isinstance(envelope["content"], dict):
        raise ModelFileError(f"unknown or missing keys: {sorted(envelope)}")
    return envelope["content"], envelope["sha256"]


def _read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Array:
    with archive.open(entry) as stream:
        if not entry.filename.endswith(SUFFIX) or np.lib.format.read_magic(stream) != (1, 0):
            raise ModelFileError(f"entry {entry.filename!r} is not an array in this format")
        name = entry.filename.removesuffix(SUFFIX)
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
        if fortran_order or dtype.kind not in ARRAY_KINDS or dtype.itemsize == 0 or min(shape, default=0) < 0:
            raise ModelFileError(f"array {name!r}: a model file has no arrays of {dtype} and shape {shape}")
        expected, actual = math.prod(shape) * dtype.itemsize, entry.file_size - stream.tell()
        if expected != actual:
            raise ModelFileError(f"array {name!r}: shape {shape} of {dtype} takes {expected} bytes, not {actual}")
    with archive.open(entry) as stream:
        array: Array = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def _digest(content: dict[str, Any], arrays: Arrays) -> str:
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode())
    for name, array in sorted(arrays.items()):
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
