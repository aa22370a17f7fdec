"""
Exclusive or, and the circle
============================

Two classes that no straight line separates. A hidden layer bends the line. But what a linear model can do also depends
on how the data are written down: with a weight for each category it draws a circle, and still fails at exclusive or.

Reference: Minsky and Papert, "Perceptrons", 1969.
"""

import numpy as np
from sklearn.base import clone

from classifiers import MLPClassifier, SoftmaxRegression
from classifiers.plots import decision_regions

# %%
# Four points
# -----------
# The least that a linear model cannot learn: the class is 1 where exactly one of two bits is 1.

bits, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
linear = SoftmaxRegression().fit(bits, y)
mlp = MLPClassifier((8,), "tanh", solver="lbfgs", alpha=1e-3, random_state=0).fit(bits, y)
print("x1  x2   class   P(1) linear   P(1) MLP")
for (x1, x2), label, p, q in zip(bits, y, linear.predict_proba(bits)[:, 1], mlp.predict_proba(bits)[:, 1], strict=True):
    print(f"{x1:2d}{x2:4d}{label:8d}{p:15.3f}{q:11.3f}")

# %%
# A square of points
# ------------------
# Exclusive or once more, now of the signs of two coordinates, and a circle that covers half of the square. The models
# read the coordinates either as they are, two columns of a design matrix, or as codes: which of 16 intervals is it?

rng = np.random.default_rng(0)
points = rng.uniform(-1, 1, (3_000, 2))
codes = np.digitize(points, np.linspace(-1, 1, 17)[1:-1])
labels = {
    "exclusive or": (points[:, 0] > 0) != (points[:, 1] > 0),
    "circle": (points**2).sum(axis=1) < 2 / np.pi,
}
formats = {"coordinates": points, "codes": codes}
models = {
    "linear": SoftmaxRegression(alpha=1e-3),
    "MLP": MLPClassifier((16,), "tanh", solver="lbfgs", alpha=1e-3, max_iter=1_000, random_state=0),
}
train, test = slice(0, 1_000), slice(1_000, None)

fitted = {}
print(f"\nAccuracy on {len(points[test]):,} points:{'coordinates':>19s}{'codes':>20s}")
print(f"{'':25s}" + "".join(f"{name:>10s}" for _ in formats for name in models))
for task, y in labels.items():
    print(f"  {task:23s}", end="")
    for form, X in formats.items():
        for name, model in models.items():
            fitted[task, name, form] = clone(model).fit(X[train], y[train])
            print(f"{fitted[task, name, form].score(X[test], y[test]):10.1%}", end="")
    print()

# %%
# Of two coordinates a linear model makes a straight line, which is no better than guessing in both tasks. Of codes it
# makes a sum, g(x1) + h(x2), of any two functions. The circle is such a sum: inside is where x1² + x2² is small.
# Exclusive or is none: whatever g and h are for minus and plus, g(-) + h(-) and g(+) + h(+) together are as large as
# g(-) + h(+) and g(+) + h(-). That takes a hidden layer.

# %%
# The picture: the predicted class, paler where the model is less certain, and the points it was trained on.

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    print("\nFor the picture: python -m pip install 'onehot-lookup[plots]'")
    raise SystemExit from None

figure, rows = plt.subplots(2, 4, figsize=(13, 6.4), layout="constrained")
for row, (task, y) in zip(rows, labels.items(), strict=True):
    columns = [(name, form) for form in formats for name in models]
    for ax, (name, form) in zip(row, columns, strict=True):
        X, model = formats[form], fitted[task, name, form]
        decision_regions(model, X[train][:300], y[train][:300], ax=ax)
        if ax is not row[-1]:
            ax.get_legend().remove()
        ax.set(title=f"{name} on {form}: {model.score(X[test], y[test]):.0%}", aspect="equal")
    row[-1].get_legend().set_title(task)
figure.savefig("xor_and_circle.png", dpi=150)
print("\nWrote xor_and_circle.png.")
