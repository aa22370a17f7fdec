"""Models as files: what is saved comes back to the last bit, and nothing else than that comes out of a file."""

import dataclasses
import io
import json
import os
import pickle
import zipfile
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from classifiers import MLPClassifier, SoftmaxRegression, optimizers, schedules, stopping
from classifiers.activations import Activation, elu_with, leaky_relu_with, tanh
from classifiers.initializers import he_normal
from classifiers.model_file import LEARNED, ModelFileError, load
from classifiers.model_file._archive import read_archive, write_archive
from classifiers.model_file._plain_values import SETTINGS as KNOWN
from classifiers.optimizers import SGD, Adagrad, Adam, Momentum
from classifiers.schedules import Cosine, WarmUp
from classifiers.stopping import GradientNorm, LossChange

SETTINGS: dict[str, dict[str, Any]] = {
    "sgd": {"solver": "sgd", "alpha": 0.1},
    "momentum": {"solver": "momentum", "momentum": 0.5},
    "adagrad": {"solver": "adagrad"},
    "rmsprop": {"solver": "rmsprop", "dtype": "float64"},
    "adam": {"solver": "adam", "dtype": np.float64},
    "optimizer objects": {"solver": Adagrad(0.1, row_wise=True), "dtype": np.dtype("float64"), "warm_start": True},
    "NumPy scalars": {"solver": "adam", "learning_rate": np.float64(0.01), "alpha": np.float32(0.1), "tol": 0.0},
    "schedules": {"solver": "sgd", "schedule": WarmUp(Cosine(40, minimum=0.1), length=3)},
    "stopping": {"solver": "sgd", "stopping": LossChange(1e-4) | GradientNorm(1e-3)},
    "names": {"solver": Momentum(0.1, nesterov=True), "schedule": "cosine"},
    "weights": {"solver": "sgd", "class_weight": {0: 1.0, 1: 2.0, 2: np.float32(0.5)}},
    "validation": {"solver": "sgd", "early_stopping": True, "validation_fraction": 0.2},
    "counts": {"solver": "sgd", "n_categories": np.array([5, 1, 3, 6]), "handle_unknown": "ignore"},
}
NETWORKS = {
    "parametric activation": {"activation": leaky_relu_with(slope=0.123456789), "hidden_layer_sizes": [5, 4]},
    "activation object": {"activation": tanh, "initializer": he_normal},
    "elu": {"activation": elu_with(alpha=0.5), "hidden_layer_sizes": np.array([6])},
    "no hidden layer": {"hidden_layer_sizes": ()},
}


def fitted(problem, Model=MLPClassifier, **settings):
    defaults = {"max_iter": 3, "batch_size": 20, "random_state": 0}
    return Model(**(defaults | settings)).fit(problem.codes, problem.y)


def through_file(model, tmp_path):
    path = tmp_path / "model.npz"
    model.save(path)
    return type(model).load(path)


def assert_identical(model, other):
    """Compare what decides all that a model will ever do, to the last bit."""
    assert type(model) is type(other)
    for a, b in zip(model._network.parameters, other._network.parameters, strict=True):
        np.testing.assert_array_equal(getattr(a, "values", a), getattr(b, "values", b), strict=True)
    assert model._network.weights[0].scale == other._network.weights[0].scale
    assert type(model._network.weights[0].scale) is type(other._network.weights[0].scale)
    assert model._generator.bit_generator.state == other._generator.bit_generator.state
    assert (model._optimizer is None) == (other._optimizer is None)
    if model._optimizer is not None:
        assert str(model._optimizer) == str(other._optimizer)  # settings and number of steps
        for state, restored in zip(model._optimizer.states, other._optimizer.states, strict=True):
            assert state.keys() == restored.keys()
            for name in state:
                np.testing.assert_array_equal(state[name], restored[name], strict=True)
    assert model.n_categories_ == other.n_categories_
    np.testing.assert_array_equal(model.classes_, other.classes_, strict=True)


def assert_goes_on_alike(model, other, X, y):
    assert_identical(model, other)
    for _ in range(3):
        model.partial_fit(X, y)
        other.partial_fit(X, y)
        assert_identical(model, other)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("Model", [SoftmaxRegression, MLPClassifier])
def test_partial_fit_goes_on_bit_for_bit(Model, settings, problem, tmp_path):
    model = fitted(problem, Model, **settings).partial_fit(problem.codes, problem.y)
    restored = through_file(model, tmp_path)
    for name, value in model.get_params().items():
        np.testing.assert_equal(restored.get_params()[name], value)
    assert restored.history_ == model.history_
    assert (restored.n_iter_, restored.stop_reason_) == (model.n_iter_, model.stop_reason_)
    assert restored.n_features_in_ == model.n_features_in_
    assert_goes_on_alike(model, restored, problem.codes, problem.y)


def test_the_scale_of_a_table_is_kept_and_not_folded(problem, tmp_path):
    model = fitted(problem, **SETTINGS["sgd"]).partial_fit(problem.codes, problem.y)
    assert model._network.weights[0].scale < 1
    assert_goes_on_alike(model, through_file(model, tmp_path), problem.codes, problem.y)


@pytest.mark.parametrize("settings", NETWORKS.values(), ids=NETWORKS)
def test_networks_come_back(settings, problem, tmp_path):
    model = fitted(problem, **settings)
    restored = through_file(model, tmp_path)
    assert restored._network.activation == model._network.activation
    assert restored.get_params()["activation"] == model.activation
    assert_goes_on_alike(model, restored, problem.codes, problem.y)


def test_what_partial_fit_alone_has_learned_comes_back(problem, tmp_path):
    model = MLPClassifier(n_categories=problem.n_categories).partial_fit(problem.codes, problem.y, classes=range(3))
    assert_goes_on_alike(model, through_file(model, tmp_path), problem.codes, problem.y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_lbfgs_comes_back_without_an_optimizer(problem, tmp_path):
    model = fitted(problem, SoftmaxRegression, warm_start=True)
    restored = through_file(model, tmp_path)
    assert_identical(model, restored)
    assert_identical(model.fit(problem.codes, problem.y), restored.fit(problem.codes, problem.y))


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, 5, 9], np.int8),
        np.array([2**62, 2**62 + 1, 2**62 + 2]),
        np.array([1, 2, 2**63], np.uint64),
        np.array([False, True]),
        np.array([-1.0, 0.0, 1.0], np.float32),
        np.array(["a", "ß", "no\N{SNOWMAN}"]),
        np.array(["a", "b", "c"], dtype=object),
    ],
    ids=lambda labels: labels.dtype.name,
)
def test_labels_of_every_kind_come_back(labels, problem, tmp_path):
    codes, y = problem.codes, np.sort(labels)[problem.y % len(labels)]
    model = SoftmaxRegression().fit(codes, y)
    restored = through_file(model, tmp_path)
    np.testing.assert_array_equal(restored.classes_, model.classes_, strict=True)
    assert restored.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(restored.predict(codes), model.predict(codes), strict=True)


def frame(n=40):
    rng = np.random.default_rng(0)
    columns = {"city": rng.choice(["Oslo", "Bergen"], n), "age": rng.normal(40, 9, n), "wet": rng.random(n) < 0.5}
    return pd.DataFrame(columns), rng.integers(0, 3, n)


@pytest.mark.parametrize("missing", ["error", "own"])
def test_columns_of_a_table_come_back(missing, tmp_path):
    X, y = frame()
    model = MLPClassifier(max_iter=2, random_state=0, handle_missing=missing).fit(X, y)
    restored = through_file(model, tmp_path)
    np.testing.assert_array_equal(restored.feature_names_in_, ["city", "age", "wet"])
    np.testing.assert_array_equal(restored.get_feature_names_out(), model.get_feature_names_out())
    np.testing.assert_array_equal(restored.predict_proba(X), model.predict_proba(X), strict=True)
    assert_goes_on_alike(model, restored, X, y)
    with pytest.raises(ValueError, match="Trondheim"):
        restored.predict(X.assign(city="Trondheim"))


@pytest.mark.parametrize("X", ["dense", "csr", "OneHot"])
def test_the_other_formats_come_back(X, problem, tmp_path):
    X = problem.to(X)
    model = MLPClassifier(max_iter=2, random_state=0).fit(X, problem.y)
    assert_goes_on_alike(model, through_file(model, tmp_path), X, problem.y)


def through_skops(model):
    io_of_skops = pytest.importorskip("skops.io", reason="skops is not installed")
    data = io_of_skops.dumps(model)
    return io_of_skops.loads(data, trusted=io_of_skops.get_untrusted_types(data=data))


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize("through", [lambda m: pickle.loads(pickle.dumps(m)), through_joblib, through_skops])
def test_pickle_joblib_and_skops_do_as_well(through, problem):
    model = fitted(problem, solver=Adam(), activation=leaky_relu_with(slope=0.2), alpha=0.1)
    assert_goes_on_alike(model, through(model), problem.codes, problem.y)


def test_all_that_a_fit_leaves_behind_is_saved(problem):
    X, y = frame()
    for model in fitted(problem), SoftmaxRegression().fit(X, y):
        state = set(vars(model)) - set(model.get_params())
        of_parameters = {"_own_missing"}
        assert state - of_parameters <= {*LEARNED, "_network", "_optimizer", "_generator", "_encoder"}, "save it too"


def test_a_file_is_json_and_arrays_that_others_read(problem, tmp_path):
    model = fitted(problem)
    model.save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["weights/1"], model.coefs_[1])
        metadata = json.loads(file["metadata.json"])
    assert metadata["format"] == "onehot-lookup model"
    assert metadata["content"]["class"] == "MLPClassifier"


def test_one_model_makes_one_file(problem, tmp_path):
    model = fitted(problem)
    for name in "ab":
        model.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_only_a_model_whose_fit_has_finished_is_saved(tmp_path):
    with pytest.raises(NotFittedError):
        MLPClassifier().save(tmp_path / "model.npz")
    model = MLPClassifier()
    model.__dict__["_network"] = None
    with pytest.raises(ModelFileError, match="no classes_: its last fit did not finish"):
        model.save(tmp_path / "model.npz")
    assert os.listdir(tmp_path) == []


class MySGD(SGD):
    pass


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"schedule": lambda t: 1.0}, "parameters, schedule=<function"),
        ({"schedule": WarmUp(lambda t: 1.0, length=2)}, "parameters, schedule, schedule=<function"),
        ({"solver": MySGD(0.1)}, "parameters, solver=MySGD"),
        ({"activation": Activation("tanh", np.sin, np.cos)}, r"parameters, activation=Activation\('tanh'\)"),
        ({"random_state": np.random.RandomState(0)}, "parameters, random_state=RandomState"),
        ({"initializer": lambda shape, **_: np.eye(*shape, dtype=np.float32)}, "parameters, initializer=<function"),
    ],
)
def test_a_foreign_object_is_refused_by_name(settings, message, problem, tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(b"as it was")
    with pytest.raises(ModelFileError, match=message):
        fitted(problem, **settings).save(path)
    assert path.read_bytes() == b"as it was"


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_file_is_replaced_at_once_or_left_alone(call, error, problem, tmp_path, monkeypatch):
    def fail(*_):
        raise error

    model, path = fitted(problem), tmp_path / "model.npz"
    model.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(type(error)):
        model.partial_fit(problem.codes, problem.y).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.npz"]


def test_what_is_no_file_is_left_alone(problem, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(FileExistsError, match="not a regular file, so a model cannot replace it"):
            fitted(problem).save(path)
    assert pipe.is_fifo()


@pytest.fixture
def saved(problem, tmp_path):
    """Return the path of a file that holds a model."""
    path = tmp_path / "model.npz"
    fitted(problem, hidden_layer_sizes=(2,), solver="momentum").save(path)
    return path


def test_a_truncated_file_is_refused(saved):
    whole = saved.read_bytes()
    for length in [*range(0, len(whole), 97), len(whole) - 1]:
        saved.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match=r"model\.npz: "):
            MLPClassifier.load(saved)


def test_an_altered_byte_is_refused_or_changes_nothing(saved, tmp_path):
    whole = bytearray(saved.read_bytes())
    again, refused = tmp_path / "again.npz", 0
    positions = range(0, len(whole), 13)
    for position in positions:
        altered = bytearray(whole)
        altered[position] ^= 1 << position % 8
        saved.write_bytes(altered)
        try:
            MLPClassifier.load(saved).save(again)
        except ModelFileError:
            refused += 1
        else:  # a date, say, of an entry
            assert again.read_bytes() == whole
    assert refused > 0.8 * len(positions)


class WritesAFile:
    """What pickle would make of this is a call."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def entries(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rezipped(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def header(shape, dtype="<f4", fortran_order=False, version=b"\x01\x00"):
    text = f"{{'descr': {dtype!r}, 'fortran_order': {fortran_order}, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (header((2**40, 2)), r"array 'weights/0': shape \(1099511627776, 2\) of float32 takes"),
        (header((2**70,)), "weights/0"),
        (header((-1, -4)) + bytes(16), "weights/0"),
        (header((2, 2), fortran_order=True) + bytes(16), "weights/0"),
        (header((2,), "|O") + bytes(16), "no arrays of object"),
        (header((2,), [("a", "<f4")]) + bytes(8), "no arrays of"),
        (header((2,), "__import__('os').abort()") + bytes(8), "damaged"),
        (header((2, 2), version=b"\x02\x00") + bytes(16), "not an array in this format"),
        (header((3,)) + bytes(16), "takes 12 bytes, not 16"),
        (b"", "weights/0|damaged"),
        (b"\x80\x04K\x01.", "damaged"),
    ],
)
def test_a_hostile_array_is_refused_before_it_is_made(array, message, saved):
    rezipped(saved, entries(saved) | {"weights/0.npy": array})
    with pytest.raises(ModelFileError, match=message):
        MLPClassifier.load(saved)


def test_a_pickled_call_is_not_made(saved, tmp_path):
    trap = tmp_path / "trap"
    pickled = npy(np.array([WritesAFile(trap)], dtype=object))
    for name in "weights/0.npy", "metadata.json", "more.npy":
        rezipped(saved, entries(saved) | {name: pickled})
        with pytest.raises(ModelFileError):
            MLPClassifier.load(saved)
    saved.write_bytes(pickle.dumps(WritesAFile(trap)))
    with pytest.raises(ModelFileError, match="not a model file"):
        MLPClassifier.load(saved)
    assert not trap.exists()


def test_a_zip_bomb_is_refused(saved):
    rezipped(saved, entries(saved) | {"weights/0.npy": header((2**22,)) + bytes(2**24)}, zipfile.ZIP_DEFLATED)
    assert saved.stat().st_size < 2**17
    with pytest.raises(ModelFileError, match="is compressed"):
        MLPClassifier.load(saved)


def test_entries_that_declare_more_than_the_file_holds_are_refused(saved):
    whole = bytearray(saved.read_bytes())
    directory = whole.index(b"PK\x01\x02")
    whole[directory + 24 : directory + 28] = (2**31).to_bytes(4, "little")
    saved.write_bytes(whole)
    with pytest.raises(ModelFileError, match=r"entries declare \d+ bytes, in a file of \d+"):
        MLPClassifier.load(saved)


def test_a_name_that_stands_twice_is_refused(saved):
    with zipfile.ZipFile(saved, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("metadata.json", "{}")
    with pytest.raises(ModelFileError, match="two entries have one name"):
        MLPClassifier.load(saved)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"format": "another"}, "its format is not 'onehot-lookup model'"),
        ({"version": 2}, "version 2 of the format is not known; this release reads version 1"),
        ({"more": 1}, "unknown or missing keys"),
        ({"content": []}, "unknown or missing keys"),
        ({"content": {}}, "does not match its checksum"),
        ({"sha256": 0}, "does not match its checksum"),
        (b"[" * 100_000, "damaged"),
        (b'{"a": ' * 100_000, "damaged"),
        (b"1" * 5000, "damaged"),
        (b"\xff\xfe\x00", "damaged"),
        (b"[]", "its format is not"),
    ],
)
def test_hostile_metadata_is_refused(metadata, message, saved):
    old = entries(saved)
    if isinstance(metadata, dict):
        metadata = json.dumps(json.loads(old["metadata.json"]) | metadata)
    rezipped(saved, old | {"metadata.json": metadata})
    with pytest.raises(ModelFileError, match=message):
        MLPClassifier.load(saved)


def test_an_npz_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.zeros(3))
    with pytest.raises(ModelFileError, match=r"has no metadata\.json"):
        MLPClassifier.load(tmp_path / "a.npz")
    (tmp_path / "empty").touch()
    with pytest.raises(ModelFileError, match="not a model file"):
        MLPClassifier.load(tmp_path / "empty")
    with pytest.raises(FileNotFoundError):
        MLPClassifier.load(tmp_path / "none")


def test_a_class_loads_its_own_models(saved):
    with pytest.raises(ModelFileError, match="holds 'MLPClassifier', not SoftmaxRegression"):
        SoftmaxRegression.load(saved)
    assert type(load(saved, [SoftmaxRegression, MLPClassifier])) is MLPClassifier


def put(*keys, value):
    """Return a change of the content: of what stands at these keys."""

    def change(content, arrays):
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def array(name, value):
    return lambda content, arrays: arrays.update({name: value})


DEEP = json.loads("[" * 900 + "]" * 900)
PARAMETERS, LEARNT = ("parameters", "dict"), ("learned", "dict")
FORGERIES = {
    "unknown key": (put("more", value=1), "unknown keys: \\['class', 'more'\\]"),
    "missing key": (lambda content, arrays: content.pop("scale"), "'scale'"),
    "unknown parameter": (put(*PARAMETERS, "more", value=1), "more"),
    "parameter out of bounds": (put(*PARAMETERS, "alpha", value=-1), "alpha=-1 must be"),
    "parameter of another kind": (put(*PARAMETERS, "batch_size", value="ten"), "batch_size='ten' must be"),
    "unknown tag": (put(*PARAMETERS, "tol", value={"call": "os.abort"}), "'call' is not a kind of value"),
    "two tags": (put(*PARAMETERS, "tol", value={"tuple": [], "dict": {}}), "too many values"),
    "unknown object": (put(*PARAMETERS, "solver", value={"object": ["os.system", {}]}), "os.system"),
    "abstract object": (put(*PARAMETERS, "solver", value={"object": ["Optimizer", {}]}), "Optimizer"),
    "unknown setting": (put(*PARAMETERS, "solver", value={"object": ["SGD", {"a": 1}]}), "SGD"),
    "setting of another kind": (
        put(*PARAMETERS, "solver", value={"object": ["SGD", {"learning_rate": "fast"}]}),
        "SGD: learning_rate='fast' must be a number",
    ),
    "state as a setting": (put(*PARAMETERS, "solver", value={"object": ["SGD", {"states": []}]}), "states"),
    "rules that are none": (
        put(*PARAMETERS, "stopping", value={"object": ["AnyOf", {"rules": {"tuple": [1]}}]}),
        r"AnyOf: rules=\(1,\) is not",
    ),
    "schedule that is none": (
        put(*PARAMETERS, "schedule", value={"object": ["WarmUp", {"schedule": 1, "length": 1}]}),
        "WarmUp: schedule=1",
    ),
    "schedule out of bounds": (put(*PARAMETERS, "schedule", value={"object": ["Step", {"every": -1}]}), "Step"),
    "private initializer": (put(*PARAMETERS, "initializer", value={"initializer": "_normal"}), "_normal"),
    "unknown activation": (put("activation", value={"activation": ["swish"]}), "swish"),
    "activation that is none": (put("activation", value=1), "activation=1"),
    "activation out of bounds": (put("activation", value={"activation": ["elu", -1]}), "alpha=-1"),
    "deep": (put(*PARAMETERS, "tol", value=DEEP), "the file is inconsistent|damaged"),
    "left-over array": (array("more", np.zeros(2)), "arrays that belong to nothing: \\['more'\\]"),
    "missing array": (lambda content, arrays: arrays.pop("biases/0"), "biases/0"),
    "array twice": (put("weights", 1, value={"array": "weights/0"}), "weights/0"),
    "weights of another width": (array("weights/1", np.zeros((3, 3), np.float32)), r"layer 1: W is float32 \(3, 3\)"),
    "weights of another depth": (array("weights/1", np.zeros((2, 3, 1), np.float32)), "layer 1"),
    "weights of integers": (array("weights/0", np.zeros((14, 2), int)), "weights of int64"),
    "weights of two dtypes": (array("weights/1", np.zeros((2, 3))), "layer 1: W is float64"),
    "weights missing": (put("weights", value=[]), "belong to nothing"),
    "weights of no array": (put("weights", value=[1, 2]), "the file is inconsistent"),
    "table of another height": (
        lambda content, arrays: arrays.update(
            {
                "weights/0": np.zeros((9, 2), np.float32),
                "moments/0/velocity": np.zeros((9, 2), np.float32),
            }
        ),
        "a table of 9 rows",
    ),
    "bias of another width": (array("biases/1", np.zeros(4, np.float32)), "layer 1"),
    "scale": (put("scale", value=0.0), "scale=0.0"),
    "scale that is no number": (put("scale", value={"float": "nan"}), "scale=nan"),
    "state of another shape": (array("moments/0/velocity", np.zeros((1, 1), np.float32)), "optimizer's state"),
    "state of another optimizer": (put("optimizer", value={"object": ["Adam", {}]}), "optimizer's state"),
    "state for fewer parameters": (put("moments", value=[]), "arrays that belong to nothing"),
    "state without an optimizer": (put("optimizer", value=None), "moments without an optimizer"),
    "steps": (put("steps", value=-1), "steps=-1"),
    "optimizer that is none": (put("optimizer", value={"object": ["Constant", {}]}), r"optimizer=Constant\(\)"),
    "generator of another kind": (put("generator", "dict", "bit_generator", value="MT19937"), "PCG64|MT19937"),
    "generator out of range": (put("generator", "dict", "state", "dict", "state", value=2**130), "is inconsistent"),
    "generator without a state": (put("generator", value=None), "the file is inconsistent"),
    "classes unsorted": (array("learned/classes_", np.array([0, 2, 1])), "not sorted and distinct"),
    "classes of another number": (array("learned/classes_", np.arange(4)), r"\(4,\) classes for 3 outputs"),
    "classes of no array": (put(*LEARNT, "classes_", value=[0, 1, 2]), "classes|belong to nothing"),
    "classes of lists": (put(*LEARNT, "classes_", value={"objects": [[1], [2], [3]]}), "belong|classes|broadcast"),
    "another width": (put(*LEARNT, "n_features_in_", value=3), "in 3 columns"),
    "other counts": (put(*LEARNT, "n_categories_", value={"tuple": [4, 1, 3, 7]}), "for 15 categories"),
    "counts of no numbers": (put(*LEARNT, "n_categories_", value={"tuple": ["a"]}), "the file is inconsistent"),
    "names of another number": (put(*LEARNT, "feature_names_in_", value={"objects": ["a"]}), "feature_names_in_"),
    "history of something else": (put(*LEARNT, "history_", value=[1]), "history"),
    "reason of something else": (put(*LEARNT, "stop_reason_", value=1), "stop_reason_=1"),
    "unknown attribute": (put(*LEARNT, "predict", value=1), "unknown or missing keys"),
    "columns of nothing": (put("columns", value={"dict": {}}), "the file is inconsistent"),
}


@pytest.mark.parametrize(("change", "message"), FORGERIES.values(), ids=FORGERIES)
def test_a_forged_file_with_a_right_checksum_is_refused(change, message, saved):
    content, arrays = read_archive(saved)
    change(content, arrays)
    write_archive(saved, content, arrays)
    with pytest.raises(ModelFileError, match=message) as raised:
        MLPClassifier.load(saved)
    assert str(raised.value).startswith(f"{saved}: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("columns", "dict", "fields", value=[0]), "columns: their positions"),
        (put("columns", "dict", "fields", value=["a", 1]), "is not tuple"),
        (put("columns", "dict", "categories", value=[["a"], [{"tuple": []}]]), "categories="),
        (put("columns", "dict", "categories", 0, value=["a", "a"]), "columns: 2 fields and their categories"),
        (put("columns", "dict", "handle_missing", value="maybe"), "handle_missing='maybe'"),
        (put("columns", "dict", "more", value=1), "columns: unknown keys"),
        (put("columns", "dict", "mean", value=[1.0, 2.0]), "mean and scale of 1|belong"),
        (array("columns/scale", np.zeros(1)), "columns: mean and scale"),
        (array("columns/mean", np.zeros(2)), "columns: mean and scale of 1 numbers"),
        (put("columns", "dict", "categories", value=[["a"], ["b", "c"]]), "n_categories_"),
    ],
)
def test_forged_columns_are_refused(change, message, tmp_path):
    path = tmp_path / "model.npz"
    X, y = frame()
    SoftmaxRegression().fit(X, y).save(path)
    content, arrays = read_archive(path)
    change(content, arrays)
    write_archive(path, content, arrays)
    with pytest.raises(ModelFileError, match=message):
        SoftmaxRegression.load(path)


def test_a_parameter_that_a_file_does_not_know_has_its_default(saved):
    content, arrays = read_archive(saved)
    del content["parameters"]["dict"]["handle_unknown"]
    write_archive(saved, content, arrays)
    assert MLPClassifier.load(saved).handle_unknown == "error"


@pytest.mark.parametrize("module", [optimizers, schedules, stopping])
def test_every_settings_class_is_known_by_its_name(module):
    public = {getattr(module, name) for name in module.__all__} - {optimizers.Optimizer}
    classes = {each for each in public if isinstance(each, type) and dataclasses.is_dataclass(each)}
    assert classes == {KNOWN[each.__name__] for each in classes}
