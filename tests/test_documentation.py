"""What the pages say and no doctest holds: their tables, their numbers and a few of their sentences."""

import re
import warnings
from inspect import isclass, isroutine
from pathlib import Path

import numpy as np
import pytest

import classifiers
import onehot
from classifiers import (
    MLPClassifier,
    SoftmaxRegression,
    activations,
    diagnostics,
    initializers,
    losses,
    optimizers,
    plots,
    schedules,
    stopping,
)
from classifiers.command_line import main
from classifiers.command_line._options import parser
from classifiers.diagnostics import gradient_norms
from classifiers.optimizers import OPTIMIZERS, Adagrad, Adam, RMSProp

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks/RESULTS.md",
    *(ROOT / "examples").glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
]


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def first_cells(path, heading):
    """Return what stands between backticks in the first column of the first table that has this heading."""
    table = text(path).partition(heading)[2].split("\n\n")[0]
    return [
        name for row in table.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1] if "|" in row else "")
    ]


def test_the_numbers_of_the_readme_are_those_of_the_report():
    def rows(of):
        return [[cell.strip() for cell in row.strip("|").split("|")] for row in of.splitlines() if row.startswith("| ")]

    measured = {
        tuple(cells[1:2] + [each.strip("×") for each in cells[-2:]]) for cells in rows(text("benchmarks/RESULTS.md"))
    }
    claimed = [tuple(cells[1:]) for cells in rows(text("README.md")) if len(cells) == 4 and cells[1].endswith("ms")]
    assert len(claimed) == 5
    assert set(claimed) <= measured


def test_the_sentences_of_the_readme_on_speed_are_those_of_the_report():
    readme, results = " ".join(text("README.md").split()), text("benchmarks/RESULTS.md")
    (claimed,) = re.findall(r"`X @ W` with d = 64 and V = 1,000,000 runs at ([\d.]+) times its speed", readme)
    (row,) = re.findall(r"^\| X @ W, d=64, V=1e6 \|.* ([\d.]+)× \|$", results, re.MULTILINE)
    assert claimed == row
    (claimed,) = re.findall(r"`LogisticRegression` ([\d.]+) times as fast on 327,346 real flights", readme)
    flights = results.partition("## Real data: late flights")[2]
    (row,) = re.findall(r"^\| L-BFGS to convergence \|.* ([\d.]+)× \|$", flights, re.MULTILINE)
    assert claimed == row
    step = results.partition("**The training step, one field.**")[2]
    (border,) = re.findall(r"^ Below V ≈ (\d+) dense wins", step)
    assert "below fifty to a hundred categories" in readme
    assert 50 <= int(border) <= 100
    for table, sentence in [
        ("**The training step, f fields", r"in all, if more than (\d+) columns share"),
        ("**The same step without numba.**", r"without the compiled kernels if more than (\d+) do, .* three times"),
    ]:
        (border,) = re.findall(r" Below f ≈ (\d+) `OneHot` wins, above it dense", results.partition(table)[2][:200])
        assert re.findall(sentence, readme) == [border]
    two_levels = results.partition("**The same step without numba.**")[2].partition("| f = 500 | ")[2]
    assert 0.29 <= float(two_levels.partition("×")[0]) <= 0.36, "three times as fast"


PUBLIC = [onehot, classifiers, activations, diagnostics, initializers, losses, optimizers, plots, schedules, stopping]
RETURNED = ["EquivalenceReport", "EpochRecord", "GradientCheck", "GradientReport", "Prediction", "Predictions"]
CALLED_BY_TRAINING = ["check_divergence", "check_start"]


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_every_public_name_has_an_example(module):
    """Except for errors, for interfaces, and for what the examples of other names return."""
    objects = {name: getattr(module, name) for name in module.__all__ if name not in RETURNED + CALLED_BY_TRAINING}
    described = {
        name: each
        for name, each in objects.items()
        if isroutine(each)
        or (isclass(each) and not issubclass(each, Exception) and not getattr(each, "_is_protocol", False))
    }
    assert described
    assert [name for name, each in described.items() if ">>>" not in (each.__doc__ or "")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_option_of_train_is_in_the_guide(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["train", "--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    listed = [name.split()[0] for name in first_cells("docs/guide/command_line.md", "| option | is |")]
    assert sorted(listed) == sorted(options)


@pytest.mark.parametrize(
    ("page", "heading", "names"),
    [
        ("docs/guide/activations.md", r"| name | $\varphi(z)$", set(activations._NAMED)),
        ("docs/guide/initialisation.md", "| name | variance", set(initializers._NAMED)),
        ("docs/guide/optimizers.md", "| solver | state", {*OPTIMIZERS, "lbfgs"}),
    ],
)
def test_tables_of_names_are_complete(page, heading, names):
    assert set(first_cells(page, heading)) == names


def test_every_schedule_is_drawn():
    drawn = re.search(r'for name in (\(".*?\)):', text("docs/guide/optimizers.md"))
    assert drawn
    assert set(re.findall(r'"(\w+)"', drawn[1])) == set(schedules._named(30))


def test_every_stopping_rule_is_in_the_guide():
    rules = {
        each.__name__
        for each in vars(stopping).values()
        if isinstance(each, type) and issubclass(each, stopping.StoppingRule)
    }
    listed = {name.split("(")[0] for name in first_cells("docs/guide/stopping.md", "| rule | stops when |")}
    assert listed == rules - {"StoppingRule", "AnyOf"}  # what `|` makes


CODES, Y = np.array([[0], [1], [0], [1]] * 5), np.array([0, 1, 1, 0] * 5)


def test_for_lbfgs_gradient_norms_are_those_of_the_objective():
    codes, y = np.array([[0], [0], [0], [1]]), [0, 0, 1, 1]
    model = SoftmaxRegression(alpha=1.0, tol=1e-8).fit(codes, y)
    assert model.history_[-1].gradient_norms[0] < 1e-6
    assert gradient_norms(model, codes, y)[0] > 0.01  # of the loss alone, without the penalty


@pytest.mark.parametrize("settings", [{"n_categories": [3]}, {"handle_missing": "own"}])
def test_weights_of_what_does_not_occur_stay_where_they_start(settings):
    model = MLPClassifier((4,), alpha=0, max_iter=3, tol=0, random_state=0, **settings)
    start = MLPClassifier((4,), max_iter=0, random_state=0, **settings).fit(CODES, Y).coefs_[0][-1]
    trained = model.fit(CODES, Y).coefs_[0]
    assert len(trained) == 3
    assert (trained[-1] == start).all()
    assert start.any()


def test_a_warm_start_has_a_fresh_optimizer_and_partial_fit_has_not():
    """The first step of Adagrad is as long as the learning rate, whatever the gradient; the next ones are shorter."""
    codes, y = np.array([[0], [0], [1]]), [0, 1, 1]
    model = SoftmaxRegression(solver="adagrad", alpha=0, learning_rate=0.01, max_iter=1, tol=0, warm_start=True)
    model.fit(codes, y)
    before = model.coef_.copy()
    after = model.fit(codes, y).coef_.copy()
    assert abs(after - before)[:, 1] == pytest.approx(0.01, rel=1e-3)
    third = model.partial_fit(codes, y).coef_
    assert (abs(third - after)[:, 1] < 0.0075).all()


def test_a_file_to_predict_may_have_more_columns_in_any_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("a,b,y\n" + "u,1,p\nv,2,q\nu,3,p\nv,4,q\n" * 3)
    Path("same.csv").write_text("a,b\nu,1\nv,2\n")
    Path("more.csv").write_text("more,b,a\n?,1,u\n?,2,v\n")
    assert main(["train", "data.csv", "--target", "y", "--save", "m.npz"]) == 0
    capsys.readouterr()
    outputs = [(main(["predict", "m.npz", name]), capsys.readouterr().out) for name in ("same.csv", "more.csv")]
    assert outputs[0] == outputs[1]
    assert outputs[0][0] == 0


@pytest.mark.parametrize(
    ("backend", "warned"), [("scipy", {"Adagrad", "row-wise", "RMSProp", "Adam"}), ("numba", {"row-wise"})]
)
def test_compiled_updates_do_not_warn_where_a_square_overflows(backend, warned):
    if backend not in onehot.available_backends():
        pytest.skip(f"{backend} is not installed")
    optimizers = {"Adagrad": Adagrad(), "row-wise": Adagrad(row_wise=True), "RMSProp": RMSProp(), "Adam": Adam()}
    before = onehot.get_backend()
    onehot.set_backend(backend)
    try:
        heard = set()
        for name, optimizer in optimizers.items():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                W = np.ones((4, 2), np.float32)
                optimizer.step([W], [onehot.OneHot([0, 1], 4).T @ np.full((2, 2), 1e30, np.float32)])
            heard |= {name for each in caught if "overflow" in str(each.message)}
    finally:
        onehot.set_backend(before)
    assert heard == warned
